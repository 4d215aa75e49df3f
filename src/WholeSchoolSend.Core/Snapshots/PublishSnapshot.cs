using System.Globalization;
using System.Text.Json;
using WholeSchoolSend.Core.Disclosure;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Kpis;

namespace WholeSchoolSend.Core.Snapshots;

/// <summary>What publishing did: ids of new documents, null where nothing changed or nothing may be issued now.</summary>
public sealed record PublishOutcome(string? Internal, string? Public, string? PublicWaits);

/// <summary>
/// Publishes the current run: the internal document rolls with every recompute; the public one holds closed waves, each repeated as first
/// published. Immutable document first, then the pointer, then the index. Where nothing changed nothing is written.
/// </summary>
public sealed class PublishSnapshot(
    IKpiResults results, IInstruments instruments, ISchoolTotals totals, EvidenceReader reader, IDocuments documents,
    Catalogue catalogue, DisclosurePolicy policy, TimeProvider time)
{
    private static readonly byte[] SchemaBytes = JsonSchema.EmbeddedText("snapshot-1.json");
    private static readonly JsonSchema Schema = JsonSchema.Parse(SchemaBytes);

    public async Task<PublishOutcome> RunAsync(CancellationToken cancellation)
    {
        if (await results.CurrentAsync(cancellation) is not { } run) return new PublishOutcome(null, null, "no KPI has been computed yet");
        var frame = JsonSerializer.Deserialize(run.Frame, ResultsJson.Default.RunFrame)!;
        var readings = run.Results.Values.Select(json => JsonSerializer.Deserialize(json, ResultsJson.Default.ReadingResult)!).ToList();

        var internally = await PublishAsync(Audience.Internal, _ => Document(Audience.Internal, run.Inputs, frame, readings), cancellation);
        var waits = await WhyPublicWaitsAsync(run, frame, cancellation);
        var publicly = waits is null ? await PublishAsync(Audience.Public, latest => Public(frame, readings, latest), cancellation) : null;
        return new PublishOutcome(internally, publicly, waits);
    }

    /// <summary>A public issue needs no pending marker before and after, and the same evidence on a second read.</summary>
    private async Task<string?> WhyPublicWaitsAsync(KpiRun run, RunFrame frame, CancellationToken cancellation)
    {
        if (frame.Catalogue != catalogue.Version) return "the catalogue changed: the next recompute comes first";
        if (await AnyPendingAsync(cancellation)) return "changed schools wait for the next recompute";
        if ((await reader.ReadAsync(cancellation)).Inputs != run.Inputs) return "the evidence changed since the last recompute";
        return await AnyPendingAsync(cancellation) ? "changed schools wait for the next recompute" : null;
    }

    private async Task<bool> AnyPendingAsync(CancellationToken cancellation)
    {
        foreach (var collection in EvidenceReader.Collections(await instruments.AllAsync(cancellation)))
            if ((await totals.ChangedSchoolsAsync(collection, cancellation)).Count > 0) return true;
        return false;
    }

    /// <summary>Survey figures of closed waves only, as first published; what spans all time is new each time.</summary>
    private Snapshot Public(RunFrame frame, List<ReadingResult> readings, Snapshot? latest)
    {
        var closed = frame.Waves.Where(wave => wave.Closed is not null).Select(wave => wave.Id).ToHashSet(StringComparer.Ordinal);
        var published = (latest?.Kpis ?? []).SelectMany(kpi => kpi.Readings.SelectMany(reading => reading.Results
                .Where(result => result.Wave is not null)
                .Select(result => new ReadingResult(kpi.Id, reading.Id, result.Wave, result.Verdict, result.Reason, result.Figures)
                {
                    Wording = result.Wording,
                    TrendBreak = result.TrendBreak,
                    HeldApart = result.HeldApart,
                })))
            .ToList();
        var issued = published.Select(result => result.Key).ToHashSet(StringComparer.Ordinal);
        var targets = catalogue.Readings().ToDictionary(entry => entry.Reading.Id, entry => entry.Reading.Undecided is null ? entry.Reading.Target ?? entry.Kpi.Target : null, StringComparer.Ordinal);
        var fresh = readings
            .Where(result => result.Wave is null || (closed.Contains(result.Wave) && !result.IsHeld && !issued.Contains(result.Key)))
            .Select(result => PublicFigures.Of(result, targets[result.Reading], policy))
            .ToList();
        return Document(Audience.Public, null, frame, published.Concat(Consistent(fresh)).ToList());
    }

    /// <summary>What joins readings of which one is withheld is withheld too: its verdict would tell.</summary>
    private IEnumerable<ReadingResult> Consistent(List<ReadingResult> results)
    {
        var joined = catalogue.Readings().Where(entry => entry.Reading.Measure is AllMet).ToDictionary(entry => entry.Reading.Id, entry => (AllMet)entry.Reading.Measure, StringComparer.Ordinal);
        return results.Select(result => joined.TryGetValue(result.Reading, out var all)
            && results.Any(part => part.Wave == result.Wave && all.Readings.Contains(part.Reading) && part.Verdict == Verdict.Insufficient)
                ? result with { Verdict = Verdict.Insufficient, Reason = "not every part can be decided" }
                : result);
    }

    private Snapshot Document(Audience audience, string? inputs, RunFrame frame, IReadOnlyList<ReadingResult> results)
    {
        var order = frame.Waves.Select((wave, index) => (wave.Id, index)).ToDictionary(wave => wave.Id, wave => wave.index, StringComparer.Ordinal);
        var kpis = catalogue.Kpis.Select(kpi => new SnapshotKpi(kpi.Id, kpi.Kind, kpi.Title, kpi.Wording, kpi.Measured, kpi.Population, kpi.Strand, kpi.DuplicateOf, kpi.Target, kpi.TargetWording, kpi.Comparators, kpi.Notes, kpi.Readings.Select(reading => new SnapshotReading(
            reading.Id, reading.Title, reading.Primary, reading.Target,
            results.Where(result => result.Reading == reading.Id)
                .OrderBy(result => result.Wave is null ? -1 : order.GetValueOrDefault(result.Wave, int.MaxValue))
                .Select(SnapshotResult.Of).ToList())).ToList())).ToList();
        return new Snapshot(
            Snapshot.SchemaPath, audience, null, Snapshot.ProgrammeName, frame.Catalogue, inputs, frame.Waves.Select(SnapshotWave.Of).ToList(), kpis);
    }

    private async Task<string?> PublishAsync(Audience audience, Func<Snapshot?, Snapshot> make, CancellationToken cancellation)
    {
        var pointer = await documents.ReadAsync(audience, "latest.json", cancellation);
        var latest = pointer is null ? null : JsonSerializer.Deserialize(pointer.Bytes, SnapshotJson.Default.SnapshotPointer);
        var before = latest is null ? null : Snapshot.FromJson((await documents.ReadAsync(audience, latest.Path, cancellation)
            ?? throw new InvalidOperationException($"latest.json points at {latest.Path}, which is not there.")).Bytes);
        var next = make(before) with { Previous = latest?.Id };
        // A crash may have left the last one out of the index: it goes in before anything else.
        if (latest is not null) await IndexAsync(audience, latest, before!.Previous, cancellation);
        if (before is not null && next.SaysTheSameAs(before)) return null;

        var json = next.ToJson();
        // Nothing leaves that our own published schema refuses.
        if (Schema.Check(json) is { Problems: [var problem, ..] }) throw new InvalidOperationException($"The snapshot breaks its schema at {problem.Where}: {problem.Message}.");
        var id = Snapshot.IdOf(json);
        var path = string.Create(CultureInfo.InvariantCulture, $"{time.GetUtcNow():yyyy'/'MM}/{id}.json");
        var newest = new SnapshotPointer(id, path);
        await documents.AddAsync(audience, Snapshot.SchemaPath, SchemaBytes, cancellation);
        await documents.AddAsync(audience, path, json, cancellation);
        if (!await documents.ReplaceAsync(audience, "latest.json", JsonSerializer.SerializeToUtf8Bytes(newest, SnapshotJson.Default.SnapshotPointer), pointer, cancellation))
            return null; // Somebody published meanwhile; the next run compares with theirs.
        await IndexAsync(audience, newest, next.Previous, cancellation);
        return id;
    }

    /// <summary>Puts the newest document into the index unless it is there: also after a crash between pointer and index.</summary>
    private async Task IndexAsync(Audience audience, SnapshotPointer newest, string? previous, CancellationToken cancellation)
    {
        var stored = await documents.ReadAsync(audience, "index.json", cancellation);
        var entries = stored is null ? [] : JsonSerializer.Deserialize(stored.Bytes, SnapshotJson.Default.SnapshotIndex)!.Snapshots;
        if (entries.Any(entry => entry.Id == newest.Id)) return;
        var linked = entries.Select(entry => entry.Id == previous ? entry with { Next = newest.Id } : entry);
        var index = new SnapshotIndex([new SnapshotEntry(newest.Id, newest.Path, previous, null, time.GetUtcNow()), .. linked]);
        await documents.ReplaceAsync(audience, "index.json", JsonSerializer.SerializeToUtf8Bytes(index, SnapshotJson.Default.SnapshotIndex), stored, cancellation);
    }
}
