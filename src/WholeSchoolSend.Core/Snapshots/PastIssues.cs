using System.Text.Json;
using System.Text.Json.Serialization;
using WholeSchoolSend.Core.Disclosure;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Polls;

namespace WholeSchoolSend.Core.Snapshots;

/// <summary>A row of what stood behind an issue of a wave: the figures that were shown, or what one school answered.</summary>
/// <param name="Key">names the row within its issue.</param>
public sealed record IssuedRow(string Key, IReadOnlyList<IssuedFigure>? Figures, SchoolAnswers? School)
{
    /// <summary>What the evidence was made of, beside the figures.</summary>
    public Provenance? Provenance { get; init; }

    internal static IEnumerable<IssuedRow> Of(Issue issue) => issue.Answers
        .Select(school => new IssuedRow($"{school.Collection}~{school.School}", null, school))
        .Append(new IssuedRow("figures", issue.Figures, null) { Provenance = issue.Provenance });

    internal static Issue? Issue(IReadOnlyList<IssuedRow> rows) => rows.FirstOrDefault(row => row.Figures is not null) is { Figures: { } figures } row
        ? new Issue(figures, rows.Select(row => row.School).OfType<SchoolAnswers>().ToList()) { Provenance = row.Provenance }
        : null;
}

/// <summary>
/// Every issue of a wave's public figures so far: which there were say the published documents themselves, what stood behind them says the private store.
/// </summary>
public sealed class PastIssues(IDocuments documents, IVersionedRows<IssuedRow> behind)
{
    /// <summary>In place of a wave: what is told over all time, which stands anew in every document.</summary>
    public const string AllTime = "";

    /// <summary>What stood behind what a document told over all time; null where it is not known.</summary>
    public async Task<Issue?> OfAllTimeAsync(string document, CancellationToken cancellation) => IssuedRow.Issue(await behind.ReadAsync(Version(document, AllTime), cancellation));

    /// <summary>Keeps what stands behind the figures of a wave that first stand in this document: before it is published.</summary>
    public Task WriteAsync(string document, string wave, Issue issue, CancellationToken cancellation) => behind.WriteAsync(Version(document, wave), IssuedRow.Of(issue), cancellation);

    /// <summary>The issues, oldest first; null for one of which is not known what stood behind it.</summary>
    public async Task<IReadOnlyList<Issue?>> OfAsync(string wave, CancellationToken cancellation)
    {
        var issues = new List<Issue?>();
        var shown = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in await EntriesAsync(cancellation))
        {
            var document = Snapshot.FromJson((await documents.ReadAsync(Audience.Public, entry.Path, cancellation)
                ?? throw new InvalidOperationException($"index.json lists {entry.Path}, which is not there.")).Bytes);
            var now = Figures(document, wave);
            if (now.Any(reading => shown.GetValueOrDefault(reading.Key) != reading.Value))
                issues.Add(IssuedRow.Issue(await behind.ReadAsync(Version(entry.Id, wave), cancellation)));
            shown = now;
        }
        return issues;
    }

    /// <summary>Every public document, oldest first: also one that a crash left out of the index.</summary>
    private async Task<List<SnapshotPointer>> EntriesAsync(CancellationToken cancellation)
    {
        var index = await documents.ReadAsync(Audience.Public, "index.json", cancellation);
        var latest = await documents.ReadAsync(Audience.Public, "latest.json", cancellation);
        var entries = index is null ? [] : JsonSerializer.Deserialize(index.Bytes, SnapshotJson.Default.SnapshotIndex)!.Snapshots.Reverse().Select(entry => new SnapshotPointer(entry.Id, entry.Path)).ToList();
        if (latest is not null && JsonSerializer.Deserialize(latest.Bytes, SnapshotJson.Default.SnapshotPointer) is { } newest && !entries.Contains(newest)) entries.Add(newest);
        return entries;
    }

    private static Dictionary<string, string> Figures(Snapshot document, string wave) => document.Kpis.SelectMany(kpi => kpi.Readings)
        .SelectMany(reading => reading.Results.Where(result => result.Wave == wave && result.Figures.Count > 0).Select(result => (reading.Id, result)))
        .ToDictionary(one => one.Id, one => SnapshotResult.FiguresJson(one.result.Figures), StringComparer.Ordinal);

    private static string Version(string document, string wave) => $"{document}~{wave}";
}

/// <summary>Past issues as one decision needs them: each wave's are read once, unless somebody published meanwhile.</summary>
public sealed class PastRead(PastIssues issues)
{
    private readonly Dictionary<(string Wave, string? Latest), IReadOnlyList<Issue?>> _read = [];

    /// <param name="latest">the newest public document, null before the first: issues up to it.</param>
    public async Task<IReadOnlyList<Issue?>> OfAsync(string wave, string? latest, CancellationToken cancellation) =>
        _read.TryGetValue((wave, latest), out var known) ? known : _read[(wave, latest)] = await issues.OfAsync(wave, cancellation);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(IssuedRow))]
public sealed partial class IssuedJson : JsonSerializerContext;
