using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace WholeSchoolSend.Core.Webhooks.Tools;

/// <summary>
/// Jotform: a multipart form whose part <c>rawRequest</c> is JSON with the answers as <c>q{n}_{name}</c>; unsigned, and without headers of one's
/// own, so the secret travels in the address. Everything else in <c>rawRequest</c> is the form's own and is dropped, files and <c>pretty</c> too.
/// </summary>
/// <remarks>
/// Known from one capture of 2026 and open source that receives it; a delivery carries no time but <c>rawRequest.submitDate</c> (milliseconds
/// since 1970), and not always that: then it is the time of receipt. An edit comes with the same id and no version: it is a conflict.
/// </remarks>
public sealed partial class Jotform : SurveyTool
{
    private static readonly HashSet<string> PersonParts = ["first", "last", "middle", "prefix", "suffix", "addr_line1", "addr_line2", "city", "postal", "area", "phone", "full"];

    public override string Name => "jotform";

    public override bool SendsOwnHeaders => false;

    public override Checked<IReadOnlyList<SurveyResponse>> Decode(Delivery delivery)
    {
        var read = FormReading.Parse(delivery);
        if (read.Value is not { } form) return new(null, read.Problems);
        using var json = new JsonReading();
        string? Named(string name)
        {
            if (form.Find(name) is { Length: > 0 and <= 400 } text) return text;
            json.Wrong(name, "should be one part with a text of 1 to 400 characters");
            return null;
        }
        var (id, formId) = (Named("submissionID"), Named("formID"));
        var root = json.Parse(Encoding.UTF8.GetBytes(form.Find("rawRequest") ?? ""));
        if (root is not null and not { ValueKind: JsonValueKind.Object }) json.Wrong("rawRequest", "should be an object");
        if (root is null || json.Problems.Count > 0) return json.Problems;

        var answers = json.Gather(Custom(form).Concat(root.Value.EnumerateObject().SelectMany(Answers)), "rawRequest");
        return json.Problems.Count > 0 ? json.Problems : new SurveyResponse[] { new(formId!, id!, Submitted(root.Value) ?? delivery.Received, Updated: null, Finished: true, answers) };
    }

    /// <summary>What the address of the form carried, where Jotform passes it on: hidden values.</summary>
    private static List<Answer> Custom(FormReading form)
    {
        using var json = new JsonReading();
        return form.Find("customParams") is { Length: > 0 } parameters && json.Parse(Encoding.UTF8.GetBytes(parameters)) is { } root ? [.. JsonReading.Hidden(root)] : [];
    }

    private static IEnumerable<Answer> Answers(JsonProperty member)
    {
        if (QuestionPattern().Match(member.Name) is not { Success: true } question) return [];
        var name = question.Groups[1].Value;
        if (member.Value.ValueKind != JsonValueKind.Object) return NamedValues.Read(member.Name, name, member.Value);
        var parts = member.Value.EnumerateObject().ToDictionary(part => part.Name, part => JsonReading.Scalar(part.Value) ?? "");
        if (parts.Keys.Any(PersonParts.Contains)) return [new Answer(member.Name, name, AnswerKind.Personal, [new AnswerValue(string.Join(' ', parts.Values).Trim())])];
        if (parts.TryGetValue("year", out var year) && parts.TryGetValue("month", out var month) && parts.TryGetValue("day", out var day))
            return [NamedValues.Texts(member.Name, name, year.Length == 0 ? [] : [$"{year}-{month.PadLeft(2, '0')}-{day.PadLeft(2, '0')}"], AnswerKind.Date)];
        return NamedValues.Read(member.Name, name, member.Value);
    }

    private static DateTimeOffset? Submitted(JsonElement root) =>
        JsonReading.Optional(root, "submitDate") is { } stated && long.TryParse(JsonReading.Scalar(stated), NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds)
            && milliseconds < 253_402_300_800_000 ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds) : null;

    [GeneratedRegex("^q[0-9]{1,6}_(.+)$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex QuestionPattern();
}
