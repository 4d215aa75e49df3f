using System.Text;
using System.Text.Json.Nodes;
using WholeSchoolSend.Core;
using WholeSchoolSend.Core.Webhooks;
using WholeSchoolSend.Core.Webhooks.Vendors;
using WholeSchoolSend.Testing;
using WholeSchoolSend.Vendors.Tests.StandIns;

namespace WholeSchoolSend.Vendors.Tests;

/// <summary>What the two vendors answer whose webhooks hold no answers, question by question.</summary>
public sealed class VendorDecodingTests(AzuriteFixture azurite)
{
    private const string MonkeySurvey = """
        {"id":"11","pages":[{"id":"1","questions":[
        {"id":"1","family":"single_choice","subtype":"vertical","headings":[{"heading":"Role"}],"answers":{"choices":[{"id":"a","text":"Leader"},{"id":"b","text":"SENCO"}],"other":{"id":"o","text":"Other","is_answer_choice":true}}},
        {"id":"2","family":"multiple_choice","subtype":"vertical","headings":[{"heading":"Areas"}],"answers":{"choices":[{"id":"c","text":"Reading"},{"id":"d","text":"Maths"}],"other":{"id":"p","text":"Comment","is_answer_choice":false}}},
        {"id":"3","family":"matrix","subtype":"single","headings":[{"heading":"Grid"}],"answers":{"rows":[{"id":"r1","text":"Quality"},{"id":"r2","text":"Speed"}],"choices":[{"id":"g","text":"Good"},{"id":"h","text":"Poor"}]}},
        {"id":"4","family":"matrix","subtype":"rating","headings":[{"heading":"Rate"}],"answers":{"rows":[{"id":"r3","text":""}],"choices":[{"id":"4a","text":"1"},{"id":"4b","text":"2"}]}},
        {"id":"5","family":"matrix","subtype":"ranking","headings":[{"heading":"Rank"}],"answers":{"rows":[{"id":"x","text":"Apple"},{"id":"y","text":"Pear"}],"choices":[{"id":"k1","text":"1"},{"id":"k2","text":"2"}]}},
        {"id":"6","family":"open_ended","subtype":"numerical","headings":[{"heading":"How many"}],"answers":{"rows":[{"id":"n1","text":"Staff"}]}},
        {"id":"7","family":"open_ended","subtype":"essay","headings":[{"heading":"Why"}]},
        {"id":"8","family":"datetime","subtype":"date_only","headings":[{"heading":"When"}],"answers":{"rows":[{"id":"t","text":"Day"}]}},
        {"id":"9","family":"demographic","subtype":"us","headings":[{"heading":"Who"}],"answers":{"rows":[{"id":"u","text":"Name"}]}}]}]}
        """;

    private const string MonkeyResponse = """
        {"id":"r1","survey_id":"11","collector_id":"22","recipient_id":"77","collection_mode":"default","response_status":"completed","date_created":"2026-11-02T09:00:00+00:00","date_modified":"2026-11-02T10:30:00+01:00",
        "ip_address":"203.0.113.77","custom_value":"canary","custom_variables":{"urn":"100001"},"first_name":"Canary","edit_url":"https://x/canary","pages":[{"id":"1","questions":[
        {"id":"1","answers":[{"other_id":"o","text":"Canary wrote"}]},{"id":"2","answers":[{"choice_id":"c"},{"choice_id":"d"},{"other_id":"p","text":"Canary wrote more"}]},
        {"id":"3","answers":[{"row_id":"r1","choice_id":"g"},{"row_id":"r2","choice_id":"h"}]},{"id":"4","answers":[{"row_id":"r3","choice_id":"4b"}]},
        {"id":"5","answers":[{"row_id":"x","choice_id":"k2"},{"row_id":"y","choice_id":"k1"}]},{"id":"6","answers":[{"row_id":"n1","text":"12"}]},{"id":"7","answers":[{"text":"Canary says"}]},
        {"id":"8","answers":[{"row_id":"t","text":"12/31/2026"}]},{"id":"9","answers":[{"row_id":"u","text":"Canary Surname"}]}]}]}
        """;

    private const string QualtricsSurvey = """
        {"result":{"id":"SV_1","questions":{
        "QID1":{"questionType":{"type":"MC","selector":"SAVR"},"questionText":"Role","choices":{"1":{"choiceText":"Leader"},"2":{"choiceText":"SENCO"}}},
        "QID2":{"questionType":{"type":"MC","selector":"MAVR"},"questionText":"Areas","choices":{"1":{"choiceText":"Reading"},"2":{"choiceText":"Maths"}}},
        "QID3":{"questionType":{"type":"Matrix","selector":"Likert"},"questionText":"Grid","choices":{"1":{"choiceText":"Good"},"2":{"choiceText":"Poor"}},"subQuestions":{"1":{"choiceText":"Quality"},"2":{"choiceText":"Speed"}}},
        "QID4":{"questionType":{"type":"MC","selector":"NPS"},"questionText":"Recommend"},"QID5":{"questionType":{"type":"Slider","selector":"HBAR"},"questionText":"How much"},
        "QID6":{"questionType":{"type":"TE","selector":"ML"},"questionText":"Why"},"QID7":{"questionType":{"type":"FileUpload","selector":"FileUpload"},"questionText":"File"}}}}
        """;

    private const string QualtricsResponse = """
        {"result":{"responseId":"R_1","values":{"startDate":"2026-11-02T09:00:00Z","endDate":"2026-11-02T09:20:00Z","status":0,"ipAddress":"203.0.113.77","progress":100,"duration":1200,"finished":1,"recordedDate":"2026-11-02T09:20:05.123Z",
        "_recordId":"R_1","locationLatitude":"51.5","recipientEmail":"canary.mail@x.example","externalDataReference":"canary-ref","distributionChannel":"email","userLanguage":"EN-GB",
        "QID1":2,"QID2":["1","2"],"QID3_1":1,"QID3_2":2,"QID4":9,"QID4_NPS_GROUP":3,"QID5_1":42,"QID6_TEXT":"Canary says","QID7_FILE_ID":"F_canary","QID9":5,"urn":"100001"},
        "labels":{"status":"IP Address","finished":"True","QID1":"SENCO","QID2":["Reading","Maths"],"QID3_1":"Good","QID3_2":"Poor","QID4_NPS_GROUP":"Promoter"}}}
        """;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_kind_of_answer_of_surveymonkey()
    {
        var response = await FetchedAsync("surveymonkey", "11", "r1", ("/details", MonkeySurvey), ("/responses/r1/details", MonkeyResponse));
        var at = new DateTimeOffset(2026, 11, 2, 9, 30, 0, TimeSpan.Zero);
        Assert.Equal(("11", "r1", at, at, true), (response.Form, response.Id, response.Submitted, response.Updated!.Value, response.Finished));
        Assert.Equal(
            [
                "1 Single other/o", "1.comment Text Canary wrote/", "2 Multiple Reading/c Maths/d", "2.comment Text Canary wrote more/", "3.r1 Single Good/g", "3.r2 Single Poor/h", "4.r3 Scale 2/4b",
                "5 Ranking Pear/y Apple/x", "6.n1 Number 12/", "7 Text Canary says/", "8.t Date 12/31/2026/", "9.u Personal Canary Surname/", "custom_value Personal canary/",
                "hidden.collector_id Hidden 22/", "hidden.urn Hidden 100001/", "recipient_id Personal 77/",
            ],
            Shown(response));
        Assert.Equal(["Good", "Poor"], response.Questionnaire.Single(one => one.Field == "3.r2").Options);
        Assert.Equal("Grid Speed", response.Questionnaire.Single(one => one.Field == "3.r2").Text);
        Assert.Equal(["Apple", "Pear"], response.Questionnaire.Single(one => one.Field == "5").Options);
    }

    [Fact]
    public async Task Every_kind_of_answer_of_qualtrics()
    {
        var response = await FetchedAsync("qualtrics", "SV_1", "R_1", ("/SV_1", QualtricsSurvey), ("/responses/R_1", QualtricsResponse));
        Assert.Equal(("SV_1", "R_1", new DateTimeOffset(2026, 11, 2, 9, 20, 5, 123, TimeSpan.Zero), null, true), (response.Form, response.Id, response.Submitted, response.Updated, response.Finished));
        Assert.Equal(
            [
                "QID1 Single SENCO/2", "QID2 Multiple Reading/1 Maths/2", "QID3_1 Single Good/1", "QID3_2 Single Poor/2", "QID4 Scale 9/", "QID4_NPS_GROUP Scale Promoter/3", "QID5_1 Number 42/",
                "QID6_TEXT Text Canary says/", "QID7_FILE_ID Personal F_canary/", "QID9 Number 5/", "externalDataReference Personal canary-ref/", "hidden.urn Hidden 100001/",
                "recipientEmail Personal canary.mail@x.example/",
            ],
            Shown(response));
        Assert.Equal("Grid Speed", response.Questionnaire.Single(one => one.Field == "QID3_2").Text);
        Assert.Equal(["Leader", "SENCO"], response.Questionnaire.Single(one => one.Field == "QID1").Options);
    }

    [Theory]
    [InlineData("preview")]
    [InlineData("survey_preview")]
    public async Task A_preview_is_nobodys(string mode) =>
        Assert.Null(await FetchAsync("surveymonkey", "11", "r1", ("/details", MonkeySurvey), ("/responses/r1/details", MonkeyResponse.Replace("\"default\"", $"\"{mode}\"", StringComparison.Ordinal))));

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\"id\":\"r1\",\"pages\":[]}")]
    [InlineData("{\"id\":\"r1\",\"date_modified\":\"yesterday\",\"pages\":[]}")]
    [InlineData("{\"id\":\"r1\",\"date_modified\":\"2026-11-02T09:30:00Z\",\"pages\":[{\"questions\":7}]}")]
    [InlineData("{\"id\":\"r1\",\"date_modified\":\"2026-11-02T09:30:00Z\",\"pages\":[{\"questions\":[{\"id\":\"1\",\"answers\":[7]}]}]}")]
    public async Task What_is_no_response_is_told_and_quotes_nothing(string body)
    {
        var trouble = await Assert.ThrowsAsync<VendorTroubleException>(() => FetchAsync("surveymonkey", "11", "r1", ("/details", MonkeySurvey), ("/responses/r1/details", body)));
        Assert.Equal(Problems.VendorUnreadable, trouble.Kind);
    }

    [Theory]
    [InlineData("typeform")]
    [InlineData("surveymonkey")]
    [InlineData("qualtrics")]
    [InlineData("formbricks")]
    [InlineData("kobotoolbox")]
    [InlineData("smartsurvey")]
    public async Task Whatever_a_vendor_answers_instead_is_told_as_trouble_or_counted(string tool)
    {
        await using var vendor = HealingTests.Vendor(tool);
        if (vendor is QualtricsStandIn qualtrics) (qualtrics.Polls, qualtrics.Zips) = (0, false);
        await vendor.StartAsync();
        vendor.Submissions.AddRange(SeededSubmission.Made(3, 1));
        using var http = new VendorHttp(new VendorHttpOptions { Delay = TimeSpan.FromMilliseconds(1), BreakerThroughput = 100_000 }, TimeProvider.System);
        var (troubles, unread, source) = (0, 0, vendor.Source("a"));
        for (var seed = 0; seed < 150; seed++)
        {
            var call = new VendorCall(source, new Mutating(http, new Random(seed)), TimeProvider.System);
            try
            {
                await foreach (var page in source.Api.ListAsync(call, vendor.Form, SeededSubmission.First, new VendorListing(), Cancellation)) unread += page.Count(item => item.Response is null);
                if (source.Api.IsEventOnly) await source.Api.FetchAsync(call, vendor.Form, vendor.Id(vendor.Submissions[0]), Cancellation);
            }
            catch (VendorTroubleException trouble)
            {
                Assert.DoesNotContain("canary", trouble.Message, StringComparison.OrdinalIgnoreCase);
                troubles++;
            }
        }
        Assert.True(troubles > 0 && unread + troubles > 10, $"{troubles} {unread}");   // or it changed nothing that matters
    }

    [Fact]
    public async Task What_the_form_no_longer_has_costs_one_more_look_and_not_one_each_time()
    {
        await using var world = await World.CreateAsync(new SurveyMonkeyStandIn { Forgets = true }, azurite);
        world.Vendor.Submissions.AddRange(SeededSubmission.Made(5, 1));
        foreach (var submission in world.Vendor.Submissions) await world.DeliverAsync(submission);
        Assert.Equal(5, (await world.FetchAsync()).Fetched);
        Assert.Equal(2, world.Vendor.Asked.Count(asked => asked.EndsWith($"{world.Vendor.Form}/details", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task An_option_that_is_new_since_the_survey_was_read_is_learnt()
    {
        await using var world = await World.CreateAsync(new SurveyMonkeyStandIn { LearnsLate = true }, azurite);
        world.Vendor.Submissions.AddRange(SeededSubmission.Made(2, 1).Select(one => one with { Confidence = 5 }));
        foreach (var submission in world.Vendor.Submissions) await world.DeliverAsync(submission);
        Assert.Equal(2, (await world.FetchAsync()).Fetched);
        await world.AssertAllInOnceAsync();
        Assert.Equal(2, world.Vendor.Asked.Count(asked => asked.EndsWith($"{world.Vendor.Form}/details", StringComparison.Ordinal)));
    }

    private static IEnumerable<string> Shown(SurveyResponse response) =>
        response.Answers.Select(answer => $"{answer.Field} {answer.Kind} {string.Join(' ', answer.Values.Select(value => $"{value.Text}/{value.Id}"))}").Order(StringComparer.Ordinal);

    private static async Task<SurveyResponse> FetchedAsync(string tool, string form, string id, params (string Path, string Body)[] answers) => (await FetchAsync(tool, form, id, answers))!;

    private static Task<SurveyResponse?> FetchAsync(string tool, string form, string id, params (string Path, string Body)[] answers)
    {
        var source = new VendorSource("a", VendorApi.All[tool], new Uri("https://vendor.example"), "token", 1, 1);
        return source.Api.FetchAsync(new VendorCall(source, new Said(answers), TimeProvider.System), form, id, Cancellation);
    }

    /// <summary>Puts something else somewhere into an answer.</summary>
    private sealed class Mutating(IVendorHttp http, Random random) : IVendorHttp
    {
        private static readonly string[] Others = ["null", "7", "-1e99", "true", "\"\"", "\"x\"", "[]", "[7]", "{}", "{\"a\":[null]}", "99999999999999999999"];

        public async Task<VendorResponse> SendAsync(VendorSource source, VendorRequest request, CancellationToken cancellation)
        {
            var response = await http.SendAsync(source, request, cancellation);
            if (random.Next(3) == 0 || response.Status != 200) return response;
            var root = JsonNode.Parse(response.Body.Span)!;
            var nodes = Below(root).ToList();
            var other = JsonNode.Parse(Others[random.Next(Others.Length)]);
            if (random.Next(12) == 0 || nodes.Count == 0) return response with { Body = Encoding.UTF8.GetBytes(other?.ToJsonString() ?? "null") };
            nodes[random.Next(nodes.Count)](other);
            return response with { Body = Encoding.UTF8.GetBytes(root.ToJsonString()) };
        }

        private static IEnumerable<Action<JsonNode?>> Below(JsonNode? node) => node switch
        {
            JsonObject members => members.ToList().SelectMany(member => Below(member.Value).Prepend(other => members[member.Key] = other)),
            JsonArray items => items.ToList().SelectMany((item, index) => Below(item).Prepend(other => items[index] = other)),
            _ => [],
        };
    }

    /// <summary>Answers by the end of the path, the longest first.</summary>
    private sealed class Said((string Path, string Body)[] answers) : IVendorHttp
    {
        public Task<VendorResponse> SendAsync(VendorSource source, VendorRequest request, CancellationToken cancellation)
        {
            var answer = answers.OrderByDescending(one => one.Path.Length).First(one => request.Path.EndsWith(one.Path, StringComparison.Ordinal));
            return Task.FromResult(new VendorResponse(200, Encoding.UTF8.GetBytes(answer.Body)));
        }
    }
}
