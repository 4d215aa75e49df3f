using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using WholeSchoolSend.Core.Instruments;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Lists the newest version of every instrument, with what it maps; the whole document is at its own address.</summary>
public sealed class ListInstruments(IInstruments instruments)
{
    [Function(nameof(ListInstruments))]
    public async Task<IResult> Run(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "instruments")] HttpRequest request, CancellationToken cancellation)
    {
        var all = await instruments.AllAsync(cancellation);
        return Responses.Ok(new InstrumentList(all.Select(InstrumentSummary.Of).ToList()), InstrumentsJson.Default.InstrumentList);
    }
}
