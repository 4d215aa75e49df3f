using System.Diagnostics;
using System.Globalization;
using WholeSchoolSend.Testing;

namespace WholeSchoolSend.Load;

/// <summary>
/// Two instances under a steady rate, and every few seconds something breaks: an instance is killed, storage refuses, is slow, cuts connections, loses answers of
/// writes it made, listens no more, is stopped and started. Every response is sent until it is acknowledged; at the end the books are compared.
/// </summary>
/// <param name="Duration">how long things break; each kind breaks once even in less.</param>
/// <param name="Seed">decides what breaks when.</param>
internal sealed record FaultRun(TimeSpan Duration, int Seed, double Rate = 20)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public async Task<FaultResult> RunAsync(Action<string> tell)
    {
        using var disk = await SmallDisk.MakeAsync();
        await using var stack = await Stack.StartAsync(instances: 2, disk);
        var traffic = new Traffic(() => stack.Receivers);
        var random = new Random(Seed);
        var faults = new List<Fault>();
        using var ends = new CancellationTokenSource();
        var sending = traffic.AtRateAsync("under faults", Rate, TimeSpan.MaxValue, ends.Token);
        var began = Stopwatch.GetTimestamp();
        var kinds = Kinds.Where(kind => kind.CanBe(stack)).ToArray();
        foreach (var kind in Kinds.Except(kinds)) tell($"{kind.Name}: cannot be tried here ({kind.Needs})");
        // Each kind once, then as it comes.
        var deck = new Queue<int>(Enumerable.Range(0, kinds.Length).OrderBy(_ => random.Next()));
        while (Stopwatch.GetElapsedTime(began) < Duration || deck.Count > 0)
        {
            await Task.Delay(TimeSpan.FromSeconds(1 + (2 * random.NextDouble())));
            var kind = kinds[deck.TryDequeue(out var next) ? next : random.Next(kinds.Length)];
            var broke = Stopwatch.GetTimestamp();
            await kind.BreaksAsync(stack, random);
            var mended = Stopwatch.GetTimestamp();
            stack.Proxy.Mend();
            await AcknowledgesAgainAsync(traffic);
            faults.Add(new Fault(kind.Name, Stopwatch.GetElapsedTime(mended), traffic.LongestSilence(broke)));
            tell(string.Create(CultureInfo.InvariantCulture, $"{kind.Name}: acknowledged again after {faults[^1].Recovered.TotalSeconds:0.00} s, {faults[^1].Silent.TotalSeconds:0.00} s without"));
            foreach (var instance in Enumerable.Range(0, stack.Instances).Where(stack.IsDown)) await stack.StartInstanceAsync(instance);
        }
        await ends.CancelAsync();
        var phase = await sending;
        var again = await traffic.AgainAsync(8);
        var settled = await Books.SettleAsync(stack);
        return new FaultResult(faults, phase, again, traffic.Acknowledged, settled, await Books.ErrorsAsync(stack, traffic));
    }

    /// <summary>Waits for the next response that is acknowledged after a fault is over.</summary>
    private static async Task AcknowledgesAgainAsync(Traffic traffic)
    {
        var before = traffic.Acknowledged;
        var began = Stopwatch.GetTimestamp();
        while (traffic.Acknowledged == before)
        {
            if (Stopwatch.GetElapsedTime(began) > Patience) throw new TimeoutException("Nothing was acknowledged for a minute after the fault was over.");
            await Task.Delay(TimeSpan.FromMilliseconds(10));
        }
    }

    private sealed record Kind(string Name, Func<Stack, Random, Task> BreaksAsync, Func<Stack, bool> CanBe, string Needs)
    {
        public Kind(string name, Func<Stack, Random, Task> breaks)
            : this(name, breaks, _ => true, "")
        {
        }
    }

    private static readonly Kind[] Kinds =
    [
        new("one of two instances killed", (stack, random) => stack.KillAsync(random.Next(stack.Instances))),
        new("both instances killed, one started", async (stack, _) =>
        {
            await Task.WhenAll(Enumerable.Range(0, stack.Instances).Select(stack.KillAsync));
            await stack.StartInstanceAsync(0);
        }),
        new("storage answers 503 for 3 s", (stack, random) => ForAsync(3, () => stack.Proxy.Refuse(503, retryAfter: random.Next(1, 3)))),
        new("storage answers 500 for 3 s", (stack, _) => ForAsync(3, () => stack.Proxy.Refuse(500))),
        new("storage 400 ms slower for 4 s", (stack, _) => ForAsync(4, () => stack.Proxy.Slow(TimeSpan.FromMilliseconds(400)))),
        new("storage answers nothing for 5 s", (stack, _) => ForAsync(5, () => stack.Proxy.Slow(TimeSpan.FromMinutes(5)))),
        new("40 connections to storage break", (stack, _) => ForAsync(3, () => stack.Proxy.Break(40))),
        new("40 writes take effect, their answers are lost", (stack, _) => ForAsync(4, () => stack.Proxy.LoseAnswers(FaultProxy.IsTransaction, 40))),
        new("storage refuses connections for 3 s", async (stack, _) =>
        {
            await stack.Proxy.StopListeningAsync();
            await Task.Delay(TimeSpan.FromSeconds(3));
            await stack.Proxy.ListenAsync();
        }),
        new("clocks jump 10 minutes ahead and back", (stack, _) => JumpAsync(stack, TimeSpan.FromMinutes(10)), stack => stack.ClocksCanJump, "libfaketime"),
        new("clocks jump 10 minutes back and ahead", (stack, _) => JumpAsync(stack, TimeSpan.FromMinutes(-10)), stack => stack.ClocksCanJump, "libfaketime"),
        new("storage's disk is full for 7 s", FillAsync, stack => stack.Disk is { CanBeFull: true }, "the right to mount a small file system"),
        new("storage stopped and started", (stack, _) => stack.RestartStorageAsync(TimeSpan.FromSeconds(1))),
    ];

    private static async Task JumpAsync(Stack stack, TimeSpan by)
    {
        await stack.JumpAsync(by);
        await Task.Delay(TimeSpan.FromSeconds(4));   // a recompute by the wrong clock
        await stack.JumpAsync(TimeSpan.Zero);
    }

    private static async Task FillAsync(Stack stack, Random random)
    {
        stack.Disk!.Fill();
        try
        {
            await Task.Delay(TimeSpan.FromSeconds(7));   // it saves every 5 s
        }
        finally
        {
            stack.Disk.Free();
        }
    }

    private static Task ForAsync(double seconds, Action begin)
    {
        begin();
        return Task.Delay(TimeSpan.FromSeconds(seconds));
    }
}

/// <summary>One thing that broke.</summary>
/// <param name="Recovered">from when it was over until the next response was acknowledged.</param>
/// <param name="Silent">the longest time without an acknowledgement, from when it began.</param>
internal sealed record Fault(string Name, TimeSpan Recovered, TimeSpan Silent);

/// <summary>What a run came to; see <see cref="LoadResult"/>.</summary>
internal sealed record FaultResult(IReadOnlyList<Fault> Faults, Phase Phase, Phase Again, int Acknowledged, TimeSpan Settled, IReadOnlyList<string> Errors);
