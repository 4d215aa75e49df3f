using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Webhooks;
using WholeSchoolSend.Testing;

namespace WholeSchoolSend.Benchmarks.Webhooks;

/// <summary>The parts of taking in a delivery that need no storage.</summary>
internal enum Step
{
    All,
    Verify,
    Decode,
    Redact,
    Mark,
    Map,
}

/// <summary>
/// One usual delivery of a survey tool, from raw bytes to coded observations. What the benchmark times is what <c>BudgetTests</c> of Core counts the
/// bytes of: they compile this file too.
/// </summary>
internal sealed class OneDelivery
{
    /// <summary>Questions of a usual response.</summary>
    public const int Typical = 20;

    private static readonly Pseudonyms Key = new("a-pseudonym-key-of-the-benchmarks!");

    private readonly DateTimeOffset _now = TimeProvider.System.GetUtcNow();
    private readonly Redaction _redaction = new(Key);
    private readonly int _questions;
    private readonly Source _source;
    private readonly Delivery _delivery;
    private readonly Instrument _instrument;
    private readonly InstrumentMap _map;

    public OneDelivery(string tool, int questions)
    {
        _questions = questions;
        var verification = SurveyTool.All[tool].Signature(null) is null ? tool == "limesurvey" ? "body" : "query" : "signature";
        var post = Post.By(tool, Asked(questions)).Proven(tool, verification, Secret(tool), _now);
        var query = post.Query.Split('&', StringSplitOptions.RemoveEmptyEntries).Select(part => KeyValuePair.Create(part.Split('=')[0], Uri.UnescapeDataString(part.Split('=')[1])));
        Body = post.Body;
        // A form's is the JSON it would be.
        AsJson = post.Type.Contains("json", StringComparison.Ordinal) ? post.Body : Post.By("json", Asked(questions)).Body;
        _delivery = Delivery.From(post.Body, post.Headers.Append(KeyValuePair.Create("Content-Type", post.Type)), _now, query);
        _source = new Source("leaders", SurveyTool.All[tool], Enum.Parse<Verification>(verification, ignoreCase: true), [Secret(tool)], null);
        _instrument = new Instrument(
            "Leaders", "leaders", new FormBinding("leaders", "7001"), null, new Term("2026-autumn"), null, new FieldName("hidden.urn"), new FieldName("hidden.key"), new Term("leader"), null, null, null,
            [.. Enumerable.Range(1, questions).Select(number => new Item($"indicator-{number}", Post.Question(tool, number), new Dictionary<string, string> { ["fully"] = "fully", ["partly"] = "partly", ["not"] = "not" }))])
        {
            Id = "leaders",
            Version = 1,
        };
        _map = new InstrumentMap(_instrument);
    }

    public byte[] Body { get; }

    public byte[] AsJson { get; }

    public static string Secret(string tool) => tool switch
    {
        "surveymonkey" => "client-id&client-secret",
        "formbricks" or "standardwebhooks" => "whsec_YS1zZWNyZXQtb2YtdGhlLXRlc3Rz",
        _ => "a-secret-of-the-benchmarks",
    };

    /// <summary>So many questions that Typeform's body is no smaller than this.</summary>
    public static int Fitting(int bytes) => Enumerable.Range(1, 100).First(questions => Post.By("typeform", Asked(questions)).Body.Length >= bytes);

    public Action Step(Step step)
    {
        if (step == Webhooks.Step.All) return All;
        var sent = _source.Tool!.Decode(_delivery).Value![0];
        var answers = _redaction.Apply(sent, _instrument);
        return step switch
        {
            Webhooks.Step.Verify => () => _source.Verify(_delivery, _now),
            Webhooks.Step.Decode => () => _source.Tool.Decode(_delivery),
            Webhooks.Step.Redact => () => _redaction.Apply(sent, _instrument),
            Webhooks.Step.Mark => () => _redaction.Version(sent),
            _ => () => _map.Map(answers),
        };
    }

    private static Submission Asked(int questions) => Submission.A("123456789") with { Answers = [.. Enumerable.Repeat("fully", questions)] };

    private void All()
    {
        if (_source.Verify(_delivery, _now) is null) throw new InvalidOperationException($"{_source.Tool!.Name}: not verified.");
        if (_source.Tool!.Decode(_delivery).Value is not [var response]) throw new InvalidOperationException($"{_source.Tool.Name}: not decoded.");
        if (response.IsPending) return;
        _redaction.Version(response);
        if (_map.Map(_redaction.Apply(response, _instrument)).Value?.Observations.Count != _questions) throw new InvalidOperationException($"{_source.Tool.Name}: not mapped.");
    }
}
