using System.Globalization;

namespace WholeSchoolSend.Load;

/// <summary>
/// As much as one Azurite takes, then a steady rate for long, then twice as much as it takes, with KPIs recomputed every five seconds and published every ten all
/// the while; at the end the books are compared.
/// </summary>
/// <param name="Soak">how long the steady part lasts; the others last a third of it, 20 seconds at most.</param>
/// <param name="Rate">responses a second of the steady part.</param>
internal sealed record LoadRun(TimeSpan Soak, double Rate = 20)
{
    private const int Senders = 8;

    private TimeSpan Short => TimeSpan.FromSeconds(Math.Min(20, Soak.TotalSeconds / 3));

    public async Task<LoadResult> RunAsync(Action<string> tell)
    {
        await using var stack = await Stack.StartAsync(instances: 1, disk: null);
        var traffic = new Traffic(() => stack.Receivers);
        var memory = new List<(string During, double Megabytes)>();
        var during = "warm-up";
        using var ends = new CancellationTokenSource();
        var watching = Task.Run(async () =>
        {
            while (!ends.IsCancellationRequested)
            {
                lock (memory) memory.Add((during, stack.Megabytes));
                await Task.Delay(TimeSpan.FromSeconds(1));
            }
        });
        var phases = new List<Phase>();
        async Task<Phase> During(string name, Task<Phase> phase)
        {
            (during, var done) = (name, await phase);
            tell(Line(done));
            phases.Add(done);
            return done;
        }

        await traffic.AtOnceAsync("warm-up", Senders, TimeSpan.FromSeconds(3));
        during = "at once";
        var most = await During(during, traffic.AtOnceAsync($"{Senders} senders at once", Senders, Short));
        during = "steady";
        await During(during, traffic.AtRateAsync("a steady rate", Rate, Soak));
        during = "twice";
        await During(during, traffic.AtRateAsync("twice what it takes", 2 * most.PerSecond, Short));
        during = "again";
        await During(during, traffic.AgainAsync(Senders));
        var settled = await Books.SettleAsync(stack);
        await ends.CancelAsync();
        await watching;
        var errors = await Books.ErrorsAsync(stack, traffic);
        return new LoadResult(phases, memory, traffic.Acknowledged, settled, errors);
    }

    public static string Line(Phase phase) => string.Create(
        CultureInfo.InvariantCulture,
        $"{phase.Name}: {phase.PerSecond:0} a second, p50 {phase.Within(0.5):0.0} ms, p95 {phase.Within(0.95):0.0}, p99 {phase.Within(0.99):0.0}{(phase.LongestRefusal > 0 ? $", 503 within {phase.LongestRefusal:0}" : "")}; {string.Join(", ", phase.Answers.OrderBy(answer => answer.Key, StringComparer.Ordinal).Select(answer => $"{answer.Value} x {answer.Key}"))}");
}

/// <summary>What a run came to.</summary>
/// <param name="Memory">of the process in MB, every second, and in which part.</param>
/// <param name="Settled">from the last response until every one was in the totals.</param>
/// <param name="Errors">what does not hold in the books; none is what must be.</param>
internal sealed record LoadResult(IReadOnlyList<Phase> Phases, IReadOnlyList<(string During, double Megabytes)> Memory, int Acknowledged, TimeSpan Settled, IReadOnlyList<string> Errors)
{
    public double MostMegabytes(string during) => Memory.Where(sample => sample.During == during).Select(sample => sample.Megabytes).DefaultIfEmpty().Max();

    /// <summary>Megabytes an hour over the second half of the steady part, by least squares.</summary>
    public double Growth
    {
        get
        {
            var steady = Memory.Where(sample => sample.During == "steady").Select(sample => sample.Megabytes).ToList();
            var half = steady.Skip(steady.Count / 2).ToList();
            if (half.Count < 2) return double.NaN;
            var (middle, mean) = ((half.Count - 1) / 2.0, half.Average());
            return 3600 * half.Select((value, second) => (second - middle) * (value - mean)).Sum() / half.Select((_, second) => (second - middle) * (second - middle)).Sum();
        }
    }
}
