using System.Security.Cryptography;
using System.Text.Json;

namespace WholeSchoolSend.Core.Webhooks.Tools;

/// <summary>
/// SmartSurvey: an array of up to a thousand responses as JSON; <c>X-SmartSurvey-Signature</c>, the hex of HMAC-SHA256 over the raw body. A response
/// that was changed comes again with a later <c>date_modified</c>, and the newest counts. A question is known by its id; the rows of a grid are
/// <c>question.row</c>, what was written beside a choice is <c>question.comment</c>.
/// </summary>
/// <remarks>
/// https://docs.smartsurvey.io/docs/webhooks-introduction and /docs/samples, whose one sample has a single choice and a comment; grids, rankings and
/// custom variables follow the API's answers and were not seen in a delivery.
/// </remarks>
public sealed class SmartSurvey : SurveyTool
{
    public override string Name => "smartsurvey";

    /// <summary>A thousand responses of forty questions are some 14 MB, and a batch that is refused keeps everything else back for a day.</summary>
    public override int LargestBody => 3 * UsualBody;

    public override SignatureScheme Signature(string? header) => new HmacHeader(header ?? "X-SmartSurvey-Signature", HashAlgorithmName.SHA256, "");

    public override Checked<IReadOnlyList<SurveyResponse>> Decode(Delivery delivery)
    {
        using var json = new JsonReading();
        if (json.Parse(delivery.Body) is not { } root) return json.Problems;
        var responses = json.Items(root, "").Select(item => One(json, item.Item, item.At)).OfType<SurveyResponse>().ToList();
        return json.Problems.Count > 0 ? json.Problems : responses;
    }

    /// <inheritdoc/>
    public override IEnumerable<Delivery> Split(Delivery delivery) => JsonReading.Parts(delivery.Body).Select(one => delivery with { Body = JsonReading.Between("["u8, one, "]"u8) });

    private static SurveyResponse? One(JsonReading json, JsonElement response, string at)
    {
        var form = json.Text(response, "survey_id", at);
        var id = json.Text(response, "id", at);
        var modified = json.Time(response, "date_modified", at);
        var submitted = JsonReading.Optional(response, "date_ended") is null ? modified : json.Time(response, "date_ended", at);
        var finished = JsonReading.Optional(response, "status")?.ToString() == "completed";
        var answers = new List<Answer>();
        foreach (var name in (string[])["contact_name", "contact_email", "contact_invitation_id", "saved_email", "saved_name"])
            if (JsonReading.Optional(response, name) is { } person) answers.Add(NamedValues.Personal(name, person.ToString()));
        if (JsonReading.Optional(response, "tracking_link_id") is { } link) answers.Add(new Answer("hidden.tracking_link_id", null, AnswerKind.Hidden, [new AnswerValue(link.ToString())]));
        answers.AddRange(json.Gather(
            json.Items(JsonReading.Optional(response, "pages"), at + "/pages")
                .SelectMany(page => json.Items(JsonReading.Optional(page.Item, "questions"), page.At + "/questions"))
                .SelectMany(question => Answers(json, question.Item, question.At)),
            at + "/pages"));
        return json.Problems.Count > 0 ? null : new SurveyResponse(form!, id!, submitted!.Value, modified, finished, answers);
    }

    private static IEnumerable<Answer> Answers(JsonReading json, JsonElement question, string at)
    {
        if (json.Text(question, "id", at) is not { } id) return [];
        var title = JsonReading.Optional(question, "title")?.ToString() ?? "";
        var type = $"{JsonReading.Optional(question, "type")} {JsonReading.Optional(question, "sub_type")}".ToLowerInvariant();
        if (JsonReading.Optional(question, "answers") is null) return [new Answer(id, null, AnswerKind.Unanswered, [])];
        return json.Items(JsonReading.Optional(question, "answers"), at + "/answers")
            .Select(answer => Value(id, type, answer.Item))
            .GroupBy(answer => (answer.Field, answer.Kind))
            .Select(row => title.StartsWith("hidden", StringComparison.OrdinalIgnoreCase)
                ? NamedValues.Texts(row.Key.Field, title, [.. row.Select(answer => answer.Value.Text)])
                : new Answer(row.Key.Field, null, row.Key.Kind, [.. row.Select(answer => answer.Value)]));
    }

    private static (string Field, AnswerKind Kind, AnswerValue Value) Value(string question, string type, JsonElement answer)
    {
        var field = JsonReading.Optional(answer, "row_id") is { } row ? $"{question}.{row}" : question;
        var written = JsonReading.Optional(answer, "value")?.ToString() ?? "";
        switch (JsonReading.Optional(answer, "type")?.ToString())
        {
            case "comment":
                return ($"{field}.comment", AnswerKind.Text, new AnswerValue(written));
            case "other":
                return (field, ChoiceKind(type), new AnswerValue("other"));
        }
        var choice = JsonReading.Optional(answer, "choice_title")?.ToString();
        return choice is not null && (written.Length == 0 || ChoiceKind(type) == AnswerKind.Ranking)
            ? (field, ChoiceKind(type), new AnswerValue(choice, JsonReading.Optional(answer, "choice_id")?.ToString()))
            : (field, WrittenKind(type), new AnswerValue(written));
    }

    private static AnswerKind ChoiceKind(string type) =>
        type.Contains("rank", StringComparison.Ordinal) ? AnswerKind.Ranking
        : type.Contains("rating", StringComparison.Ordinal) || type.Contains("scale", StringComparison.Ordinal) || type.Contains("nps", StringComparison.Ordinal) ? AnswerKind.Scale
        : type.Contains("multiple", StringComparison.Ordinal) || type.Contains("check", StringComparison.Ordinal) ? AnswerKind.Multiple
        : AnswerKind.Single;

    private static AnswerKind WrittenKind(string type) =>
        type.Contains("date", StringComparison.Ordinal) ? AnswerKind.Date
        : type.Contains("numer", StringComparison.Ordinal) || type.Contains("number", StringComparison.Ordinal) ? AnswerKind.Number
        : type.Contains("email", StringComparison.Ordinal) || type.Contains("file", StringComparison.Ordinal) || type.Contains("contact", StringComparison.Ordinal) ? AnswerKind.Personal
        : AnswerKind.Text;
}
