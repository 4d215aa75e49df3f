using System.Text.Json.Serialization;
using WholeSchoolSend.Core.Instruments;

namespace WholeSchoolSend.Core.Kpis;

/// <summary>How a wording stands to the others of its question.</summary>
public enum WordingState
{
    /// <summary>The first the question was asked in.</summary>
    [JsonStringEnumMemberName("first")]
    First,

    /// <summary>The evidence lead said that it is the same question as another wording, and it counts with that one.</summary>
    [JsonStringEnumMemberName("same")]
    Same,

    /// <summary>The evidence lead said that another question begins with it: a series of its own.</summary>
    [JsonStringEnumMemberName("series")]
    Series,

    /// <summary>Nobody has looked at it yet: it is held apart.</summary>
    [JsonStringEnumMemberName("unreviewed")]
    Unreviewed,
}

/// <summary>One wording of a question of a collection in one stage, over all registered waves.</summary>
/// <param name="Respondents">whose answers to it are in the totals.</param>
/// <param name="Since">when the first of them was submitted.</param>
public sealed record WordingUse(string Collection, string Stage, string Indicator, string Wording, WordingState State, int Respondents, DateTimeOffset Since);

/// <summary>
/// Which wordings of a collection's questions are one question. What was asked first begins a series; a wording that the evidence lead calls
/// the same counts with it, any other is a series of its own. It all follows from totals and instruments, when a KPI is evaluated: nothing
/// depends on what came first over the wire, and a statement of the lead needs nothing recomputed (docs/decisions/0007).
/// </summary>
internal sealed class WordingSeries
{
    // More wordings of one question than this are a tool that puts answers into its questions: nobody reads on.
    private const int MostListed = 20;

    private readonly string _collection;
    private readonly StatedWordings _stated;
    private readonly Dictionary<(string Stage, string Indicator), Dictionary<string, (int N, DateTimeOffset Since)>> _seen = [];
    private readonly Dictionary<(string Stage, string Indicator), string> _first = [];

    /// <param name="totals">of the collection, in registered waves.</param>
    public WordingSeries(string collection, StatedWordings stated, IEnumerable<SchoolTotals> totals)
    {
        (_collection, _stated) = (collection, stated);
        foreach (var wording in totals.SelectMany(school => school.Wordings ?? []))
        {
            if (!_seen.TryGetValue((wording.Stage, wording.Indicator), out var wordings))
                _seen.Add((wording.Stage, wording.Indicator), wordings = new(StringComparer.Ordinal));
            var (n, since) = wordings.GetValueOrDefault(wording.Wording, (0, DateTimeOffset.MaxValue));
            wordings[wording.Wording] = (n + wording.N, wording.Since < since ? wording.Since : since);
        }
        foreach (var (question, wordings) in _seen)
            _first.Add(question, InOrder(wordings).First().Key);
    }

    /// <summary>The wording that began the series a wording belongs to; <see cref="StatedWordings.First"/> for the one that began first.</summary>
    public string RootOf(string stage, string indicator, string? wording) =>
        wording is null ? StatedWordings.First
        : _stated.RootOf(_collection, indicator, wording) ?? (wording == _first.GetValueOrDefault((stage, indicator)) ? StatedWordings.First : wording);

    /// <summary>Has somebody looked at the wording that began this series, or was it the first?</summary>
    public bool IsReviewed(string indicator, string root) => root == StatedWordings.First || _stated.RootOf(_collection, indicator, root) is not null;

    /// <summary>The hash a series is shown by: of its wordings the one that was seen first; null where none is known.</summary>
    public string? NameOf(string stage, string indicator, string root) => Members(stage, indicator, root).Select(wording => wording.Key).FirstOrDefault();

    /// <summary>When the first answer to any wording of a series was submitted; null where none is known.</summary>
    public DateTimeOffset? SinceOf(string stage, string indicator, string root) =>
        Members(stage, indicator, root).Select(wording => (DateTimeOffset?)wording.Value.Since).FirstOrDefault();

    /// <summary>Has the question one series only, in whatever wave?</summary>
    public bool IsOne(string stage, string indicator) =>
        !_seen.TryGetValue((stage, indicator), out var wordings) || wordings.Keys.All(wording => RootOf(stage, indicator, wording) == StatedWordings.First);

    /// <summary>Every wording with how many answered it, in one order.</summary>
    public IEnumerable<WordingUse> Uses() =>
        _seen.OrderBy(question => question.Key.Indicator, StringComparer.Ordinal).ThenBy(question => question.Key.Stage, StringComparer.Ordinal)
            .SelectMany(question => InOrder(question.Value).Take(MostListed).Select(wording => new WordingUse(
                _collection, question.Key.Stage, question.Key.Indicator, wording.Key, StateOf(question.Key.Stage, question.Key.Indicator, wording.Key),
                wording.Value.N, wording.Value.Since)));

    private WordingState StateOf(string stage, string indicator, string wording) =>
        _stated.RootOf(_collection, indicator, wording) is { } root ? (root == wording ? WordingState.Series : WordingState.Same)
        : wording == _first[(stage, indicator)] ? WordingState.First : WordingState.Unreviewed;

    private IEnumerable<KeyValuePair<string, (int N, DateTimeOffset Since)>> Members(string stage, string indicator, string root) =>
        _seen.TryGetValue((stage, indicator), out var wordings) ? InOrder(wordings).Where(wording => RootOf(stage, indicator, wording.Key) == root) : [];

    private static IOrderedEnumerable<KeyValuePair<string, (int N, DateTimeOffset Since)>> InOrder(
        Dictionary<string, (int N, DateTimeOffset Since)> wordings) =>
        wordings.OrderBy(wording => wording.Value.Since).ThenBy(wording => wording.Key, StringComparer.Ordinal);
}

/// <summary>Of the series a question has in one wave the one that counts, and what is held apart.</summary>
/// <param name="Root">of the series that counts; null where nobody answered.</param>
/// <param name="Others">roots of the series that are held apart.</param>
/// <param name="IsOpen">somebody must look at a wording before this wave's figures are issued.</param>
internal sealed record WordingChoice(string? Root, IReadOnlyList<string> Others, bool IsOpen)
{
    /// <summary>Nobody answered.</summary>
    public static WordingChoice None { get; } = new(null, [], false);

    /// <summary>
    /// What somebody has looked at counts before what nobody has; then the series that most people answered, and of equals the older. So what was
    /// asked first counts until somebody says otherwise, and a stray answer to old words does not outweigh a wave.
    /// </summary>
    /// <param name="wordings">of the answers of one wave, with how many gave them.</param>
    public static WordingChoice Of(WordingSeries series, string stage, string indicator, IReadOnlyList<(string Wording, int Respondents)> wordings)
    {
        if (series.IsOne(stage, indicator)) return wordings.Count == 0 ? None : new WordingChoice(StatedWordings.First, [], false);
        var roots = wordings
            .GroupBy(answered => series.RootOf(stage, indicator, answered.Wording), answered => answered.Respondents, StringComparer.Ordinal)
            .Select(cells => (Root: cells.Key, N: cells.Sum(), IsReviewed: series.IsReviewed(indicator, cells.Key)))
            .OrderByDescending(root => root.IsReviewed)
            .ThenByDescending(root => root.N)
            .ThenBy(root => series.SinceOf(stage, indicator, root.Root) ?? DateTimeOffset.MinValue)
            .ThenBy(root => root.Root, StringComparer.Ordinal)
            .ToList();
        return roots.Count == 0
            ? None
            : new WordingChoice(roots[0].Root, roots.Skip(1).Select(root => root.Root).ToList(), roots.Count > 1 && roots.Any(root => !root.IsReviewed));
    }
}
