using System.IO.Compression;
using System.Text;
using CsCheck;
using WholeSchoolSend.Core.Webhooks;
using WholeSchoolSend.Core.Webhooks.Tools;

namespace WholeSchoolSend.Core.Tests.Webhooks;

/// <summary>Whatever bytes come and however they are declared: a clear answer, in memory that is a fixed multiple of what was sent.</summary>
public sealed class BadInputTests
{
    /// <summary>What verifying and decoding may allocate: so many bytes for each of the body's, and so many at least.</summary>
    private const int Multiple = 256;

    private const int Least = 2 * 1024 * 1024;

    private static readonly SurveyTool[] Tools = [.. SurveyTool.All.Values.OrderBy(tool => tool.Name, StringComparer.Ordinal)];

    private static readonly string[] Types =
    [
        Sent.Json, Sent.Form, Sent.Multipart, "application/xml", "application/cloudevents+json", "application/cloudevents-batch+json", "text/plain", "", "application/json; charset=utf-16",
        "multipart/form-data", "multipart/form-data; boundary=", "image/png",
    ];

    private static string Wide(int count, Func<int, string> item) => string.Join(',', Enumerable.Range(0, count).Select(item));

    private static readonly Dictionary<string, Func<string>> Bodies = new()
    {
        ["nothing"] = () => "",
        ["only a mark"] = () => "\uFEFF",
        ["NULs"] = () => new string('\0', 1_000),
        ["deep arrays"] = () => new string('[', 100_000),
        ["deep objects"] = () => string.Concat(Enumerable.Repeat("{\"a\":", 50_000)),
        ["deep elements"] = () => string.Concat(Enumerable.Repeat("<a>", 50_000)),
        ["one long name"] = () => $"{{\"{new string('n', 2_000_000)}\":{{{Wide(20_000, n => $"\"{n}\":1")}}}}}",
        ["long names inside each other"] = () => $"{{\"data\":{{\"{new string('a', 200_000)}\":{{\"{new string('b', 200_000)}\":{{\"{new string('c', 200_000)}\":{{{Wide(5_000, n => $"\"{n}\":1")}}}}}}}}}}}",
        ["thousands of fields"] = () => $"{{{Wide(200_000, n => $"\"q{n}_a\":\"b\"")}}}",
        ["thousands of parameters"] = () => string.Join('&', Enumerable.Range(0, 200_000).Select(n => $"f{n}=1")),
        ["one parameter"] = () => "a=" + new string('%', 1_000_000),
        ["ampersands"] = () => new string('&', 1_000_000),
        ["an array of nothing"] = () => $"[{Wide(500_000, _ => "1")}]",
        ["an array of objects"] = () => $"[{Wide(300_000, _ => "{}")}]",
        ["answers that are none"] = () => $$"""{"form_response":{"form_id":"f","token":"t","submitted_at":"2025-11-03T09:00:00Z","answers":[{{Wide(300_000, _ => "7")}}]} }""",
        ["values without end"] = () => $$"""{"form":"f","response":"r","submitted":"2026-11-02T09:30:00Z","answers":{"q":[{{Wide(400_000, _ => "\"\"")}}]} }""",
        ["a number too large"] = () => """{"form":"f","response":"r","submitted":"2026-11-02T09:30:00Z","answers":{"q":1e999999,"p":-1e999999,"n":"NaN"}}""",
        ["a number of a million digits"] = () => $$"""{"form":"f","response":"r","submitted":"2026-11-02T09:30:00Z","answers":{"q":{{new string('9', 1_000_000)}} } }""",
        ["half a pair"] = () => """{"form":"\ud83d","response":"\ude00"}""",
        ["a name twice"] = () => """{"form":"f","form":"g"}""",
        ["billion laughs"] = () => "<?xml version=\"1.0\"?><!DOCTYPE lolz [<!ENTITY lol \"lol\">" + string.Concat(Enumerable.Range(1, 9).Select(n => $"<!ENTITY lol{n} \"{string.Concat(Enumerable.Repeat($"&lol{(n == 1 ? "" : n - 1)};", 10))}\">")) + "]><a id=\"f\">&lol9;</a>",
        ["an outer entity"] = () => "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a id=\"f\"><_id>1</_id><q>&x;</q></a>",
        ["a long element with many inside"] = () => $"<a id=\"f\"><{new string('n', 500_000)}>{string.Concat(Enumerable.Repeat("<b>1</b>", 4_000))}</{new string('n', 500_000)}></a>",
        ["attributes"] = () => $"<a {string.Join(' ', Enumerable.Range(0, 50_000).Select(n => $"a{n}=\"1\""))}/>",
        ["names in parts"] = () => "------part7\r\nContent-Disposition: form-data; name=\"formID\r\nX: y\"\r\n\r\n1\r\n------part7--",
        ["a part in a part"] = () => "------part7\r\nContent-Disposition: form-data; name=\"formID\"\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\n1\r\n--x--\r\n------part7--",
        ["a boundary that never ends"] = () => "------part7\r\nContent-Disposition: form-data; name=\"formID\"\r\n\r\n" + new string('-', 1_000_000),
        ["headers without end"] = () => "------part7\r\nContent-Disposition: form-data; " + new string('x', 1_000_000),
        ["lines that end otherwise"] = () => "------part7\nContent-Disposition: form-data; name=\"formID\"\n\n1\n------part7--\n",
        ["many parts"] = () => string.Concat(Enumerable.Repeat("------part7\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n", 20_000)) + "------part7--",
        ["names without end for kobo"] = () => $$"""{"_id":1,"_xform_id_string":"f","_submission_time":"2026-11-02T09:30:00","q":"{{string.Join(' ', Enumerable.Repeat("a", 500_000))}}"}""",
    };

    public static TheoryData<string> Hostile => [.. Bodies.Keys];

    [Theory]
    [MemberData(nameof(Hostile))]
    public void Nothing_that_can_be_sent_throws_or_grows(string what)
    {
        var bytes = Encoding.UTF8.GetBytes(Bodies[what]());
        foreach (var tool in Tools)
            foreach (var type in Types) Bounded(tool, type, bytes, what);
    }

    [Fact]
    public void Bytes_that_are_no_text_are_a_problem_for_every_tool()
    {
        foreach (var tool in Tools)
            foreach (var type in Types)
                foreach (var body in new byte[][] { [0xff, 0xfe, 0x7b, 0x00], [0xc0, 0x80], [0xed, 0xa0, 0x80], [.. "{\"a\":\""u8, 0x80, .. "\"}"u8], [.. "a="u8, 0xff] })
                    Assert.NotEmpty(Bounded(tool, type, body, "no UTF-8").Undecodable);
    }

    [Fact]
    public void A_compressed_body_is_kept_as_it_came_and_never_expanded()
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize, leaveOpen: true)) gzip.Write(new byte[10_000_000]);
        foreach (var tool in Tools)
        {
            var source = new Source("a", tool, Verification.None, [], null);
            var decoded = source.Decode(Sent.By(Sent.Json, packed.ToArray(), ("Content-Encoding", "gzip")));
            var part = Assert.Single(decoded.Undecodable);
            Assert.Equal("content-encoding", Assert.Single(part.Problems).Where);
            Assert.Equal("gzip", source.Raw(part.Part).Headers["content-encoding"]);
        }
        Assert.Single(new Source("a", SurveyTool.All["json"], Verification.None, [], null).Decode(Sent.By(Sent.Json, Sent.Ours, ("Content-Encoding", "identity"))).Responses);
    }

    [Fact]
    public void A_byte_order_mark_says_nothing()
    {
        foreach (var (tool, type, body) in Sent.Everything.Where(sent => sent.Type != Sent.Form && sent.Type != Sent.Multipart))
            Assert.Empty(Bounded(SurveyTool.All[tool], type, [.. "\uFEFF"u8, .. Encoding.UTF8.GetBytes(body)], "a mark").Undecodable);
    }

    [Theory]
    [InlineData("1e999999", null)]
    [InlineData("-1e999999", null)]
    [InlineData("9007199254740993", "9007199254740993")]
    [InlineData("99999999999999999999", "1E+20")]
    [InlineData("4.0", "4")]
    [InlineData("1e-999999", "0")]
    public void A_number_is_what_a_number_holds_or_no_answer(string number, string? kept)
    {
        var decoded = SurveyTool.All["tally"].Decode(Sent.By(Sent.Json, $$$"""
            {"data":{"formId":"f","responseId":"r","createdAt":"2026-11-02T09:30:00Z","fields":[{"key":"q","type":"INPUT_NUMBER","value":{{{number}}}}]}}
            """)).Value![0];
        Assert.Equal(kept is null ? [] : [kept], decoded.Answers[0].Values.Select(value => value.Text));
    }

    [Theory]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    [InlineData("-Infinity")]
    [InlineData("∞")]
    [InlineData("1e400")]
    [InlineData("-1")]
    public void A_weight_that_is_no_number_is_a_problem(string weight)
    {
        var problems = new List<Problem>();
        Core.Instruments.InstrumentMap.Weight(weight, "w", problems);
        Assert.Equal("weight-invalid", Assert.Single(problems).Code);
    }

    [Fact]
    public void Any_json_is_decoded_or_is_a_problem_for_every_tool() =>
        Gen.Select(Gen.OneOfConst(Tools), Gen.OneOfConst(Types), AnyJson(4)).Sample(
            (tool, type, json) => { Bounded(tool, type, Encoding.UTF8.GetBytes(json), "any JSON"); }, iter: 4_000);

    [Fact]
    public void Any_form_or_xml_is_decoded_or_is_a_problem_for_every_tool()
    {
        var text = Gen.OneOf(Gen.String, Gen.OneOfConst("MSG", "HMAC", "FormID", "UniqueID", "HandshakeKey", "rawRequest", "formID", "submissionID", "{}", "%7B%7D", "a@b"));
        var pair = Gen.Select(text, text);
        var form = pair.Array[0, 12].Select(pairs => string.Join('&', pairs.Select(one => $"{one.Item1}={Uri.EscapeDataString(one.Item2.IsNormalizable() ? one.Item2 : "x")}")));
        var parts = pair.Array[0, 6].Select(pairs => string.Concat(pairs.Select(one => $"------part7\r\nContent-Disposition: form-data; name=\"{one.Item1}\"\r\n\r\n{one.Item2}\r\n")) + "------part7--");
        Gen.Select(Gen.OneOfConst(Tools), Gen.OneOfConst(Types), Gen.OneOf(form, parts, AnyXml(4))).Sample(
            (tool, type, body) => { Bounded(tool, type, Encoding.UTF8.GetBytes(body), "any form"); }, iter: 4_000);
    }

    [Fact]
    public void Our_own_body_is_read_as_it_was_written()
    {
        // Texts as people and programs write them: any but half a surrogate pair, which no JSON can hold as text.
        var text = Gen.String.Select(written => written.IsNormalizable() ? written : "x");
        var name = Gen.String[Gen.Char.AlphaNumeric, 1, 12];
        (from form in name
         from id in name
         from second in Gen.Int[0, 100_000_000]
         from revised in Gen.Bool
         from finished in Gen.Bool
         from hidden in Gen.Dictionary(name, text)[0, 4]
         from answers in Gen.Dictionary(name, text.Array[0, 4])[0, 6]
         from free in Gen.Dictionary(name, text)[0, 3]
         select (form, id, Submitted: DateTimeOffset.UnixEpoch.AddSeconds(1_600_000_000L + second), revised, finished, hidden, answers, free)).Sample(
            sent =>
            {
                var body = System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, object?>
                {
                    ["form"] = sent.form,
                    ["response"] = sent.id,
                    ["submitted"] = sent.Submitted.ToOffset(TimeSpan.FromHours(1)),
                    ["updated"] = sent.revised ? sent.Submitted.AddMinutes(1) : null,
                    ["finished"] = sent.finished,
                    ["hidden"] = sent.hidden,
                    ["answers"] = sent.answers,
                    ["text"] = sent.free,
                });
                var read = Assert.Single(Bounded(new Json(), Sent.Json, body, "our own").Responses);
                Assert.Equal((sent.form, sent.id, sent.Submitted, sent.finished), (read.Form, read.Id, read.Submitted, read.Finished));
                Assert.Equal(sent.revised ? sent.Submitted.AddMinutes(1) : null, read.Updated);
                Assert.Equal(
                    sent.hidden.Select(one => ($"hidden.{one.Key}", AnswerKind.Hidden, one.Value))
                        .Concat(sent.answers.Select(one => (one.Key, AnswerKind.Uncertain, string.Join('|', one.Value))))
                        .Concat(sent.free.Select(one => (one.Key, AnswerKind.Text, one.Value))),
                    read.Answers.Select(answer => (answer.Field, answer.Kind, string.Join('|', answer.Values.Select(value => value.Text)))));
            },
            iter: 500);
    }

    private static Decoded Bounded(SurveyTool tool, string type, byte[] body, string what)
    {
        var source = new Source("a", tool, Verification.None, [], null);
        var delivery = Sent.By(type, body, ("ce-specversion", "1.0"));
        var before = GC.GetAllocatedBytesForCurrentThread();
        var decoded = source.Decode(delivery);
        if (tool.SecretField is not null) Assert.Null((source with { Verification = Verification.Body, Secrets = ["a-shared-secret"] }).Verify(delivery, Sent.Received));
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated <= Least + ((long)Multiple * body.Length), $"{tool.Name} allocates {allocated} bytes for {body.Length} of {what} declared {type}");
        Assert.All(decoded.Undecodable, part => Assert.InRange(part.Problems.Count, 1, 100));
        foreach (var problem in decoded.Undecodable.SelectMany(part => part.Problems)) Assert.InRange(problem.Where.Length + problem.Message.Length, 1, 1_000);
        var redaction = new Redaction(new Pseudonyms(IntakeInMemory.Key));
        foreach (var response in decoded.Responses)
        {
            _ = redaction.Version(response);
            _ = redaction.Apply(response, null).ToJson();
        }
        return decoded;
    }

    private static Gen<string> AnyJson(int depth)
    {
        var name = Gen.OneOfConst(
            "form_response", "form_id", "token", "submitted_at", "answers", "type", "field", "id", "choice", "choices", "labels", "data", "fields", "key", "value", "options", "event", "surveyId", "createdAt",
            "pages", "questions", "hidden", "hidden_urn", "form", "response", "submitted", "FormID", "UniqueID", "_id", "_xform_id_string", "_submission_time", "api_token", "survey", "respondId", "submitDate", "participant",
            "q1_a", "rawRequest", "specversion", "responses", "object_type", "resources", "submission_id", "created_at", "a b", "");
        var scalar = Gen.OneOf(
            Gen.OneOfConst(
                "null", "true", "false", "0", "-1", "1e999999", "1.5", "\"\"", "\"a\"", "\"2026-11-02T09:30:00Z\"", "\"2026-11-02 09:30:00\"", "\"1.0\"", "\"HIDDEN_FIELDS\"", "\"MATRIX\"", "\"choice\"", "\"choices\"",
                "\"response\"", "\"\\u0000\"", "\"\\ud800\"", "\"[1]\"", "\"[\\\"a\\\"]\"", "\"a@b\""),
            Gen.Int.Select(number => number.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        if (depth == 0) return scalar;
        var inner = AnyJson(depth - 1);
        return Gen.Frequency(
            (2, scalar), (2, inner.Array[0, 4].Select(items => $"[{string.Join(',', items)}]")),
            (5, Gen.Select(name, inner).Array[0, 8].Select(members => $"{{{string.Join(',', members.Select(member => $"\"{member.Item1}\":{member.Item2}"))}}}")));
    }

    private static Gen<string> AnyXml(int depth)
    {
        var name = Gen.OneOfConst("a", "meta", "instanceID", "_id", "_submission_time", "formhub", "hidden_urn", "q", "1", "a b");
        var text = Gen.OneOfConst("", "text", "&amp;", "&x;", "<![CDATA[a]]>", "<!-- a -->", "&#0;", "2026-11-02T09:30:00", "a@b");
        if (depth == 0) return text;
        return Gen.Select(name, AnyXml(depth - 1).Array[0, 4], Gen.OneOfConst("", " id=\"f\"", " id=f")).Select((element, inner, attribute) => $"<{element}{attribute}>{string.Concat(inner)}</{element}>");
    }
}

/// <summary>What a text must be so that UTF-8 can hold it.</summary>
internal static class Texts
{
    public static bool IsNormalizable(this string text)
    {
        for (var at = 0; at < text.Length; at++)
        {
            if (char.IsHighSurrogate(text[at]) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1])) at++;
            else if (char.IsSurrogate(text[at])) return false;
        }
        return true;
    }
}
