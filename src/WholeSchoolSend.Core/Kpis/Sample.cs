using WholeSchoolSend.Core.Statistics;

namespace WholeSchoolSend.Core.Kpis;

/// <summary>Whom a domain of a sample takes in.</summary>
internal enum Arms
{
    Engaged,
    Wider,
    Both,
}

/// <summary>The sample of one collection in one wave: its schools with group and phase as strata, and their totals.</summary>
internal sealed class Sample
{
    private const string EngagedWithoutSchools = "engaged|";

    private readonly (SchoolTotals Totals, bool Engaged, string Phase, int Position)[] _schools;
    private readonly WordingSeries _series;
    private readonly Dictionary<(string Stage, string Indicator), WordingChoice> _choices = [];

    public Sample(IReadOnlyList<EvidenceSource> sources, EngagementRegister register, DateOnly fieldwork, WordingSeries series)
    {
        _series = series;
        SourceNames = sources.Select(source => source.Name).ToList();
        // A poll file without schools brings its own group and stratum in place of a school's number.
        HasSchools = sources.All(source => source.Totals.All(totals => !totals.School.Contains('|', StringComparison.Ordinal)));
        var placed = sources.SelectMany(source => source.Totals)
            .Select(totals => (Totals: totals, School: HasSchools ? register.Current(totals.School) : totals.School))
            .Select(row => (row.Totals, row.School, Engaged: HasSchools ? register.IsEngaged(row.School, fieldwork) : row.School.StartsWith(EngagedWithoutSchools, StringComparison.Ordinal), Phase: register.PhaseOf(row.School)))
            .ToList();
        Design = SampleDesign.Of(placed.Select(row => new SampledSchool(row.School, Stratum(row.Engaged, row.Phase))));
        _schools = placed
            .Select(row => (row.Totals, row.Engaged, row.Phase, Position: Design.PositionOf(row.School, Stratum(row.Engaged, row.Phase))))
            .OrderBy(row => row.Position)
            .ToArray();
    }

    public IReadOnlyList<string> SourceNames { get; }

    /// <summary>False for a poll that came without schools: nothing is known about clusters then.</summary>
    public bool HasSchools { get; }

    public SampleDesign Design { get; }

    /// <summary>Totals of every school with its group and phase, in school order; several where several sources or a predecessor have some.</summary>
    public IEnumerable<(SchoolTotals Totals, bool Engaged, string Phase, int Position)> Schools => _schools;

    /// <summary>Those of a share's base, one row for each school that has any, in school order.</summary>
    public SchoolSums[] Rows(Share share, Arms arms, string? phase = null) => Rows(
        arms, phase,
        (row, cell) => cell.Stage == share.Stage && cell.Indicator == share.Indicator && share.Roles.Contains(cell.Role) && share.Valid.Contains(cell.Code) && Counts(cell)
            ? row.Plus(cell.N, cell.W, cell.Q, share.Success.Contains(cell.Code))
            : row);

    /// <summary>Those who gave an answer that is worth a score.</summary>
    public SchoolSums[] Rows(string stage, Indicator indicator, IReadOnlyList<string>? roles, Arms arms) => Rows(
        arms, null,
        (row, cell) => cell.Stage == stage && cell.Indicator == indicator.Id && (roles is null || roles.Contains(cell.Role)) && indicator.Scores!.TryGetValue(cell.Code, out var score) && Counts(cell)
            ? row.Plus(cell.N, cell.W, cell.Q, score)
            : row);

    /// <summary>Matched pairs of a question, both answers to the wordings that count.</summary>
    public IEnumerable<PairTotal> Pairs(SchoolTotals school, string indicator) => school.Pairs.Where(pair => pair.Indicator == indicator
        && Counts("pre", indicator, pair.WordingBefore) && Counts("post", indicator, pair.WordingAfter));

    /// <summary>Is this answer to words that count, rather than to others that are held apart?</summary>
    public bool Counts(CellTotal cell) => Counts(cell.Stage, cell.Indicator, cell.Wording);

    /// <summary>The wording that began the series a reading's figures are of; null where nobody answered, or the reading asks at two stages.</summary>
    public string? RootOf(Measure measure) => measure is { StageOf: { } stage, IndicatorOf: { } indicator } ? ChoiceOf(stage, indicator).Root : null;

    /// <summary>The result with which wording it is of, and how many answers to other words it leaves out.</summary>
    public ReadingResult Worded(ReadingResult result, Measure measure)
    {
        if (measure is not { StageOf: { } stage, IndicatorOf: { } indicator } || ChoiceOf(stage, indicator) is not { Root: { } root } choice) return result;
        var named = result with { Wording = _series.NameOf(stage, indicator, root), IsHeld = result.IsHeld || choice.IsOpen };
        if (choice.Others.Count == 0) return named;
        var apart = _schools.SelectMany(school => school.Totals.Cells).Where(cell => cell.Stage == stage && cell.Indicator == indicator && measure.IsValid(cell) && !Counts(cell)).Sum(cell => cell.N);
        var since = choice.Others.Select(other => _series.SinceOf(stage, indicator, other)).Min();
        return named with { HeldApart = new HeldApart(apart, since is { } first ? DateOnly.FromDateTime(first.UtcDateTime) : null) };
    }

    public DomainTotals Domain(SchoolSums[] rows) => DomainTotals.Of(Design, rows);

    private SchoolSums[] Rows(Arms arms, string? phase, Func<SchoolSums, CellTotal, SchoolSums> add)
    {
        var rows = new List<SchoolSums>();
        foreach (var (totals, engaged, itsPhase, position) in _schools)
        {
            if (arms != Arms.Both && engaged != (arms == Arms.Engaged)) continue;
            if (phase is not null && itsPhase != phase) continue;
            var isSameSchool = rows.Count > 0 && rows[^1].School == position;
            var row = isSameSchool ? rows[^1] : SchoolSums.None(position);
            foreach (var cell in totals.Cells) row = add(row, cell);
            if (isSameSchool) rows[^1] = row;
            else if (row.Responses > 0) rows.Add(row);
        }
        return [.. rows];
    }

    private bool Counts(string stage, string indicator, string? wording)
    {
        var choice = ChoiceOf(stage, indicator);
        return choice.Others.Count == 0 || _series.RootOf(stage, indicator, wording) == choice.Root;
    }

    /// <summary>Of the wordings of a question in this wave those that count.</summary>
    private WordingChoice ChoiceOf(string stage, string indicator)
    {
        if (!_choices.TryGetValue((stage, indicator), out var choice))
            _choices.Add((stage, indicator), choice = WordingChoice.Of(_series, _schools.Select(school => school.Totals), stage, indicator));
        return choice;
    }

    private static string Stratum(bool engaged, string phase) => $"{(engaged ? "engaged" : "wider")}|{phase}";
}
