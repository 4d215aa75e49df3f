using System.Security.Cryptography;
using System.Text.Json;

namespace WholeSchoolSend.Core.Webhooks.Tools;

/// <summary>
/// The body we document ourselves, for tools whose bodies nobody publishes: one response, an array of them, or
/// <c>{"responses": […]}</c>, signed with HMAC-SHA256 over the raw body in <c>X-Signature</c> (hex or base64, <c>sha256=</c> before it or not).
/// </summary>
/// <remarks>
/// A response is <c>{"form", "response", "submitted", "updated"?, "finished"?, "hidden"?: {}, "answers"?: {}, "text"?: {}, "questions"?: {}}</c>.
/// Answers are coded answers: text, number, boolean, or an array of texts for several; free text goes into <c>text</c>. <c>questions</c> says how
/// they were worded: <c>{"q1": {"text": "How …?", "options": ["Yes", "No"]}}</c>.
/// </remarks>
public sealed class Json : SurveyTool
{
    private static readonly HashSet<string> Known = ["form", "response", "submitted", "updated", "finished", "hidden", "answers", "text", "questions"];

    public override string Name => "json";

    public override SignatureScheme Signature(string? header) => new HmacHeader(header ?? "X-Signature", HashAlgorithmName.SHA256, "sha256=");

    public override Checked<IReadOnlyList<SurveyResponse>> Decode(Delivery delivery)
    {
        using var json = new JsonReading();
        return json.Parse(delivery.Body) is { } root ? Read(json, root, "") : json.Problems;
    }

    public override IEnumerable<Delivery> Split(Delivery delivery) => Parts(delivery.Body).Select(one => delivery with { Body = one });

    /// <summary>The bytes of each of several responses, be they an array or <c>{"responses": […]}</c>, at the top or inside the member named.</summary>
    internal static IEnumerable<ReadOnlyMemory<byte>> Parts(ReadOnlyMemory<byte> body, params string[] names) => JsonReading.Parts(body, [.. names, "responses"]);

    /// <summary>Reads our body wherever it stands.</summary>
    internal static Checked<IReadOnlyList<SurveyResponse>> Read(JsonReading json, JsonElement body, string at)
    {
        var list = body.ValueKind == JsonValueKind.Object && body.TryGetProperty("responses", out var several) ? (several, at + "/responses") : (body, at);
        var responses = list.Item1.ValueKind == JsonValueKind.Array
            ? list.Item1.EnumerateArray().TakeWhile(_ => !json.IsHopeless).Select((one, index) => One(json, one, $"{list.Item2}/{index}")).OfType<SurveyResponse>().ToList()
            : new[] { One(json, list.Item1, list.Item2) }.OfType<SurveyResponse>().ToList();
        return json.Problems.Count > 0 ? json.Problems : responses;
    }

    private static SurveyResponse? One(JsonReading json, JsonElement response, string at)
    {
        if (response.ValueKind != JsonValueKind.Object)
        {
            json.Wrong(at, "should be an object");
            return null;
        }
        foreach (var member in response.EnumerateObject())
            if (!Known.Contains(member.Name)) json.Wrong(at, member.Name, $"is not known here; known are {string.Join(", ", Known)}");
        var form = json.Text(response, "form", at);
        var id = json.Text(response, "response", at);
        var submitted = json.Time(response, "submitted", at);
        var updated = JsonReading.Optional(response, "updated") is null ? null : json.Time(response, "updated", at);
        var finished = JsonReading.Optional(response, "finished")?.ValueKind;
        if (finished is not (null or JsonValueKind.True or JsonValueKind.False)) json.Wrong($"{at}/finished", "should be true or false");
        var answers = json.Gather(
            Hidden(json, JsonReading.Optional(response, "hidden"), $"{at}/hidden")
                .Concat(Answers(json, JsonReading.Optional(response, "answers"), $"{at}/answers"))
                .Concat(Texts(json, JsonReading.Optional(response, "text"), $"{at}/text")),
            $"{at}/answers");
        var questions = Wordings(json, response, at);
        return json.Problems.Count > 0 ? null : new SurveyResponse(form!, id!, submitted!.Value, updated, finished != JsonValueKind.False, answers)
        {
            Questionnaire = questions,
        };
    }

    private static List<Wording> Wordings(JsonReading json, JsonElement response, string at)
    {
        var wordings = new List<Wording>();
        foreach (var question in json.Members(response, "questions", at))
        {
            if (JsonReading.Optional(question.Value, "text") is not { ValueKind: JsonValueKind.String } text)
            {
                json.Wrong($"{at}/questions/{question.Name}/text", "should be a text");
                continue;
            }
            wordings.Add(new Wording(question.Name, null, text.GetString()!, JsonReading.Scalars(JsonReading.Optional(question.Value, "options")).ToList()));
        }
        return wordings;
    }

    private static IEnumerable<Answer> Answers(JsonReading json, JsonElement? answers, string at)
    {
        if (answers is not { } given) yield break;
        if (given.ValueKind != JsonValueKind.Object)
        {
            json.Wrong(at, "should be an object");
            yield break;
        }
        foreach (var answer in given.EnumerateObject())
        {
            var value = answer.Value;
            if (value.ValueKind == JsonValueKind.Array)
                yield return new Answer(answer.Name, null, AnswerKind.Uncertain, JsonReading.Scalars(value).Select(text => new AnswerValue(text)).ToList());
            else if (JsonReading.Scalar(value) is { } text)
                yield return new Answer(answer.Name, null, Kind(value), [new AnswerValue(text)]);
            else if (value.ValueKind == JsonValueKind.Null)
                yield return new Answer(answer.Name, null, AnswerKind.Unanswered, []);
            else
                json.Wrong(at, answer.Name, "should be a text, a number, true, false or an array of texts");
        }
    }

    private static IEnumerable<Answer> Hidden(JsonReading json, JsonElement? hidden, string at)
    {
        if (hidden is not null and not { ValueKind: JsonValueKind.Object }) json.Wrong(at, "should be an object");
        return JsonReading.Hidden(hidden);
    }

    private static IEnumerable<Answer> Texts(JsonReading json, JsonElement? texts, string at)
    {
        if (texts is not null and not { ValueKind: JsonValueKind.Object }) json.Wrong(at, "should be an object");
        return texts is { ValueKind: JsonValueKind.Object } given
            ? given.EnumerateObject().Where(text => text.Value.ValueKind == JsonValueKind.String)
                .Select(text => new Answer(text.Name, null, AnswerKind.Text, [new AnswerValue(text.Value.GetString()!)]))
            : [];
    }

    private static AnswerKind Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number => AnswerKind.Number,
        JsonValueKind.True or JsonValueKind.False => AnswerKind.Boolean,
        _ => AnswerKind.Uncertain,
    };
}
