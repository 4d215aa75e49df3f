using System.Text.Json;
using WholeSchoolSend.Core.Statistics;

namespace WholeSchoolSend.Core.Tests.Statistics.Reference;

/// <summary>
/// The respondents of a reference file turned into school totals: nothing behind this class ever sees a respondent, which is the proof that totals suffice.
/// </summary>
internal sealed class ReferenceSample
{
    private readonly CsvTable _table;
    private readonly SampleDesign _design;
    private readonly Func<string[], SampledSchool> _school;
    private readonly Func<string[], double> _weight;

    /// <param name="table">All rows of the sample, also those outside every domain: they count in n_h.</param>
    /// <param name="spec">psu, strata[], weight, fpc: names of columns, null = none.</param>
    public ReferenceSample(CsvTable table, JsonElement spec)
    {
        _table = table;
        var psu = table.Column(spec.GetProperty("psu").GetString()!);
        var strata = Texts(spec, "strata").Select(table.Column).ToArray();
        _school = row => new SampledSchool(psu(row), strata.Length == 0 ? "all" : string.Join('|', strata.Select(column => column(row))));
        _weight = Text(spec, "weight") is { } weight ? row => table.Number(weight)(row)!.Value : _ => 1;
        var schools = table.Rows.Select(_school).Distinct().ToArray();
        _design = Text(spec, "fpc") is { } fpc ? SampleDesign.Of(schools, Populations(table, schools, table.Number(fpc))) : SampleDesign.Of(schools);
    }

    public SampleDesign Design => _design;

    /// <summary>Totals of a share: code gives true, false, or null for an answer outside the base.</summary>
    public DomainTotals Share(Func<string[], bool> where, Func<string[], bool?> code) =>
        Total(where, (totals, row, w) => code(row) is { } success ? totals.Plus(1, w, w * w, success) : null);

    /// <summary>Totals of a mean: score gives null for an answer outside the base.</summary>
    public DomainTotals Mean(Func<string[], bool> where, Func<string[], double?> score) =>
        Total(where, (totals, row, w) => score(row) is { } value ? totals.Plus(1, w, w * w, value) : null);

    /// <summary>The filter of a case: column -> allowed values; an empty array is R's way to write none.</summary>
    public static Func<string[], bool> Where(CsvTable table, JsonElement input)
    {
        if (!input.TryGetProperty("where", out var where) || where.ValueKind != JsonValueKind.Object) return _ => true;
        var filters = where.EnumerateObject()
            .Select(f => (Column: table.Column(f.Name), Allowed: Texts(where, f.Name).ToHashSet(StringComparer.Ordinal)))
            .ToArray();
        return row => filters.All(f => f.Allowed.Contains(f.Column(row)));
    }

    /// <summary>The answer codes of a case: `success` within `valid`, or "value>=k" on numbers.</summary>
    public static Func<string[], bool?> Code(CsvTable table, string variable, JsonElement input)
    {
        var success = input.GetProperty("success");
        if (success.ValueKind == JsonValueKind.String && success.GetString()!.StartsWith("value>=", StringComparison.Ordinal))
        {
            var least = double.Parse(success.GetString()!["value>=".Length..], System.Globalization.CultureInfo.InvariantCulture);
            var number = table.Number(variable);
            return row => number(row) is { } value ? value >= least : null;
        }

        var text = table.Column(variable);
        var successes = Texts(input, "success").ToHashSet(StringComparer.Ordinal);
        var valid = Texts(input, "valid").ToHashSet(StringComparer.Ordinal);
        return row => valid.Contains(text(row)) ? successes.Contains(text(row)) : null;
    }

    public static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    public static IReadOnlyList<string> Texts(JsonElement element, string name)
    {
        if (!element.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null) return [];
        return value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray().Select(v => v.ToString())] : [value.ToString()];
    }

    private DomainTotals Total(Func<string[], bool> where, Func<SchoolSums, string[], double, SchoolSums?> add)
    {
        var totals = new SortedDictionary<int, SchoolSums>();
        foreach (var row in _table.Rows.Where(where))
        {
            var school = _school(row);
            var position = _design.PositionOf(school.School, school.Stratum);
            var soFar = totals.GetValueOrDefault(position, SchoolSums.None(position));
            if (add(soFar, row, _weight(row)) is { } more) totals[position] = more;
        }

        return DomainTotals.Of(_design, totals.Values.ToArray());
    }

    // As R reads a finite population correction: a population size, or a sampled fraction when at most 1.
    private Dictionary<string, double> Populations(CsvTable table, SampledSchool[] schools, Func<string[], double?> fpc)
    {
        var sampled = schools.CountBy(s => s.Stratum).ToDictionary(StringComparer.Ordinal);
        return table.Rows
            .Select(row => (_school(row).Stratum, Correction: fpc(row)!.Value))
            .DistinctBy(s => s.Stratum)
            .ToDictionary(s => s.Stratum, s => s.Correction > 1 ? s.Correction : sampled[s.Stratum] / s.Correction, StringComparer.Ordinal);
    }
}
