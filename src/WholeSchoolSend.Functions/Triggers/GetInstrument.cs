using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using WholeSchoolSend.Core;
using WholeSchoolSend.Core.Instruments;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Gives an instrument back: the newest version, or the one the query's <c>version</c> names.</summary>
public sealed class GetInstrument(IInstruments instruments)
{
    [Function(nameof(GetInstrument))]
    public async Task<IResult> Run(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "instruments/{id}")] HttpRequest request, string id, CancellationToken cancellation)
    {
        var asked = request.Query["version"].ToString();
        // What is no number is no version: there is none of it.
        var version = asked.Length == 0 ? (int?)null : int.TryParse(asked, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
        if (await instruments.FindAsync(id, version, cancellation) is not { } instrument)
            return Responses.From(Problems.NotFound.At("", "no instrument has this id and version"));
        request.HttpContext.Response.Headers["Instrument-Version"] = instrument.Version.ToString(CultureInfo.InvariantCulture);
        return Responses.Ok(instrument, InstrumentsJson.Default.Instrument);
    }
}
