using System.Collections.Frozen;
using System.Text;
using System.Text.Json;
using WholeSchoolSend.Core.Erasures;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Webhooks;
using static WholeSchoolSend.Storage.Tests.Given;

namespace WholeSchoolSend.Storage.Tests;

/// <summary>One process of ours over a store: what it takes in, replays and says about it.</summary>
internal sealed class Intake
{
    public const string Leaders = "leaders_json";
    public const string Teachers = "teachers_json";
    public const string Monkey = "leaders_monkey";

    public Intake(SurveyDataStorage store, TimeProvider time)
    {
        var sources = new[] { Source(Leaders, "json"), Source(Teachers, "json"), Source(Monkey, "surveymonkey") }.ToFrozenDictionary(source => source.Name, StringComparer.Ordinal);
        var responses = new TakeInResponse(new InstrumentShelf(store.Instruments, time), new Redaction(APseudonymKey), store.Evidence, store.Quarantine, store.Pending, new ErasureShelf(store.Erasures, APseudonymKey, time), store.Erasures);
        Deliveries = new TakeInDelivery(sources, responses, time);
        Replays = new ReplayQuarantine(sources, responses, store.Quarantine, store.Pending, time);
        Ledger = new Ledger(store.Fates, store.Instruments, time);
    }

    /// <summary>What maps <see cref="Body"/>.</summary>
    public static Instrument Form { get; } = AnInstrument() with { Form = new FormBinding(Leaders, "form") };

    public TakeInDelivery Deliveries { get; }

    public ReplayQuarantine Replays { get; }

    public Ledger Ledger { get; }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static string Body(string id, string answer = "agree", string? updated = null, string form = "form") =>
        $$$"""{"form":"{{{form}}}","response":"{{{id}}}","submitted":"2026-09-28T09:00:00Z"{{{(updated is null ? "" : $",\"updated\":\"{updated}\"")}}},"hidden":{"urn":"{{{School}}}"},"answers":{"q1":"{{{answer}}}"}}""";

    public Task<DeliveryOutcome> SendAsync(string body, DateTimeOffset? received = null, string source = Leaders) =>
        Deliveries.RunAsync(source, Delivery.From(Encoding.UTF8.GetBytes(body), [], received ?? Monday), Cancellation);

    /// <summary>What a delivery of one response was told.</summary>
    public async Task<string> FateAsync(string body, DateTimeOffset? received = null, string source = Leaders)
    {
        var outcome = await SendAsync(body, received, source);
        return outcome.Reply is { } reply ? Said(reply) : outcome.Problem!.Code;
    }

    public async Task<ReplayOutcome> ReplayAsync(string request) => (await Replays.RunAsync(Encoding.UTF8.GetBytes(request), Cancellation)).Value!;

    /// <summary>The ledger as text, a line for each day, source and channel.</summary>
    public async Task<IReadOnlyList<string>> LedgerAsync(params (string Name, string Value)[] parameters)
    {
        var document = (await Ledger.RunAsync(parameters.ToDictionary(one => one.Name, one => one.Value), Cancellation)).Value!;
        return [.. document.Days.Select(entry => $"{entry.Day:yyyy-MM-dd} {entry.Source} {entry.Channel}: {Said(entry)}")];
    }

    public static string Said(DeliveryReply reply) => Said(JsonSerializer.SerializeToElement(reply, DeliveryJson.Default.DeliveryReply));

    public static string Said(LedgerEntry entry) => Said(JsonSerializer.SerializeToElement(
        new DeliveryReply(entry.Received, entry.Accepted, entry.Duplicate, entry.Revised, entry.Conflict, entry.Quarantined, entry.Pending, entry.Erased), DeliveryJson.Default.DeliveryReply));

    private static string Said(JsonElement counts) => string.Join(
        ' ', counts.EnumerateObject().Where(count => count.Name != "received" && count.Value.GetInt32() > 0)
            .Select(count => count.Value.GetInt32() == 1 ? count.Name : $"{count.Value} {count.Name}"));

    private static Source Source(string name, string tool) => new(name, SurveyTool.All[tool], Verification.None, [], null);
}
