using System.Text.Json.Serialization;

namespace WholeSchoolSend.Core.Kpis;

/// <summary>How a reading is measured. A new KPI of an existing kind is a data change.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(Share), "share")]
[JsonDerivedType(typeof(MixedShare), "mixed-share")]
[JsonDerivedType(typeof(AllMet), "all-met")]
[JsonDerivedType(typeof(Score), "score")]
[JsonDerivedType(typeof(Change), "change")]
[JsonDerivedType(typeof(MatchedChange), "matched-change")]
[JsonDerivedType(typeof(PanelChange), "panel-change")]
[JsonDerivedType(typeof(PanelCount), "panel-count")]
[JsonDerivedType(typeof(Responses), "responses")]
[JsonDerivedType(typeof(EngagedSchools), "engaged-schools")]
[JsonDerivedType(typeof(MilestoneReached), "milestone")]
public abstract record Measure
{
    /// <summary>What contradicts itself in a reading measured so; null when nothing does.</summary>
    internal virtual string? Contradiction(
        Target? target, string? undecided, IReadOnlyDictionary<string, Indicator> indicators, IReadOnlyDictionary<string, Reading> readings) =>
        target is null && undecided is null && !DecidesWithoutTarget ? "has no target, and does not say why it is not decided" : null;

    /// <summary>Where its evidence is; null where that is no collection of answers.</summary>
    [JsonIgnore]
    internal string? CollectionOf => this switch
    {
        Share share => share.Collection,
        MixedShare mixed => mixed.Collection,
        Score score => score.Collection,
        Change change => change.Collection,
        MatchedChange change => change.Collection,
        PanelChange panel => panel.Collection,
        PanelCount panel => panel.Collection,
        Responses examples => examples.Collection,
        _ => null,
    };

    /// <summary>What it asks; null where it asks nobody.</summary>
    [JsonIgnore]
    internal string? IndicatorOf => this switch
    {
        Share share => share.Indicator,
        MixedShare mixed => mixed.Indicator,
        Score score => score.Indicator,
        Change change => change.Indicator,
        MatchedChange change => change.Indicator,
        PanelChange panel => panel.Indicator,
        PanelCount panel => panel.Indicator,
        Responses examples => examples.Indicator,
        _ => null,
    };

    /// <summary>When it asks; null where it asks at two stages, or nobody.</summary>
    [JsonIgnore]
    internal string? StageOf => this switch
    {
        Share share => share.Stage,
        MixedShare mixed => mixed.Stage,
        Score score => score.Stage,
        _ => null,
    };

    /// <summary>Is this an answer to its question, asked when it asks?</summary>
    internal bool Asks(CellTotal cell) => cell.Indicator == IndicatorOf && (StageOf is null || cell.Stage == StageOf);

    /// <summary>Does it count people of this role?</summary>
    internal bool CountsRole(string role) => this switch
    {
        Share share => share.Roles.Contains(role),
        MixedShare mixed => mixed.Parts.Any(part => part.Roles.Contains(role)),
        Score score => score.Roles.Contains(role),
        _ => true,
    };

    /// <summary>Is an answer of this code in its base?</summary>
    internal bool Takes(string code, Catalogue catalogue) => this switch
    {
        Share share => share.Valid.Contains(code),
        MixedShare mixed => mixed.Valid.Contains(code),
        Change { Scale: not ChangeScale.RelativeMean } change => change.Valid.Contains(code),
        MatchedChange change => change.Valid.Contains(code),
        PanelCount panel => panel.Valid.Contains(code),
        Responses examples => examples.Success.Contains(code),
        _ => IndicatorOf is { } indicator && catalogue.Indicator[indicator].Scores?.ContainsKey(code) == true,
    };

    /// <summary>Would an answer of this code to its question be in its base?</summary>
    internal bool IsValid(string code) => this switch
    {
        Share share => share.Valid.Contains(code),
        MixedShare mixed => mixed.Valid.Contains(code),
        Score => true,
        _ => false,
    };

    /// <summary>Whether a verdict needs no number to hold the figure against.</summary>
    protected virtual bool DecidesWithoutTarget => false;

    /// <summary>What is wrong with an indicator and the codes taken from it; null when nothing is.</summary>
    private protected static string? Codes(
        IReadOnlyDictionary<string, Indicator> indicators, string indicator, IReadOnlyList<string> success, IReadOnlyList<string> valid) =>
        !indicators.TryGetValue(indicator, out var known) ? $"has no indicator {indicator}"
        : valid.Except(known.Codes).Any() ? $"has valid codes that are not all of {indicator}"
        : success.Except(valid).Any() ? "has success codes that are not all valid"
        : null;

    private protected static string? Scores(IReadOnlyDictionary<string, Indicator> indicators, string indicator) =>
        !indicators.TryGetValue(indicator, out var known) ? $"has no indicator {indicator}"
        : known.Scores is null || known.Scores.Keys.Except(known.Codes).Any() ? $"has an indicator {indicator} without a scale"
        : null;
}

/// <summary>The weighted share of respondents with a success code among those with a valid code; engaged schools beside wider ones.</summary>
/// <param name="Collection">where the evidence is.</param>
/// <param name="Roles">whom the reading counts, by role as ticked.</param>
/// <param name="Published">a figure of 2016 to set it beside.</param>
public sealed record Share(
    string Collection, string Stage, string Indicator, IReadOnlyList<string> Success, IReadOnlyList<string> Valid, IReadOnlyList<string> Roles,
    PublishedFigure? Published = null) : Measure
{
    internal override string? Contradiction(
        Target? target, string? undecided, IReadOnlyDictionary<string, Indicator> indicators, IReadOnlyDictionary<string, Reading> readings) =>
        base.Contradiction(target, undecided, indicators, readings) ?? Codes(indicators, Indicator, Success, Valid);
}

/// <summary>A figure published elsewhere, in per cent, rounded to whole ones there.</summary>
/// <param name="Wording">the programme's words for it.</param>
/// <param name="Assumed">bases and design effects to show how much it would matter, where the source gives none: assumptions, published as such.</param>
/// <param name="Indicative">asks another question: set beside, never tested against.</param>
public sealed record PublishedFigure(
    double Value, string Source, string Wording, IReadOnlyList<AssumedBase>? Assumed = null, bool Indicative = false, string? Note = null);

/// <summary>An assumed base of a published figure.</summary>
public sealed record AssumedBase(double Base, double DesignEffect);

/// <summary>A share at a fixed mix of roles, whatever the mix of those who answered.</summary>
public sealed record MixedShare(
    string Collection, string Stage, string Indicator, IReadOnlyList<string> Success, IReadOnlyList<string> Valid, IReadOnlyList<MixPart> Parts) : Measure
{
    internal override string? Contradiction(
        Target? target, string? undecided, IReadOnlyDictionary<string, Indicator> indicators, IReadOnlyDictionary<string, Reading> readings) =>
        base.Contradiction(target, undecided, indicators, readings) ?? Codes(indicators, Indicator, Success, Valid)
        ?? (Parts.SelectMany(part => part.Roles).Distinct(StringComparer.Ordinal).Count() == Parts.Sum(part => part.Roles.Count) && Math.Abs(Parts.Sum(part => part.Part) - 1) < 1e-12
            ? null
            : "has parts that overlap or do not add up to 1");

    /// <summary>The share of one part.</summary>
    internal Share Of(MixPart part) => new(Collection, Stage, Indicator, Success, Valid, part.Roles);
}

/// <summary>Roles and the part they have in a mix, 0 to 1.</summary>
public sealed record MixPart(IReadOnlyList<string> Roles, double Part);

/// <summary>Met when every one of other readings is.</summary>
public sealed record AllMet(IReadOnlyList<string> Readings) : Measure
{
    internal override string? Contradiction(
        Target? target, string? undecided, IReadOnlyDictionary<string, Indicator> indicators, IReadOnlyDictionary<string, Reading> readings) =>
        Readings.All(readings.ContainsKey) ? null : "joins readings that are not there";
}

/// <summary>The weighted mean on the indicator's scale; engaged schools beside wider ones.</summary>
public sealed record Score(string Collection, string Stage, string Indicator, IReadOnlyList<string> Roles) : Measure
{
    internal override string? Contradiction(
        Target? target, string? undecided, IReadOnlyDictionary<string, Indicator> indicators, IReadOnlyDictionary<string, Reading> readings) =>
        base.Contradiction(target, undecided, indicators, readings) ?? Scores(indicators, Indicator);
}

/// <summary>On which scale a change is held against its target.</summary>
public enum ChangeScale
{
    /// <summary>Post over pre less 1, in per cent.</summary>
    [JsonStringEnumMemberName("relative")]
    Relative,

    /// <summary>Post less pre, in percentage points.</summary>
    [JsonStringEnumMemberName("points")]
    Points,

    /// <summary>Post over pre less 1 of the mean rescaled to 0 to 100, in per cent.</summary>
    [JsonStringEnumMemberName("relative-mean")]
    RelativeMean,
}

/// <summary>The change from before to after, of everybody who answered either time.</summary>
public sealed record Change(string Collection, string Indicator, IReadOnlyList<string> Success, IReadOnlyList<string> Valid, ChangeScale Scale) : Measure
{
    internal override string? Contradiction(
        Target? target, string? undecided, IReadOnlyDictionary<string, Indicator> indicators, IReadOnlyDictionary<string, Reading> readings) =>
        base.Contradiction(target, undecided, indicators, readings) ?? Codes(indicators, Indicator, Success, Valid) ?? Scores(indicators, Indicator);

    /// <summary>The share at one stage, of whatever role.</summary>
    internal Share At(string stage) => new(Collection, stage, Indicator, Success, Valid, AllRoles);

    private static readonly IReadOnlyList<string> AllRoles = ["leader", "senco", "leader+senco", "teacher", "other"];
}

/// <summary>The change among those who answered both times: a sensitivity, with what attrition did.</summary>
public sealed record MatchedChange(string Collection, string Indicator, IReadOnlyList<string> Success, IReadOnlyList<string> Valid) : Measure
{
    internal override string? Contradiction(
        Target? target, string? undecided, IReadOnlyDictionary<string, Indicator> indicators, IReadOnlyDictionary<string, Reading> readings) =>
        base.Contradiction(target, undecided, indicators, readings) ?? Codes(indicators, Indicator, Success, Valid) ?? Scores(indicators, Indicator);
}

/// <summary>What decides on a panel.</summary>
public enum PanelDecision
{
    /// <summary>An exact two-sided signed-rank test at 5 %, and a rise.</summary>
    [JsonStringEnumMemberName("significant-rise")]
    SignificantRise,

    /// <summary>The median change against the target.</summary>
    [JsonStringEnumMemberName("median-rise")]
    MedianRise,
}

/// <summary>How many organisations of a small panel rose on the indicator's scale between the first and the last interview.</summary>
public sealed record PanelChange(string Collection, string Indicator, PanelDecision? Decides = null) : Measure
{
    protected override bool DecidesWithoutTarget => Decides == PanelDecision.SignificantRise;

    internal override string? Contradiction(
        Target? target, string? undecided, IReadOnlyDictionary<string, Indicator> indicators, IReadOnlyDictionary<string, Reading> readings) =>
        base.Contradiction(target, undecided, indicators, readings) ?? Scores(indicators, Indicator)
        ?? (indicators[Indicator].Scores!.Values.All(score => score == Math.Truncate(score)) ? null : "has a scale with parts of points");
}

/// <summary>How many organisations gave a success code when last asked, of those that gave a valid one.</summary>
public sealed record PanelCount(string Collection, string Indicator, IReadOnlyList<string> Success, IReadOnlyList<string> Valid) : Measure
{
    internal override string? Contradiction(
        Target? target, string? undecided, IReadOnlyDictionary<string, Indicator> indicators, IReadOnlyDictionary<string, Reading> readings) =>
        base.Contradiction(target, undecided, indicators, readings) ?? Codes(indicators, Indicator, Success, Valid);
}

/// <summary>How many responses have a success code: a count of examples, never a rate.</summary>
public sealed record Responses(string Collection, string Indicator, IReadOnlyList<string> Success) : Measure
{
    internal override string? Contradiction(
        Target? target, string? undecided, IReadOnlyDictionary<string, Indicator> indicators, IReadOnlyDictionary<string, Reading> readings) =>
        base.Contradiction(target, undecided, indicators, readings) ?? Codes(indicators, Indicator, Success, Success);
}

/// <summary>How the programme reached a school.</summary>
public enum Reach
{
    [JsonStringEnumMemberName("direct")]
    Direct,

    /// <summary>Through a Consortium network.</summary>
    [JsonStringEnumMemberName("network")]
    Network,
}

/// <summary>Distinct schools the programme reached, successors counted as the schools they succeed.</summary>
public sealed record EngagedSchools(Reach Reach) : Measure;

/// <summary>A milestone of the programme: delivered or in use, and its counts as high as they should be.</summary>
/// <param name="Counts">what is counted beside the status.</param>
/// <param name="AtLeast">how many of them at least.</param>
public sealed record MilestoneReached(IReadOnlyList<string> Counts, IReadOnlyDictionary<string, int> AtLeast) : Measure
{
    protected override bool DecidesWithoutTarget => true;

    internal override string? Contradiction(
        Target? target, string? undecided, IReadOnlyDictionary<string, Indicator> indicators, IReadOnlyDictionary<string, Reading> readings) =>
        AtLeast.Keys.All(Counts.Contains) ? null : "needs counts it does not have";
}
