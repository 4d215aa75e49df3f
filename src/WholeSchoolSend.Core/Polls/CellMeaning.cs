using System.Globalization;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.PollFiles;

namespace WholeSchoolSend.Core.Polls;

/// <summary>
/// What the answers in one column mean, by the instrument's codes. The instrument may name an answer as the cell has it or as the file's
/// own value labels translate it, either way round; that the file calls an answer missing decides nothing.
/// </summary>
internal sealed class CellMeaning
{
    private readonly IReadOnlyDictionary<string, string> _codes;
    private readonly Dictionary<string, string> _labels = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, string> _codesOfLabels = new(StringComparer.OrdinalIgnoreCase);

    public CellMeaning(IReadOnlyDictionary<string, string> codes, PollVariable variable)
    {
        _codes = InstrumentMap.Lookup(codes);
        foreach (var label in variable.ValueLabels)
        {
            _labels.TryAdd(label.Code.Trim(), label.Label.Trim());
            _codesOfLabels.TryAdd(label.Label.Trim(), label.Code.Trim());
        }
    }

    /// <summary>What a cell stands for; null where the instrument does not say.</summary>
    public string? Find(string cell)
    {
        var text = cell.Trim();
        return Direct(text) ?? (Label(text) is { } label ? Direct(label) : null) ?? (_codesOfLabels.TryGetValue(text, out var code) ? Direct(code) : null);
    }

    /// <summary>The file's words for a cell; null where it has none.</summary>
    public string? Label(string cell) => _labels.TryGetValue(cell.Trim(), out var label)
        || (AsWhole(cell) is { } whole && _labels.TryGetValue(whole, out label)) ? label : null;

    /// <summary>Codes whose number the instrument codes one way and whose words another: the file's labels are not those it was written for.</summary>
    public IEnumerable<string> Contradictions() =>
        _labels.Where(label => Direct(label.Key) is { } byCode && Direct(label.Value) is { } byLabel && byCode != byLabel).Select(label => label.Key);

    private string? Direct(string text) => _codes.GetValueOrDefault(text) ?? (AsWhole(text) is { } whole ? _codes.GetValueOrDefault(whole) : null);

    /// <summary>"2.0" means code 2: programs write whole codes with decimals.</summary>
    private static string? AsWhole(string text) =>
        decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number == decimal.Truncate(number)
            ? decimal.Truncate(number).ToString(CultureInfo.InvariantCulture)
            : null;
}

/// <summary>What kind of thing stands in a cell, in words that say nothing about anybody.</summary>
internal static class Found
{
    public const string Empty = "empty";
    public const string Text = "text";

    /// <summary>In a column of answers.</summary>
    public static string Answer(string cell) =>
        cell.Trim() is not { Length: > 0 } text ? Empty : IsNumber(text, out _) ? "a number that is no code" : "text that is no answer";

    /// <summary>In a column of numbers.</summary>
    public static string Number(string cell, bool decimalComma)
    {
        if (cell.Trim() is not { Length: > 0 } text) return Empty;
        if (!IsNumber(decimalComma ? text.Replace(',', '.') : text, out var number))
            return IsNumber(text.Replace(',', '.'), out _) ? "a number written with a decimal comma" : "text where a number should be";
        return !double.IsFinite(number) ? "not a finite number" : number < 0 ? "a negative number" : number > InstrumentMap.LargestWeight
            ? "a number too large" : "a number written otherwise";
    }

    /// <summary>In a column of dates.</summary>
    public static string Date(string cell) => cell.Trim() is not { Length: > 0 } text ? Empty : IsNumber(text, out _) ? "a number where a date should be"
        : "text that is no date";

    /// <summary>In a column of ids.</summary>
    public static string Id(string cell) => cell.Trim().Length == 0 ? Empty : "text that is no id";

    /// <summary>In a column of school numbers.</summary>
    public static string School(string cell) =>
        cell.Trim() is not { Length: > 0 } text ? Empty : text.All(char.IsAsciiDigit) ? string.Create(CultureInfo.InvariantCulture, $"{text.Length} digits")
            : "text where six digits should be";

    private static bool IsNumber(string text, out double number) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number);
}
