using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;
using UseCase = WholeSchoolSend.Core.Kpis.RecomputeKpis;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Recomputes what changed, by timer.</summary>
public sealed partial class RecomputeKpis(UseCase kpis, ILogger<RecomputeKpis> logger)
{
    [Function(nameof(RecomputeKpis))]
    public async Task Run([TimerTrigger("%RecomputeSchedule%")] TimerInfo timer, CancellationToken cancellation)
    {
        var outcome = await kpis.RunAsync(cancellation);
        foreach (var remap in outcome.Remaps) LogRemapped(remap.Instrument.Id, remap.Instrument.Number, remap.Same, remap.Recoded, remap.Kept);
        LogRecomputed(outcome.SchoolsRecomputed, outcome.Evaluated, outcome.Inputs);
        if (outcome.UnregisteredWaves.Count > 0) LogUnregistered(string.Join(' ', outcome.UnregisteredWaves));
    }

    [LoggerMessage(1, LogLevel.Information, "Recomputed {Schools} schools; evaluated {Evaluated}, inputs {Inputs}")]
    private partial void LogRecomputed(int schools, bool evaluated, string inputs);

    [LoggerMessage(2, LogLevel.Warning, "Evidence waits for waves nobody registered: {Waves}")]
    private partial void LogUnregistered(string waves);

    [LoggerMessage(3, LogLevel.Information, "Mapped again by {Instrument} version {Version}: {Same} the same, {Recoded} coded otherwise, {Kept} it cannot map kept as they were")]
    private partial void LogRemapped(string instrument, int version, int same, int recoded, int kept);
}
