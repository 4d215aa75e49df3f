using System.Security.Cryptography;
using System.Text.Json;

namespace WholeSchoolSend.Core.Webhooks.Tools;

/// <summary>
/// Tally: one response as JSON in <c>data</c>; <c>Tally-Signature</c>, the base64 of HMAC-SHA256 over the raw body. A field is known by its
/// <c>key</c>, not by its label, into which an author may put other answers; hidden fields by their label. Choices come by id with the list of
/// options; the booleans Tally repeats for each option are dropped.
/// </summary>
/// <remarks>https://tally.so/help/webhooks.</remarks>
public sealed class Tally : SurveyTool
{
    public override string Name => "tally";

    public override SignatureScheme Signature(string? header) => new HmacHeader(header ?? "Tally-Signature", HashAlgorithmName.SHA256, "");

    public override Checked<IReadOnlyList<SurveyResponse>> Decode(Delivery delivery)
    {
        using var json = new JsonReading();
        if (json.Parse(delivery.Body) is not { } root) return json.Problems;
        if (JsonReading.Optional(root, "data") is not { ValueKind: JsonValueKind.Object } data) return Problems.BodyUndecodable.At("/data", "should be an object");

        var form = json.Text(data, "formId", "/data");
        var id = json.Text(data, "responseId", "/data");
        var submitted = json.Time(data, "createdAt", "/data");
        var answers = json.Gather(json.Items(JsonReading.Optional(data, "fields"), "/data/fields").SelectMany(field => Read(json, field.Item, field.At)), "/data/fields");
        if (json.Problems.Count > 0) return json.Problems;
        var wordings = json.Items(JsonReading.Optional(data, "fields"), "/data/fields").SelectMany(field => Wordings(field.Item)).ToList();
        return new SurveyResponse[]
        {
            new(form!, id!, submitted!.Value, Updated: null, Finished: true, answers)
            {
                Questionnaire = wordings.ConvertAll(wording => Unpiped(wording, answers)),
            },
        };
    }

    /// <summary>A question's label and options; a matrix is one question for each row.</summary>
    private static IEnumerable<Wording> Wordings(JsonElement field)
    {
        var label = JsonReading.Optional(field, "label");
        var type = JsonReading.Optional(field, "type")?.ToString();
        if (label is not { ValueKind: JsonValueKind.String } || type == "HIDDEN_FIELDS") yield break;
        var key = JsonReading.Optional(field, "key")!.Value.ToString();
        if (type != "MATRIX") yield return new Wording(key, null, label.Value.ToString(), JsonReading.Texts(JsonReading.Optional(field, "options"), "text"));
        else if (JsonReading.Optional(field, "rows") is { ValueKind: JsonValueKind.Array } rows)
            foreach (var row in rows.EnumerateArray())
                if (JsonReading.Optional(row, "id") is { } id && JsonReading.Optional(row, "text") is { } text)
                    yield return new Wording($"{key}.{id}", null, $"{label} / {text}", JsonReading.Texts(JsonReading.Optional(field, "columns"), "text"));
    }

    /// <summary>
    /// Tally's labels may come with what the respondent wrote put in: "How confident are you, Jo?" is one wording for all, and nobody's name is
    /// kept with it. Only what may name somebody is looked for: "no" stands in many a question by chance.
    /// </summary>
    private static Wording Unpiped(Wording wording, List<Answer> answers)
    {
        var text = wording.Text;
        foreach (var answer in answers.Where(answer => answer.Kind is AnswerKind.Personal or AnswerKind.Text or AnswerKind.Hidden))
            foreach (var written in answer.Values.Select(value => value.Text.Trim()).Where(MayName)) text = Without(text, written);
        return wording with { Text = text };

        static bool MayName(string written) => written.Length >= 2 && written.Any(c => char.IsUpper(c) || char.IsDigit(c) || c == '@');
    }

    /// <summary>The text with <c>{}</c> wherever this stands in it as words of its own.</summary>
    private static string Without(string text, string written)
    {
        for (var at = text.IndexOf(written, StringComparison.Ordinal); at >= 0; at = text.IndexOf(written, at + 1, StringComparison.Ordinal))
        {
            var end = at + written.Length;
            if ((at > 0 && char.IsLetterOrDigit(text[at - 1])) || (end < text.Length && char.IsLetterOrDigit(text[end]))) continue;
            text = $"{text[..at]}{{}}{text[end..]}";
        }
        return text;
    }

    private static IEnumerable<Answer> Read(JsonReading json, JsonElement field, string at)
    {
        if (json.Text(field, "key", at) is not { } key || json.Text(field, "type", at) is not { } type) return [];
        var value = JsonReading.Optional(field, "value");
        if (type == "HIDDEN_FIELDS")
            return json.Text(field, "label", at) is { } label ? [new Answer($"hidden.{label}", key, AnswerKind.Hidden, Texts(value))] : [];
        if (value is null) return [new Answer(key, null, AnswerKind.Unanswered, [])];
        return type switch
        {
            "MULTIPLE_CHOICE" or "CHECKBOXES" or "DROPDOWN" or "MULTI_SELECT" or "RANKING" when value.Value.ValueKind is JsonValueKind.True or JsonValueKind.False => [],
            // A multiple choice may allow several.
            "MULTIPLE_CHOICE" or "DROPDOWN" when value.Value is not { ValueKind: JsonValueKind.Array } several || several.GetArrayLength() < 2 =>
                [new Answer(key, null, AnswerKind.Single, Chosen(value.Value, field, "options"))],
            "MULTIPLE_CHOICE" or "DROPDOWN" or "CHECKBOXES" or "MULTI_SELECT" => [new Answer(key, null, AnswerKind.Multiple, Chosen(value.Value, field, "options"))],
            "RANKING" => [new Answer(key, null, AnswerKind.Ranking, Chosen(value.Value, field, "options"))],
            "MATRIX" => value.Value.ValueKind == JsonValueKind.Object ? value.Value.EnumerateObject().Select(row => Row(key, row, field)) : [],
            "LINEAR_SCALE" or "RATING" => [new Answer(key, null, AnswerKind.Scale, Texts(value))],
            "INPUT_NUMBER" => [new Answer(key, null, AnswerKind.Number, Texts(value))],
            "INPUT_DATE" or "INPUT_TIME" => [new Answer(key, null, AnswerKind.Date, Texts(value))],
            "INPUT_TEXT" or "TEXTAREA" => [new Answer(key, null, AnswerKind.Text, Texts(value))],
            "CALCULATED_FIELDS" => NamedValues.Read(key, null, value.Value),
            "INPUT_EMAIL" or "INPUT_PHONE_NUMBER" or "INPUT_LINK" or "FILE_UPLOAD" or "SIGNATURE" or "PAYMENT" => [new Answer(key, null, AnswerKind.Personal, Texts(value))],
            _ => [new Answer(key, null, AnswerKind.Other, [])],
        };
    }

    private static Answer Row(string key, JsonProperty row, JsonElement field)
    {
        var chosen = Chosen(row.Value, field, "columns");
        return new Answer($"{key}.{row.Name}", null, chosen.Count > 1 ? AnswerKind.Multiple : AnswerKind.Single, chosen);
    }

    /// <summary>Texts and ids of what was chosen. What is none of the options was written beside "other": only that is kept.</summary>
    private static List<AnswerValue> Chosen(JsonElement value, JsonElement field, string options)
    {
        var known = new Dictionary<string, string>(StringComparer.Ordinal);
        if (JsonReading.Optional(field, options) is { ValueKind: JsonValueKind.Array } list)
            foreach (var option in list.EnumerateArray())
                if (JsonReading.Optional(option, "id") is { } id && JsonReading.Optional(option, "text") is { } text)
                    known[id.ToString()] = JsonReading.Optional(option, "isOtherOption")?.ValueKind == JsonValueKind.True ? "other" : text.ToString();
        return Texts(value).Select(chosen => known.TryGetValue(chosen.Text, out var text) ? new AnswerValue(text, chosen.Text) : new AnswerValue("other")).ToList();
    }

    private static List<AnswerValue> Texts(JsonElement? value) => JsonReading.Scalars(value).Select(text => new AnswerValue(text)).ToList();
}
