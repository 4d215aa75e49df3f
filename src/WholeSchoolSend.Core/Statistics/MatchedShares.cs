using MathNet.Numerics.Distributions;

namespace WholeSchoolSend.Core.Statistics;

/// <summary>Matched pairs by answer: yes both times, yes then no, no then yes, no both times.</summary>
public readonly record struct PairCounts(int YesYes, int YesNo, int NoYes, int NoNo)
{
    /// <summary>All pairs.</summary>
    public int Pairs => YesYes + YesNo + NoYes + NoNo;

    /// <summary>Share of yes before.</summary>
    public double Pre => (double)(YesYes + YesNo) / Pairs;

    /// <summary>Share of yes after.</summary>
    public double Post => (double)(YesYes + NoYes) / Pairs;

    /// <summary>Share after less share before.</summary>
    public double Difference => (double)(NoYes - YesNo) / Pairs;

    /// <summary>Both tables together.</summary>
    public static PairCounts operator +(PairCounts left, PairCounts right) => Add(left, right);

    /// <summary>Both tables together.</summary>
    public static PairCounts Add(PairCounts left, PairCounts right) =>
        new(left.YesYes + right.YesYes, left.YesNo + right.YesNo, left.NoYes + right.NoYes, left.NoNo + right.NoNo);
}

/// <summary>Tests and intervals for the change of a share among matched pairs; a sensitivity beside <see cref="PrePost"/>.</summary>
public static class MatchedShares
{
    /// <summary>McNemar's chi-square, (b-c)²/(b+c); nothing without a changed pair.</summary>
    /// <remarks>
    /// McNemar (1947), Psychometrika 12:153-157. Asymptotic, ignores schools. With fewer than 25 changed pairs use <see cref="ExactPValue"/> or mid-p.
    /// </remarks>
    public static SignificanceTest? McNemar(PairCounts pairs) =>
        SignificanceTest.ChiSquare(Squared(pairs.YesNo - pairs.NoYes) / ((double)pairs.YesNo + pairs.NoYes), "McNemar");

    /// <summary>McNemar's chi-square with continuity correction, (|b-c|-1)²/(b+c).</summary>
    /// <remarks>Edwards (1948), Psychometrika 13:185-187, no correction when b = c as in R. Conservative; for comparison only.</remarks>
    public static SignificanceTest? McNemarCorrected(PairCounts pairs)
    {
        var change = Math.Abs(pairs.YesNo - pairs.NoYes);
        return SignificanceTest.ChiSquare(Squared(Math.Max(0, change - 1)) / ((double)pairs.YesNo + pairs.NoYes), "McNemar, continuity correction");
    }

    /// <summary>The exact two-sided p-value: b of b + c against one half.</summary>
    /// <remarks>Binomial form of McNemar's test: Fagerland, Lydersen and Laake (2013), BMC Med. Res. Methodol. 13:91. Conservative.</remarks>
    public static double ExactPValue(PairCounts pairs) => SignTest.PValue(pairs.NoYes, pairs.YesNo);

    /// <summary>The mid-p value: the exact one less half the probability of what was observed.</summary>
    /// <remarks>Fagerland, Lydersen and Laake (2013), BMC Med. Res. Methodol. 13:91, who recommend it; rarely and slightly above the nominal level.</remarks>
    public static double MidPValue(PairCounts pairs)
    {
        var changed = pairs.YesNo + pairs.NoYes;
        if (changed == 0) return 1;
        var least = Math.Min(pairs.YesNo, pairs.NoYes);
        return Math.Min(1, (2 * Binomial.CDF(0.5, changed, least)) - Binomial.PMF(0.5, changed, least));
    }

    /// <summary>The difference ± z √(b + c - (b-c)²/n)/n.</summary>
    /// <remarks>Newcombe (1998), Stat. Med. 17:2635-2650, method 1. Only for comparison.</remarks>
    public static Interval Wald(PairCounts pairs)
    {
        Require(pairs);
        return Interval.Around(pairs.Difference, Distributions.NormalCritical * StandardError(pairs), "Wald, paired");
    }

    /// <summary>√(b + c - (b-c)²/n)/n.</summary>
    public static double StandardError(PairCounts pairs)
    {
        Require(pairs);
        double n = pairs.Pairs;
        return Math.Sqrt(pairs.YesNo + pairs.NoYes - (Squared(pairs.NoYes - pairs.YesNo) / n)) / n;
    }

    /// <summary>Newcombe's score interval for the paired difference.</summary>
    /// <remarks>
    /// Newcombe (1998), Stat. Med. 17:2635-2650, method 10: square and add of the Wilson intervals with the correlation phi. Chosen because it holds with
    /// few pairs and with no change one way. Ignores schools.
    /// </remarks>
    public static Interval Newcombe(PairCounts pairs)
    {
        Require(pairs);
        var before = CountProportion.Wilson(pairs.YesYes + pairs.YesNo, pairs.Pairs);
        var after = CountProportion.Wilson(pairs.YesYes + pairs.NoYes, pairs.Pairs);
        return Mover.Difference(pairs.Post, after, pairs.Pre, before, Phi(pairs)) with { Method = "Newcombe paired score" };
    }

    /// <summary>
    /// Newcombe's correlation: ad - bc is reduced by n/2 when larger than that, taken as 0 between 0 and n/2, over the root of the margins' product.
    /// </summary>
    public static double Phi(PairCounts pairs)
    {
        Require(pairs);
        double a = pairs.YesYes, b = pairs.YesNo, c = pairs.NoYes, d = pairs.NoNo;
        var margins = (a + b) * (c + d) * (a + c) * (b + d);
        var cross = (a * d) - (b * c);
        var corrected = cross > pairs.Pairs / 2.0 ? cross - (pairs.Pairs / 2.0) : Math.Min(cross, 0);
        return margins > 0 ? corrected / Math.Sqrt(margins) : 0;
    }

    /// <summary>McNemar's test for pairs in schools, Obuchowski's variance.</summary>
    /// <remarks>Obuchowski (1998), Stat. Med. 17:1495-1507: (K-1)/K (Σ(b-c))²/Σ(b-c)². Needs some twenty schools. Schools without pairs are left out.</remarks>
    public static SignificanceTest? Obuchowski(IReadOnlyList<PairCounts> schools)
    {
        var clusters = Clusters(schools);
        double k = clusters.Count;
        return SignificanceTest.ChiSquare(
            (k - 1) / k * Squared(clusters.Sum(Change)) / clusters.Sum(s => Squared(Change(s))),
            "McNemar, clustered (Obuchowski)");
    }

    /// <summary>McNemar's test for pairs in schools, each school with the same weight.</summary>
    /// <remarks>Durkalski, Palesch, Lipsitz and Rust (2003), Stat. Med. 22:2417-2428, with (b-c)/n of each school.</remarks>
    public static SignificanceTest? Durkalski(IReadOnlyList<PairCounts> schools)
    {
        var clusters = Clusters(schools);
        return SignificanceTest.ChiSquare(
            Squared(clusters.Sum(s => Change(s) / s.Pairs)) / clusters.Sum(s => Squared(Change(s) / s.Pairs)),
            "McNemar, clustered (Durkalski)");
    }

    /// <summary>McNemar's test for pairs in schools, pooled variance.</summary>
    /// <remarks>Yang, Sun and Hardin (2010), Biom. J. 52:638-652: the mean of the variances with and without the hypothesis of no change.</remarks>
    public static SignificanceTest? Yang(IReadOnlyList<PairCounts> schools)
    {
        var clusters = Clusters(schools);
        double k = clusters.Count;
        var n = clusters.Sum(s => (double)s.Pairs);
        var change = clusters.Sum(Change);
        var variance = clusters.Sum(s => Squared(Change(s) - (s.Pairs * change / n)) + Squared(Change(s))) / 2;
        return SignificanceTest.ChiSquare((k - 1) / k * Squared(change) / variance, "McNemar, clustered (Yang)");
    }

    private static double Change(PairCounts pairs) => pairs.YesNo - pairs.NoYes;

    private static List<PairCounts> Clusters(IReadOnlyList<PairCounts> schools)
    {
        ArgumentNullException.ThrowIfNull(schools);
        return [.. schools.Where(s => s.Pairs > 0)];
    }

    private static double Squared(double x) => x * x;

    private static void Require(PairCounts pairs) => ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pairs.Pairs, nameof(pairs));
}
