using System.Security.Cryptography;
using System.Text;

namespace WholeSchoolSend.Core.Webhooks.Tools;

/// <summary>
/// Qualtrics event subscriptions: a form whose field <c>MSG</c> is JSON that names a response, never its answers; field <c>HMAC</c> is the hex of
/// HMAC-SHA512 over the decoded <c>MSG</c>. Where no shared key is set, the same names may come as fields beside each other, unsigned.
/// </summary>
/// <remarks>
/// The scheme is that of kyma-incubator/connector-tools, whose two real deliveries are in the tests. <c>CompletedDate</c> has no zone: the source
/// says which one is meant. It only orders events of one response.
/// </remarks>
public sealed class Qualtrics : SurveyTool
{
    public override string Name => "qualtrics";

    public override bool SendsOwnHeaders => false;

    public override bool SendsLocalTimes => true;

    public override SignatureScheme Signature(string? header) => new QualtricsSignature();

    public override Checked<IReadOnlyList<SurveyResponse>> Decode(Delivery delivery)
    {
        var read = FormReading.Parse(delivery);
        if (read.Value is not { } form) return new(null, read.Problems);
        using var json = new JsonReading();
        if (form.Find("MSG") is { } message)
        {
            if (json.Parse(Encoding.UTF8.GetBytes(message)) is not { } root)
                return Problems.BodyUndecodable.At("MSG", "should be JSON: a subscription with encryption cannot be read");
            var (survey, response, completed) = (json.Text(root, "SurveyID", "MSG"), json.Text(root, "ResponseID", "MSG"), json.Time(root, "CompletedDate", "MSG", delivery.Zone));
            return json.Problems.Count > 0 ? json.Problems : new[] { SurveyResponse.Pending(survey!, response!, completed!.Value) };
        }
        string? Named(string name)
        {
            if (form.Find(name) is { Length: > 0 and <= 400 } text) return text;
            json.Wrong(name, "should be there once, where there is no field MSG");
            return null;
        }
        var flat = (Survey: Named("SurveyID"), Response: Named("ResponseID"), Completed: Named("CompletedDate"));
        var time = flat.Completed is { } text ? LocalTime.Try(text, delivery.Zone) : null;
        if (flat.Completed is not null && time is null) json.Wrong("CompletedDate", "should be a time such as 2026-11-02 09:30:00");
        return json.Problems.Count > 0 ? json.Problems : new[] { SurveyResponse.Pending(flat.Survey!, flat.Response!, time!.Value) };
    }

    private sealed record QualtricsSignature : SignatureScheme
    {
        protected override bool Verify(Delivery delivery, string secret, DateTimeOffset now)
        {
            var form = FormReading.Parse(delivery).Value;
            if (form?.Find("MSG") is not { } message || form.Find("HMAC") is not { } stated) return false;
            var mine = HMACSHA512.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(message));
            return CryptographicOperations.FixedTimeEquals(mine, Decode(stated, mine.Length));
        }
    }
}
