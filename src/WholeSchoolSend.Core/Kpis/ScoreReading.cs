using WholeSchoolSend.Core.Disclosure;
using WholeSchoolSend.Core.Statistics;

namespace WholeSchoolSend.Core.Kpis;

/// <summary>A mean on a scale, engaged schools beside wider ones.</summary>
internal static class ScoreReading
{
    public static ReadingResult Evaluate(Kpi kpi, Reading reading, Score score, Indicator indicator, string wave, Sample sample, DisclosurePolicy policy)
    {
        if (!sample.HasSchools) return new ReadingResult(kpi.Id, reading.Id, wave, Verdict.Insufficient, "a mean needs a poll that comes with schools", []) { ReasonCode = ReasonCode.SchoolsUnknown };
        using var engaged = sample.Domain(score.Stage, indicator, score.Roles, Arms.Engaged);
        using var wider = sample.Domain(score.Stage, indicator, score.Roles, Arms.Wider);
        List<Figure> figures = [Mean("engaged-mean", engaged), Mean("wider-mean", wider)];
        if (DifferenceOfMeans(DesignMean.Estimate(engaged), DesignMean.Estimate(wider)) is { } difference) figures.Add(difference);
        return policy.WhyNot(Judged(figures[0])) is { } why
            ? new ReadingResult(kpi.Id, reading.Id, wave, Verdict.Insufficient, Decided.Reason(why), figures) { ReasonCode = why }
            : new ReadingResult(
                kpi.Id, reading.Id, wave,
                reading.Undecided is null ? Decided.On(figures[0].Value!.Value, figures[0].Lower!.Value, figures[0].Upper!.Value, (reading.Target ?? kpi.Target)!) : null, reading.Undecided, figures);
    }

    /// <summary>A mean on a scale of a few points has no width in percentage points: its base, schools and dominance are what is looked at.</summary>
    internal static Figure Judged(Figure mean) => mean.Lower is null && mean.Base is > 0 ? mean : mean with { Lower = 0, Upper = 0 };

    /// <summary>The groups share no school: their variances add up, and a small one does not borrow the degrees of freedom of a large one.</summary>
    private static Figure? DifferenceOfMeans(MeanEstimate? engaged, MeanEstimate? wider)
    {
        if (engaged is null || wider is null) return null;
        var (difference, error) = (engaged.Value - wider.Value, Math.Sqrt(engaged.Variance + wider.Variance));
        var test = engaged.DegreesOfFreedom >= 1 && wider.DegreesOfFreedom >= 1
            && DifferenceEstimate.Satterthwaite(engaged.Variance, engaged.DegreesOfFreedom, wider.Variance, wider.DegreesOfFreedom) is { } df
            ? SignificanceTest.StudentT(difference / error, df, "linearised t, Satterthwaite df")
            : null;
        var interval = test?.DegreesOfFreedom is { } freedom ? Interval.Around(difference, Distributions.StudentTCritical(freedom) * error, "t") : null;
        return new Figure(
            "difference-of-means", "points", difference, interval?.Lower, interval?.Upper, StandardError: error, DegreesOfFreedom: test?.DegreesOfFreedom, PValue: test?.PValue,
            Method: test?.Method ?? engaged.Method);
    }

    internal static Figure Mean(string name, DomainTotals domain)
    {
        if (DesignMean.Estimate(domain) is not { } mean) return new Figure(name, "points", Base: 0, Schools: 0);
        return new Figure(
            name, "points", mean.Value, mean.Interval?.Lower, mean.Interval?.Upper, mean.Responses, mean.Schools, mean.StandardError, mean.DegreesOfFreedom,
            DesignEffect: mean.DesignEffect, SumOfWeights: mean.SumOfWeights, LargestShare: domain.LargestWeight / mean.SumOfWeights,
            Method: mean.Interval is null ? mean.Method : $"{mean.Method}; {mean.Interval.Method}");
    }
}

/// <summary>A share at a fixed mix of roles: roles may share schools, and the linearisation knows it.</summary>
internal static class MixedReading
{
    public static ReadingResult Evaluate(Kpi kpi, Reading reading, MixedShare mixed, string wave, Sample sample, DisclosurePolicy policy)
    {
        if (!sample.HasSchools) return new ReadingResult(kpi.Id, reading.Id, wave, Verdict.Insufficient, "a fixed mix needs a poll that comes with schools", []) { ReasonCode = ReasonCode.SchoolsUnknown };
        var figures = new List<Figure> { Arm("engaged", Arms.Engaged), Arm("wider", Arms.Wider) };
        // Each part of the mix is weighed up or down: one that cannot be relied on would decide for many.
        return figures[0].Parts?.Any(part => policy.WhyNot(part) is not null) == true && policy.WhyNot(figures[0]) is { } why
            ? new ReadingResult(kpi.Id, reading.Id, wave, Verdict.Insufficient, $"in a part of the mix: {Decided.Reason(why)}", figures) { ReasonCode = why }
            : Decided.On(kpi, reading, wave, figures, policy);

        Figure Arm(string name, Arms arms)
        {
            var cells = mixed.Parts.Select(part => new StandardCell(sample.Domain(mixed.Of(part), arms), part.Part)).ToList();
            var standardised = DirectStandardisation.Estimate(cells);
            var largest = LargestShare(sample, cells);
            foreach (var cell in cells) cell.Domain.Dispose();
            if (standardised is not { } estimate) return new Figure(name, "%", Base: 0, Schools: 0);
            var asShare = new ProportionEstimate(estimate.Value, estimate.Variance, estimate.DegreesOfFreedom, estimate.Responses, 0, estimate.Schools, 0, 0, 0);
            var interval = ProportionIntervals.KornGraubardCapped(asShare);
            return new Figure(
                name, "%", 100 * estimate.Value, 100 * interval?.Lower, 100 * interval?.Upper, estimate.Responses, estimate.Schools, 100 * estimate.StandardError, estimate.DegreesOfFreedom,
                asShare.CappedEffectiveSize, LargestShare: largest,
                Method: $"{estimate.Method}, roles at a fixed mix; {interval?.Method}")
            {
                Parts = [.. mixed.Parts.Select(part => Part(name, part, arms))],
            };
        }

        // As the share of these roles is told where it is a reading of its own.
        Figure Part(string name, MixPart part, Arms arms)
        {
            using var domain = sample.Domain(mixed.Of(part), arms);
            return Kpis.Arm.Of(sample, domain).Figure(name) with { Source = string.Join(", ", part.Roles) };
        }
    }

    /// <summary>Of the weight of all parts together that of the school that has most.</summary>
    private static double LargestShare(Sample sample, List<StandardCell> parts)
    {
        var weights = new double[sample.Design.SchoolCount];
        foreach (var part in parts)
            foreach (ref readonly var row in part.Domain.Schools.Span) weights[row.School] += row.SumOfWeights;
        var (all, largest) = (0.0, 0.0);
        foreach (var part in parts)
            foreach (ref readonly var row in part.Domain.Schools.Span)
            {
                // Each school once, where it comes first.
                all += weights[row.School];
                largest = Math.Max(largest, weights[row.School]);
                weights[row.School] = 0;
            }
        return largest / all;
    }
}
