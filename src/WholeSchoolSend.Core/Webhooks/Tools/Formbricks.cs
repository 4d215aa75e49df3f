using System.Text.Json;

namespace WholeSchoolSend.Core.Webhooks.Tools;

/// <summary>
/// Formbricks: one response as JSON in <c>data</c>, signed by Standard Webhooks. It comes when it is created, at every page and when it is
/// finished: revisions of one response, of which the newest counts. Answers and hidden fields stand beside each other by their ids; a hidden field
/// is told by its name (<c>hidden_urn</c>). Contact, device and address of the page are never taken; the single-use id and the contact's
/// attributes only as a person's key.
/// </summary>
/// <remarks>https://github.com/formbricks/formbricks, docs "webhooks", process-response-pipeline-job.ts.</remarks>
public sealed class Formbricks : SurveyTool
{
    public override string Name => "formbricks";

    public override SignatureScheme Signature(string? header) => new StandardWebhooksV1(TimeSpan.FromMinutes(5));

    public override Checked<IReadOnlyList<SurveyResponse>> Decode(Delivery delivery)
    {
        using var json = new JsonReading();
        if (json.Parse(delivery.Body) is not { } root) return json.Problems;
        if (JsonReading.Optional(root, "event") is { ValueKind: JsonValueKind.String } what && what.ValueEquals("testEndpoint")) return Array.Empty<SurveyResponse>();
        if (JsonReading.Optional(root, "data") is not { ValueKind: JsonValueKind.Object } data) return Problems.BodyUndecodable.At("/data", "should be an object");

        var form = json.Text(data, "surveyId", "/data");
        var id = json.Text(data, "id", "/data");
        var submitted = json.Time(data, "createdAt", "/data");
        var updated = json.Time(data, "updatedAt", "/data");
        var finished = JsonReading.Optional(data, "finished")?.ValueKind == JsonValueKind.True;
        var answers = json.Gather(
            json.Members(data, "data", "/data").SelectMany(answer => answer.Name == "verifiedEmail"
                ? [NamedValues.Personal(answer.Name, answer.Value.ToString())]
                : NamedValues.Read(answer.Name, null, answer.Value)),
            "/data/data");
        answers.AddRange(json.Members(data, "contactAttributes", "/data").Select(attribute => NamedValues.Personal($"contact.{attribute.Name}", attribute.Value.ToString())));
        if (JsonReading.Optional(data, "singleUseId") is { } single) answers.Add(NamedValues.Personal("singleUseId", single.ToString()));
        return json.Problems.Count > 0 ? json.Problems : new SurveyResponse[] { new(form!, id!, submitted!.Value, updated, finished, answers) };
    }
}
