using WholeSchoolSend.Core.Schools;

namespace WholeSchoolSend.Core.Kpis;

/// <summary>Which schools were engaged when. A school that goes on as another is that other: its contacts and its answers are its successor's.</summary>
public sealed class EngagementRegister
{
    private readonly IReadOnlyDictionary<string, School> _schools;
    private readonly Dictionary<string, string> _successors;
    private readonly Dictionary<string, string[]> _predecessors;
    private readonly Dictionary<string, DateOnly> _first;
    private readonly IReadOnlyList<NetworkReach> _networks;

    public EngagementRegister(
        IReadOnlyDictionary<string, School> schools, IReadOnlyList<SchoolLink> links, IReadOnlyList<Engagement> engagements, IReadOnlyList<NetworkReach> networks)
    {
        (_schools, _networks) = (schools, networks);
        // A school that was split goes on as one of its parts: the one with the lowest number, so that it is the same one every time.
        _successors = links.GroupBy(link => link.Predecessor, StringComparer.Ordinal)
            .ToDictionary(school => school.Key, school => school.Select(link => link.Urn).Min(StringComparer.Ordinal)!, StringComparer.Ordinal);
        _predecessors = links.GroupBy(link => link.Urn, StringComparer.Ordinal).ToDictionary(school => school.Key, school => school.Select(link => link.Predecessor).ToArray(), StringComparer.Ordinal);
        _first = engagements
            .GroupBy(engagement => engagement.Urn, StringComparer.Ordinal)
            .ToDictionary(school => school.Key, school => school.Min(engagement => engagement.On), StringComparer.Ordinal);
    }

    /// <summary>
    /// Engaged: first contact before fieldwork began, so that nobody is counted as engaged for what came later. Whatever a school was before, its contacts
    /// are its own: of a school that was split, those of every part.
    /// </summary>
    public bool IsEngaged(string school, DateOnly fieldwork)
    {
        var current = Current(school);
        return _predecessors.ContainsKey(current) ? WithPredecessors(current).Exists(HadContact) : HadContact(current);

        bool HadContact(string known) => _first.TryGetValue(known, out var first) && first < fieldwork;
    }

    /// <summary>Phase of education by the register; that of the school it was before where the register does not know the school itself.</summary>
    public string PhaseOf(string school) => _schools.TryGetValue(Current(school), out var known) || _schools.TryGetValue(school, out known) ? known.Phase : "unknown";

    /// <summary>The school as which this one goes on today; itself where it did not become another.</summary>
    public string Current(string school)
    {
        // A register whose links run in a circle ends where it began to repeat.
        for (var step = 0; step < 20 && _successors.TryGetValue(school, out var next) && next != school; step++) school = next;
        return school;
    }

    /// <summary>A school, then every school it was before; links may run in circles, files being files.</summary>
    private List<string> WithPredecessors(string school)
    {
        var lineage = new List<string> { school };
        for (var at = 0; at < lineage.Count; at++)
            if (_predecessors.TryGetValue(lineage[at], out var before)) lineage.AddRange(before.Except(lineage, StringComparer.Ordinal));
        return lineage;
    }

    /// <summary>Distinct schools reached by a day; null where no list says.</summary>
    public int? SchoolsReached(Reach reach, DateOnly today) => reach switch
    {
        Reach.Direct => _first.Count > 0 ? _first.Where(school => school.Value <= today).Select(school => Current(school.Key)).Distinct(StringComparer.Ordinal).Count() : null,
        // What a network says last replaces what it said before.
        _ => _networks.Count == 0 ? null : _networks.GroupBy(network => network.Network, StringComparer.OrdinalIgnoreCase).Sum(network => network.OrderBy(said => said.AsOf).ThenBy(said => said.Line).Last().Schools),
    };
}
