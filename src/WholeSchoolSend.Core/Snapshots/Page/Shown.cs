using WholeSchoolSend.Core.Kpis;

namespace WholeSchoolSend.Core.Snapshots.Page;

/// <summary>A KPI as it is shown: its primary reading in its newest wave.</summary>
internal sealed class Shown
{
    private readonly IReadOnlyDictionary<string, SnapshotWave> _waves;

    public Shown(SnapshotKpi kpi, IReadOnlyDictionary<string, SnapshotWave> waves)
    {
        (Kpi, _waves) = (kpi, waves);
        Primary = kpi.Readings.FirstOrDefault(reading => reading.Primary) ?? (kpi.Readings is [var first, ..] ? first : null);
        Result = Primary is not null && NewestFirst(Primary) is [var newest, ..] ? newest : null;
        Wave = Result is null ? null : WaveOf(Result);
        Main = Result is null ? null : MainOf(Result);
        Target = Primary?.Target ?? kpi.Target;
    }

    public SnapshotKpi Kpi { get; }

    public SnapshotReading? Primary { get; }

    public SnapshotResult? Result { get; }

    public SnapshotWave? Wave { get; }

    /// <value>The figure the target is about.</value>
    public Figure? Main { get; }

    public Target? Target { get; }

    public bool IsOutcome => Kpi.Kind == KpiKind.Operational;

    /// <value>Is there anything yet that somebody observed or reported?</value>
    public bool HasEvidence => Result is { Milestone: not null } || Result?.Figures.Count > 0;

    /// <value>The verdict in words; null where none is taken.</value>
    public Words.Said? State => (Kpi, Result) switch
    {
        ({ DuplicateOf: not null }, _) => null,
        (_, null) => new("No figures yet", "dash", "none", ""),
        ({ Kind: KpiKind.Operational }, { Milestone: null }) => new("Nothing reported yet", "dash", "none", ""),
        ({ Kind: KpiKind.Operational }, { Verdict: Verdict.MetConfident }) => new("Reached", "tick", "met", ""),
        ({ Kind: KpiKind.Operational }, { Verdict: Verdict.NotMetConfident }) => new("Not yet reached", "cross", "missed", ""),
        (_, { Verdict: Verdict.Insufficient, Figures.Count: 0 }) => new("No evidence yet", "dash", "none", ""),
        (_, { Verdict: { } verdict }) => Words.Of(verdict),
        _ => null,
    };

    /// <value>The main figure, or what stands in its place; of how many it is stands beside it.</value>
    public string Value => Main is null ? "" : Main is { Name: "rose", Symbol: null, Value: { } rose } ? Words.Number(rose) : Words.ValueOf(Main);

    /// <value>What stands beside the main figure: its interval, or of how many it is; empty where there is neither.</value>
    public string Beside => Main is null ? ""
        : Main.Name == "rose" && Named("organisations") is { Value: { } all } ? $"of {Words.Number(all)} rose" : Words.IntervalOf(Main);

    /// <summary>The figure a target is about: the change or the rise where there is one, else the first that is not there for comparison.</summary>
    public static Figure? MainOf(SnapshotResult result) => result.Milestone is not null ? null
        : result.Figures.FirstOrDefault(figure => figure.Name == "change")
            ?? result.Figures.FirstOrDefault(figure => figure.Name == "rose")
            ?? result.Figures.FirstOrDefault(figure => !Words.IsDifference(figure) && figure.Name != "wider" && !Words.IsPublished(figure));

    public Figure? Named(string name) => Result?.Figures.FirstOrDefault(figure => figure.Name == name);

    public SnapshotWave? WaveOf(SnapshotResult result) => result.Wave is null ? null : _waves.GetValueOrDefault(result.Wave);

    public string TitleOf(string wave) => _waves.GetValueOrDefault(wave)?.Title ?? wave;

    /// <summary>A reading's results, the wave that ended last first.</summary>
    public IReadOnlyList<SnapshotResult> NewestFirst(SnapshotReading reading) =>
        [.. reading.Results.OrderByDescending(result => WaveOf(result)?.To).ThenByDescending(result => WaveOf(result)?.From).ThenBy(result => result.Wave, StringComparer.Ordinal)];
}
