using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace WholeSchoolSend.Testing;

/// <summary>What one respondent says. Form and id are digits, because some tools number them.</summary>
/// <param name="Answers">by the question's number, from 1.</param>
public sealed record Submission(string Form, string Id, string School, string Respondent, IReadOnlyList<string> Answers)
{
    public string Submitted { get; init; } = "2026-11-02T09:30:00";

    public static Submission A(string id, string answer = "fully") => new("7001", id, "100001", $"person-{id}@school.example", [answer]);
}

/// <summary>
/// One request as a survey tool makes it: body, its type, headers and parameters of the address. Bodies are of the shape each vendor documents, with
/// single choices in place of every kind of answer (those are in the tests of Core); what proves it is put on by <see cref="Proven"/>.
/// </summary>
public sealed record Post(byte[] Body, string Type)
{
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    public string Query { get; init; } = "";

    /// <summary>The tools that tell of a response without its answers.</summary>
    public static bool IsEventOnly(string tool) => tool is "surveymonkey" or "qualtrics";

    /// <summary>The field an instrument names for the question of this number.</summary>
    public static string Question(string tool, int number) =>
        tool is "smartsurvey" or "googleforms" or "formstack" ? string.Create(CultureInfo.InvariantCulture, $"{100 + number}") : string.Create(CultureInfo.InvariantCulture, $"q{number}");

    /// <summary>An instrument that maps the first question of such bodies to K1.</summary>
    public static string Instrument(string tool, string source, string form = "7001") => $$$"""
        {"title":"{{{source}}}","collection":"senders","form":{"source":"{{{source}}}","id":"{{{form}}}"},"wave":{"value":"2026-autumn"},"school":{"field":"hidden.urn"},
         "respondent":{"field":"hidden.key"},"role":{"value":"leader"},
         "items":[{"indicator":"every-teacher-responsible","field":"{{{Question(tool, 1)}}}","codes":{"fully":"fully","partly":"partly","not":"not","dk":"dk"}}]}
        """;

    /// <summary>One delivery of this tool; only SmartSurvey, CloudEvents and our own JSON put several responses into one.</summary>
    public static Post By(string tool, params IReadOnlyList<Submission> several)
    {
        var one = several[0];
        return tool switch
        {
            "typeform" => Json(new JsonObject
            {
                ["event_id"] = one.Id,
                ["event_type"] = "form_response",
                ["form_response"] = new JsonObject
                {
                    ["form_id"] = one.Form,
                    ["token"] = one.Id,
                    ["landed_at"] = one.Submitted + "Z",
                    ["submitted_at"] = one.Submitted + "Z",
                    ["hidden"] = Hidden(one),
                    ["definition"] = new JsonObject
                    {
                        ["id"] = one.Form,
                        ["title"] = "Leaders",
                        ["fields"] = Array(one, (name, _) => new JsonObject { ["id"] = "f" + name, ["ref"] = name, ["type"] = "multiple_choice", ["title"] = "A question about this school" }, tool),
                    },
                    ["answers"] = Array(one, (name, answer) => new JsonObject
                    {
                        ["type"] = "choice",
                        ["choice"] = new JsonObject { ["id"] = "c-" + answer, ["label"] = answer, ["ref"] = "r-" + answer },
                        ["field"] = new JsonObject { ["id"] = "f" + name, ["ref"] = name, ["type"] = "multiple_choice" },
                    }, tool),
                },
            }),
            "surveymonkey" => Json(new JsonObject
            {
                ["name"] = "Hook",
                ["event_type"] = "response_completed",
                ["event_id"] = "e" + one.Id,
                ["object_type"] = "response",
                ["object_id"] = one.Id,
                ["event_datetime"] = one.Submitted + "+00:00",
                ["resources"] = new JsonObject { ["survey_id"] = one.Form, ["collector_id"] = "22" },
            }, "application/vnd.surveymonkey.response.v1+json"),
            "qualtrics" => Form(
                ("Topic", "brand.surveyengine.completedResponse.SV_1"),
                ("MSG", $$"""{"Status":"Complete","SurveyID":"{{one.Form}}","ResponseID":"{{one.Id}}","CompletedDate":"{{one.Submitted.Replace('T', ' ')}}","BrandID":"brand"}""")),
            "jotform" => Multipart(
                ("formID", one.Form), ("submissionID", one.Id), ("formTitle", "Leaders"), ("ip", "203.0.113.77"),
                ("rawRequest", With(
                    new JsonObject { ["slug"] = "submit/" + one.Form, ["q3_hiddenUrn"] = one.School, ["q4_hiddenKey"] = one.Respondent, ["submitDate"] = "1793619000000" },
                    one, tool, (name, number) => $"q{number + 10}_{name}").ToJsonString())),
            "tally" => Json(new JsonObject
            {
                ["eventId"] = "e" + one.Id,
                ["eventType"] = "FORM_RESPONSE",
                ["createdAt"] = one.Submitted + ".000Z",
                ["data"] = new JsonObject
                {
                    ["responseId"] = one.Id,
                    ["submissionId"] = one.Id,
                    ["formId"] = one.Form,
                    ["createdAt"] = one.Submitted + ".000Z",
                    ["fields"] = new JsonArray(
                    [
                        new JsonObject { ["key"] = "h1", ["label"] = "urn", ["type"] = "HIDDEN_FIELDS", ["value"] = one.School },
                        new JsonObject { ["key"] = "h2", ["label"] = "key", ["type"] = "HIDDEN_FIELDS", ["value"] = one.Respondent },
                        .. Answers(one, tool).Select(given => new JsonObject
                        {
                            ["key"] = given.Name,
                            ["label"] = "A question about this school",
                            ["type"] = "MULTIPLE_CHOICE",
                            ["value"] = new JsonArray("o1"),
                            ["options"] = new JsonArray(new JsonObject { ["id"] = "o1", ["text"] = given.Answer }, new JsonObject { ["id"] = "o2", ["text"] = "another" }),
                        }),
                    ]),
                },
            }),
            "formbricks" => Json(new JsonObject
            {
                ["event"] = "responseFinished",
                ["webhookId"] = "w1",
                ["data"] = new JsonObject
                {
                    ["id"] = one.Id,
                    ["surveyId"] = one.Form,
                    ["createdAt"] = one.Submitted + ".000Z",
                    ["updatedAt"] = one.Submitted + ".000Z",
                    ["finished"] = true,
                    ["data"] = With(NamedHidden(one), one, tool),
                },
            }),
            "smartsurvey" => Json(new JsonArray([.. several.Select(each => new JsonObject
            {
                ["id"] = long.Parse(each.Id, CultureInfo.InvariantCulture),
                ["survey_id"] = long.Parse(each.Form, CultureInfo.InvariantCulture),
                ["date_ended"] = each.Submitted + "Z",
                ["date_modified"] = each.Submitted + "Z",
                ["status"] = "completed",
                ["pages"] = new JsonArray(new JsonObject
                {
                    ["id"] = 1,
                    ["questions"] = new JsonArray(
                    [
                        SmartQuestion(1, "hidden_urn", "open_ended", new JsonObject { ["id"] = 1, ["type"] = "text", ["value"] = each.School }),
                        SmartQuestion(2, "hidden_key", "open_ended", new JsonObject { ["id"] = 2, ["type"] = "text", ["value"] = each.Respondent }),
                        .. Answers(each, tool).Select(given => SmartQuestion(
                            int.Parse(given.Name, CultureInfo.InvariantCulture), "A question about this school", "single_choice",
                            new JsonObject { ["id"] = 3, ["type"] = "radio", ["choice_title"] = given.Answer, ["choice_id"] = 5 })),
                    ]),
                }),
            })])),
            "formstack" => Json(With(
                new JsonObject { ["FormID"] = one.Form, ["UniqueID"] = one.Id, ["hidden_urn"] = Value(one.School), ["hidden_key"] = Value(one.Respondent) },
                one, tool, wrap: Value)),
            "kobotoolbox" => Json(With(
                new JsonObject
                {
                    ["_id"] = long.Parse(one.Id, CultureInfo.InvariantCulture),
                    ["_xform_id_string"] = one.Form,
                    ["_submission_time"] = one.Submitted,
                    ["hidden_urn"] = one.School,
                    ["hidden_key"] = one.Respondent,
                }, one, tool)),
            "paperform" => Json(new JsonObject
            {
                ["data"] = new JsonArray(
                [
                    new JsonObject { ["title"] = "Urn", ["type"] = "hidden", ["key"] = "a1", ["custom_key"] = "urn", ["value"] = one.School },
                    new JsonObject { ["title"] = "Key", ["type"] = "hidden", ["key"] = "a2", ["custom_key"] = "key", ["value"] = one.Respondent },
                    .. Answers(one, tool).Select(given => new JsonObject { ["title"] = "A question", ["type"] = "choices", ["key"] = "k" + given.Name, ["custom_key"] = given.Name, ["value"] = given.Answer }),
                ]),
                ["submission_id"] = one.Id,
                ["created_at"] = one.Submitted.Replace('T', ' '),
            }) with
            { Query = $"form={one.Form}" },
            "limesurvey" => Json(new JsonObject
            {
                ["survey"] = long.Parse(one.Form, CultureInfo.InvariantCulture),
                ["event"] = "afterSurveyComplete",
                ["respondId"] = long.Parse(one.Id, CultureInfo.InvariantCulture),
                ["response"] = With(new JsonObject { ["id"] = one.Id, ["hiddenurn"] = one.School, ["hiddenkey"] = one.Respondent }, one, tool),
                ["submitDate"] = one.Submitted.Replace('T', ' '),
            }),
            "microsoftforms" => Json(new JsonObject
            {
                ["form"] = one.Form,
                ["response"] = one.Id,
                ["submitted"] = one.Submitted,
                ["hidden"] = Hidden(one),
                ["answers"] = With([], one, tool),
            }),
            "googleforms" => Json(new JsonObject
            {
                ["form"] = one.Form,
                ["response"] = one.Id,
                ["submitted"] = one.Submitted + ".661Z",
                ["email"] = one.Respondent,
                ["answers"] = new JsonArray(
                [
                    new JsonObject { ["id"] = "1", ["title"] = "hidden_urn", ["type"] = "TEXT", ["value"] = one.School },
                    new JsonObject { ["id"] = "2", ["title"] = "hidden_key", ["type"] = "TEXT", ["value"] = one.Respondent },
                    .. Answers(one, tool).Select(given => new JsonObject { ["id"] = given.Name, ["title"] = "A question", ["type"] = "MULTIPLE_CHOICE", ["value"] = given.Answer }),
                ]),
            }),
            "standardwebhooks" => Json(new JsonObject { ["type"] = "response", ["timestamp"] = one.Submitted + "Z", ["data"] = Ours(one) }),
            "cloudevents" => several.Count == 1 ? Json(Event(one), "application/cloudevents+json") : Json(new JsonArray([.. several.Select(Event)]), "application/cloudevents-batch+json"),
            "json" => several.Count == 1 ? Json(Ours(one)) : Json(new JsonArray([.. several.Select(Ours)])),
            _ => throw new ArgumentOutOfRangeException(nameof(tool), tool, "No delivery of this tool is written here."),
        };
    }

    /// <summary>A delivery whose body is not what the tool is known to send, as after a change of its format. Different ones for different ids.</summary>
    public static Post Unreadable(string tool, string id) => tool switch
    {
        "qualtrics" => Form(("Topic", "changed"), ("MSG", $$"""{"changed":"{{id}}"}""")),
        "jotform" => Multipart(("changed", id)),
        "smartsurvey" => Json(new JsonArray(new JsonObject { ["changed"] = id })),
        "surveymonkey" => Json(new JsonObject { ["changed"] = id }, "application/vnd.surveymonkey.response.v1+json"),
        "cloudevents" => Json(new JsonObject { ["specversion"] = "1.0", ["changed"] = id }, "application/cloudevents+json"),
        _ => Json(new JsonObject { ["changed"] = id }),
    };

    /// <summary>The same delivery with so many bytes of blanks behind it.</summary>
    public Post Larger(int by) => this with { Body = [.. Body, .. Enumerable.Repeat((byte)' ', by)] };

    /// <summary>Signed, or carrying its secret, as the tool does it.</summary>
    public Post Proven(string tool, string verification, string secret, DateTimeOffset now) => (tool, verification) switch
    {
        (_, "none") => this,
        (_, "query") => this with { Query = string.Join('&', new[] { Query, $"{(tool == "cloudevents" ? "access_token" : "key")}={Uri.EscapeDataString(secret)}" }.Where(part => part.Length > 0)) },
        (_, "header") => With("Authorization", "Bearer " + secret),
        (_, "basic") => With("Authorization", "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(secret))),
        ("limesurvey", "body") => this with { Body = [.. Encoding.UTF8.GetBytes($$"""{"api_token":{{JsonSerializer.Serialize(secret)}},"""), .. Body.AsSpan(1)] },
        ("typeform", "signature") => With("Typeform-Signature", "sha256=" + Convert.ToBase64String(Sha256(secret))),
        ("surveymonkey", "signature") => With("Sm-Signature", Convert.ToBase64String(CryptographicOperations.HmacData(HashAlgorithmName.SHA1, Encoding.UTF8.GetBytes(secret), Body))),
        ("qualtrics", "signature") => this with { Body = [.. Body, .. Encoding.UTF8.GetBytes($"&HMAC={Hmac512(secret, Message())}&undefined=")] },
        ("tally", "signature") => With("Tally-Signature", Convert.ToBase64String(Sha256(secret))),
        ("smartsurvey", "signature") => With("X-SmartSurvey-Signature", Convert.ToHexStringLower(Sha256(secret))),
        ("formstack", "signature") => With("X-FS-Signature", "sha256=" + Convert.ToHexStringLower(Sha256(secret))),
        ("googleforms" or "json", "signature") => With("X-Signature", Convert.ToHexStringLower(Sha256(secret))),
        ("formbricks" or "standardwebhooks", "signature") => StandardSigned(secret, now),
        _ => throw new ArgumentOutOfRangeException(nameof(verification), verification, $"{tool} does not prove itself so."),
    };

    /// <summary>The request to this address, which is made anew for every attempt.</summary>
    public HttpRequestMessage To(string path)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, Query.Length == 0 ? path : $"{path}?{Query}") { Content = new ByteArrayContent(Body) };
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(Type);
        foreach (var (name, value) in Headers) request.Headers.TryAddWithoutValidation(name, value);
        return request;
    }

    private static Post Json(JsonNode body, string type = "application/json") => new(Encoding.UTF8.GetBytes(body.ToJsonString()), type);

    private static Post Form(params (string Name, string Value)[] fields) =>
        new(Encoding.UTF8.GetBytes(string.Join('&', fields.Select(field => $"{field.Name}={Uri.EscapeDataString(field.Value)}"))), "application/x-www-form-urlencoded");

    private static Post Multipart(params (string Name, string Value)[] parts) => new(
        Encoding.UTF8.GetBytes(string.Concat(parts.Select(part => $"------part7\r\nContent-Disposition: form-data; name=\"{part.Name}\"\r\n\r\n{part.Value}\r\n")) + "------part7--\r\n"),
        "multipart/form-data; boundary=----part7");

    private static JsonObject Ours(Submission one) => new()
    {
        ["form"] = one.Form,
        ["response"] = one.Id,
        ["submitted"] = one.Submitted + "Z",
        ["hidden"] = Hidden(one),
        ["answers"] = With([], one, "json"),
    };

    private static JsonObject Event(Submission one) => new()
    {
        ["specversion"] = "1.0",
        ["type"] = "response",
        ["source"] = "/forms",
        ["id"] = "e" + one.Id,
        ["time"] = one.Submitted + "Z",
        ["datacontenttype"] = "application/json",
        ["data"] = Ours(one),
    };

    private static JsonObject Hidden(Submission one) => new() { ["urn"] = one.School, ["key"] = one.Respondent };

    private static JsonObject NamedHidden(Submission one) => new() { ["hidden_urn"] = one.School, ["hidden_key"] = one.Respondent };

    private static JsonObject Value(string text) => new() { ["value"] = text };

    private static JsonObject SmartQuestion(int id, string title, string type, JsonObject answer) =>
        new() { ["id"] = id, ["title"] = title, ["type"] = type, ["answers"] = new JsonArray(answer) };

    private static IEnumerable<(string Name, string Answer, int Number)> Answers(Submission one, string tool) =>
        one.Answers.Select((answer, index) => (Question(tool, index + 1), answer, index + 1));

    private static JsonArray Array(Submission one, Func<string, string, JsonObject> item, string tool) => new([.. Answers(one, tool).Select(given => item(given.Name, given.Answer))]);

    private static JsonObject With(JsonObject to, Submission one, string tool, Func<string, int, string>? name = null, Func<string, JsonNode>? wrap = null)
    {
        foreach (var given in Answers(one, tool)) to[name?.Invoke(given.Name, given.Number) ?? given.Name] = wrap?.Invoke(given.Answer) ?? given.Answer;
        return to;
    }

    private Post With(string header, string value) => this with { Headers = [.. Headers, KeyValuePair.Create(header, value)] };

    private byte[] Sha256(string secret) => HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Body);

    private static string Hmac512(string secret, string message) => Convert.ToHexStringLower(HMACSHA512.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(message)));

    private string Message() => Uri.UnescapeDataString(Encoding.UTF8.GetString(Body).Split('&').Single(field => field.StartsWith("MSG=", StringComparison.Ordinal))[4..]);

    private Post StandardSigned(string secret, DateTimeOffset now)
    {
        var id = "msg_" + Convert.ToHexStringLower(SHA256.HashData(Body))[..16];
        var time = now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        byte[] signed = [.. Encoding.UTF8.GetBytes($"{id}.{time}."), .. Body];
        var mac = HMACSHA256.HashData(Convert.FromBase64String(secret["whsec_".Length..]), signed);
        return With("webhook-id", id).With("webhook-timestamp", time).With("webhook-signature", "v1," + Convert.ToBase64String(mac));
    }
}
