using System.Globalization;
using System.Text;
using System.Text.Json;
using WholeSchoolSend.Core.Erasures;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Polls;
using WholeSchoolSend.Core.Schools;
using WholeSchoolSend.Testing;
using static WholeSchoolSend.Storage.Tests.Given;

namespace WholeSchoolSend.Storage.Tests;

/// <summary>
/// An import is killed before and after every single write it makes, and run again: it comes to the end of one that was not killed, and leaves
/// nothing behind. Each try has a supplier of its own, so that all share one storage.
/// </summary>
public sealed partial class ImportCrashTests(AzuriteFixture azurite)
{
    /// <summary>Two transactions.</summary>
    private const int Schools = 101;

    private readonly ShiftedTime _time = new();
    private int _tries;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("first", "Active")]
    [InlineData("corrected", "Active")]
    [InlineData("again", "Unchanged")]
    [InlineData("back", "Active")]
    [InlineData("late", "Superseded")]
    [InlineData("refused", "Refused")]
    [InlineData("mended", "Active")]
    [InlineData("after a withdrawal", "Active")]
    [InlineData("pair", "Active")]
    [InlineData("pair refused", "Refused")]
    [InlineData("pair late", "Superseded")]
    public async Task Killed_at_any_write_and_run_again_it_comes_to_the_same_end(string story, string outcome)
    {
        var storage = await TestStorage.CreateAsync(azurite, _time);
        var calm = await PrepareAsync(storage, story);
        var writes = 0;
        await RunAsync(storage, calm, story, wire => wire.Before = (request, _) =>
        {
            if (Wire.IsWrite(request)) Interlocked.Increment(ref writes);
            return Task.FromResult<HttpResponseMessage?>(null);
        });
        var end = await EndAsync(storage, calm);
        Assert.StartsWith($"{outcome} ", end, StringComparison.Ordinal);
        Assert.Contains("| left 0 0 |", end, StringComparison.Ordinal);
        Assert.InRange(writes, 4, 40);

        for (var write = 1; write <= writes; write++)
            foreach (var took in new[] { false, true })
            {
                var supplier = await PrepareAsync(storage, story);
                var at = write;
                await Assert.ThrowsAnyAsync<Exception>(() => RunAsync(storage, supplier, story, wire => wire.KillAt(at, took)));
                await RunAsync(storage, supplier, story, _ => { });
                Assert.True(await EndAsync(storage, supplier) == end, $"{story}: killed {(took ? "after" : "before")} write {write} of {writes}\nexpected {end}\nbut was  {await EndAsync(storage, supplier)}");
            }
        TestContext.Current.TestOutputHelper!.WriteLine($"{story}: {writes} writes, {2 * writes} kills; {end}");
    }

    [Fact]
    public async Task The_sweep_ends_what_was_killed_at_any_write_and_nobody_ran_again()
    {
        var storage = await TestStorage.CreateAsync(azurite, _time);
        var calm = await PrepareAsync(storage, "corrected");
        var writes = 0;
        await RunAsync(storage, calm, "corrected", wire => wire.Before = (request, _) =>
        {
            if (Wire.IsWrite(request)) Interlocked.Increment(ref writes);
            return Task.FromResult<HttpResponseMessage?>(null);
        });
        var end = await EndAsync(storage, calm);
        var killed = new List<string>();
        for (var write = 1; write <= writes; write++)
        {
            var supplier = await PrepareAsync(storage, "corrected");
            var at = write;
            await Assert.ThrowsAnyAsync<Exception>(() => RunAsync(storage, supplier, "corrected", wire => wire.KillAt(at, took: true)));
            killed.Add(supplier);
        }

        Assert.Equal(0, (await Sweep(storage.Store).RunAsync(Cancellation)).Resumed);   // they may be at work still
        _time.Later += SweepDrops.Stuck;
        var outcome = await Sweep(storage.Store).RunAsync(Cancellation);

        Assert.Equal(0, outcome.Failed);
        Assert.InRange(outcome.Resumed, writes - 1, writes);   // the very last write was the end itself
        foreach (var supplier in killed) Assert.Equal(end, await EndAsync(storage, supplier));
        Assert.Equal(new SweepOutcome(0, 0, 0, 0, 0), await Sweep(storage.Store).RunAsync(Cancellation));
    }

    [Fact]
    public async Task The_sweep_imports_what_nobody_told_of_and_closes_what_was_replaced_before_it_was_imported()
    {
        var storage = await TestStorage.CreateAsync(azurite, _time);
        var supplier = await PrepareAsync(storage, "first");
        await storage.Container("register").GetBlobClient("engaged.csv").UploadAsync(BinaryData.FromString("urn,engaged_on,strand\n100001,2026-01-05,A\n"),
            Cancellation);

        Assert.Equal(new SweepOutcome(2, 0, 0, 0, 0), await Sweep(storage.Store).RunAsync(Cancellation));
        Assert.Equal(["engagements", supplier], (await storage.Store.Imports.ActiveAsync(Cancellation)).Select(active =>
            active.Unit.Instrument).Order(StringComparer.Ordinal));
        var end = await EndAsync(storage, supplier);

        // Killed when its rows were written and did not count, then replaced by a file that was imported.
        await DropAsync(storage, supplier, "poll.csv", APoll(supplier, "Partly"));
        await Assert.ThrowsAnyAsync<Exception>(() => RunAsync(storage, supplier, "first", KillAtSwitch));
        Assert.Equal(2 * Schools, (await storage.RowsAsync("PollTotals")).Count);
        await DropAsync(storage, supplier, "poll.csv", APoll(supplier, "Fully"));
        await RunAsync(storage, supplier, "first", _ => { });
        _time.Later += SweepDrops.Stuck;

        Assert.Equal(new SweepOutcome(0, 0, 0, 1, 0), await Sweep(storage.Store).RunAsync(Cancellation));
        Assert.Equal(Schools, (await storage.RowsAsync("PollTotals")).Count);
        var history = await storage.Store.Imports.HistoryAsync(null, Cancellation).Select(stored => stored.Record).Where(record =>
            record.Supplier == supplier).ToListAsync(Cancellation);
        Assert.Equal(1, history.Count(record => record is { State: ImportState.Superseded, Reason: "file-replaced" }));
        Assert.Equal(end.Split(" | ")[1], (await EndAsync(storage, supplier)).Split(" | ")[1]);
    }

    [Fact]
    public async Task An_import_that_failed_five_times_says_how_and_waits_for_a_replay()
    {
        var storage = await TestStorage.CreateAsync(azurite, _time);
        var supplier = await PrepareAsync(storage, "first");
        for (var attempt = 1; attempt <= 5; attempt++)
        {
            await Assert.ThrowsAnyAsync<Exception>(() => RunAsync(storage, supplier, "first", wire => wire.Before = (request, _) =>
                request.RequestUri!.AbsolutePath.Contains("poll-reports", StringComparison.Ordinal)
                    ? throw new InvalidDataException("a message with canary@school.example in it") : Task.FromResult<HttpResponseMessage?>(null)));
        }
        var poisoned = Assert.Single((await new ListImports(storage.Store.Imports, _time).RunAsync(supplier, "poisoned", 50, null, Cancellation)).Value!.Imports);
        Assert.Equal((5, "invalid-data", ImportState.Checked, true), (poisoned.Attempts, poisoned.Fault, poisoned.State, poisoned.Poisoned));
        Assert.DoesNotContain(await storage.RowsAsync("Imports"), row => Encoding.UTF8.GetString(Payload.Get(row)).Contains("canary",
            StringComparison.Ordinal));
        _time.Later += SweepDrops.Stuck;
        Assert.Equal(new SweepOutcome(0, 0, 0, 0, 1), await Sweep(storage.Store).RunAsync(Cancellation));

        var replayed = (await Replay(storage.Store).RunAsync(Encoding.UTF8.GetBytes($$"""{"supplier":"{{supplier}}","file":"poll.csv"}"""), Cancellation)).Value!;

        Assert.Equal((ImportState.Active, 1, null, false), (replayed.State, replayed.Attempts, replayed.Fault, replayed.Poisoned));
        Assert.Empty((await new ListImports(storage.Store.Imports, _time).RunAsync(supplier, "poisoned", 50, null, Cancellation)).Value!.Imports);
    }

    [Fact]
    public async Task Rows_that_an_attempt_left_under_an_older_instrument_are_removed()
    {
        var storage = await TestStorage.CreateAsync(azurite, _time);
        var supplier = await PrepareAsync(storage, "first");
        await Assert.ThrowsAnyAsync<Exception>(() => RunAsync(storage, supplier, "first", KillAtSwitch));
        Assert.Equal(Schools, (await storage.RowsAsync("PollTotals")).Count);
        await storage.Store.Instruments.AddAsync(AnInstrument(supplier, pair: false) with { Version = 2 }, Cancellation);

        await RunAsync(storage, supplier, "first", _ => { });

        Assert.Equal(Schools, (await storage.RowsAsync("PollTotals")).Count);
        Assert.Equal(2, Assert.Single(await storage.Store.Imports.ActiveAsync(Cancellation)).InstrumentVersion);
    }

    [Fact]
    public async Task Many_runs_of_one_drop_at_once_come_to_one_end()
    {
        var storage = await TestStorage.CreateAsync(azurite, _time);
        var calm = await PrepareAsync(storage, "corrected");
        await RunAsync(storage, calm, "corrected", _ => { });
        var supplier = await PrepareAsync(storage, "corrected");

        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => RunAsync(storage, supplier, "corrected", _ => { }))));

        Assert.Equal(await EndAsync(storage, calm), await EndAsync(storage, supplier));
    }

    [Fact]
    public async Task Of_two_files_that_race_the_newer_counts_whoever_is_first()
    {
        var storage = await TestStorage.CreateAsync(azurite, _time);
        for (var round = 0; round < 2; round++)
        {
            var supplier = await InstrumentAsync(storage);
            await DropAsync(storage, supplier, "older.csv", APoll(supplier, "Fully"));
            await Task.Delay(TimeSpan.FromSeconds(1.1), Cancellation);
            await DropAsync(storage, supplier, "newer.csv", APoll(supplier, "Partly"));
            var files = round % 2 == 0 ? new[] { "older.csv", "newer.csv" } : ["newer.csv", "older.csv"];

            await Task.WhenAll(files.Select(file =>
                Task.Run(() => Polls(storage.Connect(time: _time).Store).RunAsync(supplier, file, again: false, Cancellation))));

            var active = Assert.Single((await storage.Store.Imports.ActiveAsync(Cancellation)), active => active.Unit.Supplier == supplier);
            Assert.Equal("newer.csv", active.File);
            var rows = await storage.Store.PollTotals.ReadAsync(active.Version, Cancellation);
            Assert.Equal(Schools, rows.Count);
            Assert.All(rows, row => Assert.Equal("partly", Assert.Single(row.Cells).Code));
        }
        Assert.Equal(2 * Schools, (await storage.RowsAsync("PollTotals")).Count);
        Assert.Empty(await storage.Store.Imports.ReplacedAsync(Cancellation));
    }

    [Fact]
    public async Task A_half_waits_in_sight_and_says_for_what()
    {
        var storage = await TestStorage.CreateAsync(azurite, _time);
        var supplier = await InstrumentAsync(storage, pair: true);
        await DropAsync(storage, supplier, "poll.csv", APoll(supplier, "Fully"));

        Assert.Equal(ImportOutcome.Waiting, (await Polls(storage.Store).RunAsync(supplier, "poll.csv", again: false, Cancellation))!.Outcome);
        var waits = Assert.Single((await new ListImports(storage.Store.Imports, _time).RunAsync(supplier, "received", 50, null, Cancellation)).Value!.Imports);
        Assert.Equal(("half-missing", false), (waits.Reason, waits.Poisoned));

        // The second half's arrival brings both to an end, under the description's name.
        await DropAsync(storage, supplier, "poll.sss", "<?xml version=\"1.0\"?><sss version=\"2.0\"></sss>");
        var pair = (await Polls(storage.Store).RunAsync(supplier, "poll.sss", again: false, Cancellation))!;
        Assert.Equal(("poll.sss", true), (pair.File, pair.IsFinished));
        var lines = (await new ListImports(storage.Store.Imports, _time).RunAsync(supplier, null, 50, null, Cancellation)).Value!.Imports;
        Assert.Equal(["poll.csv", "poll.sss"], lines.Select(line => line.File).Order(StringComparer.Ordinal));
        Assert.Equal(("half-of-pair", "poll.sss"), lines.Where(line => line.File == "poll.csv").Select(line => (line.Reason!, line.Pair!)).Single());
        Assert.All(lines, line => Assert.Equal(pair.Outcome, line.Outcome));
        Assert.Equal(new SweepOutcome(0, 0, 0, 0, 0), await Sweep(storage.Store).RunAsync(Cancellation));
    }

    private static async Task<string> EndAsync(TestStorage storage, string supplier)
    {
        var history = await storage.Store.Imports.HistoryAsync(null, Cancellation).Select(stored => stored.Record).Where(record =>
            record.Supplier == supplier).ToListAsync(Cancellation);
        var last = history.Where(record => record.Pair is null).OrderBy(record => record.Updated).Last();
        var halves = history.Where(record => record.Pair is not null).Select(record => $"{record.File} {record.State} {record.Outcome}").Order(StringComparer.Ordinal);
        var active = (await storage.Store.Imports.ActiveAsync(Cancellation)).SingleOrDefault(active => active.Unit.Supplier == supplier);
        var rows = active is null ? [] : await storage.Store.PollTotals.ReadAsync(active.Version, Cancellation);
        var mine = history.Select(record => record.Version).OfType<string>().Distinct(StringComparer.Ordinal).ToList();
        var left = 0;
        foreach (var version in mine.Where(version => version != active?.Version)) left += (await storage.Store.PollTotals.ReadAsync(version,
            Cancellation)).Count;
        var reports = new List<string>();
        foreach (var file in history.Select(record => record.File).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
            reports.Add($"{file}: {await SaidAsync(storage, supplier, file)}");
        var remembered = (await storage.Store.Imports.ReplacedAsync(Cancellation)).Count(unit => unit.Unit.Supplier == supplier);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{last.Outcome} {last.State} {last.Reason} {last.Fault} v{last.InstrumentVersion} {last.Problems} | {active?.File} {rows.Count} {string.Join(' ', rows.SelectMany(row => row.Cells).GroupBy(cell => cell.Code).Select(code => $"{code.Key}={code.Sum(cell => cell.N)}"))} | left {left} {remembered} | {string.Join(", ", reports)} | {string.Join(", ", halves)}");
    }

    /// <summary>What the report of a file says of it; every report but the waiting one names the reason it does not count.</summary>
    private static async Task<string> SaidAsync(TestStorage storage, string supplier, string file)
    {
        var report = storage.Container("poll-reports").GetBlobClient($"{supplier}/{file}.report.json");
        if (!await report.ExistsAsync(Cancellation)) return "nothing";
        var said = JsonDocument.Parse((await report.DownloadContentAsync(Cancellation)).Value.Content).RootElement;
        Assert.Equal(file, said.GetProperty("file").GetString());
        return $"{said.GetProperty("outcome").GetString()}{(said.TryGetProperty("reason", out var reason) ? $" {reason.GetString()}" : "")}{(said.TryGetProperty("pair", out var pair) ? $" of {pair.GetArrayLength()}" : "")}";
    }

    /// <summary>A supplier in the state its story begins with: the file whose import is told is dropped and not imported.</summary>
    private async Task<string> PrepareAsync(TestStorage storage, string story)
    {
        var supplier = await InstrumentAsync(storage);
        if (story.StartsWith("pair", StringComparison.Ordinal))
        {
            // The data come first and are imported by themselves, as what they look like; then comes what they are half of.
            await DropAsync(storage, supplier, "poll.csv", APoll(supplier, story == "pair refused" ? "Hardly" : "Fully"));
            await Polls(storage.Store).RunAsync(supplier, "poll.csv", again: false, Cancellation);
            await DropAsync(storage, supplier, "poll.sss", ADescription(supplier));
            if (story == "pair late") await StandingAsync(storage, supplier, active => active with { Modified = active.Modified.AddHours(1), File = "later.csv" });
            return supplier;
        }
        if (story == "late")
        {
            await DropAsync(storage, supplier, "poll.csv", APoll(supplier, "Fully"));
            await DropAsync(storage, supplier, "later.csv", APoll(supplier, "Partly"));
            await Polls(storage.Store).RunAsync(supplier, "later.csv", again: false, Cancellation);
            // Dropped an hour later, for all anybody knows.
            await StandingAsync(storage, supplier, active => active with { Modified = active.Modified.AddHours(1) });
            return supplier;
        }
        if (story is "corrected" or "back" or "again" or "mended" or "after a withdrawal") await ImportAsync(APoll(supplier, "Fully"), story == "again" ? "earlier.csv" : "poll.csv");
        // An hour ago, for all anybody knows: within one second two drops of one content are one.
        if (story == "again") await StandingAsync(storage, supplier, active => active with { Modified = active.Modified.AddHours(-1) });
        // Killed when the withdrawal was decided and before anything was told of it.
        if (story == "after a withdrawal") await StandingAsync(storage, supplier, active => active with { Withdrawn = new Withdrawal(Monday, "the wrong file") });
        if (story is "back") await ImportAsync(APoll(supplier, "Partly"));
        if (story is "mended") await storage.Store.Instruments.AddAsync(AnInstrument(supplier, false) with { Version = 2 }, Cancellation);
        else await DropAsync(storage, supplier, "poll.csv", story switch
        {
            "corrected" or "after a withdrawal" => APoll(supplier, "Partly"),
            "refused" => APoll(supplier, "Hardly"),
            _ => APoll(supplier, "Fully")
        });
        return supplier;

        async Task ImportAsync(string csv, string name = "poll.csv")
        {
            await DropAsync(storage, supplier, name, csv);
            Assert.Equal(ImportOutcome.Active, (await Polls(storage.Store).RunAsync(supplier, name, again: false, Cancellation))!.Outcome);
        }
    }

    private async Task<string> InstrumentAsync(TestStorage storage, bool pair = false)
    {
        var supplier = $"supplier-{_tries++}";
        await storage.Store.Instruments.AddAsync(AnInstrument(supplier, pair), Cancellation);
        return supplier;
    }

    private static Instrument AnInstrument(string supplier, bool pair) => new(
        "Leaders", supplier, null, new PollBinding(supplier) { Pair = pair ? true : null }, new Term(Autumn), null, new FieldName("urn"), null, null,
            new FieldName("weight"), null, null,
        [new Item("every-teacher-responsible", "Q1", new Dictionary<string, string> { ["Fully"] = "fully", ["Partly"] = "partly" })])
    {
        Id = supplier,
        Version = 1,
    };

    private async Task RunAsync(TestStorage storage, string supplier, string story, Action<Wire> prepare)
    {
        var (store, wire) = storage.Connect(time: _time);
        prepare(wire);
        Assert.NotNull(await Polls(store).RunAsync(supplier, story.StartsWith("pair", StringComparison.Ordinal) ? "poll.sss" : "poll.csv", again: story == "mended", Cancellation));
    }

    private ImportPoll Polls(SurveyDataStorage store) =>
        new(store.Drops, store.Instruments, store.Waves, store.Imports, new FileImport(store.Drops, store.Imports, _time), store.PollTotals, store.Schools, new ErasureShelf(store.Erasures, APseudonymKey, _time), Catalogue.Current, _time);

    private ReplayImport Replay(SurveyDataStorage store) => new(Polls(store), Register(store), store.Imports, _time);

    private ImportRegister Register(SurveyDataStorage store) =>
        new(store.Drops, new FileImport(store.Drops, store.Imports, _time), store.Schools, store.Engagements, store.SchoolLinks, store.NetworkReach);

    private SweepDrops Sweep(SurveyDataStorage store) => new(
        store.Drops, store.Imports, new FileImport(store.Drops, store.Imports, _time), Polls(store), Register(store),
        Rows(store), _time);

    private static ImportedRows Rows(SurveyDataStorage store) => new(store.PollTotals, store.Schools, store.Engagements, store.SchoolLinks, store.NetworkReach);

    /// <summary>Makes what stands of this supplier something else, as if it had come so.</summary>
    private static Task<ImportSwitch> StandingAsync(TestStorage storage, string supplier, Func<ActiveImport, ActiveImport> change) =>
        storage.Store.Imports.SwitchAsync(new ImportUnit(supplier, supplier, Autumn), active => change(active!), Cancellation);

    private static void KillAtSwitch(Wire wire)
    {
        var dead = false;
        wire.Before = (request, _) =>
        {
            // The look at what counts that comes with a key is the switch's own.
            dead |= request.RequestUri!.AbsolutePath.Contains("Imports(Partition", StringComparison.Ordinal);
            return dead ? throw new NotSupportedException("killed here") : Task.FromResult<HttpResponseMessage?>(null);
        };
    }

    private static async Task DropAsync(TestStorage storage, string supplier, string name, string content) =>
        await storage.Container("poll-drop").GetBlobClient($"{supplier}/{name}").UploadAsync(BinaryData.FromString(content), overwrite: true, Cancellation);

    /// <summary>No two suppliers send the same bytes: what is kept by content would be kept once.</summary>
    private static string APoll(string supplier, string answer)
    {
        var csv = new StringBuilder($"urn,Q1,weight,{supplier}\n");
        for (var school = 0; school < Schools; school++) csv.Append(CultureInfo.InvariantCulture, $"{100_000 + school},{answer},1.5,\n");
        return csv.ToString();
    }

    /// <summary>What says that such a poll is half of a pair.</summary>
    private static string ADescription(string supplier) =>
        $"""
         <?xml version="1.0"?><sss version="2.0"><survey><record ident="A" format="csv" skip="1">
         <variable ident="1" type="quantity"><name>urn</name><label>URN</label><position start="1"/><values><range from="100000" to="999999"/></values></variable>
         <variable ident="2" type="character"><name>Q1</name><label>Q1</label><position start="2"/><size>20</size></variable>
         <variable ident="3" type="quantity" use="weight"><name>weight</name><label>Weight</label><position start="3"/><values><range from="0" to="9.9"/></values></variable>
         <variable ident="4" type="character"><name>{supplier}</name><label>Nothing</label><position start="4"/><size>20</size></variable>
         </record></survey></sss>
         """;

    private sealed class ShiftedTime : TimeProvider
    {
        public TimeSpan Later { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Later;
    }
}
