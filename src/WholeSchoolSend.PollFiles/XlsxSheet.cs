using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace WholeSchoolSend.PollFiles;

/// <summary>What a cell of a workbook holds. An error and a formula nobody has calculated are no answers, and not nothing either.</summary>
internal enum XlsxKind : byte { Empty, Text, Number, Moment, Error, Uncalculated }

/// <summary>How a cell's value is written.</summary>
internal enum XlsxType : byte { Number, SharedString, String, InlineString, Boolean, Error, Date }

/// <summary>A cell of the current row: its text in the row's bytes or, where <paramref name="Length"/> is negative, a shared string.</summary>
internal readonly record struct XlsxCell(XlsxKind Kind, int Start, int Length)
{
    public static FileProblem TooLong(int maxBytes, long line = 0) =>
        new(PollFileCodes.RecordTooLong, $"{(line == 0 ? "A text of the workbook" : $"Row {line}")} is longer than {maxBytes} bytes.", line);

    /// <summary>The text of a cell: its runs joined, without what tells how to pronounce it.</summary>
    public static void AppendRichText(PartXml xml, ByteBuffer to)
    {
        if (xml.IsEmpty) return;
        var start = to.Length;
        for (var depth = xml.Depth; xml.StepInside(depth);)
        {
            if (xml.Is("t"u8)) xml.AppendText(to);
            else if (!xml.Is("r"u8)) xml.Pass();
        }
        Unescape(to, start);
    }

    /// <summary>_x000D_ is how a workbook writes a character that XML cannot hold (ECMA-376 part 1, 22.9.2.19).</summary>
    public static void Unescape(ByteBuffer text, int start)
    {
        var bytes = text.From(start);
        var from = bytes.IndexOf("_x"u8);
        if (from < 0) return;
        var to = from;
        while (from < bytes.Length)
        {
            if (bytes.Length - from >= 7 && bytes[from] == '_' && bytes[from + 1] == 'x' && bytes[from + 6] == '_'
                && Utf8Parser.TryParse(bytes.Slice(from + 2, 4), out int code, out var read, 'x') && read == 4
                && Rune.TryCreate(code, out var character) && (code >= ' ' || code is '\t' or '\n' or '\r'))
            {
                to += character.EncodeToUtf8(bytes[to..]);
                from += 7;
            }
            else
                bytes[to++] = bytes[from++];
        }
        text.CutTo(start + to);
    }
}

/// <summary>
/// Goes through the rows of one sheet. The dimension a sheet claims is not believed: rows and cells are where they say they are,
/// in order, and missing ones are just missing, so a sheet costs what is in it.
/// </summary>
internal sealed class XlsxSheet : IDisposable
{
    public const int MaxRow = 1_048_576;
    private const int MaxColumn = 16_384;

    private readonly PartXml _xml;
    private readonly XlsxWorkbook _workbook;
    private readonly SharedStrings _strings;
    private readonly PollFileOptions _options;
    private readonly ByteBuffer _text;
    private XlsxCell[] _cells = new XlsxCell[64];
    private int _used;
    private int _bytes;
    private bool _inside;

    public XlsxSheet(Stream part, XlsxWorkbook workbook, SharedStrings strings, PollFileOptions options)
    {
        (_workbook, _strings, _options) = (workbook, strings, options);
        _text = new ByteBuffer(options.MaxRecordBytes, () => XlsxCell.TooLong(options.MaxRecordBytes, Row));
        _xml = new PartXml(part);
    }

    /// <summary>The number of the current row, from 1.</summary>
    public int Row { get; private set; }

    /// <summary>Up to the last cell of the row that holds anything.</summary>
    public int Width { get; private set; }

    /// <summary>The first error in the row, or formula without a value; -1 if there is none.</summary>
    public int FirstBad { get; private set; }

    public XlsxKind Kind(int column) => column < _used ? _cells[column].Kind : XlsxKind.Empty;

    public ReadOnlySpan<byte> Utf8(int column) =>
        column >= _used ? default : _cells[column] is (_, var start, >= 0 and var length) ? _text.Slice(start, length) : _strings[_cells[column].Start];

    /// <summary>To the next row with anything in it; at the end all of the part has been read, and so checked.</summary>
    public bool Next()
    {
        while (_inside || ToRows())
        {
            if (!_xml.StepInside(1))
            {
                while (_xml.Step()) { }
                return false;
            }
            if (!_xml.Is("row"u8))
            {
                _xml.Pass();
                continue;
            }
            ReadRow();
            if (Width > 0) return true;
        }
        return false;
    }

    private bool ToRows()
    {
        while (_xml.Step())
            if (_xml.IsStart && _xml.Depth == 1 && _xml.Is("sheetData"u8) && !_xml.IsEmpty) return _inside = true;
        return false;
    }

    private void ReadRow()
    {
        var row = Row + 1;
        while (_xml.NextAttribute())
            if (_xml.Is("r"u8) && !int.TryParse(_xml.Value, NumberStyles.None, CultureInfo.InvariantCulture, out row)) row = -1;
        if (row <= Row || row > MaxRow)
            throw Damaged(row <= Row ? $"The rows after row {Row} are not in order." : $"Row {row} is below the last row a workbook has.");
        Array.Clear(_cells, 0, _used);
        _text.Clear();
        (Row, Width, FirstBad, _used, _bytes) = (row, 0, -1, 0, 0);
        if (_xml.IsEmpty) return;
        for (var depth = _xml.Depth; _xml.StepInside(depth);)
        {
            if (_xml.Is("c"u8)) ReadCell();
            else _xml.Pass();
        }
    }

    private void ReadCell()
    {
        var (column, style, type) = (_used, 0, XlsxType.Number);
        while (_xml.NextAttribute())
        {
            if (_xml.Is("r"u8)) column = Column(_xml.Value);
            else if (_xml.Is("t"u8)) type = Type(_xml.Value);
            else if (_xml.Is("s"u8) && !int.TryParse(_xml.Value, NumberStyles.None, CultureInfo.InvariantCulture, out style)) style = 0;
        }
        if (column < _used || column >= MaxColumn) throw Damaged($"The cells of row {Row} are not in order, or not in a column a workbook has.");
        var (start, value, formula) = (_text.Length, false, false);
        if (!_xml.IsEmpty)
            for (var depth = _xml.Depth; _xml.StepInside(depth);)
            {
                if (_xml.Is("v"u8) && !value)
                {
                    value = true;
                    _xml.AppendText(_text);
                }
                else if (_xml.Is("is"u8) && type == XlsxType.InlineString && !value)
                {
                    value = true;
                    XlsxCell.AppendRichText(_xml, _text);
                }
                else
                {
                    formula |= _xml.Is("f"u8);
                    _xml.Pass();
                }
            }
        var cell = value ? Cell(type, style, start) : new XlsxCell(formula ? XlsxKind.Uncalculated : XlsxKind.Empty, start, 0);
        _used = column + 1;
        if (cell.Kind == XlsxKind.Empty) return;
        if (column >= _options.MaxColumns)
            throw new UnusableFileException(new(PollFileCodes.ColumnsTooMany,
                $"Row {Row} has a cell in column {column + 1}; the limit is {_options.MaxColumns}.", Row));
        if (column >= _cells.Length) Array.Resize(ref _cells, Math.Min(MaxColumn, Math.Max(_cells.Length * 2, column + 1)));
        _cells[column] = cell;
        Width = column + 1;
        if (FirstBad < 0 && cell.Kind is XlsxKind.Error or XlsxKind.Uncalculated) FirstBad = column;
        if ((_bytes += Utf8(column).Length) > _options.MaxRecordBytes) throw new UnusableFileException(XlsxCell.TooLong(_options.MaxRecordBytes, Row));
    }

    private XlsxCell Cell(XlsxType type, int style, int start)
    {
        switch (type)
        {
            case XlsxType.SharedString:
                if (!TryWhole(_text.From(start), out var index) || index >= _strings.Count)
                    throw Damaged($"A cell of row {Row} refers to a text that is not there.");
                _text.CutTo(start);
                return _strings[index].IsEmpty ? default : new XlsxCell(XlsxKind.Text, index, -1);
            case XlsxType.String:
                XlsxCell.Unescape(_text, start);
                return Text(XlsxKind.Text);
            case XlsxType.InlineString:
                return Text(XlsxKind.Text);
            case XlsxType.Boolean:
                var isTrue = TryWhole(_text.From(start), out var flag) && flag == 1;
                if (!isTrue && flag != 0) throw Damaged($"A cell of row {Row} should be true or false, and is neither.");
                _text.CutTo(start);
                _text.Append(isTrue ? "TRUE"u8 : "FALSE"u8);
                return Text(XlsxKind.Text);
            case XlsxType.Error:
                return Text(XlsxKind.Error);
            case XlsxType.Date:
                return Text(CellText.TryDate(_text.From(start), DateOrder.IsoOnly, out _) ? XlsxKind.Moment : XlsxKind.Text);
            default:
                return Number();
        }

        XlsxCell Text(XlsxKind kind) => _text.Length == start ? default : new XlsxCell(kind, start, _text.Length - start);

        XlsxCell Number()
        {
            var text = _text.From(start).Trim(" \t\r\n"u8);
            if (text.IsEmpty) return default;
            var shown = style < _workbook.Styles.Count ? _workbook.Styles[style] : DateStyle.None;
            if (shown == DateStyle.None && IsShortest(text) && text.Length == _text.Length - start) return Text(XlsxKind.Number);
            if (!CellText.TryNumber(text, decimalComma: false, out var number)) throw Damaged($"A cell of row {Row} should be a number, and is not.");
            if (shown != DateStyle.None && DateStyles.TryMoment(number, _workbook.From1904, out var date)
                && (shown == DateStyle.Time || !DateStyles.IsFirstDay(date, _workbook.From1904)))
                return Moment(date, shown);
            _text.CutTo(start);
            number.TryFormat(_text.Room(32), out var written, default, CultureInfo.InvariantCulture);
            _text.Advance(written);
            return Text(XlsxKind.Number);
        }

        // A day without a time is a day, and a time without a day is a time; anything else says both.
        XlsxCell Moment(DateTime date, DateStyle shown)
        {
            _text.CutTo(start);
            var isDay = date.TimeOfDay == TimeSpan.Zero && shown == DateStyle.Date;
            var isTime = shown == DateStyle.Time && DateStyles.IsFirstDay(date, _workbook.From1904);
            var format = (isDay ? "yyyy-MM-dd" : isTime ? "HH:mm:ss" : "yyyy-MM-ddTHH:mm:ss") + (date.Millisecond == 0 ? "" : ".fff");
            date.TryFormat(_text.Room(32), out var written, format, CultureInfo.InvariantCulture);
            _text.Advance(written);
            return Text(XlsxKind.Moment);
        }
    }

    // Up to 15 digits, no exponent and no needless zero: such a text is what the number is written as again. Most cells leave here.
    private static bool IsShortest(ReadOnlySpan<byte> text)
    {
        if (text.Length > 16) return false;
        if (text is [(byte)'-', ..]) text = text[1..];
        if (text.IsEmpty || text[0] == '0' && text.Length > 1 && (text[1] != '.' || text.Length > 2 && text[2] == '0')) return false;
        var point = text.IndexOf((byte)'.');
        if (point == 0 || point > 0 && (text[^1] is (byte)'0' or (byte)'.')) return false;
        var digits = point < 0 ? text : text[..point];
        return digits.Length <= 15 && !digits.ContainsAnyExceptInRange((byte)'0', (byte)'9')
            && (point < 0 || !text[(point + 1)..].ContainsAnyExceptInRange((byte)'0', (byte)'9')) && text.Length <= 16;
    }

    private static bool TryWhole(ReadOnlySpan<byte> text, out int number) =>
        int.TryParse(text.Trim(" \t\r\n"u8), NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private XlsxType Type(ReadOnlySpan<byte> type) => type switch
    {
        [(byte)'s'] => XlsxType.SharedString,
        [(byte)'n'] => XlsxType.Number,
        [(byte)'b'] => XlsxType.Boolean,
        [(byte)'e'] => XlsxType.Error,
        [(byte)'d'] => XlsxType.Date,
        _ when type.SequenceEqual("inlineStr"u8) => XlsxType.InlineString,
        _ when type.SequenceEqual("str"u8) => XlsxType.String,
        _ => throw Damaged($"A cell of row {Row} is of a kind no workbook has."),
    };

    private int Column(ReadOnlySpan<byte> reference)
    {
        var (column, at) = (0, 0);
        for (; at < reference.Length && at < 4 && char.IsAsciiLetterUpper((char)reference[at]); at++) column = column * 26 + (reference[at] - 'A' + 1);
        if (at == 0 || !int.TryParse(reference[at..], NumberStyles.None, CultureInfo.InvariantCulture, out var row) || row != Row)
            throw Damaged($"A cell of row {Row} is said to be in another row.");
        return column - 1;
    }

    private UnusableFileException Damaged(string message) =>
        new(new(PollFileCodes.WorkbookDamaged, message + " Open the workbook in Excel and save it again.", Row));

    public void Dispose() => _xml.Dispose();
}
