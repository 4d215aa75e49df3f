using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Azure.Storage.Blobs;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using WholeSchoolSend.LocalHost;
using WholeSchoolSend.Testing;

namespace WholeSchoolSend.Functions.Tests;

/// <summary>The whole pipeline in this process, on a free port and an Azurite of its own, reached as anybody outside reaches it.</summary>
public sealed class Pipeline : IAsyncLifetime
{
    public const string TypeformSecret = "a-secret-of-the-tests";
    public const string NextTypeformSecret = "the-next-secret-of-the-tests";
    public const string StandardSecret = "whsec_YS1zZWNyZXQtb2YtdGhlLXRlc3Rz";

    /// <summary>Every setting the app has, with timers that only run when asked to.</summary>
    public static IReadOnlyDictionary<string, string> Settings { get; } = new Dictionary<string, string>
    {
        ["PublicContainer"] = "snapshots",
        ["RecomputeSchedule"] = "0 0 0 1 1 *",
        ["PublishSchedule"] = "0 0 0 1 1 *",
        ["RetentionSchedule"] = "0 0 0 1 1 *",
        ["FetchSchedule"] = "0 0 0 1 1 *",
        ["HealSchedule"] = "0 0 0 1 1 *",
        ["SweepSchedule"] = "0 0 0 1 1 *",
        ["AuditSchedule"] = "0 0 0 1 1 *",
        ["SoftDeleteDays"] = "14",
        ["WatchSchedule"] = "0 0 0 1 1 *",
        ["PseudonymKey"] = "a-pseudonym-key-of-the-tests-only!",
        ["Sources:teachers_typeform:Tool"] = "typeform",
        ["Sources:teachers_typeform:Secrets:0"] = TypeformSecret,
        ["Sources:teachers_typeform:Secrets:1"] = NextTypeformSecret,
        ["Sources:leaders_typeform:Tool"] = "typeform",
        ["Sources:leaders_typeform:Secrets:0"] = TypeformSecret,
        ["Sources:interviews_json:Tool"] = "json",
        ["Sources:interviews_json:Secrets:0"] = TypeformSecret,
        ["Sources:leaders_json:Tool"] = "json",
        ["Sources:leaders_json:Secrets:0"] = TypeformSecret,
        ["Sources:leaders_standardwebhooks:Tool"] = "standardwebhooks",
        ["Sources:leaders_standardwebhooks:Secrets:0"] = StandardSecret,
        ["Sources:leaders_monkey:Tool"] = "surveymonkey",
        ["Sources:leaders_monkey:Verification"] = "query",
        ["Sources:leaders_monkey:Secrets:0"] = TypeformSecret,
        ["Sources:leaders_events:Tool"] = "cloudevents",
        ["Sources:leaders_events:Verification"] = "header",
        ["Sources:leaders_events:Secrets:0"] = TypeformSecret,
        ["Sources:old_typeform:Tool"] = "retired",
    };

    /// <summary>The settings as they are given to the program.</summary>
    public static IReadOnlyList<string> Arguments { get; } = [.. Settings.Select(setting => $"--{setting.Key}={setting.Value}")];

    private readonly AzuriteFixture _azurite = new();
    private IHost? _host;
    private long _lastDrop;

    public RunLog Log { get; } = new();

    public HttpClient Http { get; private set; } = new();

    public string ConnectionString => _azurite.ConnectionString;

    public BlobServiceClient Blobs => field ??= new BlobServiceClient(ConnectionString, new BlobClientOptions(BlobClientOptions.ServiceVersion.V2025_11_05));

    public static FunctionsApplicationBuilder Builder(string connection, params string[] more)
    {
        var builder = FunctionsApplication.CreateBuilder(
        [
            "--urls=http://127.0.0.1:0", "--LocalHost:BlobScanInterval=00:00:00.2", $"--AzureWebJobsStorage={connection}", $"--SurveyData={connection}",
            .. Arguments, .. more,
        ]);
        builder.UseFunctionsFrom(typeof(App).Assembly);
        builder.ConfigureFunctionsWebApplication();
        builder.UseMiddleware<AnswerFaults>();
        builder.UseMiddleware<RecordOperations>();
        builder.UseMiddleware<KeepRuns>();
        builder.AddWholeSchoolSend();
        return builder;
    }

    public async ValueTask InitializeAsync()
    {
        await _azurite.InitializeAsync();
        var builder = Builder(ConnectionString);
        builder.Logging.AddProvider(Log);
        _host = builder.Build();
        await _host.StartAsync();
        Http = new HttpClient { BaseAddress = _host.GetAddress() };
    }

    public async ValueTask DisposeAsync()
    {
        if (TestContext.Current.TestState?.Result == TestResult.Failed)
            foreach (var line in Log.Lines.TakeLast(60)) TestContext.Current.TestOutputHelper?.WriteLine(line);
        Http.Dispose();
        if (_host is not null)
        {
            await _host.StopAsync();
            _host.Dispose();
        }
        await _azurite.DisposeAsync();

        // Whatever a test did: no line of the log says what somebody answered, who they are, or a secret.
        foreach (var line in Log.Lines)
            foreach (var canary in new[] { "school.example", "canary", TypeformSecret, NextTypeformSecret, StandardSecret, Settings["PseudonymKey"] })
                Assert.DoesNotContain(canary, line, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Puts a document and gives the answer's JSON back, having checked the status.</summary>
    public async Task<JsonElement> PutAsync(string path, string json, int status = 200) => await JsonAsync(await Http.PutAsync(path, Body(json)), status);

    public async Task<JsonElement> PostAsync(string path, string json, int status = 200) => await JsonAsync(await Http.PostAsync(path, Body(json)), status);

    /// <summary>Drops a file and waits for the report that this drop leaves beside it.</summary>
    public async Task<JsonElement> DropAsync(string container, string path, byte[] content)
    {
        var report = Blobs.GetBlobContainerClient("poll-reports").GetBlobClient($"{(container == "register" ? "register/" : "")}{path}.report.json");
        var before = await report.ExistsAsync() ? (await report.GetPropertiesAsync()).Value.ETag : default;
        // Which of two drops is later is told by whole seconds.
        while (TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() == _lastDrop) await Task.Delay(50);
        await Blobs.GetBlobContainerClient(container).GetBlobClient(path).UploadAsync(BinaryData.FromBytes(content), overwrite: true);
        _lastDrop = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        var written = await EventuallyAsync(
            async () =>
            {
                if (!await report.ExistsAsync() || (await report.GetPropertiesAsync()).Value.ETag == before) return null;
                return JsonDocument.Parse((await report.DownloadContentAsync()).Value.Content);
            },
            $"a report for {container}/{path}");
        return written.RootElement;
    }

    public Task<JsonElement> DropAsync(string container, string path, string content) => DropAsync(container, path, Encoding.UTF8.GetBytes(content));

    /// <summary>Runs both timers and gives the newest document of a family back; null when there is none.</summary>
    public async Task<JsonElement?> PublishAsync(string container = "snapshots-internal")
    {
        await RunAsync("RecomputeKpis");
        await RunAsync("PublishSnapshot");
        return await LatestAsync(container);
    }

    public async Task<JsonElement?> LatestAsync(string container)
    {
        if (await ReadAsync(container, "latest.json") is not { } pointer) return null;
        return await ReadAsync(container, pointer.GetProperty("path").GetString()!);
    }

    public async Task<JsonElement?> ReadAsync(string container, string path)
    {
        var blob = Blobs.GetBlobContainerClient(container).GetBlobClient(path);
        return await blob.ExistsAsync() ? JsonDocument.Parse((await blob.DownloadContentAsync()).Value.Content).RootElement : null;
    }

    /// <summary>Runs a timer as an operator does, and waits until it ran.</summary>
    public async Task RunAsync(string function)
    {
        var before = Log.Runs(function);
        Assert.Equal(System.Net.HttpStatusCode.Accepted, (await Http.PostAsync($"/admin/functions/{function}", JsonContent.Create(new { }))).StatusCode);
        await EventuallyAsync(() => Task.FromResult(Log.Runs(function) > before ? "ran" : null), $"{function} to run");
    }

    /// <summary>Waits until something is there; says what was missing when it does not come.</summary>
    public static async Task<T> EventuallyAsync<T>(Func<Task<T?>> look, string what, int seconds = 30)
        where T : class
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        while (!patience.IsCancellationRequested)
        {
            if (await look() is { } found) return found;
            await Task.Delay(50);
        }
        throw new TimeoutException($"Waited {seconds} s for {what}.");
    }

    public static async Task<JsonElement> JsonAsync(HttpResponseMessage response, int status = 200)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True((int)response.StatusCode == status, $"{(int)response.StatusCode}: {text}");
        return JsonDocument.Parse(text).RootElement;
    }

    private static StringContent Body(string json) => new(json, Encoding.UTF8, "application/json");
}
