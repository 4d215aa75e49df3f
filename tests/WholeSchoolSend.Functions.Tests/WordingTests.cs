using System.Text.Json;

namespace WholeSchoolSend.Functions.Tests;

/// <summary>Somebody rewords a question while it is being asked, and again from one wave to the next.</summary>
public sealed class WordingTests(Pipeline pipeline) : IClassFixture<Pipeline>
{
    private const string First = "Every teacher is responsible for pupils with SEND";
    private const string Mended = "All teachers are responsible for all pupils with SEND";
    private const string Anew = "In your school, is every teacher held responsible?";

    [Fact]
    public async Task A_reworded_question_is_taken_in_shown_and_never_mixed_until_somebody_says_so()
    {
        await pipeline.PutAsync("/api/waves/2026-autumn", Said.Wave);
        await pipeline.PutAsync("/api/waves/2027-spring", """{"title":"Spring 2027","from":"2027-03-01","to":"2027-03-20"}""");
        await pipeline.PutAsync("/api/instruments/leaders", Instrument());
        await pipeline.DropAsync("register", "engaged.csv", "urn,engaged_on,strand\n" + string.Concat(Enumerable.Range(0, 4).Select(school => $"{100001 + school},2026-01-05,a\n")));

        for (var i = 0; i < 40; i++) await AcceptedAsync($"first{i}", First, "2026-autumn", i % 4, i % 4 == 0 ? "No" : "Yes", day: 3);
        Assert.False((await HealthAsync()).TryGetProperty("wordings", out _));
        for (var i = 0; i < 20; i++) await AcceptedAsync($"mended{i}", Mended, "2026-autumn", i % 4, "No", day: 4);
        for (var i = 0; i < 40; i++) await AcceptedAsync($"anew{i}", Anew, "2027-spring", i % 4, "Yes", day: 5);

        // Shown to whoever looks, with its words to who may read them; health stays what it is.
        await pipeline.RunAsync("RecomputeKpis");
        var wordings = await WordingsAsync();
        Assert.Equal([(First, "first", 40), (Mended, "unreviewed", 20), (Anew, "unreviewed", 40)], wordings.Select(one => (one.Text, one.State, one.Respondents)));
        var health = await Pipeline.EventuallyAsync(
            async () => await HealthAsync() is var told && told.TryGetProperty("wordings", out var list) && list.GetArrayLength() == 2 && list[0].GetProperty("respondents").GetInt32() == 20 ? (object)told : null,
            "health to warn of two wordings", seconds: 60);
        Assert.Equal("healthy", ((JsonElement)health).GetProperty("status").GetString());
        Assert.Equal([wordings[1].Hash, wordings[2].Hash], ((JsonElement)health).GetProperty("wordings").EnumerateArray().Select(one => one.GetProperty("wording").GetString()));
        Assert.Equal("leaders_typeform", ((JsonElement)health).GetProperty("wordings")[0].GetProperty("source").GetString());

        // 30 of 40 said yes to the first words; the 20 who were asked in others are not among them.
        var (autumn, spring) = Results(await pipeline.PublishAsync());
        Assert.Equal((75.0, 40, wordings[0].Hash, 20), Told(autumn));
        Assert.Equal((100.0, 40, wordings[2].Hash, null), Told(spring));
        Assert.Equal("wording_changed 2026-autumn", Break(spring));
        Assert.Null(Break(autumn));

        // Nobody has looked at the mended words: this wave is not issued, whatever it says.
        await pipeline.PostAsync("/api/waves/2026-autumn/close", """{"reason":"fieldwork complete"}""");
        Assert.Empty(K1(await pipeline.LatestAsync("snapshots")).EnumerateArray());

        await pipeline.PutAsync("/api/instruments/leaders", Instrument($$"""{"hash":"{{wordings[1].Hash}}","same":true,"note":"a typing error was mended"},{"hash":"{{wordings[2].Hash}}","same":false}"""));
        (autumn, spring) = Results(await pipeline.PublishAsync());
        Assert.Equal((50.0, 60, wordings[0].Hash, null), Told(autumn));
        Assert.Equal("wording_changed 2026-autumn", Break(spring));
        Assert.Equal(["first", "same", "series"], (await WordingsAsync()).Select(one => one.State));

        // Issued now, with the break for everybody to see, and repeated word for word.
        await pipeline.PostAsync("/api/waves/2027-spring/close", """{"reason":"fieldwork complete"}""");
        var published = (await pipeline.LatestAsync("snapshots"))!.Value;
        Assert.Equal([null, "wording_changed 2026-autumn"], K1(published).EnumerateArray().Select(Break));
        Assert.Empty(Core.JsonSchema.Parse(await pipeline.Http.GetByteArrayAsync("/schema/snapshot-1.json")).Check(JsonSerializer.SerializeToUtf8Bytes(published)).Problems);
        await AcceptedAsync("late", First, "2026-autumn", 0, "Yes", day: 6);
        Assert.Equal(K1(published).GetRawText(), K1(await pipeline.PublishAsync("snapshots")).GetRawText());
    }

    private static string Instrument(string? wordings = null) => $$"""
        {"title":"Leaders","collection":"leaders","form":{"source":"leaders_typeform","id":"tLead"},"wave":{"field":"hidden.wave"},
         "school":{"field":"hidden.urn"},"role":{"value":"leader"},
         "items":[{"indicator":"every-teacher-responsible","field":"every","codes":{"Yes":"fully","No":"not"}{{(wordings is null ? "" : $",\"wordings\":[{wordings}]")}}}]}
        """;

    private async Task AcceptedAsync(string token, string title, string wave, int school, string answer, int day)
    {
        var reply = await Pipeline.JsonAsync(await pipeline.Http.SendTypeformAsync(
            $$$"""
            {"form_response":{"form_id":"tLead","token":"{{{token}}}","submitted_at":"2026-11-0{{{day}}}T09:00:00Z","hidden":{"urn":"{{{100001 + school}}}","wave":"{{{wave}}}"},
             "definition":{"fields":[{"id":"f1","ref":"every","title":"{{{title}}}","type":"multiple_choice","choices":[{"id":"y","label":"Yes"},{"id":"n","label":"No"}]}]},
             "answers":[{"type":"choice","choice":{"label":"{{{answer}}}"},"field":{"id":"f1","ref":"every","type":"multiple_choice"}}]}}
            """, source: "leaders_typeform"));
        Assert.Equal(1, reply.GetProperty("accepted").GetInt32());
    }

    private async Task<JsonElement> HealthAsync() => await Pipeline.JsonAsync(await pipeline.Http.GetAsync("/api/health/details"));

    private async Task<List<(string Hash, string Text, string State, int Respondents)>> WordingsAsync() =>
        (await Pipeline.JsonAsync(await pipeline.Http.GetAsync("/api/instruments/leaders/wordings"))).GetProperty("wordings").EnumerateArray()
            .Select(one => (one.GetProperty("wording").GetString()!, one.GetProperty("text").GetString()!, one.GetProperty("state").GetString()!, one.GetProperty("respondents").GetInt32()))
            .ToList();

    private static JsonElement K1(JsonElement? document) => document!.Value.GetProperty("kpis").EnumerateArray().First(kpi => kpi.GetProperty("id").GetString() == "K1")
        .GetProperty("readings").EnumerateArray().First(reading => reading.GetProperty("id").GetString() == "K1.leaders").GetProperty("results");

    private static (JsonElement Autumn, JsonElement Spring) Results(JsonElement? document) => (K1(document)[0], K1(document)[1]);

    private static (double Value, int Base, string? Wording, int? HeldApart) Told(JsonElement result)
    {
        var figure = result.GetProperty("figures")[0];
        return (
            figure.GetProperty("value").GetDouble(), figure.GetProperty("base").GetInt32(), result.GetProperty("wording").GetString(),
            result.TryGetProperty("heldApart", out var apart) ? apart.GetProperty("respondents").GetInt32() : null);
    }

    private static string? Break(JsonElement result) =>
        result.TryGetProperty("trendBreak", out var broken) ? $"{broken.GetProperty("reason").GetString()} {broken.GetProperty("wave").GetString()}" : null;
}
