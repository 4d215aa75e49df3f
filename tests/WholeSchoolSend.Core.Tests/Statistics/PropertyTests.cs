using CsCheck;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Statistics;
using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Core.Tests.Statistics;

/// <summary>What must hold whatever the sample: limits, size, parts, names, and the edges of what numbers can be.</summary>
public sealed class PropertyTests
{
    // Wald's and the arcsine interval are for comparison with other software only, and do as it does: one leaves 0 to 1, the other folds back.
    private static readonly IReadOnlyList<Func<ProportionEstimate, Interval?>> Inside =
    [
        ProportionIntervals.KornGraubardCapped,
        ProportionIntervals.KornGraubard,
        ProportionIntervals.Wilson,
        ProportionIntervals.Logit,
        ProportionIntervals.Likelihood,
    ];

    [Fact]
    public void Intervals_of_a_share_stay_between_0_and_1_and_hold_it() => ASample.Any.Sample(sample =>
    {
        var e = sample.Estimate();
        foreach (var interval in Inside.Select(make => make(e)).OfType<Interval>())
        {
            Assert.True(interval is { Lower: >= 0, Upper: <= 1 }, $"{interval} leaves 0 to 1");
            Assert.True(interval.Lower <= e.Value + 1e-12 && e.Value - 1e-12 <= interval.Upper, $"{interval} does not hold {e.Value}");
        }
    });

    [Fact]
    public void The_same_schools_again_and_again_make_every_interval_shorter() => Gen.Select(ASample.Any, Gen.Int[2, 4]).Sample((sample, times) =>
    {
        var (e, more) = (sample.Estimate(), Repeated(sample, times).Estimate());
        Assert.Equal(e.Value, more.Value, 1e-12);
        // All its variance was the allowance for strata with one school each: the same school again does not differ from itself.
        if (more.IsDegenerate && !e.IsDegenerate) return;
        foreach (var make in Inside)
            if (make(e) is { Width: > 1e-9 } interval) Assert.True(make(more)!.Width < interval.Width, $"{make(more)} of {times} times as many is no shorter than {interval}");
    });

    [Fact]
    public void Sums_of_parts_of_a_school_add_up_to_those_of_the_school() =>
        Gen.Select(Gen.Select(Gen.Double[0.001, 1_000], Gen.Bool, Gen.Double[0, 100]).Array[2, 60], Gen.Int[1, 59]).Sample((rows, cut) =>
        {
            SchoolSums Added(SchoolSums to, IEnumerable<(double Weight, bool Yes, double Score)> some) => some.Aggregate(to, (sums, row) => sums.Plus(1, row.Weight, row.Weight * row.Weight, row.Yes));
            var none = SchoolSums.None(0);
            var (first, second) = (rows.Take(cut), rows.Skip(cut));
            var whole = Added(none, rows);

            var (a, b) = (Added(none, first), Added(none, second));
            Assert.Equal((whole.Responses, whole.Successes), (a.Responses + b.Responses, a.Successes + b.Successes));
            Close(whole.SumOfWeights, a.SumOfWeights + b.SumOfWeights);
            Close(whole.WeightedSum, a.WeightedSum + b.WeightedSum);
            Close(whole.SumOfSquaredWeights, a.SumOfSquaredWeights + b.SumOfSquaredWeights);
            Close(whole.WeightedSumOfSquares, a.WeightedSumOfSquares + b.WeightedSumOfSquares);
        });

    [Fact]
    public void Stored_totals_of_parts_of_a_school_add_up_to_those_of_the_school() =>
        Gen.Select(Gen.Select(Gen.Double[0.001, 1_000], Gen.Int[1, 5]).Array[2, 40], Gen.Int[1, 39]).Sample((rows, cut) =>
        {
            var responses = rows.Select((row, i) => new CountedResponse(new Coding("100001", "w", "pre", "teacher", $"p{i}", row.Item1, [new Observation("cpd-confidence", $"{row.Item2}")]), default)).ToList();
            var whole = Totalling.BySchool(responses).Single();
            var parts = new[] { responses.Take(cut), responses.Skip(cut) }.SelectMany(part => Totalling.BySchool([.. part])).ToList();
            Assert.Equal(whole.Respondents, parts.Sum(part => part.Respondents));
            foreach (var cell in whole.Cells)
            {
                var same = parts.SelectMany(part => part.Cells).Where(other => other.Code == cell.Code).ToList();
                Assert.Equal(cell.N, same.Sum(other => other.N));
                Close(cell.W, same.Sum(other => other.W));
                Close(cell.Q, same.Sum(other => other.Q));
            }
        });

    [Fact]
    public void Other_numbers_for_the_schools_change_nothing() => Gen.Select(ASample.Any, Gen.Int[0, 1_000_000]).Sample((sample, seed) =>
    {
        var e = sample.Estimate();
        // In the same order: to the bit.
        Assert.Equal(e, Relabelled(sample, school => $"9{school}").Estimate());
        Assert.Equal(e.Variance, Relabelled(sample, school => $"9{school}").Estimate().Variance);

        // In any order: but for the last digits, because schools are added in the order of their numbers.
        var numbers = Enumerable.Range(0, 20).ToArray();
        new Random(seed).Shuffle(numbers);
        var other = Relabelled(sample, school => $"{200_000 + numbers[int.Parse(school, System.Globalization.CultureInfo.InvariantCulture) - 100_000]}").Estimate();
        Assert.Equal((e.Responses, e.Successes, e.Schools, e.Strata, e.DegreesOfFreedom), (other.Responses, other.Successes, other.Schools, other.Strata, other.DegreesOfFreedom));
        Close(e.Value, other.Value);
        Assert.Equal(e.Variance, other.Variance, 1e-14);
        if (ProportionIntervals.Wilson(e) is { } interval) Assert.Equal(interval.Lower, ProportionIntervals.Wilson(other)!.Lower, 1e-10);
    });

    [Fact]
    public void All_weights_equal_are_no_weights() => Gen.Select(ASample.Any, Gen.OneOfConst(1e-6, 0.3, 7.0, 1e6)).Sample((sample, weight) =>
    {
        var e = new ASample([.. sample.Answers.Select(answer => answer with { Weight = weight })]).Estimate();
        var plain = new ASample([.. sample.Answers.Select(answer => answer with { Weight = 1 })]).Estimate();
        Assert.Equal((double)plain.Successes / plain.Responses, e.Value, 1e-12);
        Assert.Equal(1, e.KishDesignEffect, 1e-9);
        Assert.Equal(plain.Responses, e.KishEffectiveSize, 1e-6);
        Assert.Equal(plain.Variance, e.Variance, 1e-12);
    });

    [Fact]
    public void One_stratum_and_a_respondent_in_each_school_is_a_simple_random_sample() => Gen.Int[2, 200].SelectMany(n => Gen.Int[1, n - 1].Select(yes => (n, yes))).Sample(counts =>
    {
        var e = ASample.Of([.. Enumerable.Range(0, counts.n).Select(i => i < counts.yes ? (1, 0) : (0, 1))]).Estimate();
        var p = (double)counts.yes / counts.n;
        Assert.Equal((p, 1, counts.n - 1), (e.Value, e.Strata, e.DegreesOfFreedom));
        Close(p * (1 - p) / (counts.n - 1), e.Variance);
        Assert.Equal(1, e.DesignEffect!.Value, 1e-9);
    });

    [Fact]
    public void One_respondent_who_outweighs_all_others_leaves_finite_numbers() => Gen.Select(ASample.Any, Gen.OneOfConst(1e6, 1e9, 1e12)).Sample((sample, huge) =>
    {
        var e = new ASample([sample.Answers[0] with { Weight = huge }, .. sample.Answers.Skip(1)]).Estimate();
        Assert.InRange(e.Value, 0, 1);
        Assert.True(double.IsFinite(e.Variance) && e.Variance >= 0);
        Assert.InRange(e.KishEffectiveSize, 1 - 1e-12, 1.001);
        foreach (var interval in Inside.Select(make => make(e)).OfType<Interval>())
            Assert.True(interval is { Lower: >= 0, Upper: <= 1 } && interval.Lower <= e.Value + 1e-12 && e.Value - 1e-12 <= interval.Upper, $"{interval} of {e.Value}");
    });

    private static ASample Repeated(ASample sample, int times) =>
        new([.. Enumerable.Range(0, times).SelectMany(time => sample.Answers.Select(answer => answer with { School = $"{answer.School}-{time}" }))]);

    private static ASample Relabelled(ASample sample, Func<string, string> label) => new([.. sample.Answers.Select(answer => answer with { School = label(answer.School) })]);

    private static void Close(double expected, double actual) => Assert.True(Math.Abs(expected - actual) <= 1e-12 * Math.Abs(expected), FormattableString.Invariant($"{expected:R} and {actual:R}"));
}
