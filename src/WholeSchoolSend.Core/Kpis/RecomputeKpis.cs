using WholeSchoolSend.Core.Disclosure;
using WholeSchoolSend.Core.Instruments;

namespace WholeSchoolSend.Core.Kpis;

/// <summary>What a recompute did.</summary>
public sealed record RecomputeOutcome(int SchoolsRecomputed, bool Evaluated, string Inputs);

/// <summary>
/// Recomputes the totals of every school that changed, each from its own few rows, and evaluates every reading if anything it reads changed.
/// Any number of these may run at once.
/// </summary>
public sealed class RecomputeKpis(
    IInstruments instruments, ISchoolTotals totals, EvidenceReader reader, IKpiResults results, Catalogue catalogue, DisclosurePolicy policy)
{
    public async Task<RecomputeOutcome> RunAsync(CancellationToken cancellation)
    {
        var recomputed = 0;
        foreach (var collection in EvidenceReader.Collections(await instruments.AllAsync(cancellation)))
        {
            var changed = await totals.ChangedSchoolsAsync(collection, cancellation);
            recomputed += changed.Count;
            await totals.RecomputeAsync(collection, changed, Totalling.BySchool, cancellation);
        }
        var evidence = await reader.ReadAsync(cancellation);
        var inputs = evidence.Inputs;
        if (await results.CurrentInputsAsync(cancellation) == inputs) return new RecomputeOutcome(recomputed, false, inputs);
        await results.SwitchAsync(Evaluation.Run(catalogue, evidence, policy), cancellation);
        return new RecomputeOutcome(recomputed, true, inputs);
    }
}
