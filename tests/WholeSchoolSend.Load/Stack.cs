using System.Text;
using System.Text.Json;
using WholeSchoolSend.LocalHost;
using WholeSchoolSend.Testing;

namespace WholeSchoolSend.Load;

/// <summary>The real thing: Azurite, a proxy in front of it that can disturb, and instances of the pipeline in processes of their own.</summary>
internal sealed class Stack : IAsyncDisposable
{
    private static readonly string[] Unused = ["Fetch", "Heal", "Sweep", "Audit", "Retention"];

    private readonly PipelineProcess?[] _instances;
    private readonly Clocks _clocks = new();
    private Azurite _azurite;

    private Stack(Azurite azurite, FaultProxy proxy, SmallDisk? disk, int instances) => (_azurite, Proxy, Disk, _instances) = (azurite, proxy, disk, new PipelineProcess?[instances]);

    public FaultProxy Proxy { get; }

    /// <summary>The storage account itself, undisturbed.</summary>
    public string Undisturbed => _azurite.ConnectionString;

    /// <summary>Where storage keeps its data; null: in memory.</summary>
    public SmallDisk? Disk { get; }

    public bool ClocksCanJump => _clocks.CanJump;

    public int Instances => _instances.Length;

    /// <summary>Instances that are up.</summary>
    public IReadOnlyList<HttpClient> Receivers => [.. _instances.OfType<PipelineProcess>().Select(one => one.Http)];

    public bool IsDown(int instance) => _instances[instance] is null;

    /// <summary>What the instances have in memory, in MB.</summary>
    public double Megabytes => _instances.OfType<PipelineProcess>().Sum(one => one.Megabytes);

    /// <param name="disk">where Azurite keeps its data, so that it can be stopped and started; null: in memory.</param>
    public static async Task<Stack> StartAsync(int instances, SmallDisk? disk)
    {
        var azurite = await Azurite.StartAsync(disk?.Path);
        var stack = new Stack(azurite, await FaultProxy.StartAsync(azurite.ConnectionString), disk, instances);
        for (var instance = 0; instance < instances; instance++) await stack.StartInstanceAsync(instance);
        await stack.PutAsync("/api/waves/2026-autumn", """{"title":"Autumn 2026","from":"2026-09-01","to":"2026-12-20"}""");
        await stack.PutAsync("/api/instruments/leaders", Traffic.Instrument);
        return stack;
    }

    public async Task StartInstanceAsync(int instance)
    {
        // The host's own leases and receipts are not disturbed: what is tried is the pipeline.
        _instances[instance] = await PipelineProcess.StartAsync(Undisturbed, [
            $"--SurveyData={Proxy.ConnectionString}", "--PublicContainer=snapshots", "--PseudonymKey=a-pseudonym-key-of-the-load-test!", "--Logging:LogLevel:Default=Error",
            "--RecomputeSchedule=*/5 * * * * *", "--PublishSchedule=*/10 * * * * *",
            .. Unused.Select(timer => $"--{timer}Schedule=0 0 0 1 1 *"),
            $"--Sources:{Traffic.Source}:Tool=typeform", $"--Sources:{Traffic.Source}:Secrets:0={Traffic.Secret}",
        ], _clocks.Environment);
    }

    /// <summary>The clocks of all instances are so much ahead from now on, or behind.</summary>
    /// <exception cref="InvalidOperationException">They did not: nothing would have been tried.</exception>
    public async Task JumpAsync(TimeSpan by)
    {
        _clocks.Jump(by);
        await Task.Delay(TimeSpan.FromSeconds(3));   // the server makes its date once a second
        using var answer = await Receivers[0].GetAsync($"/api/webhooks/{Traffic.Source}");
        if ((answer.Headers.Date - TimeProvider.System.GetUtcNow() - by)?.Duration() is not { TotalSeconds: < 30 }) throw new InvalidOperationException("The clock of an instance did not jump.");
    }

    /// <summary>Ends an instance as a power cut would.</summary>
    public async Task KillAsync(int instance)
    {
        if (Interlocked.Exchange(ref _instances[instance], null) is not { } process) return;
        await process.KillAsync();
        // Its client is left to the collector: senders may still hold it.
    }

    /// <summary>Stops the storage account in order, so that it writes what it acknowledged, and starts it again.</summary>
    public async Task RestartStorageAsync(TimeSpan away)
    {
        await Proxy.StopListeningAsync();
        await _azurite.DisposeAsync();
        await Task.Delay(away);
        _azurite = await Azurite.StartAsync(Disk?.Path);
        Proxy.Face(_azurite.ConnectionString);
        await Proxy.ListenAsync();
    }

    public async Task<JsonElement> GetAsync(string path)
    {
        using var document = JsonDocument.Parse(await Receivers[0].GetStringAsync(path));
        return document.RootElement.Clone();
    }

    public async Task RunAsync(string function)
    {
        using var answer = await Receivers[0].PostAsync($"/admin/functions/{function}", new StringContent("{}", Encoding.UTF8, "application/json"));
        answer.EnsureSuccessStatusCode();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var instance in _instances.OfType<PipelineProcess>()) await instance.DisposeAsync();
        await Proxy.DisposeAsync();
        await _azurite.DisposeAsync();
        _clocks.Dispose();
    }

    private async Task PutAsync(string path, string json)
    {
        using var answer = await Receivers[0].PutAsync(path, new StringContent(json, Encoding.UTF8, "application/json"));
        answer.EnsureSuccessStatusCode();
    }
}
