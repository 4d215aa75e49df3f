using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace WholeSchoolSend.PollFiles;

/// <summary>
/// Reads the records of a Triple-S pair as its description says. Blanks are no answer; single codes and numbers lose what only fills their
/// width; dates become ISO text. A multiple question becomes one column for each choice, named after its code, with 1 for chosen and 0 for
/// not, as SPSS has them; a choice the description does not know has no column, so it is a problem and not lost.
/// </summary>
internal sealed partial class TripleSReader : PollFileReader
{
    private readonly PollFileReader _records;
    private readonly TripleSVariable[] _variables;
    private readonly int[] _sources;
    private readonly Dictionary<int, int>?[] _choices;
    private readonly Queue<RowProblem> _headerProblems;
    private readonly ByteBuffer _text;
    private readonly (int Start, int Length)[] _cells;

    private TripleSReader(PollFileReader records, TripleSDescription description, PollFileHeader header, PollFileOptions options) : base(header, options)
    {
        _records = records;
        _variables = [.. description.Variables];
        _sources = [.. _variables.Select((variable, index) => description.IsCsv ? variable.Start - 1 : index)];
        _choices = [.. _variables.Select(variable => variable.Type != TripleSType.Multiple ? null
            : variable.Values.Select((value, index) => (Code: int.Parse(value.Code, CultureInfo.InvariantCulture), index))
                .ToDictionary(choice => choice.Code, choice => choice.index))];
        _cells = new (int, int)[header.Variables.Count];
        _headerProblems = HeaderCells.Problems(header.Variables, 1);
        // Positions may overlap, so a row can be longer than its record.
        _text = new ByteBuffer(options.MaxRecordBytes, () =>
            new(PollFileCodes.RecordTooLong, $"The row of line {Line} is longer than {options.MaxRecordBytes} bytes.", Line));
    }

    public override long Line => _records.Line;

    public override ReadOnlySpan<byte> Utf8(int column) => _text.Slice(_cells[column].Start, _cells[column].Length);

    /// <summary>Blank is this format's own mark, whatever others were agreed.</summary>
    public override bool IsNotAsked(int column) => _cells[column].Length == 0 || base.IsNotAsked(column);

    public override ValueTask DisposeAsync() => _records.DisposeAsync();

    public static async Task<OpenedPollFile> OpenAsync(
        Func<CancellationToken, Task<Stream>> openDescription, Func<CancellationToken, Task<Stream>> openData, PollFileOptions options,
        CancellationToken cancellation)
    {
        var (text, undecoded) = await ReadDescriptionAsync(openDescription, cancellation);
        if (text is null) return new OpenedPollFile(undecoded!);
        var (description, invalid) = TripleSDescription.Parse(text, options.MaxColumns);
        if (description is null) return new OpenedPollFile(invalid!);

        var dialect = new Dialect(options.Delimiter ?? ',', HasSeparatorLine: false, description.Skip, []);
        TextFile? file;
        await using (var stream = await openData(cancellation))
        {
            (file, var problem) = await TextInspection.InspectAsync(stream, dialect, options, cancellation);
            if (file is null) return new OpenedPollFile(problem!);
        }
        var records = description.IsCsv
            ? await DelimitedReader.OpenAsync(openData, file, options, cancellation, fields: description.Variables.Max(variable => variable.Start))
            : new OpenedPollFile(new FixedReader(await openData(cancellation), file, description, options));
        return records.CanBeRead ? new OpenedPollFile(new TripleSReader(records.Reader, description, Describe(description, file), options)) : records;
    }

    private static async Task<(string? Text, FileProblem? Problem)> ReadDescriptionAsync(
        Func<CancellationToken, Task<Stream>> open, CancellationToken cancellation)
    {
        await using var stream = await open(cancellation);
        var bytes = new MemoryStream();
        var block = new byte[1 << 16];
        for (int count; (count = await stream.ReadAsync(block, cancellation)) > 0;)
        {
            if (bytes.Length > TripleSDescription.MaxBytes)
                return (null, new FileProblem(PollFileCodes.DescriptionInvalid,
                    $"The Triple-S description is longer than {TripleSDescription.MaxBytes >> 20} MB."));
            bytes.Write(block, 0, count);
        }
        var content = bytes.ToArray();
        if (PollFile.Identify(content) != PollFileKind.TripleSDescription)
            return (null, new FileProblem(PollFileCodes.DescriptionInvalid, "The file that should describe the survey is no Triple-S description."));
        var (text, problem) = await TextInspection.DecodeAsync(content, cancellation);
        // The rule that found the encoding knows these; another, if anything but ASCII is written in it, would be read wrongly.
        return text is null || Ascii.IsValid(text) || Declared().Match(text) is not { Success: true, Groups: [_, var name] }
            || Known.Contains(name.Value, StringComparer.OrdinalIgnoreCase)
            ? (text, problem)
            : (null, new FileProblem(PollFileCodes.EncodingUnsupported,
                "The Triple-S description declares an encoding that is not read. Please save it as UTF-8 or ISO-8859-1."));
    }

    private static readonly string[] Known = ["utf-8", "utf8", "utf-16", "us-ascii", "iso-8859-1", "latin1", "windows-1252", "cp1252"];

    [GeneratedRegex(@"\A<\?xml\s[^>]{0,100}?encoding\s*=\s*[""']([^""']{1,40})[""']", RegexOptions.CultureInvariant)]
    private static partial Regex Declared();

    private static PollFileHeader Describe(TripleSDescription description, TextFile file)
    {
        List<PollVariable> columns = [];
        List<MultipleResponseSet> sets = [];
        foreach (var variable in description.Variables)
        {
            if (variable.Type == TripleSType.Multiple)
            {
                sets.Add(new MultipleResponseSet(variable.Name, variable.Label, [.. Enumerable.Range(columns.Count, variable.Values.Count)], "1"));
                columns.AddRange(variable.Values.Select(choice => new PollVariable($"{variable.Name}_{choice.Code}")
                {
                    Label = $"{variable.Label} {choice.Label}".Trim(),
                    Kind = VariableKind.Number,
                    Measure = VariableMeasure.Nominal,
                }));
                continue;
            }
            columns.Add(new PollVariable(variable.Name)
            {
                Label = variable.Label,
                ValueLabels = variable.Values,
                Kind = variable.Type switch
                {
                    TripleSType.Date => VariableKind.Date,
                    TripleSType.Quantity or TripleSType.Logical => VariableKind.Number,
                    TripleSType.Single => variable.IsLiteral ? VariableKind.Text : VariableKind.Number,
                    _ => VariableKind.Text,
                },
                Measure = variable.Type switch
                {
                    TripleSType.Quantity => VariableMeasure.Scale,
                    TripleSType.Single or TripleSType.Logical => VariableMeasure.Nominal,
                    _ => VariableMeasure.Unknown,
                },
            });
        }
        return new PollFileHeader($"Triple-S {description.Version} ({(description.IsCsv ? "CSV" : "fixed")})", columns, sets,
            description.Variables.FirstOrDefault(variable => variable.Use == "weight")?.Name, file.Notes)
        {
            RespondentVariable = description.Variables.FirstOrDefault(variable => variable.Use == "serial")?.Name,
        };
    }

    public override ValueTask<PollRead> ReadAsync(CancellationToken cancellation)
    {
        if (FileProblem is not null) return new(PollRead.Refused);
        if (_headerProblems.TryDequeue(out var problem)) return new(Report(problem));
        var reading = _records.ReadAsync(cancellation);
        return reading.IsCompletedSuccessfully ? new(Judge(reading.Result)) : JudgeAsync(reading);
    }

    private async ValueTask<PollRead> JudgeAsync(ValueTask<PollRead> reading) => Judge(await reading);

    private PollRead Judge(PollRead read)
    {
        try
        {
            return read switch
            {
                PollRead.Row => Convert() is { } wrong ? Report(wrong) : PollRead.Row,
                PollRead.Problem => Report(_records.Problem!),
                PollRead.Refused => Refuse(_records.FileProblem!),
                _ => PollRead.End,
            };
        }
        catch (UnusableFileException tooLong)
        {
            return Refuse(tooLong.Problem);
        }
    }

    private RowProblem? Convert()
    {
        _text.Clear();
        var column = 0;
        for (var index = 0; index < _variables.Length; index++)
        {
            var variable = _variables[index];
            var field = _records.Utf8(_sources[index]);
            if (_choices[index] is { } choices)
            {
                var cells = _cells.AsSpan(column, choices.Count);
                if ((variable.IsSpread ? Spread(variable, choices, field, cells) : Bits(variable, field, cells)) is { } wrong) return wrong;
                column += cells.Length;
                continue;
            }
            var start = _text.Length;
            if (Append(variable, field) is { } what) return Invalid(variable, what);
            _cells[column++] = (start, _text.Length - start);
        }
        return null;
    }

    private string? Append(TripleSVariable variable, ReadOnlySpan<byte> field)
    {
        var text = field.Trim((byte)' ');
        if (text.IsEmpty) return null;
        switch (variable.Type)
        {
            case TripleSType.Character:
                _text.Append(field.TrimEnd((byte)' '));
                return null;
            case TripleSType.Single when variable.IsLiteral:
                _text.Append(text);
                return null;
            case TripleSType.Single:
                if (!TryWholeCode(text, out var code)) return "a code";
                code.TryFormat(_text.Room(16), out var written, default, CultureInfo.InvariantCulture);
                _text.Advance(written);
                return null;
            case TripleSType.Quantity:
                if (!CellText.TryNumber(text, decimalComma: false, out _)) return "a number with a decimal point";
                if (text[0] is (byte)'-') _text.Append("-"u8);
                if (text[0] is (byte)'-' or (byte)'+') text = text[1..];
                while (text.Length > 1 && text[0] == '0' && char.IsAsciiDigit((char)text[1])) text = text[1..];
                _text.Append(text);
                return null;
            case TripleSType.Logical:
                if (text is not [(byte)'0' or (byte)'1']) return "0 or 1";
                _text.Append(text);
                return null;
            case TripleSType.Date:
                if (text.Length != 8 || text.ContainsAnyExceptInRange((byte)'0', (byte)'9')) return "a date such as 20260930";
                _text.Append(text[..4]);
                _text.Append("-"u8);
                _text.Append(text[4..6]);
                _text.Append("-"u8);
                _text.Append(text[6..]);
                return CellText.TryDate(_text.From(_text.Length - 10), DateOrder.IsoOnly, out _) ? null : "a date of the calendar";
            default:
                if (text.Length != 6 || text.ContainsAnyExceptInRange((byte)'0', (byte)'9') || text[0] > '2' || text[..2].SequenceCompareTo("23"u8) > 0
                    || text[2] > '5' || text[4] > '5')
                    return "a time such as 164500";
                _text.Append(text[..2]);
                _text.Append(":"u8);
                _text.Append(text[2..4]);
                _text.Append(":"u8);
                _text.Append(text[4..]);
                return null;
        }
    }

    private RowProblem? Bits(TripleSVariable variable, ReadOnlySpan<byte> field, Span<(int, int)> cells)
    {
        var bits = field.TrimEnd((byte)' ');
        cells.Fill((0, 0));
        if (bits.IsEmpty) return null;
        if (bits.ContainsAnyExcept((byte)'0', (byte)'1')) return Invalid(variable, "a string of 0 and 1");
        for (var choice = 0; choice < cells.Length; choice++)
        {
            var position = int.Parse(variable.Values[choice].Code, CultureInfo.InvariantCulture);
            if (position > bits.Length)
                return Invalid(variable, $"as long as its highest code, {variable.Values[^1].Code}. Did a spreadsheet take off zeros at its beginning?");
            cells[choice] = (_text.Length, 1);
            _text.Append(bits.Slice(position - 1, 1));
        }
        return null;
    }

    private RowProblem? Spread(TripleSVariable variable, Dictionary<int, int> choices, ReadOnlySpan<byte> field, Span<(int, int)> cells)
    {
        cells.Fill((0, 0));
        var most = variable.Subfields * variable.Width;
        if (field.Length > most) field = field.TrimEnd((byte)' ');
        if (field.Trim((byte)' ').IsEmpty) return null;
        if (field.Length > most) return Invalid(variable, $"of at most {most} characters");
        for (var choice = 0; choice < cells.Length; choice++)
        {
            cells[choice] = (_text.Length, 1);
            _text.Append("0"u8);
        }
        // Codes stand at the right of their fields, so what is missing from whole fields are the blanks of the first.
        var end = field.Length % variable.Width;
        if (end == 0) end = variable.Width;
        for (var start = 0; start < field.Length; (start, end) = (end, end + variable.Width))
        {
            var text = field[start..end].Trim((byte)' ');
            if (text.IsEmpty) continue;
            if (!TryWholeCode(text, out var code)) return Invalid(variable, "a list of codes");
            if (code == 0) continue;
            if (!choices.TryGetValue(code, out var choice))
                return new(Line, Column(variable), PollFileCodes.CodeUndefined,
                    $"The answers to {variable.Name} hold a code that the description does not define.")
                { Name = variable.Name };
            _text.Slice(cells[choice].Item1, 1)[0] = (byte)'1';
        }
        return null;
    }

    internal static bool TryWholeCode(ReadOnlySpan<byte> text, out int code)
    {
        code = 0;
        return text.Length is > 0 and <= 10 && int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out code);
    }

    private RowProblem Invalid(TripleSVariable variable, string what) =>
        new(Line, Column(variable), PollFileCodes.ValueInvalid,
            $"The answer to {variable.Name} should be {what}. If many rows say so, the description does not fit the data.")
        { Name = variable.Name };

    // Where the sender finds it: the field of a CSV record, the first character of a fixed one.
    private static int Column(TripleSVariable variable) => variable.Start;
}
