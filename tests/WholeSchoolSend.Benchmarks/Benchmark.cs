using System.Globalization;
using WholeSchoolSend.Benchmarks.Kpis;
using WholeSchoolSend.Benchmarks.Polls;
using WholeSchoolSend.Benchmarks.Webhooks;

namespace WholeSchoolSend.Benchmarks;

/// <summary>
/// One thing that is measured beside what it is measured against, in the same run. A new one is a class of its own and a line in <see cref="All"/>;
/// others' engines and data it needs stay with it.
/// </summary>
internal abstract class Benchmark
{
    /// <summary>On the command line.</summary>
    public abstract string Name { get; }

    public abstract string Title { get; }

    /// <summary>What is measured, how, and against what; the budget.</summary>
    public abstract string Words { get; }

    public abstract Task<Findings> RunAsync();

    public static IReadOnlyList<Benchmark> All { get; } =
    [
        new Throughput(), new Decoding(), new StartUp(), new FromResponseToSnapshot(), new ImportOfCsv(), new ReadingOfXlsx(), new ReadingOfSav(), new FromDropToActive(), new AllReadings(), new WeightedTable(), new Growth(),
    ];
}

/// <summary>What a run came to: a table, and sentences under it.</summary>
internal sealed record Findings(IReadOnlyList<string> Heads, IReadOnlyList<IReadOnlyList<string>> Rows, IReadOnlyList<string> Conclusions)
{
    /// <summary>A picture beside the document, as SVG under its file's name; null where there is none.</summary>
    public (string File, string Svg)? Picture { get; init; }
}

/// <summary>Several measurements of one thing.</summary>
internal sealed class Samples
{
    private readonly List<double> _values = [];

    public void Add(double value) => _values.Add(value);

    public bool Any => _values.Count > 0;

    public double Median => Quantile(0.5);

    private double Quantile(double at)
    {
        var sorted = _values.Order().ToList();
        var place = at * (sorted.Count - 1);
        var below = (int)place;
        return below + 1 < sorted.Count ? sorted[below] + ((place - below) * (sorted[below + 1] - sorted[below])) : sorted[below];
    }

    /// <summary>Each divided by the one of the same round: what disturbed both does not count.</summary>
    public Samples Over(Samples baseline)
    {
        var ratios = new Samples();
        foreach (var (mine, theirs) in _values.Zip(baseline._values)) ratios.Add(mine / theirs);
        return ratios;
    }

    /// <summary>Each by so much: another unit of the same thing.</summary>
    public Samples Times(double factor)
    {
        var scaled = new Samples();
        foreach (var value in _values) scaled.Add(value * factor);
        return scaled;
    }

    /// <summary>So many in each time: how many a second.</summary>
    public Samples Rates(double count)
    {
        var rates = new Samples();
        foreach (var value in _values) rates.Add(count / value);
        return rates;
    }

    /// <summary>Median, and the middle half; a dash where nothing was measured.</summary>
    public override string ToString() => !Any ? "–" : $"{Number(Median)} ({Number(Quantile(0.25))}–{Number(Quantile(0.75))})";

    public string Least() => Number(_values.Min());

    private static string Number(double value) => value.ToString(Format(value), CultureInfo.InvariantCulture);

    private static string Format(double value) => Math.Abs(value) switch { >= 100 => "#,0", >= 10 => "0.0", _ => "0.00" };
}
