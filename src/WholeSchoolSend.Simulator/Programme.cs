namespace WholeSchoolSend.Simulator;

/// <summary>What the evidence lead has decided: the rounds of fieldwork, the questions, and how the answers become observations.</summary>
internal static class Programme
{
    public const string Source = "teachers_typeform";
    public const string Supplier = "northern-polling";
    public const string FormBefore = "tPre2025";
    public const string FormAfter = "tPost2025";
    public const string ConfidenceQuestion = "How confident are you that you can get the training and support you need to teach pupils with SEND?";
    public const string InterviewsSource = "interviews_json";
    public const string StakeholdersForm = "stakeholders";
    public const string LeadersForm = "system-leaders";
    public const string CaseStudiesForm = "case-studies";
    public const string Evaluators = "evaluation-team";
    public const string StakeholdersFile = "stakeholders-2026-autumn.csv";
    public const string SystemsFile = "systems-2025-26.xlsx";
    public const string CommissionedFile = "commissioned-2025-26.csv";
    public const string ReachFile = "networks-2026.csv";
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
        ("panels-25-26", """{"title":"Stakeholders, systems and case studies, 2025-26","from":"2025-06-02","to":"2026-10-30"}"""),
        ("2026-autumn", """{"title":"Leaders and SENCOs, autumn 2026","from":"2026-11-02","to":"2026-11-20","frame":812,"invited":1400}"""),
    ];

    private const string YesNo = """{ "Yes": "yes", "No": "no" }""";

    private static readonly string Asked =
        $$"""
        { "indicator": "send-review-awareness", "field": "awareness", "codes": { {{string.Join(", ", Organisations.AwarenessLabels.Select((label, code) => $"\"{label}\": \"{code}\""))}} } },
        { "indicator": "send-review-likelihood", "field": "likelihood", "codes": { "1": "1", "2": "2", "3": "3", "4": "4", "5": "5" } },
        { "indicator": "send-review-recommends", "field": "recommends", "codes": {{YesNo}} },
        { "indicator": "send-review-uses", "field": "uses", "codes": {{YesNo}} },
        { "indicator": "send-review-commissions", "field": "commissions", "codes": {{YesNo}} }
        """;

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
        ("stakeholders-first", Interviews("Stakeholders, first interview", "stakeholders", StakeholdersForm, "pre", Asked)),
        ("stakeholders-last",
            $$"""
            {
              "title": "Stakeholders, last interview",
              "collection": "stakeholders",
              "poll": { "supplier": "{{Evaluators}}", "files": "stakeholders-*" },
              "subject": "organisation", "organisation": { "field": "organisation" },
              "wave": { "value": "panels-25-26" }, "stage": { "value": "post" },
              "items": [ {{Asked}} ]
            }
            """),
        ("systems",
            $$"""
            {
              "title": "Reviews of teaching school alliances, trusts and networks",
              "collection": "systems",
              "poll": { "supplier": "{{Evaluators}}", "files": "systems-*", "sheet": "Reviews" },
              "subject": "organisation", "organisation": { "field": "system" },
              "wave": { "value": "panels-25-26" }, "stage": { "field": "point", "codes": { "Start": "pre", "End": "post" } },
              "items": [ { "indicator": "system-understanding", "field": "score", "codes": { "0": "0", "1": "1", "2": "2", "3": "3", "4": "4" } } ]
            }
            """),
        ("system-leaders", Interviews(
            "System leaders, deep-dive interview", "system-leaders", LeadersForm, "single",
            """{ "indicator": "deep-dive-interview", "field": "interview", "codes": { "Done": "done", "Declined": "declined" } }""")),
        ("commissioned-reviews",
            $$"""
            {
              "title": "SEND Reviews that Regional Schools Commissioners commissioned",
              "collection": "commissioned-reviews",
              "poll": { "supplier": "{{Evaluators}}", "files": "commissioned-*" },
              "subject": "organisation", "organisation": { "field": "commissioner" }, "respondent": { "field": "review" },
              "wave": { "value": "panels-25-26" },
              "items": [ { "indicator": "send-review-commissioned", "field": "state",
                           "codes": { "Commissioned": "commissioned", "Completed": "completed", "Cancelled": "cancelled" } } ]
            }
            """),
        ("case-studies",
            $$"""
            {
              "title": "Case studies, with the school's consent",
              "collection": "case-studies",
              "form": { "source": "{{InterviewsSource}}", "id": "{{CaseStudiesForm}}" },
              "school": { "field": "hidden.urn" }, "respondent": { "field": "hidden.study" },
              "wave": { "value": "panels-25-26" },
              "items": [ { "indicator": "outcome-example", "field": "outcome", "codes": { "Improved": "improved", "Not improved": "not-improved" } } ]
            }
            """),
    ];

    /// <summary>How far the operational end outcomes are.</summary>
    public static readonly (string Id, string Json)[] Milestones =
    [
        Milestone("O1.1", "in_use", "2025-10-06"),
        Milestone("O1.2", "delivered", "2026-01-19"),
        Milestone("O1.3", "delivered", "2026-07-03", "\"trained_mainstream\":64,\"trained_specialist\":21"),
        Milestone("O2.1", "in_use", "2025-12-08"),
        Milestone("O2.2", "draft", "2026-09-21"),
        Milestone("O2.3", "in_progress", "2026-05-11"),
        Milestone("O2.4", "in_progress", "2026-06-15", "\"pilots_completed\":3,\"pilots_running\":5,\"pilots_planned\":12"),
        Milestone("O3.1", "draft", "2026-10-12"),
        Milestone("O4.1", "delivered", "2026-03-02"),
        Milestone("O4.2", "in_use", "2026-04-20"),
        Milestone("O4.3", "delivered", "2026-06-01"),
        Milestone("O4.4", "in_progress", "2026-02-09"),
        Milestone("O5.1", "in_use", "2026-09-07", "\"areas_covered\":8,\"providers_listed\":37"),
        Milestone("O5.2", "in_progress", "2026-10-26", "\"practices_identified\":58,\"dissemination_events\":14,\"reach\":3120"),
        Milestone("O5.3", "not_started", "2025-09-01"),
    ];

    /// <summary>What Consortium networks say they reach.</summary>
    public const string Reach = "network,as_of,schools\r\nNorthern network,2026-07-31,1240\r\nSpecialist schools network,2026-07-31,310\r\nTrusts network,2026-09-30,905\r\n";

    private static string Interviews(string title, string collection, string form, string stage, string items) =>
        $$"""
        {
          "title": "{{title}}",
          "collection": "{{collection}}",
          "form": { "source": "{{InterviewsSource}}", "id": "{{form}}" },
          "subject": "organisation", "organisation": { "field": "hidden.organisation" },
          "wave": { "value": "panels-25-26" }, "stage": { "value": "{{stage}}" },
          "items": [ {{items}} ]
        }
        """;

    private static (string Id, string Json) Milestone(string id, string status, string on, string counts = "") => (
        id, $$"""{"status":"{{status}}","on":"{{on}}"{{(status is "delivered" or "in_use" ? $",\"evidence\":\"https://example.org/whole-school-send/{id}\"" : "")}},"planned":"2026-12-18","counts":{ {{counts}} } }""");

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
