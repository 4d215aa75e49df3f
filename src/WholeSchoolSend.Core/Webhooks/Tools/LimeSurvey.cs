using System.Text.Json;

namespace WholeSchoolSend.Core.Webhooks.Tools;

/// <summary>
/// LimeSurvey with the plugin LimeSurveyWebhook: one response as JSON; its shared secret is <c>api_token</c> inside the body, which is never kept. A
/// question is known by its code; <c>Q2[SQ001]</c>, a row of an array, is <c>Q2.SQ001</c>. Codes have no underscore there, so a hidden question is
/// called <c>hiddenurn</c>. The participant's token is <c>hidden.token</c>.
/// </summary>
/// <remarks>
/// https://github.com/triat/LimeSurveyWebhook, version 2.2.0. <c>submitDate</c> is the server's local time without zone: the source says which zone that is.
/// </remarks>
public sealed class LimeSurvey : SurveyTool
{
    private static readonly HashSet<string> Own = ["id", "submitdate", "lastpage", "startlanguage", "seed", "startdate", "datestamp", "token", "ipaddr", "refurl", "api_token"];

    public override string Name => "limesurvey";

    public override bool SendsOwnHeaders => false;

    public override bool SendsLocalTimes => true;

    public override string SecretField => "api_token";

    public override Checked<IReadOnlyList<SurveyResponse>> Decode(Delivery delivery)
    {
        using var json = new JsonReading();
        if (json.Parse(delivery.Body) is not { } root) return json.Problems;
        var form = json.Text(root, "survey", "");
        var id = json.Text(root, "respondId", "");
        var submitted = json.Time(root, "submitDate", "", delivery.Zone);
        var answers = json.Gather(json.Members(root, "response", "").Where(answer => !Own.Contains(answer.Name)).SelectMany(Read), "/response");
        answers.AddRange(json.Members(root, "participant", "").Select(part => NamedValues.Personal($"participant.{part.Name}", part.Value.ToString())));
        if (JsonReading.Optional(root, "token")?.ToString() is { Length: > 0 } token) answers.Add(new Answer("hidden.token", null, AnswerKind.Hidden, [new AnswerValue(token)]));
        return json.Problems.Count > 0 ? json.Problems : new SurveyResponse[] { new(form!, id!, submitted!.Value, Updated: null, Finished: true, answers) };
    }

    private static IEnumerable<Answer> Read(JsonProperty answer)
    {
        var name = answer.Name.Replace("][", ".", StringComparison.Ordinal).Replace('[', '.').TrimEnd(']');
        var answers = NamedValues.Read(name, name == answer.Name ? null : answer.Name, answer.Value);
        // What somebody wrote beside a choice.
        return name.EndsWith(".other", StringComparison.Ordinal) || name.EndsWith("comment", StringComparison.Ordinal)
            ? answers.Select(written => written.Kind == AnswerKind.Uncertain ? written with { Kind = AnswerKind.Text } : written)
            : answers;
    }
}
