using System.Security.Cryptography;
using System.Text.Json;

namespace WholeSchoolSend.Core.Webhooks.Tools;

/// <summary>
/// Google Forms through the Apps Script that <c>docs/tools/google-forms.md</c> gives: it posts form, response, time and each answer with its item's
/// id, title and type, signed with HMAC-SHA256 over the raw body in <c>X-Signature</c>. A respondent who edits sends the same response again with a
/// later time: the newest counts. A question is known by its id; one whose title begins with <c>hidden</c> is a pre-filled hidden field.
/// </summary>
/// <remarks>https://developers.google.com/apps-script/reference/forms: ItemType, FormResponse, ItemResponse.</remarks>
public sealed class GoogleForms : SurveyTool
{
    public override string Name => "googleforms";

    public override SignatureScheme Signature(string? header) => new HmacHeader(header ?? "X-Signature", HashAlgorithmName.SHA256, "sha256=");

    public override Checked<IReadOnlyList<SurveyResponse>> Decode(Delivery delivery)
    {
        using var json = new JsonReading();
        if (json.Parse(delivery.Body) is not { } root) return json.Problems;
        var form = json.Text(root, "form", "");
        var id = json.Text(root, "response", "");
        var submitted = json.Time(root, "submitted", "");
        var answers = json.Gather(json.Items(JsonReading.Optional(root, "answers"), "/answers").SelectMany(answer => Read(json, answer.Item, answer.At)), "/answers");
        if (JsonReading.Optional(root, "email") is { } email) answers.Add(NamedValues.Personal("email", email.ToString()));
        if (json.Problems.Count > 0) return json.Problems;
        return new SurveyResponse[]
        {
            new(form!, id!, submitted!.Value, submitted, Finished: true, answers)
            {
                Questionnaire = json.Items(JsonReading.Optional(root, "answers"), "/answers").SelectMany(answer => Wordings(answer.Item)).ToList(),
            },
        };
    }

    /// <summary>The item's title, with its choices where the script sends them; a grid is one question for each row.</summary>
    private static IEnumerable<Wording> Wordings(JsonElement answer)
    {
        if (JsonReading.Optional(answer, "title") is not { ValueKind: JsonValueKind.String } title) return [];
        var id = JsonReading.Optional(answer, "id")!.Value.ToString();
        var options = JsonReading.Optional(answer, "choices") is { ValueKind: JsonValueKind.Array } choices
            ? choices.EnumerateArray().Select(JsonReading.Scalar).OfType<string>().ToList()
            : [];
        return JsonReading.Optional(answer, "value") is { ValueKind: JsonValueKind.Object } rows
            ? rows.EnumerateObject().Select(row => new Wording($"{id}.{row.Name}", null, $"{title} / {row.Name}", options))
            : [new Wording(id, null, title.ToString(), options)];
    }

    private static IEnumerable<Answer> Read(JsonReading json, JsonElement answer, string at)
    {
        if (json.Text(answer, "id", at) is not { } id || json.Text(answer, "type", at) is not { } type) return [];
        if (JsonReading.Optional(answer, "value") is not { } value) return [new Answer(id, null, AnswerKind.Unanswered, [])];
        var title = JsonReading.Optional(answer, "title")?.ToString() ?? "";
        if (title.StartsWith("hidden", StringComparison.OrdinalIgnoreCase)) return [NamedValues.Texts(id, title, [JsonReading.Scalar(value) ?? ""])];
        var kind = type switch
        {
            "MULTIPLE_CHOICE" or "LIST" or "GRID" => AnswerKind.Single,
            "CHECKBOX" or "CHECKBOX_GRID" => AnswerKind.Multiple,
            "SCALE" or "RATING" => AnswerKind.Scale,
            "DATE" or "DATETIME" or "TIME" or "DURATION" => AnswerKind.Date,
            "TEXT" or "PARAGRAPH_TEXT" => AnswerKind.Text,
            "FILE_UPLOAD" => AnswerKind.Personal,
            _ => AnswerKind.Other,
        };
        // A grid is an object of rows; NamedValues makes one answer of each.
        return NamedValues.Read(id, null, value).Select(row => row.Kind == AnswerKind.Unanswered || kind == AnswerKind.Personal && row.Kind == kind ? row : row with { Kind = kind });
    }
}
