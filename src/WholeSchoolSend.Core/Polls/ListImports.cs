using System.Text.Json.Serialization;

namespace WholeSchoolSend.Core.Polls;

/// <summary>One drop as operators see it.</summary>
/// <param name="State">how far it has come; what counted once and was replaced is superseded.</param>
/// <param name="Reason">the problem code of why it waits, was refused or superseded.</param>
/// <param name="Fault">the kind of fault that ended an attempt; its words are in the host's log.</param>
/// <param name="Poisoned">failed as often as the host tries: it waits for a replay.</param>
/// <param name="Report">where its report is, once there is one.</param>
public sealed record ImportLine(
    string Supplier, string File, DateTimeOffset Dropped, long Bytes, ImportState State, ImportOutcome? Outcome, string? Reason, int Attempts, string? Fault,
    bool Poisoned, DateTimeOffset Updated,
    string? Instrument, int? InstrumentVersion, string? Wave, string? ContentHash, RowCounts? Rows, ImportFacts? Facts, int Problems, string? Report)
{
    public static ImportLine From(ImportRecord record, bool counts) => new(
        record.Supplier, record.File, record.Modified, record.Bytes, record.State == ImportState.Active && !counts ? ImportState.Superseded : record.State,
        record.Outcome, record.Reason, record.Attempts, record.Fault, record.IsPoisoned, record.Updated, record.Unit?.Instrument, record.InstrumentVersion, record.Unit?.Wave,
        record.ContentHash, record.Rows, record.Facts,
        record.Problems, record.Outcome is null ? null : $"poll-reports/{record.Supplier}/{record.File}.report.json");
}

/// <summary>Some drops, the newest first, and what to ask with for those after them.</summary>
public sealed record ImportPage(IReadOnlyList<ImportLine> Imports, string? Next);

/// <summary>Lists what became of dropped files.</summary>
public sealed class ListImports(IImports imports)
{
    public const int Most = 200;

    // Who filters for something rare is given a page with few lines and asked to go on, rather than waiting for a scan of everything.
    private const int MostRead = 5_000;

    /// <param name="state">a state, or <c>poisoned</c>; null all.</param>
    /// <param name="after">the <see cref="ImportPage.Next"/> of the page before.</param>
    public async Task<Checked<ImportPage>> RunAsync(string? supplier, string? state, int limit, string? after, CancellationToken cancellation)
    {
        if (limit is < 1 or > Most) return Problems.QueryInvalid.At("limit", $"should be a number from 1 to {Most}");
        ImportState? wanted = null;
        if (state is not (null or "poisoned"))
        {
            if (!Enum.GetNames<ImportState>().Contains(state, StringComparer.OrdinalIgnoreCase)) return Problems.QueryInvalid.At("state",
                "should be received, checked, loaded, active, refused, superseded or poisoned");
            wanted = Enum.Parse<ImportState>(state, ignoreCase: true);
        }
        var counting = (await imports.ActiveAsync(cancellation)).Select(active => active.Version).ToHashSet(StringComparer.Ordinal);
        var lines = new List<ImportLine>();
        var read = 0;
        await foreach (var stored in imports.HistoryAsync(after, cancellation))
        {
            // There is at least one more: only then is there a next page.
            if (lines.Count == limit || read == MostRead) return new ImportPage(lines, after);
            (after, read) = (stored.Position, read + 1);
            var line = ImportLine.From(stored.Record, stored.Record.Version is { } version && counting.Contains(version));
            if ((supplier is null || line.Supplier == supplier) && (wanted is null || line.State == wanted)
                && (state != "poisoned" || line.Poisoned)) lines.Add(line);
        }
        return new ImportPage(lines, null);
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ImportPage))]
[JsonSerializable(typeof(ImportLine))]
public sealed partial class ImportsJson : JsonSerializerContext;
