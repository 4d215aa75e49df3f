using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Shows what is in quarantine, the newest first, and why; never what anybody answered.</summary>
public sealed class ListQuarantine(BrowseQuarantine quarantine)
{
    [Function(nameof(ListQuarantine))]
    public async Task<IResult> Run(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "quarantine")] HttpRequest request, CancellationToken cancellation) =>
        Responses.From(await quarantine.ListAsync(request.Parameters(), cancellation), QuarantineJson.Default.QuarantinePage);
}
