using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Configuration;
using NCrontab;
using WholeSchoolSend.Core.Watch;

namespace WholeSchoolSend.Functions;

/// <summary>The app's timers and when they are due, as their triggers and the settings say it.</summary>
internal static class Timers
{
    /// <summary>Every timer whose schedule can be read; of one that cannot the host says that it is in error.</summary>
    public static IReadOnlyList<TimerPlan> Read(IConfiguration settings) =>
    [
        .. from timer in All
           let schedule = Schedule(settings[timer.Trigger.Schedule.Trim('%')] ?? "")
           where schedule is not null
           select new TimerPlan(timer.Function, time => new DateTimeOffset(schedule.GetNextOccurrence(time.UtcDateTime), TimeSpan.Zero)),
    ];

    public static bool IsTimer(string function) => All.Any(timer => timer.Function == function);

    private static readonly IReadOnlyList<(string Function, TimerTriggerAttribute Trigger)> All = AppTriggers.Of<TimerTriggerAttribute>();

    private static CrontabSchedule? Schedule(string expression) =>
        CrontabSchedule.TryParse(expression, new CrontabSchedule.ParseOptions
        {
            IncludingSeconds = expression.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length == 6,
        });
}
