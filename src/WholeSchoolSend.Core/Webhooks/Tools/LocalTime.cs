using System.Globalization;

namespace WholeSchoolSend.Core.Webhooks.Tools;

/// <summary>Times as survey tools write them: with a zone, or the clock on somebody's wall.</summary>
internal static class LocalTime
{
    private static readonly string[] Zoneless = ["yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF"];

    /// <summary>A time with a zone, or without one and then of the zone given; null when it is neither.</summary>
    public static DateTimeOffset? Try(string text, TimeZoneInfo zone) =>
        TryZoned(text, out var time) ? time
        : DateTime.TryParseExact(text, Zoneless, CultureInfo.InvariantCulture, DateTimeStyles.None, out var wall) ? At(wall, zone)
        : null;

    public static bool TryZoned(string text, out DateTimeOffset time)
    {
        time = default;
        var zone = text.Length is > 10 and <= 60 && (text[^1] is 'Z' or 'z' || text.AsSpan(10).IndexOfAny('+', '-') >= 0);
        return zone && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal, out time);
    }

    /// <summary>
    /// When a clock in this zone shows this. Of the hour that comes twice in autumn it is the second, and a time that the spring leaves out is an hour
    /// later: both are what the clock shows without summer time, so the same text is always the same moment.
    /// </summary>
    private static DateTimeOffset? At(DateTime wall, TimeZoneInfo zone)
    {
        var ticks = wall.Ticks - zone.GetUtcOffset(wall).Ticks;
        return ticks >= 0 && ticks <= DateTime.MaxValue.Ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;
    }
}
