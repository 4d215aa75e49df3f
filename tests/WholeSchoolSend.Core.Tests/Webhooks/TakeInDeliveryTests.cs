using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Core.Tests.Webhooks;

/// <summary>What becomes of deliveries that reach no evidence: events, and bodies nobody can read.</summary>
public sealed class TakeInDeliveryTests : IPending, IQuarantine
{
    private readonly ConcurrentBag<PendingResponse> _pending = [];
    private readonly ConcurrentBag<QuarantinedResponse> _quarantined = [];
    private readonly FakeTimeProvider _time = new();
    private bool _isSilent;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_event_is_pending_however_often_it_comes()
    {
        var intake = Intake("surveymonkey", Verification.Query, "a-shared-secret");
        for (var times = 1; times <= 2; times++)
        {
            var outcome = await intake.RunAsync("a", Delivery.From(Encoding.UTF8.GetBytes(Sent.SurveyMonkey), [], Sent.Received, [KeyValuePair.Create("key", "a-shared-secret")]), Cancellation);
            Assert.Equal((1, 1), (outcome.Reply!.Received, outcome.Reply.Pending));
            Assert.Equal(times, _pending.Count);
        }
        Assert.Equal(new PendingResponse("a", "11", "r1", new DateTimeOffset(2026, 11, 2, 9, 30, 0, TimeSpan.Zero).AddTicks(1826130)), Assert.Single(_pending.Distinct()));
    }

    [Fact]
    public async Task A_test_of_the_address_is_taken_with_nothing_received()
    {
        var outcome = await Intake("formbricks", Verification.None).RunAsync("a", Sent.By(Sent.Json, """{"event":"testEndpoint"}"""), Cancellation);
        Assert.Equal(0, outcome.Reply!.Received);
    }

    [Fact]
    public async Task What_cannot_be_read_waits_without_the_secret_inside_it()
    {
        var outcome = await Intake("limesurvey", Verification.Body, "canary-token-1").RunAsync("a", Sent.By(Sent.Json, """{"api_token":"canary-token-1","survey":1}"""), Cancellation);
        Assert.Null(outcome.Fault);
        Assert.Equal(1, outcome.Reply!.Quarantined);
        Assert.Equal("""{"api_token":"***","survey":1}""", Encoding.UTF8.GetString(Assert.Single(_quarantined).Raw!.Body.Span));
    }

    [Fact]
    public async Task What_proves_nothing_is_refused_and_kept_nowhere()
    {
        var outcome = await Intake("jotform", Verification.Query, "a-shared-secret").RunAsync("a", Sent.By(Sent.Multipart, Sent.Jotform()), Cancellation);
        Assert.Equal("signature-invalid", outcome.Problem!.Code);
        Assert.Empty(_quarantined);
    }

    /// <summary>Formbricks waits five seconds, and has the response afterwards only if it was told 503.</summary>
    [Fact]
    public async Task A_sender_is_answered_in_time_when_storage_never_answers()
    {
        _isSilent = true;
        var asked = Intake("limesurvey", Verification.Body, "canary-token-1").RunAsync("a", Sent.By(Sent.Json, """{"api_token":"canary-token-1","survey":1}"""), Cancellation);
        _time.Advance(TakeInDelivery.Deadline - TimeSpan.FromTicks(1));
        Assert.False(asked.IsCompleted);
        _time.Advance(TimeSpan.FromTicks(1));
        var outcome = await asked;
        Assert.Equal(("not-stored", 503), (outcome.Problem!.Code, outcome.Problem.Kind.Status));
        Assert.IsType<TimeoutException>(outcome.Fault);
        Assert.InRange(TakeInDelivery.Deadline, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3));
    }

    [Fact]
    public void A_sender_that_asks_is_told_what_it_may_send()
    {
        var asks = Sent.By("", "", ("WebHook-Request-Origin", "sender.example"));
        Assert.Equal(["Allow POST", "WebHook-Allowed-Origin sender.example"], Intake("cloudevents", Verification.Header, "a-shared-secret").Handshake("a", asks).Select(header => $"{header.Key} {header.Value}"));
        Assert.Equal(["Allow POST"], Intake("tally", Verification.Signature, "a-shared-secret").Handshake("a", asks).Select(header => $"{header.Key} {header.Value}"));
        Assert.Single(Intake("cloudevents", Verification.None).Handshake("unknown", asks));
    }

    Task IPending.KeepAsync(PendingResponse response, Receipt receipt, CancellationToken cancellation)
    {
        _pending.Add(response);
        return Task.CompletedTask;
    }

    Task<IReadOnlyList<PendingResponse>> IPending.WaitingAsync(string source, CancellationToken cancellation) => Task.FromResult<IReadOnlyList<PendingResponse>>([.. _pending]);

    Task IQuarantine.KeepAsync(QuarantinedResponse response, CancellationToken cancellation)
    {
        _quarantined.Add(response);
        return _isSilent ? Task.Delay(Timeout.Infinite, cancellation) : Task.CompletedTask;
    }

    /// <summary>An intake in which nothing here reaches instruments or evidence.</summary>
    private TakeInDelivery Intake(string tool, Verification verification, params string[] secrets) => new(
        new[] { new Source("a", SurveyTool.All[tool], verification, secrets, null) }.ToFrozenDictionary(source => source.Name),
        new TakeInResponse(null!, null!, null!, this, this, NobodyErased.Shelf, null!), _time);
}
