using WholeSchoolSend.Core.Schools;

namespace WholeSchoolSend.Core.Kpis;

/// <summary>Which schools were engaged when. A school that goes on as another is that other: its contacts and its answers are its successor's.</summary>
public sealed class EngagementRegister
{
    private readonly IReadOnlyDictionary<string, School> _schools;
    private readonly Dictionary<string, string> _successors;
    private readonly Dictionary<string, DateOnly> _first;
    private readonly IReadOnlyList<NetworkReach> _networks;

    public EngagementRegister(
        IReadOnlyDictionary<string, School> schools, IReadOnlyList<SchoolLink> links, IReadOnlyList<Engagement> engagements, IReadOnlyList<NetworkReach> networks)
    {
        (_schools, _networks) = (schools, networks);
        // A school that was split goes on as one of its parts: the one with the lowest number, so that it is the same one every time.
        _successors = links.GroupBy(link => link.Predecessor, StringComparer.Ordinal)
            .ToDictionary(school => school.Key, school => school.Select(link => link.Urn).Min(StringComparer.Ordinal)!, StringComparer.Ordinal);
        _first = engagements
            .GroupBy(engagement => Current(engagement.Urn), StringComparer.Ordinal)
            .ToDictionary(school => school.Key, school => school.Min(engagement => engagement.On), StringComparer.Ordinal);
    }

    /// <summary>Engaged: first contact before fieldwork began, so that nobody is counted as engaged for what came later.</summary>
    public bool IsEngaged(string school, DateOnly fieldwork) => _first.TryGetValue(Current(school), out var first) && first < fieldwork;

    /// <summary>Phase of education by the register; that of the school it was before where the register does not know the school itself.</summary>
    public string PhaseOf(string school) => _schools.TryGetValue(Current(school), out var known) || _schools.TryGetValue(school, out known) ? known.Phase : "unknown";

    /// <summary>The school as which this one goes on today; itself where it did not become another.</summary>
    public string Current(string school)
    {
        // A register whose links run in a circle ends where it began to repeat.
        for (var step = 0; step < 20 && _successors.TryGetValue(school, out var next) && next != school; step++) school = next;
        return school;
    }

    /// <summary>Distinct schools reached; null where no list says.</summary>
    public int? SchoolsReached(Reach reach) => reach switch
    {
        Reach.Direct => _first.Count > 0 ? _first.Count : null,
        // What a network says last replaces what it said before.
        _ => _networks.Count == 0 ? null : _networks.GroupBy(network => network.Network, StringComparer.OrdinalIgnoreCase).Sum(network => network.OrderBy(said => said.AsOf).ThenBy(said => said.Line).Last().Schools),
    };
}
