using Azure.Identity;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using WholeSchoolSend.Core.Disclosure;
using WholeSchoolSend.Core.Erasures;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Operations;
using WholeSchoolSend.Core.Polls;
using WholeSchoolSend.Core.Retention;
using WholeSchoolSend.Core.Schools;
using WholeSchoolSend.Core.Snapshots;
using WholeSchoolSend.Core.Watch;
using WholeSchoolSend.Core.Webhooks;
using WholeSchoolSend.Core.Webhooks.Vendors;
using WholeSchoolSend.Functions.Options;
using WholeSchoolSend.Storage;
using WholeSchoolSend.Vendors;

namespace WholeSchoolSend.Functions;

/// <summary>All wiring: which use case gets which store. Nothing is registered twice, nothing by convention.</summary>
public static class App
{
    public static IHostApplicationBuilder AddWholeSchoolSend(this IHostApplicationBuilder builder)
    {
        var services = builder.Services;
        // ASP.NET Core logs every request with its query string, where function keys may be.
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        VaultReferences.MustBeResolved(builder.Configuration);
        services.AddSingleton(TimeProvider.System);
        services.AddOptions<SurveyOptions>().Bind(builder.Configuration).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<DisclosurePolicy>().Bind(builder.Configuration.GetSection("Disclosure")).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<RetentionPolicy>().Bind(builder.Configuration.GetSection("Retention")).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<ErasureOptions>().Bind(builder.Configuration).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<LimitOptions>().Bind(builder.Configuration.GetSection("Limits")).ValidateDataAnnotations().ValidateOnStart();
        builder.AddTelemetry();
        var sources = SourceOptions.Read(builder.Configuration);
        services.AddSingleton(sources);
        services.AddSingleton(ApiOptions.Read(builder.Configuration, sources));
        services.AddSingleton(provider => provider.GetRequiredService<IOptions<DisclosurePolicy>>().Value);
        services.AddSingleton(provider => provider.GetRequiredService<IOptions<RetentionPolicy>>().Value);
        services.AddSingleton(provider => new Pseudonyms(provider.GetRequiredService<IOptions<SurveyOptions>>().Value.PseudonymKey));
        services.AddSingleton(Catalogue.Current);

        // Stores.
        services.AddSingleton(provider => Connect(builder.Configuration, provider.GetRequiredService<IOptions<SurveyOptions>>().Value, provider.GetRequiredService<TimeProvider>()));
        services.AddHostedService<PrepareStorage>();
        AddStore<IEvidence>(storage => storage.Evidence);
        AddStore<IHeldEvidence>(storage => storage.Evidence);
        AddStore<IExpiringAnswers>(storage => storage.Evidence);
        AddStore<IHeldInQuarantine>(storage => storage.Quarantine);
        AddStore<IHeldPending>(storage => storage.Pending);
        AddStore<IErasures>(storage => storage.Erasures);
        AddStore<IOperations>(storage => storage.Operations);
        AddStore<IStoredResponses>(storage => storage.Evidence);
        AddStore<ISchoolTotals>(storage => storage.Evidence);
        AddStore<IAuditedTotals>(storage => storage.Evidence);
        AddStore<IAudits>(storage => storage.Audits);
        AddStore<IWordings>(storage => storage.Evidence);
        AddStore<IQuarantine>(storage => storage.Quarantine);
        AddStore<IQuarantined>(storage => storage.Quarantine);
        AddStore<IPending>(storage => storage.Pending);
        AddStore<IFates>(storage => storage.Fates);
        AddStore<IPendingNotes>(storage => storage.Pending);
        AddStore<IVendorState>(storage => storage.Vendors);
        AddStore<IKnownResponses>(storage => storage.Evidence);
        AddStore<IKnownQuarantined>(storage => storage.Quarantine);
        AddStore<IInstruments>(storage => storage.Instruments);
        AddStore<IWaves>(storage => storage.Waves);
        AddStore<IMilestones>(storage => storage.Milestones);
        AddStore<IErrata>(storage => storage.Errata);
        AddStore<IImports>(storage => storage.Imports);
        AddStore<IVersionedRows<SchoolTotals>>(storage => storage.PollTotals);
        AddStore<IVersionedRows<School>>(storage => storage.Schools);
        AddStore<IVersionedRows<Engagement>>(storage => storage.Engagements);
        AddStore<IVersionedRows<SchoolLink>>(storage => storage.SchoolLinks);
        AddStore<IVersionedRows<NetworkReach>>(storage => storage.NetworkReach);
        AddStore<IDrops>(storage => storage.Drops);
        AddStore<IKpiResults>(storage => storage.KpiResults);
        AddStore<IDocuments>(storage => storage.Documents);
        AddStore<IVersionedRows<IssuedRow>>(storage => storage.Issued);
        AddStore<IStorageProbe>(storage => storage.Probe);
        AddStore<IMarkers>(storage => storage.Evidence);
        AddStore<IWatch>(storage => storage.Watch);

        // Webhooks.
        services.AddSingleton<InstrumentShelf>();
        services.AddSingleton<Redaction>();
        services.AddSingleton<TakeInResponse>();
        services.AddSingleton<TakeInDelivery>();
        services.AddSingleton<DeliveryLimits>();
        services.AddSingleton<LastDeliveries>();
        services.AddHostedService<KeepLastDeliveries>();

        // Vendors.
        services.AddSingleton<IVendorHttp>(provider => new VendorHttp(new VendorHttpOptions(), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<FetchPending>();
        services.AddSingleton<HealGaps>();

        // Operators.
        services.AddSingleton<ShowPending>();
        services.AddSingleton<PutInstrument>();
        services.AddSingleton<PutWave>();
        services.AddSingleton<BrowseQuarantine>();
        services.AddSingleton<ReplayQuarantine>();
        services.AddSingleton<Ledger>();
        services.AddSingleton<ApplyRetention>();
        services.AddSingleton<BrowseOperations>();
        services.AddSingleton<PutMilestone>();
        services.AddSingleton<PutErratum>();

        // Erasures.
        services.AddSingleton<ErasureShelf>();
        services.AddSingleton<ErasePolls>();
        services.AddSingleton<SweepErasures>();
        services.AddSingleton<RequestErasure>();

        // Files.
        services.AddSingleton<FileImport>();
        services.AddSingleton<ImportPoll>();
        services.AddSingleton<ImportRegister>();
        services.AddSingleton<ImportedRows>();
        services.AddSingleton<SweepDrops>();
        services.AddSingleton<ListImports>();
        services.AddSingleton<ReplayImport>();
        services.AddSingleton<RebuildPoll>();
        services.AddSingleton<WithdrawImport>();

        // KPIs and snapshots.
        services.AddSingleton<EvidenceReader>();
        services.AddSingleton<RemapResponses>();
        services.AddSingleton<RecomputeKpis>();
        services.AddSingleton<AuditTotals>();
        services.AddSingleton<WordingDrift>();
        services.AddSingleton<ExplainKpi>();
        services.AddSingleton<PublicFiles>();
        services.AddSingleton<PublishSnapshot>();
        services.AddSingleton<PastIssues>();
        services.AddSingleton<CloseWave>();
        services.AddSingleton<ReissueWave>();

        // Watch.
        services.AddSingleton(Timers.Read(builder.Configuration));
        services.AddSingleton<WatchPipeline>();
        services.AddSingleton<CheckHealth>();
        services.AddSingleton<HealthAnswer>();
        return builder;

        void AddStore<T>(Func<SurveyDataStorage, T> store)
            where T : class => services.AddSingleton(provider => store(provider.GetRequiredService<SurveyDataStorage>()));
    }

    /// <summary>By connection string where <c>SurveyData</c> is one; by the app's identity where it names the services, as on Azure.</summary>
    private static SurveyDataStorage Connect(IConfiguration configuration, SurveyOptions settings, TimeProvider time)
    {
        var options = new SurveyDataOptions { PublicContainer = settings.PublicContainer };
        if (configuration["SurveyData"] is { Length: > 0 } connection)
        {
            try
            {
                return new SurveyDataStorage(connection, options, time);
            }
            // The SDK's message quotes what it cannot read, and that may be a key.
            catch (Exception unreadable) when (unreadable is FormatException or ArgumentException or InvalidOperationException)
            {
                throw new InvalidOperationException("The setting SurveyData cannot be read as the connection string of a storage account.");
            }
        }

        Uri Service(string name) => configuration[$"SurveyData:{name}ServiceUri"] is { Length: > 0 } address
            ? new Uri(address)
            : throw new InvalidOperationException($"The setting SurveyData should be a connection string, or SurveyData__{name}ServiceUri the address of the service.");
        var credential = configuration["SurveyData:clientId"] is { Length: > 0 } client
            ? new ManagedIdentityCredential(ManagedIdentityId.FromUserAssignedClientId(client))
            : new ManagedIdentityCredential(ManagedIdentityId.SystemAssigned);
        return new SurveyDataStorage(Service("table"), Service("blob"), credential, options, time);
    }
}
