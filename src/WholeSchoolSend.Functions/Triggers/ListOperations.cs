using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using WholeSchoolSend.Core.Operations;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Lists what operators did, the newest first: <c>limit</c> at a time, <c>continue</c> from a page before.</summary>
public sealed class ListOperations(BrowseOperations operations)
{
    [Function(nameof(ListOperations))]
    public async Task<IResult> Run(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "operations")] HttpRequest request, CancellationToken cancellation) =>
        Responses.From(await operations.RunAsync(request.Parameters(), cancellation), OperationsJson.Default.OperationPage);
}
