namespace WholeSchoolSend.Core.Statistics;

/// <summary>95 % intervals for a share of plain counts: no weights, no schools.</summary>
public static class CountProportion
{
    /// <summary>The Wilson score interval, without continuity correction.</summary>
    /// <remarks>
    /// Wilson (1927), J. Am. Stat. Assoc. 22:209-212; in the form of Newcombe (1998), Stat. Med. 17:857-872, method 3.
    /// Kept because it stays inside [0, 1] and behaves at 0 and n, where the normal approximation collapses to a point.
    /// It knows nothing of the finite population or of the design of the sample: for surveys use <see cref="ProportionIntervals"/>.
    /// </remarks>
    public static Interval Wilson(int successes, int trials)
    {
        Require(successes, trials);
        return Score((double)successes / trials, trials, Distributions.NormalCritical, "Wilson");
    }

    /// <summary>The exact interval from the binomial distribution.</summary>
    /// <remarks>
    /// Clopper and Pearson (1934), Biometrika 26:404-413, by the Beta quantiles; Newcombe (1998), Stat. Med. 17:857-872, method 5.
    /// Never covers less than 95 %, and for that is wider than need be.
    /// </remarks>
    public static Interval ClopperPearson(int successes, int trials)
    {
        Require(successes, trials);
        var lower = successes == 0 ? 0 : Distributions.BetaQuantile(Interval.Tail, successes, trials - successes + 1.0);
        var upper = successes == trials ? 1 : Distributions.BetaQuantile(1 - Interval.Tail, successes + 1.0, trials - successes);
        return new Interval(lower, upper, "Clopper-Pearson");
    }

    /// <summary>p ± z √(p(1-p)/n).</summary>
    /// <remarks>Newcombe (1998), Stat. Med. 17:857-872, method 1, where it does worst of seven. Only to compare with published tables.</remarks>
    public static Interval Wald(int successes, int trials)
    {
        Require(successes, trials);
        var p = (double)successes / trials;
        return Interval.Around(p, Distributions.NormalCritical * Math.Sqrt(p * (1 - p) / trials), "Wald");
    }

    // Shared with the design-based interval: n need not be whole there and the critical value is t.
    internal static Interval Score(double p, double n, double critical, string method)
    {
        var square = critical * critical;
        var denominator = 1 + (square / n);
        var centre = (p + (square / (2 * n))) / denominator;
        var half = critical * Math.Sqrt((p * (1 - p) / n) + (square / (4 * n * n))) / denominator;

        // At 0 and 1 the limit is exact, and near them no limit lies beyond; rounding would put it at 1e-18.
        return new Interval(p <= 0 ? 0 : Math.Max(0, centre - half), p >= 1 ? 1 : Math.Min(1, centre + half), method);
    }

    private static void Require(int successes, int trials)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(trials);
        ArgumentOutOfRangeException.ThrowIfNegative(successes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(successes, trials);
    }
}
