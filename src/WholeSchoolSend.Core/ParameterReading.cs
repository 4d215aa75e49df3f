using System.Globalization;

namespace WholeSchoolSend.Core;

/// <summary>
/// Reads the parameters of an operator's question and gathers everything that is wrong with them. One that nobody asks for is wrong: a filter
/// with a slip in its name would silently be none.
/// </summary>
internal sealed class ParameterReading
{
    // The function key may travel in the address: it is the host's.
    private const string Key = "code";

    private readonly IReadOnlyDictionary<string, string> _given;

    public ParameterReading(IReadOnlyDictionary<string, string> given, params string[] known)
    {
        _given = given;
        foreach (var name in given.Keys.Except([.. known, Key], StringComparer.Ordinal).Order(StringComparer.Ordinal))
            Wrong(name, $"should be one of {string.Join(", ", known)}");
    }

    public List<Problem> Problems { get; } = [];

    public string? Text(string name) => _given.TryGetValue(name, out var text) && text.Length > 0 ? text : null;

    public DateOnly? Day(string name)
    {
        if (Text(name) is not { } text) return null;
        if (DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) && day.Year is > 1999 and < 3000) return day;
        Wrong(name, "should be a day such as 2026-11-02");
        return null;
    }

    public int Whole(string name, int least, int most, int usual)
    {
        if (Text(name) is not { } text) return usual;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most) return number;
        Wrong(name, string.Create(CultureInfo.InvariantCulture, $"should be a whole number from {least} to {most}"));
        return usual;
    }

    public T? Word<T>(string name)
        where T : struct, Enum
    {
        if (Text(name) is not { } text) return null;
        var words = Enum.GetNames<T>().Select(word => word.ToLowerInvariant()).ToList();
        if (words.IndexOf(text) is >= 0 and var position) return Enum.GetValues<T>()[position];
        Wrong(name, $"should be one of {string.Join(", ", words)}");
        return null;
    }

    public void Wrong(string name, string should)
    {
        var problem = Core.Problems.ParameterInvalid.At(name, should);
        if (!Problems.Contains(problem)) Problems.Add(problem);
    }
}
