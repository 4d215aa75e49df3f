using System.Collections.Frozen;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Serialization;

namespace WholeSchoolSend.Core.Webhooks;

/// <summary>What a sender is told: how many responses its delivery held, and the fate of each.</summary>
public sealed record DeliveryReply(
    int Received, int Accepted, int Duplicate, int Revised, int Conflict, int Quarantined, int Pending, int Erased)
{
    public static DeliveryReply From(IReadOnlyCollection<Fate> fates) => new(
        fates.Count, Count(fates, Fate.Accepted), Count(fates, Fate.Duplicate), Count(fates, Fate.Revised), Count(fates, Fate.Conflict),
        Count(fates, Fate.Quarantined), Count(fates, Fate.Pending), Count(fates, Fate.Erased));

    private static int Count(IReadOnlyCollection<Fate> fates, Fate wanted) => fates.Count(fate => fate == wanted);
}

/// <summary>How a delivery ended: a reply, or a problem with the status the sender acts upon.</summary>
/// <param name="Secret">position of the secret that proved it; null when nothing did or none was asked for.</param>
/// <param name="Reasons">codes of what was quarantined, for the log; never an answer.</param>
/// <param name="Fault">what kept it from being stored.</param>
public sealed record DeliveryOutcome(DeliveryReply? Reply, Problem? Problem, int? Secret, IReadOnlyCollection<string> Reasons, Exception? Fault);

/// <summary>
/// Takes one delivery from a survey tool: verify, decode, redact, map, store. Safe to call twice with the same delivery.
/// A delivery is answered within <see cref="Deadline"/>; what is not stored by then is asked for again.
/// </summary>
public sealed class TakeInDelivery(
    FrozenDictionary<string, Source> sources, TakeInResponse responses, TimeProvider time)
{
    /// <summary>The shortest patience among senders is five seconds (Formbricks); the answer leaves well before.</summary>
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(2.5);

    /// <remarks>
    /// A thousand responses that come again are three requests each: at a real account's 20 ms they must fit the deadline, or the batch never gets in and
    /// SmartSurvey, which sends nothing else meanwhile, is blocked for a day. The SDK has fifty connections.
    /// </remarks>
    private const int AtOnce = 48;

    private readonly UnfinishedDeliveries _unfinished = new();

    /// <summary>The largest body taken from a source, in bytes.</summary>
    public int LargestBody(string sourceName) => sources.TryGetValue(sourceName, out var source) && source.Tool is { } tool ? tool.LargestBody : SurveyTool.UsualBody;

    /// <summary>Is this a source that is configured?</summary>
    public bool Knows(string sourceName) => sources.ContainsKey(sourceName);

    public async Task<DeliveryOutcome> RunAsync(string sourceName, Delivery? delivery, CancellationToken cancellation)
    {
        using var span = Signals.Span("take in delivery");
        var outcome = await TakeInAsync(sourceName, delivery, cancellation);
        var source = Knows(sourceName) ? sourceName : Signals.Unknown;
        span?.SetTag("wss.source", source).SetTag("wss.outcome", outcome.Problem?.Code ?? "taken");
        if (outcome.Reply is { } reply) Signals.Taken(source, reply);
        else Signals.NotTaken(source, outcome.Problem!.Kind.Status == 503 ? "not_stored" : "refused");
        return outcome;
    }

    private async Task<DeliveryOutcome> TakeInAsync(string sourceName, Delivery? delivery, CancellationToken cancellation)
    {
        if (!sources.TryGetValue(sourceName, out var source))
            return Refused(Problems.SourceUnknown.At("", "this address is not configured: check the source's name in it"));
        if (source.Tool is null) return new DeliveryOutcome(DeliveryReply.From([]), null, null, ["retired"], null);
        if (delivery is null)
            return Refused(Problems.BodyTooLarge.At("", string.Create(CultureInfo.InvariantCulture, $"should be at most {source.Tool.LargestBody} bytes")));
        if (source.Verify(delivery, time.GetUtcNow()) is not { } secret)
        {
            Signals.NotVerified(source.Name, source.Lacks(delivery) is null ? "wrong" : "incomplete");
            return Refused(Problems.SignatureInvalid.At("", source.ShouldProve(delivery)));
        }

        using var deadline = new CancellationTokenSource(Deadline, time);
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellation, deadline.Token);
        try
        {
            var (fates, reasons) = await StoreAsync(source, delivery, limited.Token);
            return new DeliveryOutcome(DeliveryReply.From(fates), null, secret, reasons, null);
        }
        // Whatever kept it from being stored, a host that stops included, the sender still has it: 503 is the one status nearly all of them retry.
        catch (Exception fault)
        {
            if (fault is OperationCanceledException && deadline.IsCancellationRequested)
                fault = new TimeoutException(string.Create(CultureInfo.InvariantCulture, $"Not stored within {Deadline.TotalSeconds} s, the time a sender is let wait."));
            return new DeliveryOutcome(null, Problems.NotStored.At("", "send it again later"), secret, [], fault);
        }
    }

    /// <summary>Headers of the answer to <c>OPTIONS</c>: what is allowed, and whatever this source's tool asks for before it sends.</summary>
    public IEnumerable<KeyValuePair<string, string>> Handshake(string sourceName, Delivery options) =>
        [KeyValuePair.Create("Allow", "POST"), .. sources.TryGetValue(sourceName, out var source) && source.Tool is { } tool ? tool.Handshake(options) : []];

    private async Task<(IReadOnlyCollection<Fate> Fates, IReadOnlyCollection<string> Reasons)> StoreAsync(Source source, Delivery delivery, CancellationToken cancellation)
    {
        var (sent, undecodable) = source.Decode(delivery);
        var responses = sent.Count + undecodable.Count;
        var known = _unfinished.Take(source.Name, delivery, sent);
        var unfinished = known?.Fates.Length == responses ? known : new UnfinishedDelivery(delivery.Received, responses);
        // Where storage is too slow for all of a large batch, its sender tries again, with this host or another one. Each try begins elsewhere.
        var begin = responses < 2 ? 0 : RandomNumberGenerator.GetInt32(responses);
        try
        {
            await Parallel.ForAsync(0, responses, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellation }, async (turn, token) =>
            {
                var index = (begin + turn) % responses;
                if (unfinished.Fates[index] is not null) return;
                var receipt = new Receipt(string.Create(CultureInfo.InvariantCulture, $"{unfinished.Id}-{index}"), Channel.Webhook, unfinished.Received);
                var (fate, problems) = index < sent.Count
                    ? await TakeInAsync(source.Name, sent[index], receipt, token)
                    : await KeepAsync(source, undecodable[index - sent.Count], receipt, token);
                foreach (var problem in problems) unfinished.Reasons[problem.Code] = true;
                unfinished.Fates[index] = fate;
            });
        }
        catch
        {
            _unfinished.Keep(source.Name, delivery, sent, unfinished);
            throw;
        }
        return ([.. unfinished.Fates.Select(fate => fate!.Value)], [.. unfinished.Reasons.Keys]);
    }

    private Task<TakenIn> KeepAsync(Source source, Undecodable part, Receipt receipt, CancellationToken cancellation) =>
        responses.KeepAsync(source.Name, source.Raw(part.Part), part.Problems, receipt, cancellation);

    private Task<TakenIn> TakeInAsync(string source, SurveyResponse response, Receipt receipt, CancellationToken cancellation) =>
        response.IsPending ? responses.AnnounceAsync(source, response, receipt, cancellation) : responses.RunAsync(source, response, receipt, cancellation);

    private static DeliveryOutcome Refused(Problem problem) => new(null, problem, null, [], null);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(DeliveryReply))]
public sealed partial class DeliveryJson : JsonSerializerContext;
