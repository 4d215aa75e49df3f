using System.Text.Json;
using Azure;
using Azure.Data.Tables;
using WholeSchoolSend.Core.Instruments;
using static WholeSchoolSend.Storage.TableRead;

namespace WholeSchoolSend.Storage;

/// <summary>
/// Instruments in one partition: <c>V~{id}~{version}</c> holds every version and <c>N~{id}</c> the newest again, written in one transaction,
/// so that all instruments in force are one short range.
/// </summary>
public sealed class InstrumentsTable(TableClient table) : IInstruments
{
    private const string Instruments = "instruments";

    /// <inheritdoc/>
    public async Task<IReadOnlyList<Instrument>> AllAsync(CancellationToken cancellation)
    {
        var all = await table.Range(Instruments, TableKey.Below("N"), cancellation).ListAsync(InstrumentRow.Instrument);
        return [.. all.OrderBy(instrument => instrument.Id, StringComparer.Ordinal)];
    }

    /// <inheritdoc/>
    public async Task<Instrument?> FindAsync(string id, int? version, CancellationToken cancellation)
    {
        var key = version is { } number ? InstrumentRow.VersionKey(id, number) : InstrumentRow.NewestKey(id);
        return await table.FindAsync(Instruments, key, cancellation) is { } row ? InstrumentRow.Instrument(row) : null;
    }

    /// <inheritdoc/>
    public async Task<bool> AddAsync(Instrument instrument, CancellationToken cancellation)
    {
        var newest = await table.FindAsync(Instruments, InstrumentRow.NewestKey(instrument.Id), cancellation, [.. KeysOnly, InstrumentRow.Version]);
        if (newest is null || newest.GetInt32(InstrumentRow.Version) < instrument.Version)
        {
            var row = InstrumentRow.From(instrument, InstrumentRow.NewestKey(instrument.Id));
            try
            {
                await table.SubmitAsync(
                    [
                        newest is null ? Add(row) : Replace(row, newest.ETag),
                        Add(InstrumentRow.From(instrument, InstrumentRow.VersionKey(instrument.Id, instrument.Version))),
                    ],
                    cancellation);
                return true;
            }
            catch (RequestFailedException conflict) when (StorageResilience.SomebodyElseWasFirst(conflict))
            {
            }
        }
        // First was somebody else, or ourselves when the answer to our own write was lost: then the version is ours word for word.
        var stored = await table.FindAsync(Instruments, InstrumentRow.VersionKey(instrument.Id, instrument.Version), cancellation);
        return stored is not null && Payload.Get(stored).AsSpan().SequenceEqual(InstrumentRow.Bytes(instrument));
    }

    private static class InstrumentRow
    {
        public const string Version = nameof(Version);
        private const string Id = nameof(Id);

        public static string NewestKey(string id) => TableKey.From("N", id);

        public static string VersionKey(string id, int version) => TableKey.From("V", id, TableKey.Number(version));

        public static byte[] Bytes(Instrument instrument) => JsonSerializer.SerializeToUtf8Bytes(instrument, StorageJson.Default.Instrument);

        public static TableEntity From(Instrument instrument, string key)
        {
            var row = new TableEntity(Instruments, key) { [Id] = instrument.Id, [Version] = instrument.Version };
            Payload.Put(row, Bytes(instrument));
            return row;
        }

        public static Instrument Instrument(TableEntity row) => JsonSerializer.Deserialize(Payload.Get(row), StorageJson.Default.Instrument)! with
        {
            Id = row.GetString(Id),
            Version = row.GetInt32(Version)!.Value,
        };
    }
}
