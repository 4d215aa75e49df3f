using System.Text.Json.Serialization;

namespace WholeSchoolSend.Core.Webhooks;

/// <summary>How it stands with what was quarantined.</summary>
public enum QuarantineState
{
    /// <summary>It can be replayed.</summary>
    [JsonStringEnumMemberName("waiting")]
    Waiting,

    /// <summary>It was replayed; what was kept for that is gone.</summary>
    [JsonStringEnumMemberName("replayed")]
    Replayed,

    /// <summary>A body nobody could decode in <see cref="Retention.ApplyRetention.RawBodies"/>: it is gone.</summary>
    [JsonStringEnumMemberName("expired")]
    Expired,

    /// <summary>Somebody in it was erased: what it held is gone, or was never kept.</summary>
    [JsonStringEnumMemberName("erased")]
    Erased,
}

/// <summary>Why something is in quarantine: a problem's code, where it is and what should be there. Never an answer.</summary>
public sealed record QuarantineReason(string Code, string Where, string Message)
{
    public static QuarantineReason From(Problem problem) => new(problem.Code, problem.Where, problem.Message);
}

/// <summary>What a replay came to.</summary>
/// <param name="Run">unique to the replay that brought it to its end; not shown.</param>
public sealed record QuarantineReplay(DateTimeOffset At, DeliveryReply Fates, [property: JsonIgnore] string Run);

/// <summary>One delivery in quarantine, or one response of it: all that may be shown of it. Answers and bodies never are.</summary>
/// <param name="Received">by our clock.</param>
/// <param name="Reasons">those of the last try; the first hundred or so.</param>
/// <param name="ReasonsInAll">how many there were.</param>
/// <param name="Raw">true: the body itself could not be decoded.</param>
/// <param name="Identity">a hash; null when the body could not be decoded.</param>
/// <param name="Form">the tool's id of the form, where it is known.</param>
/// <param name="Instrument">the one that could not map it; null when there was none.</param>
public sealed record QuarantineEntry(
    string Id, string Source, DateTimeOffset Received, Channel Channel, QuarantineState State, IReadOnlyList<QuarantineReason> Reasons, int ReasonsInAll,
    bool Raw, string? Identity, string? Form, InstrumentVersion? Instrument, QuarantineReplay? Replay);

/// <summary>Which entries are meant: those that fit everything that is given.</summary>
/// <param name="From">first day on which they were received.</param>
/// <param name="To">last day.</param>
public sealed record QuarantineFilter(string? Source = null, string? Reason = null, QuarantineState? State = null, DateOnly? From = null, DateOnly? To = null);

/// <summary>Entries, the newest first.</summary>
/// <param name="Continue">ask with it for what follows; null: nothing does.</param>
public sealed record QuarantinePage(IReadOnlyList<QuarantineEntry> Entries, string? Continue);

/// <summary>What an entry holds for its replay: redacted answers with their version, or the raw body.</summary>
public sealed record QuarantinedContent(QuarantineEntry Entry, ResponseVersion? Version, RedactedAnswers? Answers, RawDelivery? Raw);

/// <summary>What waits in quarantine, as operators see it and as it is replayed. Every change is made only if the entry still waits.</summary>
public interface IQuarantined
{
    /// <summary>The next entries that fit, the newest first.</summary>
    /// <param name="after">what <see cref="QuarantinePage.Continue"/> said; null: from the newest.</param>
    /// <returns>Null when <paramref name="after"/> is none of ours.</returns>
    Task<QuarantinePage?> ListAsync(QuarantineFilter filter, int most, string? after, CancellationToken cancellation);

    Task<QuarantineEntry?> FindAsync(string id, CancellationToken cancellation);

    /// <summary>What an entry that waits holds; null when it waits no more.</summary>
    Task<QuarantinedContent?> OpenAsync(string id, CancellationToken cancellation);

    /// <summary>
    /// Says that a replay of it begins, and gives the time back that counts as the time of its replay: of whichever replay began first, so
    /// that one that is taken up again after a crash finds what the first one wrote on the day it wrote it. Null when it waits no more.
    /// </summary>
    Task<DateTimeOffset?> BeginAsync(string id, DateTimeOffset now, CancellationToken cancellation);

    /// <summary>Says that it was replayed and lets go of its content; false when another replay said so first.</summary>
    Task<bool> EndAsync(string id, QuarantineReplay replay, CancellationToken cancellation);

    /// <summary>It still cannot be understood, for these reasons now.</summary>
    Task StillWaitsAsync(string id, IReadOnlyList<Problem> problems, InstrumentVersion? instrument, CancellationToken cancellation);

    /// <summary>How many entries that fit there are.</summary>
    Task<int> CountAsync(QuarantineFilter filter, CancellationToken cancellation);

    /// <summary>Removes raw bodies that were received earlier; what they came under stays. Gives back how many.</summary>
    Task<int> ExpireAsync(DateTimeOffset before, CancellationToken cancellation);

    /// <summary>Removes redacted answers that were received earlier and wait still; what they came under stays. Gives back how many.</summary>
    Task<int> ExpireAnswersAsync(DateTimeOffset before, CancellationToken cancellation);
}

/// <summary>Shows operators what is in quarantine.</summary>
public sealed class BrowseQuarantine(IQuarantined quarantine)
{
    private const int MostEntries = 200;
    private const int UsualEntries = 50;

    /// <summary>A page of entries; or what is wrong with the question.</summary>
    public async Task<Checked<QuarantinePage>> ListAsync(IReadOnlyDictionary<string, string> parameters, CancellationToken cancellation)
    {
        var given = new ParameterReading(parameters, "source", "reason", "state", "from", "to", "limit", "continue");
        var filter = new QuarantineFilter(given.Text("source"), given.Text("reason"), given.Word<QuarantineState>("state"), given.Day("from"), given.Day("to"));
        if (filter.To < filter.From) given.Wrong("to", "should be the first day or later");
        if (!IsReason(filter.Reason)) given.Wrong("reason", ReasonShould);
        var most = given.Whole("limit", 1, MostEntries, UsualEntries);
        if (given.Problems.Count > 0) return given.Problems;
        return await quarantine.ListAsync(filter, most, given.Text("continue"), cancellation) is { } page ? page : ContinueInvalid("continue");
    }

    public async Task<Checked<QuarantineEntry>> FindAsync(string id, CancellationToken cancellation) =>
        await quarantine.FindAsync(id, cancellation) is { } entry ? entry : Problems.NotFound.At("", "nothing in quarantine has this id");

    internal const string ReasonShould = "should be a problem's code, such as answer-unknown";

    /// <summary>Nothing is quarantined for a reason that is no code: a slip would find nothing and say so as if all were well.</summary>
    internal static bool IsReason(string? reason) => reason is null || Problems.All.ContainsKey(reason);

    internal static Problem ContinueInvalid(string where) => Problems.ParameterInvalid.At(where, "should be what the page before gave");
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(QuarantinePage))]
[JsonSerializable(typeof(QuarantineEntry))]
[JsonSerializable(typeof(ReplayOutcome))]
public sealed partial class QuarantineJson : JsonSerializerContext;
