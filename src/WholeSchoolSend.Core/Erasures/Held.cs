using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Core.Erasures;

/// <summary>Evidence as far as an erasure looks through it.</summary>
public interface IHeldEvidence
{
    /// <summary>Every version of every response of a collection, those that do not count as well.</summary>
    IAsyncEnumerable<HeldResponse> AllAsync(string collection, CancellationToken cancellation);

    /// <summary>Takes the words out of wordings that hold something; their hashes stay. Gives back how many.</summary>
    Task<int> EraseWordsAsync(string collection, Func<string, bool> holds, CancellationToken cancellation);
}

/// <summary>Something that waits in quarantine, or that a crash left there.</summary>
/// <param name="Source">null where a crash left nothing that says it; identity and instrument likewise.</param>
public sealed record HeldInQuarantine(string? Source, string? Identity, string? Instrument, ResponseVersion? Version, RedactedAnswers? Answers, RawDelivery? Raw);

/// <summary>Quarantine as far as an erasure looks through it.</summary>
public interface IHeldInQuarantine
{
    /// <summary>Shows everything that is held to <paramref name="isErased"/>, and lets go of what it says yes to; that it came stays.</summary>
    Task EraseAsync(Func<HeldInQuarantine, Task<bool>> isErased, CancellationToken cancellation);
}

/// <summary>What waits to be fetched, as far as an erasure looks through it.</summary>
public interface IHeldPending
{
    /// <summary>Removes the notes of these responses, those that were given up included. Gives back how many.</summary>
    Task<int> EraseAsync(Func<string, bool> isErased, CancellationToken cancellation);
}
