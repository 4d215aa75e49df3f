using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Snapshots;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Says whether storage takes a write and gives it back, within five seconds; and warns of questions that were asked in other words and of totals that were wrong.</summary>
public sealed partial class CheckHealth(IStorageProbe storage, WordingDrift wordings, IAudits audits, TimeProvider time, ILogger<CheckHealth> logger)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    [Function(nameof(CheckHealth))]
    public async Task<IResult> Run([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "health")] HttpRequest request, CancellationToken cancellation)
    {
        using var deadline = new CancellationTokenSource(Patience, time);
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellation, deadline.Token);
        try
        {
            await storage.TouchAsync(limited.Token);
            var unreviewed = await wordings.UnreviewedAsync(limited.Token);
            var newest = await audits.NewestAsync(1, limited.Token);
            return Responses.Ok(Health.Healthy(unreviewed, newest.Count > 0 ? newest[0] : null), ResponsesJson.Default.Health);
        }
        // Telling that storage fails is what this function is for.
        catch (Exception fault) when (!cancellation.IsCancellationRequested)
        {
            LogUnhealthy(fault);
            return Responses.Ok(new Health("unhealthy", "storage does not answer"), ResponsesJson.Default.Health, StatusCodes.Status503ServiceUnavailable);
        }
    }

    [LoggerMessage(1, LogLevel.Error, "Storage does not answer")]
    private partial void LogUnhealthy(Exception fault);
}
