using System.Diagnostics;
using WholeSchoolSend.Core.Disclosure;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Core.Kpis;

/// <summary>What a recompute did.</summary>
/// <param name="Remaps">passes over stored responses whose instrument was mended; empty on most runs.</param>
/// <param name="UnregisteredWaves">waves that evidence names and nobody registered: it waits until somebody does.</param>
public sealed record RecomputeOutcome(
    IReadOnlyList<RemapOutcome> Remaps, int SchoolsRecomputed, bool Evaluated, string Inputs, IReadOnlyList<string> UnregisteredWaves);

/// <summary>
/// Maps responses again whose instrument was mended, recomputes the totals of every school that changed, each from its own few rows, and evaluates every reading if anything it reads changed.
/// Any number of these may run at once.
/// </summary>
public sealed class RecomputeKpis(
    IInstruments instruments, RemapResponses remapping, ISchoolTotals totals, EvidenceReader reader, IKpiResults results, Catalogue catalogue, DisclosurePolicy policy)
{
    public async Task<RecomputeOutcome> RunAsync(CancellationToken cancellation)
    {
        using var span = Signals.Span("recompute");
        var began = Stopwatch.GetTimestamp();
        var newest = await instruments.AllAsync(cancellation);
        var remaps = await remapping.RunAsync(newest, cancellation);
        var recomputed = 0;
        foreach (var collection in EvidenceReader.Collections(newest))
        {
            var schools = await totals.ChangedSchoolsAsync(collection, cancellation);
            recomputed += schools.Count;
            await totals.RecomputeAsync(collection, schools, Totalling.BySchool, cancellation);
        }
        var evidence = await reader.ReadAsync(cancellation);
        var inputs = evidence.Inputs;
        var unregistered = evidence.Sources.SelectMany(source => source.Totals.Select(totals => totals.Wave)).Distinct(StringComparer.Ordinal)
            .Except(evidence.Waves.Select(wave => wave.Id), StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        var changed = await results.CurrentInputsAsync(cancellation) != inputs;
        if (changed) await results.SwitchAsync(Evaluation.Run(catalogue, evidence, policy), cancellation);
        span?.SetTag("wss.schools", recomputed).SetTag("wss.inputs", inputs);
        Signals.Recomputed(recomputed, Stopwatch.GetElapsedTime(began));
        return new RecomputeOutcome(remaps, recomputed, changed, inputs, unregistered);
    }
}
