using MathNet.Numerics;
using MathNet.Numerics.Distributions;

namespace WholeSchoolSend.Core.Statistics;

/// <summary>Tail probabilities and quantiles of the distributions the estimators use.</summary>
/// <remarks>
/// Distribution functions are MathNet.Numerics 5.0. Its quantiles of t and Beta are a Brent search that stops at 1e-12 on the probability scale. Against
/// 50-digit arithmetic that left a relative error of 3e-7 in the 0.025 quantile of Beta(0.3, 5.2), 1e-7 for Beta(1, 25000) and 8e-11 for t at 3 degrees of
/// freedom and 0.999, and it gave up for t at 0.7 and 0.999. Newton's method on the same distribution functions, kept inside a bracket, always ends; its
/// largest errors were 7e-13 for t (25,000 degrees of freedom) and 2e-11 for Beta(1, 25000), 8e-14 where n is in the hundreds: those of the distribution
/// function.
/// </remarks>
internal static class Distributions
{
    private const int MostSteps = 400;
    private const double Converged = 4e-16;

    public static double StudentTLower(double t, double degreesOfFreedom) => StudentT.CDF(0, 1, degreesOfFreedom, t);

    public static double StudentTTwoSided(double t, double degreesOfFreedom) => 2 * StudentTLower(-Math.Abs(t), degreesOfFreedom);

    /// <summary>The t that leaves 2.5 % above it.</summary>
    public static double StudentTCritical(double degreesOfFreedom) => StudentTUpperQuantile(Interval.Tail, degreesOfFreedom);

    public static double StudentTUpperQuantile(double tail, double degreesOfFreedom)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(degreesOfFreedom);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(tail);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(tail, 0.5);
        if (tail == 0.5) return 0;
        var low = 0.0;
        var high = Math.Max(1, NormalUpperQuantile(tail));
        while (StudentTLower(-high, degreesOfFreedom) > tail)
        {
            low = high;
            high *= 2;
        }

        var t = low > 0 ? low : high;
        for (var step = 0; step < MostSteps; step++)
        {
            var excess = StudentTLower(-t, degreesOfFreedom) - tail;
            if (excess == 0) return t;
            if (excess > 0) low = t;
            else high = t;

            var next = t + (excess / StudentT.PDF(0, 1, degreesOfFreedom, t));
            if (!(next > low && next < high)) next = (low + high) / 2;
            if (Math.Abs(next - t) <= Converged * next) return next;
            t = next;
        }

        return t;
    }

    public static double BetaQuantile(double probability, double a, double b)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(a);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(b);
        var (low, high) = (0.0, 1.0);
        var x = a / (a + b);
        for (var step = 0; step < MostSteps; step++)
        {
            var excess = SpecialFunctions.BetaRegularized(a, b, x) - probability;
            if (excess == 0) return x;
            if (excess > 0) high = x;
            else low = x;

            // On the scale of log x: near 0 the distribution function is a power of x, and so a straight line there.
            var next = x * Math.Exp(-excess / (x * Beta.PDF(a, b, x)));
            // After a step so short the next would be its square, or where a is small the noise of the distribution function, which leaves the bracket.
            if (Math.Abs(next - x) <= 1e-11 * next) return Math.Clamp(next, low, high);
            if (!(next > low && next < high)) next = low > 0 ? Math.Sqrt(low * high) : high / 64;
            x = next;
        }

        return x;
    }

    public static double NormalTwoSided(double z) => 2 * Normal.CDF(0, 1, -Math.Abs(z));

    public static double NormalUpperQuantile(double tail) => -Normal.InvCDF(0, 1, tail);

    /// <summary>The z that leaves 2.5 % above it, 1.959963984540054.</summary>
    public static double NormalCritical { get; } = NormalUpperQuantile(Interval.Tail);

    public static double ChiSquareUpper(double statistic, double degreesOfFreedom) =>
        SpecialFunctions.GammaUpperRegularized(degreesOfFreedom / 2, statistic / 2);

    /// <summary>Upper tail of F, from the Beta function directly so that small probabilities keep their digits.</summary>
    public static double FUpper(double statistic, double numerator, double denominator) =>
        SpecialFunctions.BetaRegularized(denominator / 2, numerator / 2, denominator / (denominator + (numerator * statistic)));
}
