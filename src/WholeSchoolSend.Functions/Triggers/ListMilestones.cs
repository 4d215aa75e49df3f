using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using WholeSchoolSend.Core.Kpis;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Lists every milestone something was reported of, as it stands, by id.</summary>
public sealed class ListMilestones(IMilestones milestones)
{
    [Function(nameof(ListMilestones))]
    public async Task<IResult> Run([HttpTrigger(AuthorizationLevel.Function, "get", Route = "milestones")] HttpRequest request, CancellationToken cancellation) =>
        Responses.Ok(new MilestoneList(await milestones.AllAsync(cancellation)), MilestonesJson.Default.MilestoneList);
}
