using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using WholeSchoolSend.Core.Disclosure;
using WholeSchoolSend.Core.Erasures;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Polls;
using WholeSchoolSend.Core.Schools;
using WholeSchoolSend.Core.Webhooks;
using WholeSchoolSend.Testing;
using static WholeSchoolSend.Storage.Tests.Given;

namespace WholeSchoolSend.Storage.Tests;

/// <summary>
/// One person is spread over every store there is and then erased: nothing in any table or container holds their address, its pseudonym or their ids,
/// all figures are as if they had never answered, and nothing brings them back.
/// </summary>
public sealed class ErasureTests(AzuriteFixture azurite)
{
    private const string Canary = "canary@school.example";
    /// <summary>Somebody else, whose address holds the person's.</summary>
    private const string Namesake = "mary.canary@school.example.org";

    private const string ByEmail = $$"""{"email":" Canary@School.Example ","reason":"letter 117"}""";

    private static readonly string[] Traces = [Canary, APseudonymKey.Of(Canary), "canary-r1", "canary-q1", "canary-q2"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nothing_is_left_of_a_person_and_all_figures_are_as_if_they_had_never_answered()
    {
        var world = await World.StartAsync(azurite);
        await world.OthersAsync();
        await world.SpreadAsync();
        var before = await world.TracesAsync();
        foreach (var place in (string[])["Evidence I", "Evidence R", "Evidence H", "Quarantine", "quarantine", "poll-drop", "raw", "register"])
            // Identities are hashes: what they are of is not in them.
            if (place != "Evidence I") Assert.Contains(before, trace => trace.StartsWith(place, StringComparison.Ordinal));

        var erasure = await world.EraseAsync(ByEmail);

        Assert.Equal(ErasureState.Swept, erasure.State);
        Assert.Equal(new ErasureCounts(Responses: 3, Quarantined: 2, Bodies: 3, Unsearchable: 1, PollRows: 1, Files: 4), erasure.Removed);
        Assert.Empty(erasure.NotReached);
        Assert.Empty(await world.TracesAsync());
        Assert.Equal(await AloneAsync(), await world.FiguresAsync());
        var audit = await world.AuditAsync();
        Assert.Equal((0, 0), (audit.Differences, audit.Unreadable.Count));

        world.Time.Later += TimeSpan.FromHours(25);
        Assert.Equal(new SweepErasuresOutcome(1, 0), await world.Us().Sweeps.RunAsync(Cancellation));
        Assert.Equal(ErasureState.Done, (await world.Store.Erasures.FindAsync(erasure.Id, Cancellation))!.State);
        Assert.Equal(new SweepErasuresOutcome(0, 0), await world.Us().Sweeps.RunAsync(Cancellation));
    }

    [Fact]
    public async Task Nothing_brings_an_erased_person_back()
    {
        var world = await World.StartAsync(azurite);
        await world.OthersAsync();
        await world.SpreadAsync();
        await world.EraseAsync(ByEmail);
        var us = world.Us();

        // Delivered again: the same, a newer version, one that cannot be mapped, one no instrument maps, bodies nobody can decode.
        Assert.Equal("erased", await us.FateAsync(World.Body("canary-r1", Canary)));
        Assert.Equal("erased", await us.FateAsync(World.Body("canary-r1", Canary, updated: "2026-10-01T10:00:00Z")));
        Assert.Equal("erased", await us.FateAsync(World.Body("canary-q1", Canary, answer: "no such answer")));
        Assert.Equal("erased", await us.FateAsync(World.Body("canary-q2", Canary, form: "unmapped")));
        foreach (var body in World.Undecodable) Assert.Equal("erased", await us.FateAsync(body));
        // What was on its way and never seen: fetched late, out of a vendor's list. It was submitted before they asked.
        Assert.Equal("erased", await us.FateAsync(World.Body("canary-r2", Canary)));
        // An instrument that comes late, or is mended.
        await world.Store.Instruments.AddAsync(World.Form with { Id = "late", Form = new FormBinding("leaders_json", "unmapped"), Collection = "late" }, Cancellation);
        await world.Store.Instruments.AddAsync(World.Form with { Version = 2, Items = [World.Form.Items[0] with { Codes = new Dictionary<string, string> { ["agree"] = "agree", ["no such answer"] = "agree" } }] }, Cancellation);
        us = world.Us();
        Assert.Equal("erased", await us.FateAsync(World.Body("canary-q2", Canary, form: "unmapped")));
        Assert.Equal("erased", await us.FateAsync(World.Body("canary-q1", Canary, answer: "no such answer")));
        Assert.Equal(0, (await us.ReplayAsync("""{"source":"leaders_json"}""")).Replayed);
        await us.Kpis.RunAsync(Cancellation);
        // The same poll file once more, and a corrected one.
        foreach (var weight in (string[])["1.5", "1.25"])
        {
            var record = await world.DropPollAsync(us, World.Poll(weight, Canary));
            Assert.Equal((ImportState.Active, 1), (record.State, record.Rows!.Excluded["erased"]));
            await world.Us().Polls.RunAsync("northern", "poll.csv", again: true, Cancellation);
        }

        Assert.Empty(await world.TracesAsync());
        Assert.Equal(world.Told[Fate.Erased], await us.ErasedByRowsAsync());
    }

    [Fact]
    public async Task What_they_submit_long_after_they_asked_is_theirs_to_give()
    {
        var world = await World.StartAsync(azurite);
        await world.SpreadAsync();
        await world.EraseAsync(ByEmail);

        var later = world.Time.GetUtcNow().AddDays(2);
        var body = World.Body("canary-r9", Canary, submitted: later.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
        Assert.Equal(1, (await world.Us().SendAsync(body, received: later)).Accepted);
        // A sender whose clock is days ahead makes nothing later than it came.
        Assert.Equal("erased", await world.Us().FateAsync(body.Replace("canary-r9", "canary-r10", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task An_announcement_of_an_erased_response_waits_for_nothing()
    {
        var world = await World.StartAsync(azurite);
        const string Event = """{"name":"Hook","event_type":"response_completed","event_id":"e1","object_type":"response","object_id":"777001","event_datetime":"2026-09-28T09:30:00+00:00","resources":{"survey_id":"555","collector_id":"22"}}""";
        Assert.Equal(1, (await world.Us().SendAsync(Event, "leaders_monkey")).Pending);
        Assert.Equal(1, (await world.EraseAsync("""{"response":{"source":"leaders_monkey","form":"555","id":"777001"},"reason":"letter 120"}""")).Removed.Pending);

        Assert.Equal(1, (await world.Us().SendAsync(Event, "leaders_monkey")).Erased);
        Assert.Empty(await world.Store.Pending.WaitingAsync("leaders_monkey", Cancellation));
    }

    [Fact]
    public async Task A_body_too_large_to_be_searched_while_its_sender_waits_is_searched_at_night()
    {
        var world = await World.StartAsync(azurite);
        await world.SpreadAsync();
        await world.EraseAsync("""{"respondent":{"key":"code-xyz-9","instruments":["leaders"]},"reason":"letter 121"}""");
        var before = (await world.EraseAsync(ByEmail)).Removed.Bodies;
        static string Words(int count) => "{ no end " + string.Join(' ', Enumerable.Range(0, count).Select(word => $"word{word}"));
        // More words than are tried while a sender waits; and more bytes.
        Assert.Equal("quarantined", await world.Us().FateAsync($"{Words(90_000)} code-xyz-9"));
        Assert.Equal("quarantined", await world.Us().FateAsync($"{Words(200_000)} {Canary}"));
        // One that stands again and again is tried once.
        Assert.Equal("erased", await world.Us().FateAsync($"{new string('[', 500_000)} code-xyz-9"));

        await world.Us().Sweeps.RunAsync(Cancellation);
        Assert.Empty(await world.TracesAsync());
        Assert.DoesNotContain(await world.AllTextAsync(), text => text.Text.Contains("code-xyz-9", StringComparison.Ordinal));
        Assert.Equal(before + 1, (await world.Store.Erasures.AllAsync(Cancellation)).Single(erasure => erasure.Of == ErasureOf.Email).Removed.Bodies);
    }

    [Theory]
    [InlineData("stray.csv", false)]
    [InlineData("nobody/gz.csv.gz", true)]
    public async Task A_file_that_is_nobodys_goes_with_whom_it_holds(string name, bool compressed)
    {
        var world = await World.StartAsync(azurite);
        var bytes = Encoding.UTF8.GetBytes($"urn,who\n100001,{Canary}\n");
        if (compressed)
        {
            using var packed = new MemoryStream();
            await using (var zip = new System.IO.Compression.GZipStream(packed, System.IO.Compression.CompressionLevel.Optimal, leaveOpen: true)) await zip.WriteAsync(bytes, Cancellation);
            bytes = packed.ToArray();
        }
        await world.Storage.Container("poll-drop").GetBlobClient(name).UploadAsync(BinaryData.FromBytes(bytes), overwrite: true, Cancellation);

        Assert.Equal(1, (await world.EraseAsync(ByEmail)).Removed.Files);
        Assert.Empty(await world.BlobsAsync("poll-drop"));
    }

    /// <summary>Without the check the same deliveries do bring them back: the tests above can fail.</summary>
    [Fact]
    public async Task Without_the_check_they_come_back()
    {
        var world = await World.StartAsync(azurite);
        await world.SpreadAsync();
        await world.EraseAsync(ByEmail);
        await foreach (var row in world.Storage.Table("Erasures").QueryAsync<TableEntity>(cancellationToken: Cancellation))
            await world.Storage.Table("Erasures").DeleteEntityAsync(row.PartitionKey, row.RowKey, cancellationToken: Cancellation);
        var us = world.Us();

        Assert.Equal("accepted", await us.FateAsync(World.Body("canary-r2", Canary)));
        Assert.Equal("quarantined", await us.FateAsync(World.Undecodable[0]));
        Assert.Equal(ImportState.Active, (await world.DropPollAsync(us, World.Poll("1.25", Canary))).State);
        var traces = await world.TracesAsync();
        foreach (var place in (string[])["Evidence R", "Quarantine", "poll-drop", "raw"]) Assert.Contains(traces, trace => trace.StartsWith(place, StringComparison.Ordinal));
        // The tombstone in the evidence itself still holds.
        Assert.Equal("erased", await us.FateAsync(World.Body("canary-r1", Canary, updated: "2026-10-02T10:00:00Z")));
    }

    [Fact]
    public async Task Killed_at_any_write_the_timer_comes_to_the_same_end()
    {
        var alone = await AloneAsync();
        var calm = await World.StartAsync(azurite);
        await calm.OthersAsync();
        await calm.SpreadAsync();
        var (store, wire) = calm.Storage.Connect(time: calm.Time);
        var writes = await wire.WritesAsync(() => calm.Us(store).Requests.RunAsync(Encoding.UTF8.GetBytes(ByEmail), Cancellation));
        Assert.InRange(writes, 25, 80);

        // Every write, in turn before and after it took effect.
        for (var write = 1; write <= writes; write++)
        {
            var world = await World.StartAsync(azurite);
            await world.OthersAsync();
            await world.SpreadAsync();
            (store, wire) = world.Storage.Connect(time: world.Time);
            wire.KillAt(write, took: write % 2 == 0);
            await Assert.ThrowsAnyAsync<Exception>(() => world.Us(store).Requests.RunAsync(Encoding.UTF8.GetBytes(ByEmail), Cancellation));

            if ((await world.Store.Erasures.AllAsync(Cancellation)).Count == 0) await world.EraseAsync(ByEmail);
            // What may still be at work is left alone for a quarter of an hour.
            world.Time.Later += TimeSpan.FromMinutes(20);
            await world.Us().Sweeps.RunAsync(Cancellation);
            var end = $"{Assert.Single(await world.Store.Erasures.AllAsync(Cancellation)).State}|{string.Join(',', await world.TracesAsync())}|{await world.FiguresAsync()}";
            Assert.True(end == $"Swept||{alone}", $"killed {(write % 2 == 0 ? "after" : "before")} write {write} of {writes}: {end[..500]}");
        }
        TestContext.Current.TestOutputHelper!.WriteLine($"{writes} writes, killed at each");
    }

    [Fact]
    public async Task Beside_arrivals_and_recomputes_the_second_sweep_has_the_rest()
    {
        var world = await World.StartAsync(azurite);
        await world.OthersAsync();
        await world.SpreadAsync();
        // Other instances, which have not read who was erased for some seconds.
        var others = Enumerable.Range(0, 3).Select(_ => world.Us(world.Storage.Connect(time: world.Time).Store)).ToList();
        foreach (var other in others) await other.FateAsync(World.Body($"other-{Guid.NewGuid():N}", "somebody@school.example"));

        await Task.WhenAll(
            world.EraseAsync(ByEmail),
            Task.WhenAll(others.Select((other, at) => Task.Run(async () =>
            {
                for (var round = 0; round < 8; round++)
                {
                    await other.SendAsync(World.Body("canary-r1", Canary, updated: $"2026-10-0{at + 1}T10:00:0{round}Z"));
                    await other.SendAsync(World.Body($"canary-n{at}-{round}", Canary));
                    await other.SendAsync(World.Body($"canary-q{at}-{round}", Canary, answer: "no such answer"));
                    await other.SendAsync(World.Undecodable[0]);
                    await other.Kpis.RunAsync(Cancellation);
                }
            }))));
        world.Time.Later += TimeSpan.FromHours(25);
        await world.Us().Sweeps.RunAsync(Cancellation);

        Assert.Empty(await world.TracesAsync());
        Assert.DoesNotContain(await world.Storage.RowsAsync("Evidence", "R~"), row => Encoding.UTF8.GetString(Payload.Get(row)).Contains("canary", StringComparison.Ordinal));
        Assert.Equal(0, (await world.AuditAsync()).Differences);
        Assert.Equal(ErasureState.Done, Assert.Single(await world.Store.Erasures.AllAsync(Cancellation)).State);
    }

    [Fact]
    public async Task An_import_that_began_before_is_waited_for_with_its_file()
    {
        var world = await World.StartAsync(azurite);
        await world.SpreadAsync();
        var (store, wire) = world.Storage.Connect(time: world.Time);
        ErasureState? meanwhile = null;
        // Right before its bytes are kept: it has read who was erased, and nobody was.
        wire.Once(
            request => request.Method == HttpMethod.Put && request.RequestUri!.AbsolutePath.Contains("raw/", StringComparison.Ordinal),
            async () =>
            {
                var erasure = await world.EraseAsync(ByEmail);
                meanwhile = erasure.State;
                Assert.Contains(erasure.NotReached, file => file.Why == ErasePolls.Busy);
            });
        await world.DropPollAsync(world.Us(store), World.Poll("1.25", Canary));
        Assert.Equal(ErasureState.Sweeping, meanwhile);
        Assert.NotEmpty(await world.TracesAsync());

        await world.Us().Sweeps.RunAsync(Cancellation);

        Assert.Empty(await world.TracesAsync());
        Assert.Equal(ErasureState.Swept, Assert.Single(await world.Store.Erasures.AllAsync(Cancellation)).State);
        Assert.Equal(0, (await world.AuditAsync()).Differences);
    }

    /// <summary>Found by the simulation: rows of the attempt before, under the same version, counted beside those of the attempt that left them out.</summary>
    [Fact]
    public async Task An_import_killed_before_the_erasure_leaves_nobody_in_what_counts_after_it()
    {
        var csv = $"urn,respondent,Q1,weight,note\n100001,a@school.example,Fully,1,\n100009,{Canary},Partly,1,\n100002,b@school.example,Partly,1,\n";
        var calm = await World.StartAsync(azurite);
        var (store, wire) = calm.Storage.Connect(time: calm.Time);
        var writes = await wire.WritesAsync(() => calm.DropPollAsync(calm.Us(store), csv));
        for (var write = 1; write < writes; write++)
        {
            var world = await World.StartAsync(azurite);
            (store, wire) = world.Storage.Connect(time: world.Time);
            wire.KillAt(write, took: true);
            await Assert.ThrowsAnyAsync<Exception>(() => world.DropPollAsync(world.Us(store), csv));

            await world.EraseAsync(ByEmail);
            await world.Us().Polls.RunAsync("northern", "poll.csv", again: false, Cancellation);
            world.Time.Later += TimeSpan.FromMinutes(20);
            await world.Us().Sweeps.RunAsync(Cancellation);

            var counts = Assert.Single(await world.Store.Imports.ActiveAsync(Cancellation), import => import.Collection is not null);
            Assert.Equal(["100001", "100002"], (await world.Store.PollTotals.ReadAsync(counts.Version, Cancellation)).Select(total => total.School).Order(StringComparer.Ordinal));
            Assert.Empty(await world.TracesAsync());
        }
        Assert.InRange(writes, 5, 40);
    }

    /// <summary>Found by the simulation: the file went, and with it everybody else in it, before any import had looked at it.</summary>
    [Fact]
    public async Task A_file_that_was_dropped_and_not_imported_yet_is_waited_for()
    {
        var world = await World.StartAsync(azurite);
        await world.Storage.Container("poll-drop").GetBlobClient("northern/poll.csv").UploadAsync(BinaryData.FromString(World.Poll("1.25", Canary)), overwrite: true, Cancellation);

        var erasure = await world.EraseAsync(ByEmail);

        Assert.Equal((ErasureState.Sweeping, ErasePolls.Busy), (erasure.State, Assert.Single(erasure.NotReached).Why));
        var record = (await world.Us().Polls.RunAsync("northern", "poll.csv", again: false, Cancellation))!;
        Assert.Equal((ImportState.Active, 1), (record.State, record.Rows!.Excluded[ExclusionReasons.Erased]));
        Assert.NotEqual(0, record.Rows.Loaded);
        await world.Us().Sweeps.RunAsync(Cancellation);
        Assert.Empty(await world.TracesAsync());
        Assert.Equal(ErasureState.Swept, Assert.Single(await world.Store.Erasures.AllAsync(Cancellation)).State);
    }

    /// <summary>Found by the simulation: after four failures the fifth attempt looked poisoned while it was at work, and the file went from under it.</summary>
    [Fact]
    public async Task A_file_whose_import_is_on_its_last_try_is_waited_for_until_it_is_surely_over()
    {
        var world = await World.StartAsync(azurite);
        var (store, wire) = world.Storage.Connect(time: world.Time);
        wire.KillAt(3, took: true);
        await Assert.ThrowsAnyAsync<Exception>(() => world.DropPollAsync(world.Us(store), World.Poll("1.25", Canary)));
        var stored = await world.Store.Imports.HistoryAsync(null, Cancellation).SingleAsync(one => one.Record.Supplier == "northern", Cancellation);
        var last = stored.Record with { Attempts = ImportRecord.MostAttempts, Fault = "request-failed", Updated = world.Time.GetUtcNow() };
        Assert.False(last.IsPoisoned(world.Time.GetUtcNow()));
        Assert.True(last.IsPoisoned(world.Time.GetUtcNow() + SweepDrops.Stuck));
        await world.Store.Imports.AdvanceAsync(stored, last, Cancellation);

        Assert.Equal(ErasePolls.Busy, Assert.Single((await world.EraseAsync(ByEmail)).NotReached).Why);

        var record = (await world.Us().Polls.RunAsync("northern", "poll.csv", again: true, Cancellation))!;
        Assert.Equal((ImportState.Active, 1), (record.State, record.Rows!.Excluded[ExclusionReasons.Erased]));
        Assert.NotEqual(0, record.Rows.Loaded);
    }

    [Fact]
    public async Task The_next_person_of_a_file_is_taken_out_of_its_redacted_copy()
    {
        var world = await World.StartAsync(azurite);
        await world.OthersAsync();
        await world.SpreadAsync();
        await world.EraseAsync(ByEmail);
        Assert.Single(await world.BlobsAsync("raw"), name => name.StartsWith("redacted/", StringComparison.Ordinal));

        var second = await world.EraseAsync("""{"email":"b@school.example","reason":"letter 118"}""");

        Assert.Equal((1, 0), (second.Removed.PollRows, second.NotReached.Count));
        var rows = await world.Store.PollTotals.ReadAsync(Assert.Single(await world.Store.Imports.ActiveAsync(Cancellation), import => import.Collection is not null).Version, Cancellation);
        Assert.Equal(1, rows.Sum(school => school.Respondents));
        Assert.Equal(0, (await world.AuditAsync()).Differences);
        world.Time.Later += TimeSpan.FromMinutes(20);
        await world.Us().Sweeps.RunAsync(Cancellation);
        Assert.Single(await world.BlobsAsync("raw"), name => name.StartsWith("redacted/", StringComparison.Ordinal));
        Assert.DoesNotContain(await world.AllTextAsync(), text => text.Text.Contains("b@school.example", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task A_code_is_only_erased_where_it_is_somebodys_key()
    {
        var world = await World.StartAsync(azurite);
        await world.DropPollAsync(world.Us(), "urn,respondent,Q1,weight,note\n100001,42,Fully,1.5,7\n100002,7,Fully,1.5,42\n");
        Assert.Equal("accepted", await world.Us().FateAsync(World.Body("form-42", "42")));

        var erasure = await world.EraseAsync("""{"respondent":{"key":"42","instruments":["leaders-poll"]},"reason":"letter 119"}""");

        Assert.Equal(new ErasureCounts(PollRows: 1, Files: 2), erasure.Removed);
        var left = await world.Store.PollTotals.ReadAsync(Assert.Single(await world.Store.Imports.ActiveAsync(Cancellation)).Version, Cancellation);
        Assert.Equal("100002", Assert.Single(left).School);
        Assert.Single(await world.Storage.RowsAsync("Evidence", "R~"));
    }

    [Fact]
    public async Task All_a_school_said_goes_and_the_school_stays()
    {
        var world = await World.StartAsync(azurite);
        await world.OthersAsync();
        await world.SpreadAsync();

        var erasure = await world.EraseAsync($$"""{"school":"{{Given.School}}","reason":"the head asks"}""");

        Assert.Equal(Given.School, erasure.School);
        Assert.Empty(await world.Storage.RowsAsync("Evidence", "R~100001~"));
        Assert.All(await world.Store.Evidence.TotalsAsync(Collection, Cancellation), total => Assert.NotEqual(Given.School, total.School));
        var poll = Assert.Single(await world.Store.Imports.ActiveAsync(Cancellation), import => import.Collection is not null);
        Assert.All(await world.Store.PollTotals.ReadAsync(poll.Version, Cancellation), total => Assert.NotEqual(Given.School, total.School));
        Assert.Single(await world.Store.Imports.ActiveAsync(Cancellation), import => import.Unit.Instrument == ImportRegister.Engagements);
        Assert.Equal("erased", await world.Us().FateAsync(World.Body("o1", "a@school.example", updated: "2026-10-05T10:00:00Z")));
    }

    [Fact]
    public async Task A_response_that_only_was_announced_is_erased_by_its_id()
    {
        var world = await World.StartAsync(azurite);
        var us = world.Us();
        await us.SendAsync("""{"name":"h","filter_type":"survey","filter_id":"survey-1","event_type":"response_completed","event_id":"e1","object_type":"response","object_id":"canary-r1","event_datetime":"2026-09-28T10:00:00.000000+00:00","resources":{"respondent_id":"canary-r1","recipient_id":"0","collector_id":"c","survey_id":"survey-1","user_id":"u"}}""", "leaders_monkey");
        Assert.NotEmpty(await world.TracesAsync());

        var erasure = await world.EraseAsync("""{"response":{"source":"leaders_monkey","form":"survey-1","id":"canary-r1"},"reason":"letter 120"}""");

        Assert.Equal((1, 1), (erasure.Removed.Pending, erasure.Removed.Responses));
        Assert.Empty(await world.TracesAsync());
    }

    [Fact]
    public async Task An_address_in_the_words_of_a_question_goes_and_their_hash_stays()
    {
        var world = await World.StartAsync(azurite);
        var wording = new SeenWording("leaders", "every-teacher-responsible", "a-hash", $"Dear {Canary}, is every teacher responsible?", [], Monday);
        await world.Store.Evidence.TakeInAsync(AResponse("w") with { Wordings = [wording] }, AReceipt(), Cancellation);

        Assert.Equal(1, (await world.EraseAsync(ByEmail)).Removed.Wordings);

        var seen = Assert.Single(await world.Store.Evidence.SeenAsync(Collection, Cancellation));
        Assert.Equal(("a-hash", null), (seen.Wording, seen.Text));
        Assert.Empty(await world.TracesAsync());
    }

    [Theory]
    [InlineData("""{"reason":"letter 1"}""", "document-invalid", "")]
    [InlineData("""{"email":"a@b.example","school":"100001","reason":"letter 1"}""", "document-invalid", "")]
    [InlineData("""{"email":"nobody","reason":"letter 1"}""", "document-invalid", "/email")]
    [InlineData("""{"school":"12","reason":"letter 1"}""", "document-invalid", "/school")]
    [InlineData("""{"respondent":{"key":"42"},"reason":"letter 1"}""", "document-invalid", "/respondent/instruments")]
    [InlineData("""{"respondent":{"key":"42","instruments":["none"]},"reason":"letter 1"}""", "document-invalid", "/respondent/instruments")]
    [InlineData("""{"response":{"source":"leaders_jsn","form":"leaders","id":"r1"},"reason":"letter 1"}""", "document-invalid", "/response/source")]
    [InlineData("""{"email":"a@b.example","wave":"2026-autum","reason":"letter 1"}""", "document-invalid", "/wave")]
    [InlineData("""{"email":"a@b.example"}""", "reason-missing", "/reason")]
    [InlineData("""{"email":"a@b.example","reason":"asked by a@b.example"}""", "reason-personal", "/reason")]
    [InlineData("""{"respondent":{"key":"anna 1980","instruments":["leaders-poll"]},"reason":"Anna 1980 wrote"}""", "reason-personal", "/reason")]
    public async Task What_is_not_asked_properly_erases_nothing_and_keeps_nothing(string json, string code, string where)
    {
        var world = await World.StartAsync(azurite);
        var problem = Assert.Single((await world.Us().Requests.RunAsync(Encoding.UTF8.GetBytes(json), Cancellation)).Problems);
        Assert.Equal((code, where), (problem.Code, problem.Where));
        Assert.Empty(await world.Storage.RowsAsync("Erasures"));
    }

    private async Task<string> AloneAsync()
    {
        var world = await World.StartAsync(azurite);
        await world.OthersAsync();
        await world.SpreadAsync(withCanary: false);
        await world.Us().Kpis.RunAsync(Cancellation);
        return await world.FiguresAsync();
    }

    private sealed class ShiftedTime : TimeProvider
    {
        public TimeSpan Later { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Later;
    }

    /// <summary>One process over a store.</summary>
    private sealed class Us
    {
        private readonly Dictionary<Fate, int> _told;
        private readonly TakeInDelivery _deliveries;
        private readonly ReplayQuarantine _replays;
        private readonly Ledger _ledger;

        public Us(SurveyDataStorage store, TimeProvider time, Dictionary<Fate, int> told)
        {
            _told = told;
            var shelf = new ErasureShelf(store.Erasures, APseudonymKey, time);
            var redaction = new Redaction(APseudonymKey);
            var sources = new[] { Source("leaders_json", "json"), Source("leaders_monkey", "surveymonkey") }.ToFrozenDictionary(source => source.Name, StringComparer.Ordinal);
            var responses = new TakeInResponse(new InstrumentShelf(store.Instruments, time), redaction, store.Evidence, store.Quarantine, store.Pending, shelf, store.Erasures);
            _deliveries = new TakeInDelivery(sources, responses, time);
            _replays = new ReplayQuarantine(sources, responses, store.Quarantine, store.Pending, time);
            _ledger = new Ledger(store.Fates, store.Instruments, time);
            var import = new FileImport(store.Drops, store.Imports, time);
            Polls = new ImportPoll(store.Drops, store.Instruments, store.Waves, store.Imports, import, store.PollTotals, store.Schools, shelf, Catalogue.Current, time);
            Register = new ImportRegister(store.Drops, import, store.Schools, store.Engagements, store.SchoolLinks, store.NetworkReach);
            Kpis = new RecomputeKpis(
                store.Instruments, new RemapResponses(store.Evidence, redaction, time), store.Evidence,
                new EvidenceReader(
                    Catalogue.Current, new DisclosurePolicy(), store.Instruments, store.Waves, store.Imports, store.Evidence, store.PollTotals, store.Schools, store.Engagements, store.SchoolLinks,
                    store.NetworkReach, store.Milestones, time),
                store.KpiResults, Catalogue.Current, new DisclosurePolicy());
            var rebuild = new RebuildPoll(store.Drops, store.Instruments, store.Imports, store.PollTotals, shelf);
            Audits = new AuditTotals(store.Instruments, store.Evidence, store.Imports, store.PollTotals, rebuild, store.Audits, time);
            var rows = new ImportedRows(store.PollTotals, store.Schools, store.Engagements, store.SchoolLinks, store.NetworkReach);
            Sweeps = new SweepErasures(
                store.Erasures, shelf, store.Instruments, store.Evidence, store.Evidence, store.Quarantine, store.Pending,
                new ErasePolls(store.Drops, store.Instruments, store.Imports, rows, rebuild, time), Kpis, time);
            Requests = new RequestErasure(sources, store.Erasures, shelf, Sweeps, store.Instruments, store.Waves, store.Imports, APseudonymKey, time);
        }

        public ImportPoll Polls { get; }

        public ImportRegister Register { get; }

        public RecomputeKpis Kpis { get; }

        public AuditTotals Audits { get; }

        public SweepErasures Sweeps { get; }

        public RequestErasure Requests { get; }

        public async Task<DeliveryReply> SendAsync(string body, string source = "leaders_json", DateTimeOffset? received = null)
        {
            var outcome = await _deliveries.RunAsync(source, Delivery.From(Encoding.UTF8.GetBytes(body), Headers(body), received ?? Monday), Cancellation);
            Assert.True(outcome.Reply is not null, $"{outcome.Problem?.Code} {outcome.Fault}");
            return outcome.Reply;
        }

        public async Task<string> FateAsync(string body)
        {
            var reply = await SendAsync(body);
            var fate = Intake.Said(reply);
            var kind = Enum.Parse<Fate>(fate, ignoreCase: true);
            _told[kind] = _told.GetValueOrDefault(kind) + 1;
            return fate;
        }

        public async Task<ReplayOutcome> ReplayAsync(string request) => (await _replays.RunAsync(Encoding.UTF8.GetBytes(request), Cancellation)).Value!;

        /// <summary>How many were erased, as the rows of the day say.</summary>
        public async Task<int> ErasedByRowsAsync() =>
            (await _ledger.RunAsync(new Dictionary<string, string> { ["from"] = "2026-09-28", ["to"] = "2026-09-28" }, Cancellation)).Value!.Days.Sum(day => day.Erased);

        private static IEnumerable<KeyValuePair<string, string>> Headers(string body) => body.StartsWith("compressed", StringComparison.Ordinal) ? [KeyValuePair.Create("content-encoding", "gzip")] : [];

        private static Source Source(string name, string tool) => new(name, SurveyTool.All[tool], Verification.None, [], null);
    }

    private sealed class World
    {
        public static readonly Instrument Form = AnInstrument() with { Form = new FormBinding("leaders_json", "form"), Respondent = new FieldName("hidden.email") };

        public static readonly string[] Undecodable =
        [
            """{"form":"form","hidden":{"email":"canary\u0040school.example"},""",
            $"payload={Uri.EscapeDataString("""{"who":"Canary@School.example"}""")}{new string('x', 300_000)}",
            "compressed, so nobody knows",
        ];

        private static readonly Instrument PollForm = new(
            "Leaders", "leaders", null, new PollBinding("northern"), new Term(Autumn), null, new FieldName("urn"), new FieldName("respondent"), null, new FieldName("weight"), null, null,
            [new Item("every-teacher-responsible", "Q1", new Dictionary<string, string> { ["Fully"] = "fully", ["Partly"] = "partly" })])
        {
            Id = "leaders-poll",
            Version = 1,
        };

        private World(TestStorage storage, ShiftedTime time) => (Storage, Time) = (storage, time);

        public TestStorage Storage { get; }

        public ShiftedTime Time { get; }

        /// <summary>What senders were told so far, by any process.</summary>
        public Dictionary<Fate, int> Told { get; } = [];

        public SurveyDataStorage Store => Storage.Store;

        public static async Task<World> StartAsync(AzuriteFixture azurite)
        {
            var time = new ShiftedTime();
            var world = new World(await TestStorage.CreateAsync(azurite, time), time);
            await world.Store.Instruments.AddAsync(Form, Cancellation);
            await world.Store.Instruments.AddAsync(PollForm, Cancellation);
            await world.Store.Waves.PutAsync(new WaveState(Autumn, new Wave("Autumn", new DateOnly(2026, 9, 28), new DateOnly(2026, 10, 31)), null, 1), Cancellation);
            return world;
        }

        public static string Body(
            string id, string email, string answer = "agree", string? updated = null, string form = "form", string submitted = "2026-09-28T09:00:00Z", string school = Given.School) =>
            $$$"""{"form":"{{{form}}}","response":"{{{id}}}","submitted":"{{{submitted}}}"{{{(updated is null ? "" : $",\"updated\":\"{updated}\"")}}},"hidden":{"urn":"{{{school}}}","email":"{{{email}}}"},"answers":{"q1":"{{{answer}}}"}}""";

        public static string Poll(string weight, string? canary) => string.Create(
            CultureInfo.InvariantCulture,
            $"urn,respondent,Q1,weight,note\n100001,a@school.example,Fully,{weight},\n{(canary is null ? "" : $"100001,{canary},Partly,{weight},\n")}100002,b@school.example,Partly,{weight},\n");

        public Us Us(SurveyDataStorage? store = null) => new(store ?? Store, Time, Told);

        public async Task OthersAsync()
        {
            var us = Us();
            await us.FateAsync(Body("o1", "a@school.example"));
            await us.FateAsync(Body("o2", "b@school.example", school: "100002"));
            Assert.Equal("quarantined", await us.FateAsync($$"""{"form":"form","hidden":{"email":"{{Namesake}}"},"""));
        }

        /// <summary>Puts the person everywhere somebody can be.</summary>
        public async Task SpreadAsync(bool withCanary = true)
        {
            var us = Us();
            if (withCanary)
            {
                Assert.Equal("accepted", await us.FateAsync(Body("canary-r1", Canary)));
                Assert.Equal("revised", await us.FateAsync(Body("canary-r1", Canary, answer: "maybe", updated: "2026-09-29T10:00:00Z")));
                Assert.Equal("quarantined", await us.FateAsync(Body("canary-q1", Canary, answer: "no such answer")));
                Assert.Equal("quarantined", await us.FateAsync(Body("canary-q2", Canary, form: "unmapped")));
                foreach (var body in Undecodable) Assert.Equal("quarantined", await us.FateAsync(body));
                // A file nobody claims.
                await Storage.Container("poll-drop").GetBlobClient("acme/list.csv").UploadAsync(BinaryData.FromString($"name;mail\nC;{Canary}\n"), overwrite: true, Cancellation);
            }
            await DropPollAsync(us, Poll("1.5", withCanary ? Canary : null));
            await Storage.Container("register").GetBlobClient("engaged.csv")
                .UploadAsync(BinaryData.FromString($"urn,engaged_on,strand,contact\n100001,2026-01-05,A,{(withCanary ? Canary : "")}\n"), overwrite: true, Cancellation);
            Assert.Equal(ImportState.Active, (await us.Register.RunAsync("engaged.csv", again: false, Cancellation))!.State);
            await us.Kpis.RunAsync(Cancellation);
        }

        public async Task<ImportRecord> DropPollAsync(Us us, string csv)
        {
            // A drop is later than another only in another second.
            var blob = Storage.Container("poll-drop").GetBlobClient("northern/poll.csv");
            if ((await Store.Imports.ActiveAsync(Cancellation)).Any(import => import.Collection is not null)) await Task.Delay(TimeSpan.FromSeconds(1.1), Cancellation);
            await blob.UploadAsync(BinaryData.FromString(csv), overwrite: true, Cancellation);
            return (await us.Polls.RunAsync("northern", "poll.csv", again: false, Cancellation))!;
        }

        public async Task<Erasure> EraseAsync(string json) => (await Us().Requests.RunAsync(Encoding.UTF8.GetBytes(json), Cancellation)).Value!;

        public Task<TotalsAudit> AuditAsync() => Us().Audits.RunAsync(Cancellation);

        /// <summary>Totals of forms and polls, and all results.</summary>
        public async Task<string> FiguresAsync()
        {
            var shown = new StringBuilder();
            foreach (var total in await Store.Evidence.TotalsAsync(Collection, Cancellation)) shown.AppendLine(JsonSerializer.Serialize(total, TotalsJson.Default.SchoolTotals));
            foreach (var import in (await Store.Imports.ActiveAsync(Cancellation)).Where(import => import.Collection is not null))
                foreach (var total in await Store.PollTotals.ReadAsync(import.Version, Cancellation)) shown.AppendLine(JsonSerializer.Serialize(total, TotalsJson.Default.SchoolTotals));
            foreach (var (key, json) in (await Store.KpiResults.CurrentAsync(Cancellation))!.Results.OrderBy(result => result.Key, StringComparer.Ordinal)) shown.AppendLine(CultureInfo.InvariantCulture, $"{key} {Encoding.UTF8.GetString(json)}");
            return shown.ToString();
        }

        /// <summary>Where anything of the person is: kind of row or container, with what was found.</summary>
        public async Task<List<string>> TracesAsync() =>
            [.. (await AllTextAsync()).SelectMany(text => Traces.Where(trace => text.Text.Replace(Namesake, "", StringComparison.OrdinalIgnoreCase).Contains(trace, StringComparison.OrdinalIgnoreCase)).Select(trace => $"{text.Place}: {trace}")).Distinct(StringComparer.Ordinal)];

        /// <summary>Every row of every table and every blob of every container, as text.</summary>
        public async Task<List<(string Place, string Text)>> AllTextAsync()
        {
            var all = new List<(string, string)>();
            await foreach (var table in new TableServiceClient(Storage.Connection).QueryAsync(cancellationToken: Cancellation))
            {
                if (!table.Name.StartsWith(Storage.Prefix, StringComparison.Ordinal)) continue;
                var name = table.Name[Storage.Prefix.Length..];
                foreach (var row in await Storage.RowsAsync(name))
                    all.Add(($"{name} {row.RowKey[..1]}", string.Join('\n', row.Select(property => $"{property.Key}={(property.Value is byte[] bytes ? Readable(bytes) : property.Value)}"))));
            }
            var blobs = new BlobServiceClient(Storage.Connection, new BlobClientOptions(BlobClientOptions.ServiceVersion.V2025_11_05));
            await foreach (var container in blobs.GetBlobContainersAsync(BlobContainerTraits.None, BlobContainerStates.None, Storage.Prefix, Cancellation))
                await foreach (var blob in blobs.GetBlobContainerClient(container.Name).GetBlobsAsync(BlobTraits.None, BlobStates.None, null, Cancellation))
                    all.Add((container.Name[Storage.Prefix.Length..], $"{blob.Name}\n{Readable((await blobs.GetBlobContainerClient(container.Name).GetBlobClient(blob.Name).DownloadContentAsync(Cancellation)).Value.Content.ToArray())}"));
            return all;
        }

        public async Task<List<string>> BlobsAsync(string container)
        {
            var names = new List<string>();
            await foreach (var blob in Storage.Container(container).GetBlobsAsync(BlobTraits.None, BlobStates.None, null, Cancellation)) names.Add(blob.Name);
            return names;
        }

        /// <summary>As it stands, and with the base64 inside it: quarantine keeps bodies and answers so.</summary>
        private static string Readable(byte[] bytes)
        {
            var text = Encoding.UTF8.GetString(bytes);
            var inside = System.Text.RegularExpressions.Regex.Matches(text, "[A-Za-z0-9+/]{24,}={0,2}").Select(run =>
            {
                var buffer = new byte[run.Length];
                return Convert.TryFromBase64String(run.Value, buffer, out var count) ? Encoding.UTF8.GetString(buffer, 0, count) : "";
            });
            var all = string.Join('\n', inside.Prepend(text));
            return $"{all}\n{all.Replace("\\u0040", "@", StringComparison.OrdinalIgnoreCase).Replace("%40", "@", StringComparison.Ordinal)}";
        }
    }
}
