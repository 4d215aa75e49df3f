using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Says to operators how the pipeline is, source by source, as of now.</summary>
public sealed class ShowHealth(Core.Watch.CheckHealth health, HealthAnswer answer)
{
    [Function(nameof(ShowHealth))]
    public Task<IResult> Run([HttpTrigger(AuthorizationLevel.Function, "get", Route = "health/details")] HttpRequest request, CancellationToken cancellation) =>
        answer.FromAsync(health.RunAsync, cancellation);
}
