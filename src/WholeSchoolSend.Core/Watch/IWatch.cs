using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Snapshots;

namespace WholeSchoolSend.Core.Watch;

/// <summary>One run of a timer.</summary>
/// <param name="Fault">the kind of fault it ended with, never its message; null: it ended well.</param>
public sealed record TimerRun(string Timer, DateTimeOffset Began, DateTimeOffset Ended, string? Fault)
{
    /// <summary>When its last run that ended well began.</summary>
    public DateTimeOffset? LastGood { get; init; }
}

/// <summary>A timer and its schedule.</summary>
/// <param name="After">the first time after a time at which it is due.</param>
public sealed record TimerPlan(string Timer, Func<DateTimeOffset, DateTimeOffset> After);

/// <summary>What waits, as <see cref="WatchPipeline"/> last found it.</summary>
/// <param name="Markers">changes that wait for the next recompute.</param>
/// <param name="Quarantined">entries that wait, by source.</param>
/// <param name="Pending">events whose answers wait to be fetched, by source; only where some do.</param>
/// <param name="Stuck">of these, those somebody should look at.</param>
/// <param name="Poisoned">imports that wait for an operator.</param>
/// <param name="Differences">of the newest audit; null before the first.</param>
public sealed record PipelineState(
    DateTimeOffset At, int Markers, DateTimeOffset? OldestMarker, IReadOnlyDictionary<string, int> Quarantined,
    IReadOnlyDictionary<string, int> Pending, int Stuck,
    DateTimeOffset? OldestPending, int Poisoned, int? Differences)
{
    /// <summary>Since when each timer is looked for: what tells of one that never ran that it should have.</summary>
    public IReadOnlyDictionary<string, DateTimeOffset>? Timers { get; init; }

    public DateTimeOffset? SinceOf(string timer) => Timers is not null && Timers.TryGetValue(timer, out var since) ? since : null;
}

/// <summary>Everything that is noted of how the pipeline runs.</summary>
public sealed record WatchBook(IReadOnlyList<TimerRun> Runs, PipelineState? State, IReadOnlyDictionary<string, DateTimeOffset> LastDeliveries)
{
    /// <summary>
    /// The newest internal snapshot says what the evidence said at this time or later: the earlier of the last good recompute and the last good publication.
    /// A snapshot that did not change because the evidence did not is as fresh as one that did.
    /// </summary>
    public DateTimeOffset? ConfirmedAt =>
        LastGood(nameof(RecomputeKpis)) is { } recomputed && LastGood(nameof(PublishSnapshot)) is { } published
            ? recomputed < published ? recomputed : published
            : null;

    private DateTimeOffset? LastGood(string timer) => Runs.FirstOrDefault(run => run.Timer == timer)?.LastGood;
}

/// <summary>Keeps the few facts that no other row tells: a handful of rows in one partition, read in one request.</summary>
public interface IWatch
{
    /// <summary>Notes a run over the one before; a run that failed leaves the time of the last good one.</summary>
    Task KeepAsync(TimerRun run, CancellationToken cancellation);

    Task KeepAsync(PipelineState state, CancellationToken cancellation);

    /// <summary>Notes when each of these sources last delivered.</summary>
    Task KeepAsync(IReadOnlyDictionary<string, DateTimeOffset> lastDeliveries, CancellationToken cancellation);

    Task<WatchBook> ReadAsync(CancellationToken cancellation);
}

/// <summary>Changes that wait for a recompute.</summary>
public sealed record MarkerBacklog(int Markers, DateTimeOffset? Oldest);

/// <summary>Tells what waits for a recompute.</summary>
public interface IMarkers
{
    Task<MarkerBacklog> BacklogAsync(string collection, CancellationToken cancellation);
}
