using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Options;
using WholeSchoolSend.Core.Erasures;
using WholeSchoolSend.Functions.Options;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Lists erasures with their reports, the newest first; never whom they are about.</summary>
public sealed class ListErasures(IErasures erasures, IOptions<ErasureOptions> options)
{
    [Function(nameof(ListErasures))]
    public async Task<IResult> Run(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "erasures")] HttpRequest request, CancellationToken cancellation) =>
        Responses.Ok(
            new ErasureList([.. (await erasures.AllAsync(cancellation)).Select(erasure => ErasureReport.From(erasure, options.Value.SoftDeleteDays))]), ErasuresJson.Default.ErasureList);
}
