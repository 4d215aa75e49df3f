using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;
using WholeSchoolSend.Core.Webhooks.Vendors;
using UseCase = WholeSchoolSend.Core.Webhooks.Vendors.HealGaps;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Compares vendors' own lists with what is here and takes in what is missing, by timer.</summary>
public sealed partial class HealGaps(UseCase gaps, ILogger<HealGaps> logger)
{
    [Function(nameof(HealGaps))]
    public async Task Run([TimerTrigger("%HealSchedule%")] TimerInfo timer, CancellationToken cancellation)
    {
        foreach (var (source, report) in await gaps.RunAsync(cancellation))
        {
            LogCompared(source, report.Form, report.Counts);
            if (!report.IsWhole) LogNotWhole(source, report.Form, report.Code ?? "list-not-whole");
        }
    }

    [LoggerMessage(1, LogLevel.Information, "Compared {Source} {Form}: {Counts}")]
    private partial void LogCompared(string source, string form, GapCounts counts);

    [LoggerMessage(2, LogLevel.Warning, "The list of {Source} {Form} was not whole: {Code}")]
    private partial void LogNotWhole(string source, string form, string code);
}
