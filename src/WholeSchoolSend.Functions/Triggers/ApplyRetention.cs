using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;
using UseCase = WholeSchoolSend.Core.Retention.ApplyRetention;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Removes what was only to be kept for a while, by timer.</summary>
public sealed partial class ApplyRetention(UseCase retention, ILogger<ApplyRetention> logger)
{
    [Function(nameof(ApplyRetention))]
    public async Task Run([TimerTrigger("%RetentionSchedule%")] TimerInfo timer, CancellationToken cancellation)
    {
        var gone = await retention.RunAsync(cancellation);
        LogExpired(gone.Bodies, gone.Answers, gone.Quarantined, gone.PollFiles, gone.RegisterFiles, gone.Reports,
            gone.Snapshots, gone.Audits, gone.Operations, gone.Erasures);
    }

    [LoggerMessage(1, LogLevel.Information, "Removed {Bodies} bodies of deliveries that could not be decoded, the answers of {Answers} responses "
        + "and {Quarantined} in quarantine, {Files} poll files, {Register} files of the register, {Reports} reports, "
        + "{Snapshots} internal snapshots, {Audits} audits, {Operations} operations, {Erasures} reports of erasures: their time was over")]
    private partial void LogExpired(int bodies, int answers, int quarantined, int files, int register, int reports,
        int snapshots, int audits, int operations, int erasures);
}
