using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace WholeSchoolSend.Core.Polls;

/// <summary>What a file holds once it was read and found good: for which unit, and its rows.</summary>
public sealed record FileContent<T>(
    ImportUnit Unit, int InstrumentVersion, string? Collection, IReadOnlyCollection<T> Rows, ImportFacts Facts, RowCounts Counts, int Problems = 0);

/// <summary>
/// Takes drops through their states, received, checked, loaded, active or refused or superseded, each step one conditional write. What counts
/// is decided by one other write, so that a file is in wholly or not at all; a run that was interrupted anywhere is run again from the file
/// and comes to the same end.
/// </summary>
public sealed class FileImport(IDrops drops, IImports imports, TimeProvider time)
{
    /// <summary>Runs the work on one drop. What is finished already stays as it is, unless it is to be done <paramref name="again"/>.</summary>
    /// <returns>how far the drop has come; of a run that another took over, how far that was then.</returns>
    public async Task<ImportRecord> RunAsync(DroppedFile file, bool again, Func<ImportRun, CancellationToken, Task> work, CancellationToken cancellation)
    {
        var id = Guid.NewGuid().ToString("N");
        var stored = await imports.ReceiveAsync(Received(file, id), cancellation);
        if (stored.Record.Run != id)
        {
            var before = stored.Record;
            if (before.IsFinished && !again) return before;
            // Whoever holds it has crashed, or will find at its next step that it is ours now.
            var taken = before with
            {
                State = ImportState.Received,
                Outcome = null,
                Reason = null,
                Run = id,
                Updated = time.GetUtcNow(),
                Attempts = again || before.IsWaiting ? 1 : before.Attempts + 1,
                Fault = again || before.IsWaiting ? null : before.Fault ?? Interrupted,
            };
            if (await imports.AdvanceAsync(stored, taken, cancellation) is not { } ours) return before;
            stored = ours;
        }
        var run = new ImportRun(file, drops, imports, time, stored);
        try
        {
            await work(run, cancellation);
        }
        catch (TakenOverException)
        {
            // Two of us were at it. The other has the file from its start and will end it.
        }
        catch (Exception fault) when (!cancellation.IsCancellationRequested)
        {
            await run.FailAsync(KindOf(fault), cancellation);
            throw;
        }
        return run.Record;
    }

    /// <summary>Closes a drop that was never imported as itself: a half of a pair, or a file that is not there any more.</summary>
    public async Task CloseAsync(DroppedFile file, ImportState state, ImportOutcome outcome, ProblemKind reason, CancellationToken cancellation)
    {
        var id = Guid.NewGuid().ToString("N");
        var stored = await imports.ReceiveAsync(Received(file, id), cancellation);
        // Somebody who moves it meanwhile is importing it, and knows better.
        if (!stored.Record.IsFinished)
            await imports.AdvanceAsync(stored, stored.Record with
            {
                State = state,
                Outcome = outcome,
                Reason = reason.Code,
                Fault = null,
                Run = id,
                Updated = time.GetUtcNow()
            }, cancellation);
    }

    /// <summary>SHA-256 of the file's bytes, lower-case hex.</summary>
    public static async Task<string> HashAsync(DroppedFile file, CancellationToken cancellation)
    {
        await using var stream = await file.OpenAsync(cancellation);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellation));
    }

    private const string Interrupted = "interrupted";

    private ImportRecord Received(DroppedFile file, string run) => new(
        file.Supplier, file.Name, file.Id, file.Modified, file.Bytes, ImportState.Received, null, null, 1, null, run, time.GetUtcNow(), null, null, null,
            null, null, null, 0);

    /// <summary>The type of a fault in kebab case, e.g. <c>request-failed</c>. Its message may hold anything, and is the host's to log.</summary>
    private static string KindOf(Exception fault)
    {
        var name = fault.GetType().Name;
        if (name.EndsWith("Exception", StringComparison.Ordinal) && name.Length > 9) name = name[..^9];
        return string.Concat(name.Select((letter, at) => char.IsUpper(letter) && at > 0 ? $"-{char.ToLowerInvariant(letter)}"
            : $"{char.ToLowerInvariant(letter)}"));
    }
}

/// <summary>Another run holds the drop now: this one stops.</summary>
internal sealed class TakenOverException : Exception;

/// <summary>One run of the import of one drop.</summary>
public sealed class ImportRun
{
    private readonly IDrops _drops;
    private readonly IImports _imports;
    private readonly TimeProvider _time;
    private StoredImport _stored;

    internal ImportRun(DroppedFile file, IDrops drops, IImports imports, TimeProvider time, StoredImport stored) =>
        (File, _drops, _imports, _time, _stored) = (file, drops, imports, time, stored);

    public DroppedFile File { get; }

    public ImportRecord Record => _stored.Record;

    /// <summary>It waits, visibly, for another file.</summary>
    public async Task WaitAsync(ProblemKind reason, ImportReport report, CancellationToken cancellation)
    {
        await _drops.ReportAsync(File, report, cancellation);
        await AdvanceAsync(Record with { Outcome = ImportOutcome.Waiting, Reason = reason.Code, Fault = null }, cancellation);
    }

    /// <summary>Refuses the file: nothing changes but its report and the history.</summary>
    public async Task RefuseAsync(string contentHash, int? instrumentVersion, RowCounts? rows, ImportReport report, CancellationToken cancellation)
    {
        await _drops.ReportAsync(File, report, cancellation);
        await AdvanceAsync(
            Record with
            {
                State = ImportState.Refused,
                Outcome = ImportOutcome.Refused,
                Reason = report.Problems.FirstCode,
                Fault = null,
                ContentHash = contentHash,
                InstrumentVersion = instrumentVersion,
                Unit = null,
                Version = null,
                Rows = rows,
                Facts = null,
                Problems = report.Problems.Count,
            },
            cancellation);
    }

    /// <summary>
    /// Makes the file's rows count, unless a later drop of the same unit does. Later means a later Last-Modified (of two at once, the
    /// higher content hash), so that two drops that race end the same way round whoever is first.
    /// </summary>
    /// <param name="about">notes that follow from what counts when this file comes; null: none do.</param>
    /// <param name="report">makes the report of what came of it; more notes may come from here.</param>
    public async Task ActivateAsync<T>(
        string contentHash, FileContent<T> content, IVersionedRows<T> rows, Func<IReadOnlyList<ActiveImport>, Task<IReadOnlyList<string>>>? about,
            Func<ImportOutcome, IReadOnlyList<string>, ImportReport> report,
            CancellationToken cancellation)
    {
        var unit = content.Unit;
        var next = new ActiveImport(
            unit, Version(unit, contentHash, content.InstrumentVersion), File.Name, contentHash, content.InstrumentVersion, content.Collection, File.Modified,
                content.Facts);
        // An attempt that began under another version of the instrument may have left rows that nobody will ever count.
        if (Record.Version is { } left && left != next.Version && Record.Unit is { } of
            && !await CountsAsync(of, left, cancellation)) await rows.DeleteAsync(left, cancellation);
        await AdvanceAsync(
            Record with
            {
                State = ImportState.Checked,
                ContentHash = contentHash,
                Unit = unit,
                InstrumentVersion = content.InstrumentVersion,
                Version = next.Version,
                Rows = content.Counts,
                Facts = content.Facts,
                Problems = content.Problems,
            },
            cancellation);

        var all = await _imports.ActiveAsync(cancellation);
        var notes = about is null ? [] : await about(all);
        var wins = Decide(all.FirstOrDefault(active => active.Unit == unit), next)?.Version == next.Version;
        ImportSwitch switched;
        do
        {
            if (wins && Record.State != ImportState.Loaded)
            {
                await rows.WriteAsync(next.Version, content.Rows, cancellation);
                await AdvanceAsync(Record with { State = ImportState.Loaded }, cancellation);
            }
            switched = await _imports.SwitchAsync(
                unit,
                active =>
                {
                    var counts = Decide(active, next);
                    wins = counts?.Version == next.Version;
                    // Nothing counts whose rows are not written: what stood in our way is gone, and we go back for them.
                    return wins && Record.State != ImportState.Loaded ? null : counts;
                },
                cancellation);
        }
        while (wins && Record.State != ImportState.Loaded);
        var (_, after, replaced) = switched;
        var outcome = after?.Version == next.Version ? ImportOutcome.Active
            : after?.ContentHash == next.ContentHash && after.InstrumentVersion == next.InstrumentVersion ? ImportOutcome.Unchanged
            : ImportOutcome.Superseded;
        await RemoveAsync(_imports, unit, replaced, rows, cancellation);
        if (outcome != ImportOutcome.Active) await rows.DeleteAsync(next.Version, cancellation);

        // Overwritten while it was imported: in one second the date does not tell which is later, so the import runs again on what is there.
        if (outcome == ImportOutcome.Active) await (await File.OpenAsync(cancellation)).DisposeAsync();

        await _drops.ReportAsync(File, report(outcome, notes), cancellation);
        await AdvanceAsync(
            Record with
            {
                State = outcome == ImportOutcome.Superseded ? ImportState.Superseded : ImportState.Active,
                Outcome = outcome,
                Fault = null,
                Version = outcome == ImportOutcome.Superseded ? next.Version : after!.Version,
                Reason = outcome == ImportOutcome.Superseded ? Problems.LaterCounts.Code : null,
            },
            cancellation);
    }

    /// <summary>Removes the rows of versions that were replaced, then the note that they are to be removed.</summary>
    internal static async Task RemoveAsync<T>(IImports imports, ImportUnit unit, IReadOnlyList<string> versions, IVersionedRows<T> rows,
        CancellationToken cancellation)
    {
        if (versions.Count == 0) return;
        foreach (var version in versions) await rows.DeleteAsync(version, cancellation);
        await imports.ForgetAsync(unit, versions, cancellation);
    }

    /// <summary>Notes what kind of fault ended this attempt; whoever has taken the drop over meanwhile notes its own.</summary>
    internal async Task FailAsync(string fault, CancellationToken cancellation)
    {
        try
        {
            if (await _imports.AdvanceAsync(_stored, Record with { Fault = fault, Updated = _time.GetUtcNow() }, cancellation) is { } stored) _stored = stored;
        }
        // Storage that fails cannot take a note of it either; the fault that brought us here is the one to tell. The attempt is counted already.
        catch (Exception also) when (also is not OperationCanceledException)
        {
        }
    }

    private async Task AdvanceAsync(ImportRecord to, CancellationToken cancellation) =>
        _stored = await _imports.AdvanceAsync(_stored, to with { Updated = _time.GetUtcNow() }, cancellation) ?? throw new TakenOverException();

    private async Task<bool> CountsAsync(ImportUnit unit, string version, CancellationToken cancellation) =>
        (await _imports.ActiveAsync(cancellation)).Any(active => active.Unit == unit && active.Version == version);

    /// <summary>What should count, given what counts now: null leaves it as it is.</summary>
    private static ActiveImport? Decide(ActiveImport? now, ActiveImport next)
    {
        if (now is null) return next;
        if (now.Version == next.Version) return null;
        // The same drop, read by two versions of its instrument: the newer one counts, whichever run ends last.
        if (now.File == next.File && now.Modified == next.Modified
            && now.ContentHash == next.ContentHash) return next.InstrumentVersion > now.InstrumentVersion ? next : null;
        // Last-Modified has whole seconds. Of one file, what is there now replaced what was there before in the same second.
        var replacesItself = now.File == next.File && now.Modified == next.Modified;
        if (!replacesItself && (now.Modified.CompareTo(next.Modified) is not 0 and var later ? later : string.CompareOrdinal(now.ContentHash, next.ContentHash)) > 0) return null;
        // The same content dropped again: its rows stay, but an older drop that comes late must not win over this one.
        return now.ContentHash == next.ContentHash && now.InstrumentVersion == next.InstrumentVersion ? now with { Modified = next.Modified, File = next.File } : next;
    }

    private string Version(ImportUnit unit, string contentHash, int instrumentVersion) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture, $"{unit.Supplier}/{unit.Instrument}/{unit.Wave}/{contentHash}/{instrumentVersion}/{File.Id}"))))[..32];
}
