using System.Runtime.CompilerServices;
using Azure;
using Azure.Data.Tables;

namespace WholeSchoolSend.Storage;

/// <summary>The ways rows are read: one by its key, a range of one partition in key order, or partitions that lie side by side. Nothing scans a table.</summary>
internal static class TableRead
{
    /// <summary>Columns that name a row and let it be deleted.</summary>
    public static readonly string[] KeysOnly = ["PartitionKey", "RowKey", "Timestamp"];

    public static async Task<TableEntity?> FindAsync(
        this TableClient table, string partition, string row, CancellationToken cancellation, IEnumerable<string>? columns = null)
    {
        var found = await table.GetEntityIfExistsAsync<TableEntity>(partition, row, columns, cancellation);
        return found.HasValue ? found.Value : null;
    }

    public static AsyncPageable<TableEntity> Range(
        this TableClient table, string partition, (string From, string To) rows, CancellationToken cancellation, IEnumerable<string>? columns = null) =>
        table.QueryAsync<TableEntity>(
            TableClient.CreateQueryFilter($"PartitionKey eq {partition} and RowKey ge {rows.From} and RowKey lt {rows.To}"),
            select: columns, cancellationToken: cancellation);

    /// <summary>A range as well, all of which is read, but only what fits is sent.</summary>
    /// <param name="fits">made by <see cref="TableClient.CreateQueryFilter(FormattableString)"/>.</param>
    public static AsyncPageable<TableEntity> RangeThatFits(
        this TableClient table, string partition, (string From, string To) rows, string fits, CancellationToken cancellation, IEnumerable<string>? columns = null) =>
        table.QueryAsync<TableEntity>(
            $"{TableClient.CreateQueryFilter($"PartitionKey eq {partition} and RowKey ge {rows.From} and RowKey lt {rows.To}")} and {fits}",
            select: columns, cancellationToken: cancellation);

    /// <summary>Rows of several partitions that lie side by side, in key order; only what fits is sent.</summary>
    /// <param name="partitions">from and to, both included.</param>
    public static AsyncPageable<TableEntity> PartitionsThatFit(
        this TableClient table, (string From, string To) partitions, string fits, CancellationToken cancellation, IEnumerable<string>? columns = null) =>
        table.QueryAsync<TableEntity>(
            $"{TableClient.CreateQueryFilter($"PartitionKey ge {partitions.From} and PartitionKey le {partitions.To}")} and {fits}",
            select: columns, cancellationToken: cancellation);

    /// <summary>Keys of all partitions: one request for each, which skips over what is in it.</summary>
    public static async IAsyncEnumerable<string> PartitionKeysAsync(this TableClient table, [EnumeratorCancellation] CancellationToken cancellation)
    {
        for (string? last = ""; last is not null;)
        {
            string? next = null;
            await foreach (var row in table.QueryAsync<TableEntity>(
                TableClient.CreateQueryFilter($"PartitionKey gt {last}"), maxPerPage: 1, select: KeysOnly, cancellationToken: cancellation))
            {
                next = row.PartitionKey;
                break;
            }
            if (next is not null) yield return next;
            last = next;
        }
    }

    public static AsyncPageable<TableEntity> Partition(
        this TableClient table, string partition, CancellationToken cancellation, IEnumerable<string>? columns = null) =>
        table.QueryAsync<TableEntity>(
            TableClient.CreateQueryFilter($"PartitionKey eq {partition}"), select: columns, cancellationToken: cancellation);

    public static async Task<List<T>> ListAsync<T>(this AsyncPageable<TableEntity> rows, Func<TableEntity, T> row)
    {
        var list = new List<T>();
        await foreach (var entity in rows) list.Add(row(entity));
        return list;
    }

    public static TableTransactionAction Add(TableEntity row) => new(TableTransactionActionType.Add, row);

    public static TableTransactionAction Replace(TableEntity row, ETag before) => new(TableTransactionActionType.UpdateReplace, row, before);

    public static TableTransactionAction Delete(TableEntity row) => new(TableTransactionActionType.Delete, row, row.ETag);
}
