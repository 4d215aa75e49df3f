using System.Text.Json.Serialization;
using WholeSchoolSend.Core.Schools;

namespace WholeSchoolSend.Core.Polls;

/// <summary>One drop as operators see it.</summary>
/// <param name="Received">when it was first seen: the order of drops within one second.</param>
/// <param name="State">how far it has come; what counted once and was replaced is superseded.</param>
/// <param name="Outcome">what came of it, as it is now.</param>
/// <param name="Reason">the problem code of why it waits, was refused, superseded or withdrawn.</param>
/// <param name="Wave">the round of fieldwork; missing for the register, which has none.</param>
/// <param name="Pair">of a half, the name under which the pair was imported.</param>
/// <param name="Fault">the kind of fault that ended an attempt; its words are in the host's log.</param>
/// <param name="Poisoned">failed as often as the host tries: it waits for a replay.</param>
/// <param name="Report">where its report is, once there is one.</param>
public sealed record ImportLine(
    string Supplier, string File, DateTimeOffset Dropped, DateTimeOffset Received, long Bytes, ImportState State, ImportOutcome? Outcome, string? Reason,
    Withdrawal? Withdrawn, int Attempts, string? Fault, bool Poisoned, DateTimeOffset Updated, string? Pair,
    string? Instrument, int? InstrumentVersion, string? Wave, string? ContentHash, RowCounts? Rows, ImportFacts? Facts, int Problems, string? Report)
{
    /// <param name="units">what stands now: a record says what its drop came to then, a line what it is now.</param>
    public static ImportLine From(ImportRecord record, IReadOnlyDictionary<string, ActiveImport> units, DateTimeOffset now)
    {
        var stands = record.Version is { } version ? units.GetValueOrDefault(version) : null;
        if (record.State == ImportState.Active && stands is not { Withdrawn: null })
            record = stands is null
                ? record with { State = ImportState.Superseded, Outcome = ImportOutcome.Superseded, Reason = Core.Problems.LaterCounts.Code }
                : record.AfterWithdrawal(stands.Withdrawn!);
        return new ImportLine(
            record.Supplier, record.File, record.Modified, record.Received, record.Bytes, record.State, record.Outcome, record.Reason, record.Withdrawn,
            record.Attempts, record.Fault, record.IsPoisoned(now), record.Updated, record.Pair, record.Unit?.Instrument, record.InstrumentVersion,
            record.Unit is { Supplier: not ImportRegister.Supplier } unit ? unit.Wave : null, record.ContentHash, record.Rows, record.Facts, record.Problems,
            record.Outcome is null ? null : $"poll-reports/{record.Supplier}/{record.File}.report.json");
    }
}

/// <summary>Some drops, the newest first, and what to ask with for those after them.</summary>
public sealed record ImportPage(IReadOnlyList<ImportLine> Imports, string? Next);

/// <summary>Lists what became of dropped files.</summary>
public sealed class ListImports(IImports imports, TimeProvider time)
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
                "should be received, checked, loaded, active, refused, superseded, withdrawn or poisoned");
            wanted = Enum.Parse<ImportState>(state, ignoreCase: true);
        }
        if (after is not null && !imports.IsPosition(after)) return Problems.QueryInvalid.At("after", "should be the next of the page before");
        var units = (await imports.UnitsAsync(cancellation)).ToDictionary(unit => unit.Version, StringComparer.Ordinal);
        var lines = new List<ImportLine>();
        var read = 0;
        await foreach (var stored in imports.HistoryAsync(after, cancellation))
        {
            // There is at least one more: only then is there a next page.
            if (lines.Count == limit || read == MostRead) return new ImportPage(lines, after);
            (after, read) = (stored.Position, read + 1);
            // The pair stands under this name itself.
            if (stored.Record.Pair == stored.Record.File) continue;
            var line = ImportLine.From(stored.Record, units, time.GetUtcNow());
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
