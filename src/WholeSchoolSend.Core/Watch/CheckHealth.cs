using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Snapshots;

namespace WholeSchoolSend.Core.Watch;

/// <summary>
/// How the pipeline is, for monitors: <c>healthy</c>, <c>degraded</c> (somebody should act) or <c>unhealthy</c> (storage does not take evidence).
/// </summary>
/// <param name="Why">what makes it degraded, in fixed words.</param>
/// <param name="UnreviewedWordings">how many wordings of questions nobody has looked at; a warning that changes no status.</param>
/// <param name="Drift">what the newest audit of totals found; a warning as well.</param>
/// <param name="Sources">with a key only, like all that follows.</param>
/// <param name="Wordings">the first of the wordings nobody has looked at.</param>
/// <param name="MoreWordings">how many more there are.</param>
/// <param name="Audit">the newest audit, where it found something.</param>
public sealed record PipelineHealth(
    string Status, string Storage, IReadOnlyList<string>? Why = null, IReadOnlyList<ScheduleHealth>? Schedules = null, Backlog? Backlog = null,
    Ages? Ages = null,
    int? UnreviewedWordings = null, Drift? Drift = null, IReadOnlyList<SourceHealth>? Sources = null, IReadOnlyList<UnreviewedWording>? Wordings = null,
    int? MoreWordings = null, AuditWarning? Audit = null)
{
    public const string Healthy = "healthy";
    public const string Degraded = "degraded";
    public const string Unhealthy = "unhealthy";

    /// <summary>The same, with nothing that names a source, a form or an audit.</summary>
    public PipelineHealth ForEverybody() => this with { Sources = null, Wordings = null, MoreWordings = null, Audit = null };
}

/// <summary>How a timer runs.</summary>
/// <param name="Last">when its last run began; null: none was seen yet.</param>
/// <param name="Next">when it is due.</param>
/// <param name="PastDue">it should have run and did not.</param>
/// <param name="Failed">its last run failed.</param>
public sealed record ScheduleHealth(string Timer, DateTimeOffset? Last, DateTimeOffset Next, bool PastDue, bool Failed)
{
    /// <summary>A run is noted when it has ended, and may take ten minutes.</summary>
    public static readonly TimeSpan Late = TimeSpan.FromMinutes(15);

    /// <summary>How each timer runs by what is noted. One that never ran is past due by when it was first looked for.</summary>
    internal static IReadOnlyList<ScheduleHealth> Of(IReadOnlyList<TimerPlan> timers, WatchBook book, DateTimeOffset now) =>
    [
        .. from timer in timers
           let run = book.Runs.FirstOrDefault(run => run.Timer == timer.Timer)
           let since = run?.Began ?? book.State?.SinceOf(timer.Timer) ?? now
           select new ScheduleHealth(timer.Timer, run?.Began, timer.After(now), now > timer.After(since) + Late, run?.Fault is not null),
    ];
}

/// <summary>What waits, as it was found at <paramref name="At"/>.</summary>
public sealed record Backlog(DateTimeOffset At, int Markers, int Quarantine, int Pending, int Stuck, int PoisonedImports);

/// <summary>Ages in seconds; left out where there is nothing to have an age.</summary>
/// <param name="Snapshot">of the evidence that the newest internal snapshot is known to say.</param>
/// <param name="Marker">of the oldest change that waited for a recompute.</param>
/// <param name="Pending">of the oldest event that waited to be fetched.</param>
/// <param name="Delivery">of the newest delivery of any source.</param>
public sealed record Ages(long? Snapshot, long? Marker, long? Pending, long? Delivery);

/// <summary>What the newest audit of totals found.</summary>
public sealed record Drift(DateTimeOffset Began, int Differences, int Unreadable);

/// <summary>That an audit found something: how much, not what.</summary>
public sealed record AuditWarning(string Id, DateTimeOffset Began, int Differences, int Unreadable);

/// <summary>One source.</summary>
public sealed record SourceHealth(string Source, DateTimeOffset? LastDelivery, int Quarantine, int Pending);

/// <summary>
/// Tells how the pipeline is: a write and a read of storage, three questions of one request each, and wordings, which are looked up twice a minute. What it
/// would have to search for, a timer has noted.
/// </summary>
public sealed class CheckHealth(
    IStorageProbe storage, IWatch watch, WordingDrift wordings, IAudits audits, IReadOnlyList<TimerPlan> timers, TimeProvider time) : IDisposable
{
    /// <summary>Everybody may ask, as often as they like: storage is asked this often.</summary>
    public static readonly TimeSpan Fresh = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _one = new(1, 1);
    private (long Read, PipelineHealth Health)? _held;

    /// <summary>Up to five seconds old; who comes while it is looked up waits for that one answer.</summary>
    public async Task<PipelineHealth> HeldAsync(CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation);
        try
        {
            if (_held is { } held && time.GetElapsedTime(held.Read) < Fresh) return held.Health;
            var read = time.GetTimestamp();
            var health = await RunAsync(cancellation);
            _held = (read, health);
            return health;
        }
        finally
        {
            _one.Release();
        }
    }

    public async Task<PipelineHealth> RunAsync(CancellationToken cancellation)
    {
        var touched = storage.TouchAsync(cancellation);
        var book = await watch.ReadAsync(cancellation);
        var unreviewed = await wordings.UnreviewedAsync(cancellation);
        var newest = await audits.NewestAsync(1, cancellation);
        await touched;

        var now = time.GetUtcNow();
        var schedules = ScheduleHealth.Of(timers, book, now);
        var (state, audit) = (book.State, newest.Count > 0 ? newest[0] : null);
        List<string> why =
        [
            .. schedules.Where(schedule => schedule.PastDue).Select(schedule => $"past-due {schedule.Timer}"),
            .. schedules.Where(schedule => schedule.Failed).Select(schedule => $"failed {schedule.Timer}"),
            .. state?.Poisoned > 0 ? ["imports-poisoned"] : (string[])[],
            .. state?.Stuck > 0 ? ["pending-stuck"] : (string[])[],
        ];
        return new PipelineHealth(
            why.Count == 0 ? PipelineHealth.Healthy : PipelineHealth.Degraded, "ok", why.Count == 0 ? null : why, schedules,
            state is null ? null : new Backlog(
                state.At, state.Markers, state.Quarantined.Values.Sum(), state.Pending.Values.Sum(), state.Stuck, state.Poisoned),
            new Ages(
                Seconds(book.ConfirmedAt, now), Seconds(state?.OldestMarker, now), Seconds(state?.OldestPending, now),
                Seconds(book.LastDeliveries.Count == 0 ? null : book.LastDeliveries.Values.Max(), now)),
            unreviewed.Count == 0 ? null : unreviewed.Count,
            audit is null ? null : new Drift(audit.Began, audit.Differences, audit.Unreadable.Count),
            Sources(book),
            unreviewed.Count == 0 ? null : unreviewed.Take(WordingDrift.MostListed).ToList(),
            unreviewed.Count > WordingDrift.MostListed ? unreviewed.Count - WordingDrift.MostListed : null,
            audit is { Differences: > 0 } or { Unreadable.Count: > 0 }
                ? new AuditWarning(audit.Id, audit.Began, audit.Differences, audit.Unreadable.Count)
                : null);
    }

    public void Dispose() => _one.Dispose();

    private static List<SourceHealth> Sources(WatchBook book)
    {
        var (quarantined, pending) = (book.State?.Quarantined, book.State?.Pending);
        return
        [
            .. book.LastDeliveries.Keys.Union(quarantined?.Keys ?? [], StringComparer.Ordinal).Union(pending?.Keys ?? [], StringComparer.Ordinal)
                .Order(StringComparer.Ordinal)
                .Select(source => new SourceHealth(
                    source, book.LastDeliveries.TryGetValue(source, out var last) ? last : null,
                    quarantined?.GetValueOrDefault(source) ?? 0, pending?.GetValueOrDefault(source) ?? 0)),
        ];
    }

    private static long? Seconds(DateTimeOffset? since, DateTimeOffset now) => since is { } then ? Math.Max(0, (long)(now - then).TotalSeconds) : null;
}
