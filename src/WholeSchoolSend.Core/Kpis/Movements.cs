namespace WholeSchoolSend.Core.Kpis;

/// <summary>What can move the totals of a school.</summary>
public enum Movement
{
    /// <summary>A response came that was not known.</summary>
    Arrived,

    /// <summary>Other answers of a known response count.</summary>
    Revised,

    /// <summary>Somebody was erased.</summary>
    Erased,

    /// <summary>A new version of the instrument makes something else of the answers.</summary>
    Recoded,
}

/// <summary>
/// How many responses of a wave moved its totals since the collection began, by what moved them. They only grow, so two of them tell what happened
/// between. They say what happened, not what is: totals never depend on them.
/// </summary>
public sealed record Movements(int Arrived = 0, int Revised = 0, int Erased = 0, int Recoded = 0)
{
    public Movements Plus(Movement movement) => movement switch
    {
        Movement.Arrived => this with { Arrived = Arrived + 1 },
        Movement.Revised => this with { Revised = Revised + 1 },
        Movement.Erased => this with { Erased = Erased + 1 },
        _ => this with { Recoded = Recoded + 1 },
    };

    public Movements Plus(Movements other) => new(Arrived + other.Arrived, Revised + other.Revised, Erased + other.Erased, Recoded + other.Recoded);
}

/// <summary>The totals of a collection, by wave and school, and what moved them, by wave.</summary>
public sealed class CollectionTotals(IList<SchoolTotals> totals, IReadOnlyDictionary<string, Movements> movements)
    : System.Collections.ObjectModel.ReadOnlyCollection<SchoolTotals>(totals)
{
    public IReadOnlyDictionary<string, Movements> Movements => movements;
}
