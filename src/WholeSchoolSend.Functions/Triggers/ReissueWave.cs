using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using WholeSchoolSend.Core.Schools;
using UseCase = WholeSchoolSend.Core.Snapshots.ReissueWave;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Issues the figures of a closed round of fieldwork again, with the operator's reason, where nobody can be told apart by it.</summary>
public sealed class ReissueWave(UseCase waves)
{
    [Function(nameof(ReissueWave))]
    public async Task<IResult> Run(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "waves/{id}/reissue")] HttpRequest request, string id, CancellationToken cancellation) =>
        await request.BodyAsync(Documents.Largest, cancellation) is { } body
            ? Responses.From(await waves.RunAsync(id, body, cancellation), WavesJson.Default.WaveState)
            : Documents.TooLarge();
}
