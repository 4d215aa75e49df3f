using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using WholeSchoolSend.Core;
using WholeSchoolSend.Core.Kpis;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Tells in which words the questions of an instrument were asked, since when, and how many answered.</summary>
public sealed class GetWordings(WordingDrift wordings)
{
    [Function(nameof(GetWordings))]
    public async Task<IResult> Run(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "instruments/{id}/wordings")] HttpRequest request, string id,
        CancellationToken cancellation) =>
        await wordings.FindAsync(id, cancellation) is { } found
            ? Responses.Ok(found, WordingsJson.Default.InstrumentWordings)
            : Responses.From(Problems.NotFound.At("", "no instrument has this id"));
}
