using Azure.Data.Tables;
using WholeSchoolSend.Core.Webhooks.Vendors;
using static WholeSchoolSend.Storage.TableRead;

namespace WholeSchoolSend.Storage;

public sealed partial class PendingTable : IPendingNotes
{
    /// <inheritdoc/>
    public async Task<IReadOnlyList<PendingNote>> NotesAsync(string source, CancellationToken cancellation) =>
        await table.Range(TableKey.From(source), TableKey.Below("N"), cancellation).ListAsync(NoteRow.Note);

    /// <inheritdoc/>
    public Task PutOffAsync(PendingNote note, DateTimeOffset next, string code, CancellationToken cancellation) =>
        ChangeAsync(note, row => Replace(NoteRow.PutOff(row, next, code), row.ETag), cancellation);

    /// <inheritdoc/>
    public Task DoneAsync(PendingNote note, CancellationToken cancellation) => ChangeAsync(note, Delete, cancellation);

    /// <inheritdoc/>
    public Task CloseAsync(PendingNote note, string end, CancellationToken cancellation) => ChangeAsync(note, row => Replace(NoteRow.Closed(row, end), row.ETag), cancellation);

    /// <summary>Changes the row if it is still of the note's event; whoever wrote it since had a reason.</summary>
    private Task ChangeAsync(PendingNote note, Func<TableEntity, TableTransactionAction> change, CancellationToken cancellation) => resilience.DecideAsync(
        async token =>
        {
            var key = PendingRow.From(note.Response);
            var row = await table.FindAsync(key.PartitionKey, key.RowKey, token);
            if (row is null || NoteRow.IsClosed(row) || PendingRow.Response(row).Happened != note.Response.Happened) return;
            await table.SubmitAsync([change(row)], token);
        },
        cancellation);

    private static class NoteRow
    {
        private const string Attempts = nameof(Attempts);
        private const string Next = nameof(Next);
        private const string LastCode = nameof(LastCode);
        public const string End = nameof(End);

        public static PendingNote Note(TableEntity row) =>
            new(PendingRow.Response(row), row.GetInt32(Attempts) ?? 0, row.GetDateTimeOffset(Next), row.GetString(LastCode), row.GetString(End));

        public static bool IsClosed(TableEntity row) => row.GetString(End) is not null;

        public static TableEntity PutOff(TableEntity row, DateTimeOffset next, string code) =>
            new(row) { [Attempts] = (row.GetInt32(Attempts) ?? 0) + 1, [Next] = next, [LastCode] = code };

        public static TableEntity Closed(TableEntity row, string end) => new(row) { [End] = end };
    }
}
