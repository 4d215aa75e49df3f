namespace WholeSchoolSend.Core.Statistics;

/// <summary>A wave: when it was, and the totals of a reading in it. Time may be the wave's number or its fieldwork date, spaced as they are.</summary>
public sealed record WaveTotals(double Time, DomainTotals Domain);

/// <summary>A straight line through the waves.</summary>
public sealed record TrendEstimate(double Intercept, double Slope, double SlopeVariance, int DesignDegreesOfFreedom, string Method)
{
    /// <summary>The square root of the slope's variance.</summary>
    public double SlopeStandardError => Math.Sqrt(SlopeVariance);

    /// <summary>One less than those of the design, for the slope.</summary>
    public int DegreesOfFreedom => DesignDegreesOfFreedom - 1;

    /// <summary>The t test of no trend.</summary>
    public SignificanceTest? Test => SignificanceTest.StudentT(Slope / SlopeStandardError, DegreesOfFreedom, "linearised t, design df - 1");

    /// <summary>The slope ± t standard errors.</summary>
    public Interval? SlopeInterval =>
        DegreesOfFreedom < 1 ? null : Interval.Around(Slope, Distributions.StudentTCritical(DegreesOfFreedom) * SlopeStandardError, $"t, {Method}");
}

/// <summary>Trends over three or more waves on one stacked design, so that schools in several waves are known to be the same schools.</summary>
public static class Trend
{
    private const int MostSteps = 100;

    /// <summary>The covariance of two waves' shares, or the variance of one.</summary>
    public static double Covariance(DomainTotals first, DomainTotals second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        using var z1 = Influence.OfRatio(first);
        using var z2 = Influence.OfRatio(second);
        return Influence.Covariance(z1, z2);
    }

    /// <summary>The weighted least-squares slope of the share over time; nothing when fewer than two waves have answers.</summary>
    /// <remarks>
    /// Fuller (1975), Sankhya C 37:117-132; Binder (1983), Int. Stat. Rev. 51:279-292; as svyglm with identity link. Reads as points per wave. It can run
    /// outside [0, 1]: do not extend it. With two waves it is the difference.
    /// </remarks>
    public static TrendEstimate? Linear(IReadOnlyList<WaveTotals> waves)
    {
        if (Present(waves) is not { } present) return null;
        double w = 0, wt = 0, a = 0;
        foreach (var (time, domain) in present)
        {
            w += domain.Sum.SumOfWeights;
            wt += domain.Sum.SumOfWeights * time;
            a += domain.Sum.WeightedSum;
        }

        var (mean, level) = (wt / w, a / w);
        double cross = 0, square = 0;
        foreach (var (time, domain) in present)
        {
            cross += domain.Sum.WeightedSum * (time - mean);
            square += domain.Sum.SumOfWeights * (time - mean) * (time - mean);
        }

        var slope = cross / square;
        var intercept = level - (slope * mean);
        using var z = new Influence(present[0].Domain.Design);
        foreach (var (time, domain) in present)
        {
            var multiple = (time - mean) / square;
            z.Add(domain, multiple, -multiple * (intercept + (slope * time)));
        }

        return new TrendEstimate(intercept, slope, z.Variance(), DegreesOfFreedom(present), "linear trend");
    }

    /// <summary>The slope of the log odds over time; nothing when fewer than two waves have answers, or the odds run to 0 or infinity.</summary>
    /// <remarks>
    /// Binder (1983), Int. Stat. Rev. 51:279-292, pseudo-likelihood with linearised variance; as svyglm with quasibinomial. Newton's method on the waves'
    /// totals. Stays inside [0, 1]; exp(slope) is the odds ratio per unit of time.
    /// </remarks>
    public static TrendEstimate? Logit(IReadOnlyList<WaveTotals> waves)
    {
        if (Present(waves) is not { } present) return null;
        if (present.All(p => p.Domain.Ratio is <= 0 or >= 1)) return null;
        double intercept = 0, slope = 0;
        for (var step = 0; step < MostSteps; step++)
        {
            var (g0, g1, h00, h01, h11) = (0.0, 0.0, 0.0, 0.0, 0.0);
            foreach (var (time, domain) in present)
            {
                var mu = Expit(intercept + (slope * time));
                var residual = domain.Sum.WeightedSum - (mu * domain.Sum.SumOfWeights);
                var information = domain.Sum.SumOfWeights * mu * (1 - mu);
                g0 += residual;
                g1 += residual * time;
                h00 += information;
                h01 += information * time;
                h11 += information * time * time;
            }

            var determinant = (h00 * h11) - (h01 * h01);
            var (byIntercept, bySlope) = (((h11 * g0) - (h01 * g1)) / determinant, ((h00 * g1) - (h01 * g0)) / determinant);
            if (!double.IsFinite(byIntercept) || !double.IsFinite(bySlope)) return null;
            intercept += byIntercept;
            slope += bySlope;
            if (Math.Abs(byIntercept) > 1e-13 * (1 + Math.Abs(intercept)) || Math.Abs(bySlope) > 1e-13 * (1 + Math.Abs(slope))) continue;

            using var z = new Influence(present[0].Domain.Design);
            foreach (var (time, domain) in present)
            {
                var multiple = ((h00 * time) - h01) / determinant;
                z.Add(domain, multiple, -multiple * Expit(intercept + (slope * time)));
            }

            return new TrendEstimate(intercept, slope, z.Variance(), DegreesOfFreedom(present), "logit trend");
        }

        return null;
    }

    private static double Expit(double x) => 1 / (1 + Math.Exp(-x));

    private static int DegreesOfFreedom(WaveTotals[] waves)
    {
        var (schools, strata, _) = DomainTotals.Union([.. waves.Select(w => w.Domain)]);
        return schools - strata;
    }

    private static WaveTotals[]? Present(IReadOnlyList<WaveTotals> waves)
    {
        ArgumentNullException.ThrowIfNull(waves);
        WaveTotals[] present = [.. waves.Where(w => !w.Domain.IsEmpty)];
        return present.Select(w => w.Time).Distinct().Count() < 2 ? null : present;
    }
}
