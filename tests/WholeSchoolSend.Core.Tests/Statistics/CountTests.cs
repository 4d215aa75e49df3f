using CsCheck;
using WholeSchoolSend.Core.Statistics;

namespace WholeSchoolSend.Core.Tests.Statistics;

public sealed class CountTests
{
    // Newcombe (1998), Stat. Med. 17:857-872, table I, method 3.
    [Theory]
    [InlineData(81, 263, 0.2553, 0.3662)]
    [InlineData(15, 148, 0.0624, 0.1605)]
    [InlineData(0, 20, 0.0000, 0.1611)]
    [InlineData(1, 29, 0.0061, 0.1718)]
    public void Wilson_interval_agrees_with_the_published_table(int successes, int trials, double low, double high) =>
        Agrees(CountProportion.Wilson(successes, trials), low, high);

    // The same table, method 5.
    [Theory]
    [InlineData(81, 263, 0.2527, 0.3676)]
    [InlineData(15, 148, 0.0578, 0.1617)]
    [InlineData(0, 20, 0.0000, 0.1684)]
    [InlineData(1, 29, 0.0009, 0.1776)]
    public void Exact_interval_agrees_with_the_published_table(int successes, int trials, double low, double high) =>
        Agrees(CountProportion.ClopperPearson(successes, trials), low, high);

    // Newcombe (1998), Stat. Med. 17:873-890, table II, method 10.
    [Theory]
    [InlineData(56, 70, 48, 80, 0.0524, 0.3339)]
    [InlineData(9, 10, 3, 10, 0.1705, 0.8090)]
    [InlineData(6, 7, 2, 7, 0.0582, 0.8062)]
    [InlineData(5, 56, 0, 29, -0.0381, 0.1926)]
    [InlineData(0, 10, 0, 20, -0.1611, 0.2775)]
    [InlineData(10, 10, 0, 20, 0.6791, 1.0000)]
    [InlineData(10, 10, 0, 10, 0.6075, 1.0000)]
    public void Newcombe_interval_agrees_with_the_published_table(int x1, int n1, int x2, int n2, double low, double high) =>
        Agrees(CountDifference.Newcombe(x1, n1, x2, n2), low, high);

    // Fisher (1935), the tea of Muriel Bristol: 4 + 4 cups, three of four right, two-sided 34/70; all right, 2/70.
    [Theory]
    [InlineData(3, 1, 34.0 / 70)]
    [InlineData(4, 0, 2.0 / 70)]
    public void Fisher_test_of_the_tea(int right, int wrong, double p) => Assert.Equal(p, CountDifference.Fisher(right, 4, wrong, 4), 1e-12);

    // With no success the upper limit has a closed form: 1 - 0.025^(1/n).
    [Theory]
    [InlineData(1)]
    [InlineData(20)]
    [InlineData(1000)]
    [InlineData(25000)]
    public void Exact_interval_of_none_is_exact_to_the_tenth_digit(int trials)
    {
        var upper = -Math.Exp(Math.Log(0.025) / trials) + 1;
        var precise = -double.ExpM1(Math.Log(0.025) / trials);
        Assert.Equal(upper, precise, 1e-12);
        Assert.Equal(precise, CountProportion.ClopperPearson(0, trials).Upper, precise * 1e-10);
        Assert.Equal(1 - precise, CountProportion.ClopperPearson(trials, trials).Lower, 1e-10);
    }

    // 50-digit arithmetic: quantile 0.025 of Beta(1, 25000), where MathNet's own quantile is wrong in the seventh digit.
    [Fact]
    public void Small_Beta_quantile_keeps_its_digits()
    {
        var precise = -double.ExpM1(double.LogP1(-0.025) / 25000);
        Assert.Equal(precise, CountProportion.ClopperPearson(1, 25000).Lower, precise * 1e-10);
    }

    [Fact]
    public void Intervals_hold_the_share_mirror_and_rise_with_successes() =>
        Gen.Select(Gen.Int[1, 5000], Gen.Int[0, 5000]).Where((n, k) => k <= n).Sample((n, k) =>
        {
            foreach (var make in new Func<int, int, Interval>[] { CountProportion.Wilson, CountProportion.ClopperPearson })
            {
                var (interval, mirrored) = (make(k, n), make(n - k, n));
                Assert.True(interval.Contains((double)k / n));
                Assert.True(interval.Lower >= 0 && interval.Upper <= 1);
                Assert.Equal(1 - interval.Upper, mirrored.Lower, 1e-9);
                if (k == n) continue;
                Assert.True(make(k + 1, n).Lower > interval.Lower && make(k + 1, n).Upper > interval.Upper);
            }
        });

    [Fact]
    public void Differences_change_sign_when_the_groups_are_swapped() =>
        Gen.Select(Gen.Int[1, 200], Gen.Int[0, 200], Gen.Int[1, 200], Gen.Int[0, 200])
            .Where((n1, x1, n2, x2) => x1 <= n1 && x2 <= n2)
            .Sample((n1, x1, n2, x2) =>
        {
            var (there, back) = (CountDifference.Newcombe(x1, n1, x2, n2), CountDifference.Newcombe(x2, n2, x1, n1));
            Assert.Equal(there.Lower, -back.Upper, 1e-12);
            Assert.True(there.Lower >= -1 - 1e-12 && there.Upper <= 1 + 1e-12);
            Assert.Equal(CountDifference.Fisher(x1, n1, x2, n2), CountDifference.Fisher(x2, n2, x1, n1), 1e-9);
        });

    [Fact]
    public void Impossible_counts_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => CountProportion.Wilson(0, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => CountProportion.ClopperPearson(-1, 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => CountProportion.Wald(6, 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => CountDifference.Newcombe(1, 2, 3, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => EffectiveSize.Kish(0, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => MultipleComparisons.Holm([0.5, 1.1]));
    }

    private static void Agrees(Interval interval, double low, double high)
    {
        Assert.Equal(low, interval.Lower, 0.000051);
        Assert.Equal(high, interval.Upper, 0.000051);
    }
}
