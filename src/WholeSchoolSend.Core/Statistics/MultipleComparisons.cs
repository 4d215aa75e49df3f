namespace WholeSchoolSend.Core.Statistics;

/// <summary>p-values adjusted for a family of tests, in the order given, as R's p.adjust.</summary>
public static class MultipleComparisons
{
    /// <summary>Bonferroni: min(1, m p).</summary>
    /// <remarks>Dunn (1961), J. Am. Stat. Assoc. 56:52-64. Never better than Holm's; shown because readers know it.</remarks>
    public static IReadOnlyList<double> Bonferroni(IReadOnlyList<double> pValues)
    {
        Require(pValues);
        return [.. pValues.Select(p => Math.Min(1, pValues.Count * p))];
    }

    /// <summary>Holm's step-down: the adjustment our families use.</summary>
    /// <remarks>
    /// Holm (1979), Scand. J. Stat. 6:65-70. Holds the chance of any false finding in the family at 5 % whatever the dependence between the tests.
    /// </remarks>
    public static IReadOnlyList<double> Holm(IReadOnlyList<double> pValues)
    {
        Require(pValues);
        var (m, adjusted, least) = (pValues.Count, new double[pValues.Count], 0.0);
        var order = Ascending(pValues);
        for (var rank = 0; rank < m; rank++)
        {
            least = Math.Max(least, Math.Min(1, (m - rank) * pValues[order[rank]]));
            adjusted[order[rank]] = least;
        }

        return adjusted;
    }

    /// <summary>Hochberg's step-up.</summary>
    /// <remarks>Hochberg (1988), Biometrika 75:800-802. Sharper than Holm's, but needs independent or positively dependent tests.</remarks>
    public static IReadOnlyList<double> Hochberg(IReadOnlyList<double> pValues) => StepUp(pValues, (m, rank) => m - rank);

    /// <summary>Benjamini and Hochberg's: holds the expected share of false findings among the findings.</summary>
    /// <remarks>Benjamini and Hochberg (1995), J. R. Stat. Soc. B 57:289-300. A weaker promise than Holm's; shown beside it for the eight key areas.</remarks>
    public static IReadOnlyList<double> BenjaminiHochberg(IReadOnlyList<double> pValues) => StepUp(pValues, (m, rank) => m / (rank + 1.0));

    private static double[] StepUp(IReadOnlyList<double> pValues, Func<int, int, double> multiple)
    {
        Require(pValues);
        var (m, adjusted, most) = (pValues.Count, new double[pValues.Count], 1.0);
        var order = Ascending(pValues);
        for (var rank = m - 1; rank >= 0; rank--)
        {
            most = Math.Min(most, multiple(m, rank) * pValues[order[rank]]);
            adjusted[order[rank]] = most;
        }

        return adjusted;
    }

    private static int[] Ascending(IReadOnlyList<double> pValues) => [.. Enumerable.Range(0, pValues.Count).OrderBy(i => pValues[i])];

    private static void Require(IReadOnlyList<double> pValues)
    {
        ArgumentNullException.ThrowIfNull(pValues);
        foreach (var p in pValues)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(p, nameof(pValues));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(p, 1, nameof(pValues));
            if (double.IsNaN(p)) throw new ArgumentOutOfRangeException(nameof(pValues), "A p-value that is not a number cannot be ranked.");
        }
    }
}
