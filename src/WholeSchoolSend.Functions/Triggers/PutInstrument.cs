using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using WholeSchoolSend.Core.Instruments;
using UseCase = WholeSchoolSend.Core.Instruments.PutInstrument;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Takes an instrument in as its next version; the header <c>Instrument-Version</c> says which.</summary>
public sealed class PutInstrument(UseCase instruments)
{
    [Function(nameof(PutInstrument))]
    public async Task<IResult> Run(
        [HttpTrigger(AuthorizationLevel.Function, "put", Route = "instruments/{id}")] HttpRequest request, string id, CancellationToken cancellation)
    {
        if (await request.BodyAsync(Documents.Largest, cancellation) is not { } body) return Documents.TooLarge();
        var answer = await instruments.RunAsync(id, body, cancellation);
        if (answer.Value is { } instrument) request.HttpContext.Response.Headers["Instrument-Version"] = instrument.Version.ToString(CultureInfo.InvariantCulture);
        return Responses.From(answer, InstrumentsJson.Default.Instrument);
    }
}
