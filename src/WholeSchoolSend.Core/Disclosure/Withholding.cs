using System.Numerics;
using WholeSchoolSend.Core.Kpis;

namespace WholeSchoolSend.Core.Disclosure;

/// <summary>A figure that was issued, and of whom: kept with the answers behind it, to hold every later issue against.</summary>
public sealed record IssuedFigure(string Reading, string Figure, Question Question, IReadOnlyList<Group> Groups)
{
    /// <summary>Answers its share counts; none where no share is told: it is masked, too unreliable, or something else.</summary>
    public IReadOnlyList<string> Success { get; init; } = [];

    /// <summary>Its share is masked: no other group that shares people with it is shown.</summary>
    public bool StandsAlone { get; init; }

    /// <summary>Only its changes are looked at.</summary>
    public bool OfOrganisations { get; init; }
}

/// <summary>
/// Secondary suppression: which figures of a wave must go so that no figure that is withheld, and no group too small to be shown, follows from the others.
/// Figures are let in from the highest priority down, each only if nothing follows from it and those let in before: so the primary reading goes last.
/// </summary>
internal sealed class Withholding
{
    private readonly HashSet<(string Reading, string Figure)> _withheld = [];

    /// <summary>What may be shown: with what it is of.</summary>
    public List<IssuedFigure> Issued { get; } = [];

    /// <summary>Names of a reading's figures that must go although they could be shown by themselves.</summary>
    public IReadOnlyCollection<string> Of(string reading) => _withheld.Where(one => one.Reading == reading).Select(one => one.Figure).ToHashSet(StringComparer.Ordinal);

    /// <param name="tellings">from the highest priority down.</param>
    /// <param name="results">of one wave, unrounded.</param>
    public static Withholding Of(IReadOnlyList<Telling> tellings, IReadOnlyList<ReadingResult> results, IReadOnlyList<SchoolAnswers> answers, DisclosurePolicy policy)
    {
        var withholding = new Withholding();
        var shown = tellings
            .Select(telling => (Telling: telling, Status: StatusOf(telling, results.FirstOrDefault(result => result.Reading == telling.Reading), policy)))
            .Where(one => one.Status is not (CellStatus.NoData or CellStatus.Confidential))
            .Select(one => new Shown(one.Telling, one.Status, IsMasked(one.Telling, results)));
        foreach (var question in shown.GroupBy(one => one.Telling.Question)) withholding.Decide(question.ToList(), answers, policy);
        return withholding;
    }

    private void Decide(List<Shown> figures, IReadOnlyList<SchoolAnswers> answers, DisclosurePolicy policy)
    {
        var question = figures[0].Telling.Question;
        var schools = answers.Where(school => school.Collection == question.Collection).ToList();
        var phases = schools.Where(school => school.Engaged).Select(school => school.Phase).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        var groups = new Groups();
        var people = figures.Select(one => groups.Add(Told(one.Telling, phases))).ToList();
        var alike = groups.Of(question, schools, (group, school, answer) => group.Takes(school, answer));

        var (known, kept) = (new HashSet<int>(), new List<int>());
        for (var index = 0; index < figures.Count; index++)
        {
            var telling = figures[index].Telling;
            var isSafe = telling.OfOrganisations || !policy.Has(DisclosureRule.Secondary)
                || ((telling.Needs ?? []).All(figure => !Goes(telling.Reading, figure)) && !Knowledge.Exposes(alike, [.. known, .. people[index]], policy));
            if (isSafe)
            {
                known.UnionWith(people[index]);
                kept.Add(index);
            }
            else _withheld.Add((telling.Reading, telling.Figure));
        }
        if (policy.Has(DisclosureRule.Masks))
        {
            Mask(figures, kept, schools, phases, policy);
            foreach (var telling in kept.Select(index => figures[index].Telling).Where(telling => telling.IsMean && telling.Groups.Any(group => AreAlike(group, question, schools)))) _withheld.Add((telling.Reading, telling.Figure));
        }
        foreach (var index in kept.Where(index => !Goes(figures[index].Telling.Reading, figures[index].Telling.Figure)))
        {
            var telling = figures[index].Telling;
            Issued.Add(new IssuedFigure(telling.Reading, telling.Figure, question, Told(telling, phases))
            {
                Success = figures[index].TellsShare ? telling.Success : [],
                StandsAlone = figures[index].StandsAlone,
                OfOrganisations = telling.OfOrganisations,
            });
        }
    }

    /// <summary>
    /// A share that would be masked must not follow from shares that are shown, nor from a mean of the same people. One that is masked stands alone: of over 95 %
    /// few can have said no, and a part of them of whom that many did says that nobody else has.
    /// </summary>
    private void Mask(List<Shown> figures, List<int> kept, List<SchoolAnswers> schools, List<string> phases, DisclosurePolicy policy)
    {
        var masked = kept.Where(index => figures[index].IsMasked).ToList();
        var hidden = masked.SelectMany(index => figures[index].Telling.Groups).Select(group => group.Key).ToHashSet(StringComparer.Ordinal);
        foreach (var telling in kept.Select(index => figures[index].Telling).Where(telling => telling.IsMean))
            if (telling.Groups.Any(group => hidden.Contains(group.Key))) _withheld.Add((telling.Reading, telling.Figure));

        foreach (var success in kept.Where(index => figures[index].TellsShare || figures[index].StandsAlone).GroupBy(index => string.Join(',', figures[index].Telling.Success)))
        {
            var groups = new Groups();
            var people = success.ToDictionary(index => index, index => groups.Add(Told(figures[index].Telling, phases)));
            // A base that takes in don't-knows has the same people who said yes: who cannot have is left out.
            var valid = Groups.CodesOfAll(success.SelectMany(index => figures[index].Telling.Groups));
            var question = figures[0].Telling.Question;
            var alike = groups.Of(question, schools, (group, school, answer) => group.Takes(school, answer) && valid.Contains(answer.Code), figures[success.First()].Telling.Success);
            var everybody = groups.Of(question, schools, (group, school, answer) => group.Takes(school, answer));
            var (known, alone, shown) = (new HashSet<int>(), new HashSet<int>(), new HashSet<int>());
            foreach (var index in success)
            {
                var telling = figures[index].Telling;
                var standsAlone = figures[index].StandsAlone;
                if ((telling.Needs ?? []).Any(figure => Goes(telling.Reading, figure))
                    || Knowledge.Overlap(everybody, people[index], standsAlone ? shown : alone)
                    || (!standsAlone && Knowledge.ExposesExtreme(alike, [.. known, .. people[index]], policy)))
                {
                    _withheld.Add((telling.Reading, telling.Figure));
                    continue;
                }
                (standsAlone ? alone : known).UnionWith(people[index]);
                shown.UnionWith(people[index]);
            }
        }
    }

    /// <summary>(Nearly) all of a group said the same: a mean, however large its base, says what each of them said.</summary>
    private static bool AreAlike(Group group, Question question, List<SchoolAnswers> schools)
    {
        var byCode = schools.SelectMany(school => school.Answers.Where(answer => question.Takes(answer) && group.Takes(school, answer)))
            .GroupBy(answer => answer.Code, StringComparer.Ordinal).Select(same => same.Sum(answer => answer.N)).ToList();
        return byCode.Count > 0 && PublicFigures.IsNearlyAll(byCode.Sum(), byCode.Sum() - byCode.Max());
    }

    private bool Goes(string reading, string figure) => _withheld.Contains((reading, figure));

    /// <summary>Phases nobody engaged is in have no part in a standardised figure.</summary>
    private static List<Group> Told(Telling telling, List<string> phases) =>
        telling.EachPhase ? [.. telling.Groups.SelectMany(group => phases.Select(phase => group with { Phase = phase }))] : [.. telling.Groups];

    /// <summary>As what its own rules would show it.</summary>
    private static CellStatus StatusOf(Telling telling, ReadingResult? result, DisclosurePolicy policy)
    {
        var figure = result?.Figures.FirstOrDefault(one => one.Name == telling.Figure || (telling.Figure == "mix" && one.Name.StartsWith("mix-", StringComparison.Ordinal)));
        return (telling, figure) switch
        {
            (_, null) => CellStatus.NoData,
            ({ OfOrganisations: true }, _) or ({ Needs: not null }, _) => CellStatus.Shown,
            (_, { Name: "stayers-pre" or "leavers-pre" }) => policy.StatusOf(MatchedReading.Judged(figure)),
            (_, { Unit: "points" }) => policy.StatusOf(ScoreReading.Judged(figure)),
            _ => policy.StatusOf(figure),
        };
    }

    private static bool IsMasked(Telling telling, IReadOnlyList<ReadingResult> results) => telling.Success.Count > 0 && telling.Needs is null
        && results.First(result => result.Reading == telling.Reading).Figures.First(one => one.Name == telling.Figure) is var figure && PublicFigures.IsExtreme(figure);

    private sealed record Shown(Telling Telling, CellStatus Status, bool IsMasked)
    {
        public bool StandsAlone => Telling.Success.Count > 0 && IsMasked && Telling.Groups.Count == 1 && Status != CellStatus.Unreliable;

        /// <summary>A masked mix tells more than a masked share: beside others, that not even one of its smallest part can have said otherwise.</summary>
        public bool TellsShare => Telling.Success.Count > 0 && (!IsMasked || Telling.Groups.Count > 1) && Status != CellStatus.Unreliable;
    }
}

/// <summary>Groups as bits; two of the same people are one.</summary>
internal sealed class Groups
{
    private readonly List<Group> _groups = [];
    private readonly Dictionary<string, int> _bits = new(StringComparer.Ordinal);

    public List<int> Add(IEnumerable<Group> groups) => [.. groups.Select(group =>
    {
        if (_bits.TryAdd(group.Key, _groups.Count)) _groups.Add(group);
        return _bits[group.Key];
    })];

    public BigInteger BitsOf(Func<Group, bool> takes)
    {
        var bits = BigInteger.Zero;
        for (var bit = 0; bit < _groups.Count; bit++) if (takes(_groups[bit])) bits |= BigInteger.One << bit;
        return bits;
    }

    /// <summary>Everybody who answered the question, by the groups they are in.</summary>
    public List<Alike> Of(
        Question question, IEnumerable<SchoolAnswers> schools, Func<Group, SchoolAnswers, AnswerCount, bool> takes, IReadOnlyList<string>? success = null) =>
        [.. schools.SelectMany(school => school.Answers.Where(question.Takes)
            .Select(answer => new Alike(
                BitsOf(group => takes(group, school, answer)), school.School, answer.N, answer.W, school.IsSchool, success?.Contains(answer.Code) == true ? answer.W : 0)))];

    /// <summary>Answers that every one of the groups takes in.</summary>
    public static HashSet<string> CodesOfAll(IEnumerable<Group> groups) => groups
        .Select(group => group.Codes.ToHashSet(StringComparer.Ordinal))
        .Aggregate((left, right) => left.Intersect(right, StringComparer.Ordinal).ToHashSet(StringComparer.Ordinal));
}
