using System.Diagnostics;
using System.Globalization;
using System.Text;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using WholeSchoolSend.Benchmarks.Webhooks;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Polls;
using WholeSchoolSend.Core.Schools;
using WholeSchoolSend.LocalHost;
using WholeSchoolSend.Testing;

namespace WholeSchoolSend.Benchmarks.Polls;

/// <summary>A file of a pollster and the register of schools, from the drop until they count, and the requests that takes.</summary>
internal sealed class FromDropToActive : Benchmark
{
    private const int Rows = 15_000;
    private const int PollSchools = 3_000;
    private const int Items = 8;
    private const int RegisterSchools = 50_000;
    private const int Rounds = 7;
    private const string Supplier = "northern";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public override string Name => "import";

    public override string Title => "From drop to active";

    public override string Words =>
        "A poll of 15,000 × 12 CSV over 3,000 schools, each round one of a wave of its own, and the schools register (50,000 rows of 32 columns as Get "
        + "Information About Schools gives them, windows-1252), each round a new one that replaces the last. "
        + "*Drop to report*: the app as `dotnet run` starts it (it looks for drops once a second) on Azurite in memory, from the upload until the report is "
        + "beside it, which is after the switch. *The import alone*: the same use case called on "
        + "another Azurite, without a host. The baseline is what storage costs bare: upload the same file, download it, write exactly the rows that were "
        + "stored in transactions of up to a hundred, one after the other, with the SDK's own client. "
        + "Requests are counted at a proxy between the use case and Azurite; a test (`BudgetTests`) holds them to the budget at the fewest cells a school "
        + "can have. "
        + "Budget: 5 s from drop to active; cells ÷ 100 + 20 requests (of the register, a school is a cell).";

    public override async Task<Findings> RunAsync()
    {
        await using var whole = await Azurite.StartAsync();
        await using var bare = await Azurite.StartAsync();
        await PrepareAsync(bare.ConnectionString);
        await using var running = await App.StartAsync(whole.ConnectionString);
        await DescribeAsync(running);
        await using var alone = App.Build(bare.ConnectionString);
        var poll = await MeasureAsync(
            new Drop("poll-drop", $"{Supplier}/", round => $"poll-{Wave(round)}.csv", Poll), whole.ConnectionString, bare.ConnectionString, "PollTotals",
            name => alone.Get<ImportPoll>().RunAsync(Supplier, name, again: false, default), Rows);
        var register = await MeasureAsync(
            new Drop("register", "register/", _ => "edubasealldata.csv", Register), whole.ConnectionString, bare.ConnectionString, "Schools",
            name => alone.Get<ImportRegister>().RunAsync(name, again: false, default), RegisterSchools);

        var cells = await CountAsync<SchoolTotals>(alone, "leaders-poll", totals => totals.Cells.Count) / (Rounds + 1);
        var answers = await CountAsync<SchoolTotals>(alone, "leaders-poll", totals => totals.Cells.Sum(cell => cell.N));
        if (answers != (Rounds + 1) * Rows * Items) throw new InvalidOperationException($"{answers} answers count.");
        var schools = await CountAsync<School>(alone, ImportRegister.Schools, _ => 1);
        if (schools != RegisterSchools) throw new InvalidOperationException($"{schools} schools count.");
        await using var proxy = await FaultProxy.StartAsync(bare.ConnectionString);
        await using var counted = App.Build(proxy.ConnectionString);
        var pollRequests = await RequestsAsync(bare.ConnectionString, proxy, "poll-drop", $"{Supplier}/poll-{Wave(Rounds)}.csv", Poll(Rounds), () =>
            counted.Get<ImportPoll>().RunAsync(Supplier, $"poll-{Wave(Rounds)}.csv", again: false, default));
        var registerRequests = await RequestsAsync(bare.ConnectionString, proxy, "register", "edubasealldata.csv", Register(Rounds), () =>
            counted.Get<ImportRegister>().RunAsync("edubasealldata.csv", again: false, default));
        return new Findings(
            ["file", "drop to report, s", "the import alone, s", "bare storage, s", "the import ÷ bare storage", "cells", "storage requests",
                "budget of requests"],
            [Row($"poll, {Text(Rows)} × {4 + Items}", poll, cells, pollRequests),
                Row($"register, {Text(RegisterSchools)} schools", register, schools, registerRequests)],
            [
                string.Create(CultureInfo.InvariantCulture,
                    $"Every report says `active` and all rows loaded; stored are {Rows * Items:#,0} answers of a poll and "
                    + $"{RegisterSchools:#,0} schools, counted again in what was written."),
                "*Drop to report* has in it up to a second until the drop is seen, and the queue between.",
            ]);
    }

    /// <summary>A kind of file that is dropped again and again, never the same.</summary>
    private sealed record Drop(string Container, string Reports, Func<int, string> Name, Func<int, byte[]> Content)
    {
        public string Path(int round) => Container == "register" ? Name(round) : Reports + Name(round);
    }

    private sealed record Seconds(Samples Whole, Samples Alone, Samples Bare);

    private static string[] Row(string name, Seconds seconds, int cells, int requests) =>
        [name, $"{seconds.Whole}", $"{seconds.Alone}", $"{seconds.Bare}", $"{seconds.Alone.Over(seconds.Bare)}", Text(cells), Text(requests),
            Text((cells / 100) + 20)];

    private static string Text(int number) => number.ToString("#,0", CultureInfo.InvariantCulture);

    private static async Task<Seconds> MeasureAsync(Drop drop, string whole, string bare, string table, Func<string, Task<ImportRecord?>> import, int rows)
    {
        var seconds = new Seconds(new Samples(), new Samples(), new Samples());
        var known = new HashSet<string>(StringComparer.Ordinal);
        for (var round = -1; round < Rounds; round++)   // the first compiles
        {
            var content = drop.Content(round);
            var dropped = await DropAsync(whole, drop, round, content, rows);

            await UploadAsync(bare, drop.Container, drop.Path(round), content);
            var clock = Stopwatch.GetTimestamp();
            var record = await import(drop.Name(round));
            var alone = Stopwatch.GetElapsedTime(clock).TotalSeconds;
            if (record is not { Outcome: ImportOutcome.Active, Rows: { } counts } || counts.Loaded != rows)
                throw new InvalidOperationException($"It was not imported wholly: {record?.Outcome}, {record?.Rows}.");

            var stored = await NewRowsAsync(bare, table, known);
            clock = Stopwatch.GetTimestamp();
            await WriteAsync(bare, content, stored);
            var written = Stopwatch.GetElapsedTime(clock).TotalSeconds;
            if (round < 0) continue;
            seconds.Whole.Add(dropped);
            seconds.Alone.Add(alone);
            seconds.Bare.Add(written);
        }
        return seconds;
    }

    private static async Task<double> DropAsync(string connection, Drop drop, int round, byte[] content, int rows)
    {
        var report = Blobs(connection).GetBlobContainerClient("poll-reports").GetBlobClient($"{drop.Reports}{drop.Name(round)}.report.json");
        var before = await report.ExistsAsync() ? (await report.GetPropertiesAsync()).Value.ETag : default;
        var clock = Stopwatch.GetTimestamp();
        await UploadAsync(connection, drop.Container, drop.Path(round), content);
        while (!await report.ExistsAsync() || (await report.GetPropertiesAsync()).Value.ETag == before)
        {
            if (Stopwatch.GetElapsedTime(clock) > Patience) throw new TimeoutException($"No report on {drop.Path(round)}.");
            await Task.Delay(20);
        }
        var seconds = Stopwatch.GetElapsedTime(clock).TotalSeconds;
        var said = System.Text.Json.JsonElement.Parse((await report.DownloadContentAsync()).Value.Content);
        if (said.GetProperty("outcome").GetString() != "active" || said.GetProperty("rows").GetProperty("loaded").GetInt32() != rows)
            throw new InvalidOperationException($"It was not imported wholly: {said.GetProperty("outcome")}, {said.GetProperty("rows")}.");
        return seconds;
    }

    private static async Task<int> RequestsAsync(string connection, FaultProxy proxy, string container, string path, byte[] content,
        Func<Task<ImportRecord?>> import)
    {
        await UploadAsync(connection, container, path, content);
        var before = proxy.Requests;
        var record = await import();
        return record?.Outcome == ImportOutcome.Active ? proxy.Requests - before
            : throw new InvalidOperationException($"It was not imported: {record?.Outcome}.");
    }

    private static async Task<int> CountAsync<T>(App app, string instrument, Func<T, int> count)
    {
        var found = 0;
        foreach (var active in (await app.Get<IImports>().ActiveAsync(default)).Where(active => active.Unit.Instrument == instrument))
            found += (await app.Get<IVersionedRows<T>>().ReadAsync(active.Version, default)).Sum(count);
        return found;
    }

    /// <summary>Which drop is later is told by whole seconds.</summary>
    private static async Task UploadAsync(string connection, string container, string path, byte[] content)
    {
        var blob = Blobs(connection).GetBlobContainerClient(container).GetBlobClient(path);
        if (await blob.ExistsAsync()) await Task.Delay(TimeSpan.FromSeconds(1.1));
        await blob.UploadAsync(BinaryData.FromBytes(content), overwrite: true);
    }

    private static async Task<List<TableEntity>> NewRowsAsync(string connection, string table, HashSet<string> known)
    {
        var rows = new List<TableEntity>();
        await foreach (var row in new TableClient(connection, table).QueryAsync<TableEntity>())
            if (!known.Contains(row.PartitionKey)) rows.Add(row);
        known.UnionWith(rows.Select(row => row.PartitionKey));
        return rows.Count > 0 ? rows : throw new InvalidOperationException($"Nothing new is in {table}.");
    }

    private static async Task WriteAsync(string connection, byte[] content, List<TableEntity> rows)
    {
        const int most = 3 << 20;
        var blob = Blobs(connection).GetBlobContainerClient("bare").GetBlobClient("bare");
        await blob.UploadAsync(BinaryData.FromBytes(content), overwrite: true);
        await blob.DownloadContentAsync();
        var table = new TableClient(connection, "Bare");
        var batch = new List<TableTransactionAction>();
        var bytes = 0;
        foreach (var row in rows)
        {
            var copy = new TableEntity(row.PartitionKey, row.RowKey);
            foreach (var (name, value) in row)
                if (name is not ("PartitionKey" or "RowKey" or "Timestamp" or "odata.etag")) copy[name] = value;
            var size = copy.Sum(property => property.Value switch { byte[] binary => binary.Length, string text => 2 * text.Length, _ => 8 });
            if (batch.Count == 100 || (batch.Count > 0 && bytes + size > most)) await SubmitAsync();
            batch.Add(new TableTransactionAction(TableTransactionActionType.Add, copy));
            bytes += size;
        }
        await SubmitAsync();

        async Task SubmitAsync()
        {
            await table.SubmitTransactionAsync(batch);
            batch.Clear();
            bytes = 0;
        }
    }

    /// <summary>Tables, containers, wave and instrument where no host runs.</summary>
    private static async Task PrepareAsync(string connection)
    {
        await using var app = await App.StartAsync(connection);
        await DescribeAsync(app);
        await Blobs(connection).GetBlobContainerClient("bare").CreateIfNotExistsAsync();
        await new TableClient(connection, "Bare").CreateIfNotExistsAsync();
    }

    private static async Task DescribeAsync(App app)
    {
        using var http = new HttpClient { BaseAddress = app.Address };
        for (var round = -1; round <= Rounds; round++)
        {
            const string wave = """{"title":"A wave","from":"2026-11-02","to":"2026-11-20","frame":20000,"invited":40000}""";
            (await http.PutAsync($"/api/waves/{Wave(round)}", new StringContent(wave))).EnsureSuccessStatusCode();
        }
        var items = Enumerable.Range(1, Items).Select(item =>
            $$$"""{"indicator":"key-area-{{{item}}}","field":"Q{{{item}}}","codes":{"1":"1","2":"2","3":"3","4":"4"}}""");
        (await http.PutAsync("/api/instruments/leaders-poll", new StringContent(
            $$$"""
            {"title":"Leaders","collection":"leaders","poll":{"supplier":"{{{Supplier}}}","files":"poll-*.csv"},"wave":{"file":"poll-{}.csv"},
             "school":{"field":"urn"},"respondent":{"field":"RecordNo"},
             "role":{"field":"role","codes":{"leader":"leader","senco":"senco","leader+senco":"leader+senco"}},"weight":{"field":"weight"},
             "items":[{{{string.Join(',', items)}}}]}
            """))).EnsureSuccessStatusCode();
    }

    private static string Wave(int round) => string.Create(CultureInfo.InvariantCulture, $"wave-{round + 2}");

    private static BlobServiceClient Blobs(string connection) => new(connection, new BlobClientOptions(BlobClientOptions.ServiceVersion.V2025_11_05));

    private static byte[] Poll(int round)
    {
        var random = new Random(4711 + round);
        string[] roles = ["leader", "senco", "leader+senco"];
        var csv = new StringBuilder("RecordNo,urn,role,weight," + string.Join(',', Enumerable.Range(1, Items).Select(item => $"Q{item}")) + "\n");
        for (var row = 0; row < Rows; row++)
        {
            csv.Append(CultureInfo.InvariantCulture,
                $"{row},{100_000 + (row % PollSchools)},{roles[random.Next(3)]},{0.3 + (random.Next(270_000) / 100_000.0):0.00000}");
            for (var item = 0; item < Items; item++) csv.Append(CultureInfo.InvariantCulture, $",{1 + random.Next(4)}");
            csv.Append('\n');
        }
        return Encoding.UTF8.GetBytes(csv.ToString());
    }

    private static byte[] Register(int round) => Register(round, RegisterSchools);

    /// <summary>The register of so many schools as Get Information About Schools gives it.</summary>
    internal static byte[] Register(int round, int schools)
    {
        var random = new Random(4711);
        var csv = new StringBuilder(
            "URN,LA (code),LA (name),EstablishmentNumber,EstablishmentName,TypeOfEstablishment (code),TypeOfEstablishment (name),EstablishmentTypeGroup "
            + "(code),EstablishmentTypeGroup (name),EstablishmentStatus (code),"
            + "EstablishmentStatus (name),OpenDate,CloseDate,PhaseOfEducation (code),PhaseOfEducation "
            + "(name),StatutoryLowAge,StatutoryHighAge,NumberOfPupils,PercentageFSM,TrustSchoolFlag (name),Trusts (code),Trusts (name),UKPRN,Town,"
            + "Postcode,HeadTitle (name),HeadFirstName,HeadLastName,GOR (code),GOR (name),UrbanRural (name),Section41Approved (name)\r\n");
        for (var row = 0; row < schools; row++)
        {
            var closed = row % 5 == 0;
            csv.Append(
                CultureInfo.InvariantCulture,
                $"{100_000 + row},{(row % 2 == 0 ? "202,Camden" : "886,Kent")},{2_000 + random.Next(5_000)},St Thomas à Becket {row} of {round},34,Academy "
                + $"converter,10,Academies,{(closed ? "2,Closed" : "3,\"Open, but proposed to close\"")},"
                + $"01-09-1960,{(closed ? "31-08-2024" : "")},{(row % 3 == 0 ? "4,Secondary,11,18" : "2,Primary,4,11")},{random.Next(60, 1_500)},{random.Next(45)},"
                + $"Supported by a multi-academy trust,{17_000 + random.Next(900)},Learning Trust,{19_000_000 + row},"
                + $"Town,ZZ1 1ZZ,Mrs,A,Head,{(row % 2 == 0 ? "H,London" : "J,South East")},Urban city and town,Not applicable\r\n");
        }
        return CodePagesEncodingProvider.Instance.GetEncoding(1252)!.GetBytes(csv.ToString());
    }
}
