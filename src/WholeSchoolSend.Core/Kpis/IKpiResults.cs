namespace WholeSchoolSend.Core.Kpis;

/// <summary>One evaluation of the catalogue: everything read is hashed into <paramref name="Inputs"/>, which also names the run.</summary>
/// <param name="Inputs">SHA-256 over everything the evaluation read, lower-case hex: equal inputs, equal results.</param>
/// <param name="Results">one JSON document per (KPI, wave, reading), by that key, canonical.</param>
/// <param name="Frame">canonical JSON of what surrounds them: catalogue version, waves, sources.</param>
/// <param name="Provenance">JSON of what the evidence was made of. Unlike the rest it depends on how the evidence came to be as it is.</param>
public sealed record KpiRun(string Inputs, byte[] Frame, IReadOnlyDictionary<string, byte[]> Results, byte[] Provenance);

/// <summary>Keeps KPI aggregates: every run's rows under its own key, one row that says which run is current.</summary>
public interface IKpiResults
{
    /// <summary>Inputs of the current run; null before the first.</summary>
    Task<string?> CurrentInputsAsync(CancellationToken cancellation);

    /// <summary>The current run whole; null before the first.</summary>
    Task<KpiRun?> CurrentAsync(CancellationToken cancellation);

    /// <summary>Writes the run's rows, then switches to it in one write, then removes the rows of the run before.</summary>
    Task SwitchAsync(KpiRun run, CancellationToken cancellation);
}
