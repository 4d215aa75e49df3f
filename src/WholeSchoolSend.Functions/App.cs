using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using WholeSchoolSend.Core.Disclosure;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Polls;
using WholeSchoolSend.Core.Schools;
using WholeSchoolSend.Core.Snapshots;
using WholeSchoolSend.Core.Webhooks;
using WholeSchoolSend.Functions.Options;

namespace WholeSchoolSend.Functions;

/// <summary>All wiring: which use case gets which store. Nothing is registered twice, nothing by convention.</summary>
public static class App
{
    public static IHostApplicationBuilder AddWholeSchoolSend(this IHostApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSingleton(TimeProvider.System);
        services.AddOptions<SurveyOptions>().Bind(builder.Configuration).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<DisclosurePolicy>().Bind(builder.Configuration.GetSection("Disclosure")).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton(SourceOptions.Read(builder.Configuration));
        services.AddSingleton(provider => provider.GetRequiredService<IOptions<DisclosurePolicy>>().Value);
        services.AddSingleton(provider => new Pseudonyms(provider.GetRequiredService<IOptions<SurveyOptions>>().Value.PseudonymKey));
        services.AddSingleton(Catalogue.Current);

        // Webhooks.
        services.AddSingleton<InstrumentShelf>();
        services.AddSingleton<Redaction>();
        services.AddSingleton<TakeInDelivery>();

        // Operators.
        services.AddSingleton<PutInstrument>();
        services.AddSingleton<PutWave>();

        // Files.
        services.AddSingleton<FileImport>();
        services.AddSingleton<ImportPoll>();
        services.AddSingleton<ImportRegister>();

        // KPIs and snapshots.
        services.AddSingleton<EvidenceReader>();
        services.AddSingleton<RecomputeKpis>();
        services.AddSingleton<PublishSnapshot>();
        return builder;
    }
}
