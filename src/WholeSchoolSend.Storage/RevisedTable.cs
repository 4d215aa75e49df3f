using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Azure;
using Azure.Data.Tables;
using static WholeSchoolSend.Storage.TableRead;

namespace WholeSchoolSend.Storage;

/// <summary>
/// Documents of operators in one partition: there are a few dozen, they are read together, and a revision that becomes the newest goes into the history in
/// the same transaction, so that what was said when can be looked up.
/// </summary>
/// <param name="id">of a document.</param>
/// <param name="revision">counts its writes from 1.</param>
/// <remarks><c>N~{id}</c> the newest revision · <c>H~{id}~{revision}</c> every one of them.</remarks>
public abstract class RevisedTable<T>(TableClient table, string partition, JsonTypeInfo<T> type, Func<T, string> id, Func<T, int> revision)
    where T : class
{
    /// <summary>The newest revision of each, by id.</summary>
    public async Task<IReadOnlyList<T>> AllAsync(CancellationToken cancellation) =>
        [.. (await table.Range(partition, TableKey.Below("N"), cancellation).ListAsync(Read)).OrderBy(id, StringComparer.Ordinal)];

    /// <summary>The newest revision; null when there is none.</summary>
    public async Task<T?> FindAsync(string id, CancellationToken cancellation) =>
        await table.FindAsync(partition, TableKey.From("N", id), cancellation) is { } row ? Read(row) : null;

    /// <summary>Writes a document whose revision is one more than the stored one (1: not stored yet); false when somebody else was first.</summary>
    public async Task<bool> PutAsync(T document, CancellationToken cancellation)
    {
        var row = Row(TableKey.From("N", id(document)), document);
        var before = await table.FindAsync(partition, row.RowKey, cancellation);
        if ((before is null ? 0 : revision(Read(before))) == revision(document) - 1)
        {
            try
            {
                await table.SubmitAsync(
                    [before is null ? Add(row) : Replace(row, before.ETag), Add(Row(TableKey.From("H", id(document), TableKey.Number(revision(document))), document))], cancellation);
                return true;
            }
            catch (RequestFailedException conflict) when (StorageResilience.SomebodyElseWasFirst(conflict))
            {
            }
        }
        // First was somebody else, or ourselves when the answer to our own write was lost: then what is stored is ours word for word.
        var stored = await table.FindAsync(partition, row.RowKey, cancellation);
        return stored is not null && Payload.Get(stored).AsSpan().SequenceEqual(Payload.Get(row));
    }

    private TableEntity Row(string key, T document)
    {
        var row = new TableEntity(partition, key) { ["Revision"] = revision(document) };
        Payload.Put(row, JsonSerializer.SerializeToUtf8Bytes(document, type));
        return row;
    }

    private T Read(TableEntity row) => JsonSerializer.Deserialize(Payload.Get(row), type)!;
}
