using System.Text.Json.Serialization;

namespace WholeSchoolSend.Core.Kpis;

/// <summary>Why a number or a verdict is not there: for programs, beside the words for people. Codes may be added and never change.</summary>
public enum ReasonCode
{
    /// <summary>Asked, but nobody gave a valid answer, or nothing was sent in yet.</summary>
    [JsonStringEnumMemberName("no-data")]
    NoData,

    /// <summary>The question was not put in this wave.</summary>
    [JsonStringEnumMemberName("not-asked")]
    NotAsked,

    /// <summary>Nothing was reported of the milestone yet.</summary>
    [JsonStringEnumMemberName("not-reported")]
    NotReported,

    /// <summary>The list it is counted from was not imported.</summary>
    [JsonStringEnumMemberName("list-not-imported")]
    ListNotImported,

    /// <summary>Public: between what is withheld and what is reliable. So the next two.</summary>
    [JsonStringEnumMemberName("too-few-respondents")]
    TooFewRespondents,

    [JsonStringEnumMemberName("too-few-schools")]
    TooFewSchools,

    /// <summary>So few that a count would name them.</summary>
    [JsonStringEnumMemberName("too-few-organisations")]
    TooFewOrganisations,

    /// <summary>One school has more than half of the weight. Internal only.</summary>
    [JsonStringEnumMemberName("dominance")]
    Dominance,

    [JsonStringEnumMemberName("interval-too-wide")]
    IntervalTooWide,

    /// <summary>
    /// Withheld to protect people or schools: too few of them, one school outweighs the others, or something of that kind would follow from it. Which of these is told
    /// nobody: it would say where to look.
    /// </summary>
    [JsonStringEnumMemberName("protected")]
    Protected,

    /// <summary>A figure it is made of is withheld, or told as a bound only.</summary>
    [JsonStringEnumMemberName("part-withheld")]
    PartWithheld,

    /// <summary>A reading it joins cannot be decided.</summary>
    [JsonStringEnumMemberName("part-undecided")]
    PartUndecided,

    /// <summary>Of a part of the people of another reading: internal only.</summary>
    [JsonStringEnumMemberName("internal-only")]
    InternalOnly,

    /// <summary>It compares with a level of 0.</summary>
    [JsonStringEnumMemberName("no-ratio")]
    NoRatio,

    /// <summary>There is no such number of this evidence.</summary>
    [JsonStringEnumMemberName("not-computable")]
    NotComputable,

    /// <summary>Even the highest level there is would not be enough of a rise.</summary>
    [JsonStringEnumMemberName("start-too-high")]
    StartTooHigh,

    /// <summary>With so few that changed no test could tell.</summary>
    [JsonStringEnumMemberName("too-few-changes")]
    TooFewChanges,

    /// <summary>The evidence came without schools.</summary>
    [JsonStringEnumMemberName("schools-unknown")]
    SchoolsUnknown,

    /// <summary>Several sources that are not combined, or that contradict each other.</summary>
    [JsonStringEnumMemberName("sources-differ")]
    SourcesDiffer,

    /// <summary>By decision no verdict is given on this reading.</summary>
    [JsonStringEnumMemberName("not-decided")]
    NotDecided,
}
