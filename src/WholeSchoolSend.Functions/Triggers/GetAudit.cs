using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using WholeSchoolSend.Core;
using WholeSchoolSend.Core.Kpis;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Gives an audit of totals with every difference it found.</summary>
public sealed class GetAudit(IAudits audits)
{
    [Function(nameof(GetAudit))]
    public async Task<IResult> Run(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "audits/{id}")] HttpRequest request, string id, CancellationToken cancellation) =>
        await audits.FindAsync(id, cancellation) is { } found
            ? Responses.Ok(found, AuditsJson.Default.AuditFindings)
            : Responses.From(Problems.NotFound.At("", "no audit has this id"));
}
