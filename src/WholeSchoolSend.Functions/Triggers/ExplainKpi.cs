using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using WholeSchoolSend.Core;
using WholeSchoolSend.Core.Kpis;
using UseCase = WholeSchoolSend.Core.Kpis.ExplainKpi;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Gives everything a KPI rests on; with <c>?format=r</c> only the script that works it again.</summary>
public sealed class ExplainKpi(UseCase kpis)
{
    [Function(nameof(ExplainKpi))]
    public async Task<IResult> Run(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "kpis/{id}/evidence")] HttpRequest request, string id, CancellationToken cancellation)
    {
        var format = request.Query["format"].ToString();
        if (format is not ("" or "r")) return Responses.From(Problems.QueryInvalid.At("format", "should be r, or left out"));
        var answer = await kpis.RunAsync(id, cancellation);
        return answer.Value is { } evidence && format == "r"
            ? Results.Text(evidence.Script, "text/plain; charset=utf-8")
            : Responses.From(answer, KpiEvidenceJson.Default.KpiEvidence);
    }
}
