namespace WholeSchoolSend.Core.Statistics;

/// <summary>Number, sum and sum of squares of some answers.</summary>
public readonly record struct Moments(int Count, double Sum, double SumOfSquares)
{
    /// <summary>With one more answer.</summary>
    public Moments With(double value) => new(Count + 1, Sum + value, SumOfSquares + (value * value));

    /// <summary>Both together.</summary>
    public static Moments operator +(Moments left, Moments right) => Add(left, right);

    /// <summary>Both together.</summary>
    public static Moments Add(Moments left, Moments right) =>
        new(left.Count + right.Count, left.Sum + right.Sum, left.SumOfSquares + right.SumOfSquares);

    internal double Mean => Sum / Count;

    internal double Variance => (SumOfSquares - (Sum * Sum / Count)) / (Count - 1);
}

/// <summary>Two stages with some persons in both: the answers of those only before, only after, and of pairs before and after with Σ pre·post.</summary>
public sealed record OverlapTotals(Moments PreOnly, Moments PostOnly, Moments PrePaired, Moments PostPaired, double SumOfProducts)
{
    /// <summary>Correlation of the pairs; 0 when one side does not vary.</summary>
    public double Correlation
    {
        get
        {
            var covariance = (SumOfProducts - (PrePaired.Sum * PostPaired.Sum / PrePaired.Count)) / (PrePaired.Count - 1);
            var spread = PrePaired.Variance * PostPaired.Variance;
            return spread > 0 ? covariance / Math.Sqrt(spread) : 0;
        }
    }
}

/// <summary>The change between two stages and its test.</summary>
public sealed record OverlapEstimate(double Value, double StandardError, double Correlation, SignificanceTest? Test);

/// <summary>Tests for two stages of which only some persons are in both, as if persons were independent; a sensitivity beside <see cref="PrePost"/>.</summary>
public static class PartialOverlap
{
    /// <summary>Derrick's T_new2 for mean scores, variances not assumed equal; nothing with fewer than two pairs.</summary>
    /// <remarks>
    /// Derrick, Russ, Toher and White (2017), J. Mod. Appl. Stat. Methods 16(1):137-157. Degrees of freedom run between those of the paired and of Welch's
    /// test. Ignores schools and weights.
    /// </remarks>
    public static OverlapEstimate? Means(OverlapTotals totals)
    {
        ArgumentNullException.ThrowIfNull(totals);
        var (post, pre) = (totals.PostOnly + totals.PostPaired, totals.PreOnly + totals.PrePaired);
        var (n1, n2, nc) = ((double)post.Count, (double)pre.Count, (double)totals.PrePaired.Count);
        if (nc < 2) return null;
        var unpaired = (double)totals.PostOnly.Count + totals.PreOnly.Count;
        var r = totals.Correlation;
        var (v1, v2) = (post.Variance, pre.Variance);
        var difference = post.Mean - pre.Mean;
        var error = Math.Sqrt((v1 / n1) + (v2 / n2) - (2 * r * Math.Sqrt(v1 * v2) * nc / (n1 * n2)));
        var welch = Squared((v1 / n1) + (v2 / n2)) / ((Squared(v1 / n1) / (n1 - 1)) + (Squared(v2 / n2) / (n2 - 1)));
        var df = nc - 1 + ((welch - nc + 1) / (unpaired + (2 * nc)) * unpaired);
        return new OverlapEstimate(difference, error, r, SignificanceTest.StudentT(difference / error, df, "partially overlapping t (Derrick T_new2)"));
    }

    /// <summary>Derrick's z8 for shares; answers are 0 or 1. Nothing with fewer than two pairs.</summary>
    /// <remarks>
    /// Derrick, Dobson-McKittrick, Toher and White (2015), J. Appl. Quant. Methods 10(3):1-14. Ignores schools and weights; normal, so for middling
    /// numbers.
    /// </remarks>
    public static OverlapEstimate? Shares(OverlapTotals totals)
    {
        ArgumentNullException.ThrowIfNull(totals);
        var (post, pre) = (totals.PostOnly + totals.PostPaired, totals.PreOnly + totals.PrePaired);
        var (n1, n2, nc) = ((double)post.Count, (double)pre.Count, (double)totals.PrePaired.Count);
        if (nc < 2) return null;
        var r = totals.Correlation;
        var pooled = (post.Sum + pre.Sum) / (n1 + n2);
        var w = pooled * (1 - pooled);
        var difference = post.Mean - pre.Mean;
        var error = Math.Sqrt((w / n1) + (w / n2) - (2 * r * w * nc / (n1 * n2)));
        return new OverlapEstimate(difference, error, r, SignificanceTest.Normal(difference / error, "partially overlapping z (Derrick z8)"));
    }

    private static double Squared(double x) => x * x;
}
