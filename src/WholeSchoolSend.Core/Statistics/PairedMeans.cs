namespace WholeSchoolSend.Core.Statistics;

/// <summary>The mean change of matched pairs with its t test.</summary>
public sealed record PairedMeanEstimate(int Pairs, double Value, double StandardDeviation)
{
    /// <summary>s/√n.</summary>
    public double StandardError => StandardDeviation / Math.Sqrt(Pairs);

    /// <summary>The paired t test of no change.</summary>
    public SignificanceTest? Test => SignificanceTest.StudentT(Value / StandardError, Pairs - 1, "paired t");

    /// <summary>The mean change ± t standard errors.</summary>
    public Interval? Interval => Pairs < 2
        ? null
        : Statistics.Interval.Around(Value, Distributions.StudentTCritical(Pairs - 1) * StandardError, "paired t");
}

/// <summary>
/// Mean changes of matched pairs, as if pairs were independent; the version that knows schools is <see cref="DesignMean"/> of the differences.
/// </summary>
public static class PairedMeans
{
    /// <summary>The mean and standard deviation of the differences; nothing without two pairs.</summary>
    /// <remarks>Student (1908), Biometrika 6:1-25. Ignores schools and weights: shown beside the clustered mean to see what clustering does.</remarks>
    public static PairedMeanEstimate? Estimate(DifferenceHistogram differences)
    {
        ArgumentNullException.ThrowIfNull(differences);
        double n = differences.Pairs;
        if (n < 2) return null;
        var mean = differences.Sum / n;
        var spread = 0.0;
        for (var d = -differences.Steps; d <= differences.Steps; d++) spread += differences[d] * (d - mean) * (d - mean);
        return new PairedMeanEstimate(differences.Pairs, mean, Math.Sqrt(spread / (n - 1)));
    }
}
