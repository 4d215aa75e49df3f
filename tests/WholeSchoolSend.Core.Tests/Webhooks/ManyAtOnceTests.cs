using System.Text;
using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Core.Tests.Webhooks;

/// <summary>A delivery of several responses of which some cannot be read: the others are taken in, and each of those can be read by itself later.</summary>
public sealed class ManyAtOnceTests
{
    private const string Good = """{"form":"leaders","response":"good","submitted":"2026-11-02T09:30:00Z","hidden":{"urn":"100001"},"answers":{"role":"leader"}}""";
    private const string Event = "application/cloudevents+json";
    private const string Batch = "application/cloudevents-batch+json";

    private static readonly string GoodSmart = """{"id":1,"survey_id":12,"date_ended":"2026-11-02T09:30:00Z","date_modified":"2026-11-02T09:45:00Z","status":"completed","pages":[]}""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string, string, string, int, int> Mixed => new()
    {
        { "smartsurvey", Sent.Json, $$"""[{{GoodSmart}},{"id":2},{{GoodSmart}}]""", 2, 1 },
        { "json", Sent.Json, $$"""[{{Good}},{"form":"f"},7]""", 1, 2 },
        { "json", Sent.Json, $$"""{"responses":[{"form":"f"},{{Good}}]}""", 1, 1 },
        { "standardwebhooks", Sent.Json, $$"""{"type":"t","data":[{{Good}},{"data":{{Good}} }]}""", 1, 1 },
        { "standardwebhooks", Sent.Json, $$"""{"type":"t","data":{"responses":[{{Good}},null]} }""", 1, 1 },
        { "cloudevents", Batch, $$"""[{"specversion":"1.0","data":{{Good}}},{"specversion":"0.3","data":{{Good}}},{"specversion":"1.0","data_base64":"e30="}]""", 1, 2 },
        { "cloudevents", Batch, $$"""[{"specversion":"1.0","data":[{{Good}},{}]},{"specversion":"1.0","data":{{Good}}}]""", 2, 1 },
        { "cloudevents", Event, $$"""{"specversion":"1.0","data":[{{Good}},{}]}""", 1, 1 },
        { "cloudevents", Event, $$"""{"specversion":"0.3","data":[{{Good}},{}]}""", 0, 1 },
        // What is wrong may be such that the whole is not even strict JSON: a name twice, half a surrogate pair, 65 levels, bytes that are no UTF-8.
        { "json", Sent.Json, $$"""[{{Good}},{"form":"f","form":"g"}]""", 1, 1 },
        { "json", Sent.Json, $$"""[{{Good}},{"form":"\ud800"}]""", 1, 1 },
        { "json", Sent.Json, $"[{Good},{new string('[', 70)}{new string(']', 70)}]", 1, 1 },
        // Nothing can be parted here.
        { "json", Sent.Json, $"[{Good},", 0, 1 },
        { "json", Sent.Json, """[{"form":"f"}]""", 0, 1 },
        { "typeform", Sent.Json, "[{},{}]", 0, 1 },
    };

    [Theory]
    [MemberData(nameof(Mixed))]
    public void Each_that_cannot_be_read_is_a_delivery_of_its_own_for_the_same_tool(string tool, string type, string body, int good, int bad)
    {
        var source = new Source("a", SurveyTool.All[tool], Verification.None, [], null);
        var decoded = source.Decode(Sent.By(type, body));
        Assert.Equal((good, bad), (decoded.Responses.Count, decoded.Undecodable.Count));
        foreach (var part in decoded.Undecodable)
        {
            Assert.NotEmpty(part.Problems);
            var raw = source.Raw(part.Part);
            var again = source.Decode(Delivery.From(raw.Body, raw.Headers, Sent.Received, raw.Query));
            Assert.Empty(again.Responses);
            Assert.Single(again.Undecodable);
        }
    }

    [Fact]
    public void Once_the_tool_is_mended_a_part_is_the_response_it_was()
    {
        var bad = GoodSmart.Replace("\"date_modified\":\"2026-11-02T09:45:00Z\"", "\"date_modified\":\"\"", StringComparison.Ordinal);
        var source = new Source("a", SurveyTool.All["smartsurvey"], Verification.None, [], null);
        var part = Assert.Single(source.Decode(Sent.By(Sent.Json, $"[{GoodSmart},{bad}]")).Undecodable);
        Assert.Equal($"[{bad}]", Encoding.UTF8.GetString(source.Raw(part.Part).Body.Span));
        var mended = Encoding.UTF8.GetString(source.Raw(part.Part).Body.Span).Replace("\"date_modified\":\"\"", "\"date_modified\":\"2026-11-02T09:45:00Z\"", StringComparison.Ordinal);
        Assert.Equal("1", Assert.Single(source.Decode(Sent.By(Sent.Json, mended)).Responses).Id);
    }

    [Fact]
    public async Task Both_are_counted_and_each_has_its_receipt()
    {
        var intake = new IntakeInMemory("json", ResponseTests.Teachers() with { Items = [] });
        var outcome = await intake.PostAsync(Sent.By(Sent.Json, $$"""[{{Good}},{"form":"f"},{{Good.Replace("good", "other", StringComparison.Ordinal)}},{"form":"g"}]"""), Cancellation);
        Assert.Equal((4, 4), (outcome.Reply!.Received, outcome.Reply.Quarantined + outcome.Reply.Accepted));
        Assert.Equal(["""{"form":"f"}""", """{"form":"g"}"""], intake.Quarantined.Where(one => one.Raw is not null).Select(one => Encoding.UTF8.GetString(one.Raw!.Body.Span)).Order());
        Assert.Equal(4, intake.Quarantined.Select(one => one.Receipt.Id).Concat(intake.Stored.Select(one => one.Receipt.Id)).Distinct().Count());
    }

    [Fact]
    public void More_responses_than_any_batch_has_are_taken_all_the_same()
    {
        var source = new Source("a", SurveyTool.All["smartsurvey"], Verification.None, [], null);
        Assert.Equal(1_500, source.Decode(Sent.By(Sent.Json, $"[{string.Join(',', Enumerable.Repeat(GoodSmart, 1_500))}]")).Responses.Count);

        // As many as that undecodable are no batch with a bad response in it: they wait together, and those that can be read do not wait for them.
        var many = source.Decode(Sent.By(Sent.Json, $$"""[{{GoodSmart}},{{string.Join(',', Enumerable.Repeat("{}", 1_001))}}]"""));
        Assert.Single(many.Responses);
        Assert.Contains("{}", Encoding.UTF8.GetString(Assert.Single(many.Undecodable).Part.Body.Span), StringComparison.Ordinal);
        Assert.Equal(100, many.Undecodable[0].Problems.Count);
    }

    [Fact]
    public async Task A_batch_that_storage_cannot_take_at_once_begins_elsewhere_the_next_time()
    {
        var intake = new IntakeInMemory("json", instrument: null) { Stops = 40 };
        var body = $"[{string.Join(',', Enumerable.Range(0, 200).Select(n => Good.Replace("good", $"r{n}", StringComparison.Ordinal)))}]";
        var tries = 0;
        DeliveryOutcome outcome;
        do
        {
            intake.Stored.Clear();
            // Other bytes: a host that knows nothing of the tries before, as after a restart.
            outcome = await intake.PostAsync(Sent.By(Sent.Json, body + new string(' ', tries)), Cancellation);
            Assert.Equal("not-stored", outcome.Problem!.Code);
        }
        while (intake.Quarantined.Select(one => one.Identity).Distinct().Count() < 200 && ++tries < 500);
        Assert.InRange(tries, 4, 499);
    }

    /// <summary>Every try takes what is left: the sender is answered in the end, and told of each response once.</summary>
    [Fact]
    public async Task A_batch_that_storage_cannot_take_at_once_goes_on_where_it_stopped()
    {
        var intake = new IntakeInMemory("json", instrument: null) { Stops = 40 };
        var body = $"[{string.Join(',', Enumerable.Range(0, 200).Select(n => Good.Replace("good", $"r{n}", StringComparison.Ordinal)))}]";
        for (var tries = 1; tries <= 4; tries++)
        {
            Assert.Equal("not-stored", (await intake.PostAsync(Sent.By(Sent.Json, body), Cancellation)).Problem!.Code);
            Assert.Equal(40 * tries, intake.Quarantined.Count);
        }
        var told = await intake.PostAsync(Sent.By(Sent.Json, body), Cancellation);
        Assert.Equal((200, 200), (told.Reply!.Received, told.Reply.Quarantined));
        Assert.Equal(["instrument-missing"], told.Reasons);
        Assert.Equal(200, intake.Quarantined.Select(one => one.Identity).Distinct().Count());
        // One receipt a response, whichever try it was.
        Assert.Equal(200, intake.Quarantined.Select(one => one.Receipt.Id).Distinct().Count());
        Assert.Equal(200, intake.Quarantined.Count);

        // Finished is finished: the same once more is a delivery of its own.
        Assert.Equal("not-stored", (await intake.PostAsync(Sent.By(Sent.Json, body), Cancellation)).Problem!.Code);
    }
}
