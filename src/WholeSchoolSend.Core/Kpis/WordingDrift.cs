using System.Text.Json;
using System.Text.Json.Serialization;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Core.Kpis;

/// <summary>A wording of a question that an instrument maps, and how it stands.</summary>
/// <param name="Indicator">what the question measures; <c>role</c> for the role question.</param>
/// <param name="Text">null where only its hash is known.</param>
/// <param name="Respondents">whose answers to it are in the totals of the collection, as of the last recompute; null for the role question.</param>
public sealed record InstrumentWording(
    string Indicator, string Wording, WordingState State, int? Respondents, DateTimeOffset FirstSeen, string? Text, IReadOnlyList<string> Options);

/// <summary>Every wording an instrument has met.</summary>
public sealed record InstrumentWordings(string Instrument, int Version, IReadOnlyList<InstrumentWording> Wordings);

/// <summary>A wording nobody has looked at yet: answers to it are held apart, and wait.</summary>
/// <param name="Source">who sends the form.</param>
public sealed record UnreviewedWording(string Source, string Instrument, string Indicator, string Wording, DateTimeOffset FirstSeen, int? Respondents);

/// <summary>
/// Tells in which words questions were asked: at once from what was first seen, and from the last recompute how many answered them. A response
/// with other words shows here as soon as it is taken in.
/// </summary>
public sealed class WordingDrift(IInstruments instruments, IWordings wordings, IKpiResults results, TimeProvider time)
{
    /// <summary>At most so many are listed; the rest is a number.</summary>
    public const int MostListed = 20;

    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(30);

    private volatile Held? _held;

    /// <summary>
    /// Wordings nobody has looked at, by when they were first seen. Up to 30 seconds old, so that it can be asked often: three requests
    /// and one for each collection.
    /// </summary>
    public async Task<IReadOnlyList<UnreviewedWording>> UnreviewedAsync(CancellationToken cancellation)
    {
        if (_held is { } held && time.GetElapsedTime(held.Read) < Fresh) return held.Wordings;
        var read = time.GetTimestamp();
        var newest = await instruments.AllAsync(cancellation);
        var uses = await UsesAsync(cancellation);
        var unreviewed = new List<UnreviewedWording>();
        foreach (var collection in EvidenceReader.Collections(newest))
        {
            var seen = await wordings.SeenAsync(collection, cancellation);
            foreach (var instrument in newest.Where(instrument => instrument.Form is not null && instrument.Collection == collection))
                unreviewed.AddRange(Of(instrument, newest, seen, uses)
                    .Where(wording => wording.State == WordingState.Unreviewed)
                    .Select(wording => new UnreviewedWording(
                        instrument.Form!.Source, instrument.Id, wording.Indicator, wording.Wording, wording.FirstSeen, wording.Respondents)));
        }
        unreviewed =
        [
            .. unreviewed.OrderBy(wording => wording.FirstSeen)
                .ThenBy(wording => wording.Instrument, StringComparer.Ordinal)
                .ThenBy(wording => wording.Indicator, StringComparer.Ordinal),
        ];
        _held = new Held(read, unreviewed);
        return unreviewed;
    }

    /// <summary>The wordings of one instrument, by indicator and when they were first seen; null when there is no such instrument.</summary>
    public async Task<InstrumentWordings?> FindAsync(string id, CancellationToken cancellation)
    {
        var newest = await instruments.AllAsync(cancellation);
        if (newest.FirstOrDefault(instrument => instrument.Id == id) is not { } instrument) return null;
        var seen = await wordings.SeenAsync(instrument.Collection, cancellation);
        return new InstrumentWordings(instrument.Id, instrument.Version, Of(instrument, newest, seen, await UsesAsync(cancellation)).ToList());
    }

    private static IEnumerable<InstrumentWording> Of(
        Instrument instrument, IReadOnlyList<Instrument> newest, IReadOnlyList<SeenWording> seen, IReadOnlyList<WordingUse> uses)
    {
        var stated = new StatedWordings(newest);
        var inCollection = uses.Where(use => use.Collection == instrument.Collection).ToLookup(use => (use.Indicator, use.Wording));
        return seen.Where(wording => wording.Instrument == instrument.Id)
            .GroupBy(wording => wording.Indicator, StringComparer.Ordinal)
            .SelectMany(question => question
                .OrderBy(wording => wording.FirstSeen).ThenBy(wording => wording.Wording, StringComparer.Ordinal)
                .Select((wording, index) =>
                {
                    var used = inCollection[(wording.Indicator, wording.Wording)].ToList();
                    var root = stated.RootOf(instrument.Collection, wording.Indicator, wording.Wording);
                    return new InstrumentWording(
                        wording.Indicator, wording.Wording, StateOf(root, index == 0, wording.Wording, used),
                        wording.Indicator == SeenWording.Role ? null : used.Sum(use => use.Respondents), wording.FirstSeen, wording.Text, wording.Options);
                }));
    }

    /// <summary>By what was said; else by the last evaluation, which knows when answers were given; else by which was seen first.</summary>
    private static WordingState StateOf(string? root, bool isFirstSeen, string wording, List<WordingUse> used) =>
        root is not null ? (root == wording ? WordingState.Series : WordingState.Same)
        : used.Exists(use => use.State == WordingState.Unreviewed) ? WordingState.Unreviewed
        : used.Exists(use => use.State == WordingState.First) || isFirstSeen ? WordingState.First
        : WordingState.Unreviewed;

    private async Task<IReadOnlyList<WordingUse>> UsesAsync(CancellationToken cancellation) =>
        await results.CurrentAsync(cancellation) is { } run ? JsonSerializer.Deserialize(run.Frame, ResultsJson.Default.RunFrame)!.Wordings ?? [] : [];

    private sealed record Held(long Read, IReadOnlyList<UnreviewedWording> Wordings);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(InstrumentWordings))]
public sealed partial class WordingsJson : JsonSerializerContext;
