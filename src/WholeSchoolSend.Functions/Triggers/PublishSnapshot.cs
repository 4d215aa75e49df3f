using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;
using UseCase = WholeSchoolSend.Core.Snapshots.PublishSnapshot;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Publishes what changed, by timer.</summary>
public sealed partial class PublishSnapshot(UseCase snapshots, ILogger<PublishSnapshot> logger)
{
    [Function(nameof(PublishSnapshot))]
    public async Task Run([TimerTrigger("%PublishSchedule%")] TimerInfo timer, CancellationToken cancellation)
    {
        var outcome = await snapshots.RunAsync(cancellation);
        LogPublished(outcome.Internal ?? "unchanged", outcome.Public ?? outcome.PublicWaits ?? "unchanged");
    }

    [LoggerMessage(1, LogLevel.Information, "Published internal {Internal}, public {Public}")]
    private partial void LogPublished(string @internal, string @public);
}
