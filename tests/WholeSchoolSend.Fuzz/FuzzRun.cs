using System.Diagnostics;
using System.Security.Cryptography;

namespace WholeSchoolSend.Fuzz;

/// <summary>Feeds a target for some minutes and keeps every input it fails on, is slow on or wastes memory on.</summary>
internal sealed class FuzzRun(IFuzzTarget target, string output)
{
    /// <summary>An input that takes more of the processor is a finding.</summary>
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(2);

    /// <summary>One that takes this long is taken for a hang: nothing but the end of the process ends it.</summary>
    private static readonly TimeSpan Hang = TimeSpan.FromMinutes(2);

    private readonly SortedDictionary<string, long> _outcomes = new(StringComparer.Ordinal);
    private readonly HashSet<string> _findings = new(StringComparer.Ordinal);
    private byte[] _running = [];
    private long _slowest, _mostAllocated;

    public async Task<int> RunAsync(IReadOnlyList<byte[]> seeds, TimeSpan duration, int seed, CancellationToken cancellation)
    {
        Console.WriteLine($"{target.Name}: {seeds.Count} seeds, {duration.TotalMinutes} minutes, seed {seed}");
        var mutation = new Mutation(seeds);
        foreach (var input in seeds) await RunAsync(input, "a seed as it is", cancellation);   // also what is allocated once
        (_slowest, _mostAllocated) = (0, 0);
        var clock = Stopwatch.StartNew();
        var inputs = 0;
        for (; clock.Elapsed < duration; inputs++)
            await RunAsync(Input(mutation, seeds, new Random(HashCode(seed, inputs))), $"--seed {seed}, input {inputs}", cancellation);
        Console.WriteLine($"{inputs} inputs in {clock.Elapsed.TotalMinutes:F1} minutes; slowest {_slowest} ms; most allocated {_mostAllocated >> 10} KB; {_findings.Count} findings");
        foreach (var (outcome, count) in _outcomes) Console.WriteLine($"  {count,10} {outcome}");
        return _findings.Count == 0 ? 0 : 1;
    }

    private byte[] Input(Mutation mutation, IReadOnlyList<byte[]> seeds, Random random) =>
        (seeds.Count > 0 && random.Next(4) > 0 ? target.Mutated(seeds, random) : null) ?? mutation.Input(random);

    public async Task<int> ReplayAsync(string file, CancellationToken cancellation)
    {
        var input = await File.ReadAllBytesAsync(file, cancellation);
        await RunAsync(input, file, cancellation);   // the second time, what is allocated once is not counted
        await RunAsync(input, file, cancellation);
        Console.WriteLine($"slowest {_slowest} ms; most allocated {_mostAllocated >> 10} KB; {string.Join(", ", _outcomes.Keys)}");
        return _findings.Count == 0 ? 0 : 1;
    }

    private async Task RunAsync(byte[] input, string origin, CancellationToken cancellation)
    {
        _running = input;
        await using var watch = new Timer(_ => GiveUp(input, origin), null, Hang, Timeout.InfiniteTimeSpan);
        var (before, clock) = (GC.GetTotalAllocatedBytes(), Environment.CpuUsage.TotalTime);
        string outcome;
        try
        {
            outcome = await target.RunAsync(input, cancellation);
        }
        catch (Exception fault)   // finding out which ones there are is what this program is for
        {
            outcome = "EXCEPTION " + fault.GetType().Name;
            Keep(input, origin, $"{fault.GetType().Name}: {fault.Message}\n{fault.StackTrace}", fault.GetType().Name + fault.StackTrace?.Split('\n')[0]);
        }
        var (milliseconds, allocated) = ((long)(Environment.CpuUsage.TotalTime - clock).TotalMilliseconds, GC.GetTotalAllocatedBytes() - before);
        _outcomes[outcome] = _outcomes.GetValueOrDefault(outcome) + 1;
        (_slowest, _mostAllocated) = (Math.Max(_slowest, milliseconds), Math.Max(_mostAllocated, allocated));
        if (milliseconds > Slow.TotalMilliseconds) Keep(input, origin, $"slow: {milliseconds} ms for {input.Length} bytes", "slow");
        if (allocated > target.AllocationLimit(input.Length)) Keep(input, origin, $"memory: {allocated} bytes for {input.Length}", "memory");
    }

    private void GiveUp(byte[] input, string origin)
    {
        if (!ReferenceEquals(input, _running)) return;
        Keep(input, origin, "hang", "hang");
        Environment.Exit(2);
    }

    // One input of each kind is enough to mend it.
    private void Keep(byte[] input, string origin, string what, string kind)
    {
        if (!_findings.Add(kind)) return;
        Directory.CreateDirectory(output);
        var file = Path.Combine(output, $"{target.Name}-{Convert.ToHexStringLower(SHA256.HashData(input))[..16]}.bin");
        File.WriteAllBytes(file, input);
        Console.WriteLine($"{file} ({origin}): {what}");
    }

    private static int HashCode(int seed, int input) => unchecked(seed * 1_000_003 + input);
}
