using System.Text.Json;
using WholeSchoolSend.Core.Disclosure;
using WholeSchoolSend.Core.Schools;
using WholeSchoolSend.Core.Statistics;

namespace WholeSchoolSend.Core.Kpis;

/// <summary>Evaluates the catalogue on the evidence: pure, the same evidence gives the same bytes.</summary>
public static class Evaluation
{
    /// <summary>Every reading of every wave it has evidence for, as the rows of one run.</summary>
    public static KpiRun Run(Catalogue catalogue, Evidence evidence, DisclosurePolicy policy)
    {
        var uses = Collections(evidence).SelectMany(collection => Series(evidence, collection).Uses()).ToList();
        var frame = new RunFrame(catalogue.Version, evidence.Waves) { Wordings = uses.Count == 0 ? null : uses };
        return new KpiRun(
            evidence.Inputs,
            JsonSerializer.SerializeToUtf8Bytes(frame, ResultsJson.Default.RunFrame),
            Results(catalogue, evidence, policy).ToDictionary(
                result => result.Key, result => JsonSerializer.SerializeToUtf8Bytes(result, ResultsJson.Default.ReadingResult), StringComparer.Ordinal));
    }

    /// <summary>The results in the catalogue's order.</summary>
    public static IReadOnlyList<ReadingResult> Results(Catalogue catalogue, Evidence evidence, DisclosurePolicy policy)
    {
        var register = new EngagementRegister(evidence.Schools, evidence.Engagements);
        var series = Collections(evidence).ToDictionary(collection => collection, collection => Series(evidence, collection), StringComparer.Ordinal);
        var samples = new Dictionary<(string Collection, string Wave), Sample>();
        var results = new List<ReadingResult>();
        foreach (var (kpi, reading) in catalogue.Readings())
        {
            var target = reading.Target ?? kpi.Target;
            switch (reading.Measure)
            {
                case Share share:
                    (string Wave, string Root)? before = null;
                    foreach (var wave in evidence.Waves)
                        if (SampleOf(share.Collection, wave) is { } sample)
                        {
                            var result = ShareReading.Evaluate(kpi, reading, share, target, wave, sample, policy);
                            var root = sample.ChoiceOf(share.Stage, share.Indicator).Root;
                            results.Add(before is { } last && root is not null && root != last.Root
                                ? result with { TrendBreak = new TrendBreak(TrendBreakReason.WordingChanged, last.Wave) }
                                : result);
                            if (root is not null) before = (wave.Id, root);
                        }
                    break;
                case EngagedSchools:
                    results.Add(Reach(kpi, reading, target, evidence.Engagements));
                    break;
                case AllMet all:
                    results.AddRange(Together(kpi, reading, all, results.Where(result => result.Kpi == kpi.Id).ToList()));
                    break;
                default:
                    throw new NotSupportedException($"{reading.Id} is measured in a way this build does not know.");
            }
        }
        return results;

        Sample? SampleOf(string collection, WaveState wave)
        {
            if (samples.TryGetValue((collection, wave.Id), out var known)) return known;
            var sources = evidence.Sources
                .Where(source => source.Collection == collection)
                .Select(source => source with { Totals = source.Totals.Where(totals => totals.Wave == wave.Id).ToList() })
                .Where(source => source.Totals.Count > 0)
                .ToList();
            if (sources.Count == 0) return null;
            var sample = new Sample(sources, register, wave.Wave.From, series[collection]);
            samples.Add((collection, wave.Id), sample);
            return sample;
        }
    }

    private static IEnumerable<string> Collections(Evidence evidence) =>
        evidence.Sources.Select(source => source.Collection).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);

    private static WordingSeries Series(Evidence evidence, string collection) => new(collection, evidence.Stated, Totals(evidence, collection));

    /// <summary>Totals of a collection in registered waves.</summary>
    private static IEnumerable<SchoolTotals> Totals(Evidence evidence, string collection)
    {
        var waves = evidence.Waves.Select(wave => wave.Id).ToHashSet(StringComparer.Ordinal);
        return evidence.Sources.Where(source => source.Collection == collection)
            .SelectMany(source => source.Totals).Where(totals => waves.Contains(totals.Wave));
    }

    private static ReadingResult Reach(Kpi kpi, Reading reading, Target target, IReadOnlyList<Engagement> engagements)
    {
        var schools = engagements.Select(engagement => engagement.Urn).Distinct(StringComparer.Ordinal).Count();
        var verdict = engagements.Count == 0 ? Verdict.Insufficient : target.MetBy(schools) ? Verdict.MetConfident : Verdict.NotMetConfident;
        var reason = engagements.Count == 0 ? "no list of engagements was imported" : null;
        return new ReadingResult(kpi.Id, reading.Id, null, verdict, reason, [new Figure("schools", target.Unit, schools, Method: "census count of distinct schools")]);
    }

    /// <summary>Met as surely as the least sure of the readings it joins.</summary>
    private static IEnumerable<ReadingResult> Together(Kpi kpi, Reading reading, AllMet all, List<ReadingResult> of) =>
        of.Where(result => all.Readings.Contains(result.Reading))
            .GroupBy(result => result.Wave, StringComparer.Ordinal)
            .Select(wave => WithItsWordings(wave, wave.Count() < all.Readings.Count || wave.Any(part => part.Verdict == Verdict.Insufficient)
                ? new ReadingResult(kpi.Id, reading.Id, wave.Key, Verdict.Insufficient, "not every part can be decided", [])
                : new ReadingResult(kpi.Id, reading.Id, wave.Key, wave.Max(part => part.Verdict), null, [])));

    /// <summary>What joins readings waits as long as one of them does, and breaks where one does.</summary>
    private static ReadingResult WithItsWordings(IEnumerable<ReadingResult> parts, ReadingResult joined) => joined with
    {
        IsHeld = parts.Any(part => part.IsHeld),
        TrendBreak = parts.Select(part => part.TrendBreak).FirstOrDefault(broken => broken is not null),
    };
}

/// <summary>Which schools were engaged when.</summary>
public sealed class EngagementRegister(IReadOnlyDictionary<string, School> schools, IReadOnlyList<Engagement> engagements)
{
    private readonly Dictionary<string, DateOnly> _first = engagements
        .GroupBy(engagement => engagement.Urn, StringComparer.Ordinal)
        .ToDictionary(school => school.Key, school => school.Min(engagement => engagement.On), StringComparer.Ordinal);

    /// <summary>Engaged: first contact before fieldwork began, so that nobody is counted as engaged for what came later.</summary>
    public bool IsEngaged(string school, DateOnly fieldwork) => _first.TryGetValue(school, out var first) && first < fieldwork;

    public string PhaseOf(string school) => schools.TryGetValue(school, out var known) ? known.Phase : "unknown";
}

/// <summary>The sample of one collection in one wave: its schools with group and phase as strata, and their totals.</summary>
internal sealed class Sample
{
    private const string EngagedWithoutSchools = "engaged|";

    private readonly (SchoolTotals Totals, bool Engaged, int Position)[] _schools;
    private readonly SampleDesign _design;
    private readonly bool _hasSchools;
    private readonly WordingSeries _series;
    private readonly Dictionary<(string Stage, string Indicator), WordingChoice> _choices = [];

    public Sample(IReadOnlyList<EvidenceSource> sources, EngagementRegister register, DateOnly fieldwork, WordingSeries series)
    {
        _series = series;
        SourceNames = sources.Select(source => source.Name).ToList();
        // A poll file without schools brings its own group and stratum in place of a school's number.
        _hasSchools = sources.All(source => source.Totals.All(totals => !totals.School.Contains('|', StringComparison.Ordinal)));
        var placed = sources.SelectMany(source => source.Totals)
            .Select(totals => (Totals: totals, Engaged: _hasSchools ? register.IsEngaged(totals.School, fieldwork) : totals.School.StartsWith(EngagedWithoutSchools, StringComparison.Ordinal)))
            .Select(school => (school.Totals, school.Engaged, Stratum: $"{(school.Engaged ? "engaged" : "wider")}|{register.PhaseOf(school.Totals.School)}"))
            .ToList();
        _design = SampleDesign.Of(placed.Select(school => new SampledSchool(school.Totals.School, school.Stratum)));
        _schools = placed
            .Select(school => (school.Totals, school.Engaged, Position: _design.PositionOf(school.Totals.School, school.Stratum)))
            .OrderBy(school => school.Position)
            .ToArray();
    }

    public IReadOnlyList<string> SourceNames { get; }

    /// <summary>Of the wordings of a question in this wave those that count.</summary>
    public WordingChoice ChoiceOf(string stage, string indicator)
    {
        if (!_choices.TryGetValue((stage, indicator), out var choice))
            _choices.Add((stage, indicator), choice = WordingChoice.Of(_series, _schools.Select(school => school.Totals), stage, indicator));
        return choice;
    }

    /// <summary>The result with which wording it is of, and how many valid answers to other words it leaves out.</summary>
    public ReadingResult Worded(ReadingResult result, Share share)
    {
        var choice = ChoiceOf(share.Stage, share.Indicator);
        if (choice.Root is not { } root) return result;
        var named = result with { Wording = _series.NameOf(share.Stage, share.Indicator, root), IsHeld = result.IsHeld || choice.IsOpen };
        if (choice.Others.Count == 0) return named;
        var apart = _schools.SelectMany(school => school.Totals.Cells)
            .Where(cell => IsOf(share, cell) && _series.RootOf(share.Stage, share.Indicator, cell.Wording) != root)
            .Sum(cell => cell.N);
        var since = choice.Others.Select(other => _series.SinceOf(share.Stage, share.Indicator, other)).Min();
        return named with { HeldApart = new HeldApart(apart, since is { } first ? DateOnly.FromDateTime(first.UtcDateTime) : null) };
    }

    /// <summary>Engaged and wider respondents of a reading, and the difference between them where both are there.</summary>
    public (Arm Engaged, Arm Wider, DifferenceEstimate? Difference) Compare(Share share)
    {
        var (engaged, wider) = (Rows(share, engaged: true), Rows(share, engaged: false));
        if (_hasSchools)
        {
            var (first, second) = (DomainTotals.Of(_design, engaged), DomainTotals.Of(_design, wider));
            return (ArmOf(engaged, Proportion.Estimate(first)), ArmOf(wider, Proportion.Estimate(second)), DomainDifference.Estimate(first, second));
        }
        var (one, other) = (UnclusteredProportion.Estimate(Sum(engaged)), UnclusteredProportion.Estimate(Sum(wider)));
        // Two independent groups: no covariance, and Satterthwaite's degrees of freedom.
        var difference = one is null || other is null ? null : new DifferenceEstimate(one, other, 0, 0, one.DegreesOfFreedom + other.DegreesOfFreedom);
        return (new Arm(one, null, null), new Arm(other, null, null), difference);
    }

    private SchoolSums[] Rows(Share share, bool engaged)
    {
        var choice = ChoiceOf(share.Stage, share.Indicator);
        var rows = new List<SchoolSums>();
        foreach (var (totals, isEngaged, position) in _schools)
        {
            if (isEngaged != engaged) continue;
            var row = SchoolSums.None(position);
            foreach (var cell in totals.Cells)
                if (IsOf(share, cell) && (choice.Others.Count == 0 || _series.RootOf(share.Stage, share.Indicator, cell.Wording) == choice.Root))
                    row = row.Plus(cell.N, cell.W, cell.Q, share.Success.Contains(cell.Code));
            if (row.Responses > 0) rows.Add(row);
        }
        return [.. rows];
    }

    private static bool IsOf(Share share, CellTotal cell) =>
        cell.Stage == share.Stage && cell.Indicator == share.Indicator && share.Roles.Contains(cell.Role) && share.Valid.Contains(cell.Code);

    private static Arm ArmOf(SchoolSums[] rows, ProportionEstimate? estimate) =>
        new(estimate, estimate?.Schools ?? 0, estimate is null ? null : rows.Max(row => row.SumOfWeights) / estimate.SumOfWeights);

    private static SchoolSums Sum(SchoolSums[] rows) => rows.Aggregate(SchoolSums.None(-1), (sum, row) => new SchoolSums(
        -1, sum.Responses + row.Responses, sum.Successes + row.Successes, sum.SumOfWeights + row.SumOfWeights, sum.WeightedSum + row.WeightedSum,
        sum.SumOfSquaredWeights + row.SumOfSquaredWeights, sum.WeightedSumOfSquares + row.WeightedSumOfSquares));
}

/// <summary>One group's share; schools and the largest one's part of the weight where schools are known.</summary>
internal sealed record Arm(ProportionEstimate? Estimate, int? Schools, double? LargestShare);

/// <summary>A share among engaged schools, held against its target, beside wider schools and a figure of 2016.</summary>
internal static class ShareReading
{
    public static ReadingResult Evaluate(
        Kpi kpi, Reading reading, Share share, Target target, WaveState wave, Sample sample, DisclosurePolicy policy)
    {
        if (sample.SourceNames.Count > 1)
        {
            return new ReadingResult(
                kpi.Id, reading.Id, wave.Id, Verdict.Insufficient, $"evidence of one wave from {string.Join(" and ", sample.SourceNames)} is not combined", [])
            { IsHeld = true };
        }
        var (engaged, wider, difference) = sample.Compare(share);
        var figures = new List<Figure> { Figure("engaged", engaged), Figure("wider", wider) };
        if (difference is not null) figures.Add(Figure(difference));
        if (share.Published is { } published) figures.Add(Compared(engaged.Estimate, published));

        var status = policy.StatusOf(figures[0]);
        var result = engaged.Estimate is null || status is CellStatus.NoData or CellStatus.Confidential or CellStatus.Unreliable
            ? new ReadingResult(kpi.Id, reading.Id, wave.Id, Verdict.Insufficient, Reason(status), figures)
            : new ReadingResult(kpi.Id, reading.Id, wave.Id, Decide(figures[0], target), null, figures);
        return sample.Worded(result, share);
    }

    private static Verdict Decide(Figure figure, Target target) => Decide(figure.Value!.Value, figure.Lower!.Value, figure.Upper!.Value, target);

    internal static Verdict Decide(double value, double lower, double upper, Target target) =>
        target.MetBy(lower) ? Verdict.MetConfident
        : target.MetBy(value) ? Verdict.MetPoint
        : target.MetBy(upper) ? Verdict.NotMetPoint
        : Verdict.NotMetConfident;

    private static Figure Figure(string name, Arm arm)
    {
        if (arm.Estimate is not { } estimate) return new Figure(name, "%", Base: 0, Schools: arm.Schools);
        var interval = ProportionIntervals.KornGraubardCapped(estimate);
        return new Figure(
            name, "%", 100 * estimate.Value, 100 * interval?.Lower, 100 * interval?.Upper, estimate.Responses, arm.Schools, 100 * estimate.StandardError,
            estimate.DegreesOfFreedom, estimate.CappedEffectiveSize, estimate.DesignEffect, estimate.SumOfWeights, arm.LargestShare,
            Method: interval is null ? estimate.Method : $"{estimate.Method}; {interval.Method}");
    }

    private static Figure Figure(DifferenceEstimate difference)
    {
        var interval = DomainDifference.MoverWilson(difference);
        var test = difference.Test;
        return new Figure(
            "difference", "pp", 100 * difference.Value, 100 * interval?.Lower, 100 * interval?.Upper, StandardError: 100 * difference.StandardError,
            DegreesOfFreedom: test?.DegreesOfFreedom, PValue: test?.PValue, Method: string.Join("; ", new[] { test?.Method, interval?.Method }.OfType<string>()));
    }

    private static Figure Compared(ProportionEstimate? estimate, PublishedFigure published)
    {
        var test = estimate is null ? null : Statistics.PublishedFigure.AsConstant(estimate, published.Value / 100);
        var robust = estimate is null ? null : Statistics.PublishedFigure.IsRobustToRounding(estimate, published.Value / 100);
        return new Figure(
            "published-2016", "%", published.Value, PValue: test?.PValue, DegreesOfFreedom: test?.DegreesOfFreedom, Method: test?.Method, Source: published.Source,
            Marks: robust == false ? ["depends_on_rounding"] : null);
    }

    private static string Reason(CellStatus status) => status switch
    {
        CellStatus.NoData => "no engaged respondent has a valid answer",
        CellStatus.Confidential => "too few respondents or schools",
        _ => "too uncertain: too few respondents, or too wide an interval",
    };
}
