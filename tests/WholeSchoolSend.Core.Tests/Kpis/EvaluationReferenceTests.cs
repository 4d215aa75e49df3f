using System.Globalization;
using System.Text.Json;
using WholeSchoolSend.Core.Disclosure;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Tests.Statistics.Reference;

namespace WholeSchoolSend.Core.Tests.Kpis;

/// <summary>
/// R's numbers (survey 4.1-1), found again at the far end: reference respondents are totalled as stored responses are, the catalogue is evaluated, and
/// the figures of its readings are compared.
/// </summary>
public sealed class EvaluationReferenceTests
{
    private static readonly JsonElement Expected = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(ReferenceFolder.Own, "expected_own.json"))).RootElement;

    [Fact]
    public void K4_is_R_s_stacked_estimate_by_ratio_and_by_points()
    {
        var results = Teachers();
        var r = Case("prepost_stacked_top2_weighted");

        var relative = results["K4.rel_top2"];
        Same(100 * Number(r, "est_pre"), Figure(relative, "pre").Value);
        Same(100 * Number(r, "est_post"), Figure(relative, "post").Value);
        Same(100 * Number(r, "rel_increase"), Figure(relative, "change").Value);
        Same(100 * Number(r, "rel_increase_ci", 0), Figure(relative, "change").Lower);
        Same(100 * Number(r, "rel_increase_ci", 1), Figure(relative, "change").Upper);
        Same(Number(r, "p_one_sided_rel_target"), Figure(relative, "against-target").PValue);
        Assert.Equal(Verdict.MetConfident, relative.Verdict);

        var points = results["K4.pp_top2"];
        Same(100 * Number(r, "diff"), Figure(points, "change").Value);
        Same(100 * Number(r, "diff_ci", 0), Figure(points, "change").Lower);
        Same(Number(r, "diff_p"), Figure(points, "change").PValue);
        Same(Number(r, "p_one_sided_pp_target"), Figure(points, "against-target").PValue);
        Assert.Equal(Verdict.MetPoint, points.Verdict);
    }

    [Fact]
    public void K4_s_mean_is_rescaled_to_a_hundred_and_not_decided_on()
    {
        var result = Teachers()["K4.rel_mean100"];
        var r = Case("prepost_stacked_mean100_weighted");
        Same(100 * (Number(r, "ratio") - 1), Figure(result, "change").Value);
        Same(100 * Number(r, "rel_increase_ci", 0), Figure(result, "change").Lower);
        Same(100 * Number(r, "rel_increase_ci", 1), Figure(result, "change").Upper);
        Same(Number(r, "est_pre"), Figure(result, "pre").Value);
        Same(Number(r, "est_post"), Figure(result, "post").Value);
        Assert.Null(result.Verdict);
    }

    [Fact]
    public void K4_s_matched_pairs_are_tested_with_and_without_schools()
    {
        var result = Teachers()["K4.matched"];
        var (binary, clustered, numeric) = (Case("prepost_matched_binary_top2"), Case("prepost_matched_binary_clustered"), Case("prepost_matched_numeric"));
        Assert.Equal(Number(numeric, "n_pairs"), Figure(result, "pairs").Value);
        Same(100 * Number(binary, "p_pre"), Figure(result, "pre").Value);
        Same(100 * Number(binary, "p_post"), Figure(result, "post").Value);
        Same(Number(binary, "mcnemar_exact_p_R"), Figure(result, "mcnemar-exact").PValue);
        Same(Number(clustered, "obuchowski_p"), Figure(result, "mcnemar-clustered").PValue);
        Same(Number(numeric, "clustered_signed_rank_p"), Figure(result, "signed-rank-clustered").PValue);
        Same(Number(numeric, "mean_diff"), Figure(result, "mean-change").Value);
        Same(Number(numeric, "paired_t_p_R"), Figure(result, "mean-change").PValue);
        // 177 answered before and 143 of them after; of those 37 were confident before (28 + 9).
        Same(100 * (177 - 143) / 177.0, Figure(result, "unmatched-pre").Value);
        Same(100 * 37 / 143.0, Figure(result, "stayers-pre").Value);
        Assert.Equal(177 - 143, Figure(result, "leavers-pre").Base);
    }

    [Fact]
    public void K1_K2_and_the_key_areas_are_R_s_shares_differences_and_means()
    {
        var results = Leaders();
        foreach (var (reading, arm, reference) in new[]
        {
            ("K1.pooled", "engaged", "poll_prop_q_every_teacher_engaged_leader+senco"), ("K1.pooled", "wider", "poll_prop_q_every_teacher_wider_leader+senco"),
            ("K1.leaders", "engaged", "poll_prop_q_every_teacher_engaged_leader"), ("K1.sencos", "wider", "poll_prop_q_every_teacher_wider_senco"),
            ("K1.dk_in_base", "engaged", "poll_prop_q_every_teacher_dk_in_base_engaged"), ("K2.able", "engaged", "poll_prop_q_provision_engaged_leader"),
            ("K2.able", "wider", "poll_prop_q_provision_wider_leader"),
        })
        {
            var (figure, r) = (Figure(results[reading], arm), Case(reference));
            Assert.Equal((int)Number(r, "n"), figure.Base);
            Same(100 * Number(r, "p"), figure.Value);
            Same(100 * Number(r, "se"), figure.StandardError);
            Same(100 * r.GetProperty("ci").GetProperty("beta_nchs")[0].GetDouble(), figure.Lower);
        }

        var difference = Case("poll_diff_engaged_vs_wider_q_every_teacher_leader+senco");
        Same(100 * Number(difference, "diff"), Figure(results["K1.pooled"], "difference").Value);
        Same(100 * Number(difference, "se"), Figure(results["K1.pooled"], "difference").StandardError);
        var mean = Case("poll_mean_ka1_engaged");
        Same(Number(mean, "mean"), Figure(results["A1.mean"], "engaged-mean").Value);
        Same(Number(mean, "ci_t", 1), Figure(results["A1.mean"], "engaged-mean").Upper);
    }

    [Fact]
    public void A_trend_is_R_s_regression_on_the_stacked_waves()
    {
        // R looks at every wave; ours leaves those out that are too uncertain to be shown.
        var results = Evidences.Evaluated(Evidences.Waves(), new DisclosurePolicy { MaxWidth = 100 }).Where(result => result.Reading == "K2.able").ToList();
        var r = Case("trend_q_provision");
        Assert.Equal(4, results.Count);
        for (var index = 0; index < 4; index++) Same(100 * Number(r, "p_by_wave", index), Figure(results[index], "engaged").Value);
        Same(100 * Number(r, "linear_slope") / 4, Figure(results[3], "trend").Value, 1e-6);
        Same(100 * Number(r, "linear_slope_ci_R", 1) / 4, Figure(results[3], "trend").Upper, 1e-6);
        Same(Number(r, "linear_slope_p_R"), Figure(results[3], "trend").PValue, 1e-6);
        // The change since the wave before: with the covariance through schools that are in both.
        var covariance = r.GetProperty("cov_waves");
        var variance = covariance[2][2].GetDouble() + covariance[3][3].GetDouble() - (2 * covariance[2][3].GetDouble());
        Same(100 * Math.Sqrt(variance), Figure(results[3], "since-previous").StandardError);
        Assert.DoesNotContain(results[0].Figures, figure => figure.Name is "trend" or "since-previous");
        Assert.DoesNotContain(results[1].Figures, figure => figure.Name == "trend");
    }

    [Fact]
    public void Tests_of_a_family_are_adjusted_together()
    {
        var results = Leaders();
        var p = Enumerable.Range(1, 8).Select(area => Figure(results[$"A{area}.top2"], "difference")).ToList();
        var order = p.OrderBy(figure => figure.PValue).ToList();
        var (holm, discovery) = (0.0, 1.0);
        for (var rank = 0; rank < 8; rank++) Same(holm = Math.Max(holm, Math.Min(1, (8 - rank) * order[rank].PValue!.Value)), order[rank].HolmPValue);
        for (var rank = 7; rank >= 0; rank--) Same(discovery = Math.Min(discovery, 8 * order[rank].PValue!.Value / (rank + 1)), order[rank].DiscoveryPValue);
        Assert.All(p, figure => Assert.Equal("F3: 8 of 8 tests", figure.Family));
        Assert.Equal("F1: 2 of 2 tests", Figure(results["K1.pooled"], "difference").Family);
        Assert.Null(Figure(results["K1.pooled"], "difference").DiscoveryPValue);
        Assert.Null(Figure(results["K1.leaders"], "difference").Family);
    }

    [Fact]
    public void Wider_schools_are_standardised_to_the_engaged_mix_of_phases()
    {
        var table = CsvTable.Read(Path.Combine(ReferenceFolder.Own, "data_s1_poll.csv"));
        var (group, phase, role, answer, weight) = (table.Column("group"), table.Column("phase"), table.Column("role"), table.Column("q_provision"), table.Number("weight"));
        double Sum(string arm, string? of, string? code) => table.Rows
            .Where(row => group(row) == arm && role(row) == "leader" && answer(row) is "yes" or "no")
            .Where(row => group(row) == arm && role(row) == "leader" && (of is null || phase(row) == of) && (code is null || answer(row) == code)).Sum(row => weight(row)!.Value);
        var expected = table.Rows.Select(phase).Distinct().Sum(one => Sum("engaged", one, null) / Sum("engaged", null, null) * Sum("wider", one, "yes") / Sum("wider", one, null));
        Same(100 * expected, Figure(Leaders()["K2.able"], "wider-standardised").Value);
    }

    [Fact]
    public void A_share_is_set_beside_2016_with_assumed_bases_that_are_marked_as_such()
    {
        var results = Leaders();
        var (constant, r) = (Figure(results["K1.leaders"], "published-2016"), Case("poll_one_sample_q_every_teacher_leader_vs_0.52_deff0_1.0"));
        Assert.Equal(52, constant.Value);
        Same(r.GetProperty("t").GetDouble(), (Figure(results["K1.leaders"], "engaged").Value - 52) / Figure(results["K1.leaders"], "engaged").StandardError);
        var assumed = results["K1.leaders"].Figures.Where(figure => figure.Name == "published-2016-assumed").ToList();
        Assert.Equal([100, 200, 500], assumed.Select(figure => figure.Base));
        Assert.All(assumed, figure => Assert.Equal(["assumed_base"], figure.Marks));
        // The larger the assumed base, the surer the difference.
        Assert.Equal(assumed.Select(figure => figure.PValue).OrderDescending(), assumed.Select(figure => figure.PValue));
        Assert.Null(Figure(results["K2.complement"], "published-2016").PValue);
    }

    private static Dictionary<string, ReadingResult> Teachers() => Evidences.Evaluated(Evidences.Teachers()).ToDictionary(result => result.Reading);

    private static Dictionary<string, ReadingResult> Leaders() => Evidences.Evaluated(Evidences.Leaders()).ToDictionary(result => result.Reading);

    private static JsonElement Case(string id) => Expected.GetProperty("cases").EnumerateArray().Single(one => one.GetProperty("id").GetString() == id).GetProperty("expected");

    private static double Number(JsonElement of, string name) => of.GetProperty(name).GetDouble();

    private static double Number(JsonElement of, string name, int index) => of.GetProperty(name)[index].GetDouble();

    private static Figure Figure(ReadingResult result, string name) => Assert.Single(result.Figures, figure => figure.Name == name);

    private static void Same(double expected, double? actual, double tolerance = 1e-8) =>
        Assert.True(actual is { } value && Math.Abs(value - expected) <= tolerance * Math.Max(1e-3, Math.Abs(expected)), string.Create(CultureInfo.InvariantCulture, $"expected {expected:R}, was {actual:R}"));
}
