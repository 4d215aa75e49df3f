using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Core.Tests.Webhooks;

/// <summary>No delivery that differs from what was signed in one bit is taken, whatever tool signed it; and what can never prove anything is named.</summary>
public sealed class MutationTests
{
    private const string Secret = "client-id&client-secret";
    private const string Standard = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1614265330);

    public static TheoryData<string> Signing => [.. SurveyTool.All.Values.Where(tool => tool.Signature(null) is not null).Select(tool => tool.Name)];

    [Theory]
    [MemberData(nameof(Signing))]
    public void One_bit_of_body_or_signature_is_enough(string tool)
    {
        var (source, type, body, headers) = Signed(tool);
        int? Verify(byte[] sent, IEnumerable<(string Name, string Value)> stated) => source.Verify(Sent.By(type, sent, [.. stated]), Now);
        Assert.Equal(0, Verify(body, headers));
        for (var at = 0; at < body.Length; at++)
        {
            var changed = body.ToArray();
            changed[at] ^= 1;
            // Of a form only the decoded message is signed, and its signature is in it: a change beside both proves nothing, and changes nothing.
            if (tool != "qualtrics" || IsSigned(body, at)) Assert.True(Verify(changed, headers) is null, $"byte {at} of the body");
            if (tool != "qualtrics" || IsSigned(body, at)) Assert.Null(Verify(body[..at], headers));
        }
        foreach (var (name, value) in headers)
            for (var at = 0; at < value.Length; at++)
            {
                var changed = value.ToCharArray();
                changed[at] ^= (char)1;
                // The prefix is a name, not a proof.
                if (value.StartsWith("sha256=", StringComparison.Ordinal) && at < 7) continue;
                var other = headers.Select(header => header.Name == name ? (name, new string(changed)) : header);
                Assert.True(Verify(body, other) is null, $"character {at} of {name}");
                if (at > 0 && value[at] != '=') Assert.Null(Verify(body, headers.Select(header => header.Name == name ? (name, value[..at]) : header)));
            }
    }

    [Fact]
    public void Either_case_of_hex_and_blanks_around_it_are_the_same_signature()
    {
        var (source, type, body, headers) = Signed("smartsurvey");
        var (name, value) = Assert.Single(headers);
        foreach (var stated in new[] { value.ToUpperInvariant(), $" {value} ", value })
            Assert.Equal(0, source.Verify(Sent.By(type, body, (name, stated)), Now));
        // The signature of a base64 tool in hex is the same bytes; the first half of it twice is not.
        foreach (var stated in new[] { value[..32] + value[..32], value + value, value[1..] })
            Assert.Null(source.Verify(Sent.By(type, body, (name, stated)), Now));
    }

    [Theory]
    [InlineData("v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==", "v1a")]
    [InlineData("v2,abc", "v1")]
    [InlineData(null, "webhook-signature")]
    [InlineData("v1,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe4=", "webhook-timestamp")]
    public async Task A_signature_nobody_here_can_check_is_refused_by_its_name(string? signature, string names)
    {
        var intake = new IntakeInMemory("standardwebhooks", null, Verification.Signature, Standard);
        (string, string)[] stated = signature is null ? [] : [("webhook-signature", signature)];
        var outcome = await intake.PostAsync(Sent.By(Sent.Json, "{}", [("webhook-id", "m"), ("webhook-timestamp", "1614265330"), .. stated]), TestContext.Current.CancellationToken);
        Assert.Equal("signature-invalid", outcome.Problem!.Code);
        Assert.Contains(names, outcome.Problem.Message, StringComparison.Ordinal);
        Assert.Empty(intake.Quarantined);
    }

    [Fact]
    public void A_v1_signature_beside_v1a_counts()
    {
        var (source, type, body, headers) = Signed("standardwebhooks");
        Assert.Equal(0, source.Verify(Sent.By(type, body, [.. headers.Select(header => header.Name == "webhook-signature" ? (header.Name, "v1a,AAAA " + header.Value) : header)]), Now));
    }

    [Theory]
    [InlineData("standardwebhooks", Verification.Signature, "whpk_c3RhbmRhcmQtd2ViaG9va3MtcHVibGljLWtleQ==", "v1a")]
    [InlineData("formbricks", Verification.Signature, "whsk_c3RhbmRhcmQtd2ViaG9va3MtcHVibGljLWtleQ==", "v1a")]
    [InlineData("formbricks", Verification.Signature, "", "whsec_")]
    [InlineData("typeform", Verification.Signature, "", "8 characters")]
    [InlineData("typeform", Verification.Signature, "a-secret-pasted\n", "blank")]
    [InlineData("kobotoolbox", Verification.Header, " a-secret-pasted", "blank")]
    [InlineData("kobotoolbox", Verification.Basic, ":no-user-here", "user:password")]
    [InlineData("surveymonkey", Verification.Signature, "only-the-secret", "&")]
    public void A_secret_that_proves_nothing_is_refused_at_start(string tool, Verification verification, string secret, string says) =>
        Assert.Contains(says, SurveyTool.All[tool].Scheme(verification, null)!.Refuses(secret), StringComparison.Ordinal);

    [Fact]
    public void A_password_may_be_of_any_letters()
    {
        var source = new Source("a", SurveyTool.All["kobotoolbox"], Verification.Basic, ["kobo:pässwörd-Ω"], null);
        string Basic(string text) => "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
        Assert.Equal(0, source.Verify(Sent.By(Sent.Json, "{}", ("Authorization", Basic("kobo:pässwörd-Ω"))), Now));
        Assert.Null(source.Verify(Sent.By(Sent.Json, "{}", ("Authorization", Basic("kobo:password-Ω"))), Now));
        Assert.Null(source.Verify(Sent.By(Sent.Json, "{}", ("Authorization", "Basic !!!")), Now));
    }

    /// <summary>Is this byte of a Qualtrics form one of the message or of its signature? Not the names of fields, nor what stands in others.</summary>
    private static bool IsSigned(byte[] body, int at)
    {
        var text = Encoding.ASCII.GetString(body);
        return at >= text.IndexOf("MSG=", StringComparison.Ordinal) && at < text.IndexOf("&undefined", StringComparison.Ordinal);
    }

    private static (Source Source, string Type, byte[] Body, (string Name, string Value)[] Headers) Signed(string tool)
    {
        if (tool == "qualtrics") return (By(tool, "kyma4ever"), Sent.Form, Encoding.UTF8.GetBytes(Sent.Qualtrics), []);
        var body = "{\"a\":1}"u8.ToArray();
        var sha256 = HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), body);
        switch (tool)
        {
            case "typeform":
                return (By(tool, Secret), Sent.Json, body, [("Typeform-Signature", "sha256=" + Convert.ToBase64String(sha256))]);
            case "tally":
                return (By(tool, Secret), Sent.Json, body, [("Tally-Signature", Convert.ToBase64String(sha256))]);
            case "smartsurvey":
                return (By(tool, Secret), Sent.Json, body, [("X-SmartSurvey-Signature", Convert.ToHexStringLower(sha256))]);
            case "formstack":
                return (By(tool, Secret), Sent.Json, body, [("X-FS-Signature", "sha256=" + Convert.ToHexStringLower(sha256))]);
            case "surveymonkey":
                return (By(tool, Secret), Sent.Json, body, [("Sm-Signature", Convert.ToBase64String(CryptographicOperations.HmacData(HashAlgorithmName.SHA1, Encoding.UTF8.GetBytes(Secret), body)))]);
            case "googleforms" or "json":
                return (By(tool, Secret), Sent.Json, body, [("X-Signature", Convert.ToHexStringLower(sha256))]);
            default:
                var time = Now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
                var mac = HMACSHA256.HashData(Convert.FromBase64String(Standard["whsec_".Length..]), (byte[])[.. Encoding.UTF8.GetBytes($"msg_1.{time}."), .. body]);
                return (By(tool, Standard), Sent.Json, body, [("webhook-id", "msg_1"), ("webhook-timestamp", time), ("webhook-signature", "v1," + Convert.ToBase64String(mac))]);
        }
    }

    private static Source By(string tool, string secret) => new("a", SurveyTool.All[tool], Verification.Signature, [secret], null);
}
