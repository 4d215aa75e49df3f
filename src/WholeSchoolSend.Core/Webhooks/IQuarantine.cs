using System.Collections.Frozen;

namespace WholeSchoolSend.Core.Webhooks;

/// <summary>An authentic delivery, or one response of it, that could not be understood.</summary>
/// <param name="Identity">of the response; null when the body could not even be decoded.</param>
/// <param name="Problems">why, with codes; never an answer.</param>
/// <param name="Answers">redacted answers, so that it can be replayed once the instrument is mended.</param>
/// <param name="Raw">only when undecodable: the one named exception to redaction at the door, for 30 days.</param>
public sealed record QuarantinedResponse(
    string Source, Receipt Receipt, string? Identity, IReadOnlyList<Problem> Problems, ResponseVersion? Version, RedactedAnswers? Answers, RawDelivery? Raw)
{
    /// <summary>The instrument that could not map it; null when there was none.</summary>
    public InstrumentVersion? Instrument { get; init; }

    /// <summary>Somebody who was erased is in it: nothing of it is kept but that it came.</summary>
    public bool IsErased { get; private init; }

    /// <summary>That something came of somebody who was erased.</summary>
    public static QuarantinedResponse OfErased(string source, Receipt receipt, string? identity, IReadOnlyList<Problem> problems) =>
        new(source, receipt, identity, problems, null, null, null) { IsErased = true };
}

/// <summary>
/// What could not be decoded, as it came but for secrets, so that it can be decoded later: <see cref="Delivery.From"/> of these headers and parameters, and
/// <see cref="Source.Decode"/>.
/// </summary>
public sealed record RawDelivery(ReadOnlyMemory<byte> Body, IReadOnlyDictionary<string, string> Headers)
{
    /// <summary>Parameters of the address that decoding needs: never the one with a secret.</summary>
    public IReadOnlyDictionary<string, string> Query { get; init; } = FrozenDictionary<string, string>.Empty;
}

/// <summary>Where authentic but not understood deliveries wait.</summary>
public interface IQuarantine
{
    /// <summary>Keeps it, once a receipt: every delivery has a fate of its own, also of a content that waits already.</summary>
    Task KeepAsync(QuarantinedResponse response, CancellationToken cancellation);
}
