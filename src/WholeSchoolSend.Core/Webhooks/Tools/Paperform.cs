using System.Text.Json;

namespace WholeSchoolSend.Core.Webhooks.Tools;

/// <summary>
/// Paperform: one response as JSON; unsigned, and it sends no headers of one's own, so the secret travels in the address. The body does not say which
/// form it is: that is the parameter <c>form</c> of the address. A field is known by its custom key, and by its key.
/// </summary>
/// <remarks>https://paperform.co/help/articles/how-to-use-webhooks. <c>created_at</c> has no zone and is read as UTC.</remarks>
public sealed class Paperform : SurveyTool
{
    /// <summary>The form where the address names none.</summary>
    public const string TheForm = "form";

    public override string Name => "paperform";

    public override bool SendsOwnHeaders => false;

    public override IReadOnlyList<string> DecodingParameters => ["form"];

    public override Checked<IReadOnlyList<SurveyResponse>> Decode(Delivery delivery)
    {
        var json = new JsonReading();
        if (json.Parse(delivery.Body) is not { } root) return json.Problems;
        var id = json.Text(root, "submission_id", "");
        var submitted = json.TimeOrUtc(root, "created_at", "");
        var answers = json.Items(JsonReading.Optional(root, "data"), "/data").SelectMany(field => Read(json, field.Item, field.At)).ToList();
        var form = delivery.Query.TryGetValue("form", out var named) && named.Length is > 0 and <= 400 ? named : TheForm;
        return json.Problems.Count > 0 ? json.Problems : new SurveyResponse[] { new(form, id!, submitted!.Value, Updated: null, Finished: true, answers) };
    }

    private static IEnumerable<Answer> Read(JsonReading json, JsonElement field, string at)
    {
        if (json.Text(field, "key", at) is not { } key) return [];
        var custom = JsonReading.Optional(field, "custom_key")?.ToString() is { Length: > 0 } set ? set : null;
        var type = JsonReading.Optional(field, "type")?.ToString().ToLowerInvariant();
        AnswerKind? kind = type switch
        {
            "hidden" => AnswerKind.Hidden,
            "email" or "phone" or "address" or "url" or "file" or "image" or "signature" or "appointment" => AnswerKind.Personal,
            "scale" or "rating" or "slider" => AnswerKind.Scale,
            "number" or "calculation" or "price" => AnswerKind.Number,
            "yesno" => AnswerKind.Boolean,
            "rank" or "ranking" => AnswerKind.Ranking,
            "date" or "time" => AnswerKind.Date,
            _ => null,
        };
        var name = kind == AnswerKind.Hidden ? $"hidden.{custom ?? key}" : custom ?? key;
        return NamedValues.Read(name, custom is null ? null : key, JsonReading.Optional(field, "value") ?? default)
            .Select(answer => kind is { } known && answer.Kind is not (AnswerKind.Unanswered or AnswerKind.Hidden) ? answer with { Kind = known } : answer);
    }
}
