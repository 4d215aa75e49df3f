using System.Text.Json.Serialization;

namespace WholeSchoolSend.Core.Erasures;

/// <summary>Whom or what an erasure is about.</summary>
public enum ErasureOf
{
    /// <summary>Whoever answered under a respondent's key that is no e-mail address: a code, a number in a list.</summary>
    [JsonStringEnumMemberName("respondent")]
    Respondent,

    /// <summary>Whoever answered under an e-mail address, or wrote it somewhere.</summary>
    [JsonStringEnumMemberName("email")]
    Email,

    /// <summary>Everything the people of a school, or an organisation, said.</summary>
    [JsonStringEnumMemberName("school")]
    School,

    /// <summary>One response by its survey tool's id: all there is to go by where a form asks for no key.</summary>
    [JsonStringEnumMemberName("response")]
    Response,
}

/// <summary>How far an erasure has come.</summary>
public enum ErasureState
{
    /// <summary>The first sweep has not reached everything yet: a timer goes on.</summary>
    [JsonStringEnumMemberName("sweeping")]
    Sweeping,

    /// <summary>Everything was swept once; a second sweep looks for what was on its way then.</summary>
    [JsonStringEnumMemberName("swept")]
    Swept,

    /// <summary>Swept twice. What is kept here keeps it from coming back.</summary>
    [JsonStringEnumMemberName("done")]
    Done,
}

/// <summary>What sweeps removed, by store. Counts only.</summary>
/// <param name="Responses">responses whose identity is a tombstone now, wherever they were.</param>
/// <param name="Quarantined">entries in quarantine that held answers.</param>
/// <param name="Bodies">bodies in quarantine that nobody could decode.</param>
/// <param name="Unsearchable">of these, compressed ones: nobody can say who is in them, and no tool's decoder ever expands them.</param>
/// <param name="Pending">notes of responses that waited to be fetched.</param>
/// <param name="Wordings">questions into whose words the tool had put an e-mail address.</param>
/// <param name="PollRows">rows of poll files that count no more.</param>
/// <param name="Files">dropped files, and copies of them, that were removed.</param>
public sealed record ErasureCounts(int Responses = 0, int Quarantined = 0, int Bodies = 0, int Unsearchable = 0, int Pending = 0, int Wordings = 0, int PollRows = 0, int Files = 0)
{
    public ErasureCounts Plus(ErasureCounts other) => new(
        Responses + other.Responses, Quarantined + other.Quarantined, Bodies + other.Bodies, Unsearchable + other.Unsearchable, Pending + other.Pending,
        Wordings + other.Wordings, PollRows + other.PollRows, Files + other.Files);
}

/// <summary>A request that somebody be erased, as it is kept: no e-mail address, no key, only what recognises them when they come again.</summary>
/// <param name="Id">the day of the request and a keyed hash of whom it is about: asked twice on a day, it is one.</param>
/// <param name="Digest">of the pseudonym of the key, e-mail address, school number or response id: <see cref="Webhooks.Pseudonyms.OfErased"/>.</param>
/// <param name="Length">of what it is the HMAC of, so that it can be looked for in a text of which nobody knows where it stands.</param>
/// <param name="School">the school, which is public; null unless the erasure is of one.</param>
/// <param name="Identity">of the response; null unless the erasure is of one.</param>
/// <param name="Instruments">ids of the instruments whose key it is; null: of any.</param>
/// <param name="Sources">what these instruments' forms are sent by, or what was named; null: any.</param>
/// <param name="Wave">only this wave; null: all.</param>
/// <param name="Waves">waves whose files it is about: those that had begun, and those of which a file was here. A later wave is another participation.</param>
public sealed record Erasure(
    string Id, ErasureOf Of, DateTimeOffset Requested, string Reason, string Digest, int Length, string? School, string? Identity,
    IReadOnlyList<string>? Instruments, IReadOnlyList<string>? Sources, string? Wave, IReadOnlyList<string> Waves)
{
    /// <summary>The second sweep comes so much later: what was on its way has arrived by then, or its sender has given up until a vendor's list is read.</summary>
    public static readonly TimeSpan Settling = TimeSpan.FromHours(24);

    /// <summary>Counts the writes.</summary>
    public int Revision { get; init; } = 1;

    public ErasureState State { get; init; } = ErasureState.Sweeping;

    /// <summary>When everything had been swept once; null before.</summary>
    public DateTimeOffset? FirstSweep { get; init; }

    /// <summary>When everything had been swept again; null before.</summary>
    public DateTimeOffset? SecondSweep { get; init; }

    public ErasureCounts Removed { get; init; } = new();

    /// <summary>Poll files that could not be read anew, each with why: they may still count whom this is about.</summary>
    public IReadOnlyList<UnreachedImport> NotReached { get; init; } = [];

    /// <summary>
    /// What somebody submitted until then is covered; what they submit later is theirs to give anew. It reaches to the second sweep, so that a clock
    /// or a time zone that is wrong somewhere brings nobody back.
    /// </summary>
    [JsonIgnore]
    public DateTimeOffset Until => Requested + Settling;
}

/// <summary>A poll file that an erasure could not deal with.</summary>
/// <param name="Why"><c>busy</c> an import is at work or still to come, the timer comes again; <c>file-gone</c> nothing is left to read it anew from; <c>refused-now</c> it cannot be read any more.</param>
public sealed record UnreachedImport(string Supplier, string File, string Wave, string Why);

/// <summary>Keeps erasures, and the identities of responses that were erased by them.</summary>
public interface IErasures
{
    /// <summary>Adds an erasure, or gives back the one of its id that is there.</summary>
    Task<Erasure> AddAsync(Erasure erasure, CancellationToken cancellation);

    Task<Erasure?> FindAsync(string id, CancellationToken cancellation);

    /// <summary>All, the newest first.</summary>
    Task<IReadOnlyList<Erasure>> AllAsync(CancellationToken cancellation);

    /// <summary>Changes what is stored, again from what is stored when somebody else was first.</summary>
    Task<Erasure> ChangeAsync(string id, Func<Erasure, Erasure> change, CancellationToken cancellation);

    /// <summary>Notes that a response was erased: whatever comes under its identity stays out.</summary>
    Task KeepTombstoneAsync(string identity, string erasure, CancellationToken cancellation);

    /// <summary>Identities that were erased, and by which erasure first.</summary>
    Task<IReadOnlyDictionary<string, string>> TombstonesAsync(CancellationToken cancellation);

    /// <summary>Forgets an erasure. Its tombstones stay.</summary>
    Task DeleteAsync(string id, CancellationToken cancellation);
}
