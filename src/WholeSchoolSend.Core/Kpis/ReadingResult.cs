using System.Text.Json;
using System.Text.Json.Serialization;

namespace WholeSchoolSend.Core.Kpis;

/// <summary>What the evidence says about a target, decided on unrounded values.</summary>
public enum Verdict
{
    /// <summary>The lower limit of the interval reaches the target.</summary>
    [JsonStringEnumMemberName("met_confident")]
    MetConfident,

    /// <summary>The figure reaches the target, its lower limit does not.</summary>
    [JsonStringEnumMemberName("met_point")]
    MetPoint,

    /// <summary>The figure misses the target, its upper limit does not.</summary>
    [JsonStringEnumMemberName("not_met_point")]
    NotMetPoint,

    /// <summary>Even the upper limit misses the target.</summary>
    [JsonStringEnumMemberName("not_met_confident")]
    NotMetConfident,

    /// <summary>Too few people or schools, or too uncertain, to decide.</summary>
    [JsonStringEnumMemberName("insufficient")]
    Insufficient,

    /// <summary>No figure could reach the target.</summary>
    [JsonStringEnumMemberName("unattainable")]
    Unattainable,
}

/// <summary>One number of a reading with everything needed to judge it; in a public document rounded, or withheld with a symbol.</summary>
/// <param name="Name">what it is: <c>engaged</c>, <c>wider</c>, <c>difference</c> …; the published schema lists them.</param>
/// <param name="Unit"><c>%</c>, <c>pp</c> (percentage points) or what is counted.</param>
/// <param name="Lower">lower limit of the 95 % interval.</param>
/// <param name="Base">respondents with a valid answer, unweighted.</param>
/// <param name="Schools">schools they are from.</param>
/// <param name="AssumedDesignEffect">of a published figure whose base is assumed.</param>
/// <param name="LargestShare">the largest school's share of the weight, 0 to 1; never published.</param>
/// <param name="P">public: p-value as a band; internal documents carry <paramref name="PValue"/>.</param>
/// <param name="Family">the tests it is read together with, and how many of them could be made.</param>
/// <param name="HolmPValue">adjusted for the family, Holm; <paramref name="HolmP"/> as a band.</param>
/// <param name="DiscoveryPValue">adjusted for the family, Benjamini and Hochberg; <paramref name="DiscoveryP"/> as a band.</param>
/// <param name="Symbol"><c>c</c> withheld, <c>u</c> too unreliable, <c>x</c> no data, <c>z</c> there is no such number: in place of the numbers.</param>
/// <param name="Marks">cautions, such as <c>small_base</c>.</param>
/// <param name="ReasonCode">why there is a symbol.</param>
public sealed record Figure(
    string Name,
    string Unit,
    double? Value = null,
    double? Lower = null,
    double? Upper = null,
    int? Base = null,
    int? Schools = null,
    double? StandardError = null,
    double? DegreesOfFreedom = null,
    double? EffectiveSize = null,
    double? DesignEffect = null,
    double? AssumedDesignEffect = null,
    double? SumOfWeights = null,
    double? LargestShare = null,
    double? PValue = null,
    string? P = null,
    string? Family = null,
    double? HolmPValue = null,
    string? HolmP = null,
    double? DiscoveryPValue = null,
    string? DiscoveryP = null,
    string? Method = null,
    string? Source = null,
    string? Symbol = null,
    string? Reason = null,
    IReadOnlyList<string>? Marks = null,
    ReasonCode? ReasonCode = null)
{
    /// <summary>What it mixes at fixed parts, each as it is by itself: the mix is shown as its worst part is. Never published.</summary>
    public IReadOnlyList<Figure>? Parts { get; init; }
}

/// <summary>One reading in one wave (null: over all time), with its verdict and figures.</summary>
/// <param name="Verdict">null where the reading is not decided on.</param>
/// <param name="Reason">why the verdict is <c>insufficient</c> or <c>unattainable</c>, why there is none, or how little it rests on.</param>
public sealed record ReadingResult(string Kpi, string Reading, string? Wave, Verdict? Verdict, string? Reason, IReadOnlyList<Figure> Figures)
{
    /// <summary>Why there is no verdict, or none but <c>insufficient</c> or <c>unattainable</c>; null where there is one.</summary>
    public ReasonCode? ReasonCode { get; init; }

    /// <summary>The milestone, where the reading is one.</summary>
    public Milestone? Milestone { get; init; }

    /// <summary>Somebody must put the evidence in order first: not to be issued as it stands, since what is issued is repeated.</summary>
    public bool IsHeld { get; init; }

    /// <summary>Hash of the question's wording the figures are of; null where it is not known.</summary>
    public string? Wording { get; init; }

    /// <summary>Why this wave does not continue the line of the one before; null where it does.</summary>
    public TrendBreak? TrendBreak { get; init; }

    /// <summary>Answers to the question in other words, which no figure counts; null where there are none.</summary>
    public HeldApart? HeldApart { get; init; }

    /// <summary>Versions of the instruments that its answers were mapped by, by id; set when it is published, null where it is of no answers.</summary>
    public IReadOnlyDictionary<string, int>? Instruments { get; init; }

    /// <summary>Key of its row: unique in a run.</summary>
    [JsonIgnore]
    public string Key => $"{Kpi}~{Wave ?? "all"}~{Reading}";

    internal bool SaysTheSameAs(ReadingResult other) => JsonSerializer.Serialize(this, ResultsJson.Default.ReadingResult) == JsonSerializer.Serialize(other, ResultsJson.Default.ReadingResult);
}

/// <summary>A wave that cannot be compared with the one before.</summary>
/// <param name="Wave">the wave before.</param>
public sealed record TrendBreak(TrendBreakReason Reason, string Wave);

/// <summary>Why a trend is broken.</summary>
public enum TrendBreakReason
{
    /// <summary>The question was asked in other words.</summary>
    [JsonStringEnumMemberName("wording_changed")]
    WordingChanged,
}

/// <summary>Answers to the same question in other words.</summary>
/// <param name="Respondents">how many gave a valid one; public: rounded, or left out where they are too few to tell.</param>
/// <param name="Since">day on which the first of them was submitted; never published.</param>
public sealed record HeldApart(int? Respondents, DateOnly? Since);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(ReadingResult))]
[JsonSerializable(typeof(RunFrame))]
[JsonSerializable(typeof(Disclosure.DisclosurePolicy))]
internal sealed partial class ResultsJson : JsonSerializerContext;

/// <summary>What surrounds the results of a run: which catalogue, which waves.</summary>
public sealed record RunFrame(string Catalogue, IReadOnlyList<Schools.WaveState> Waves)
{
    /// <summary>Every wording of every question, with how many answered it; null where no tool told any.</summary>
    public IReadOnlyList<WordingUse>? Wordings { get; init; }
}
