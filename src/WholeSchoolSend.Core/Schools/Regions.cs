using System.Collections.Frozen;
using System.Globalization;

namespace WholeSchoolSend.Core.Schools;

/// <summary>
/// Region and phase of a school where the register leaves them out. The Regional Schools Commissioner regions were taken out of the register in
/// July 2024, and extracts differ in the columns they have: the local authority is in all of them.
/// </summary>
public static class Regions
{
    public const string Unknown = "unknown";

    private const string NorthEast = "North East";
    private const string NorthWest = "North West";
    private const string Yorkshire = "Yorkshire and the Humber";
    private const string EastMidlands = "East Midlands";
    private const string WestMidlands = "West Midlands";
    private const string East = "East of England";
    private const string London = "London";
    private const string SouthEast = "South East";
    private const string SouthWest = "South West";

    /// <summary>The register's letters for regions.</summary>
    private static readonly FrozenDictionary<string, string> Letters = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
    {
        ["A"] = NorthEast,
        ["B"] = NorthWest,
        ["D"] = Yorkshire,
        ["E"] = EastMidlands,
        ["F"] = WestMidlands,
        ["G"] = East,
        ["H"] = London,
        ["J"] = SouthEast,
        ["K"] = SouthWest,
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenDictionary<int, string> Authorities = new (string Region, string Codes)[]
    {
        (London, "201-213 301-320"),
        (WestMidlands, "330-336 860-861 884-885 893-894 937"),
        (NorthWest, "340-344 350-359 876-877 888-890 895-896 909 942-943"),
        (Yorkshire, "370-373 380-384 810-813 815-816"),
        (NorthEast, "390-394 805-808 840-841 929"),
        (EastMidlands, "830-831 855-857 891-892 925 928 940-941"),
        (East, "820-823 873-874 881-883 919 926 935"),
        (SouthEast, "825-826 845-846 850-852 867-872 886-887 921 931 936 938"),
        (SouthWest, "420 800-803 835-839 865-866 878-880 908 916 933"),
    }
        .SelectMany(region => region.Codes.Split(' ').SelectMany(codes => Range(codes).Select(code => (code, region.Region))))
        .ToFrozenDictionary(authority => authority.code, authority => authority.Region);

    /// <summary>By the region's name, its letter, or the local authority's code, whichever the register has.</summary>
    public static string Of(string? name, string? letter, string? authority)
    {
        if (Letters.Values.FirstOrDefault(region => region.Equals(name, StringComparison.OrdinalIgnoreCase)) is { } named) return named;
        if (letter is not null && Letters.TryGetValue(letter, out var lettered)) return lettered;
        if (int.TryParse(authority, NumberStyles.None, CultureInfo.InvariantCulture, out var code)
            && Authorities.TryGetValue(code, out var derived)) return derived;
        return IsSaid(name) ? name! : Unknown;
    }

    /// <summary>The register's phase; of schools that have none, what kind of school it is, then whom it takes.</summary>
    public static string PhaseOf(string? phase, string? type, string? group, string? lowAge, string? highAge)
    {
        if (IsSaid(phase)) return phase!;
        var kind = $"{type} {group}";
        if (kind.Contains("special", StringComparison.OrdinalIgnoreCase)) return "Special";
        if (kind.Contains("pupil referral", StringComparison.OrdinalIgnoreCase) || kind.Contains("alternative provision",
            StringComparison.OrdinalIgnoreCase)) return "Alternative provision";
        if (!int.TryParse(lowAge, NumberStyles.None, CultureInfo.InvariantCulture, out var from)
            || !int.TryParse(highAge, NumberStyles.None, CultureInfo.InvariantCulture, out var to)) return Unknown;
        return to <= 5 ? "Nursery" : to <= 11 ? "Primary" : from >= 16 ? "16 plus" : from >= 11 ? "Secondary" : from <= 7 && to >= 16 ? "All-through" : Unknown;
    }

    private static bool IsSaid(string? text) => text is { Length: > 0 } && !text.Equals("Not applicable", StringComparison.OrdinalIgnoreCase)
        && !text.Equals("Not recorded", StringComparison.OrdinalIgnoreCase);

    private static IEnumerable<int> Range(string codes)
    {
        var ends = codes.Split('-').Select(end => int.Parse(end, CultureInfo.InvariantCulture)).ToArray();
        return Enumerable.Range(ends[0], ends[^1] - ends[0] + 1);
    }
}
