using System.Globalization;
using System.Text.RegularExpressions;

namespace WholeSchoolSend.Testing.Simulation;

/// <summary>What a query's <c>$filter</c> says, as Table Storage reads it: comparisons of a property with a constant, <c>and</c>, <c>or</c>, <c>not</c>, brackets.</summary>
internal sealed partial class TableFilter
{
    private readonly string _text;
    private int _at;

    private TableFilter(string text) => _text = text;

    public static Func<SimulatedRow, bool> Parse(string? text)
    {
        if (string.IsNullOrEmpty(text)) return _ => true;
        var filter = new TableFilter(text);
        var fits = filter.Or();
        filter.Blank();
        return filter._at == text.Length ? fits : throw Invalid();
    }

    /// <summary>Between which row keys of one partition everything lies that fits; null where the text does not begin with that.</summary>
    public static (string Partition, string From, string To)? Range(string? text) =>
        RangeOfRows().Match(text ?? "") is { Success: true, Groups: var groups } ? (Plain(groups[1]), Plain(groups[2]), Plain(groups[3])) : null;

    private static string Plain(Group quoted) => quoted.Value.Replace("''", "'", StringComparison.Ordinal);

    private static ServiceErrorException Invalid() => new(400, "InvalidInput");

    private Func<SimulatedRow, bool> Or()
    {
        var left = And();
        while (Word("or"))
        {
            var (one, other) = (left, And());
            left = row => one(row) || other(row);
        }
        return left;
    }

    private Func<SimulatedRow, bool> And()
    {
        var left = Not();
        while (Word("and"))
        {
            var (one, other) = (left, Not());
            left = row => one(row) && other(row);
        }
        return left;
    }

    private Func<SimulatedRow, bool> Not()
    {
        if (Word("not"))
        {
            var inner = Not();
            return row => !inner(row);
        }
        Blank();
        if (_at < _text.Length && _text[_at] == '(')
        {
            _at++;
            var inner = Or();
            Blank();
            if (_at >= _text.Length || _text[_at++] != ')') throw Invalid();
            return inner;
        }
        return Comparison();
    }

    private Func<SimulatedRow, bool> Comparison()
    {
        var name = Token();
        var operation = Token();
        var constant = Constant();
        Func<int, bool> holds = operation switch
        {
            "eq" => order => order == 0,
            "ne" => order => order != 0,
            "gt" => order => order > 0,
            "ge" => order => order >= 0,
            "lt" => order => order < 0,
            "le" => order => order <= 0,
            _ => throw Invalid(),
        };
        // A property that is not there, or is of another type, fits nothing.
        return row => row.Value(name) is { } value && Compare(value, constant) is { } order && holds(order);
    }

    private static int? Compare(object value, object constant) => (value, constant) switch
    {
        (string one, string other) => string.CompareOrdinal(one, other),
        (bool one, bool other) => one.CompareTo(other),
        (int or long or double, int or long or double) => Convert.ToDouble(value, CultureInfo.InvariantCulture).CompareTo(Convert.ToDouble(constant, CultureInfo.InvariantCulture)),
        (DateTimeOffset one, DateTimeOffset other) => one.CompareTo(other),
        (Guid one, Guid other) => string.CompareOrdinal(one.ToString(), other.ToString()),
        _ => null,
    };

    private object Constant()
    {
        Blank();
        if (_at < _text.Length && _text[_at] == '\'') return Quoted();
        var token = Token(stopAtQuote: true);
        if (_at < _text.Length && _text[_at] == '\'')
        {
            var quoted = Quoted();
            return token switch
            {
                "datetime" => DateTimeOffset.Parse(quoted, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal),
                "guid" => Guid.Parse(quoted),
                _ => throw Invalid(),
            };
        }
        return token switch
        {
            "true" => true,
            "false" => false,
            [.. var digits, 'L'] when long.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var large) => large,
            _ when int.TryParse(token, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) => whole,
            _ when double.TryParse(token, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) => number,
            _ => throw Invalid(),
        };
    }

    private string Quoted()
    {
        var begin = ++_at;
        while (true)
        {
            var end = _text.IndexOf('\'', _at);
            if (end < 0) throw Invalid();
            _at = end + 1;
            if (_at == _text.Length || _text[_at] != '\'') return _text[begin..end].Replace("''", "'", StringComparison.Ordinal);
            _at++;
        }
    }

    private bool Word(string word)
    {
        Blank();
        var end = _at + word.Length;
        if (end >= _text.Length || !_text.AsSpan(_at).StartsWith(word, StringComparison.Ordinal) || _text[end] is not (' ' or '(')) return false;
        _at = end;
        return true;
    }

    private string Token(bool stopAtQuote = false)
    {
        Blank();
        var begin = _at;
        while (_at < _text.Length && _text[_at] is not (' ' or '(' or ')') && !(stopAtQuote && _text[_at] == '\'')) _at++;
        return _at > begin ? _text[begin.._at] : throw Invalid();
    }

    private void Blank()
    {
        while (_at < _text.Length && _text[_at] == ' ') _at++;
    }

    // What follows may narrow it, and must not widen it.
    [GeneratedRegex("^PartitionKey eq '((?:[^']|'')*)' and RowKey ge '((?:[^']|'')*)' and RowKey lt '((?:[^']|'')*)'(?: and (?!.* or ).*)?$", RegexOptions.CultureInvariant)]
    private static partial Regex RangeOfRows();
}
