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
        var register = new EngagementRegister(evidence.Schools, evidence.Engagements);
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
            var sample = new Sample(sources, register, wave.Wave.From);
            samples.Add((collection, wave.Id), sample);
            return sample;
        }
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
            .Select(wave => wave.Count() < all.Readings.Count || wave.Any(part => part.Verdict == Verdict.Insufficient)
                ? new ReadingResult(kpi.Id, reading.Id, wave.Key, Verdict.Insufficient, "not every part can be decided", [])
                : new ReadingResult(kpi.Id, reading.Id, wave.Key, wave.Max(part => part.Verdict), null, []));
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
    private readonly (SchoolTotals Totals, bool Engaged, int Position)[] _schools;

    public Sample(IReadOnlyList<EvidenceSource> sources, EngagementRegister register, DateOnly fieldwork)
    {
        SourceNames = sources.Select(source => source.Name).ToList();
        HasSchools = sources.All(source => source.Totals.All(totals => !totals.School.Contains('|', StringComparison.Ordinal)));
        var placed = sources.SelectMany(source => source.Totals)
            .Select(totals => (Totals: totals, Engaged: register.IsEngaged(totals.School, fieldwork), Phase: register.PhaseOf(totals.School)))
            .Select(school => (school.Totals, school.Engaged, Stratum: $"{(school.Engaged ? "engaged" : "wider")}|{school.Phase}"))
            .ToList();
        Design = SampleDesign.Of(placed.Select(school => new SampledSchool(school.Totals.School, school.Stratum)));
        _schools = placed
            .Select(school => (school.Totals, school.Engaged, Position: Design.PositionOf(school.Totals.School, school.Stratum)))
            .OrderBy(school => school.Position)
            .ToArray();
    }

    public SampleDesign Design { get; }

    public IReadOnlyList<string> SourceNames { get; }

    /// <summary>False when a poll file came without schools: nothing is known about clusters then.</summary>
    public bool HasSchools { get; }

    /// <summary>The totals of one group for a reading, and the largest school's share of their weight.</summary>
    public (DomainTotals Domain, double? LargestShare) Domain(Share share, bool engaged)
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
        var domain = DomainTotals.Of(Design, rows.ToArray());
        return (domain, rows.Count == 0 || domain.IsEmpty ? null : rows.Max(row => row.SumOfWeights) / rows.Sum(row => row.SumOfWeights));
    }
}

/// <summary>A share among engaged schools, held against its target, beside wider schools and a figure of 2016.</summary>
internal static class ShareReading
{
    public static ReadingResult Evaluate(
        Kpi kpi, Reading reading, Share share, Target target, WaveState wave, Sample sample, DisclosurePolicy policy)
    {
        ReadingResult Undecided(string reason) => new(kpi.Id, reading.Id, wave.Id, Verdict.Insufficient, reason, []);

        if (sample.SourceNames.Count > 1) return Undecided($"evidence of one wave from {string.Join(" and ", sample.SourceNames)} is not combined");
        if (!sample.HasSchools) return Undecided("the poll file came without schools");

        var (engaged, engagedLargest) = sample.Domain(share, engaged: true);
        var (wider, widerLargest) = sample.Domain(share, engaged: false);
        var estimate = Proportion.Estimate(engaged);
        var figures = new List<Figure> { Figure("engaged", estimate, engagedLargest), Figure("wider", Proportion.Estimate(wider), widerLargest) };
        if (DomainDifference.Estimate(engaged, wider) is { } difference) figures.Add(Figure(difference));
        if (share.Published is { } published) figures.Add(Compared(estimate, published));

        var status = policy.StatusOf(figures[0]);
        if (estimate is null || status is CellStatus.NoData or CellStatus.Confidential or CellStatus.Unreliable)
            return new ReadingResult(kpi.Id, reading.Id, wave.Id, Verdict.Insufficient, Reason(status), figures);
        return new ReadingResult(kpi.Id, reading.Id, wave.Id, Decide(estimate.Value * 100, figures[0].Lower!.Value, figures[0].Upper!.Value, target), null, figures);
    }

    internal static Verdict Decide(double value, double lower, double upper, Target target) =>
        target.MetBy(lower) ? Verdict.MetConfident
        : target.MetBy(value) ? Verdict.MetPoint
        : target.MetBy(upper) ? Verdict.NotMetPoint
        : Verdict.NotMetConfident;

    private static Figure Figure(string name, ProportionEstimate? estimate, double? largestShare)
    {
        if (estimate is null) return new Figure(name, "%", Base: 0, Schools: 0);
        var interval = ProportionIntervals.KornGraubardCapped(estimate);
        return new Figure(
            name, "%", 100 * estimate.Value, 100 * interval?.Lower, 100 * interval?.Upper, estimate.Responses, estimate.Schools, 100 * estimate.StandardError,
            estimate.DegreesOfFreedom, estimate.CappedEffectiveSize, estimate.DesignEffect, estimate.SumOfWeights, largestShare,
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
