using System.Runtime.CompilerServices;
using System.Text.Json;
using Azure;
using Azure.Data.Tables;
using WholeSchoolSend.Core.Kpis;
using static WholeSchoolSend.Storage.TableRead;

namespace WholeSchoolSend.Storage;

/// <content>Stored totals held against the responses they are of.</content>
public sealed partial class EvidenceTable
{
    // Looked at so often without finding it still, a school is under constant change and tomorrow's audit has it.
    private const int LooksAtASchool = 3;

    /// <inheritdoc/>
    /// <remarks>
    /// Totals and responses of a collection are two ranges, both by school: they are read side by side, one school in memory at a time. A page of one is
    /// read at another moment than a page of the other, so what differs there is only suspected, and looked at by itself.
    /// </remarks>
    public async IAsyncEnumerable<AuditedSchool> AuditAsync(
        string collection, Func<IReadOnlyList<CountedResponse>, IReadOnlyList<SchoolTotals>> totals, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var partition = TableKey.From(collection);
        await using var stored = BySchoolAsync(table.Range(partition, TableKey.Below("S"), cancellation), TotalsRow.School).GetAsyncEnumerator(cancellation);
        await using var counted = BySchoolAsync(table.Range(partition, TableKey.Below("R"), cancellation, [.. CodingOnly, ResponseRow.School]), ResponseRow.School)
            .GetAsyncEnumerator(cancellation);
        var (hasStored, hasCounted) = (await stored.MoveNextAsync(), await counted.MoveNextAsync());
        while (hasStored || hasCounted)
        {
            var order = !hasStored ? 1 : !hasCounted ? -1 : string.CompareOrdinal(stored.Current.Key, counted.Current.Key);
            var school = order <= 0 ? stored.Current.School : counted.Current.School;
            var (rows, responses) = (order <= 0 ? stored.Current.Rows : [], order >= 0 ? counted.Current.Rows : []);
            yield return Differing(partition, rows, totals([.. responses.Select(ResponseRow.Counted)])).Count == 0
                ? new AuditedSchool(school, false, [])
                : await LookAsync(partition, school, totals, cancellation);
            if (order <= 0) hasStored = await stored.MoveNextAsync();
            if (order >= 0) hasCounted = await counted.MoveNextAsync();
        }
    }

    /// <inheritdoc/>
    public Task MarkAsync(string collection, string school, CancellationToken cancellation)
    {
        // No evidence moved.
        var marker = MarkerRow.For(TableKey.From(collection), school, movement: null, wave: "");
        return resilience.DecideAsync(
            async token =>
            {
                try
                {
                    await table.SubmitAsync([Add(marker)], token);
                }
                catch (RequestFailedException conflict) when (StorageResilience.SomebodyElseWasFirst(conflict))
                {
                    // Nobody else knows this marker: an answer of our own was lost.
                }
                return true;
            },
            cancellation);
    }

    /// <summary>
    /// Looks at one school until it stood still. Every change to its responses leaves a marker, and a marker goes only with a new fence. So where
    /// the fence is the same before the responses were read and after the markers were, and there is no marker, nothing moved in between: the
    /// totals should be those of these responses.
    /// </summary>
    private async Task<AuditedSchool> LookAsync(
        string partition, string school, Func<IReadOnlyList<CountedResponse>, IReadOnlyList<SchoolTotals>> totals, CancellationToken cancellation)
    {
        for (var look = 0; look < LooksAtASchool; look++)
        {
            var stored = await table.Range(partition, TableKey.Below("S", school), cancellation).ListAsync(row => row);
            var responses = await table.Range(partition, TableKey.Below("R", school), cancellation, CodingOnly).ListAsync(ResponseRow.Counted);
            var markers = await table.Range(partition, TableKey.Below("P", school), cancellation, KeysOnly).ListAsync(row => row);
            if (markers.Count > 0) break;
            var after = await table.Range(partition, TableKey.Below("S", school), cancellation).ListAsync(row => row);
            if (after.Select(Version).SequenceEqual(stored.Select(Version))) return new AuditedSchool(school, false, Differing(partition, stored, totals(responses)));
        }
        return new AuditedSchool(school, true, []);

        static (string Key, ETag ETag) Version(TableEntity row) => (row.RowKey, row.ETag);
    }

    private static List<TotalsPair> Differing(string partition, IReadOnlyList<TableEntity> stored, IReadOnlyList<SchoolTotals> rebuilt)
    {
        var left = stored.Where(row => !TotalsRow.IsFence(row)).ToDictionary(row => row.RowKey, StringComparer.Ordinal);
        var differing = new List<TotalsPair>();
        foreach (var total in rebuilt)
        {
            var row = TotalsRow.From(partition, total);
            if (!left.Remove(row.RowKey, out var before)) differing.Add(new TotalsPair(total.Wave, null, total));
            else if (!Payload.Get(before).AsSpan().SequenceEqual(Payload.Get(row))) differing.Add(new TotalsPair(total.Wave, Readable(before), total));
        }
        differing.AddRange(left.Values.Select(row => new TotalsPair(row.RowKey[(row.RowKey.LastIndexOf('~') + 1)..], Readable(row), null)));
        return differing;
    }

    /// <summary>Totals that were spoilt may not even be totals.</summary>
    private static SchoolTotals? Readable(TableEntity row)
    {
        try
        {
            return TotalsRow.Totals(row);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The rows of one school at a time, with what their keys begin with behind the kind of row.</summary>
    private static async IAsyncEnumerable<(string Key, string School, List<TableEntity> Rows)> BySchoolAsync(AsyncPageable<TableEntity> rows, string column)
    {
        var (school, gathered) = ("", new List<TableEntity>());
        await foreach (var row in rows)
        {
            var next = row.GetString(column);
            if (gathered.Count > 0 && next != school)
            {
                yield return (KeyOf(school), school, gathered);
                gathered = [];
            }
            school = next;
            gathered.Add(row);
        }
        if (gathered.Count > 0) yield return (KeyOf(school), school, gathered);

        static string KeyOf(string school) => TableKey.From(school) + "~";
    }
}
