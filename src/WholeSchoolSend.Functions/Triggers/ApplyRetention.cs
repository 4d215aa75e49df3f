using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;
using UseCase = WholeSchoolSend.Core.Webhooks.ApplyRetention;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Removes what was only to be kept for a while, by timer.</summary>
public sealed partial class ApplyRetention(UseCase retention, ILogger<ApplyRetention> logger)
{
    [Function(nameof(ApplyRetention))]
    public async Task Run([TimerTrigger("%RetentionSchedule%")] TimerInfo timer, CancellationToken cancellation) =>
        LogExpired(await retention.RunAsync(cancellation));

    [LoggerMessage(1, LogLevel.Information, "Removed {Bodies} bodies of deliveries that could not be decoded")]
    private partial void LogExpired(int bodies);
}
