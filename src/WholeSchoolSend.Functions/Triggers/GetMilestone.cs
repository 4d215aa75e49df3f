using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using WholeSchoolSend.Core;
using WholeSchoolSend.Core.Kpis;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Gives a milestone back as it stands.</summary>
public sealed class GetMilestone(IMilestones milestones)
{
    [Function(nameof(GetMilestone))]
    public async Task<IResult> Run(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "milestones/{id}")] HttpRequest request, string id, CancellationToken cancellation) =>
        await milestones.FindAsync(id, cancellation) is { } milestone
            ? Responses.Ok(milestone, MilestonesJson.Default.MilestoneState)
            : Responses.From(Problems.NotFound.At("", "nothing was reported of a milestone with this id"));
}
