using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using WholeSchoolSend.Core;
using WholeSchoolSend.Core.Snapshots;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Gives an erratum back as it stands.</summary>
public sealed class GetErratum(IErrata errata)
{
    [Function(nameof(GetErratum))]
    public async Task<IResult> Run(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "errata/{id}")] HttpRequest request, string id, CancellationToken cancellation) =>
        await errata.FindAsync(id, cancellation) is { } erratum
            ? Responses.Ok(erratum, ErrataJson.Default.ErratumState)
            : Responses.From(Problems.NotFound.At("", "no erratum has this id"));
}
