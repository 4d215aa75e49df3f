using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Core.Tests.Webhooks;

/// <summary>
/// Whatever tool sends it: of what a person could be known by, nothing reaches a store, a problem or an outcome. The one exception is the raw body of a
/// delivery that cannot be decoded, and in that no secret.
/// </summary>
public sealed class PrivacyTests
{
    private static readonly string[] Canaries = ["canary", "jo.bloggs", "Bloggs", "own words", "1980-02-29", "203.0.113.77", "calendly"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string, string, string> Everything => [.. Sent.Everything.Select(sent => (sent.Tool, sent.Type, sent.Body))];

    [Theory]
    [MemberData(nameof(Everything))]
    public async Task Nobody_can_be_known_from_anything_that_leaves_the_intake(string tool, string type, string body)
    {
        foreach (var instrument in new[] { null, MapsEverything(tool, type, body) })
        {
            var intake = new IntakeInMemory(tool, instrument);
            (string, string)[] headers =
            [
                ("Authorization", "Bearer canary-token-2"), ("User-Agent", "CanaryAgent/2.0"), ("X-Forwarded-For", "203.0.113.77"), ("Cookie", "canary=1"), ("ce-specversion", "1.0"),
                ("ce-subject", "canary"), ("Referer", "https://x/canary"),
            ];
            var outcome = await intake.PostAsync(Sent.By(type, body, headers), Cancellation);
            Assert.Null(outcome.Fault);
            Assert.True(outcome.Reply!.Received > 0);
            Assert.Equal(outcome.Reply.Received, intake.Stored.Count + intake.Quarantined.Count + intake.Waiting.Count);
            NoCanary(Said(intake, outcome), tool);
            if (instrument is not null && intake.Waiting.IsEmpty) Assert.NotEmpty(intake.Stored);
        }
    }

    [Fact]
    public async Task What_others_show_as_examples_leaves_nobody_behind_either()
    {
        var folder = Corpus.Folder("webhooks");
        var seen = 0;
        foreach (var (file, tool) in new[]
        {
            ("typeform/01.json", "typeform"), ("typeform/02.json", "typeform"), ("surveymonkey/01.json", "surveymonkey"), ("surveymonkey/02.json", "surveymonkey"), ("tally/01.json", "tally"),
            ("formbricks/01.json", "formbricks"), ("smartsurvey/01.json", "smartsurvey"), ("formstack/01.json", "formstack"), ("kobotoolbox/01.json", "kobotoolbox"), ("limesurvey/01.json", "limesurvey"),
        })
        {
            if (!File.Exists(Path.Combine(folder, file))) continue;
            seen++;
            // Every text that stands where a person does, is made a canary.
            var example = JsonNode.Parse(File.ReadAllBytes(Path.Combine(folder, file)))!;
            var replaced = Canary(example, "");
            Assert.True(replaced > 0 || tool is "surveymonkey" or "formstack" or "kobotoolbox", $"nothing personal in {file}");
            var intake = new IntakeInMemory(tool, null);
            var outcome = await intake.PostAsync(Sent.By(Sent.Json, example.ToJsonString()), Cancellation);
            Assert.DoesNotContain(intake.Quarantined, one => one.Raw is not null);
            NoCanary(Said(intake, outcome), file);
        }
        Assert.True(seen > 0);
    }

    [Theory]
    [InlineData("limesurvey", Verification.Body, Sent.Json, """{"api_token":"canary-token-1","survey":1,"participant":{"email":"canary.mail@x.example"}}""")]
    [InlineData("limesurvey", Verification.Body, Sent.Json, """{"api\u005ftoken":"canary-token-1","survey":1,"participant":{"email":"canary.mail@x.example"}}""")]
    [InlineData("formstack", Verification.Body, Sent.Form, "HandshakeKey=canary-token-1&email=canary.mail%40x.example")]
    [InlineData("formstack", Verification.Body, Sent.Form, "Handshake%4Bey=canary-token-1&email=canary.mail%40x.example")]
    [InlineData("formstack", Verification.Body, Sent.Multipart, "------part7\r\nContent-Disposition: form-data; name=\"HandshakeKey\"\r\n\r\ncanary-token-1\r\n------part7\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\ncanary.mail@x.example\r\n------part7--")]
    [InlineData("paperform", Verification.Query, Sent.Json, """{"submission_id":1,"email":"canary.mail@x.example"}""")]
    public async Task What_cannot_be_decoded_is_kept_as_it_came_but_for_secrets(string tool, Verification verification, string type, string body)
    {
        var intake = new IntakeInMemory(tool, null, verification, "canary-token-1");
        var delivery = Delivery.From(
            Encoding.UTF8.GetBytes(body), [KeyValuePair.Create("content-type", type), KeyValuePair.Create("user-agent", "canary-agent"), KeyValuePair.Create("cookie", "canary-cookie")], Sent.Received,
            [KeyValuePair.Create("key", "canary-token-1"), KeyValuePair.Create("form", "leaders-2026"), KeyValuePair.Create("other", "canary-parameter")]);
        Assert.Equal(1, (await intake.PostAsync(delivery, Cancellation)).Reply!.Quarantined);
        var kept = Assert.Single(intake.Quarantined);
        var raw = Encoding.UTF8.GetString(kept.Raw!.Body.Span);
        Assert.Contains("canary.mail", raw, StringComparison.Ordinal);
        Assert.DoesNotContain("canary-token-1", raw, StringComparison.Ordinal);
        Assert.Equal(["content-type"], kept.Raw.Headers.Keys);
        Assert.Equal(tool == "paperform" ? ["form"] : [], kept.Raw.Query.Keys);
        NoCanary(Said(intake, null), tool);
    }

    [Theory]
    [InlineData("json", """{"form":"f","response":"r","submitted":"2026-11-02T09:30:00Z","Canary Surname":1,"answers":{"canary@x.example":{}}}""")]
    [InlineData("json", """{"form":"f","response":"r","submitted":"canary","answers":"canary"}""")]
    [InlineData("typeform", """{"form_response":{"form_id":"f","token":"t","submitted_at":"canary","answers":[{"type":"canary","field":"canary"}]}}""")]
    [InlineData("kobotoolbox", """{"canary":"canary@x.example"}""")]
    public void No_problem_repeats_what_was_sent(string tool, string body)
    {
        var problems = SurveyTool.All[tool].Decode(Sent.By(Sent.Json, body)).Problems;
        Assert.NotEmpty(problems);
        NoCanary(string.Join('\n', problems), tool);
    }

    [Fact]
    public void What_comes_before_its_instrument_can_be_coded_later_and_read_by_nobody_before()
    {
        var redaction = new Redaction(new Pseudonyms(IntakeInMemory.Key));
        var response = SurveyTool.All["json"].Decode(Sent.By(Sent.Json, """
            {"form":"tPre2025","response":"r1","submitted":"2026-11-02T09:30:00Z","hidden":{"urn":"100001","key":"canary@x.example","stage":"Canary stage"},
            "answers":{"agree":"To a large extent","name":"Canary","several":["Canary one","Canary two"],"rating":"4","sentence":"Canary says that it was not very good at all"},"text":{"why":"Canary"}}
            """)).Value![0];
        var kept = redaction.Apply(response, null);
        var stored = Encoding.UTF8.GetString(kept.ToJson());
        foreach (var secret in new[] { "canary", "large extent" }) Assert.DoesNotContain(secret, stored, StringComparison.OrdinalIgnoreCase);

        var instrument = ResponseTests.Teachers() with
        {
            Stage = new Term(Field: "hidden.stage", Codes: new Dictionary<string, string> { ["canary STAGE"] = "post" }),
            Items =
            [
                new Item("cpd-confidence", "agree", new Dictionary<string, string> { ["not at all"] = "1", [" to a Large extent "] = "5" }), new Item("other", "rating", new Dictionary<string, string> { ["4"] = "4" }),
            ],
        };
        var replayed = redaction.Apply(response with { Answers = kept.Fields }, instrument);
        var coding = new InstrumentMap(instrument).Map(replayed).Value!;
        Assert.Equal(("100001", "post"), (coding.School, coding.Stage));
        Assert.Equal([new Observation("cpd-confidence", "5"), new Observation("other", "4")], coding.Observations);
        // As if the instrument had been there first; what no instrument codes is found by none.
        Assert.Equal(new InstrumentMap(instrument).Map(redaction.Apply(response, instrument)).Value!.Respondent, coding.Respondent);
        Assert.Equal(["answer-unknown"], new InstrumentMap(instrument with { Items = [new Item("x", "name", new Dictionary<string, string> { ["yes"] = "1" })] })
            .Map(redaction.Apply(response with { Answers = kept.Fields }, instrument with { Items = [new Item("x", "name", new Dictionary<string, string> { ["yes"] = "1" })] })).Problems.Select(problem => problem.Code));
    }

    /// <summary>An instrument of the delivery's form, which asks for a coded answer and nothing that could name a person.</summary>
    private static Instrument MapsEverything(string tool, string type, string body)
    {
        var form = SurveyTool.All[tool].Decode(Sent.By(type, body)).Value![0].Form;
        return ResponseTests.Teachers() with { School = new FieldName(tool == "smartsurvey" ? "hidden.tracking_link_id" : "hidden.urn"), Form = new FormBinding("a", form), Items = [new Item("role", "role", new Dictionary<string, string> { ["leader"] = "1", ["A1"] = "1", ["Leader"] = "1", ["School leader"] = "1" })] };
    }

    /// <summary>Everything that was handed to a store, a sender or a log, but for raw bodies.</summary>
    private static string Said(IntakeInMemory intake, DeliveryOutcome? outcome)
    {
        var said = new StringBuilder();
        foreach (var (response, receipt) in intake.Stored)
            said.AppendLine(Encoding.UTF8.GetString(response.Answers.ToJson())).AppendLine(JsonSerializer.Serialize(response.Coding)).AppendLine(JsonSerializer.Serialize(response.Version)).Append(response.Identity).Append(receipt);
        foreach (var one in intake.Quarantined)
        {
            said.AppendLine(one.Answers is { } answers ? Encoding.UTF8.GetString(answers.ToJson()) : "").AppendLine(string.Join('\n', one.Problems)).Append(one.Identity).Append(one.Receipt).Append(one.Version);
            foreach (var (name, value) in (one.Raw?.Headers ?? new Dictionary<string, string>()).Concat(one.Raw?.Query ?? new Dictionary<string, string>())) said.AppendLine(name).AppendLine(value);
        }
        foreach (var waiting in intake.Waiting) said.AppendLine(waiting.ToString());
        return said.AppendLine(outcome?.ToString()).AppendLine(string.Join(' ', outcome?.Reasons ?? [])).Append(outcome?.Reply).ToString();
    }

    private static void NoCanary(string said, string where)
    {
        foreach (var canary in Canaries) Assert.False(said.Contains(canary, StringComparison.OrdinalIgnoreCase), $"{canary} from {where}: {said}");
    }

    private static readonly HashSet<string> Persons = new(StringComparer.OrdinalIgnoreCase)
    {
        "email", "text", "ip_address", "user_agent", "contact_name", "contact_email", "firstname", "lastname", "browser", "device", "os", "country", "url", "edit_url", "token_of", "api_token", "entry_url",
        "referer_url", "saved_name", "saved_email", "_submitted_by", "deviceid", "username", "singleUseId", "href", "response_url", "answer_url", "_attachments", "user_id",
    };

    /// <summary>Makes a canary of every text that stands where a person does.</summary>
    private static int Canary(JsonNode node, string type)
    {
        var replaced = 0;
        if (node is JsonObject members)
        {
            var kind = members["type"] is JsonValue stated && stated.TryGetValue<string>(out var text) ? text : "";
            foreach (var (name, value) in members.ToList())
            {
                var isOption = type is "options" or "rows" or "columns" or "choices";
                if (value is JsonValue scalar && !isOption && scalar.TryGetValue<string>(out _)
                    && (Persons.Contains(name) || (name == "value" && kind is "comment" or "TEXTAREA" or "INPUT_TEXT" or "INPUT_EMAIL" or "INPUT_PHONE_NUMBER" or "INPUT_LINK" or "PAYMENT" or "HIDDEN_FIELDS" && name == "value")))
                {
                    members[name] = "canary.mail@x.example";
                    replaced++;
                }
                else if (value is not null)
                    replaced += Canary(value, name);
            }
        }
        else if (node is JsonArray items)
            foreach (var item in items.OfType<JsonNode>()) replaced += Canary(item, type);
        return replaced;
    }
}
