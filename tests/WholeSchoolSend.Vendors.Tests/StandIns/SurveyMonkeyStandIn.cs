using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Vendors.Tests.StandIns;

/// <summary>SurveyMonkey: events, details of survey and response, bulk by time of change, limits in headers of its own.</summary>
public sealed class SurveyMonkeyStandIn : StandIn
{
    public override string Tool => "surveymonkey";

    public override string Form => "105723396";

    public override bool HasRevisions => true;

    /// <value>Named to responses but not in the survey's details until it is asked for again.</value>
    public bool LearnsLate { get; set; }

    /// <value>Whether a question that was answered has been deleted from the survey since.</value>
    public bool Forgets { get; set; }

    protected override (string School, string Key, string Item, Func<int, string> Answer) Fields => ("hidden.urn", "hidden.key", "300", code => $"Level {code}");

    public override string Id(SeededSubmission submission) => $"{5_000_000 + submission.Number}";

    public override Delivery Webhook(SeededSubmission submission) => Json(
        new JsonObject
        {
            ["name"] = "Hook",
            ["filter_type"] = "survey",
            ["filter_id"] = Form,
            ["event_type"] = submission.Updated > submission.Submitted ? "response_updated" : "response_completed",
            ["event_id"] = $"e{submission.Number}",
            ["object_type"] = "response",
            ["object_id"] = Id(submission),
            ["event_datetime"] = Utc(submission.Updated),
            ["resources"] = new JsonObject { ["survey_id"] = Form, ["collector_id"] = "22" },
        },
        "application/vnd.surveymonkey.response.v1+json");

    protected override bool IsAuthorised(HttpRequest request) => request.Headers.Authorization == "bearer " + Token;

    protected override Task LimitedAsync(HttpContext context) => Status(429, ("X-Ratelimit-App-Global-Day-Remaining", "0"), ("X-Ratelimit-App-Global-Day-Reset", "7200"))(context);

    protected override void Map(WebApplication app)
    {
        app.MapGet("/v3/surveys/{form}/details", (string form) => form == Form ? Results.Json(Details()) : Results.NotFound());
        app.MapGet("/v3/surveys/{form}/responses/{id}/details", (string form, string id) =>
            form == Form && Submissions.Find(submission => Id(submission) == id) is { } found ? Results.Json(Item(found)) : Results.NotFound());
        app.MapGet("/v3/surveys/{form}/responses/bulk", (HttpRequest request, string form) =>
        {
            if (form != Form) return Results.NotFound();
            if (request.Query["sort_by"] != "date_modified" || request.Query["sort_order"] != "ASC") return Results.BadRequest();
            var since = Time(request.Query["start_modified_at"]);
            var all = Submissions.Where(submission => submission.Updated >= since).OrderBy(submission => submission.Updated).ToList();
            var (page, size) = (Number(request, "page", 1), Math.Min(Number(request, "per_page", 50), 100));
            return Results.Json(new JsonObject
            {
                ["per_page"] = size,
                ["page"] = page,
                ["total"] = Total(all),
                ["links"] = new JsonObject { ["next"] = "http://canary.example/next" },
                ["data"] = new JsonArray([.. Page(all, (page - 1) * size, (page - 1) * size, size).Select(Item)]),
            });
        });
    }

    private JsonObject Item(SeededSubmission submission) => new()
    {
        ["id"] = Id(submission),
        ["survey_id"] = Form,
        ["collector_id"] = "22",
        ["recipient_id"] = "0",
        ["collection_mode"] = "default",
        ["response_status"] = submission.Finished ? "completed" : "partial",
        ["date_created"] = Utc(submission.Submitted.AddMinutes(-5)),
        ["date_modified"] = Utc(submission.Updated).Replace("Z", "+00:00", StringComparison.Ordinal),
        ["ip_address"] = "203.0.113.77",
        ["custom_variables"] = new JsonObject { ["urn"] = submission.Urn, ["key"] = submission.Key },
        ["custom_value"] = "",
        ["pages"] = new JsonArray(new JsonObject
        {
            ["id"] = "1",
            ["questions"] = new JsonArray(
                new JsonObject { ["id"] = "300", ["answers"] = new JsonArray(new JsonObject { ["choice_id"] = $"{3000 + submission.Confidence}" }) },
                new JsonObject { ["id"] = "301", ["answers"] = new JsonArray([.. submission.Areas.Select(area => new JsonObject { ["choice_id"] = $"{3100 + area}" })]) },
                new JsonObject { ["id"] = "302", ["answers"] = new JsonArray(new JsonObject { ["text"] = submission.Why }) }),
        }),
    };

    private JsonObject Details()
    {
        var known = LearnsLate ? 4 : 5;
        LearnsLate = false;
        return new JsonObject
        {
            ["id"] = Form,
            ["pages"] = new JsonArray(new JsonObject
            {
                ["id"] = "1",
                ["questions"] = new JsonArray(
                    Question("300", "single_choice", "vertical", "How confident", Enumerable.Range(1, known).Select(code => ($"{3000 + code}", $"Level {code}"))),
                    Question("301", "multiple_choice", "vertical", "Areas", SeededSubmission.AreaTexts.Select((text, area) => ($"{3100 + area}", text))),
                    Question(Forgets ? "303" : "302", "open_ended", "essay", "Why", [])),
            }),
        };
    }

    private static JsonObject Question(string id, string family, string subtype, string heading, IEnumerable<(string Id, string Text)> choices) => new()
    {
        ["id"] = id,
        ["family"] = family,
        ["subtype"] = subtype,
        ["headings"] = new JsonArray(new JsonObject { ["heading"] = heading }),
        ["answers"] = new JsonObject { ["choices"] = new JsonArray([.. choices.Select(choice => new JsonObject { ["id"] = choice.Id, ["text"] = choice.Text })]) },
    };
}
