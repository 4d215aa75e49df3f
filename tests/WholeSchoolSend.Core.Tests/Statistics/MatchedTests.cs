using CsCheck;
using WholeSchoolSend.Core.Statistics;

namespace WholeSchoolSend.Core.Tests.Statistics;

public sealed class MatchedTests
{
    // Newcombe (1998), Stat. Med. 17:2635-2650, table II, method 10.
    [Theory]
    [InlineData(36, 12, 2, 0, 0.0569, 0.3404)]
    public void Paired_interval_agrees_with_the_published_table(int a, int b, int c, int d, double low, double high)
    {
        // The table is of before less after, ours of after less before.
        var interval = MatchedShares.Newcombe(new PairCounts(a, c, b, d));
        Assert.Equal(low, interval.Lower, 0.000051);
        Assert.Equal(high, interval.Upper, 0.000051);
    }

    // Critical values of the two-sided 5 % signed-rank test (Wilcoxon 1945 and every table since): n, largest significant T.
    [Theory]
    [InlineData(6, 0)]
    [InlineData(7, 2)]
    [InlineData(8, 3)]
    [InlineData(9, 5)]
    [InlineData(10, 8)]
    [InlineData(12, 13)]
    [InlineData(15, 25)]
    public void Exact_signed_rank_has_the_published_critical_values(int n, int critical)
    {
        Assert.True(SignedRank.ExactPValue(WithRankSum(n, critical)) <= 0.05);
        Assert.True(SignedRank.ExactPValue(WithRankSum(n, critical + 1)) > 0.05);
    }

    [Theory]
    [InlineData(5, 0.0625)]
    [InlineData(6, 0.03125)]
    public void Few_changed_pairs_cannot_be_significant(int rises, double p)
    {
        Assert.Equal(p, SignTest.PValue(rises, 0), 1e-12);
        Assert.Equal(p, SignedRank.ExactPValue(new DifferenceHistogram([0, 0, 3, rises, 0])), 1e-12);
    }

    [Fact]
    public void Where_as_many_rose_as_fell_an_exact_p_value_is_1_exactly()
    {
        for (var n = 1; n <= 120; n++)
        {
            Assert.Equal(1, SignTest.PValue(n, n));
            Assert.Equal(1, SignTest.PValue(n, n + 1));
            Assert.Equal(1, SignedRank.ExactPValue(new DifferenceHistogram([n, 4, n])));
            Assert.Equal(1, SignedRank.ExactPValue(new DifferenceHistogram([n, 4, n + 1])));
            Assert.InRange(SignTest.PValue(n, n + 2), 0.3, 1 - 1e-3);
        }
    }

    [Fact]
    public void Exact_signed_rank_is_the_sign_test_when_all_changes_are_equal() =>
        Gen.Select(Gen.Int[0, 30], Gen.Int[0, 30]).Sample((rises, falls) =>
            Assert.Equal(SignTest.PValue(rises, falls), SignedRank.ExactPValue(new DifferenceHistogram([falls, 4, rises])), 1e-12));

    [Fact]
    public void Exact_signed_rank_agrees_with_the_normal_approximation_for_many_pairs() =>
        Gen.Int[5, 15].Array[9].Sample(counts =>
        {
            var differences = new DifferenceHistogram(counts);
            Assert.Equal(SignedRank.Test(differences).Test!.PValue, SignedRank.ExactPValue(differences), 0.02);
        });

    [Fact]
    public void Tests_of_pairs_do_not_depend_on_direction() =>
        Gen.Int[0, 12].Array[4].Where(n => n.Sum() > 0).Sample(n =>
        {
            var (pairs, turned) = (new PairCounts(n[0], n[1], n[2], n[3]), new PairCounts(n[0], n[2], n[1], n[3]));
            Assert.Equal(MatchedShares.ExactPValue(pairs), MatchedShares.ExactPValue(turned), 1e-12);
            Assert.True(MatchedShares.MidPValue(pairs) <= MatchedShares.ExactPValue(pairs));
            Assert.Equal(MatchedShares.Newcombe(pairs).Lower, -MatchedShares.Newcombe(turned).Upper, 1e-12);
            Assert.True(MatchedShares.Newcombe(pairs).Contains(pairs.Difference));
        });

    [Fact]
    public void One_pair_a_school_makes_the_clustered_tests_the_plain_ones()
    {
        PairCounts[] schools = [.. Enumerable.Repeat(new PairCounts(0, 1, 0, 0), 4), .. Enumerable.Repeat(new PairCounts(0, 0, 1, 0), 9), default];
        Assert.Equal(25.0 / 13, MatchedShares.Durkalski(schools)!.Statistic, 1e-12);
        Assert.Equal(12.0 / 13 * 25 / 13, MatchedShares.Obuchowski(schools)!.Statistic, 1e-12);
        Assert.Equal(25.0 / 13, MatchedShares.McNemar(schools.Aggregate(PairCounts.Add))!.Statistic, 1e-12);
    }

    [Fact]
    public void Nobody_changed_gives_no_test()
    {
        var same = new DifferenceHistogram([0, 7, 0]);
        Assert.Null(SignedRank.Test(same).Test);
        Assert.Null(SignedRank.Clustered([same]));
        Assert.Equal(1, SignedRank.ExactPValue(same));
        Assert.Null(PairedMeans.Estimate(same)!.Test);
        Assert.Null(MatchedShares.McNemar(new PairCounts(5, 0, 0, 2)));
        Assert.Equal(1, MatchedShares.MidPValue(new PairCounts(5, 0, 0, 2)));
    }

    [Fact]
    public void Histogram_without_a_middle_is_refused() => Assert.Throws<ArgumentException>(() => new DifferenceHistogram([1, 2]));

    // n changes of sizes 1..n, all falls but those whose ranks make up the sum.
    private static DifferenceHistogram WithRankSum(int n, int sum)
    {
        var counts = new int[(2 * n) + 1];
        for (var size = n; size >= 1; size--)
        {
            var rises = sum >= size;
            if (rises) sum -= size;
            counts[n + (rises ? size : -size)] = 1;
        }

        return new DifferenceHistogram(counts);
    }
}
