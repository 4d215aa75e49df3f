using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;
using WholeSchoolSend.Core.Watch;
using UseCase = WholeSchoolSend.Core.Watch.WatchPipeline;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Looks what waits, and tells the meters and health, by timer.</summary>
public sealed partial class WatchPipeline(UseCase pipeline, ILogger<WatchPipeline> logger)
{
    [Function(nameof(WatchPipeline))]
    public async Task Run([TimerTrigger("%WatchSchedule%")] TimerInfo timer, CancellationToken cancellation) =>
        LogWatched(await pipeline.RunAsync(cancellation));

    private void LogWatched(PipelineState state) =>
        LogWatched(state.Markers, state.Quarantined.Values.Sum(), state.Pending.Values.Sum(), state.Stuck, state.Poisoned, state.Differences);

    [LoggerMessage(1, LogLevel.Information,
        "Waiting: {Markers} changes for a recompute, {Quarantined} in quarantine, {Pending} to be fetched, "
        + "{Stuck} of them stuck, {Poisoned} poisoned imports; {Differences} differences in the newest audit")]
    private partial void LogWatched(int markers, int quarantined, int pending, int stuck, int poisoned, int? differences);
}
