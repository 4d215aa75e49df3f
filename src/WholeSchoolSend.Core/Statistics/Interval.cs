namespace WholeSchoolSend.Core.Statistics;

/// <summary>A 95 % confidence interval and the name of the method that made it; the name is published with the limits.</summary>
public sealed record Interval(double Lower, double Upper, string Method)
{
    /// <summary>The confidence level of every interval of this library.</summary>
    public const double Level = 0.95;

    /// <summary>The probability left in each tail.</summary>
    internal const double Tail = 0.025;

    /// <summary>Upper limit minus lower limit.</summary>
    public double Width => Upper - Lower;

    /// <summary>Whether a value lies between the limits, limits included.</summary>
    public bool Contains(double value) => Lower <= value && value <= Upper;

    internal static Interval Around(double estimate, double halfWidth, string method) => new(estimate - halfWidth, estimate + halfWidth, method);
}
