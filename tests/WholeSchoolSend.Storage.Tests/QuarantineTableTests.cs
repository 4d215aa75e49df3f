using System.Globalization;
using System.Text;
using Azure.Storage.Blobs.Models;
using Microsoft.Extensions.Time.Testing;
using WholeSchoolSend.Core;
using WholeSchoolSend.Core.Webhooks;
using WholeSchoolSend.Testing;
using static WholeSchoolSend.Storage.Tests.Given;

namespace WholeSchoolSend.Storage.Tests;

public sealed class QuarantineTableTests(AzuriteFixture azurite)
{
    private static readonly QuarantineFilter All = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_delivery_has_a_row_also_of_the_same_content_in_the_same_tick()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        for (var i = 0; i < 3; i++) await storage.Store.Quarantine.KeepAsync(Undecodable("<xml/>"), Cancellation);
        Assert.Equal(1, await storage.CountAsync(() => storage.Store.Quarantine.KeepAsync(Undecodable("<xml/>"), Cancellation)));

        Assert.Equal(4, (await ListAsync(storage, All)).Count);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(1_000_000)]
    public async Task A_write_whose_answers_were_lost_finds_itself(int bytes)
    {
        var storage = await TestStorage.CreateAsync(azurite);
        var lost = 0;
        // Every first answer: of the blob, where there is one, and of the row.
        storage.Wire.After = (request, _) =>
        {
            if (request.Method == HttpMethod.Put ? Interlocked.CompareExchange(ref lost, 1, 0) == 0 : Interlocked.Exchange(ref lost, 2) != 2)
                throw new HttpRequestException("The connection was reset.");
        };
        var response = Undecodable(new string('x', bytes));
        await storage.Store.Quarantine.KeepAsync(response, Cancellation);
        storage.Wire.After = null;
        await storage.Store.Quarantine.KeepAsync(response, Cancellation);

        Assert.Equal(2, lost);
        var entry = Assert.Single(await ListAsync(storage, All));
        Assert.Equal(bytes, (await storage.Store.Quarantine.OpenAsync(entry.Id, Cancellation))!.Raw!.Body.Length);
    }

    [Fact]
    public async Task The_newest_comes_first_across_days_and_sources()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        foreach (var hours in (int[])[0, 30, 2, 50, 1])
            await KeepAsync(storage, Undecodable($"{hours}", hours % 2 == 0 ? "a" : "b"), Monday.AddHours(hours));

        Assert.Equal([50, 30, 2, 1, 0], (await ListAsync(storage, All)).Select(entry => (entry.Received - Monday).TotalHours));
    }

    [Fact]
    public async Task Pages_go_on_where_the_last_one_ended_whatever_comes_meanwhile()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        for (var i = 0; i < 11; i++) await KeepAsync(storage, Undecodable($"{i}"), Monday.AddHours(i * 7));
        var seen = new List<string>();
        string? after = null;
        do
        {
            var page = (await storage.Store.Quarantine.ListAsync(All, 4, after, Cancellation))!;
            seen.AddRange(page.Entries.Select(entry => ((entry.Received - Monday).TotalHours / 7).ToString(CultureInfo.InvariantCulture)));
            await KeepAsync(storage, Undecodable("meanwhile"), Monday.AddDays(30 + seen.Count));
            after = page.Continue;
        }
        while (after is not null);

        Assert.Equal(["10", "9", "8", "7", "6", "5", "4", "3", "2", "1", "0"], seen);
        Assert.Null(await storage.Store.Quarantine.ListAsync(All, 4, "made-up", Cancellation));
        Assert.Null(await storage.Store.Quarantine.ListAsync(All, 4, "*", Cancellation));
    }

    [Fact]
    public async Task Filters_narrow_what_is_listed_and_counted()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        await KeepAsync(storage, Undecodable("1", "a"), Monday);
        await KeepAsync(storage, Unmapped("2", "a", "answer-unknown", "field-missing"), Monday.AddDays(1));
        await KeepAsync(storage, Unmapped("3", "b", "field-missing"), Monday.AddDays(2));
        var replayed = (await ListAsync(storage, new QuarantineFilter("b")))[0].Id;
        await storage.Store.Quarantine.EndAsync(replayed, AReplay(Fate.Accepted), Cancellation);

        var monday = DateOnly.FromDateTime(Monday.UtcDateTime);
        foreach (var (filter, expected) in (IEnumerable<(QuarantineFilter, int)>)[
            (All, 3), (new("a"), 2), (new("c"), 0), (new(Reason: "field-missing"), 2), (new("a", "field-missing"), 1), (new(Reason: "field"), 0),
            (new(State: QuarantineState.Waiting), 2), (new(State: QuarantineState.Replayed), 1), (new(State: QuarantineState.Expired), 0),
            (new(From: monday.AddDays(1)), 2), (new(To: monday.AddDays(1)), 2), (new(From: monday.AddDays(1), To: monday.AddDays(1)), 1)])
        {
            Assert.Equal(expected, (await ListAsync(storage, filter)).Count);
            Assert.Equal(expected, await storage.Store.Quarantine.CountAsync(filter, Cancellation));
        }
    }

    [Fact]
    public async Task An_entry_says_why_and_never_what()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        var response = AResponse(answer: "canary");
        await storage.Store.Quarantine.KeepAsync(
            new QuarantinedResponse(response.Source, AReceipt(), response.Identity, [Problems.FieldMissing.At("hidden.urn", "A school is needed.")], response.Version, response.Answers, null)
            {
                Instrument = response.Instrument,
            },
            Cancellation);

        var entry = Assert.Single(await ListAsync(storage, All));
        Assert.Equivalent(entry, await storage.Store.Quarantine.FindAsync(entry.Id, Cancellation), strict: true);
        Assert.Equal((response.Identity, "form", new InstrumentVersion("leaders", 1), false), (entry.Identity, entry.Form, entry.Instrument, entry.Raw));
        Assert.Equal(new QuarantineReason("field-missing", "hidden.urn", "A school is needed."), Assert.Single(entry.Reasons));
        Assert.DoesNotContain("canary", System.Text.Json.JsonSerializer.Serialize(new QuarantinePage([entry], null), QuarantineJson.Default.QuarantinePage), StringComparison.Ordinal);
        var content = (await storage.Store.Quarantine.OpenAsync(entry.Id, Cancellation))!;
        Assert.Equal((response.Version, Encoding.UTF8.GetString(response.Answers.ToJson())), (content.Version, Encoding.UTF8.GetString(content.Answers!.ToJson())));
    }

    [Fact]
    public async Task Thousands_of_reasons_are_counted_and_the_first_are_shown()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        await storage.Store.Quarantine.KeepAsync(
            Undecodable("x") with { Problems = [.. Enumerable.Range(0, 5_000).Select(i => Problems.BodyUndecodable.At($"/responses/{i}", "should be an object, \"{}\""))] }, Cancellation);

        var entry = Assert.Single(await ListAsync(storage, All));
        Assert.Equal(5_000, entry.ReasonsInAll);
        Assert.InRange(entry.Reasons.Count, 50, 500);
        Assert.Equal("/responses/0", entry.Reasons[0].Where);
    }

    [Fact]
    public async Task What_is_no_id_finds_nothing()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        await storage.Store.Quarantine.KeepAsync(Undecodable("x"), Cancellation);
        foreach (var id in (string[])["", "x", "9999999999999999999~r", "0000000000000000000~r", "-000000000000000000~r", "2500000000000000000~'/..", new string('1', 600)])
        {
            Assert.Null(await storage.Store.Quarantine.FindAsync(id, Cancellation));
            Assert.Null(await storage.Store.Quarantine.OpenAsync(id, Cancellation));
        }
    }

    [Fact]
    public async Task Of_many_who_begin_all_have_one_time_and_of_many_who_end_one_does()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        await storage.Store.Quarantine.KeepAsync(Undecodable("x"), Cancellation);
        var id = Assert.Single(await ListAsync(storage, All)).Id;

        var began = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => storage.Store.Quarantine.BeginAsync(id, Monday.AddHours(i), Cancellation)));
        var ended = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => storage.Store.Quarantine.EndAsync(id, AReplay(Fate.Accepted), Cancellation)));

        Assert.Single(began.Distinct());
        Assert.Equal(1, ended.Count(one => one));
        Assert.Null(await storage.Store.Quarantine.BeginAsync(id, Monday, Cancellation));
        Assert.Null(await storage.Store.Quarantine.OpenAsync(id, Cancellation));
    }

    /// <summary>Whatever became of it, a vendor's list has it again every time.</summary>
    [Fact]
    public async Task What_was_recovered_stays_known_after_its_replay()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        var waiting = Unmapped("1", "a", "answer-unknown");
        await storage.Store.Quarantine.KeepAsync(waiting with { Receipt = waiting.Receipt with { Channel = Channel.Recovered } }, Cancellation);
        (string, string)[] held = [(waiting.Identity!, waiting.Version!.Hash)];
        Assert.Equal(held, await storage.Store.Quarantine.HeldAsync("a", Cancellation));
        await storage.Store.Quarantine.EndAsync(Assert.Single(await ListAsync(storage, All)).Id, AReplay(Fate.Conflict), Cancellation);
        Assert.Equal(held, await storage.Store.Quarantine.HeldAsync("a", Cancellation));
    }

    [Fact]
    public async Task An_end_whose_answer_was_lost_is_ours()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        await storage.Store.Quarantine.KeepAsync(Undecodable("x"), Cancellation);
        var id = Assert.Single(await ListAsync(storage, All)).Id;
        storage.Wire.LoseOneAnswer(Wire.IsTransaction);

        Assert.True(await storage.Store.Quarantine.EndAsync(id, AReplay(Fate.Duplicate), Cancellation));
        Assert.Equal(1, (await storage.Store.Quarantine.FindAsync(id, Cancellation))!.Replay!.Fates.Duplicate);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(1_000_000)]
    public async Task What_was_replayed_is_kept_no_longer(int bytes)
    {
        var storage = await TestStorage.CreateAsync(azurite);
        await storage.Store.Quarantine.KeepAsync(Undecodable(new string('x', bytes)), Cancellation);
        var id = Assert.Single(await ListAsync(storage, All)).Id;
        Assert.Equal(bytes > 300_000 ? 1 : 0, (await BlobsAsync(storage)).Count);

        await storage.Store.Quarantine.EndAsync(id, AReplay(Fate.Accepted), Cancellation);

        Assert.Empty(await BlobsAsync(storage));
        Assert.DoesNotContain(await storage.RowsAsync("Quarantine"), row => row.ContainsKey("Json0") || row.ContainsKey("Blob"));
    }

    [Fact]
    public async Task A_reason_that_changed_replaces_the_one_before_and_the_content_stays()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        await storage.Store.Quarantine.KeepAsync(Unmapped("r", "a", "answer-unknown"), Cancellation);
        var id = Assert.Single(await ListAsync(storage, All)).Id;
        await storage.Store.Quarantine.StillWaitsAsync(id, [Problems.FieldMissing.At("q9", "is needed")], new InstrumentVersion("leaders", 2), Cancellation);

        var content = (await storage.Store.Quarantine.OpenAsync(id, Cancellation))!;
        Assert.Equal(("field-missing", new InstrumentVersion("leaders", 2)), (Assert.Single(content.Entry.Reasons).Code, content.Entry.Instrument));
        Assert.NotNull(content.Answers);
        // The same once more is not written.
        Assert.Equal(1, await storage.CountAsync(() => storage.Store.Quarantine.StillWaitsAsync(id, [Problems.FieldMissing.At("q9", "is needed")], new InstrumentVersion("leaders", 2), Cancellation)));
        await storage.Store.Quarantine.StillWaitsAsync(id, [Problems.InstrumentMissing.At("", "put one")], null, Cancellation);
        Assert.Null((await storage.Store.Quarantine.FindAsync(id, Cancellation))!.Instrument);
    }

    [Fact]
    public async Task Raw_bodies_go_after_thirty_days_and_their_codes_stay()
    {
        var time = new FakeTimeProvider(Monday.AddDays(30).AddHours(1));
        var storage = await TestStorage.CreateAsync(azurite, time);
        await KeepAsync(storage, Undecodable("old"), Monday);
        await KeepAsync(storage, Undecodable(new string('o', 1_000_000)), Monday.AddMinutes(1));
        await KeepAsync(storage, Undecodable("newer"), Monday.AddHours(2));
        await KeepAsync(storage, Undecodable(new string('n', 1_000_000)), Monday.AddHours(2));
        await KeepAsync(storage, Unmapped("decoded", "kobo_leaders", "answer-unknown"), Monday.AddDays(-60));
        await storage.Container("quarantine").GetBlobClient($"raw/2026-07-30/{TableKey.NewestFirst(Monday.AddDays(-60))}~orphan.json").UploadAsync(BinaryData.FromString("{}"), Cancellation);
        var retention = ARetention(storage.Store, time);

        Assert.Equal(2, (await retention.RunAsync(Cancellation)).Bodies);
        Assert.Equal(0, (await retention.RunAsync(Cancellation)).Bodies);

        var rows = await storage.RowsAsync("Quarantine");
        Assert.Equal(5, rows.Count);
        Assert.Equal(["Expired", "Expired", "Waiting", "Waiting", "Waiting"], rows.Select(row => row.GetString("State")).Order(StringComparer.Ordinal));
        Assert.All(rows, row => Assert.Equal(row.GetString("State") == "Waiting", row.ContainsKey("Json0") || row.ContainsKey("Blob")));
        Assert.All(await ListAsync(storage, new QuarantineFilter(State: QuarantineState.Expired)), entry => Assert.Equal("body-undecodable", Assert.Single(entry.Reasons).Code));
        Assert.StartsWith("raw/2026-09-28/", Assert.Single(await BlobsAsync(storage)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answers_a_crash_left_behind_are_swept()
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        var storage = await TestStorage.CreateAsync(azurite, time);
        await storage.Store.Quarantine.KeepAsync(Unmapped(new string('x', 400_000), "a", "answer-unknown"), Cancellation);
        var blob = Assert.Single(await BlobsAsync(storage));
        var orphan = blob.Replace("receipt-", "orphan-", StringComparison.Ordinal);
        await storage.Container("quarantine").GetBlobClient(orphan).UploadAsync(BinaryData.FromString("{}"), Cancellation);
        var retention = ARetention(storage.Store, time);

        await retention.RunAsync(Cancellation);
        Assert.Equal(2, (await BlobsAsync(storage)).Count);
        time.Advance(TimeSpan.FromDays(2));
        await retention.RunAsync(Cancellation);
        Assert.Equal(blob, Assert.Single(await BlobsAsync(storage)));
        // Killed between the row and the blob of an end.
        var (crashing, wire) = storage.Connect();
        wire.Before = (request, _) => request.Method == HttpMethod.Delete ? throw new NotSupportedException("killed here") : Task.FromResult<HttpResponseMessage?>(null);
        await Assert.ThrowsAsync<NotSupportedException>(async () => await crashing.Quarantine.EndAsync(Assert.Single(await ListAsync(storage, All)).Id, AReplay(Fate.Accepted), Cancellation));
        await retention.RunAsync(Cancellation);
        Assert.Empty(await BlobsAsync(storage));
    }

    private static QuarantineReplay AReplay(Fate fate) => new(Monday, DeliveryReply.From([fate]), Guid.NewGuid().ToString("N"));

    private static QuarantinedResponse Undecodable(string body, string source = "kobo_leaders") => new(
        source, AReceipt(), null, [Problems.BodyUndecodable.At("body", "JSON was expected.")], null, null,
        new RawDelivery(Encoding.UTF8.GetBytes(body), new Dictionary<string, string> { ["content-type"] = "application/json" }));

    private static QuarantinedResponse Unmapped(string answer, string source, params string[] codes)
    {
        var response = AResponse(answer: answer);
        return new QuarantinedResponse(source, AReceipt(), response.Identity, [.. codes.Select(code => Problems.All[code].At("q1", "should be known"))], response.Version, response.Answers, null);
    }

    private static Task KeepAsync(TestStorage storage, QuarantinedResponse response, DateTimeOffset received) =>
        storage.Store.Quarantine.KeepAsync(response with { Receipt = response.Receipt with { Received = received } }, Cancellation);

    private static async Task<IReadOnlyList<QuarantineEntry>> ListAsync(TestStorage storage, QuarantineFilter filter) =>
        (await storage.Store.Quarantine.ListAsync(filter, 1000, null, Cancellation))!.Entries;

    private static async Task<List<string>> BlobsAsync(TestStorage storage)
    {
        var names = new List<string>();
        await foreach (var blob in storage.Container("quarantine").GetBlobsAsync(BlobTraits.None, BlobStates.None, null, Cancellation)) names.Add(blob.Name);
        return names;
    }
}
