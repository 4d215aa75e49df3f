using System.Security.Cryptography;
using System.Text;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Kpis;

namespace WholeSchoolSend.Core.Polls;

/// <summary>Reads the file of a poll that counts once more, by the version of the instrument that mapped it, and puts its totals in place of wrong ones.</summary>
public sealed class RebuildPoll(IDrops drops, IInstruments instruments, IImports imports, IVersionedRows<SchoolTotals> totals)
{
    /// <summary>The totals as the file gives them today, or why it does not.</summary>
    public async Task<(IReadOnlyList<SchoolTotals>? Totals, string? Reason)> TotalsAsync(ActiveImport import, CancellationToken cancellation)
    {
        var instrument = await instruments.FindAsync(import.Unit.Instrument, import.InstrumentVersion, cancellation);
        if (instrument is null || await FindAsync(import, instrument, cancellation) is not { } parts) return (null, "file-gone");
        var check = await PollCheck.RunAsync(parts, instrument, cancellation);
        return check.IsRefused ? (null, "refused-now") : (check.Totals, null);
    }

    /// <summary>
    /// Puts these rows in place of those of a version, unless another counts by now. They get a version of their own: rows of a version never
    /// change, which is what readers rely on who keep them at hand.
    /// </summary>
    public async Task ReplaceAsync(ActiveImport wrong, IReadOnlyList<SchoolTotals> rows, CancellationToken cancellation)
    {
        // The same whoever mends it, and after a crash.
        var version = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{wrong.Version}/rebuilt")))[..32];
        await totals.WriteAsync(version, rows, cancellation);
        var switched = await imports.SwitchAsync(wrong.Unit, active => active?.Version == wrong.Version ? active with { Version = version } : null, cancellation);
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
            await imports.AdvanceAsync(stored, stored.Record with { Version = version }, cancellation);
            return;
        }
    }

    /// <summary>The copy of the bytes; or, where none was to be kept, the file in the drop, if it still is that content.</summary>
    private async Task<PollParts?> FindAsync(ActiveImport import, Instrument instrument, CancellationToken cancellation)
    {
        if (await drops.FindRawAsync(import.Unit.Supplier, import.File, import.ContentHash, cancellation) is { } kept) return new PollParts(kept, null, false);
        if (await drops.FindPollAsync(import.Unit.Supplier, import.File, cancellation) is not { } file) return null;
        var parts = await PollParts.FindAsync(file, instrument.Poll?.Pair == true, cancellation);
        return !parts.IsHalf && await parts.HashAsync(cancellation) == import.ContentHash ? parts : null;
    }
}
