using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Azure.Data.Tables;
using WholeSchoolSend.Core.Polls;
using static WholeSchoolSend.Storage.TableRead;

namespace WholeSchoolSend.Storage;

/// <summary>
/// Rows of poll and register files: a version is a partition, so it is written in transactions of 100 and read in one range. A version is
/// unique to one drop and its rows follow from the file, so it does not matter who writes them, or how often: they are written over.
/// </summary>
/// <param name="key">names a row within its version.</param>
public sealed class VersionedTable<T>(TableClient table, StorageResilience resilience, JsonTypeInfo<T> json, Func<T, string> key) : IVersionedRows<T>
{
    // Azure answers a transaction in 10 to 50 ms and takes 2,000 rows a second in a partition: four at a time keep it busy.
    private const int AtATime = 4;

    /// <inheritdoc/>
    public Task WriteAsync(string version, IEnumerable<T> rows, CancellationToken cancellation)
    {
        var partition = TableKey.From(version);
        var upserts = rows.Select(row => new TableTransactionAction(TableTransactionActionType.UpsertReplace, Row(partition, row)));
        return Parallel.ForEachAsync(
            TableTransaction.InBatches(upserts), Few(cancellation),
            async (batch, token) => await table.SubmitUnconditionallyAsync(batch, token));
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<T>> ReadAsync(string version, CancellationToken cancellation) =>
        await table.Partition(TableKey.From(version), cancellation).ListAsync(row => JsonSerializer.Deserialize(Payload.Get(row), json)!);

    /// <inheritdoc/>
    public Task DeleteAsync(string version, CancellationToken cancellation) =>
        resilience.DecideAsync(
            async token =>
            {
                var rows = await table.Partition(TableKey.From(version), token, KeysOnly).ListAsync(Delete);
                await Parallel.ForEachAsync(
                    TableTransaction.InBatches(rows), Few(token), async (batch, inner) => await table.SubmitAsync(batch, inner));
            },
            cancellation);

    private static ParallelOptions Few(CancellationToken cancellation) => new() { MaxDegreeOfParallelism = AtATime, CancellationToken = cancellation };

    private TableEntity Row(string partition, T row)
    {
        var entity = new TableEntity(partition, key(row));
        Payload.Put(entity, JsonSerializer.SerializeToUtf8Bytes(row, json));
        return entity;
    }
}
