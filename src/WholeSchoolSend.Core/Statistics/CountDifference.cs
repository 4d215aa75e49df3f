using MathNet.Numerics;

namespace WholeSchoolSend.Core.Statistics;

/// <summary>Comparison of two shares of plain counts: no weights, no schools.</summary>
public static class CountDifference
{
    // R's fisher.test counts tables up to this much likelier than the observed one as equally likely, against rounding.
    private const double AsLikely = 1 + 1e-7;

    /// <summary>Newcombe's hybrid score interval for first - second.</summary>
    /// <remarks>
    /// Newcombe (1998), Stat. Med. 17:873-890, method 10: square and add of the two Wilson intervals. Chosen because it stays inside [-1, 1] and works with
    /// a share of 0 or 1. It knows nothing of clusters or weights.
    /// </remarks>
    public static Interval Newcombe(int successes1, int trials1, int successes2, int trials2)
    {
        var (first, second) = (CountProportion.Wilson(successes1, trials1), CountProportion.Wilson(successes2, trials2));
        var (p1, p2) = ((double)successes1 / trials1, (double)successes2 / trials2);
        return Mover.Difference(p1, first, p2, second) with { Method = "Newcombe hybrid score" };
    }

    /// <summary>The difference ± z standard errors, held within [-1, 1].</summary>
    /// <remarks>Newcombe (1998), Stat. Med. 17:873-890, method 1, where it does badly; as R's prop.test without correction. Only for comparison.</remarks>
    public static Interval Wald(int successes1, int trials1, int successes2, int trials2)
    {
        var (p1, p2) = Shares(successes1, trials1, successes2, trials2);
        var half = Distributions.NormalCritical * Math.Sqrt((p1 * (1 - p1) / trials1) + (p2 * (1 - p2) / trials2));
        return new Interval(Math.Max(-1, p1 - p2 - half), Math.Min(1, p1 - p2 + half), "Wald");
    }

    /// <summary>
    /// The z test with one common share under the hypothesis of no difference; its square is Pearson's chi-square. Nothing when nobody or everybody
    /// succeeds.
    /// </summary>
    /// <remarks>Pearson (1900), Phil. Mag. 50:157-175. Needs expected counts of about five; below use <see cref="Fisher"/>.</remarks>
    public static SignificanceTest? PooledZ(int successes1, int trials1, int successes2, int trials2)
    {
        var (p1, p2) = Shares(successes1, trials1, successes2, trials2);
        var pooled = ((double)successes1 + successes2) / ((double)trials1 + trials2);
        return SignificanceTest.Normal((p1 - p2) / Math.Sqrt(pooled * (1 - pooled) * ((1.0 / trials1) + (1.0 / trials2))), "z, pooled share");
    }

    /// <summary>The z test with each share's own variance; agrees with the Wald interval. Nothing when neither share varies and they are equal.</summary>
    /// <remarks>
    /// Agresti (2013), Categorical Data Analysis, 3rd ed.. Rejects too often in small samples, and with all against none z is infinite and p is 0: only to
    /// compare with published tables.
    /// </remarks>
    public static SignificanceTest? UnpooledZ(int successes1, int trials1, int successes2, int trials2)
    {
        var (p1, p2) = Shares(successes1, trials1, successes2, trials2);
        var z = (p1 - p2) / Math.Sqrt((p1 * (1 - p1) / trials1) + (p2 * (1 - p2) / trials2));
        return double.IsNaN(z) ? null : new SignificanceTest(z, null, Distributions.NormalTwoSided(z), "z, separate shares");
    }

    /// <summary>The two-sided p-value of Fisher's exact test: all tables with the same margins that are no likelier than the observed one.</summary>
    /// <remarks>
    /// Fisher (1935), J. R. Stat. Soc. 98:39-54; two sides by point probability as in R's fisher.test. Exact and therefore conservative.
    /// </remarks>
    public static double Fisher(int successes1, int trials1, int successes2, int trials2)
    {
        _ = Shares(successes1, trials1, successes2, trials2);
        var successes = successes1 + successes2;
        var observed = Probability(successes1);
        var total = 0.0;
        for (var x = Math.Max(0, successes - trials2); x <= Math.Min(trials1, successes); x++)
        {
            var probability = Probability(x);
            if (probability <= observed * AsLikely) total += probability;
        }

        return Math.Min(1, total);

        double Probability(int x) => Math.Exp(
            SpecialFunctions.BinomialLn(trials1, x)
            + SpecialFunctions.BinomialLn(trials2, successes - x)
            - SpecialFunctions.BinomialLn(trials1 + trials2, successes));
    }

    private static (double First, double Second) Shares(int successes1, int trials1, int successes2, int trials2)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(trials1);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(trials2);
        ArgumentOutOfRangeException.ThrowIfNegative(successes1);
        ArgumentOutOfRangeException.ThrowIfNegative(successes2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(successes1, trials1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(successes2, trials2);
        return ((double)successes1 / trials1, (double)successes2 / trials2);
    }
}
