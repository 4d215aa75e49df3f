using System.ComponentModel.DataAnnotations;
using WholeSchoolSend.Core.Kpis;

namespace WholeSchoolSend.Core.Disclosure;

/// <summary>What a figure may be shown as.</summary>
public enum CellStatus
{
    /// <summary>Nobody answered.</summary>
    NoData,

    /// <summary>Too few people or schools, or one school dominates: withheld.</summary>
    Confidential,

    /// <summary>Too unreliable to show a number.</summary>
    Unreliable,

    /// <summary>Shown with a caution.</summary>
    SmallBase,

    Shown,
}

/// <summary>The rules of disclosure control, from settings <c>Disclosure__*</c>; the defaults follow DfE, ONS and NCHS practice.</summary>
public sealed record DisclosurePolicy
{
    /// <value>Fewer respondents than this are withheld. The default is 10 (ONS, UK LLC).</value>
    [Range(1, 1000)]
    public int MinRespondents { get; init; } = 10;

    /// <value>Fewer schools than this are withheld. The default is 3 (Sport England withholds two or fewer).</value>
    [Range(1, 100)]
    public int MinSchools { get; init; } = 3;

    /// <value>A school with more than this share of the weight dominates: withheld. The default is 0.5.</value>
    [Range(0.0, 1.0)]
    public double MaxSchoolShare { get; init; } = 0.5;

    /// <value>Fewer respondents than this are unreliable. The default is 30 (DfE School and College Voice, NCHS).</value>
    [Range(1, 1000)]
    public int ReliableRespondents { get; init; } = 30;

    /// <value>An interval this wide or wider, in percentage points, is unreliable. The default is 30 (NCHS).</value>
    [Range(1.0, 100.0)]
    public double MaxWidth { get; init; } = 30;

    /// <value>Fewer respondents than this are shown with a caution. The default is 100 (DfE School and College Voice).</value>
    [Range(1, 10_000)]
    public int CautionRespondents { get; init; } = 100;

    /// <value>Fewer degrees of freedom than this are shown with a caution. The default is 8 (NCHS).</value>
    [Range(1, 1000)]
    public int CautionDegreesOfFreedom { get; init; } = 8;

    /// <value>Published bases are rounded to a multiple of this. The default is 5.</value>
    [Range(1, 100)]
    public int RoundBaseTo { get; init; } = 5;

    /// <summary>
    /// The status of a figure about people, from its own base, schools, dominance and width; of one that mixes parts the worst of all: from the others and the
    /// whole the part that is withheld would follow, and what is half unreliable is unreliable.
    /// </summary>
    public CellStatus StatusOf(Figure figure) => StatusOfItself(Worst(figure));

    private Figure Worst(Figure figure) => StatusOfItself(figure) == CellStatus.NoData ? figure : (figure.Parts ?? []).Prepend(figure).MinBy(StatusOfItself)!;

    private CellStatus StatusOfItself(Figure figure)
    {
        if (figure.Base is null or 0) return CellStatus.NoData;
        if (IsConfidential(figure.Base.Value, figure.Schools, figure.LargestShare)) return CellStatus.Confidential;
        if (figure.Base < ReliableRespondents || figure.Lower is null || figure.Upper - figure.Lower >= MaxWidth) return CellStatus.Unreliable;
        return figure.Base < CautionRespondents || figure.DegreesOfFreedom < CautionDegreesOfFreedom ? CellStatus.SmallBase : CellStatus.Shown;
    }

    /// <summary>Why it may not be shown by itself; null where it may.</summary>
    internal ReasonCode? WhyNot(Figure figure) => WhyNotItself(Worst(figure));

    private ReasonCode? WhyNotItself(Figure figure) => StatusOfItself(figure) switch
    {
        CellStatus.NoData => figure.ReasonCode ?? ReasonCode.NoData,
        CellStatus.Confidential when figure.Base < MinRespondents => ReasonCode.TooFewRespondents,
        CellStatus.Confidential when figure.Schools < MinSchools => ReasonCode.TooFewSchools,
        CellStatus.Confidential => ReasonCode.Dominance,
        CellStatus.Unreliable when figure.Base < ReliableRespondents => ReasonCode.TooFewRespondents,
        CellStatus.Unreliable when figure.Lower is null => ReasonCode.TooFewSchools,
        CellStatus.Unreliable => ReasonCode.IntervalTooWide,
        _ => null,
    };

    /// <summary>Too few people or schools, or one school dominates.</summary>
    /// <param name="schools">null where schools are not known; so <paramref name="largestShare"/>.</param>
    internal bool IsConfidential(int respondents, int? schools, double? largestShare) =>
        respondents < MinRespondents || schools < MinSchools || largestShare > MaxSchoolShare;

    /// <summary>Rules that are turned off: by the attacker in the tests, to show what each is for. No setting reaches it.</summary>
    internal DisclosureRule Off { get; init; }

    internal bool Has(DisclosureRule rule) => (Off & rule) == 0;
}
