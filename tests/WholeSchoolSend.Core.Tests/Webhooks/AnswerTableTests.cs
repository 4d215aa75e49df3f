using System.Text.RegularExpressions;
using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Core.Tests.Webhooks;

/// <summary>The table of <c>docs/tools/answers.md</c>, run: what stands there is what the decoders do.</summary>
public sealed partial class AnswerTableTests
{
    private const string At = "\"2026-11-02T09:30:00Z\"";

    private static readonly string[] Answers = ["single", "multiple", "boolean", "number", "scale", "matrix", "ranking", "date", "text", "unanswered", "other", "hidden"];

    private static readonly string[] Known = ["example", "source", "documented", "ours", "unverified"];

    public static TheoryData<string, string, string, string> Rows => [.. Table().Where(row => row.Arrives != "–").Select(row => (row.Tool, row.Answer, row.Arrives, row.Becomes))];

    [Theory]
    [MemberData(nameof(Rows))]
    public void An_answer_becomes_what_the_table_says(string tool, string answer, string arrives, string becomes)
    {
        foreach (var one in tool == "json" ? ["json", "standardwebhooks", "cloudevents"] : new[] { tool })
        {
            var decoded = SurveyTool.All[one].Decode(Delivered(one, arrives));
            Assert.True(decoded.Problems.Count == 0, $"{one} {answer}: {string.Join(", ", decoded.Problems)}");
            var answers = Assert.Single(decoded.Value!).Answers.Select(given => $"{given.Field} {given.Kind} {string.Join(" + ", given.Values.Select(value => value.Text))}".TrimEnd());
            Assert.Equal(becomes, string.Join("; ", answers) is { Length: > 0 } said ? said : "nothing");
        }
    }

    [Fact]
    public void Every_tool_has_a_row_for_every_kind_of_answer()
    {
        var rows = Table().ToList();
        var tools = SurveyTool.All.Keys.Except(["surveymonkey", "qualtrics", "standardwebhooks", "cloudevents"]);
        Assert.Equal(tools.Order().SelectMany(tool => Answers.Select(answer => (tool, answer))), rows.Select(row => (row.Tool, row.Answer)).OrderBy(row => row.Tool, StringComparer.Ordinal).ThenBy(row => Array.IndexOf(Answers, row.Answer)));
        Assert.All(rows, row => Assert.Contains(row.KnownBy, Known));
        Assert.All(rows.Where(row => row.Arrives == "–"), row => Assert.Equal("not offered", row.Becomes));
    }

    private static Delivery Delivered(string tool, string arrives)
    {
        var ours = $$"""{"form":"f","response":"r","submitted":{{At}},{{arrives}} }""";
        return tool switch
        {
            "typeform" => Sent.By(Sent.Json, $$"""{"form_response":{"form_id":"f","token":"t","submitted_at":{{At}},{{arrives}} } }"""),
            "tally" => Sent.By(Sent.Json, $$"""{"data":{"formId":"f","responseId":"r","createdAt":{{At}},"fields":[{{arrives}}]} }"""),
            "formbricks" => Sent.By(Sent.Json, $$"""{"event":"responseFinished","data":{"id":"r","surveyId":"f","createdAt":{{At}},"updatedAt":{{At}},"finished":true,{{arrives}} } }"""),
            "smartsurvey" => Sent.By(Sent.Json, $$"""[{"id":1,"survey_id":2,"date_modified":{{At}},"status":"completed","pages":[{"id":1,"questions":[{{arrives}}]}]}]"""),
            "formstack" when arrives[0] != '"' => Sent.By(Sent.Form, $"FormID=1&UniqueID=u&{arrives}"),
            "formstack" => Sent.By(Sent.Json, $$"""{"FormID":"1","UniqueID":"u",{{arrives}} }"""),
            "kobotoolbox" when arrives[0] == '<' => Sent.By("application/xml", $"<f id=\"f\"><_id>1</_id><_submission_time>2026-11-02T09:30:00</_submission_time>{arrives}</f>"),
            "kobotoolbox" => Sent.By(Sent.Json, $$"""{"_id":1,"_xform_id_string":"f","_submission_time":"2026-11-02T09:30:00",{{arrives}} }"""),
            "jotform" => Sent.By(Sent.Multipart, Sent.Jotform($$"""{{{arrives}} }""")),
            "paperform" => Sent.By(Sent.Json, $$"""{"submission_id":"s","created_at":"2026-11-02 09:30:00","data":[{{arrives}}]}"""),
            "limesurvey" => Sent.By(Sent.Json, $$"""{"survey":1,"respondId":2,"submitDate":"2026-11-02 09:30:00","response":{ {{arrives}} } }"""),
            "googleforms" => Sent.By(Sent.Json, $$"""{"form":"f","response":"r","submitted":{{At}},"answers":[{{arrives}}]}"""),
            "standardwebhooks" => Sent.By(Sent.Json, $$"""{"type":"response","data":{{ours}} }"""),
            "cloudevents" => Sent.By("application/cloudevents+json", $$"""{"specversion":"1.0","data":{{ours}} }"""),
            _ => Sent.By(Sent.Json, ours),
        };
    }

    private static IEnumerable<(string Tool, string Answer, string Arrives, string Becomes, string KnownBy)> Table() =>
        DocumentationTests.Lines("docs/tools/answers.md").Select(line => RowPattern().Match(line)).Where(row => row.Success)
            .Select(row => (row.Groups[1].Value, row.Groups[2].Value, row.Groups[3].Value.Trim('`'), row.Groups[4].Value, row.Groups[5].Value));

    [GeneratedRegex(@"^\| ([a-z]+) \| ([a-z]+) \| (.+) \| ([^|]+) \| ([a-z]+) \|$")]
    private static partial Regex RowPattern();
}
