using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Webhooks;
using WholeSchoolSend.Testing;

namespace WholeSchoolSend.Fuzz;

/// <summary>
/// Everything between the bytes of a delivery and what is stored of it: verification, decoding, redaction, mapping, canonical form. Of no bytes may any of it
/// throw, allocate beyond a fixed multiple of the body, keep what a person could be known by, or prove a delivery nobody signed.
/// </summary>
internal sealed class WebhooksTarget : IFuzzTarget
{
    private static readonly SurveyTool[] Tools = [.. SurveyTool.All.Values.OrderBy(tool => tool.Name, StringComparer.Ordinal)];

    public string Name => "webhooks";

    public bool IsSeed(string path) => false;

    /// <summary>An input is the tool and the content type by their numbers, and the body: one of every tool's, of our own making.</summary>
    public IEnumerable<byte[]> Seeds(IReadOnlyList<string> folders) => Tools.Select((tool, number) =>
    {
        var post = Post.By(tool.Name, Submission.A("101"), Submission.A("102", "partly"));
        var type = Array.FindIndex(Types, type => post.Type.Split(';')[0] == type.Split(';')[0]);
        return (byte[])[(byte)number, (byte)Math.Max(0, type), .. post.Body];
    });

    // Decoded twice and redacted in three ways, at the most each may take.
    public long AllocationLimit(int length) => 8L * (Least + ((long)Multiple * length));

    public Task<string> RunAsync(byte[] input, CancellationToken cancellation) => Task.FromResult(
        input.Length < 2 ? "too short" : Run(Tools[input[0] % Tools.Length], Types[input[1] % Types.Length], input.AsMemory(2)));

    /// <summary>What one decoding may allocate: so many bytes for each of the body, and so many at least.</summary>
    private const int Multiple = 256;
    private const int Least = 2 * 1024 * 1024;

    /// <summary>The content types that decide how a body is read.</summary>
    private static readonly string[] Types =
    [
        "application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=----part7", "application/xml", "application/cloudevents+json",
        "application/cloudevents-batch+json", "application/vnd.surveymonkey.response.v1+json", "text/plain", "",
    ];

    private static readonly DateTimeOffset Received = new(2026, 11, 2, 12, 0, 0, TimeSpan.Zero);
    private static readonly Redaction Redaction = new(new Pseudonyms("a-key-of-the-fuzzer-of-32-characters"));
    private static readonly TimeZoneInfo London = TimeZoneInfo.FindSystemTimeZoneById("Europe/London");

    private static readonly Instrument Instrument = new(
        "Fuzz", "fuzz", new FormBinding("a", "tPre2025"), null, new Term("2025-26"), new Term(Field: "stage", Codes: new Dictionary<string, string> { ["pre"] = "pre" }), new FieldName("hidden.urn"),
        new FieldName("hidden.key"), new Term(Field: "role", Codes: new Dictionary<string, string> { ["Leader"] = "leader" }), new FieldName("weight"), null, null,
        [new Item("i", "q", new Dictionary<string, string> { ["Fully"] = "1", ["4"] = "4" })])
    {
        Id = "fuzz",
        Version = 1,
    };

    private static readonly InstrumentMap Map = new(Instrument);

    /// <summary>One input: the tool and the content type by their positions, and a body.</summary>
    private static string Run(SurveyTool tool, string type, ReadOnlyMemory<byte> body)
    {
        var headers = new List<KeyValuePair<string, string>> { KeyValuePair.Create("content-type", type), KeyValuePair.Create("ce-specversion", "1.0") };
        var delivery = Delivery.From(body, headers, Received);
        var before = GC.GetAllocatedBytesForCurrentThread();
        foreach (var verification in Enum.GetValues<Verification>())
            if (verification != Verification.None && tool.Scheme(verification, null) is { } scheme)
            {
                Must(scheme.Match(delivery, ["a-secret-nobody-has:-&-1", "whsec_YS1zZWNyZXQtb2YtdGhlLXRlc3Rz"], Received) is null, "prove what nobody signed");
                _ = scheme.Lacks(delivery);
            }
        var source = new Source("a", tool, Verification.None, [], null) { Zone = London };
        var decoded = source.Decode(delivery);
        // Parting what cannot be read reads it a second time, and checks secrets in the body a third.
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Must(allocated <= Least + ((long)Multiple * body.Length), $"allocate {allocated} bytes for a body of {body.Length}");

        foreach (var part in decoded.Undecodable)
        {
            Must(part.Problems.Count is > 0 and <= 100, "be undecodable without a reason");
            foreach (var problem in part.Problems) Must(problem.Where.Length <= 600 && problem.Message.Length <= 400, "repeat the body in a problem");
            // What is kept can be read again, and says the same.
            var raw = source.Raw(part.Part);
            var again = source.Decode(Delivery.From(raw.Body, raw.Headers, Received, raw.Query));
            Must(again.Undecodable.Count > 0 || tool.SecretField is not null, "quarantine what can be read");
        }
        foreach (var response in decoded.Responses)
        {
            Must(response.Form.Length is > 0 and <= 400 && response.Id.Length is > 0 and <= 400, "have no identity");
            _ = Identity.OfResponse("a", response.Form, response.Id);
            var version = Redaction.Version(response);
            Must(version == Redaction.Version(response with { Answers = [.. response.Answers] }), "mark one content twice");
            foreach (var instrument in new[] { null, Instrument })
            {
                var kept = Redaction.Apply(response, instrument);
                var json = kept.ToJson();
                Must(RedactedAnswers.FromJson(json).ToJson().AsSpan().SequenceEqual(json), "be stored otherwise than read");
                foreach (var answer in kept.Fields)
                {
                    Must(answer.Kind is not (AnswerKind.Personal or AnswerKind.Unanswered or AnswerKind.Other), "keep a person");
                    Must(instrument is not null || answer.Kind is not (AnswerKind.Text or AnswerKind.Date), "keep free text nobody asked for");
                    if (instrument is null && answer.Kind is AnswerKind.Hidden or AnswerKind.Uncertain)
                        Must(answer.Values.All(value => instrument is not null || !value.Text.Contains('@')), "keep an address");
                }
                if (instrument is not null)
                {
                    _ = Map.Map(kept);
                    continue;
                }
                var replayed = Redaction.Apply(response with { Answers = kept.Fields }, Instrument);
                _ = Map.Map(replayed);
            }
        }
        _ = tool.Handshake(delivery).Count();
        return $"{tool.Name}: {(decoded.Responses.Count == 0 ? "nothing" : decoded.Undecodable.Count == 0 ? "read" : "partly")}";
    }

    private static void Must(bool holds, string never)
    {
        if (!holds) throw new InvalidOperationException($"It must never {never}.");
    }
}
