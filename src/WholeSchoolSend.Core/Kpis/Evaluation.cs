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
        var samples = new Samples(catalogue, evidence);
        var uses = samples.Series.SelectMany(series => series.Uses()).ToList();
        var frame = new RunFrame(catalogue.Version, evidence.Waves) { Wordings = uses.Count == 0 ? null : uses };
        return new KpiRun(
            evidence.Inputs,
            JsonSerializer.SerializeToUtf8Bytes(frame, ResultsJson.Default.RunFrame),
            Results(catalogue, evidence, policy, samples).ToDictionary(
                result => result.Key, result => JsonSerializer.SerializeToUtf8Bytes(result, ResultsJson.Default.ReadingResult), StringComparer.Ordinal),
            JsonSerializer.SerializeToUtf8Bytes(evidence.Provenance, ProvenanceJson.Default.Provenance));
    }

    /// <summary>The results in the catalogue's order.</summary>
    public static IReadOnlyList<ReadingResult> Results(Catalogue catalogue, Evidence evidence, DisclosurePolicy policy) =>
        Results(catalogue, evidence, policy, new Samples(catalogue, evidence));

    private static IReadOnlyList<ReadingResult> Results(Catalogue catalogue, Evidence evidence, DisclosurePolicy policy, Samples samples)
    {
        var results = new List<ReadingResult>();
        foreach (var (kpi, reading) in catalogue.Readings())
        {
            var indicator = (string id) => catalogue.Indicator[id];
            results.AddRange(reading.Measure switch
            {
                Share share => samples.EachWave(kpi, reading, share.Collection, (wave, sample, earlier) => ShareReading.Evaluate(kpi, reading, share, wave, sample, earlier, policy)),
                MixedShare mixed => samples.EachWave(kpi, reading, mixed.Collection, (wave, sample, _) => MixedReading.Evaluate(kpi, reading, mixed, wave.Id, sample, policy)),
                Score score => samples.EachWave(kpi, reading, score.Collection, (wave, sample, _) => ScoreReading.Evaluate(kpi, reading, score, indicator(score.Indicator), wave.Id, sample, policy)),
                Change change => samples.EachWave(kpi, reading, change.Collection, (wave, sample, _) => ChangeReading.Evaluate(kpi, reading, change, indicator(change.Indicator), wave.Id, sample, policy)),
                MatchedChange change => samples.EachWave(kpi, reading, change.Collection, (wave, sample, _) => MatchedReading.Evaluate(kpi, reading, change, indicator(change.Indicator), wave.Id, sample)),
                PanelChange panel => samples.EachWave(kpi, reading, panel.Collection, (wave, sample, _) => PanelReading.Evaluate(kpi, reading, panel, indicator(panel.Indicator), wave.Id, sample)),
                PanelCount panel => samples.EachWave(kpi, reading, panel.Collection, (wave, sample, _) => PanelReading.Evaluate(kpi, reading, panel, wave.Id, sample)),
                Responses examples => [Counted(kpi, reading, examples, samples)],
                EngagedSchools schools => [Reached(kpi, reading, schools, samples.Register, evidence.Today)],
                MilestoneReached milestone => [MilestoneReading.Evaluate(kpi, reading, milestone, evidence.Milestones.GetValueOrDefault(kpi.Id))],
                AllMet all => Together(kpi, reading, all, results.Where(result => result.Kpi == kpi.Id).ToList()),
                _ => throw new NotSupportedException($"{reading.Id} is measured in a way this build does not know."),
            });
        }
        return Families.Adjust(catalogue, results.Select(Told).ToList());
    }

    /// <summary>What has no number says by a symbol and a code why; what is not decided on by decision is coded as that.</summary>
    private static ReadingResult Told(ReadingResult result) => result with
    {
        ReasonCode = result.ReasonCode ?? (result.Verdict is null && result.Reason is not null ? ReasonCode.NotDecided : null),
        Figures = [.. result.Figures.Select(figure => figure is { Value: not null } or { PValue: not null } or { Symbol: not null }
            ? figure
            : figure.Base == 0
                ? figure with { Symbol = "x", ReasonCode = figure.ReasonCode ?? ReasonCode.NoData, Reason = figure.Reason ?? "nobody gave a valid answer" }
                : figure with { Symbol = "z", ReasonCode = figure.ReasonCode ?? ReasonCode.NotComputable, Reason = figure.Reason ?? "cannot be worked out" })],
    };

    /// <summary>Examples are counted over all waves: each wave by the same rule as anywhere, that its sources are added up only where the catalogue says so.</summary>
    private static ReadingResult Counted(Kpi kpi, Reading reading, Responses examples, Samples samples)
    {
        var waves = samples.Of(examples.Collection);
        if (waves.Count == 0) return new ReadingResult(kpi.Id, reading.Id, null, Verdict.Insufficient, "none was sent in yet", []) { ReasonCode = ReasonCode.NoData };
        if (waves.Any(wave => !samples.IsCombinable(examples.Collection, wave.Sample)))
            return new ReadingResult(kpi.Id, reading.Id, null, Verdict.Insufficient, "evidence of one wave came from several sources and is not combined", []) { ReasonCode = ReasonCode.SourcesDiffer };
        var count = waves.SelectMany(wave => wave.Sample.Schools.SelectMany(school => school.Totals.Cells).Where(wave.Sample.Counts))
            .Where(cell => cell.Indicator == examples.Indicator && examples.Success.Contains(cell.Code))
            .Sum(cell => cell.N);
        return new ReadingResult(
            kpi.Id, reading.Id, null, reading.Undecided is null ? Decided.OnCount(count, (reading.Target ?? kpi.Target)!) : null, reading.Undecided,
            [new Figure("responses", "responses", count, Method: "count of those with a success code: never a rate")]);
    }

    private static ReadingResult Reached(Kpi kpi, Reading reading, EngagedSchools measure, EngagementRegister register, DateOnly today)
    {
        if (register.SchoolsReached(measure.Reach, today) is not { } schools)
        {
            // Nobody counted is not a count of none.
            var missing = measure.Reach == Reach.Direct ? "no list of engagements was imported" : "no list of schools reached through networks was imported";
            return new ReadingResult(kpi.Id, reading.Id, null, Verdict.Insufficient, missing, [new Figure("schools", "schools", Symbol: "x", Reason: missing, ReasonCode: ReasonCode.ListNotImported)])
            {
                ReasonCode = ReasonCode.ListNotImported,
            };
        }
        return new ReadingResult(
            kpi.Id, reading.Id, null, reading.Undecided is null ? Decided.OnCount(schools, (reading.Target ?? kpi.Target)!) : null, reading.Undecided,
            [new Figure("schools", "schools", schools, Method: "census count of distinct schools")]);
    }

    /// <summary>Met as surely as the least sure of the readings it joins.</summary>
    private static IEnumerable<ReadingResult> Together(Kpi kpi, Reading reading, AllMet all, List<ReadingResult> of) =>
        of.Where(result => all.Readings.Contains(result.Reading))
            .GroupBy(result => result.Wave, StringComparer.Ordinal)
            .Select(wave =>
            {
                var joined = wave.Count() < all.Readings.Count || wave.Any(part => part.Verdict is null or Verdict.Insufficient)
                    ? new ReadingResult(kpi.Id, reading.Id, wave.Key, Verdict.Insufficient, "not every part can be decided", []) { ReasonCode = ReasonCode.PartUndecided }
                    : new ReadingResult(kpi.Id, reading.Id, wave.Key, wave.Max(part => part.Verdict), null, []);
                return joined with
                {
                    IsHeld = wave.Any(part => part.IsHeld),
                    TrendBreak = wave.Select(part => part.TrendBreak).FirstOrDefault(broken => broken is not null),
                };
            });
}

/// <summary>The samples of the evidence, each made once: the waves of a collection that have any.</summary>
internal sealed class Samples(Catalogue catalogue, Evidence evidence)
{
    private readonly Dictionary<string, IReadOnlyList<(WaveState Wave, Sample Sample)>> _collections = new(StringComparer.Ordinal);
    private readonly Dictionary<string, WordingSeries> _series = evidence.Sources.Select(source => source.Collection).Distinct(StringComparer.Ordinal)
        .ToDictionary(collection => collection, collection => SeriesOf(evidence, collection), StringComparer.Ordinal);

    /// <summary>Which wordings are one question, by collection in order.</summary>
    public IEnumerable<WordingSeries> Series => _series.OrderBy(series => series.Key, StringComparer.Ordinal).Select(series => series.Value);

    public EngagementRegister Register { get; } = new(evidence.Schools, evidence.Links, evidence.Engagements, evidence.Networks);

    public IEnumerable<ReadingResult> EachWave(
        Kpi kpi, Reading reading, string collection, Func<WaveState, Sample, IReadOnlyList<(WaveState Wave, Sample Sample)>, ReadingResult> evaluate)
    {
        var waves = Of(collection);
        (string Wave, string Root)? before = null;
        for (var index = 0; index < waves.Count; index++)
        {
            var (wave, sample) = waves[index];
            if (IsCombinable(collection, sample))
            {
                var root = sample.RootOf(reading.Measure);
                var result = sample.Asked(sample.Worded(evaluate(wave, sample, Comparable(reading.Measure, collection, index)), reading.Measure), reading.Measure);
                yield return before is { } last && root is not null && root != last.Root ? result with { TrendBreak = new TrendBreak(TrendBreakReason.WordingChanged, last.Wave) } : result;
                if (root is not null) before = (wave.Id, root);
            }
            else
                yield return new ReadingResult(kpi.Id, reading.Id, wave.Id, Verdict.Insufficient, $"evidence of one wave from {string.Join(" and ", sample.SourceNames)} is not combined", []) { ReasonCode = ReasonCode.SourcesDiffer, IsHeld = true };
        }
    }

    /// <summary>The waves before one that a line may lead from: what was asked in other words is another question.</summary>
    public List<(WaveState Wave, Sample Sample)> Comparable(Measure measure, string collection, int index)
    {
        var waves = Of(collection);
        return waves.Take(index).Where(one => IsCombinable(collection, one.Sample) && one.Sample.RootOf(measure) == waves[index].Sample.RootOf(measure)).ToList();
    }

    /// <summary>May the evidence of this wave be added up? Always, where one source has it all.</summary>
    public bool IsCombinable(string collection, Sample sample) => sample.SourceNames.Count == 1 || (sample.HasSchools && catalogue.Combined.Contains(collection));

    /// <summary>The waves of a collection that have evidence, in order, each with its sample.</summary>
    public IReadOnlyList<(WaveState Wave, Sample Sample)> Of(string collection)
    {
        if (_collections.TryGetValue(collection, out var known)) return known;
        var waves = evidence.Waves
            .Select(wave => (Wave: wave, Sources: evidence.Sources
                .Where(source => source.Collection == collection)
                .Select(source => source with { Totals = source.Totals.Where(totals => totals.Wave == wave.Id).ToList() })
                .Where(source => source.Totals.Count > 0)
                .ToList()))
            .Where(wave => wave.Sources.Count > 0)
            .Select(wave => (wave.Wave, new Sample(wave.Sources, Register, wave.Wave.Wave.From, _series[collection])))
            .ToList();
        _collections.Add(collection, waves);
        return waves;
    }

    /// <summary>From the totals of a collection in registered waves.</summary>
    private static WordingSeries SeriesOf(Evidence evidence, string collection)
    {
        var waves = evidence.Waves.Select(wave => wave.Id).ToHashSet(StringComparer.Ordinal);
        return new WordingSeries(
            collection, evidence.Stated, evidence.Sources.Where(source => source.Collection == collection).SelectMany(source => source.Totals).Where(totals => waves.Contains(totals.Wave)));
    }
}

/// <summary>p-values of tests that are read together, adjusted for being several.</summary>
internal static class Families
{
    /// <summary>A family is adjusted within each wave, over those of its tests that could be made.</summary>
    public static IReadOnlyList<ReadingResult> Adjust(Catalogue catalogue, List<ReadingResult> results)
    {
        var adjusted = results.ToList();
        foreach (var family in catalogue.Families)
        {
            foreach (var wave in results.Select(result => result.Wave).OfType<string>().Distinct(StringComparer.Ordinal))
            {
                var tests = family.Tests
                    .Select(test => (At: adjusted.FindIndex(result => result.Reading == test.Reading && result.Wave == wave), test.Figure))
                    .Where(test => test.At >= 0)
                    .Select(test => (test.At, Figure: adjusted[test.At].Figures.FirstOrDefault(figure => figure.Name == test.Figure && figure.PValue is not null)))
                    .Where(test => test.Figure is not null)
                    .ToList();
                if (tests.Count == 0) continue;
                var p = tests.Select(test => test.Figure!.PValue!.Value).ToList();
                var (holm, discovery) = (
                    family.Adjustments.Contains(Adjustment.Holm) ? MultipleComparisons.Holm(p) : null,
                    family.Adjustments.Contains(Adjustment.BenjaminiHochberg) ? MultipleComparisons.BenjaminiHochberg(p) : null);
                for (var index = 0; index < tests.Count; index++)
                {
                    var (at, figure) = tests[index];
                    var after = figure! with { Family = $"{family.Id}: {tests.Count} of {family.Tests.Count} tests", HolmPValue = holm?[index], DiscoveryPValue = discovery?[index] };
                    adjusted[at] = adjusted[at] with { Figures = [.. adjusted[at].Figures.Select(one => ReferenceEquals(one, figure) ? after : one)] };
                }
            }
        }
        return adjusted;
    }
}
