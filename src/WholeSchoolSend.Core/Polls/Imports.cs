using System.Text.Json.Serialization;

namespace WholeSchoolSend.Core.Polls;

/// <summary>What a dropped file is about, and so what it replaces, whatever the file is called.</summary>
/// <param name="Supplier">the pollster; <c>register</c> for the schools register.</param>
/// <param name="Instrument">the instrument that maps it; for the register <c>schools</c>, <c>engagements</c>.</param>
/// <param name="Wave">the round of fieldwork; for engagements the file's name, since several lists add up; else <c>all</c>.</param>
public sealed record ImportUnit(string Supplier, string Instrument, string Wave);

/// <summary>The content of a unit that counts now.</summary>
/// <param name="Version">names the rows of this content; unique to this drop, the same when its import is run again.</param>
/// <param name="ContentHash">SHA-256 of the file's bytes, lower-case hex.</param>
/// <param name="InstrumentVersion">which version mapped it; 0 for the register.</param>
/// <param name="Modified">the blob's Last-Modified: the later drop counts.</param>
/// <param name="Facts">what a reader of figures must know about the file: rows, weights, labels.</param>
public sealed record ActiveImport(
    ImportUnit Unit, string Version, string File, string ContentHash, int InstrumentVersion, string? Collection, DateTimeOffset Modified, ImportFacts Facts);

/// <summary>Counts of one file.</summary>
/// <param name="SumOfWeights">null where the file has no weights.</param>
/// <param name="MaxOverMean">largest weight over the mean weight; null where there are none.</param>
/// <param name="EffectiveSize">Kish's effective sample size; null where there are no weights.</param>
public sealed record ImportFacts(int Rows, int Schools, int ZeroWeights, double? SumOfWeights, double? MaxOverMean, double? EffectiveSize);

/// <summary>What became of one drop of a file; written in lower case.</summary>
[JsonConverter(typeof(ImportOutcomeJson))]
public enum ImportOutcome
{
    /// <summary>Its rows count now.</summary>
    Active,

    /// <summary>The same content counts already: nothing changed.</summary>
    Unchanged,

    /// <summary>A later drop counts: nothing changed.</summary>
    Superseded,

    /// <summary>It has problems, all of them in its report: nothing changed.</summary>
    Refused,
}

/// <summary>Writes an outcome in lower case.</summary>
public sealed class ImportOutcomeJson() : JsonStringEnumConverter<ImportOutcome>(System.Text.Json.JsonNamingPolicy.CamelCase);

/// <summary>One drop of a file in the history of imports.</summary>
public sealed record ImportRecord(
    string Supplier, string File, string ContentHash, DateTimeOffset Modified, ImportOutcome Outcome, ImportUnit? Unit, ImportFacts? Facts, int Problems);

/// <summary>Keeps which content of every unit counts, and the history of drops.</summary>
public interface IImports
{
    /// <summary>What counts now, by supplier, instrument and wave.</summary>
    Task<IReadOnlyList<ActiveImport>> ActiveAsync(CancellationToken cancellation);

    /// <summary>
    /// Switches a unit in one write to what <paramref name="decide"/> makes of what counts now (null: nothing counts yet; null back: leave it),
    /// deciding again when somebody else was first. Returns what counted before and what counts after.
    /// </summary>
    Task<(ActiveImport? Before, ActiveImport? After)> SwitchAsync(
        ImportUnit unit, Func<ActiveImport?, ActiveImport?> decide, CancellationToken cancellation);

    /// <summary>Adds one drop to the history; the same drop twice is kept once.</summary>
    Task RecordAsync(ImportRecord record, CancellationToken cancellation);
}

/// <summary>Rows that count together: written under a version of their own, switched on elsewhere by one write, never changed.</summary>
public interface IVersionedRows<T>
{
    /// <summary>Writes rows in batches; writing the same rows again changes nothing.</summary>
    Task WriteAsync(string version, IEnumerable<T> rows, CancellationToken cancellation);

    /// <summary>All rows of a version, in key order.</summary>
    Task<IReadOnlyList<T>> ReadAsync(string version, CancellationToken cancellation);

    /// <summary>Removes the rows of a version that no longer counts.</summary>
    Task DeleteAsync(string version, CancellationToken cancellation);
}

/// <summary>A file somebody dropped, as it was when it was found.</summary>
/// <param name="OpenAsync">opens the content from its start, as often as wanted; a fault when the blob has changed since.</param>
public sealed record DroppedFile(
    string Supplier, string Name, DateTimeOffset Modified, long Bytes, Func<CancellationToken, Task<Stream>> OpenAsync);

/// <summary>Where files are dropped, and where their reports are put.</summary>
public interface IDrops
{
    /// <summary>The poll file at <c>poll-drop/{supplier}/{name}</c>; null when it is gone.</summary>
    Task<DroppedFile?> FindPollAsync(string supplier, string name, CancellationToken cancellation);

    /// <summary>The register file at <c>register/{name}</c>, with supplier <c>register</c>; null when it is gone.</summary>
    Task<DroppedFile?> FindRegisterAsync(string name, CancellationToken cancellation);

    /// <summary>Keeps the bytes of a poll file at <c>raw/{hash}</c>, once.</summary>
    Task KeepRawAsync(DroppedFile file, string contentHash, CancellationToken cancellation);

    /// <summary>Writes <c>poll-reports/{supplier}/{name}.report.json</c> and <c>.report.csv</c>, over what an earlier drop left there.</summary>
    Task ReportAsync(DroppedFile file, byte[] json, byte[] csv, CancellationToken cancellation);
}
