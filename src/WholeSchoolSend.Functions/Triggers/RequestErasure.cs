using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Options;
using WholeSchoolSend.Core.Erasures;
using WholeSchoolSend.Functions.Options;
using UseCase = WholeSchoolSend.Core.Erasures.RequestErasure;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Erases a person, a school's people or one response from every store: 201 when the first sweep is through, 202 while it goes on. Safe to call twice.</summary>
public sealed class RequestErasure(UseCase erasures, IOptions<ErasureOptions> options)
{
    [Function(nameof(RequestErasure))]
    public async Task<IResult> Run(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "erasures")] HttpRequest request, CancellationToken cancellation)
    {
        if (await request.BodyAsync(Documents.Largest, cancellation) is not { } body) return Documents.TooLarge();
        var answer = await erasures.RunAsync(body, cancellation);
        if (answer.Value is not { } erasure) return Responses.From(answer.Problems);
        return Responses.Created(
            $"/api/erasures/{erasure.Id}", ErasureReport.From(erasure, options.Value.SoftDeleteDays), ErasuresJson.Default.ErasureReport,
            erasure.State == ErasureState.Sweeping ? StatusCodes.Status202Accepted : StatusCodes.Status201Created);
    }
}
