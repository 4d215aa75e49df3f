using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Azure.Data.Tables;
using WholeSchoolSend.Core.Polls;
using static WholeSchoolSend.Storage.TableRead;

namespace WholeSchoolSend.Storage;

/// <summary>
/// Rows of register files that are only ever read all together: a version is a partition, and a row of it holds a thousand of them. The register's
/// fifty thousand schools are so fifty rows, written and read in a handful of requests; one by one they took 500 to write, 500 to remove and 50 to read.
/// </summary>
/// <param name="key">orders the rows of a version.</param>
public sealed class PackedTable<T>(TableClient table, StorageResilience resilience, JsonTypeInfo<T> json, Func<T, string> key) : IVersionedRows<T>
{
    private const int InARow = 1_000;

    /// <summary>A thousand rows of six hundred bytes; longer ones begin the next row earlier. Azurite counts the mebibyte of a row in base64.</summary>
    private const int BytesInARow = 600 * 1024;

    /// <inheritdoc/>
    public async Task WriteAsync(string version, IEnumerable<T> rows, CancellationToken cancellation)
    {
        // In the same order whoever writes, so that the same rows are packed the same way.
        var ordered = rows.OrderBy(key, StringComparer.Ordinal);
        foreach (var batch in TableTransaction.InBatches(Packed(TableKey.From(version), ordered))) await table.SubmitUnconditionallyAsync(batch, cancellation);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<T>> ReadAsync(string version, CancellationToken cancellation)
    {
        var all = new List<T>();
        await foreach (var row in table.Partition(TableKey.From(version), cancellation))
        {
            var packed = new Utf8JsonReader(Payload.Get(row));
            packed.Read();
            while (packed.Read() && packed.TokenType != JsonTokenType.EndArray) all.Add(JsonSerializer.Deserialize(ref packed, json)!);
        }
        return all;
    }

    /// <inheritdoc/>
    public Task DeleteAsync(string version, CancellationToken cancellation) =>
        resilience.DecideAsync(
            async token =>
            {
                var rows = await table.Partition(TableKey.From(version), token, KeysOnly).ListAsync(Delete);
                foreach (var batch in TableTransaction.InBatches(rows)) await table.SubmitAsync(batch, token);
            },
            cancellation);

    private IEnumerable<TableTransactionAction> Packed(string partition, IEnumerable<T> rows)
    {
        using var buffer = new MemoryStream();
        var (count, number) = (0, 0);
        foreach (var row in rows)
        {
            var bytes = JsonSerializer.SerializeToUtf8Bytes(row, json);
            if (count == InARow || (count > 0 && buffer.Length + bytes.Length > BytesInARow)) yield return Take();
            buffer.WriteByte(count == 0 ? (byte)'[' : (byte)',');
            buffer.Write(bytes);
            count++;
        }
        if (count > 0) yield return Take();

        TableTransactionAction Take()
        {
            buffer.WriteByte((byte)']');
            var entity = new TableEntity(partition, TableKey.Number(number++));
            Payload.Put(entity, buffer.ToArray());
            buffer.SetLength(0);
            count = 0;
            return new TableTransactionAction(TableTransactionActionType.UpsertReplace, entity);
        }
    }
}
