using WholeSchoolSend.Core.Disclosure;
using WholeSchoolSend.Core.Statistics;

namespace WholeSchoolSend.Core.Kpis;

/// <summary>The change from before to after: stacked, so that everybody who answered either time is in it.</summary>
internal static class ChangeReading
{
    public static ReadingResult Evaluate(Kpi kpi, Reading reading, Change change, Indicator indicator, string wave, Sample sample, DisclosurePolicy policy)
    {
        if (!sample.HasSchools) return new ReadingResult(kpi.Id, reading.Id, wave, Verdict.Insufficient, "a change needs answers that come with schools", []) { ReasonCode = ReasonCode.SchoolsUnknown };
        // The levels beside a change are those of what changes.
        var (figures, shares) = change.Scale == ChangeScale.RelativeMean ? (OfMean(sample, indicator), null) : OfShare(sample, change);
        var target = reading.Target ?? kpi.Target;
        if (shares is not null && target is not null && Against(change.Scale, shares, target.Value / 100) is { } test)
            figures.Add(new Figure("against-target", "pp", 100 * test.Estimate, StandardError: 100 * test.StandardError, DegreesOfFreedom: shares.DegreesOfFreedom, PValue: test.PValue, Method: test.Method));

        if (figures.Take(2).Select(policy.WhyNot).FirstOrDefault(why => why is not null) is { } why)
        {
            var reason = why == ReasonCode.NoData ? "answers from before and after are needed" : Decided.Reason(why);
            return new ReadingResult(kpi.Id, reading.Id, wave, Verdict.Insufficient, reason, figures) { ReasonCode = why };
        }
        if (reading.Undecided is { } undecided) return new ReadingResult(kpi.Id, reading.Id, wave, null, undecided, figures);
        if (IsUnattainable(change.Scale, figures[0].Value!.Value, target!))
            return new ReadingResult(kpi.Id, reading.Id, wave, Verdict.Unattainable, "the share before was so high that even everybody being confident would not be enough of a rise", figures) { ReasonCode = ReasonCode.StartTooHigh };
        return figures[2] is { Value: { } value, Lower: { } lower, Upper: { } upper }
            ? new ReadingResult(kpi.Id, reading.Id, wave, Decided.On(value, lower, upper, target!), null, figures)
            : new ReadingResult(kpi.Id, reading.Id, wave, Verdict.Insufficient, figures[2].Reason ?? "too few schools for an interval", figures) { ReasonCode = figures[2].ReasonCode ?? ReasonCode.TooFewSchools };
    }

    /// <summary>Would even the highest level there is, 100, not be enough?</summary>
    private static bool IsUnattainable(ChangeScale scale, double pre, Target target) =>
        !target.MetBy(scale == ChangeScale.Points ? 100 - pre : 100 * (100 - pre) / pre);

    private static TargetTest? Against(ChangeScale scale, PrePostEstimate shares, double target) => scale switch
    {
        ChangeScale.Relative => shares.AgainstRelativeTarget(target),
        ChangeScale.Points => shares.AgainstPointsTarget(target),
        _ => null,
    };

    private static Figure Points(PrePostEstimate estimate) => new(
        "change", "pp", 100 * estimate.Difference, 100 * estimate.DifferenceInterval?.Lower, 100 * estimate.DifferenceInterval?.Upper,
        estimate.PreResponses + estimate.PostResponses, estimate.Schools,
        StandardError: 100 * estimate.DifferenceStandardError, DegreesOfFreedom: estimate.DegreesOfFreedom, PValue: estimate.DifferenceTest?.PValue,
        Method: $"{estimate.Method}; {estimate.DifferenceInterval?.Method}");

    /// <param name="zero">what a level of 0 is, in words.</param>
    private static Figure Relative(PrePostEstimate estimate, string zero)
    {
        var figure = new Figure("change", "%", Base: estimate.PreResponses + estimate.PostResponses, Schools: estimate.Schools);
        return estimate.Ratio is null
            ? figure with { Reason = $"{zero} {(estimate.Pre > 0 ? "after" : "before")}, so there is no ratio to hold against a target", ReasonCode = ReasonCode.NoRatio }
            : figure with
            {
                Value = 100 * estimate.RelativeIncrease,
                Lower = 100 * estimate.RelativeIncreaseInterval?.Lower,
                Upper = 100 * estimate.RelativeIncreaseInterval?.Upper,
                DegreesOfFreedom = estimate.DegreesOfFreedom,
                PValue = estimate.RatioTest?.PValue,
                Method = $"{estimate.Method}; {estimate.RatioInterval?.Method}",
            };
    }

    private static (List<Figure> Figures, PrePostEstimate? Shares) OfShare(Sample sample, Change change)
    {
        using var pre = sample.Domain(change.At("pre"), Arms.Both);
        using var post = sample.Domain(change.At("post"), Arms.Both);
        var figures = new List<Figure> { Arm.Of(sample, pre).Figure("pre"), Arm.Of(sample, post).Figure("post") };
        var shares = PrePost.Estimate(pre, post);
        if (shares is not null) figures.Add(change.Scale == ChangeScale.Points ? Points(shares) : Relative(shares, "nobody was confident"));
        return (figures, shares);
    }

    /// <summary>On the scale rescaled to 0 to 100.</summary>
    private static List<Figure> OfMean(Sample sample, Indicator indicator)
    {
        var (least, most) = (indicator.Scores!.Values.Min(), indicator.Scores.Values.Max());
        var rescaled = indicator with { Scores = indicator.Scores.ToDictionary(score => score.Key, score => 100 * (score.Value - least) / (most - least), StringComparer.Ordinal) };
        using var pre = sample.Domain("pre", rescaled, null, Arms.Both);
        using var post = sample.Domain("post", rescaled, null, Arms.Both);
        var figures = new List<Figure> { ScoreReading.Mean("pre", pre), ScoreReading.Mean("post", post) };
        if (PrePost.Estimate(pre, post) is { } means) figures.Add(Relative(means, "everybody was at the bottom of the scale"));
        return figures;
    }
}

/// <summary>The change among those who answered both times, three ways, and what attrition did.</summary>
internal static class MatchedReading
{
    /// <summary>The two parts of those who answered before: who came back, and who did not.</summary>
    public static readonly IReadOnlyList<string> Parts = ["stayers-pre", "leavers-pre"];

    /// <summary>What is said of the people there are has no interval: its base, schools and dominance are what is looked at.</summary>
    public static Figure Judged(Figure part) => part with { Lower = 0, Upper = 0 };

    public static ReadingResult Evaluate(Kpi kpi, Reading reading, MatchedChange change, Indicator indicator, string wave, Sample sample)
    {
        var schools = sample.Schools.GroupBy(school => school.Position).OrderBy(school => school.Key)
            .Select(school => (Position: school.Key, Pairs: school.SelectMany(row => sample.Pairs(row.Totals, change.Indicator)).Where(pair => Valid(pair.Before) && Valid(pair.After)).ToList()))
            .ToList();
        var counts = schools.Select(school => Counts(school.Pairs, change)).ToList();
        var all = counts.Aggregate(default(PairCounts), (sum, one) => sum + one);
        var figures = new List<Figure> { new("pairs", "people", all.Pairs, Schools: schools.Count(school => school.Pairs.Count > 0), Base: all.Pairs, Method: "count of people who answered both times under one key") };
        if (all.Pairs > 0)
        {
            figures.Add(new Figure("pre", "%", 100 * all.Pre, Base: all.Pairs, Method: "matched pairs, unweighted"));
            figures.Add(new Figure("post", "%", 100 * all.Post, Base: all.Pairs, Method: "matched pairs, unweighted"));
            figures.AddRange(Tests(sample, change, indicator, schools, counts, all));
        }
        figures.AddRange(Attrition(sample, change, schools));
        return new ReadingResult(kpi.Id, reading.Id, wave, all.Pairs == 0 ? Verdict.Insufficient : null, all.Pairs == 0 ? "nobody answered both times under one key" : reading.Undecided, figures) { ReasonCode = all.Pairs == 0 ? ReasonCode.NoData : null };

        bool Valid(string code) => change.Valid.Contains(code);
    }

    private static IEnumerable<Figure> Tests(
        Sample sample, MatchedChange change, Indicator indicator, List<(int Position, List<PairTotal> Pairs)> schools, List<PairCounts> counts, PairCounts all)
    {
        // The change of the share, knowing schools: the mean of +1, 0 and -1.
        var rows = schools.Where(school => school.Pairs.Count > 0).Select(school => school.Pairs.Aggregate(
            SchoolSums.None(school.Position), (row, pair) => row.Plus(pair.N, pair.W, pair.Q, (Yes(pair.After) ? 1.0 : 0) - (Yes(pair.Before) ? 1 : 0)))).ToArray();
        if (DesignMean.Estimate(DomainTotals.Of(sample.Design, rows)) is { } mean)
        {
            yield return new Figure(
                "change", "pp", 100 * mean.Value, 100 * mean.Interval?.Lower, 100 * mean.Interval?.Upper, Base: mean.Responses, Schools: mean.Schools,
                StandardError: 100 * mean.StandardError, DegreesOfFreedom: mean.DegreesOfFreedom, PValue: mean.TestAgainst(0)?.PValue, Method: $"matched pairs, {mean.Method}");
        }
        if (MatchedShares.Obuchowski(counts) is { } clustered) yield return Test("mcnemar-clustered", clustered);
        yield return new Figure("mcnemar-exact", "p", PValue: MatchedShares.ExactPValue(all), Method: "McNemar, exact");
        var histograms = schools.Select(school => Histogram(school.Pairs, indicator)).OfType<DifferenceHistogram>().ToList();
        if (histograms.Count == 0) yield break;
        if (SignedRank.Clustered(histograms) is { } ranks) yield return Test("signed-rank-clustered", ranks);
        var steps = histograms[0].Steps;
        var together = new DifferenceHistogram(Enumerable.Range(-steps, (2 * steps) + 1).Select(step => histograms.Sum(one => one[step])));
        if (PairedMeans.Estimate(together) is { } paired)
        {
            yield return new Figure(
                "mean-change", "points", paired.Value, paired.Interval?.Lower, paired.Interval?.Upper, Base: paired.Pairs, StandardError: paired.StandardError,
                DegreesOfFreedom: paired.Test?.DegreesOfFreedom, PValue: paired.Test?.PValue, Method: paired.Test?.Method ?? "mean of paired changes");
        }

        bool Yes(string code) => change.Success.Contains(code);
    }

    /// <summary>Who answered only once, and how confident those were who did not come back: the main bias of such a study.</summary>
    private static IEnumerable<Figure> Attrition(Sample sample, MatchedChange change, List<(int Position, List<PairTotal> Pairs)> schools)
    {
        var (pre, preYes, before) = Sums("pre");
        var (post, _, _) = Sums("post");
        var stayed = schools.Select(school => (school.Position, N: school.Pairs.Sum(pair => pair.N))).Where(school => school.N > 0).ToDictionary(school => school.Position, school => school.N);
        var left = before.Select(school => school.N - stayed.GetValueOrDefault(school.Position)).Where(n => n > 0).ToList();
        var matched = stayed.Values.Sum();
        var matchedYes = schools.SelectMany(school => school.Pairs).Where(pair => change.Success.Contains(pair.Before)).Sum(pair => pair.N);
        if (pre > 0) yield return new Figure("unmatched-pre", "%", 100.0 * (pre - matched) / pre, Base: pre, Method: "of those who answered before, unweighted");
        if (post > 0) yield return new Figure("unmatched-post", "%", 100.0 * (post - matched) / post, Base: post, Method: "of those who answered after, unweighted");
        if (matched > 0) yield return new Figure("stayers-pre", "%", 100.0 * matchedYes / matched, Base: matched, Schools: stayed.Count, LargestShare: (double)stayed.Values.Max() / matched, Method: "share before among those who came back, unweighted");
        if (pre > matched)
            yield return new Figure(
                "leavers-pre", "%", 100.0 * (preYes - matchedYes) / (pre - matched), Base: pre - matched, Schools: left.Count, LargestShare: left.Count == 0 ? null : (double)left.Max() / left.Sum(),
                Method: "share before among those who did not, unweighted");

        (int All, int Yes, List<(int Position, int N)> Schools) Sums(string stage)
        {
            var stacked = new Change(change.Collection, change.Indicator, change.Success, change.Valid, ChangeScale.Points);
            using var domain = sample.Domain(stacked.At(stage), Arms.Both);
            return (domain.Responses, domain.Successes, [.. domain.Schools.ToArray().Select(school => (school.School, school.Responses))]);
        }
    }

    private static PairCounts Counts(List<PairTotal> pairs, MatchedChange change) => pairs.Aggregate(default(PairCounts), (sum, pair) =>
        sum + ((change.Success.Contains(pair.Before), change.Success.Contains(pair.After)) switch
        {
            (true, true) => new PairCounts(pair.N, 0, 0, 0),
            (true, false) => new PairCounts(0, pair.N, 0, 0),
            (false, true) => new PairCounts(0, 0, pair.N, 0),
            _ => new PairCounts(0, 0, 0, pair.N),
        }));

    /// <summary>Changes in steps of the scale; null where nobody has two answers on it.</summary>
    internal static DifferenceHistogram? Histogram(IReadOnlyList<PairTotal> pairs, Indicator indicator)
    {
        var scores = indicator.Scores!;
        var steps = (int)(scores.Values.Max() - scores.Values.Min());
        var counts = new int[(2 * steps) + 1];
        foreach (var pair in pairs)
            if (scores.TryGetValue(pair.Before, out var before) && scores.TryGetValue(pair.After, out var after)) counts[(int)(after - before) + steps] += pair.N;
        return counts.Sum() == 0 ? null : new DifferenceHistogram(counts);
    }

    private static Figure Test(string name, SignificanceTest test) => new(name, "statistic", test.Statistic, DegreesOfFreedom: test.DegreesOfFreedom, PValue: test.PValue, Method: test.Method);
}
