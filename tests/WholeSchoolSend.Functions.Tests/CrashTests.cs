using System.Globalization;
using System.Text;
using System.Text.Json;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using WholeSchoolSend.Testing;

namespace WholeSchoolSend.Functions.Tests;

/// <summary>The process is killed in the middle of its work and started again: it comes to the same end as one that was not.</summary>
public sealed class CrashTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    private const int Schools = 12_000;

    [Fact]
    public async Task Killed_in_the_middle_of_an_import_it_imports_the_file_wholly()
    {
        var blobs = new BlobServiceClient(azurite.ConnectionString, new BlobClientOptions(BlobClientOptions.ServiceVersion.V2025_11_05));
        var tables = new TableServiceClient(azurite.ConnectionString);
        await using (var first = await PipelineProcess.StartAsync(azurite.ConnectionString, Pipeline.Arguments))
        {
            await PutAsync(first.Http, "/api/waves/2026-autumn", Said.Wave);
            await PutAsync(first.Http, "/api/instruments/leaders-poll", Poll);
            await blobs.GetBlobContainerClient("poll-drop").GetBlobClient("northern/leaders.csv").UploadAsync(BinaryData.FromString(Csv()));
            // Some of its rows are written, not all, and it does not count yet.
            await Pipeline.EventuallyAsync(async () => await CountAsync(tables, "PollTotals") > 0 ? "some" : null, "the first rows of the import");
            await first.KillAsync();
        }
        Assert.InRange(await CountAsync(tables, "PollTotals"), 1, Schools - 1);
        Assert.Equal(1, await CountAsync(tables, "Imports"));   // that it was begun

        await using var second = await PipelineProcess.StartAsync(azurite.ConnectionString, Pipeline.Arguments);
        var report = blobs.GetBlobContainerClient("poll-reports").GetBlobClient("northern/leaders.csv.report.json");
        await Pipeline.EventuallyAsync(async () => await report.ExistsAsync() ? "there" : null, "the report after the restart", seconds: 120);
        using var said = JsonDocument.Parse((await report.DownloadContentAsync()).Value.Content);
        Assert.Equal("active", said.RootElement.GetProperty("outcome").GetString());
        Assert.Equal(Schools, said.RootElement.GetProperty("facts").GetProperty("schools").GetInt32());
        Assert.Equal(Schools, await CountAsync(tables, "PollTotals"));
    }

    [Fact]
    public async Task Killed_in_the_middle_of_a_recompute_it_loses_and_doubles_nothing()
    {
        const int responses = 1_600;
        var tables = new TableServiceClient(azurite.ConnectionString);
        await using (var first = await PipelineProcess.StartAsync(azurite.ConnectionString, Pipeline.Arguments))
        {
            await PutAsync(first.Http, "/api/waves/2026-autumn", Said.Wave);
            await PutAsync(first.Http, "/api/instruments/leaders-form", Said.LeadersForm);
            var all = Enumerable.Range(0, responses).Select(index => Said.Leader($"r{index}", Urn(index % 800), $"p{index}@school.example", "leader", index % 3 == 0 ? "partly" : "fully", 1 + (index % 7 / 10.0)));
            foreach (var delivery in all.Chunk(100))
                Assert.Equal(delivery.Length, (await Pipeline.JsonAsync(await first.Http.SendJsonAsync($"[{string.Join(',', delivery)}]"))).GetProperty("accepted").GetInt32());
            await first.Http.PostAsync("/admin/functions/RecomputeKpis", null);
            await Pipeline.EventuallyAsync(async () => (await TotalsAsync(tables)).Count > 0 ? "some" : null, "the first totals");
            await first.KillAsync();
        }
        Assert.InRange((await TotalsAsync(tables)).Count, 1, 799);

        await using var second = await PipelineProcess.StartAsync(azurite.ConnectionString, Pipeline.Arguments);
        await second.Http.PostAsync("/admin/functions/RecomputeKpis", null);
        await Pipeline.EventuallyAsync(async () => (await MarkersAsync(tables)) == 0 ? "none" : null, "the end of the recompute");
        var totals = await TotalsAsync(tables);
        Assert.Equal(800, totals.Count);
        Assert.Equal(responses, totals.Sum(row => row.GetProperty("cells").EnumerateArray().Sum(cell => cell.GetProperty("n").GetInt32())));
        Assert.Equal(
            Enumerable.Range(0, responses).Sum(index => 1 + (index % 7 / 10.0)),
            totals.Sum(row => row.GetProperty("cells").EnumerateArray().Sum(cell => cell.GetProperty("w").GetDouble())), 9);
    }

    private static async Task PutAsync(HttpClient http, string path, string json) =>
        await Pipeline.JsonAsync(await http.PutAsync(path, new StringContent(json, Encoding.UTF8, "application/json")));

    private static async Task<int> CountAsync(TableServiceClient tables, string name)
    {
        var count = 0;
        await foreach (var row in tables.GetTableClient(name).QueryAsync<TableEntity>(select: ["RowKey"])) count++;
        return count;
    }

    private static async Task<List<JsonElement>> TotalsAsync(TableServiceClient tables)
    {
        var rows = new List<JsonElement>();
        await foreach (var row in tables.GetTableClient("Evidence").QueryAsync<TableEntity>(row => row.RowKey.CompareTo("S~") > 0 && row.RowKey.CompareTo("T") < 0))
            if (row.GetBinary("Json0") is { } json) rows.Add(JsonDocument.Parse(json).RootElement);
        return rows;
    }

    private static async Task<int> MarkersAsync(TableServiceClient tables)
    {
        var count = 0;
        await foreach (var row in tables.GetTableClient("Evidence").QueryAsync<TableEntity>(row => row.RowKey.CompareTo("P~") > 0 && row.RowKey.CompareTo("Q") < 0, select: ["RowKey"])) count++;
        return count;
    }

    private static string Urn(int index) => (100000 + index).ToString(CultureInfo.InvariantCulture);

    private static string Csv()
    {
        var csv = new StringBuilder("RecordNo,urn,Q1,weight\n");
        for (var index = 0; index < Schools; index++) csv.Append(CultureInfo.InvariantCulture, $"{index},{Urn(index)},{(index % 2 == 0 ? "Fully" : "Partly")},1.5\n");
        return csv.ToString();
    }

    private const string Poll = """
        {"title":"Leaders","collection":"leaders","poll":{"supplier":"northern"},"wave":{"value":"2026-autumn"},"school":{"field":"urn"},"role":{"value":"leader"},"weight":{"field":"weight"},
         "items":[{"indicator":"every-teacher-responsible","field":"Q1","codes":{"Fully":"fully","Partly":"partly"}}]}
        """;
}
