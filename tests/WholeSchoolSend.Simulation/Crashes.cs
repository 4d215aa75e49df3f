using System.Globalization;
using WholeSchoolSend.Testing.Simulation;

namespace WholeSchoolSend.Simulation;

/// <summary>From one request on, one fault, or several in a row.</summary>
internal sealed class OneFault(int at, Fault fault, int times) : IFate
{
    private int _requests;

    public bool Struck { get; private set; }

    public int Choose(int of) => 0;

    public TimeSpan Duration() => TimeSpan.FromMilliseconds(1);

    public Fault FaultOf(PendingRequest request)
    {
        var here = _requests++ - at;
        if (here < 0 || here >= times) return Fault.None;
        Struck = true;
        return fault;
    }
}

/// <summary>Every operation with every fault at every one of its requests to storage, each in a world of its own; then everything recovers, and every promise must hold.</summary>
internal static class Crashes
{
    private static readonly DateTimeOffset Start = new(2026, 3, 28, 23, 58, 0, TimeSpan.Zero);

    // Short of a crash, three in a row are more than an attempt and its retries survive.
    private static readonly (Fault Fault, int Times)[] Faults =
    [
        (Fault.CrashBefore, 1), (Fault.CrashAfter, 1), (Fault.AnswerLost, 1), (Fault.AnswerLost, 4), (Fault.HappensLater, 1), (Fault.FailsAfter, 1),
        (Fault.Fails, 1), (Fault.Throttled, 1), (Fault.BreaksBefore, 1), (Fault.BreaksBefore, 4), (Fault.TimesOutBefore, 1),
    ];

    private static readonly Dictionary<string, (IReadOnlyList<ScriptEvent> Before, ScriptEvent Operation)> Cases = new(StringComparer.Ordinal)
    {
        ["receive"] = ([], new Deliver([R1])),
        ["receive several"] = ([], new Deliver([R1, R2, R3])),
        ["duplicate"] = ([new Deliver([R1])], new Deliver([R1])),
        ["revision that moves to another school"] = ([new Deliver([R1]), Recompute], new Deliver([R1 with { Urn = "100002", Answer = "not", Updated = Start.AddHours(1) }])),
        ["older version after the newer"] = ([new Deliver([R1 with { Answer = "not", Updated = Start.AddHours(1) }])], new Deliver([R1])),
        ["conflict"] = ([new Deliver([R2])], new Deliver([R2 with { Answer = "not", Submitted = R2.Submitted.AddSeconds(-1) }])),
        ["quarantine"] = ([], new Deliver([R3])),
        ["replay"] = ([new Deliver([R3]), new PutForm(2), new Pass(TimeSpan.FromMinutes(1))], new Due(Function.Replay)),
        ["announce"] = ([], new Announce(M1)),
        ["fetch"] = ([new Announce(M1)], new Due(Function.Fetch)),
        ["put instrument"] = ([new Deliver([R1, R2])], new PutForm(2)),
        ["remap"] = ([new Deliver([R1, R2, R4]), Recompute, new PutForm(3), new Pass(TimeSpan.FromMinutes(1))], Recompute),
        ["recompute"] = ([new Deliver([R1, R2]), Recompute, new Deliver([R4, R1 with { Urn = "100002", Updated = Start.AddHours(1) }])], Recompute),
        ["recompute of many schools"] = ([new Deliver(Many(30))], Recompute),
        ["import"] = ([], Poll("leaders-1.csv", 3)),
        ["import of a corrected file"] = ([Poll("leaders-1.csv", 3), Recompute], Poll("leaders-2.csv", 4)),
        ["import of a bad file"] = ([Poll("leaders-1.csv", 3)], Poll("leaders-2.csv", 4) with { IsGood = false }),
        ["import of a register file"] = ([new Deliver([R1])], new DropEngagements(["100003", "100004"], IsTold: true)),
        ["sweep"] = ([Poll("leaders-1.csv", 3) with { IsTold = false }], new Due(Function.Sweep)),
        ["withdraw"] = ([Poll("leaders-1.csv", 3), Recompute], new Withdraw("leaders-1.csv")),
        ["publish"] = ([new Deliver(Many(60)), Poll("leaders-1.csv", 3), Recompute], new Due(Function.Publish)),
        ["close"] = ([new Deliver(Many(60)), Recompute, new Due(Function.Publish)], new Close()),
        ["reissue"] = ([new Deliver(Many(60)), Recompute, new Close(), new Deliver([.. Many(120).Skip(60)])], new Reissue()),
        ["audit"] = ([new Deliver([R1, R2]), Poll("leaders-1.csv", 3), Recompute], new Due(Function.Audit)),
        ["erase by e-mail address"] = ([new Deliver([R1, R2, R3]), Poll("leaders-1.csv", 3), Recompute], Erase(ErasedBy.Email, R1.Key)),
        ["erase what waits in quarantine"] = ([new Deliver([R1, R3])], Erase(ErasedBy.Email, R3.Key)),
        ["erase by respondent"] = ([new Deliver([R2, R5]), Poll("leaders-1.csv", 3)], Erase(ErasedBy.Respondent, R5.Key)),
        ["erase by school"] = ([new Deliver([R1, R1 with { Urn = "100002", Updated = Start.AddHours(1) }, R2, R3]), Poll("leaders-1.csv", 3)], Erase(ErasedBy.School, "100001")),
        ["erase by response"] = ([new Deliver([R1, R2]), Recompute], Erase(ErasedBy.Response, R2.Id)),
        ["erase a response that was never here"] = ([new Deliver([R1])], Erase(ErasedBy.Response, R2.Id)),
        ["erase what waits to be fetched"] = ([new Announce(M1)], Erase(ErasedBy.Email, M1.Key)),
        ["erase out of a file nobody was told of"] = ([Poll("leaders-1.csv", 3) with { IsTold = false }], Erase(ErasedBy.Email, R1.Key)),
        ["erase out of a file that was withdrawn"] = ([Poll("leaders-1.csv", 3), new Withdraw("leaders-1.csv")], Erase(ErasedBy.Email, R1.Key)),
        ["erase out of a bad file"] = ([Poll("leaders-1.csv", 3) with { IsGood = false }], Erase(ErasedBy.Email, R1.Key)),
        ["second sweep"] = (
            [new Deliver([R1, R3]), Poll("leaders-1.csv", 3), Erase(ErasedBy.Email, R1.Key), Erase(ErasedBy.School, R3.Urn), new Pass(TimeSpan.FromHours(25))], new Due(Function.Erasures)),
        ["deliver what is erased"] = ([new Deliver([R1]), Erase(ErasedBy.Email, R1.Key)], new Deliver([R1, R2])),
        ["deliver what somebody erased said elsewhere"] = ([new Deliver([R1]), Erase(ErasedBy.Email, R1.Key)], new Deliver([R1 with { Id = "r6" }])),
        ["deliver what somebody erased said days later"] = ([new Deliver([R1]), Erase(ErasedBy.Email, R1.Key)], new Deliver([R1 with { Id = "r6", Submitted = Start.AddDays(10) }])),
        ["fetch what is erased"] = ([Erase(ErasedBy.Email, M1.Key), new Announce(M1)], new Due(Function.Fetch)),
        ["replay what is erased"] = ([new Deliver([R3]), Erase(ErasedBy.Email, R3.Key), new PutForm(2), new Pass(TimeSpan.FromMinutes(1))], new Due(Function.Replay)),
        ["import again without the erased"] = ([Poll("leaders-1.csv", 3), Erase(ErasedBy.Email, R1.Key)], Poll("leaders-1.csv", 3)),
        ["retention"] = ([new Deliver([R3])], new Due(Function.Retention)),
    };

    private static Due Recompute => new(Function.Recompute);

    private static Said R1 => new("leaders_json", "r1", "100001", "leader", "fully", 1.25m, "p1@school.example", Start.AddHours(-3), Start.AddHours(-2));

    private static Said R2 => new("leaders_json", "r2", "100001", "senco", "partly", 2, "p2@school.example", Start.AddHours(-3), null);

    private static Said R3 => new("leaders_json", "r3", "100003", "senco", "hardly", 0.75m, "p3@school.example", Start.AddHours(-3), null);

    private static Said R4 => new("leaders_json", "r4", "100001", "senco", "mostly", 1.5m, "p4@school.example", Start.AddHours(-3), null);

    private static Said M1 => new("leaders_monkey", "90210007001", "100001", "leader", "fully", 1, "m1@school.example", Start.AddHours(-1), Start.AddHours(-1));

    private static Said R5 => new("leaders_json", "r5", "100002", "senco", "fully", 1, "code-1005", Start.AddHours(-3), null);

    public static IEnumerable<string> Names => Cases.Keys;

    /// <summary>Runs the cases of these names; gives back how many worlds there were and what broke.</summary>
    public static (int Worlds, int Requests, IReadOnlyList<string> Broken) Run(IEnumerable<string> names, BrokenRules broken, Action<string> say)
    {
        var (worlds, requests, found) = (0, 0, new List<string>());
        foreach (var name in names)
        {
            var (before, operation) = Cases[name];
            var world = new World(new SimulatedAccount(), new VirtualTime(Start));
            var prepared = new Story(world, 1, _ => TimeSpan.Zero);
            prepared.SetUp();
            foreach (var what in before)
            {
                prepared.Begin(what);
                prepared.Finish();
            }
            var longest = 0;
            foreach (var (fault, times) in Faults)
                for (var at = 0; ; at++)
                {
                    var place = string.Create(CultureInfo.InvariantCulture, $"{name}, {fault}{(times > 1 ? $" {times} times" : "")} at request {at}");
                    var (struck, wrong, sent) = One(prepared, operation, new OneFault(at, fault, times), broken);
                    worlds++;
                    requests += sent;
                    if (wrong is not null)
                    {
                        found.Add($"{place}: {wrong}");
                        say(found[^1]);
                    }
                    if (!struck) break;
                    longest = Math.Max(longest, at + 1);
                }
            say($"{name}: {longest} requests");
        }
        return (worlds, requests, found);
    }

    private static (bool Struck, string? Broken, int Requests) One(Story prepared, ScriptEvent operation, OneFault fate, BrokenRules broken)
    {
        var world = new World(prepared.World.Account.Clone(), new VirtualTime(prepared.World.Time.Now));
        world.Account.Broken = broken;
        try
        {
            var story = new Story(world, 1, _ => TimeSpan.Zero, prepared);
            world.Fate = fate;
            story.Begin(operation);
            story.Finish();
            story.Recover();
            new Promises(story).Check();
            return (fate.Struck, null, world.Requests);
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            return (fate.Struck, $"{fault.GetType().Name} {fault.Message.Split('\n')[0]}", world.Requests);
        }
    }

    private static IReadOnlyList<Said> Many(int count) =>
    [
        .. Enumerable.Range(0, count).Select(index => new Said(
            "leaders_json", $"many{index}", Script.Schools[index % Script.Schools.Count], index % 3 == 0 ? "senco" : "leader", index % 5 < 3 ? "fully" : "partly", 1 + (index % 4 / 4m), $"many{index}@school.example",
            Start.AddHours(-3), null)),
    ];

    private static Erase Erase(ErasedBy by, string whom) => new(by, whom, Start.AddDays(5));

    private static DropPoll Poll(string file, int schools) => new(
        file,
        [
            .. Enumerable.Range(0, schools * 4).Select(row => new PollRow(
                Script.Schools[row % schools], "leader", row % 3 == 0 ? "not" : "fully", 1 + (row % 2 / 2m),
                row switch { 0 => R1.Key, 1 => R5.Key, _ => $"q{row}" }, $"8021{schools:000}{row:0000}")),
        ],
        IsGood: true, IsTold: true);
}
