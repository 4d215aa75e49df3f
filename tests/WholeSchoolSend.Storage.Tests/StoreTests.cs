using Azure;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Polls;
using WholeSchoolSend.Core.Schools;
using WholeSchoolSend.Core.Snapshots;
using WholeSchoolSend.Core.Webhooks;
using WholeSchoolSend.Testing;
using static WholeSchoolSend.Storage.Tests.Given;

namespace WholeSchoolSend.Storage.Tests;

public sealed class InstrumentsTableTests(AzuriteFixture azurite) : InstrumentsContract
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    protected override async Task<IInstruments> EmptyStoreAsync() => (await TestStorage.CreateAsync(azurite)).Store.Instruments;

    [Fact]
    public async Task A_version_whose_answer_was_lost_was_added_by_us()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        storage.Wire.LoseOneAnswer(Wire.IsTransaction);

        Assert.True(await storage.Store.Instruments.AddAsync(AnInstrument("leaders", 1), Cancellation));
        Assert.Equal(1, await storage.CountAsync(() => storage.Store.Instruments.AllAsync(Cancellation)));
    }
}

public sealed class PendingTableTests(AzuriteFixture azurite) : PendingContract
{
    protected override async Task<IPending> EmptyStoreAsync() => (await TestStorage.CreateAsync(azurite)).Store.Pending;

    [Fact]
    public async Task A_note_costs_one_request_and_a_lost_answer_nothing()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var storage = await TestStorage.CreateAsync(azurite);
        var response = new PendingResponse("s", "f", "r", Monday);
        Assert.Equal(1, await storage.CountAsync(() => storage.Store.Pending.KeepAsync(response, AReceipt(), cancellation)));
        storage.Wire.LoseOneAnswer(Wire.IsTransaction);
        await storage.Store.Pending.KeepAsync(response with { Id = "r2" }, AReceipt(), cancellation);
        Assert.Equal(2, (await storage.Store.Pending.WaitingAsync("s", cancellation)).Count);
        Assert.Equal(2, (await storage.RowsAsync("Pending", "D~")).Count);
    }

    /// <summary>Every event has a fate of its own, written with the note or beside it, and one only whatever answers are lost.</summary>
    [Fact]
    public async Task Every_event_has_one_fate()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var storage = await TestStorage.CreateAsync(azurite);
        var response = new PendingResponse("s", "f", "r", Monday);
        var receipts = Enumerable.Range(0, 4).Select(_ => AReceipt()).ToList();
        foreach (var (receipt, hours) in receipts.Zip([0, 0, 2, 1]))
        {
            // Every transaction is answered only when it is sent once more.
            var answers = 0;
            storage.Wire.After = (request, _) =>
            {
                if (Wire.IsTransaction(request) && Interlocked.Increment(ref answers) % 2 == 1) throw new HttpRequestException("The connection was reset.");
            };
            await storage.Store.Pending.KeepAsync(response with { Happened = Monday.AddHours(hours) }, receipt, cancellation);
            storage.Wire.After = null;
            await storage.Store.Pending.KeepAsync(response with { Happened = Monday.AddHours(hours) }, receipt, cancellation);
        }

        var fates = await storage.RowsAsync("Pending", "D~2026-09-28~");
        Assert.Equal(receipts.Select(receipt => receipt.Id).Order(StringComparer.Ordinal), fates.Select(fate => fate.RowKey.Split('~')[^1]).Order(StringComparer.Ordinal));
        Assert.Equal(Monday.AddHours(2), Assert.Single(await storage.Store.Pending.WaitingAsync("s", cancellation)).Happened);
    }
}

public sealed class WavesTableTests(AzuriteFixture azurite) : WavesContract
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    protected override async Task<IWaves> EmptyStoreAsync() => (await TestStorage.CreateAsync(azurite)).Store.Waves;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_write_whose_answer_was_lost_is_ours(int revision)
    {
        var storage = await TestStorage.CreateAsync(azurite);
        if (revision == 2) await storage.Store.Waves.PutAsync(AWave("a", day: 9), Cancellation);
        storage.Wire.LoseOneAnswer(Wire.IsTransaction);

        Assert.True(await storage.Store.Waves.PutAsync(AWave("a") with { Revision = revision }, Cancellation));
    }
}

public sealed class ImportsTableTests(AzuriteFixture azurite) : ImportsContract
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    protected override async Task<IImports> EmptyStoreAsync() => (await TestStorage.CreateAsync(azurite)).Store.Imports;

    [Fact]
    public async Task A_switch_whose_answer_was_lost_tells_what_it_replaced()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        await storage.Store.Imports.SwitchAsync(AnImport("v1", 1).Unit, _ => AnImport("v1", 1), Cancellation);
        storage.Wire.LoseOneAnswer(Wire.IsTransaction);

        Assert.Equal(
            (AnImport("v1", 1), AnImport("v2", 2)),
            await storage.Store.Imports.SwitchAsync(
                AnImport("v1", 1).Unit, current => current!.Modified < Monday.AddMinutes(2) ? AnImport("v2", 2) : null, Cancellation));
    }

    [Fact]
    public async Task A_drop_is_one_row_and_a_later_drop_another()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        var record = new ImportRecord("pollster", "leaders.csv", "hash", Monday, ImportOutcome.Active, AnImport("v", 1).Unit, AnImport("v", 1).Facts, 0);

        await storage.Store.Imports.RecordAsync(record, Cancellation);
        await storage.Store.Imports.RecordAsync(record with { Outcome = ImportOutcome.Unchanged }, Cancellation);
        await storage.Store.Imports.RecordAsync(record with { Outcome = ImportOutcome.Unchanged, Modified = Monday.AddHours(1) }, Cancellation);

        Assert.Equal(["Active", "Unchanged"], (await storage.RowsAsync("Imports")).Select(row => row.GetString("Outcome")));
        Assert.Equal(1, await storage.CountAsync(() => storage.Store.Imports.ActiveAsync(Cancellation)));
    }
}

public sealed class VersionedTableTests(AzuriteFixture azurite) : VersionedRowsContract
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    protected override async Task<IVersionedRows<School>> EmptyStoreAsync() => (await TestStorage.CreateAsync(azurite)).Store.Schools;

    [Theory]
    [InlineData(0, 0)]
    [InlineData(100, 1)]
    [InlineData(950, 10)]
    public async Task A_version_takes_a_transaction_for_a_hundred_rows(int rows, int transactions)
    {
        var storage = await TestStorage.CreateAsync(azurite);

        Assert.Equal(transactions, await storage.CountAsync(() => storage.Store.Schools.WriteAsync("v", Schools(rows), Cancellation)));
        Assert.Equal(transactions + 1, await storage.CountAsync(() => storage.Store.Schools.DeleteAsync("v", Cancellation)));
    }

    [Fact]
    public async Task Engagements_that_differ_in_their_line_alone_stay_two()
    {
        var store = (await TestStorage.CreateAsync(azurite)).Store.Engagements;
        Engagement[] two = [new("100001", new DateOnly(2026, 9, 1), "regional / leads", 9), new("100001", new DateOnly(2026, 9, 1), "regional / leads", 10)];

        await store.WriteAsync("v", two, Cancellation);

        Assert.Equal(two, await store.ReadAsync("v", Cancellation));
    }

    [Fact]
    public async Task Totals_of_polls_come_back_bit_for_bit()
    {
        var store = (await TestStorage.CreateAsync(azurite)).Store.PollTotals;
        SchoolTotals[] totals =
        [
            new(Autumn, "engaged|primary", 3, [new("single", "leader", "every-teacher-responsible", "5", 3, 0.1 + 0.2, 1e-300)], []),
            new(Autumn, "wider|primary", 1, [], [new("cpd-confidence", "2", "4", 1, Math.PI, double.Epsilon)]),
        ];

        await store.WriteAsync("v", totals, Cancellation);

        Assert.Equivalent(totals, await store.ReadAsync("v", Cancellation), strict: true);
    }
}

public sealed class KpiResultsTableTests(AzuriteFixture azurite) : KpiResultsContract
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    protected override async Task<IKpiResults> EmptyStoreAsync() => (await TestStorage.CreateAsync(azurite)).Store.KpiResults;

    [Fact]
    public async Task The_rows_of_the_run_before_are_removed()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        for (var i = 0; i < 3; i++) await storage.Store.KpiResults.SwitchAsync(ARun($"{i}", 5), Cancellation);

        Assert.Equal(6, (await storage.RowsAsync("KpiResults")).Count);
    }

    [Fact]
    public async Task What_a_crash_left_is_removed_by_the_next_run()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        await storage.Store.KpiResults.SwitchAsync(ARun("0", 5), Cancellation);
        var (crashing, wire) = storage.Connect();
        var transactions = 0;
        wire.Before = (request, _) =>
            Wire.IsTransaction(request) && ++transactions == 3 ? throw new NotSupportedException("killed here") : Task.FromResult<HttpResponseMessage?>(null);
        await Assert.ThrowsAsync<NotSupportedException>(() => crashing.KpiResults.SwitchAsync(ARun("1", 5), Cancellation));
        Assert.Equal(11, (await storage.RowsAsync("KpiResults")).Count);
        Assert.Equal("0", (await storage.Store.KpiResults.CurrentAsync(Cancellation))!.Inputs);

        await storage.Store.KpiResults.SwitchAsync(ARun("2", 5), Cancellation);

        Assert.Equal(6, (await storage.RowsAsync("KpiResults")).Count);
        Assert.Equal("2", (await storage.Store.KpiResults.CurrentAsync(Cancellation))!.Inputs);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task A_switch_whose_answer_was_lost_is_done(int lost)
    {
        var storage = await TestStorage.CreateAsync(azurite);
        await storage.Store.KpiResults.SwitchAsync(ARun("0", 5), Cancellation);
        var transactions = 0;
        storage.Wire.LoseOneAnswer(request => Wire.IsTransaction(request) && ++transactions == lost);

        await storage.Store.KpiResults.SwitchAsync(ARun("1", 5), Cancellation);

        Assert.Equivalent(ARun("1", 5), await storage.Store.KpiResults.CurrentAsync(Cancellation), strict: true);
        Assert.Equal(6, (await storage.RowsAsync("KpiResults")).Count);
    }
}

public sealed class DropsBlobsTests(AzuriteFixture azurite)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_dropped_file_is_found_as_it_is()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        await DropAsync(storage, "poll-drop", "pollster/autumn/leaders é.csv", "a,b\n1,2\n");
        await DropAsync(storage, "register", "edubase.csv", "URN\n");

        var poll = (await storage.Store.Drops.FindPollAsync("pollster", "autumn/leaders é.csv", Cancellation))!;
        var register = (await storage.Store.Drops.FindRegisterAsync("edubase.csv", Cancellation))!;

        Assert.Equal(("pollster", "autumn/leaders é.csv", 8), (poll.Supplier, poll.Name, poll.Bytes));
        Assert.Equal("a,b\n1,2\n", await ReadAsync(poll));
        Assert.Equal("a,b\n1,2\n", await ReadAsync(poll));
        Assert.Equal("register", register.Supplier);
        Assert.Equal("URN\n", await ReadAsync(register));
        Assert.Null(await storage.Store.Drops.FindPollAsync("pollster", "none.csv", Cancellation));
        Assert.Null(await storage.Store.Drops.FindRegisterAsync("none.csv", Cancellation));
    }

    [Fact]
    public async Task A_file_that_changed_since_it_was_found_is_a_fault()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        await DropAsync(storage, "poll-drop", "pollster/f.csv", "one");
        var found = (await storage.Store.Drops.FindPollAsync("pollster", "f.csv", Cancellation))!;
        await DropAsync(storage, "poll-drop", "pollster/f.csv", "two");

        Assert.Equal(412, (await Assert.ThrowsAsync<RequestFailedException>(() => found.OpenAsync(Cancellation))).Status);
    }

    [Fact]
    public async Task A_download_that_breaks_goes_on_where_it_broke()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        var text = new string('x', 3_000_000);
        await DropAsync(storage, "poll-drop", "pollster/f.csv", text);
        var found = (await storage.Store.Drops.FindPollAsync("pollster", "f.csv", Cancellation))!;
        storage.Wire.Refuse(2);

        Assert.Equal(text, await ReadAsync(found));
    }

    [Fact]
    public async Task The_bytes_are_kept_once()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        var text = new string('x', 20_000_000);
        await DropAsync(storage, "poll-drop", "pollster/f.csv", text);
        var found = (await storage.Store.Drops.FindPollAsync("pollster", "f.csv", Cancellation))!;

        await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => storage.Store.Drops.KeepRawAsync(found, "abc123", Cancellation)));
        Assert.Equal(1, await storage.CountAsync(() => storage.Store.Drops.KeepRawAsync(found, "abc123", Cancellation)));

        Assert.Equal(text.Length, (await storage.Container("raw").GetBlobClient("abc123").GetPropertiesAsync(cancellationToken: Cancellation)).Value.ContentLength);
    }

    [Fact]
    public async Task A_report_is_written_over_the_one_before()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        await DropAsync(storage, "poll-drop", "pollster/f.csv", "x");
        var found = (await storage.Store.Drops.FindPollAsync("pollster", "f.csv", Cancellation))!;

        await storage.Store.Drops.ReportAsync(found, "{}"u8.ToArray(), "line\n"u8.ToArray(), Cancellation);
        await storage.Store.Drops.ReportAsync(found, "{\"n\":2}"u8.ToArray(), "line,code\n"u8.ToArray(), Cancellation);

        var json = (await storage.Container("poll-reports").GetBlobClient("pollster/f.csv.report.json").DownloadContentAsync(Cancellation)).Value;
        Assert.Equal(("{\"n\":2}", "application/json"), (json.Content.ToString(), json.Details.ContentType));
        var csv = (await storage.Container("poll-reports").GetBlobClient("pollster/f.csv.report.csv").DownloadContentAsync(Cancellation)).Value;
        Assert.Equal(("line,code\n", "text/csv; charset=utf-8"), (csv.Content.ToString(), csv.Details.ContentType));
    }

    private static async Task DropAsync(TestStorage storage, string container, string name, string text) =>
        await storage.Container(container).GetBlobClient(name).UploadAsync(BinaryData.FromString(text), overwrite: true, Cancellation);

    private static async Task<string> ReadAsync(DroppedFile file)
    {
        using var reader = new StreamReader(await file.OpenAsync(Cancellation));
        return await reader.ReadToEndAsync(Cancellation);
    }
}

public sealed class DocumentsBlobsTests(AzuriteFixture azurite) : DocumentsContract
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    protected override async Task<IDocuments> EmptyStoreAsync() => (await TestStorage.CreateAsync(azurite)).Store.Documents;

    [Fact]
    public async Task Browsers_keep_what_is_immutable_and_ask_again_for_what_rolls()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        await storage.Store.Documents.AddAsync(Audience.Public, "2026/09/a.csv", "a\n"u8.ToArray(), Cancellation);
        await storage.Store.Documents.ReplaceAsync(Audience.Public, "latest.json", "{}"u8.ToArray(), null, Cancellation);
        using var browser = new HttpClient();

        var document = await browser.GetAsync(storage.Container("snapshots").GetBlobClient("2026/09/a.csv").Uri, Cancellation);
        var latest = await browser.GetAsync(storage.Container("snapshots").GetBlobClient("latest.json").Uri, Cancellation);

        Assert.Equal(("text/csv; charset=utf-8", "public, max-age=31536000, immutable"), Headers(document));
        Assert.Equal(("application/json", "no-cache"), Headers(latest));
        Assert.NotEmpty(document.Content.Headers.ContentMD5!);

        static (string?, string?) Headers(HttpResponseMessage response) =>
            (response.Content.Headers.ContentType?.ToString(), string.Join(", ", response.Headers.GetValues("Cache-Control")));
    }

    [Fact]
    public async Task Internal_documents_are_private()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        await storage.Store.Documents.ReplaceAsync(Audience.Internal, "latest.json", "{}"u8.ToArray(), null, Cancellation);
        using var browser = new HttpClient();

        Assert.False((await browser.GetAsync(storage.Container("snapshots-internal").GetBlobClient("latest.json").Uri, Cancellation)).IsSuccessStatusCode);
    }

    [Fact]
    public async Task A_replacement_whose_answer_was_lost_is_ours()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        storage.Wire.LoseOneAnswer(request => request.Method == HttpMethod.Put);

        Assert.True(await storage.Store.Documents.ReplaceAsync(Audience.Public, "latest.json", "{}"u8.ToArray(), null, Cancellation));
        storage.Wire.LoseOneAnswer(request => request.Method == HttpMethod.Put);
        await storage.Store.Documents.AddAsync(Audience.Public, "a.json", "{}"u8.ToArray(), Cancellation);
        Assert.Equal(1, await storage.CountAsync(() => storage.Store.Documents.ReadAsync(Audience.Public, "latest.json", Cancellation)));
    }
}
