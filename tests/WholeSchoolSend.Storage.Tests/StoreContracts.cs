using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Polls;
using WholeSchoolSend.Core.Schools;
using WholeSchoolSend.Core.Snapshots;
using WholeSchoolSend.Core.Webhooks;
using static WholeSchoolSend.Storage.Tests.Given;

namespace WholeSchoolSend.Storage.Tests;

/// <summary>What every store of instruments promises.</summary>
public abstract class InstrumentsContract
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    protected abstract Task<IInstruments> EmptyStoreAsync();

    [Fact]
    public async Task Every_version_is_kept_and_the_newest_is_in_force()
    {
        var instruments = await EmptyStoreAsync();
        Assert.True(await instruments.AddAsync(AnInstrument("teachers", 1), Cancellation));
        Assert.True(await instruments.AddAsync(AnInstrument("leaders", 1), Cancellation));
        Assert.True(await instruments.AddAsync(AnInstrument("teachers", 2), Cancellation));

        Assert.Equal([("leaders", 1), ("teachers", 2)], (await instruments.AllAsync(Cancellation)).Select(all => (all.Id, all.Version)));
        Assert.Equal("teachers 2", (await instruments.FindAsync("teachers", null, Cancellation))!.Title);
        Assert.Equal("teachers 1", (await instruments.FindAsync("teachers", 1, Cancellation))!.Title);
        Assert.Null(await instruments.FindAsync("teachers", 3, Cancellation));
        Assert.Null(await instruments.FindAsync("teacher", null, Cancellation));
    }

    [Fact]
    public async Task A_version_somebody_else_added_is_not_added_over()
    {
        var instruments = await EmptyStoreAsync();
        await instruments.AddAsync(AnInstrument("leaders", 1), Cancellation);
        await instruments.AddAsync(AnInstrument("leaders", 2), Cancellation);

        Assert.False(await instruments.AddAsync(AnInstrument("leaders", 2) with { Title = "mine" }, Cancellation));
        Assert.False(await instruments.AddAsync(AnInstrument("leaders", 1) with { Title = "mine" }, Cancellation));

        Assert.Equal("leaders 2", (await instruments.FindAsync("leaders", null, Cancellation))!.Title);
        Assert.Equal("leaders 1", (await instruments.FindAsync("leaders", 1, Cancellation))!.Title);
    }

    [Fact]
    public async Task Of_many_who_add_a_version_one_does()
    {
        var instruments = await EmptyStoreAsync();
        await instruments.AddAsync(AnInstrument("leaders", 1), Cancellation);

        var added = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => instruments.AddAsync(AnInstrument("leaders", 2) with { Title = $"{i}" }, Cancellation)));

        Assert.Equal(1, added.Count(one => one));
        Assert.Equal($"{Array.IndexOf(added, true)}", (await instruments.FindAsync("leaders", null, Cancellation))!.Title);
    }

    [Fact]
    public async Task An_instrument_comes_back_as_it_was_put()
    {
        var instruments = await EmptyStoreAsync();
        var put = AnInstrument("leaders", 1) with
        {
            Form = new FormBinding("leaders_typeform", "abc"),
            Role = new Term(Field: "role", Codes: new Dictionary<string, string> { ["Headteacher / Principal"] = "leader" }),
            Items = [new Item("every-teacher-responsible", "q1", new Dictionary<string, string> { ["Strongly agree é"] = "5" })],
        };
        await instruments.AddAsync(put, Cancellation);

        Assert.Equivalent(put, await instruments.FindAsync("leaders", 1, Cancellation), strict: true);
    }

    protected static Instrument AnInstrument(string id, int version) =>
        new($"{id} {version}", Collection, null, null, new Term(Autumn), null, new FieldName("hidden.urn"), null, null, null, null, null, [])
        {
            Id = id,
            Version = version,
        };
}

/// <summary>What every store of responses that wait to be fetched promises.</summary>
public abstract class PendingContract
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    protected abstract Task<IPending> EmptyStoreAsync();

    [Fact]
    public async Task A_response_waits_once_with_its_latest_event_whatever_order_they_come_in()
    {
        var pending = await EmptyStoreAsync();
        var response = new PendingResponse("leaders_monkey", "form/1", "r#1", Monday);
        await pending.KeepAsync(response, AReceipt(), Cancellation);
        await pending.KeepAsync(response with { Happened = Monday.AddHours(2) }, AReceipt(), Cancellation);
        await pending.KeepAsync(response with { Happened = Monday.AddHours(1) }, AReceipt(), Cancellation);
        await pending.KeepAsync(response with { Source = "another" }, AReceipt(), Cancellation);

        Assert.Equal([response with { Happened = Monday.AddHours(2) }], await pending.WaitingAsync("leaders_monkey", Cancellation));
        Assert.Single(await pending.WaitingAsync("another", Cancellation));
        Assert.Empty(await pending.WaitingAsync("nobody", Cancellation));
    }

    [Fact]
    public async Task Of_many_events_at_once_the_latest_stays()
    {
        var pending = await EmptyStoreAsync();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(hour => pending.KeepAsync(new PendingResponse("s", "f", "r", Monday.AddHours(hour)), AReceipt(), Cancellation)));
        Assert.Equal(Monday.AddHours(7), Assert.Single(await pending.WaitingAsync("s", Cancellation)).Happened);
    }
}

/// <summary>What every store of waves promises.</summary>
public abstract class WavesContract
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    protected abstract Task<IWaves> EmptyStoreAsync();

    [Fact]
    public async Task Waves_come_by_first_day_then_id()
    {
        var waves = await EmptyStoreAsync();
        await waves.PutAsync(AWave("b", day: 2), Cancellation);
        await waves.PutAsync(AWave("c", day: 1), Cancellation);
        await waves.PutAsync(AWave("a", day: 2), Cancellation);

        Assert.Equal(["c", "a", "b"], (await waves.AllAsync(Cancellation)).Select(wave => wave.Id));
        Assert.Equal(AWave("b", day: 2), await waves.FindAsync("b", Cancellation));
        Assert.Null(await waves.FindAsync("d", Cancellation));
    }

    [Fact]
    public async Task A_writer_states_the_revision_it_read()
    {
        var waves = await EmptyStoreAsync();
        var closed = new WaveClosure(Monday, "Fieldwork is over.");

        Assert.False(await waves.PutAsync(AWave("a") with { Revision = 2 }, Cancellation));
        Assert.True(await waves.PutAsync(AWave("a"), Cancellation));
        Assert.False(await waves.PutAsync(AWave("a", day: 3), Cancellation));
        Assert.True(await waves.PutAsync(AWave("a") with { Revision = 2, Closed = closed }, Cancellation));
        Assert.False(await waves.PutAsync(AWave("a", day: 3) with { Revision = 2 }, Cancellation));
        Assert.False(await waves.PutAsync(AWave("a", day: 3) with { Revision = 4 }, Cancellation));

        Assert.Equal(AWave("a") with { Revision = 2, Closed = closed }, await waves.FindAsync("a", Cancellation));
    }

    [Fact]
    public async Task Of_many_who_write_a_revision_one_does()
    {
        var waves = await EmptyStoreAsync();
        await waves.PutAsync(AWave("a"), Cancellation);

        var put = await Task.WhenAll(Enumerable.Range(1, 8).Select(day => waves.PutAsync(AWave("a", day) with { Revision = 2 }, Cancellation)));

        Assert.Equal(1, put.Count(one => one));
        Assert.Equal(Array.IndexOf(put, true) + 1, (await waves.FindAsync("a", Cancellation))!.Wave.From.Day);
    }

    protected static WaveState AWave(string id, int day = 1) =>
        new(id, new Wave("Autumn", new DateOnly(2026, 10, day), new DateOnly(2026, 12, 1)), null, 1);
}

/// <summary>What every store of imports promises.</summary>
public abstract class ImportsContract
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    protected abstract Task<IImports> EmptyStoreAsync();

    [Fact]
    public async Task A_unit_is_switched_from_what_counted()
    {
        var imports = await EmptyStoreAsync();

        var (first, second) = (AnImport("v1", 1), AnImport("v2", 2));
        Assert.Equal((null, first), Ends(await imports.SwitchAsync(first.Unit, current => current is null ? first : null, Cancellation)));
        Assert.Equal((first, second), Ends(await imports.SwitchAsync(first.Unit, current => current!.Version == "v1" ? second : null, Cancellation)));
        Assert.Equal((second, second), Ends(await imports.SwitchAsync(first.Unit, _ => null, Cancellation)));
        var other = AnImport("v3", 1) with { Unit = new("another", "teachers", Autumn) };
        await imports.SwitchAsync(other.Unit, _ => other, Cancellation);

        Assert.Equal(["v3", "v2"], (await imports.ActiveAsync(Cancellation)).Select(active => active.Version));
    }

    [Fact]
    public async Task Of_many_who_switch_at_once_the_latest_drop_counts()
    {
        var imports = await EmptyStoreAsync();

        var switched = await Task.WhenAll(Enumerable.Range(1, 12).Select(i => imports.SwitchAsync(
            AnImport("v", i).Unit, current => current is null || current.Modified < Monday.AddMinutes(i) ? AnImport($"v{i}", i) : null, Cancellation)));

        Assert.Equal("v12", Assert.Single(await imports.ActiveAsync(Cancellation)).Version);
        // What one replaced, no other replaced: each version's rows are removed once.
        var replaced = switched.Where(one => one.Before is not null && one.Before != one.After).Select(one => one.Before!.Version).ToList();
        Assert.Equal(replaced.Count, replaced.Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public async Task What_was_replaced_is_remembered_until_it_is_forgotten()
    {
        var imports = await EmptyStoreAsync();
        var unit = AnImport("v1", 1).Unit;
        foreach (var version in new[] { "v1", "v2", "v3" }) await imports.SwitchAsync(unit, _ => AnImport(version, 1), Cancellation);

        Assert.Equal(["v1", "v2"], Assert.Single(await imports.ReplacedAsync(Cancellation)).Versions);
        await imports.ForgetAsync(unit, ["v1"], Cancellation);
        Assert.Equal(["v2"], (await imports.SwitchAsync(unit, _ => null, Cancellation)).Replaced);
        // What counts again is not to be removed.
        Assert.Equal(["v3"], (await imports.SwitchAsync(unit, _ => AnImport("v2", 1), Cancellation)).Replaced);
        await imports.ForgetAsync(unit, ["v3"], Cancellation);
        Assert.Empty(await imports.ReplacedAsync(Cancellation));
        Assert.Equal("v2", Assert.Single(await imports.ActiveAsync(Cancellation)).Version);
    }

    [Fact]
    public async Task What_is_withdrawn_counts_no_more_its_rows_are_to_be_removed_and_it_is_remembered_until_something_takes_its_place()
    {
        var imports = await EmptyStoreAsync();
        var first = AnImport("v1", 1) with { Drop = "0x1", Received = Monday };
        await imports.SwitchAsync(first.Unit, _ => first, Cancellation);
        var withdrawn = first with { Withdrawn = new Withdrawal(Monday, "the wrong file") };

        Assert.Equal(["v1"], (await imports.SwitchAsync(first.Unit, _ => withdrawn, Cancellation)).Replaced);
        Assert.Empty(await imports.ActiveAsync(Cancellation));
        Assert.Equal(withdrawn, Assert.Single(await imports.UnitsAsync(Cancellation)));
        Assert.Equal(["v1"], Assert.Single(await imports.ReplacedAsync(Cancellation)).Versions);
        await imports.ForgetAsync(first.Unit, ["v1"], Cancellation);

        // Its rows are gone already: there is nothing to remove once more.
        Assert.Empty((await imports.SwitchAsync(first.Unit, now => now == withdrawn ? AnImport("v2", 2) : null, Cancellation)).Replaced);
        Assert.Equal("v2", Assert.Single(await imports.ActiveAsync(Cancellation)).Version);
    }

    [Fact]
    public async Task Only_what_a_history_gives_is_a_position_in_it()
    {
        var imports = await EmptyStoreAsync();
        var received = await imports.ReceiveAsync(ARecord(), Cancellation);

        Assert.True(imports.IsPosition(received.Position));
        foreach (var bogus in new[] { "", "bogus", received.Position[1..], received.Position + "~x", "~~~", new string('1', 19) })
            Assert.False(imports.IsPosition(bogus), bogus);
    }

    [Fact]
    public async Task Of_many_who_receive_a_drop_one_adds_it_and_all_see_it()
    {
        var imports = await EmptyStoreAsync();

        var received = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => imports.ReceiveAsync(ARecord() with { Run = $"run{i}" }, Cancellation)));

        Assert.Single(received.Select(one => one.Record.Run).Distinct(StringComparer.Ordinal));
        Assert.Single(await HistoryAsync(imports));
    }

    [Fact]
    public async Task Of_two_steps_from_one_state_the_first_is_taken()
    {
        var imports = await EmptyStoreAsync();
        var received = await imports.ReceiveAsync(ARecord(), Cancellation);

        var taken = await imports.AdvanceAsync(received, received.Record with { State = ImportState.Checked }, Cancellation);
        Assert.Null(await imports.AdvanceAsync(received, received.Record with { State = ImportState.Refused }, Cancellation));
        Assert.NotNull(await imports.AdvanceAsync(taken!, taken!.Record with
        {
            State = ImportState.Loaded,
            Rows = new RowCounts(3, 1, new Dictionary<string, int> { ["weight-zero"] = 2 }, 0)
        }, Cancellation));

        var stored = Assert.Single(await HistoryAsync(imports)).Record;
        Assert.Equal((ImportState.Loaded, 2), (stored.State, stored.Rows!.Excluded["weight-zero"]));
    }

    [Fact]
    public async Task The_history_begins_with_the_newest_drop_and_goes_on_from_anywhere()
    {
        var imports = await EmptyStoreAsync();
        foreach (var (supplier, minute) in new[] { ("southern", 3), ("northern", 1), ("northern", 2) })
            await imports.ReceiveAsync(ARecord() with
            {
                Supplier = supplier,
                Modified = Monday.AddMinutes(minute),
                File = minute == 2 ? new string('x', 900)
                : "f / ü.csv"
            }, Cancellation);

        var all = await HistoryAsync(imports);

        Assert.Equal([3, 2, 1], all.Select(one => one.Record.Modified.Minute));
        Assert.Equal([2, 1], (await HistoryAsync(imports, all[0].Position)).Select(one => one.Record.Modified.Minute));
        Assert.Empty(await HistoryAsync(imports, all[2].Position));
    }

    private static async Task<List<StoredImport>> HistoryAsync(IImports imports, string? after = null) =>
        await imports.HistoryAsync(after, Cancellation).ToListAsync(Cancellation);

    private static (ActiveImport? Before, ActiveImport? After) Ends(ImportSwitch switched) => (switched.Before, switched.After);

    protected static ImportRecord ARecord() => new(
        "pollster", "autumn/leaders (final).csv", "0x8D", Monday, 10, ImportState.Received, null, null, 1, null, "run", Monday, null, null, null, null, null,
            null, 0);

    protected static ActiveImport AnImport(string version, int minutes) => new(
        new ImportUnit("pollster", "leaders", Autumn), version, "leaders.csv", "hash", 1, null, Monday.AddMinutes(minutes), new ImportFacts(1, 1, 0, null, null, null));
}

/// <summary>What every store of versioned rows promises.</summary>
public abstract class VersionedRowsContract
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    protected abstract Task<IVersionedRows<School>> EmptyStoreAsync();

    [Fact]
    public async Task A_version_is_read_as_written_in_key_order()
    {
        var rows = await EmptyStoreAsync();
        await rows.WriteAsync("v1", Schools(250).Reverse(), Cancellation);
        await rows.WriteAsync("v2", Schools(3), Cancellation);

        Assert.Equal(Schools(250), await rows.ReadAsync("v1", Cancellation));
        Assert.Equal(Schools(3), await rows.ReadAsync("v2", Cancellation));
        Assert.Empty(await rows.ReadAsync("v3", Cancellation));
    }

    [Fact]
    public async Task Writing_the_same_rows_again_changes_nothing()
    {
        var rows = await EmptyStoreAsync();
        await rows.WriteAsync("v1", Schools(120).Take(110), Cancellation);   // as if a crash had come

        await Task.WhenAll(rows.WriteAsync("v1", Schools(120), Cancellation), rows.WriteAsync("v1", Schools(120), Cancellation));

        Assert.Equal(Schools(120), await rows.ReadAsync("v1", Cancellation));
    }

    [Fact]
    public async Task A_version_is_removed_and_no_other()
    {
        var rows = await EmptyStoreAsync();
        await rows.WriteAsync("v1", Schools(250), Cancellation);
        await rows.WriteAsync("v2", Schools(2), Cancellation);

        await Task.WhenAll(rows.DeleteAsync("v1", Cancellation), rows.DeleteAsync("v1", Cancellation), rows.DeleteAsync("v0", Cancellation));

        Assert.Empty(await rows.ReadAsync("v1", Cancellation));
        Assert.Equal(2, (await rows.ReadAsync("v2", Cancellation)).Count);
    }

    protected static IEnumerable<School> Schools(int count) =>
        Enumerable.Range(0, count).Select(i => new School($"{100000 + i}", $"St. Mary's {i}", "Primary", "London", true));
}

/// <summary>What every store of KPI results promises.</summary>
public abstract class KpiResultsContract
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    protected abstract Task<IKpiResults> EmptyStoreAsync();

    [Fact]
    public async Task Before_the_first_run_there_is_none()
    {
        var results = await EmptyStoreAsync();

        Assert.Null(await results.CurrentInputsAsync(Cancellation));
        Assert.Null(await results.CurrentAsync(Cancellation));
    }

    [Fact]
    public async Task The_run_switched_to_is_current_whole()
    {
        var results = await EmptyStoreAsync();
        await results.SwitchAsync(ARun("one", 230), Cancellation);
        await results.SwitchAsync(ARun("two", 3), Cancellation);
        await results.SwitchAsync(ARun("two", 3), Cancellation);

        Assert.Equal("two", await results.CurrentInputsAsync(Cancellation));
        Assert.Equivalent(ARun("two", 3), await results.CurrentAsync(Cancellation), strict: true);
    }

    [Fact]
    public async Task A_run_is_whole_whatever_is_switched_while_it_is_read()
    {
        var results = await EmptyStoreAsync();
        await results.SwitchAsync(ARun("0", 20), Cancellation);
        var switching = Task.WhenAll(Enumerable.Range(0, 3).Select(async writer =>
        {
            for (var i = 0; i < 4; i++) await results.SwitchAsync(ARun($"{writer}{i}", 20 + writer), Cancellation);
        }));

        while (!switching.IsCompleted)
        {
            var run = (await results.CurrentAsync(Cancellation))!;
            Assert.All(run.Results.Values, value => Assert.Equal(run.Inputs, System.Text.Encoding.UTF8.GetString(value)));
        }
        await switching;
        Assert.InRange((await results.CurrentAsync(Cancellation))!.Results.Count, 20, 22);
    }

    protected static KpiRun ARun(string inputs, int results) => new(
        inputs, [1, 2, 3],
        Enumerable.Range(0, results).ToDictionary(i => $"K1~wave {i}~pooled", _ => System.Text.Encoding.UTF8.GetBytes(inputs)),
        [4, 5]);
}

/// <summary>What every store of published documents promises.</summary>
public abstract class DocumentsContract
{
    private static readonly byte[] One = "{\"n\":1}"u8.ToArray();
    private static readonly byte[] Two = "{\"n\":2}"u8.ToArray();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    protected abstract Task<IDocuments> EmptyStoreAsync();

    [Fact]
    public async Task A_document_added_stays_as_it_is()
    {
        var documents = await EmptyStoreAsync();
        await documents.AddAsync(Audience.Public, "2026/09/a.json", One, Cancellation);
        await documents.AddAsync(Audience.Public, "2026/09/a.json", Two, Cancellation);

        Assert.Equal(One, (await documents.ReadAsync(Audience.Public, "2026/09/a.json", Cancellation))!.Bytes);
        Assert.Null(await documents.ReadAsync(Audience.Internal, "2026/09/a.json", Cancellation));
    }

    [Fact]
    public async Task A_rolling_document_is_replaced_only_as_it_was_read()
    {
        var documents = await EmptyStoreAsync();

        Assert.True(await documents.ReplaceAsync(Audience.Internal, "latest.json", One, null, Cancellation));
        Assert.False(await documents.ReplaceAsync(Audience.Internal, "latest.json", Two, null, Cancellation));
        var read = await documents.ReadAsync(Audience.Internal, "latest.json", Cancellation);
        Assert.True(await documents.ReplaceAsync(Audience.Internal, "latest.json", Two, read, Cancellation));
        Assert.False(await documents.ReplaceAsync(Audience.Internal, "latest.json", One, read, Cancellation));

        Assert.Equal(Two, (await documents.ReadAsync(Audience.Internal, "latest.json", Cancellation))!.Bytes);
    }

    [Fact]
    public async Task A_rolling_document_that_says_the_same_is_not_written()
    {
        var documents = await EmptyStoreAsync();
        await documents.UpdateAsync(Audience.Public, "index.html", One, Cancellation);
        var first = await documents.ReadAsync(Audience.Public, "index.html", Cancellation);
        await documents.UpdateAsync(Audience.Public, "index.html", One, Cancellation);
        Assert.Equal(first!.Revision, (await documents.ReadAsync(Audience.Public, "index.html", Cancellation))!.Revision);
        await documents.UpdateAsync(Audience.Public, "index.html", Two, Cancellation);
        Assert.Equal(Two, (await documents.ReadAsync(Audience.Public, "index.html", Cancellation))!.Bytes);
    }

    [Fact]
    public async Task Of_many_who_replace_one_does()
    {
        var documents = await EmptyStoreAsync();
        await documents.ReplaceAsync(Audience.Public, "latest.json", One, null, Cancellation);
        var read = await documents.ReadAsync(Audience.Public, "latest.json", Cancellation);

        var replaced = await Task.WhenAll(Enumerable.Range(10, 8).Select(i => documents.ReplaceAsync(Audience.Public, "latest.json", [(byte)i], read, Cancellation)));

        Assert.Equal(1, replaced.Count(one => one));
    }
}
