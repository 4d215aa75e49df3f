namespace WholeSchoolSend.Simulator;

/// <summary>Repeatable chance: the same seed gives the same draws on every machine, and named streams do not disturb one another.</summary>
/// <remarks>
/// SplitMix64: Steele, Lea and Flood (2014), OOPSLA, doi 10.1145/2660193.2660195. Only sums and products are used on the draws,
/// never <c>Math.Exp</c> and its like, whose last bit may differ between processors.
/// </remarks>
internal sealed class Chance(ulong seed)
{
    private ulong _drawn;

    /// <summary>A stream of its own, named so that a change to one part of the year leaves the others as they were.</summary>
    public Chance Split(string name)
    {
        var hash = 14695981039346656037UL; // FNV-1a
        foreach (var letter in name) hash = unchecked((hash ^ letter) * 1099511628211UL);
        return new Chance(Mix(seed ^ hash));
    }

    /// <summary>0 ≤ draw &lt; 1.</summary>
    public double Unit() => (Next() >> 11) * (1.0 / (1UL << 53));

    public double Between(double low, double high) => low + (high - low) * Unit();

    public int Below(int limit) => (int)(Unit() * limit);

    public bool Happens(double probability) => Unit() < probability;

    public T Pick<T>(IReadOnlyList<T> from) => from[Below(from.Count)];

    /// <summary>One of several with unequal shares; the shares need not add up to 1.</summary>
    public T Pick<T>(IReadOnlyList<(T Value, double Share)> from)
    {
        var left = Unit() * from.Sum(one => one.Share);
        foreach (var (value, share) in from)
            if ((left -= share) < 0) return value;
        return from[^1].Value;
    }

    public DateOnly Weekday(DateOnly from, DateOnly to)
    {
        var day = from.AddDays(Below(to.DayNumber - from.DayNumber + 1));
        return day.DayOfWeek switch { DayOfWeek.Saturday => day.AddDays(-1), DayOfWeek.Sunday => day.AddDays(-2), _ => day };
    }

    public string Text(string alphabet, int length) => string.Create(length, this, (text, chance) =>
    {
        for (var i = 0; i < text.Length; i++) text[i] = alphabet[chance.Below(alphabet.Length)];
    });

    public List<T> Shuffled<T>(IEnumerable<T> from)
    {
        List<T> list = [.. from];
        for (var i = list.Count - 1; i > 0; i--)
        {
            var j = Below(i + 1);
            (list[i], list[j]) = (list[j], list[i]);
        }
        return list;
    }

    private ulong Next() => Mix(unchecked(seed + ++_drawn * 0x9E3779B97F4A7C15UL));

    private static ulong Mix(ulong z)
    {
        z = unchecked((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL);
        z = unchecked((z ^ (z >> 27)) * 0x94D049BB133111EBUL);
        return z ^ (z >> 31);
    }
}
