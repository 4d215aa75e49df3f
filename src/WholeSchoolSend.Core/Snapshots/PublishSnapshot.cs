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
    IKpiResults results, IInstruments instruments, ISchoolTotals totals, EvidenceReader reader, IDocuments documents, PublicFiles files, PastIssues issues,
    IErrata errata, Catalogue catalogue, DisclosurePolicy policy, TimeProvider time)
{
    private static readonly byte[] SchemaBytes = JsonSchema.EmbeddedText("snapshot-1.json");
    private static readonly JsonSchema Schema = JsonSchema.Parse(SchemaBytes);

    public Task<PublishOutcome> RunAsync(CancellationToken cancellation) => RunAsync(new PastRead(issues), cancellation);

    /// <param name="past">of a decision that was taken just before, with what it read.</param>
    internal async Task<PublishOutcome> RunAsync(PastRead past, CancellationToken cancellation)
    {
        using var span = Signals.Span("publish");
        if (await results.CurrentAsync(cancellation) is not { } run) return new PublishOutcome(null, null, "no KPI has been computed yet");
        var frame = JsonSerializer.Deserialize(run.Frame, ResultsJson.Default.RunFrame)!;
        var provenance = JsonSerializer.Deserialize(run.Provenance, ProvenanceJson.Default.Provenance)!;
        var readings = Readings(run, provenance);

        var internally = await PublishAsync(Audience.Internal, (latest, _) => Task.FromResult(new Next(Internal(run, frame, readings, provenance, latest), [])), cancellation);
        var (evidence, waits) = await SettledAsync(run, frame, cancellation);
        var publicly = evidence is null ? null : await PublishAsync(
            Audience.Public, (latest, id) => PublicAsync(run, frame, readings, evidence, latest, id, past, cancellation), cancellation);
        await files.UpdatePageAsync(cancellation);
        span?.SetTag("wss.inputs", run.Inputs).SetTag("wss.snapshot.internal", internally).SetTag("wss.snapshot.public", publicly);
        return new PublishOutcome(internally, publicly, waits);
    }

    /// <summary>
    /// Whether a closed wave's figures may be issued again as the current run gives them: the evidence they rest on, or what stops it. Publishes nothing.
    /// </summary>
    internal async Task<Checked<string>> MayReissueAsync(string wave, PastRead past, CancellationToken cancellation)
    {
        if (await results.CurrentAsync(cancellation) is not { } run) return Problems.ReissueWaits.At("", "no KPI has been computed yet");
        var frame = JsonSerializer.Deserialize(run.Frame, ResultsJson.Default.RunFrame)!;
        var (evidence, waits) = await SettledAsync(run, frame, cancellation);
        if (evidence is null) return Problems.ReissueWaits.At("", waits!);
        var pointer = await LatestAsync(Audience.Public, cancellation);
        var published = Published(pointer.Document);
        var draft = new PublicDraft(catalogue, policy, frame, Readings(run, evidence.Provenance), evidence, past, pointer.Pointer?.Id);
        var (_, refusal) = await ReissueAsync(draft, wave, published, cancellation);
        return refusal is null ? run.Inputs : refusal.Rule.At(refusal.Reading.Length == 0 ? "" : $"{refusal.Reading}/{refusal.Figure}", "the published figures stay as they are");
    }

    private List<ReadingResult> Readings(KpiRun run, Provenance provenance)
    {
        var known = catalogue.Readings().ToDictionary(entry => entry.Reading.Id, StringComparer.Ordinal);
        return run.Results.Values.Select(json => JsonSerializer.Deserialize(json, ResultsJson.Default.ReadingResult)!)
            .Select(result => known.TryGetValue(result.Reading, out var one)
                ? result with { Instruments = provenance.InstrumentsOf(one.Kpi, one.Reading, result.Wave) }
                : result)
            .ToList();
    }

    /// <summary>A public issue needs no pending marker before and after, and the same evidence on a second read; or why it waits.</summary>
    private async Task<(Evidence? Evidence, string? Waits)> SettledAsync(KpiRun run, RunFrame frame, CancellationToken cancellation)
    {
        if (frame.Catalogue != catalogue.Version) return (null, "the catalogue changed: the next recompute comes first");
        if (await AnyPendingAsync(cancellation)) return (null, "changed schools wait for the next recompute");
        var evidence = await reader.ReadAsync(cancellation);
        if (evidence.Inputs != run.Inputs) return (null, "the evidence changed since the last recompute");
        return await AnyPendingAsync(cancellation) ? (null, "changed schools wait for the next recompute") : (evidence, null);
    }

    private async Task<bool> AnyPendingAsync(CancellationToken cancellation)
    {
        foreach (var collection in EvidenceReader.Collections(await instruments.AllAsync(cancellation)))
            if ((await totals.ChangedSchoolsAsync(collection, cancellation)).Count > 0) return true;
        return false;
    }

    /// <summary>
    /// Survey figures of closed waves only, each repeated as it was issued until an operator decided to issue it again and the guard allows it; what spans all
    /// time is new each time.
    /// </summary>
    private async Task<Next> PublicAsync(
        KpiRun run, RunFrame frame, List<ReadingResult> readings, Evidence evidence, Snapshot? latest, string? latestId, PastRead past, CancellationToken cancellation)
    {
        var movedSince = new Dictionary<string, Provenance?>(StringComparer.Ordinal);

        var published = Published(latest);
        var behind = new Dictionary<string, Issue>(StringComparer.Ordinal);
        var draft = new PublicDraft(catalogue, policy, frame, readings, evidence, past, latestId);
        foreach (var wave in evidence.Waves.Where(wave => wave.Closed is not null))
        {
            if (wave.Reissues is [.., { } decided] && decided.Inputs == run.Inputs && await ReissueAsync(draft, wave.Id, published, cancellation) is ({ } again, null))
            {
                published = [.. published.Where(result => result.Wave != wave.Id), .. again.Results];
                movedSince[wave.Id] = await draft.PastAsync(wave.Id, cancellation) is [.., { } last] ? last.Provenance : null;
                behind.Add(wave.Id, again.Issue with { Provenance = evidence.Provenance });
                draft.Accept(wave.Id);
                continue;
            }
            // A question of a wave is issued once: what would be added to it later could be held against what was issued.
            var issued = published.Where(result => result.Wave == wave.Id).Select(result => result.Reading).ToHashSet(StringComparer.Ordinal);
            var asked = catalogue.Readings().Where(entry => issued.Contains(entry.Reading.Id)).SelectMany(entry => Relations.Questions(catalogue, entry.Reading)).ToHashSet(StringComparer.Ordinal);
            var fresh = catalogue.Readings()
                .Where(entry => !issued.Contains(entry.Reading.Id) && (!policy.Has(DisclosureRule.Once) || !Relations.Questions(catalogue, entry.Reading).Any(asked.Contains)))
                .Select(entry => entry.Reading.Id).ToHashSet(StringComparer.Ordinal);
            if (!readings.Any(result => result.Wave == wave.Id && !result.IsHeld && fresh.Contains(result.Reading))) continue;
            var first = await draft.OfAsync(wave.Id, fresh.Contains, published, cancellation);
            published.AddRange(first.Results);
            behind.Add(wave.Id, first.Issue with { Provenance = evidence.Provenance });
            draft.Accept(wave.Id);
        }
        if (latestId is not null) movedSince[PastIssues.AllTime] = (await issues.OfAllTimeAsync(latestId, cancellation))?.Provenance;
        behind.Add(PastIssues.AllTime, new Issue([], []) { Provenance = evidence.Provenance });
        var document = Document(Audience.Public, null, frame, [.. published, .. draft.OfAllTime()]);
        return new Next(Moved(document, latest, wave => movedSince.GetValueOrDefault(wave ?? PastIssues.AllTime), evidence.Provenance, mover => mover.ForEverybody(policy)), behind);
    }

    /// <summary>
    /// A wave's figures anew, or which rule of the guard stops them: held against every issue of the wave there ever was. Neither where they say what is
    /// published already.
    /// </summary>
    private async Task<(WaveDraft? Again, Refused? Refusal)> ReissueAsync(PublicDraft draft, string wave, List<ReadingResult> published, CancellationToken cancellation)
    {
        if (draft.IsHeld(wave)) return (null, new Refused(Problems.ReissueWaits, "", ""));
        var again = await draft.OfAsync(wave, _ => true, published, cancellation);
        var before = published.Where(result => result.Wave == wave).ToDictionary(result => result.Reading, StringComparer.Ordinal);
        if (again.Results.Count == before.Count && again.Results.All(result => before.TryGetValue(result.Reading, out var one) && result.SaysTheSameAs(one))) return (null, null);
        var past = await draft.PastAsync(wave, cancellation);
        if (past.Any(issue => issue is null)) return (null, new Refused(Problems.ReissueUnrecorded, "", ""));
        return DifferencingGuard.Refusal([.. past.OfType<Issue>()], again.Issue, policy) is { } refusal ? (null, refusal) : (again, null);
    }

    /// <summary>The internal document: everything as this run gives it.</summary>
    private Snapshot Internal(KpiRun run, RunFrame frame, List<ReadingResult> readings, Provenance provenance, Snapshot? latest) =>
        Moved(Document(Audience.Internal, run.Inputs, frame, readings) with { Evidence = provenance }, latest, _ => latest?.Evidence, provenance, mover => mover);

    /// <summary>The document with what moved each result that differs from the one before.</summary>
    /// <param name="since">what the evidence was made of when a wave's figures (null: those of all time) were told before.</param>
    private Snapshot Moved(Snapshot document, Snapshot? before, Func<string?, Provenance?> since, Provenance now, Func<Mover, Mover?> told)
    {
        var earlier = (before?.Kpis ?? []).SelectMany(kpi => kpi.Readings.SelectMany(reading => reading.Results.Select(result => (Key: (reading.Id, result.Wave), Result: result))))
            .ToDictionary(one => one.Key, one => one.Result);
        var known = catalogue.Readings().ToDictionary(entry => entry.Reading.Id, StringComparer.Ordinal);
        return document with
        {
            Kpis = [.. document.Kpis.Select(kpi => kpi with
            {
                Readings = [.. kpi.Readings.Select(reading => reading with
                {
                    Results = [.. reading.Results.Select(result => earlier.TryGetValue((reading.Id, result.Wave), out var was) && !was.SaysTheSameAs(result) && since(result.Wave) is { } then
                        ? result with { Changes = Why(then, known[reading.Id], result.Wave) }
                        : result)],
                })],
            })],
        };

        IReadOnlyList<Mover> Why(Provenance then, (Kpi Kpi, Reading Reading) one, string? wave)
        {
            var movers = Movers.Between(then, now, catalogue, one.Kpi, one.Reading, wave).Select(told).OfType<Mover>().ToList();
            return movers.Count == 0 ? [new Mover(Cause.RelatedReading)] : movers;
        }
    }

    private static List<ReadingResult> Published(Snapshot? latest) => (latest?.Kpis ?? []).SelectMany(kpi => kpi.Readings.SelectMany(reading => reading.Results
            .Where(result => result.Wave is not null)
            .Select(result => new ReadingResult(kpi.Id, reading.Id, result.Wave, result.Verdict, result.Reason, result.Figures)
            {
                ReasonCode = result.ReasonCode,
                Wording = result.Wording,
                TrendBreak = result.TrendBreak,
                HeldApart = result.HeldApart,
                Instruments = result.Instruments,
            })))
        .ToList();

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

    private async Task<(StoredDocument? Stored, SnapshotPointer? Pointer, Snapshot? Document)> LatestAsync(Audience audience, CancellationToken cancellation)
    {
        var stored = await documents.ReadAsync(audience, "latest.json", cancellation);
        // The index is written after the pointer. Without what was issued last, every closed wave would be issued for the first time, past the guard.
        if (stored is null && await documents.ReadAsync(audience, "index.json", cancellation) is not null)
            throw new InvalidOperationException("latest.json is not there, but index.json is: documents were published. Bring it back before anything else is.");
        var pointer = stored is null ? null : JsonSerializer.Deserialize(stored.Bytes, SnapshotJson.Default.SnapshotPointer);
        return (stored, pointer, pointer is null ? null : Snapshot.FromJson((await documents.ReadAsync(audience, pointer.Path, cancellation)
            ?? throw new InvalidOperationException($"latest.json points at {pointer.Path}, which is not there.")).Bytes));
    }

    private async Task<string?> PublishAsync(Audience audience, Func<Snapshot?, string?, Task<Next>> make, CancellationToken cancellation)
    {
        var (pointer, latest, before) = await LatestAsync(audience, cancellation);
        var (made, behind) = await make(before, latest?.Id);
        var next = made with { Previous = latest?.Id, Errata = await ErrataAsync(audience, latest?.Id, cancellation) };
        // A crash may have left the last one out of the index: it goes in before anything else.
        if (latest is not null) await IndexAsync(audience, latest, before!, cancellation);
        if (before is not null && next.SaysTheSameAs(before)) return null;

        var json = next.ToJson();
        // Nothing leaves that our own published schema refuses.
        if (Schema.Check(json) is { Problems: [var problem, ..] }) throw new InvalidOperationException($"The snapshot breaks its schema at {problem.Where}: {problem.Message}.");
        var id = Snapshot.IdOf(json);
        var path = string.Create(CultureInfo.InvariantCulture, $"{time.GetUtcNow():yyyy'/'MM}/{id}.json");
        var newest = new SnapshotPointer(id, path);
        await documents.UpdateAsync(audience, Snapshot.SchemaPath, SchemaBytes, cancellation);
        // Kept first: what is public and not known to the guard could never be issued again.
        foreach (var (wave, issue) in behind) await issues.WriteAsync(id, wave, issue, cancellation);
        await documents.AddAsync(audience, path, json, cancellation);
        if (audience == Audience.Public) await files.AddFiguresAsync(next, newest, cancellation);
        if (!await documents.ReplaceAsync(audience, "latest.json", JsonSerializer.SerializeToUtf8Bytes(newest, SnapshotJson.Default.SnapshotPointer), pointer, cancellation))
            return null; // Somebody published meanwhile; the next run compares with theirs.
        await IndexAsync(audience, newest, next, cancellation);
        return id;
    }

    /// <summary>Errata that concern documents of this audience; null where there are none.</summary>
    private async Task<IReadOnlyList<SnapshotErratum>?> ErrataAsync(Audience audience, string? latest, CancellationToken cancellation)
    {
        var all = await errata.AllAsync(cancellation);
        if (all.Count == 0 || latest is null) return null;
        var index = await documents.ReadAsync(audience, "index.json", cancellation);
        var published = (index is null ? [] : JsonSerializer.Deserialize(index.Bytes, SnapshotJson.Default.SnapshotIndex)!.Snapshots.Select(entry => entry.Id)).Append(latest).ToHashSet(StringComparer.Ordinal);
        var concerned = all.Select(state => SnapshotErratum.Of(state, published)).OfType<SnapshotErratum>().OrderByDescending(erratum => erratum.On).ToList();
        return concerned.Count == 0 ? null : concerned;
    }

    /// <summary>Puts the newest document into the index unless it is there: also after a crash between pointer and index.</summary>
    private async Task IndexAsync(Audience audience, SnapshotPointer newest, Snapshot document, CancellationToken cancellation)
    {
        var stored = await documents.ReadAsync(audience, "index.json", cancellation);
        var entries = stored is null ? [] : JsonSerializer.Deserialize(stored.Bytes, SnapshotJson.Default.SnapshotIndex)!.Snapshots;
        if (entries.Any(entry => entry.Id == newest.Id)) return;
        // Whatever is wrong in documents is told by a document: the index says so of all of them when it takes that one in.
        var wrong = (document.Errata ?? []).SelectMany(erratum => erratum.Snapshots.Select(snapshot => (snapshot, erratum.Id))).ToLookup(one => one.snapshot, one => one.Id, StringComparer.Ordinal);
        var linked = entries.Select(entry => entry with
        {
            Next = entry.Id == document.Previous ? newest.Id : entry.Next,
            Errata = wrong[entry.Id].ToList() is { Count: > 0 } ids ? ids : null,
        });
        var index = new SnapshotIndex([SnapshotEntry.Of(newest, document, time.GetUtcNow()), .. linked]);
        await documents.ReplaceAsync(audience, "index.json", JsonSerializer.SerializeToUtf8Bytes(index, SnapshotJson.Default.SnapshotIndex), stored, cancellation);
    }

    /// <summary>A document to publish, and by wave what stands behind the figures that are new in it.</summary>
    private sealed record Next(Snapshot Document, Dictionary<string, Issue> Behind);
}
