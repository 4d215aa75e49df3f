using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Vendors.Tests.StandIns;

/// <summary>SmartSurvey: page by page, since in seconds, Basic.</summary>
public sealed class SmartSurveyStandIn : StandIn
{
    public override string Tool => "smartsurvey";

    public override string Form => "12345";

    public override bool HasRevisions => true;

    protected override (string School, string Key, string Item, Func<int, string> Answer) Fields => ("hidden.urn", "hidden.key", "10", code => $"{500 + code}");

    public override string Id(SeededSubmission submission) => $"{1000 + submission.Number}";

    public override Delivery Webhook(SeededSubmission submission) => Json(new JsonArray(Item(submission)));

    protected override bool IsAuthorised(HttpRequest request) => request.Headers.Authorization == "Basic " + Convert.ToBase64String(Encoding.ASCII.GetBytes(Token));

    protected override void Map(WebApplication app) => app.MapGet("/v1/surveys/{form}/responses", (HttpRequest request, string form) =>
    {
        if (form != Form) return Results.NotFound();
        if (request.Query["completed"] != "2" || request.Query["include_labels"] != "true") return Results.BadRequest();
        var since = DateTimeOffset.FromUnixTimeSeconds(long.Parse(request.Query["since"].ToString(), CultureInfo.InvariantCulture));
        var all = Submissions.Where(submission => submission.Updated >= since).OrderBy(submission => submission.Submitted).ToList();
        var (page, size) = (Number(request, "page", 1), Math.Min(Number(request, "page_size", 10), 100));
        return Results.Json(new JsonArray([.. Page(all, (page - 1) * size, (page - 1) * size, size).Select(Item)]));
    });

    private JsonObject Item(SeededSubmission submission) => new()
    {
        ["id"] = 1000 + submission.Number,
        ["survey_id"] = 12345,
        ["tracking_link_id"] = 7,
        ["date_started"] = Utc(submission.Submitted.AddMinutes(-5)),
        ["date_ended"] = Utc(submission.Submitted),
        ["date_modified"] = Utc(submission.Updated),
        ["status"] = submission.Finished ? "completed" : "partial",
        ["contact_email"] = submission.Key,
        ["ip_address"] = "203.0.113.77",
        ["pages"] = new JsonArray(new JsonObject
        {
            ["id"] = 1,
            ["questions"] = new JsonArray(
                Question(10, "Confidence", "single_choice", new JsonObject { ["id"] = 1, ["type"] = "radio", ["choice_title"] = $"Level {submission.Confidence}", ["choice_id"] = 500 + submission.Confidence }),
                Question(11, "Areas", "multiple_choice", [.. submission.Areas.Select(area => new JsonObject { ["id"] = 2, ["type"] = "checkbox", ["choice_title"] = SeededSubmission.AreaTexts[area], ["choice_id"] = 600 + area })]),
                Question(12, "hidden_urn", "open_ended", new JsonObject { ["id"] = 3, ["type"] = "text", ["value"] = submission.Urn }),
                Question(13, "hidden_key", "open_ended", new JsonObject { ["id"] = 4, ["type"] = "text", ["value"] = submission.Key }),
                Question(14, "Why", "open_ended", new JsonObject { ["id"] = 5, ["type"] = "text", ["value"] = submission.Why })),
        }),
    };

    private static JsonObject Question(int id, string title, string type, params JsonNode?[] answers) =>
        new() { ["id"] = id, ["title"] = title, ["type"] = type, ["sub_type"] = "", ["answers"] = new JsonArray(answers) };
}
