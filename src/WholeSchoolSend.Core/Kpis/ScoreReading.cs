using WholeSchoolSend.Core.Disclosure;
using WholeSchoolSend.Core.Statistics;

namespace WholeSchoolSend.Core.Kpis;

/// <summary>A mean on a scale, engaged schools beside wider ones.</summary>
internal static class ScoreReading
{
    public static ReadingResult Evaluate(Kpi kpi, Reading reading, Score score, Indicator indicator, string wave, Sample sample, DisclosurePolicy policy)
    {
        if (!sample.HasSchools) return new ReadingResult(kpi.Id, reading.Id, wave, Verdict.Insufficient, "a mean needs a poll that comes with schools", []);
        var (engaged, wider) = (Rows(Arms.Engaged), Rows(Arms.Wider));
        List<Figure> figures = [Mean("engaged-mean", sample, engaged), Mean("wider-mean", sample, wider)];
        // The linearisation of a difference does not care whether y is an answer's score or 0 and 1.
        if (PrePost.Estimate(sample.Domain(wider), sample.Domain(engaged)) is { } difference)
        {
            figures.Add(new Figure(
                "difference-of-means", "points", difference.Difference, difference.DifferenceInterval?.Lower, difference.DifferenceInterval?.Upper,
                StandardError: difference.DifferenceStandardError, DegreesOfFreedom: difference.DegreesOfFreedom, PValue: difference.DifferenceTest?.PValue,
                Method: difference.DifferenceTest?.Method));
        }
        var status = Status(figures[0], policy);
        return status is CellStatus.NoData or CellStatus.Confidential or CellStatus.Unreliable
            ? new ReadingResult(kpi.Id, reading.Id, wave, Verdict.Insufficient, Decided.Reason(status), figures)
            : new ReadingResult(
                kpi.Id, reading.Id, wave,
                reading.Undecided is null ? Decided.On(figures[0].Value!.Value, figures[0].Lower!.Value, figures[0].Upper!.Value, (reading.Target ?? kpi.Target)!) : null, reading.Undecided, figures);

        SchoolSums[] Rows(Arms arms) => sample.Rows(score.Stage, indicator, score.Roles, arms);
    }

    /// <summary>A mean on a scale of a few points has no width in percentage points: its base, schools and dominance are what is looked at.</summary>
    internal static CellStatus Status(Figure mean, DisclosurePolicy policy) =>
        mean.Lower is null && mean.Base is > 0 ? policy.StatusOf(mean) : policy.StatusOf(mean with { Lower = 0, Upper = 0 });

    private static Figure Mean(string name, Sample sample, SchoolSums[] rows)
    {
        if (DesignMean.Estimate(sample.Domain(rows)) is not { } mean) return new Figure(name, "points", Base: 0, Schools: 0);
        return new Figure(
            name, "points", mean.Value, mean.Interval?.Lower, mean.Interval?.Upper, mean.Responses, mean.Schools, mean.StandardError, mean.DegreesOfFreedom,
            DesignEffect: mean.DesignEffect, SumOfWeights: mean.SumOfWeights, LargestShare: rows.Max(row => row.SumOfWeights) / mean.SumOfWeights,
            Method: mean.Interval is null ? mean.Method : $"{mean.Method}; {mean.Interval.Method}");
    }
}

/// <summary>A share at a fixed mix of roles: roles may share schools, and the linearisation knows it.</summary>
internal static class MixedReading
{
    public static ReadingResult Evaluate(Kpi kpi, Reading reading, MixedShare mixed, string wave, Sample sample, DisclosurePolicy policy)
    {
        if (!sample.HasSchools) return new ReadingResult(kpi.Id, reading.Id, wave, Verdict.Insufficient, "a fixed mix needs a poll that comes with schools", []);
        var figures = new List<Figure> { Arm("engaged", Arms.Engaged), Arm("wider", Arms.Wider) };
        // Each part of the mix is weighed up or down: one with too few people would decide for many.
        var least = mixed.Parts.Min(part => sample.Rows(mixed.Of(part), Arms.Engaged).Sum(row => row.Responses));
        return least < policy.ReliableRespondents
            ? new ReadingResult(kpi.Id, reading.Id, wave, Verdict.Insufficient, "too few respondents in a part of the mix", figures)
            : Decided.On(kpi, reading, wave, figures, policy);

        Figure Arm(string name, Arms arms)
        {
            var rows = mixed.Parts.Select(part => sample.Rows(mixed.Of(part), arms)).ToList();
            var cells = mixed.Parts.Select((part, index) => new StandardCell(sample.Domain(rows[index]), part.Part)).ToList();
            if (DirectStandardisation.Estimate(cells) is not { } estimate) return new Figure(name, "%", Base: 0, Schools: 0);
            var asShare = new ProportionEstimate(estimate.Value, estimate.Variance, estimate.DegreesOfFreedom, estimate.Responses, 0, estimate.Schools, 0, 0, 0);
            var interval = ProportionIntervals.KornGraubardCapped(asShare);
            var weights = rows.SelectMany(part => part).GroupBy(row => row.School).Select(school => school.Sum(row => row.SumOfWeights)).ToList();
            return new Figure(
                name, "%", 100 * estimate.Value, 100 * interval?.Lower, 100 * interval?.Upper, estimate.Responses, estimate.Schools, 100 * estimate.StandardError, estimate.DegreesOfFreedom,
                asShare.CappedEffectiveSize, LargestShare: weights.Max() / weights.Sum(),
                Method: $"{estimate.Method}, roles at a fixed mix; {interval?.Method}");
        }
    }
}
