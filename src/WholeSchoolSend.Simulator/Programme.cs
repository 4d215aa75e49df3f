namespace WholeSchoolSend.Simulator;

/// <summary>What the evidence lead has decided: the rounds of fieldwork, the questions, and how the answers become observations.</summary>
internal static class Programme
{
    public const string Source = "teachers_typeform";
    public const string Supplier = "northern-polling";
    public const string FormBefore = "tPre2025";
    public const string FormAfter = "tPost2025";
    public const string ConfidenceQuestion = "How confident are you that you can get the training and support you need to teach pupils with SEND?";
    public const string RegisterFile = "edubasealldata20260901.csv";
    public const string EngagementsFile = "engagements-2025-26.csv";
    public const string DraftFile = "leaders-2026-autumn-draft.csv";

    public static readonly DateOnly TeachersFrom = new(2025, 9, 8);

    public static readonly Round Autumn2025 = new(
        "Autumn 2025", "leaders-2025-autumn.csv", new(2025, 11, 3), new(2025, 11, 21), new(0.62, 0.58, 0.58), new(0.48, 0.50, 0.62));

    public static readonly Round Autumn2026 = new(
        "Autumn 2026", "leaders-2026-autumn.csv", new(2026, 11, 2), new(2026, 11, 20), new(0.74, 0.66, 0.49), new(0.52, 0.53, 0.60));

    public static readonly string[] AreaLabels = ["1 - Not yet started", "2 - Emerging", "3 - Developing", "4 - Embedded in parts", "5 - Fully embedded"];

    public static readonly (string Id, string Json)[] Waves =
    [
        ("2025-autumn", """{"title":"Leaders and SENCOs, autumn 2025","from":"2025-11-03","to":"2025-11-21","frame":640,"invited":1350}"""),
        ("2025-26", """{"title":"Teachers before and after contact, 2025-26","from":"2025-09-08","to":"2026-07-17","frame":120,"invited":2100}"""),
        ("2026-autumn", """{"title":"Leaders and SENCOs, autumn 2026","from":"2026-11-02","to":"2026-11-20","frame":812,"invited":1400}"""),
    ];

    public static readonly (string Id, string Json)[] Instruments =
    [
        ("teachers-pre", Teachers("before", FormBefore, "pre")),
        ("teachers-post", Teachers("after", FormAfter, "post")),
        ("leaders-poll",
            $$"""
            {
              "title": "Leaders and SENCOs poll",
              "collection": "leaders",
              "poll": { "supplier": "{{Supplier}}", "files": "leaders-*.csv" },
              "wave": { "field": "wave", "codes": { "Autumn 2025": "2025-autumn", "Autumn 2026": "2026-autumn" } },
              "school": { "field": "urn" },
              "respondent": { "field": "RecordNo" },
              "role": { "field": "role", "codes": { "{{Leaders.Head}}": "leader", "{{Leaders.Senco}}": "senco", "{{Leaders.Both}}": "leader+senco" } },
              "weight": { "field": "weight" },
              "items": [
                { "indicator": "every-teacher-responsible", "field": "Q1",
                  "codes": { "Fully implemented": "fully", "Partly implemented": "partly", "Not implemented": "not", "Don't know": "dk" } },
                { "indicator": "appropriate-provision", "field": "Q2", "codes": { "Yes": "yes", "No": "no", "Don't know": "dk" } },
                { "indicator": "found-it-difficult", "field": "Q3",
                  "codes": { "Very difficult": "very-difficult", "Fairly difficult": "fairly-difficult", "Neither easy nor difficult": "neither",
                             "Fairly easy": "fairly-easy", "Very easy": "very-easy", "Don't know": "dk" } },
                {{string.Join(",\n    ", Enumerable.Range(1, 8).Select(Area))}}
              ]
            }
            """),
    ];

    private static string Teachers(string when, string form, string stage) =>
        $$"""
        {
          "title": "Teachers' confidence, {{when}} contact",
          "collection": "teachers",
          "form": { "source": "{{Source}}", "id": "{{form}}" },
          "wave": { "value": "2025-26" },
          "stage": { "value": "{{stage}}" },
          "school": { "field": "hidden.urn" },
          "respondent": { "field": "hidden.key" },
          "role": { "value": "teacher" },
          "items": [ { "indicator": "cpd-confidence", "field": "cpd_confidence", "codes": { "1": "1", "2": "2", "3": "3", "4": "4", "5": "5" } } ]
        }
        """;

    private static string Area(int number) =>
        $$"""{ "indicator": "key-area-{{number}}", "field": "Q4_{{number}}", "codes": { {{string.Join(", ", AreaLabels.Select(Code))}}, "Don't know": "dk" } }""";

    private static string Code(string label) => $"\"{label}\": \"{label[0]}\"";
}
