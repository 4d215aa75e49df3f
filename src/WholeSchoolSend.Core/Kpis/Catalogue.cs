using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using WholeSchoolSend.Core.Instruments;

namespace WholeSchoolSend.Core.Kpis;

/// <summary>Every KPI of the programme as data: wording, target, readings, and how each reading is measured.</summary>
/// <param name="Combined">collections in which several sources of one wave are added up; in any other they are not, and the readings wait.</param>
/// <param name="Families">tests that are read together, and how their p-values are adjusted for that.</param>
public sealed record Catalogue(
    string Version, IReadOnlyList<string> Combined, IReadOnlyList<Family> Families, IReadOnlyList<Indicator> Indicators, IReadOnlyList<Kpi> Kpis)
{
    private static readonly JsonSchema Schema = JsonSchema.Embedded("kpi-catalogue.schema.json");
    private static readonly Lazy<Catalogue> Embedded = new(() => Parse(JsonSchema.EmbeddedText("kpi-catalogue.json")));

    /// <summary>The catalogue this build was made with. A typing error in it stops the start, not the report.</summary>
    public static Catalogue Current => Embedded.Value;

    /// <summary>SHA-256 of the catalogue's bytes, lower-case hex: part of what an evaluation read.</summary>
    [JsonIgnore]
    public string Hash { get; private init; } = "";

    /// <summary>Indicator by id.</summary>
    [JsonIgnore]
    public FrozenDictionary<string, Indicator> Indicator { get; private init; } = FrozenDictionary<string, Indicator>.Empty;

    /// <summary>Reads a catalogue by its published schema; throws <see cref="JsonException"/> saying everything that is wrong with it, and where.</summary>
    public static Catalogue Parse(ReadOnlyMemory<byte> json)
    {
        if (Schema.Check(json).Problems is { Count: > 0 } problems)
            throw new JsonException($"The KPI catalogue breaks kpi-catalogue.schema.json: {string.Join("; ", problems.Select(problem => $"{problem.Where} {problem.Message}"))}.");
        var catalogue = JsonSerializer.Deserialize(json.Span, CatalogueJson.Default.Catalogue)!;
        var read = catalogue with
        {
            Hash = Convert.ToHexStringLower(SHA256.HashData(json.Span)),
            Indicator = catalogue.Indicators.ToFrozenDictionary(indicator => indicator.Id, StringComparer.Ordinal),
        };
        var readings = read.Readings().ToDictionary(entry => entry.Reading.Id, entry => entry.Reading, StringComparer.Ordinal);
        foreach (var (kpi, reading) in read.Readings())
            if (reading.Measure.Contradiction(reading.Target ?? kpi.Target, reading.Undecided, read.Indicator, readings) is { } wrong)
                throw new JsonException($"{reading.Id} {wrong}.");
        foreach (var kpi in read.Kpis)
        {
            if (kpi.DuplicateOf is { } other && (kpi.Readings.Count > 0 || read.Kpis.All(one => one.Id != other)))
                throw new JsonException($"{kpi.Id} duplicates another KPI of the catalogue, and then has no readings of its own.");
            if (kpi.DuplicateOf is null && kpi.Readings.Count(reading => reading.Primary) != 1) throw new JsonException($"{kpi.Id} has one primary reading.");
        }
        if (read.Kpis.GroupBy(kpi => kpi.Id, StringComparer.Ordinal).FirstOrDefault(same => same.Count() > 1) is { } twice) throw new JsonException($"{twice.Key} is in the catalogue twice.");
        foreach (var collection in read.Combined)
            if (read.Readings().All(entry => entry.Reading.Measure.CollectionOf != collection)) throw new JsonException($"{collection} is combined, but no reading is of it.");
        foreach (var test in read.Families.SelectMany(family => family.Tests))
            if (!readings.ContainsKey(test.Reading)) throw new JsonException($"A family tests {test.Reading}, which is no reading.");
        return read;
    }

    /// <summary>Whom the readings of a collection count; null where none says, as of examples, which may come from either.</summary>
    public Subject? SubjectOf(string collection) => Readings().Select(entry => entry.Reading.Measure)
        .Where(measure => measure.CollectionOf == collection && measure is not Responses)
        .Select(measure => measure is PanelChange or PanelCount ? Subject.Organisation : (Subject?)Subject.School)
        .FirstOrDefault();

    /// <summary>Every reading with its KPI, in the catalogue's order.</summary>
    public IEnumerable<(Kpi Kpi, Reading Reading)> Readings() => Kpis.SelectMany(kpi => kpi.Readings.Select(reading => (kpi, reading)));
}

/// <summary>Tests that are read together.</summary>
public sealed record Family(string Id, string Title, IReadOnlyList<Adjustment> Adjustments, IReadOnlyList<FamilyTest> Tests);

/// <summary>One test of a family: the p-value of a figure of a reading.</summary>
public sealed record FamilyTest(string Reading, string Figure);

/// <summary>How p-values are adjusted for being several. The first of a family is the one that counts.</summary>
public enum Adjustment
{
    /// <summary>Holm (1979): the chance of one false finding or more.</summary>
    [JsonStringEnumMemberName("holm")]
    Holm,

    /// <summary>Benjamini and Hochberg (1995): the expected share of false ones among the findings.</summary>
    [JsonStringEnumMemberName("benjamini-hochberg")]
    BenjaminiHochberg,
}

/// <summary>A measurable item and the answer codes it may have.</summary>
/// <param name="Scores">what the codes are worth on a scale, where they are; codes without a score are no answers on it.</param>
public sealed record Indicator(string Id, string Title, IReadOnlyList<string> Codes, IReadOnlyDictionary<string, double>? Scores = null);

/// <summary>What kind of success a KPI states.</summary>
public enum KpiKind
{
    [JsonStringEnumMemberName("strategic")]
    Strategic,

    [JsonStringEnumMemberName("reach")]
    Reach,

    [JsonStringEnumMemberName("key-area")]
    KeyArea,

    [JsonStringEnumMemberName("outcome-examples")]
    OutcomeExamples,

    [JsonStringEnumMemberName("operational")]
    Operational,
}

/// <summary>One KPI in the programme's exact wording.</summary>
/// <param name="Measured">the programme's words on how it is measured.</param>
/// <param name="Target">null where the programme names no number.</param>
/// <param name="TargetWording">the target in words.</param>
/// <param name="Comparators">what the figures are set beside, in words.</param>
/// <param name="Notes">what the wording leaves open, and what was decided.</param>
/// <param name="Strand">of an operational KPI.</param>
/// <param name="DuplicateOf">the KPI it repeats word for word: shown once as such, counted never.</param>
public sealed record Kpi(
    string Id, KpiKind Kind, string Title, string Wording, string Measured, string Population, string TargetWording, IReadOnlyList<string> Comparators,
    IReadOnlyList<string> Notes, IReadOnlyList<Reading> Readings, Target? Target = null, string? Strand = null, string? DuplicateOf = null);

/// <summary>What a figure is held against.</summary>
/// <param name="Relation"><c>&gt;=</c> or <c>&gt;</c>.</param>
/// <param name="Unit"><c>%</c>, <c>pp</c> (percentage points) or what is counted.</param>
public sealed record Target(TargetRelation Relation, double Value, string Unit)
{
    /// <summary>What a sum of doubles may be off by: 60 of 100 over 50 of 100 is a rise of 20 %, and comes out as 19.999999999999996.</summary>
    private const double Noise = 1e-9;

    /// <summary>Is the target met by this figure, unrounded? One that differs from it by the noise of doubles equals it.</summary>
    public bool MetBy(double figure) => Relation == TargetRelation.Over ? figure > Value + Noise : figure >= Value - Noise;
}

public enum TargetRelation
{
    [JsonStringEnumMemberName(">=")]
    AtLeast,

    [JsonStringEnumMemberName(">")]
    Over,
}

/// <summary>One computed figure of a KPI; one per KPI is primary.</summary>
/// <param name="Target">where it differs from the KPI's own.</param>
/// <param name="Undecided">why no verdict is given on it; null: it is decided on its target.</param>
public sealed record Reading(string Id, string Title, bool Primary, Measure Measure, Target? Target = null, string? Undecided = null)
{
    /// <summary>Its own measure, or those of the readings it joins.</summary>
    internal IReadOnlyList<Measure> MeasuresIn(Kpi kpi) =>
        Measure is AllMet all ? [.. kpi.Readings.Where(one => all.Readings.Contains(one.Id)).Select(one => one.Measure)] : [Measure];

    /// <summary>Collections of the answers it rests on.</summary>
    internal IReadOnlyList<string> CollectionsIn(Kpi kpi) => [.. MeasuresIn(kpi).Select(measure => measure.CollectionOf).OfType<string>().Distinct(StringComparer.Ordinal)];
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowOutOfOrderMetadataProperties = true)]
[JsonSerializable(typeof(Catalogue))]
internal sealed partial class CatalogueJson : JsonSerializerContext;
