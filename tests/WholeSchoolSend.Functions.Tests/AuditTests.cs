using System.Net;
using System.Text;
using System.Text.Json;
using Azure;
using Azure.Data.Tables;

namespace WholeSchoolSend.Functions.Tests;

/// <summary>The audit as an operator runs and reads it.</summary>
public sealed class AuditTests : IAsyncLifetime
{
    private readonly Pipeline _pipeline = new();

    public ValueTask InitializeAsync() => _pipeline.InitializeAsync();

    public ValueTask DisposeAsync() => _pipeline.DisposeAsync();

    [Fact]
    public async Task Totals_somebody_changed_are_told_to_operators_warned_of_and_mended()
    {
        await _pipeline.PutAsync("/api/waves/2026-autumn", Said.Wave);
        await _pipeline.PutAsync("/api/instruments/leaders-form", Said.LeadersForm);
        Assert.Equal(HttpStatusCode.OK, (await _pipeline.Http.SendJsonAsync(Said.Leader("r1", "100001", "jo@school.example", "leader", "fully", 1.5))).StatusCode);
        await _pipeline.RunAsync("RecomputeKpis");
        Assert.Equal(0, (await AuditedAsync()).GetProperty("differences").GetInt32());
        Assert.False((await HealthAsync()).TryGetProperty("audit", out _));

        var table = new TableClient(_pipeline.ConnectionString, "Evidence");
        var row = table.Query<TableEntity>(one => one.RowKey.CompareTo("S~") > 0 && one.RowKey.CompareTo("S~~") < 0).Single(one => one.ContainsKey("Json0"));
        row["Json0"] = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(row.GetBinary("Json0")).Replace("\"n\":1", "\"n\":7", StringComparison.Ordinal));
        await table.UpdateEntityAsync(row, ETag.All, TableUpdateMode.Replace);

        var audit = await AuditedAsync();
        Assert.Equal(1, audit.GetProperty("differences").GetInt32());
        var found = await Pipeline.JsonAsync(await _pipeline.Http.GetAsync($"/api/audits/{audit.GetProperty("id").GetString()}"));
        var difference = Assert.Single(found.GetProperty("differences").EnumerateArray());
        Assert.Equal(("100001", 7, 1), (difference.GetProperty("school").GetString(), difference.GetProperty("stored").GetProperty("answers").GetInt32(), difference.GetProperty("rebuilt").GetProperty("answers").GetInt32()));
        Assert.Equal(1, (await HealthAsync()).GetProperty("audit").GetProperty("differences").GetInt32());
        Assert.Equal("healthy", (await HealthAsync()).GetProperty("status").GetString());
        Assert.Equal(HttpStatusCode.NotFound, (await _pipeline.Http.GetAsync("/api/audits/none")).StatusCode);
        Assert.Contains(_pipeline.Log.Lines, line => line.Contains("1 totals were not what the evidence says", StringComparison.Ordinal));

        await _pipeline.RunAsync("RecomputeKpis");
        Assert.Equal(0, (await AuditedAsync()).GetProperty("differences").GetInt32());
        Assert.False((await HealthAsync()).TryGetProperty("audit", out _));
    }

    private async Task<JsonElement> AuditedAsync()
    {
        await _pipeline.RunAsync("AuditTotals");
        return (await Pipeline.JsonAsync(await _pipeline.Http.GetAsync("/api/audits"))).GetProperty("audits")[0];
    }

    private async Task<JsonElement> HealthAsync() => await Pipeline.JsonAsync(await _pipeline.Http.GetAsync("/api/health/details"));
}
