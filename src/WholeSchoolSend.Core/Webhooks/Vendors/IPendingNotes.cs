namespace WholeSchoolSend.Core.Webhooks.Vendors;

/// <summary>A note that a response must be fetched, with how that went so far.</summary>
/// <param name="Attempts">how often it was tried since its last event.</param>
/// <param name="Next">when it is tried again; null: as soon as possible.</param>
/// <param name="LastCode">why it was not fetched the last time.</param>
/// <param name="End">why nothing will be fetched any more; null: it waits.</param>
public sealed record PendingNote(PendingResponse Response, int Attempts = 0, DateTimeOffset? Next = null, string? LastCode = null, string? End = null)
{
    /// <summary>The vendor has not got it any more: its respondent or the form's owner deleted it.</summary>
    public const string Gone = "gone";

    /// <summary>It was a preview by the form's author, and nobody's response.</summary>
    public const string Preview = "preview";

    /// <summary>
    /// The arrival of the response that this note's event announced. It is made of the event, so that whoever fetches it again after a crash finds the
    /// write that came before it.
    /// </summary>
    public Receipt Receipt(DateTimeOffset received) => new($"fetched-{Response.Happened.UtcTicks:x}", Channel.Fetched, received);

    /// <summary>Whether somebody should look why it is not fetched.</summary>
    public bool IsStuck(DateTimeOffset now) => End is null && (Attempts >= 8 || (Attempts > 0 && now - Response.Happened > TimeSpan.FromDays(1)));
}

/// <summary>
/// The notes as those see them who fetch. Whatever is said of a note is said of its event: when a later event came meanwhile nothing is changed, and the
/// response is fetched again.
/// </summary>
public interface IPendingNotes
{
    /// <summary>Every note of a source, closed ones included.</summary>
    Task<IReadOnlyList<PendingNote>> NotesAsync(string source, CancellationToken cancellation);

    /// <summary>Notes that it was tried, and when it is tried again.</summary>
    Task PutOffAsync(PendingNote note, DateTimeOffset next, string code, CancellationToken cancellation);

    /// <summary>Takes the note away: its response was taken in.</summary>
    Task DoneAsync(PendingNote note, CancellationToken cancellation);

    /// <summary>Closes the note: its response will never come. A later event opens it again.</summary>
    Task CloseAsync(PendingNote note, string end, CancellationToken cancellation);
}
