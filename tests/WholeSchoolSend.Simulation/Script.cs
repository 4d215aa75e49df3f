using System.Globalization;

namespace WholeSchoolSend.Simulation;

/// <summary>One version of what a respondent said.</summary>
/// <param name="Updated">null where the tool has no revisions.</param>
internal sealed record Said(string Source, string Id, string Urn, string Role, string Answer, decimal Weight, string Key, DateTimeOffset Submitted, DateTimeOffset? Updated)
{
    /// <summary>A number that is in whatever holds an answer to this response, and in nothing else. No vendor sends one beside its own id.</summary>
    public string Mark => Source == "leaders_json" ? $"9021{(int)Id[0]:000}{int.Parse(Id.TrimStart([.. "abcdefghijklmnopqrstuvwxyz"]), CultureInfo.InvariantCulture):0000}" : Id;
}

/// <summary>One row of a poll file.</summary>
/// <param name="Mark">a number that is in whatever holds this row, and in nothing else.</param>
internal sealed record PollRow(string Urn, string Role, string Answer, decimal Weight, string Key, string Mark);

/// <summary>
/// Something that happens to the system from outside. What a new kind does is a case of <see cref="Story.Begin"/>, what it means for the figures one of
/// <see cref="Oracle"/>.
/// </summary>
internal abstract record ScriptEvent
{
    public int Number { get; init; }

    public sealed override string ToString() => $"{Number} {Text}";

    protected abstract string Text { get; }
}

/// <summary>A survey tool posts responses, and again until it is told that they were taken.</summary>
internal sealed record Deliver(IReadOnlyList<Said> Responses) : ScriptEvent
{
    protected override string Text => $"deliver {string.Join(", ", Responses.Select(one => string.Create(CultureInfo.InvariantCulture,
        $"{one.Source}/{one.Id} {one.Urn} {one.Role} {one.Answer} {one.Weight} {one.Key} submitted {one.Submitted:HH:mm:ss}{(one.Updated is { } updated ? $" updated {updated:HH:mm:ss}" : "")}")))}";
}

/// <summary>A vendor has a response and posts an event that says so, without its answers.</summary>
internal sealed record Announce(Said Response) : ScriptEvent
{
    protected override string Text => $"announce {Response.Id} {Response.Urn} {Response.Answer}";
}

/// <summary>A pollster drops a file; the trigger runs, unless its message is lost.</summary>
/// <param name="IsGood">otherwise it has a row nobody can use.</param>
internal sealed record DropPoll(string File, IReadOnlyList<PollRow> Rows, bool IsGood, bool IsTold) : ScriptEvent
{
    protected override string Text => $"drop poll {File}, {Rows.Count} rows{(IsGood ? "" : ", bad")}{(IsTold ? "" : ", untold")}";
}

/// <summary>A list of engaged schools takes the place of the one before.</summary>
internal sealed record DropEngagements(IReadOnlyList<string> Urns, bool IsTold) : ScriptEvent
{
    protected override string Text => $"drop engagements of {string.Join(' ', Urns)}{(IsTold ? "" : ", untold")}";
}

/// <summary>An operator mends the instrument of the form.</summary>
internal sealed record PutForm(int Version) : ScriptEvent
{
    protected override string Text => $"put instrument leaders-form version {Version}";
}

/// <summary>An operator closes the round of fieldwork that the form belongs to.</summary>
internal sealed record Close : ScriptEvent
{
    protected override string Text => "close";
}

/// <summary>An operator issues a closed round again.</summary>
internal sealed record Reissue : ScriptEvent
{
    protected override string Text => "reissue";
}

/// <summary>An operator takes out what a file brought.</summary>
internal sealed record Withdraw(string File) : ScriptEvent
{
    protected override string Text => $"withdraw {File}";
}

/// <summary>Whom or what an erasure names.</summary>
internal enum ErasedBy
{
    Email,
    Respondent,
    School,
    Response,
}

/// <summary>An operator has somebody erased.</summary>
/// <param name="Until">between what was surely submitted up to a day after the request and what surely was not.</param>
internal sealed record Erase(ErasedBy By, string Whom, DateTimeOffset Until) : ScriptEvent
{
    protected override string Text => $"erase by {By} {Whom}";
}

/// <summary>A timer is due, or an operator runs it.</summary>
internal sealed record Due(Function Function) : ScriptEvent
{
    protected override string Text => $"run {Function}";
}

/// <summary>Time passes.</summary>
internal sealed record Pass(TimeSpan By) : ScriptEvent
{
    protected override string Text => $"pass {By}";
}

/// <summary>Everybody has what they asked for, and days go by.</summary>
internal sealed record Later(TimeSpan By) : ScriptEvent
{
    protected override string Text => $"{By} later";
}

/// <summary>What timers run, and operators.</summary>
internal enum Function
{
    Recompute,
    Publish,
    Sweep,
    Audit,
    Fetch,
    Replay,
    Retention,
    Erasures,
}

/// <summary>What happens in one world, from outside, in order.</summary>
internal sealed record Script(DateTimeOffset Start, IReadOnlyList<ScriptEvent> Events)
{
    public const int Newest = 3;
    private const int MostErasures = 3;

    public static readonly IReadOnlyList<string> Schools = [.. Enumerable.Range(1, 24).Select(number => $"{100_000 + number}")];
    public static readonly IReadOnlyList<string> Engaged = [.. Schools.Where((_, index) => index % 2 == 0)];

    // The evenings before the clocks change in London, either way, a year's end, and no day in particular.
    private static readonly DateTimeOffset[] Starts =
    [
        new(2026, 3, 28, 21, 0, 0, TimeSpan.Zero), new(2026, 10, 24, 21, 0, 0, TimeSpan.Zero), new(2026, 12, 31, 22, 30, 0, TimeSpan.Zero), new(2026, 6, 30, 9, 0, 0, TimeSpan.Zero),
    ];

    /// <summary>The code of an answer by a version of the form's instrument; null: it does not know the answer.</summary>
    public static string? Code(string answer, int version) => (answer, version) switch
    {
        ("hardly", 1) => null,
        ("hardly", _) => "not",
        ("mostly", 1 or 2) => "partly",
        ("mostly", _) => "fully",
        _ => answer,
    };

    public static Script From(int seed)
    {
        var random = new Random(seed);
        var start = Starts[random.Next(Starts.Length)];
        var events = new List<ScriptEvent>();
        var people = 3 + random.Next(random.Next(4) == 0 ? 60 : 14);
        // Few schools meet in the same rows; of many more than a tenth change, and all are recomputed at once.
        var schools = random.Next(3) == 0 ? Schools.Count : 7;
        var files = 0;
        var erased = new List<Erase>();
        var onTheWay = 0;
        var today = start;
        DropPoll? dropped = null;
        var isDroppedAgain = false;
        var version = 1;
        var said = new List<Said>();
        var closed = false;
        var length = 12 + random.Next(45);
        for (var index = 0; index < length; index++)
        {
            var kind = random.Next(36);
            // A recompute before it, or another beside it.
            if (kind is 21 or 22) events.Add(new Due(kind == 21 ? Function.Recompute : Function.Publish) { Number = index });
            ScriptEvent next = kind switch
            {
                < 13 => new Deliver([.. Enumerable.Range(0, random.Next(4) == 0 ? 1 + random.Next(5) : 1).Select(_ => Response(index))]),
                < 15 => Announced(index),
                15 or 16 => Dropped(),
                17 => new DropEngagements([.. Schools.Where(_ => random.Next(2) == 0).DefaultIfEmpty(Schools[0])], random.Next(5) > 0),
                18 when version < Newest => new PutForm(++version),
                19 when !closed && index > 8 => Closing(),
                20 when closed => new Reissue(),
                21 or 22 => new Due(Function.Publish),
                23 => new Due(Function.Sweep),
                24 => new Due(Function.Audit),
                25 => new Due(Function.Fetch),
                26 => new Due(random.Next(3) == 0 ? Function.Retention : Function.Replay),
                30 when dropped is not null && !isDroppedAgain => new Withdraw(dropped.File),
                31 when dropped is not null => Again(),
                32 or 33 when erased.Count < MostErasures && said.Count > 0 => Erasing(),
                34 => new Due(Function.Erasures),
                27 => new Pass(TimeSpan.FromSeconds(random.Next(5) switch { 0 => 4_000, 1 => 950, 2 => 70, _ => 5 })),
                _ => new Due(Function.Recompute),
            };
            events.Add(next with { Number = index });
        }
        return new Script(start, events);

        Said Response(int index)
        {
            // Said again word for word, said otherwise, or new.
            var mine = said.Where(one => one.Source == "leaders_json").ToList();
            if (mine.Count > 0 && random.Next(4) == 0) return mine[random.Next(mine.Count)];
            if (erased.Count > 0 && random.Next(5) == 0) return OnTheWay(index);
            var id = random.Next(people);
            var before = said.Where(one => one.Id == $"r{id}").ToList();
            // Of one response all versions are dated, or none but the one that was submitted first counts.
            var submitted = start.AddHours(-2).AddMinutes(id).AddSeconds(before.Count);
            var response = new Said(
                "leaders_json", $"r{id}", School(), Role(), Pick("fully", "partly", "not", "dk", "mostly", "mostly", "hardly"), Weight(), Key(id),
                submitted, id % 3 == 0 ? null : start.AddMinutes(random.Next(300)).AddSeconds(said.Count));
            said.Add(response);
            return response;
        }

        // Submitted within a day of the request, or days later and after it: by whom was erased as a person, or at the school that was.
        Said OnTheWay(int index)
        {
            var whom = erased[random.Next(erased.Count)];
            var isLate = random.Next(2) == 0;
            if (isLate && whom.Until > today)
            {
                today = today.AddDays(11);
                events.Add(new Later(TimeSpan.FromDays(11)) { Number = index });
            }
            var response = new Said(
                "leaders_json", $"{(isLate ? 'l' : 'w')}{++onTheWay}", whom.By == ErasedBy.School ? whom.Whom : School(), Role(), Pick("fully", "partly", "not", "hardly"), Weight(),
                whom.By is ErasedBy.Email or ErasedBy.Respondent ? whom.Whom : $"w{onTheWay}@school.example", (isLate ? today.AddDays(-1) : whom.Until.AddDays(-4).AddHours(-1)).AddSeconds(onTheWay), null);
            said.Add(response);
            return response;
        }

        DropPoll Dropped()
        {
            var known = Enumerable.Range(0, people).Select(Key).Distinct().Where(_ => random.Next(3) == 0).ToList();
            var count = 1 + random.Next(random.Next(5) == 0 ? 150 : 25);
            files++;
            isDroppedAgain = false;
            // The last row is of nobody who is ever erased: a file of which nothing is left is another story.
            return dropped = new DropPoll(
                $"leaders-{files}.csv",
                [
                    .. Enumerable.Range(0, count + 1).Select(row => new PollRow(
                        row == count ? Schools[^1] : School(), Role(), Pick("fully", "partly", "not", "dk"), Weight(),
                        row < count && row < known.Count ? known[row] : $"q{row}", $"8021{files:000}{row:0000}")),
                ],
                random.Next(4) > 0, random.Next(5) > 0);
        }

        DropPoll Again()
        {
            isDroppedAgain = true;
            return dropped with { IsTold = random.Next(5) > 0 };
        }

        Erase Erasing()
        {
            var one = said[random.Next(said.Count)];
            var by = random.Next(4) switch
            {
                0 => ErasedBy.Response,
                1 => one.Urn == Schools[^1] ? ErasedBy.Response : ErasedBy.School,
                _ => one.Key.Contains('@', StringComparison.Ordinal) ? ErasedBy.Email : ErasedBy.Respondent,
            };
            erased.Add(new Erase(by, by switch { ErasedBy.Response => one.Id, ErasedBy.School => one.Urn, _ => one.Key }, today.AddDays(5)));
            return erased[^1];
        }

        ScriptEvent Announced(int index)
        {
            var id = random.Next(4);
            // At one school: which versions a vendor was asked for in between, nobody knows.
            var response = new Said("leaders_monkey", $"{90_210_007_000 + id}", Schools[id], "leader", Pick("fully", "partly", "not"), 1, $"m{id}@school.example", start.AddHours(-1), start.AddMinutes(index));
            said.Add(response);
            return new Announce(response);
        }

        Close Closing()
        {
            closed = true;
            return new Close();
        }

        static string Key(int id) => id % 5 == 0 ? "p0@school.example" : id % 4 == 1 ? $"code-{1000 + id}" : $"p{id}@school.example";
        string Pick(params string[] of) => of[random.Next(of.Length)];
        string School() => Schools[random.Next(schools)];
        string Role() => Pick("leader", "senco");
        // Quarters are sums without rounding, in whatever order.
        decimal Weight() => (1 + random.Next(12)) / 4m;
    }
}
