using System.Buffers;
using System.Globalization;
using System.Text;

namespace WholeSchoolSend.PollFiles;

/// <summary>Where a column lies in a row.</summary>
/// <param name="Segment">Its first cell of 8 bytes.</param>
/// <param name="Width">Bytes of text; 0 for a number.</param>
internal readonly record struct SavColumn(int Segment, int Width, bool IsDate, bool HasTime)
{
    /// <summary>A text of more than 255 bytes is kept in parts of 255, each in 32 cells: the 256th byte is filling.</summary>
    public const int Part = 255;
    public const int PartBytes = 256;

    public bool IsText => Width > 0;
}

/// <summary>The dictionary of an SPSS file: what its rows mean and how they lie in the file.</summary>
internal sealed class SavDictionary
{
    private const int MaxResponseSets = 10_000;

    // Merged labels take memory for each variable, unlike those of one record, which its variables share.
    private const int MaxMergedLabels = 1_000_000;

    private static readonly SearchValues<byte> AfterName = SearchValues.Create(" \n"u8);

    private readonly ReadOnlyMemory<byte> _bytes;
    private readonly IReadOnlyList<SavRecord> _records;
    private readonly SavHead _head;
    private readonly SavOrder _order;
    private readonly PollFileOptions _options;
    private readonly List<Variable> _variables = [];
    private readonly List<Variable?> _bySegment = [];
    private readonly List<MultipleResponseSet> _sets = [];
    private readonly List<FileNote> _notes = [];
    private readonly Dictionary<string, Variable> _shortNames = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Variable> _longNames = new(PollFileHeader.Names);
    private SavText _text = null!;
    private int _merged;

    private SavDictionary(ReadOnlyMemory<byte> bytes, SavHead head, IReadOnlyList<SavRecord> records, PollFileOptions options) =>
        (_bytes, _head, _order, _records, _options, Rows) = (bytes, head, new SavOrder(head.BigEndian), records, options, head.Rows);

    public SavText Text => _text;

    public SavColumn[] Columns { get; private set; } = [];

    public int Segments => _bySegment.Count;

    /// <summary>How many rows the file says it has, if it says so.</summary>
    public long? Rows { get; private set; }

    /// <summary>Some programs write "not a number" for nothing, and say so.</summary>
    public bool NanIsMissing { get; private set; }

    public PollFileHeader Header { get; private set; } = null!;

    public bool IsText(int segment) => _bySegment[segment] is not { Width: 0 };

    public static (SavDictionary? Dictionary, FileProblem? Problem) Read(
        ReadOnlyMemory<byte> bytes, SavHead head, IReadOnlyList<SavRecord> records, PollFileOptions options)
    {
        var dictionary = new SavDictionary(bytes, head, records, options);
        var problem = dictionary.Machine() ?? dictionary.FindEncoding() ?? dictionary.Variables() ?? dictionary.VeryLongTexts() ?? dictionary.LongNames()
            ?? dictionary.Measures() ?? dictionary.ValueLabels() ?? dictionary.LongTextLabels() ?? dictionary.LongTextMissing()
            ?? dictionary.ResponseSets() ?? dictionary.Finish();
        return problem is null ? (dictionary, null) : (null, problem);
    }

    private FileProblem? Machine()
    {
        if (Extension(3) is { Length: >= 32 } machine && _order.Int32(machine[16..]) is not (1 or 0))
            return SavProblems.Header("its numbers are those of an old mainframe");
        if (Extension(4) is { Length: >= 8 } special && _order.Double(special) is var missing && missing != double.MinValue)
        {
            if (!double.IsNaN(missing)) return SavProblems.Header("it does not say in a known way which number stands for nothing");
            NanIsMissing = true;
        }
        if (Extension(16) is { Length: >= 16 } count && _order.Int64(count[8..]) is >= 0 and var rows) Rows = rows;
        return null;
    }

    private FileProblem? FindEncoding()
    {
        string? name = Extension(20) is { IsEmpty: false } stated ? Encoding.Latin1.GetString(SavText.Trimmed(stated)) : null;
        int? page = Extension(3) is { Length: >= 32 } machine ? _order.Int32(machine[28..]) : null;
        (var text, var problem) = SavText.Find(name, page, _options.Encoding);
        _text = text!;
        return problem;
    }

    private FileProblem? Variables()
    {
        var following = 0;
        foreach (var record in _records)
        {
            if (record.Type != 2) continue;
            var bytes = Bytes(record);
            var width = _order.Int32(bytes);
            if (width == -1 != following > 0) return SavProblems.Dictionary("a text variable takes more or fewer cells than its width needs");
            if (width == -1)
            {
                _bySegment.Add(null);
                following--;
                continue;
            }
            if (width is < 0 or > 255) return SavProblems.Dictionary("a variable has an impossible width");
            var (hasLabel, missing, format) = (_order.Int32(bytes[4..]) == 1, _order.Int32(bytes[8..]), _order.Int32(bytes[12..]) >> 16 & 0xFF);
            if (missing < 0 && width > 0) return SavProblems.Dictionary("a text variable has a range of missing values");
            var variable = new Variable(_bySegment.Count, width, format, Key(bytes[20..28])) { Name = _text.Decode(bytes[20..28]) };
            var rest = bytes[28..];
            if (hasLabel)
            {
                var length = _order.Int32(rest);
                variable.Label = _text.Decode(rest.Slice(4, length));
                rest = rest[(4 + (length + 3) / 4 * 4)..];
            }
            variable.Missing = Missing(variable, rest, missing);
            _variables.Add(variable);
            _bySegment.Add(variable);
            following = width == 0 ? 0 : (width + 7) / 8 - 1;
        }
        if (following > 0) return SavProblems.Dictionary("a text variable takes fewer cells than its width needs");
        return _variables.Count == 0 ? new(PollFileCodes.HeaderEmpty, "The SPSS file has no variables.") : null;
    }

    private MissingValues Missing(Variable variable, ReadOnlySpan<byte> values, int count)
    {
        if (count == 0) return MissingValues.None;
        var codes = new List<string>();
        for (var value = count < 0 ? 2 : 0; value < Math.Abs(count); value++) codes.Add(Code(variable, values.Slice(8 * value, 8)));
        return count > 0 ? new(codes) : new(codes, Bound(_order.Double(values)), Bound(_order.Double(values[8..])));
    }

    // The file writes "lowest" and "highest" as the numbers next to nothing; they mean that there is no bound.
    private static double Bound(double value) =>
        value <= double.BitIncrement(double.MinValue) ? double.NegativeInfinity : value >= double.MaxValue ? double.PositiveInfinity : value;

    // Short names should be unique and sometimes are not: of two with the same name, the first entry is for the first.
    private Dictionary<string, Queue<Variable>> ByShortName()
    {
        Dictionary<string, Queue<Variable>> names = new(StringComparer.Ordinal);
        foreach (var variable in _variables)
        {
            if (!names.TryGetValue(variable.Key, out var same)) names.Add(variable.Key, same = []);
            same.Enqueue(variable);
        }
        return names;
    }

    private FileProblem? VeryLongTexts()
    {
        var names = ByShortName();
        Dictionary<Variable, int> widths = [];
        foreach (var entry in Entries(14))
        {
            var (name, value) = Pair(entry);
            if (!int.TryParse(SavText.Trimmed(value), NumberStyles.None, CultureInfo.InvariantCulture, out var width) || width is < 0 or > 32767)
                return SavProblems.Dictionary("a very long text has an impossible width");
            if (!names.TryGetValue(Key(name), out var same) || !same.TryDequeue(out var variable))
                return SavProblems.Dictionary("a very long text belongs to no variable");
            if (width > SavColumn.Part) widths[variable] = width;
        }
        if (widths.Count == 0) return null;

        var raw = _variables.ToList();
        _variables.Clear();
        for (var at = 0; at < raw.Count; at++)
        {
            var variable = raw[at];
            _variables.Add(variable);
            if (!widths.TryGetValue(variable, out var width)) continue;
            var parts = (width + 251) / 252;
            for (var part = 0; part < parts; part++)
            {
                var expected = part < parts - 1 ? SavColumn.Part : width - 252 * (parts - 1);
                if (at + part >= raw.Count || (raw[at + part].Width + 7) / 8 != (expected + 7) / 8)
                    return SavProblems.Dictionary("the parts of a very long text do not have the widths they should");
            }
            variable.Width = width;
            at += parts - 1;
        }
        return null;
    }

    private FileProblem? LongNames()
    {
        var names = ByShortName();
        foreach (var entry in Entries(13))
        {
            var (name, value) = Pair(entry);
            if (value.Length > 0 && names.TryGetValue(Key(name), out var same) && same.TryDequeue(out var variable)) variable.Name = _text.Decode(value);
            else Note("long-names", "A long name belongs to no variable and is left out.");
        }
        foreach (var variable in _variables)
        {
            _shortNames.TryAdd(variable.Key, variable);
            _longNames.TryAdd(variable.Name, variable);
        }
        return null;
    }

    private FileProblem? Measures()
    {
        if (Extension(11) is not { IsEmpty: false } display) return null;
        var raw = _bySegment.OfType<Variable>().ToList();
        var each = display.Length % 4 != 0 ? 0 : display.Length / 4 == 3 * raw.Count ? 3 : display.Length / 4 == 2 * raw.Count ? 2 : 0;
        if (each == 0) Note("measures", "How the variables are measured could not be read.");
        else
            for (var at = 0; at < raw.Count; at++)
                raw[at].Measure = _order.Int32(display[(4 * each * at)..]) switch
                {
                    1 => VariableMeasure.Nominal,
                    2 => VariableMeasure.Ordinal,
                    3 => VariableMeasure.Scale,
                    _ => VariableMeasure.Unknown,
                };
        return null;
    }

    private FileProblem? ValueLabels()
    {
        for (var at = 0; at < _records.Count; at++)
        {
            if (_records[at].Type == 4) return SavProblems.Dictionary("variables are named that share labels, but there are no labels");
            if (_records[at].Type != 3) continue;
            var labels = Bytes(_records[at]);
            if (++at == _records.Count || _records[at].Type != 4) return SavProblems.Dictionary("value labels belong to no variable");
            var indexes = Bytes(_records[at])[4..];
            if (indexes.IsEmpty) return SavProblems.Dictionary("value labels belong to no variable");
            var shared = new Dictionary<(bool Text, bool Date, bool Time), List<ValueLabel>>();
            var isText = (bool?)null;
            for (; !indexes.IsEmpty; indexes = indexes[4..])
            {
                var index = _order.Int32(indexes);
                if (index < 1 || index > _bySegment.Count || _bySegment[index - 1] is not { } variable)
                    return SavProblems.Dictionary("value labels belong to a place where no variable begins");
                if (isText is not null && isText != variable.Width > 0) return SavProblems.Dictionary("text and numeric variables share value labels");
                isText = variable.Width > 0;
                if (variable.Width > 8)
                {
                    Note("value-labels", "Labels of text variables wider than 8 bytes stand in the wrong place and are left out.");
                    continue;
                }
                var column = variable.Column;
                var kind = (column.IsText, column.IsDate, column.HasTime);
                if (!shared.TryGetValue(kind, out var list)) shared.Add(kind, list = Labels(variable, labels));
                if (Label(variable, list) is { } problem) return problem;
            }
        }
        return null;
    }

    private List<ValueLabel> Labels(Variable variable, ReadOnlySpan<byte> labels)
    {
        var list = new List<ValueLabel>();
        for (labels = labels[4..]; !labels.IsEmpty; labels = labels[(8 + (labels[8] + 8) / 8 * 8)..])
            list.Add(new(Code(variable, labels[..8]), _text.Decode(labels.Slice(9, labels[8]))));
        return list;
    }

    private FileProblem? Label(Variable variable, List<ValueLabel> labels)
    {
        if (variable.Labels.Count == 0)
        {
            variable.Labels = labels;
            return null;
        }
        _merged += variable.Labels.Count + labels.Count;
        if (_merged > MaxMergedLabels) return SavProblems.Dictionary("the same variables get value labels again and again");
        variable.Labels = [.. variable.Labels.Concat(labels).DistinctBy(label => label.Code)];
        return null;
    }

    // name, width, count, then value and label, each text with its length in front.
    private FileProblem? LongTextLabels()
    {
        foreach (var record in _records)
        {
            if (record is not { Type: 7, Subtype: 21 }) continue;
            for (var rest = Bytes(record); !rest.IsEmpty;)
            {
                if (!TakeText(ref rest, out var name) || !TakeInt(ref rest, out _) || !TakeInt(ref rest, out var count) || count < 0)
                    return SavProblems.Dictionary("a length among the labels of long texts is impossible");
                var labels = new List<ValueLabel>();
                for (var label = 0; label < count; label++)
                {
                    if (!TakeText(ref rest, out var value) || !TakeText(ref rest, out var text))
                        return SavProblems.Dictionary("a length among the labels of long texts is impossible");
                    labels.Add(new(_text.Decode(value), _text.Decode(text)));
                }
                if (ByLongName(name) is not { Width: > 0 } variable) Note("value-labels", "Labels that belong to no text variable are left out.");
                else if (Label(variable, labels) is { } problem) return problem;
            }
        }
        return null;
    }

    // Only information, and IBM's own files differ in it: what cannot be followed is left out.
    private FileProblem? LongTextMissing()
    {
        for (var rest = Extension(22); !rest.IsEmpty;)
        {
            if (!TakeText(ref rest, out var name) || rest.IsEmpty) return Broken();
            var count = rest[0];
            rest = rest[1..];
            if (count is < 1 or > 3 || !TakeInt(ref rest, out var width) || width is < 1 or > 255) return Broken();
            var codes = new List<string>();
            for (var code = 0; code < count; code++)
            {
                if (code > 0 && rest.Length >= 4 && _order.Int32(rest) == width && rest.Length >= 4 + width) rest = rest[4..];   // some repeat the width
                if (rest.Length < width) return Broken();
                codes.Add(_text.Decode(rest[..width]));
                rest = rest[width..];
            }
            if (ByLongName(name) is { Width: > 0 } variable) variable.Missing = new(codes);
        }
        return null;

        FileProblem? Broken()
        {
            Note("missing-values", "The missing values of long text variables could not be read.");
            return null;
        }
    }

    private FileProblem? ResponseSets()
    {
        HashSet<string> known = new(PollFileHeader.Names);
        var columns = _variables.Select((variable, column) => (variable, column)).ToDictionary(pair => pair.variable, pair => pair.column);
        foreach (var record in _records)
        {
            if (record is not { Type: 7, Subtype: 7 or 19 }) continue;
            ReadOnlySpan<byte> rest, counted, label;
            for (rest = Bytes(record).TrimEnd("\n\0 "u8); !rest.IsEmpty; rest = rest.TrimStart((byte)'\n'))
            {
                var equals = rest.IndexOf((byte)'=');
                if (equals < 1 || equals + 1 >= rest.Length) return Unknown();
                var name = _text.Decode(rest[..equals]);
                var kind = rest[equals + 1];
                rest = rest[(equals + 2)..];
                counted = default;
                if (kind == 'E')   // 1 or 11: where its labels come from
                {
                    rest = rest.TrimStart((byte)' ');
                    var space = rest.IndexOf((byte)' ');
                    if (space < 1) return Unknown();
                    rest = rest[space..].TrimStart((byte)' ');
                }
                else if (kind == 'C') rest = rest.TrimStart((byte)' ');
                else if (kind != 'D') return Unknown();
                if (kind != 'C' && !TakeCounted(ref rest, out counted)) return Overrun();
                if (!TakeCounted(ref rest, out label)) return Overrun();
                var members = new List<int>();
                while (!rest.IsEmpty && rest[0] != '\n')
                {
                    var end = rest.IndexOfAny(AfterName);
                    var member = end < 0 ? rest : rest[..end];
                    rest = end < 0 ? default : rest[end] == ' ' ? rest[(end + 1)..] : rest[end..];
                    if (member.IsEmpty) continue;
                    if ((_shortNames.GetValueOrDefault(Key(member)) ?? ByLongName(member)) is { } variable) members.Add(columns[variable]);
                    else Note("response-sets", "A multiple-response set names a variable that is not there.");
                }
                if (known.Count == MaxResponseSets) return Unknown();
                if (known.Add(name)) _sets.Add(new(name, _text.Decode(label), members, kind == 'C' ? null : _text.Decode(counted)));
            }
        }
        return null;

        FileProblem? Unknown()
        {
            Note("response-sets", "The multiple-response sets are not all written in a known way, and some are left out.");
            return null;
        }

        static FileProblem Overrun() => SavProblems.Dictionary("a length in a multiple-response set is impossible");
    }

    private FileProblem? Finish()
    {
        if (_variables.Count > _options.MaxColumns)
            return new(PollFileCodes.ColumnsTooMany, $"The file has {_variables.Count} columns; the limit is {_options.MaxColumns}.");
        string? weight = null;
        if (_head.WeightIndex != 0)
        {
            if (_head.WeightIndex < 0 || _head.WeightIndex > _bySegment.Count || _bySegment[_head.WeightIndex - 1] is not { Width: 0 } variable)
                return SavProblems.Weight(_head.WeightIndex);
            weight = variable.Name;
        }
        if (_records.Any(record => record.Type == 6)) Note("documents", "The file holds comments, which are left out.");
        if (_text.Replaced > 0) Note("replacement-characters", $"{_text.Replaced} characters in names and labels were lost before the file was sent.");
        Columns = [.. _variables.Select(variable => variable.Column)];
        var variables = _variables.Select(variable => new PollVariable(variable.Name)
        {
            Label = variable.Label,
            Kind = variable.Column is var column && column.IsText ? VariableKind.Text : column.IsDate ? VariableKind.Date : VariableKind.Number,
            Measure = variable.Measure,
            ValueLabels = variable.Labels,
            Missing = variable.Missing,
        }).ToArray();
        Header = new(_head.Compression == 2 ? "SPSS (.zsav)" : "SPSS (.sav)", variables, _sets, weight, [_text.Note, .. _notes]);
        return null;
    }

    private string Code(Variable variable, ReadOnlySpan<byte> value) =>
        variable.Width > 0 ? _text.Decode(value) : SavNumber.Text(_order.Double(value), variable.Column, NanIsMissing);

    private void Note(string code, string message)
    {
        var note = new FileNote(code, message);
        if (!_notes.Contains(note)) _notes.Add(note);
    }

    private ReadOnlySpan<byte> Bytes(SavRecord record) => _bytes.Span[record.Start..record.End];

    private ReadOnlySpan<byte> Extension(int subtype)
    {
        foreach (var record in _records)
            if (record.Type == 7 && record.Subtype == subtype) return Bytes(record);
        return default;
    }

    private List<ReadOnlyMemory<byte>> Entries(int subtype)
    {
        List<ReadOnlyMemory<byte>> entries = [];
        foreach (var record in _records)
        {
            if (record.Type != 7 || record.Subtype != subtype) continue;
            foreach (var range in _bytes.Span[record.Start..record.End].Split((byte)'\t'))
            {
                var entry = _bytes[record.Start..record.End][range];
                if (!SavText.Trimmed(entry.Span).IsEmpty) entries.Add(entry);
            }
        }
        return entries;
    }

    private static (byte[] Name, byte[] Value) Pair(ReadOnlyMemory<byte> entry)
    {
        var equals = entry.Span.IndexOf((byte)'=');
        return equals < 0 ? (entry.ToArray(), []) : (entry[..equals].ToArray(), entry[(equals + 1)..].ToArray());
    }

    private Variable? ByLongName(ReadOnlySpan<byte> name) => _longNames.GetValueOrDefault(_text.Decode(name)) ?? _shortNames.GetValueOrDefault(Key(name));

    // Bytes compared as they are, but for the case of ASCII letters: a short name may be cut in the middle of a character.
    private static string Key(ReadOnlySpan<byte> name)
    {
        var key = SavText.Trimmed(name).ToArray();
        foreach (ref var letter in key.AsSpan())
            if (letter is >= (byte)'a' and <= (byte)'z') letter -= 32;
        return Encoding.Latin1.GetString(key);
    }

    private bool TakeInt(scoped ref ReadOnlySpan<byte> rest, out int value)
    {
        value = rest.Length < 4 ? 0 : _order.Int32(rest);
        if (rest.Length < 4) return false;
        rest = rest[4..];
        return true;
    }

    private bool TakeText(scoped ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> text)
    {
        text = default;
        if (!TakeInt(ref rest, out var length) || length < 0 || length > rest.Length) return false;
        text = rest[..length];
        rest = rest[length..];
        return true;
    }

    // Digits, a space, so many bytes, a space.
    private static bool TakeCounted(scoped ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> text)
    {
        text = default;
        var space = rest.IndexOf((byte)' ');
        if (space < 1 || !int.TryParse(rest[..space], NumberStyles.None, CultureInfo.InvariantCulture, out var length)
            || length > rest.Length - space - 1)
            return false;
        text = rest.Slice(space + 1, length);
        rest = rest[(space + 1 + length)..];
        if (!rest.IsEmpty && rest[0] == ' ') rest = rest[1..];
        return true;
    }

    private sealed class Variable(int segment, int width, int format, string key)
    {
        public string Key => key;
        public string Name { get; set; } = "";
        public int Width { get; set; } = width;
        public string Label { get; set; } = "";
        public VariableMeasure Measure { get; set; }
        public List<ValueLabel> Labels { get; set; } = [];
        public MissingValues Missing { get; set; } = MissingValues.None;

        // DATE, DATETIME, ADATE, JDATE, MOYR, QYR, WKYR, EDATE, SDATE and YMDHMS; times and names of days and months are numbers.
        public SavColumn Column => new(segment, Width,
            IsDate: Width == 0 && format is (20 or 22 or 23 or 24 or 28 or 29 or 30 or 38 or 39 or 41),
            HasTime: Width == 0 && format is (22 or 41));
    }
}
