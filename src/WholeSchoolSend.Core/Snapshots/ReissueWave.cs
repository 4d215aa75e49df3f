using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Schools;

namespace WholeSchoolSend.Core.Snapshots;

/// <summary>
/// Issues a closed wave's figures again, there and then, where the guard allows it. The decision is recorded before anything is published: should publishing
/// fail, the timers do it, as long as the evidence is what it was decided on. Asked again, nothing more happens.
/// </summary>
public sealed class ReissueWave(IWaves waves, PutWave decisions, RecomputeKpis recompute, PublishSnapshot publish, PastIssues issues)
{
    public async Task<Checked<WaveState>> RunAsync(string id, ReadOnlyMemory<byte> json, CancellationToken cancellation)
    {
        if (await waves.FindAsync(id, cancellation) is not { } wave) return Problems.NotFound.At("", "no wave has this id");
        var reason = PutWave.Reason(json, "should say why figures that were published are to change");
        if (reason.Value is null) return reason.Problems.ToList();
        if (wave.Closed is null) return Problems.WaveOpen.At("", "its figures are issued when it is closed");
        await recompute.RunAsync(cancellation);
        var past = new PastRead(issues);
        var inputs = await publish.MayReissueAsync(id, past, cancellation);
        if (inputs.Value is null) return inputs.Problems.ToList();
        var decided = await decisions.ReissueAsync(wave, reason.Value, inputs.Value, cancellation);
        if (decided.Value is null) return decided;
        var outcome = await publish.RunAsync(past, cancellation);
        return outcome.PublicWaits is { } waits ? Problems.ReissueWaits.At("", waits) : decided;
    }
}
