using WholeSchoolSend.Testing.Simulation;

namespace WholeSchoolSend.Simulation;

/// <summary>Chance, from a seed: who is next, what befalls them, how long it takes.</summary>
internal sealed class Chance(int seed, IReadOnlySet<int>? spared = null) : IFate
{
    private static readonly Fault[] Kinds =
        [Fault.Fails, Fault.Throttled, Fault.BreaksBefore, Fault.TimesOutBefore, Fault.AnswerLost, Fault.AnswerLost, Fault.FailsAfter, Fault.HappensLater, Fault.CrashBefore, Fault.CrashAfter];

    private readonly Random _random = new(seed);
    // Some worlds are calm, some rough.
    private readonly int _inTenThousand = ((int[])[0, 30, 150, 600, 1_500])[new Random(seed * 31).Next(5)];
    private readonly bool _isSlow = new Random(seed * 37).Next(6) == 0;

    /// <summary>Requests that something befell.</summary>
    public List<int> Struck { get; } = [];

    public int Choose(int of) => _random.Next(of);

    public Fault FaultOf(PendingRequest request)
    {
        var (strikes, kind) = (_random.Next(10_000) < _inTenThousand, Kinds[_random.Next(Kinds.Length)]);
        if (!strikes || spared?.Contains(request.Number) == true) return Fault.None;
        // A crash is rarer than a fault, or nothing would ever end.
        if (kind is Fault.CrashBefore or Fault.CrashAfter && _random.Next(2) == 0) kind = Fault.AnswerLost;
        if (kind == Fault.HappensLater && request.Request.Method is "GET" or "HEAD") kind = Fault.BreaksBefore;
        Struck.Add(request.Number);
        return kind;
    }

    public TimeSpan Duration() => TimeSpan.FromMilliseconds(_isSlow ? _random.Next(600) : _random.Next(25));
}

/// <summary>How one world came to its end.</summary>
internal sealed record Ending(Script Script, string? Broken, Exception? Fault, World World, IReadOnlyList<int> Struck);

/// <summary>A world for each seed.</summary>
internal static class Seeds
{
    public static Ending Run(int seed, BrokenRules broken = BrokenRules.None, Script? script = null, IReadOnlySet<int>? spared = null, bool traced = false)
    {
        var told = script ?? Script.From(seed);
        var random = new Random(seed * 41);
        var account = new SimulatedAccount();
        var world = new World(account, new VirtualTime(told.Start), traced);
        var chance = new Chance(seed, spared);
        try
        {
            var story = new Story(world, 1 + random.Next(3), index => index == 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(random.Next(-12, 13)), vendorTrouble: ((int[])[0, 2, 3, 7])[new Random(seed * 43).Next(4)]);
            story.SetUp();
            account.Broken = broken;
            account.PageSize = most => random.Next(4) == 0 ? random.Next(Math.Min(most, 5)) : most;
            world.Fate = chance;
            story.Tell(told.Events);
            story.Recover();
            new Promises(story).Check();
            return new Ending(told, null, null, world, chance.Struck);
        }
        catch (PromiseBrokenException fault)
        {
            return new Ending(told, fault.Message, fault, world, chance.Struck);
        }
        // Whatever the app throws when nothing goes wrong any more is a finding as well.
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            return new Ending(told, $"{fault.GetType().Name}: {fault.Message.Split('\n')[0]}", fault, world, chance.Struck);
        }
    }

    /// <summary>Leaves out whatever is not needed to fail: events, then faults. Days that go by stay, or what comes after them would be submitted before its time.</summary>
    public static (Script Script, IReadOnlySet<int> Spared, Ending Ending) Shrink(int seed, BrokenRules broken, Ending failed)
    {
        var (script, spared, ending) = (failed.Script, new HashSet<int>(), failed);
        for (var part = Math.Max(1, script.Events.Count / 2); part >= 1; part /= 2)
            for (var at = 0; at < script.Events.Count;)
            {
                var fewer = script with { Events = [.. script.Events.Take(at), .. script.Events.Skip(at).Take(part).OfType<Later>(), .. script.Events.Skip(at + part)] };
                if (fewer.Events.Count < script.Events.Count && Run(seed, broken, fewer, spared) is { Broken: not null } still) (script, ending) = (fewer, still);
                else at += part;
            }
        foreach (var fault in ending.Struck.ToList())
        {
            HashSet<int> more = [.. spared, fault];
            if (Run(seed, broken, script, more) is { Broken: not null } still) (spared, ending) = (more, still);
        }
        return (script, spared, ending);
    }
}
