using System.Globalization;
using System.Text;
using WholeSchoolSend.Core.Polls;
using WholeSchoolSend.Core.Schools;

namespace WholeSchoolSend.Core.Tests.Schools;

/// <summary>Files of the schools register, read as they come.</summary>
public sealed class RegisterTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Fifty_thousand_schools_in_windows_1252_are_read_whole_and_head_names_nowhere()
    {
        var csv = new StringBuilder("URN,LA (code),EstablishmentName,TypeOfEstablishment (name),EstablishmentStatus (name),PhaseOfEducation (name),HeadFirstName,HeadLastName,OpenDate,CloseDate,GOR (name)\n");
        for (var i = 0; i < 50_000; i++)
            csv.Append(CultureInfo.InvariantCulture, $"{100_000 + i},{(i % 2 == 0 ? 202 : 886)},St Thomas à Becket {i},Community school,{(i % 5 == 0 ? "Closed" : "\"Open, but proposed to close\"")},{(i % 3 == 0 ? "Secondary" : "Primary")},Canary,O'Canary,{(i % 2 == 0 ? "01-09-1960" : "01/09/1960")},{(i % 5 == 0 ? "31-08-2024" : "")},\n");
        var store = new OneVersion();
        var record = await ImportAsync(CodePagesEncodingProvider.Instance.GetEncoding(1252)!.GetBytes(csv.ToString()), store);

        Assert.Equal((ImportState.Active, 50_000, 50_000, "schools"), (record.State, record.Rows!.Loaded, store.Schools.Count, record.Unit!.Instrument));
        Assert.Equal(new School("100001", "St Thomas à Becket 1", "Primary", "South East", true, "886", "Community school", new DateOnly(1960, 9, 1), null),
            store.Schools[1]);
        Assert.Equal(new School("100000", "St Thomas à Becket 0", "Secondary", "London", false, "202", "Community school", new DateOnly(1960, 9, 1),
            new DateOnly(2024, 8, 31)), store.Schools[0]);
        Assert.DoesNotContain(store.Schools, school => school.ToString().Contains("Canary", StringComparison.Ordinal));
        Assert.DoesNotContain("Canary", store.Report, StringComparison.Ordinal);
        Assert.Contains("windows-1252", store.Report, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_renamed_or_missing_column_does_not_matter_but_the_few_that_do()
    {
        var store = new OneVersion();
        await ImportAsync(Encoding.UTF8.GetBytes("EstablishmentName,URN,EstablishmentStatus (code),TypeOfEstablishment (name),GOR (code)\nA,100001,3,Community special school,H\nB,100002,2,Pupil referral unit,\n"), store);
        Assert.Equal(["100001 Special London True", "100002 Alternative provision unknown False"],
            store.Schools.Select(school => $"{school.Urn} {school.Phase} {school.Region} {school.Open}"));

        var record = await ImportAsync("URN,EstablishmentName\n100001,A\n"u8.ToArray(), store);
        Assert.Equal((ImportState.Refused, "column-missing"), (record.State, record.Reason));
        record = await ImportAsync("URN,EstablishmentName,EstablishmentStatus (name)\n100001,A,Open\n100001,B,Open\n1000,C,Open\n"u8.ToArray(), store);
        Assert.Equal((ImportState.Refused, 2, 3, 1, 2), (record.State, record.Problems, record.Rows!.Read, record.Rows.Loaded, record.Rows.Refused));
        Assert.Equal(2, store.Schools.Count);   // the last good one still counts
    }

    [Fact]
    public async Task Links_are_read_from_either_end_once()
    {
        var store = new OneVersion();
        var record = await ImportAsync(
            "URN,LinkURN,LinkName,LinkType,LinkEstablishedDate\n100001,100002,B,Successor,01-09-2024\n100002,100001,A,Predecessor,01-09-2024\n100003,100004,D,Predecessor - merged,\n100005,100006,F,Sixth Form Centre School,\n"u8.ToArray(), store);

        Assert.Equal([new SchoolLink("100002", "100001", new DateOnly(2024, 9, 1)), new SchoolLink("100003", "100004", null)], store.Links);
        Assert.Equal((4, 2, 2, 0), (record.Rows!.Read, record.Rows.Loaded, record.Rows.Excluded["no-new-link"], record.Rows.Refused));
    }

    [Fact]
    public async Task Engagements_and_reach_are_lists_by_file_name()
    {
        var store = new OneVersion();
        var record = await ImportAsync("urn,engaged_on,strand\n100001,05/01/2026,SEND Review\n100001,2026-01-05,SEND Review\n"u8.ToArray(), store);
        Assert.Equal((new ImportUnit("register", "engagements", "file.csv"), 2, 1), (record.Unit, store.Engagements.Count, record.Facts!.Schools));
        record = await ImportAsync("network,as_of,schools\nNorth TSA,2026-09-30,412\n"u8.ToArray(), store);
        Assert.Equal(("reach", new NetworkReach("North TSA", new DateOnly(2026, 9, 30), 412, 2)), (record.Unit!.Instrument, Assert.Single(store.Reach)));
        record = await ImportAsync("network,as_of,schools\n,soon,many\n"u8.ToArray(), store);
        Assert.Equal((ImportState.Refused, 3), (record.State, record.Problems));
    }

    [Fact]
    public async Task Empty_rows_are_counted_and_a_column_that_is_there_twice_is_named()
    {
        var store = new OneVersion();
        var record = await ImportAsync("urn,engaged_on,strand\n100001,2026-01-05,SEND Review\n,,\n , ,\n"u8.ToArray(), store);
        Assert.Equal((ImportState.Active, 3, 1, 2, 0), (record.State, record.Rows!.Read, record.Rows.Loaded, record.Rows.Excluded["row-empty"],
            record.Rows.Refused));
        Assert.DoesNotContain("zeroWeights", store.Report, StringComparison.Ordinal);
        Assert.DoesNotContain("\"wave\"", store.Report, StringComparison.Ordinal);

        record = await ImportAsync("urn,engaged_on,strand,URN\n100001,2026-01-05,SEND Review,100001\n1,x,,\n"u8.ToArray(), store);
        Assert.Equal((ImportState.Refused, "header-duplicate", 1), (record.State, record.Reason, record.Problems));
        Assert.Contains("\"column\": \"URN\"", store.Report, StringComparison.Ordinal);
        record = await ImportAsync("urn,engaged_on,strand,strand,\n100001,2026-01-05,SEND Review,,\n"u8.ToArray(), store);
        Assert.Equal((ImportState.Refused, "header-duplicate", 1), (record.State, record.Reason, record.Problems));
        Assert.Single(store.Engagements);
    }

    [Fact]
    public async Task The_real_layout_of_2024_is_read()
    {
        var folder = Directory.GetDirectories(Path.Combine(Corpus.Folder("polls"), "real"), "DFE-Digital*").Single();
        var store = new OneVersion();
        var record = await ImportAsync(await File.ReadAllBytesAsync(Path.Combine(folder, "gias.csv"), Cancellation), store);

        Assert.Equal((ImportState.Active, 60), (record.State, store.Schools.Count));
        Assert.DoesNotContain(store.Schools, school => school.Phase == "Not applicable" || school.Opened is null);
        Assert.True(store.Schools.Count(school => school.Region != "unknown") >= 55,
            string.Join(' ', store.Schools.Select(school => school.Region).Distinct()));
    }

    [Theory]
    [InlineData("North East", "J", "886", "North East")]
    [InlineData("Not Applicable", "J", "202", "South East")]
    [InlineData(null, null, "202", "London")]
    [InlineData(null, "Z", "943", "North West")]
    [InlineData("", "", "839", "South West")]
    [InlineData("Wales (pseudo)", null, "681", "Wales (pseudo)")]
    [InlineData(null, null, "7", "unknown")]
    public void A_region_is_named_lettered_or_follows_from_the_authority(string? name, string? letter, string? authority, string region) =>
        Assert.Equal(region, Regions.Of(name, letter, authority));

    [Theory]
    [InlineData("Primary", null, "3", "11", "Primary")]
    [InlineData("Not applicable", "Other independent special school", "3", "19", "Special")]
    [InlineData("Not applicable", "Other independent school", "3", "11", "Primary")]
    [InlineData(null, "Other independent school", "11", "18", "Secondary")]
    [InlineData(null, "Other independent school", "3", "18", "All-through")]
    [InlineData(null, "Academy alternative provision converter", "11", "16", "Alternative provision")]
    [InlineData("", null, null, null, "unknown")]
    public void A_phase_is_named_or_follows_from_the_school(string? phase, string? type, string? from, string? to, string expected) =>
        Assert.Equal(expected, Regions.PhaseOf(phase, type, null, from, to));

    private static async Task<ImportRecord> ImportAsync(byte[] bytes, OneVersion store)
    {
        store.Bytes = bytes;
        return (await new ImportRegister(store, new FileImport(store, store, TimeProvider.System), store, store, store, store).RunAsync("file.csv",
            again: true, Cancellation))!;
    }

    /// <summary>A drop with one file, and stores that remember the last thing written: this is about reading.</summary>
    private sealed class OneVersion : IDrops, IImports, IVersionedRows<School>, IVersionedRows<Engagement>, IVersionedRows<SchoolLink>,
        IVersionedRows<NetworkReach>
    {
        public byte[] Bytes { get; set; } = [];

        public string Report { get; private set; } = "";

        public List<School> Schools { get; private set; } = [];

        public List<Engagement> Engagements { get; private set; } = [];

        public List<SchoolLink> Links { get; private set; } = [];

        public List<NetworkReach> Reach { get; private set; } = [];

        public Task<DroppedFile?> FindRegisterAsync(string name, CancellationToken cancellation) =>
            Task.FromResult<DroppedFile?>(DroppedFile.From("register", name, Bytes, DateTimeOffset.UnixEpoch));

        public async Task ReportAsync(DroppedFile file, ImportReport report, CancellationToken cancellation)
        {
            using var json = new MemoryStream();
            await report.WriteJsonAsync(json, cancellation);
            Report = Encoding.UTF8.GetString(json.ToArray());
        }

        public Task<StoredImport> ReceiveAsync(ImportRecord first, CancellationToken cancellation) => Task.FromResult(new StoredImport(first, "", ""));

        public Task<StoredImport?> AdvanceAsync(StoredImport from, ImportRecord to, CancellationToken cancellation) =>
            Task.FromResult<StoredImport?>(new StoredImport(to, "", ""));

        public Task<IReadOnlyList<ActiveImport>> UnitsAsync(CancellationToken cancellation) => Task.FromResult<IReadOnlyList<ActiveImport>>([]);

        public Task<ImportSwitch> SwitchAsync(ImportUnit unit, Func<ActiveImport?, ActiveImport?> decide, CancellationToken cancellation) =>
            Task.FromResult(new ImportSwitch(null, decide(null), []));

        Task IVersionedRows<School>.WriteAsync(string version, IEnumerable<School> rows, CancellationToken cancellation) => Keep(() => Schools = [.. rows]);

        Task IVersionedRows<Engagement>.WriteAsync(string version, IEnumerable<Engagement> rows, CancellationToken cancellation) =>
            Keep(() => Engagements = [.. rows]);

        Task IVersionedRows<SchoolLink>.WriteAsync(string version, IEnumerable<SchoolLink> rows, CancellationToken cancellation) =>
            Keep(() => Links = [.. rows]);

        Task IVersionedRows<NetworkReach>.WriteAsync(string version, IEnumerable<NetworkReach> rows, CancellationToken cancellation) =>
            Keep(() => Reach = [.. rows]);

        public Task DeleteAsync(string version, CancellationToken cancellation) => Task.CompletedTask;

        // Not asked of it.
        public Task<IReadOnlyList<ActiveImport>> ActiveAsync(CancellationToken cancellation) => throw new NotSupportedException();

        public bool IsPosition(string text) => throw new NotSupportedException();

        public Task AmendReportAsync(string supplier, string name, Func<ReadOnlyMemory<byte>, byte[]?> amend, CancellationToken cancellation) =>
            throw new NotSupportedException();

        public Task<DroppedFile?> FindPollAsync(string supplier, string name, CancellationToken cancellation) => throw new NotSupportedException();

        public IAsyncEnumerable<DroppedFile> AllAsync(CancellationToken cancellation) => throw new NotSupportedException();

        public IAsyncEnumerable<DroppedFile> StrayAsync(CancellationToken cancellation) => throw new NotSupportedException();

        public Task<DroppedFile?> FindRawAsync(string supplier, string name, string contentHash, CancellationToken cancellation) => throw new NotSupportedException();

        public Task KeepRawAsync(DroppedFile file, string contentHash, CancellationToken cancellation) => throw new NotSupportedException();

        public IAsyncEnumerable<DroppedFile> RawAsync(CancellationToken cancellation) => throw new NotSupportedException();

        public Task RemoveAsync(DroppedFile file, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<int> ExpireReportsAsync(DateTimeOffset before, CancellationToken cancellation) => throw new NotSupportedException();

        public Task ForgetAsync(ImportUnit unit, IReadOnlyCollection<string> versions, CancellationToken cancellation) => throw new NotSupportedException();

        public Task<IReadOnlyList<(ImportUnit Unit, IReadOnlyList<string> Versions)>> ReplacedAsync(CancellationToken cancellation) =>
            throw new NotSupportedException();

        public IAsyncEnumerable<StoredImport> HistoryAsync(string? after, CancellationToken cancellation) => throw new NotSupportedException();

        Task<IReadOnlyList<School>> IVersionedRows<School>.ReadAsync(string version, CancellationToken cancellation) => throw new NotSupportedException();

        Task<IReadOnlyList<Engagement>> IVersionedRows<Engagement>.ReadAsync(string version, CancellationToken cancellation) =>
            throw new NotSupportedException();

        Task<IReadOnlyList<SchoolLink>> IVersionedRows<SchoolLink>.ReadAsync(string version, CancellationToken cancellation) =>
            throw new NotSupportedException();

        Task<IReadOnlyList<NetworkReach>> IVersionedRows<NetworkReach>.ReadAsync(string version, CancellationToken cancellation) =>
            throw new NotSupportedException();

        private static Task Keep(Action keep)
        {
            keep();
            return Task.CompletedTask;
        }
    }
}
