namespace WholeSchoolSend.Simulator;

/// <summary>One teacher's answers before and after contact; null where the form was not filled in.</summary>
/// <param name="Key">the respondent's key in the personal link: the same before and after.</param>
internal sealed record Teacher(School School, string Key, string First, string Last, Answer? Before, Answer? After);

/// <param name="Confidence">1 (not at all confident) to 5 (very confident) of getting the training and support needed.</param>
internal sealed record Answer(int Confidence, DateTimeOffset Landed, DateTimeOffset Submitted, string? Comment);

/// <summary>The teachers of the sample year: about 38 % confident (4 or 5) before contact and 55 % after, more in some schools than in others.</summary>
internal static class Teachers
{
    // Upper ends of the answers 1 to 4 on a scale from 0 to 1; the last answer takes the rest.
    private static readonly double[] Before = [0.10, 0.32, 0.62, 0.89];
    private static readonly double[] After = [0.06, 0.19, 0.45, 0.80];

    private static readonly string[] Comments =
    [
        "Our SENCO {0} has been brilliant, but there is no cover to go on courses.", "I would like more on autism in girls. Please ask {0} about dates.",
        "Nothing to add.", "The training was \"one size fits all\"; {0} said the same.", "Très utile - more of this please! ({0})",
        "I never know where to look.\nCould the school send a list?",
    ];

    public static IReadOnlyList<Teacher> From(Chance chance, Scale scale, Schools schools)
    {
        var who = chance.Split("teachers");
        var what = chance.Split("confidence");
        var taught = who.Shuffled(schools.EngagedBefore(Programme.TeachersFrom)).Take(scale.TeacherSchools).ToList();
        List<Teacher> teachers = [];
        for (var i = 0; i < scale.Teachers; i++)
        {
            var (school, feeling) = (who.Pick(taught), what.Unit());
            var before = Draw(what, Before, feeling, school, Programme.TeachersFrom, new(2025, 11, 14));
            // Half of those who answer again have kept their place among their colleagues; the others are anywhere.
            var after = what.Happens(0.8)
                ? Draw(what, After, what.Happens(0.5) ? feeling : what.Unit(), school, new(2026, 4, 20), new(2026, 7, 10))
                : null;
            teachers.Add(Person(who, school, before, after));
        }
        for (var i = 0; i < scale.Teachers / 46; i++)
        {
            var school = who.Pick(taught);
            teachers.Add(Person(who, school, null, Draw(what, After, what.Unit(), school, new(2026, 4, 20), new(2026, 7, 10))));
        }
        return teachers;
    }

    private static Teacher Person(Chance chance, School school, Answer? before, Answer? after) =>
        new(school, "t-" + chance.Text("23456789abcdefghjkmnpqrstuvwxyz", 12), chance.Pick(People.First), chance.Pick(People.Last), before, after);

    private static Answer Draw(Chance chance, double[] scale, double feeling, School school, DateOnly from, DateOnly to)
    {
        var place = feeling + 0.10 * school.Ethos;
        var landed = new DateTimeOffset(chance.Weekday(from, to), new TimeOnly(7 + chance.Below(12), chance.Below(60), chance.Below(60)), TimeSpan.Zero);
        return new(
            1 + scale.Count(end => place >= end), landed, landed.AddSeconds(60 + chance.Below(400)),
            chance.Happens(0.3) ? string.Format(null, System.Text.CompositeFormat.Parse(chance.Pick(Comments)), chance.Pick(People.First)) : null);
    }
}
