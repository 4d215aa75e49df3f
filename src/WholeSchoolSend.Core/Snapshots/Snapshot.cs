using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Schools;

namespace WholeSchoolSend.Core.Snapshots;

/// <summary>A published document: every KPI with its readings, verdicts and figures. Immutable; its id is the hash of its bytes.</summary>
/// <param name="Schema">path of the JSON Schema it follows.</param>
/// <param name="Previous">id of the document before; the one after stands in the index only.</param>
/// <param name="Inputs">SHA-256 over everything its evaluation read; null in a public document, whose figures may be of several evaluations.</param>
public sealed record Snapshot(
    string Schema, Audience Audience, string? Previous, string Programme, string Catalogue, string? Inputs,
    IReadOnlyList<SnapshotWave> Waves, IReadOnlyList<SnapshotKpi> Kpis)
{
    public const string SchemaPath = "schema/snapshot-1.json";

    /// <summary>What was wrong in documents that were published before; null where nothing was.</summary>
    [JsonPropertyOrder(1)]
    public IReadOnlyList<SnapshotErratum>? Errata { get; init; }

    /// <summary>What the evidence was made of; null in a public document.</summary>
    [JsonPropertyOrder(2)]
    public Provenance? Evidence { get; init; }

    /// <value>The same as TypeScript types.</value>
    public const string TypesPath = "schema/snapshot-1.d.ts";

    public const string ProgrammeName = "Whole School SEND";

    /// <summary>The one form of this document: UTF-8, members in this order, numbers and dates free of culture.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, SnapshotJson.Default.Snapshot);

    public static Snapshot FromJson(ReadOnlySpan<byte> json) => JsonSerializer.Deserialize(json, SnapshotJson.Default.Snapshot)!;

    /// <summary>Id of a document: the first 32 hex digits of the SHA-256 of its bytes.</summary>
    public static string IdOf(ReadOnlySpan<byte> json) => Convert.ToHexStringLower(SHA256.HashData(json))[..32];

    /// <summary>Says the same as another, whatever came before either, whatever they were evaluated from and whatever moved them.</summary>
    public bool SaysTheSameAs(Snapshot other) => Bare(this).AsSpan().SequenceEqual(Bare(other));

    private static byte[] Bare(Snapshot snapshot) => (snapshot with
    {
        Previous = null,
        Inputs = null,
        Evidence = null,
        Kpis = [.. snapshot.Kpis.Select(kpi => kpi with
        {
            Readings = [.. kpi.Readings.Select(reading => reading with { Results = [.. reading.Results.Select(result => result with { Changes = null })] })],
        })],
    }).ToJson();
}

/// <summary>A wave as a reader needs it.</summary>
public sealed record SnapshotWave(string Id, string Title, DateOnly From, DateOnly To, bool Closed, int? Frame, int? Invited)
{
    public static SnapshotWave Of(WaveState state) =>
        new(state.Id, state.Wave.Title, state.Wave.From, state.Wave.To, state.Closed is not null, state.Wave.Frame, state.Wave.Invited);
}

/// <summary>A KPI in its exact wording, with its readings; the primary one decides. What the fields say stands in <see cref="Kpi"/>.</summary>
public sealed record SnapshotKpi(
    string Id, KpiKind Kind, string Title, string Wording, string Measured, string Population, string? Strand, string? DuplicateOf, Target? Target, string TargetWording,
    IReadOnlyList<string> Comparators, IReadOnlyList<string> Notes, IReadOnlyList<SnapshotReading> Readings);

/// <summary>A reading and its results by wave.</summary>
public sealed record SnapshotReading(string Id, string Title, bool Primary, Target? Target, IReadOnlyList<SnapshotResult> Results);

/// <summary>One result; <paramref name="Wave"/> null means over all time.</summary>
public sealed record SnapshotResult(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Wave, Verdict? Verdict, string? Reason, ReasonCode? ReasonCode,
    string? Wording, TrendBreak? TrendBreak, HeldApart? HeldApart, IReadOnlyDictionary<string, int>? Instruments, IReadOnlyList<Figure> Figures, Milestone? Milestone)
{
    /// <summary>What moved it since the document before (public: since its wave's figures were issued before); null where it is as it was, or new.</summary>
    public IReadOnlyList<Mover>? Changes { get; init; }

    public static SnapshotResult Of(ReadingResult result) =>
        new(result.Wave, result.Verdict, result.Reason, result.ReasonCode, result.Wording, result.TrendBreak, result.HeldApart, result.Instruments, result.Figures, result.Milestone);

    /// <summary>Says the same, whatever moved either.</summary>
    public bool SaysTheSameAs(SnapshotResult other) => Json(this) == Json(other);

    private static string Json(SnapshotResult result) => JsonSerializer.Serialize(result with { Changes = null }, SnapshotJson.Default.SnapshotResult);

    /// <summary>Figures in their one form: equal texts, equal figures.</summary>
    internal static string FiguresJson(IReadOnlyList<Figure> figures) => JsonSerializer.Serialize(figures, SnapshotJson.Default.IReadOnlyListFigure);
}

/// <summary>What was wrong in documents that were published. What the fields say stands in <see cref="Erratum"/>.</summary>
public sealed record SnapshotErratum(string Id, DateOnly On, string Text, IReadOnlyList<string> Snapshots, IReadOnlyList<string>? Kpis, string? Wave)
{
    /// <summary>As far as it concerns documents of one audience; null where it concerns none of them.</summary>
    public static SnapshotErratum? Of(ErratumState state, IReadOnlySet<string> published)
    {
        var concerned = state.Erratum.Snapshots.Where(published.Contains).ToList();
        return concerned.Count == 0 ? null : new SnapshotErratum(state.Id, state.Erratum.On, state.Erratum.Text, concerned, state.Erratum.Kpis, state.Erratum.Wave);
    }
}

/// <summary><c>latest.json</c>: which document is the newest.</summary>
public sealed record SnapshotPointer(string Id, string Path)
{
    /// <value>Where its figures are as CSV, if it is public.</value>
    [JsonIgnore]
    public string Csv => System.IO.Path.ChangeExtension(Path, ".csv");
}

/// <summary><c>index.json</c>: every document, newest first.</summary>
public sealed record SnapshotIndex(IReadOnlyList<SnapshotEntry> Snapshots);

/// <summary>One document in the index, with when it was published: it is the newest from then until the one after it was.</summary>
/// <param name="Csv">its figures as CSV; public documents only.</param>
/// <param name="Metadata">what the columns of the CSV mean; public documents only.</param>
/// <param name="Errata">what is known to be wrong in it, by id: the newest document says what; null where nothing is.</param>
public sealed record SnapshotEntry(
    string Id, string Path, string? Previous, string? Next, DateTimeOffset Published, string? Csv = null, string? Metadata = null, IReadOnlyList<string>? Errata = null)
{
    public static SnapshotEntry Of(SnapshotPointer pointer, Snapshot document, DateTimeOffset published) => new(
        pointer.Id, pointer.Path, document.Previous, null, published,
        document.Audience == Audience.Public ? pointer.Csv : null, document.Audience == Audience.Public ? Page.FiguresCsv.MetadataOf(document).Path : null);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(Snapshot))]
[JsonSerializable(typeof(SnapshotPointer))]
[JsonSerializable(typeof(SnapshotIndex))]
internal sealed partial class SnapshotJson : JsonSerializerContext;
