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
        var frame = new RunFrame(catalogue.Version, evidence.Waves);
        return new KpiRun(
            evidence.Inputs,
            JsonSerializer.SerializeToUtf8Bytes(frame, ResultsJson.Default.RunFrame),
            Results(catalogue, evidence, policy).ToDictionary(
                result => result.Key, result => JsonSerializer.SerializeToUtf8Bytes(result, ResultsJson.Default.ReadingResult), StringComparer.Ordinal));
    }

    /// <summary>The results in the catalogue's order.</summary>
    public static IReadOnlyList<ReadingResult> Results(Catalogue catalogue, Evidence evidence, DisclosurePolicy policy)
    {
        var register = new EngagementRegister(evidence.Schools, evidence.Engagements, evidence.Links);
        var samples = new Dictionary<(string Collection, string Wave), Sample>();
        var results = new List<ReadingResult>();
        foreach (var (kpi, reading) in catalogue.Readings())
        {
            var target = reading.Target ?? kpi.Target;
            switch (reading.Measure)
            {
                case Share share:
                    foreach (var wave in evidence.Waves)
                        if (SampleOf(share.Collection, wave) is { } sample) results.Add(ShareReading.Evaluate(kpi, reading, share, target, wave, sample, policy));
                    break;
                case EngagedSchools:
                    results.Add(Reach(kpi, reading, target, evidence.Engagements.Count, register.Schools));
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
            var sample = new Sample(sources, register, wave.Wave.From);
            samples.Add((collection, wave.Id), sample);
            return sample;
        }
    }

    private static ReadingResult Reach(Kpi kpi, Reading reading, Target target, int engagements, int schools)
    {
        var verdict = engagements == 0 ? Verdict.Insufficient : target.MetBy(schools) ? Verdict.MetConfident : Verdict.NotMetConfident;
        var reason = engagements == 0 ? "no list of engagements was imported" : null;
        return new ReadingResult(kpi.Id, reading.Id, null, verdict, reason, [new Figure("schools", target.Unit, schools, Method: "census count of distinct schools")]);
    }

    /// <summary>Met as surely as the least sure of the readings it joins.</summary>
    private static IEnumerable<ReadingResult> Together(Kpi kpi, Reading reading, AllMet all, List<ReadingResult> of) =>
        of.Where(result => all.Readings.Contains(result.Reading))
            .GroupBy(result => result.Wave, StringComparer.Ordinal)
            .Select(wave => wave.Count() < all.Readings.Count || wave.Any(part => part.Verdict == Verdict.Insufficient)
                ? new ReadingResult(kpi.Id, reading.Id, wave.Key, Verdict.Insufficient, "not every part can be decided", []) { IsHeld = wave.Any(part => part.IsHeld) }
                : new ReadingResult(kpi.Id, reading.Id, wave.Key, wave.Max(part => part.Verdict), null, []));
}

/// <summary>Which schools were engaged when.</summary>
/// <remarks>A school that goes on as another, an academy in place of the school that converted, was engaged when its predecessor was.</remarks>
public sealed class EngagementRegister(IReadOnlyDictionary<string, School> schools, IReadOnlyList<Engagement> engagements, IReadOnlyList<SchoolLink> links)
{
    private readonly Dictionary<string, string[]> _predecessors = links
        .GroupBy(link => link.Urn, StringComparer.Ordinal)
        .ToDictionary(school => school.Key, school => school.Select(link => link.Predecessor).ToArray(), StringComparer.Ordinal);

    private readonly Dictionary<string, DateOnly> _first = engagements
        .GroupBy(engagement => engagement.Urn, StringComparer.Ordinal)
        .ToDictionary(school => school.Key, school => school.Min(engagement => engagement.On), StringComparer.Ordinal);

    /// <summary>Engaged: first contact before fieldwork began, so that nobody is counted as engaged for what came later.</summary>
    public bool IsEngaged(string school, DateOnly fieldwork) =>
        WithPredecessors(school).Any(known => _first.TryGetValue(known, out var first) && first < fieldwork);

    /// <summary>Distinct schools that were engaged: one that was engaged before it went on under another number counts once.</summary>
    public int Schools => _first.Keys.Count(school => !WithPredecessors(school).Skip(1).Any(_first.ContainsKey));

    /// <summary>A school, then every school it was before; links may run in circles, files being files.</summary>
    private List<string> WithPredecessors(string school)
    {
        if (!_predecessors.ContainsKey(school)) return [school];
        var lineage = new List<string> { school };
        for (var at = 0; at < lineage.Count; at++)
            if (_predecessors.TryGetValue(lineage[at], out var before)) lineage.AddRange(before.Except(lineage, StringComparer.Ordinal));
        return lineage;
    }

    public string PhaseOf(string school) => schools.TryGetValue(school, out var known) ? known.Phase : "unknown";
}

/// <summary>The sample of one collection in one wave: its schools with group and phase as strata, and their totals.</summary>
internal sealed class Sample
{
    private const string EngagedWithoutSchools = "engaged|";

    private readonly (SchoolTotals Totals, bool Engaged, int Position)[] _schools;
    private readonly SampleDesign _design;
    private readonly bool _hasSchools;

    public Sample(IReadOnlyList<EvidenceSource> sources, EngagementRegister register, DateOnly fieldwork)
    {
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
        var rows = new List<SchoolSums>();
        foreach (var (totals, isEngaged, position) in _schools)
        {
            if (isEngaged != engaged) continue;
            var row = SchoolSums.None(position);
            foreach (var cell in totals.Cells)
                if (cell.Stage == share.Stage && cell.Indicator == share.Indicator && share.Roles.Contains(cell.Role) && share.Valid.Contains(cell.Code))
                    row = row.Plus(cell.N, cell.W, cell.Q, share.Success.Contains(cell.Code));
            if (row.Responses > 0) rows.Add(row);
        }
        return [.. rows];
    }

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
        return engaged.Estimate is null || status is CellStatus.NoData or CellStatus.Confidential or CellStatus.Unreliable
            ? new ReadingResult(kpi.Id, reading.Id, wave.Id, Verdict.Insufficient, Reason(status), figures)
            : new ReadingResult(kpi.Id, reading.Id, wave.Id, Decide(figures[0], target), null, figures);
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
