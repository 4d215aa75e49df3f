using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.Extensions.Logging;
using WholeSchoolSend.Core.Watch;
using WholeSchoolSend.Storage;

namespace WholeSchoolSend.Functions;

/// <summary>Notes when each timer last ran and how that ended, for health to tell: the host's own record says only when it should.</summary>
public sealed partial class KeepRuns(IWatch watch, TimeProvider time, ILogger<KeepRuns> logger) : IFunctionsWorkerMiddleware
{
    public async Task Invoke(FunctionContext context, FunctionExecutionDelegate next)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(next);
        if (!Timers.IsTimer(context.FunctionDefinition.Name))
        {
            await next(context);
            return;
        }
        var began = time.GetUtcNow();
        Exception? failure = null;
        try
        {
            await next(context);
        }
        catch (Exception fault)
        {
            failure = fault;
            throw;
        }
        finally
        {
            // A host that stops breaks its runs off: they did not fail.
            if (failure is not OperationCanceledException || !context.CancellationToken.IsCancellationRequested)
                await KeepAsync(new TimerRun(context.FunctionDefinition.Name, began, time.GetUtcNow(), failure?.GetType().Name));
        }
    }

    private async Task KeepAsync(TimerRun run)
    {
        try
        {
            await watch.KeepAsync(run, CancellationToken.None);
        }
        // The run itself ended as it ended; that it cannot be noted shows where it is read.
        catch (Exception fault) when (StorageResilience.IsUnavailable(fault))
        {
            LogNotKept(run.Timer, fault.GetType().Name);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "The run of {Timer} could not be noted: {Fault}")]
    private partial void LogNotKept(string timer, string fault);
}
