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

        var switched = await storage.Store.Imports.SwitchAsync(
            AnImport("v1", 1).Unit, current => current!.Modified < Monday.AddMinutes(2) ? AnImport("v2", 2) : null, Cancellation);
        Assert.Equal((AnImport("v1", 1), AnImport("v2", 2)), (switched.Before, switched.After));
        Assert.Equal(["v1"], switched.Replaced);
    }

    [Fact]
    public async Task A_step_whose_answer_was_lost_is_ours()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        storage.Wire.LoseOneAnswer(Wire.IsTransaction);
        var received = await storage.Store.Imports.ReceiveAsync(ARecord(), Cancellation);
        Assert.Equal("run", received.Record.Run);
        storage.Wire.LoseOneAnswer(Wire.IsTransaction);

        var advanced = await storage.Store.Imports.AdvanceAsync(received, received.Record with { State = ImportState.Checked }, Cancellation);

        Assert.NotNull(await storage.Store.Imports.AdvanceAsync(advanced!, advanced!.Record with { State = ImportState.Loaded }, Cancellation));
    }

    [Fact]
    public async Task A_drop_is_one_row_a_step_one_request_and_a_later_drop_another_row()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        StoredImport? received = null;

        Assert.Equal(1, await storage.CountAsync(async () => received = await storage.Store.Imports.ReceiveAsync(ARecord(), Cancellation)));
        Assert.Equal(1, await storage.CountAsync(() => storage.Store.Imports.AdvanceAsync(received!, received!.Record with { State = ImportState.Refused },
            Cancellation)));
        await storage.Store.Imports.ReceiveAsync(ARecord() with { Drop = "0x8E", Modified = Monday.AddHours(1) }, Cancellation);

        Assert.Equal(["Received", "Refused"], (await storage.RowsAsync("Imports")).Select(row => row.GetString("State")));
        Assert.Equal(1, await storage.CountAsync(() => storage.Store.Imports.ActiveAsync(Cancellation)));
    }
}

public sealed class PackedTableTests(AzuriteFixture azurite) : VersionedRowsContract
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    protected override async Task<IVersionedRows<School>> EmptyStoreAsync() => (await TestStorage.CreateAsync(azurite)).Store.Schools;

    [Fact]
    public async Task Fifty_thousand_schools_take_a_handful_of_requests()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        var schools = Schools(50_000).Select(school => school with
        {
            Authority = "202",
            Type = "Community school",
            Opened = new DateOnly(1960, 9, 1)
        }).ToList();

        var written = await storage.CountAsync(() => storage.Store.Schools.WriteAsync("v", schools, Cancellation));
        IReadOnlyList<School> read = [];
        var reads = await storage.CountAsync(async () => read = await storage.Store.Schools.ReadAsync("v", Cancellation));
        var deletes = await storage.CountAsync(() => storage.Store.Schools.DeleteAsync("v", Cancellation));

        TestContext.Current.TestOutputHelper!.WriteLine($"50,000 schools: {written} requests to write, {reads} to read, {deletes} to remove");
        Assert.Equal(schools, read);
        Assert.InRange(written, 1, 6);
        Assert.InRange(reads, 1, 6);
        Assert.InRange(deletes, 1, 3);
    }

    [Fact]
    public async Task What_is_too_long_for_one_row_goes_on_in_the_next()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        var schools = Schools(300).Select(school => school with { Name = new string('é', 4_000) }).ToList();

        await storage.Store.Schools.WriteAsync("v", schools, Cancellation);

        Assert.Equal(schools, await storage.Store.Schools.ReadAsync("v", Cancellation));
        Assert.True((await storage.RowsAsync("Schools")).Count > 1);
    }
}

public sealed class VersionedTableTests(AzuriteFixture azurite) : VersionedRowsContract
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    protected override async Task<IVersionedRows<School>> EmptyStoreAsync()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        await storage.Table("OneByOne").CreateIfNotExistsAsync(Cancellation);
        return new VersionedTable<School>(
            storage.Table("OneByOne"), new StorageResilience(new StorageResilienceOptions(), TimeProvider.System), SchoolsJson.Default.School, school =>
                TableKey.From(school.Urn));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(100, 1)]
    [InlineData(950, 10)]
    public async Task A_version_takes_a_transaction_for_a_hundred_rows(int rows, int transactions)
    {
        var storage = await TestStorage.CreateAsync(azurite);
        var engagements = Enumerable.Range(0, rows).Select(row => new Engagement($"{100_000 + row}", new DateOnly(2026, 1, 5), "SEND Review", row)).ToList();

        Assert.Equal(transactions, await storage.CountAsync(() => storage.Store.Engagements.WriteAsync("v", engagements, Cancellation)));
        Assert.Equal(transactions + 1, await storage.CountAsync(() => storage.Store.Engagements.DeleteAsync("v", Cancellation)));
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

        await storage.Store.Drops.ReportAsync(found, AReport(0), Cancellation);
        Assert.Equal(2, await storage.CountAsync(() => storage.Store.Drops.ReportAsync(found, AReport(1), Cancellation)));

        var json = (await storage.Container("poll-reports").GetBlobClient("pollster/f.csv.report.json").DownloadContentAsync(Cancellation)).Value;
        Assert.Equal((1, "application/json"), (System.Text.Json.JsonDocument.Parse(json.Content).RootElement.GetProperty("problemCount").GetInt32(),
            json.Details.ContentType));
        var csv = (await storage.Container("poll-reports").GetBlobClient("pollster/f.csv.report.csv").DownloadContentAsync(Cancellation)).Value;
        Assert.Matches(
            "^line,column,code,found,message\r\n0,,[a-z]+,,\"the file is .+ 1 problems\"\r\n2,\"weight\",weight-invalid,\"empty\",\"should be a number\"\r\n$",
            csv.Content.ToString());
        Assert.Equal("text/csv; charset=utf-8", csv.Details.ContentType);
    }

    [Fact]
    public async Task A_file_in_a_pollsters_folder_called_register_is_no_register_file_and_has_reports_of_its_own()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        await DropAsync(storage, "poll-drop", "register/schools.csv", "x");
        var found = (await storage.Store.Drops.FindPollAsync("register", "schools.csv", Cancellation))!;

        Assert.Equal("poll-drop-register", found.Supplier);
        Assert.Equal(found.Id, (await storage.Store.Drops.FindPollAsync(found.Supplier, "schools.csv", Cancellation))!.Id);
        Assert.Equal(["poll-drop-register"], await storage.Store.Drops.AllAsync(Cancellation).Select(file => file.Supplier).ToListAsync(Cancellation));
        await storage.Store.Drops.ReportAsync(found, AReport(0), Cancellation);
        Assert.True(await storage.Container("poll-reports").GetBlobClient("poll-drop-register/schools.csv.report.json").ExistsAsync(Cancellation));
        Assert.False(await storage.Container("poll-reports").GetBlobClient("register/schools.csv.report.json").ExistsAsync(Cancellation));
    }

    [Fact]
    public async Task A_report_longer_than_a_block_is_whole()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        await DropAsync(storage, "poll-drop", "pollster/f.csv", "x");
        var found = (await storage.Store.Drops.FindPollAsync("pollster", "f.csv", Cancellation))!;

        await storage.Store.Drops.ReportAsync(found, AReport(200_000), Cancellation);

        var csv = (await storage.Container("poll-reports").GetBlobClient("pollster/f.csv.report.csv").DownloadContentAsync(Cancellation)).Value.Content.ToString();
        Assert.True(csv.Length > 8 * 1024 * 1024);
        Assert.Equal(200_002, csv.Count(character => character == '\n'));
        var json = System.Text.Json.JsonDocument.Parse((await storage.Container("poll-reports").GetBlobClient("pollster/f.csv.report.json").DownloadContentAsync(Cancellation)).Value.Content);
        Assert.Equal(200_001, json.RootElement.GetProperty("problems")[199_999].GetProperty("line").GetInt32());
    }

    [Fact]
    public async Task What_shares_a_files_name_but_for_the_ending_is_beside_it()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        foreach (var name in new[] { "autumn/poll.csv", "autumn/poll.sss", "autumn/poll-2.csv", "poll.csv", "noending",
            "noending2" }) await DropAsync(storage, "poll-drop", $"pollster/{name}", name);
        await DropAsync(storage, "poll-drop", "nobody.csv", "x");
        await DropAsync(storage, "register", "edubase.csv", "URN\n");

        var found = (await storage.Store.Drops.FindPollAsync("pollster", "autumn/poll.csv", Cancellation))!;
        Assert.Equal("autumn/poll.sss", await ReadAsync(Assert.Single(found.Beside)));
        Assert.Empty((await storage.Store.Drops.FindPollAsync("pollster", "noending", Cancellation))!.Beside);
        Assert.Null(await storage.Store.Drops.FindPollAsync("pollster", "autumn/poll.asc", Cancellation));
        var all = await storage.Store.Drops.AllAsync(Cancellation).ToListAsync(Cancellation);
        Assert.Equal(["pollster/autumn/poll-2.csv", "pollster/autumn/poll.csv", "pollster/autumn/poll.sss", "pollster/noending", "pollster/noending2",
            "pollster/poll.csv", "register/edubase.csv"],
            all.Select(file => $"{file.Supplier}/{file.Name}").Order(StringComparer.Ordinal));
        // A file is known again by its state, however it was found.
        Assert.Equal(found.Id, all.Single(file => file.Name == "autumn/poll.csv").Id);
        Assert.Equal((await storage.Store.Drops.FindRegisterAsync("edubase.csv", Cancellation))!.Id, all.Single(file => file.Supplier == "register").Id);
        await DropAsync(storage, "poll-drop", "pollster/autumn/poll.csv", "autumn/poll.csv");
        Assert.NotEqual(found.Id, (await storage.Store.Drops.FindPollAsync("pollster", "autumn/poll.csv", Cancellation))!.Id);
    }

    private static ImportReport AReport(int problems)
    {
        var findings = new FileFindings();
        for (var line = 2; line < problems + 2; line++) findings.Add(new FileFinding(line, "weight", "weight-invalid", "should be a number", "empty"));
        return new ImportReport(new ReportHead("f.csv", "pollster", Monday, ImportOutcome.Refused, null, null, null, null, 1, null, null, null, null, null,
            null, null, []), findings);
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
        // A cache may answer for a minute on its own; then it asks, by the ETag it was given.
        Assert.Equal(("application/json", "public, must-revalidate, max-age=60"), Headers(latest));
        using var known = new HttpRequestMessage(HttpMethod.Get, storage.Container("snapshots").GetBlobClient("latest.json").Uri);
        known.Headers.IfNoneMatch.Add(latest.Headers.ETag!);
        Assert.Equal(System.Net.HttpStatusCode.NotModified, (await browser.SendAsync(known, Cancellation)).StatusCode);
        Assert.NotEmpty(document.Content.Headers.ContentMD5!);

        static (string?, string?) Headers(HttpResponseMessage response) =>
            (response.Content.Headers.ContentType?.ToString(), string.Join(", ", response.Headers.GetValues("Cache-Control")));
    }

    [Theory]
    [InlineData("index.html", "text/html; charset=utf-8")]
    [InlineData("page-0a.css", "text/css; charset=utf-8")]
    [InlineData("page-0a.js", "text/javascript; charset=utf-8")]
    [InlineData("2026/09/a.meta.csv", "text/csv; charset=utf-8")]
    [InlineData("schema/snapshot-1.d.ts", "text/plain; charset=utf-8")]
    public async Task A_browser_is_told_what_each_file_is(string path, string type)
    {
        var storage = await TestStorage.CreateAsync(azurite);
        await storage.Store.Documents.AddAsync(Audience.Public, path, "a"u8.ToArray(), Cancellation);
        using var browser = new HttpClient();
        var answer = await browser.GetAsync(storage.Container("snapshots").GetBlobClient(path).Uri, Cancellation);
        Assert.Equal(type, answer.Content.Headers.ContentType?.ToString());
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
