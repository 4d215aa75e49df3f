using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Says what became of every response, by day, source and way; as CSV when that is asked for.</summary>
public sealed class GetLedger(Ledger ledger)
{
    private const string Csv = "text/csv";

    [Function(nameof(GetLedger))]
    public async Task<IResult> Run(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "ledger")] HttpRequest request, CancellationToken cancellation)
    {
        var answer = await ledger.RunAsync(request.Parameters(), cancellation);
        return answer.Value is { } document && request.Headers.Accept == Csv
            ? Results.Text(document.ToCsv(), Csv, Encoding.UTF8)
            : Responses.From(answer, LedgerJson.Default.LedgerDocument);
    }
}
