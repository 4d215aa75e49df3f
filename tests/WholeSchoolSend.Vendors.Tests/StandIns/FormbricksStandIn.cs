using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Vendors.Tests.StandIns;

/// <summary>Formbricks: by time of change, skip and limit, an API key in its own header.</summary>
public sealed class FormbricksStandIn : StandIn
{
    public override string Tool => "formbricks";

    public override bool HasRevisions => true;

    protected override (string School, string Key, string Item, Func<int, string> Answer) Fields => ("hidden.urn", "hidden.key", "confidence", code => $"{code}");

    public override Delivery Webhook(SeededSubmission submission) =>
        Json(new JsonObject { ["event"] = submission.Finished ? "responseFinished" : "responseCreated", ["webhookId"] = "w1", ["data"] = Item(submission) });

    protected override bool IsAuthorised(HttpRequest request) => request.Headers["x-api-key"] == Token;

    protected override void Map(WebApplication app) => app.MapGet("/api/v2/management/responses", (HttpRequest request) =>
    {
        if (request.Query["surveyId"] != Form) return Results.NotFound();
        if (request.Query["filterDateField"] != "updatedAt" || request.Query["sortBy"] != "updatedAt" || request.Query["order"] != "asc") return Results.BadRequest();
        var since = Time(request.Query["startDate"]);
        var all = Submissions.Where(submission => submission.Updated >= since).OrderBy(submission => submission.Updated).ToList();
        var (skip, limit) = (Number(request, "skip", 0), Math.Min(Number(request, "limit", 50), 100));
        return Results.Json(new JsonObject
        {
            ["data"] = new JsonArray([.. Page(all, skip, skip, limit).Select(Item)]),
            ["meta"] = new JsonObject { ["total"] = Total(all), ["limit"] = limit, ["offset"] = skip },
        });
    });

    private JsonObject Item(SeededSubmission submission) => new()
    {
        ["id"] = Id(submission),
        ["surveyId"] = Form,
        ["createdAt"] = Utc(submission.Submitted),
        ["updatedAt"] = Utc(submission.Updated),
        ["finished"] = submission.Finished,
        ["data"] = new JsonObject
        {
            ["confidence"] = submission.Confidence,
            ["areas"] = new JsonArray([.. submission.Areas.Select(area => SeededSubmission.AreaTexts[area])]),
            ["why"] = submission.Why,
            ["hidden_urn"] = submission.Urn,
            ["hidden_key"] = submission.Key,
        },
        ["contactAttributes"] = new JsonObject { ["email"] = submission.Key },
        ["singleUseId"] = null,
        ["meta"] = new JsonObject { ["ipAddress"] = "203.0.113.77" },
    };
}
