using System.Text;
using System.Text.Json;
using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Core.Tests.Webhooks;

/// <summary>Every way a delivery proves itself: signatures by numbers OpenSSL or the sender computed, and secrets that travel as they are.</summary>
public sealed class SchemeTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1614265330);

    // printf '%s' '{"a":1}' | openssl dgst -sha256 -hmac {secret} (-sha1 for SurveyMonkey), in hex or base64.
    [Theory]
    [InlineData("tally", "secret-of-tally", "Tally-Signature", "gQoLSxssWuOfwgw/IZa9MkDe9aYK6GdBm1K1QXNGzIk=")]
    [InlineData("smartsurvey", "secret-of-smartsurvey", "X-SmartSurvey-Signature", "9f2b45d3de874508ae74faecf5ea99ba08d18279194105281cc13ab64cafed96")]
    [InlineData("formstack", "secret-of-formstack", "X-FS-Signature", "20c415904940cf646d0895e67f0a15594ec2bf35958f36788871420be354e158")]
    [InlineData("formstack", "secret-of-formstack", "X-FS-Signature", "sha256=20c415904940cf646d0895e67f0a15594ec2bf35958f36788871420be354e158")]
    [InlineData("surveymonkey", "client-id&client-secret", "Sm-Signature", "QWimk8pAzUvjzPefKygqkttnK1w=")]
    [InlineData("googleforms", "secret-of-googleforms", "X-Signature", "sha256=a761a1e3f29cf24bb14ad492906d9c103f8ee7903cc5930bb6a47293c28c24fb")]
    [InlineData("formbricks", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "webhook-signature", "v1,8WmO9OATkSvjxs+eEJolmK2V9ge32ryGE0kSd4GZiDY=")]
    public void A_signature_proves_these_bytes_and_no_others(string tool, string secret, string header, string signature)
    {
        int? Verify(string body, string? stated, params string[] secrets) => By(tool, Verification.Signature, secrets).Verify(
            Sent.By(Sent.Json, body, [("webhook-id", "msg_1"), ("webhook-timestamp", "1614265330"), .. stated is null ? [] : new[] { (header, stated) }]), Now);
        var another = secret.StartsWith("whsec_", StringComparison.Ordinal) ? "whsec_Zm9yLXRoaXMtbWFjaGluZS1vbmx5IQ==" : "another&secret";

        Assert.Equal(0, Verify("{\"a\":1}", signature, secret));
        Assert.Equal(0, Verify("{\"a\":1}", signature, secret, another));
        Assert.Equal(1, Verify("{\"a\":1}", signature, another, secret));
        Assert.Null(Verify("{\"a\":1}", signature, another));
        Assert.Null(Verify("{\"a\":2}", signature, secret));
        Assert.Null(Verify("{\"a\":1}", signature[..^3], secret));
        Assert.Null(Verify("{\"a\":1}", "", secret));
        Assert.Null(Verify("{\"a\":1}", null, secret));
    }

    // Two real deliveries, with the key they were made with: kyma-incubator/connector-tools, qualtrics-event-gw, hmac_test.go and README.md.
    [Theory]
    [InlineData(Sent.QualtricsMessage, Sent.QualtricsHmac)]
    [InlineData(
        """{"Status":"Complete","SurveyID":"SV_22VlHYNeldrrrkp","ResponseID":"R_1l9mcVuXubb4aGm","CompletedDate":"2019-06-26 13:28:11","BrandID":"sapdevelopment"}""",
        "5db5cd1e0200e9ce6831ea0f1924beb97f136939e367c53f5af8f7d79c6727af495cb90d6c744fe72ab45efd9f9f2ba7c15b13fdf6565af3d5a4f50ed2c0c7d4")]
    public void Qualtrics_signs_the_decoded_message(string message, string hmac)
    {
        int? Verify(string body, params string[] secrets) => By("qualtrics", Verification.Signature, secrets).Verify(Sent.By(Sent.Form, body), Now);
        var sent = $"HMAC={hmac}&MSG={Uri.EscapeDataString(message)}&undefined=";
        Assert.Equal(0, Verify(sent, "kyma4ever"));
        Assert.Equal(1, Verify(sent.Replace("%20", "+", StringComparison.Ordinal), "the-next-one", "kyma4ever"));
        Assert.Null(Verify(sent, "kyma5ever"));
        Assert.Null(Verify($"MSG={Uri.EscapeDataString(message)}", "kyma4ever"));
        Assert.Null(Verify(sent + "&MSG=%7B%7D", "kyma4ever"));
        Assert.Null(Verify("SurveyID=a&ResponseID=b&CompletedDate=2026-11-02+09:30:00", "kyma4ever"));
    }

    [Theory]
    [InlineData(Verification.Header, "Authorization", "a-shared-secret", true)]
    [InlineData(Verification.Header, "Authorization", "Bearer a-shared-secret", true)]
    [InlineData(Verification.Header, "Authorization", "a-shared-secre", false)]
    [InlineData(Verification.Header, "Authorization", "", false)]
    [InlineData(Verification.Header, "X-Other", "a-shared-secret", false)]
    [InlineData(Verification.Query, "Authorization", "a-shared-secret", false)]
    public void A_secret_in_a_header_is_compared_as_it_is(Verification verification, string header, string stated, bool proven) =>
        Assert.Equal(proven ? 1 : null, By("kobotoolbox", verification, "the-other-secret", "a-shared-secret").Verify(Sent.By(Sent.Json, "{}", (header, stated)), Now));

    [Theory]
    [InlineData("Basic", "kobo:pass:word", true)]
    [InlineData("basic", "kobo:pass:word", true)]
    [InlineData("Basic", "kobo:pass", false)]
    [InlineData("Bearer", "kobo:pass:word", false)]
    public void A_password_is_http_basic(string scheme, string stated, bool proven)
    {
        var source = By("kobotoolbox", Verification.Basic, "kobo:pass:word");
        Assert.Equal(proven ? 0 : null, source.Verify(Sent.By(Sent.Json, "{}", ("authorization", $"{scheme} {Convert.ToBase64String(Encoding.UTF8.GetBytes(stated))}")), Now));
        Assert.Null(source.Verify(Sent.By(Sent.Json, "{}"), Now));
        Assert.NotNull(source.Tool!.Scheme(Verification.Basic, null)!.Refuses("no-user-here"));
    }

    [Theory]
    [InlineData("jotform", null, "key", "a-shared-secret", true)]
    [InlineData("jotform", "token", "token", "a-shared-secret", true)]
    [InlineData("jotform", "token", "key", "a-shared-secret", false)]
    [InlineData("jotform", null, "key", "A-shared-secret", false)]
    [InlineData("cloudevents", null, "access_token", "a-shared-secret", true)]
    public void A_secret_in_the_address_has_a_parameter(string tool, string? configured, string parameter, string stated, bool proven)
    {
        var source = new Source("a", SurveyTool.All[tool], Verification.Query, ["a-shared-secret", "another-secret"], configured);
        Assert.Equal(proven ? 0 : null, source.Verify(Delivery.From(default, [], Now, [KeyValuePair.Create(parameter, stated)]), Now));
    }

    [Theory]
    [InlineData("limesurvey", Sent.Json, Sent.LimeSurvey)]
    [InlineData("formstack", Sent.Json, Sent.FormstackJson)]
    [InlineData("formstack", Sent.Form, Sent.FormstackForm)]
    public void A_secret_in_the_body_has_a_field(string tool, string type, string body)
    {
        Assert.Equal(1, By(tool, Verification.Body, "the-next-secret", "canary-token-1").Verify(Sent.By(type, body), Now));
        Assert.Null(By(tool, Verification.Body, "canary-token-2").Verify(Sent.By(type, body), Now));
        Assert.Null(By(tool, Verification.Body, "canary-token-1").Verify(Sent.By(type, "{}"), Now));
    }

    [Theory]
    [InlineData("jotform", "Query")]
    [InlineData("paperform", "Query")]
    [InlineData("limesurvey", "Query Body")]
    [InlineData("kobotoolbox", "Header Basic Query")]
    [InlineData("microsoftforms", "Header Basic Query")]
    [InlineData("cloudevents", "Header Basic Query")]
    [InlineData("surveymonkey", "Signature Query")]
    [InlineData("qualtrics", "Signature Query")]
    [InlineData("formstack", "Signature Header Basic Query Body")]
    [InlineData("typeform", "Signature Header Basic Query")]
    public void A_tool_proves_itself_only_as_it_can(string tool, string can) =>
        Assert.Equal(can, string.Join(' ', Enum.GetValues<Verification>().Where(scheme => SurveyTool.All[tool].Scheme(scheme, null) is not null)));

    [Fact]
    public void Signatures_over_others_examples_match()
    {
        var folder = Corpus.Folder("webhooks");
        using var vectors = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "VECTORS.json")));
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var vector in vectors.RootElement.GetProperty("computed").EnumerateArray())
        {
            string? Text(string name) => vector.TryGetProperty(name, out var value) ? value.GetString() : null;
            if (Text("fixture") is not { } fixture || !File.Exists(Path.Combine(folder, fixture))) continue;
            var tool = fixture.Split('/')[0];
            var headers = new[] { "webhook-id", "webhook-timestamp", "webhook-signature" }.Where(name => Text(name) is not null).Select(name => (name, Text(name)!)).ToList();
            if (Text("header") is { } header) headers.Add((header, Text("value")!));
            var at = DateTimeOffset.FromUnixTimeSeconds(long.Parse(Text("webhook-timestamp") ?? "0", System.Globalization.CultureInfo.InvariantCulture));
            var delivery = Sent.By(Sent.Json, File.ReadAllBytes(Path.Combine(folder, fixture)), [.. headers]);
            Assert.Equal(0, By(tool, Verification.Signature, Text("hmac_key") ?? Text("secret")!).Verify(delivery, at));
            seen.Add(tool);
        }
        Assert.Superset(new HashSet<string> { "surveymonkey", "tally", "smartsurvey", "formstack", "formbricks" }, seen);
    }

    [Fact]
    public void Signatures_that_others_published_match()
    {
        using var vectors = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Corpus.Folder("webhooks"), "VECTORS.json")));
        var seen = 0;
        foreach (var vector in vectors.RootElement.GetProperty("published").EnumerateArray())
        {
            string Text(string name) => vector.TryGetProperty(name, out var value) ? value.GetString()! : "";
            var scheme = Text("scheme");
            if (scheme == "standard-webhooks v1")
            {
                var delivery = Sent.By(Sent.Json, Text("body"), ("webhook-id", Text("webhook-id")), ("webhook-timestamp", Text("webhook-timestamp")), ("webhook-signature", Text("webhook-signature")));
                Assert.Equal(0, By("standardwebhooks", Verification.Signature, Text("secret")).Verify(delivery, Now));
            }
            else if (scheme.StartsWith("qualtrics", StringComparison.Ordinal))
            {
                var key = Text("key").Split(' ')[0];
                Assert.Equal(0, By("qualtrics", Verification.Signature, key).Verify(Sent.By(Sent.Form, $"MSG={Uri.EscapeDataString(Text("MSG"))}&HMAC={Text("HMAC")}"), Now));
            }
            else if (scheme.StartsWith("github", StringComparison.Ordinal))
            {
                // Our own body's scheme in another header: the same HMAC in hex after sha256=.
                var source = new Source("a", SurveyTool.All["json"], Verification.Signature, [Text("secret")], "X-Hub-Signature-256");
                Assert.Equal(0, source.Verify(Sent.By(Sent.Json, Text("body"), ("x-hub-signature-256", Text("X-Hub-Signature-256"))), Now));
            }
            else
                continue;
            seen++;
        }
        Assert.Equal(4, seen);
    }

    private static Source By(string tool, Verification verification, params string[] secrets) => new("a", SurveyTool.All[tool], verification, secrets, null);
}
