using System.Text;
using WholeSchoolSend.Core.Webhooks;
using WholeSchoolSend.Core.Webhooks.Tools;

namespace WholeSchoolSend.Core.Tests.Webhooks;

public sealed class DecodingTests
{
    internal const string TypeformBody = """
        {"event_id":"01J","event_type":"form_response","form_response":{"form_id":"tPre2025","token":"tok-1","landed_at":"2025-11-03T08:59:00Z","submitted_at":"2025-11-03T09:00:00Z",
        "hidden":{"urn":"100001","key":"jo.bloggs@school.example"},
        "definition":{"id":"tPre2025","title":"Before","fields":[{"id":"f1","ref":"cpd_confidence","type":"opinion_scale","title":"How confident"}]},
        "answers":[
         {"type":"number","number":4,"field":{"id":"f1","ref":"cpd_confidence","type":"opinion_scale"}},
         {"type":"choice","choice":{"id":"c1","label":"School leader","ref":"r1"},"field":{"id":"f2","type":"multiple_choice"}},
         {"type":"choices","choices":{"ids":["a","b"],"labels":["Reading","Maths"],"refs":["ra","rb"],"other":"Jo's own words"},"field":{"id":"f3","ref":"subjects","type":"multiple_choice"}},
         {"type":"choice","choice":{"other":"Jo's other words"},"field":{"id":"f4","ref":"other_role","type":"multiple_choice"}},
         {"type":"boolean","boolean":true,"field":{"id":"f5","ref":"agreed","type":"legal"}},
         {"type":"email","email":"jo.bloggs@school.example","field":{"id":"f6","ref":"email","type":"email"}},
         {"type":"text","text":"My name is Jo Bloggs","field":{"id":"f7","ref":"comment","type":"long_text"}},
         {"type":"date","date":"1980-02-29","field":{"id":"f8","ref":"born","type":"date"}},
         {"type":"url","url":"https://calendly.example/jo","field":{"id":"f9","type":"calendly"}}]}}
        """;

    [Fact]
    public void A_typeform_delivery_is_one_response_with_every_answer_by_its_kind()
    {
        var response = Assert.Single(Typeform(TypeformBody).Value!);
        Assert.Equal(("tPre2025", "tok-1"), (response.Form, response.Id));
        Assert.Equal(new DateTimeOffset(2025, 11, 3, 9, 0, 0, TimeSpan.Zero), response.Submitted);
        Assert.Null(response.Updated);
        var byField = response.Answers.ToDictionary(answer => answer.Field);
        Assert.Equal(AnswerKind.Hidden, byField["hidden.urn"].Kind);
        Assert.Equal((AnswerKind.Scale, "4"), (byField["cpd_confidence"].Kind, byField["cpd_confidence"].Values[0].Text));
        Assert.Equal("f1", byField["cpd_confidence"].Alias);
        Assert.Equal(new AnswerValue("School leader", "c1", "r1"), byField["f2"].Values[0]);
        Assert.Equal(["Reading", "Maths", "other"], byField["subjects"].Values.Select(value => value.Text));
        Assert.Equal("other", byField["other_role"].Values[0].Text);
        Assert.Equal((AnswerKind.Boolean, "true"), (byField["agreed"].Kind, byField["agreed"].Values[0].Text));
        Assert.Equal(AnswerKind.Personal, byField["email"].Kind);
        Assert.Equal(AnswerKind.Text, byField["comment"].Kind);
        Assert.Equal(AnswerKind.Date, byField["born"].Kind);
        Assert.Equal(AnswerKind.Personal, byField["f9"].Kind);
    }

    [Fact]
    public void A_partial_typeform_response_counts_until_the_finished_one_comes()
    {
        const string partial = """{"event_type":"form_response_partial","form_response":{"form_id":"f","token":"t","landed_at":"2025-11-03T08:59:00Z","answers":[{"type":"boolean","boolean":true,"field":{"id":"a"}}]}}""";
        var before = Assert.Single(Typeform(partial).Value!);
        var after = Assert.Single(Typeform(partial.Replace("_partial", "", StringComparison.Ordinal).Replace("\"landed_at\"", "\"submitted_at\":\"2025-11-03T09:00:00Z\",\"landed_at\"", StringComparison.Ordinal)).Value!);
        Assert.Equal((false, new DateTimeOffset(2025, 11, 3, 8, 59, 0, TimeSpan.Zero)), (before.Finished, before.Submitted));
        Assert.Equal((true, new DateTimeOffset(2025, 11, 3, 9, 0, 0, TimeSpan.Zero)), (after.Finished, after.Submitted));
        ResponseVersion Version(SurveyResponse response, string hash) => new(response.Submitted, response.Updated, response.Finished, hash);
        Assert.True(Version(after, "b").CountsOver(Version(before, "a")));
        Assert.False(Version(before, "a").CountsOver(Version(after, "b")));
        Assert.True(Version(after, "b").IsRevisionOf(Version(before, "a")));
        Assert.False(Version(after, "b").IsRevisionOf(Version(after, "a")));
        // A finished response says when it was submitted.
        Assert.Equal("/form_response/submitted_at", Assert.Single(Typeform(partial.Replace("_partial", "", StringComparison.Ordinal)).Problems).Where);
    }

    [Fact]
    public void What_a_form_computes_is_a_number_or_dropped_as_text_and_a_list_may_give_its_choice_as_one()
    {
        var response = Assert.Single(Typeform("""
            {"form_response":{"form_id":"f","token":"t","submitted_at":"2025-11-03T09:00:00Z","variables":[{"key":"score","type":"number","number":4},{"key":"name","type":"text","text":"Jo"},{"type":"number"}],
            "answers":[{"type":"text","text":"London","field":{"id":"a","type":"dropdown"}}]}}
            """).Value!);
        Assert.Equal([("variables.score", AnswerKind.Number, "4"), ("variables.name", AnswerKind.Text, "Jo"), ("a", AnswerKind.Single, "London")],
            response.Answers.Select(answer => (answer.Field, answer.Kind, answer.Values[0].Text)));
    }

    [Fact]
    public void Another_scripts_envelope_of_the_same_names_is_not_taken_for_typeforms()
    {
        // Actionsflow's script for Google Forms borrows event_type and form_response, but not the token and the kinds of answers.
        const string borrowed = """{"event_id":"2_AB","event_type":"form_response","form_response":{"form_id":"118E","email":"","submitted_at":"2020-09-27T07:54:30.661Z","answers":[{"response":"Option 2","field":{"id":440714388,"type":"MULTIPLE_CHOICE"}}]}}""";
        Assert.Equal(["/form_response/token", "/form_response/answers/0/type"], Typeform(borrowed).Problems.Select(problem => problem.Where));
        Assert.NotEmpty(new GoogleForms().Decode(Delivered(borrowed)).Problems);
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("[]", "/form_response")]
    [InlineData("""{"form_response":{}}""", "/form_response/form_id")]
    [InlineData("""{"form_response":{"form_id":"f","token":"t","submitted_at":"yesterday"}}""", "/form_response/submitted_at")]
    [InlineData("""{"form_response":{"form_id":"f","token":"t","submitted_at":"2025-11-03T09:00:00"}}""", "/form_response/submitted_at")]
    [InlineData("""{"form_response":{"form_id":"f","token":"t","submitted_at":"2025-11-03T09:00:00Z","answers":{}}}""", "/form_response/answers")]
    [InlineData("""{"form_response":{"form_id":"f","token":"t","submitted_at":"2025-11-03T09:00:00Z","answers":[7]}}""", "/form_response/answers/0/field")]
    [InlineData("""{"form_response":{"form_id":"f","form_id":"g"}}""", "")]
    [InlineData("""{"form_response":{"form_id":"\ud800","token":"t"}}""", "")]
    [InlineData("""{"form_response":{"\uDC00":1}}""", "")]
    public void What_is_not_a_typeform_body_is_a_problem_with_its_place(string body, string where)
    {
        var decoded = Typeform(body);
        Assert.Null(decoded.Value);
        Assert.Contains(decoded.Problems, problem => problem.Code == "body-undecodable" && problem.Where == where);
    }

    [Fact]
    public void Our_own_body_holds_one_response_or_many_in_three_shapes()
    {
        const string one = """{"form":"leaders","response":"r1","submitted":"2026-11-02T10:00:00+01:00","hidden":{"urn":100001},"answers":{"q1":"fully","q2":["a","b"],"q3":4.5,"q4":false,"q5":null},"text":{"why":"because"}}""";
        var response = Assert.Single(Json(one).Value!);
        Assert.Equal(new DateTimeOffset(2026, 11, 2, 9, 0, 0, TimeSpan.Zero), response.Submitted);
        Assert.Equal(["100001", "fully", "a b", "4.5", "false", "", "because"], response.Answers.Select(answer => string.Join(' ', answer.Values.Select(value => value.Text))));
        Assert.Equal(AnswerKind.Text, response.Answers[^1].Kind);
        Assert.Equal(2, Json($"[{one},{one}]").Value!.Count);
        Assert.Equal(2, Json($$"""{"responses":[{{one}},{{one}}]}""").Value!.Count);
        Assert.Single(new StandardWebhooks().Decode(Delivered($$"""{"type":"response","timestamp":"2026-11-02T10:00:00Z","data":{{one}}}""")).Value!);
    }

    [Fact]
    public void An_unknown_member_of_our_own_body_is_named_rather_than_lost()
    {
        var problem = Assert.Single(Json("""{"form":"f","response":"r","submitted":"2026-11-02T10:00:00Z","answer":{"q1":"fully"}}""").Problems);
        Assert.Equal("/answer", problem.Where);
    }

    [Fact]
    public void No_problem_quotes_an_answer()
    {
        var decoded = Typeform("""{"form_response":{"form_id":"f","token":"t","submitted_at":"CANARY","hidden":{},"answers":[{"type":"text","text":"CANARY","field":"CANARY"}]}}""");
        Assert.NotEmpty(decoded.Problems);
        Assert.DoesNotContain(decoded.Problems, problem => problem.ToString().Contains("CANARY", StringComparison.Ordinal));
    }

    private static Checked<IReadOnlyList<SurveyResponse>> Typeform(string body) => new Typeform().Decode(Delivered(body));

    private static Checked<IReadOnlyList<SurveyResponse>> Json(string body) => new Json().Decode(Delivered(body));

    private static Delivery Delivered(string body) => Delivery.From(Encoding.UTF8.GetBytes(body), [], default);
}
