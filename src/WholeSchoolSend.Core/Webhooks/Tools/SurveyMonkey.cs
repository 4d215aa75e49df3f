using System.Security.Cryptography;

namespace WholeSchoolSend.Core.Webhooks.Tools;

/// <summary>
/// SurveyMonkey: an event that names a response, never its answers; <c>Sm-Signature</c>, the base64 of HMAC-SHA1 over the raw body with the key
/// <c>{client id}&amp;{client secret}</c>, which is also how the secret is configured. Events about anything but responses hold none.
/// </summary>
/// <remarks>https://github.com/SurveyMonkey/public_api_docs, includes/_webhooks.md.</remarks>
public sealed class SurveyMonkey : SurveyTool
{
    public override string Name => "surveymonkey";

    public override bool SendsOwnHeaders => false;

    public override SignatureScheme Signature(string? header) => new SurveyMonkeySignature(header ?? "Sm-Signature");

    public override Checked<IReadOnlyList<SurveyResponse>> Decode(Delivery delivery)
    {
        using var json = new JsonReading();
        if (json.Parse(delivery.Body) is not { } root) return json.Problems;
        var about = json.Text(root, "object_type", "");
        var what = json.Text(root, "event_type", "");
        if (json.Problems.Count > 0) return json.Problems;
        if (about != "response" || what == "response_deleted") return Array.Empty<SurveyResponse>();

        var id = json.Text(root, "object_id", "");
        var happened = json.Time(root, "event_datetime", "");
        var resources = JsonReading.Optional(root, "resources");
        var form = resources is { } given ? json.Text(given, "survey_id", "/resources") : null;
        if (resources is null) json.Wrong("/resources", "should be an object");
        return json.Problems.Count > 0 ? json.Problems : new[] { SurveyResponse.Pending(form!, id!, happened!.Value) };
    }

    private sealed record SurveyMonkeySignature(string Header) : SignatureScheme
    {
        private readonly HmacHeader _hmac = new(Header, HashAlgorithmName.SHA1, "");

        public override string? Refuses(string secret) => secret.IndexOf('&', StringComparison.Ordinal) < 1 ? "should be the app's client id, & and its secret" : _hmac.Refuses(secret);

        protected override bool Verify(Delivery delivery, string secret, DateTimeOffset now) => _hmac.Match(delivery, [secret], now) is not null;
    }
}
