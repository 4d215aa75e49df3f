using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Shows one entry of the quarantine; never what anybody answered.</summary>
public sealed class GetQuarantined(BrowseQuarantine quarantine)
{
    [Function(nameof(GetQuarantined))]
    public async Task<IResult> Run(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "quarantine/{id}")] HttpRequest request, string id, CancellationToken cancellation) =>
        Responses.From(await quarantine.FindAsync(id, cancellation), QuarantineJson.Default.QuarantineEntry);
}
