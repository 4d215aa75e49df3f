using System.Globalization;
using Microsoft.Azure.Functions.Worker;

namespace WholeSchoolSend.LocalHost;

/// <summary>How often a failed run is tried again, and after which pause.</summary>
internal static class RetryRule
{
    public static string? Problem(RetryAttribute retry)
    {
        string[] intervals = retry switch
        {
            FixedDelayRetryAttribute one => [one.DelayInterval],
            ExponentialBackoffRetryAttribute two => [two.MinimumInterval, two.MaximumInterval],
            _ => [],
        };
        if (retry.MaxRetryCount < -1) return $"{retry.GetType().Name}: {retry.MaxRetryCount} retries are not possible";
        return intervals.FirstOrDefault(one => !TimeSpan.TryParse(one, CultureInfo.InvariantCulture, out _)) is { } bad
            ? $"{retry.GetType().Name}: '{bad}' should be a time such as 00:00:10"
            : null;
    }

    public static bool Allows(RetryAttribute? retry, int retried) => retry is not null && (retry.MaxRetryCount == -1 || retried < retry.MaxRetryCount);

    public static TimeSpan Pause(RetryAttribute retry, int retried) => retry switch
    {
        FixedDelayRetryAttribute one => Parse(one.DelayInterval),
        ExponentialBackoffRetryAttribute two => TimeSpan.FromSeconds(Math.Min(
            Parse(two.MaximumInterval).TotalSeconds, Parse(two.MinimumInterval).TotalSeconds * Math.Pow(2, Math.Min(retried, 30)))),
        _ => TimeSpan.Zero,
    };

    private static TimeSpan Parse(string text) => TimeSpan.Parse(text, CultureInfo.InvariantCulture);
}
