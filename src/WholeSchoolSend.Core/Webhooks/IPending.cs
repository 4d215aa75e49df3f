namespace WholeSchoolSend.Core.Webhooks;

/// <summary>A response of which its survey tool sent only an event: who has it, and when that last happened.</summary>
/// <param name="Happened">time of the event, by the tool.</param>
public sealed record PendingResponse(string Source, string Form, string Id, DateTimeOffset Happened);

/// <summary>Where responses wait whose answers must be fetched from the vendor.</summary>
public interface IPending
{
    /// <summary>
    /// Notes that a response must be fetched. One note for each response, however many events come; a later event makes it another version
    /// of the note, so that one that comes while the response is being fetched is not taken for done. Each event has its fate, once a receipt.
    /// </summary>
    Task KeepAsync(PendingResponse response, Receipt receipt, CancellationToken cancellation);

    /// <summary>Everything of a source that waits.</summary>
    Task<IReadOnlyList<PendingResponse>> WaitingAsync(string source, CancellationToken cancellation);
}
