using System.Collections.Concurrent;
using Azure.Data.Tables;
using WholeSchoolSend.Core.Webhooks.Vendors;
using static WholeSchoolSend.Storage.TableRead;

namespace WholeSchoolSend.Storage;

public sealed partial class EvidenceTable : IKnownResponses
{
    // A page of a range holds a thousand rows; so many single reads cost about what the range of a collection of usual size does.
    private const int WorthARange = 40;

    private static readonly string[] KnownColumns = [.. KeysOnly, IdentityRow.Version, IdentityRow.StateColumn];

    /// <inheritdoc/>
    public async Task<IReadOnlyDictionary<string, KnownResponse>> FindAsync(string collection, IReadOnlyCollection<string> identities, CancellationToken cancellation)
    {
        var partition = TableKey.From(collection);
        var wanted = identities.ToDictionary(IdentityRow.Key, identity => identity, StringComparer.Ordinal);
        var found = new ConcurrentDictionary<string, KnownResponse>(StringComparer.Ordinal);
        if (wanted.Count > WorthARange)
        {
            await ForEachAsync(table.Range(partition, TableKey.Below("I"), cancellation, KnownColumns), Take);
            return found;
        }
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = cancellation };
        await Parallel.ForEachAsync(wanted.Keys, parallel, async (key, token) =>
        {
            if (await table.FindAsync(partition, key, token, KnownColumns) is { } row) Take(row);
        });
        return found;

        void Take(TableEntity row)
        {
            if (wanted.TryGetValue(row.RowKey, out var identity))
                found[identity] = new KnownResponse(IdentityRow.IsTombstone(row) ? null : StorageJson.ReadVersion(row.GetString(IdentityRow.Version)));
        }
    }
}
