using System.Runtime.CompilerServices;
using Azure;
using WholeSchoolSend.Core.Erasures;
using static WholeSchoolSend.Storage.TableRead;

namespace WholeSchoolSend.Storage;

/// <content>Evidence looked through for somebody who is to be erased: there is no index by person, because it would be one more copy of them.</content>
public sealed partial class EvidenceTable : IHeldEvidence
{
    /// <inheritdoc/>
    public async IAsyncEnumerable<HeldResponse> AllAsync(string collection, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var partition = TableKey.From(collection);
        await foreach (var row in table.Range(partition, TableKey.Below("R"), cancellation)) yield return ResponseRow.Held(row);
        await foreach (var row in table.Range(partition, TableKey.Below("H"), cancellation)) yield return HistoryRow.Held(row);
    }

    /// <inheritdoc/>
    public async Task<int> EraseWordsAsync(string collection, Func<string, bool> holds, CancellationToken cancellation)
    {
        var erased = 0;
        await foreach (var row in table.Range(TableKey.From(collection), TableKey.Below("W"), cancellation))
        {
            var seen = WordingRow.Seen(row);
            if (!seen.Options.Prepend(seen.Text ?? "").Any(holds)) continue;
            try
            {
                await table.SubmitAsync([Replace(WordingRow.From(row.PartitionKey, seen with { Text = null, Options = [] }), row.ETag)], cancellation);
                erased++;
            }
            catch (RequestFailedException conflict) when (StorageResilience.SomebodyElseWasFirst(conflict))
            {
                // Another sweep at the same moment: words are only ever added where there are none.
            }
        }
        return erased;
    }
}
