using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using WholeSchoolSend.Core.Webhooks.Vendors;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Shows what waits to be fetched, what is stuck, and how vendors' lists compared.</summary>
public sealed class GetPending(ShowPending pending)
{
    [Function(nameof(GetPending))]
    public async Task<IResult> Run([HttpTrigger(AuthorizationLevel.Function, "get", Route = "pending")] HttpRequest request, CancellationToken cancellation) =>
        Responses.Ok(await pending.RunAsync(cancellation), PendingJson.Default.PendingOverview);
}
