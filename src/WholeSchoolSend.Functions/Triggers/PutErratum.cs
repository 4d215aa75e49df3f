using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using WholeSchoolSend.Core.Snapshots;
using UseCase = WholeSchoolSend.Core.Snapshots.PutErratum;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Takes in what was wrong in documents that were published; the next snapshots say so.</summary>
public sealed class PutErratum(UseCase errata)
{
    [Function(nameof(PutErratum))]
    public async Task<IResult> Run(
        [HttpTrigger(AuthorizationLevel.Function, "put", Route = "errata/{id}")] HttpRequest request, string id, CancellationToken cancellation) =>
        await request.BodyAsync(Documents.Largest, cancellation) is { } body
            ? Responses.From(await errata.RunAsync(id, body, cancellation), ErrataJson.Default.ErratumState)
            : Documents.TooLarge();
}
