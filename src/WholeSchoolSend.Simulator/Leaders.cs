namespace WholeSchoolSend.Simulator;

/// <summary>One school leader's or SENCO's answers to the poll, as labels.</summary>
internal sealed record Leader(
    int RecordNo, DateTime Ended, School School, bool Engaged, string Role, string Q1, string Q2, string Q3, IReadOnlyList<string> Areas, string? Other, double Weight);

/// <summary>A round of the poll and what its figures should come out near.</summary>
internal sealed record Round(string Label, string File, DateOnly From, DateOnly To, Level Engaged, Level Wider);

/// <param name="Fully">share who say that every teacher's responsibility is fully implemented.</param>
/// <param name="Able">share able to provide appropriately.</param>
/// <param name="Difficult">share that found provision difficult.</param>
internal sealed record Level(double Fully, double Able, double Difficult);

/// <summary>The people a pollster asks: school leaders and SENCOs in engaged schools and in wider ones, one to three in a school.</summary>
internal static class Leaders
{
    public const string Head = "School leader";
    public const string Senco = "SENCO";
    public const string Both = "School leader and SENCO";

    private static readonly string[] Comments =
    [
        "More educational psychologist time, please.", "Funding, funding, funding", "Ask our SENCO, Mrs Whitlock", "The \"graduated response\" is not understood by all staff",
        "Waiting lists:\nover a year", "Nothing",
    ];

    public static IReadOnlyList<Leader> From(Chance chance, Scale scale, Schools schools, Round round)
    {
        var draw = chance.Split(round.File);
        var engaged = schools.EngagedBefore(round.From);
        var wider = schools.Register.Where(school => school.Open).Except(schools.Engagements.Select(contact => contact.School));
        List<Leader> leaders =
        [
            .. draw.Shuffled(engaged).Take(scale.PollSchools / 2).SelectMany(school => Answer(draw, round, school, engaged: true)),
            .. draw.Shuffled(wider).Take(scale.PollSchools / 2).SelectMany(school => Answer(draw, round, school, engaged: false)),
        ];
        var mean = leaders.Average(leader => leader.Weight);
        return [.. draw.Shuffled(leaders).Select((leader, i) => leader with { RecordNo = i + 1, Weight = Math.Round(leader.Weight / mean, 9) })];
    }

    private static IEnumerable<Leader> Answer(Chance draw, Round round, School school, bool engaged)
    {
        var level = engaged ? round.Engaged : round.Wider;
        string[] roles = draw.Pick<int>([(1, 0.45), (2, 0.38), (3, 0.17)]) switch
        {
            1 => [draw.Pick<string>([(Head, 0.6), (Senco, 0.22), (Both, 0.18)])],
            2 => [Head, Senco],
            _ => [Head, Head, Senco],
        };
        return [.. roles.Select(role => One(draw, round, level, school, engaged, role))];
    }

    private static Leader One(Chance draw, Round round, Level level, School school, bool engaged, string role)
    {
        // SENCOs see less of it done than their heads say is done; the two lean against each other around the level.
        var lean = (role == Head ? 0.06 : role == Senco ? -0.085 : 0.0) + 0.12 * school.Ethos;
        return new(
            0, draw.Weekday(round.From, round.To).ToDateTime(new TimeOnly(7 + draw.Below(14), draw.Below(60))), school, engaged, role,
            draw.Happens(0.04) ? "Don't know" : Three(draw, level.Fully + lean, 0.8, "Fully implemented", "Partly implemented", "Not implemented"),
            draw.Happens(0.04) ? "Don't know" : draw.Happens(level.Able + lean / 2) ? "Yes" : "No",
            draw.Happens(0.02) ? "Don't know" : Difficulty(draw, level.Difficult - lean / 2),
            [.. Enumerable.Range(0, 8).Select(area => draw.Happens(0.03) ? "Don't know" : Programme.AreaLabels[Embedded(draw, level.Fully - 0.08 - 0.02 * area + lean)])],
            draw.Happens(0.15) ? draw.Pick(Comments) : null, Weight(school, role));
    }

    private static string Three(Chance draw, double first, double secondOfRest, string one, string two, string three) =>
        draw.Happens(first) ? one : draw.Happens(secondOfRest) ? two : three;

    private static string Difficulty(Chance draw, double difficult) => draw.Happens(difficult)
        ? Three(draw, 0.35, 1, "Very difficult", "Fairly difficult", "")
        : Three(draw, 0.45, 0.8, "Neither easy nor difficult", "Fairly easy", "Very easy");

    private static int Embedded(Chance draw, double embedded) => draw.Happens(embedded) ? 3 + draw.Below(2) : draw.Below(3);

    // A pollster weights to the known profile by phase, region and role, so people in the same cell have the same weight.
    private static double Weight(School school, string role) =>
        (school.Phase.Name switch { "Primary" => 1.12, "Secondary" => 0.71, _ => 0.83 })
        * (school.Authority.Gor switch { 'H' => 1.31, 'A' => 0.78, 'K' => 0.9, _ => 1.0 })
        * (role == Head ? 0.95 : role == Senco ? 1.06 : 1.02);
}
