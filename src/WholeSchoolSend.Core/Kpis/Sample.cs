using System.Buffers;
using System.Runtime.InteropServices;
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
    private readonly string[] _phases;
    private readonly WordingSeries _series;
    private readonly Lazy<Dictionary<(string Stage, string Indicator), AskedQuestion>> _questions;

    public Sample(IReadOnlyList<EvidenceSource> sources, EngagementRegister register, DateOnly fieldwork, WordingSeries series)
    {
        _series = series;
        SourceNames = sources.Select(source => source.Name).ToList();
        // A poll file without schools brings its own group and stratum in place of a school's number.
        HasSchools = sources.All(source => source.Totals.All(totals => !totals.School.Contains('|', StringComparison.Ordinal)));
        var strata = new Dictionary<(bool Engaged, string Phase), string>();
        var placed = new List<(SchoolTotals Totals, bool Engaged, string Phase, SampledSchool School)>();
        foreach (var totals in sources.SelectMany(source => source.Totals))
        {
            var school = HasSchools ? register.Current(totals.School) : totals.School;
            var engaged = HasSchools ? register.IsEngaged(school, fieldwork) : school.StartsWith(EngagedWithoutSchools, StringComparison.Ordinal);
            var phase = register.PhaseOf(school);
            if (!strata.TryGetValue((engaged, phase), out var stratum))
                strata.Add((engaged, phase), stratum = $"{(engaged ? "engaged" : "wider")}|{phase}");
            placed.Add((totals, engaged, phase, new SampledSchool(school, stratum)));
        }
        Design = SampleDesign.Of(placed.Select(row => row.School));
        _schools = InOrder(placed);
        _phases = new string[Design.SchoolCount];
        foreach (var school in _schools) _phases[school.Position] = school.Phase;
        EngagedPhases = [.. strata.Keys.Where(stratum => stratum.Engaged).Select(stratum => stratum.Phase).Order(StringComparer.Ordinal)];
        _questions = new(Questions);
    }

    public IReadOnlyList<string> SourceNames { get; }

    /// <summary>False for a poll that came without schools: nothing is known about clusters then.</summary>
    public bool HasSchools { get; }

    public SampleDesign Design { get; }

    /// <summary>Phases of the engaged schools, in one order.</summary>
    public IReadOnlyList<string> EngagedPhases { get; }

    /// <summary>Totals of every school with its group and phase, in school order; several where several sources or a predecessor have some.</summary>
    public IEnumerable<(SchoolTotals Totals, bool Engaged, string Phase, int Position)> Schools => _schools;

    /// <summary>Those in a share's base.</summary>
    public DomainTotals Domain(Share share, Arms arms) => Domain(
        share.Stage, share.Indicator, arms, share.Roles.Contains,
        code => share.Valid.Contains(code) ? (share.Success.Contains(code) ? Worth.Success : Worth.Other) : null);

    /// <summary>Those who gave an answer that is worth a score.</summary>
    public DomainTotals Domain(string stage, Indicator indicator, IReadOnlyList<string>? roles, Arms arms) => Domain(
        stage, indicator.Id, arms, role => roles is null || roles.Contains(role),
        code => indicator.Scores!.TryGetValue(code, out var score) ? new Worth(score) : null);

    /// <summary>Those of a domain whose schools are of one phase.</summary>
    public DomainTotals InPhase(DomainTotals domain, string phase)
    {
        var rows = ArrayPool<SchoolSums>.Shared.Rent(domain.Schools.Length);
        var count = 0;
        foreach (ref readonly var row in domain.Schools.Span)
            if (_phases[row.School] == phase) rows[count++] = row;
        return DomainTotals.OfRented(Design, rows, count);
    }

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
        using var apart = _questions.Value[(stage, indicator)].Domain(
            Design, Arms.Both, measure.CountsRole, code => measure.IsValid(code) ? Worth.Other : null, apart: true);
        var since = choice.Others.Select(other => _series.SinceOf(stage, indicator, other)).Min();
        return named with { HeldApart = new HeldApart(apart.Responses, since is { } first ? DateOnly.FromDateTime(first.UtcDateTime) : null) };
    }

    /// <summary>The result, which says of figures of nobody whether anybody was asked.</summary>
    public ReadingResult Asked(ReadingResult result, Measure measure)
    {
        if (measure.IndicatorOf is not { } indicator || _questions.Value.Keys.Any(question => question.Indicator == indicator && (measure.StageOf is not { } stage || question.Stage == stage))) return result;
        const string why = "the question was not asked";
        return result with
        {
            Reason = result.ReasonCode == ReasonCode.NoData ? why : result.Reason,
            ReasonCode = result.ReasonCode == ReasonCode.NoData ? ReasonCode.NotAsked : result.ReasonCode,
            Figures = [.. result.Figures.Select(figure => figure.Base == 0 ? figure with { Reason = why, ReasonCode = ReasonCode.NotAsked } : figure)],
        };
    }

    private (SchoolTotals Totals, bool Engaged, string Phase, int Position)[] InOrder(
        List<(SchoolTotals Totals, bool Engaged, string Phase, SampledSchool School)> placed)
    {
        var schools = new (SchoolTotals Totals, bool Engaged, string Phase, int Position)[placed.Count];
        var (last, isInOrder) = (-1, true);
        for (var at = 0; at < schools.Length; at++)
        {
            var (totals, engaged, phase, school) = placed[at];
            // Totals come in the order of schools from most sources: then it is the school after the last.
            var position = last + 1 < Design.SchoolCount && Design[last + 1] == school ? last + 1 : Design.PositionOf(school.School, school.Stratum);
            isInOrder &= position >= last;
            schools[at] = (totals, engaged, phase, last = position);
        }
        return isInOrder ? schools : [.. schools.OrderBy(school => school.Position)];
    }

    private DomainTotals Domain(string stage, string indicator, Arms arms, Func<string, bool> role, Func<string, Worth?> worth) =>
        _questions.Value.TryGetValue((stage, indicator), out var question)
            ? question.Domain(Design, arms, role, worth)
            : DomainTotals.Of(Design, ReadOnlyMemory<SchoolSums>.Empty);

    private bool Counts(string stage, string indicator, string? wording)
    {
        var choice = ChoiceOf(stage, indicator);
        return choice.Others.Count == 0 || _series.RootOf(stage, indicator, wording) == choice.Root;
    }

    /// <summary>Of the wordings of a question in this wave those that count.</summary>
    private WordingChoice ChoiceOf(string stage, string indicator) => _questions.Value.GetValueOrDefault((stage, indicator))?.Choice ?? WordingChoice.None;

    /// <summary>All cells by question, read once: a reading then looks at those of its own question only.</summary>
    private Dictionary<(string Stage, string Indicator), AskedQuestion> Questions()
    {
        var questions = new Dictionary<(string Stage, string Indicator), AskedQuestion>();
        AskedQuestion? last = null;
        foreach (var (totals, engaged, _, position) in _schools)
            foreach (var cell in CollectionsMarshal.AsSpan(totals.Cells as List<CellTotal> ?? [.. totals.Cells]))
            {
                var question = last?.Next is { } next && next.IsOf(cell) ? next : last is not null && last.IsOf(cell) ? last : Find(cell);
                if (last is not null && last != question) last.Next = question;
                question.Add(position, engaged, cell);
                last = question;
            }
        foreach (var question in questions.Values) question.Choose(_series);
        return questions;

        AskedQuestion Find(CellTotal cell)
        {
            if (!questions.TryGetValue((cell.Stage, cell.Indicator), out var question))
                questions.Add((cell.Stage, cell.Indicator), question = new AskedQuestion(cell.Stage, cell.Indicator, Design.SchoolCount));
            return question;
        }
    }
}
