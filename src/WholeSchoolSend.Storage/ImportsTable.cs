using System.Runtime.CompilerServices;
using System.Text.Json;
using Azure;
using Azure.Data.Tables;
using WholeSchoolSend.Core.Polls;
using static WholeSchoolSend.Storage.TableRead;

namespace WholeSchoolSend.Storage;

/// <summary>
/// Imports of files. What counts now is one partition, <c>A</c>, because every evaluation reads all of it. The history of drops is one
/// partition, <c>F</c>, whose keys begin with the time backwards, because it is asked for newest first and over all suppliers; it grows by
/// some hundred rows a year.
/// </summary>
public sealed class ImportsTable(TableClient table, StorageResilience resilience) : IImports
{
    private const string Active = "A";
    private const string History = "F";

    /// <summary>Versions that counted once and whose rows may still be there, beside what counts now.</summary>
    private const string Replaced = nameof(Replaced);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ActiveImport>> ActiveAsync(CancellationToken cancellation) =>
        [.. (await UnitsAsync(cancellation)).Where(unit => unit.Withdrawn is null)];

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ActiveImport>> UnitsAsync(CancellationToken cancellation)
    {
        var all = await table.Partition(Active, cancellation).ListAsync(ImportRow.Active);
        return
        [
            .. all.OrderBy(import => import.Unit.Supplier, StringComparer.Ordinal)
                .ThenBy(import => import.Unit.Instrument, StringComparer.Ordinal)
                .ThenBy(import => import.Unit.Wave, StringComparer.Ordinal),
        ];
    }

    /// <inheritdoc/>
    public async Task<ImportSwitch> SwitchAsync(ImportUnit unit, Func<ActiveImport?, ActiveImport?> decide, CancellationToken cancellation)
    {
        ActiveImport? replaced = null;
        ActiveImport? tried = null;
        return await resilience.DecideAsync(
            async token =>
            {
                var stored = await table.FindAsync(Active, ImportRow.Key(unit), token);
                var current = stored is null ? null : ImportRow.Active(stored);
                // Our own switch, when the answer to it was lost.
                if (tried is not null && current == tried) return new ImportSwitch(replaced, current, Versions(stored!));
                var left = stored is null ? [] : Versions(stored);
                if (decide(current) is not { } next) return new ImportSwitch(current, current, left);
                (tried, replaced) = (next, current);
                var leaves = current is { Withdrawn: null } && (current.Version != next.Version || next.Withdrawn is not null);
                if (leaves && !left.Contains(current!.Version)) left.Add(current.Version);
                if (next.Withdrawn is null) left.Remove(next.Version);
                var row = ImportRow.From(next, left);
                await table.SubmitAsync([stored is null ? Add(row) : Replace(row, stored.ETag)], token);
                return new ImportSwitch(current, next, left);
            },
            cancellation);
    }

    /// <inheritdoc/>
    public Task ForgetAsync(ImportUnit unit, IReadOnlyCollection<string> versions, CancellationToken cancellation) =>
        resilience.DecideAsync(
            async token =>
            {
                if (await table.FindAsync(Active, ImportRow.Key(unit), token) is not { } stored) return;
                var left = Versions(stored);
                if (left.RemoveAll(versions.Contains) > 0) await table.SubmitAsync([Replace(ImportRow.From(ImportRow.Active(stored), left), stored.ETag)],
                    token);
            },
            cancellation);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<(ImportUnit Unit, IReadOnlyList<string> Versions)>> ReplacedAsync(CancellationToken cancellation)
    {
        var all = await table.Partition(Active, cancellation).ListAsync(row => (ImportRow.Active(row).Unit, (IReadOnlyList<string>)Versions(row)));
        return [.. all.Where(unit => unit.Item2.Count > 0)];
    }

    /// <inheritdoc/>
    public Task<StoredImport> ReceiveAsync(ImportRecord first, CancellationToken cancellation) =>
        resilience.DecideAsync(
            async token =>
            {
                var row = ImportRow.From(first);
                try
                {
                    return ImportRow.Stored(first, (await table.SubmitAsync([Add(row)], token))[0], row.RowKey);
                }
                catch (RequestFailedException conflict) when (conflict.Status == 409 && StorageResilience.SomebodyElseWasFirst(conflict))
                {
                    // Ours, when the answer was lost: its run says so.
                    return ImportRow.Stored(await table.FindAsync(History, row.RowKey,
                        token) ?? throw new ChangedSinceReadException("The record went while it was added."));
                }
            },
            cancellation);

    /// <inheritdoc/>
    public async Task<StoredImport?> AdvanceAsync(StoredImport from, ImportRecord to, CancellationToken cancellation)
    {
        var row = ImportRow.From(to);
        try
        {
            return ImportRow.Stored(to, (await table.SubmitAsync([Replace(row, new ETag(from.Tag))], cancellation))[0], row.RowKey);
        }
        catch (RequestFailedException conflict) when (StorageResilience.SomebodyElseWasFirst(conflict))
        {
            // Our own step, when the answer to it was lost.
            return await table.FindAsync(History, row.RowKey, cancellation) is { } stored && Payload.Get(stored).AsSpan().SequenceEqual(Payload.Get(row))
                ? ImportRow.Stored(stored) : null;
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<StoredImport> HistoryAsync(string? after, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var rows = after is null
            ? table.Partition(History, cancellation)
            : table.QueryAsync<TableEntity>(TableClient.CreateQueryFilter($"PartitionKey eq {History} and RowKey gt {after}"), cancellationToken: cancellation);
        await foreach (var row in rows) yield return ImportRow.Stored(row);
    }

    /// <inheritdoc/>
    public bool IsPosition(string text) => ImportRow.IsKeyOfHistory(text);

    private static List<string> Versions(TableEntity row) => [.. (row.GetString(Replaced) ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries)];

    private static class ImportRow
    {
        public static string Key(ImportUnit unit) => TableKey.From(unit.Supplier, unit.Instrument, unit.Wave);

        public static TableEntity From(ActiveImport import, List<string> replaced)
        {
            var row = new TableEntity(ImportsTable.Active, Key(import.Unit)) { ["Version"] = import.Version };
            if (replaced.Count > 0) row[Replaced] = string.Join(' ', replaced);
            Payload.Put(row, JsonSerializer.SerializeToUtf8Bytes(import, StorageJson.Default.ActiveImport));
            return row;
        }

        /// <summary>The same content dropped again later is another drop: which write of the file it was is part of its key.</summary>
        public static TableEntity From(ImportRecord record)
        {
            var row = new TableEntity(History, TableKey.From(TableKey.NewestFirst(record.Modified), record.Supplier, record.File, record.Drop))
            {
                // For whoever looks with Storage Explorer.
                ["State"] = record.State.ToString(),
                ["Attempts"] = record.Attempts,
            };
            Payload.Put(row, JsonSerializer.SerializeToUtf8Bytes(record, StorageJson.Default.ImportRecord));
            return row;
        }

        /// <summary>The time backwards, and three parts more.</summary>
        public static bool IsKeyOfHistory(string key) =>
            key.Length <= TableKey.MaxLength && key.Split('~') is [{ Length: 19 } time, _, _, _] && time.All(char.IsAsciiDigit);

        public static ActiveImport Active(TableEntity row) => JsonSerializer.Deserialize(Payload.Get(row), StorageJson.Default.ActiveImport)!;

        public static StoredImport Stored(TableEntity row) => Stored(JsonSerializer.Deserialize(Payload.Get(row), StorageJson.Default.ImportRecord)!,
            row.ETag, row.RowKey);

        public static StoredImport Stored(ImportRecord record, ETag tag, string key) => new(record, tag.ToString(), key);
    }
}
