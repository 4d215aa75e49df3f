namespace WholeSchoolSend.Core.Webhooks.Tools;

/// <summary>
/// Any sender of CloudEvents 1.0 over HTTP: one event (<c>application/cloudevents+json</c>), a batch (<c>application/cloudevents-batch+json</c>), or
/// the event in <c>ce-*</c> headers and its data in the body. The data is our documented body. CloudEvents does not sign: a bearer token in
/// <c>Authorization</c> (verification <c>header</c>) or in the parameter <c>access_token</c> (<c>query</c>) proves the delivery.
/// </summary>
/// <remarks>
/// https://github.com/cloudevents/spec, bindings/http-protocol-binding.md and http-webhook.md (section 4: the handshake). A callback that a sender
/// offers in <c>WebHook-Request-Callback</c> is never called: consent is in the answer, and no address is fetched because a stranger names it.
/// </remarks>
public sealed class CloudEvents : SurveyTool
{
    private const string Event = "application/cloudevents+json";
    private const string Batch = "application/cloudevents-batch+json";

    public override string Name => "cloudevents";

    public override string UsualParameter => "access_token";

    public override IReadOnlyList<string> DecodingHeaders => ["content-type", "ce-specversion"];

    public override Checked<IReadOnlyList<SurveyResponse>> Decode(Delivery delivery)
    {
        using var json = new JsonReading();
        var batch = delivery.MediaType == Batch;
        var binary = !batch && delivery.MediaType != Event;
        if (binary && delivery.Header("ce-specversion") is null)
            return Problems.BodyUndecodable.At("", $"should be declared as {Event} or {Batch}, or have the header ce-specversion");
        if (binary && !delivery.IsJson) return Problems.BodyUndecodable.At("", "should hold data declared as JSON");
        if (json.Parse(delivery.Body) is not { } root) return json.Problems;
        if (binary) return IsVersion(delivery.Header("ce-specversion")) ? Json.Read(json, root, "") : Problems.BodyUndecodable.At("ce-specversion", "should be 1.0");

        var responses = new List<SurveyResponse>();
        foreach (var (one, at) in batch ? json.Items(root, "") : [(root, "")])
        {
            if (!IsVersion(JsonReading.Optional(one, "specversion")?.ToString())) json.Wrong($"{at}/specversion", "should be 1.0");
            else if (JsonReading.Optional(one, "data") is { } data) responses.AddRange(Json.Read(json, data, $"{at}/data").Value ?? []);
            else json.Wrong($"{at}/data", "should be there, as JSON");
        }
        return json.Problems.Count > 0 ? json.Problems : responses;
    }

    /// <summary>A batch is parted into its events, and an event whose data are several responses into one event of each.</summary>
    public override IEnumerable<Delivery> Split(Delivery delivery)
    {
        if (delivery.MediaType == Batch)
            return JsonReading.Parts(delivery.Body).SelectMany(one => OfEvent(one) is { Count: > 1 } several ? several : [one])
                .Select(one => delivery with { Body = JsonReading.Between("["u8, one, "]"u8) });
        return delivery.MediaType == Event
            ? OfEvent(delivery.Body).Select(one => delivery with { Body = one })
            : Json.Parts(delivery.Body).Select(one => delivery with { Body = one });
    }

    /// <summary>The sender asks whether it may deliver here. Who it is, it proves with each delivery: the origin is only repeated.</summary>
    public override IEnumerable<KeyValuePair<string, string>> Handshake(Delivery options)
    {
        if (options.Header("WebHook-Request-Origin") is not { Length: > 0 and <= 255 } origin || !origin.All(c => c is > ' ' and <= '~')) yield break;
        yield return KeyValuePair.Create("WebHook-Allowed-Origin", origin);
        if (options.Header("WebHook-Request-Rate") is not null) yield return KeyValuePair.Create("WebHook-Allowed-Rate", "*");
    }

    /// <summary>Of an event only its data are ours, and its version; of a version we do not read nothing is parted.</summary>
    private static List<ReadOnlyMemory<byte>> OfEvent(ReadOnlyMemory<byte> one)
    {
        using var json = new JsonReading();
        return json.Parse(one) is { } root && !IsVersion(JsonReading.Optional(root, "specversion")?.ToString())
            ? []
            : [.. Json.Parts(one, "data").Select(part => JsonReading.Between("{\"specversion\":\"1.0\",\"data\":"u8, part, "}"u8))];
    }

    private static bool IsVersion(string? version) => version == "1.0";
}
