using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.Extensions.Logging;
using WholeSchoolSend.Core;
using WholeSchoolSend.Storage;

namespace WholeSchoolSend.Functions;

/// <summary>
/// What a caller hears when nothing of ours is wrong: 503 with a problem document while storage does not answer, the protocol's own status for a
/// body that breaks it. Neither is a failure of the function; everything else is, and stays one.
/// </summary>
public sealed partial class AnswerFaults(ILogger<AnswerFaults> logger) : IFunctionsWorkerMiddleware
{
    /// <summary>Somebody waits for the answer: storage that is silent for so long is told to be so.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public async Task Invoke(FunctionContext context, FunctionExecutionDelegate next)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(next);
        if (context.GetHttpContext() is not { } http)
        {
            await next(context);
            return;
        }
        var function = context.FunctionDefinition.Name;
        StorageResilience.BeImpatient(Patience);
        try
        {
            await next(context);
        }
        // The message may quote what was sent; the status says enough.
        catch (BadHttpRequestException broken) when (!http.Response.HasStarted)
        {
            LogBroken(function, broken.StatusCode);
            http.Response.StatusCode = broken.StatusCode;
        }
        catch (Exception left) when (left is OperationCanceledException or IOException && http.RequestAborted.IsCancellationRequested)
        {
            LogLeft(function);
        }
        catch (Exception fault) when (StorageResilience.IsUnavailable(fault) && !http.Response.HasStarted)
        {
            LogUnavailable(function, fault.GetType().Name);
            await Responses.From(Problems.StorageUnavailable.At("", "ask again later; what was sent is safe to send again")).ExecuteAsync(http);
        }
    }

    [LoggerMessage(1, LogLevel.Information, "{Function}: the request breaks off or breaks HTTP, answered {Status}")]
    private partial void LogBroken(string function, int status);

    [LoggerMessage(2, LogLevel.Information, "{Function}: the caller left before the answer")]
    private partial void LogLeft(string function);

    [LoggerMessage(3, LogLevel.Error, "{Function}: storage does not answer ({Fault}), told 503")]
    private partial void LogUnavailable(string function, string fault);
}
