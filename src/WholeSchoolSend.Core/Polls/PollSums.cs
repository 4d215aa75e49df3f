using WholeSchoolSend.Core.Kpis;

namespace WholeSchoolSend.Core.Polls;

/// <summary>What the rows of a poll file that were loaded add up to, by school. It grows with schools and cells, not with rows.</summary>
internal sealed class PollSums
{
    private readonly SortedDictionary<string, SchoolSums> _sums = new(StringComparer.Ordinal);
    private readonly List<(string Stage, string Role)> _cohorts = [];

    /// <summary>Schools with a row that was loaded.</summary>
    public int Schools => _sums.Values.Count(school => school.Respondents > 0);

    public SchoolSums Of(string school)
    {
        if (!_sums.TryGetValue(school, out var sums)) _sums.Add(school, sums = new SchoolSums());
        return sums;
    }

    /// <summary>The number of a cohort, by which a school keeps its sums.</summary>
    public int Cohort(string stage, string role)
    {
        // Stages and roles are a handful, and most rows are of the first.
        for (var i = 0; i < _cohorts.Count; i++)
            if (_cohorts[i].Role == role && _cohorts[i].Stage == stage) return i;
        _cohorts.Add((stage, role));
        return _cohorts.Count - 1;
    }

    /// <summary>Totals of every school, in school order.</summary>
    /// <param name="codes">every answer code of every item, and where its sums stand.</param>
    public IReadOnlyList<SchoolTotals> Totals(string wave, IEnumerable<(string Indicator, string Code, int At)> codes)
    {
        // The one order of cells (CellKey.Order), found once for all schools.
        var cohorts = Enumerable.Range(0, _cohorts.Count)
            .OrderBy(cohort => _cohorts[cohort].Stage, StringComparer.Ordinal)
            .ThenBy(cohort => _cohorts[cohort].Role, StringComparer.Ordinal).ToList();
        var inOrder = codes.OrderBy(code => code.Indicator, StringComparer.Ordinal).ThenBy(code => code.Code, StringComparer.Ordinal).ToList();
        var totals = new List<SchoolTotals>();
        foreach (var (school, sums) in _sums.Where(school => school.Value.Respondents > 0))
        {
            var cells = new List<CellTotal>(sums.Count());
            foreach (var cohort in cohorts)
            {
                if (sums.Find(cohort) is not { } found) continue;
                foreach (var (indicator, code, at) in inOrder)
                    if (found[at] is { N: > 0 } cell)
                        cells.Add(new CellTotal(_cohorts[cohort].Stage, _cohorts[cohort].Role, indicator, code, cell.N, cell.W, cell.Q));
            }
            totals.Add(new SchoolTotals(wave, school, sums.Respondents, cells, []));
        }
        return totals;
    }
}

/// <summary>The sums of one school, by cohort (stage and role); of each as many as all items have answer codes, an item's beside each other.</summary>
internal sealed class SchoolSums
{
    private readonly List<Sums[]?> _cohorts = [];

    public int Respondents { get; set; }

    /// <summary>Of an organisation: the stages it was seen at.</summary>
    public HashSet<string> Stages => field ??= new HashSet<string>(StringComparer.Ordinal);

    public Sums[] Of(int cohort, int codes)
    {
        while (_cohorts.Count <= cohort) _cohorts.Add(null);
        return _cohorts[cohort] ??= new Sums[codes];
    }

    public Sums[]? Find(int cohort) => cohort < _cohorts.Count ? _cohorts[cohort] : null;

    /// <summary>Cells that hold somebody.</summary>
    public int Count() => _cohorts.Sum(cohort => cohort is null ? 0 : cohort.Count(sums => sums.N > 0));
}
