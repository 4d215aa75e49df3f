namespace WholeSchoolSend.Core.Webhooks.Tools;

/// <summary>
/// Any sender that signs by Standard Webhooks: the envelope <c>{"type", "timestamp", "data"}</c> with our documented body in
/// <c>data</c>, or that body alone. The signed time may be five minutes away, the tolerance of the reference libraries.
/// </summary>
/// <remarks>https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md</remarks>
public sealed class StandardWebhooks : SurveyTool
{
    public override string Name => "standardwebhooks";

    public override SignatureScheme Signature(string? header) => new StandardWebhooksV1(TimeSpan.FromMinutes(5));

    public override Checked<IReadOnlyList<SurveyResponse>> Decode(Delivery delivery)
    {
        using var json = new JsonReading();
        if (json.Parse(delivery.Body) is not { } root) return json.Problems;
        return JsonReading.Optional(root, "data") is { } data ? Json.Read(json, data, "/data") : Json.Read(json, root, "");
    }

    public override IEnumerable<Delivery> Split(Delivery delivery) =>
        Json.Parts(delivery.Body, "data").Select(one => delivery with { Body = JsonReading.Between("{\"data\":"u8, one, "}"u8) });
}
