using System.Collections.Frozen;
using System.Text.Json.Serialization;

namespace WholeSchoolSend.Core.Kpis;

/// <summary>
/// What an evaluation was made of, in names, versions and counts: enough to tell later what moved a figure, and nothing of what anybody answered.
/// </summary>
/// <param name="Catalogue">version of the catalogue and the beginning of its hash.</param>
/// <param name="Method">version of the formulas.</param>
/// <param name="Policy">beginning of the hash of the disclosure policy: a verdict may depend on it.</param>
/// <param name="Register">version of each of its files, by kind.</param>
/// <param name="Instruments">versions of the instruments, by collection and id.</param>
/// <param name="Waves">days of fieldwork, by id: who was engaged before is told by them.</param>
/// <param name="Milestones">revisions of the milestones, by id.</param>
public sealed record Provenance(
    string Catalogue, string Method, string Policy, IReadOnlyDictionary<string, string> Register,
    IReadOnlyDictionary<string, IReadOnlyDictionary<string, int>> Instruments, IReadOnlyDictionary<string, string> Waves, IReadOnlyDictionary<string, int> Milestones,
    IReadOnlyList<Supply> Supplies)
{
    /// <summary>Of nothing at all.</summary>
    public static Provenance None { get; } = new(
        "", "", "", new Dictionary<string, string>(), new Dictionary<string, IReadOnlyDictionary<string, int>>(), new Dictionary<string, string>(), new Dictionary<string, int>(), []);

    /// <summary>Versions of the instruments by which answers to what a reading measures were mapped, by id; null where none were.</summary>
    /// <param name="wave">of its result; null: over all time.</param>
    public IReadOnlyDictionary<string, int>? InstrumentsOf(Kpi kpi, Reading reading, string? wave)
    {
        var collections = reading.CollectionsIn(kpi);
        var mapped = new SortedDictionary<string, int>(StringComparer.Ordinal);
        foreach (var supply in Supplies.Where(supply => supply.Respondents > 0 && (wave is null || supply.Wave == wave) && collections.Contains(supply.Collection)))
            foreach (var (id, version) in supply.Instruments) mapped[id] = version;
        return mapped.Count == 0 ? null : mapped;
    }
}

/// <summary>What one source brought to one wave.</summary>
/// <param name="Source"><c>webhooks</c>, or supplier and instrument of a poll file.</param>
/// <param name="Version">of the poll file; null for webhooks.</param>
/// <param name="Respondents">people in the sample.</param>
/// <param name="Moved">what webhooks brought and took since the collection began; null for a poll file.</param>
public sealed record Supply(string Collection, string Wave, string Source, string? Version, int Respondents, Movements? Moved)
{
    /// <summary>Versions of the instruments that map it, by id.</summary>
    public IReadOnlyDictionary<string, int> Instruments { get; init; } = FrozenDictionary<string, int>.Empty;
}

/// <summary>What can move a figure from one snapshot to the next.</summary>
public enum Cause
{
    [JsonStringEnumMemberName("late_data")]
    LateData,

    [JsonStringEnumMemberName("revision")]
    Revision,

    [JsonStringEnumMemberName("erasure")]
    Erasure,

    [JsonStringEnumMemberName("instrument")]
    Instrument,

    [JsonStringEnumMemberName("file_added")]
    FileAdded,

    [JsonStringEnumMemberName("file_corrected")]
    FileCorrected,

    [JsonStringEnumMemberName("file_withdrawn")]
    FileWithdrawn,

    [JsonStringEnumMemberName("register")]
    Register,

    [JsonStringEnumMemberName("wave")]
    Wave,

    [JsonStringEnumMemberName("milestone")]
    Milestone,

    [JsonStringEnumMemberName("catalogue")]
    Catalogue,

    [JsonStringEnumMemberName("method")]
    Method,

    [JsonStringEnumMemberName("disclosure_policy")]
    DisclosurePolicy,

    /// <summary>Nothing it rests on itself: a reading it is adjusted or joined with.</summary>
    [JsonStringEnumMemberName("related_reading")]
    RelatedReading,
}

/// <summary>One thing that moved a result.</summary>
/// <param name="Count">responses (late data, revision, erasure, instrument), files or revisions; null where nothing is counted.</param>
/// <param name="What">names it: which file, instrument or part of the register; never published.</param>
/// <param name="Wave">the wave whose evidence moved, where that is another than the result's: a trend reads earlier ones.</param>
public sealed record Mover(Cause Cause, int? Count = null, string? What = null, string? Wave = null)
{
    /// <summary>
    /// As everybody may know it: no names, of people no number that few could hide behind, and nothing of another wave, whose evidence may have moved
    /// without being issued. Null where nothing is left.
    /// </summary>
    internal Mover? ForEverybody(Disclosure.DisclosurePolicy policy) => Wave is not null ? null : this with
    {
        What = null,
        Count = Cause is Cause.LateData or Cause.Revision or Cause.Erasure or Cause.Instrument
            ? Count >= policy.MinRespondents ? Disclosure.PublicFigures.RoundToNearest(Count.Value, policy.RoundBaseTo) : null
            : Count,
    };
}

/// <summary>Tells what moved a result between two evaluations.</summary>
public static class Movers
{
    /// <summary>Everything a result of this reading depends on that differs, in the order of <see cref="Cause"/>; of its own wave first.</summary>
    /// <param name="wave">the result's; null: over all time.</param>
    public static IReadOnlyList<Mover> Between(Provenance before, Provenance after, Catalogue catalogue, Kpi kpi, Reading reading, string? wave)
    {
        var measures = reading.MeasuresIn(kpi);
        var collections = reading.CollectionsIn(kpi);
        var movers = collections.SelectMany(collection => OfCollection(before, after, collection, wave)).ToList();
        if (collections.Count > 0 || measures.Any(measure => measure is EngagedSchools))
        {
            var parts = Differing(before.Register, after.Register).ToList();
            if (parts.Count > 0) movers.Add(new Mover(Cause.Register, What: string.Join(", ", parts)));
        }
        if (wave is not null && before.Waves.GetValueOrDefault(wave) != after.Waves.GetValueOrDefault(wave))
            movers.Add(new Mover(Cause.Wave, What: $"{before.Waves.GetValueOrDefault(wave)} to {after.Waves.GetValueOrDefault(wave)}"));
        if (measures.Any(measure => measure is MilestoneReached) && after.Milestones.GetValueOrDefault(kpi.Id) - before.Milestones.GetValueOrDefault(kpi.Id) is not 0 and var reported)
            movers.Add(new Mover(Cause.Milestone, reported));
        if (before.Catalogue != after.Catalogue) movers.Add(new Mover(Cause.Catalogue, What: $"{before.Catalogue} to {after.Catalogue}"));
        if (before.Method != after.Method) movers.Add(new Mover(Cause.Method, What: $"{before.Method} to {after.Method}"));
        if (before.Policy != after.Policy) movers.Add(new Mover(Cause.DisclosurePolicy));
        return [.. movers.OrderBy(mover => mover.Wave is not null).ThenBy(mover => mover.Wave, StringComparer.Ordinal).ThenBy(mover => mover.Cause)];
    }

    private static IEnumerable<Mover> OfCollection(Provenance before, Provenance after, string collection, string? wave)
    {
        var earlier = Supplies(before, collection);
        var later = Supplies(after, collection);
        var recoded = 0;
        foreach (var key in earlier.Keys.Union(later.Keys).Order())
        {
            var (was, now) = (earlier.GetValueOrDefault(key), later.GetValueOrDefault(key));
            var elsewhere = wave is null || key.Wave == wave ? null : key.Wave;
            if (now?.Moved is null && was?.Moved is null)
            {
                if (was?.Version != now?.Version) yield return new Mover(was is null ? Cause.FileAdded : now is null ? Cause.FileWithdrawn : Cause.FileCorrected, 1, key.Source, elsewhere);
                continue;
            }
            var (from, to) = (was?.Moved ?? new Movements(), now?.Moved ?? was!.Moved!);
            if (to.Arrived > from.Arrived) yield return new Mover(Cause.LateData, to.Arrived - from.Arrived, Wave: elsewhere);
            if (to.Revised > from.Revised) yield return new Mover(Cause.Revision, to.Revised - from.Revised, Wave: elsewhere);
            if (to.Erased > from.Erased) yield return new Mover(Cause.Erasure, to.Erased - from.Erased, Wave: elsewhere);
            if (elsewhere is null) recoded += to.Recoded - from.Recoded;
        }
        var none = new Dictionary<string, int>();
        var (old, @new) = (before.Instruments.GetValueOrDefault(collection, none), after.Instruments.GetValueOrDefault(collection, none));
        var changed = old.Keys.Union(@new.Keys, StringComparer.Ordinal).Where(id => old.GetValueOrDefault(id) != @new.GetValueOrDefault(id)).Order(StringComparer.Ordinal).ToList();
        // Answers are mapped again for a while after the instrument changed: a later snapshot may count them without a new version.
        if (changed.Count > 0 || recoded > 0) yield return new Mover(Cause.Instrument, recoded, changed.Count == 0 ? null : string.Join(", ", changed));
    }

    private static Dictionary<(string Wave, string Source), Supply> Supplies(Provenance provenance, string collection) =>
        provenance.Supplies.Where(supply => supply.Collection == collection).ToDictionary(supply => (supply.Wave, supply.Source));

    private static IEnumerable<string> Differing(IReadOnlyDictionary<string, string> before, IReadOnlyDictionary<string, string> after) =>
        before.Keys.Union(after.Keys, StringComparer.Ordinal).Where(kind => before.GetValueOrDefault(kind) != after.GetValueOrDefault(kind)).Order(StringComparer.Ordinal);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(Provenance))]
internal sealed partial class ProvenanceJson : JsonSerializerContext;
