using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Webhooks;
using WholeSchoolSend.Testing;

namespace WholeSchoolSend.Benchmarks.Webhooks;

/// <summary>What a delivery costs before it is stored: time and bytes, beside its HMAC and a bare parse of its JSON.</summary>
internal sealed class Decoding : Benchmark
{
    private const int Rounds = 200;
    private const int Typical = 20;

    private static readonly Pseudonyms Key = new("a-pseudonym-key-of-the-benchmarks!");

    public override string Name => "decoding";

    public override string Title => "Verify, decode, map";

    public override string Words =>
        "One delivery from raw bytes to coded observations (verify, decode, redact, mark its content, map by an instrument), without storage. *Typeform, 5 KB* is the budget's: at most 60 µs and 20 KB allocated. The others "
        + $"hold the same {Typical} single choices in their own form. The baseline is a bare `JsonDocument.Parse` and an HMAC-SHA256 of the same bytes, in the same round.";

    public override Task<Findings> RunAsync()
    {
        var budget = Fitting(5 * 1024);
        var cases = new List<(string Name, Action Ours, Action Baseline, int Bytes)> { Case("Typeform, 5 KB", "typeform", budget) };
        cases.AddRange(Enum.GetValues<Step>().Where(step => step != Step.All).Select(step => Case($"of it: {step.ToString().ToLowerInvariant()}", "typeform", budget, step)));
        cases.AddRange(SurveyTool.All.Keys.Order(StringComparer.Ordinal).Select(tool => Case(tool, tool, Typical)));
        var ours = cases.Select(_ => new Samples()).ToList();
        var bare = cases.Select(_ => new Samples()).ToList();
        foreach (var one in cases) (Time(one.Ours, 3_000), Time(one.Baseline, 3_000)).ToString();   // compiled to the end
        for (var round = 0; round < Rounds; round++)
        {
            for (var index = 0; index < cases.Count; index++)
            {
                // Short, so that most fit between two turns of others on the processor.
                ours[index].Add(Time(cases[index].Ours, 10));
                bare[index].Add(Time(cases[index].Baseline, 10));
            }
        }
        return Task.FromResult(new Findings(
            ["delivery", "bytes", "ours, µs", "least", "baseline, µs", "÷ baseline", "ours, KB allocated", "baseline, KB"],
            [
                .. cases.Select((one, index) => new[]
                {
                    one.Name, one.Bytes.ToString("#,0", CultureInfo.InvariantCulture), $"{ours[index]}", ours[index].Least(), $"{bare[index]}", $"{ours[index].Over(bare[index])}", Allocated(one.Ours), Allocated(one.Baseline),
                }),
            ],
            ["The least is nearest to what the work costs on a machine that is shared."]));
    }

    private enum Step
    {
        All,
        Verify,
        Decode,
        Redact,
        Mark,
        Map,
    }

    private static (string Name, Action Ours, Action Baseline, int Bytes) Case(string name, string tool, int questions, Step step = Step.All)
    {
        var verification = SurveyTool.All[tool].Signature(null) is null ? tool == "limesurvey" ? "body" : "query" : "signature";
        var secret = tool switch
        {
            "surveymonkey" => "client-id&client-secret",
            "formbricks" or "standardwebhooks" => "whsec_YS1zZWNyZXQtb2YtdGhlLXRlc3Rz",
            _ => App.Secret,
        };
        var now = TimeProvider.System.GetUtcNow();
        var submission = Submission.A("123456789") with { Answers = [.. Enumerable.Repeat("fully", questions)] };
        var post = Post.By(tool, submission).Proven(tool, verification, secret, now);
        var query = post.Query.Split('&', StringSplitOptions.RemoveEmptyEntries).Select(part => KeyValuePair.Create(part.Split('=')[0], Uri.UnescapeDataString(part.Split('=')[1])));
        var delivery = Delivery.From(post.Body, post.Headers.Append(KeyValuePair.Create("Content-Type", post.Type)), now, query);
        var source = new Source("leaders", SurveyTool.All[tool], Enum.Parse<Verification>(verification, ignoreCase: true), [secret], null);
        var redaction = new Redaction(Key);
        var instrument = Instrument(tool, questions);
        var map = new InstrumentMap(instrument);
        void Ours()
        {
            if (source.Verify(delivery, now) is null) throw new InvalidOperationException($"{tool}: not verified.");
            if (source.Tool!.Decode(delivery).Value is not [var response]) throw new InvalidOperationException($"{tool}: not decoded.");
            if (response.IsPending) return;
            redaction.Version(response);
            if (map.Map(redaction.Apply(response, instrument)).Value?.Observations.Count != questions) throw new InvalidOperationException($"{tool}: not mapped.");
        }
        Action ours = Ours;
        if (step != Step.All)
        {
            var sent = source.Tool!.Decode(delivery).Value![0];
            var answers = redaction.Apply(sent, instrument);
            ours = step switch
            {
                Step.Verify => () => source.Verify(delivery, now),
                Step.Decode => () => source.Tool.Decode(delivery),
                Step.Redact => () => redaction.Apply(sent, instrument),
                Step.Mark => () => redaction.Version(sent),
                _ => () => map.Map(answers),
            };
        }
        var key = Encoding.UTF8.GetBytes(secret);
        // A form's baseline is the JSON it would be.
        var json = post.Type.Contains("json", StringComparison.Ordinal) ? post.Body : Post.By("json", submission).Body;
        void Baseline()
        {
            HMACSHA256.HashData(key, post.Body);
            using var document = JsonDocument.Parse(json);
        }
        return (name, ours, Baseline, post.Body.Length);
    }

    private static Instrument Instrument(string tool, int questions) => new(
        "Leaders", "leaders", new FormBinding("leaders", "7001"), null, new Term("2026-autumn"), null, new FieldName("hidden.urn"), new FieldName("hidden.key"), new Term("leader"), null, null, null,
        [.. Enumerable.Range(1, questions).Select(number => new Item($"indicator-{number}", Post.Question(tool, number), new Dictionary<string, string> { ["fully"] = "fully", ["partly"] = "partly", ["not"] = "not" }))])
    {
        Id = "leaders",
        Version = 1,
    };

    /// <summary>So many questions that the body is no smaller than this.</summary>
    private static int Fitting(int bytes) => Enumerable.Range(1, 100).First(questions => Post.By("typeform", Submission.A("123456789") with { Answers = [.. Enumerable.Repeat("fully", questions)] }).Body.Length >= bytes);

    private static double Time(Action action, int times)
    {
        var clock = Stopwatch.GetTimestamp();
        for (var time = 0; time < times; time++) action();
        return Stopwatch.GetElapsedTime(clock).TotalMicroseconds / times;
    }

    private static string Allocated(Action action)
    {
        const int times = 1_000;
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var time = 0; time < times; time++) action();
        return ((GC.GetAllocatedBytesForCurrentThread() - before) / 1024.0 / times).ToString("0.0", CultureInfo.InvariantCulture);
    }
}
