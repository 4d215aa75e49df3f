using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Options;
using WholeSchoolSend.Core;
using WholeSchoolSend.Core.Erasures;
using WholeSchoolSend.Functions.Options;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Reports on one erasure: what was done, what is still to come; never whom it is about.</summary>
public sealed class GetErasure(IErasures erasures, IOptions<ErasureOptions> options)
{
    [Function(nameof(GetErasure))]
    public async Task<IResult> Run(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "erasures/{id}")] HttpRequest request, string id, CancellationToken cancellation) =>
        await erasures.FindAsync(id, cancellation) is { } erasure
            ? Responses.Ok(ErasureReport.From(erasure, options.Value.SoftDeleteDays), ErasuresJson.Default.ErasureReport)
            : Responses.From(Problems.NotFound.At("", "no erasure has this id"));
}
