using WholeSchoolSend.Core.Disclosure;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Schools;
using WholeSchoolSend.Core.Snapshots;

namespace WholeSchoolSend.Core.Tests.Kpis;

/// <summary>A change where it comes to its limits: from nobody, to everybody, at the target exactly.</summary>
public sealed class ChangeTests
{
    private static readonly WaveState Study = new("study", new Wave("Study", new DateOnly(2026, 1, 5), new DateOnly(2026, 3, 20)), null, 1);
    private static readonly DisclosurePolicy Policy = new();

    [Fact]
    public void From_nobody_there_is_no_rise_in_per_cent_and_everything_else_is_still_published()
    {
        var results = Results(Teachers(40, (0, 120), (36, 120)));
        var rise = results["K4.rel_top2"];
        Assert.Equal((Verdict.Insufficient, "nobody was confident before, so there is no ratio to hold against a target"), (rise.Verdict, rise.Reason));
        Assert.True(rise.Figures.Single(figure => figure.Name == "change") is { Value: null, PValue: null, Method: null, Reason: not null });
        Assert.Equal(30, results["K4.pp_top2"].Figures.Single(figure => figure.Name == "change").Value!.Value, 9);

        var shown = results.Values.Select(result => PublicFigures.Of(result, new Target(TargetRelation.AtLeast, 20, "%"), Policy)).ToDictionary(result => result.Reading);
        // That all of 120 said no is what each of them said: told as "under 5 %", and nothing that would give it away.
        Assert.Equal(("c", "a figure it is made of is withheld", null), Absent(shown["K4.rel_top2"]));
        Assert.Equal(("c", "a figure it is made of is withheld", null), Absent(shown["K4.pp_top2"]));
        Assert.Equal((ReasonCode.PartWithheld, 5.0, 30.0), (shown["K4.rel_top2"].ReasonCode, shown["K4.rel_top2"].Figures[0].Value, shown["K4.rel_top2"].Figures[1].Value));
    }

    [Fact]
    public async Task A_wave_with_a_rise_from_nobody_is_drawn_up_with_all_its_readings()
    {
        var evidence = Of(Teachers(40, (0, 120), (36, 120)));
        var readings = Evaluation.Results(Catalogue.Current, evidence, Policy);
        var draft = await new PublicDraft(Catalogue.Current, Policy, new RunFrame("", evidence.Waves), readings, evidence, new PastRead(new PastIssues(null!, null!)), null)
            .OfAsync(Study.Id, _ => true, [], TestContext.Current.CancellationToken);
        Assert.Equal(["K4.rel_top2", "K4.pp_top2", "K4.rel_mean100", "K4.matched"], draft.Results.Select(result => result.Reading));
        // That all of 120 said no is told as "under 5 %" only, and so is nothing that would give it away.
        Assert.Equal((5.0, "c", "c"), (draft.Results[0].Figures[0].Value, Absent(draft.Results[0]).Symbol, Absent(draft.Results[1]).Symbol));
        Assert.Equal(30, draft.Results[0].Figures[1].Value);
    }

    [Fact]
    public void To_nobody_there_is_no_ratio_either()
    {
        var result = Results(Teachers(40, (36, 120), (0, 120)))["K4.rel_top2"];
        Assert.Equal((Verdict.Insufficient, "nobody was confident after, so there is no ratio to hold against a target"), (result.Verdict, result.Reason));
    }

    [Fact]
    public void That_a_share_shown_as_under_5_is_0_does_not_come_back_from_its_reason()
    {
        // Of a base under 100 what is under 5 % is told as that only: 0 and 2 of 80 look alike in public.
        var (nobody, two) = (Public(0), Public(2));
        Assert.Equal((Verdict.Insufficient, ReasonCode.PartWithheld), (nobody.Verdict, nobody.ReasonCode));
        Assert.Equal((nobody.Verdict, nobody.Reason), (two.Verdict, two.Reason));
        Assert.Equal(Absent(nobody), Absent(two));
        Assert.Equal((5.0, 5.0), (nobody.Figures[0].Value, two.Figures[0].Value));

        static ReadingResult Public(int confident) => PublicFigures.Of(Results(Teachers(40, (confident, 80), (24, 80)))["K4.rel_top2"], new Target(TargetRelation.AtLeast, 20, "%"), Policy);
    }

    [Theory]
    [InlineData(50, 60, 100)]
    [InlineData(35, 42, 100)]
    [InlineData(25, 30, 100)]
    [InlineData(65, 78, 120)]
    public void A_rise_of_exactly_the_target_meets_it(int pre, int post, int of) =>
        Assert.Equal(Verdict.MetPoint, Results(Teachers(40, (pre, of), (post, of)))["K4.rel_top2"].Verdict);

    [Fact]
    public void A_rise_of_exactly_so_many_points_meets_it()
    {
        Assert.Equal(Verdict.MetPoint, Results(Teachers(40, (40, 100), (60, 100)))["K4.pp_top2"].Verdict);
        Assert.Equal(Verdict.NotMetPoint, Results(Teachers(40, (41, 100), (60, 100)))["K4.pp_top2"].Verdict);
    }

    // The catalogue: unreachable when the baseline is over 83.3 % (relative) or over 80 % (points).
    [Theory]
    [InlineData("K4.pp_top2", 80, 100, false)]
    [InlineData("K4.pp_top2", 81, 100, true)]
    [InlineData("K4.rel_top2", 100, 120, false)]
    [InlineData("K4.rel_top2", 101, 120, true)]
    public void What_everybody_being_confident_would_just_reach_is_attainable(string reading, int pre, int of, bool isUnattainable) =>
        Assert.Equal(isUnattainable ? Verdict.Unattainable : Verdict.MetPoint, Results(Teachers(40, (pre, of), (of, of)))[reading].Verdict);

    [Fact]
    public void Levels_beside_a_change_of_the_mean_are_means()
    {
        var result = Evidences.Evaluated(Evidences.Teachers()).Single(one => one.Reading == "K4.rel_mean100");
        var (pre, post, change) = (result.Figures[0], result.Figures[1], result.Figures[2]);
        Assert.Equal(("points", "points", 46.31, 61.10), (pre.Unit, post.Unit, Math.Round(pre.Value!.Value, 2), Math.Round(post.Value!.Value, 2)));
        Assert.Equal(change.Value!.Value, 100 * ((post.Value.Value / pre.Value.Value) - 1), 9);
        var shown = PublicFigures.Of(result, null, Policy);
        Assert.Equal((46.0, 61.0, "points"), (shown.Figures[0].Value, shown.Figures[1].Value, shown.Figures[0].Unit));
    }

    [Fact]
    public void The_p_value_of_a_relative_change_is_that_of_its_interval()
    {
        foreach (var reading in new[] { "K4.rel_top2", "K4.rel_mean100" })
        {
            var change = Evidences.Evaluated(Evidences.Teachers()).Single(one => one.Reading == reading).Figures[2];
            var (low, middle, high) = (Math.Log(1 + (change.Lower!.Value / 100)), Math.Log(1 + (change.Value!.Value / 100)), Math.Log(1 + (change.Upper!.Value / 100)));
            var df = change.DegreesOfFreedom!.Value;
            var error = (high - low) / 2 / MathNet.Numerics.Distributions.StudentT.InvCDF(0, 1, df, 0.975);
            Assert.Equal(2 * MathNet.Numerics.Distributions.StudentT.CDF(0, 1, df, -Math.Abs(middle / error)), change.PValue!.Value, 1e-9);
        }
    }

    [Fact]
    public void One_school_with_most_of_the_weight_is_the_reason_and_public_figures_do_not_say_so()
    {
        var totals = Teachers(40, (50, 100), (60, 100)).Select((school, index) => index > 0 ? school : school with
        {
            Cells = [.. school.Cells.Select(cell => cell with { W = 200 * cell.W, Q = 40_000 * cell.Q })],
        }).ToArray();
        var result = Results(totals)["K4.rel_top2"];
        Assert.Equal((Verdict.Insufficient, "one school outweighs the others"), (result.Verdict, result.Reason));
        Assert.Equal(ReasonCode.Dominance, result.ReasonCode);
        var shown = PublicFigures.Of(result, null, Policy);
        Assert.Equal(("withheld to protect people or schools", ReasonCode.Protected), (shown.Reason, shown.ReasonCode));
        Assert.Equal("too few schools", Results(Teachers(2, (20, 40), (30, 40)))["K4.rel_top2"].Reason);
    }

    private static (string? Symbol, string? Reason, double? Value) Absent(ReadingResult result) => result.Figures.Single(figure => figure.Name == "change") is var figure ? (figure.Symbol, figure.Reason, figure.Value) : default;

    private static Dictionary<string, ReadingResult> Results(SchoolTotals[] totals) =>
        Evaluation.Results(Catalogue.Current, Of(totals), Policy).Where(result => result.Kpi == "K4").ToDictionary(result => result.Reading);

    private static Evidence Of(SchoolTotals[] totals) =>
        new("inputs", [Study], new Dictionary<string, School>(), [], [], [], [new EvidenceSource("teachers", "forms", totals)], new Dictionary<string, MilestoneState>());

    /// <summary>So many schools, over which so many of all who answered before and after were confident.</summary>
    private static SchoolTotals[] Teachers(int schools, (int Confident, int Of) pre, (int Confident, int Of) post) => [.. Enumerable.Range(0, schools).Select(school =>
        new SchoolTotals(Study.Id, $"{100000 + school}", 1, [.. Cells("pre", pre, school, schools), .. Cells("post", post, school, schools)], []))];

    /// <summary>Who answers is dealt out to the schools one by one, those who are confident first.</summary>
    private static IEnumerable<CellTotal> Cells(string stage, (int Confident, int Of) all, int school, int schools) =>
        Enumerable.Range(0, all.Of).Where(person => person % schools == school).GroupBy(person => person < all.Confident ? "4" : "2")
            .Select(code => new CellTotal(stage, "teacher", "cpd-confidence", code.Key, code.Count(), code.Count(), code.Count()));
}
