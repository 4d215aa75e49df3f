using System.Net;
using System.Text;
using System.Text.Json;
using Azure.Data.Tables;
using Azure.Storage.Blobs.Models;
using WholeSchoolSend.LocalHost;

namespace WholeSchoolSend.Functions.Tests;

/// <summary>Somebody asks to be erased: from the operator's call to nothing left of them in any table or container of the account, the host's own included.</summary>
public sealed class ErasureTests(Pipeline pipeline) : IClassFixture<Pipeline>
{
    private const string Person = "jo.canary@school.example";

    [Fact]
    public async Task A_person_is_erased_through_the_operators_surface_and_does_not_come_back()
    {
        await pipeline.PutAsync("/api/instruments/teachers-pre", Said.TeachersPre);
        await pipeline.PutAsync("/api/waves/2025-26", """{"title":"Teachers","from":"2025-09-01","to":"2026-07-20"}""");
        await pipeline.PutAsync("/api/instruments/northern-poll", """
            {"title":"Poll","collection":"leaders","poll":{"supplier":"northern"},"wave":{"value":"2025-26"},"school":{"field":"urn"},"respondent":{"field":"who"},"role":{"value":"leader"},
             "items":[{"indicator":"every-teacher-responsible","field":"Q1","codes":{"fully":"fully","partly":"partly"}}]}
            """);
        Assert.Equal("accepted", await FateAsync(Said.Typeform("canary-1", 4, key: Person)));
        Assert.Equal("quarantined", await FateAsync(Said.Typeform("canary-2", 9, key: Person)));
        Assert.Equal("quarantined", await FateAsync($$"""{"event_type":"form_response","broken":"{{Person}}" """));
        Assert.Equal("accepted", await FateAsync(Said.Typeform("other-1", 3, key: "somebody@school.example")));
        await pipeline.DropAsync("poll-drop", "northern/poll.csv", $"urn,who,Q1\n100001,{Person},fully\n100002,x@school.example,partly\n");
        await pipeline.RunAsync("RecomputeKpis");
        Assert.NotEmpty(await TracesAsync());

        var answer = await pipeline.Http.PostAsync("/api/erasures", new StringContent($$"""{"email":"{{Person}}","reason":"letter 117"}"""));
        var report = await Pipeline.JsonAsync(answer, 201);

        var id = report.GetProperty("id").GetString()!;
        Assert.Equal($"/api/erasures/{id}", answer.Headers.Location?.OriginalString);
        Assert.Equal(("email", "swept", "letter 117"), (Text(report, "of"), Text(report, "state"), Text(report, "reason")));
        var removed = report.GetProperty("removed");
        Assert.Equal((2, 1, 1, 1, 2), (Number(removed, "responses"), Number(removed, "quarantined"), Number(removed, "bodies"), Number(removed, "pollRows"), Number(removed, "files")));
        Assert.Equal(report.GetProperty("firstSweep").GetDateTimeOffset().AddDays(14), report.GetProperty("softDeletedUntil").GetDateTimeOffset());
        Assert.Equal(report.GetRawText(), (await GetAsync($"/api/erasures/{id}")).GetRawText());
        Assert.Equal(id, Text((await GetAsync("/api/erasures")).GetProperty("erasures")[0], "id"));
        Assert.Empty(await TracesAsync());

        Assert.Equal("erased", await FateAsync(Said.Typeform("canary-1", 5, key: Person)));
        Assert.Equal("erased", await FateAsync(Said.Typeform("canary-2", 9, key: Person)));
        Assert.Equal("erased", await FateAsync(Said.Typeform("canary-3", 2, key: Person)));
        Assert.Equal("duplicate", await FateAsync(Said.Typeform("other-1", 3, key: "somebody@school.example")));
        var again = await pipeline.DropAsync("poll-drop", "northern/poll.csv", $"urn,who,Q1\n100001,{Person},fully\n100002,x@school.example,fully\n");
        Assert.Equal(("active", 1, 1), (Text(again, "outcome"), Number(again.GetProperty("rows"), "loaded"), Number(again.GetProperty("rows").GetProperty("excluded"), "erased")));
        await pipeline.RunAsync("SweepErasures");
        await pipeline.RunAsync("RecomputeKpis");
        Assert.Equal([], await Pipeline.EventuallyAsync(async () => await TracesAsync() is { Count: 0 } none ? none : null, "the file to go"));

        // What was done is written down, and not whom it was about.
        var operations = await GetAsync("/api/operations?limit=200");
        var line = operations.GetProperty("operations").EnumerateArray().Single(operation => Text(operation, "action") == "RequestErasure" && Text(operation, "outcome") == "done");
        Assert.Equal(("POST", "/api/erasures", "done", 201, id, "letter 117"), (Text(line, "method"), Text(line, "path"), Text(line, "outcome"), Number(line, "status"), Text(line, "subject"), Text(line, "reason")));
    }

    [Theory]
    [InlineData("""{"email":"jo.canary@school.example","reason":"jo.canary@school.example wrote"}""", 422, "reason-personal")]
    [InlineData("""{"email":"jo.canary@school.example"}""", 422, "reason-missing")]
    [InlineData("""{"respondent":{"key":"canary"},"reason":"letter 1"}""", 422, "document-invalid")]
    [InlineData("""{"id":"jo.canary@school.example"}""", 422, "document-invalid")]
    [InlineData("""{"supplier":"jo.canary","file":"jo.canary","source":"jo.canary","school":"100001","reason":"letter 1"}""", 422, "document-invalid")]
    [InlineData("not JSON, but a canary", 422, "document-invalid")]
    public async Task What_is_asked_wrongly_is_told_so_and_leaves_nothing_of_it(string body, int status, string code)
    {
        Assert.Equal(code, Text(await pipeline.PostAsync("/api/erasures", body, status), "code"));
        var line = (await GetAsync("/api/operations?limit=1")).GetProperty("operations")[0];
        Assert.Equal(("RequestErasure", "refused", 422), (Text(line, "action"), Text(line, "outcome"), Number(line, "status")));
        Assert.False(line.TryGetProperty("reason", out _));
        foreach (var row in await RowsAsync("Operations")) Assert.DoesNotContain("canary", row, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task An_erasure_nobody_asked_for_is_not_found() => Assert.Equal(HttpStatusCode.NotFound, (await pipeline.Http.GetAsync("/api/erasures/none")).StatusCode);

    [Fact]
    public async Task Only_calls_that_may_change_something_are_written_down()
    {
        var before = (await GetAsync("/api/operations?limit=200")).GetProperty("operations").GetArrayLength();
        await GetAsync("/api/waves");
        await FateAsync("no JSON at all");
        await pipeline.Http.PostAsync("/api/imports/check", new StringContent("{}"));
        await PutWaveAsync(pipeline.Http);

        var operations = (await GetAsync("/api/operations?limit=200")).GetProperty("operations");
        Assert.Equal(before + 1, operations.GetArrayLength());
        Assert.Equal(("PutWave", "/api/waves/w%0Ax", "refused"), (Text(operations[0], "action"), Text(operations[0], "path"), Text(operations[0], "outcome")));
        Assert.DoesNotContain("a-key-nobody-may-see", operations.GetRawText(), StringComparison.Ordinal);
    }

    /// <summary>Anybody who may call can say who they are; only where App Service authenticates does it say it.</summary>
    [Theory]
    [InlineData("", false)]
    [InlineData("False", false)]
    [InlineData("True", true)]
    public async Task Who_called_is_written_down_only_where_somebody_looked(string authentication, bool isKept)
    {
        using var host = Pipeline.Builder(pipeline.ConnectionString, $"--WEBSITE_AUTH_ENABLED={authentication}").Build();
        await host.StartAsync();
        using var http = new HttpClient { BaseAddress = host.GetAddress() };
        await PutWaveAsync(http);
        await host.StopAsync();

        var line = (await GetAsync("/api/operations?limit=1")).GetProperty("operations")[0];
        Assert.Equal("PutWave", Text(line, "action"));
        Assert.Equal(isKept ? "operator@programme.example" : null, line.TryGetProperty("principal", out var principal) ? principal.GetString() : null);
    }

    private static async Task PutWaveAsync(HttpClient http)
    {
        using var put = new HttpRequestMessage(HttpMethod.Put, "/api/waves/w%0Ax?code=a-key-nobody-may-see")
        {
            Content = new StringContent(Said.Wave, Encoding.UTF8, "application/json"),
            Headers = { { "x-ms-client-principal-name", "operator@programme.example" } },
        };
        await http.SendAsync(put);
    }

    private async Task<string> FateAsync(string body)
    {
        var reply = await Pipeline.JsonAsync(await pipeline.Http.SendTypeformAsync(body));
        return reply.EnumerateObject().Single(fate => fate.Name != "received" && fate.Value.GetInt32() == 1).Name;
    }

    /// <summary>Where the person's address, its pseudonym or their responses' ids are.</summary>
    private async Task<List<string>> TracesAsync()
    {
        var pseudonym = new Core.Webhooks.Pseudonyms(Pipeline.Settings["PseudonymKey"]).Of(Person);
        var traces = new List<string>();
        await foreach (var table in new TableServiceClient(pipeline.ConnectionString).QueryAsync())
            foreach (var row in await RowsAsync(table.Name)) Look(table.Name, row);
        await foreach (var container in pipeline.Blobs.GetBlobContainersAsync())
            await foreach (var blob in pipeline.Blobs.GetBlobContainerClient(container.Name).GetBlobsAsync(BlobTraits.None, BlobStates.None, null, default))
                Look(container.Name, blob.Name + Readable((await pipeline.Blobs.GetBlobContainerClient(container.Name).GetBlobClient(blob.Name).DownloadContentAsync()).Value.Content.ToArray()));
        return traces;

        void Look(string place, string text)
        {
            foreach (var trace in (string[])[Person, pseudonym, "canary-1", "canary-2", "canary-3"])
                if (text.Contains(trace, StringComparison.OrdinalIgnoreCase)) traces.Add($"{place}: {trace}");
        }
    }

    private async Task<List<string>> RowsAsync(string table)
    {
        var rows = new List<string>();
        await foreach (var row in new TableClient(pipeline.ConnectionString, table).QueryAsync<TableEntity>())
            rows.Add(string.Join('\n', row.Select(property => $"{property.Key}={(property.Value is byte[] bytes ? Readable(bytes) : property.Value)}")));
        return rows;
    }

    /// <summary>As it stands, and with the base64 inside it: quarantine keeps bodies and answers so.</summary>
    private static string Readable(byte[] bytes)
    {
        var text = Encoding.UTF8.GetString(bytes);
        return string.Join('\n', System.Text.RegularExpressions.Regex.Matches(text, "[A-Za-z0-9+/]{24,}={0,2}").Select(run =>
        {
            var buffer = new byte[run.Length];
            return Convert.TryFromBase64String(run.Value, buffer, out var count) ? Encoding.UTF8.GetString(buffer, 0, count) : "";
        }).Prepend(text));
    }

    private async Task<JsonElement> GetAsync(string path) => await Pipeline.JsonAsync(await pipeline.Http.GetAsync(path));

    private static string Text(JsonElement of, string name) => of.GetProperty(name).GetString()!;

    private static int Number(JsonElement of, string name) => of.GetProperty(name).GetInt32();
}
