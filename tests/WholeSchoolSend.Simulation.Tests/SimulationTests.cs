using System.Diagnostics;

namespace WholeSchoolSend.Simulation.Tests;

/// <summary>
/// Some worlds of the simulation in every test run, and that it would notice. It runs in a process of its own, because it tells by the threads of its process
/// when nothing runs any more.
/// </summary>
public sealed class SimulationTests
{
    [Fact]
    public async Task Every_promise_holds_in_the_worlds_of_the_first_seeds()
    {
        var (exit, said) = await RunAsync("--seeds", "1..25");
        Assert.True(exit == 0, said);
        Assert.Contains("25 seeds", said, StringComparison.Ordinal);
        Assert.Contains("CrashAfter", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("receive")]
    [InlineData("duplicate")]
    [InlineData("put instrument")]
    public async Task Every_promise_holds_whatever_befalls_any_request_of(string operation)
    {
        var (exit, said) = await RunAsync("--exhaustive", "--only", operation);
        Assert.True(exit == 0, said);
        Assert.Contains("0 failed", said, StringComparison.Ordinal);
    }

    /// <summary>A simulation that finds nothing where a rule of storage is broken proves nothing where it holds.</summary>
    [Theory]
    [InlineData("InsertOverwrites")]
    [InlineData("ReadsStaleRanges")]
    [InlineData("DoesWhatItCan")]
    public async Task A_broken_rule_of_storage_is_found_within_a_few_seeds(string rule)
    {
        var (exit, said) = await RunAsync("--seeds", "1..10", "--findings", "1", "--break", rule);
        Assert.True(exit == 1, said);
        Assert.Contains("promise", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_same_seed_makes_the_same_world()
    {
        var (_, once) = await RunAsync("--replay", "2");
        var (_, again) = await RunAsync("--replay", "2");
        Assert.True(once.Length > 10_000);
        Assert.Equal(once, again);
    }

    private static async Task<(int Exit, string Said)> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "WholeSchoolSend.Simulation.dll"));
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var (said, faults) = (process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        try
        {
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
        finally
        {
            if (!process.HasExited) process.Kill();
        }
        return (process.ExitCode, await said + await faults);
    }
}
