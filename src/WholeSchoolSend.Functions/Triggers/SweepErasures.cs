using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;
using UseCase = WholeSchoolSend.Core.Erasures.SweepErasures;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Sweeps again for whom an erasure is about, a day or two after it was asked for, and goes on with what was interrupted, by timer.</summary>
public sealed partial class SweepErasures(UseCase erasures, ILogger<SweepErasures> logger)
{
    [Function(nameof(SweepErasures))]
    public async Task Run([TimerTrigger("%RetentionSchedule%")] TimerInfo timer, CancellationToken cancellation)
    {
        var outcome = await erasures.RunAsync(cancellation);
        LogSwept(outcome.Swept, outcome.Unfinished);
    }

    [LoggerMessage(1, LogLevel.Information, "Swept for {Swept} erasures; {Unfinished} could not reach every file: see GET /api/erasures")]
    private partial void LogSwept(int swept, int unfinished);
}
