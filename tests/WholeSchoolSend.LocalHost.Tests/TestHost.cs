using System.Collections.Concurrent;
using System.Diagnostics;
using System.Reflection;
using Azure.Storage.Blobs;
using Azure.Storage.Queues;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using WholeSchoolSend.LocalHost.Tests;

[assembly: AssemblyFixture(typeof(SharedStorage))]
// Most of the time is spent waiting for storage and clocks.
[assembly: CollectionBehavior(MaxParallelThreads = 8)]

namespace WholeSchoolSend.LocalHost.Tests;

/// <summary>One emulator for all tests; each test has names of its own in it.</summary>
public sealed class SharedStorage : IAsyncLifetime
{
    private Azurite? _azurite;

    public string ConnectionString => _azurite!.ConnectionString;
    public BlobServiceClient Blobs => new(ConnectionString);
    public QueueServiceClient Queues => new(ConnectionString, new QueueClientOptions { MessageEncoding = QueueMessageEncoding.Base64 });

    public async ValueTask InitializeAsync() => _azurite = await Azurite.StartAsync();

    public ValueTask DisposeAsync() => _azurite!.DisposeAsync();
}

/// <summary>What functions did, for the test to look at, and gates for them to wait at.</summary>
public sealed class Calls
{
    private readonly ConcurrentQueue<string> _said = new();

    private int _inside;

    public string[] Said => [.. _said];
    public ConcurrentQueue<object> Things { get; } = new();
    public TaskCompletionSource Gate { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public int Enter() => Interlocked.Increment(ref _inside);

    public int Leave() => Interlocked.Decrement(ref _inside);

    /// <summary>A process of its own can only be heard.</summary>
    public bool IsAloud { get; init; }

    public void Say(string text)
    {
        _said.Enqueue(text);
        if (IsAloud) Console.WriteLine($"said: {text}");
    }
}

/// <summary>A host in this process, on a free port, with an identity of its own in storage.</summary>
internal sealed class TestHost : IAsyncDisposable
{
    private readonly IHost _host;

    private TestHost(IHost host, string id)
    {
        (_host, Id) = (host, id);
        Client = new HttpClient { BaseAddress = host.GetAddress() };
    }

    public string Id { get; }
    public HttpClient Client { get; }
    public IServiceProvider Services => _host.Services;

    public static FunctionsApplicationBuilder Builder(Type[] functions, Calls? calls = null, ILoggerProvider? logs = null, params string[] settings)
    {
        var builder = FunctionsApplication.CreateBuilder(["--urls=http://127.0.0.1:0", .. settings]);
        builder.UseFunctions(functions);
        builder.ConfigureFunctionsWebApplication();
        builder.Services.AddSingleton(calls ?? new Calls());
        builder.Logging.ClearProviders();
        if (logs is not null) builder.Logging.AddProvider(logs);
        return builder;
    }

    public static string NewId() => $"t{Guid.NewGuid():N}"[..16];

    public static Task<TestHost> StartAsync(Type function, Calls? calls = null, params string[] settings) => StartAsync(Builder([function], calls, null, settings));

    public static Task<TestHost> StartAsync(SharedStorage storage, string id, Type function, Calls? calls = null, params string[] settings) =>
        StartAsync(Builder([function], calls, null, [.. Use(storage, id), .. settings]), id);

    public static string[] Use(SharedStorage storage, string id) =>
        [$"--AzureWebJobsStorage={storage.ConnectionString}", $"--AzureFunctionsWebHost:hostid={id}", "--LocalHost:BlobScanInterval=00:00:00.2", $"--Place={id}"];

    public static async Task<TestHost> StartAsync(FunctionsApplicationBuilder builder, string id = "")
    {
        var host = builder.Build();
        try
        {
            await host.StartAsync();
            return new TestHost(host, id);
        }
        catch
        {
            host.Dispose();
            throw;
        }
    }

    public static async Task<string> RefusalAsync(params Type[] functions) =>
        (await Assert.ThrowsAsync<CannotStartException>(() => StartAsync(Builder(functions)))).Message;

    public Task StopAsync() => _host.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _host.StopAsync();
        await ((IAsyncDisposable)_host).DisposeAsync();
    }
}

internal static class Until
{
    public static Task TrueAsync(Func<bool> condition, int seconds = 20) => TrueAsync(() => Task.FromResult(condition()), seconds);

    public static async Task TrueAsync(Func<Task<bool>> condition, int seconds = 20, [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(condition))] string what = "")
    {
        for (var clock = Stopwatch.StartNew(); !await condition(); await Task.Delay(25))
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(seconds), $"after {seconds} s not yet: {what}");
    }
}

/// <summary>This program again, in a role, with its output.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    public const string Role = "LOCALHOST_TEST_ROLE";
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = new();

    private ChildProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public string Output => string.Join('\n', _lines);
    public int ExitCode => _process.ExitCode;

    public static ChildProcess Start(string role, string[] args, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("dotnet", [Assembly.GetExecutingAssembly().Location, .. args]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment[Role] = role;
        foreach (var (name, value) in environment) start.Environment[name] = value;
        return new ChildProcess(Process.Start(start)!);
    }

    public Task SaysAsync(string text) => Until.TrueAsync(() =>
    {
        Assert.False(_process.HasExited && !Output.Contains(text, StringComparison.Ordinal), $"'{text}' was not said: {Output}");
        return Task.FromResult(Output.Contains(text, StringComparison.Ordinal));
    });

    public async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{_process.Id}"]);
        await kill.WaitForExitAsync();
    }

    public Task EndAsync() => _process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(20));

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private void Keep(string? line)
    {
        if (line is not null) _lines.Enqueue(line);
    }
}

/// <summary>Everything logged, for tests that look for what should or should not be there.</summary>
internal sealed class Logs : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<string> _lines = new();

    public string Text => string.Join('\n', _lines);

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _lines.Enqueue($"{formatter(state, exception)} {exception?.Message}");

    public void Dispose()
    {
    }
}
