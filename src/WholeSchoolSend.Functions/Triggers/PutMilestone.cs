using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using WholeSchoolSend.Core.Kpis;
using UseCase = WholeSchoolSend.Core.Kpis.PutMilestone;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Takes in how far an operational end outcome is.</summary>
public sealed class PutMilestone(UseCase milestones)
{
    [Function(nameof(PutMilestone))]
    public async Task<IResult> Run(
        [HttpTrigger(AuthorizationLevel.Function, "put", Route = "milestones/{id}")] HttpRequest request, string id, CancellationToken cancellation) =>
        await request.BodyAsync(Documents.Largest, cancellation) is { } body
            ? Responses.From(await milestones.RunAsync(id, body, cancellation), MilestonesJson.Default.MilestoneState)
            : Documents.TooLarge();
}
