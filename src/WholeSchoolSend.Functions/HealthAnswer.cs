using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using WholeSchoolSend.Core.Watch;

namespace WholeSchoolSend.Functions;

/// <summary>The answer about health: 200, or 503 when storage has not answered within five seconds.</summary>
public sealed partial class HealthAnswer(TimeProvider time, ILogger<HealthAnswer> logger)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public async Task<IResult> FromAsync(Func<CancellationToken, Task<PipelineHealth>> ask, CancellationToken cancellation)
    {
        using var deadline = new CancellationTokenSource(Patience, time);
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellation, deadline.Token);
        try
        {
            return Responses.Ok(await ask(limited.Token), WatchJson.Default.PipelineHealth);
        }
        // Telling that storage fails is what this is for.
        catch (Exception fault) when (!cancellation.IsCancellationRequested)
        {
            LogUnhealthy(fault);
            var unhealthy = new PipelineHealth(PipelineHealth.Unhealthy, "storage does not answer");
            return Responses.Ok(unhealthy, WatchJson.Default.PipelineHealth, StatusCodes.Status503ServiceUnavailable);
        }
    }

    [LoggerMessage(1, LogLevel.Error, "Storage does not answer")]
    private partial void LogUnhealthy(Exception fault);
}
