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
public sealed partial class PendingTable(TableClient table, StorageResilience resilience) : IPending
{
    /// <inheritdoc/>
    public Task KeepAsync(PendingResponse response, CancellationToken cancellation) => resilience.DecideAsync(
        async token =>
        {
            var row = PendingRow.From(response);
            try
            {
                await table.SubmitAsync([Add(row)], token);
            }
            catch (RequestFailedException conflict) when (conflict.Status == 409 && StorageResilience.SomebodyElseWasFirst(conflict))
            {
                var stored = await table.FindAsync(row.PartitionKey, row.RowKey, token) ?? throw new ChangedSinceReadException("It was fetched while its event came again.");
                if (PendingRow.Response(stored).Happened < response.Happened) await table.SubmitAsync([Replace(row, stored.ETag)], token);
            }
            return true;
        },
        cancellation);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<PendingResponse>> WaitingAsync(string source, CancellationToken cancellation) =>
        [.. (await NotesAsync(source, cancellation)).Where(note => note.End is null).Select(note => note.Response)];

    private static class PendingRow
    {
        private const string Source = nameof(Source);
        private const string Form = nameof(Form);
        private const string Id = nameof(Id);
        private const string Happened = nameof(Happened);

        public static TableEntity From(PendingResponse response) =>
            new(TableKey.From(response.Source), Identity.OfResponse(response.Source, response.Form, response.Id))
            {
                [Source] = response.Source,
                [Form] = response.Form,
                [Id] = response.Id,
                [Happened] = response.Happened,
            };

        public static PendingResponse Response(TableEntity row) =>
            new(row.GetString(Source), row.GetString(Form), row.GetString(Id), row.GetDateTimeOffset(Happened)!.Value);
    }
}
