namespace WholeSchoolSend.Core.Statistics;

/// <summary>A weighted share with its design-based variance and everything its intervals need.</summary>
/// <remarks>With fewer than one degree of freedom the variance says nothing and no interval exists; publish at most the share.</remarks>
public sealed record ProportionEstimate(
    double Value,
    double Variance,
    int DegreesOfFreedom,
    int Responses,
    int Successes,
    int Schools,
    int Strata,
    double SumOfWeights,
    double SumOfSquaredWeights)
{
    /// <summary>How the share and its variance were made.</summary>
    public string Method { get; init; } = "weighted proportion, schools as clusters, Taylor linearisation";

    /// <summary>The square root of the variance.</summary>
    public double StandardError => Math.Sqrt(Variance);

    /// <summary>
    /// Nothing varies: the share is 0 or 1, or every school has the same share, to the last digits of what was added up (as if 1e12 independent answers had
    /// been given). Intervals then rest on n alone.
    /// </summary>
    public bool IsDegenerate => Value <= 0 || Value >= 1 || Variance <= 1e-12 * Value * (1 - Value);

    /// <summary>Kish's effective size, which knows the weights only.</summary>
    public double KishEffectiveSize => EffectiveSize.Kish(SumOfWeights, SumOfSquaredWeights);

    /// <summary>Kish's design effect of weighting.</summary>
    public double KishDesignEffect => EffectiveSize.KishDesignEffect(Responses, SumOfWeights, SumOfSquaredWeights);

    /// <summary>p(1-p)/V: how many independent answers would give this variance. Undefined without variance or degrees of freedom.</summary>
    public double? DesignEffectiveSize => DegreesOfFreedom < 1 || IsDegenerate ? null : Value * (1 - Value) / Variance;

    /// <summary>Variance over that of a simple random sample of the same size drawn with replacement (R's deff = "replace").</summary>
    public double? DesignEffect => SimpleVariance is { } simple ? Variance / simple : null;

    /// <summary>The same against a sample drawn without replacement from Σw units; means something only when weights sum to the population.</summary>
    public double? DesignEffectWithoutReplacement =>
        SimpleVariance is { } simple && SumOfWeights > Responses ? Variance / (simple * (SumOfWeights - Responses) / SumOfWeights) : null;

    /// <summary>
    /// The design effective size times (t(n-1)/t(df))²: Korn and Graubard's allowance for few schools. The number of responses when nothing varies.
    /// </summary>
    public double? KornGraubardEffectiveSize
    {
        get
        {
            if (DegreesOfFreedom < 1) return null;
            if (DesignEffectiveSize is not { } size) return Responses;
            var t = Distributions.StudentTCritical(Responses - 1) / Distributions.StudentTCritical(DegreesOfFreedom);
            return size * t * t;
        }
    }

    /// <summary>The same, never more than the number of responses (rule of the US National Center for Health Statistics).</summary>
    public double? CappedEffectiveSize => KornGraubardEffectiveSize is { } size ? Math.Min(size, Responses) : null;

    // s²/n with s² = n/(n-1) p(1-p): y is 0 or 1, so Σwy²/W = p.
    private double? SimpleVariance => DegreesOfFreedom < 1 || Responses < 2 || Value <= 0 || Value >= 1 ? null : Value * (1 - Value) / (Responses - 1);
}

/// <summary>Shares of respondents from school totals.</summary>
public static class Proportion
{
    // Rounding leaves about 1e-33 where the exact variance is 0.
    internal const double Negligible = 1e-25;

    /// <summary>The weighted share of successes in a domain; nothing when the domain is empty.</summary>
    /// <remarks>
    /// p = Σwy/Σw as a ratio of two totals, variance by Taylor linearisation over schools within strata: Woodruff (1971), J. Am. Stat. Assoc. 66:411-414;
    /// Binder (1983), Int. Stat. Rev. 51:279-292; as svymean of R's survey package (Lumley 2004, J. Stat. Softw. 9(8)). Chosen because it needs only
    /// school totals and holds for any weights. It fails with very few schools: see the degrees of freedom.
    /// Weights are taken as fixed; that they were calibrated to totals is ignored, which usually overstates the variance.
    /// </remarks>
    public static ProportionEstimate? Estimate(DomainTotals domain)
    {
        ArgumentNullException.ThrowIfNull(domain);
        if (domain.IsEmpty) return null;
        using var z = Influence.OfRatio(domain);
        return From(domain, z);
    }

    internal static ProportionEstimate From(DomainTotals domain, Influence influence)
    {
        var variance = influence.Variance();
        var sum = domain.Sum;
        return new ProportionEstimate(
            domain.Ratio,
            variance < Negligible ? 0 : variance,
            domain.DegreesOfFreedom,
            sum.Responses,
            sum.Successes,
            domain.SchoolCount,
            domain.StratumCount,
            sum.SumOfWeights,
            sum.SumOfSquaredWeights);
    }
}
