using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Schools;

namespace WholeSchoolSend.Core.Polls;

/// <summary>What a sweep did.</summary>
/// <param name="Missed">files nobody had told us of, imported now.</param>
/// <param name="Resumed">imports that were interrupted, run again.</param>
/// <param name="Failed">of these, imports that failed.</param>
/// <param name="Closed">drops whose file was replaced before they were imported.</param>
/// <param name="Poisoned">imports that wait for an operator.</param>
public sealed record SweepOutcome(int Missed, int Resumed, int Failed, int Closed, int Poisoned);

/// <summary>
/// Compares what lies in the drops with the history: imports what the trigger missed, resumes what is stuck, ends what can never be ended, tells
/// what was withdrawn, and removes rows that a crash left behind. Any number may run at once, beside any number of imports.
/// </summary>
public sealed class SweepDrops(IDrops drops, IImports imports, FileImport import, ImportPoll polls, ImportRegister register, ImportedRows rows,
    TimeProvider time)
{
    /// <summary>The host ends what runs longer than ten minutes (<c>functionTimeout</c> in host.json): what has not moved for longer than that is stuck.</summary>
    public static readonly TimeSpan Stuck = TimeSpan.FromMinutes(15);

    public async Task<SweepOutcome> RunAsync(CancellationToken cancellation)
    {
        // The history first: a file that comes between is seen without a record and imported, which does no harm twice.
        var known = new Dictionary<(string Supplier, string File, string Drop), ImportRecord>();
        await foreach (var stored in imports.HistoryAsync(null, cancellation)) known.TryAdd((stored.Record.Supplier, stored.Record.File, stored.Record.Drop),
            stored.Record);
        var (missed, resumed, failed, closed) = (0, 0, 0, 0);
        var there = new HashSet<(string Supplier, string Drop)>();
        var files = new List<DroppedFile>();
        await foreach (var file in drops.AllAsync(cancellation))
        {
            there.Add((file.Supplier, file.Id));
            files.Add(file);
        }
        foreach (var file in files)
        {
            if (known.TryGetValue((file.Supplier, file.Name, file.Id), out var record)
                && (record.IsFinished || record.IsPoisoned(time.GetUtcNow()) || time.GetUtcNow() - record.Updated < Stuck
                    || (record.IsWaiting && !files.Exists(file.IsBeside)))) continue;
            if (record is null) missed++;
            else resumed++;
            try
            {
                if (file.Supplier == ImportRegister.Supplier) await register.RunAsync(file.Name, again: false, cancellation);
                else await polls.RunAsync(file.Supplier, file.Name, again: false, cancellation);
            }
            // Noted in its record, with how often; the files behind it must not wait for it.
            catch (Exception fault) when (!cancellation.IsCancellationRequested && fault is not OutOfMemoryException)
            {
                failed++;
            }
        }
        foreach (var record in known.Values.Where(record => !record.IsFinished && time.GetUtcNow() - record.Updated >= Stuck
            && record.Drop.Split('+').Any(drop => !there.Contains((record.Supplier, drop)))))
        {
            // Its file was replaced or removed: nobody will ever finish it, and what it may have written does not count.
            if (record.Version is { } version && record.Unit is { } unit && !(await imports.ActiveAsync(cancellation)).Any(active =>
                active.Version == version)) await rows.DeleteAsync(unit, version, cancellation);
            await import.CloseGoneAsync(record, cancellation);
            closed++;
        }
        foreach (var unit in (await imports.UnitsAsync(cancellation)).Where(unit => unit.Withdrawn is not null
            && known.Values.Any(unit.IsBroughtBy)))
            await WithdrawImport.TellAsync(unit, drops, imports, time, cancellation);
        foreach (var (unit, versions) in await imports.ReplacedAsync(cancellation))
        {
            foreach (var version in versions) await rows.DeleteAsync(unit, version, cancellation);
            await imports.ForgetAsync(unit, versions, cancellation);
        }
        return new SweepOutcome(missed, resumed, failed, closed, known.Values.Count(record => record.IsPoisoned(time.GetUtcNow())));
    }
}

/// <summary>All rows of files, whatever kind they are.</summary>
public sealed class ImportedRows(
    IVersionedRows<SchoolTotals> totals, IVersionedRows<School> schools, IVersionedRows<Engagement> engagements, IVersionedRows<SchoolLink> links,
        IVersionedRows<NetworkReach> reach)
{
    /// <summary>Removes a version of this unit.</summary>
    public Task DeleteAsync(ImportUnit unit, string version, CancellationToken cancellation) => (unit.Supplier, unit.Instrument) switch
    {
        (ImportRegister.Supplier, ImportRegister.Schools) => schools.DeleteAsync(version, cancellation),
        (ImportRegister.Supplier, ImportRegister.Engagements) => engagements.DeleteAsync(version, cancellation),
        (ImportRegister.Supplier, ImportRegister.Links) => links.DeleteAsync(version, cancellation),
        (ImportRegister.Supplier, ImportRegister.Reach) => reach.DeleteAsync(version, cancellation),
        _ => totals.DeleteAsync(version, cancellation),
    };
}
