using CsCheck;
using WholeSchoolSend.Core.Statistics;

namespace WholeSchoolSend.Core.Tests.Statistics;

public sealed class ProportionTests
{
    private static readonly IReadOnlyList<Func<ProportionEstimate, Interval?>> Intervals =
    [
        ProportionIntervals.KornGraubardCapped,
        ProportionIntervals.KornGraubard,
        ProportionIntervals.Wilson,
        ProportionIntervals.Logit,
        ProportionIntervals.Wald,
        ProportionIntervals.Likelihood,
    ];

    [Fact]
    public void Intervals_hold_the_estimate() => ASample.Any.Sample(sample =>
    {
        var e = sample.Estimate();
        foreach (var interval in Intervals.Select(make => make(e)).OfType<Interval>())
        {
            Assert.True(interval.Lower <= e.Value + 1e-12 && e.Value - 1e-12 <= interval.Upper, $"{interval} does not hold {e.Value}");
            Assert.NotEmpty(interval.Method);
        }
    });

    [Fact]
    public void Complement_has_the_complementary_share_and_mirrored_intervals() => ASample.Any.Sample(sample =>
    {
        var e = sample.Estimate();
        var c = new ASample([.. sample.Answers.Select(a => a with { Yes = !a.Yes })]).Estimate();
        Assert.Equal(1 - e.Value, c.Value, 1e-12);
        Assert.Equal(e.Variance, c.Variance, 1e-12);
        foreach (var make in Intervals)
        {
            var (mine, mirrored) = (make(e), make(c));
            Assert.Equal(mine is null, mirrored is null);
            if (mine is null) continue;
            Assert.Equal(1 - mine.Upper, mirrored!.Lower, 1e-9);
            Assert.Equal(1 - mine.Lower, mirrored.Upper, 1e-9);
        }
    });

    [Fact]
    public void Order_of_schools_does_not_matter() => ASample.Any.Sample(sample =>
    {
        var (e, design) = (sample.Estimate(), SampleDesign.Of(sample.Answers.Reverse().Select(a => new SampledSchool(a.School, a.Stratum))));
        var other = Proportion.Estimate(sample.Totals(design: design))!;
        Assert.Equal(e, other);
        Assert.Equal(e.Variance, other.Variance, 1e-12);
    });

    [Fact]
    public void Only_the_ratios_of_weights_matter() =>
        Gen.Select(ASample.Any, Gen.Double[0.01, 500]).Sample((sample, factor) =>
        {
            var e = sample.Estimate();
            var scaled = new ASample([.. sample.Answers.Select(a => a with { Weight = factor * a.Weight })]).Estimate();
            Assert.Equal(e.Value, scaled.Value, 1e-12);
            Assert.Equal(e.Variance, scaled.Variance, 1e-12);
            Assert.Equal(e.KishEffectiveSize, scaled.KishEffectiveSize, 1e-8);
        });

    [Fact]
    public void Doubling_the_school_totals_is_weighting_twice() => ASample.Any.Sample(sample =>
    {
        var totals = sample.Totals();
        var doubled = DomainTotals.Of(totals.Design, totals.Schools.ToArray().Select(s => s.Reweighted(2)).ToArray());
        Assert.Equal(sample.Estimate().Variance, Proportion.Estimate(doubled)!.Variance, 1e-12);
    });

    [Fact]
    public void Cap_only_ever_lowers_the_effective_size() => ASample.Any.Sample(sample =>
    {
        var e = sample.Estimate();
        if (e.CappedEffectiveSize is not { } capped) return;
        Assert.True(capped <= e.Responses);
        Assert.True(capped <= e.KornGraubardEffectiveSize);
    });

    [Fact]
    public void Variance_is_that_of_the_textbook_sum() => ASample.Any.Sample(sample =>
    {
        // Binder (1983), respondent by respondent, without the library's own sums.
        var w = sample.Answers.Sum(a => a.Weight);
        var p = sample.Answers.Sum(a => a.Yes ? a.Weight : 0) / w;
        var variance = sample.Answers.GroupBy(a => a.Stratum).Sum(stratum =>
        {
            var z = stratum.GroupBy(a => a.School).Select(school => school.Sum(a => a.Weight * ((a.Yes ? 1 : 0) - p)) / w).ToArray();
            var mean = z.Length > 1 ? z.Average() : 0;
            return (z.Length > 1 ? z.Length / (z.Length - 1.0) : 1) * z.Sum(x => (x - mean) * (x - mean));
        });
        Assert.Equal(variance, sample.Estimate().Variance, 1e-12);
    });

    [Fact]
    public void Schools_without_anyone_in_the_domain_still_count_in_their_stratum()
    {
        var sample = ASample.Of((3, 1), (1, 3), (2, 2));
        var alone = sample.Totals().Schools;
        var wider = SampleDesign.Of([.. Enumerable.Range(0, 3).Select(i => sample.Design[i]), new SampledSchool("100009", "all")]);
        var among = Proportion.Estimate(DomainTotals.Of(wider, alone))!;

        // z = ±1/12 and 0: 3/2 Σz² with three schools, 4/3 Σz² with four.
        Assert.Equal(3.0 / 2 * 2 / 144, sample.Estimate().Variance, 1e-15);
        Assert.Equal(4.0 / 3 * 2 / 144, among.Variance, 1e-15);
        Assert.Equal(2, among.DegreesOfFreedom);
    }

    [Fact]
    public void School_in_two_strata_is_two_schools()
    {
        var design = SampleDesign.Of([new("100001", "primary"), new("100001", "secondary"), new("100001", "primary")]);
        Assert.Equal((2, 2, 2), (design.SchoolCount, design.StratumCount, design.LonelyStratumCount));
        Assert.NotEqual(design.PositionOf("100001", "primary"), design.PositionOf("100001", "secondary"));
        Assert.True(design.PositionOf("100002", "primary") < 0);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(12)]
    public void Nobody_or_everybody_gives_the_exact_interval(int yes)
    {
        var e = ASample.Of([.. Enumerable.Range(0, 12).Select(i => i < yes ? (1, 0) : (0, 1))]).Estimate();
        var exact = CountProportion.ClopperPearson(yes, 12);
        Assert.True(e.IsDegenerate);
        Assert.Equal((exact.Lower, exact.Upper), (ProportionIntervals.KornGraubardCapped(e)!.Lower, ProportionIntervals.KornGraubardCapped(e)!.Upper));
        Assert.Null(ProportionIntervals.Wald(e));
        Assert.Null(ProportionIntervals.Logit(e));
        Assert.Null(e.DesignEffect);
    }

    [Fact]
    public void One_school_gives_a_share_and_no_interval()
    {
        var e = ASample.Of((3, 1)).Estimate();
        Assert.Equal((0.75, 0), (e.Value, e.DegreesOfFreedom));
        Assert.All(Intervals, make => Assert.Null(make(e)));
        Assert.Null(e.CappedEffectiveSize);
    }

    [Fact]
    public void Nobody_in_the_domain_gives_nothing()
    {
        var empty = DomainTotals.Of(ASample.Of((1, 1)).Design, Array.Empty<SchoolSums>());
        Assert.True(empty.IsEmpty);
        Assert.Null(Proportion.Estimate(empty));
        Assert.Null(DesignMean.Estimate(empty));
        Assert.Null(DomainDifference.Estimate(empty, empty));
        Assert.Null(PrePost.Estimate(empty, empty));
        Assert.Null(Trend.Linear([new WaveTotals(1, empty), new WaveTotals(2, empty)]));
    }

    [Fact]
    public void Whole_population_has_no_sampling_variance()
    {
        var sample = ASample.Of((3, 1), (1, 3), (2, 2));
        var census = SampleDesign.Of(Enumerable.Range(0, 3).Select(i => sample.Design[i]), new Dictionary<string, double> { ["all"] = 3 });
        Assert.Equal(0, Proportion.Estimate(DomainTotals.Of(census, sample.Totals().Schools))!.Variance);
    }

    [Fact]
    public void Totals_out_of_order_or_outside_the_design_are_refused()
    {
        var design = ASample.Of((1, 1), (1, 1)).Design;
        var (first, second) = (SchoolSums.None(0).Plus(1, 1, 1, true), SchoolSums.None(1).Plus(1, 1, 1, true));
        Assert.Throws<ArgumentOutOfRangeException>(() => DomainTotals.Of(design, new[] { second, first }));
        Assert.Throws<ArgumentOutOfRangeException>(() => DomainTotals.Of(design, new[] { first, first }));
        Assert.Throws<ArgumentOutOfRangeException>(() => DomainTotals.Of(design, new[] { first with { School = 2 } }));
        Assert.Throws<ArgumentOutOfRangeException>(() => DomainTotals.Of(design, new[] { first with { SumOfWeights = -1 } }));
        Assert.Throws<ArgumentOutOfRangeException>(() => SampleDesign.Of([new("1", "a"), new("2", "a")], new Dictionary<string, double> { ["a"] = 1 }));
    }

    // Closed forms of Student's t: tan(0.475 π) for 1 degree of freedom, 0.95 √(2/0.0975) for 2, and the cosine form for 4.
    [Theory]
    [InlineData(2, 12.706204736174705)]
    [InlineData(3, 4.302652729749464)]
    [InlineData(5, 2.7764451051977987)]
    public void Critical_value_is_exact_to_the_tenth_digit(int schools, double t)
    {
        var e = ASample.Of([.. Enumerable.Range(0, schools).Select(i => (1 + i, 3))]).Estimate();
        Assert.Equal(t, ProportionIntervals.Wald(e)!.Width / 2 / e.StandardError, t * 1e-10);
    }
}
