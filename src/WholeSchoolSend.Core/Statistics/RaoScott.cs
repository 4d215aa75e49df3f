namespace WholeSchoolSend.Core.Statistics;

/// <summary>Rao and Scott's correction of Pearson's chi-square for a 2x2 table of a complex sample.</summary>
/// <param name="ChiSquare">Pearson's statistic of the weighted table scaled to n respondents.</param>
/// <param name="DesignEffect">What it is divided by: the generalised design effect of the log odds ratio.</param>
/// <param name="DegreesOfFreedom">Denominator degrees of freedom of F: schools less strata.</param>
public sealed record RaoScottTest(double ChiSquare, double DesignEffect, int DegreesOfFreedom)
{
    /// <summary>ChiSquare / DesignEffect, compared with F on 1 and df.</summary>
    public double F => ChiSquare / DesignEffect;

    /// <summary>p-value by F, second-order corrected.</summary>
    public double PValue => Distributions.FUpper(F, 1, DegreesOfFreedom);

    /// <summary>p-value by chi-square, first-order corrected.</summary>
    public double ChiSquarePValue => Distributions.ChiSquareUpper(F, 1);

    /// <summary>The name published with the p-value.</summary>
    public string Method { get; } = "Rao-Scott F";
}

/// <summary>The second opinion on a difference of two shares.</summary>
public static class RaoScott
{
    /// <summary>Tests whether two domains have the same share; nothing when a cell of the table is empty or there are no degrees of freedom.</summary>
    /// <remarks>
    /// Rao and Scott (1981), J. Am. Stat. Assoc. 76:221-230; (1984), Ann. Stat. 12:46-60; as svychisq in R. In a 2x2 table the one design effect is the
    /// linearised variance of the log odds ratio over its value in a simple random sample, Σ(1/q)/n. The two domains must not share respondents. Where it
    /// and the t test disagree the t test is reported: it keeps the small arm's own degrees of freedom.
    /// </remarks>
    public static RaoScottTest? Test(DomainTotals first, DomainTotals second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        var (a1, b1, a2, b2) = (first.Sum.WeightedSum, first.Sum.SumOfWeights, second.Sum.WeightedSum, second.Sum.SumOfWeights);
        if (!(a1 > 0 && a1 < b1 && a2 > 0 && a2 < b2)) return null;
        var (schools, strata, _) = DomainTotals.Union(first, second);
        if (schools - strata < 1) return null;

        double n = first.Responses + second.Responses;
        var w = b1 + b2;
        var (q11, q12, q21, q22) = (a1 / w, (b1 - a1) / w, a2 / w, (b2 - a2) / w);
        var chiSquare = n * Square((q11 * q22) - (q12 * q21)) / ((q11 + q12) * (q21 + q22) * (q11 + q21) * (q12 + q22));

        // Influence of log(q11 q22 / (q12 q21)): [A1/q11 - (B1-A1)/q12 - A2/q21 + (B2-A2)/q22] / W.
        using var z = new Influence(first.Design);
        z.Add(first, ((1 / q11) + (1 / q12)) / w, -1 / q12 / w);
        z.Add(second, -((1 / q21) + (1 / q22)) / w, 1 / q22 / w);
        var simple = ((1 / q11) + (1 / q12) + (1 / q21) + (1 / q22)) / n;
        var designEffect = z.Variance() / simple;
        return designEffect > 0 ? new RaoScottTest(chiSquare, designEffect, schools - strata) : null;
    }

    private static double Square(double x) => x * x;
}
