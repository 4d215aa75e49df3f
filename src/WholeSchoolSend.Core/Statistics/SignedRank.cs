using System.Collections.Immutable;

namespace WholeSchoolSend.Core.Statistics;

/// <summary>
/// How many pairs changed by how many steps of the scale: counts from the largest fall to the largest rise, no change in the middle.
/// A five-point scale has nine bins, -4 to 4.
/// </summary>
public sealed class DifferenceHistogram
{
    private readonly ImmutableArray<int> _counts;

    /// <summary>Counts from the largest fall to the largest rise; their number is odd.</summary>
    public DifferenceHistogram(IEnumerable<int> counts)
    {
        ArgumentNullException.ThrowIfNull(counts);
        _counts = [.. counts];
        if (_counts.Length % 2 == 0) throw new ArgumentException("A histogram of differences has a middle bin, so an odd number of bins.", nameof(counts));
        foreach (var count in _counts) ArgumentOutOfRangeException.ThrowIfNegative(count, nameof(counts));
    }

    /// <summary>Counts from the largest fall to the largest rise.</summary>
    public IReadOnlyList<int> Counts => _counts;

    /// <summary>The largest change the histogram can hold.</summary>
    public int Steps => _counts.Length / 2;

    /// <summary>Pairs that changed by this many steps.</summary>
    public int this[int difference] => _counts[difference + Steps];

    /// <summary>All pairs.</summary>
    public int Pairs => _counts.Sum();

    /// <summary>Pairs that changed.</summary>
    public int Changed => Pairs - this[0];

    /// <summary>Sum of the changes.</summary>
    public long Sum => Enumerable.Range(-Steps, _counts.Length).Sum(d => (long)d * this[d]);

    /// <summary>Sum of the squared changes.</summary>
    public long SumOfSquares => Enumerable.Range(-Steps, _counts.Length).Sum(d => (long)d * d * this[d]);

    /// <summary>The mid-rank of a change of this size among all changes, by absolute value.</summary>
    internal double MidRank(int size)
    {
        var below = 0;
        for (var d = 1; d < size; d++) below += Tied(d);
        return below + ((Tied(size) + 1) / 2.0);
    }

    internal int Tied(int size) => this[size] + this[-size];
}

/// <summary>Wilcoxon's signed-rank tests for paired ordinal answers, from histograms of their differences.</summary>
public static class SignedRank
{
    /// <summary>The sum of the ranks of rises, its variance under no change, and the z and p-values with and without continuity correction.</summary>
    public sealed record Result(int Changed, double RankSum, double Expected, double Variance, SignificanceTest? Test, SignificanceTest? Corrected);

    /// <summary>The normal approximation, no change dropped, ties at their mid-rank.</summary>
    /// <remarks>
    /// Wilcoxon (1945), Biometrics Bull. 1:80-83; variance n(n+1)(2n+1)/24 less Σ(t³-t)/48 for ties: Lehmann (1975), Nonparametrics; as R's wilcox.test
    /// with exact = FALSE. Differences of an ordinal scale are ranked as if steps were comparable. Ignores schools: see <see cref="Clustered"/>.
    /// </remarks>
    public static Result Test(DifferenceHistogram differences)
    {
        ArgumentNullException.ThrowIfNull(differences);
        double n = differences.Changed;
        double rises = 0, ties = 0;
        for (var d = 1; d <= differences.Steps; d++)
        {
            double tied = differences.Tied(d);
            rises += differences[d] * differences.MidRank(d);
            ties += (tied * tied * tied) - tied;
        }

        var expected = n * (n + 1) / 4;
        var variance = (n * (n + 1) * ((2 * n) + 1) / 24) - (ties / 48);
        var deviation = rises - expected;
        return new Result(
            differences.Changed,
            rises,
            expected,
            variance,
            SignificanceTest.Normal(deviation / Math.Sqrt(variance), "Wilcoxon signed rank, normal"),
            SignificanceTest.Normal((deviation - (0.5 * Math.Sign(deviation))) / Math.Sqrt(variance), "Wilcoxon signed rank, normal, continuity correction"));
    }

    /// <summary>The exact two-sided p-value, over all ways the signs could have fallen; for small panels.</summary>
    /// <remarks>
    /// Wilcoxon (1945), Biometrics Bull. 1:80-83; with ties the ranks are the mid-ranks and the distribution that of their sums (Pratt and Gibbons 1981,
    /// Concepts of Nonparametric Theory), counted by adding one rank at a time. Twice the smaller tail, so with five or fewer changed it is never below
    /// 0.0625. Held to 500 changed pairs: beyond, the normal approximation is as good.
    /// </remarks>
    public static double ExactPValue(DifferenceHistogram differences)
    {
        ArgumentNullException.ThrowIfNull(differences);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(differences.Changed, 500, nameof(differences));
        var n = differences.Changed;
        if (n == 0) return 1;

        // Mid-ranks are halves: twice the rank is whole. probability[s] = P(twice the rank sum of rises = s).
        var probability = new double[(n * (n + 1)) + 1];
        probability[0] = 1;
        int top = 0, observed = 0;
        for (var d = 1; d <= differences.Steps; d++)
        {
            var twiceRank = (int)(2 * differences.MidRank(d));
            observed += differences[d] * twiceRank;
            for (var pair = 0; pair < differences.Tied(d); pair++)
            {
                for (var s = top; s >= 0; s--)
                {
                    var half = probability[s] / 2;
                    probability[s] = half;
                    probability[s + twiceRank] += half;
                }

                top += twiceRank;
            }
        }

        var smaller = Math.Min(observed, top - observed);
        // Where no sum lies between the two tails they are everything, which the sum of many small terms falls short of.
        var isEverything = top - smaller <= smaller + 1 || !probability.AsSpan((smaller + 1)..(top - smaller)).ContainsAnyExcept(0.0);
        return isEverything ? 1 : Math.Min(1, 2 * probability.AsSpan(0, smaller + 1).ToArray().Sum());
    }

    /// <summary>The signed-rank test with schools as clusters: ranks over all pairs, summed with their signs within each school.</summary>
    /// <remarks>
    /// Rosner, Glynn and Lee (2006), Biometrics 62:185-192, unadjusted for cluster size: z = ΣS/√ΣS². Nothing when nobody changed. Needs some twenty schools.
    /// </remarks>
    public static SignificanceTest? Clustered(IReadOnlyList<DifferenceHistogram> schools)
    {
        ArgumentNullException.ThrowIfNull(schools);
        if (schools.Count == 0) return null;
        var steps = schools.Max(s => s.Steps);
        var all = new DifferenceHistogram(Enumerable.Range(-steps, (2 * steps) + 1).Select(d => schools.Sum(s => Math.Abs(d) <= s.Steps ? s[d] : 0)));
        double sum = 0, squares = 0;
        foreach (var school in schools)
        {
            var ranks = 0.0;
            for (var d = 1; d <= school.Steps; d++) ranks += (school[d] - school[-d]) * all.MidRank(d);
            sum += ranks;
            squares += ranks * ranks;
        }

        return SignificanceTest.Normal(sum / Math.Sqrt(squares), "signed rank, clustered (Rosner, Glynn and Lee)");
    }
}
