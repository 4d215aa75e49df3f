using System.Reflection;
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
           let schedule = Schedule(settings[timer.Schedule.Trim('%')] ?? "")
           where schedule is not null
           select new TimerPlan(timer.Name, time => new DateTimeOffset(schedule.GetNextOccurrence(time.UtcDateTime), TimeSpan.Zero)),
    ];

    public static bool IsTimer(string function) => All.Any(timer => timer.Name == function);

    private static readonly IReadOnlyList<(string Name, string Schedule)> All =
    [
        .. from type in typeof(Timers).Assembly.GetTypes()
           from method in type.GetMethods()
           let function = method.GetCustomAttribute<FunctionAttribute>()
           where function is not null
           from parameter in method.GetParameters()
           let timer = parameter.GetCustomAttribute<TimerTriggerAttribute>()
           where timer is not null
           orderby function.Name
           select (function.Name, timer.Schedule),
    ];

    private static CrontabSchedule? Schedule(string expression) =>
        CrontabSchedule.TryParse(expression, new CrontabSchedule.ParseOptions
        {
            IncludingSeconds = expression.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length == 6,
        });
}
