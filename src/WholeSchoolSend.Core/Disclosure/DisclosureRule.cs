namespace WholeSchoolSend.Core.Disclosure;

/// <summary>A rule that protects people. All hold; the attacker in the tests turns one off to show what it is for.</summary>
[Flags]
internal enum DisclosureRule
{
    None = 0,

    /// <summary>What would follow from other figures of the document is withheld along with it.</summary>
    Secondary = 1,

    /// <summary>A share that would be shown only as under 5 or over 95 does not follow from others.</summary>
    Masks = 2,

    /// <summary>A question of a wave is issued once: what the catalogue adds to it later waits for a re-issue.</summary>
    Once = 4,

    /// <summary>A change since an earlier wave is shown only of what was issued of that wave.</summary>
    Changes = 8,

    /// <summary>Between two issues of a wave nobody changed, or enough people of enough schools.</summary>
    Differences = 16,

    /// <summary>No two issues of a wave together tell what neither tells.</summary>
    Together = 32,
}
