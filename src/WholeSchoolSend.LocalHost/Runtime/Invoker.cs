using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace WholeSchoolSend.LocalHost;

/// <summary>Runs functions: a scope, the middleware, the function, a time limit and one line of log for each run.</summary>
internal sealed partial class Invoker : IDisposable
{
    /// <summary>A span for each run, under the real worker's name.</summary>
    public static readonly ActivitySource Spans = new("Microsoft.Azure.Functions.Worker");

    /// <summary>How long a run may go on after it was told to stop, before it is left behind.</summary>
    private static readonly TimeSpan LastMoments = TimeSpan.FromSeconds(2);

    private readonly IServiceProvider _services;
    private readonly TimeSpan _timeout;
    private readonly ILoggerFactory _loggers;
    private readonly FunctionExecutionDelegate _pipeline;
    private readonly CancellationTokenSource _end = new();
    private readonly Lock _lock = new();
    private readonly HashSet<Task> _running = [];

    public Invoker(HostPlan plan, IServiceProvider services, HostJson hostJson)
    {
        _services = services;
        _timeout = hostJson.FunctionTimeout;
        _loggers = services.GetRequiredService<ILoggerFactory>();
        FunctionExecutionDelegate pipeline = async context =>
        {
            var invocation = (Invocation)context;
            invocation.Result = await invocation.Function.ExecuteAsync(invocation);
        };
        _pipeline = Enumerable.Reverse(plan.Middleware).Aggregate(pipeline, (next, middleware) => middleware(next));
    }

    /// <summary>Runs the function, again where its retry rule says so. The answer is null after a success, or what went wrong.</summary>
    public async Task<Exception?> RunAsync(
        Function function, object trigger, IReadOnlyDictionary<string, object?> data, CancellationToken cancellation, Func<Invocation, Task>? answer = null)
    {
        var id = Guid.NewGuid().ToString();
        for (var retried = 0; ; retried++)
        {
            var failure = await RunOnceAsync(function, id, trigger, data, retried, answer, cancellation);
            if (failure is null || !RetryRule.Allows(function.Retry, retried)) return failure;
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _end.Token);
            await Task.Delay(RetryRule.Pause(function.Retry!, retried), either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (either.IsCancellationRequested) return failure;
        }
    }

    /// <summary>Waits for what is running; after the grace it is cancelled, and what ignores that is left behind.</summary>
    public async Task DrainAsync(TimeSpan grace)
    {
        if (!await AllEndedAsync(grace)) Log.GraceIsOver(_loggers.CreateLogger("Host"), grace);
        await _end.CancelAsync();
        await AllEndedAsync(LastMoments + LastMoments);
    }

    public void Dispose() => _end.Dispose();

    private async Task<bool> AllEndedAsync(TimeSpan within)
    {
        Task[] running;
        lock (_lock) running = [.. _running];
        var all = Task.WhenAll(running);
        return await Task.WhenAny(all, Task.Delay(within)) == all;
    }

    private async Task<Exception?> RunOnceAsync(
        Function function, string id, object trigger, IReadOnlyDictionary<string, object?> data, int retried, Func<Invocation, Task>? answer, CancellationToken cancellation)
    {
        var log = _loggers.CreateLogger($"Function.{function.Name}");
        var began = TimeProvider.System.GetTimestamp();
        var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _end.Token);
        var scope = _services.CreateAsyncScope();
        var run = Task.Run(async () =>
        {
            using var span = Spans.StartActivity($"function {function.Name}");
            var invocation = new Invocation(function, id, trigger, data, retried, scope.ServiceProvider, stop.Token);
            if (trigger is HttpRequest request)
            {
                invocation.Items[FunctionContextExtensions.HttpContextKey] = request.HttpContext;
                request.HttpContext.RequestServices = scope.ServiceProvider;
            }
            await _pipeline(invocation);
            if (answer is not null) await answer(invocation);
        }, CancellationToken.None);
        lock (_lock) _running.Add(run);

        Exception? failure = null;
        try
        {
            await run.WaitAsync(_timeout, _end.Token);
        }
        catch (Exception left) when (!run.IsCompleted)
        {
            // The time limit or the end of the host: the function is told, given a moment, and then left behind. The real host ends its process.
            await stop.CancelAsync();
            await Task.WhenAny(run, Task.Delay(LastMoments, CancellationToken.None));
            failure = left is TimeoutException ? new TimeoutException($"Timeout value of {_timeout} exceeded by function 'Functions.{function.Name}'.") : run.IsCompletedSuccessfully ? null : left;
        }
        catch (Exception thrown)
        {
            failure = thrown;
        }
        var tidy = TidyUpAsync(run, scope, stop);
        if (run.IsCompleted) await tidy;

        var milliseconds = (long)TimeProvider.System.GetElapsedTime(began).TotalMilliseconds;
        if (failure is null) Log.Succeeded(log, function.Name, id, milliseconds);
        else Log.Failed(log, failure, function.Name, id, milliseconds);
        return failure;
    }

    private async Task TidyUpAsync(Task run, AsyncServiceScope scope, CancellationTokenSource stop)
    {
        await run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await scope.DisposeAsync();
        stop.Dispose();
        lock (_lock) _running.Remove(run);
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Executed 'Functions.{Name}' (Succeeded, Id={Id}, Duration={Milliseconds}ms)")]
        public static partial void Succeeded(ILogger logger, string name, string id, long milliseconds);

        [LoggerMessage(2, LogLevel.Error, "Executed 'Functions.{Name}' (Failed, Id={Id}, Duration={Milliseconds}ms)")]
        public static partial void Failed(ILogger logger, Exception failure, string name, string id, long milliseconds);

        [LoggerMessage(3, LogLevel.Warning, "Functions still run after {Grace}: they are cancelled")]
        public static partial void GraceIsOver(ILogger logger, TimeSpan grace);
    }
}
