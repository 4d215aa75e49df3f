using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;

namespace WholeSchoolSend.Core.Webhooks.Tools;

/// <summary>
/// Typeform: one response as JSON in <c>form_response</c>; <c>Typeform-Signature: sha256=</c> and the base64 of HMAC-SHA256 over the raw
/// body. A field is known by its <c>ref</c>, which the author may set, and by its <c>id</c>. Submissions are never changed afterwards.
/// </summary>
/// <remarks>https://www.typeform.com/developers/webhooks/secure-your-webhooks/ and .../example-payload/.</remarks>
public sealed class Typeform : SurveyTool
{
    private const int MostForms = 200;

    private readonly ConcurrentDictionary<string, (byte[] Hash, IReadOnlyList<Wording> Wordings)> _definitions = new(StringComparer.Ordinal);

    public override string Name => "typeform";

    public override SignatureScheme Signature(string? header) => new HmacHeader(header ?? "Typeform-Signature", HashAlgorithmName.SHA256, "sha256=");

    public override Checked<IReadOnlyList<SurveyResponse>> Decode(Delivery delivery)
    {
        using var json = new JsonReading();
        if (json.Parse(delivery.Body) is not { } root) return json.Problems;
        if (JsonReading.Optional(root, "form_response") is not { ValueKind: JsonValueKind.Object } response)
            return Problems.BodyUndecodable.At("/form_response", "should be an object");

        var form = json.Text(response, "form_id", "/form_response");
        var token = json.Text(response, "token", "/form_response");
        // A respondent who leaves in the middle is a partial response, which a finished one of the same token takes the place of.
        var partial = JsonReading.Optional(root, "event_type") is { ValueKind: JsonValueKind.String } what && what.ValueEquals("form_response_partial");
        var submitted = json.Time(response, partial && JsonReading.Optional(response, "submitted_at") is null ? "landed_at" : "submitted_at", "/form_response");
        var answers = json.Gather(
            JsonReading.Hidden(JsonReading.Optional(response, "hidden")).Concat(Variables(response)).Concat(Answers(json, JsonReading.Optional(response, "answers"))),
            "/form_response/answers");
        if (json.Problems.Count > 0) return json.Problems;

        return new SurveyResponse[]
        {
            new(form!, token!, submitted!.Value, Updated: null, Finished: !partial, answers)
            {
                Questionnaire = JsonReading.Optional(response, "definition") is { } definition ? Worded(form!, definition) : [],
            },
        };
    }

    /// <summary>What the form computes: a score is a number, anything else may repeat what somebody wrote.</summary>
    private static IEnumerable<Answer> Variables(JsonElement response)
    {
        if (JsonReading.Optional(response, "variables") is not { ValueKind: JsonValueKind.Array } variables) yield break;
        foreach (var variable in variables.EnumerateArray())
        {
            if (JsonReading.Optional(variable, "key") is not { ValueKind: JsonValueKind.String } key) continue;
            var number = JsonReading.Optional(variable, "number");
            if ((number ?? JsonReading.Optional(variable, "text")) is { } value)
                yield return new Answer($"variables.{key}", null, number is null ? AnswerKind.Text : AnswerKind.Number, One(value));
        }
    }

    private static IEnumerable<Answer?> Answers(JsonReading json, JsonElement? list)
    {
        if (list is { ValueKind: JsonValueKind.Array } given) return given.EnumerateArray().Select((answer, index) => Read(json, answer, index));
        if (list is not null) json.Wrong("/form_response/answers", "should be an array");
        return [];
    }

    /// <summary>Every response of a form brings its definition, and nearly always the one before: that is told by the hash of its bytes, and not read again.</summary>
    private IReadOnlyList<Wording> Worded(string form, JsonElement definition)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(JsonMarshal.GetRawUtf8Value(definition), hash);
        if (_definitions.TryGetValue(form, out var last) && last.Hash.AsSpan().SequenceEqual(hash)) return last.Wordings;
        if (_definitions.Count >= MostForms) _definitions.Clear();
        var wordings = Wordings(JsonReading.Optional(definition, "fields")).ToList();
        _definitions[form] = (hash.ToArray(), wordings);
        return wordings;
    }

    /// <summary>
    /// Titles and choices of the form's fields, groups opened; the titles as the author wrote them, with <c>{{field:…}}</c> where an answer is put
    /// in. What does not look like a field is passed over: the wording decides nothing about taking an answer in.
    /// </summary>
    private static IEnumerable<Wording> Wordings(JsonElement? fields)
    {
        if (fields is not { ValueKind: JsonValueKind.Array } list) yield break;
        foreach (var field in list.EnumerateArray())
        {
            var properties = JsonReading.Optional(field, "properties");
            if (properties is { } own && JsonReading.Optional(own, "fields") is { } group)
                foreach (var inner in Wordings(group)) yield return inner;
            if (JsonReading.Optional(field, "id") is not { ValueKind: JsonValueKind.String } id) continue;
            if (JsonReading.Optional(field, "title") is not { ValueKind: JsonValueKind.String } title) continue;
            var choices = JsonReading.Optional(field, "choices") ?? (properties is { } p ? JsonReading.Optional(p, "choices") : null);
            var options = JsonReading.Texts(choices, "label");
            if (JsonReading.Optional(field, "allow_other_choice")?.ValueKind == JsonValueKind.True) options.Add("{other}");
            var reference = JsonReading.Optional(field, "ref")?.ToString();
            yield return new Wording(reference ?? id.ToString(), reference is null ? null : id.ToString(), title.ToString(), options);
        }
    }

    private static Answer? Read(JsonReading json, JsonElement answer, int index)
    {
        var field = JsonReading.Optional(answer, "field") is { ValueKind: JsonValueKind.Object } question ? question : default;
        var id = JsonReading.Text(field, "id");
        if (id is null || JsonReading.Text(answer, "type") is not { } type)
        {
            json.Wrong($"/form_response/answers/{index}/{(field.ValueKind == default ? "field" : id is null ? "field/id" : "type")}", "should be there");
            return null;
        }
        var reference = JsonReading.Optional(field, "ref")?.ToString();
        var (kind, values) = Values(answer, type, JsonReading.Optional(field, "type")?.ToString());
        return new Answer(reference ?? id, reference is null ? null : id, kind, values);
    }

    private static (AnswerKind Kind, IReadOnlyList<AnswerValue> Values) Values(JsonElement answer, string type, string? question)
    {
        var value = JsonReading.Optional(answer, type);
        return type switch
        {
            _ when value is null => (AnswerKind.Unanswered, []),
            "choice" => (AnswerKind.Single, Choice(value.Value)),
            "choices" => (question == "ranking" ? AnswerKind.Ranking : AnswerKind.Multiple, Choices(value.Value)),
            "boolean" => (AnswerKind.Boolean, One(value.Value)),
            "number" => (question is "opinion_scale" or "rating" or "nps" ? AnswerKind.Scale : AnswerKind.Number, One(value.Value)),
            "date" => (AnswerKind.Date, One(value.Value)),
            // A list once gave its choice as a text.
            "text" => (question == "dropdown" ? AnswerKind.Single : AnswerKind.Text, One(value.Value)),
            "email" or "phone_number" or "url" or "file_url" or "payment" => (AnswerKind.Personal, One(value.Value)),
            _ => (AnswerKind.Other, []),
        };
    }

    private static AnswerValue[] One(JsonElement value) => JsonReading.Scalar(value) is { } text ? [new AnswerValue(text)] : [];

    /// <summary>What somebody wrote beside "other" is free text nobody asked for: only that they did is kept.</summary>
    private static AnswerValue[] Choice(JsonElement choice) =>
        JsonReading.Optional(choice, "label") is { } label
            ? [new AnswerValue(label.ToString(), JsonReading.Optional(choice, "id")?.ToString(), JsonReading.Optional(choice, "ref")?.ToString())]
            : JsonReading.Optional(choice, "other") is not null ? [new AnswerValue("other")] : [];

    private static List<AnswerValue> Choices(JsonElement choices)
    {
        var labels = Texts(choices, "labels");
        var ids = Texts(choices, "ids");
        var refs = Texts(choices, "refs");
        var values = labels.Select((label, index) => new AnswerValue(label, ids.ElementAtOrDefault(index), refs.ElementAtOrDefault(index))).ToList();
        if (JsonReading.Optional(choices, "other") is not null) values.Add(new AnswerValue("other"));
        return values;
    }

    private static List<string> Texts(JsonElement parent, string name) =>
        JsonReading.Optional(parent, name) is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray().Select(item => item.ToString()).ToList() : [];
}
