using System.Text.Json.Serialization;

namespace WholeSchoolSend.Core.Webhooks;

/// <summary>What became of a response that was delivered. Every response has exactly one.</summary>
public enum Fate
{
    /// <summary>New, and now stored.</summary>
    Accepted,

    /// <summary>Known, with the same content: nothing changed.</summary>
    Duplicate,

    /// <summary>Known, with other content from a tool that has revisions: the newest version counts.</summary>
    Revised,

    /// <summary>Known, with other content from a tool that has none: both are kept, one counts.</summary>
    Conflict,

    /// <summary>Authentic but not understood: kept for replay.</summary>
    Quarantined,

    /// <summary>An event whose answers must be fetched from the vendor: noted, a timer fetches.</summary>
    Pending,

    /// <summary>Its person was erased: nothing is stored.</summary>
    Erased,
}

/// <summary>By which way a response reached us.</summary>
public enum Channel
{
    /// <summary>Its survey tool posted it.</summary>
    [JsonStringEnumMemberName("webhook")]
    Webhook,

    /// <summary>Its survey tool posted an event, and its answers were fetched from the vendor.</summary>
    [JsonStringEnumMemberName("fetched")]
    Fetched,

    /// <summary>The vendor's own list had it and we had not: it was fetched without having been announced.</summary>
    [JsonStringEnumMemberName("recovered")]
    Recovered,

    /// <summary>An operator replayed it out of quarantine.</summary>
    [JsonStringEnumMemberName("replayed")]
    Replayed,
}

/// <summary>The arrival of one response by one way at one moment.</summary>
/// <param name="Id">unique to this arrival of this response: whoever finds it again finds its own write.</param>
/// <param name="Received">when it reached us, by our clock; its UTC day is the day of its fate, whenever it is stored.</param>
public sealed record Receipt(string Id, Channel Channel, DateTimeOffset Received);

/// <summary>Takes responses in, each in one storage transaction, whatever comes twice, together or in another order.</summary>
public interface IEvidence
{
    /// <summary>
    /// Stores a response and marks its school as changed. A retry of our own write that finds its own receipt is accepted, not a duplicate.
    /// </summary>
    /// <exception cref="ResponseTooLargeException">it can never be stored.</exception>
    Task<Fate> TakeInAsync(CodedResponse response, Receipt receipt, CancellationToken cancellation);

    /// <summary>
    /// Erases a response: its identity becomes a tombstone that every later delivery meets, all versions go, and its school is marked. An
    /// identity that never came gets its tombstone all the same.
    /// </summary>
    Task EraseAsync(string collection, string identity, CancellationToken cancellation);
}

/// <summary>One response holds more than a row takes: it can never be stored, however often it is sent.</summary>
public sealed class ResponseTooLargeException(long bytes, long most)
    : Exception($"A response of {bytes} bytes was to be stored where {most} is the most.");
