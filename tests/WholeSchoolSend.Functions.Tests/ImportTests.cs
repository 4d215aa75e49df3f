using System.Net;
using System.Text;
using System.Text.Json;
using Azure.Data.Tables;

namespace WholeSchoolSend.Functions.Tests;

/// <summary>What pollsters, evidence leads and operators do with poll files, through the public surface.</summary>
public sealed class ImportTests : IAsyncLifetime
{
    private const string Poll = """
        {"title":"Leaders and SENCOs poll","collection":"leaders",
         "poll":{"supplier":"northern","files":"leaders-*.csv","decimalComma":false,"drop":["email"],"fieldwork":{"fields":["answered"]},
                 "exclude":[{"field":"finished","answers":{"No":"unfinished"}}],"refuse":{"rows":1}},
         "wave":{"file":"leaders-{}-*.csv"},"school":{"field":"urn"},"respondent":{"field":"RecordNo"},"weight":{"field":"weight"},
         "role":{"ticked":{"head":"leader","senco":"senco"}},
         "items":[{"indicator":"every-teacher-responsible","field":"Q1","codes":{"Fully":"fully","Partly":"partly"},"outOfBase":{"Prefer not to say":"declined"}}]}
        """;

    private const string Header = "RecordNo,email,finished,answered,urn,head,senco,Q1,weight\n";

    private const string Good = Header
        + "1,a.canary@school.example,Yes,02/11/2026,100001,Yes,Yes,Fully,1.5\n"
        + "2,b.canary@school.example,Yes,2026-11-04,100001,Yes,No,Prefer not to say,0.5\n"
        + "3,c.canary@school.example,No,,,,,,\n"
        + "4,d.canary@school.example,Yes,2026-11-03,100002,No,Yes,Partly,0\n";

    private readonly Pipeline _pipeline = new();

    public async ValueTask InitializeAsync()
    {
        await _pipeline.InitializeAsync();
        await _pipeline.PutAsync("/api/waves/2026-autumn", Said.Wave);
        await _pipeline.PutAsync("/api/instruments/leaders-poll", Poll);
    }

    public ValueTask DisposeAsync() => _pipeline.DisposeAsync();

    [Fact]
    public async Task A_file_is_checked_before_it_is_dropped_and_told_the_same_afterwards()
    {
        var bad = Good + "5,e.canary@school.example,Yes,tomorrow,10002,No,Yes,Hardly,-1\n6,f.canary@school.example,Yes,2026-11-03,100002,No,No,Fully,\n";
        var said = await CheckAsync("?supplier=northern&name=leaders-2026-autumn-1.csv", bad);
        Assert.Equal("refused", said.GetProperty("outcome").GetString());
        Assert.Equal(
            [
                "6 urn school-invalid 5 digits", "6 weight weight-invalid a negative number", "6 answered cell-invalid text that is no date",
                    "6 Q1 answer-unknown text that is no answer",
                "7 head answer-unknown no tick", "7 weight weight-invalid empty",
            ],
            said.GetProperty("problems").EnumerateArray().Select(problem => $"{problem.GetProperty("line")} {problem.GetProperty("column").GetString()} {problem.GetProperty("code").GetString()} {problem.GetProperty("found").GetString()}"));
        Assert.DoesNotContain("canary", said.GetRawText(), StringComparison.Ordinal);

        var checkedGood = await CheckAsync("?instrument=leaders-poll&name=leaders-2026-autumn-1.csv", Good);
        Assert.Equal("good", checkedGood.GetProperty("outcome").GetString());
        Assert.Empty((await ListAsync("")).GetProperty("imports").EnumerateArray());

        var report = await _pipeline.DropAsync("poll-drop", "northern/leaders-2026-autumn-1.csv", Good);
        Assert.Equal("active", report.GetProperty("outcome").GetString());
        foreach (var part in new[] { "rows", "items", "weights", "fieldwork", "contentHash", "wave", "instrument", "instrumentVersion", "format", "encoding" })
            Assert.Equal(checkedGood.GetProperty(part).GetRawText(), report.GetProperty(part).GetRawText());
        Assert.Equal("2026-autumn", report.GetProperty("wave").GetString());
        Assert.Equal("""{"read":4,"loaded":2,"excluded":{"unfinished":1,"weight-zero":1},"refused":0}""", Compact(report.GetProperty("rows")));
        Assert.Equal("""[{"indicator":"every-teacher-responsible","field":"Q1","coded":1,"excluded":{"declined":1}}]""", Compact(report.GetProperty("items")));
        Assert.Equal("""{"from":"2026-11-02","to":"2026-11-04"}""", Compact(report.GetProperty("fieldwork")));
        Assert.Equal((2, 1, 2, 1.6), (report.GetProperty("weights").GetProperty("sum").GetDouble(),
            report.GetProperty("weights").GetProperty("zero").GetInt32(), report.GetProperty("facts").GetProperty("effectiveSize").GetDouble() > 1.5 ? 2 : 0,
            report.GetProperty("weights").GetProperty("effectiveSize").GetDouble()));
        Assert.DoesNotContain("canary", report.GetRawText(), StringComparison.Ordinal);
        // Bytes that hold a column to be dropped are not kept.
        Assert.Empty(_pipeline.Blobs.GetBlobContainerClient("raw").GetBlobs());

        var byName = await CheckAsync("?supplier=northern&name=leaders-2026-autumn-1.csv", "");
        Assert.Contains(byName.GetProperty("notes").EnumerateArray(), note => note.GetString() == "this content counts already");
        Assert.Equal(HttpStatusCode.NotFound, (await PostAsync("/api/imports/check?supplier=northern&name=nothing.csv", "")).StatusCode);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await PostAsync("/api/imports/check", Good)).StatusCode);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge,
            (await _pipeline.Http.PostAsync("/api/imports/check?instrument=leaders-poll", new ByteArrayContent(new byte[(25 * 1024 * 1024) + 1]))).StatusCode);

        // One bad row is as many as the instrument lets pass: it is left out, counted and listed.
        report = await _pipeline.DropAsync("poll-drop", "northern/leaders-2026-autumn-2.csv", Good + "5,,Yes,2026-11-03,100002,No,Yes,Hardly,1\n");
        Assert.Equal(("active", 1, 1), (report.GetProperty("outcome").GetString(), report.GetProperty("rows").GetProperty("refused").GetInt32(),
            report.GetProperty("problemCount").GetInt32()));
    }

    [Fact]
    public async Task The_evidence_of_a_KPI_names_the_file_what_mapped_it_and_what_was_left_out()
    {
        await _pipeline.DropAsync("poll-drop", "northern/leaders-2026-autumn-1.csv", Good + "5,,Yes,2026-11-03,100002,No,Yes,Hardly,1\n");
        // A newer instrument maps no file that was imported before it.
        await _pipeline.PutAsync("/api/instruments/leaders-poll", Poll.Replace("Leaders and SENCOs poll", "The poll, renamed", StringComparison.Ordinal));
        var evidence = JsonElement.Parse(await _pipeline.Http.GetStringAsync("/api/kpis/K1/evidence", TestContext.Current.CancellationToken));
        foreach (var reading in evidence.GetProperty("readings").EnumerateArray().Where(one => one.GetProperty("reading").GetString() != "K1.both"))
        {
            var source = Assert.Single(reading.GetProperty("sources").EnumerateArray());
            Assert.Equal(("northern/leaders-poll", "leaders-2026-autumn-1.csv"), (source.GetProperty("name").GetString(), source.GetProperty("file").GetString()));
            Assert.Equal("""[{"instrument":"leaders-poll","version":1,"maps":"file leaders-2026-autumn-1.csv of northern"}]""", Compact(source.GetProperty("instruments")));
            Assert.Equal("""{"unfinished":1,"weight-zero":1,"refused":1}""", Compact(source.GetProperty("rowsLeftOut")));
            Assert.Equal("""{"declined":1}""", Compact(source.GetProperty("answersLeftOut")));
        }
    }

    [Fact]
    public async Task Schools_the_register_does_not_hold_are_told()
    {
        // A register that holds one of the two; the note is there before a drop and after it.
        await _pipeline.DropAsync("register", "edubase.csv", "URN,EstablishmentName,EstablishmentStatus (name)\n100002,A,Open\n");
        await _pipeline.DropAsync("poll-drop", "northern/leaders-2026-autumn-1.csv", Good);
        var report = JsonElement.Parse(_pipeline.Blobs.GetBlobContainerClient("poll-reports").GetBlobClient("northern/leaders-2026-autumn-1.csv.report.json").DownloadContent().Value.Content);
        foreach (var told in new[] { report, await CheckAsync("?supplier=northern&name=leaders-2026-autumn-1.csv", "") })
            Assert.Contains(told.GetProperty("notes").EnumerateArray(), note => note.GetString()!.StartsWith(
                "2 rows are from 1 schools that the schools register does not hold, such as 100001", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_contact_that_is_only_planned_or_of_an_unknown_school_is_told_and_no_work_is_done_before_its_day()
    {
        await _pipeline.DropAsync("register", "edubase.csv", "URN,EstablishmentName,EstablishmentStatus (name)\n100002,A,Open\n100003,B,Open\n");
        var report = await _pipeline.DropAsync("register", "engagements.csv", "urn,engaged_on,strand\n100001,2026-01-05,SEND Review\n100002,2026-01-05,SEND Review\n100003,2999-01-05,SEND Review\n");
        Assert.Equal("active", report.GetProperty("outcome").GetString());
        var notes = report.GetProperty("notes").EnumerateArray().Select(note => note.GetString()!).ToList();
        Assert.Contains(notes, note => note.StartsWith("1 rows are dated after ", StringComparison.Ordinal));
        Assert.Contains(notes, note => note.StartsWith("1 schools are not in the schools register, such as 100001", StringComparison.Ordinal));
        var evidence = JsonElement.Parse(await _pipeline.Http.GetStringAsync("/api/kpis/R1/evidence", TestContext.Current.CancellationToken));
        Assert.Equal(2, evidence.GetProperty("readings")[0].GetProperty("result").GetProperty("figures")[0].GetProperty("value").GetInt32());

        // Nothing was delivered on a day to come either.
        using var delivered = new StringContent("""{"status":"delivered","on":"2999-01-05","evidence":"https://example.org/guide"}""", Encoding.UTF8, "application/json");
        var answer = await _pipeline.Http.PutAsync("/api/milestones/O1.1", delivered, TestContext.Current.CancellationToken);
        var said = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
        Assert.Contains("dates-invalid", said, StringComparison.Ordinal);
        Assert.Contains("/on", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_history_tells_what_became_of_every_drop_page_by_page()
    {
        await _pipeline.DropAsync("poll-drop", "northern/leaders-2026-autumn-1.csv", Good);
        await _pipeline.DropAsync("poll-drop", "northern/leaders-2026-autumn-2.csv", Good.Replace("Fully", "Partly", StringComparison.Ordinal));
        await _pipeline.DropAsync("poll-drop", "southern/leaders-2026-autumn-1.csv", Good);
        await _pipeline.DropAsync("register", "engagements.csv", "urn,engaged_on,strand\n100001,2026-01-05,SEND Review\n");

        Assert.Equal(["register active", "southern refused file-unclaimed", "northern active", "northern superseded"], Lines(await ListAsync("")));
        Assert.Equal(["northern active", "northern superseded"], Lines(await ListAsync("?supplier=northern")));
        Assert.Equal(["northern superseded"], Lines(await ListAsync("?state=superseded")));
        var pages = new List<string>();
        for (string? next = ""; next is not null;)
        {
            var page = await ListAsync($"?limit=1{(next.Length > 0 ? $"&after={Uri.EscapeDataString(next)}" : "")}");
            pages.Add(Assert.Single(Lines(page)));
            next = page.TryGetProperty("next", out var after) ? after.GetString() : null;
        }
        Assert.Equal(4, pages.Count);
        Assert.Equal(Lines(await ListAsync("")), pages);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await _pipeline.Http.GetAsync("/api/imports?state=lost")).StatusCode);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await _pipeline.Http.GetAsync("/api/imports?limit=many")).StatusCode);
        var bogus = await Pipeline.JsonAsync(await _pipeline.Http.GetAsync("/api/imports?after=bogus"), 422);
        Assert.Equal("query-invalid after", $"{bogus.GetProperty("problems")[0].GetProperty("code").GetString()} {bogus.GetProperty("problems")[0].GetProperty("where").GetString()}");
        // What was replaced tells one story.
        var replaced = (await ListAsync("?state=superseded")).GetProperty("imports")[0];
        Assert.Equal(("superseded", "superseded", "later-counts"), (replaced.GetProperty("state").GetString(), replaced.GetProperty("outcome").GetString(),
            replaced.GetProperty("reason").GetString()));

        // An instrument that comes late: the file that waits in the drop is run again.
        await _pipeline.PutAsync("/api/instruments/southern-poll", Poll.Replace("northern", "southern", StringComparison.Ordinal));
        var replayed = await _pipeline.PostAsync("/api/imports/replay", """{"supplier":"southern","file":"leaders-2026-autumn-1.csv"}""");
        Assert.Equal(("active", "southern-poll"), (replayed.GetProperty("state").GetString(), replayed.GetProperty("instrument").GetString()));
        Assert.Equal(["southern active"], Lines(await ListAsync("?supplier=southern")));
        await _pipeline.PostAsync("/api/imports/replay", """{"supplier":"southern","file":"none.csv"}""", 404);
        await _pipeline.PostAsync("/api/imports/replay", """{"file":"none.csv"}""", 422);
    }

    [Fact]
    public async Task A_file_that_was_withdrawn_leaves_the_evidence_as_if_it_had_never_come()
    {
        await _pipeline.DropAsync("register", "edubase.csv", "URN,EstablishmentName,EstablishmentStatus (name)\n100002,A,Open\n");
        await _pipeline.RunAsync("RecomputeKpis");
        var before = await _pipeline.PublishAsync();
        await _pipeline.DropAsync("poll-drop", "northern/leaders-2026-autumn-1.csv", Good);
        var with = await _pipeline.PublishAsync();
        Assert.NotEqual(InputsOf(before), InputsOf(with));

        var said = await _pipeline.PostAsync("/api/imports/withdraw",
            """{"supplier":"northern","file":"leaders-2026-autumn-1.csv","reason":"rows of a test were left in"}""");

        Assert.Equal(("withdrawn", "withdrawn", "rows of a test were left in"), (said.GetProperty("state").GetString(), said.GetProperty("outcome").GetString(),
            said.GetProperty("withdrawn").GetProperty("reason").GetString()));
        var report = (await _pipeline.ReadAsync("poll-reports", "northern/leaders-2026-autumn-1.csv.report.json"))!.Value;
        Assert.Equal(("withdrawn", "import-withdrawn", 4), (report.GetProperty("outcome").GetString(), report.GetProperty("reason").GetString(),
            report.GetProperty("rows").GetProperty("read").GetInt32()));
        Assert.Equal("rows of a test were left in", report.GetProperty("withdrawn").GetProperty("reason").GetString());
        Assert.Equal(["northern withdrawn"], Lines(await ListAsync("?state=withdrawn")));
        Assert.Equal(InputsOf(before), InputsOf(await _pipeline.PublishAsync()));
        Assert.Empty(new TableClient(_pipeline.ConnectionString, "PollTotals").Query<TableEntity>());
        await _pipeline.RunAsync("SweepDrops");
        Assert.Equal(InputsOf(before), InputsOf(await _pipeline.PublishAsync()));

        // Dropped again, the same bytes count as they did.
        Assert.Equal("active", (await _pipeline.DropAsync("poll-drop", "northern/leaders-2026-autumn-1.csv", Good)).GetProperty("outcome").GetString());
        Assert.Equal(["northern active", "northern withdrawn"], Lines(await ListAsync("?supplier=northern")));
        await _pipeline.PostAsync("/api/imports/withdraw", """{"supplier":"northern","file":"none.csv","reason":"not there"}""", 404);
        await _pipeline.PostAsync("/api/imports/withdraw", """{"supplier":"northern","file":"leaders-2026-autumn-1.csv"}""", 422);
        await _pipeline.PostAsync("/api/imports/withdraw", """{"supplier":"northern","reason":"no file"}""", 422);

        // A list of the register is taken out by its name, too.
        await _pipeline.DropAsync("register", "engaged.csv", "urn,engaged_on,strand\n100001,2026-01-05,SEND Review\n");
        await _pipeline.PostAsync("/api/imports/withdraw", """{"supplier":"register","file":"engaged.csv","reason":"not ours"}""");
        Assert.Empty(new TableClient(_pipeline.ConnectionString, "Engagements").Query<TableEntity>());

        static string InputsOf(JsonElement? snapshot) => snapshot!.Value.GetProperty("inputs").GetString()!;
    }

    [Fact]
    public async Task A_poisoned_import_is_in_sight_and_a_replay_mends_it()
    {
        // Nothing to write reports to: every attempt fails at its end.
        await _pipeline.Blobs.GetBlobContainerClient("poll-reports").DeleteAsync();
        await _pipeline.Blobs.GetBlobContainerClient("poll-drop").GetBlobClient("northern/leaders-2026-autumn-1.csv").UploadAsync(BinaryData.FromString(Good));
        var poisoned = await Pipeline.EventuallyAsync(
            async () => (await ListAsync("?state=poisoned")).GetProperty("imports").EnumerateArray().ToList() is [var one] ? (object)one : null,
                "the fifth failure", seconds: 90);
        Assert.Equal((5, "request-failed", true), (((JsonElement)poisoned).GetProperty("attempts").GetInt32(),
            ((JsonElement)poisoned).GetProperty("fault").GetString(), ((JsonElement)poisoned).GetProperty("poisoned").GetBoolean()));

        await Pipeline.EventuallyAsync(
            async () =>
            {
                await _pipeline.Blobs.GetBlobContainerClient("poll-reports").CreateIfNotExistsAsync();
                return "there";
            },
            "the container of reports");
        var replayed = await _pipeline.PostAsync("/api/imports/replay", """{"supplier":"northern","file":"leaders-2026-autumn-1.csv"}""");
        Assert.Equal(("active", 1, false), (replayed.GetProperty("state").GetString(), replayed.GetProperty("attempts").GetInt32(),
            replayed.GetProperty("poisoned").GetBoolean()));
        Assert.Empty((await ListAsync("?state=poisoned")).GetProperty("imports").EnumerateArray());
        Assert.NotNull(await _pipeline.ReadAsync("poll-reports", "northern/leaders-2026-autumn-1.csv.report.json"));
    }

    [Fact]
    public async Task The_sweep_imports_what_the_trigger_missed()
    {
        await _pipeline.DropAsync("poll-drop", "northern/leaders-2026-autumn-1.csv", Good);
        // As if nobody had ever told of it: nothing is known of it, and nothing counts.
        var imports = new TableClient(_pipeline.ConnectionString, "Imports");
        foreach (var row in imports.Query<TableEntity>().ToList()) await imports.DeleteEntityAsync(row);
        Assert.Empty((await ListAsync("")).GetProperty("imports").EnumerateArray());

        await _pipeline.RunAsync("SweepDrops");

        Assert.Equal(["northern active"], Lines(await ListAsync("")));
        Assert.Contains(_pipeline.Log.Lines, line => line.Contains("1 files had been missed", StringComparison.Ordinal));
        await _pipeline.RunAsync("SweepDrops");
        Assert.Contains(_pipeline.Log.Lines, line => line.Contains("0 files had been missed", StringComparison.Ordinal));
    }

    private static IEnumerable<string> Lines(JsonElement page) => page.GetProperty("imports").EnumerateArray().Select(line =>
        $"{line.GetProperty("supplier").GetString()} {line.GetProperty("state").GetString()}{(line.TryGetProperty("reason", out var reason) && line.GetProperty("state").GetString() == "refused" ? $" {reason.GetString()}" : "")}");

    private async Task<JsonElement> ListAsync(string query) => await Pipeline.JsonAsync(await _pipeline.Http.GetAsync($"/api/imports{query}"));

    private async Task<JsonElement> CheckAsync(string query, string file) => await Pipeline.JsonAsync(await PostAsync($"/api/imports/check{query}", file));

    private Task<HttpResponseMessage> PostAsync(string path, string body) => _pipeline.Http.PostAsync(path, new ByteArrayContent(Encoding.UTF8.GetBytes(body)));

    private static string Compact(JsonElement json) => JsonSerializer.Serialize(json);
}
