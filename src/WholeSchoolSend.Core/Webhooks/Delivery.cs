using System.Text.Json.Serialization;

namespace WholeSchoolSend.Core.Webhooks;

/// <summary>One HTTP request from a survey tool: its raw bytes, exactly as signed, with headers and query by name.</summary>
public sealed record Delivery(ReadOnlyMemory<byte> Body, IReadOnlyDictionary<string, string> Headers, DateTimeOffset Received)
{
    /// <summary>A delivery whose headers are found whatever their case.</summary>
    /// <param name="query">parameters of the address: they may hold a secret, and are never logged.</param>
    public static Delivery From(
        ReadOnlyMemory<byte> body, IEnumerable<KeyValuePair<string, string>> headers, DateTimeOffset received, IEnumerable<KeyValuePair<string, string>>? query = null) =>
        new(body, Named(headers, StringComparer.OrdinalIgnoreCase), received) { Query = Named(query ?? [], StringComparer.Ordinal) };

    /// <summary>Parameters of the address, by name.</summary>
    public IReadOnlyDictionary<string, string> Query { get; private init; } = new Dictionary<string, string>();

    /// <summary>Where the sender's clock hangs, if it sends times without a zone.</summary>
    public TimeZoneInfo Zone { get; init; } = TimeZoneInfo.Utc;

    /// <summary>The declared type of the body without its parameters, in lower case; empty when none is declared.</summary>
    public string MediaType
    {
        get
        {
            var stated = Header("content-type") ?? "";
            var end = stated.IndexOf(';', StringComparison.Ordinal);
            return (end < 0 ? stated : stated[..end]).Trim().ToLowerInvariant();
        }
    }

    /// <summary>Whether the body is declared to be JSON: <c>application/json</c>, or any type that ends in <c>+json</c>.</summary>
    public bool IsJson => MediaType is "application/json" or "text/json" || MediaType.EndsWith("+json", StringComparison.Ordinal);

    public string? Header(string name) => Headers.TryGetValue(name, out var value) ? value : null;

    private static Dictionary<string, string> Named(IEnumerable<KeyValuePair<string, string>> values, StringComparer names)
    {
        var named = new Dictionary<string, string>(names);
        foreach (var (name, value) in values) named[name] = value;
        return named;
    }
}

/// <summary>How a kind of answer is to be read.</summary>
public enum AnswerKind
{
    /// <summary>A hidden field, URL variable or embedded datum: no question, but where school and respondent travel.</summary>
    Hidden,
    Single,
    Multiple,
    Boolean,
    Number,
    Scale,
    Ranking,
    Date,

    /// <summary>A text of which the tool does not say whether somebody chose or wrote it: kept where the instrument asks for it.</summary>
    Uncertain,

    /// <summary>Free text: dropped unless the instrument asks for it.</summary>
    Text,

    /// <summary>E-mail, phone, contact, file, address: dropped unless it is the respondent key, which is kept as a pseudonym.</summary>
    Personal,
    Unanswered,
    Other,
}

/// <summary>One value of an answer: its text, and the ids by which the tool may also know it.</summary>
public sealed record AnswerValue(string Text, string? Id = null, string? Ref = null);

/// <summary>One field of a response: its name, a second name where the tool has one, its kind and its values in order.</summary>
public sealed record Answer(string Field, string? Alias, AnswerKind Kind, IReadOnlyList<AnswerValue> Values)
{
    /// <summary>Hash of the question's wording (<see cref="Questionnaire.HashOf"/>), where the payload carried it; no part of the content.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Wording { get; init; }
}

/// <summary>How one question is worded: its field and second name as in <see cref="Answer"/>, its text and the texts of its options in the form's order.</summary>
public sealed record Wording(string Field, string? Alias, string Text, IReadOnlyList<string> Options);

/// <summary>One respondent's submission as the tool sent it, before anything is mapped.</summary>
/// <param name="Form">the tool's id of the form.</param>
/// <param name="Id">the tool's id of the submission; with source and form it is the response's identity.</param>
/// <param name="Submitted">when the respondent submitted, by the tool.</param>
/// <param name="Updated">when this version came to be, where the tool has revisions; null: the tool has none.</param>
/// <param name="Finished">false for a partial submission.</param>
/// <param name="Answers">hidden fields and answers, in the tool's order.</param>
public sealed record SurveyResponse(
    string Form, string Id, DateTimeOffset Submitted, DateTimeOffset? Updated, bool Finished, IReadOnlyList<Answer> Answers)
{
    /// <summary>True when the tool only tells that there is a response: its answers must be fetched from the vendor.</summary>
    public bool IsPending { get; private init; }

    /// <summary>
    /// The wording of the form's questions and options, where the payload carries it; empty where it does not. It is no part of the content.
    /// </summary>
    public IReadOnlyList<Wording> Questionnaire { get; init; } = [];

    /// <summary>A response of which only an event came.</summary>
    public static SurveyResponse Pending(string form, string id, DateTimeOffset happened) => new(form, id, happened, null, false, []) { IsPending = true };
}
