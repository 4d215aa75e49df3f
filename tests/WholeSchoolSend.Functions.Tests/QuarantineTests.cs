using System.Net;
using System.Text.Json;

namespace WholeSchoolSend.Functions.Tests;

/// <summary>What an operator sees of what was not understood, and does about it.</summary>
public sealed class QuarantineTests(Pipeline pipeline) : IClassFixture<Pipeline>
{
    [Theory]
    [InlineData("reason=answer-unknwon", "reason")]
    [InlineData("from=2026-11-03&to=2026-11-02", "to")]
    public async Task A_question_with_a_slip_is_told_so(string question, string where)
    {
        var problem = await Pipeline.JsonAsync(await pipeline.Http.GetAsync($"/api/quarantine?{question}", TestContext.Current.CancellationToken), 422);
        Assert.Equal(("parameter-invalid", where), (Text(problem, "code"), Text(problem.GetProperty("problems")[0], "where")));
        Assert.Equal("/reason", Text((await pipeline.PostAsync("/api/quarantine/replay", """{"reason":"answer-unknwon"}""", 422)).GetProperty("problems")[0], "where"));
    }

    [Fact]
    public async Task A_response_that_came_before_its_instrument_is_replayed_after_it()
    {
        Assert.Equal(1, await FateAsync(Said.Typeform("q-1", 4), "quarantined"));
        Assert.Equal(1, await FateAsync(Said.Typeform("q-2", 9), "quarantined"));
        Assert.Equal(1, await FateAsync("no JSON, but the canary", "quarantined"));

        var listed = await GetAsync("/api/quarantine?source=teachers_typeform&reason=instrument-missing&state=waiting");
        var entry = listed.GetProperty("entries")[1];
        Assert.Equal(
            ("teachers_typeform", "webhook", "waiting", "tPre", false, "instrument-missing"),
            (Text(entry, "source"), Text(entry, "channel"), Text(entry, "state"), Text(entry, "form"), entry.GetProperty("raw").GetBoolean(), Text(entry.GetProperty("reasons")[0], "code")));
        Assert.Equal(64, Text(entry, "identity").Length);
        var id = Text(entry, "id");
        Assert.Equal(entry.GetRawText(), (await GetAsync($"/api/quarantine/{Uri.EscapeDataString(id)}")).GetRawText());

        await pipeline.PutAsync("/api/instruments/teachers-pre", Said.TeachersPre);
        var replayed = await pipeline.PostAsync("/api/quarantine/replay", """{"source":"teachers_typeform"}""");
        Assert.Equal(
            (3, 1, 1, 2, 0, 2),
            (Number(replayed, "tried"), Number(replayed, "replayed"), Number(replayed.GetProperty("fates"), "accepted"), Number(replayed, "stillWaiting"), Number(replayed, "byOthers"), Number(replayed, "waiting")));
        Assert.Equal(0, Number(await pipeline.PostAsync("/api/quarantine/replay", """{"source":"teachers_typeform","reason":"instrument-missing"}"""), "tried"));
        Assert.Equal(1, await FateAsync(Said.Typeform("q-1", 4), "duplicate"));

        var entries = (await GetAsync("/api/quarantine?source=teachers_typeform")).GetProperty("entries").EnumerateArray().ToDictionary(one => Text(one.GetProperty("reasons")[0], "code") + " " + Text(one, "state"));
        Assert.Equal(["answer-unknown waiting", "body-undecodable waiting", "instrument-missing replayed"], entries.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("teachers-pre", Text(entries["answer-unknown waiting"].GetProperty("instrument"), "id"));
        Assert.Equal(1, Number(entries["instrument-missing replayed"].GetProperty("replay").GetProperty("fates"), "accepted"));
        Assert.Equal(id, Text(entries["instrument-missing replayed"], "id"));

        var ledger = await GetAsync("/api/ledger?source=teachers_typeform");
        Assert.Equal(
            ["webhook 4: duplicate 1 quarantined 3", "replayed 1: accepted 1"],
            ledger.GetProperty("days").EnumerateArray().Select(day => $"{Text(day, "channel")} {Number(day, "received")}: {string.Join(' ', day.EnumerateObject().Where(fate => fate.Name != "received" && fate.Value.ValueKind == JsonValueKind.Number && fate.Value.GetInt32() > 0).Select(fate => $"{fate.Name} {fate.Value}"))}"));
        var waiting = ledger.GetProperty("waiting").GetProperty("quarantine")[0];
        Assert.Equal((2, """{"answer-unknown":1,"body-undecodable":1}"""), (Number(waiting, "entries"), waiting.GetProperty("reasons").GetRawText()));
        // The same question, the same bytes.
        Assert.Equal(ledger.GetRawText(), (await GetAsync("/api/ledger?source=teachers_typeform")).GetRawText());
        foreach (var shown in (string[])[listed.GetRawText(), (await GetAsync("/api/quarantine?source=teachers_typeform")).GetRawText()])
        {
            Assert.DoesNotContain("canary", shown, StringComparison.Ordinal);
            Assert.DoesNotContain("school.example", shown, StringComparison.Ordinal);
        }

        using var csv = new HttpRequestMessage(HttpMethod.Get, "/api/ledger") { Headers = { { "Accept", "text/csv" } } };
        var table = await pipeline.Http.SendAsync(csv);
        Assert.Equal("text/csv", table.Content.Headers.ContentType?.MediaType);
        Assert.Contains(",teachers_typeform,replayed,1,1,0,0,0,0,0,0\r\n", await table.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Questions_that_cannot_be_answered_are_told_why()
    {
        foreach (var (path, status, code) in (IEnumerable<(string, int, string)>)[
            ("/api/quarantine?state=lost", 422, "parameter-invalid"), ("/api/quarantine?limit=0", 422, "parameter-invalid"), ("/api/quarantine?continue=x", 422, "parameter-invalid"),
            ("/api/quarantine/none", 404, "not-found"), ("/api/ledger?from=2026-01-01&to=2026-12-31", 422, "range-too-long"), ("/api/ledger?from=today", 422, "parameter-invalid")])
            Assert.Equal(code, Text(await Pipeline.JsonAsync(await pipeline.Http.GetAsync(path), status), "code"));
        Assert.Equal("document-invalid", Text(await pipeline.PostAsync("/api/quarantine/replay", "{}", 422), "code"));
        Assert.Equal("not-found", Text(await pipeline.PostAsync("/api/quarantine/replay", """{"id":"none"}""", 404), "code"));
    }

    [Fact]
    public async Task Raw_bodies_are_removed_by_timer()
    {
        await pipeline.RunAsync("ApplyRetention");
        Assert.Contains(pipeline.Log.Lines, line => line.Contains("Removed 0 bodies", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Pages_of_the_quarantine_go_on_by_the_token()
    {
        for (var i = 0; i < 5; i++) Assert.Equal(1, Number(await Pipeline.JsonAsync(await pipeline.Http.SendJsonAsync("{}")), "quarantined"));
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var address = "/api/quarantine?limit=2&source=leaders_json";
        for (string? after = ""; after is not null;)
        {
            var page = await GetAsync(address + after);
            Assert.InRange(page.GetProperty("entries").GetArrayLength(), 1, 2);
            foreach (var entry in page.GetProperty("entries").EnumerateArray()) Assert.True(seen.Add(Text(entry, "id")));
            after = page.TryGetProperty("continue", out var next) ? "&continue=" + next.GetString() : null;
        }
        Assert.Equal(5, seen.Count);
    }

    private async Task<int> FateAsync(string body, string fate)
    {
        var response = await pipeline.Http.SendTypeformAsync(body);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return Number(await Pipeline.JsonAsync(response), fate);
    }

    private async Task<JsonElement> GetAsync(string path) => await Pipeline.JsonAsync(await pipeline.Http.GetAsync(path));

    private static string Text(JsonElement of, string name) => of.GetProperty(name).GetString()!;

    private static int Number(JsonElement of, string name) => of.GetProperty(name).GetInt32();
}
