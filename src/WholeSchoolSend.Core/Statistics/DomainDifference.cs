namespace WholeSchoolSend.Core.Statistics;

/// <summary>The difference of two shares from one sample (engaged less wider, leaders less SENCOs), with the covariance through shared schools.</summary>
public sealed record DifferenceEstimate(ProportionEstimate First, ProportionEstimate Second, double Covariance, int SharedSchools, int DesignDegreesOfFreedom)
{
    /// <summary>First share less second share.</summary>
    public double Value => First.Value - Second.Value;

    /// <summary>V1 + V2 - 2C.</summary>
    public double Variance => Math.Max(0, First.Variance + Second.Variance - (2 * Covariance));

    /// <summary>The square root of the variance.</summary>
    public double StandardError => Math.Sqrt(Variance);

    /// <summary>Correlation of the two shares; 0 when one of them does not vary.</summary>
    public double Correlation => First.Variance > 0 && Second.Variance > 0 ? Covariance / Math.Sqrt(First.Variance * Second.Variance) : 0;

    /// <summary>Whether both shares have at least one degree of freedom; without that there is neither test nor interval.</summary>
    public bool IsTestable => First.DegreesOfFreedom >= 1 && Second.DegreesOfFreedom >= 1;

    /// <summary>Difference over standard error; nothing when nothing varies.</summary>
    public double? Statistic => StandardError > 0 ? Value / StandardError : null;

    /// <summary>(V1+V2)²/(V1²/df1 + V2²/df2).</summary>
    /// <remarks>Satterthwaite (1946), Biometrics Bull. 2:110-114.</remarks>
    public double? SatterthwaiteDegreesOfFreedom =>
        IsTestable ? Satterthwaite(First.Variance, First.DegreesOfFreedom, Second.Variance, Second.DegreesOfFreedom) : null;

    /// <summary>Satterthwaite's when the domains share no school, so that a small arm does not borrow from a large one; else those of the design.</summary>
    public double? DegreesOfFreedom => !IsTestable ? null : SharedSchools == 0 ? SatterthwaiteDegreesOfFreedom : DesignDegreesOfFreedom;

    /// <summary>The test that is reported.</summary>
    public SignificanceTest? Test => TestWith(DegreesOfFreedom, SharedSchools == 0 ? "linearised t, Satterthwaite df" : "linearised t, design df");

    /// <summary>The same with schools less strata as degrees of freedom.</summary>
    public SignificanceTest? TestWithDesignDegreesOfFreedom => TestWith(DesignDegreesOfFreedom, "linearised t, design df");

    /// <summary>The same as a regression on the group, which costs one more degree of freedom (R's svyttest).</summary>
    public SignificanceTest? TestAsRegression => TestWith(DesignDegreesOfFreedom - 1, "linearised t, design df - 1");

    /// <summary>The same with Satterthwaite's degrees of freedom.</summary>
    public SignificanceTest? TestWithSatterthwaite => TestWith(SatterthwaiteDegreesOfFreedom, "linearised t, Satterthwaite df");

    /// <summary>The same with the normal distribution, for very many schools.</summary>
    public SignificanceTest? TestAsNormal => IsTestable ? SignificanceTest.Normal(Value / StandardError, "linearised z") : null;

    internal static double? Satterthwaite(double variance1, double df1, double variance2, double df2)
    {
        var sum = variance1 + variance2;
        return sum > 0 ? sum * sum / ((variance1 * variance1 / df1) + (variance2 * variance2 / df2)) : null;
    }

    private SignificanceTest? TestWith(double? degreesOfFreedom, string method) =>
        IsTestable && degreesOfFreedom is { } df ? SignificanceTest.StudentT(Value / StandardError, df, method) : null;
}

/// <summary>Differences of shares between two domains of one sample.</summary>
public static class DomainDifference
{
    /// <summary>First share less second share; nothing when either domain is empty.</summary>
    /// <remarks>
    /// Difference of two ratios by Taylor linearisation: Woodruff (1971), J. Am. Stat. Assoc. 66:411-414. The covariance runs through schools that are in
    /// both domains (leaders and SENCOs of a school, two waves) and through the common stratum mean. A difference between engaged and wider schools is a
    /// comparison, not an effect: engaged schools volunteered.
    /// </remarks>
    public static DifferenceEstimate? Estimate(DomainTotals first, DomainTotals second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        if (first.IsEmpty || second.IsEmpty) return null;
        using var z1 = Influence.OfRatio(first);
        using var z2 = Influence.OfRatio(second);
        var (schools, strata, shared) = DomainTotals.Union(first, second);
        return new DifferenceEstimate(
            Proportion.From(first, z1),
            Proportion.From(second, z2),
            Influence.Covariance(z1, z2),
            shared,
            schools - strata);
    }

    /// <summary>The published interval: MOVER on the design-based Wilson limits, with the correlation of the two shares.</summary>
    /// <remarks>
    /// Zou and Donner (2008), Stat. Med. 27:1693-1702; see <see cref="Mover"/>. With weights 1 and one respondent a school it is close to Newcombe's hybrid
    /// score interval.
    /// </remarks>
    public static Interval? MoverWilson(DifferenceEstimate difference)
    {
        ArgumentNullException.ThrowIfNull(difference);
        if (ProportionIntervals.Wilson(difference.First) is not { } first || ProportionIntervals.Wilson(difference.Second) is not { } second) return null;
        return Mover.Difference(difference.First.Value, first, difference.Second.Value, second, difference.Correlation);
    }

    /// <summary>The difference ± t standard errors at the degrees of freedom of one of its tests.</summary>
    /// <remarks>Only a check: symmetric, and can leave [-1, 1].</remarks>
    public static Interval? Wald(DifferenceEstimate difference, SignificanceTest? test)
    {
        ArgumentNullException.ThrowIfNull(difference);
        return test?.DegreesOfFreedom is { } df
            ? Interval.Around(difference.Value, Distributions.StudentTCritical(df) * difference.StandardError, $"Wald, {test.Method}")
            : null;
    }
}
