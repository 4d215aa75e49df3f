using System.Text;
using WholeSchoolSend.Core.Polls;

namespace WholeSchoolSend.Storage.Tests;

/// <summary>What an operator takes out, and two drops within one second.</summary>
public sealed partial class ImportCrashTests
{
    [Fact]
    public async Task A_withdrawal_killed_at_any_write_comes_to_the_same_end_by_another_call_the_next_sweep_or_a_later_drop()
    {
        var storage = await TestStorage.CreateAsync(azurite, _time);
        var before = await RowsOfPollsAsync(storage);
        var calm = await ImportedAsync(storage);
        var writes = 0;
        await WithdrawAsync(storage, calm, wire => wire.Before = (request, _) =>
        {
            if (Wire.IsWrite(request)) Interlocked.Increment(ref writes);
            return Task.FromResult<HttpResponseMessage?>(null);
        });
        var end = await EndAsync(storage, calm);
        Assert.StartsWith("Withdrawn Withdrawn import-withdrawn  v1 0 |  0  | left 0 0 | poll.csv: withdrawn import-withdrawn", end, StringComparison.Ordinal);
        Assert.Equal(before, await RowsOfPollsAsync(storage));
        Assert.InRange(writes, 4, 12);
        var replaced = await ImportedAsync(storage);
        await WithdrawAsync(storage, replaced, _ => { });
        await CorrectAsync(storage, replaced);
        var endReplaced = await EndAsync(storage, replaced);

        foreach (var next in new[] { "call", "sweep", "drop" })
            for (var write = 1; write <= writes; write++)
                foreach (var took in new[] { false, true })
                {
                    var supplier = await ImportedAsync(storage);
                    var at = write;
                    await Assert.ThrowsAnyAsync<Exception>(() => WithdrawAsync(storage, supplier, wire => wire.KillAt(at, took)));
                    if (next == "call") await WithdrawAsync(storage, supplier, _ => { });
                    else if (next == "drop") await CorrectAsync(storage, supplier);
                    else Assert.Equal(new SweepOutcome(0, 0, 0, 0, 0), await Sweep(storage.Store).RunAsync(Cancellation));
                    // Killed before it was decided, it was not decided: without another call the file counts on.
                    var undecided = write == 1 && !took && next != "call";
                    var expected = !undecided ? next == "drop" ? endReplaced : end : null;
                    var came = await EndAsync(storage, supplier);
                    if (expected is null) Assert.DoesNotContain("ithdrawn", came, StringComparison.Ordinal);
                    else Assert.True(came == expected, $"killed {(took ? "after" : "before")} write {write} of {writes}, then {next}\nexpected {expected}\nbut was  {came}");
                }
        Assert.Equal(new SweepOutcome(0, 0, 0, 0, 0), await Sweep(storage.Store).RunAsync(Cancellation));
        TestContext.Current.TestOutputHelper!.WriteLine($"{writes} writes, {6 * writes} kills; {end}; {endReplaced}");
    }

    [Fact]
    public async Task What_is_withdrawn_stays_out_until_a_later_drop_of_any_content()
    {
        var storage = await TestStorage.CreateAsync(azurite, _time);
        var supplier = await ImportedAsync(storage);
        var other = await ImportedAsync(storage);
        await WithdrawAsync(storage, supplier, _ => { });

        // Twice is once, with the first reason.
        var again = await AskAsync(storage, supplier, "poll.csv", "another reason");
        Assert.Equal((ImportState.Withdrawn, "the wrong file"), (again.Value!.State, again.Value.Withdrawn!.Reason));
        // Neither trigger, sweep nor replay brings it back, nor an instrument that was mended.
        await RunAsync(storage, supplier, "first", _ => { });
        await storage.Store.Instruments.AddAsync(AnInstrument(supplier, pair: false) with { Version = 2 }, Cancellation);
        var replayed = await Replay(storage.Store).RunAsync(Encoding.UTF8.GetBytes($$"""{"supplier":"{{supplier}}","file":"poll.csv"}"""), Cancellation);
        Assert.Equal((ImportState.Withdrawn, ImportOutcome.Withdrawn, "import-withdrawn"), (replayed.Value!.State, replayed.Value.Outcome, replayed.Value.Reason));
        _time.Later += SweepDrops.Stuck;
        Assert.Equal(new SweepOutcome(0, 0, 0, 0, 0), await Sweep(storage.Store).RunAsync(Cancellation));
        Assert.Equal([other], (await storage.Store.Imports.ActiveAsync(Cancellation)).Select(active => active.Unit.Supplier));

        // The same content dropped again counts; the first drop stays withdrawn, and a call that is repeated now takes nothing out.
        await Task.Delay(TimeSpan.FromSeconds(1.1), Cancellation);
        await DropAsync(storage, supplier, "again.csv", APoll(supplier, "Fully"));
        Assert.Equal(ImportOutcome.Active, (await Polls(storage.Store).RunAsync(supplier, "again.csv", again: false, Cancellation))!.Outcome);
        Assert.Equal(ImportState.Withdrawn, (await AskAsync(storage, supplier, "poll.csv")).Value!.State);
        Assert.Equal(["again.csv Active", "poll.csv Withdrawn"], (await ListedAsync(storage, supplier)).Select(line => $"{line.File} {line.State}"));
        Assert.Equal(2, (await storage.Store.Imports.ActiveAsync(Cancellation)).Count);

        Assert.Equal("reason-missing", (await AskAsync(storage, supplier, "again.csv", " ")).Problems.Single().Code);
        Assert.Equal("not-found", (await AskAsync(storage, supplier, "nothing.csv")).Problems.Single().Code);
        await DropAsync(storage, supplier, "bad.csv", APoll(supplier, "Hardly"));
        await Polls(storage.Store).RunAsync(supplier, "bad.csv", again: false, Cancellation);
        Assert.Equal("import-not-active", (await AskAsync(storage, supplier, "bad.csv")).Problems.Single().Code);
        var hash = (await storage.Store.Imports.ActiveAsync(Cancellation)).Single(active => active.Unit.Supplier == supplier).ContentHash;
        Assert.Equal("import-not-active", (await AskAsync(storage, supplier, "again.csv", hash: new string('0', 64))).Problems.Single().Code);
        Assert.Equal(ImportState.Withdrawn, (await AskAsync(storage, supplier, "again.csv", hash: hash)).Value!.State);
    }

    [Fact]
    public async Task An_older_file_does_not_come_back_by_the_withdrawal_of_the_one_that_replaced_it()
    {
        var storage = await TestStorage.CreateAsync(azurite, _time);
        var supplier = await InstrumentAsync(storage);
        await DropAsync(storage, supplier, "older.csv", APoll(supplier, "Fully"));
        await Task.Delay(TimeSpan.FromSeconds(1.1), Cancellation);
        await DropAsync(storage, supplier, "newer.csv", APoll(supplier, "Partly"));
        await Polls(storage.Store).RunAsync(supplier, "newer.csv", again: false, Cancellation);
        Assert.Equal(ImportState.Withdrawn, (await AskAsync(storage, supplier, "newer.csv")).Value!.State);

        var late = (await Polls(storage.Store).RunAsync(supplier, "older.csv", again: false, Cancellation))!;

        Assert.Equal((ImportState.Superseded, "import-withdrawn"), (late.State, late.Reason));
        Assert.Contains("was withdrawn, so nothing counts. If this file is meant, drop it again", await ReportAsync(storage, supplier, "older.csv"),
            StringComparison.Ordinal);
        Assert.Empty(await storage.RowsAsync("PollTotals"));
    }

    [Fact]
    public async Task What_a_newer_instrument_would_refuse_can_still_be_withdrawn()
    {
        var storage = await TestStorage.CreateAsync(azurite, _time);
        var supplier = await ImportedAsync(storage);
        var stricter = AnInstrument(supplier, pair: false);
        await storage.Store.Instruments.AddAsync(stricter with { Version = 2, Weight = new Core.Instruments.FieldName("w") }, Cancellation);
        Assert.Equal(ImportState.Refused, (await Polls(storage.Store).RunAsync(supplier, "poll.csv", again: true, Cancellation))!.State);
        Assert.Single(await storage.Store.Imports.ActiveAsync(Cancellation));   // a refusal changes nothing

        Assert.Equal(ImportState.Withdrawn, (await AskAsync(storage, supplier, "poll.csv")).Value!.State);

        Assert.Empty(await storage.Store.Imports.ActiveAsync(Cancellation));
        Assert.Empty(await storage.RowsAsync("PollTotals"));
    }

    [Fact]
    public async Task A_file_that_a_mended_instrument_says_is_of_another_wave_counts_for_that_one_only_and_may_go_back()
    {
        var storage = await TestStorage.CreateAsync(azurite, _time);
        var calm = await MovedAsync(_ => { });
        var writes = 0;
        var counted = await MovedAsync(wire => wire.Before = (request, _) =>
        {
            if (Wire.IsWrite(request)) Interlocked.Increment(ref writes);
            return Task.FromResult<HttpResponseMessage?>(null);
        });
        Assert.Equal(["2027-spring"], await WavesAsync(calm));
        Assert.Equal(["2027-spring"], await WavesAsync(counted));
        for (var write = 1; write <= writes; write++)
            foreach (var took in new[] { false, true })
            {
                var (at, killed) = (write, "");
                await Assert.ThrowsAnyAsync<Exception>(async () => await MovedAsync(wire => wire.KillAt(at, took), name => killed = name));
                // The second write takes the record over: killed before, it has to be asked for once more; afterwards it is not finished, and anything runs it.
                await Polls(storage.Store).RunAsync(killed, "poll.csv", again: write == 1 || (write == 2 && !took), Cancellation);
                Assert.Equal(["2027-spring"], await WavesAsync(killed));
            }
        Assert.Equal((2 + (2 * writes)) * Schools, (await storage.RowsAsync("PollTotals")).Count);

        await storage.Store.Instruments.AddAsync(AnInstrument(calm, pair: false) with { Version = 3 }, Cancellation);
        await Polls(storage.Store).RunAsync(calm, "poll.csv", again: true, Cancellation);
        Assert.Equal([Given.Autumn], await WavesAsync(calm));
        Assert.Equal((2 + (2 * writes)) * Schools, (await storage.RowsAsync("PollTotals")).Count);

        async Task<string> MovedAsync(Action<Wire> prepare, Action<string>? named = null)
        {
            var supplier = await ImportedAsync(storage);
            named?.Invoke(supplier);
            await storage.Store.Instruments.AddAsync(
                AnInstrument(supplier, pair: false) with { Version = 2, Wave = new Core.Instruments.Term("2027-spring") }, Cancellation);
            var (store, wire) = storage.Connect(time: _time);
            prepare(wire);
            await Polls(store).RunAsync(supplier, "poll.csv", again: true, Cancellation);
            return supplier;
        }

        async Task<IEnumerable<string>> WavesAsync(string supplier) => (await storage.Store.Imports.ActiveAsync(Cancellation))
            .Where(active => active.Unit.Supplier == supplier).Select(active => active.Unit.Wave);
    }

    [Fact]
    public async Task A_pair_is_withdrawn_by_either_name_and_both_reports_say_so()
    {
        var storage = await TestStorage.CreateAsync(azurite, _time);
        var supplier = await PrepareAsync(storage, "pair");
        await RunAsync(storage, supplier, "pair", _ => { });

        Assert.Equal(ImportState.Withdrawn, (await AskAsync(storage, supplier, "poll.csv")).Value!.State);

        Assert.Equal("withdrawn import-withdrawn of 2", await SaidAsync(storage, supplier, "poll.csv"));
        Assert.Equal("withdrawn import-withdrawn of 2", await SaidAsync(storage, supplier, "poll.sss"));
        Assert.All(await ListedAsync(storage, supplier), line => Assert.Equal(ImportState.Withdrawn, line.State));
        await RunAsync(storage, supplier, "pair", _ => { });
        Assert.Empty(await storage.Store.Imports.ActiveAsync(Cancellation));
    }

    [Fact]
    public async Task Of_a_pair_that_comes_at_once_both_reports_tell_the_verdict_and_no_half_waits()
    {
        var storage = await TestStorage.CreateAsync(azurite, _time);
        for (var round = 0; round < 8; round++)
        {
            var supplier = await InstrumentAsync(storage, pair: true);
            await Task.WhenAll(new[] { ("poll.csv", APoll(supplier, "Fully")), ("poll.sss", ADescription(supplier)) }.Select(half => Task.Run(async () =>
            {
                await DropAsync(storage, supplier, half.Item1, half.Item2);
                await Polls(storage.Connect(time: _time).Store).RunAsync(supplier, half.Item1, again: false, Cancellation);
            })));
            Assert.Equal("active of 2", await SaidAsync(storage, supplier, "poll.csv"));
            Assert.Equal("active of 2", await SaidAsync(storage, supplier, "poll.sss"));
            Assert.All(await ListedAsync(storage, supplier), line => Assert.Equal(ImportState.Active, line.State));
        }
    }

    [Fact]
    public async Task A_half_whose_pair_was_imported_without_a_word_to_it_is_closed_by_the_sweep()
    {
        var storage = await TestStorage.CreateAsync(azurite, _time);
        var supplier = await InstrumentAsync(storage, pair: true);
        await DropAsync(storage, supplier, "poll.csv", APoll(supplier, "Fully"));
        await Polls(storage.Store).RunAsync(supplier, "poll.csv", again: false, Cancellation);
        Assert.Equal("waiting half-missing", await SaidAsync(storage, supplier, "poll.csv"));
        await DropAsync(storage, supplier, "poll.sss", ADescription(supplier));
        _time.Later += SweepDrops.Stuck;

        var outcome = await Sweep(storage.Store).RunAsync(Cancellation);

        Assert.Equal((0, 0), (outcome.Failed, outcome.Closed));
        Assert.Equal("active of 2", await SaidAsync(storage, supplier, "poll.csv"));
        Assert.All(await ListedAsync(storage, supplier), line => Assert.Equal(ImportState.Active, line.State));
        Assert.Equal(new SweepOutcome(0, 0, 0, 0, 0), await Sweep(storage.Store).RunAsync(Cancellation));
    }

    [Fact]
    public async Task A_correction_within_the_second_counts_once_the_file_before_was_seen_whatever_their_hashes()
    {
        var storage = await TestStorage.CreateAsync(azurite, _time);
        var hashes = new HashSet<bool>();
        for (var round = 0; round < 20 && (round < 4 || hashes.Count < 2); round++)
        {
            var supplier = await WithinASecondAsync(storage, async (supplier, drop) =>
            {
                await drop("first.csv", "Fully");
                await Polls(storage.Store).RunAsync(supplier, "first.csv", again: false, Cancellation);
                await drop("corrected.csv", "Partly");
            });
            await Polls(storage.Store).RunAsync(supplier, "corrected.csv", again: false, Cancellation);

            var records = await RecordsAsync(storage, supplier);
            Assert.Equal("corrected.csv", Assert.Single(await storage.Store.Imports.ActiveAsync(Cancellation), active => active.Unit.Supplier == supplier).File);
            Assert.Equal("active", await SaidAsync(storage, supplier, "corrected.csv"));
            Assert.Contains("first.csv was dropped in the same second and seen before this file, so this one counts. If first.csv is meant, drop it again",
                await ReportAsync(storage, supplier, "corrected.csv"), StringComparison.Ordinal);
            // A replay of the one before changes nothing, and says why.
            var replayed = (await Polls(storage.Store).RunAsync(supplier, "first.csv", again: true, Cancellation))!;
            Assert.Equal((ImportState.Superseded, "drops-tied"), (replayed.State, replayed.Reason));
            hashes.Add(string.CompareOrdinal(records.Single(record => record.File == "first.csv").ContentHash,
                records.Single(record => record.File == "corrected.csv").ContentHash) > 0);
        }
        Assert.Equal(2, hashes.Count);   // the higher hash was the first's as well as the correction's
    }

    [Fact]
    public async Task Of_two_files_of_one_second_that_race_the_one_seen_later_counts_and_the_report_says_it_was_a_tie()
    {
        var storage = await TestStorage.CreateAsync(azurite, _time);
        for (var round = 0; round < 6; round++)
        {
            var supplier = await WithinASecondAsync(storage, async (_, drop) => await Task.WhenAll(drop("a.csv", "Fully"), drop("b.csv", "Partly")));

            await Task.WhenAll(new[] { "a.csv", "b.csv" }.Select(file =>
                Task.Run(() => Polls(storage.Connect(time: _time).Store).RunAsync(supplier, file, again: false, Cancellation))));

            // Two that see their file in the same tick of the clock are in the order of their contents.
            var records = (await RecordsAsync(storage, supplier)).OrderBy(record => record.Received).ThenBy(record => record.ContentHash, StringComparer.Ordinal).ToList();
            Assert.Equal(records[0].Modified, records[1].Modified);
            var active = Assert.Single(await storage.Store.Imports.ActiveAsync(Cancellation), active => active.Unit.Supplier == supplier);
            Assert.Equal(records[1].File, active.File);
            Assert.Equal(Schools, (await storage.Store.PollTotals.ReadAsync(active.Version, Cancellation)).Count);
            // Whichever came to its end last knew of the other, and says so.
            var told = (await SaidAsync(storage, supplier, records[0].File), await ReportAsync(storage, supplier, records[1].File));
            Assert.True(told.Item1 == "superseded drops-tied" || told.Item2.Contains("was dropped in the same second", StringComparison.Ordinal), $"{told}");
        }
        Assert.Equal(6 * Schools, (await storage.RowsAsync("PollTotals")).Count);
    }

    private async Task<string> ImportedAsync(TestStorage storage)
    {
        var supplier = await PrepareAsync(storage, "first");
        await RunAsync(storage, supplier, "first", _ => { });
        return supplier;
    }

    private async Task CorrectAsync(TestStorage storage, string supplier)
    {
        await DropAsync(storage, supplier, "later.csv", APoll(supplier, "Partly"));
        await Polls(storage.Store).RunAsync(supplier, "later.csv", again: false, Cancellation);
    }

    private async Task WithdrawAsync(TestStorage storage, string supplier, Action<Wire> prepare)
    {
        var (store, wire) = storage.Connect(time: _time);
        prepare(wire);
        Assert.Equal(ImportState.Withdrawn, (await Withdraw(store, supplier, "poll.csv", "the wrong file", null)).Value!.State);
    }

    private Task<Core.Checked<ImportLine>> AskAsync(TestStorage storage, string supplier, string file, string reason = "the wrong file", string? hash = null) =>
        Withdraw(storage.Store, supplier, file, reason, hash);

    private Task<Core.Checked<ImportLine>> Withdraw(SurveyDataStorage store, string supplier, string file, string reason, string? hash) =>
        new WithdrawImport(store.Drops, store.Imports, Rows(store), _time).RunAsync(
            Encoding.UTF8.GetBytes($$"""{"supplier":"{{supplier}}","file":"{{file}}","reason":"{{reason}}"{{(hash is null ? "" : $",\"contentHash\":\"{hash}\"")}}}"""),
            Cancellation);

    private static async Task<IReadOnlyList<ImportLine>> ListedAsync(TestStorage storage, string supplier) =>
        (await new ListImports(storage.Store.Imports, TimeProvider.System).RunAsync(supplier, null, 50, null, Cancellation)).Value!.Imports;

    private static async Task<List<ImportRecord>> RecordsAsync(TestStorage storage, string supplier) =>
        await storage.Store.Imports.HistoryAsync(null, Cancellation).Select(stored => stored.Record).Where(record => record.Supplier == supplier).ToListAsync(Cancellation);

    private static async Task<string> ReportAsync(TestStorage storage, string supplier, string file) =>
        (await storage.Container("poll-reports").GetBlobClient($"{supplier}/{file}.report.json").DownloadContentAsync(Cancellation)).Value.Content.ToString();

    private static async Task<int> RowsOfPollsAsync(TestStorage storage) => (await storage.RowsAsync("PollTotals")).Count;

    /// <summary>A supplier to whose files storage gave one time.</summary>
    private async Task<string> WithinASecondAsync(TestStorage storage, Func<string, Func<string, string, Task>, Task> drops)
    {
        for (var tries = 0; tries < 20; tries++)
        {
            var supplier = await InstrumentAsync(storage);
            var now = TimeProvider.System.GetUtcNow();
            await Task.Delay(TimeSpan.FromMilliseconds(1005 - now.Millisecond), Cancellation);
            await drops(supplier, (name, answer) => DropAsync(storage, supplier, name, APoll(supplier, answer)));
            var files = await storage.Store.Drops.AllAsync(Cancellation).Where(file => file.Supplier == supplier).ToListAsync(Cancellation);
            if (files.Select(file => file.Modified).Distinct().Count() == 1) return supplier;
        }
        throw new TimeoutException("No second was long enough for two drops.");
    }
}
