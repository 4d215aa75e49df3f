using System.Globalization;
using System.Net;
using System.Text.Json;

namespace WholeSchoolSend.Functions.Tests;

/// <summary>From what comes in at one end to what is published at the other.</summary>
public sealed class ChainTests : IAsyncLifetime
{
    private readonly Pipeline _pipeline = new();

    public ValueTask InitializeAsync() => _pipeline.InitializeAsync();

    public ValueTask DisposeAsync() => _pipeline.DisposeAsync();

    [Fact]
    public async Task A_poll_file_becomes_the_published_figure_that_other_programs_find_in_it()
    {
        await _pipeline.PutAsync("/api/waves/2026-autumn", Said.Wave);
        await _pipeline.PutAsync("/api/instruments/confidence-poll", Lookalike(1));
        var labels = await File.ReadAllBytesAsync(File_("lookalike/poll_labels_utf8bom.csv"));
        var report = await _pipeline.DropAsync("poll-drop", "northern/autumn/poll_labels_utf8bom.csv", labels);
        Came("active", report);
        var expected = JsonDocument.Parse(await File.ReadAllBytesAsync(File_("lookalike/expected.json"))).RootElement.GetProperty("Q1_valid(excl 98,99)");
        Assert.Equal(600, report.GetProperty("facts").GetProperty("rows").GetInt32());
        Assert.Equal(600.000007, report.GetProperty("facts").GetProperty("sumOfWeights").GetDouble(), 5);

        var figure = Figure(await _pipeline.PublishAsync(), "K1.leaders", "engaged");
        Assert.Equal(100 * expected.GetProperty("weighted_prop").GetProperty("1").GetDouble(), figure.GetProperty("value").GetDouble(), 6);
        Assert.Equal(expected.GetProperty("n_unweighted").GetInt32(), figure.GetProperty("base").GetInt32());
        Assert.Contains("Kish", figure.GetProperty("method").GetString(), StringComparison.Ordinal);

        // The same poll in the other files a pollster may have made of it: each replaces the last, none changes the figure.
        foreach (var name in new[] { "poll_codes_cp1252.csv", "poll_codes_utf16le.tsv", "poll_codes_utf16le_nobom.csv", "poll_codes_utf8_semicolon.csv", "poll_qualtrics3header_utf8.csv" })
        {
            await _pipeline.PutAsync("/api/instruments/confidence-poll", Lookalike(name.Contains("3header", StringComparison.Ordinal) ? 3 : 1));
            report = await _pipeline.DropAsync("poll-drop", $"northern/{name}", await File.ReadAllBytesAsync(File_($"lookalike/{name}")));
            Came("active", report);
            Assert.Equal(figure.GetRawText(), Figure(await _pipeline.PublishAsync(), "K1.leaders", "engaged").GetRawText());
        }
    }

    [Fact]
    public async Task Signed_responses_and_the_register_become_verdicts_that_R_confirms()
    {
        await SendReferencePollAsync();
        var document = await _pipeline.PublishAsync();

        Assert.Equal(Reference("poll_prop_q_every_teacher_engaged_leader+senco", "p"), Figure(document, "K1.pooled", "engaged").GetProperty("value").GetDouble() / 100, 9);
        foreach (var (reading, group, role) in new[] { ("K1.pooled", "engaged", "leader+senco"), ("K1.pooled", "wider", "leader+senco"), ("K1.leaders", "engaged", "leader"), ("K1.sencos", "engaged", "senco"), ("K1.leaders", "wider", "leader"), ("K1.sencos", "wider", "senco") })
        {
            var figure = Figure(document, reading, group);
            var id = $"poll_prop_q_every_teacher_{group}_{role}";
            Assert.Equal(Reference(id, "p"), figure.GetProperty("value").GetDouble() / 100, 9);
            Assert.Equal(Reference(id, "se"), figure.GetProperty("standardError").GetDouble() / 100, 9);
            Assert.Equal(Reference(id, "df"), figure.GetProperty("degreesOfFreedom").GetDouble(), 9);
            Assert.Equal(Reference(id, "ci", "beta_nchs", 0), figure.GetProperty("lower").GetDouble() / 100, 8);
            Assert.Equal(Reference(id, "ci", "beta_nchs", 1), figure.GetProperty("upper").GetDouble() / 100, 8);
        }
        Assert.Equal(Reference("poll_prop_q_every_teacher_dk_in_base_engaged", "p"), Figure(document, "K1.dk_in_base", "engaged").GetProperty("value").GetDouble() / 100, 9);
        Assert.Equal(Reference("poll_diff_engaged_vs_wider_q_every_teacher_leader+senco", "diff"), Figure(document, "K1.pooled", "difference").GetProperty("value").GetDouble() / 100, 9);
        // 64.8 % with 55.8 to 73.0 against 70 %; SENCOs' interval is over 30 points wide.
        Assert.Equal("not_met_point", Result(document, "K1.pooled").GetProperty("verdict").GetString());
        Assert.Equal("insufficient", Result(document, "K1.sencos").GetProperty("verdict").GetString());
        Assert.Equal("insufficient", Result(document, "K1.both").GetProperty("verdict").GetString());

        // Nothing changed, nothing is written.
        var before = await _pipeline.ReadAsync("snapshots-internal", "latest.json");
        await _pipeline.PublishAsync();
        Assert.Equal(before!.Value.GetRawText(), (await _pipeline.ReadAsync("snapshots-internal", "latest.json"))!.Value.GetRawText());
        Assert.Equal(1, (await _pipeline.ReadAsync("snapshots-internal", "index.json"))!.Value.GetProperty("snapshots").GetArrayLength());

        // An open wave is not published; a closed one is, rounded, and stays as it was published whatever comes later.
        Assert.Empty((await _pipeline.LatestAsync("snapshots"))!.Value.GetProperty("kpis")[0].GetProperty("readings")[0].GetProperty("results").EnumerateArray());
        // Closing publishes there and then: nothing that comes between can be in it.
        await _pipeline.PostAsync("/api/waves/2026-autumn/close", """{"reason":"fieldwork complete"}""");
        var published = await _pipeline.LatestAsync("snapshots");
        var engaged = Figure(published, "K1.pooled", "engaged");
        Assert.Equal(0, engaged.GetProperty("base").GetInt32() % 5);
        Assert.Equal(Math.Round(Reference("poll_prop_q_every_teacher_engaged_leader+senco", "p") * 100, MidpointRounding.AwayFromZero), engaged.GetProperty("value").GetDouble());
        Assert.False(engaged.TryGetProperty("standardError", out _));
        Assert.Equal(engaged.GetRawText(), Figure(await _pipeline.PublishAsync("snapshots"), "K1.pooled", "engaged").GetRawText());
        await AcceptedAsync(Said.Leader("late", "100003", "late@school.example", "leader", "fully", 1));
        var internally = (await _pipeline.LatestAsync("snapshots-internal"))!.Value.GetRawText();
        Assert.NotEqual(internally, (await _pipeline.PublishAsync())!.Value.GetRawText());
        Assert.Equal(engaged.GetRawText(), Figure(await _pipeline.LatestAsync("snapshots"), "K1.pooled", "engaged").GetRawText());

        // One who came late is too few to issue the wave again; twenty more of twenty schools are enough, there and then.
        const string reissue = "/api/waves/2026-autumn/reissue";
        Assert.Contains("\"reissue-too-few\"", (await _pipeline.PostAsync(reissue, """{"reason":"one more came"}""", 409)).GetRawText(), StringComparison.Ordinal);
        var late = Enumerable.Range(1, 20).Select(index => Said.Leader($"late-{index}", $"{100_000 + index}", $"late-{index}@school.example", "leader", index % 2 == 0 ? "fully" : "not", 1));
        await AcceptedAsync($"[{string.Join(',', late)}]", 20);
        var decided = await _pipeline.PostAsync(reissue, """{"reason":"twenty more came"}""");
        Assert.Equal("twenty more came", Assert.Single(decided.GetProperty("reissues").EnumerateArray()).GetProperty("reason").GetString());
        Assert.Equal(decided.GetRawText(), (await _pipeline.PostAsync(reissue, """{"reason":"asked again"}""")).GetRawText());
        var issued = Figure(await _pipeline.LatestAsync("snapshots"), "K1.pooled", "engaged");
        Assert.NotEqual(engaged.GetRawText(), issued.GetRawText());
        Assert.Equal(issued.GetRawText(), Figure(await _pipeline.PublishAsync("snapshots"), "K1.pooled", "engaged").GetRawText());

        // Published documents are found the way the page finds them, and follow the published schema.
        var pointer = await _pipeline.Http.GetAsync("/latest.json");
        var path = JsonDocument.Parse(await pointer.Content.ReadAsStringAsync()).RootElement.GetProperty("path").GetString();
        var shown = await _pipeline.Http.GetAsync($"/{path}");
        Assert.Equal("application/json", shown.Content.Headers.ContentType?.MediaType);
        Assert.Contains("immutable", shown.Headers.CacheControl?.ToString(), StringComparison.Ordinal);
        var schema = Core.JsonSchema.Parse(await _pipeline.Http.GetByteArrayAsync("/schema/snapshot-1.json"));
        Assert.Empty(schema.Check(await shown.Content.ReadAsByteArrayAsync()).Problems);

        // So is the page, with its figures in it, and the CSV both it and the index name.
        var page = await _pipeline.Http.GetStringAsync("/");
        Assert.Contains($"data-id=\"{Path.GetFileNameWithoutExtension(path)}\"", page, StringComparison.Ordinal);
        var index = JsonDocument.Parse(await _pipeline.Http.GetStringAsync("/index.json")).RootElement.GetProperty("snapshots")[0];
        foreach (var file in new[] { "csv", "metadata" })
        {
            var csv = await _pipeline.Http.GetAsync($"/{index.GetProperty(file).GetString()}");
            Assert.Equal("text/csv", csv.Content.Headers.ContentType?.MediaType);
            Assert.Contains("immutable", csv.Headers.CacheControl?.ToString(), StringComparison.Ordinal);
            Assert.Contains($"\"{index.GetProperty(file).GetString()}\"", page, StringComparison.Ordinal);
        }
        Assert.Equal("public, must-revalidate, max-age=60", pointer.Headers.CacheControl?.ToString());
    }

    [Fact]
    public async Task A_broken_file_changes_nothing_and_its_report_says_everything()
    {
        await _pipeline.PutAsync("/api/waves/2026-autumn", Said.Wave);
        await _pipeline.PutAsync("/api/instruments/leaders-poll", LeadersPoll);
        const string good = "RecordNo,wave,urn,role,Q1,weight\n1,Autumn 2026,100001,School leader,Fully implemented,1.1\n2,Autumn 2026,100002,SENCO,Don't know,0.9\n";
        Came("active", (await _pipeline.DropAsync("poll-drop", "northern/leaders-1.csv", good)));
        var before = await _pipeline.PublishAsync();

        var report = await _pipeline.DropAsync(
            "poll-drop", "northern/leaders-2.csv",
            "RecordNo,wave,urn,role,Q1,weight\n1,Autumn 2026,10001,School leader,Fully implemented,1\n2,Autumn 2026,100002,Head,Fully,-1\n3,Autumn 2025,100003,SENCO,Not implemented,NaN\n4,Autumn 2026,100003\n");
        Came("refused", report);
        Assert.Equal(
            ["2 urn school-invalid", "3 role answer-unknown", "3 weight weight-invalid", "3 Q1 answer-unknown", "4 wave answer-unknown", "4 weight weight-invalid", "5  row-too-short"],
            report.GetProperty("problems").EnumerateArray().Select(problem => $"{problem.GetProperty("line")} {(problem.TryGetProperty("column", out var column) ? column.GetString() : "")} {problem.GetProperty("code").GetString()}"));
        Assert.Equal(7, report.GetProperty("problemCount").GetInt32());
        var csv = await _pipeline.Blobs.GetBlobContainerClient("poll-reports").GetBlobClient("northern/leaders-2.csv.report.csv").DownloadContentAsync();
        Assert.Equal(9, csv.Value.Content.ToString().Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Equal(before!.Value.GetRawText(), (await _pipeline.PublishAsync())!.Value.GetRawText());

        // Content that counts already is a no-op; going back to an earlier content is not.
        Came("unchanged", (await _pipeline.DropAsync("poll-drop", "northern/leaders-1-again.csv", good)));
        Came("active", (await _pipeline.DropAsync("poll-drop", "northern/leaders-3.csv", good.Replace("Don't know", "Fully implemented", StringComparison.Ordinal))));
        Came("active", (await _pipeline.DropAsync("poll-drop", "northern/leaders-4.csv", good)));
        Assert.Equal(before.Value.GetProperty("kpis").GetRawText(), (await _pipeline.PublishAsync())!.Value.GetProperty("kpis").GetRawText());

        Assert.Equal("file-unclaimed", (await _pipeline.DropAsync("poll-drop", "southern/leaders-1.csv", good)).GetProperty("problems")[0].GetProperty("code").GetString());
        Assert.Equal("header-unknown", (await _pipeline.DropAsync("register", "other.csv", "a,b\n1,2\n")).GetProperty("problems")[0].GetProperty("code").GetString());
    }

    [Fact]
    public async Task What_an_operator_must_put_in_order_is_said_and_not_issued()
    {
        await _pipeline.PutAsync("/api/instruments/leaders-poll", LeadersPoll);
        const string poll = "RecordNo,wave,urn,role,Q1,weight\n1,Autumn 2026,100001,School leader,Fully implemented,1\n2,Autumn 2026,100002,SENCO,Don't know,0\n";
        var report = await _pipeline.DropAsync("poll-drop", "northern/folder/leaders-1.csv", poll);
        Came("active", report);
        Assert.Contains(report.GetProperty("notes").EnumerateArray(), note => note.GetString()!.Contains("2026-autumn is not registered", StringComparison.Ordinal));
        Assert.Equal(1, report.GetProperty("facts").GetProperty("zeroWeights").GetInt32());
        await _pipeline.RunAsync("RecomputeKpis");
        Assert.Contains(_pipeline.Log.Lines, line => line.StartsWith("Warning", StringComparison.Ordinal) && line.Contains("2026-autumn", StringComparison.Ordinal));

        report = await _pipeline.DropAsync("poll-drop", "northern/leaders-2.csv", poll + "1,Autumn 2026,100003,SENCO,Don't know,1\n");
        Assert.Equal("respondent-repeated", Assert.Single(report.GetProperty("problems").EnumerateArray()).GetProperty("code").GetString());

        // A second supplier's poll of the same wave and collection: said in its report, and held back from what is published.
        await _pipeline.PutAsync("/api/waves/2026-autumn", Said.Wave);
        await _pipeline.PutAsync("/api/instruments/other-poll", LeadersPoll.Replace("northern", "southern", StringComparison.Ordinal));
        report = await _pipeline.DropAsync("poll-drop", "southern/leaders-1.csv", poll);
        Assert.Contains(report.GetProperty("notes").EnumerateArray(), note => note.GetString()!.Contains("not combined", StringComparison.Ordinal));
        Assert.Equal("insufficient", Result(await _pipeline.PublishAsync(), "K1.pooled").GetProperty("verdict").GetString());
        await _pipeline.PostAsync("/api/waves/2026-autumn/close", """{"reason":"fieldwork complete"}""");
        var published = await _pipeline.LatestAsync("snapshots");
        Assert.True(published!.Value.GetProperty("waves")[0].GetProperty("closed").GetBoolean());
        Assert.All(published.Value.GetProperty("kpis")[0].GetProperty("readings").EnumerateArray(), reading => Assert.Empty(reading.GetProperty("results").EnumerateArray()));
        Assert.DoesNotContain("southern", published.Value.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Engagements_count_schools_once_and_lists_add_up()
    {
        await _pipeline.DropAsync("register", "engagements-a.csv", "urn,engaged_on,strand\n100001,2026-01-05,SEND Review\n100001,06/01/2026,Deploying TAs\n100002,2026-02-01,SEND Review\n");
        await _pipeline.DropAsync("register", "engagements-b.csv", "urn,engaged_on,strand\n100002,2026-03-01,SEND Review\n100003,2026-03-01,SEND Review\n");
        var document = await _pipeline.PublishAsync("snapshots");
        Assert.Equal(3, Figure(document, "R1.direct", "schools").GetProperty("value").GetInt32());
        Assert.Equal("not_met_confident", Result(document, "R1.direct").GetProperty("verdict").GetString());
        Assert.Equal(JsonValueKind.Null, Result(document, "R1.direct").GetProperty("wave").ValueKind);
        // The list of the same name replaces itself.
        await _pipeline.DropAsync("register", "engagements-b.csv", "urn,engaged_on,strand\n100002,2026-03-01,SEND Review\n");
        Assert.Equal(2, Figure(await _pipeline.PublishAsync("snapshots"), "R1.direct", "schools").GetProperty("value").GetInt32());
    }

    /// <summary>The 2026 poll of the reference values, sent as signed deliveries of our own JSON body; groups by engagement, strata by phase.</summary>
    private async Task SendReferencePollAsync()
    {
        await _pipeline.PutAsync("/api/waves/2026-autumn", Said.Wave);
        await _pipeline.PutAsync("/api/instruments/leaders-form", Said.LeadersForm);
        var lines = (await File.ReadAllLinesAsync(File_("data_s1_poll.csv"))).Select(line => line.Replace("\"", "", StringComparison.Ordinal).Split(',')).ToList();
        var column = lines[0].Select((name, index) => (name, index)).ToDictionary(named => named.name, named => named.index);
        string Cell(string[] row, string name) => row[column[name]] is "NA" ? "" : row[column[name]];

        var schools = lines[1..].Select(row => (Urn: Cell(row, "school_id"), Group: Cell(row, "group"), Phase: Cell(row, "phase"))).Distinct().ToList();
        await _pipeline.DropAsync("register", "edubasealldata20260901.csv", "URN,EstablishmentName,EstablishmentStatus (name),PhaseOfEducation (name),GOR (name)\n"
            + string.Concat(schools.Select(school => $"{school.Urn},School {school.Urn},Open,{school.Phase},London\n")));
        await _pipeline.DropAsync("register", "engagements.csv", "urn,engaged_on,strand\n"
            + string.Concat(schools.Select(school => $"{school.Urn},{(school.Group == "engaged" ? "2026-01-05" : "2026-11-02")},SEND Review\n")));

        var responses = lines[1..].Select((row, index) => Said.Leader(
            $"r{index}", Cell(row, "school_id"), $"p{index}@school.example", Cell(row, "role"), Cell(row, "q_every_teacher"), double.Parse(Cell(row, "weight"), CultureInfo.InvariantCulture))).ToList();
        foreach (var delivery in responses.Chunk(100)) await AcceptedAsync($"[{string.Join(',', delivery)}]", delivery.Length);
    }

    private async Task AcceptedAsync(string body, int responses = 1)
    {
        var reply = await Pipeline.JsonAsync(await _pipeline.Http.SendJsonAsync(body), (int)HttpStatusCode.OK);
        Assert.True(reply.GetProperty("accepted").GetInt32() == responses, reply.GetRawText());
    }

    private static void Came(string outcome, JsonElement report) => Assert.True(report.GetProperty("outcome").GetString() == outcome, report.GetRawText());

    private static double Reference(string id, params object[] path)
    {
        using var stream = File.OpenRead(File_("expected_own.json"));
        using var json = JsonDocument.Parse(stream);
        var value = json.RootElement.GetProperty("cases").EnumerateArray().Single(one => one.GetProperty("id").GetString() == id).GetProperty("expected");
        foreach (var step in path) value = step is int index ? value[index] : value.GetProperty((string)step);
        return value.GetDouble();
    }

    private static JsonElement Result(JsonElement? document, string reading) =>
        Assert.Single(document!.Value.GetProperty("kpis").EnumerateArray().SelectMany(kpi => kpi.GetProperty("readings").EnumerateArray())
            .Single(one => one.GetProperty("id").GetString() == reading).GetProperty("results").EnumerateArray());

    private static JsonElement Figure(JsonElement? document, string reading, string name) =>
        Result(document, reading).GetProperty("figures").EnumerateArray().Single(figure => figure.GetProperty("name").GetString() == name);

    private static string File_(string name) => Path.Combine(AppContext.BaseDirectory, "files", name);

    private static string Lookalike(int headerRows) => $$$"""
        {"title":"Look-alike poll","collection":"leaders","poll":{"supplier":"northern","headerRows":{{{headerRows}}}},"wave":{"value":"2026-autumn"},"role":{"value":"leader"},
         "group":{"value":"engaged"},"stratum":{"field":"phase","codes":{"1":"primary","2":"secondary","3":"special","4":"ap","Primary":"primary","Secondary":"secondary","Special":"special","Alternative provision":"ap"}},"weight":{"field":"weight"},
         "items":[{"indicator":"every-teacher-responsible","field":"Q1","codes":{
           "1":"fully","2":"partly","3":"not","4":"not","98":"dk","99":"pnts",
           "Very confident":"fully","Fairly confident":"partly","Not very confident":"not","Not at all confident":"not","Don't know":"dk","Prefer not to say":"pnts"}}]}
        """;

    private const string LeadersPoll = """
        {"title":"Leaders and SENCOs poll","collection":"leaders","poll":{"supplier":"northern","files":"leaders-*.csv"},"wave":{"field":"wave","codes":{"Autumn 2026":"2026-autumn"}},
         "school":{"field":"urn"},"respondent":{"field":"RecordNo"},"role":{"field":"role","codes":{"School leader":"leader","SENCO":"senco"}},"weight":{"field":"weight"},
         "items":[{"indicator":"every-teacher-responsible","field":"Q1","codes":{"Fully implemented":"fully","Partly implemented":"partly","Not implemented":"not","Don't know":"dk"}}]}
        """;
}
