namespace WholeSchoolSend.Core.Kpis;

/// <summary>Adds responses up to school totals, always in the same order, so that the same rows give the same bits.</summary>
public static class Totalling
{
    /// <summary>
    /// Totals of one school by wave. Of one person's answers to one indicator in one wave and stage the latest submitted counts (of two
    /// submitted together the later row); where there is no pseudonym each counts.
    /// </summary>
    /// <param name="rows">the counted responses of one school, in row-key order.</param>
    public static IReadOnlyList<SchoolTotals> BySchool(IReadOnlyList<CountedResponse> rows) =>
        rows.GroupBy(row => row.Coding.Wave, StringComparer.Ordinal)
            .OrderBy(wave => wave.Key, StringComparer.Ordinal)
            .Select(wave => OneWave(wave.Key, rows[0].Coding.School, wave.ToList()))
            .ToList();

    private static SchoolTotals OneWave(string wave, string school, List<CountedResponse> rows)
    {
        var answers = new List<Answered>();
        var latest = new Dictionary<(string Respondent, string Stage, string Indicator), int>();
        foreach (var row in rows)
            foreach (var observation in row.Coding.Observations)
            {
                var answer = new Answered(row, observation.Indicator, observation.Code, observation.Wording);
                if (row.Coding.Respondent is not { } respondent)
                {
                    answers.Add(answer);
                    continue;
                }
                var key = (respondent, row.Coding.Stage, observation.Indicator);
                if (!latest.TryGetValue(key, out var earlier))
                {
                    latest.Add(key, answers.Count);
                    answers.Add(answer);
                }
                else if (row.Submitted >= answers[earlier].Row.Submitted) answers[earlier] = answer;
            }

        var cells = new CellSums();
        // Who weighs nothing says nothing about anybody else, and must not make a base look larger than it is.
        var wordings = new SortedDictionary<(string Stage, string Indicator, string Wording), (int N, DateTimeOffset Since)>(TripleOrder);
        foreach (var answer in answers.Where(answer => answer.Row.Coding.Weight > 0))
        {
            cells.Add(new CellKey(answer.Row.Coding.Stage, answer.Row.Coding.Role, answer.Indicator, answer.Code, answer.Wording), answer.Row.Coding.Weight);
            if (answer.Wording is not { } wording) continue;
            var asked = (answer.Row.Coding.Stage, answer.Indicator, wording);
            var (n, since) = wordings.GetValueOrDefault(asked, (0, DateTimeOffset.MaxValue));
            wordings[asked] = (n + 1, answer.Row.Submitted < since ? answer.Row.Submitted : since);
        }

        var pairs = new Dictionary<PairKey, Sums>();
        foreach (var ((respondent, stage, indicator), at) in latest)
            if (stage == "pre" && answers[at].Row.Coding.Weight > 0 && latest.TryGetValue((respondent, "post", indicator), out var after))
            {
                var (first, second) = (answers[at], answers[after]);
                CellSums.Add(pairs, new PairKey(indicator, first.Code, second.Code, first.Wording, second.Wording), first.Row.Coding.Weight);
            }

        var people = rows.Select((row, index) => row.Coding.Respondent ?? $"#{index}").Distinct(StringComparer.Ordinal).Count();
        return new SchoolTotals(
            wave, school, people, cells.Totals(),
            pairs.OrderBy(pair => (pair.Key.Indicator, pair.Key.Before, pair.Key.After), TripleOrder)
                .ThenBy(pair => (pair.Key.WordingBefore ?? "", pair.Key.WordingAfter ?? "", ""), TripleOrder)
                .Select(pair => new PairTotal(pair.Key.Indicator, pair.Key.Before, pair.Key.After, pair.Value.N, pair.Value.W, pair.Value.Q)
                {
                    WordingBefore = pair.Key.WordingBefore,
                    WordingAfter = pair.Key.WordingAfter,
                })
                .ToList())
        {
            Wordings = wordings.Count == 0 ? null : wordings
                .Select(one => new WordingTotal(one.Key.Stage, one.Key.Indicator, one.Key.Wording, one.Value.N, one.Value.Since.ToUniversalTime()))
                .ToList(),
        };
    }

    private static readonly Comparer<(string A, string B, string C)> TripleOrder = Comparer<(string A, string B, string C)>.Create((left, right) =>
        string.CompareOrdinal(left.A, right.A) is not 0 and var first ? first
        : string.CompareOrdinal(left.B, right.B) is not 0 and var second ? second
        : string.CompareOrdinal(left.C, right.C));

    private sealed record Answered(CountedResponse Row, string Indicator, string Code, string? Wording);

    private readonly record struct PairKey(string Indicator, string Before, string After, string? WordingBefore, string? WordingAfter);
}

/// <summary>Which cell of a school an answer falls into.</summary>
/// <param name="Wording">of the question; null where it is not known.</param>
public readonly record struct CellKey(string Stage, string Role, string Indicator, string Code, string? Wording = null)
{
    /// <summary>By stage, role, indicator, code and wording: the one order of cells.</summary>
    public static Comparer<CellKey> Order { get; } = Comparer<CellKey>.Create((left, right) =>
        string.CompareOrdinal(left.Stage, right.Stage) is not 0 and var stage ? stage
        : string.CompareOrdinal(left.Role, right.Role) is not 0 and var role ? role
        : string.CompareOrdinal(left.Indicator, right.Indicator) is not 0 and var indicator ? indicator
        : string.CompareOrdinal(left.Code, right.Code) is not 0 and var code ? code
        : string.CompareOrdinal(left.Wording, right.Wording));
}

/// <summary>Running sums of one cell: respondents, weights, squared weights.</summary>
public readonly record struct Sums(int N, double W, double Q)
{
    public Sums Plus(double weight) => new(N + 1, W + weight, Q + (weight * weight));
}

/// <summary>The cells of one school while its rows are being added up.</summary>
public sealed class CellSums
{
    private readonly Dictionary<CellKey, Sums> _cells = [];

    /// <summary>Adds one answer.</summary>
    public void Add(CellKey cell, double weight) => Add(_cells, cell, weight);

    /// <summary>The cells so far, in order.</summary>
    public IReadOnlyList<CellTotal> Totals() => _cells
        .OrderBy(cell => cell.Key, CellKey.Order)
        .Select(cell => new CellTotal(cell.Key.Stage, cell.Key.Role, cell.Key.Indicator, cell.Key.Code, cell.Value.N, cell.Value.W, cell.Value.Q)
        {
            Wording = cell.Key.Wording,
        })
        .ToList();

    internal static void Add<TKey>(Dictionary<TKey, Sums> sums, TKey key, double weight)
        where TKey : notnull
    {
        ref var sum = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(sums, key, out _);
        sum = sum.Plus(weight);
    }
}
