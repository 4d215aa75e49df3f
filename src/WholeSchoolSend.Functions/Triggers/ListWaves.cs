using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using WholeSchoolSend.Core.Schools;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Lists every round of fieldwork as it stands, by first day.</summary>
public sealed class ListWaves(IWaves waves)
{
    [Function(nameof(ListWaves))]
    public async Task<IResult> Run([HttpTrigger(AuthorizationLevel.Function, "get", Route = "waves")] HttpRequest request, CancellationToken cancellation) =>
        Responses.Ok(new WaveList(await waves.AllAsync(cancellation)), WavesJson.Default.WaveList);
}
