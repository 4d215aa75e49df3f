using System.Numerics;

namespace WholeSchoolSend.Core.Disclosure;

/// <summary>One issue of a wave's public figures: which were shown, and the answers behind them.</summary>
public sealed record Issue(IReadOnlyList<IssuedFigure> Figures, IReadOnlyList<SchoolAnswers> Answers)
{
    /// <summary>What the evidence was made of, to tell what moved a figure since; null of an issue older than this.</summary>
    public Kpis.Provenance? Provenance { get; init; }
}

/// <summary>
/// Holds a new issue of a wave against an earlier one: who has both must not learn about fewer people than any one document tells of. Between them, in every figure
/// and in every sum of figures, nobody changed or at least ten respondents came or went, counted apart, from at least three schools; and nothing that is withheld
/// follows from the two together.
/// </summary>
/// <remarks>
/// Counted from totals by school, role and answer, since figures follow from these: what two totals cannot tell apart no figure can. Everybody is put
/// where they are in both issues: here and there, only here, only there, or at other places (a role that was mended, a school that a register moved). A
/// count of changes is so a lower bound. If every kind of change (from these figures to those) is absent or large enough, so is every sum of them.
/// </remarks>
internal static class DifferencingGuard
{
    /// <summary>Why the new issue must not be made; null where it may.</summary>
    public static ProblemKind? Refusal(Issue before, Issue after, DisclosurePolicy policy)
    {
        foreach (var question in after.Figures.Select(figure => figure.Question).Distinct())
        {
            var (old, now) = (Of(before, question), Of(after, question));
            if (old.Count == 0) continue;
            var bits = new Bits(old, now);
            var people = Compare(Schools(before, question), Schools(after, question), question, bits);
            if (policy.Has(DisclosureRule.Differences) && !AreLarge(people, bits.Common, policy)) return Problems.ReissueTooFew;
            if (policy.Has(DisclosureRule.Together) && !old[0].OfOrganisations && Uncovers(people, bits, policy)) return Problems.ReissueUncovers;
        }
        return null;
    }

    /// <summary>Every change there is, from some figures to others, is one of enough people of enough schools.</summary>
    private static bool AreLarge(List<Person> people, BigInteger common, DisclosurePolicy policy) => people
        .Select(one => (one.School, one.N, one.IsSchool, Before: one.Before & common, After: one.After & common))
        .Where(one => one.Before != one.After)
        .GroupBy(one => (one.Before, one.After))
        // Of a poll without schools nobody can say from how many a change is.
        .All(change => change.All(one => one.IsSchool) && change.Sum(one => one.N) >= policy.MinRespondents
            && change.Select(one => one.School).Distinct(StringComparer.Ordinal).Count() >= policy.MinSchools);

    private static bool Uncovers(List<Person> people, Bits bits, DisclosurePolicy policy)
    {
        if (Knowledge.Exposes(people.Select(one => Alike(one, [])), [.. Enumerable.Range(0, 2 * bits.Count)], policy)) return true;
        var everybody = people.Select(one => Alike(one, [])).ToList();
        var (alone, shown) = bits.Alone();
        if (Knowledge.Overlap(everybody, alone, shown)) return true;
        foreach (var (success, shares) in bits.Shares())
        {
            var valid = Groups.CodesOfAll(shares.Select(share => share.Group));
            if (Knowledge.ExposesExtreme(people.Where(one => valid.Contains(one.Code)).Select(one => Alike(one, success)), [.. shares.Select(share => share.Bit)])) return true;
        }
        return false;

        Alike Alike(Person one, IReadOnlyList<string> success) =>
            new(one.Before | (one.After << bits.Count), one.School, one.N, one.N, one.IsSchool, success.Contains(one.Code) ? one.N : 0);
    }

    private static List<IssuedFigure> Of(Issue issue, Question question) => [.. issue.Figures.Where(figure => figure.Question == question)];

    private static Dictionary<string, SchoolAnswers> Schools(Issue issue, Question question) =>
        issue.Answers.Where(school => school.Collection == question.Collection).ToDictionary(school => school.School, StringComparer.Ordinal);

    private static List<Person> Compare(
        Dictionary<string, SchoolAnswers> before, Dictionary<string, SchoolAnswers> after, Question question, Bits bits)
    {
        var people = new List<Person>();
        foreach (var school in before.Keys.Union(after.Keys, StringComparer.Ordinal))
        {
            var (then, today) = (before.GetValueOrDefault(school), after.GetValueOrDefault(school));
            var counts = new SortedDictionary<(string Stage, string Code, string Role), (AnswerCount? Then, AnswerCount? Today)>();
            foreach (var answer in then?.Answers.Where(question.Takes) ?? []) counts[(answer.Stage, answer.Code, answer.Role)] = (answer, null);
            foreach (var answer in today?.Answers.Where(question.Takes) ?? [])
                counts[(answer.Stage, answer.Code, answer.Role)] = (counts.GetValueOrDefault((answer.Stage, answer.Code, answer.Role)).Then, answer);

            var went = new List<(BigInteger At, string Stage, string Code, bool IsReweighted)>();
            var came = new List<(BigInteger At, string Stage, string Code, bool IsReweighted)>();
            foreach (var ((stage, code, _), (was, isNow)) in counts)
            {
                var at = was is null ? default : bits.Before(then!, was);
                var to = isNow is null ? default : bits.After(today!, isNow);
                var stayed = Math.Min(was?.N ?? 0, isNow?.N ?? 0);
                // Whose weight changed says something else than before: at least one of those who stayed.
                var isReweighted = stayed > 0 && IsReweighted(was!, isNow!);
                if (isReweighted) stayed--;
                people.Add(new Person(school, code, at, to, stayed));
                went.AddRange(Enumerable.Repeat((at, stage, code, isReweighted), (was?.N ?? 0) - stayed));
                came.AddRange(Enumerable.Repeat((to, stage, code, isReweighted), (isNow?.N ?? 0) - stayed));
            }
            // The same answer under another role is somebody whose role was mended.
            foreach (var one in went)
            {
                var match = one.IsReweighted ? -1 : came.FindIndex(other => !other.IsReweighted && other.Stage == one.Stage && other.Code == one.Code);
                people.Add(new Person(school, one.Code, one.At, match < 0 ? BigInteger.Zero : came[match].At, 1));
                if (match >= 0) came.RemoveAt(match);
            }
            people.AddRange(came.Select(one => new Person(school, one.Code, BigInteger.Zero, one.At, 1)));
        }
        return people;
    }

    private static bool IsReweighted(AnswerCount then, AnswerCount today) => (today.N - then.N) switch
    {
        0 => Math.Abs(today.W - then.W) > 1e-9 * then.W,
        > 0 => today.W <= then.W,
        _ => today.W >= then.W,
    };

    /// <summary>So many people of a school, in these figures' groups before and in those after.</summary>
    private sealed record Person(string School, string Code, BigInteger Before, BigInteger After, int N)
    {
        public bool IsSchool => !School.Contains('|', StringComparison.Ordinal);
    }

    /// <summary>A bit for each group of each figure, the same in both issues where both show it.</summary>
    private sealed class Bits(List<IssuedFigure> old, List<IssuedFigure> now)
    {
        private readonly List<string> _names = [.. Named(old).Concat(Named(now)).Select(one => one.Name).Distinct(StringComparer.Ordinal)];
        private readonly List<(string Name, Group Group)> _old = Named(old);
        private readonly List<(string Name, Group Group)> _now = Named(now);

        public int Count => _names.Count;

        /// <summary>What both issues show.</summary>
        public BigInteger Common => Set(_old.Select(one => one.Name)) & Set(_now.Select(one => one.Name));

        public BigInteger Before(SchoolAnswers school, AnswerCount answer) => Set(_old.Where(one => one.Group.Takes(school, answer)).Select(one => one.Name));

        public BigInteger After(SchoolAnswers school, AnswerCount answer) => Set(_now.Where(one => one.Group.Takes(school, answer)).Select(one => one.Name));

        /// <summary>The groups whose share is told, before (as they are) and after (behind all bits), by what counts as yes.</summary>
        public IEnumerable<(IReadOnlyList<string> Success, List<(int Bit, Group Group)> Shares)> Shares() =>
            Told(old, 0).Concat(Told(now, Count)).GroupBy(one => string.Join(',', one.Success)).Select(same => (same.First().Success, same.Select(one => (one.Bit, one.Group)).ToList()));

        /// <summary>The groups whose share is masked, and every group of which a share is told or masked, before and after.</summary>
        public (IReadOnlyList<int> Alone, IReadOnlyList<int> Shown) Alone() => (
            [.. Of(old, 0, figure => figure.StandsAlone), .. Of(now, Count, figure => figure.StandsAlone)],
            [.. Of(old, 0, figure => figure.StandsAlone || figure.Success.Count > 0), .. Of(now, Count, figure => figure.StandsAlone || figure.Success.Count > 0)]);

        private IEnumerable<int> Of(List<IssuedFigure> figures, int behind, Func<IssuedFigure, bool> which) =>
            Named([.. figures.Where(which)]).Select(one => _names.IndexOf(one.Name) + behind);

        private IEnumerable<(IReadOnlyList<string> Success, int Bit, Group Group)> Told(List<IssuedFigure> figures, int behind) => figures
            .Where(figure => figure.Success.Count > 0)
            .SelectMany(figure => Named([figure]).Select(one => (figure.Success, _names.IndexOf(one.Name) + behind, one.Group)));

        private BigInteger Set(IEnumerable<string> names) => names.Aggregate(BigInteger.Zero, (bits, name) => bits | (BigInteger.One << _names.IndexOf(name)));

        private static List<(string Name, Group Group)> Named(List<IssuedFigure> figures) =>
            [.. figures.SelectMany(figure => figure.Groups.Select((group, index) => ($"{figure.Reading}|{figure.Figure}|{group.Phase ?? $"{index}"}", group)))];
    }
}
