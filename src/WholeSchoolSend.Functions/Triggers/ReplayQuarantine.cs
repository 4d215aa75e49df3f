using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;
using WholeSchoolSend.Core.Webhooks;
using UseCase = WholeSchoolSend.Core.Webhooks.ReplayQuarantine;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Takes in again what waits in quarantine. Safe to call twice, and by two operators at once.</summary>
public sealed partial class ReplayQuarantine(UseCase quarantine, ILogger<ReplayQuarantine> logger)
{
    [Function(nameof(ReplayQuarantine))]
    public async Task<IResult> Run(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "quarantine/replay")] HttpRequest request, CancellationToken cancellation)
    {
        if (await request.BodyAsync(Documents.Largest, cancellation) is not { } body) return Documents.TooLarge();
        var answer = await quarantine.RunAsync(body, cancellation);
        if (answer.Value is { } outcome) LogReplayed(outcome.Tried, outcome.Replayed, outcome.StillWaiting, outcome.Waiting);
        return Responses.From(answer, QuarantineJson.Default.ReplayOutcome);
    }

    [LoggerMessage(1, LogLevel.Information, "Tried {Tried} entries of the quarantine: {Replayed} replayed, {StillWaiting} still not understood; {Waiting} wait")]
    private partial void LogReplayed(int tried, int replayed, int stillWaiting, int waiting);
}
