namespace WholeSchoolSend.Core.Statistics;

/// <summary>A cell of a domain (for instance a phase) and the share it has, or the number it counts, in the population it is standardised to.</summary>
public sealed record StandardCell(DomainTotals Domain, double Standard);

/// <summary>A share standardised to another population's mix.</summary>
public sealed record StandardisedEstimate(double Value, double Variance, int DegreesOfFreedom, int Responses, int Schools)
{
    /// <summary>The square root of the variance.</summary>
    public double StandardError => Math.Sqrt(Variance);

    /// <summary>How the share was made.</summary>
    public string Method { get; } = "directly standardised, Taylor linearisation";
}

/// <summary>Direct standardisation: what one group's share would be with another group's mix of cells.</summary>
public static class DirectStandardisation
{
    /// <summary>Σ g_c p_c, with g_c the standard's shares; nothing when a cell with a share in the standard is empty.</summary>
    /// <remarks>
    /// Direct standardisation as in Fleiss, Levin and Paik (2003), Statistical Methods for Rates and Proportions, 3rd ed.; variance by Taylor linearisation
    /// of the sum, so cells may share schools. With the cells' population counts as standard it is post-stratification: Holt and Smith (1979), J. R. Stat.
    /// Soc. A 142:33-46, with the variance of R's postStratify. The standard is taken as known. It removes a difference in mix, not in who volunteered.
    /// </remarks>
    public static StandardisedEstimate? Estimate(IReadOnlyList<StandardCell> cells)
    {
        if (Standard(cells) is not { } total) return null;
        using var z = new Influence(cells[0].Domain.Design);
        return Estimate(z, cells, total);
    }

    /// <summary>The multiple by which the weights of each cell would change, in the order given.</summary>
    public static IReadOnlyList<double> WeightFactors(IReadOnlyList<StandardCell> cells)
    {
        ArgumentNullException.ThrowIfNull(cells);
        return [.. cells.Select(c => c.Standard / c.Domain.Sum.SumOfWeights)];
    }

    /// <summary>A share less a standardised share: value, variance with the covariance, and the t test.</summary>
    /// <remarks>
    /// Satterthwaite (1946), Biometrics Bull. 2:110-114, for degrees of freedom when no school is in both; else those of the design.
    /// </remarks>
    public static StandardisedDifference? Difference(DomainTotals first, IReadOnlyList<StandardCell> second)
    {
        ArgumentNullException.ThrowIfNull(first);
        if (first.IsEmpty || Standard(second) is not { } total) return null;
        using var z1 = Influence.OfRatio(first);
        using var z2 = new Influence(first.Design);
        var standardised = Estimate(z2, second, total);
        var (schools, strata, _) = DomainTotals.Union([first, .. second.Select(c => c.Domain)]);
        return new StandardisedDifference(
            Proportion.From(first, z1),
            standardised,
            Influence.Covariance(z1, z2),
            first.SchoolCount + standardised.Schools - schools,
            schools - strata);
    }

    private static StandardisedEstimate Estimate(Influence z, IReadOnlyList<StandardCell> cells, double total)
    {
        var value = AddTo(z, cells, total);
        var (schools, strata, _) = DomainTotals.Union([.. cells.Select(c => c.Domain)]);
        return new StandardisedEstimate(value, z.Variance(), schools - strata, cells.Sum(c => c.Domain.Responses), schools);
    }

    private static double AddTo(Influence z, IReadOnlyList<StandardCell> cells, double total)
    {
        var value = 0.0;
        foreach (var cell in cells.Where(c => c.Standard > 0))
        {
            var share = cell.Standard / total;
            value += share * cell.Domain.Ratio;
            z.AddRatio(cell.Domain, share);
        }

        return value;
    }

    private static double? Standard(IReadOnlyList<StandardCell> cells)
    {
        ArgumentNullException.ThrowIfNull(cells);
        ArgumentOutOfRangeException.ThrowIfZero(cells.Count, nameof(cells));
        var total = 0.0;
        foreach (var cell in cells)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(cell.Standard, nameof(cells));
            if (cell.Standard > 0 && cell.Domain.IsEmpty) return null;
            total += cell.Standard;
        }

        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(total, nameof(cells));
        return total;
    }
}

/// <summary>A share less another group's standardised share.</summary>
public sealed record StandardisedDifference(
    ProportionEstimate First, StandardisedEstimate Second, double Covariance, int SharedSchools, int DesignDegreesOfFreedom)
{
    /// <summary>First less second.</summary>
    public double Value => First.Value - Second.Value;

    /// <summary>V1 + V2 - 2C.</summary>
    public double Variance => Math.Max(0, First.Variance + Second.Variance - (2 * Covariance));

    /// <summary>The square root of the variance.</summary>
    public double StandardError => Math.Sqrt(Variance);

    /// <summary>The t test; nothing without degrees of freedom.</summary>
    public SignificanceTest? Test
    {
        get
        {
            if (First.DegreesOfFreedom < 1 || Second.DegreesOfFreedom < 1) return null;
            if (SharedSchools > 0) return SignificanceTest.StudentT(Value / StandardError, DesignDegreesOfFreedom, "linearised t, design df");
            return DifferenceEstimate.Satterthwaite(First.Variance, First.DegreesOfFreedom, Second.Variance, Second.DegreesOfFreedom) is { } df
                ? SignificanceTest.StudentT(Value / StandardError, df, "linearised t, Satterthwaite df")
                : null;
        }
    }

    /// <summary>The difference ± t standard errors at the degrees of freedom of the test.</summary>
    public Interval? Interval => Test is { DegreesOfFreedom: { } df } test
        ? Statistics.Interval.Around(Value, Distributions.StudentTCritical(df) * StandardError, $"Wald, {test.Method}")
        : null;
}
