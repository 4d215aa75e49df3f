using System.Security.Cryptography;
using System.Text;
using WholeSchoolSend.Core.Webhooks;
using WholeSchoolSend.Core.Webhooks.Tools;

namespace WholeSchoolSend.Core.Tests.Webhooks;

public sealed class VerificationTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1614265330);

    // The vector of the reference libraries: standard-webhooks/standard-webhooks, libraries/csharp WebhookTest.cs verifyWebhookSignWorks.
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    private const string Id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    private const string Valid = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    private const string Body = "{\"test\": 2432232314}";

    [Theory]
    [InlineData(Valid, 0, true)]
    [InlineData("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLawdd", 0, false)]
    [InlineData("v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= v2,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= " + Valid, 0, true)]
    [InlineData("v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", 0, false)]
    [InlineData("v1,", 0, false)]
    [InlineData("", 0, false)]
    [InlineData(Valid, 300, true)]
    [InlineData(Valid, -300, true)]
    [InlineData(Valid, 301, false)]
    [InlineData(Valid, -301, false)]
    public void Standard_webhooks_agrees_with_the_reference_libraries(string signature, int late, bool accepted)
    {
        var delivery = Delivered(Body, ("webhook-id", Id), ("webhook-timestamp", "1614265330"), ("Webhook-Signature", signature));
        Assert.Equal(accepted ? 0 : null, new StandardWebhooks().Signature(null).Match(delivery, [Secret], Now.AddSeconds(late)));
    }

    [Theory]
    [InlineData("webhook-id", "")]
    [InlineData("webhook-timestamp", "hello")]
    [InlineData("webhook-timestamp", "-1614265330")]
    [InlineData("webhook-timestamp", " 1614265330")]
    public void Standard_webhooks_needs_id_and_time(string header, string value)
    {
        var headers = new Dictionary<string, string> { ["webhook-id"] = Id, ["webhook-timestamp"] = "1614265330", ["webhook-signature"] = Valid, [header] = value };
        Assert.Null(new StandardWebhooks().Signature(null).Match(Delivery.From(Encoding.UTF8.GetBytes(Body), headers, Now), [Secret], Now));
    }

    [Theory]
    [InlineData("")]
    [InlineData("whsec_")]
    [InlineData("whsec_c2hvcnQ=")]
    public void A_secret_that_cannot_be_one_is_refused_at_start(string secret) => Assert.NotNull(new StandardWebhooks().Signature(null).Refuses(secret));

    [Fact]
    public void Typeform_signs_the_raw_bytes_in_base64()
    {
        // Computed by: printf '%s' '{"a":1}' | openssl dgst -sha256 -hmac secret-of-typeform -binary | base64
        var delivery = Delivered("{\"a\":1}", ("Typeform-Signature", "sha256=" + OfTypeform("secret-of-typeform", "{\"a\":1}")));
        var scheme = new Typeform().Signature(null);
        Assert.Equal(0, scheme.Match(delivery, ["secret-of-typeform"], Now));
        Assert.Equal(1, scheme.Match(delivery, ["the-next-secret", "secret-of-typeform"], Now));
        Assert.Null(scheme.Match(delivery, ["another-secret"], Now));
        Assert.Null(scheme.Match(Delivered("{\"a\": 1}", ("Typeform-Signature", delivery.Header("typeform-signature")!)), ["secret-of-typeform"], Now));
        Assert.Null(scheme.Match(Delivered("{\"a\":1}"), ["secret-of-typeform"], Now));
    }

    [Theory]
    [InlineData("sha256=", true)]
    [InlineData("", true)]
    [InlineData("sha1=", false)]
    public void Our_own_body_is_signed_in_hex_or_base64_with_or_without_prefix(string prefix, bool accepted)
    {
        var mac = HMACSHA256.HashData("a-shared-secret"u8, "[]"u8);
        foreach (var signature in new[] { Convert.ToHexString(mac), Convert.ToHexStringLower(mac), Convert.ToBase64String(mac) })
            Assert.Equal(accepted ? 0 : null, new Json().Signature("X-Mine").Match(Delivered("[]", ("x-mine", prefix + signature)), ["a-shared-secret"], Now));
    }

    [Fact]
    public void Typeform_signatures_of_the_corpus_match()
    {
        var folder = Corpus.Folder("webhooks");
        using var vectors = System.Text.Json.JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "VECTORS.json")));
        var seen = 0;
        foreach (var vector in vectors.RootElement.GetProperty("computed").EnumerateArray())
        {
            if (!vector.TryGetProperty("header", out var header) || header.GetString() != "Typeform-Signature") continue;
            var file = Path.Combine(folder, vector.TryGetProperty("fixture", out var fixture) ? fixture.GetString()! : "none");
            if (!File.Exists(file)) continue;
            seen++;
            var delivery = Delivery.From(File.ReadAllBytes(file), [KeyValuePair.Create("Typeform-Signature", vector.GetProperty("value").GetString()!)], Now);
            Assert.Equal(0, new Typeform().Signature(null).Match(delivery, [vector.GetProperty("secret").GetString()!], Now));
            Assert.Empty(new Typeform().Decode(delivery).Problems);
        }
        Assert.True(seen > 0);
    }

    /// <summary>An independent way to the same number: HMAC by its definition in RFC 2104.</summary>
    private static string OfTypeform(string secret, string body)
    {
        var key = new byte[64];
        Encoding.UTF8.GetBytes(secret).CopyTo(key, 0);
        byte[] Padded(byte pad) => key.Select(value => (byte)(value ^ pad)).ToArray();
        return Convert.ToBase64String(SHA256.HashData([.. Padded(0x5c), .. SHA256.HashData([.. Padded(0x36), .. Encoding.UTF8.GetBytes(body)])]));
    }

    private static Delivery Delivered(string body, params (string Name, string Value)[] headers) =>
        Delivery.From(Encoding.UTF8.GetBytes(body), headers.Select(header => KeyValuePair.Create(header.Name, header.Value)), Now);
}
