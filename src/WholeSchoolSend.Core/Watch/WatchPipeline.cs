using System.Collections.Frozen;
using System.Text.Json.Serialization;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Polls;
using WholeSchoolSend.Core.Webhooks;
using WholeSchoolSend.Core.Webhooks.Vendors;

namespace WholeSchoolSend.Core.Watch;

/// <summary>
/// Looks through everything that can wait, tells the meters, and notes it for health to read. It is a timer of its own so that it goes on telling when
/// another one fails; and it tells afresh each time, so that an instance that is gone says nothing old.
/// </summary>
public sealed class WatchPipeline(
    FrozenDictionary<string, Source> sources, IInstruments instruments, IMarkers markers, IFates fates, ShowPending pending, IImports imports, IAudits audits,
    IWatch watch, IReadOnlyList<TimerPlan> timers, TimeProvider time)
{
    public async Task<PipelineState> RunAsync(CancellationToken cancellation)
    {
        var (changes, oldest) = (0, (DateTimeOffset?)null);
        foreach (var collection in EvidenceReader.Collections(await instruments.AllAsync(cancellation)))
        {
            var backlog = await markers.BacklogAsync(collection, cancellation);
            changes += backlog.Markers;
            if (oldest is null || backlog.Oldest < oldest) oldest = backlog.Oldest ?? oldest;
        }
        var quarantined = (await fates.WaitingAsync(null, cancellation)).Quarantine
            .ToDictionary(waiting => waiting.Source, waiting => waiting.Entries, StringComparer.Ordinal);
        var toFetch = (await pending.RunAsync(cancellation)).Sources;
        var poisoned = 0;
        await foreach (var import in imports.HistoryAsync(null, cancellation))
            if (import.Record.IsPoisoned(time.GetUtcNow())) poisoned++;
        var newest = await audits.NewestAsync(1, cancellation);

        var (now, book) = (time.GetUtcNow(), await watch.ReadAsync(cancellation));
        var state = new PipelineState(
            now, changes, oldest, quarantined,
            toFetch.Where(source => source.Waiting > 0).ToDictionary(source => source.Source, source => source.Waiting, StringComparer.Ordinal),
            toFetch.Sum(source => source.Stuck), toFetch.Min(source => source.Oldest), poisoned, newest.Count > 0 ? newest[0].Differences : null)
        {
            Timers = timers.ToDictionary(timer => timer.Timer, timer => book.State?.SinceOf(timer.Timer) ?? now, StringComparer.Ordinal),
        };
        Signals.Watched(state, book, sources.Keys, ScheduleHealth.Of(timers, book, now));
        await watch.KeepAsync(state, cancellation);
        return state;
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(PipelineState))]
[JsonSerializable(typeof(PipelineHealth))]
public sealed partial class WatchJson : JsonSerializerContext;
