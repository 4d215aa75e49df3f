using System.Text.Json;
using Azure;
using Azure.Data.Tables;
using WholeSchoolSend.Core.Operations;
using static WholeSchoolSend.Storage.TableRead;
using Operation = WholeSchoolSend.Core.Operations.Operation;

namespace WholeSchoolSend.Storage;

/// <summary>
/// What operators did, in one partition, the newest first: some thousand rows a year. Begin and end are two rows, each only ever added, so that
/// nothing that is written here is written over.
/// </summary>
/// <remarks><c>{id}~0</c> what began · <c>{id}~1</c> how it ended.</remarks>
public sealed class OperationsTable(TableClient table) : IOperations
{
    private const string Partition = "operations";

    /// <inheritdoc/>
    public Task BeginAsync(Operation operation, CancellationToken cancellation) =>
        AddAsync(TableKey.From(operation.Id, "0"), JsonSerializer.SerializeToUtf8Bytes(operation, OperationsJson.Default.Operation), cancellation);

    /// <inheritdoc/>
    public Task EndAsync(string id, OperationEnd end, CancellationToken cancellation) =>
        AddAsync(TableKey.From(id, "1"), JsonSerializer.SerializeToUtf8Bytes(end, OperationsJson.Default.OperationEnd), cancellation);

    /// <inheritdoc/>
    public async Task<OperationPage> ListAsync(int most, string? after, CancellationToken cancellation)
    {
        var lines = new List<OperationLine>();
        Operation? open = null;
        var from = after is null ? "" : TableKey.From(after, "1");
        await foreach (var row in table.QueryAsync<TableEntity>(
            TableClient.CreateQueryFilter($"PartitionKey eq {Partition} and RowKey gt {from}"), (2 * most) + 2, cancellationToken: cancellation))
        {
            if (row.RowKey.EndsWith("~1", StringComparison.Ordinal))
            {
                if (open is null) continue;   // Its beginning went with retention, at this moment.
                lines.Add(OperationLine.From(open, JsonSerializer.Deserialize(Payload.Get(row), OperationsJson.Default.OperationEnd)));
                open = null;
                continue;
            }
            if (open is not null) lines.Add(OperationLine.From(open, null));
            if (lines.Count == most) return new OperationPage(lines, lines[^1].Id);
            open = JsonSerializer.Deserialize(Payload.Get(row), OperationsJson.Default.Operation)!;
        }
        if (open is not null) lines.Add(OperationLine.From(open, null));
        return new OperationPage(lines, null);
    }

    /// <inheritdoc/>
    public async Task<int> ExpireAsync(DateTimeOffset before, CancellationToken cancellation)
    {
        var rows = await table.QueryAsync<TableEntity>(
            TableClient.CreateQueryFilter($"PartitionKey eq {Partition} and RowKey gt {TableKey.NewestFirst(before)}"), select: KeysOnly, cancellationToken: cancellation).ListAsync(row => row);
        foreach (var batch in TableTransaction.InBatches(rows.Select(Delete))) await table.SubmitAsync(batch, cancellation);
        return rows.Count(row => row.RowKey.EndsWith("~0", StringComparison.Ordinal));
    }

    private async Task AddAsync(string key, byte[] json, CancellationToken cancellation)
    {
        var row = new TableEntity(Partition, key);
        Payload.Put(row, json);
        try
        {
            await table.SubmitAsync([Add(row)], cancellation);
        }
        catch (RequestFailedException conflict) when (conflict.Status == 409 && StorageResilience.SomebodyElseWasFirst(conflict))
        {
            // Ourselves: an id is of one call.
        }
    }
}
