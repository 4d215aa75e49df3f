using System.Collections.Concurrent;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Vendors.Tests.StandIns;

/// <summary>Qualtrics: events as a form, single responses, and exports that are started, polled and downloaded.</summary>
public sealed class QualtricsStandIn : StandIn
{
    private readonly ConcurrentDictionary<string, (DateTimeOffset Since, int Polls)> _exports = [];

    public override string Tool => "qualtrics";

    public override string Form => "SV_1AmkKSDmoZ4XlQx";

    /// <value>How often an export is in progress before it is complete.</value>
    public int Polls { get; set; }

    public bool Zips { get; set; }

    protected override (string School, string Key, string Item, Func<int, string> Answer) Fields => ("hidden.urn", "hidden.key", "QID1", code => $"Level {code}");

    public override string Id(SeededSubmission submission) => $"R_{submission.Number:D15}";

    public override Delivery Webhook(SeededSubmission submission)
    {
        var message = new JsonObject
        {
            ["Status"] = "Complete",
            ["SurveyID"] = Form,
            ["ResponseID"] = Id(submission),
            ["CompletedDate"] = submission.Submitted.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture),
            ["BrandID"] = "brand",
        };
        return Body($"Topic=brand.surveyengine.completedResponse.{Form}&MSG={Uri.EscapeDataString(message.ToJsonString())}&undefined=", "application/x-www-form-urlencoded");
    }

    protected override bool IsAuthorised(HttpRequest request) => request.Headers["X-API-TOKEN"] == Token;

    protected override void Map(WebApplication app)
    {
        var surveys = app.MapGroup("/API/v3/surveys/{form}").AddEndpointFilter(async (context, next) => context.HttpContext.Request.RouteValues["form"] as string == Form ? await next(context) : Results.NotFound());
        surveys.MapGet("", () => Results.Json(Result(new JsonObject { ["id"] = Form, ["questions"] = Questions() })));
        surveys.MapGet("/responses/{id}", (string id) => Submissions.Find(submission => Id(submission) == id) is { } found ? Results.Json(Result(Item(found))) : Results.NotFound());
        surveys.MapPost("/export-responses", async (HttpRequest request) =>
        {
            var asked = (await JsonNode.ParseAsync(request.Body))!;
            if (asked["format"]!.GetValue<string>() != "json") return Results.BadRequest();
            var progress = $"ES_{_exports.Count + 1}";
            _exports[progress] = (Time(asked["startDate"]!.GetValue<string>()), Polls);
            return Results.Json(Result(new JsonObject { ["progressId"] = progress, ["percentComplete"] = 0.0, ["status"] = "inProgress" }));
        });
        surveys.MapGet("/export-responses/{id}", (string id) =>
        {
            var (since, polls) = _exports[id];
            _exports[id] = (since, polls - 1);
            return Results.Json(Result(polls > 0 ? new JsonObject { ["status"] = "inProgress" } : new JsonObject { ["status"] = "complete", ["fileId"] = "F" + id }));
        });
        surveys.MapGet("/export-responses/{id}/file", (string id) =>
        {
            var all = Submissions.Where(submission => submission.Submitted >= _exports[id[1..]].Since).OrderBy(submission => submission.Submitted).ToList();
            var file = Encoding.UTF8.GetBytes(new JsonObject { ["responses"] = new JsonArray([.. Page(all, 0, 0, int.MaxValue).Select(Item)]) }.ToJsonString());
            return Results.Bytes(Zips ? Zipped(file) : file, "application/octet-stream");
        });
    }

    private static JsonObject Result(JsonObject result) => new() { ["result"] = result, ["meta"] = new JsonObject { ["httpStatus"] = "200 - OK" } };

    private JsonObject Item(SeededSubmission submission) => new()
    {
        ["responseId"] = Id(submission),
        ["values"] = new JsonObject
        {
            ["startDate"] = Utc(submission.Submitted.AddMinutes(-5)),
            ["endDate"] = Utc(submission.Submitted),
            ["status"] = 0,
            ["ipAddress"] = "203.0.113.77",
            ["progress"] = 100,
            ["duration"] = 300,
            ["finished"] = 1,
            ["recordedDate"] = Utc(submission.Submitted),
            ["_recordId"] = Id(submission),
            ["recipientEmail"] = submission.Key,
            ["distributionChannel"] = "anonymous",
            ["userLanguage"] = "EN-GB",
            ["QID1"] = submission.Confidence,
            ["QID2"] = new JsonArray([.. submission.Areas.Select(area => $"{area + 1}")]),
            ["QID3_TEXT"] = submission.Why,
            ["urn"] = submission.Urn,
            ["key"] = submission.Key,
        },
        ["labels"] = new JsonObject { ["finished"] = "True", ["QID1"] = $"Level {submission.Confidence}", ["QID2"] = new JsonArray([.. submission.Areas.Select(area => SeededSubmission.AreaTexts[area])]) },
        ["displayedFields"] = new JsonArray("QID1", "QID2", "QID3_TEXT"),
    };

    private static JsonObject Questions() => new()
    {
        ["QID1"] = Question("MC", "SAVR", "How confident", Enumerable.Range(1, 5).Select(code => $"Level {code}")),
        ["QID2"] = Question("MC", "MAVR", "Areas", SeededSubmission.AreaTexts),
        ["QID3"] = Question("TE", "ML", "Why", []),
    };

    private static JsonObject Question(string type, string selector, string text, IEnumerable<string> choices) => new()
    {
        ["questionType"] = new JsonObject { ["type"] = type, ["selector"] = selector },
        ["questionText"] = text,
        ["choices"] = new JsonObject(choices.Select((choice, index) => KeyValuePair.Create<string, JsonNode?>($"{index + 1}", new JsonObject { ["choiceText"] = choice }))),
    };

    private static byte[] Zipped(byte[] file)
    {
        using var zip = new MemoryStream();
        using (var archive = new ZipArchive(zip, ZipArchiveMode.Create))
        using (var entry = archive.CreateEntry("survey.json").Open()) entry.Write(file);
        return zip.ToArray();
    }
}
