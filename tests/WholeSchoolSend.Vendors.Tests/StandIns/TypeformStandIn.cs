using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Vendors.Tests.StandIns;

/// <summary>Typeform: newest first, before a token, bearer.</summary>
public sealed class TypeformStandIn : StandIn
{
    public override string Tool => "typeform";

    protected override (string School, string Key, string Item, Func<int, string> Answer) Fields => ("hidden.urn", "hidden.key", "cpd_confidence", code => $"{code}");

    public override Delivery Webhook(SeededSubmission submission)
    {
        var response = Item(submission);
        response.Insert(0, "form_id", Form);
        response["definition"] = new JsonObject { ["id"] = Form, ["fields"] = new JsonArray() };
        return Json(new JsonObject { ["event_id"] = $"e{submission.Number}", ["event_type"] = "form_response", ["form_response"] = response });
    }

    protected override bool IsAuthorised(HttpRequest request) => request.Headers.Authorization == "Bearer " + Token;

    protected override void Map(WebApplication app) => app.MapGet("/forms/{form}/responses", (HttpRequest request, string form) =>
    {
        if (form != Form) return Results.NotFound();
        var since = Time(request.Query["since"]);
        var all = Submissions.Where(submission => submission.Submitted >= since).OrderByDescending(submission => submission.Submitted).ToList();
        var before = request.Query["before"].ToString();
        var skip = before.Length == 0 ? 0 : all.FindIndex(submission => Id(submission) == before) + 1;
        var page = Page(all, skip, skip, Number(request, "page_size", 25));
        return Results.Json(new JsonObject { ["total_items"] = Total(all), ["page_count"] = 1, ["items"] = new JsonArray([.. page.Select(Item)]) });
    });

    private JsonObject Item(SeededSubmission submission) => new()
    {
        ["landing_id"] = Id(submission),
        ["token"] = Id(submission),
        ["response_id"] = Id(submission),
        ["landed_at"] = Utc(submission.Submitted.AddMinutes(-5)),
        ["submitted_at"] = Utc(submission.Submitted),
        ["metadata"] = new JsonObject { ["user_agent"] = "canary", ["network_id"] = "canary" },
        ["hidden"] = new JsonObject { ["urn"] = submission.Urn, ["key"] = submission.Key },
        ["calculated"] = new JsonObject { ["score"] = 0 },
        ["answers"] = new JsonArray(
            new JsonObject { ["field"] = Field("f1", "opinion_scale", "cpd_confidence"), ["type"] = "number", ["number"] = submission.Confidence },
            new JsonObject
            {
                ["field"] = Field("f2", "multiple_choice", "areas"),
                ["type"] = "choices",
                ["choices"] = new JsonObject { ["ids"] = new JsonArray([.. submission.Areas.Select(area => $"c{area}")]), ["labels"] = new JsonArray([.. submission.Areas.Select(area => SeededSubmission.AreaTexts[area])]) },
            },
            new JsonObject { ["field"] = Field("f3", "long_text", "why"), ["type"] = "text", ["text"] = submission.Why }),
    };

    private static JsonObject Field(string id, string type, string reference) => new() { ["id"] = id, ["type"] = type, ["ref"] = reference };
}
