using System.Net;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using WholeSchoolSend.Core;
using WholeSchoolSend.Core.Webhooks;
using WholeSchoolSend.Testing;
using static WholeSchoolSend.Storage.Tests.Given;

namespace WholeSchoolSend.Storage.Tests;

/// <summary>What waits in quarantine is taken in once, whatever happens while it is.</summary>
public sealed class ReplayTests(AzuriteFixture azurite)
{
    private readonly FakeTimeProvider _time = new(Monday.AddDays(2));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_an_instrument_maps_now_is_accepted_on_the_day_of_its_replay()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        Assert.Equal("quarantined", await Us(storage).FateAsync(Intake.Body("a")));
        await storage.Store.Instruments.AddAsync(Intake.Form, Cancellation);
        var us = Us(storage);

        Assert.Equal("1 tried, 1 replayed: accepted; 0 still, 0 by others, 0 wait", Said(await us.ReplayAsync("""{"source":"leaders_json"}""")));
        Assert.Equal("0 tried, 0 replayed: ; 0 still, 0 by others, 0 wait", Said(await us.ReplayAsync("""{"source":"leaders_json"}""")));
        Assert.Equal("duplicate", await us.FateAsync(Intake.Body("a"), Monday.AddDays(2)));

        Assert.Equal(
            ["2026-09-28 leaders_json Webhook: quarantined", "2026-09-30 leaders_json Webhook: duplicate", "2026-09-30 leaders_json Replayed: accepted"],
            await us.LedgerAsync(("from", "2026-09-28")));
        var entry = Assert.Single((await storage.Store.Quarantine.ListAsync(new QuarantineFilter(), 10, null, Cancellation))!.Entries);
        Assert.Equal((QuarantineState.Replayed, Monday.AddDays(2), 1), (entry.State, entry.Replay!.At, entry.Replay.Fates.Accepted));
    }

    [Fact]
    public async Task What_came_again_meanwhile_is_a_duplicate_and_who_was_erased_stays_erased()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        foreach (var id in (string[])["again", "erased", "revised"]) await Us(storage).FateAsync(Intake.Body(id, updated: "2026-09-28T10:00:00Z"));
        await storage.Store.Instruments.AddAsync(Intake.Form, Cancellation);
        var us = Us(storage);
        Assert.Equal("accepted", await us.FateAsync(Intake.Body("again", updated: "2026-09-28T10:00:00Z")));
        Assert.Equal("accepted", await us.FateAsync(Intake.Body("revised", "maybe", updated: "2026-09-28T11:00:00Z")));
        await storage.Store.Evidence.EraseAsync(Collection, Identity.OfResponse(Intake.Leaders, "form", "erased"), Cancellation);

        Assert.Equal("3 tried, 3 replayed: duplicate revised erased; 0 still, 0 by others, 0 wait", Said(await us.ReplayAsync("""{"reason":"instrument-missing"}""")));

        Assert.Equal(2, (await storage.RowsAsync("Evidence", "R~")).Count);
        Assert.DoesNotContain(await storage.RowsAsync("Quarantine"), row => row.ContainsKey("Json0"));
    }

    [Fact]
    public async Task What_still_cannot_be_mapped_waits_with_the_reasons_of_now()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        await Us(storage).FateAsync(Intake.Body("a", "canary"));
        await Us(storage).FateAsync(Intake.Body("b", form: "another"));
        await storage.Store.Instruments.AddAsync(Intake.Form, Cancellation);
        var us = Us(storage);

        Assert.Equal("2 tried, 0 replayed: ; 2 still, 0 by others, 2 wait", Said(await us.ReplayAsync("""{"source":"leaders_json"}""")));
        Assert.Equal("1 tried, 0 replayed: ; 1 still, 0 by others, 1 wait", Said(await us.ReplayAsync("""{"source":"leaders_json","reason":"answer-unknown"}""")));
        var entries = (await storage.Store.Quarantine.ListAsync(new QuarantineFilter(), 10, null, Cancellation))!.Entries;
        Assert.Equal(["answer-unknown leaders", "instrument-missing "], entries.Select(entry => $"{entry.Reasons[0].Code} {entry.Instrument?.Id}").Order(StringComparer.Ordinal));

        await storage.Store.Instruments.AddAsync(AnInstrument(version: 2) with { Form = Intake.Form.Form, Items = [Intake.Form.Items[0] with { Codes = new Dictionary<string, string> { ["canary"] = "agree" } }] }, Cancellation);
        Assert.Equal("1 tried, 1 replayed: accepted; 0 still, 0 by others, 0 wait", Said(await Us(storage).ReplayAsync("""{"reason":"answer-unknown"}""")));
    }

    [Fact]
    public async Task One_entry_is_replayed_by_its_id()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        for (var i = 0; i < 3; i++) await Us(storage).FateAsync(Intake.Body($"{i}"));
        await storage.Store.Instruments.AddAsync(Intake.Form, Cancellation);
        var us = Us(storage);
        var id = (await storage.Store.Quarantine.ListAsync(new QuarantineFilter(), 10, null, Cancellation))!.Entries[1].Id;

        Assert.Equal("1 tried, 1 replayed: accepted; 0 still, 0 by others, 0 wait", Said(await us.ReplayAsync($$"""{"id":"{{id}}"}""")));
        Assert.Equal("0 tried, 0 replayed: ; 0 still, 0 by others, 0 wait", Said(await us.ReplayAsync($$"""{"id":"{{id}}"}""")));
        Assert.Single(await storage.RowsAsync("Evidence", "I~"));
        foreach (var (request, code) in (IEnumerable<(string, string)>)[
            ("""{"id":"x"}""", "not-found"), ($$"""{"id":"{{id}}","source":"teachers_json"}""", "not-found"), ("{}", "document-invalid"), ("", "document-invalid"),
            ("""{"sources":"a"}""", "document-invalid"), ("""{"source":"leaders_json","continue":"x"}""", "parameter-invalid"), ("""{"continue":"x"}""", "document-invalid")])
            Assert.Equal(code, Assert.Single((await us.Replays.RunAsync(Encoding.UTF8.GetBytes(request), Cancellation)).Problems).Code);
    }

    [Fact]
    public async Task A_call_is_bounded_and_says_where_to_go_on()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        var before = Us(storage);
        // Those that stay come first: without a place to go on from, they would be tried again and again.
        await Parallel.ForAsync(0, 230, Cancellation, async (i, _) => await before.FateAsync(Intake.Body($"{i}", i < 210 ? "unknown" : "agree"), Monday.AddMinutes(-i)));
        await storage.Store.Instruments.AddAsync(Intake.Form, Cancellation);
        var us = Us(storage);

        var first = await us.ReplayAsync("""{"source":"leaders_json"}""");
        Assert.Equal("200 tried, 0 replayed: ; 200 still, 0 by others, 230 wait", Said(first));
        var second = await us.ReplayAsync($$"""{"source":"leaders_json","continue":"{{first.Continue}}"}""");
        Assert.Equal("30 tried, 20 replayed: 20 accepted; 10 still, 0 by others, 210 wait", Said(second));
        Assert.Null(second.Continue);
    }

    [Fact]
    public async Task A_raw_body_is_decoded_again_and_each_response_in_it_has_a_fate()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        await storage.Store.Instruments.AddAsync(Intake.Form, Cancellation);
        await KeepRawAsync(storage, $"[{Intake.Body("a")},{Intake.Body("b", "unknown")},{Intake.Body("a")},{Intake.Body("a", "maybe")}]");
        var us = Us(storage);

        Assert.Equal("1 tried, 1 replayed: accepted duplicate conflict quarantined; 0 still, 0 by others, 1 wait", Said(await us.ReplayAsync("""{"source":"leaders_json"}""")));

        Assert.Equal(
            ["2026-09-28 leaders_json Webhook: quarantined", "2026-09-30 leaders_json Replayed: accepted duplicate conflict quarantined"], await us.LedgerAsync(("from", "2026-09-28")));
        var left = Assert.Single((await storage.Store.Quarantine.ListAsync(new QuarantineFilter(State: QuarantineState.Waiting), 10, null, Cancellation))!.Entries);
        Assert.Equal((Channel.Replayed, "answer-unknown", false), (left.Channel, Assert.Single(left.Reasons).Code, left.Raw));
    }

    [Fact]
    public async Task A_raw_body_of_events_is_noted_and_one_that_still_cannot_be_decoded_waits()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        await KeepRawAsync(
            storage, """{"name":"x","filter_type":"survey","event_type":"response_completed","event_id":"1","event_datetime":"2026-09-28T09:00:00Z","object_type":"response","object_id":"r1","resources":{"respondent_id":"r1","recipient_id":"0","collector_id":"1","survey_id":"11","user_id":"1"}}""",
            Intake.Monkey);
        await KeepRawAsync(storage, "still no JSON", Intake.Monkey);
        await KeepRawAsync(storage, "[]", "nobody");
        var us = Us(storage);

        Assert.Equal("2 tried, 1 replayed: pending; 1 still, 0 by others, 1 wait", Said(await us.ReplayAsync($$"""{"source":"{{Intake.Monkey}}"}""")));
        Assert.Single(await storage.Store.Pending.WaitingAsync(Intake.Monkey, Cancellation));
        Assert.Equal("1 tried, 0 replayed: ; 1 still, 0 by others, 1 wait", Said(await us.ReplayAsync("""{"source":"nobody"}""")));
        Assert.Equal("source-unknown", Assert.Single((await storage.Store.Quarantine.ListAsync(new QuarantineFilter("nobody"), 10, null, Cancellation))!.Entries[0].Reasons).Code);
    }

    /// <summary>Killed before or after the n-th request, for every n, and taken up by another process a day later.</summary>
    [Theory]
    [InlineData("accepted", false)]
    [InlineData("accepted", true)]
    [InlineData("duplicate", false)]
    [InlineData("duplicate", true)]
    [InlineData("raw", false)]
    [InlineData("raw", true)]
    public async Task A_crash_at_any_request_ends_the_same_when_it_is_run_again(string story, bool tookEffect)
    {
        var crashed = 0;
        for (var at = 1; ; at++)
        {
            _time.SetUtcNow(Monday.AddDays(2 + (2 * at)));
            var today = TableKey.Day(_time.GetUtcNow());
            var storage = await TestStorage.CreateAsync(azurite);
            if (story == "raw")
                await KeepRawAsync(storage, $"[{Intake.Body("a")},{Intake.Body("b", "unknown")},{Intake.Body("a", "maybe")}]");
            else
                await Us(storage).FateAsync(Intake.Body("a"));
            await storage.Store.Instruments.AddAsync(Intake.Form, Cancellation);
            if (story == "duplicate") await Us(storage).FateAsync(Intake.Body("a"));

            var (crashing, wire) = storage.Connect();
            var requests = 0;
            void Crash()
            {
                if (Interlocked.Increment(ref requests) >= at) throw new NotSupportedException("killed here");
            }
            if (tookEffect)
                wire.After = (_, _) => Crash();
            else
                wire.Before = (_, _) =>
                {
                    Crash();
                    return Task.FromResult<HttpResponseMessage?>(null);
                };
            var isDone = false;
            try
            {
                await new Intake(crashing, _time).ReplayAsync("""{"source":"leaders_json"}""");
                isDone = true;
            }
            catch (NotSupportedException)
            {
                crashed++;
            }
            if (requests == at && isDone) throw new InvalidOperationException("A crash went unnoticed.");

            _time.Advance(TimeSpan.FromDays(1));
            await Us(storage).ReplayAsync("""{"source":"leaders_json"}""");

            // On the day of the crash, if it wrote anything there; else on the day after. Never on both.
            var replayed = await Us(storage).LedgerAsync(("from", today), ("to", TableKey.Day(_time.GetUtcNow())));
            var expected = story == "raw" ? "accepted conflict quarantined" : story;
            Assert.Equal($"leaders_json Replayed: {expected}", Assert.Single(replayed)[11..]);
            Assert.Single(await storage.RowsAsync("Evidence", "R~"));
            var entries = (await storage.Store.Quarantine.ListAsync(new QuarantineFilter(), 10, null, Cancellation))!.Entries;
            Assert.Equal(story == "raw" ? 2 : 1, entries.Count);
            Assert.Equal(expected, Intake.Said(Assert.Single(entries, entry => entry.State == QuarantineState.Replayed).Replay!.Fates));
            if (isDone) break;
        }
        Assert.InRange(crashed, 7, 40);
        TestContext.Current.TestOutputHelper!.WriteLine($"{story}: killed at {crashed} requests");
    }

    [Fact]
    public async Task Two_operators_at_once_count_once()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        for (var i = 0; i < 24; i++) await Us(storage).FateAsync(Intake.Body($"{i}"));
        await KeepRawAsync(storage, $"[{Intake.Body("a")},{Intake.Body("b", "unknown")}]");
        await storage.Store.Instruments.AddAsync(Intake.Form, Cancellation);

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => new Intake(storage.Connect().Store, _time).ReplayAsync("""{"source":"leaders_json"}""")));

        Assert.Equal(25, outcomes.Sum(outcome => outcome.Replayed));
        Assert.Equal((25, 1), (outcomes.Sum(outcome => outcome.Fates.Accepted), outcomes.Sum(outcome => outcome.Fates.Quarantined)));
        Assert.Equal(26, outcomes.Sum(outcome => outcome.Fates.Received));
        Assert.Equal("2026-09-30 leaders_json Replayed: 25 accepted quarantined", Assert.Single(await Us(storage).LedgerAsync(("from", "2026-09-30"))));
        Assert.Equal(25, (await storage.RowsAsync("Evidence", "R~")).Count);
    }

    [Fact]
    public async Task A_store_that_refuses_for_a_while_is_waited_for()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        await new Intake(storage.Store, TimeProvider.System).FateAsync(Intake.Body("a"));
        await storage.Store.Instruments.AddAsync(Intake.Form, Cancellation);
        storage.Wire.Refuse(3, HttpStatusCode.ServiceUnavailable);

        Assert.Equal(1, (await new Intake(storage.Store, TimeProvider.System).ReplayAsync("""{"source":"leaders_json"}""")).Fates.Accepted);
    }

    private Intake Us(TestStorage storage) => new(storage.Store, _time);

    private static Task KeepRawAsync(TestStorage storage, string body, string source = Intake.Leaders) => storage.Store.Quarantine.KeepAsync(
        new QuarantinedResponse(
            source, AReceipt(), null, [Problems.BodyUndecodable.At("", "an older decoder did not read it")], null, null,
            new RawDelivery(Encoding.UTF8.GetBytes(body), new Dictionary<string, string> { ["content-type"] = "application/json" })),
        Cancellation);

    private static string Said(ReplayOutcome outcome) =>
        $"{outcome.Tried} tried, {outcome.Replayed} replayed: {Intake.Said(outcome.Fates)}; {outcome.StillWaiting} still, {outcome.ByOthers} by others, {outcome.Waiting} wait";
}
