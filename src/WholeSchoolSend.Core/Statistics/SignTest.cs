using MathNet.Numerics.Distributions;

namespace WholeSchoolSend.Core.Statistics;

/// <summary>The exact sign test, for small panels such as interviews at two points.</summary>
public static class SignTest
{
    /// <summary>The exact two-sided p-value of so many risen and so many fallen; unchanged ones do not count.</summary>
    /// <remarks>
    /// Dixon and Mood (1946), J. Am. Stat. Assoc. 41:557-566. With five or fewer changed no two-sided result can be below 0.05 (the smallest is 0.0625 at
    /// five).
    /// </remarks>
    public static double PValue(int risen, int fallen)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(risen);
        ArgumentOutOfRangeException.ThrowIfNegative(fallen);
        var changed = risen + fallen;
        // As even as so many can be: the two tails are everything, which the sum of many small terms falls short of.
        return Math.Abs(risen - fallen) <= 1 ? 1 : Math.Min(1, 2 * Binomial.CDF(0.5, changed, Math.Min(risen, fallen)));
    }
}
