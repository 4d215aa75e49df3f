using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using WholeSchoolSend.LocalHost;
using WholeSchoolSend.Testing;
using WholeSchoolSend.Vendors.Tests.StandIns;

namespace WholeSchoolSend.Functions.Tests;

/// <summary>Vendors through the public surface: settings, timers, and what an operator sees.</summary>
public sealed class VendorTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    private const string Monkey = "monkey";

    [Fact]
    public async Task An_event_is_fetched_a_gap_heals_and_both_are_seen()
    {
        await using var vendor = new SurveyMonkeyStandIn();
        await vendor.StartAsync();
        var now = TimeProvider.System.GetUtcNow();
        vendor.Submissions.AddRange(SeededSubmission.Made(2, 1).Select(one => one with { Submitted = now.AddHours(-one.Number), Updated = now.AddHours(-one.Number) }));
        var log = new RunLog();
        var builder = Pipeline.Builder(
            azurite.ConnectionString, $"--Sources:{Monkey}:Tool=surveymonkey", $"--Sources:{Monkey}:Verification=query", $"--Sources:{Monkey}:Secrets:0={Pipeline.TypeformSecret}",
            $"--Sources:{Monkey}:Api:Token={StandIn.Token}", $"--Sources:{Monkey}:Api:BaseAddress={vendor.Address}");
        builder.Logging.AddProvider(log);
        using var host = builder.Build();
        await host.StartAsync(TestContext.Current.CancellationToken);
        using var http = new HttpClient { BaseAddress = host.GetAddress() };
        var instrument = vendor.Instrument(Monkey, "monkeys");
        using var put = await http.PutAsync("/api/instruments/monkey", Json(
            $$$"""
            {"title":"Monkeys","collection":"monkeys","form":{"source":"{{{Monkey}}}","id":"{{{vendor.Form}}}"},"wave":{"value":"2026-autumn"},"role":{"value":"teacher"},
             "school":{"field":"hidden.urn"},"respondent":{"field":"hidden.key"},"items":[{"indicator":"cpd-confidence","field":"{{{instrument.Items[0].Field}}}","codes":{{{JsonSerializer.Serialize(instrument.Items[0].Codes)}}}}]}
            """));
        Assert.True(put.IsSuccessStatusCode, await put.Content.ReadAsStringAsync());

        var delivery = vendor.Webhook(vendor.Submissions[0]);
        using var posted = await http.PostAsync($"/api/webhooks/{Monkey}?key={Uri.EscapeDataString(Pipeline.TypeformSecret)}", Json(Encoding.UTF8.GetString(delivery.Body.Span)));
        Assert.True(posted.IsSuccessStatusCode);
        Assert.Equal((1, 0), (await ShownAsync(http) is var before ? (before.GetProperty("waiting").GetInt32(), before.GetProperty("forms").GetArrayLength()) : default));

        await RunAsync(http, log, "FetchPending");
        await RunAsync(http, log, "HealGaps");

        var after = await ShownAsync(http);
        Assert.Equal(0, after.GetProperty("waiting").GetInt32());
        var counts = Assert.Single(after.GetProperty("forms").EnumerateArray()).GetProperty("counts");
        Assert.Equal((2, 1, 1), (counts.GetProperty("listed").GetInt32(), counts.GetProperty("ours").GetInt32(), counts.GetProperty("recovered").GetInt32()));
        await host.StopAsync(TestContext.Current.CancellationToken);
        foreach (var line in log.Lines) Assert.DoesNotContain("canary", line, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("Token", "", "Sources__monkey__Api__Token should be")]
    [InlineData("Token", "with blank", "Sources__monkey__Api__Token should be")]
    [InlineData("BaseAddress", "http://api.surveymonkey.com", "Sources__monkey__Api__BaseAddress should be an https address")]
    [InlineData("BaseAddress", "https://user:pw@api.surveymonkey.com", "Sources__monkey__Api__BaseAddress should be an https address")]
    [InlineData("BaseAddress", "api.surveymonkey.com", "Sources__monkey__Api__BaseAddress should be an https address")]
    [InlineData("PerMinute", "0", "Sources__monkey__Api__PerMinute should be a whole number")]
    [InlineData("PerDay", "many", "Sources__monkey__Api__PerDay should be a whole number")]
    [InlineData("BaseAdress", "https://api.surveymonkey.com", "Sources__monkey__Api__BaseAdress is none of")]
    [InlineData("Tool", "tally", "Sources__monkey__Api belongs to a source whose tool is one of")]
    [InlineData("Tool", "qualtrics", "Sources__monkey__Api__BaseAddress should be an https address")]
    public void A_setting_that_is_wrong_stops_the_start_by_name(string setting, string value, string said)
    {
        string[] settings =
        [
            $"--Sources:{Monkey}:Tool=surveymonkey", $"--Sources:{Monkey}:Verification=query", $"--Sources:{Monkey}:Secrets:0=a-shared-secret", $"--Sources:{Monkey}:Api:Token=canary-token",
            $"--Sources:{Monkey}:{(setting == "Tool" ? "Tool" : $"Api:{setting}")}={value}",
        ];
        var wrong = Assert.Throws<InvalidOperationException>(() => Pipeline.Builder("UseDevelopmentStorage=true", settings));
        Assert.Contains(said, wrong.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", wrong.Message, StringComparison.Ordinal);
    }

    private static async Task<JsonElement> ShownAsync(HttpClient http) =>
        (await Pipeline.JsonAsync(await http.GetAsync("/api/pending"))).GetProperty("sources").EnumerateArray().Single(source => source.GetProperty("source").GetString() == Monkey);

    private static async Task RunAsync(HttpClient http, RunLog log, string function)
    {
        (await http.PostAsync($"/admin/functions/{function}", JsonContent.Create(new { }))).EnsureSuccessStatusCode();
        await Pipeline.EventuallyAsync(() => Task.FromResult(log.Runs(function) > 0 ? "ran" : null), $"{function} to run");
    }

    private static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");
}
