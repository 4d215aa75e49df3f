using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Vendors.Tests.StandIns;

/// <summary>KoboToolbox: a MongoDB query on the time, start and limit, <c>Token</c>.</summary>
public sealed class KoboToolboxStandIn : StandIn
{
    public override string Tool => "kobotoolbox";

    public override string Form => "aX6CUrtnHfZE64CnNdjzuz";

    /// <value>Whether the REST service posts XML, by which a submission has no <c>_id</c>.</value>
    public bool PostsXml { get; set; }

    protected override (string School, string Key, string Item, Func<int, string> Answer) Fields => ("hidden.urn", "hidden.key", "about/confidence", code => $"{code}");

    public override string Id(SeededSubmission submission) => PostsXml ? Instance(submission) : $"{submission.Number}";

    public override Delivery Webhook(SeededSubmission submission) => PostsXml
        ? Body(
            $"""
            <{Form} id="{Form}"><school><hidden_urn>{submission.Urn}</hidden_urn><hidden_key>{submission.Key}</hidden_key></school><about><confidence>{submission.Confidence}</confidence></about>
            <areas>{Areas(submission)}</areas><why>{submission.Why}</why><meta><instanceID>{Instance(submission)}</instanceID></meta><_submission_time>{Time(submission)}</_submission_time></{Form}>
            """, "application/xml")
        : Json(Item(submission));

    protected override bool IsAuthorised(HttpRequest request) => request.Headers.Authorization == "Token " + Token;

    protected override void Map(WebApplication app) => app.MapGet("/api/v2/assets/{uid}/data/", (HttpRequest request, string uid) =>
    {
        if (uid != Form) return Results.NotFound();
        var since = Time(JsonNode.Parse(request.Query["query"].ToString())!["_submission_time"]!["$gte"]!.GetValue<string>());
        var all = Submissions.Where(submission => submission.Submitted >= since).OrderBy(submission => submission.Number).ToList();
        var (start, limit) = (Number(request, "start", 0), Math.Min(Number(request, "limit", 100), 1_000));
        return Results.Json(new JsonObject
        {
            ["count"] = Total(all),
            ["next"] = "http://canary.example/next",
            ["previous"] = null,
            ["results"] = new JsonArray([.. Page(all, start, start, limit).Select(Item)]),
        });
    });

    private JsonObject Item(SeededSubmission submission) => new()
    {
        ["_id"] = submission.Number,
        ["_uuid"] = Instance(submission)[5..],
        ["_xform_id_string"] = Form,
        ["_submission_time"] = Time(submission),
        ["_submitted_by"] = "canary",
        ["meta/instanceID"] = Instance(submission),
        ["school/hidden_urn"] = submission.Urn,
        ["school/hidden_key"] = submission.Key,
        ["about/confidence"] = $"{submission.Confidence}",
        ["areas"] = Areas(submission),
        ["why"] = submission.Why,
        ["_attachments"] = new JsonArray(),
    };

    private static string Areas(SeededSubmission submission) => string.Join(' ', submission.Areas.Select(area => SeededSubmission.AreaTexts[area].ToLowerInvariant()));

    private static string Instance(SeededSubmission submission) => $"uuid:{submission.Number:x8}-1892-4931-8d9c-869e7b49bafb";

    private static string Time(SeededSubmission submission) => Utc(submission.Submitted)[..^1];
}
