namespace WholeSchoolSend.Core.Statistics;

/// <summary>The method of variance estimates recovery: an interval for a difference from the intervals of its two parts.</summary>
public static class Mover
{
    /// <summary>The interval for first - second, given each part's interval and the correlation of the two estimates.</summary>
    /// <remarks>
    /// Zou and Donner (2008), Stat. Med. 27:1693-1702, equation for correlated estimates; with Wilson intervals and no correlation it is Newcombe (1998),
    /// Stat. Med. 17:873-890, method 10. Chosen because it inherits the asymmetry of the parts near 0 and 1 where a symmetric interval leaves [-1, 1].
    /// It is not the inverse of the t test: the two can disagree at the margin, and significance is taken from the p-value only.
    /// </remarks>
    public static Interval Difference(double first, Interval ofFirst, double second, Interval ofSecond, double correlation = 0)
    {
        ArgumentNullException.ThrowIfNull(ofFirst);
        ArgumentNullException.ThrowIfNull(ofSecond);
        var difference = first - second;
        var (below1, above1) = (first - ofFirst.Lower, ofFirst.Upper - first);
        var (below2, above2) = (second - ofSecond.Lower, ofSecond.Upper - second);
        return new Interval(
            difference - Root(below1, above2, correlation),
            difference + Root(above1, below2, correlation),
            $"MOVER on {ofFirst.Method}");
    }

    private static double Root(double x, double y, double correlation) => Math.Sqrt(Math.Max(0, (x * x) - (2 * correlation * x * y) + (y * y)));
}
