using System.Text.Json;
using System.Text.Json.Serialization;

namespace WholeSchoolSend.Core.Webhooks;

/// <summary>One respondent's coded answer to one indicator.</summary>
public sealed record Observation(string Indicator, string Code)
{
    /// <summary>Hash of the question's wording; null where the tool does not tell it. What it counts with is decided when a KPI is evaluated.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Wording { get; init; }
}

/// <summary>What the mapping of a response yields: who, where, when in the study, and the coded answers.</summary>
/// <param name="School">six-digit unique reference number, or <c>org~…</c> for an organisation.</param>
/// <param name="Role">as ticked: <c>leader</c>, <c>senco</c>, <c>leader+senco</c>, <c>teacher</c> or <c>other</c>.</param>
/// <param name="Respondent">pseudonym; an organisation itself, where it is its own respondent; null where the instrument has none.</param>
/// <param name="Weight">0 to 1,000,000; 1 where the instrument has none.</param>
public sealed record Coding(
    string School, string Wave, string Stage, string Role, string? Respondent, double Weight, IReadOnlyList<Observation> Observations);

/// <summary>A response ready to be stored: its identity, its redacted answers and what the instrument makes of them.</summary>
public sealed record CodedResponse(
    string Source, string Identity, string Collection, InstrumentVersion Instrument, ResponseVersion Version, RedactedAnswers Answers, Coding Coding)
{
    /// <summary>How the questions were worded that the instrument maps and this response answers; empty where the tool does not tell it.</summary>
    public IReadOnlyList<SeenWording> Wordings { get; init; } = [];
}

/// <summary>Which version of which instrument coded a response.</summary>
public sealed record InstrumentVersion(string Id, int Number);

/// <summary>
/// Which of several versions of one response this is. Newest wins by (updated, finished, hash) where the tool has revisions;
/// without revisions a second content is a conflict, and a finished one or else the lowest (submitted, hash) wins: never the order of arrival.
/// </summary>
/// <param name="Hash">of the content: <see cref="Pseudonyms.Mark"/>.</param>
public sealed record ResponseVersion(DateTimeOffset Submitted, DateTimeOffset? Updated, bool Finished, string Hash)
{
    /// <summary>Is another content that comes so a revision of <paramref name="other"/>, rather than in conflict with it?</summary>
    public bool IsRevisionOf(ResponseVersion other) => Updated is not null || Finished != other.Finished;

    /// <summary>Does this version count, rather than <paramref name="other"/>? Exactly one of two different versions does.</summary>
    public bool CountsOver(ResponseVersion other)
    {
        if (Updated is { } mine && other.Updated is { } theirs)
            return ((mine, Finished).CompareTo((theirs, other.Finished)) is not 0 and var newer ? newer : string.CompareOrdinal(Hash, other.Hash)) > 0;
        // One tool either has revisions or has none; should a sender start to send them, a dated version counts over an undated one.
        if (Updated is not null != other.Updated is not null) return Updated is not null;
        if (Updated is null && Finished != other.Finished) return Finished;
        return (Submitted.CompareTo(other.Submitted) is not 0 and var later ? later : string.CompareOrdinal(Hash, other.Hash)) < 0;
    }
}

/// <summary>The answers of a response in canonical form after redaction: fields in name order, no delivery metadata.</summary>
public sealed record RedactedAnswers(string Form, string Id, IReadOnlyList<Answer> Fields)
{
    /// <summary>The canonical form: UTF-8 JSON, the same bytes for the same answers.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, WebhooksJson.Default.RedactedAnswers);

    public static RedactedAnswers FromJson(ReadOnlySpan<byte> json) => JsonSerializer.Deserialize(json, WebhooksJson.Default.RedactedAnswers)!;
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    RespectNullableAnnotations = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(RedactedAnswers))]
[JsonSerializable(typeof(IReadOnlyList<Observation>))]
internal sealed partial class WebhooksJson : JsonSerializerContext;
