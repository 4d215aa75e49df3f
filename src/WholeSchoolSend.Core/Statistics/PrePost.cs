namespace WholeSchoolSend.Core.Statistics;

/// <summary>A test of a target on a contrast: its estimate, standard error and one-sided p-value for being above the target.</summary>
public sealed record TargetTest(double Estimate, double StandardError, double? PValue, string Method);

/// <summary>
/// A share or mean before and after, from everyone who answered either time, with the covariance through schools and persons.
/// </summary>
public sealed record PrePostEstimate(
    double Pre,
    double Post,
    double PreVariance,
    double PostVariance,
    double Covariance,
    int PreResponses,
    int PostResponses,
    int Schools,
    int DegreesOfFreedom)
{
    /// <summary>How the change was made.</summary>
    public string Method { get; } = "stacked pre and post, schools as clusters, Taylor linearisation";

    /// <summary>Post less pre.</summary>
    public double Difference => Post - Pre;

    /// <summary>Standard error of the difference.</summary>
    public double DifferenceStandardError => Math.Sqrt(ContrastVariance(1));

    /// <summary>t test of no change.</summary>
    public SignificanceTest? DifferenceTest => SignificanceTest.StudentT(Difference / DifferenceStandardError, DegreesOfFreedom, "linearised t, design df");

    /// <summary>The difference ± t standard errors.</summary>
    public Interval? DifferenceInterval => Critical is { } t ? Interval.Around(Difference, t * DifferenceStandardError, "t, stacked difference") : null;

    /// <summary>Post over pre; nothing when either is 0 or below.</summary>
    public double? Ratio => Pre > 0 && Post > 0 ? Post / Pre : null;

    /// <summary>Standard error of the log ratio: V_post/post² + V_pre/pre² - 2C/(post pre).</summary>
    public double? LogRatioStandardError => Pre > 0 && Post > 0
        ? Math.Sqrt(Math.Max(0, (PostVariance / (Post * Post)) + (PreVariance / (Pre * Pre)) - (2 * Covariance / (Post * Pre))))
        : null;

    /// <summary>The interval of the ratio, symmetric on the log scale.</summary>
    public Interval? RatioInterval => Critical is { } t && Ratio is { } ratio && LogRatioStandardError is { } error
        ? new Interval(ratio * Math.Exp(-t * error), ratio * Math.Exp(t * error), "t, log ratio")
        : null;

    /// <summary>t test of a ratio of 1, on the log scale as its interval.</summary>
    public SignificanceTest? RatioTest => Ratio is { } ratio && LogRatioStandardError is { } error
        ? SignificanceTest.StudentT(Math.Log(ratio) / error, DegreesOfFreedom, "t, log ratio")
        : null;

    /// <summary>Post over pre less 1.</summary>
    public double? RelativeIncrease => Ratio - 1;

    /// <summary>The interval of the relative increase.</summary>
    public Interval? RelativeIncreaseInterval => RatioInterval is { } r ? r with { Lower = r.Lower - 1, Upper = r.Upper - 1 } : null;

    /// <summary>Tests a relative target (0.20 for "20 % more") as the linear contrast post - (1 + target) pre.</summary>
    /// <remarks>Fieller (1954), J. R. Stat. Soc. B 16:175-185: linear in both, so safe where a small pre share makes the ratio unstable.</remarks>
    public TargetTest AgainstRelativeTarget(double target)
    {
        var multiple = 1 + target;
        return Against(Post - (multiple * Pre), Math.Sqrt(ContrastVariance(multiple)), "Fieller contrast, one-sided t");
    }

    /// <summary>Tests a target on the difference (0.20 for "20 points more").</summary>
    public TargetTest AgainstPointsTarget(double target) => Against(Difference - target, DifferenceStandardError, "difference less target, one-sided t");

    private double? Critical => DegreesOfFreedom < 1 ? null : Distributions.StudentTCritical(DegreesOfFreedom);

    private TargetTest Against(double estimate, double error, string method) =>
        new(estimate, error, DegreesOfFreedom >= 1 && error > 0 ? Distributions.StudentTLower(-estimate / error, DegreesOfFreedom) : null, method);

    private double ContrastVariance(double multiple) =>
        Math.Max(0, PostVariance + (multiple * multiple * PreVariance) - (2 * multiple * Covariance));
}

/// <summary>Change between two stages of one study.</summary>
public static class PrePost
{
    /// <summary>Share or mean before and after; nothing when nobody answered one of the stages.</summary>
    /// <remarks>
    /// Difference of two ratios over the stacked file: Woodruff (1971), J. Am. Stat. Assoc. 66:411-414; Kish (1965), Survey Sampling, on overlapping
    /// samples. Chosen because it uses matched, pre-only and post-only answers alike: the covariance within persons and schools is inside the school
    /// totals. It does not repair attrition: if leavers differ from stayers the change is biased, so the unmatched shares are published beside it.
    /// </remarks>
    public static PrePostEstimate? Estimate(DomainTotals pre, DomainTotals post)
    {
        ArgumentNullException.ThrowIfNull(pre);
        ArgumentNullException.ThrowIfNull(post);
        if (pre.IsEmpty || post.IsEmpty) return null;
        using var before = Influence.OfRatio(pre);
        using var after = Influence.OfRatio(post);
        var (schools, strata, _) = DomainTotals.Union(pre, post);
        return new PrePostEstimate(
            pre.Ratio,
            post.Ratio,
            before.Variance(),
            after.Variance(),
            Influence.Covariance(before, after),
            pre.Responses,
            post.Responses,
            schools,
            schools - strata);
    }
}
