using System.Globalization;
using CsCheck;
using WholeSchoolSend.Core.Disclosure;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Schools;

namespace WholeSchoolSend.Core.Tests.Kpis;

public sealed class EvaluationTests
{
    private static readonly WaveState Autumn = new("2026-autumn", new Wave("Autumn 2026", new DateOnly(2026, 11, 2), new DateOnly(2026, 11, 20)), null, 1);

    [Fact]
    public void A_school_is_engaged_from_the_day_after_its_first_contact()
    {
        var register = new EngagementRegister(new Dictionary<string, School>(), [], [new Engagement("100001", new DateOnly(2026, 11, 2), "", 1), new Engagement("100001", new DateOnly(2026, 11, 1), "", 2), new Engagement("100002", new DateOnly(2026, 11, 2), "", 3)], []);
        Assert.True(register.IsEngaged("100001", Autumn.Wave.From));
        Assert.False(register.IsEngaged("100002", Autumn.Wave.From));
        Assert.False(register.IsEngaged("100003", Autumn.Wave.From));
    }

    [Fact]
    public void A_school_that_goes_on_under_another_number_stays_engaged_and_counts_once()
    {
        var before = new DateOnly(2026, 1, 5);
        // 1 became 2, 2 and 4 were merged into 3; 5 and 6 say of each other that they were the other.
        SchoolLink[] links = [new("100002", "100001", null), new("100003", "100002", null), new("100003", "100004", null), new("100005", "100006", null), new("100006", "100005", null)];
        var register = new EngagementRegister(new Dictionary<string, School>(), links, [new("100001", before, "", 1), new("100003", before, "", 2), new("100007", before, "", 3)], []);

        // 4 is 3 today, and 3 was engaged.
        Assert.Equal(["100001", "100002", "100003", "100004", "100007"], Enumerable.Range(100001, 7).Select(urn => $"{urn}").Where(urn => register.IsEngaged(urn, Autumn.Wave.From)));
        Assert.Equal(2, register.SchoolsReached(Reach.Direct, new DateOnly(2030, 1, 1)));
        Assert.Equal(0, register.SchoolsReached(Reach.Direct, new DateOnly(1990, 1, 1)));
    }

    [Theory]
    [InlineData(75, 71, 79, Verdict.MetConfident)]
    [InlineData(70, 70, 75, Verdict.MetConfident)]
    [InlineData(70, 65, 75, Verdict.MetPoint)]
    [InlineData(69.99999, 65, 75, Verdict.NotMetPoint)]
    [InlineData(60, 50, 69.99, Verdict.NotMetConfident)]
    public void A_verdict_compares_unrounded_values(double value, double lower, double upper, Verdict verdict) =>
        Assert.Equal(verdict, Decided.On(value, lower, upper, new Target(TargetRelation.AtLeast, 70, "%")));

    [Fact]
    public void A_group_that_one_school_dominates_is_withheld()
    {
        var result = Evidences.Evaluated(Evidences.Leaders()).Single(one => one is { Reading: "K1.pooled", Wave: "autumn" });
        var engaged = result.Figures.Single(figure => figure.Name == "engaged");
        Assert.InRange(engaged.LargestShare!.Value, 0.001, 0.2);
        Assert.InRange(engaged.SumOfWeights!.Value, engaged.Base!.Value / 10.0, engaged.Base.Value * 10.0);
        Assert.Null(engaged.AssumedDesignEffect);

        Figure Public(double most) => PublicFigures.Of(result, null, new DisclosurePolicy { MaxSchoolShare = most }).Figures.Single(figure => figure.Name == "engaged");
        Assert.NotNull(Public(engaged.LargestShare.Value * 1.01).Value);
        Assert.Equal("c", Public(engaged.LargestShare.Value * 0.99).Symbol);
    }

    [Fact]
    public void A_share_that_is_the_target_exactly_meets_it()
    {
        // 100 · (k/n) in doubles must not fall short of a whole target that k of n is exactly.
        foreach (var target in new[] { 20, 60, 70 })
            for (var n = 1; n <= 3000; n++)
                if (target * n % 100 == 0)
                    Assert.True(new Target(TargetRelation.AtLeast, target, "%").MetBy(100 * ((double)(target * n / 100) / n)), $"{target} % of {n}");
    }

    [Theory]
    [InlineData(TargetRelation.AtLeast, 69.9999999999999, true)]
    [InlineData(TargetRelation.AtLeast, 69.99999999, false)]
    [InlineData(TargetRelation.Over, 70.0000000000001, false)]
    [InlineData(TargetRelation.Over, 70.00000001, true)]
    public void What_differs_from_a_target_by_the_noise_of_doubles_equals_it(TargetRelation relation, double figure, bool isMet) =>
        Assert.Equal(isMet, new Target(relation, 70, "%").MetBy(figure));

    [Theory]
    [InlineData(1.052677181)]
    [InlineData(0.9)]
    [InlineData(0.7)]
    [InlineData(2.4)]
    [InlineData(0.333333)]
    public void Seventy_of_a_hundred_are_70_per_cent_whatever_all_of_them_weigh(double weight)
    {
        var (totals, engagements) = Schools(100, true, ("leader", 1, 7));
        var weighted = totals.Select(school => school with { Cells = [.. school.Cells.Select(cell => cell with { W = weight, Q = weight * weight })] }).ToList();
        var result = Results(weighted, engagements)["K1.leaders"];
        Assert.Equal(Verdict.MetPoint, result.Verdict);
        Assert.Equal(70, PublicFigures.Of(result, new Target(TargetRelation.AtLeast, 70, "%"), new DisclosurePolicy()).Figures[0].Value);
    }

    [Fact]
    public void One_engaged_school_has_nothing_to_be_tested_by()
    {
        var (one, engagements) = Schools(1, true, ("leader", 20, 10));
        var (wider, _) = Schools(40, false, ("leader", 3, 5));
        var result = Results([one[0] with { Cells = [one[0].Cells[0], one[0].Cells[0] with { Code = "not", N = 1, W = 1, Q = 1 }] }, .. wider.Select(school => school with { School = "9" + school.School[1..] })], engagements)["K1.leaders"];
        var opinion = result.Figures.Single(figure => figure.Name == "rao-scott");
        Assert.Equal((null, null, null, "too few schools in one of the groups for a test"), (opinion.Value, opinion.PValue, opinion.Method, opinion.Reason));
        Assert.Null(result.Figures.Single(figure => figure.Name == "difference").PValue);
    }

    [Fact]
    public void Verdicts_joined_are_as_sure_as_the_least_sure()
    {
        // 200 leaders at 90 %, 200 SENCOs at 72 %: the pooled reading is confident, SENCOs are not.
        var results = Results(Schools(100, engaged: true, ("leader", 2, 9), ("senco", 2, 7)));
        Assert.Equal(Verdict.MetConfident, results["K1.leaders"].Verdict);
        Assert.Equal(Verdict.MetPoint, results["K1.sencos"].Verdict);
        Assert.Equal(Verdict.MetPoint, results["K1.both"].Verdict);
    }

    [Fact]
    public void Who_ticked_both_roles_counts_in_both_readings_and_once_in_the_pooled_one()
    {
        var results = Results(Schools(100, engaged: true, ("leader+senco", 1, 8)));
        Assert.Equal([100, 100, 100], new[] { "K1.pooled", "K1.leaders", "K1.sencos" }.Select(id => results[id].Figures[0].Base));
    }

    [Fact]
    public void Too_few_to_decide_is_said_and_why()
    {
        Assert.Equal((Verdict.Insufficient, "too few schools"), Told(Results(Schools(2, true, ("leader", 20, 9)))["K1.leaders"]));
        Assert.Equal((Verdict.Insufficient, "too few respondents"), Told(Results(Schools(20, true, ("leader", 1, 9)))["K1.leaders"]));
        Assert.Equal((Verdict.Insufficient, "no engaged respondent has a valid answer"), Told(Results(Schools(50, false, ("leader", 1, 9)))["K1.leaders"]));
        var nothing = Results([], []);
        Assert.Equal((Verdict.Insufficient, "no list of engagements was imported"), Told(nothing["R1.direct"]));
        // Nobody counted is not a count of none, and every absent number or verdict says by a code why.
        Assert.Equal(new Figure("schools", "schools", Symbol: "x", Reason: "no list of schools reached through networks was imported", ReasonCode: ReasonCode.ListNotImported), Assert.Single(nothing["R1.network"].Figures));
        foreach (var (_, result) in nothing.Concat(Results(Schools(2, true, ("leader", 20, 9)))).Concat(Results(Schools(50, false, ("leader", 1, 9)))))
        {
            Assert.True(result.ReasonCode is not null || result.Verdict is not (null or Verdict.Insufficient or Verdict.Unattainable), result.Reading);
            Assert.All(result.Figures.Where(figure => figure is { Value: null, PValue: null }), figure => Assert.True(figure is { Symbol: not null, ReasonCode: not null, Reason: not null }, $"{result.Reading} {figure.Name}"));
        }
        Assert.Equal(ReasonCode.NoData, Results(Schools(50, false, ("leader", 1, 9)))["K1.leaders"].ReasonCode);
        Assert.Equal(ReasonCode.NotAsked, Results(Schools(50, true, ("leader", 1, 9)))["A1.mean"].ReasonCode);
    }

    [Fact]
    public void Two_sources_of_one_wave_are_not_mixed_unasked()
    {
        var (totals, engagements) = Schools(50, true, ("leader", 1, 9));
        var evidence = Evidence(engagements, new EvidenceSource("leaders", "a/poll", totals), new EvidenceSource("leaders", "webhooks", totals));
        var result = Evaluation.Results(Catalogue.Current, evidence, new DisclosurePolicy()).First(one => one.Reading == "K1.pooled");
        Assert.Equal((Verdict.Insufficient, "evidence of one wave from a/poll and webhooks is not combined"), Told(result));
    }

    [Fact]
    public void Waves_that_begin_on_one_day_are_not_before_each_other()
    {
        var evidence = Evidences.Waves();
        var waves = evidence.Waves.Select(wave => wave.Id is "wave-3" ? wave with { Wave = wave.Wave with { From = evidence.Waves[1].Wave.From } } : wave).ToList();
        var since = Evidences.Evaluated(evidence with { Waves = waves }, new DisclosurePolicy { MaxWidth = 100 }).Where(result => result.Reading == "K2.able")
            .ToDictionary(result => result.Wave!, result => result.Figures.FirstOrDefault(figure => figure.Name == "since-previous")?.Source, StringComparer.Ordinal);
        Assert.Equal((null, "wave-1", "wave-1", "wave-3"), (since["wave-1"], since["wave-2"], since["wave-3"], since["wave-4"]));
    }

    [Fact]
    public void The_same_evidence_in_any_order_gives_the_same_bytes()
    {
        var (totals, engagements) = Schools(40, true, ("leader", 2, 7), ("senco", 1, 5));
        var (wider, _) = Schools(30, false, ("leader", 2, 4));
        var all = totals.Concat(wider.Select(school => school with { School = "9" + school.School[1..] })).ToArray();
        var expected = Bytes(all, engagements);
        Gen.Shuffle(all).Sample(shuffled => Assert.Equal(expected, Bytes(shuffled, engagements)), iter: 50);

        static string Bytes(IReadOnlyList<SchoolTotals> totals, IReadOnlyList<Engagement> engagements) => string.Join('\n', Evaluation
            .Run(Catalogue.Current, Evidence(engagements, new EvidenceSource("leaders", "poll", totals)), new DisclosurePolicy())
            .Results.OrderBy(result => result.Key, StringComparer.Ordinal).Select(result => $"{result.Key} {System.Text.Encoding.UTF8.GetString(result.Value)}"));
    }

    [Theory]
    [InlineData("tr-TR")]
    [InlineData("de-DE")]
    [InlineData("ar-SA")]
    public void The_same_evidence_gives_the_same_bytes_in_any_culture(string culture)
    {
        var (totals, engagements) = Schools(40, true, ("leader", 2, 7), ("senco", 1, 5));
        string Bytes() => string.Join('\n', Evaluation.Run(Catalogue.Current, Evidence(engagements, new EvidenceSource("leaders", "poll", totals)), new DisclosurePolicy())
            .Results.Select(result => $"{result.Key} {System.Text.Encoding.UTF8.GetString(result.Value)}"));
        var expected = Bytes();
        var before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = new CultureInfo(culture);
            Assert.Equal(expected, Bytes());
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void Who_weighs_nothing_does_not_make_a_base_larger()
    {
        var rows = Enumerable.Range(0, 3).Select(index => new CountedResponse(
            new Core.Webhooks.Coding("100001", Autumn.Id, "single", "leader", null, index == 0 ? 1 : 0, [new Core.Webhooks.Observation("every-teacher-responsible", "fully")]), default)).ToList();
        var totals = Assert.Single(Totalling.BySchool(rows));
        Assert.Equal((3, 1), (totals.Respondents, Assert.Single(totals.Cells).N));
    }

    [Fact]
    public void The_catalogue_is_whole()
    {
        var catalogue = Catalogue.Current;
        Assert.Equal(catalogue.Kpis.Count, catalogue.Kpis.Select(kpi => kpi.Id).Distinct().Count());
        Assert.All(catalogue.Kpis.Where(kpi => kpi.DuplicateOf is null), kpi => Assert.Single(kpi.Readings, reading => reading.Primary));
        Assert.All(catalogue.Readings(), entry => Assert.StartsWith(entry.Kpi.Id, entry.Reading.Id, StringComparison.Ordinal));
        Assert.Contains("K1.both", catalogue.Readings().Select(entry => entry.Reading.Id));
    }

    [Fact]
    public void A_typing_error_in_the_catalogue_stops_the_start()
    {
        using var json = System.Text.Json.JsonDocument.Parse(JsonSchema.EmbeddedText("kpi-catalogue.json"));
        var text = System.Text.Json.JsonSerializer.Serialize(json);
        foreach (var (right, wrong) in new[] { ("\"wording\"", "\"wordings\""), ("\"kind\":\"share\"", "\"kind\":\"shares\""), ("\"success\":[\"fully\"", "\"success\":[\"full\""), ("\"indicator\":\"every-teacher-responsible\"", "\"indicator\":\"every-teacher\"") })
        {
            Assert.Contains(right, text, StringComparison.Ordinal);
            Assert.Throws<System.Text.Json.JsonException>(() => Catalogue.Parse(System.Text.Encoding.UTF8.GetBytes(text.Replace(right, wrong, StringComparison.Ordinal))));
        }
    }

    private static (Verdict?, string?) Told(ReadingResult result) => (result.Verdict, result.Reason);

    private static Dictionary<string, ReadingResult> Results((IReadOnlyList<SchoolTotals> Totals, IReadOnlyList<Engagement> Engagements) schools) => Results(schools.Totals, schools.Engagements);

    private static Dictionary<string, ReadingResult> Results(IReadOnlyList<SchoolTotals> totals, IReadOnlyList<Engagement> engagements) =>
        Evaluation.Results(Catalogue.Current, Evidence(engagements, new EvidenceSource("leaders", "poll", totals)), new DisclosurePolicy()).ToDictionary(result => result.Reading);

    private static Evidence Evidence(IReadOnlyList<Engagement> engagements, params EvidenceSource[] sources) =>
        new("inputs", [Autumn], new Dictionary<string, School>(), [], engagements, [], sources, new Dictionary<string, MilestoneState>());

    /// <summary>Schools with so many respondents of each role; of every ten schools in a row so many have respondents that all say "fully".</summary>
    private static (IReadOnlyList<SchoolTotals>, IReadOnlyList<Engagement>) Schools(int count, bool engaged, params (string Role, int Each, int FullyOfTen)[] roles)
    {
        var urns = Enumerable.Range(0, count).Select(index => (100000 + index).ToString(CultureInfo.InvariantCulture)).ToList();
        var totals = urns.Select((urn, index) => new SchoolTotals(Autumn.Id, urn, roles.Sum(role => role.Each), roles
            .Select(role => new CellTotal("single", role.Role, "every-teacher-responsible", index % 10 < role.FullyOfTen ? "fully" : "not", role.Each, role.Each, role.Each)).ToList(), [])).ToList();
        return (totals, engaged ? urns.Select(urn => new Engagement(urn, new DateOnly(2026, 1, 5), "", 1)).ToList() : [new Engagement("999999", new DateOnly(2026, 1, 5), "", 1)]);
    }
}
