using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;
using UseCase = WholeSchoolSend.Core.Webhooks.Vendors.FetchPending;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Fetches the answers of responses of which only an event came, by timer.</summary>
public sealed partial class FetchPending(UseCase pending, ILogger<FetchPending> logger)
{
    [Function(nameof(FetchPending))]
    public async Task Run([TimerTrigger("%FetchSchedule%")] TimerInfo timer, CancellationToken cancellation)
    {
        foreach (var outcome in await pending.RunAsync(cancellation))
        {
            if (outcome.Fetched + outcome.Gone + outcome.PutOff > 0) LogFetched(outcome.Source, outcome.Fetched, outcome.Gone, outcome.PutOff, outcome.Left);
            if (outcome.Stuck > 0) LogStuck(outcome.Source, outcome.Stuck);
            if (outcome.Code is { } code) LogLeft(outcome.Source, code, outcome.Left);
        }
    }

    [LoggerMessage(1, LogLevel.Information, "Fetched from {Source}: {Fetched} taken in, {Gone} gone there, {PutOff} put off, {Left} left")]
    private partial void LogFetched(string source, int fetched, int gone, int putOff, int left);

    [LoggerMessage(2, LogLevel.Warning, "Stuck at {Source}: {Stuck} responses cannot be fetched")]
    private partial void LogStuck(string source, int stuck);

    [LoggerMessage(3, LogLevel.Warning, "The vendor of {Source} is left alone: {Code}; {Left} responses wait")]
    private partial void LogLeft(string source, string code, int left);
}
