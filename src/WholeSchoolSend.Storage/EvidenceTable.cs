using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Azure;
using Azure.Data.Tables;
using WholeSchoolSend.Core;
using WholeSchoolSend.Core.Erasures;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Watch;
using WholeSchoolSend.Core.Webhooks;
using static WholeSchoolSend.Storage.TableRead;

namespace WholeSchoolSend.Storage;

/// <summary>
/// Evidence in Table Storage. A collection is a partition, because a response, the marker that its school changed and the school's totals
/// must change in one transaction. The identity row is insert-only on the usual path: its conflict is how a second delivery is recognised.
/// </summary>
/// <remarks>
/// <list type="table">
/// <item><term><c>I~{identity}</c></term><description>which version counts, at which school, and by which version of its instrument its answers were redacted; day, source, channel and receipt of the delivery that was accepted; or a tombstone.</description></item>
/// <item><term><c>R~{school}~{identity}</c></term><description>coding and redacted answers of the version that counts.</description></item>
/// <item><term><c>H~{identity}~{hash}</c></term><description>redacted answers of the others. A hash is in I or in H, never in both.</description></item>
/// <item><term><c>P~{school}~{unique}</c></term><description>the school changed, and what changed it; added in the transaction that changes R, never overwritten.</description></item>
/// <item><term><c>S~{school}</c> + empty, + <c>{wave}</c></term><description>the fence every recompute of the school passes, with what moved the school so far; the school's totals by wave (docs/decisions/0002).</description></item>
/// <item><term><c>M~{instrument}</c></term><description>up to which version of it the responses have been mapped again.</description></item>
/// <item><term><c>W~{instrument}~{indicator}~{hash}</c></term><description>how a question was worded when it was first seen; never read to code a response.</description></item>
/// <item><term><c>D~{day}~{identity}~{receipt}</c></term><description>fate of a delivery that was not the first of its response.</description></item>
/// </list>
/// Accepted deliveries are counted from I (day, source), all others from D. One receipt is one of them, however often it is written. The day is
/// the UTC day on which the response was received, by our clock: stored a second later, after midnight, it is still of that day.
/// </remarks>
public sealed partial class EvidenceTable(TableClient table, StorageResilience resilience)
    : IEvidence, IStoredResponses, ISchoolTotals, IAuditedTotals, IWordings, IMarkers
{
    // Below this many schools the count of all would cost more than it saves.
    private const int WorthCounting = 20;

    private const int RemapsAtATime = 4;

    // More wordings of one question are a tool that puts answers into it: those that come then are counted by their hash, but their words are not kept.
    private const int MostWordings = 50;
    private const int MostKnown = 10_000;

    // Wordings that are known to have their row: what makes a wording cost requests only when it is first seen by a process.
    private readonly ConcurrentDictionary<string, bool> _worded = new(StringComparer.Ordinal);

    // Four chunks: the columns selected when totals are computed.
    private const int MaxCoding = 4 * 64 * 1024;
    private static readonly string[] CodingOnly = [.. KeysOnly, ResponseRow.Version, "Coding0", "Coding1", "Coding2", "Coding3"];

    /// <inheritdoc/>
    public async Task<Fate> TakeInAsync(CodedResponse response, Receipt receipt, CancellationToken cancellation)
    {
        var arrival = new Arrival(response, receipt);
        // Words first: no answer is stored to a question nobody could read.
        if (response.Wordings.Any(wording => !_worded.ContainsKey(Known(arrival.Partition, wording))))
            await KeepAsync(arrival.Partition, response.Wordings, cancellation);
        try
        {
            await table.SubmitAsync(FirstOf(arrival), cancellation);
            return Fate.Accepted;
        }
        catch (RequestFailedException conflict) when (StorageResilience.SomebodyElseWasFirst(conflict))
        {
            // The identity is known: from another delivery, or from this one when the answer to our own write was lost.
        }
        return await resilience.DecideAsync(token => TakeInKnownAsync(arrival, token), cancellation);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<SeenWording>> SeenAsync(string collection, CancellationToken cancellation) =>
        await table.Range(TableKey.From(collection), TableKey.Below("W"), cancellation).ListAsync(WordingRow.Seen);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> ChangedSchoolsAsync(string collection, CancellationToken cancellation)
    {
        var schools = new SortedSet<string>(StringComparer.Ordinal);
        await foreach (var marker in table.Range(TableKey.From(collection), TableKey.Below("P"), cancellation, [MarkerRow.School]))
            schools.Add(marker.GetString(MarkerRow.School));
        return [.. schools];
    }

    /// <inheritdoc/>
    public async Task<MarkerBacklog> BacklogAsync(string collection, CancellationToken cancellation)
    {
        var (markers, oldest) = (0, (DateTimeOffset?)null);
        await foreach (var marker in table.Range(TableKey.From(collection), TableKey.Below("P"), cancellation, KeysOnly))
        {
            markers++;
            if (oldest is null || marker.Timestamp < oldest) oldest = marker.Timestamp;
        }
        return new MarkerBacklog(markers, oldest);
    }

    /// <inheritdoc/>
    public async Task RecomputeAsync(
        string collection, IReadOnlyCollection<string> schools, Func<IReadOnlyList<CountedResponse>, IReadOnlyList<SchoolTotals>> totals,
        CancellationToken cancellation)
    {
        if (schools.Count >= WorthCounting && schools.Count > await SchoolsKnownAsync(collection, cancellation) / 10)
        {
            await RecomputeAllAsync(collection, schools, totals, cancellation);
            return;
        }
        foreach (var school in schools) await RecomputeAsync(collection, school, totals, cancellation);
    }

    /// <summary>Recomputes one school from its own rows.</summary>
    public Task RecomputeAsync(
        string collection, string school, Func<IReadOnlyList<CountedResponse>, IReadOnlyList<SchoolTotals>> totals, CancellationToken cancellation) =>
        resilience.DecideAsync(
            async token =>
            {
                var partition = TableKey.From(collection);
                // The order is what makes it right: a marker read here belongs to a change that the responses read afterwards contain, so it
                // may go. A change that comes later has a marker not read here, which stays.
                var standing = new Standing();
                await Task.WhenAll(
                    ForEachAsync(table.Range(partition, TableKey.Below("S", school), token), standing.AddTotals),
                    ForEachAsync(table.Range(partition, TableKey.Below("P", school), token, MarkerRow.Columns), standing.Markers.Add));
                var responses = await table.Range(partition, TableKey.Below("R", school), token, CodingOnly).ListAsync(ResponseRow.Counted);
                await CommitAsync(partition, school, standing, totals(responses), token);
            },
            cancellation);

    /// <summary>Recomputes many schools after reading the partition once.</summary>
    public async Task RecomputeAllAsync(
        string collection, IReadOnlyCollection<string> schools, Func<IReadOnlyList<CountedResponse>, IReadOnlyList<SchoolTotals>> totals,
        CancellationToken cancellation)
    {
        var partition = TableKey.From(collection);
        var wanted = schools.ToDictionary(school => school, _ => new Standing(), StringComparer.Ordinal);
        // The same order as for one school, and for the same reason.
        await Task.WhenAll(
            ForEachAsync(
                table.Range(partition, TableKey.Below("S"), cancellation),
                row => wanted.GetValueOrDefault(row.GetString(TotalsRow.School))?.AddTotals(row)),
            ForEachAsync(
                table.Range(partition, TableKey.Below("P"), cancellation, [.. MarkerRow.Columns, MarkerRow.School]),
                row => wanted.GetValueOrDefault(row.GetString(MarkerRow.School))?.Markers.Add(row)));

        var parallel = new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = cancellation };
        await Parallel.ForEachAsync(RecomputedAsync(partition, [.. wanted.Keys], totals, cancellation), parallel, async (recomputed, token) =>
        {
            try
            {
                await CommitAsync(partition, recomputed.School, wanted[recomputed.School], recomputed.Totals, token);
            }
            catch (RequestFailedException conflict) when (StorageResilience.SomebodyElseWasFirst(conflict))
            {
                await RecomputeAsync(collection, recomputed.School, totals, token);
            }
        });
    }

    /// <inheritdoc/>
    public async Task<CollectionTotals> TotalsAsync(string collection, CancellationToken cancellation)
    {
        var totals = new List<SchoolTotals>();
        var movements = new SortedDictionary<string, Movements>(StringComparer.Ordinal);
        await foreach (var row in table.Range(TableKey.From(collection), TableKey.Below("S"), cancellation))
        {
            if (TotalsRow.IsFence(row))
                TotalsRow.AddMovements(row, movements);
            else
                totals.Add(TotalsRow.Totals(row));
        }
        return new CollectionTotals([.. totals.OrderBy(total => total.Wave, StringComparer.Ordinal).ThenBy(total => total.School, StringComparer.Ordinal)], movements);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<RemapProgress>> ProgressAsync(string collection, CancellationToken cancellation) =>
        await table.Range(TableKey.From(collection), TableKey.Below("M"), cancellation).ListAsync(ProgressRow.Progress);

    /// <inheritdoc/>
    public Task KeepAsync(string collection, RemapProgress progress, CancellationToken cancellation) =>
        resilience.DecideAsync(
            async token =>
            {
                var after = ProgressRow.From(TableKey.From(collection), progress);
                var before = await table.FindAsync(after.PartitionKey, after.RowKey, token);
                if (before is not null && !progress.IsBeyond(ProgressRow.Progress(before))) return;
                await table.SubmitAsync([before is null ? Add(after) : Replace(after, before.ETag)], token);
            },
            cancellation);

    /// <inheritdoc/>
    public async Task<RemapOutcome> RemapAsync(
        string collection, InstrumentVersion newest, Func<string, RedactedAnswers, Coding?> map, CancellationToken cancellation)
    {
        // Twice for each version of an instrument all responses of the collection are looked at: too seldom to keep an index for.
        var older = table.RangeThatFits(TableKey.From(collection), TableKey.Below("R"), ResponseRow.CodedBefore(newest), cancellation);
        var done = new ConcurrentBag<Remapped>();
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = RemapsAtATime, CancellationToken = cancellation };
        await Parallel.ForEachAsync(older, parallel, async (listed, token) => done.Add(await RemapAsync(listed, newest, map, token)));
        return new RemapOutcome(newest, Count(Remapped.Same), Count(Remapped.Recoded), Count(Remapped.Kept));

        int Count(Remapped wanted) => done.Count(one => one == wanted);
    }

    /// <summary>
    /// Counts the fates of these days in one collection. Accepted ones are found by looking through all its identities, of which only those of the
    /// days are sent; all others are one range.
    /// </summary>
    internal async Task CountFatesAsync(string collection, FateTally tally, CancellationToken cancellation)
    {
        var partition = TableKey.From(collection);
        await foreach (var row in table.RangeThatFits(partition, TableKey.Below("I"), tally.Fits, cancellation, FateTally.Columns)) tally.Count(row, Fate.Accepted);
        await foreach (var row in table.RangeThatFits(partition, tally.Rows("D"), tally.Fits, cancellation, [.. FateTally.Columns, FateRow.FateColumn]))
            tally.Count(row, FateRow.Fate(row));
    }

    /// <inheritdoc/>
    public Task EraseAsync(string collection, string identity, CancellationToken cancellation) =>
        resilience.DecideAsync(
            async token =>
            {
                var partition = TableKey.From(collection);
                var row = await table.FindAsync(partition, IdentityRow.Key(identity), token);
                if (row is null)
                {
                    await table.SubmitAsync([Add(IdentityRow.Tombstone(new TableEntity(partition, IdentityRow.Key(identity))))], token);
                    return;
                }
                var history = await table.Range(partition, TableKey.Below("H", identity), token, KeysOnly).ListAsync(version => version);
                var rest = new Queue<TableEntity>(history);
                if (!IdentityRow.IsTombstone(row))
                {
                    var school = row.GetString(IdentityRow.School);
                    var response = await table.FindAsync(partition, ResponseRow.Key(school, identity), token, CodingOnly)
                        ?? throw new ChangedSinceReadException("The response moved while it was being erased.");
                    await table.SubmitAsync(
                        [
                            Replace(IdentityRow.Tombstone(row), row.ETag),
                            Delete(response),
                            Add(MarkerRow.For(partition, school, Movement.Erased, ResponseRow.Wave(response))),
                            .. Take(rest, TableTransaction.MaxActions - 3).Select(Delete),
                        ],
                        token);
                }
                // Nothing is added beside a tombstone, so what did not fit, or was left by a crash, can go in peace.
                while (rest.Count > 0) await table.SubmitAsync([.. Take(rest, TableTransaction.MaxActions).Select(Delete)], token);
            },
            cancellation);

    /// <summary>Adds the rows of wordings that have none, and words where only a hash was known.</summary>
    private Task KeepAsync(string partition, IReadOnlyList<SeenWording> wordings, CancellationToken cancellation) =>
        resilience.DecideAsync(
            async token =>
            {
                var before = new Dictionary<string, TableEntity>(StringComparer.Ordinal);
                await ForEachAsync(table.Range(partition, TableKey.Below("W", wordings[0].Instrument), token), row => before.Add(row.RowKey, row));
                var kept = before.Values.CountBy(WordingRow.IndicatorOf, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal);
                var changes = new List<TableTransactionAction>();
                foreach (var wording in wordings.DistinctBy(WordingRow.Key))
                {
                    if (before.TryGetValue(WordingRow.Key(wording), out var row))
                    {
                        var seen = WordingRow.Seen(row);
                        if (seen.Text is null && wording.Text is not null)
                            changes.Add(Replace(WordingRow.From(partition, wording with { FirstSeen = seen.FirstSeen }), row.ETag));
                    }
                    else if ((kept[wording.Indicator] = kept.GetValueOrDefault(wording.Indicator) + 1) <= MostWordings)
                    {
                        changes.Add(Add(WordingRow.From(partition, wording)));
                    }
                }
                foreach (var batch in TableTransaction.InBatches(changes)) await table.SubmitAsync(batch, token);
                if (_worded.Count > MostKnown) _worded.Clear();
                foreach (var wording in wordings) _worded[Known(partition, wording)] = true;
            },
            cancellation);

    private static string Known(string partition, SeenWording wording) => $"{partition}\n{WordingRow.Key(wording)}\n{(wording.Text is null ? "" : "words")}";

    private Task<Remapped> RemapAsync(
        TableEntity listed, InstrumentVersion newest, Func<string, RedactedAnswers, Coding?> map, CancellationToken cancellation)
    {
        TableEntity? current = listed;
        return resilience.DecideAsync(
            async token =>
            {
                var before = current ?? await table.FindAsync(listed.PartitionKey, listed.RowKey, token);
                current = null;   // If somebody else was first it is read again.
                // Erased, moved, or coded by a newer version: whoever did it had the last word. Should that one not have known the newest
                // version, the second pass meets what it left.
                if (before is null || !ResponseRow.IsCodedBefore(before, newest)) return Remapped.ByOthers;
                return await RemapReadAsync(before, newest, map, token);
            },
            cancellation);
    }

    private async Task<Remapped> RemapReadAsync(
        TableEntity before, InstrumentVersion newest, Func<string, RedactedAnswers, Coding?> map, CancellationToken cancellation)
    {
        // Its answers' time is over: it counts as it was coded.
        if (!Payload.IsIn(before)) return Remapped.Kept;
        var (source, answers) = ResponseRow.Answers(before);
        if (map(source, answers) is not { } coding) return Remapped.Kept;
        var id = Identity.OfResponse(source, answers.Form, answers.Id);
        if (ResponseRow.Recoded(before, id, coding, newest) is not { } after) return Remapped.Kept;
        if (ResponseRow.CodedAlike(before, after))
        {
            // Totals do not say which version coded what is in them: nobody needs to know.
            await table.SubmitAsync([Replace(after, before.ETag)], cancellation);
            return Remapped.Same;
        }

        var identity = await table.FindAsync(before.PartitionKey, IdentityRow.Key(id), cancellation);
        if (identity is null || IdentityRow.IsTombstone(identity)) throw new ChangedSinceReadException("The response went while it was mapped again.");
        List<TableTransactionAction> changes = [Replace(IdentityRow.At(identity, coding.School), identity.ETag)];
        changes.AddRange(InPlaceOf(before, after));
        changes.AddRange(Marks(before, after, Movement.Recoded));
        await table.SubmitAsync(changes, cancellation);
        return Remapped.Recoded;
    }

    private static List<TableTransactionAction> FirstOf(Arrival arrival) =>
    [
        Add(IdentityRow.First(arrival)),
        Add(ResponseRow.From(arrival)),
        Add(MarkerRow.For(arrival.Partition, arrival.School, Movement.Arrived, arrival.Response.Coding.Wave)),
    ];

    private async Task<Fate> TakeInKnownAsync(Arrival arrival, CancellationToken cancellation)
    {
        var identity = await table.FindAsync(arrival.Partition, IdentityRow.Key(arrival.Identity), cancellation);
        if (identity is null)
        {
            await table.SubmitAsync(FirstOf(arrival), cancellation);
            return Fate.Accepted;
        }
        if (identity.GetString(IdentityRow.Receipt) == arrival.Receipt.Id) return Fate.Accepted;

        var (fate, changes) = await DecideAsync(identity, arrival, cancellation);
        try
        {
            await table.SubmitAsync([.. changes, Add(FateRow.From(arrival, fate))], cancellation);
            return fate;
        }
        catch (RequestFailedException conflict) when (StorageResilience.SomebodyElseWasFirst(conflict))
        {
            // Perhaps ourselves: then this receipt has its fate already, and a second would count it twice.
            if (await table.FindAsync(arrival.Partition, FateRow.Key(arrival), cancellation) is { } own) return FateRow.Fate(own);
            throw;
        }
    }

    /// <summary>
    /// What becomes of a delivery whose response is known. Of each content the version that counts over its equals is kept, and of the
    /// contents the one whose version counts over all others is counted: two maxima, so the order of arrival cannot matter.
    /// </summary>
    private async Task<(Fate Fate, IReadOnlyList<TableTransactionAction> Changes)> DecideAsync(
        TableEntity identity, Arrival arrival, CancellationToken cancellation)
    {
        if (IdentityRow.IsTombstone(identity)) return (Fate.Erased, []);

        var counted = StorageJson.ReadVersion(identity.GetString(IdentityRow.Version));
        var sameContent = arrival.Version.Hash == counted.Hash;
        var counts = arrival.Version.CountsOver(counted);
        if (sameContent && !counts)
        {
            var isMended = IdentityRow.IsRedactedBefore(identity, arrival.Response.Instrument);
            return (Fate.Duplicate, isMended ? await RefreshAsync(identity, arrival.As(counted), cancellation) : []);
        }

        var school = identity.GetString(IdentityRow.School);
        var reads = (
            Known: table.FindAsync(arrival.Partition, HistoryRow.Key(arrival.Identity, arrival.Version.Hash), cancellation, [.. KeysOnly, HistoryRow.Version]),
            Response: counts ? table.FindAsync(arrival.Partition, ResponseRow.Key(school, arrival.Identity), cancellation) : Task.FromResult<TableEntity?>(null));
        await Task.WhenAll(reads.Known, reads.Response);
        var known = await reads.Known;

        if (known is not null && !arrival.Version.CountsOver(StorageJson.ReadVersion(known.GetString(HistoryRow.Version)))) return (Fate.Duplicate, []);

        var newContent = arrival.Version.IsRevisionOf(counted) ? Fate.Revised : Fate.Conflict;
        if (!counts)
        {
            // The identity row is written back as it is: an erasure that comes between must not find this version added beside its tombstone.
            var kept = HistoryRow.From(arrival);
            return known is null
                ? (newContent, [Replace(identity, identity.ETag), Add(kept)])
                : (Fate.Duplicate, [Replace(identity, identity.ETag), Replace(kept, known.ETag)]);
        }

        var before = await reads.Response ?? throw new ChangedSinceReadException("The response moved while a version of it was taken in.");
        var after = ResponseRow.From(arrival);
        List<TableTransactionAction> changes = [Replace(IdentityRow.Counting(identity, arrival), identity.ETag), .. InPlaceOf(before, after)];
        if (!sameContent) changes.Add(Add(HistoryRow.From(before, arrival.Identity, counted)));
        if (known is not null) changes.Add(Delete(known));
        changes.AddRange(Marks(before, after, Movement.Revised));
        // An older content that is the newest again is a revision; only what counted already, said again later, is a duplicate.
        return (sameContent ? Fate.Duplicate : newContent, changes);
    }

    /// <summary>
    /// The counted content came again, redacted by a newer version of its instrument: what an older one dropped is there now. The answers and
    /// their coding are replaced; which version counts stays as it is.
    /// </summary>
    private async Task<IReadOnlyList<TableTransactionAction>> RefreshAsync(TableEntity identity, Arrival arrival, CancellationToken cancellation)
    {
        var school = identity.GetString(IdentityRow.School);
        var before = await table.FindAsync(arrival.Partition, ResponseRow.Key(school, arrival.Identity), cancellation)
            ?? throw new ChangedSinceReadException("The response moved while it was redacted again.");
        // Mapped again by a version newer still: what it made of the older answers stands until a delivery comes by that version.
        if (ResponseRow.IsCodedAfter(before, arrival.Response.Instrument)) return [];
        var after = ResponseRow.From(arrival);
        List<TableTransactionAction> changes = [Replace(IdentityRow.Counting(identity, arrival), identity.ETag), .. InPlaceOf(before, after)];
        if (ResponseRow.CodedAlike(before, after)) return changes;
        changes.AddRange(Marks(before, after, Movement.Recoded));
        return changes;
    }

    /// <summary>Markers of a response that changed: of the school it is at, and of the school or wave it left. It is counted once in each wave.</summary>
    private static IEnumerable<TableTransactionAction> Marks(TableEntity before, TableEntity after, Movement movement)
    {
        var (left, came) = (ResponseRow.Wave(before), ResponseRow.Wave(after));
        yield return Add(MarkerRow.For(after.PartitionKey, after.GetString(ResponseRow.School), movement, came));
        if (before.GetString(ResponseRow.School) != after.GetString(ResponseRow.School) || left != came)
            yield return Add(MarkerRow.For(before.PartitionKey, before.GetString(ResponseRow.School), left == came ? null : movement, left));
    }

    private static IEnumerable<TableTransactionAction> InPlaceOf(TableEntity before, TableEntity after) =>
        after.RowKey == before.RowKey ? [Replace(after, before.ETag)] : [Delete(before), Add(after)];

    /// <summary>Groups responses by school as they are read; schools without any come last.</summary>
    private async IAsyncEnumerable<(string School, IReadOnlyList<SchoolTotals> Totals)> RecomputedAsync(
        string partition, HashSet<string> wanted, Func<IReadOnlyList<CountedResponse>, IReadOnlyList<SchoolTotals>> totals,
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        string? school = null;
        var responses = new List<CountedResponse>();
        await foreach (var row in table.Range(partition, TableKey.Below("R"), cancellation, [.. CodingOnly, ResponseRow.School]))
        {
            var next = row.GetString(ResponseRow.School);
            if (next != school)
            {
                if (school is not null && wanted.Remove(school)) yield return (school, totals(responses));
                school = next;
                responses = [];
            }
            if (wanted.Contains(next)) responses.Add(ResponseRow.Counted(row));
        }
        if (school is not null && wanted.Remove(school)) yield return (school, totals(responses));
        foreach (var empty in wanted) yield return (empty, totals([]));
    }

    private async Task CommitAsync(
        string partition, string school, Standing standing, IReadOnlyList<SchoolTotals> totals, CancellationToken cancellation)
    {
        var changes = new List<TableTransactionAction>();
        var left = new Dictionary<string, TableEntity>(standing.Totals, StringComparer.Ordinal);
        foreach (var total in totals)
        {
            if (total.School != school || total.Wave.Length == 0)
                throw new ArgumentException("Totals are of a wave, and of the school that was recomputed.", nameof(totals));
            var row = TotalsRow.From(partition, total);
            if (!left.Remove(row.RowKey, out var before))
                changes.Add(Add(row));
            else if (!Payload.Get(before).AsSpan().SequenceEqual(Payload.Get(row)))
                changes.Add(Replace(row, before.ETag));
        }
        changes.AddRange(left.Values.Select(Delete));

        var markers = new Queue<TableEntity>(standing.Markers);
        var fence = standing.Fence?.ETag;
        var movements = TotalsRow.Movements(standing.Fence);
        while (changes.Count > 0 || markers.Count > 0)
        {
            // Deleting markers says "these totals hold all that was marked", which is true only of the totals as they were read. Another
            // recompute may have replaced them by older ones since, at another wave than those changed here or none at all: the fence,
            // which every recompute replaces, is what all of them have in common.
            var gone = Take(markers, TableTransaction.MaxActions - 1 - changes.Count).ToList();
            // A marker is counted in the write that removes it: once.
            foreach (var marker in gone)
            {
                MarkerRow.Count(marker, movements);
                Signals.FollowsFrom(marker.GetString(MarkerRow.Trace));
            }
            var row = TotalsRow.Fence(partition, school, movements);
            var written = await table.SubmitAsync(
                [
                    fence is { } before ? Replace(row, before) : Add(row),
                    .. changes,
                    .. gone.Select(Delete),
                ],
                cancellation);
            fence = written[0];
            changes.Clear();
        }
    }

    private async Task<int> SchoolsKnownAsync(string collection, CancellationToken cancellation)
    {
        var schools = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var row in table.Range(TableKey.From(collection), TableKey.Below("S"), cancellation, [TotalsRow.School])) schools.Add(row.GetString(TotalsRow.School));
        return schools.Count;
    }

    private static async Task ForEachAsync(AsyncPageable<TableEntity> rows, Action<TableEntity> action)
    {
        await foreach (var row in rows) action(row);
    }

    private static IEnumerable<T> Take<T>(Queue<T> queue, int most)
    {
        for (var taken = 0; taken < most && queue.TryDequeue(out var next); taken++) yield return next;
    }

    /// <summary>What a pass did about one response.</summary>
    private enum Remapped
    {
        Same,
        Recoded,
        Kept,
        ByOthers,
    }

    /// <summary>A delivery of a response, with the day it came on.</summary>
    private sealed record Arrival(CodedResponse Response, Receipt Receipt)
    {
        public string Day { get; } = TableKey.Day(Receipt.Received);

        public string Partition { get; } = TableKey.From(Response.Collection);

        public string Identity => Response.Identity;

        public string School => Response.Coding.School;

        public ResponseVersion Version => Response.Version;

        /// <summary>The same answers as those of this version.</summary>
        public Arrival As(ResponseVersion version) => this with { Response = Response with { Version = version } };
    }

    /// <summary>A school's totals, fence and markers as they were read.</summary>
    private sealed class Standing
    {
        public TableEntity? Fence { get; private set; }

        public Dictionary<string, TableEntity> Totals { get; } = new(StringComparer.Ordinal);

        public List<TableEntity> Markers { get; } = [];

        public void AddTotals(TableEntity row)
        {
            if (TotalsRow.IsFence(row))
                Fence = row;
            else
                Totals.Add(row.RowKey, row);
        }
    }

    private static class IdentityRow
    {
        public const string School = nameof(School);
        public const string Version = nameof(Version);
        public const string Receipt = nameof(Receipt);
        public const string StateColumn = State;
        private const string State = nameof(State);
        private const string Erased = "erased";
        private const string Instrument = nameof(Instrument);
        private const string InstrumentVersion = nameof(InstrumentVersion);

        public static string Key(string identity) => TableKey.From("I", identity);

        public static TableEntity First(Arrival arrival) => new(arrival.Partition, Key(arrival.Identity))
        {
            [State] = "live",
            ["Source"] = arrival.Response.Source,
            ["Day"] = arrival.Day,
            [Receipt] = arrival.Receipt.Id,
            ["Channel"] = arrival.Receipt.Channel.ToString(),
            [School] = arrival.School,
            [Version] = StorageJson.Write(arrival.Version),
            [Instrument] = arrival.Response.Instrument.Id,
            [InstrumentVersion] = arrival.Response.Instrument.Number,
        };

        /// <summary>Another version counts, or the same one with answers redacted anew; day, source and receipt stay those of the delivery that was accepted.</summary>
        public static TableEntity Counting(TableEntity row, Arrival arrival) => new(row)
        {
            [School] = arrival.School,
            [Version] = StorageJson.Write(arrival.Version),
            [Instrument] = arrival.Response.Instrument.Id,
            [InstrumentVersion] = arrival.Response.Instrument.Number,
        };

        /// <summary>Are the answers that count redacted by an older version of this instrument? Mapping them again does not change that.</summary>
        public static bool IsRedactedBefore(TableEntity row, InstrumentVersion instrument) =>
            row.GetString(Instrument) == instrument.Id && row.GetInt32(InstrumentVersion) < instrument.Number;

        /// <summary>The same version of the same response, at this school.</summary>
        public static TableEntity At(TableEntity row, string school) => new(row) { [School] = school };

        /// <summary>Nothing is left of the person; that one delivery was accepted on one day remains, or the counts would not add up.</summary>
        public static TableEntity Tombstone(TableEntity row)
        {
            var tombstone = new TableEntity(row) { [State] = Erased };
            foreach (var column in (string[])[School, Version, Instrument, InstrumentVersion]) tombstone.Remove(column);
            return tombstone;
        }

        public static bool IsTombstone(TableEntity row) => row.GetString(State) == Erased;
    }

    private static class ResponseRow
    {
        public const string School = nameof(School);
        public const string Version = nameof(Version);
        private const string Source = nameof(Source);
        private const string Instrument = nameof(Instrument);
        private const string InstrumentVersion = nameof(InstrumentVersion);

        public static string Key(string school, string identity) => TableKey.From("R", school, identity);

        public static TableEntity From(Arrival arrival)
        {
            var row = new TableEntity(arrival.Partition, Key(arrival.School, arrival.Identity))
            {
                [School] = arrival.School,
                [Version] = StorageJson.Write(arrival.Version),
            };
            var coding = StorageJson.Write(arrival.Response.Coding);
            if (coding.Length > MaxCoding) throw new ResponseTooLargeException(coding.Length, MaxCoding);
            Payload.Put(row, coding, "Coding");
            PutAnswers(row, arrival.Response, Payload.MaxBytes - coding.Length);
            return row;
        }

        public static void PutAnswers(TableEntity row, CodedResponse response, int most)
        {
            var answers = response.Answers.ToJson();
            if (answers.Length > most) throw new ResponseTooLargeException(answers.Length, most);
            row[Source] = response.Source;
            row[Instrument] = response.Instrument.Id;
            row[InstrumentVersion] = response.Instrument.Number;
            Payload.Put(row, answers);
        }

        public static string CodedBefore(InstrumentVersion newest) => TableClient.CreateQueryFilter($"Instrument eq {newest.Id} and InstrumentVersion lt {newest.Number}");

        public static bool IsCodedBefore(TableEntity row, InstrumentVersion newest) =>
            row.GetString(Instrument) == newest.Id && row.GetInt32(InstrumentVersion) < newest.Number;

        public static bool IsCodedAfter(TableEntity row, InstrumentVersion instrument) =>
            row.GetString(Instrument) == instrument.Id && row.GetInt32(InstrumentVersion) > instrument.Number;

        public static (string Source, RedactedAnswers Answers) Answers(TableEntity row) => (row.GetString(Source), RedactedAnswers.FromJson(Payload.Get(row)));

        /// <summary>The same answers with another coding; null when the row cannot hold it.</summary>
        public static TableEntity? Recoded(TableEntity before, string identity, Coding coding, InstrumentVersion by)
        {
            var bytes = StorageJson.Write(coding);
            var answers = Payload.Get(before);
            if (bytes.Length > MaxCoding || bytes.Length + answers.Length > Payload.MaxBytes) return null;
            var row = new TableEntity(before.PartitionKey, Key(coding.School, identity))
            {
                [School] = coding.School,
                [Version] = before[Version],
                [Source] = before[Source],
                [Instrument] = by.Id,
                [InstrumentVersion] = by.Number,
            };
            Payload.Put(row, bytes, "Coding");
            Payload.Put(row, answers);
            return row;
        }

        public static string Wave(TableEntity row) => StorageJson.ReadCoding(Payload.Get(row, "Coding")).Wave;

        public static bool CodedAlike(TableEntity a, TableEntity b) => Payload.Get(a, "Coding").AsSpan().SequenceEqual(Payload.Get(b, "Coding"));

        /// <summary>The row with the identity its key ends with.</summary>
        public static HeldResponse Held(TableEntity row)
        {
            var coding = StorageJson.ReadCoding(Payload.Get(row, "Coding"));
            return new HeldResponse(
                row.RowKey[(row.RowKey.LastIndexOf('~') + 1)..], row.GetString(Source), row.GetString(Instrument), coding.School, coding.Wave, coding.Respondent,
                StorageJson.ReadVersion(row.GetString(Version)).Submitted, AnswersLeft(row));
        }

        /// <summary>None where their time is over.</summary>
        public static RedactedAnswers AnswersLeft(TableEntity row) => Payload.IsIn(row) ? RedactedAnswers.FromJson(Payload.Get(row)) : new RedactedAnswers("", "", []);

        public static CountedResponse Counted(TableEntity row) =>
            new(StorageJson.ReadCoding(Payload.Get(row, "Coding")), StorageJson.ReadVersion(row.GetString(Version)).Submitted);
    }

    private static class HistoryRow
    {
        public const string Version = nameof(Version);

        public static HeldResponse Held(TableEntity row)
        {
            return new HeldResponse(
                row.RowKey.Split('~')[1], row.GetString("Source"), row.GetString("Instrument"), null, null, null,
                StorageJson.ReadVersion(row.GetString(Version)).Submitted, ResponseRow.AnswersLeft(row));
        }

        public static string Key(string identity, string hash) => TableKey.From("H", identity, hash);

        public static TableEntity From(Arrival arrival)
        {
            var row = new TableEntity(arrival.Partition, Key(arrival.Identity, arrival.Version.Hash)) { [Version] = StorageJson.Write(arrival.Version) };
            ResponseRow.PutAnswers(row, arrival.Response, Payload.MaxBytes);
            return row;
        }

        public static TableEntity From(TableEntity response, string identity, ResponseVersion version)
        {
            var row = new TableEntity(response.PartitionKey, Key(identity, version.Hash)) { [Version] = StorageJson.Write(version) };
            foreach (var column in (string[])["Source", "Instrument", "InstrumentVersion"]) row[column] = response[column];
            Payload.Copy(response, row);
            return row;
        }
    }

    private static class MarkerRow
    {
        public const string School = nameof(School);

        public static readonly string[] Columns = [.. KeysOnly, Moved, Wave, Trace];

        /// <summary>
        /// What was being done when the school changed, where that is traced: a few bytes in a row that is written anyway (docs/decisions/0017).
        /// </summary>
        public const string Trace = nameof(Trace);
        private const string Moved = nameof(Moved);
        private const string Wave = nameof(Wave);

        /// <summary>Marks a school; <paramref name="movement"/> null: what moved it is counted by another marker.</summary>
        public static TableEntity For(string partition, string school, Movement? movement, string wave) =>
            new(partition, TableKey.From("P", school, Guid.NewGuid().ToString("N")))
            {
                [School] = school,
                [Moved] = movement?.ToString(),
                [Wave] = wave,
                [Trace] = Signals.Trace,
            };

        public static void Count(TableEntity row, SortedDictionary<string, Movements> movements)
        {
            if (row.GetString(Moved) is not { } moved) return;
            var wave = row.GetString(Wave);
            movements[wave] = movements.GetValueOrDefault(wave, new Movements()).Plus(Enum.Parse<Movement>(moved));
        }
    }

    private static class TotalsRow
    {
        public const string School = nameof(School);

        private const string Moved = nameof(Moved);

        public static TableEntity From(string partition, SchoolTotals totals)
        {
            var row = new TableEntity(partition, TableKey.From("S", totals.School, totals.Wave)) { [School] = totals.School };
            Payload.Put(row, JsonSerializer.SerializeToUtf8Bytes(totals, TotalsJson.Default.SchoolTotals));
            return row;
        }

        /// <summary>The empty wave: first of the school's rows, so that a read that spans two pages cannot see it newer than a total.</summary>
        public static TableEntity Fence(string partition, string school, SortedDictionary<string, Movements> movements) => new(partition, TableKey.From("S", school, ""))
        {
            [School] = school,
            [Moved] = JsonSerializer.Serialize(movements, StorageJson.Default.SortedDictionaryStringMovements),
        };

        /// <summary>What moved the school so far, by wave; empty before its first recompute.</summary>
        public static SortedDictionary<string, Movements> Movements(TableEntity? fence) =>
            new(fence?.GetString(Moved) is { } json ? JsonSerializer.Deserialize(json, StorageJson.Default.SortedDictionaryStringMovements)! : [], StringComparer.Ordinal);

        public static void AddMovements(TableEntity fence, SortedDictionary<string, Movements> sum)
        {
            foreach (var (wave, moved) in Movements(fence)) sum[wave] = sum.GetValueOrDefault(wave, new Movements()).Plus(moved);
        }

        public static bool IsFence(TableEntity row) => !Payload.IsIn(row);

        public static SchoolTotals Totals(TableEntity row) => JsonSerializer.Deserialize(Payload.Get(row), TotalsJson.Default.SchoolTotals)!;
    }

    private static class ProgressRow
    {
        public static TableEntity From(string partition, RemapProgress progress) => new(partition, TableKey.From("M", progress.Instrument.Id))
        {
            ["Instrument"] = progress.Instrument.Id,
            ["InstrumentVersion"] = progress.Instrument.Number,
            ["Began"] = progress.Began,
            ["Settled"] = progress.Settled,
        };

        public static RemapProgress Progress(TableEntity row) => new(
            new InstrumentVersion(row.GetString("Instrument"), row.GetInt32("InstrumentVersion")!.Value),
            row.GetDateTimeOffset("Began")!.Value, row.GetBoolean("Settled")!.Value);
    }

    private static class WordingRow
    {
        private const string Indicator = nameof(Indicator);

        public static string Key(SeenWording wording) => TableKey.From("W", wording.Instrument, wording.Indicator, wording.Wording);

        public static TableEntity From(string partition, SeenWording wording)
        {
            var row = new TableEntity(partition, Key(wording)) { [Indicator] = wording.Indicator };
            Payload.Put(row, JsonSerializer.SerializeToUtf8Bytes(wording.ForPeople(), StorageJson.Default.SeenWording));
            return row;
        }

        public static string IndicatorOf(TableEntity row) => row.GetString(Indicator);

        public static SeenWording Seen(TableEntity row) => JsonSerializer.Deserialize(Payload.Get(row), StorageJson.Default.SeenWording)!;
    }

    private static class FateRow
    {
        public const string FateColumn = "Fate";

        public static string Key(Arrival arrival) => TableKey.From("D", arrival.Day, arrival.Identity, arrival.Receipt.Id);

        public static TableEntity From(Arrival arrival, Fate fate) => new(arrival.Partition, Key(arrival))
        {
            ["Source"] = arrival.Response.Source,
            ["Day"] = arrival.Day,
            ["Channel"] = arrival.Receipt.Channel.ToString(),
            [FateColumn] = fate.ToString(),
        };

        public static Fate Fate(TableEntity row) => Enum.Parse<Fate>(row.GetString(FateColumn));
    }
}
