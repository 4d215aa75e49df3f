using System.Globalization;
using System.Text.Json;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Polls;

namespace WholeSchoolSend.Core.Kpis;

/// <summary>
/// Rebuilds all school totals, those of forms from their responses and those of polls from their files, and holds them bit for bit against what
/// is stored. A difference is kept for operators to read, and mended: a school is marked for the next recompute, a poll gets its rows anew.
/// Safe beside arrivals, imports, recomputes and itself.
/// </summary>
public sealed class AuditTotals(
    IInstruments instruments, IAuditedTotals totals, IImports imports, IVersionedRows<SchoolTotals> pollTotals, RebuildPoll polls, IAudits audits, TimeProvider time)
{
    public async Task<TotalsAudit> RunAsync(CancellationToken cancellation)
    {
        var began = time.GetUtcNow();
        var audit = new TotalsAudit(IdOf(began), began, null, 0, 0, 0, 0, []);
        await audits.KeepAsync(audit, cancellation);
        foreach (var collection in EvidenceReader.Collections(await instruments.AllAsync(cancellation)))
            await foreach (var school in totals.AuditAsync(collection, Totalling.BySchool, cancellation))
            {
                audit = audit with { Schools = audit.Schools + 1, Changing = audit.Changing + (school.IsChanging ? 1 : 0) };
                foreach (var pair in school.Differing) audit = await ToldAsync(audit, TotalsDifference.From(collection, "webhooks", school.School, pair), cancellation);
                if (school.Differing.Count > 0) await totals.MarkAsync(collection, school.School, cancellation);
            }
        foreach (var import in (await imports.ActiveAsync(cancellation)).Where(import => import.Collection is not null)) audit = await PollAsync(audit, import, cancellation);
        audit = audit with { Ended = time.GetUtcNow() };
        await audits.KeepAsync(audit, cancellation);
        return audit;
    }

    private async Task<TotalsAudit> PollAsync(TotalsAudit audit, ActiveImport import, CancellationToken cancellation)
    {
        var (rebuilt, reason) = await polls.TotalsAsync(import, cancellation);
        var stored = await pollTotals.ReadAsync(import.Version, cancellation);
        // Rows of a version never change while it counts; of one that was replaced meanwhile, some may be gone.
        if (!(await imports.ActiveAsync(cancellation)).Any(active => active.Version == import.Version)) return audit;
        // We let it go ourselves, and its totals with it as they are.
        if (reason == RebuildPoll.FileLetGo) return audit;
        if (rebuilt is null)
            return audit with { Unreadable = [.. audit.Unreadable, new UnreadableImport(import.Unit.Supplier, import.Unit.Instrument, import.Unit.Wave, reason!)] };
        var differences = Compared(stored, rebuilt);
        foreach (var (school, pair) in differences)
            audit = await ToldAsync(audit, TotalsDifference.From(import.Collection!, $"{import.Unit.Supplier}/{import.Unit.Instrument}", school, pair), cancellation);
        if (differences.Count > 0) await polls.ReplaceAsync(import, rebuilt, cancellation);
        return audit with { Imports = audit.Imports + 1 };
    }

    private async Task<TotalsAudit> ToldAsync(TotalsAudit audit, TotalsDifference difference, CancellationToken cancellation)
    {
        await audits.AddAsync(audit.Id, audit.Differences, difference, cancellation);
        return audit with { Differences = audit.Differences + 1 };
    }

    private static List<(string School, TotalsPair Pair)> Compared(IReadOnlyList<SchoolTotals> stored, IReadOnlyList<SchoolTotals> rebuilt)
    {
        var right = rebuilt.ToDictionary(totals => (totals.School, totals.Wave));
        var wrong = new List<(string, TotalsPair)>();
        foreach (var totals in stored)
        {
            right.Remove((totals.School, totals.Wave), out var should);
            if (should is null || !Bytes(totals).AsSpan().SequenceEqual(Bytes(should))) wrong.Add((totals.School, new TotalsPair(totals.Wave, totals, should)));
        }
        wrong.AddRange(right.Values.Select(missing => (missing.School, new TotalsPair(missing.Wave, null, missing))));
        return wrong;

        static byte[] Bytes(SchoolTotals totals) => JsonSerializer.SerializeToUtf8Bytes(totals, TotalsJson.Default.SchoolTotals);
    }

    private static string IdOf(DateTimeOffset began) =>
        string.Create(CultureInfo.InvariantCulture, $"{DateTimeOffset.MaxValue.UtcTicks - began.UtcTicks:D19}-{Guid.NewGuid().ToString("N")[..8]}");
}
