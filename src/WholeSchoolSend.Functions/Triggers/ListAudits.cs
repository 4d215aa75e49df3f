using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using WholeSchoolSend.Core.Kpis;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Lists the newest audits of totals and what they came to.</summary>
public sealed class ListAudits(IAudits audits)
{
    private const int Most = 100;

    [Function(nameof(ListAudits))]
    public async Task<IResult> Run([HttpTrigger(AuthorizationLevel.Function, "get", Route = "audits")] HttpRequest request, CancellationToken cancellation) =>
        Responses.Ok(new AuditList(await audits.NewestAsync(Most, cancellation)), AuditsJson.Default.AuditList);
}
