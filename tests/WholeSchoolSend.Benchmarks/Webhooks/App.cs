using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using WholeSchoolSend.LocalHost;

namespace WholeSchoolSend.Benchmarks.Webhooks;

/// <summary>The pipeline in this process, as <c>dotnet run</c> starts it, with one Typeform source.</summary>
internal sealed class App : IAsyncDisposable
{
    public const string Source = "leaders_typeform";
    public const string Secret = "a-secret-of-the-benchmarks";

    private readonly IHost _host;

    private App(IHost host) => _host = host;

    public Uri Address => _host.GetAddress();

    /// <summary>Every setting, for a storage account.</summary>
    public static IReadOnlyList<string> Settings(string connection) =>
    [
        "--urls=http://127.0.0.1:0", $"--AzureWebJobsStorage={connection}", $"--SurveyData={connection}", "--PublicContainer=snapshots",
        "--PseudonymKey=a-pseudonym-key-of-the-benchmarks!", "--Logging:LogLevel:Default=Warning",
        .. new[] { "Recompute", "Publish", "Fetch", "Sweep", "Audit", "Retention" }.Select(timer => $"--{timer}Schedule=0 0 0 1 1 *"),
        $"--Sources:{Source}:Tool=typeform", $"--Sources:{Source}:Secrets:0={Secret}",
    ];

    /// <summary>Everything wired and nothing running: for what is measured or counted by itself.</summary>
    public static App Build(string connection)
    {
        var builder = FunctionsApplication.CreateBuilder([.. Settings(connection)]);
        builder.UseFunctionsFrom(typeof(Functions.App).Assembly);
        builder.ConfigureFunctionsWebApplication();
        Functions.App.AddWholeSchoolSend(builder);
        builder.Logging.ClearProviders();
        return new App(builder.Build());
    }

    public static async Task<App> StartAsync(string connection)
    {
        var app = Build(connection);
        await app._host.StartAsync();
        return app;
    }

    public T Get<T>()
        where T : notnull => _host.Services.GetRequiredService<T>();

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }
}
