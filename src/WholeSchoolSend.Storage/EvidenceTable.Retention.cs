using Azure;
using Azure.Data.Tables;
using WholeSchoolSend.Core.Retention;
using static WholeSchoolSend.Storage.TableRead;

namespace WholeSchoolSend.Storage;

/// <content>Answers whose time is over.</content>
public sealed partial class EvidenceTable : IExpiringAnswers
{
    /// <inheritdoc/>
    /// <remarks>Codes, versions and hashes stay, so nothing that is counted moves, and what comes again is still known. Nothing is mapped anew after it.</remarks>
    public async Task<int> ExpireAnswersAsync(string collection, IReadOnlySet<string> waves, CancellationToken cancellation)
    {
        var partition = TableKey.From(collection);
        var (gone, over) = (0, new HashSet<string>(StringComparer.Ordinal));
        var batch = new List<TableTransactionAction>();
        await foreach (var row in table.Range(partition, TableKey.Below("R"), cancellation))
        {
            if (!waves.Contains(ResponseRow.Wave(row))) continue;
            over.Add(row.RowKey[(row.RowKey.LastIndexOf('~') + 1)..]);
            if (Payload.IsIn(row)) await AddAsync(row);
        }
        await foreach (var row in table.Range(partition, TableKey.Below("H"), cancellation))
            if (Payload.IsIn(row) && over.Contains(row.RowKey.Split('~')[1])) await AddAsync(row);
        await SubmitAsync();
        return gone;

        async Task AddAsync(TableEntity row)
        {
            batch.Add(Replace(Payload.Without(row), row.ETag));
            // Answers are gone from what is sent: a hundred rows with their codes fit.
            if (batch.Count == TableTransaction.MaxActions) await SubmitAsync();
        }

        async Task SubmitAsync()
        {
            foreach (var some in TableTransaction.InBatches(batch))
            {
                try
                {
                    await table.SubmitAsync(some, cancellation);
                    gone += some.Count;
                }
                catch (RequestFailedException conflict) when (StorageResilience.SomebodyElseWasFirst(conflict))
                {
                    // One of them moved: the next run meets them as they are then.
                }
            }
            batch.Clear();
        }
    }
}
