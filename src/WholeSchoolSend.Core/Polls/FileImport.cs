using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace WholeSchoolSend.Core.Polls;

/// <summary>What a file holds once it was read and found good: for which unit, and its rows.</summary>
public sealed record FileContent<T>(
    ImportUnit Unit, int InstrumentVersion, string? Collection, IReadOnlyCollection<T> Rows, ImportFacts Facts, RowCounts Counts, int Problems = 0, LeftOut? LeftOut = null)
{
    /// <summary>Ids of the erasures whose rows were left out, or would have been, with a blank between.</summary>
    public string Excludes { get; init; } = "";

    /// <summary>Somebody who was erased is in it: the file goes.</summary>
    public bool IsFileGone { get; init; }

    /// <summary>Names the copy that is kept in its place; null where there is none.</summary>
    public string? Redacted { get; init; }
}

/// <summary>
/// Takes drops through their states, received, checked, loaded, active or refused or superseded, each step one conditional write. What counts
/// is decided by one other write, so that a file is in wholly or not at all; a run that was interrupted anywhere is run again from the file
/// and comes to the same end.
/// </summary>
public sealed class FileImport(IDrops drops, IImports imports, TimeProvider time)
{
    /// <summary>
    /// Runs the work on one drop. What is finished already stays as it is, unless it is to be done <paramref name="again"/>; what was withdrawn
    /// stays out in any case.
    /// </summary>
    /// <returns>how far the drop has come; of a run that another took over, how far that was then.</returns>
    public async Task<ImportRecord> RunAsync(DroppedFile file, bool again, Func<ImportRun, CancellationToken, Task> work, CancellationToken cancellation)
    {
        using var span = Signals.Span("import file");
        var id = Guid.NewGuid().ToString("N");
        var stored = await imports.ReceiveAsync(Received(file, id), cancellation);
        if (stored.Record.Run != id)
        {
            var before = stored.Record;
            if (before.IsFinished && (!again || before.State == ImportState.Withdrawn)) return before;
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
            Signals.Imported(run.Record);
            throw;
        }
        Signals.Imported(run.Record);
        return run.Record;
    }

    /// <summary>Closes a drop whose file is not there any more.</summary>
    public async Task CloseGoneAsync(ImportRecord gone, CancellationToken cancellation)
    {
        var id = Guid.NewGuid().ToString("N");
        var stored = await imports.ReceiveAsync(gone, cancellation);
        // Somebody who moves it meanwhile is importing it, and knows better.
        if (!stored.Record.IsFinished)
            await imports.AdvanceAsync(stored, stored.Record with
            {
                State = ImportState.Superseded,
                Outcome = ImportOutcome.Superseded,
                Reason = Problems.FileReplaced.Code,
                Fault = null,
                Run = id,
                Updated = time.GetUtcNow()
            }, cancellation);
    }

    /// <summary>A half of a pair has come to what the pair came to, whatever the history said of it before.</summary>
    public async Task CloseHalfAsync(DroppedFile half, ImportRecord pair, CancellationToken cancellation)
    {
        var id = Guid.NewGuid().ToString("N");
        var stored = await imports.ReceiveAsync(Received(half, id), cancellation);
        var before = stored.Record;
        var after = pair with
        {
            File = half.Name,
            Drop = half.Id,
            Modified = half.Modified,
            Bytes = half.Bytes,
            Reason = Problems.HalfOfPair.Code,
            Pair = pair.File,
            Received = before.Received,
            Run = before.Run,
            Updated = before.Updated,
            Attempts = before.Attempts,
        };
        if (before.Pair == after.Pair && before.Version == after.Version && before.State == after.State && before.Outcome == after.Outcome) return;
        await imports.AdvanceAsync(stored, after with { Run = id, Updated = time.GetUtcNow() }, cancellation);
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
            null, null, null, 0)
    {
        Received = time.GetUtcNow(),
    };

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
        await ReportAsync(report with { Head = report.Head with { Reason = reason.Code } }, cancellation);
        await AdvanceAsync(Record with { Outcome = ImportOutcome.Waiting, Reason = reason.Code, Fault = null }, cancellation);
    }

    /// <summary>Refuses the file: nothing changes but its report and the history.</summary>
    public async Task RefuseAsync(string contentHash, int? instrumentVersion, RowCounts? rows, ImportReport report, CancellationToken cancellation)
    {
        await ReportAsync(report, cancellation);
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
    /// Makes the file's rows count, unless a later drop of the same unit does. Later means a later Last-Modified (of two at once, the one that was
    /// seen later), so that two drops that race end the same way round whoever is first. What was withdrawn gives way to a later drop only.
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
            unit, Version(content, contentHash), File.Name, contentHash, content.InstrumentVersion, content.Collection, File.Modified,
                content.Facts)
        {
            Drop = File.Id,
            Received = Record.Received,
            LeftOut = content.LeftOut,
            Excludes = content.Excludes,
            IsFileGone = content.IsFileGone,
            Redacted = content.Redacted,
        };
        if (Record.Version is { } left && left != next.Version && Record.Unit is { } of)
        {
            // By the instrument as it is now the drop is of another wave, or another instrument's: it must not count for both.
            if (of != unit) await LeaveAsync(of, left, rows, cancellation);
            // An attempt that began under another version of the instrument may have left rows that nobody will ever count.
            if (!await CountsAsync(of, left, cancellation)) await rows.DeleteAsync(left, cancellation);
        }
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

        var units = await _imports.UnitsAsync(cancellation);
        var standing = units.FirstOrDefault(standing => standing.Unit == unit);
        // The switch would forget the withdrawal: what is not told of it yet is told before.
        if (standing is { Withdrawn: not null }) await WithdrawImport.TellAsync(standing, _drops, _imports, _time, cancellation);
        var all = units.Where(active => active.Withdrawn is null).ToList();
        var notes = about is null ? [] : await about(all);
        var wins = Decide(standing, next)?.Version == next.Version;
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
        var (before, after, replaced) = (switched.Before, switched.After!, switched.Replaced);
        var outcome = after.Withdrawn is not null
            ? after.Version == next.Version || after.IsSameDrop(next) ? ImportOutcome.Withdrawn : ImportOutcome.Superseded
            : after.Version == next.Version ? ImportOutcome.Active
            : after.IsSameContent(next) ? ImportOutcome.Unchanged
            : ImportOutcome.Superseded;
        await RemoveAsync(_imports, unit, replaced, rows, cancellation);
        if (outcome != ImportOutcome.Active) await rows.DeleteAsync(next.Version, cancellation);

        var reason = outcome is ImportOutcome.Active or ImportOutcome.Unchanged ? null
            : after.Withdrawn is not null ? Problems.ImportWithdrawn
            : after.IsTiedWith(next) ? Problems.DropsTied
            : Problems.LaterCounts;
        if (outcome == ImportOutcome.Superseded) notes = [.. notes, AboutLater(after, next)];
        else if (before is { Withdrawn: null } && before.IsTiedWith(next))
            notes = [.. notes, $"{before.File} was dropped in the same second and seen before this file, so this one counts. "
                + $"If {before.File} is meant, drop it again"];
        var said = report(outcome, notes);
        await ReportAsync(said with { Head = said.Head with { Reason = reason?.Code, Withdrawn = after.Withdrawn } }, cancellation);
        await AdvanceAsync(
            Record with
            {
                State = outcome switch
                {
                    ImportOutcome.Superseded => ImportState.Superseded,
                    ImportOutcome.Withdrawn => ImportState.Withdrawn,
                    _ => ImportState.Active,
                },
                Outcome = outcome,
                Fault = null,
                Version = outcome == ImportOutcome.Superseded ? next.Version : after.Version,
                Reason = reason?.Code,
                Withdrawn = outcome == ImportOutcome.Withdrawn ? after.Withdrawn : null,
            },
            cancellation);
    }

    private static string AboutLater(ActiveImport after, ActiveImport next) =>
        (after.Withdrawn is not null
            ? FormattableString.Invariant($"{after.File}, dropped later ({after.Modified:yyyy-MM-dd HH:mm:ss} UTC), was withdrawn, so nothing counts")
            : after.IsTiedWith(next)
            ? $"{after.File} was dropped in the same second and seen after this file, so it counts: storage's time cannot tell which of the two you meant"
            : FormattableString.Invariant($"{after.File}, dropped later ({after.Modified:yyyy-MM-dd HH:mm:ss} UTC), counts"))
        + ". If this file is meant, drop it again";

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
            if (await _imports.AdvanceAsync(_stored, Record with { Fault = fault, Run = "", Updated = _time.GetUtcNow() }, cancellation) is { } stored) _stored = stored;
        }
        // Storage that fails cannot take a note of it either; the fault that brought us here is the one to tell. The attempt is counted already.
        catch (Exception also) when (also is not OperationCanceledException)
        {
        }
    }

    /// <summary>Reports on the file, or on both of a pair, each under its own name; the one the import goes by last.</summary>
    private async Task ReportAsync(ImportReport report, CancellationToken cancellation)
    {
        // Overwritten while it was imported: the report under its name is about what is there now, and the import runs again on that.
        foreach (var file in File.Halves is [] ? [File] : File.Halves) await (await file.OpenAsync(cancellation)).DisposeAsync();
        if (File.Halves.Count > 0) report = report with { Head = report.Head with { Pair = [.. File.Halves.Select(half => half.Name)] } };
        foreach (var half in File.Halves.Where(half => half.Name != File.Name))
            await _drops.ReportAsync(half, report with { Head = report.Head with { File = half.Name } }, cancellation);
        await _drops.ReportAsync(File, report, cancellation);
    }

    private async Task AdvanceAsync(ImportRecord to, CancellationToken cancellation) =>
        _stored = await _imports.AdvanceAsync(_stored, to with { Updated = _time.GetUtcNow() }, cancellation) ?? throw new TakenOverException();

    /// <summary>Takes a version out of the unit it counted for. It may come back to it by yet another version of its instrument.</summary>
    private async Task LeaveAsync<T>(ImportUnit unit, string version, IVersionedRows<T> rows, CancellationToken cancellation)
    {
        var left = await _imports.SwitchAsync(
            unit,
            now => now is { Withdrawn: null } && now.Version == version
                ? now with { Drop = "", Withdrawn = new Withdrawal(_time.GetUtcNow(), "by the instruments as they are now it is of another poll or wave") }
                : null,
            cancellation);
        if (left.After is { Withdrawn: not null }) await RemoveAsync(_imports, unit, left.Replaced, rows, cancellation);
    }

    private async Task<bool> CountsAsync(ImportUnit unit, string version, CancellationToken cancellation) =>
        (await _imports.ActiveAsync(cancellation)).Any(active => active.Unit == unit && active.Version == version);

    /// <summary>What should stand, given what stands now: null leaves it as it is.</summary>
    private static ActiveImport? Decide(ActiveImport? now, ActiveImport next)
    {
        if (now is null) return next;
        if (now.Version == next.Version) return null;
        // One drop, read by two versions of its instrument: the newer one counts, whichever run ends last. What was withdrawn is so by any of them.
        if (now.IsSameDrop(next)) return now.Withdrawn is null && next.InstrumentVersion > now.InstrumentVersion ? next : null;
        if (now.IsLaterThan(next)) return null;
        // The same content dropped again: its rows stay, but an older drop that comes late must not win over this one.
        return now.Withdrawn is null && now.IsSameContent(next)
            ? now with { Modified = next.Modified, Received = next.Received, File = next.File, Drop = next.Drop }
            : next;
    }

    /// <summary>Rows of a version never change: whom they were read without names it as well, or an attempt that did not know of them would have left theirs in it.</summary>
    private string Version<T>(FileContent<T> content, string contentHash) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $"{content.Unit.Supplier}/{content.Unit.Instrument}/{content.Unit.Wave}/{contentHash}/{content.InstrumentVersion}/{File.Id}{(content.Excludes == "" ? "" : "/" + content.Excludes)}"))))[..32];
}
