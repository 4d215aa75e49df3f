using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Microsoft.Extensions.Time.Testing;
using WholeSchoolSend.Core.Webhooks;
using WholeSchoolSend.Testing;
using static WholeSchoolSend.Storage.Tests.Given;

namespace WholeSchoolSend.Storage.Tests;

/// <summary>Promise 2: every response has one fate, and what senders were told is what the rows say, for every source and day.</summary>
public sealed class LedgerTests(AzuriteFixture azurite)
{
    private static readonly string[] Sources = [Intake.Leaders, Intake.Teachers, Intake.Monkey];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Storage that answers late, not at all, or with 503, but within what one request is given: every sender is answered.</summary>
    [Theory]
    [InlineData(8)]
    [InlineData(16)]
    public async Task What_senders_were_told_is_what_the_rows_say(int senders)
    {
        var storage = await StorageAsync();
        var (store, wire) = storage.Connect(options => options.MaxRetryAttempts = 20);
        Trouble(wire, senders, lost: 0.05, refused: 0.05);
        var told = new Told();

        await SendAsync(store, senders, told, attempts: 1);

        Assert.Equal(0, told.Unanswered);
        Assert.Equal(told.Lines(), await RowsAsync(storage));
        Said(told, told.Lines().Count, 0);
        // All fates but erased were met, or the mixture tests less than it says.
        foreach (var fate in Enum.GetValues<Fate>().Where(fate => fate != Fate.Erased)) Assert.Contains(told.Counts, count => count.Key.Fate == fate);
    }

    /// <summary>Storage so bad that senders are told 503 and send again: a host goes on where it stopped, and has what was told and no more.</summary>
    [Fact]
    public async Task A_host_that_is_asked_again_has_what_it_told()
    {
        var storage = await StorageAsync();
        var (store, wire) = storage.Connect(options => options.MaxRetryAttempts = 1);
        Trouble(wire, 3, lost: 0.2, refused: 0.2);
        var told = new Told();

        await SendAsync(store, 12, told, attempts: 40);

        Assert.InRange(told.Unanswered, 20, int.MaxValue);
        var rows = (await CountsAsync(storage)).Where(count => count.Responses > 0).ToDictionary(count => (count.Day, count.Source), count => count.Responses);
        Assert.Equal(told.Received.Where(one => one.Value > 0).ToDictionary(), rows);
    }

    /// <summary>The same with a host that knows of no try before: what was told is there, and what is there beyond it was an attempt.</summary>
    [Fact]
    public async Task Beyond_what_was_told_there_is_at_most_what_was_sent_without_an_answer()
    {
        var storage = await StorageAsync();
        var (store, wire) = storage.Connect(options => options.MaxRetryAttempts = 1);
        Trouble(wire, 3, lost: 0.2, refused: 0.2);
        var told = new Told();

        await SendAsync(store, 12, told, attempts: 40, hosts: true);

        Assert.InRange(told.Unanswered, 20, int.MaxValue);
        var rows = (await CountsAsync(storage)).ToDictionary(count => (count.Day, count.Source), count => count.Responses);
        var surplus = 0;
        foreach (var key in rows.Keys.Union(told.Received.Keys))
        {
            var (inRows, wasTold, without) = (rows.GetValueOrDefault(key), told.Received.GetValueOrDefault(key), told.Without.GetValueOrDefault(key));
            Assert.InRange(inRows, wasTold, wasTold + without);
            surplus += inRows - wasTold;
        }
        // Lost answers did leave something behind, or this tests nothing.
        Assert.InRange(surplus, 1, told.Unanswered);
        Said(told, rows.Count, surplus);
    }

    [Fact]
    public async Task A_response_is_of_the_day_it_was_received_wherever_it_is_kept()
    {
        var storage = await StorageAsync();
        // The last second of a day, stored in the first of the next.
        var (received, now) = (new DateTimeOffset(2026, 9, 28, 23, 59, 59, TimeSpan.Zero), new FakeTimeProvider(new DateTimeOffset(2026, 9, 29, 0, 0, 1, TimeSpan.Zero)));
        var us = new Intake(storage.Store, now);
        // Given in another zone, in which it is the next day already.
        var elsewhere = received.ToOffset(TimeSpan.FromHours(5));
        Assert.Equal("accepted", await us.FateAsync(Intake.Body("a"), received));
        Assert.Equal("duplicate", await us.FateAsync(Intake.Body("a"), elsewhere));
        Assert.Equal("quarantined", await us.FateAsync(Intake.Body("b", "unknown"), elsewhere));
        Assert.Equal("pending", await us.FateAsync(Event("r1"), elsewhere, Intake.Monkey));

        Assert.Equal(
            ["2026-09-28 leaders_json Webhook: accepted duplicate quarantined", "2026-09-28 leaders_monkey Webhook: pending"],
            await us.LedgerAsync(("from", "2026-09-01"), ("to", "2026-09-30")));
        Assert.Equal(2, (await us.LedgerAsync(("from", "2026-09-28"), ("to", "2026-09-28"))).Count);
        Assert.Empty(await us.LedgerAsync(("from", "2026-09-29"), ("to", "2026-09-30")));
        Assert.Empty(await us.LedgerAsync(("from", "2026-09-01"), ("to", "2026-09-27")));
        Assert.Equal(["2026-09-28 leaders_monkey Webhook: pending"], await us.LedgerAsync(("from", "2026-09-28"), ("source", Intake.Monkey)));
        Assert.Empty(await us.LedgerAsync(("from", "2026-09-28"), ("source", "leaders")));
    }

    [Fact]
    public async Task Mapping_again_replaying_and_erasing_change_nothing_of_what_was_told()
    {
        var storage = await StorageAsync();
        var us = new Intake(storage.Store, new FakeTimeProvider(Monday.AddDays(1)));
        foreach (var (id, answer) in (IEnumerable<(string, string)>)[("a", "agree"), ("a", "agree"), ("b", "maybe"), ("c", "later"), ("d", "agree")]) await us.FateAsync(Intake.Body(id, answer));
        var before = await MondayAsync();
        var mended = Intake.Form with { Version = 2, Items = [Intake.Form.Items[0] with { Codes = new Dictionary<string, string> { ["agree"] = "no", ["maybe"] = "yes", ["later"] = "yes" } }] };
        await storage.Store.Instruments.AddAsync(mended, Cancellation);

        await new RemapResponses(storage.Store.Evidence, new Redaction(APseudonymKey), TimeProvider.System).RunAsync([mended], Cancellation);
        await storage.Store.Evidence.EraseAsync(Collection, Identity.OfResponse(Intake.Leaders, "form", "d"), Cancellation);
        await storage.Store.Evidence.EraseAsync(Collection, Identity.OfResponse(Intake.Leaders, "form", "never came"), Cancellation);
        var later = new Intake(storage.Store, new FakeTimeProvider(Monday.AddDays(1)));
        Assert.Equal(1, (await later.ReplayAsync("""{"source":"leaders_json"}""")).Fates.Accepted);
        Assert.Equal("erased", await later.FateAsync(Intake.Body("d"), Monday.AddDays(1)));

        Assert.Equal(["2026-09-28 leaders_json Webhook: 3 accepted duplicate quarantined"], before);
        Assert.Equal(before, await MondayAsync());
        Assert.Equal(["2026-09-29 leaders_json Webhook: erased", "2026-09-29 leaders_json Replayed: accepted"], await us.LedgerAsync(("from", "2026-09-29")));

        Task<IReadOnlyList<string>> MondayAsync() => us.LedgerAsync(("from", "2026-09-28"), ("to", "2026-09-28"));
    }

    [Fact]
    public async Task Totals_and_what_waits_follow_from_the_rows()
    {
        var storage = await StorageAsync();
        var us = new Intake(storage.Store, new FakeTimeProvider(Monday.AddDays(2)));
        await us.FateAsync(Intake.Body("a"));
        await us.FateAsync(Intake.Body("a"), Monday.AddDays(1));
        await us.FateAsync(Intake.Body("b", "unknown"), Monday.AddDays(1));
        await us.FateAsync("{}");
        await us.FateAsync(Intake.Body("t"), source: Intake.Teachers);
        await us.FateAsync(Event("r1"), source: Intake.Monkey);
        await us.FateAsync(Event("r1"), source: Intake.Monkey);
        var document = (await us.Ledger.RunAsync(new Dictionary<string, string>(), Cancellation)).Value!;

        Assert.Equal((new DateOnly(2026, 9, 24), new DateOnly(2026, 9, 30)), (document.From, document.To));
        Assert.Equal(
            ["leaders_json Webhook 4: accepted duplicate 2 quarantined", "leaders_monkey Webhook 2: 2 pending", "teachers_json Webhook 1: quarantined"],
            document.Sources.Select(entry => $"{entry.Source} {entry.Channel} {entry.Received}: {Intake.Said(entry)}"));
        Assert.Equal("accepted duplicate 3 quarantined 2 pending", Intake.Said(Assert.Single(document.Totals)));
        Assert.Equal(
            ["leaders_json 2: answer-unknown=1 body-undecodable=1", "teachers_json 1: instrument-missing=1"],
            document.Waiting.Quarantine.Select(waiting => $"{waiting.Source} {waiting.Entries}: {string.Join(' ', waiting.Reasons.Select(reason => $"{reason.Key}={reason.Value}"))}"));
        Assert.Equal([new WaitingForFetch(Intake.Monkey, 1)], document.Waiting.Pending);
        Assert.Equal(
            "day,source,channel,received,accepted,duplicate,revised,conflict,quarantined,pending,erased\r\n" +
            "2026-09-28,leaders_json,webhook,2,1,0,0,0,1,0,0\r\n2026-09-28,leaders_monkey,webhook,2,0,0,0,0,0,2,0\r\n" +
            "2026-09-28,teachers_json,webhook,1,0,0,0,0,1,0,0\r\n2026-09-29,leaders_json,webhook,2,0,1,0,0,1,0,0\r\n",
            document.ToCsv());
        var one = (await us.Ledger.RunAsync(new Dictionary<string, string> { ["source"] = Intake.Teachers }, Cancellation)).Value!;
        Assert.Equal((1, 1, 0), (one.Days.Count, one.Waiting.Quarantine.Count, one.Waiting.Pending.Count));

        // What its vendor no longer has waits no more.
        await storage.Store.Pending.CloseAsync(Assert.Single(await storage.Store.Pending.NotesAsync(Intake.Monkey, Cancellation)), "gone", Cancellation);
        Assert.Empty((await us.Ledger.RunAsync(new Dictionary<string, string>(), Cancellation)).Value!.Waiting.Pending);
    }

    [Theory]
    [InlineData("from", "yesterday", "parameter-invalid")]
    [InlineData("to", "2026-13-01", "parameter-invalid")]
    [InlineData("soruce", "a", "parameter-invalid")]
    [InlineData("from", "2026-10-01", "dates-invalid", "to", "2026-09-30")]
    [InlineData("from", "2026-01-01", "range-too-long", "to", "2026-04-03")]
    [InlineData("from", "2026-01-01", null, "to", "2026-04-02")]
    [InlineData("from", "2026-01-01", null)]
    [InlineData("code", "the host's key", null)]
    public async Task A_question_that_cannot_be_answered_is_told_why(string name, string value, string? code, string? second = null, string? text = null)
    {
        var storage = await TestStorage.CreateAsync(azurite);
        var parameters = new Dictionary<string, string> { [name] = value };
        if (second is not null) parameters[second] = text!;
        var answer = await new Intake(storage.Store, new FakeTimeProvider(Monday)).Ledger.RunAsync(parameters, Cancellation);
        Assert.Equal(code is null ? [] : [code], answer.Problems.Select(problem => problem.Code));
        Assert.Equal(code is null, answer.Value is not null);
    }

    private static string Event(string id) =>
        $$$"""{"name":"x","filter_type":"survey","event_type":"response_completed","event_id":"1","event_datetime":"2026-09-28T09:00:00Z","object_type":"response","object_id":"{{{id}}}","resources":{"respondent_id":"{{{id}}}","recipient_id":"0","collector_id":"1","survey_id":"11","user_id":"1"}}""";

    private async Task<TestStorage> StorageAsync()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        await storage.Store.Instruments.AddAsync(Intake.Form, Cancellation);
        return storage;
    }

    /// <summary>Loses answers, and refuses requests, with these probabilities; the same ones for the same seed and order.</summary>
    private static void Trouble(Wire wire, int seed, double lost, double refused)
    {
        var chance = new Random(seed);
        double Next()
        {
            lock (chance) return chance.NextDouble();
        }
        wire.Before = (request, _) => Task.FromResult(
            Next() < refused ? new HttpResponseMessage(HttpStatusCode.ServiceUnavailable) { RequestMessage = request, Content = new StringContent("") } : null);
        wire.After = (_, _) =>
        {
            if (Next() < lost) throw Next() < 0.5 ? new HttpRequestException("The connection was reset.") : new TaskCanceledException("The attempt took too long.");
        };
    }

    /// <summary>
    /// Senders who work through one list of deliveries, each as often as the sender is not answered. What is sent meets every fate: new, the same again, another
    /// content, a revision, one nobody maps, several in one body, a body nobody reads, an event.
    /// </summary>
    /// <param name="hosts">every try finds a host of its own.</param>
    private static async Task SendAsync(SurveyDataStorage store, int senders, Told told, int attempts, bool hosts = false)
    {
        // Its clock stands still: no delivery is cut off because the machine is busy.
        var us = new Intake(store, new FakeTimeProvider(Monday));
        var chance = new Random(7);
        var deliveries = Enumerable.Range(0, 160).Select(i =>
        {
            var id = $"r{chance.Next(40)}";
            var at = Monday.AddHours(chance.Next(60));
            return chance.Next(10) switch
            {
                0 => (Intake.Leaders, at, 1, Intake.Body(id, "maybe")),
                1 => (Intake.Leaders, at, 1, Intake.Body(id, "agree", $"2026-09-28T1{chance.Next(10)}:00:00Z")),
                2 => (Intake.Leaders, at, 1, Intake.Body(id, "nobody maps this")),
                3 => (Intake.Leaders, at, 3, $"[{Intake.Body(id)},{Intake.Body(id + "x")},{Intake.Body(id, "nobody maps this")}]"),
                4 => (Intake.Leaders, at, 1, "{"),
                5 => (Intake.Teachers, at, 1, Intake.Body(id)),
                6 => (Intake.Monkey, at, 1, Event(id)),
                _ => (Intake.Leaders, at, 1, Intake.Body(id)),
            };
        });
        var list = new ConcurrentQueue<(string Source, DateTimeOffset At, int Responses, string Body)>(deliveries);
        await Task.WhenAll(Enumerable.Range(0, senders).Select(async _ =>
        {
            while (list.TryDequeue(out var delivery))
            {
                for (var attempt = 1; ; attempt++)
                {
                    var host = hosts ? new Intake(store, new FakeTimeProvider(Monday)) : us;
                    var outcome = await host.SendAsync(delivery.Body, delivery.At, delivery.Source);
                    told.Add(delivery.At, delivery.Source, delivery.Responses, outcome.Reply);
                    if (outcome.Reply is not null || attempt == attempts) break;
                }
            }
        }));
    }

    private static async Task<List<(string Day, string Source, int Responses)>> CountsAsync(TestStorage storage) =>
        [.. (await CountAsync(storage)).GroupBy(count => (count.Day, count.Source)).Select(one => (Day(one.Key.Day), one.Key.Source, one.Sum(count => count.Responses)))];

    private static async Task<IReadOnlyList<string>> RowsAsync(TestStorage storage) =>
        [.. (await CountAsync(storage)).Select(count => $"{Day(count.Day)} {count.Source} {count.Fate}={count.Responses}").Order(StringComparer.Ordinal)];

    private static async Task<IReadOnlyList<FateCount>> CountAsync(TestStorage storage)
    {
        var monday = DateOnly.FromDateTime(Monday.UtcDateTime);
        var counts = await storage.Store.Fates.CountAsync([Collection], monday, monday.AddDays(10), null, Cancellation);
        Assert.All(counts, count => Assert.Contains(count.Source, Sources));
        return counts;
    }

    private static string Day(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static void Said(Told told, int lines, int surplus) =>
        TestContext.Current.TestOutputHelper!.WriteLine($"told {told.Received.Values.Sum()} fates in {lines} lines; {told.Unanswered} attempts unanswered; surplus {surplus}");

    /// <summary>What the senders were told, as they would write it down.</summary>
    private sealed class Told
    {
        public ConcurrentDictionary<(string Day, string Source, Fate Fate), int> Counts { get; } = [];

        /// <summary>Responses of answered deliveries.</summary>
        public ConcurrentDictionary<(string Day, string Source), int> Received { get; } = [];

        /// <summary>Responses of attempts that were not answered.</summary>
        public ConcurrentDictionary<(string Day, string Source), int> Without { get; } = [];

        public int Unanswered => Without.Values.Sum();

        public void Add(DateTimeOffset at, string source, int responses, DeliveryReply? reply)
        {
            var day = TableKey.Day(at);
            if (reply is null)
            {
                Without.AddOrUpdate((day, source), responses, (_, before) => before + responses);
                return;
            }
            Received.AddOrUpdate((day, source), reply.Received, (_, before) => before + reply.Received);
            foreach (var (fate, count) in (IEnumerable<(Fate, int)>)[
                (Fate.Accepted, reply.Accepted), (Fate.Duplicate, reply.Duplicate), (Fate.Revised, reply.Revised), (Fate.Conflict, reply.Conflict),
                (Fate.Quarantined, reply.Quarantined), (Fate.Pending, reply.Pending), (Fate.Erased, reply.Erased)])
                if (count > 0) Counts.AddOrUpdate((day, source, fate), count, (_, before) => before + count);
        }

        public IReadOnlyList<string> Lines() => [.. Counts.Select(count => $"{count.Key.Day} {count.Key.Source} {count.Key.Fate}={count.Value}").Order(StringComparer.Ordinal)];
    }
}
