namespace WholeSchoolSend.Core.Statistics;

/// <summary>A comparison with a published figure whose base is assumed.</summary>
public sealed record AssumedBaseComparison(
    double AssumedBase,
    double AssumedDesignEffect,
    double PublishedVariance,
    double StandardError,
    SignificanceTest? Test,
    SignificanceTest? NormalTest,
    Interval? Wald,
    Interval? MoverWilson);

/// <summary>Comparison of a share with a figure somebody else published, such as the 2016 surveys.</summary>
public static class PublishedFigure
{
    /// <summary>Half the last digit of a published whole per cent.</summary>
    public const double Rounding = 0.005;

    /// <summary>The t test that takes the published figure as exact.</summary>
    /// <remarks>
    /// t = (p - p0)/SE on schools less strata degrees of freedom; one-sample t of a ratio, Korn and Graubard (1999), Analysis of Health Surveys. Kept
    /// because the 2016 figures come without base or design. It ignores their sampling error and so overstates the evidence: see <see
    /// cref="WithAssumedBase"/>.
    /// </remarks>
    public static SignificanceTest? AsConstant(ProportionEstimate estimate, double published)
    {
        Require(estimate, published);
        return estimate.DegreesOfFreedom < 1
            ? null
            : SignificanceTest.StudentT((estimate.Value - published) / estimate.StandardError, estimate.DegreesOfFreedom, "t against a constant");
    }

    /// <summary>The same with one more degree of freedom spent, as R's svyttest counts.</summary>
    public static SignificanceTest? AsConstantRegression(ProportionEstimate estimate, double published)
    {
        Require(estimate, published);
        return estimate.DegreesOfFreedom < 2
            ? null
            : SignificanceTest.StudentT((estimate.Value - published) / estimate.StandardError, estimate.DegreesOfFreedom - 1, "t against a constant, df - 1");
    }

    /// <summary>The one-sided p-value for the share being above the published figure.</summary>
    public static double? GreaterPValue(ProportionEstimate estimate, double published) =>
        AsConstant(estimate, published) is { } test ? Distributions.StudentTLower(-test.Statistic, estimate.DegreesOfFreedom) : null;

    /// <summary>The score test: the variance is that of the published figure at the design effective size.</summary>
    /// <remarks>Wilson (1927), J. Am. Stat. Assoc. 22:209-212, with n_eff in the place of n. Normal, so too bold with few schools.</remarks>
    public static SignificanceTest? Score(ProportionEstimate estimate, double published)
    {
        Require(estimate, published);
        return estimate.DesignEffectiveSize is { } size
            ? SignificanceTest.Normal((estimate.Value - published) / Math.Sqrt(published * (1 - published) / size), "score z against a constant")
            : null;
    }

    /// <summary>
    /// Whether the test has the same outcome at 5 % at the published figure and half a per cent on either side, since the figure was rounded; nothing
    /// without a test.
    /// </summary>
    public static bool? IsRobustToRounding(ProportionEstimate estimate, double published)
    {
        Require(estimate, published);
        if (Outcome(published) is not { } at || Outcome(published - Rounding) is not { } below || Outcome(published + Rounding) is not { } above) return null;
        return at == below && at == above;

        // -1, 0, 1: significantly below, not significant, significantly above.
        int? Outcome(double p0) => estimate.DegreesOfFreedom < 1
            ? null
            : SignificanceTest.StudentT((estimate.Value - p0) / estimate.StandardError, estimate.DegreesOfFreedom, "") is { } test
                ? test.PValue < 0.05 ? Math.Sign(test.Statistic) : 0
                : null;
    }

    /// <summary>The comparison when the published figure had an assumed base n0 and design effect.</summary>
    /// <remarks>
    /// V0 = deff0 p0(1-p0)/n0; t with Satterthwaite (1946), Biometrics Bull. 2:110-114, degrees of freedom, df0 = n0 - 1; interval by Zou and Donner (2008),
    /// Stat. Med. 27:1693-1702, on the design-based Wilson interval and Wilson(p0, n0/deff0). The base is an assumption and must be published as one.
    /// </remarks>
    public static AssumedBaseComparison WithAssumedBase(ProportionEstimate estimate, double published, double assumedBase, double assumedDesignEffect)
    {
        Require(estimate, published);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(assumedBase, 1);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(assumedDesignEffect);
        var variance0 = assumedDesignEffect * published * (1 - published) / assumedBase;
        var error = Math.Sqrt(estimate.Variance + variance0);
        if (estimate.DegreesOfFreedom < 1) return new AssumedBaseComparison(assumedBase, assumedDesignEffect, variance0, error, null, null, null, null);

        var difference = estimate.Value - published;
        var df = DifferenceEstimate.Satterthwaite(estimate.Variance, estimate.DegreesOfFreedom, variance0, assumedBase - 1)!.Value;
        var ofPublished = CountProportion.Score(published, assumedBase / assumedDesignEffect, Distributions.NormalCritical, "Wilson, assumed base");
        return new AssumedBaseComparison(
            assumedBase,
            assumedDesignEffect,
            variance0,
            error,
            SignificanceTest.StudentT(difference / error, df, "t against an assumed base, Satterthwaite df"),
            SignificanceTest.Normal(difference / error, "z against an assumed base"),
            Interval.Around(difference, Distributions.StudentTCritical(df) * error, "Wald, assumed base"),
            Mover.Difference(estimate.Value, ProportionIntervals.Wilson(estimate)!, published, ofPublished));
    }

    private static void Require(ProportionEstimate estimate, double published)
    {
        ArgumentNullException.ThrowIfNull(estimate);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(published, 0);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(published, 1);
    }
}
