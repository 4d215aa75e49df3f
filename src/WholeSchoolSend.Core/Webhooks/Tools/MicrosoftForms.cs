using System.Text;
using System.Text.Json;

namespace WholeSchoolSend.Core.Webhooks.Tools;

/// <summary>
/// Microsoft Forms through a Power Automate flow, whose HTTP action posts the body that <c>docs/tools/microsoft-forms.md</c> gives: form, response,
/// time, hidden values and all the answers as the connector has them. Flows cannot sign: a secret header proves the delivery.
/// </summary>
/// <remarks>
/// In the connector's answers every value is a text: several choices and a ranking are a JSON array inside it, each row of a Likert question is a
/// question of its own. It does not say which text was chosen and which was written.
/// </remarks>
public sealed class MicrosoftForms : SurveyTool
{
    private static readonly HashSet<string> Persons = ["responder", "responderName", "responderEmail"];
    private static readonly HashSet<string> Own = ["submitDate", "startDate", "responseId"];

    public override string Name => "microsoftforms";

    public override bool SendsLocalTimes => true;

    public override Checked<IReadOnlyList<SurveyResponse>> Decode(Delivery delivery)
    {
        using var json = new JsonReading();
        if (json.Parse(delivery.Body) is not { } root) return json.Problems;
        var form = json.Text(root, "form", "");
        var id = json.Text(root, "response", "");
        var submitted = json.Time(root, "submitted", "", delivery.Zone);
        var answers = json.Gather(
            JsonReading.Hidden(JsonReading.Optional(root, "hidden"))
                .Concat(json.Members(root, "answers", "").Where(answer => !Own.Contains(answer.Name) && !answer.Name.StartsWith('@')).SelectMany(Read)),
            "/answers");
        return json.Problems.Count > 0 ? json.Problems : new SurveyResponse[] { new(form!, id!, submitted!.Value, Updated: null, Finished: true, answers) };
    }

    private static IEnumerable<Answer> Read(JsonProperty answer)
    {
        if (Persons.Contains(answer.Name)) return [NamedValues.Personal(answer.Name, answer.Value.ToString())];
        if (answer.Value.ValueKind != JsonValueKind.String || answer.Value.GetString() is not ['[', ..] list) return NamedValues.Read(answer.Name, null, answer.Value);
        using var document = StrictJson.Parse(Encoding.UTF8.GetBytes(list), maxDepth: 8).Document;
        // Files are an array of objects.
        return document?.RootElement is { ValueKind: JsonValueKind.Array } given && given.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String)
            ? [NamedValues.Texts(answer.Name, null, JsonReading.Scalars(given))]
            : [NamedValues.Personal(answer.Name, list)];
    }
}
