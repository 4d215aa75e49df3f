namespace WholeSchoolSend.Core.Statistics;

/// <summary>A weighted mean score with its design-based variance.</summary>
public sealed record MeanEstimate(
    double Value,
    double Variance,
    int DegreesOfFreedom,
    int Responses,
    int Schools,
    int Strata,
    double SumOfWeights,
    double SumOfSquaredWeights,
    double? DesignEffect)
{
    /// <summary>How the mean and its variance were made.</summary>
    public string Method { get; } = "weighted mean, schools as clusters, Taylor linearisation";

    /// <summary>The square root of the variance.</summary>
    public double StandardError => Math.Sqrt(Variance);

    /// <summary>The mean ± t standard errors; undefined with fewer than one degree of freedom.</summary>
    public Interval? Interval =>
        DegreesOfFreedom < 1 ? null : Statistics.Interval.Around(Value, Distributions.StudentTCritical(DegreesOfFreedom) * StandardError, "t, design-based");

    /// <summary>The t test against a constant; 0 for a mean of matched differences, which is then the paired t test that knows schools.</summary>
    public SignificanceTest? TestAgainst(double constant) =>
        DegreesOfFreedom < 1 ? null : SignificanceTest.StudentT((Value - constant) / StandardError, DegreesOfFreedom, "linearised t, design df");
}

/// <summary>Mean scores from school totals.</summary>
public static class DesignMean
{
    /// <summary>The weighted mean score in a domain; nothing when the domain is empty.</summary>
    /// <remarks>
    /// Σwy/Σw with variance by Taylor linearisation, as <see cref="Proportion.Estimate"/>; interval with Student's t on schools less strata.
    /// The design effect compares with s²/n, s² = n/(n-1) (Σwy²/Σw - mean²). A mean of five answer codes treats their steps as equal, which is a
    /// choice of scale and not a fact.
    /// </remarks>
    public static MeanEstimate? Estimate(DomainTotals domain)
    {
        ArgumentNullException.ThrowIfNull(domain);
        if (domain.IsEmpty) return null;
        using var z = Influence.OfRatio(domain);
        var sum = domain.Sum;
        var mean = domain.Ratio;
        var secondMoment = sum.WeightedSumOfSquares / sum.SumOfWeights;
        var variance = z.Variance();
        if (variance < Proportion.Negligible * secondMoment) variance = 0;
        var spread = (secondMoment - (mean * mean)) / (sum.Responses - 1.0);
        return new MeanEstimate(
            mean,
            variance,
            domain.DegreesOfFreedom,
            sum.Responses,
            domain.SchoolCount,
            domain.StratumCount,
            sum.SumOfWeights,
            sum.SumOfSquaredWeights,
            domain.DegreesOfFreedom >= 1 && sum.Responses > 1 && spread > 0 ? variance / spread : null);
    }
}
