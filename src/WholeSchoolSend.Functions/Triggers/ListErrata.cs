using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using WholeSchoolSend.Core.Snapshots;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Lists every erratum as it stands, by id.</summary>
public sealed class ListErrata(IErrata errata)
{
    [Function(nameof(ListErrata))]
    public async Task<IResult> Run([HttpTrigger(AuthorizationLevel.Function, "get", Route = "errata")] HttpRequest request, CancellationToken cancellation) =>
        Responses.Ok(new ErrataList(await errata.AllAsync(cancellation)), ErrataJson.Default.ErrataList);
}
