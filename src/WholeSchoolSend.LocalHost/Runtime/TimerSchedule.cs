using NCrontab;

namespace WholeSchoolSend.LocalHost;

/// <summary>An NCRONTAB expression in UTC: {second} {minute} {hour} {day} {month} {day of week}; with five fields the second is 0.</summary>
internal sealed class TimerSchedule
{
    private readonly CrontabSchedule _schedule;

    private TimerSchedule(CrontabSchedule schedule) => _schedule = schedule;

    public static TimerSchedule? TryParse(string text)
    {
        var fields = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length;
        var schedule = CrontabSchedule.TryParse(text, new CrontabSchedule.ParseOptions { IncludingSeconds = fields == 6 });
        return schedule is null ? null : new TimerSchedule(schedule);
    }

    public DateTime NextAfter(DateTime time) => DateTime.SpecifyKind(_schedule.GetNextOccurrence(time), DateTimeKind.Utc);

    /// <summary>Schedules that run more than once a minute are not monitored: writing their status would cost more than a missed run.</summary>
    public bool IsSubMinute(DateTime from)
    {
        for (var i = 0; i < 5; i++)
        {
            var next = NextAfter(from);
            if (i > 0 && next - from < TimeSpan.FromMinutes(1)) return true;
            from = next;
        }
        return false;
    }
}
