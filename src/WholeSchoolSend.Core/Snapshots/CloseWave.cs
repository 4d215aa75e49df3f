using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Schools;

namespace WholeSchoolSend.Core.Snapshots;

/// <summary>
/// Closes a wave and issues its figures there and then: what is published is what was there when the operator closed it, not what came
/// until the next timer. Should publishing fail, the timers do it.
/// </summary>
public sealed class CloseWave(PutWave waves, RecomputeKpis recompute, PublishSnapshot publish)
{
    public async Task<Checked<WaveState>> RunAsync(string id, ReadOnlyMemory<byte> json, CancellationToken cancellation)
    {
        var closed = await waves.CloseAsync(id, json, cancellation);
        if (closed.Value is null) return closed;
        await recompute.RunAsync(cancellation);
        await publish.RunAsync(cancellation);
        return closed;
    }
}
