using System.Diagnostics;
using System.Globalization;
using WholeSchoolSend.Testing.Simulation;

namespace WholeSchoolSend.Simulation;

/// <summary>What the program can be asked.</summary>
internal static class Commands
{
    public static int Run(string[] args)
    {
        string? Option(string name) => Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : null;
        var broken = Option("--break") is { } rule ? Enum.Parse<BrokenRules>(rule, ignoreCase: true) : BrokenRules.None;
        if (Option("--replay") is { } replay) return Replay(int.Parse(replay, CultureInfo.InvariantCulture), broken);
        if (args.Contains("--exhaustive")) return Exhaustive(Option("--only") is { } only ? [only] : Crashes.Names, broken);
        if (Option("--seeds") is { } seeds) return Many(seeds, broken, Option("--findings") is { } most ? int.Parse(most, CultureInfo.InvariantCulture) : int.MaxValue, args.Contains("--shrink"));
        Console.Error.WriteLine("""
            --seeds 1..1000 [--findings n] [--shrink]   a world for each seed
            --replay 17                                 one of them again, traced, and its smallest script if it fails
            --exhaustive [--only recompute]             every fault at every request of every operation
            --break IgnoresIfMatch                      with a rule of the service broken
            """);
        return 2;
    }

    private static int Many(string range, BrokenRules broken, int most, bool shrinks)
    {
        var ends = range.Split("..").Select(end => int.Parse(end, CultureInfo.InvariantCulture)).ToArray();
        var (watch, requests, events, failed) = (Stopwatch.StartNew(), 0L, 0L, new List<int>());
        var faults = new SortedDictionary<Fault, long>();
        var run = 0;
        for (var seed = ends[0]; seed <= ends[^1] && failed.Count < most; seed++)
        {
            var ending = Seeds.Run(seed, broken);
            run++;
            requests += ending.World.Requests;
            events += ending.Script.Events.Count;
            foreach (var (fault, count) in ending.World.Faults) faults[fault] = faults.GetValueOrDefault(fault) + count;
            if (ending.Broken is null) continue;
            failed.Add(seed);
            Console.WriteLine($"seed {seed}: {ending.Broken}");
            if (shrinks) Tell(seed, broken, ending);
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{run} seeds, {events} events, {requests} requests, {failed.Count} failed, {watch.Elapsed.TotalSeconds:F1} s; {string.Join(", ", faults.Where(one => one.Key != Fault.None).Select(one => $"{one.Value} {one.Key}"))}"));
        return failed.Count == 0 ? 0 : 1;
    }

    private static int Exhaustive(IEnumerable<string> names, BrokenRules broken)
    {
        var watch = Stopwatch.StartNew();
        var (worlds, requests, found) = Crashes.Run(names, broken, Console.WriteLine);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{worlds} worlds, {requests} requests, {found.Count} failed, {watch.Elapsed.TotalSeconds:F1} s"));
        return found.Count == 0 ? 0 : 1;
    }

    private static int Replay(int seed, BrokenRules broken)
    {
        var ending = Seeds.Run(seed, broken, traced: true);
        Console.WriteLine(ending.World.Trace);
        if (ending.Broken is null)
        {
            Console.WriteLine($"seed {seed}: every promise held");
            return 0;
        }
        Console.WriteLine($"seed {seed}: {ending.Broken}\n{ending.Fault}");
        Tell(seed, broken, ending);
        return 1;
    }

    private static void Tell(int seed, BrokenRules broken, Ending failed)
    {
        var (script, spared, ending) = Seeds.Shrink(seed, broken, failed);
        Console.WriteLine($"smallest script, of {failed.Script.Events.Count} events and {failed.Struck.Count} faults: {ending.Broken}");
        foreach (var what in script.Events) Console.WriteLine($"  {what}");
        Console.WriteLine(Seeds.Run(seed, broken, script, spared, traced: true).World.Trace);
    }
}
