using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;
using WholeSchoolSend.Core;
using WholeSchoolSend.Core.Watch;
using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Takes one delivery from a survey tool, and answers the probes some of them send first. Safe to call twice with the same delivery.</summary>
public sealed partial class ReceiveResponses(
    TakeInDelivery intake, DeliveryLimits limits, LastDeliveries deliveries, TimeProvider time, ILogger<ReceiveResponses> logger)
{
    [Function(nameof(ReceiveResponses))]
    public async Task<IResult> Run(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", "head", "options", "post", Route = "webhooks/{source}")] HttpRequest request, string source,
        CancellationToken cancellation)
    {
        if (!HttpMethods.IsPost(request.Method)) return Probed(request, source);
        var largest = intake.LargestBody(source);
        using var place = await limits.EnterAsync(source, request.ContentLength, largest, cancellation);
        if (place is null) return Busy(source);
        var body = await request.BodyAsync(largest, cancellation);
        var delivery = body is null ? null : Delivery(request, body);
        var outcome = await intake.RunAsync(source, delivery, cancellation);
        return outcome.Reply is { } reply ? Taken(source, outcome, reply) : Refused(source, outcome);
    }

    private IResult Probed(HttpRequest request, string source)
    {
        foreach (var (name, value) in HttpMethods.IsOptions(request.Method) ? intake.Handshake(source, Delivery(request, ReadOnlyMemory<byte>.Empty)) : [])
            request.HttpContext.Response.Headers[name] = value;
        return Results.Ok();
    }

    private Delivery Delivery(HttpRequest request, ReadOnlyMemory<byte> body) => Core.Webhooks.Delivery.From(
        body,
        request.Headers.Select(header => KeyValuePair.Create(header.Key, header.Value.ToString())),
        time.GetUtcNow(),
        request.Query.Select(parameter => KeyValuePair.Create(parameter.Key, parameter.Value.ToString())));

    private IResult Taken(string source, DeliveryOutcome outcome, DeliveryReply reply)
    {
        deliveries.Note(source);
        LogTaken(source, outcome.Secret, reply, string.Join(' ', outcome.Reasons), Signals.Trace);
        return Responses.Ok(reply, DeliveryJson.Default.DeliveryReply);
    }

    private IResult Refused(string source, DeliveryOutcome outcome)
    {
        // A name nobody configured is not repeated: it may be anything.
        LogRefused(outcome.Problem!.Kind == Problems.SourceUnknown ? Signals.Unknown : source, outcome.Problem.Code, Signals.Trace, outcome.Fault);
        return Responses.From(outcome.Problem);
    }

    private IResult Busy(string source)
    {
        var known = intake.Knows(source) ? source : Signals.Unknown;
        Signals.NotTaken(known, "busy");
        LogRefused(known, Problems.TooBusy.Code, Signals.Trace, null);
        return Responses.From(Problems.TooBusy.At("", "send it again later"));
    }

    [LoggerMessage(1, LogLevel.Information, "Delivery taken from {Source} with secret {Secret}: {Reply} {Reasons} [{Trace}]")]
    private partial void LogTaken(string source, int? secret, DeliveryReply reply, string reasons, string? trace);

    [LoggerMessage(2, LogLevel.Warning, "Delivery refused from {Source}: {Code} [{Trace}]")]
    private partial void LogRefused(string source, string code, string? trace, Exception? fault);
}
