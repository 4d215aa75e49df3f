using System.Net;
using System.Text;

namespace WholeSchoolSend.Simulator.Tests;

public sealed class SurfaceTests
{
    [Fact]
    public async Task Typeform_tries_503_again_and_then_is_done()
    {
        await using var system = new PretendSystem { Busy = 2 };
        var receipt = await system.Surface().DeliverAsync(ADelivery(), TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.OK, 3), (receipt.Status, receipt.Tries));
        Assert.Equal(1, receipt.Fates!.Value.GetProperty("accepted").GetInt32());
    }

    [Theory]
    [InlineData(401)]
    [InlineData(404)]
    [InlineData(410)]
    [InlineData(500)]
    public async Task Typeform_takes_another_answer_as_final(int status)
    {
        await using var system = new PretendSystem { Always = status };
        var receipt = await system.Surface().DeliverAsync(ADelivery(), TestContext.Current.CancellationToken);
        Assert.Equal(((HttpStatusCode)status, 1), (receipt.Status, receipt.Tries));
        Assert.Null(receipt.Fates);
    }

    [Fact]
    public async Task A_delivery_carries_the_raw_body_and_its_signature_and_no_key()
    {
        await using var system = new PretendSystem();
        await system.Surface().DeliverAsync(ADelivery(), TestContext.Current.CancellationToken);
        var (path, body, signature, key) = Assert.Single(system.Deliveries);
        Assert.Equal(("/api/webhooks/teachers_typeform", "{\"é\":1}", "sha256=abc", null), (path, Encoding.UTF8.GetString(body), signature, key));
    }

    [Fact]
    public async Task An_operators_request_carries_the_key_and_a_refusal_is_told_in_full()
    {
        await using var system = new PretendSystem { Refuse = "api/instruments/x" };
        var refusal = await Assert.ThrowsAsync<UnexpectedAnswerException>(
            () => system.Surface().AskAsync(HttpMethod.Put, "api/instruments/x", "{}", TestContext.Current.CancellationToken));
        Assert.Contains("422", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("document-invalid", refusal.Message, StringComparison.Ordinal);
        Assert.Equal("master", system.LastKey);
    }

    [Fact]
    public async Task A_small_year_is_played_to_its_end_and_told()
    {
        await using var system = new PretendSystem();
        var told = await PlayAsync(system);
        Assert.Contains("refused: wrong signature", told, StringComparison.Ordinal);
        Assert.Contains("line 13, Q1: none of the labels [answer-unknown]", told, StringComparison.Ordinal);
        Assert.Contains("K1   Every teacher responsible for every pupil's…  2026-autumn  74 % (70-78)       52 % (47-57)       met confident", told, StringComparison.Ordinal);
        Assert.Contains("[c] withheld", told, StringComparison.Ordinal);
        Assert.Equal(["register/edubasealldata20260901.csv", "register/engagements-2025-26.csv", "register/networks-2026.csv"], system.Blobs.Keys.Where(name => name.StartsWith("register/", StringComparison.Ordinal)).Order());
        Assert.Equal(3, system.Blobs.Keys.Count(name => name.StartsWith("poll-drop/northern-polling/", StringComparison.Ordinal)));
        Assert.Equal(
            ["poll-drop/evaluation-team/commissioned-2025-26.csv", "poll-drop/evaluation-team/stakeholders-2026-autumn.csv", "poll-drop/evaluation-team/systems-2025-26.xlsx"],
            system.Blobs.Keys.Where(name => name.StartsWith("poll-drop/evaluation-team/", StringComparison.Ordinal)).Order());
        Assert.Equal(44, system.Deliveries.Count(delivery => delivery.Path == "/api/webhooks/interviews_json"));
    }

    [Fact]
    public async Task A_second_run_finds_everything_there_and_ends_as_well()
    {
        await using var system = new PretendSystem();
        await PlayAsync(system);
        var told = await PlayAsync(system);
        Assert.Contains("Published already, nothing new", told, StringComparison.Ordinal);
        Assert.Contains("duplicate", told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_conflict_which_cannot_be_stops_the_year()
    {
        await using var system = new PretendSystem { Fate = "conflict" };
        var stopped = await Assert.ThrowsAsync<UnexpectedAnswerException>(() => PlayAsync(system));
        Assert.Contains("\"conflict\"", stopped.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_forged_delivery_that_is_taken_stops_the_year()
    {
        await using var system = new PretendSystem { Secret = null };
        await Assert.ThrowsAsync<UnexpectedAnswerException>(() => PlayAsync(system));
    }

    [Fact]
    public async Task A_draft_that_is_taken_stops_the_year()
    {
        await using var system = new PretendSystem { TakesDrafts = true };
        var stopped = await Assert.ThrowsAsync<UnexpectedAnswerException>(() => PlayAsync(system));
        Assert.Contains("was not refused", stopped.Message, StringComparison.Ordinal);
    }

    private static Delivery ADelivery() => new(Encoding.UTF8.GetBytes("{\"é\":1}"), "sha256=abc", DeliveryKind.Usual);

    private static async Task<string> PlayAsync(PretendSystem system)
    {
        using var told = new StringWriter();
        var plan = Plan.From(2049, Scale.Small, PretendSystem.KnownSecret, PretendSystem.KnownSecret);
        await new Year(system.Surface(), new Account(told, TimeProvider.System), plan).PlayAsync(TestContext.Current.CancellationToken);
        return told.ToString();
    }
}
