using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace WholeSchoolSend.Core.Polls;

/// <summary>One thing wrong with a dropped file: where, a code that never changes, and a sentence for the sender.</summary>
/// <param name="Line">1 is the first line of the file; 0 the whole file.</param>
/// <param name="Column">name of the column; null the whole row.</param>
public sealed record FileFinding(long Line, string? Column, string Code, string Message)
{
    public static FileFinding From(ProblemKind kind, string message) => new(0, null, kind.Code, message);
}

/// <summary>What a file holds once it was read without a problem: for which unit, and its rows.</summary>
public sealed record FileContent<T>(ImportUnit Unit, int InstrumentVersion, string? Collection, IReadOnlyCollection<T> Rows, ImportFacts Facts);

/// <summary>
/// Puts the content of a dropped file in place, wholly or not at all: rows under a version of their own, one write that makes them count,
/// the report beside the file. Run again after a crash at any point it comes to the same end.
/// </summary>
public sealed class FileImport(IDrops drops, IImports imports)
{
    /// <summary>Refuses the file: nothing changes but its report and the history.</summary>
    public async Task<ImportRecord> RefuseAsync(
        DroppedFile file, string contentHash, IReadOnlyList<FileFinding> findings, IReadOnlyList<string> notes, CancellationToken cancellation)
    {
        var record = new ImportRecord(file.Supplier, file.Name, contentHash, file.Modified, ImportOutcome.Refused, null, null, findings.Count);
        return await ReportAsync(file, record, findings, notes, cancellation);
    }

    /// <summary>
    /// Makes the file's rows count, unless a later drop of the same unit does. Later means a later Last-Modified (of two at once, the
    /// higher content hash), so that two drops that race end the same way round whoever is first.
    /// </summary>
    public async Task<ImportRecord> ActivateAsync<T>(
        DroppedFile file, string contentHash, FileContent<T> content, IVersionedRows<T> rows, IReadOnlyList<string> notes, CancellationToken cancellation)
    {
        var next = new ActiveImport(
            content.Unit, Version(content.Unit, contentHash, content.InstrumentVersion, file.Modified), file.Name, contentHash,
            content.InstrumentVersion, content.Collection, file.Modified, content.Facts);
        var all = await imports.ActiveAsync(cancellation);
        var now = all.FirstOrDefault(active => active.Unit == content.Unit);
        if (content.Collection is not null && all.Any(active => active.Collection == content.Collection && active.Unit.Wave == content.Unit.Wave && active.Unit != content.Unit))
            notes = [.. notes, "another poll counts for this wave and collection: two are not combined, and until one is withdrawn neither is published"];
        if (Decide(now, next) is { } switched && switched.Version == next.Version) await rows.WriteAsync(next.Version, content.Rows, cancellation);

        var (before, after) = await imports.SwitchAsync(content.Unit, active => Decide(active, next), cancellation);
        var outcome = after?.Version == next.Version ? ImportOutcome.Active
            : after?.ContentHash == next.ContentHash && after.InstrumentVersion == next.InstrumentVersion ? ImportOutcome.Unchanged
            : ImportOutcome.Superseded;
        if (outcome == ImportOutcome.Active && before is not null && before.Version != next.Version) await rows.DeleteAsync(before.Version, cancellation);
        if (outcome == ImportOutcome.Superseded) await rows.DeleteAsync(next.Version, cancellation);

        // Overwritten while it was imported: in one second the date does not tell which is later, so the import runs again on what is there.
        if (outcome == ImportOutcome.Active) await (await file.OpenAsync(cancellation)).DisposeAsync();

        var record = new ImportRecord(file.Supplier, file.Name, contentHash, file.Modified, outcome, content.Unit, content.Facts, 0);
        return await ReportAsync(file, record, [], notes, cancellation);
    }

    /// <summary>SHA-256 of the file's bytes, lower-case hex.</summary>
    public static async Task<string> HashAsync(DroppedFile file, CancellationToken cancellation)
    {
        await using var stream = await file.OpenAsync(cancellation);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellation));
    }

    /// <summary>What should count, given what counts now: null leaves it as it is.</summary>
    private static ActiveImport? Decide(ActiveImport? now, ActiveImport next)
    {
        if (now is null) return next;
        if (now.Version == next.Version) return null;
        // Last-Modified has whole seconds. Of one file, what is there now replaced what was there before in the same second.
        var replacesItself = now.File == next.File && now.Modified == next.Modified;
        if (!replacesItself && (now.Modified.CompareTo(next.Modified) is not 0 and var later ? later : string.CompareOrdinal(now.ContentHash, next.ContentHash)) > 0) return null;
        // The same content dropped again: its rows stay, but an older drop that comes late must not win over this one.
        return now.ContentHash == next.ContentHash && now.InstrumentVersion == next.InstrumentVersion ? now with { Modified = next.Modified, File = next.File } : next;
    }

    private static string Version(ImportUnit unit, string contentHash, int instrumentVersion, DateTimeOffset modified) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture, $"{unit.Supplier}/{unit.Instrument}/{unit.Wave}/{contentHash}/{instrumentVersion}/{modified.UtcTicks}"))))[..32];

    private async Task<ImportRecord> ReportAsync(
        DroppedFile file, ImportRecord record, IReadOnlyList<FileFinding> findings, IReadOnlyList<string> notes, CancellationToken cancellation)
    {
        await drops.ReportAsync(file, ImportReport.Json(record, findings, notes), ImportReport.Csv(findings), cancellation);
        await imports.RecordAsync(record, cancellation);
        return record;
    }
}
