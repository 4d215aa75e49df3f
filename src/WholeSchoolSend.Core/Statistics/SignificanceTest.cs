namespace WholeSchoolSend.Core.Statistics;

/// <summary>A test statistic, its degrees of freedom where it has them, its two-sided p-value, and the name of the test.</summary>
public sealed record SignificanceTest(double Statistic, double? DegreesOfFreedom, double PValue, string Method)
{
    internal static SignificanceTest? Normal(double z, string method) =>
        double.IsFinite(z) ? new SignificanceTest(z, null, Distributions.NormalTwoSided(z), method) : null;

    internal static SignificanceTest? StudentT(double t, double degreesOfFreedom, string method) =>
        double.IsFinite(t) && degreesOfFreedom > 0
            ? new SignificanceTest(t, degreesOfFreedom, Distributions.StudentTTwoSided(t, degreesOfFreedom), method)
            : null;

    internal static SignificanceTest? ChiSquare(double statistic, string method) =>
        double.IsFinite(statistic) ? new SignificanceTest(statistic, 1, Distributions.ChiSquareUpper(statistic, 1), method) : null;
}
