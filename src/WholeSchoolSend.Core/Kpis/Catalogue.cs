using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace WholeSchoolSend.Core.Kpis;

/// <summary>Every KPI of the programme as data: wording, target, readings, and how each reading is measured.</summary>
public sealed record Catalogue(string Version, IReadOnlyList<Indicator> Indicators, IReadOnlyList<Kpi> Kpis)
{
    /// <summary>The catalogue this build was made with. A typing error in it stops the start, not the report.</summary>
    public static Catalogue Current { get; } = Parse(JsonSchema.EmbeddedText("kpi-catalogue.json"));

    /// <summary>SHA-256 of the catalogue's bytes, lower-case hex: part of what an evaluation read.</summary>
    [JsonIgnore]
    public string Hash { get; private init; } = "";

    /// <summary>Indicator by id.</summary>
    [JsonIgnore]
    public FrozenDictionary<string, Indicator> Indicator { get; private init; } = FrozenDictionary<string, Indicator>.Empty;

    /// <summary>Reads a catalogue; throws <see cref="JsonException"/> saying where it is wrong.</summary>
    public static Catalogue Parse(ReadOnlySpan<byte> json)
    {
        var catalogue = JsonSerializer.Deserialize(json, CatalogueJson.Default.Catalogue)!;
        var read = catalogue with
        {
            Hash = Convert.ToHexStringLower(SHA256.HashData(json)),
            Indicator = catalogue.Indicators.ToFrozenDictionary(indicator => indicator.Id, StringComparer.Ordinal),
        };
        foreach (var (kpi, reading) in read.Readings())
        {
            if ((reading.Target ?? kpi.Target) is null) throw new JsonException($"{reading.Id} has no target.");
            if (reading.Measure is not Share share) continue;
            if (!read.Indicator.TryGetValue(share.Indicator, out var indicator)) throw new JsonException($"{reading.Id}: no indicator {share.Indicator}.");
            if (share.Valid.Except(indicator.Codes).Any()) throw new JsonException($"{reading.Id}: valid codes are not all of {share.Indicator}.");
            if (share.Success.Except(share.Valid).Any()) throw new JsonException($"{reading.Id}: success codes are not all valid.");
        }
        return read;
    }

    /// <summary>Every reading with its KPI, in the catalogue's order.</summary>
    public IEnumerable<(Kpi Kpi, Reading Reading)> Readings() => Kpis.SelectMany(kpi => kpi.Readings.Select(reading => (kpi, reading)));
}

/// <summary>A measurable item and the answer codes it may have.</summary>
public sealed record Indicator(string Id, string Title, IReadOnlyList<string> Codes);

/// <summary>One KPI in the programme's exact wording.</summary>
public sealed record Kpi(string Id, string Title, string Wording, Target Target, IReadOnlyList<Reading> Readings);

/// <summary>What a figure is held against.</summary>
/// <param name="Relation"><c>&gt;=</c> or <c>&gt;</c>.</param>
/// <param name="Unit"><c>%</c> or what is counted.</param>
public sealed record Target(TargetRelation Relation, double Value, string Unit)
{
    /// <summary>Is the target met by this figure, unrounded?</summary>
    public bool MetBy(double figure) => Relation == TargetRelation.Over ? figure > Value : figure >= Value;
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
public sealed record Reading(string Id, string Title, bool Primary, Measure Measure, Target? Target = null);

/// <summary>How a reading is measured. A new KPI of an existing kind is a data change.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(Share), "share")]
[JsonDerivedType(typeof(AllMet), "all-met")]
[JsonDerivedType(typeof(EngagedSchools), "engaged-schools")]
public abstract record Measure;

/// <summary>The weighted share of respondents with a success code among those with a valid code; engaged schools beside wider ones.</summary>
/// <param name="Collection">where the evidence is.</param>
/// <param name="Roles">whom the reading counts, by role as ticked.</param>
/// <param name="Published">a figure of 2016 to set it beside, in per cent.</param>
public sealed record Share(
    string Collection, string Stage, string Indicator, IReadOnlyList<string> Success, IReadOnlyList<string> Valid, IReadOnlyList<string> Roles,
    PublishedFigure? Published = null) : Measure;

/// <summary>A figure published elsewhere, in per cent, rounded to whole ones there.</summary>
public sealed record PublishedFigure(double Value, string Source);

/// <summary>Met when every one of other readings is.</summary>
public sealed record AllMet(IReadOnlyList<string> Readings) : Measure;

/// <summary>Distinct schools with at least one engagement.</summary>
public sealed record EngagedSchools : Measure;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowOutOfOrderMetadataProperties = true)]
[JsonSerializable(typeof(Catalogue))]
internal sealed partial class CatalogueJson : JsonSerializerContext;
