using System.Numerics;

namespace WholeSchoolSend.Core.Disclosure;

/// <summary>One issue of a wave's public figures: which were shown, and the answers behind them.</summary>
public sealed record Issue(IReadOnlyList<IssuedFigure> Figures, IReadOnlyList<SchoolAnswers> Answers)
{
    /// <summary>What the evidence was made of, to tell what moved a figure since; null of an issue older than this.</summary>
    public Kpis.Provenance? Provenance { get; init; }
}

/// <summary>What stops a new issue: which rule, and at which figure of which reading.</summary>
internal sealed record Refused(ProblemKind Rule, string Reading, string Figure);

/// <summary>
/// Holds a new issue of a wave against the earlier ones: who has them all must not learn about fewer people than any one document tells of. Between the new one and
/// each other, in every figure and in every sum of figures, nobody changed or at least ten respondents came or went, counted apart, from at least three schools; and
/// nothing that is withheld follows from the two, nor from all of them together.
/// </summary>
/// <remarks>
/// Counted from totals by school, role and answer, since figures follow from these: what two totals cannot tell apart no figure can. Everybody is put
/// where they are in each issue: here and there, only here, only there, or at other places (a role that was mended, a school that a register moved). A
/// count of changes is so a lower bound. If every kind of change (from these figures to those) is absent or large enough, so is every sum of them.
/// </remarks>
internal static class DifferencingGuard
{
    /// <summary>Why the new issue must not be made; null where it may.</summary>
    /// <param name="earlier">every issue of the wave, oldest first.</param>
    public static Refused? Refusal(IReadOnlyList<Issue> earlier, Issue after, DisclosurePolicy policy)
    {
        foreach (var question in after.Figures.Select(figure => figure.Question).Distinct())
        {
            var before = earlier.Where(issue => issue.Figures.Any(figure => figure.Question == question)).ToList();
            foreach (var issue in before)
            {
                if (policy.Has(DisclosureRule.Differences) && TooFew([issue, after], question, policy) is { } few) return few;
                if (policy.Has(DisclosureRule.Together) && Uncovered([issue, after], question, policy) is { } uncovered) return uncovered;
            }
            if (before.Count > 1 && policy.Has(DisclosureRule.Together) && Uncovered([.. before, after], question, policy) is { } together) return together;
        }
        return null;
    }

    /// <summary>A figure in which too few came or went: a change there is, from some figures to others, that is not one of enough people of enough schools.</summary>
    private static Refused? TooFew(IReadOnlyList<Issue> issues, Question question, DisclosurePolicy policy)
    {
        var bits = new Bits(issues, question);
        var change = Compare(issues, question, bits)
            .Select(one => (one.School, one.N, one.IsSchool, Before: one.Groups & bits.Common, After: (one.Groups >> bits.Count) & bits.Common))
            .Where(one => one.Before != one.After)
            .GroupBy(one => (one.Before, one.After))
            // Of a poll without schools nobody can say from how many a change is.
            .FirstOrDefault(change => change.Any(one => !one.IsSchool) || change.Sum(one => one.N) < policy.MinRespondents
                || change.Select(one => one.School).Distinct(StringComparer.Ordinal).Count() < policy.MinSchools);
        return change is null ? null : bits.First(change.Key.Before ^ change.Key.After) is var (reading, figure) ? new Refused(Problems.ReissueTooFew, reading, figure) : null;
    }

    /// <summary>The first figure, from the highest priority down, with which something that is withheld follows from these issues together.</summary>
    private static Refused? Uncovered(IReadOnlyList<Issue> issues, Question question, DisclosurePolicy policy)
    {
        if (!Uncovers(issues, question, policy)) return null;
        var (earlier, after) = (issues.Take(issues.Count - 1), issues[^1]);
        var figures = after.Figures.Where(figure => figure.Question == question).ToList();
        var figure = Enumerable.Range(1, figures.Count)
            .First(count => count == figures.Count || Uncovers([.. earlier, after with { Figures = figures[..count] }], question, policy));
        return new Refused(Problems.ReissueUncovers, figures[figure - 1].Reading, figures[figure - 1].Figure);
    }

    private static bool Uncovers(IReadOnlyList<Issue> issues, Question question, DisclosurePolicy policy)
    {
        if (issues.SelectMany(issue => issue.Figures).Any(figure => figure.Question == question && figure.OfOrganisations)) return false;
        var bits = new Bits(issues, question);
        var people = Compare(issues, question, bits);
        var everybody = people.Select(one => Alike(one, [])).ToList();
        if (Knowledge.Exposes(everybody, [.. Enumerable.Range(0, issues.Count * bits.Count)], policy)) return true;
        var (alone, shown) = bits.Alone();
        if (Knowledge.Overlap(everybody, alone, shown)) return true;
        foreach (var (success, shares) in bits.Shares())
        {
            var valid = Groups.CodesOfAll(shares.Select(share => share.Group));
            if (Knowledge.ExposesExtreme(people.Where(one => valid.Contains(one.Code)).Select(one => Alike(one, success)), [.. shares.Select(share => share.Bit)], policy)) return true;
        }
        return false;

        static Alike Alike(Person one, IReadOnlyList<string> success) => new(one.Groups, one.School, one.N, one.N, one.IsSchool, success.Contains(one.Code) ? one.N : 0);
    }

    /// <summary>Everybody who was in any of the issues, by the figures' groups they were in at each.</summary>
    private static List<Person> Compare(IReadOnlyList<Issue> issues, Question question, Bits bits)
    {
        var people = new List<Person>();
        var asked = issues.Select(issue => issue.Answers.Where(school => school.Collection == question.Collection).ToDictionary(school => school.School, StringComparer.Ordinal)).ToList();
        foreach (var school in asked.SelectMany(one => one.Keys).Distinct(StringComparer.Ordinal))
        {
            // Who is there, by what they answered in which role: those who came last stand last.
            var there = new SortedDictionary<(string Stage, string Code, string Role), List<Person>>();
            var before = new Dictionary<(string Stage, string Code, string Role), AnswerCount>();
            for (var index = 0; index < issues.Count; index++)
            {
                var answers = asked[index].GetValueOrDefault(school);
                var counts = (answers?.Answers.Where(question.Takes) ?? []).ToDictionary(answer => (answer.Stage, answer.Code, answer.Role));
                var went = new List<((string Stage, string Code, string Role) Key, Person Person, bool IsReweighted)>();
                var came = new List<((string Stage, string Code, string Role) Key, bool IsReweighted)>();
                foreach (var key in there.Keys.Union(counts.Keys).Order().ToList())
                {
                    var (was, now) = (before.GetValueOrDefault(key), counts.GetValueOrDefault(key));
                    var stayed = Math.Min(was?.N ?? 0, now?.N ?? 0);
                    // Whose weight changed says something else than before: at least one of those who stayed.
                    var isReweighted = stayed > 0 && IsReweighted(was!, now!);
                    if (isReweighted) stayed--;
                    went.AddRange(Leave(there.GetValueOrDefault(key) ?? [], (was?.N ?? 0) - stayed).Select(person => (key, person, isReweighted)));
                    if (now is null) continue;
                    if (there.TryGetValue(key, out var staying)) there[key] = [.. staying.Select(person => person with { Groups = person.Groups | bits.At(index, answers!, now) })];
                    came.AddRange(Enumerable.Repeat((key, isReweighted), now.N - stayed));
                }
                // The same answer under another role is somebody whose role was mended.
                foreach (var (key, person, isReweighted) in went)
                {
                    var match = isReweighted ? -1 : came.FindIndex(other => !other.IsReweighted && other.Key.Stage == key.Stage && other.Key.Code == key.Code);
                    if (match < 0) people.Add(person);
                    else
                    {
                        Come(came[match].Key, person.Groups);
                        came.RemoveAt(match);
                    }
                }
                foreach (var same in came.GroupBy(one => one.Key).ToList()) Come(same.Key, BigInteger.Zero, same.Count());
                before = counts;

                void Come((string Stage, string Code, string Role) key, BigInteger groups, int n = 1)
                {
                    if (!there.TryGetValue(key, out var staying)) there[key] = staying = [];
                    staying.Add(new Person(school, key.Code, groups | bits.At(index, answers!, counts[key]), n));
                }
            }
            people.AddRange(there.Values.SelectMany(staying => staying));
        }
        return people;
    }

    /// <summary>Takes so many away, those who came last first; each by itself.</summary>
    private static List<Person> Leave(List<Person> staying, int count)
    {
        var went = new List<Person>();
        while (went.Count < count)
        {
            var last = staying[^1];
            went.Add(last with { N = 1 });
            if (last.N == 1) staying.RemoveAt(staying.Count - 1);
            else staying[^1] = last with { N = last.N - 1 };
        }
        return went;
    }

    private static bool IsReweighted(AnswerCount then, AnswerCount today) => (today.N - then.N) switch
    {
        0 => Math.Abs(today.W - then.W) > 1e-9 * then.W,
        > 0 => today.W <= then.W,
        _ => today.W >= then.W,
    };

    /// <summary>So many people of a school, in these figures' groups of all issues.</summary>
    private sealed record Person(string School, string Code, BigInteger Groups, int N)
    {
        public bool IsSchool => !School.Contains('|', StringComparison.Ordinal);
    }

    /// <summary>A bit for each group of each figure, the same in all issues that show it; those of each issue stand behind those of the one before.</summary>
    private sealed class Bits
    {
        private readonly List<List<(string Name, Group Group, IssuedFigure Figure)>> _issues;
        private readonly List<string> _names;

        public Bits(IReadOnlyList<Issue> issues, Question question)
        {
            _issues = [.. issues.Select(issue => Named([.. issue.Figures.Where(figure => figure.Question == question)]))];
            _names = [.. _issues.SelectMany(issue => issue).Select(one => one.Name).Distinct(StringComparer.Ordinal)];
        }

        public int Count => _names.Count;

        /// <summary>What all issues show.</summary>
        public BigInteger Common => _issues.Select(issue => Set(issue.Select(one => one.Name))).Aggregate((left, right) => left & right);

        public BigInteger At(int issue, SchoolAnswers school, AnswerCount answer) =>
            Set(_issues[issue].Where(one => one.Group.Takes(school, answer)).Select(one => one.Name)) << (issue * Count);

        /// <summary>The reading and figure of the first of these groups.</summary>
        public (string Reading, string Figure) First(BigInteger groups)
        {
            var name = _names[(int)BigInteger.TrailingZeroCount(groups)];
            var figure = _issues.SelectMany(issue => issue).First(one => one.Name == name).Figure;
            return (figure.Reading, figure.Figure);
        }

        /// <summary>The groups whose share is told, by what counts as yes.</summary>
        public IEnumerable<(IReadOnlyList<string> Success, List<(int Bit, Group Group)> Shares)> Shares() =>
            Where(figure => figure.Success.Count > 0).GroupBy(one => string.Join(',', one.Figure.Success))
                .Select(same => (same.First().Figure.Success, same.Select(one => (one.Bit, one.Group)).ToList()));

        /// <summary>The groups whose share is masked, and every group of which a share is told or masked.</summary>
        public (IReadOnlyList<int> Alone, IReadOnlyList<int> Shown) Alone() => (
            [.. Where(figure => figure.StandsAlone).Select(one => one.Bit)], [.. Where(figure => figure.StandsAlone || figure.Success.Count > 0).Select(one => one.Bit)]);

        private IEnumerable<(int Bit, Group Group, IssuedFigure Figure)> Where(Func<IssuedFigure, bool> which) =>
            _issues.SelectMany((issue, index) => issue.Where(one => which(one.Figure)).Select(one => (_names.IndexOf(one.Name) + (index * Count), one.Group, one.Figure)));

        private BigInteger Set(IEnumerable<string> names) => names.Aggregate(BigInteger.Zero, (bits, name) => bits | (BigInteger.One << _names.IndexOf(name)));

        private static List<(string Name, Group Group, IssuedFigure Figure)> Named(List<IssuedFigure> figures) =>
            [.. figures.SelectMany(figure => figure.Groups.Select((group, index) => ($"{figure.Reading}|{figure.Figure}|{group.Phase ?? $"{index}"}", group, figure)))];
    }
}
