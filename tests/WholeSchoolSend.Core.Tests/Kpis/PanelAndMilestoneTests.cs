using WholeSchoolSend.Core.Disclosure;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Schools;
using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Core.Tests.Kpis;

/// <summary>Readings that are no sample: panels of organisations, counts, milestones, schools reached.</summary>
public sealed class PanelAndMilestoneTests
{
    private static readonly WaveState Panel = new("panel", new Wave("Panel", new DateOnly(2016, 6, 1), new DateOnly(2017, 6, 1)), null, 1);

    // Wilcoxon (1945): six changes all up give 2/64 = 0.03125, five give 0.0625 at best.
    [Theory]
    [InlineData(6, 0, 0, Verdict.MetConfident, 0.03125)]
    [InlineData(6, 1, 3, Verdict.NotMetPoint, 0.125)]
    [InlineData(5, 0, 5, Verdict.Unattainable, 0.0625)]
    [InlineData(0, 6, 0, Verdict.NotMetConfident, 0.03125)]
    [InlineData(5, 0, 0, Verdict.Unattainable, 0.0625)]
    public void K6_is_decided_by_the_exact_test(int rose, int fell, int same, Verdict verdict, double p)
    {
        var result = Systems([.. Enumerable.Repeat((1, 2), rose), .. Enumerable.Repeat((2, 1), fell), .. Enumerable.Repeat((3, 3), same)])["K6.stat"];
        Assert.Equal(verdict, result.Verdict);
        Assert.Equal(p, result.Figures.Single(figure => figure.Name == "signed-rank").PValue!.Value, 12);
        Assert.Equal([rose + fell + same, rose, same, fell], result.Figures.Where(figure => figure.Unit == "organisations").Select(figure => (int)figure.Value!.Value));
    }

    [Fact]
    public void What_few_changed_pairs_cannot_show_is_said()
    {
        var five = Systems([.. Enumerable.Repeat((1, 2), 5), .. Enumerable.Repeat((3, 3), 5)])["K6.stat"];
        Assert.Equal("with 5 or fewer changed pairs no two-sided result at 5 % is possible", five.Reason);

        var one = Systems([(1, 3)])["K6.size"];
        Assert.Equal((Verdict.MetConfident, "the median of 1 only: it describes those that were seen both times, and says nothing of others"), (one.Verdict, one.Reason));
        Assert.Equal(["small_base"], one.Figures.Single(figure => figure.Name == "median-change").Marks);
        var six = Systems([.. Enumerable.Repeat((1, 2), 6)])["K6.size"];
        Assert.Equal((null, null), (six.Reason, six.Figures.Single(figure => figure.Name == "median-change").Marks));
    }

    [Theory]
    [InlineData(1, Verdict.MetConfident, "0>1", "0>1", "1>1")]
    [InlineData(0.5, Verdict.NotMetConfident, "0>1", "0>1", "1>1", "2>2")]
    [InlineData(2, Verdict.MetConfident, "0>2", "1>4", "2>2")]
    public void K6_s_size_is_the_median_change(double median, Verdict verdict, params string[] pairs)
    {
        var result = Systems([.. pairs.Select(pair => (pair[0] - '0', pair[2] - '0'))])["K6.size"];
        Assert.Equal((verdict, median), (result.Verdict, result.Figures.Single(figure => figure.Name == "median-change").Value));
    }

    [Fact]
    public void Of_an_organisation_what_it_said_last_counts()
    {
        var results = Results("stakeholders", Organisation("org~a", "send-review-uses", ("pre", "yes"), ("post", "no")), Organisation("org~b", "send-review-uses", ("pre", "no")), Organisation("org~c", "send-review-uses", ("post", "yes")));
        var use = results["K5.use"];
        Assert.Equal((1.0, 3), (use.Figures[0].Value, use.Figures[0].Base));
        Assert.Null(use.Verdict);
        Assert.Equal("the brief names no number", use.Reason);
    }

    [Fact]
    public void What_nobody_could_code_at_the_end_is_outside_whatever_was_said_before()
    {
        var results = Results("stakeholders", [.. Enumerable.Range(0, 12).Select(index => Organisation($"org~{index}", "send-review-uses", ("pre", "yes"), ("post", index < 3 ? "dk" : "yes")))]);
        Assert.Equal((9.0, 9), (results["K5.use"].Figures[0].Value, results["K5.use"].Figures[0].Base));
        Assert.Equal("no organisation gave a valid answer", Results("stakeholders", Organisation("org~a", "send-review-uses", ("pre", "yes"), ("post", "dk")))["K5.use"].Reason);
    }

    [Fact]
    public void Interviews_are_counted_against_the_ten_that_were_planned()
    {
        Verdict? Of(int done) => Results("system-leaders", [.. Enumerable.Range(0, 11).Select(index => Organisation($"org~{index}", "deep-dive-interview", ("single", index < done ? "done" : "declined")))])["K6.interviews"].Verdict;
        Assert.Equal(Verdict.NotMetConfident, Of(9));
        Assert.Equal(Verdict.MetConfident, Of(10));
    }

    [Fact]
    public void Case_studies_are_counted_over_all_waves_and_never_decided()
    {
        var result = Results("case-studies", Organisation("100001", "outcome-example", ("single", "improved")), Organisation("100002", "outcome-example", ("single", "not-improved")))["U1"];
        Assert.Equal((1.0, (string?)null, (Verdict?)null), (result.Figures[0].Value, result.Wave, result.Verdict));
    }

    [Theory]
    [InlineData(MilestoneStatus.Draft, null, Verdict.NotMetConfident)]
    [InlineData(MilestoneStatus.Delivered, null, Verdict.NotMetConfident)]
    [InlineData(MilestoneStatus.Delivered, "trained_mainstream", Verdict.NotMetConfident)]
    [InlineData(MilestoneStatus.InUse, "trained_mainstream trained_specialist", Verdict.MetConfident)]
    public void A_milestone_is_reached_when_delivered_with_the_counts_it_needs(MilestoneStatus status, string? counts, Verdict verdict)
    {
        var milestone = new Milestone(status, new DateOnly(2017, 1, 5), "https://example.org/report", Counts: (counts ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries).ToDictionary(name => name, _ => 3));
        var result = Results([], [], [], new MilestoneState("O1.3", milestone, 1))["O1.3"];
        Assert.Equal((verdict, milestone), (result.Verdict, result.Milestone));
        Assert.Equal(Verdict.Insufficient, Results([], [], [])["O1.3"].Verdict);
    }

    [Fact]
    public void A_school_that_became_another_is_counted_once_and_is_engaged_as_what_it_became()
    {
        SchoolLink[] links = [new("100009", "100001", null), new("100010", "100009", null), new("100010", "100002", null)];
        var engagements = new[] { "100001", "100002", "100010", "100003" }.Select((urn, line) => new Engagement(urn, new DateOnly(2016, 1, line + 1), "", line)).ToList();
        Assert.Equal(2, Results(links, engagements, [])["R1.direct"].Figures[0].Value);

        var register = new EngagementRegister(new Dictionary<string, School> { ["100001"] = new("100001", "Old", "Primary", "London", false) }, links, engagements, []);
        Assert.Equal("100010", register.Current("100001"));
        Assert.True(register.IsEngaged("100009", new DateOnly(2016, 1, 2)));
        Assert.Equal("Primary", register.PhaseOf("100001"));
        Assert.Equal("b", new EngagementRegister(new Dictionary<string, School>(), [new("a", "b", null), new("b", "a", null)], [], []).Current("b"));
    }

    [Fact]
    public void What_a_network_says_last_replaces_what_it_said_before()
    {
        NetworkReach[] said = [new("north", new DateOnly(2016, 1, 1), 400, 1), new("North", new DateOnly(2017, 1, 1), 300, 2), new("south", new DateOnly(2016, 5, 1), 50, 3)];
        var result = Results([], [], said)["R1.network"];
        Assert.Equal((350.0, (Verdict?)null), (result.Figures[0].Value, result.Verdict));
    }

    [Fact]
    public void A_rise_is_unattainable_where_nearly_everybody_was_confident_before()
    {
        // 90 of 100 before: even 100 of 100 after is a rise of a ninth.
        var totals = Enumerable.Range(0, 50).Select(index => new SchoolTotals(Panel.Id, $"{100000 + index}", 2,
        [
            new CellTotal("pre", "teacher", "cpd-confidence", index % 10 == 0 ? "2" : "5", 2, 2, 2), new CellTotal("post", "teacher", "cpd-confidence", index % 25 == 0 ? "1" : "4", 2, 2, 2),
        ], [])).ToArray();
        var results = Results("teachers", totals);
        Assert.Equal(Verdict.Unattainable, results["K4.rel_top2"].Verdict);
        Assert.Equal(Verdict.Unattainable, results["K4.pp_top2"].Verdict);
        Assert.Equal("nobody answered both times under one key", results["K4.matched"].Reason);
    }

    [Fact]
    public void A_panel_in_public_is_a_count_over_many_or_nothing()
    {
        var policy = new DisclosurePolicy();
        var few = PublicFigures.Of(Systems([.. Enumerable.Repeat((1, 2), 8)])["K6.stat"], null, policy);
        Assert.Equal((Verdict.Insufficient, ReasonCode.TooFewOrganisations, 7), (few.Verdict, few.ReasonCode, few.Figures.Count));
        Assert.All(few.Figures, figure => Assert.Equal(new Figure(figure.Name, figure.Unit, Symbol: "c", Reason: "too few organisations", ReasonCode: ReasonCode.TooFewOrganisations), figure));
        var many = PublicFigures.Of(Systems([.. Enumerable.Repeat((1, 2), 12)])["K6.stat"], null, policy);
        Assert.Equal(Verdict.MetConfident, many.Verdict);
        Assert.All(many.Figures, figure => Assert.Null(figure.PValue));
        // Eleven of twelve name the twelfth.
        Assert.Equal("c", PublicFigures.Of(Systems([.. Enumerable.Repeat((1, 2), 11), (1, 1)])["K6.stat"], null, policy).Figures[0].Symbol);
    }

    private static Dictionary<string, ReadingResult> Systems((int Before, int After)[] pairs) => Results(
        "systems", [.. pairs.Select((pair, index) => Organisation($"org~{index}", "system-understanding", ("pre", $"{pair.Before}"), ("post", $"{pair.After}")))]);

    /// <summary>Totals of an organisation that is its own respondent, as its instrument makes it.</summary>
    private static SchoolTotals Organisation(string id, string indicator, params (string Stage, string Code)[] said) => Assert.Single(Totalling.BySchool(
        [.. said.Select(one => new CountedResponse(new Coding(id, Panel.Id, one.Stage, "other", id, 1, [new Observation(indicator, one.Code)]), default))]));

    private static Dictionary<string, ReadingResult> Results(string collection, params SchoolTotals[] totals) => Results(new EvidenceSource(collection, "forms", totals));

    private static Dictionary<string, ReadingResult> Results(params EvidenceSource[] sources) => Results([], [], [], sources, []);

    private static Dictionary<string, ReadingResult> Results(SchoolLink[] links, IReadOnlyList<Engagement> engagements, NetworkReach[] networks, params MilestoneState[] milestones) =>
        Results(links, engagements, networks, [], milestones);

    private static Dictionary<string, ReadingResult> Results(
        SchoolLink[] links, IReadOnlyList<Engagement> engagements, NetworkReach[] networks, EvidenceSource[] sources, MilestoneState[] milestones) => Evaluation.Results(
            Catalogue.Current,
            new Evidence("inputs", [Panel], new Dictionary<string, School>(), links, engagements, networks, sources, milestones.ToDictionary(milestone => milestone.Id)), new DisclosurePolicy())
        .ToDictionary(result => result.Reading);
}
