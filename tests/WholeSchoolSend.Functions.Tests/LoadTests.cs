using Azure.Data.Tables;
using WholeSchoolSend.Load;

namespace WholeSchoolSend.Functions.Tests;

/// <summary>A little of what <c>tests/WholeSchoolSend.Load</c> does for longer: load, and faults under it, on the real program in processes of its own.</summary>
[Trait("Needs", "Azurite")]
public sealed class LoadTests
{
    /// <summary>About 210 MB at rest, 290 at twice what it takes; what grew with what waits would be far beyond this.</summary>
    private const double MostMegabytes = 600;

    [Fact]
    public async Task At_twice_what_storage_takes_it_refuses_in_time_and_loses_nothing()
    {
        var run = await new LoadRun(TimeSpan.FromMinutes(1)).RunAsync(Tell);
        Assert.Empty(run.Errors);
        // A 503 without Retry-After is told as such.
        Assert.All(run.Phases.SelectMany(phase => phase.Answers.Keys), answer => Assert.Contains(answer, (string[])["200", "503"]));
        Assert.True(run.Acknowledged > 300, $"{run.Acknowledged} responses are no load.");
        // What it does not take it says so of; on a machine that is quicker by then than it was at once, it takes all.
        var twice = run.Phases.Single(phase => phase.Name == "twice what it takes");
        Assert.True(twice.Answers.ContainsKey("503") || twice.PerSecond >= 0.95 * twice.Offered, $"{LoadRun.Line(twice)} of {twice.Offered:0} a second");
        Assert.InRange(run.Memory.Max(sample => sample.Megabytes), 1, MostMegabytes);
    }

    [Fact]
    public async Task Whatever_breaks_nothing_is_lost_and_nothing_counts_twice()
    {
        var run = await new FaultRun(TimeSpan.Zero, Seed: 1).RunAsync(Tell);
        Assert.Empty(run.Errors);
        Assert.True(run.Faults.DistinctBy(fault => fault.Name).Count() >= 10, "Each kind of fault is tried.");
        Assert.Contains(run.Phase.Answers, answer => answer.Key != "200");   // something was felt of them
    }

    [Fact]
    public async Task Books_that_do_not_agree_are_told()
    {
        await using var stack = await Stack.StartAsync(instances: 1, disk: null);
        var traffic = new Traffic(() => stack.Receivers);
        await traffic.AtRateAsync("some", 20, TimeSpan.FromSeconds(1));
        await Books.SettleAsync(stack);
        Assert.Empty(await Books.ErrorsAsync(stack, traffic));

        var evidence = new TableClient(stack.Undisturbed, "Evidence");
        var row = await evidence.QueryAsync<TableEntity>(row => row.PartitionKey == "senders" && row.RowKey.CompareTo("R~") >= 0 && row.RowKey.CompareTo("R~~") < 0).FirstAsync(TestContext.Current.CancellationToken);
        await evidence.DeleteEntityAsync(row.PartitionKey, row.RowKey, row.ETag, TestContext.Current.CancellationToken);
        Assert.StartsWith("responses stored: ", Assert.Single(await Books.ErrorsAsync(stack, traffic)), StringComparison.Ordinal);

        var totals = await evidence.QueryAsync<TableEntity>(row => row.PartitionKey == "senders" && row.RowKey.CompareTo("S~") >= 0 && row.RowKey.CompareTo("S~~") < 0).FirstAsync(row => row.GetBinary("Json0") is not null, TestContext.Current.CancellationToken);
        await evidence.AddEntityAsync(new TableEntity(totals.PartitionKey, totals.RowKey + "-again") { ["Json0"] = totals.GetBinary("Json0") }, TestContext.Current.CancellationToken);
        Assert.Contains(await Books.ErrorsAsync(stack, traffic), error => error.StartsWith("people in the totals: ", StringComparison.Ordinal));
    }

    private static void Tell(string line) => TestContext.Current.TestOutputHelper?.WriteLine(line);
}
