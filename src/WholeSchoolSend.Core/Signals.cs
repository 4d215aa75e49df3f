using System.Diagnostics;
using System.Diagnostics.Metrics;
using WholeSchoolSend.Core.Polls;
using WholeSchoolSend.Core.Watch;
using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Core;

/// <summary>
/// What the pipeline tells about itself: spans and metrics, all under one name. Who listens is decided elsewhere; where nobody does it costs next to
/// nothing. A tag is a name from the settings, an instrument or this code: never what somebody sent.
/// </summary>
public static class Signals
{
    /// <summary>Name of the source of spans and of the meter.</summary>
    public const string Name = "WholeSchoolSend";

    /// <summary>Stands for a source or supplier nobody configured: whoever calls may call himself anything.</summary>
    public const string Unknown = "(unknown)";

    /// <summary>A span names the spans it follows from; of a thousand deliveries the first ones show the way.</summary>
    public const int MostLinks = 32;

    private static readonly Meter Meter = new(Name);

    private static readonly Counter<long> Deliveries = Meter.CreateCounter<long>(
        "wss.deliveries", "{response}", "Responses delivered, by source and fate; a delivery that was not taken counts once");

    private static readonly Counter<long> VerifyFailures = Meter.CreateCounter<long>(
        "wss.verify.failures", "{delivery}", "Deliveries that did not prove whose they are, by source and reason");

    private static readonly Counter<long> ImportRows = Meter.CreateCounter<long>(
        "wss.import.rows", "{row}", "Rows of dropped files, by supplier and verdict on their file");

    private static readonly Counter<long> RecomputedSchools = Meter.CreateCounter<long>(
        "wss.recompute.schools", "{school}", "Schools whose totals were recomputed");

    private static readonly Histogram<double> RecomputeDuration = Meter.CreateHistogram<double>(
        "wss.recompute.duration", "s", "How long a recompute took");

    private static readonly Counter<long> StorageRequests = Meter.CreateCounter<long>(
        "wss.storage.requests", "{request}", "Requests to storage, every attempt, by outcome");

    private static readonly Gauge<long> Poisoned = Meter.CreateGauge<long>(
        "wss.imports.poisoned", "{import}", "Imports that failed as often as they are tried, now");

    private static readonly Gauge<double> SnapshotAge = Meter.CreateGauge<double>(
        "wss.snapshot.age", "s", "How old the evidence is that the newest internal snapshot is known to say");

    private static readonly Gauge<long> QuarantineWaiting = Meter.CreateGauge<long>(
        "wss.quarantine.waiting", "{entry}", "Entries that wait in quarantine, now, by source");

    private static readonly Gauge<double> PendingOldest = Meter.CreateGauge<double>(
        "wss.pending.oldest_age", "s", "Age of the oldest event whose answers wait to be fetched; 0 where none does");

    private static readonly Gauge<long> BacklogMarkers = Meter.CreateGauge<long>(
        "wss.backlog.markers", "{marker}", "Changes that wait for the next recompute, now");

    private static readonly Gauge<double> BacklogOldest = Meter.CreateGauge<double>(
        "wss.backlog.oldest_age", "s", "Age of the oldest change that waits for the next recompute; 0 where none does");

    private static readonly Gauge<long> AuditDifferences = Meter.CreateGauge<long>(
        "wss.audit.differences", "{total}", "Totals that the newest audit found to be wrong");

    private static readonly Gauge<long> TimersFailed = Meter.CreateGauge<long>(
        "wss.timers.failed", "{timer}", "1 where the last run of a timer failed, or it should have run and did not, now, by timer; else 0");

    private static readonly ActivitySource Spans = new(Name);

    /// <summary>Begins a span under what runs; null where nobody listens.</summary>
    public static Activity? Span(string name) => Spans.StartActivity(name);

    /// <summary>What a later span can name to say that it follows from what runs now; null where nothing is traced.</summary>
    public static string? Trace => Activity.Current is { IdFormat: ActivityIdFormat.W3C } now ? now.Id : null;

    /// <summary>What runs now follows from this: a link, up to <see cref="MostLinks"/> of them.</summary>
    public static void FollowsFrom(string? trace)
    {
        if (trace is null || Activity.Current is not { IsAllDataRequested: true } now || now.Source.Name != Name) return;
        if (!ActivityContext.TryParse(trace, null, isRemote: true, out var context)) return;
        var links = 0;
        foreach (ref readonly var link in now.EnumerateLinks())
            if (link.Context.TraceId == context.TraceId || ++links == MostLinks) return;
        now.AddLink(new ActivityLink(context));
    }

    internal static void Taken(string source, DeliveryReply reply)
    {
        Add("accepted", reply.Accepted);
        Add("duplicate", reply.Duplicate);
        Add("revised", reply.Revised);
        Add("conflict", reply.Conflict);
        Add("quarantined", reply.Quarantined);
        Add("pending", reply.Pending);
        Add("erased", reply.Erased);

        void Add(string fate, int responses)
        {
            if (responses > 0) Deliveries.Add(responses, new("source", source), new("fate", fate));
        }
    }

    /// <summary>A delivery that is not here: <c>refused</c> for good, <c>not_stored</c> or <c>busy</c> where it comes again.</summary>
    public static void NotTaken(string source, string fate) => Deliveries.Add(1, new("source", source), new("fate", fate));

    internal static void NotVerified(string source, string reason) => VerifyFailures.Add(1, new("source", source), new("reason", reason));

    /// <summary>A file without a unit is nobody's: whoever may drop may make a folder of any name.</summary>
    internal static void Imported(ImportRecord record)
    {
        var outcome = record.Outcome?.ToString().ToLowerInvariant() ?? "failed";
        ImportRows.Add(record.Rows?.Read ?? 0, new("supplier", record.Unit?.Supplier ?? Unknown), new("verdict", outcome));
    }

    internal static void Recomputed(int schools, TimeSpan took)
    {
        RecomputedSchools.Add(schools);
        RecomputeDuration.Record(took.TotalSeconds);
    }

    /// <summary>One attempt at one request.</summary>
    public static void StorageRequest(int? status) => StorageRequests.Add(1, new KeyValuePair<string, object?>("outcome", status switch
    {
        null or 0 => "unanswered",
        429 or 503 => "throttled",
        404 or 409 or 412 => "conflict",
        < 400 => "ok",
        _ => "failed",
    }));

    internal static void Watched(PipelineState state, WatchBook book, IEnumerable<string> sources, IEnumerable<ScheduleHealth> timers)
    {
        var now = state.At;
        foreach (var source in sources.Union(state.Quarantined.Keys, StringComparer.Ordinal))
            QuarantineWaiting.Record(state.Quarantined.GetValueOrDefault(source), new KeyValuePair<string, object?>("source", source));
        BacklogMarkers.Record(state.Markers);
        BacklogOldest.Record(state.OldestMarker is { } marked ? Seconds(now - marked) : 0);
        PendingOldest.Record(state.OldestPending is { } pending ? Seconds(now - pending) : 0);
        Poisoned.Record(state.Poisoned);
        foreach (var timer in timers)
            TimersFailed.Record(timer is { Failed: true } or { PastDue: true } ? 1 : 0, new KeyValuePair<string, object?>("timer", timer.Timer));
        if (state.Differences is { } differences) AuditDifferences.Record(differences);
        if (book.ConfirmedAt is { } confirmed) SnapshotAge.Record(Seconds(now - confirmed));
    }

    private static double Seconds(TimeSpan age) => Math.Max(0, age.TotalSeconds);
}
