using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace WholeSchoolSend.Functions.Tests;

/// <summary>What survey tools are told, and what is stored then.</summary>
public sealed class WebhookTests(Pipeline pipeline) : IClassFixture<Pipeline>, IAsyncLifetime
{
    public async ValueTask InitializeAsync()
    {
        await pipeline.PutAsync("/api/instruments/teachers-pre", Said.TeachersPre);
        await pipeline.PutAsync("/api/instruments/leaders-form", Said.LeadersForm);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task The_reply_says_what_became_of_each_response()
    {
        var response = await pipeline.Http.SendTypeformAsync(Said.Typeform("t-reply", 4));
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal(
            """{"received":1,"accepted":1,"duplicate":0,"revised":0,"conflict":0,"quarantined":0,"pending":0,"erased":0}""",
            await response.Content.ReadAsStringAsync());
        Assert.Equal(1, Fate(await pipeline.Http.SendTypeformAsync(Said.Typeform("t-reply", 4)), "duplicate"));
        Assert.Equal(1, Fate(await pipeline.Http.SendTypeformAsync(Said.Typeform("t-reply", 5)), "conflict"));
        Assert.Equal(1, Fate(await pipeline.Http.SendTypeformAsync(Said.Typeform("t-second-secret", 4), Pipeline.NextTypeformSecret), "accepted"));
    }

    [Fact]
    public async Task Whatever_is_not_signed_with_a_live_secret_is_refused_and_not_kept()
    {
        var response = await pipeline.Http.SendTypeformAsync(Said.Typeform("t-forged", 4), "another-secret-altogether");
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
        Assert.Equal(("urn:whole-school-send:problem:signature-invalid", 401, "signature-invalid"), (problem.GetProperty("type").GetString(), problem.GetProperty("status").GetInt32(), problem.GetProperty("code").GetString()));
        Assert.Equal(HttpStatusCode.Unauthorized, (await pipeline.Http.PostAsync("/api/webhooks/teachers_typeform", new StringContent("{}"))).StatusCode);
        // Signed for another source's tool is not signed for this one.
        Assert.Equal(HttpStatusCode.Unauthorized, (await pipeline.Http.SendTypeformAsync(Said.Typeform("t-forged", 4), source: "leaders_json")).StatusCode);
        Assert.Equal(1, Fate(await pipeline.Http.SendTypeformAsync(Said.Typeform("t-forged", 4)), "accepted"));
    }

    [Fact]
    public async Task No_webhook_path_ever_answers_what_senders_punish()
    {
        Assert.Equal(HttpStatusCode.OK, (await pipeline.Http.GetAsync("/api/webhooks/teachers_typeform")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await pipeline.Http.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/api/webhooks/teachers_typeform"))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await pipeline.Http.SendAsync(new HttpRequestMessage(HttpMethod.Options, "/api/webhooks/teachers_typeform"))).StatusCode);
        var unknown = await pipeline.Http.PostAsync("/api/webhooks/nobody", new StringContent("{}"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, unknown.StatusCode);
        Assert.NotNull(unknown.Headers.RetryAfter);
        Assert.Equal(HttpStatusCode.OK, (await pipeline.Http.PostAsync("/api/webhooks/old_typeform", new StringContent("anything"))).StatusCode);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await pipeline.Http.PostAsync("/api/webhooks/teachers_typeform", new ByteArrayContent(new byte[(8 * 1024 * 1024) + 1]))).StatusCode);
    }

    [Theory]
    [InlineData("{\"form_response\":")]
    [InlineData("not json at all: canary")]
    [InlineData("{\"form_response\":{\"form_id\":\"tPre\"}}")]
    public async Task Authentic_but_not_understood_is_kept_and_answered_200(string body) =>
        Assert.Equal(1, Fate(await pipeline.Http.SendTypeformAsync(body), "quarantined"));

    [Fact]
    public async Task A_response_no_instrument_codes_waits_in_quarantine_without_its_person()
    {
        Assert.Equal(1, Fate(await pipeline.Http.SendTypeformAsync(Said.Typeform("t-unmapped", 4, form: "tOther")), "quarantined"));
        Assert.Equal(1, Fate(await pipeline.Http.SendTypeformAsync(Said.Typeform("t-nine", 9)), "quarantined"));
        var tables = new Azure.Data.Tables.TableServiceClient(pipeline.ConnectionString);
        var stored = new StringBuilder();
        await foreach (var table in tables.QueryAsync())
            await foreach (var row in tables.GetTableClient(table.Name).QueryAsync<Azure.Data.Tables.TableEntity>())
                foreach (var cell in row) stored.Append(cell.Key).Append(' ').Append(cell.Value is byte[] bytes ? Encoding.UTF8.GetString(bytes) : cell.Value).AppendLine();
        Assert.Contains("answer-unknown", stored.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("school.example", stored.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("canary text", stored.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Standard_webhooks_are_verified_with_their_time()
    {
        Assert.Equal(HttpStatusCode.OK, (await SendStandardAsync(TimeProvider.System.GetUtcNow())).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await SendStandardAsync(TimeProvider.System.GetUtcNow().AddMinutes(-6))).StatusCode);
    }

    [Fact]
    public async Task The_same_delivery_many_times_at_once_is_one_response()
    {
        var body = Said.Typeform("t-at-once", 3);
        var replies = await Task.WhenAll(Enumerable.Range(0, 24).Select(_ => pipeline.Http.SendTypeformAsync(body)));
        var fates = replies.Select(reply => Assert.Single(new[] { "accepted", "duplicate" }, name => Fate(reply, name) == 1)).ToList();
        Assert.Equal(1, fates.Count(fate => fate == "accepted"));
    }

    [Fact]
    public async Task Documents_are_checked_and_every_version_is_kept()
    {
        var problems = await pipeline.PutAsync("/api/instruments/broken", """{"title":"","collection":"Teachers","items":[{"indicator":"nothing","field":"f","codes":{}}],"extra":1}""", 422);
        Assert.Equal(
            ["/title", "/collection", "/wave", "/items/0/codes", "/extra"],
            problems.GetProperty("problems").EnumerateArray().Select(problem => problem.GetProperty("where").GetString()).OrderBy(where => Array.IndexOf(["/title", "/collection", "/wave", "/items/0/codes", "/extra"], where)));
        Assert.Equal("collection-fixed", (await pipeline.PutAsync("/api/instruments/teachers-pre", Said.TeachersPre.Replace("\"teachers\"", "\"others\"", StringComparison.Ordinal), 422)).GetProperty("code").GetString());
        Assert.Equal("form-taken", (await pipeline.PutAsync("/api/instruments/teachers-again", Said.TeachersPre, 422)).GetProperty("code").GetString());
        Assert.Equal("answer-code-unknown", (await pipeline.PutAsync("/api/instruments/teachers-codes", Said.TeachersPre.Replace("\"5\":\"5\"", "\"5\":\"five\"", StringComparison.Ordinal).Replace("tPre", "tCodes", StringComparison.Ordinal), 422)).GetProperty("code").GetString());
        Assert.Equal("id-invalid", (await pipeline.PutAsync("/api/instruments/Not_an_id", Said.TeachersPre, 422)).GetProperty("code").GetString());

        var second = await pipeline.Http.PutAsync("/api/instruments/versions", new StringContent(Said.TeachersPre.Replace("tPre", "tVersions", StringComparison.Ordinal)));
        Assert.Equal("1", second.Headers.GetValues("Instrument-Version").Single());
        second = await pipeline.Http.PutAsync("/api/instruments/versions", new StringContent(Said.TeachersPre.Replace("tPre", "tVersions", StringComparison.Ordinal).Replace("before", "earlier", StringComparison.Ordinal)));
        Assert.Equal("2", second.Headers.GetValues("Instrument-Version").Single());
        Assert.Equal("Teachers, before", (await Pipeline.JsonAsync(await pipeline.Http.GetAsync("/api/instruments/versions?version=1"))).GetProperty("title").GetString());
        Assert.Equal("Teachers, earlier", (await Pipeline.JsonAsync(await pipeline.Http.GetAsync("/api/instruments/versions"))).GetProperty("title").GetString());
        Assert.Equal(HttpStatusCode.NotFound, (await pipeline.Http.GetAsync("/api/instruments/none")).StatusCode);
        foreach (var version in new[] { "3", "0", "x", "-1", "99999999999999" })
            Assert.Equal(HttpStatusCode.NotFound, (await pipeline.Http.GetAsync($"/api/instruments/versions?version={version}")).StatusCode);
    }

    [Theory]
    [InlineData("leaders-*.csv", "*", true)]
    [InlineData("leaders-*.csv", "*-2026.CSV", true)]
    [InlineData("leaders-*.csv", "senco-*.csv", false)]
    [InlineData("a*b", "ab*", true)]
    [InlineData("a*b", "a*c", false)]
    [InlineData("one.csv", "one.csv", true)]
    [InlineData("one.csv", "two.csv", false)]
    public async Task Two_polls_of_a_supplier_never_claim_one_file(string one, string other, bool overlap)
    {
        var supplier = $"s{Math.Abs(HashCode.Combine(one, other))}";
        string Poll(string files) => Said.TeachersPre.Replace("\"form\":{\"source\":\"teachers_typeform\",\"id\":\"tPre\"}", $"\"poll\":{{\"supplier\":\"{supplier}\",\"files\":\"{files}\"}}", StringComparison.Ordinal);
        await pipeline.PutAsync($"/api/instruments/{supplier}-1", Poll(one));
        var answer = await pipeline.PutAsync($"/api/instruments/{supplier}-2", Poll(other), overlap ? 422 : 200);
        if (overlap) Assert.Equal("form-taken", answer.GetProperty("code").GetString());
        Assert.Equal(422, (int)(await pipeline.Http.PutAsync($"/api/instruments/{supplier}-3", new StringContent(Poll("x").Replace(supplier, "register", StringComparison.Ordinal)))).StatusCode);
    }

    [Fact]
    public async Task What_an_instrument_leaves_open_or_says_twice_is_asked_for()
    {
        var open = Said.TeachersPre.Replace("tPre", "tOpen", StringComparison.Ordinal);
        foreach (var (part, instead, where) in new[]
        {
            ("\"role\":{\"value\":\"teacher\"}", "\"role\":{\"field\":\"role\"}", "/role/codes"),
            ("\"stage\":{\"value\":\"pre\"}", "\"stage\":{\"field\":\"stage\"}", "/stage/codes"),
            ("\"5\":\"5\"", "\"5\":\"5\",\" 5\":\"4\"", "/items/0/codes/5"),
        })
            Assert.Equal(where, (await pipeline.PutAsync("/api/instruments/open", open.Replace(part, instead, StringComparison.Ordinal), 422)).GetProperty("problems")[0].GetProperty("where").GetString());
    }

    [Fact]
    public async Task A_wave_is_closed_once_with_a_reason_and_stands_then()
    {
        Assert.Equal("dates-invalid", (await pipeline.PutAsync("/api/waves/w1", """{"title":"W","from":"2026-02-02","to":"2026-02-01"}""", 422)).GetProperty("code").GetString());
        await pipeline.PutAsync("/api/waves/w1", """{"title":"W","from":"2026-02-01","to":"2026-02-02"}""");
        Assert.Equal("reason-missing", (await pipeline.PostAsync("/api/waves/w1/close", "{}", 422)).GetProperty("code").GetString());
        Assert.Equal("reason-missing", (await pipeline.PostAsync("/api/waves/w1/close", """{"reason":"    "}""", 422)).GetProperty("code").GetString());
        Assert.Equal("document-invalid", (await pipeline.PostAsync("/api/waves/w1/close", """{"because":"complete"}""", 422)).GetProperty("code").GetString());
        Assert.Equal("not-found", (await pipeline.PostAsync("/api/waves/w2/close", """{"reason":"complete"}""", 404)).GetProperty("code").GetString());
        var closed = await pipeline.PostAsync("/api/waves/w1/close", """{"reason":"complete"}""");
        Assert.Equal(closed.GetRawText(), (await pipeline.PostAsync("/api/waves/w1/close", """{"reason":"again"}""")).GetRawText());
        Assert.Equal("wave-closed", (await pipeline.PutAsync("/api/waves/w1", """{"title":"W","from":"2026-01-01","to":"2026-02-02"}""", 409)).GetProperty("code").GetString());
    }

    [Fact]
    public async Task Health_touches_storage() => Assert.Equal("healthy", (await Pipeline.JsonAsync(await pipeline.Http.GetAsync("/api/health"))).GetProperty("status").GetString());

    [Fact]
    public async Task An_event_with_its_secret_in_the_address_is_pending()
    {
        const string body = """{"event_type":"response_completed","object_type":"response","object_id":"r1","event_datetime":"2026-11-02T09:30:00+00:00","resources":{"survey_id":"11"}}""";
        foreach (var (query, status) in new[] { ($"?key={Uri.EscapeDataString(Pipeline.TypeformSecret)}", HttpStatusCode.OK), ("?key=wrong", HttpStatusCode.Unauthorized), ("", HttpStatusCode.Unauthorized) })
        {
            using var content = new StringContent(body, null, "application/vnd.surveymonkey.response.v1+json");
            var response = await pipeline.Http.PostAsync("/api/webhooks/leaders_monkey" + query, content);
            Assert.Equal(status, response.StatusCode);
            if (status == HttpStatusCode.OK) Assert.Equal(1, Fate(response, "pending"));
        }
    }

    [Fact]
    public async Task A_sender_of_cloud_events_is_told_that_it_may_send()
    {
        var asks = new HttpRequestMessage(HttpMethod.Options, "/api/webhooks/leaders_events");
        asks.Headers.Add("WebHook-Request-Origin", "eventemitter.example.com");
        asks.Headers.Add("WebHook-Request-Rate", "120");
        var response = await pipeline.Http.SendAsync(asks);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("eventemitter.example.com", response.Headers.GetValues("WebHook-Allowed-Origin").Single());
        Assert.Equal("*", response.Headers.GetValues("WebHook-Allowed-Rate").Single());
        Assert.Equal(["POST"], response.Content.Headers.Allow);
    }

    private async Task<HttpResponseMessage> SendStandardAsync(DateTimeOffset at)
    {
        var body = $$"""{"type":"response.finished","timestamp":"2026-11-02T10:00:00Z","data":{{Said.Leader("standard", "100001", "s@school.example", "leader", "fully", 1)}}}""";
        var time = at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var mac = HMACSHA256.HashData(Convert.FromBase64String(Pipeline.StandardSecret["whsec_".Length..]), Encoding.UTF8.GetBytes($"msg_1.{time}.{body}"));
        var request = Said.Signed("/api/webhooks/leaders_standardwebhooks", body, "webhook-signature", "v1," + Convert.ToBase64String(mac));
        request.Headers.Add("webhook-id", "msg_1");
        request.Headers.Add("webhook-timestamp", time);
        return await pipeline.Http.SendAsync(request);
    }

    private static int Fate(HttpResponseMessage response, string name)
    {
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        using var json = JsonDocument.Parse(response.Content.ReadAsStream());
        response.Content.ReadAsStream().Position = 0;
        return json.RootElement.GetProperty(name).GetInt32();
    }
}
