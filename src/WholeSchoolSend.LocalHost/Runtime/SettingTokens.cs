using System.Text.RegularExpressions;

namespace WholeSchoolSend.LocalHost;

/// <summary><c>%Name%</c> in an attribute is the setting of that name.</summary>
internal static partial class SettingTokens
{
    /// <summary>The text with its settings filled in, or null and the name of the setting that is missing.</summary>
    public static string? Expand(string text, Settings settings, out string missing)
    {
        var absent = Token().Matches(text).Select(one => one.Groups[1].Value).FirstOrDefault(one => settings[one] is null);
        missing = absent ?? "";
        return absent is null ? Token().Replace(text, one => settings[one.Groups[1].Value]!) : null;
    }

    [GeneratedRegex("%([^%]+)%")]
    private static partial Regex Token();
}
