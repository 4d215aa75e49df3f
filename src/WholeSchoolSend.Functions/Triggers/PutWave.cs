using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using WholeSchoolSend.Core.Schools;
using UseCase = WholeSchoolSend.Core.Schools.PutWave;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Registers a round of fieldwork, or corrects it while it is open.</summary>
public sealed class PutWave(UseCase waves)
{
    [Function(nameof(PutWave))]
    public async Task<IResult> Run(
        [HttpTrigger(AuthorizationLevel.Function, "put", Route = "waves/{id}")] HttpRequest request, string id, CancellationToken cancellation) =>
        await request.BodyAsync(Documents.Largest, cancellation) is { } body
            ? Responses.From(await waves.RunAsync(id, body, cancellation), WavesJson.Default.WaveState)
            : Documents.TooLarge();
}
