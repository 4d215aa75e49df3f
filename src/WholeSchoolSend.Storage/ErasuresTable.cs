using System.Text.Json;
using Azure;
using Azure.Data.Tables;
using WholeSchoolSend.Core.Erasures;
using static WholeSchoolSend.Storage.TableRead;

namespace WholeSchoolSend.Storage;

/// <summary>
/// Erasures in one partition, <c>E</c>, because every instance reads all of them every few seconds; the identities they erased in another, <c>T</c>, which
/// is read only when an erasure changed. Neither holds a key, an e-mail address or a vendor's id.
/// </summary>
public sealed class ErasuresTable(TableClient table, StorageResilience resilience) : IErasures
{
    private const string Erasures = "E";
    private const string Tombstones = "T";
    private const string By = nameof(By);

    /// <inheritdoc/>
    public Task<Erasure> AddAsync(Erasure erasure, CancellationToken cancellation) => resilience.DecideAsync(
        async token =>
        {
            if (await FindAsync(erasure.Id, token) is { } before) return before;
            await table.SubmitAsync([Add(Row(erasure))], token);
            return erasure;
        },
        cancellation);

    /// <inheritdoc/>
    public async Task<Erasure?> FindAsync(string id, CancellationToken cancellation) =>
        await table.FindAsync(Erasures, TableKey.From(id), cancellation) is { } row ? Read(row) : null;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<Erasure>> AllAsync(CancellationToken cancellation) =>
        [.. (await table.Partition(Erasures, cancellation).ListAsync(Read)).OrderByDescending(erasure => erasure.Requested).ThenBy(erasure => erasure.Id, StringComparer.Ordinal)];

    /// <inheritdoc/>
    public Task<Erasure> ChangeAsync(string id, Func<Erasure, Erasure> change, CancellationToken cancellation) => resilience.DecideAsync(
        async token =>
        {
            var row = await table.FindAsync(Erasures, TableKey.From(id), token) ?? throw new InvalidOperationException("An erasure went while it was at work.");
            var before = Read(row);
            var after = change(before);
            if (ReferenceEquals(after, before)) return before;
            after = after with { Revision = before.Revision + 1 };
            await table.SubmitAsync([Replace(Row(after), row.ETag)], token);
            return after;
        },
        cancellation);

    /// <inheritdoc/>
    public async Task KeepTombstoneAsync(string identity, string erasure, CancellationToken cancellation)
    {
        try
        {
            await table.SubmitAsync([Add(new TableEntity(Tombstones, TableKey.From(identity)) { [By] = erasure })], cancellation);
        }
        catch (RequestFailedException conflict) when (conflict.Status == 409 && StorageResilience.SomebodyElseWasFirst(conflict))
        {
            // Erased is erased, by whichever request.
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyDictionary<string, string>> TombstonesAsync(CancellationToken cancellation)
    {
        var tombstones = new Dictionary<string, string>(StringComparer.Ordinal);
        await foreach (var row in table.Partition(Tombstones, cancellation)) tombstones.Add(row.RowKey, row.GetString(By));
        return tombstones;
    }

    /// <inheritdoc/>
    public Task DeleteAsync(string id, CancellationToken cancellation) => resilience.DecideAsync(
        async token =>
        {
            if (await table.FindAsync(Erasures, TableKey.From(id), token, KeysOnly) is { } row) await table.SubmitAsync([Delete(row)], token);
        },
        cancellation);

    private static TableEntity Row(Erasure erasure)
    {
        var row = new TableEntity(Erasures, TableKey.From(erasure.Id));
        Payload.Put(row, JsonSerializer.SerializeToUtf8Bytes(erasure, StorageJson.Default.Erasure));
        return row;
    }

    private static Erasure Read(TableEntity row) => JsonSerializer.Deserialize(Payload.Get(row), StorageJson.Default.Erasure)!;
}
