using System.Security.Cryptography;
using System.Text;
using WholeSchoolSend.Core.Erasures;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Kpis;

namespace WholeSchoolSend.Core.Polls;

/// <summary>Reads the file of a poll that counts once more, by the version of the instrument that mapped it, and puts its totals in place of wrong ones.</summary>
public sealed class RebuildPoll(IDrops drops, IInstruments instruments, IImports imports, IVersionedRows<SchoolTotals> totals, ErasureShelf erased)
{
    /// <summary>The totals as the file gives them today, without the rows that were left out of them; or why it does not.</summary>
    public async Task<(IReadOnlyList<SchoolTotals>? Totals, string? Reason)> TotalsAsync(ActiveImport import, CancellationToken cancellation)
    {
        var known = import.Excludes.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var (check, _, reason) = await CheckAsync(import, known.Length == 0 ? ErasedPeople.Nobody : await KnownAsync(known, cancellation), cancellation);
        return check is null ? (null, reason) : check.IsRefused ? (null, RefusedNow) : (check.Totals, null);
    }

    /// <summary>What its file says today of what counts, without the rows of some people; or why nothing can be said.</summary>
    public async Task<(PollCheck? Check, PollParts? Parts, string? Reason)> CheckAsync(ActiveImport import, ErasedPeople without, CancellationToken cancellation)
    {
        var instrument = await instruments.FindAsync(import.Unit.Instrument, import.InstrumentVersion, cancellation);
        if (instrument is null || await FindAsync(import, instrument, cancellation) is not { } parts) return (null, null, import.IsFileGone ? FileLetGo : FileGone);
        return (await PollCheck.RunAsync(parts, instrument, without.RowsOf(instrument.Id, import.Unit.Wave), cancellation), parts, null);
    }

    /// <summary>Whom these erasures are about.</summary>
    public async Task<ErasedPeople> KnownAsync(IReadOnlyCollection<string> ids, CancellationToken cancellation) => (await erased.NowAsync(cancellation)).Of(ids);

    /// <summary>Nobody knows where the file is.</summary>
    public const string FileGone = "file-gone";

    /// <summary>The file was let go by ourselves.</summary>
    public const string FileLetGo = "file-let-go";

    /// <summary>The file cannot be read any more as it was.</summary>
    public const string RefusedNow = "refused-now";

    /// <summary>
    /// Puts these rows in place of those of a version, unless another counts by now. They get a version of their own: rows of a version never
    /// change, which is what readers rely on who keep them at hand.
    /// </summary>
    public Task ReplaceAsync(ActiveImport wrong, IReadOnlyList<SchoolTotals> rows, CancellationToken cancellation) =>
        ReplaceAsync(wrong, rows, "rebuilt", active => active, record => record, cancellation);

    /// <param name="why">names the version, beside the one it takes the place of.</param>
    /// <param name="change">what else changes of what counts.</param>
    /// <param name="told">what else changes of its record.</param>
    public async Task ReplaceAsync(
        ActiveImport wrong, IReadOnlyList<SchoolTotals> rows, string why, Func<ActiveImport, ActiveImport> change, Func<ImportRecord, ImportRecord> told, CancellationToken cancellation)
    {
        // The same whoever mends it, and after a crash.
        var version = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{wrong.Version}/{why}")))[..32];
        await totals.WriteAsync(version, rows, cancellation);
        var switched = await imports.SwitchAsync(wrong.Unit, active => active?.Version == wrong.Version ? change(active) with { Version = version } : null, cancellation);
        await ImportRun.RemoveAsync(imports, wrong.Unit, switched.Replaced, totals, cancellation);
        if (switched.After?.Version != version)
        {
            await totals.DeleteAsync(version, cancellation);
            return;
        }
        // The history tells which drop counts by the version of its rows.
        await foreach (var stored in imports.HistoryAsync(null, cancellation))
        {
            if (stored.Record.Version != wrong.Version || !stored.Record.IsFinished) continue;
            await imports.AdvanceAsync(stored, told(stored.Record) with { Version = version }, cancellation);
            return;
        }
    }

    /// <summary>The copy of the bytes; or, where none was to be kept, the file in the drop, if it still is that content.</summary>
    private async Task<PollParts?> FindAsync(ActiveImport import, Instrument instrument, CancellationToken cancellation)
    {
        if (await drops.FindRawAsync(import.Unit.Supplier, import.File, import.Redacted ?? import.ContentHash, cancellation) is { } kept) return new PollParts(kept, null, false);
        if (await drops.FindPollAsync(import.Unit.Supplier, import.File, cancellation) is not { } file) return null;
        var parts = await PollParts.FindAsync(file, instrument.Poll?.Pair == true, cancellation);
        return !parts.IsHalf && await parts.HashAsync(cancellation) == import.ContentHash ? parts : null;
    }
}
