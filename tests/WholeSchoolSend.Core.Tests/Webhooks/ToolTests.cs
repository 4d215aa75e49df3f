using System.Text;
using CsCheck;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Core.Tests.Webhooks;

/// <summary>Every survey tool: its delivery decodes to the one model, and nothing it could send makes a decoder throw.</summary>
public sealed class ToolTests
{
    private static readonly DateTimeOffset HalfPastNine = new(2026, 11, 2, 9, 30, 0, TimeSpan.Zero);

    public static TheoryData<string, string, string> Everything => [.. Sent.Everything.Select(sent => (sent.Tool, sent.Type, sent.Body))];

    [Theory]
    [MemberData(nameof(Everything))]
    public void A_delivery_decodes_without_a_problem(string tool, string type, string body) => Assert.NotEmpty(Decoded(tool, type, body));

    [Fact]
    public void Every_tool_has_a_delivery_here() => Assert.Equal(SurveyTool.All.Keys.Order(), Sent.Everything.Select(sent => sent.Tool).Distinct().Order());

    [Fact]
    public void A_tool_that_sends_only_events_leaves_something_to_fetch()
    {
        var monkey = Assert.Single(Decoded("surveymonkey", "application/vnd.surveymonkey.response.v1+json", Sent.SurveyMonkey));
        Assert.Equal((true, "11", "r1", new DateTimeOffset(2026, 11, 2, 9, 30, 0, TimeSpan.Zero).AddTicks(1826130)), (monkey.IsPending, monkey.Form, monkey.Id, monkey.Submitted));

        foreach (var body in new[] { Sent.Qualtrics, "CompletedDate=2019-06-25+07%3A58%3A25&Status=Complete&ResponseID=R_0B7IcnXszjEUHLP&SurveyID=SV_1AmkKSDmoZ4XlQx" })
        {
            var qualtrics = Assert.Single(Decoded("qualtrics", Sent.Form, body));
            Assert.Equal((true, "SV_1AmkKSDmoZ4XlQx", "R_0B7IcnXszjEUHLP"), (qualtrics.IsPending, qualtrics.Form, qualtrics.Id));
            Assert.Equal(new DateTimeOffset(2019, 6, 25, 7, 58, 25, TimeSpan.Zero), qualtrics.Submitted);
        }
    }

    [Theory]
    [InlineData("surveymonkey", """{"object_type":"collector","event_type":"collector_created","object_id":"1"}""")]
    [InlineData("surveymonkey", """{"object_type":"response","event_type":"response_deleted","object_id":"1"}""")]
    [InlineData("formbricks", """{"event":"testEndpoint"}""")]
    [InlineData("smartsurvey", "[]")]
    public void What_holds_no_response_is_taken_with_none(string tool, string body) => Assert.Empty(Decoded(tool, Sent.Json, body));

    [Fact]
    public void Jotform_gives_its_questions_and_nothing_of_its_own()
    {
        var response = Assert.Single(Decoded("jotform", Sent.Multipart, Sent.Jotform()));
        Assert.Equal(("251", "62", DateTimeOffset.FromUnixTimeMilliseconds(1793619000000)), (response.Form, response.Id, response.Submitted));
        Assert.Equal(
        [
            "hidden.urn Hidden 100001", "hidden.key Hidden canary.mail@x.example", "q5_name Personal Canary Surname", "q6_email Personal canary.mail@x.example", "q7_role Uncertain School leader",
            "q8_areas Uncertain Reading|Maths", "q9_rating.Quality Uncertain Good", "q9_rating.Speed Uncertain Poor ", "q10_day Date 2026-11-02", "q11_comment Uncertain Canary writes here", "q13_left Unanswered ", "q14_phone Personal (555) canary",
        ], Lines(response));
        Assert.Equal("role", response.Answers.Single(answer => answer.Field == "q7_role").Alias);
        Assert.Equal(Sent.Received, Assert.Single(Decoded("jotform", Sent.Multipart, Sent.Jotform("""{"q1_role":"a"}"""))).Submitted);
    }

    [Fact]
    public void Tally_gives_options_by_text_and_id_and_no_boolean_twice()
    {
        var response = Assert.Single(Decoded("tally", Sent.Json, Sent.Tally));
        Assert.Equal(("VwbNEw", "2wgx4n", HalfPastNine), (response.Form, response.Id, response.Submitted));
        Assert.Equal(
        [
            "hidden.urn Hidden 100001", "hidden.key Hidden canary.mail@x.example", "q_calc Number 20", "q_text Text Canary writes", "q_number Number 10", "q_mail Personal canary.mail@x.example", "q_date Date 2026-06-28",
            "q_one Single Partly", "q_other Single other", "q_many Multiple Reading|Maths", "q_file Personal ", "q_pay_name Personal Canary Surname", "q_rating Scale 4", "q_rank Ranking Pear|Apple", "q_scale Scale 7",
            "q_none Unanswered ", "q_matrix.r1 Single Good", "q_matrix.r2 Single Poor",
        ], Lines(response));
        Assert.Equal(new AnswerValue("Partly", "b"), response.Answers.Single(answer => answer.Field == "q_one").Values[0]);
    }

    [Fact]
    public void Formbricks_sends_revisions_of_one_response()
    {
        var response = Assert.Single(Decoded("formbricks", Sent.Json, Sent.Formbricks));
        Assert.Equal(("s1", "r1", HalfPastNine.AddMilliseconds(507), HalfPastNine.AddMinutes(1), true), (response.Form, response.Id, response.Submitted, response.Updated, response.Finished));
        Assert.Equal(
        [
            "role Uncertain Leader", "areas Uncertain Reading|Maths", "confidence Number 4", "grid.Quality Uncertain Good", "grid.Speed Uncertain Poor", "hidden.urn Hidden 100001", "hidden.key Hidden canary.mail@x.example",
            "verifiedEmail Personal canary.mail@x.example", "why Uncertain Canary writes here", "contact.email Personal canary.mail@x.example", "contact.userId Personal canary-user", "singleUseId Personal canary-single",
        ], Lines(response));

        var created = Assert.Single(Decoded("formbricks", Sent.Json, Sent.Formbricks.Replace("09:31:00", "09:30:30", StringComparison.Ordinal).Replace("\"finished\":true", "\"finished\":false", StringComparison.Ordinal)));
        Assert.False(created.Finished);
        Assert.True(Version(response).CountsOver(Version(created)));
        Assert.False(Version(created).CountsOver(Version(response)));
    }

    [Fact]
    public void SmartSurvey_sends_several_and_says_when_each_was_changed()
    {
        var responses = Decoded("smartsurvey", Sent.Json, Sent.SmartSurvey);
        Assert.Equal([("12", "1001", HalfPastNine, HalfPastNine.AddMinutes(15), true), ("12", "1002", HalfPastNine.AddMinutes(20), HalfPastNine.AddMinutes(20), false)],
            responses.Select(response => (response.Form, response.Id, response.Submitted, response.Updated!.Value, response.Finished)));
        Assert.Equal(
        [
            "contact_name Personal Canary Surname", "contact_email Personal canary.mail@x.example", "contact_invitation_id Personal 0", "saved_email Personal ", "hidden.tracking_link_id Hidden 100001", "10 Single Leader", "10.comment Text Canary writes",
            "11 Multiple Reading|Maths|other", "12.91 Single Good", "12.92 Single Poor", "13 Text Canary writes more", "hidden.key Hidden canary.mail@x.example", "15 Number 12",
        ], Lines(responses[0]));
    }

    [Fact]
    public void Formstack_sends_a_form_or_json()
    {
        var json = Assert.Single(Decoded("formstack", Sent.Json, Sent.FormstackJson));
        Assert.Equal(("123", "u1", Sent.Received), (json.Form, json.Id, json.Submitted));
        Assert.Equal(
        [
            "10 Uncertain Leader", "11 Uncertain Reading|Maths", "12.Quality Uncertain Good", "12.Speed Uncertain Poor", """13 Personal {"first":"Canary","last":"Surname"}""", "14 Uncertain 4", "15 Unanswered ", "16 Personal canary.mail@x.example",
            "hidden.key Hidden canary.mail@x.example", "hidden.urn Hidden 100001",
        ], Lines(json).Order(StringComparer.Ordinal));

        var form = Assert.Single(Decoded("formstack", Sent.Form, Sent.FormstackForm));
        Assert.Equal(["hidden.urn Hidden 100001", "hidden.key Hidden canary.mail@x.example", "10 Uncertain Leader", "11 Uncertain Reading|Maths", "14 Uncertain 4", "15 Unanswered ", "16 Uncertain Canary writes here"], Lines(form));
    }

    [Fact]
    public void Kobo_sends_paths_as_json_or_xml()
    {
        var json = Assert.Single(Decoded("kobotoolbox", Sent.Json, Sent.KoboJson));
        Assert.Equal(("aX6", "4711", HalfPastNine), (json.Form, json.Id, json.Submitted));
        Assert.Equal(
        [
            "hidden.urn Hidden 100001", "hidden.key Hidden canary.mail@x.example", "about/role Uncertain leader", "about/roles Uncertain leader|senco", "confidence Uncertain 4", "grid/quality Uncertain good", "grid/speed Uncertain poor",
            "born Uncertain 2026-11-02", "why Uncertain Canary writes: a sentence.", "left Unanswered ", "visits/kind[0] Uncertain first", "visits/kind[1] Uncertain second",
        ], Lines(json).Where(line => !line.Contains("Personal", StringComparison.Ordinal)));
        Assert.Equal("role", json.Answers.Single(answer => answer.Field == "about/role").Alias);

        var xml = Assert.Single(Decoded("kobotoolbox", "application/xml", Sent.KoboXml));
        Assert.Equal(("aX6", "uuid:i1", HalfPastNine), (xml.Form, xml.Id, xml.Submitted));
        Assert.Equal(
            ["hidden.urn Hidden 100001", "hidden.key Hidden canary.mail@x.example", "about/role Uncertain leader", "about/roles Uncertain leader|senco", "confidence Uncertain 4", "why Uncertain Canary & others"],
            Lines(xml).Where(line => !line.Contains("Personal", StringComparison.Ordinal)));
    }

    [Fact]
    public void Paperform_takes_its_form_from_the_address()
    {
        var delivery = Delivery.From(Encoding.UTF8.GetBytes(Sent.Paperform), [], Sent.Received, [KeyValuePair.Create("form", "leaders-2026")]);
        var response = Assert.Single(SurveyTool.All["paperform"].Decode(delivery).Value!);
        Assert.Equal(("leaders-2026", "sub1", HalfPastNine), (response.Form, response.Id, response.Submitted));
        Assert.Equal(
        [
            "hidden.urn Hidden 100001", "hidden.key Hidden canary.mail@x.example", "role Uncertain Leader", "a4 Uncertain Reading|Maths", "address_1 Personal 343 Canary Road", "agree Boolean true", "scale Scale 7",
            "grid.Quality Uncertain Good", "grid.Speed Uncertain Poor", "rank Ranking b|a", "day Date 2026-11-02", "why Uncertain Canary writes here", "left Unanswered ",
        ], Lines(response));
        Assert.Equal("form", Assert.Single(Decoded("paperform", Sent.Json, Sent.Paperform)).Form);
    }

    [Fact]
    public void LimeSurvey_gives_codes_and_rows_and_never_its_token()
    {
        var response = Assert.Single(Decoded("limesurvey", Sent.Json, Sent.LimeSurvey));
        Assert.Equal(("123456", "42", HalfPastNine), (response.Form, response.Id, response.Submitted));
        Assert.Equal(
        [
            "hidden.urn Hidden 100001", "hidden.key Hidden canary.mail@x.example", "role Uncertain A1", "areas.SQ001 Uncertain Y", "areas.SQ002 Unanswered ", "areas.other Text Canary", "grid.SQ001 Uncertain 3", "rank.1 Uncertain a",
            "confidence Number 4", "why Uncertain Canary writes here", "participant.firstname Personal Canary", "participant.lastname Personal Surname", "participant.email Personal canary.mail@x.example", "hidden.token Hidden canary-participant",
        ], Lines(response));
        Assert.Single(Decoded("limesurvey", Sent.Json, """{"survey":1,"respondId":2,"submitDate":"2026-11-02 09:30:00","response":[],"participant":[]}"""));
    }

    [Fact]
    public void Bodies_that_we_document_decode_as_documented()
    {
        var microsoft = Assert.Single(Decoded("microsoftforms", Sent.Json, Sent.MicrosoftForms));
        Assert.Equal(("leaders", "12", HalfPastNine), (microsoft.Form, microsoft.Id, microsoft.Submitted));
        Assert.Equal(
        [
            "hidden.urn Hidden 100001", "hidden.key Hidden canary.mail@x.example", "responder Personal canary.mail@x.example", "r1 Uncertain Leader", "r2 Uncertain Reading|Maths", "r3 Uncertain 4", "r4 Uncertain 2026-11-02",
            "r5 Uncertain Canary writes here", "r6 Unanswered ", """r7 Personal [{"name":"canary.docx","link":"https://x/canary"}]""",
        ], Lines(microsoft));

        var google = Assert.Single(Decoded("googleforms", Sent.Json, Sent.GoogleForms));
        Assert.Equal(("118E", "2_AB", HalfPastNine.AddMilliseconds(661), HalfPastNine.AddMilliseconds(661)), (google.Form, google.Id, google.Submitted, google.Updated!.Value));
        Assert.Equal(
        [
            "hidden.urn Hidden 100001", "hidden.key Hidden canary.mail@x.example", "3 Single Leader", "4 Multiple Reading|other", "5 Scale 4", "6.Quality Single Good", "6.Speed Unanswered ", "7 Date 2026-11-02", "8 Text Canary writes",
            "9 Personal canary-file-id", "email Personal canary.mail@x.example",
        ], Lines(google));
    }

    [Fact]
    public void Cloud_events_come_alone_in_a_batch_or_in_headers()
    {
        Assert.Equal(2, Decoded("cloudevents", "application/cloudevents-batch+json; charset=utf-8", $"[{Sent.CloudEvent},{Sent.CloudEvent}]").Count);
        var binary = Sent.By(Sent.Json, Sent.Ours, ("ce-specversion", "1.0"), ("ce-id", "e1"));
        Assert.Equal(Lines(Assert.Single(Decoded("json", Sent.Json, Sent.Ours))), Lines(Assert.Single(SurveyTool.All["cloudevents"].Decode(binary).Value!)));

        var options = Sent.By("", "", ("webhook-request-origin", "eventemitter.example.com"), ("webhook-request-rate", "120"));
        Assert.Equal(
            [KeyValuePair.Create("WebHook-Allowed-Origin", "eventemitter.example.com"), KeyValuePair.Create("WebHook-Allowed-Rate", "*")],
            SurveyTool.All["cloudevents"].Handshake(options));
        Assert.Empty(SurveyTool.All["cloudevents"].Handshake(Sent.By("", "", ("webhook-request-origin", "a b"))));
        Assert.Empty(SurveyTool.All["typeform"].Handshake(options));
    }

    [Theory]
    [InlineData("surveymonkey", Sent.Json, """{"object_type":"response","event_type":"response_completed","object_id":"1","event_datetime":"2026-11-02T09:30:00Z"}""", "/resources")]
    [InlineData("qualtrics", Sent.Json, "{}", "")]
    [InlineData("qualtrics", Sent.Form, "MSG=%7B%7D", "MSG/SurveyID")]
    [InlineData("qualtrics", Sent.Form, "MSG=encrypted", "MSG")]
    [InlineData("qualtrics", Sent.Form, "MSG=%7", "")]
    [InlineData("qualtrics", Sent.Form, "MSG=%FF", "")]
    [InlineData("qualtrics", Sent.Form, "SurveyID=a&SurveyID=b&ResponseID=c&CompletedDate=2026-11-02+09:30:00", "SurveyID")]
    [InlineData("qualtrics", Sent.Form, "SurveyID=a&ResponseID=c&CompletedDate=today", "CompletedDate")]
    [InlineData("jotform", "multipart/form-data", "------part7--", "")]
    [InlineData("jotform", Sent.Multipart, "------part7--", "submissionID")]
    [InlineData("jotform", Sent.Multipart, "------part7\r\nContent-Disposition: form-data; name=\"formID\"\r\n\r\n251", "")]
    [InlineData("tally", Sent.Json, """{"data":{"formId":"f","responseId":"r","createdAt":"2026-11-02T09:30:00Z","fields":{}}}""", "/data/fields")]
    [InlineData("formbricks", Sent.Json, """{"event":"responseFinished","data":{"id":"r","surveyId":"s","createdAt":"2026-11-02T09:30:00Z"}}""", "/data/updatedAt")]
    [InlineData("smartsurvey", Sent.Json, "{}", "")]
    [InlineData("smartsurvey", Sent.Json, """[{"id":1,"survey_id":2,"date_modified":"2026-11-02T09:30:00Z"}]""", "/0/pages")]
    [InlineData("formstack", "text/plain", "FormID=1&UniqueID=2", "")]
    [InlineData("formstack", Sent.Form, "FormID=1", "/UniqueID")]
    [InlineData("kobotoolbox", "text/plain", "{}", "")]
    [InlineData("kobotoolbox", Sent.Json, "{}", "/_id")]
    [InlineData("kobotoolbox", "application/xml", "<!DOCTYPE a [<!ENTITY b 'c'>]><a id='f'>&b;</a>", "")]
    [InlineData("paperform", Sent.Json, """{"submission_id":"a","created_at":"2026-11-02 09:30:00","data":[7]}""", "/data")]
    [InlineData("limesurvey", Sent.Json, """{"survey":1,"respondId":2,"submitDate":"02/11/2026 09:30","response":{}}""", "/submitDate")]
    [InlineData("microsoftforms", Sent.Json, """{"form":"f","response":1,"submitted":"11/2/2026 9:30:00 AM"}""", "/submitted")]
    [InlineData("googleforms", Sent.Json, """{"form":"f","response":"r","submitted":"2026-11-02T09:30:00Z","answers":[{"type":"TEXT"}]}""", "/answers/0/id")]
    [InlineData("cloudevents", Sent.Json, "{}", "")]
    [InlineData("cloudevents", "application/cloudevents+json", """{"specversion":"0.3","data":{}}""", "/specversion")]
    [InlineData("cloudevents", "application/cloudevents-batch+json", """[{"specversion":"1.0","data_base64":"e30="}]""", "/0/data")]
    public void What_a_tool_does_not_send_is_a_problem_with_its_place(string tool, string type, string body, string where) =>
        Assert.Contains(Refused(tool, type, body), problem => problem.Code == "body-undecodable" && problem.Where == where);

    [Fact]
    public void Forms_are_bounded()
    {
        Assert.NotEmpty(Refused("formstack", Sent.Form, string.Join('&', Enumerable.Range(0, 2001).Select(i => $"f{i}=1"))));
        Assert.NotEmpty(Refused("jotform", Sent.Multipart, string.Concat(Enumerable.Repeat("------part7\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n", 201)) + "------part7--"));
        Assert.NotEmpty(Refused("kobotoolbox", "application/xml", string.Concat(Enumerable.Repeat("<a>", 70)) + string.Concat(Enumerable.Repeat("</a>", 70))));
    }

    [Fact]
    public void No_bytes_make_a_decoder_throw()
    {
        var sent = Sent.Everything.Select(one => (one.Tool, one.Type, Body: Encoding.UTF8.GetBytes(one.Body))).ToArray();
        (from one in Gen.OneOfConst(sent)
         from cuts in Gen.Select(Gen.Int[0, one.Body.Length - 1], Gen.OneOf(Gen.Byte, Gen.OneOfConst("\"{}[]:,0&=%<>"u8.ToArray()))).Array[0, 6]
         from length in Gen.OneOf(Gen.Const(one.Body.Length), Gen.Int[0, one.Body.Length])
         select (one, cuts, length)).Sample(
            (one, cuts, length) =>
            {
                var changed = one.Body.ToArray();
                foreach (var (at, value) in cuts) changed[at] = value;
                foreach (var tool in SurveyTool.All.Values)
                {
                    var delivery = Sent.By(one.Type, changed.AsMemory(0, length));
                    var decoded = tool.Decode(delivery);
                    Assert.True((decoded.Value is null) == (decoded.Problems.Count > 0));
                    foreach (var response in decoded.Value ?? []) new Redaction(new Pseudonyms(new string('k', 32))).Apply(response, null).ToJson();
                    Assert.Null(new Source("a", tool, Verification.Body, ["a-shared-secret"], null).Verify(delivery, Sent.Received));
                    _ = tool.WithoutSecret(delivery.Body);
                }
            },
            iter: 3_000);
    }

    [Theory]
    [MemberData(nameof(Everything))]
    public void Nobody_can_be_known_from_what_is_kept(string tool, string type, string body)
    {
        var instrument = ResponseTests.Teachers() with { Items = [new Item("role", "role", new Dictionary<string, string> { ["leader"] = "1" })] };
        var redaction = new Redaction(new Pseudonyms("a-test-key-of-thirty-two-characters!"));
        foreach (var response in Decoded(tool, type, body).Where(response => !response.IsPending))
            foreach (var asked in new[] { instrument, null })
            {
                var kept = Encoding.UTF8.GetString(redaction.Apply(response, asked).ToJson());
                Assert.DoesNotContain("jo.bloggs", kept, StringComparison.OrdinalIgnoreCase);
                Assert.DoesNotContain("canary", kept, StringComparison.OrdinalIgnoreCase);
                Assert.DoesNotContain("203.0.113.77", kept, StringComparison.Ordinal);
            }
    }

    [Theory]
    [InlineData("limesurvey", """{"a":1,"api_token": "canary\"x","b":2}""", """{"a":1,"api_token": "***","b":2}""")]
    [InlineData("limesurvey", """{"api_token":12345678}""", """{"api_token":"***"}""")]
    [InlineData("formstack", """{"HandshakeKey":"canary"}""", """{"HandshakeKey":"***"}""")]
    [InlineData("formstack", "FormID=1&HandshakeKey=canary&x=é", "FormID=1&HandshakeKey=\"***\"&x=é")]
    [InlineData("tally", """{"api_token":"mine"}""", """{"api_token":"mine"}""")]
    public void A_raw_body_is_kept_without_the_secret_inside_it(string tool, string body, string kept) =>
        Assert.Equal(kept, Encoding.UTF8.GetString(SurveyTool.All[tool].WithoutSecret(Encoding.UTF8.GetBytes(body)).Span));

    [Fact]
    public void Others_examples_decode()
    {
        var folder = Corpus.Folder("webhooks");
        var seen = 0;
        foreach (var (tool, type, file) in new[]
        {
            ("surveymonkey", Sent.Json, "surveymonkey/01.json"), ("surveymonkey", Sent.Json, "surveymonkey/02.json"), ("tally", Sent.Json, "tally/01.json"), ("formbricks", Sent.Json, "formbricks/01.json"),
            ("formbricks", Sent.Json, "formbricks/04-test-endpoint.json"), ("smartsurvey", Sent.Json, "smartsurvey/01.json"), ("limesurvey", Sent.Json, "limesurvey/01.json"),
            ("formstack", Sent.Json, "formstack/01.json"), ("typeform", Sent.Json, "typeform/01.json"), ("typeform", Sent.Json, "typeform/02.json"),
        })
        {
            if (!File.Exists(Path.Combine(folder, file))) continue;
            seen++;
            Assert.Empty(SurveyTool.All[tool].Decode(Sent.By(type, File.ReadAllBytes(Path.Combine(folder, file)))).Problems);
        }
        Assert.True(seen > 0);

        // This one carries no _id: then the instance id is its identity, and without that there is none.
        Assert.Equal("/_id", Assert.Single(Kobo(folder, "kobotoolbox/01.json", body => body.Replace("meta/instanceID", "instance", StringComparison.Ordinal))).Where);
        Assert.Empty(Kobo(folder, "kobotoolbox/01.json", body => body));
        var tally = Assert.Single(Decoded("tally", Sent.Json, File.ReadAllText(Path.Combine(folder, "tally/01.json"))));
        Assert.Equal(2, tally.Answers.Count(answer => answer.Field.StartsWith("question_mBazQn.", StringComparison.Ordinal)));
        Assert.DoesNotContain(tally.Answers, answer => answer.Field.StartsWith("question_wQ1K7w_", StringComparison.Ordinal));
    }

    private static IReadOnlyList<Problem> Kobo(string folder, string file, Func<string, string> change) =>
        SurveyTool.All["kobotoolbox"].Decode(Sent.By(Sent.Json, change(File.ReadAllText(Path.Combine(folder, file))))).Problems;

    private static ResponseVersion Version(SurveyResponse response) => new(response.Submitted, response.Updated, response.Finished, "h");

    private static IReadOnlyList<SurveyResponse> Decoded(string tool, string type, string body)
    {
        var decoded = SurveyTool.All[tool].Decode(Sent.By(type, body));
        Assert.Empty(decoded.Problems);
        return decoded.Value!;
    }

    private static IReadOnlyList<Problem> Refused(string tool, string type, string body)
    {
        var decoded = SurveyTool.All[tool].Decode(Sent.By(type, body));
        Assert.Null(decoded.Value);
        return decoded.Problems;
    }

    private static IEnumerable<string> Lines(SurveyResponse response) =>
        response.Answers.Select(answer => $"{answer.Field} {answer.Kind} {string.Join('|', answer.Values.Select(value => value.Text))}");
}
