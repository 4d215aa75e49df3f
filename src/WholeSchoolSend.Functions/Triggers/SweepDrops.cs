using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;
using UseCase = WholeSchoolSend.Core.Polls.SweepDrops;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Imports dropped files that the triggers missed, and resumes imports that are stuck, by timer.</summary>
public sealed partial class SweepDrops(UseCase drops, ILogger<SweepDrops> logger)
{
    [Function(nameof(SweepDrops))]
    public async Task Run([TimerTrigger("%SweepSchedule%")] TimerInfo timer, CancellationToken cancellation)
    {
        var outcome = await drops.RunAsync(cancellation);
        LogSwept(outcome.Missed, outcome.Resumed, outcome.Failed, outcome.Closed);
        if (outcome.Poisoned > 0) LogPoisoned(outcome.Poisoned);
    }

    [LoggerMessage(1, LogLevel.Information,
        "Swept the drops: {Missed} files had been missed, {Resumed} imports were stuck, {Failed} of these failed; {Closed} drops were replaced before they were imported")]
    private partial void LogSwept(int missed, int resumed, int failed, int closed);

    [LoggerMessage(2, LogLevel.Warning, "{Poisoned} imports failed as often as they are tried: see GET /api/imports?state=poisoned, and replay them")]
    private partial void LogPoisoned(int poisoned);
}
