using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace WholeSchoolSend.Core.Kpis;

/// <summary>
/// School totals: per cell the number of respondents, the sum of their weights and of their squared weights. Every estimator follows
/// from these, so a change of catalogue or register needs no recompute.
/// </summary>
/// <param name="School">unique reference number; for a poll without schools <c>{group}|{stratum}</c>, and the totals are no cluster.</param>
/// <param name="Respondents">people in the sample at this school in this wave, whether or not they answered anything.</param>
public sealed record SchoolTotals(
    [property: JsonConverter(typeof(SharedText))] string Wave, string School, int Respondents, IReadOnlyList<CellTotal> Cells, IReadOnlyList<PairTotal> Pairs)
{
    /// <summary>Which wordings of which questions the cells are of, and since when; null where no tool told any.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<WordingTotal>? Wordings { get; init; }
}

/// <summary>One cell of one school: who answered what.</summary>
/// <param name="N">respondents.</param>
/// <param name="W">sum of weights.</param>
/// <param name="Q">sum of squared weights.</param>
public sealed record CellTotal(
    [property: JsonConverter(typeof(SharedText))] string Stage,
    [property: JsonConverter(typeof(SharedText))] string Role,
    [property: JsonConverter(typeof(SharedText))] string Indicator,
    [property: JsonConverter(typeof(SharedText))] string Code,
    int N,
    double W,
    double Q)
{
    /// <summary>Hash of the question's wording: answers to other words are in other cells. Null where it is not known.</summary>
    [JsonConverter(typeof(SharedText)), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Wording { get; init; }
}

/// <summary>People who answered both before and after, by both answers; weighted with their weight before.</summary>
public sealed record PairTotal(string Indicator, string Before, string After, int N, double W, double Q)
{
    /// <summary>Hash of the wording of the question before; null where it is not known.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? WordingBefore { get; init; }

    /// <summary>Hash of the wording of the question after; null where it is not known.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? WordingAfter { get; init; }
}

/// <summary>A wording that answers at a school are to.</summary>
/// <param name="N">respondents.</param>
/// <param name="Since">when the first of them was submitted.</param>
public sealed record WordingTotal(string Stage, string Indicator, string Wording, int N, DateTimeOffset Since);

/// <summary>One counted response of a school, as far as totals need it.</summary>
public sealed record CountedResponse(Webhooks.Coding Coding, DateTimeOffset Submitted);

/// <summary>Reads and recomputes school totals of webhook collections.</summary>
public interface ISchoolTotals
{
    /// <summary>Schools of a collection that changed since their totals were last computed, in school order.</summary>
    Task<IReadOnlyList<string>> ChangedSchoolsAsync(string collection, CancellationToken cancellation);

    /// <summary>
    /// Recomputes schools, each from its own rows in row-key order: reads its totals and markers, then its rows; writes totals and deletes the
    /// markers in one transaction, and starts again when somebody else was first. Where over a tenth of the collection changed, the partition is
    /// read once instead of school by school.
    /// </summary>
    Task RecomputeAsync(
        string collection, IReadOnlyCollection<string> schools, Func<IReadOnlyList<CountedResponse>, IReadOnlyList<SchoolTotals>> totals,
        CancellationToken cancellation);

    /// <summary>All totals of a collection, by wave and school, with what moved them.</summary>
    Task<CollectionTotals> TotalsAsync(string collection, CancellationToken cancellation);
}

/// <summary>
/// Reads texts that come again in every school, and keeps each once: the half million cells of a national sample are a third as large so, and
/// telling two texts to be the same takes no look at their letters.
/// </summary>
internal sealed class SharedText : JsonConverter<string>
{
    // Longer ones, and more than these, are no codes: a tool may put answers into the wording of its questions.
    private const int Longest = 128;
    private const int Most = 10_000;

    private static readonly ConcurrentDictionary<string, string> Known = new(StringComparer.Ordinal);
    private static readonly ConcurrentDictionary<string, string>.AlternateLookup<ReadOnlySpan<char>> Lookup = Known.GetAlternateLookup<ReadOnlySpan<char>>();

    public override string Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.String || reader.HasValueSequence || reader.ValueSpan.Length > Longest) return reader.GetString()!;
        Span<char> letters = stackalloc char[Longest];
        letters = letters[..reader.CopyString(letters)];
        if (Lookup.TryGetValue(letters, out var known)) return known;
        var text = letters.ToString();
        return Known.Count < Most ? Known.GetOrAdd(text, text) : text;
    }

    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteStringValue(value);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(SchoolTotals))]
public sealed partial class TotalsJson : JsonSerializerContext;
