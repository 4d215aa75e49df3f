using CsCheck;
using WholeSchoolSend.Core.Statistics;

namespace WholeSchoolSend.Core.Tests.Statistics;

public sealed class DifferenceTests
{
    [Fact]
    public void Difference_changes_sign_when_the_domains_are_swapped() => ASample.Any.Sample(sample =>
    {
        var (leaders, others) = Roles(sample);
        if (DomainDifference.Estimate(leaders, others) is not { } d) return;
        var back = DomainDifference.Estimate(others, leaders)!;
        Assert.Equal(d.Value, -back.Value);
        Assert.Equal(d.Variance, back.Variance, 1e-14);
        Assert.Equal(d.Test is null, back.Test is null);
        if (d.Test is { } test) Assert.Equal(test.PValue, back.Test!.PValue, 1e-10);
        if (DomainDifference.MoverWilson(d) is { } interval)
        {
            Assert.True(interval.Contains(d.Value));
            Assert.Equal(interval.Lower, -DomainDifference.MoverWilson(back)!.Upper, 1e-12);
        }
    });

    [Fact]
    public void Domain_does_not_differ_from_itself() => ASample.Any.Sample(sample =>
    {
        var totals = sample.Totals();
        var d = DomainDifference.Estimate(totals, totals)!;
        Assert.Equal((0.0, totals.SchoolCount), (d.Value, d.SharedSchools));
        Assert.Equal(0, d.Variance, 1e-12);
    });

    [Fact]
    public void Pre_and_post_that_are_the_same_show_no_change() => ASample.Any.Sample(sample =>
    {
        var totals = sample.Totals();
        var e = PrePost.Estimate(totals, totals)!;
        Assert.Equal(0, e.Difference);
        Assert.Equal(0, e.DifferenceStandardError, 1e-9);
        if (e.Ratio is { } ratio) Assert.Equal(1, ratio);
    });

    [Fact]
    public void Shared_schools_are_found_and_their_covariance_counts()
    {
        var sample = new ASample(
        [
            new("100001", "all", 1, true, true), new("100001", "all", 1, true, false),
            new("100002", "all", 1, false, true), new("100002", "all", 1, false, false),
            new("100003", "all", 1, true, true), new("100003", "all", 1, true, false),
        ]);
        var (leaders, others) = Roles(sample);
        var d = DomainDifference.Estimate(leaders, others)!;
        Assert.Equal(3, d.SharedSchools);
        Assert.Equal(1, d.Correlation, 1e-12);
        Assert.Equal(0, d.Variance, 1e-12);
        Assert.Equal(2, d.DegreesOfFreedom);
    }

    [Fact]
    public void Domains_on_different_designs_are_refused() =>
        Assert.Throws<ArgumentException>(() => DomainDifference.Estimate(ASample.Of((1, 1), (2, 1)).Totals(), ASample.Of((1, 1), (2, 1)).Totals()));

    [Fact]
    public void Standardising_to_its_own_mix_changes_nothing() => ASample.Any.Sample(sample =>
    {
        var design = sample.Design;
        StandardCell[] cells = [Cell(a => a.Leader), Cell(a => !a.Leader)];
        if (cells.Any(c => c.Domain.IsEmpty)) return;
        Assert.Equal(sample.Estimate().Value, DirectStandardisation.Estimate(cells)!.Value, 1e-12);

        StandardCell Cell(Func<ASample.Answer, bool> where) => new(sample.Totals(where, design), sample.Answers.Where(where).Sum(a => a.Weight));
    });

    [Fact]
    public void Standardised_arm_takes_the_other_arms_mix()
    {
        // Engaged: all primary. Wider: primary 1 of 4 and secondary 3 of 4 say yes. Standardised to primary only, 1/4 remains.
        var sample = new ASample(
        [
            .. Enumerable.Range(0, 4).Select(i => new ASample.Answer($"1{i}", "engaged", 1, i < 2, true)),
            .. Enumerable.Range(0, 4).Select(i => new ASample.Answer($"2{i}", "wider primary", 1, i < 1, true)),
            .. Enumerable.Range(0, 4).Select(i => new ASample.Answer($"3{i}", "wider secondary", 1, i < 3, true)),
        ]);
        var design = sample.Design;
        StandardCell[] wider =
        [
            new(sample.Totals(a => a.Stratum == "wider primary", design), 4),
            new(sample.Totals(a => a.Stratum == "wider secondary", design), 0),
        ];
        var d = DirectStandardisation.Difference(sample.Totals(a => a.Stratum == "engaged", design), wider)!;
        Assert.Equal(0.25, d.Value, 1e-12);
        Assert.Equal(0, d.SharedSchools);
        Assert.NotNull(d.Interval);
    }

    [Theory]
    [InlineData(0.52, true)]
    [InlineData(0.20, true)]
    public void Comparison_with_a_rounded_figure_is_robust_when_far_away(double published, bool robust)
    {
        var e = ASample.Of([.. Enumerable.Range(0, 40).Select(i => i % 10 == 0 ? (0, 2) : (2, 0))]).Estimate();
        Assert.Equal(robust, PublishedFigure.IsRobustToRounding(e, published));
        Assert.Equal(published < e.Value, PublishedFigure.AsConstant(e, published)!.Statistic > 0);
    }

    [Fact]
    public void Comparison_at_the_margin_is_not_robust()
    {
        var e = ASample.Of([.. Enumerable.Range(0, 40).Select(i => i % 2 == 0 ? (2, 1) : (1, 2))]).Estimate();
        var margin = ProportionIntervals.Wald(e)!.Lower;
        Assert.False(PublishedFigure.IsRobustToRounding(e, margin));
        Assert.True(PublishedFigure.IsRobustToRounding(e, e.Value));
    }

    [Fact]
    public void Adjusted_p_values_keep_their_order_and_never_fall() =>
        Gen.Double[0, 1].List[1, 12].Sample(p =>
        {
            var (holm, hochberg, bh, bonferroni) = (
                MultipleComparisons.Holm(p), MultipleComparisons.Hochberg(p), MultipleComparisons.BenjaminiHochberg(p), MultipleComparisons.Bonferroni(p));
            for (var i = 0; i < p.Count; i++)
            {
                Assert.True(p[i] <= bh[i] + 1e-15 && bh[i] <= hochberg[i] + 1e-15 && hochberg[i] <= holm[i] + 1e-15 && holm[i] <= bonferroni[i] + 1e-15);
                for (var j = 0; j < p.Count; j++)
                {
                    if (p[i] <= p[j]) Assert.True(holm[i] <= holm[j] && bh[i] <= bh[j]);
                }
            }
        });

    [Fact]
    public void Trend_over_two_waves_is_their_difference()
    {
        var sample = new ASample([.. ASample.Of((3, 1), (1, 3), (2, 2), (4, 1)).Answers.Select((a, i) => a with { Leader = i % 2 == 0 })]);
        var (first, second) = Roles(sample);
        var (trend, difference) = (Trend.Linear([new(2, first), new(5, second)])!, DomainDifference.Estimate(second, first)!);
        Assert.Equal(difference.Value / 3, trend.Slope, 1e-12);
        Assert.Equal(difference.StandardError / 3, trend.SlopeStandardError, 1e-12);
        var logit = Trend.Logit([new(2, first), new(5, second)])!;
        Assert.Equal(Math.Log(difference.First.Value / (1 - difference.First.Value)), logit.Intercept + (5 * logit.Slope), 1e-9);
    }

    private static (DomainTotals Leaders, DomainTotals Others) Roles(ASample sample)
    {
        var design = sample.Design;
        return (sample.Totals(a => a.Leader, design), sample.Totals(a => !a.Leader, design));
    }
}
