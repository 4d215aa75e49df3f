using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Core.Instruments;

/// <summary>Keeps how questions were worded when they were first seen, so that people can read what a hash stands for.</summary>
public interface IWordings
{
    /// <summary>Every wording of a collection's questions, by instrument, indicator and hash.</summary>
    Task<IReadOnlyList<SeenWording>> SeenAsync(string collection, CancellationToken cancellation);
}

/// <summary>
/// What the evidence leads of a collection's instruments said of wordings. A wording has a root: the wording that began the series it belongs
/// to, or <see cref="First"/> for the series that began with the question as it was first asked.
/// </summary>
public sealed class StatedWordings
{
    /// <summary>The series of what was asked first, and of every answer whose wording is not known.</summary>
    public const string First = "";

    private readonly Dictionary<(string Collection, string Indicator, string Wording), string> _roots = [];

    /// <summary>Instruments are read in id order; of two that contradict each other (none is taken that does) the first has its way.</summary>
    public StatedWordings(IEnumerable<Instrument> instruments)
    {
        foreach (var instrument in instruments.OrderBy(instrument => instrument.Id, StringComparer.Ordinal))
            foreach (var (indicator, wordings) in Lists(instrument))
                foreach (var (wording, root) in Roots(wordings)) _roots.TryAdd((instrument.Collection, indicator, wording), root);
    }

    public bool Any => _roots.Count > 0;

    /// <summary>Root of a wording somebody has looked at; null for any other.</summary>
    public string? RootOf(string collection, string indicator, string wording) => _roots.GetValueOrDefault((collection, indicator, wording));

    /// <summary>All that was said, in one order: part of what an evaluation read.</summary>
    public IEnumerable<string> Lines() => _roots
        .Select(stated => string.Join('\t', stated.Key.Collection, stated.Key.Indicator, stated.Key.Wording, stated.Value))
        .Order(StringComparer.Ordinal);

    /// <summary>The lists an instrument has, by indicator; that of its role question by <see cref="SeenWording.Role"/>.</summary>
    public static IEnumerable<(string Indicator, IReadOnlyList<AcceptedWording> Wordings)> Lists(Instrument instrument)
    {
        foreach (var item in instrument.Items)
            if (item.Wordings is { } wordings) yield return (item.Indicator, wordings);
        if (instrument.Role?.Wordings is { } role) yield return (SeenWording.Role, role);
    }

    /// <summary>Each entry with its root: its own when another question begins with it, else that of the entry before.</summary>
    public static IEnumerable<(string Wording, string Root)> Roots(IReadOnlyList<AcceptedWording> wordings)
    {
        var root = First;
        foreach (var wording in wordings)
        {
            if (!wording.Same) root = wording.Hash;
            yield return (wording.Hash, root);
        }
    }
}
