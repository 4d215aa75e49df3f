using System.Text.Json;

namespace WholeSchoolSend.Functions.Tests;

/// <summary>Interviews of organisations from what comes in to what is told, with everything that may happen to them on the way.</summary>
public sealed class OrganisationTests : IAsyncLifetime
{
    private const string Instrument = """
        {"title":"Interviews","collection":"stakeholders","form":{"source":"interviews_json","id":"stakeholders"},"subject":"organisation","organisation":{"field":"hidden.organisation"},
         "wave":{"value":"panel"},"stage":{"field":"hidden.stage","codes":{"first":"pre","last":"post"}},
         "items":[{"indicator":"send-review-awareness","field":"awareness","codes":{"none":"0","heard":"1","knows":"2","well":"3"}}]}
        """;

    private const string File = """
        {"title":"Interviews, file","collection":"stakeholders","poll":{"supplier":"evaluation"},"subject":"organisation","organisation":{"field":"organisation"},
         "wave":{"value":"panel"},"stage":{"value":"post"},"items":[{"indicator":"send-review-awareness","field":"awareness","codes":{"0":"0","1":"1","2":"2","3":"3"}}]}
        """;

    private readonly Pipeline _pipeline = new();

    public ValueTask InitializeAsync() => _pipeline.InitializeAsync();

    public ValueTask DisposeAsync() => _pipeline.DisposeAsync();

    [Fact]
    public async Task Interviews_are_revised_repeated_moved_and_mapped_again_like_any_response()
    {
        await _pipeline.PutAsync("/api/waves/panel", """{"title":"Panel","from":"2025-06-02","to":"2026-10-30"}""");
        await _pipeline.PutAsync("/api/instruments/stakeholders", Instrument);
        await _pipeline.PutAsync("/api/instruments/stakeholders-file", File);
        foreach (var organisation in Enumerable.Range(1, 12)) Assert.Equal("accepted", await SendAsync($"r{organisation}", $"body-{organisation}", "first", "none"));
        await _pipeline.DropAsync("poll-drop", "evaluation/last.csv", "organisation,awareness\n" + string.Concat(Enumerable.Range(1, 12).Select(organisation => $"body-{organisation},{(organisation <= 9 ? 2 : 0)}\n")));
        Assert.Equal("12 rose 9 fell 0", await ToldAsync());

        Assert.Equal("duplicate", await SendAsync("r1", "body-1", "first", "none"));
        Assert.Equal("12 rose 9 fell 0", await ToldAsync());
        // The interviewer corrects a code: body 1 knew it well from the first.
        Assert.Equal("revised", await SendAsync("r1", "body-1", "first", "well", updated: "2026-02-01T09:00:00Z"));
        Assert.Equal("12 rose 8 fell 1", await ToldAsync());
        // It was another body that was interviewed: the first interview of body 2 is gone, that of body 13 has no last one.
        Assert.Equal("revised", await SendAsync("r2", "body-13", "first", "none", updated: "2026-02-01T09:00:00Z"));
        Assert.Equal("11 rose 7 fell 1", await ToldAsync());
        // What names no organisation waits in quarantine, and nothing of it is told.
        Assert.Equal("quarantined", await SendAsync("r14", "Mrs Canary, the commissioner", "first", "none"));
        // A mended instrument maps again what is stored: none was heard after all.
        await _pipeline.PutAsync("/api/instruments/stakeholders", Instrument.Replace("\"none\":\"0\"", "\"none\":\"2\"", StringComparison.Ordinal));
        await _pipeline.RunAsync("RecomputeKpis");
        Assert.Equal("11 rose 0 fell 4", await ToldAsync());

        var evidence = await _pipeline.Http.GetStringAsync("/api/kpis/K5/evidence");
        var explained = JsonDocument.Parse(evidence).RootElement;
        Assert.Equal(["evaluation/stakeholders-file", "webhooks"], explained.GetProperty("readings")[0].GetProperty("sources").EnumerateArray().Select(source => source.GetProperty("name").GetString()).Order());
        Assert.Equal(["stakeholders 2", "stakeholders-file 1"], explained.GetProperty("readings")[0].GetProperty("sources").EnumerateArray()
            .SelectMany(source => source.GetProperty("instruments").EnumerateArray()).Select(one => $"{one.GetProperty("instrument").GetString()} {one.GetProperty("version").GetInt32()}").Order(StringComparer.Ordinal));
        Assert.DoesNotContain("body-", evidence, StringComparison.Ordinal);
        Assert.DoesNotContain("Canary", evidence, StringComparison.Ordinal);

        // In public four of eleven show; closed, they stay as they were issued.
        await _pipeline.PostAsync("/api/waves/panel/close", """{"reason":"interviews complete"}""");
        var published = (await _pipeline.LatestAsync("snapshots"))!.Value.GetRawText();
        Assert.DoesNotContain("body-", published, StringComparison.Ordinal);
        Assert.Equal("11 rose 0 fell 4", Told(await _pipeline.LatestAsync("snapshots")));
    }

    private async Task<string> ToldAsync() => Told(await _pipeline.PublishAsync());

    private static string Told(JsonElement? document)
    {
        var result = Assert.Single(document!.Value.GetProperty("kpis").EnumerateArray().SelectMany(kpi => kpi.GetProperty("readings").EnumerateArray())
            .Single(one => one.GetProperty("id").GetString() == "K5.aware").GetProperty("results").EnumerateArray());
        int Of(string name) => (int)result.GetProperty("figures").EnumerateArray().Single(figure => figure.GetProperty("name").GetString() == name).GetProperty("value").GetDouble();
        return $"{Of("organisations")} rose {Of("rose")} fell {Of("fell")}";
    }

    private async Task<string> SendAsync(string response, string organisation, string stage, string awareness, string? updated = null)
    {
        var body = $$$"""{"form":"stakeholders","response":"{{{response}}}","submitted":"2025-06-10T09:00:00Z"{{{(updated is null ? "" : $",\"updated\":\"{updated}\"")}}},"hidden":{"organisation":"{{{organisation}}}","stage":"{{{stage}}}"},"answers":{"awareness":"{{{awareness}}}"}}""";
        using var request = Said.Signed("/api/webhooks/interviews_json", body, "X-Signature", Convert.ToHexStringLower(Said.Mac(Pipeline.TypeformSecret, body)));
        var reply = await Pipeline.JsonAsync(await _pipeline.Http.SendAsync(request));
        return reply.EnumerateObject().Single(fate => fate.Name != "received" && fate.Value.GetInt32() > 0).Name;
    }
}
