using System.Globalization;
using System.Text.Json;
using Azure.Data.Tables;
using WholeSchoolSend.Core.Polls;
using static WholeSchoolSend.Storage.TableRead;

namespace WholeSchoolSend.Storage;

/// <summary>
/// Imports of files. What counts now is one partition, <c>A</c>, because every evaluation reads all of it; the history of drops is a
/// partition for each supplier, <c>F~{supplier}</c>, because nobody reads more than that.
/// </summary>
public sealed class ImportsTable(TableClient table, StorageResilience resilience) : IImports
{
    private const string Active = "A";

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ActiveImport>> ActiveAsync(CancellationToken cancellation)
    {
        var all = await table.Partition(Active, cancellation).ListAsync(ImportRow.Read);
        return
        [
            .. all.OrderBy(import => import.Unit.Supplier, StringComparer.Ordinal)
                .ThenBy(import => import.Unit.Instrument, StringComparer.Ordinal)
                .ThenBy(import => import.Unit.Wave, StringComparer.Ordinal),
        ];
    }

    /// <inheritdoc/>
    public async Task<(ActiveImport? Before, ActiveImport? After)> SwitchAsync(
        ImportUnit unit, Func<ActiveImport?, ActiveImport?> decide, CancellationToken cancellation)
    {
        ActiveImport? replaced = null;
        ActiveImport? tried = null;
        return await resilience.DecideAsync(
            async token =>
            {
                var stored = await table.FindAsync(Active, ImportRow.Key(unit), token);
                var current = stored is null ? null : ImportRow.Read(stored);
                // Our own switch, when the answer to it was lost.
                if (tried is not null && current == tried) return (replaced, current);
                if (decide(current) is not { } next) return (current, current);
                (tried, replaced) = (next, current);
                var row = ImportRow.From(next);
                await table.SubmitAsync([stored is null ? Add(row) : Replace(row, stored.ETag)], token);
                return (current, next);
            },
            cancellation);
    }

    /// <inheritdoc/>
    public Task RecordAsync(ImportRecord record, CancellationToken cancellation) =>
        resilience.DecideAsync(
            async token =>
            {
                var row = ImportRow.From(record);
                if (await table.FindAsync(row.PartitionKey, row.RowKey, token, KeysOnly) is null) await table.SubmitAsync([Add(row)], token);
            },
            cancellation);

    private static class ImportRow
    {
        public static string Key(ImportUnit unit) => TableKey.From(unit.Supplier, unit.Instrument, unit.Wave);

        public static TableEntity From(ActiveImport import)
        {
            var row = new TableEntity(Active, Key(import.Unit)) { ["Version"] = import.Version };
            Payload.Put(row, JsonSerializer.SerializeToUtf8Bytes(import, StorageJson.Default.ActiveImport));
            return row;
        }

        /// <summary>The same content dropped again later is another drop: the time is part of its key.</summary>
        public static TableEntity From(ImportRecord record)
        {
            var modified = record.Modified.UtcTicks.ToString("D19", CultureInfo.InvariantCulture);
            var row = new TableEntity(TableKey.From("F", record.Supplier), TableKey.From(record.File, record.ContentHash, modified))
            {
                ["Outcome"] = record.Outcome.ToString(),
            };
            Payload.Put(row, JsonSerializer.SerializeToUtf8Bytes(record, StorageJson.Default.ImportRecord));
            return row;
        }

        public static ActiveImport Read(TableEntity row) => JsonSerializer.Deserialize(Payload.Get(row), StorageJson.Default.ActiveImport)!;
    }
}
