using Azure;
using Azure.Data.Tables;
using WholeSchoolSend.Core.Webhooks;
using static WholeSchoolSend.Storage.TableRead;

namespace WholeSchoolSend.Storage;

/// <summary>
/// Responses that wait to be fetched: a source is a partition, because its vendor's limits are shared, and a response's identity is the row,
/// so that however many events come it is fetched once. A later event replaces the row: whoever fetched meanwhile and deletes by the ETag it
/// read finds it changed, and fetches again.
/// </summary>
/// <remarks>
/// <list type="table">
/// <item><term><c>N~{identity}</c></term><description>what waits to be fetched, or how it ended.</description></item>
/// <item><term><c>D~{day}~{identity}~{receipt}</c></term><description>fate of an event: pending. Every event has one, written with the note.</description></item>
/// </list>
/// </remarks>
public sealed partial class PendingTable(TableClient table, StorageResilience resilience) : IPending
{
    /// <inheritdoc/>
    public Task KeepAsync(PendingResponse response, Receipt receipt, CancellationToken cancellation) => resilience.DecideAsync(
        async token =>
        {
            var (note, fate) = (PendingRow.From(response), FateRow.From(response, receipt));
            try
            {
                await table.SubmitAsync([Add(note), Add(fate)], token);
            }
            catch (RequestFailedException conflict) when (conflict.Status == 409 && StorageResilience.SomebodyElseWasFirst(conflict))
            {
                // Another event noted it, or our own write whose answer was lost.
                if (await table.FindAsync(fate.PartitionKey, fate.RowKey, token, KeysOnly) is not null) return true;
                var stored = await table.FindAsync(note.PartitionKey, note.RowKey, token) ?? throw new ChangedSinceReadException("It was fetched while its event came again.");
                // A note of this event or a later one stays as it is: whoever fetches by it fetches what this event tells of.
                var isLater = PendingRow.Response(stored).Happened < response.Happened;
                await table.SubmitAsync(isLater ? [Replace(note, stored.ETag), Add(fate)] : [Add(fate)], token);
            }
            return true;
        },
        cancellation);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<PendingResponse>> WaitingAsync(string source, CancellationToken cancellation) =>
        [.. (await NotesAsync(source, cancellation)).Where(note => note.End is null).Select(note => note.Response)];

    /// <summary>Counts the events of these days, of every source that ever sent one.</summary>
    internal async Task CountFatesAsync(FateTally tally, CancellationToken cancellation)
    {
        await foreach (var source in table.PartitionKeysAsync(cancellation))
            await foreach (var row in table.RangeThatFits(source, tally.Rows("D"), tally.Fits, cancellation, FateTally.Columns)) tally.Count(row, Fate.Pending);
    }

    /// <summary>How many responses of each source wait.</summary>
    internal async Task<IReadOnlyDictionary<string, int>> CountWaitingAsync(string? source, CancellationToken cancellation)
    {
        var waiting = new SortedDictionary<string, int>(StringComparer.Ordinal);
        await foreach (var partition in table.PartitionKeysAsync(cancellation))
        {
            if (source is not null && partition != TableKey.From(source)) continue;
            await foreach (var row in table.Range(partition, TableKey.Below("N"), cancellation, [PendingRow.Source, NoteRow.End]))
                if (!NoteRow.IsClosed(row)) waiting[row.GetString(PendingRow.Source)] = waiting.GetValueOrDefault(row.GetString(PendingRow.Source)) + 1;
        }
        return waiting;
    }

    private static class PendingRow
    {
        public const string Source = nameof(Source);
        private const string Form = nameof(Form);
        private const string Id = nameof(Id);
        private const string Happened = nameof(Happened);

        public static TableEntity From(PendingResponse response) =>
            new(TableKey.From(response.Source), TableKey.From("N", Identity.OfResponse(response.Source, response.Form, response.Id)))
            {
                [Source] = response.Source,
                [Form] = response.Form,
                [Id] = response.Id,
                [Happened] = response.Happened,
            };

        public static PendingResponse Response(TableEntity row) =>
            new(row.GetString(Source), row.GetString(Form), row.GetString(Id), row.GetDateTimeOffset(Happened)!.Value);
    }

    private static class FateRow
    {
        public static TableEntity From(PendingResponse response, Receipt receipt)
        {
            var day = TableKey.Day(receipt.Received);
            return new(TableKey.From(response.Source), TableKey.From("D", day, Identity.OfResponse(response.Source, response.Form, response.Id), receipt.Id))
            {
                ["Source"] = response.Source,
                ["Day"] = day,
                ["Channel"] = receipt.Channel.ToString(),
            };
        }
    }
}
