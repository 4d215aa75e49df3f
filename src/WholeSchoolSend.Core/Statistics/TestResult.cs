namespace WholeSchoolSend.Core.Statistics;

/// <summary>A test statistic, its degrees of freedom where it has them, its two-sided p-value, and the name of the test.</summary>
public sealed record TestResult(double Statistic, double? DegreesOfFreedom, double PValue, string Method)
{
    internal static TestResult? Normal(double z, string method) =>
        double.IsFinite(z) ? new TestResult(z, null, Distributions.NormalTwoSided(z), method) : null;

    internal static TestResult? StudentT(double t, double degreesOfFreedom, string method) =>
        double.IsFinite(t) && degreesOfFreedom > 0 ? new TestResult(t, degreesOfFreedom, Distributions.StudentTTwoSided(t, degreesOfFreedom), method) : null;

    internal static TestResult? ChiSquare(double statistic, string method) =>
        double.IsFinite(statistic) ? new TestResult(statistic, 1, Distributions.ChiSquareUpper(statistic, 1), method) : null;
}
