namespace WholeSchoolSend.Benchmarks.Polls;

/// <summary>What a reader found in a file: two that read the same find the same.</summary>
internal readonly record struct Tally(double Cells, double Characters, double Sum)
{
    /// <summary>How many numbers a tally takes where a process prints it.</summary>
    public const int Length = 3;

    public static Tally From(double[] printed) => new(printed[0], printed[1], printed[2]);

    public double[] Print() => [Cells, Characters, Sum];

    public Tally Number(double value) => this with { Cells = Cells + 1, Sum = Sum + value };

    public Tally Text(int characters) => characters == 0 ? this : this with { Cells = Cells + 1, Characters = Characters + characters };

    /// <summary>Stops a run of readers that do not read the same. Sums may differ by what adding in another order makes.</summary>
    public static void Compare(IEnumerable<(string Name, Tally Tally)> found)
    {
        var all = found.ToList();
        var first = all[0].Tally;
        if (all.Any(one => (one.Tally.Cells, one.Tally.Characters) != (first.Cells, first.Characters)
            || Math.Abs(one.Tally.Sum - first.Sum) > 1e-12 * Math.Abs(first.Sum)))
            throw new InvalidOperationException($"They do not find the same: {string.Join("; ", all.Select(one => $"{one.Name} {one.Tally}"))}.");
    }
}
