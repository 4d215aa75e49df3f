using WholeSchoolSend.Core.Disclosure;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Core.Kpis;

/// <summary>What a recompute did.</summary>
/// <param name="Remaps">passes over stored responses whose instrument was mended; empty on most runs.</param>
public sealed record RecomputeOutcome(IReadOnlyList<RemapOutcome> Remaps, int SchoolsRecomputed, bool Evaluated, string Inputs);

/// <summary>
/// Maps responses again whose instrument was mended, recomputes the totals of every school that changed, each from its own few rows, and evaluates every reading if anything it reads changed.
/// Any number of these may run at once.
/// </summary>
public sealed class RecomputeKpis(
    IInstruments instruments, RemapResponses remapping, ISchoolTotals totals, EvidenceReader reader, IKpiResults results, Catalogue catalogue, DisclosurePolicy policy)
{
    public async Task<RecomputeOutcome> RunAsync(CancellationToken cancellation)
    {
        var newest = await instruments.AllAsync(cancellation);
        var remaps = await remapping.RunAsync(newest, cancellation);
        var recomputed = 0;
        foreach (var collection in EvidenceReader.Collections(newest))
        {
            var changed = await totals.ChangedSchoolsAsync(collection, cancellation);
            recomputed += changed.Count;
            await totals.RecomputeAsync(collection, changed, Totalling.BySchool, cancellation);
        }
        var evidence = await reader.ReadAsync(cancellation);
        var inputs = evidence.Inputs;
        if (await results.CurrentInputsAsync(cancellation) == inputs) return new RecomputeOutcome(remaps, recomputed, false, inputs);
        await results.SwitchAsync(Evaluation.Run(catalogue, evidence, policy), cancellation);
        return new RecomputeOutcome(remaps, recomputed, true, inputs);
    }
}
