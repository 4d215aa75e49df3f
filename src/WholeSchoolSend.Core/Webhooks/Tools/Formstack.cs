using System.Security.Cryptography;
using System.Text.Json;

namespace WholeSchoolSend.Core.Webhooks.Tools;

/// <summary>
/// Formstack Forms: one response as a form or as JSON, as its content type says; <c>X-FS-Signature</c> (the name can be changed there and here), the
/// hex of HMAC-SHA256 over the raw body with or without <c>sha256=</c>, or the secret in the body's <c>HandshakeKey</c>. Send field ids as keys:
/// of several fields with one label Formstack itself sends only the last.
/// </summary>
/// <remarks>https://developers.formstack.com, webhooks. A delivery carries no time: it is the time of receipt.</remarks>
public sealed class Formstack : SurveyTool
{
    public override string Name => "formstack";

    public override string SecretField => "HandshakeKey";

    public override SignatureScheme Signature(string? header) => new HmacHeader(header ?? "X-FS-Signature", HashAlgorithmName.SHA256, "sha256=");

    public override Checked<IReadOnlyList<SurveyResponse>> Decode(Delivery delivery)
    {
        using var json = new JsonReading(delivery.Body.Length);
        if (FormReading.IsForm(delivery))
        {
            var form = FormReading.Parse(delivery);
            return form.Value is { } read
                ? Response(json, delivery, read.Find("FormID"), read.Find("UniqueID"), read.Fields.Where(field => IsAnswer(field.Key))
                    .GroupBy(field => field.Key, StringComparer.Ordinal).Select(field => NamedValues.Texts(field.Key, null, field.Select(one => one.Value))))
                : new(null, form.Problems);
        }
        if (!delivery.IsJson) return Problems.BodyUndecodable.At("", "should be declared as a form or as JSON");
        if (json.Parse(delivery.Body) is not { } root) return json.Problems;
        if (root.ValueKind != JsonValueKind.Object) return Problems.BodyUndecodable.At("", "should be an object");
        return Response(
            json, delivery, JsonReading.Optional(root, "FormID")?.ToString(), JsonReading.Optional(root, "UniqueID")?.ToString(),
            root.EnumerateObject().Where(field => IsAnswer(field.Name)).SelectMany(Answers));
    }

    private bool IsAnswer(string name) => name is not ("FormID" or "UniqueID") && !name.Equals(SecretField, StringComparison.OrdinalIgnoreCase);

    private static IEnumerable<Answer> Answers(JsonProperty field)
    {
        var value = JsonReading.Optional(field.Value, "value") ?? field.Value;
        // An object without the wrapper's "value" is a field of several parts: a name or an address, unless its type says matrix.
        var type = JsonReading.Optional(field.Value, "field_type")?.ToString();
        return value.ValueKind == JsonValueKind.Object && type != "matrix" || type is "name" or "email" or "phone" or "address" or "file" or "signature"
            ? [NamedValues.Personal(field.Name, value.ToString())]
            : NamedValues.Read(field.Name, null, value);
    }

    private static Checked<IReadOnlyList<SurveyResponse>> Response(JsonReading json, Delivery delivery, string? form, string? id, IEnumerable<Answer> answers)
    {
        var missing = new[] { ("FormID", form), ("UniqueID", id) }.Where(field => field.Item2 is not { Length: > 0 and <= 400 })
            .Select(field => Problems.BodyUndecodable.At($"/{field.Item1}", "should be a text of 1 to 400 characters")).ToList();
        var gathered = json.Gather(answers, "");
        missing.AddRange(json.Problems);
        return missing.Count > 0 ? missing : new SurveyResponse[] { new(form!, id!, delivery.Received, Updated: null, Finished: true, gathered) };
    }
}
