using Microsoft.Extensions.Hosting;
using WholeSchoolSend.LocalHost;
using WholeSchoolSend.Testing;

namespace WholeSchoolSend.Functions.Tests.Senders;

/// <summary>Our side of the conversation: the pipeline with every sender as a source, behind a storage account that a test can disturb.</summary>
public sealed class Receiver : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly AzuriteFixture _azurite = new();
    private IHost? _host;
    private PipelineProcess? _process;
    private int _held;

    public FaultProxy Storage { get; private set; } = null!;

    /// <summary>The storage account itself, undisturbed.</summary>
    public string Undisturbed => _azurite.ConnectionString;

    public HttpClient Http { get; private set; } = new();

    private static IReadOnlyList<string> Sources { get; } =
    [
        .. Everybody.Senders.SelectMany(sender => new[]
        {
            $"--Sources:{sender.Source}:Tool={sender.Tool}", $"--Sources:{sender.Source}:Verification={sender.Verification}", $"--Sources:{sender.Source}:Secrets:0={sender.Secret}",
        }),
    ];

    public async ValueTask InitializeAsync()
    {
        await _azurite.InitializeAsync();
        Storage = await FaultProxy.StartAsync(Undisturbed);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await Storage.DisposeAsync();
        await _azurite.DisposeAsync();
    }

    /// <summary>Starts the pipeline unless it runs so already: in this process, or in one that can be killed.</summary>
    public async Task StartAsync(bool asProcess)
    {
        if (asProcess ? _process is not null : _host is not null) return;
        await StopAsync();
        if (asProcess)
        {
            await StartAgainAsync();
        }
        else
        {
            var builder = Pipeline.Builder(Undisturbed, [$"--SurveyData={Storage.ConnectionString}", .. Sources]);
            _host = builder.Build();
            await _host.StartAsync();
            Http = new HttpClient { BaseAddress = _host.GetAddress() };
        }
        foreach (var sender in Everybody.Senders)
        {
            var instrument = new StringContent(Post.Instrument(sender.Tool, sender.Source));
            await Pipeline.JsonAsync(await Http.PutAsync($"/api/instruments/{sender.Source.Replace('_', '-')}", instrument));
        }
    }

    /// <summary>Starts the process again after it was killed; storage is whole again.</summary>
    public async Task StartAgainAsync()
    {
        Storage.Mend();
        if (_process is not null) await _process.DisposeAsync();
        _process = await PipelineProcess.StartAsync(Undisturbed, [.. Pipeline.Arguments, $"--SurveyData={Storage.ConnectionString}", .. Sources]);
        Http = _process.Http;
    }

    private async Task StopAsync()
    {
        if (_process is not null) await _process.DisposeAsync();
        _process = null;
        if (_host is null) return;
        await _host.StopAsync();
        _host.Dispose();
        _host = null;
    }

    internal async Task DoAsync(Action<FaultProxy> what)
    {
        await Task.Yield();
        what(Storage);
    }

    /// <summary>From now on every transaction waits for ever: before it passes, or with its answer.</summary>
    internal void HoldTransactions(bool afterTheyTookEffect)
    {
        _held = 0;
        async Task<bool> Hold(Microsoft.AspNetCore.Http.HttpContext context)
        {
            if (!FaultProxy.IsTransaction(context.Request)) return false;
            Interlocked.Increment(ref _held);
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
            return true;
        }
        (Storage.Before, Storage.After) = (afterTheyTookEffect ? null : Hold, afterTheyTookEffect ? Hold : null);
    }

    internal async Task KillWhenHoldingAsync(int requests)
    {
        await Pipeline.EventuallyAsync(() => Task.FromResult(Volatile.Read(ref _held) >= requests ? "all" : null), $"{requests} transactions under way", (int)Patience.TotalSeconds);
        await _process!.KillAsync();
    }
}
