using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;
using UseCase = WholeSchoolSend.Core.Kpis.AuditTotals;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Rebuilds all totals from the evidence and reports and mends what differs, by timer.</summary>
public sealed partial class AuditTotals(UseCase audits, ILogger<AuditTotals> logger)
{
    [Function(nameof(AuditTotals))]
    public async Task Run([TimerTrigger("%AuditSchedule%")] TimerInfo timer, CancellationToken cancellation)
    {
        var audit = await audits.RunAsync(cancellation);
        LogAudited(audit.Id, audit.Schools, audit.Imports, audit.Differences, audit.Changing);
        if (audit.Differences > 0 || audit.Unreadable.Count > 0) LogFound(audit.Differences, audit.Unreadable.Count, audit.Id);
    }

    [LoggerMessage(1, LogLevel.Information, "Audit {Audit}: rebuilt the totals of {Schools} schools and {Imports} poll files; {Differences} differ, {Changing} schools were changing")]
    private partial void LogAudited(string audit, int schools, int imports, int differences, int changing);

    [LoggerMessage(2, LogLevel.Warning, "{Differences} totals were not what the evidence says and are being mended, {Unreadable} poll files cannot be rebuilt: see GET /api/audits/{Audit}")]
    private partial void LogFound(int differences, int unreadable, string audit);
}
