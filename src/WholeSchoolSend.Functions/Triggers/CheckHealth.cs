using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using UseCase = WholeSchoolSend.Core.Watch.CheckHealth;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Says to everybody how the pipeline is, within five seconds; it names no source, form or file.</summary>
public sealed class CheckHealth(UseCase health, HealthAnswer answer)
{
    [Function(nameof(CheckHealth))]
    public Task<IResult> Run([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "health")] HttpRequest request, CancellationToken cancellation) =>
        answer.FromAsync(async token => (await health.HeldAsync(token)).ForEverybody(), cancellation);
}
