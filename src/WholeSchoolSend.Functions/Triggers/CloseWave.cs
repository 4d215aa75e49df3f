using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using WholeSchoolSend.Core.Schools;
using UseCase = WholeSchoolSend.Core.Snapshots.CloseWave;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Closes a round of fieldwork with the operator's reason, and publishes its figures.</summary>
public sealed class CloseWave(UseCase waves)
{
    [Function(nameof(CloseWave))]
    public async Task<IResult> Run(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "waves/{id}/close")] HttpRequest request, string id, CancellationToken cancellation) =>
        await request.BodyAsync(Documents.Largest, cancellation) is { } body
            ? Responses.From(await waves.RunAsync(id, body, cancellation), WavesJson.Default.WaveState)
            : Documents.TooLarge();
}
