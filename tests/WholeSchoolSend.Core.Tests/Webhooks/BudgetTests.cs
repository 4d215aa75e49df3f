using System.Security.Cryptography;
using System.Text;
using WholeSchoolSend.Benchmarks.Webhooks;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Core.Tests.Webhooks;

/// <summary>What one usual delivery costs, in bytes: time is measured in the benchmarks.</summary>
public sealed class BudgetTests
{
    private const string Secret = "a-secret-of-the-budget";

    /// <summary>A questionnaire of sixteen questions with its definition, as Typeform sends it.</summary>
    private static byte[] FiveKilobytes()
    {
        var fields = Enumerable.Range(0, 16).Select(n =>
            $$"""{"id":"fieldId{{n:00000}}","ref":"question_{{n}}","type":"opinion_scale","title":"How far do you agree with statement {{n}} about meeting the needs of pupils with SEND?","properties":{} }""");
        var answers = Enumerable.Range(0, 16).Select(n => n % 2 == 0
            ? $$$"""{"type":"number","number":{{{1 + (n % 5)}}},"field":{"id":"fieldId{{{n:00000}}}","ref":"question_{{{n}}}","type":"opinion_scale"}}"""
            : $$$"""{"type":"choice","choice":{"id":"choice{{{n}}}","label":"Agree","ref":"agree_{{{n}}}"},"field":{"id":"fieldId{{{n:00000}}}","ref":"question_{{{n}}}","type":"multiple_choice"}}""");
        var body = $$$"""
            {"event_id":"01JBUDGET","event_type":"form_response","form_response":{"form_id":"tPre2025","token":"tok-budget","landed_at":"2025-11-03T08:59:00Z","submitted_at":"2025-11-03T09:00:00Z",
            "hidden":{"urn":"100001","key":"somebody@school.example"},"calculated":{"score":0},"definition":{"id":"tPre2025","title":"Before","fields":[{{{string.Join(',', fields)}}}]},
            "answers":[{{{string.Join(',', answers)}}}],"ending":{"id":"dN5FLyFpCMFo","ref":"01GRC8GR2017M6WW347T86VV39"} } }
            """;
        return Encoding.UTF8.GetBytes(body);
    }

    // Two hundredths above what a debug build, which allocates the more, was counted at on 24 November 2026. They are there to be lowered.
    private static readonly Dictionary<string, int> MostBytes = new(StringComparer.Ordinal)
    {
        ["cloudevents"] = 15_200,
        ["formbricks"] = 24_900,
        ["formstack"] = 24_400,
        ["googleforms"] = 46_300,
        ["jotform"] = 44_900,
        ["json"] = 14_700,
        ["kobotoolbox"] = 24_300,
        ["limesurvey"] = 26_800,
        ["microsoftforms"] = 24_800,
        ["paperform"] = 28_300,
        ["qualtrics"] = 7_500,
        ["smartsurvey"] = 55_300,
        ["standardwebhooks"] = 15_900,
        ["surveymonkey"] = 1_300,
        ["tally"] = 79_300,
        ["typeform"] = 18_800,
    };

    public static TheoryData<string> Tools => [.. SurveyTool.All.Keys.Order(StringComparer.Ordinal)];

    /// <summary>The delivery that the benchmark times (docs/benchmarks.md, "Verify, decode, map").</summary>
    [Fact]
    public void The_five_kilobytes_that_are_timed_allocate_at_most_twenty()
    {
        var delivery = new OneDelivery("typeform", OneDelivery.Fitting(5 * 1024));
        Assert.InRange(delivery.Body.Length, 5 * 1024, 5.5 * 1024);
        Assert.InRange(Allocated(delivery), 1_000, 20_480);
    }

    [Theory]
    [MemberData(nameof(Tools))]
    public void A_delivery_of_twenty_answers_allocates_no_more_than_it_did(string tool) =>
        Assert.InRange(Allocated(new OneDelivery(tool, OneDelivery.Typical)), 500, MostBytes[tool]);

    private static long Allocated(OneDelivery delivery)
    {
        var all = delivery.Step(Step.All);
        return Allocated(() =>
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            all();
            return GC.GetAllocatedBytesForCurrentThread() - before;
        });
    }

    /// <summary>The median of a warm delivery: the least of some rounds, since code that the compiler has not come to yet puts more on the heap.</summary>
    private static long Allocated(Func<long> one)
    {
        for (var warm = 0; warm < 50; warm++) one();
        var least = long.MaxValue;
        for (var round = 0; round < 20; round++) least = Math.Min(least, Enumerable.Range(0, 21).Select(_ => one()).Order().ElementAt(10));
        TestContext.Current.TestOutputHelper?.WriteLine($"{least} bytes");
        return least;
    }

    [Fact]
    public void Verifying_decoding_and_mapping_five_kilobytes_of_typeform_allocates_at_most_twenty()
    {
        var body = FiveKilobytes();
        Assert.InRange(body.Length, 4_900, 5_900);
        var source = new Source("teachers_typeform", SurveyTool.All["typeform"], Verification.Signature, [Secret, "the-next-secret-of-it"], null);
        var agree = new Dictionary<string, string> { ["1"] = "1", ["2"] = "2", ["3"] = "3", ["4"] = "4", ["5"] = "5", ["Agree"] = "4" };
        var instrument = ResponseTests.Teachers() with { Items = [.. Enumerable.Range(0, 16).Select(n => new Item($"indicator-{n}", $"question_{n}", agree))] };
        var map = new InstrumentMap(instrument);
        var redaction = new Redaction(new Pseudonyms("a-test-key-of-thirty-two-characters!"));
        KeyValuePair<string, string>[] headers =
        [
            KeyValuePair.Create("Typeform-Signature", "sha256=" + Convert.ToBase64String(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), body))),
            KeyValuePair.Create("Content-Type", "application/json"), KeyValuePair.Create("User-Agent", "Typeform Webhooks"), KeyValuePair.Create("Content-Length", "5000"),
        ];

        long One()
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            var delivery = Delivery.From(body, headers, Sent.Received);
            Assert.Equal(0, source.Verify(delivery, Sent.Received));
            var response = source.Decode(delivery).Responses[0];
            var answers = redaction.Apply(response, instrument);
            _ = redaction.Version(response);
            var coding = map.Map(answers).Value!;
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.Equal(16, coding.Observations.Count);
            return allocated;
        }

        Assert.InRange(Allocated(One), 1_000, 20_480);
    }
}
