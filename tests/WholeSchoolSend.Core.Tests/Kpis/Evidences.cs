using WholeSchoolSend.Core.Disclosure;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Schools;
using WholeSchoolSend.Core.Tests.Statistics.Reference;
using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Core.Tests.Kpis;

/// <summary>The reference respondents as evidence: every row a stored response of one person, totalled as stored responses are.</summary>
internal static class Evidences
{
    public static IReadOnlyList<ReadingResult> Evaluated(Evidence evidence, DisclosurePolicy? policy = null) => Evaluation.Results(Catalogue.Current, evidence, policy ?? new DisclosurePolicy());

    /// <summary>Evidence in which this KPI has figures.</summary>
    public static Evidence Of(string kpi) => kpi switch
    {
        "K4" => Teachers(),
        "K5" or "K6" or "U1" => Organisations(),
        _ => Leaders(),
    };

    /// <summary>R's data_s2: 177 teachers before contact, 160 after.</summary>
    public static Evidence Teachers()
    {
        var table = CsvTable.Read(Path.Combine(ReferenceFolder.Own, "data_s2_prepost.csv"));
        return Of(table, "teachers", [AWave("study", new DateOnly(2026, 1, 1))], _ => "study", ["confidence cpd-confidence"], _ => "teacher", table.Column("period"), table.Column("teacher_id"));
    }

    /// <summary>R's data_s1: a poll of engaged and wider schools.</summary>
    public static Evidence Leaders()
    {
        var table = CsvTable.Read(Path.Combine(ReferenceFolder.Own, "data_s1_poll.csv"));
        return Of(
            table, "leaders", [AWave("autumn", new DateOnly(2026, 1, 1))], _ => "autumn",
            ["q_every_teacher every-teacher-responsible", "q_provision appropriate-provision", .. Enumerable.Range(1, 8).Select(area => $"ka{area} key-area-{area}")],
            table.Column("role"), _ => "single", table.Column("respondent_id"));
    }

    /// <summary>R's data_s3: four waves. A wave every fourth year, which is 1,461 days: one unit of R's wave numbers is four of ours.</summary>
    public static Evidence Waves()
    {
        var table = CsvTable.Read(Path.Combine(ReferenceFolder.Own, "data_s3_waves.csv"));
        var waves = Enumerable.Range(0, 4).Select(wave => AWave($"wave-{wave + 1}", new DateOnly(2009, 9, 1).AddDays(1461 * wave))).ToList();
        var wave = table.Column("wave");
        return Of(table, "leaders", waves, row => $"wave-{wave(row)}", ["q_provision appropriate-provision"], _ => "leader", _ => "single", table.Column("respondent_id"));
    }

    /// <summary>Nine systems on a rubric, most of which rose; system leaders who were interviewed; stakeholders; reviews commissioned; case studies.</summary>
    public static Evidence Organisations()
    {
        string[] awareness = ["0>2", "1>2", "2>2", "3>2", "0>3", "1>1", "0>", ">3", "dk>2"];
        return new(
            "inputs", [AWave("panel", new DateOnly(2016, 6, 1)), AWave("later", new DateOnly(2017, 6, 1))], new Dictionary<string, School>(), [], [], [],
            [
                Panel("systems", "system-understanding", "0>2", "1>2", "1>3", "2>2", "2>1", "0>1", "1>4", "2>3", "3>4"),
                new EvidenceSource("system-leaders", "forms", [.. Enumerable.Range(0, 11).Select(leader => Said($"org~leader-{leader}", "panel", ("single", "deep-dive-interview", leader < 9 ? "done" : "declined")))]),
                Panel("stakeholders", "send-review-awareness", awareness) with
                {
                    Totals = [.. awareness.Select((said, at) => Said(
                        $"org~{at}", "panel",
                        [
                            .. Stages(said).Select(one => (one.Stage, "send-review-awareness", one.Code)),
                            .. Stages(said).SelectMany(one => new[] { (one.Stage, "send-review-recommends", one.Code == "0" ? "no" : "yes"), (one.Stage, "send-review-likelihood", one.Stage == "pre" ? "2" : "4") }),
                            ("pre", "send-review-uses", "yes"), ("post", "send-review-uses", at % 3 == 0 ? "no" : "dk"),
                            .. at < 4 ? new[] { ("post", "send-review-commissions", at == 0 ? "no" : "yes") } : [],
                        ]))],
                },
                new EvidenceSource("commissioned-reviews", "office/reviews", [Said("org~rsc-north", "panel", ("single", "send-review-commissioned", "completed")), Said("org~rsc-north", "later", ("single", "send-review-commissioned", "commissioned")), Said("org~rsc-south", "later", ("single", "send-review-commissioned", "cancelled"))]),
                new EvidenceSource("case-studies", "forms", [Said("100001", "panel", ("single", "outcome-example", "improved")), Said("100002", "later", ("single", "outcome-example", "improved")), Said("100003", "later", ("single", "outcome-example", "not-improved"))]),
            ],
            new Dictionary<string, MilestoneState>());

        static EvidenceSource Panel(string collection, string indicator, params string[] pairs) => new(
            collection, "forms", [.. pairs.Select((pair, at) => Said($"org~{at}", "panel", [.. Stages(pair).Select(one => (one.Stage, indicator, one.Code))]))]);

        static IEnumerable<(string Stage, string Code)> Stages(string pair) =>
            new[] { ("pre", pair.Split('>')[0]), ("post", pair.Split('>')[1]) }.Where(one => one.Item2.Length > 0);

        static SchoolTotals Said(string organisation, string wave, params (string Stage, string Indicator, string Code)[] said) => Assert.Single(Totalling.BySchool(
            [.. said.Select(one => new CountedResponse(new Coding(organisation, wave, one.Stage, "other", organisation, 1, [new Observation(one.Indicator, one.Code)]), default))]));
    }

    private static WaveState AWave(string id, DateOnly from) => new(id, new Wave(id, from, from.AddDays(20)), null, 1);

    /// <summary>Engaged schools are those of the group; all where there is none.</summary>
    private static Evidence Of(
        CsvTable table, string collection, IReadOnlyList<WaveState> waves, Func<string[], string> wave, string[] items, Func<string[], string> role, Func<string[], string> stage,
        Func<string[], string> person)
    {
        var (school, phase, weight) = (table.Column("school_id"), table.Column("phase"), table.Number("weight"));
        var group = items.Length > 1 ? table.Column("group") : _ => "engaged";
        var questions = items.Select(item => (Answer: table.Column(item.Split(' ')[0]), Indicator: item.Split(' ')[1])).ToList();
        var known = Catalogue.Current.Indicators.ToDictionary(indicator => indicator.Id, indicator => indicator.Codes);
        var totals = table.Rows
            .GroupBy(school, StringComparer.Ordinal)
            .SelectMany(rows => Totalling.BySchool(rows.Select(row => new CountedResponse(
                new Coding(
                    school(row), wave(row), stage(row), role(row), person(row), weight(row)!.Value,
                    questions.Where(question => known[question.Indicator].Contains(question.Answer(row))).Select(question => new Observation(question.Indicator, question.Answer(row))).ToList()),
                default)).ToList()))
            .ToList();
        var register = table.Rows.DistinctBy(school).ToDictionary(school, row => new School(school(row), school(row), phase(row), "London", true));
        var engagements = table.Rows.Where(row => group(row) == "engaged").Select(school).Distinct().Select((urn, line) => new Engagement(urn, new DateOnly(2000, 1, 1), "", line)).ToList();
        return new Evidence("inputs", waves, register, [], engagements, [], [new EvidenceSource(collection, "reference", totals)], new Dictionary<string, MilestoneState>());
    }
}
