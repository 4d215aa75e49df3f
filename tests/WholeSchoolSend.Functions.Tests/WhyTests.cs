using System.Text.Json;

namespace WholeSchoolSend.Functions.Tests;

/// <summary>Why a number changed, and what was wrong in what was published: asked of the documents themselves.</summary>
public sealed class WhyTests(Pipeline pipeline) : IClassFixture<Pipeline>
{
    private const string Wave = "2026-autumn";

    [Fact]
    public async Task A_snapshot_says_what_moved_each_figure_and_an_erratum_stands_with_what_it_concerns()
    {
        await pipeline.PutAsync("/api/instruments/leaders", Said.LeadersForm);
        await pipeline.PutAsync($"/api/waves/{Wave}", """{"title":"Autumn 2026","from":"2026-11-02","to":"2026-11-20"}""");
        await pipeline.DropAsync("register", "engaged.csv", "urn,engaged_on,strand\n100001,2026-01-10,mentoring\n");
        await SendAsync([.. Enumerable.Range(0, 4).Select(person => Leader(person, "fully"))]);
        var first = await PublishAsync();
        Assert.False(Pooled(first).TryGetProperty("changes", out _));
        Assert.Equal("""{"leaders":1}""", Instruments(first));
        Assert.Equal(4, Supply(first).GetProperty("moved").GetProperty("arrived").GetInt32());

        // Two came, one of the first said something else, and one says again what was said.
        await SendAsync([Leader(4, "not"), Leader(5, "not"), Leader(0, "not", "2026-11-04T09:00:00Z"), Leader(1, "fully")]);
        var second = await PublishAsync();
        Assert.Equal(["late_data 2", "revision 1"], Changes(Pooled(second)));
        Assert.False(Reading(second, "R1", "R1.direct").TryGetProperty("changes", out _));

        // The school leaves the engaged, and nobody answered anew.
        await pipeline.DropAsync("register", "engaged.csv", "urn,engaged_on,strand\n100002,2026-01-10,mentoring\n");
        Assert.Equal(["register (engagements)"], Changes(Pooled(await PublishAsync())));

        // Codes are mended: everybody's answer is mapped again.
        await pipeline.PutAsync("/api/instruments/leaders", Said.LeadersForm.Replace("\"fully\":\"fully\"", "\"fully\":\"partly\"", StringComparison.Ordinal));
        var mended = await PublishAsync();
        Assert.Equal(["instrument 3 (leaders)"], Changes(Pooled(mended)));
        Assert.Equal("""{"leaders":2}""", Instruments(mended));

        var id = (await pipeline.ReadAsync("snapshots-internal", "latest.json"))!.Value.GetProperty("id").GetString()!;
        var refused = await pipeline.PutAsync("/api/errata/codes", $$"""{"on":"2026-11-24","text":"The answer fully was read as partly.","snapshots":["{{id}}","{{new string('0', 32)}}"],"kpis":["K1","K99"]}""", 422);
        Assert.Equal(["/snapshots/1", "/kpis/1"], refused.GetProperty("problems").EnumerateArray().Select(problem => problem.GetProperty("where").GetString()));
        await pipeline.PutAsync("/api/errata/codes", $$"""{"on":"2026-11-24","text":"The answer fully was read as partly.","snapshots":["{{id}}"],"kpis":["K1"],"wave":"{{Wave}}"}""");
        var last = await PublishAsync();
        var erratum = Assert.Single(last.GetProperty("errata").EnumerateArray());
        Assert.Equal(("codes", id), (erratum.GetProperty("id").GetString(), erratum.GetProperty("snapshots")[0].GetString()));
        var index = (await pipeline.ReadAsync("snapshots-internal", "index.json"))!.Value.GetProperty("snapshots").EnumerateArray().ToList();
        Assert.Equal("codes", Assert.Single(index, entry => entry.GetProperty("id").GetString() == id).GetProperty("errata")[0].GetString());
        Assert.Single(index, entry => entry.TryGetProperty("errata", out _));

        // What is issued keeps the version it was issued by, also where the next one makes nothing else of the answers.
        await pipeline.PostAsync($"/api/waves/{Wave}/close", """{"reason":"fieldwork complete"}""");
        await pipeline.PutAsync("/api/instruments/leaders", Said.LeadersForm.Replace("\"fully\":\"fully\"", "\"fully\":\"partly\",\"never asked\":\"not\"", StringComparison.Ordinal));
        Assert.Equal("""{"leaders":3}""", Instruments(await PublishAsync()));
        Assert.Equal("""{"leaders":2}""", Instruments((await pipeline.LatestAsync("snapshots"))!.Value));
    }

    private static string Leader(int person, string answer, string? updated = null) =>
        Said.Leader($"why-{person}", "100001", $"why{person}@school.example", "leader", answer, 1, updated: updated);

    private async Task SendAsync(string[] leaders) => Assert.Equal(System.Net.HttpStatusCode.OK, (await pipeline.Http.SendJsonAsync($"[{string.Join(',', leaders)}]")).StatusCode);

    private async Task<JsonElement> PublishAsync()
    {
        var document = await pipeline.PublishAsync();
        Assert.NotNull(document);
        return document.Value;
    }

    private static JsonElement Supply(JsonElement document) => Assert.Single(document.GetProperty("evidence").GetProperty("supplies").EnumerateArray());

    private static string Instruments(JsonElement document) => Pooled(document).GetProperty("instruments").GetRawText();

    private static JsonElement Pooled(JsonElement document) => Reading(document, "K1", "K1.pooled");

    private static JsonElement Reading(JsonElement document, string kpi, string reading) => document.GetProperty("kpis").EnumerateArray().Single(one => one.GetProperty("id").GetString() == kpi)
        .GetProperty("readings").EnumerateArray().Single(one => one.GetProperty("id").GetString() == reading).GetProperty("results").EnumerateArray().Last();

    private static IEnumerable<string> Changes(JsonElement result) => result.GetProperty("changes").EnumerateArray().Select(mover =>
        mover.GetProperty("cause").GetString() + (mover.TryGetProperty("count", out var count) ? $" {count.GetInt32()}" : "") + (mover.TryGetProperty("what", out var what) ? $" ({what.GetString()})" : ""));
}
