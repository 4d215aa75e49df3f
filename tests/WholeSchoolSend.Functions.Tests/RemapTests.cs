using System.Text.Json;
using Azure.Data.Tables;

namespace WholeSchoolSend.Functions.Tests;

/// <summary>An instrument is mended after responses came by it.</summary>
public sealed class RemapTests(Pipeline pipeline) : IClassFixture<Pipeline>
{
    [Fact]
    public async Task A_mended_instrument_codes_what_was_stored_before()
    {
        await pipeline.PutAsync("/api/waves/2025-26", """{"title":"2025/26","from":"2025-09-01","to":"2026-07-31"}""");
        await pipeline.PutAsync("/api/instruments/teachers-pre", Wrong);
        foreach (var (token, confidence) in new[] { ("a", 1), ("b", 5), ("c", 5), ("d", 3) })
            Assert.Equal(1, (await SendAsync(token, confidence)).GetProperty("accepted").GetInt32());
        await pipeline.RunAsync("RecomputeKpis");
        Assert.Equal("1=2 3=1 5=1", await CellsAsync());
        Assert.Empty(Remaps());

        await pipeline.PutAsync("/api/instruments/teachers-pre", Said.TeachersPre);
        await pipeline.RunAsync("RecomputeKpis");

        Assert.Equal("1=1 3=1 5=2", await CellsAsync());
        Assert.Contains("Mapped again by teachers-pre version 2: 1 the same, 3 coded otherwise, 0 it cannot map kept as they were", Assert.Single(Remaps()), StringComparison.Ordinal);
        Assert.Equal(1, (await SendAsync("a", 1)).GetProperty("duplicate").GetInt32());
        await pipeline.RunAsync("RecomputeKpis");
        Assert.Equal("1=1 3=1 5=2", await CellsAsync());
        Assert.Single(Remaps());
    }

    /// <summary>The scale the wrong way round.</summary>
    private static string Wrong => Said.TeachersPre
        .Replace("\"1\":\"1\"", "\"1\":\"5\"", StringComparison.Ordinal).Replace("\"5\":\"5\"", "\"5\":\"1\"", StringComparison.Ordinal);

    private async Task<JsonElement> SendAsync(string token, int confidence) =>
        await Pipeline.JsonAsync(await pipeline.Http.SendTypeformAsync(Said.Typeform(token, confidence, key: $"{token}@school.example")));

    private IEnumerable<string> Remaps() => pipeline.Log.Lines.Where(line => line.Contains("Mapped again", StringComparison.Ordinal));

    private async Task<string> CellsAsync()
    {
        var evidence = new TableClient(pipeline.ConnectionString, "Evidence");
        var totals = (await evidence.GetEntityAsync<TableEntity>("teachers", "S~100001~2025-26")).Value.GetBinary("Json0");
        var cells = JsonDocument.Parse(totals).RootElement.GetProperty("cells").EnumerateArray();
        return string.Join(' ', cells.Select(cell => $"{cell.GetProperty("code")}={cell.GetProperty("n")}"));
    }
}
