using System.Text.Json;
using Azure;
using Azure.Data.Tables;
using WholeSchoolSend.Core.Schools;
using static WholeSchoolSend.Storage.TableRead;

namespace WholeSchoolSend.Storage;

/// <summary>Waves in one partition, a row each: there are a few dozen, and they are always read together.</summary>
public sealed class WavesTable(TableClient table) : IWaves
{
    private const string Waves = "waves";

    /// <inheritdoc/>
    public async Task<IReadOnlyList<WaveState>> AllAsync(CancellationToken cancellation)
    {
        var all = await table.Partition(Waves, cancellation).ListAsync(WaveRow.Wave);
        return [.. all.OrderBy(state => state.Wave.From).ThenBy(state => state.Id, StringComparer.Ordinal)];
    }

    /// <inheritdoc/>
    public async Task<WaveState?> FindAsync(string id, CancellationToken cancellation) =>
        await table.FindAsync(Waves, TableKey.From(id), cancellation) is { } row ? WaveRow.Wave(row) : null;

    /// <inheritdoc/>
    public async Task<bool> PutAsync(WaveState wave, CancellationToken cancellation)
    {
        var row = WaveRow.From(wave);
        var before = wave.Revision == 1 ? null : await table.FindAsync(Waves, row.RowKey, cancellation);
        if (wave.Revision == 1 || (before is not null && WaveRow.Wave(before).Revision == wave.Revision - 1))
        {
            try
            {
                await table.SubmitAsync([before is null ? Add(row) : Replace(row, before.ETag)], cancellation);
                return true;
            }
            catch (RequestFailedException conflict) when (StorageResilience.SomebodyElseWasFirst(conflict))
            {
            }
        }
        // First was somebody else, or ourselves when the answer to our own write was lost: then what is stored is ours word for word.
        var stored = await table.FindAsync(Waves, row.RowKey, cancellation);
        return stored is not null && Payload.Get(stored).AsSpan().SequenceEqual(Payload.Get(row));
    }

    private static class WaveRow
    {
        public static TableEntity From(WaveState wave)
        {
            var row = new TableEntity(Waves, TableKey.From(wave.Id)) { ["Title"] = wave.Wave.Title, ["Revision"] = wave.Revision };
            Payload.Put(row, JsonSerializer.SerializeToUtf8Bytes(wave, StorageJson.Default.WaveState));
            return row;
        }

        public static WaveState Wave(TableEntity row) => JsonSerializer.Deserialize(Payload.Get(row), StorageJson.Default.WaveState)!;
    }
}
