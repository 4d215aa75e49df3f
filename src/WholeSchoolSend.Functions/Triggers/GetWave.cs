using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using WholeSchoolSend.Core;
using WholeSchoolSend.Core.Schools;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Gives a round of fieldwork back as it stands.</summary>
public sealed class GetWave(IWaves waves)
{
    [Function(nameof(GetWave))]
    public async Task<IResult> Run(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "waves/{id}")] HttpRequest request, string id, CancellationToken cancellation) =>
        await waves.FindAsync(id, cancellation) is { } wave
            ? Responses.Ok(wave, WavesJson.Default.WaveState)
            : Responses.From(Problems.NotFound.At("", "no wave has this id"));
}
