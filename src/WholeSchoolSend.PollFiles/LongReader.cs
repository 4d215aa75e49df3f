using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace WholeSchoolSend.PollFiles;

/// <summary>Reads a file with one answer per line, and makes one row of the consecutive lines of a respondent.</summary>
/// <remarks>
/// The questions become columns, so they are collected before the first row, in a pass of their own. A respondent of whom a line is
/// unreadable is left out whole: a row with an answer missing would pass for "not asked". Memory holds one respondent, and 16 bytes
/// of hash for each earlier one, to notice a respondent who comes back.
/// </remarks>
internal sealed class LongReader : PollFileReader
{
    private const int MaxName = 1024;

    private readonly PollFileReader _lines;
    private readonly int _respondent, _question, _answer, _respondentCell;
    private readonly int[] _carried;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _questions;
    private readonly HashSet<UInt128> _earlier = [];
    private readonly ArrayBufferWriter<byte> _text = new();
    private readonly (int Start, int Length)[] _cells;
    private readonly long[] _cellLines;
    private readonly char[] _name = new char[MaxName];
    private long _line;
    private bool _inside, _left, _spoiled, _nextSpoiled, _lineWaits;

    private LongReader(PollFileReader lines, LongLayout layout, List<string> questions, PollFileOptions options)
        : base(lines.Header with
        {
            Variables = [.. Carried(lines.Header, layout).Select(column => lines.Header.Variables[column]), .. questions.Select(name => new PollVariable(name))],
            FurtherRows = [.. lines.Header.FurtherRows.Select(row =>
                Carried(lines.Header, layout).Select(column => column < row.Count ? row[column] : "").ToArray())],
        }, options)
    {
        _lines = lines;
        (_respondent, _question, _answer) = (Only(layout.Respondent), Only(layout.Question), Only(layout.Answer));
        _carried = Carried(lines.Header, layout);
        _respondentCell = Array.IndexOf(_carried, _respondent);
        Dictionary<string, int> columns = new(PollFileHeader.Names);
        foreach (var name in questions) columns.Add(name, _carried.Length + columns.Count);
        _questions = columns.GetAlternateLookup<ReadOnlySpan<char>>();
        _cells = new (int, int)[Header.Variables.Count];
        _cellLines = new long[_cells.Length];

        int Only(string name) => lines.Header.Columns(name)[0];
    }

    public override long Line => _line;

    public override long LineOf(int column) => _cells[column].Start < 0 ? _line : _cellLines[column];

    public override ReadOnlySpan<byte> Utf8(int column) => _cells[column] is ( >= 0 and var start, var length) ? _text.WrittenSpan.Slice(start, length) : default;

    public override bool IsNotAsked(int column) => _cells[column].Start < 0 || base.IsNotAsked(column);

    public override ValueTask DisposeAsync() => _lines.DisposeAsync();

    public static async Task<OpenedPollFile> OpenAsync(
        Func<Task<OpenedPollFile>> openLines, LongLayout layout, PollFileOptions options, CancellationToken cancellation)
    {
        var first = await openLines();
        if (!first.CanBeRead) return first;
        var header = first.Reader.Header;
        List<string> questions = [];
        await using (first.Reader)
        {
            foreach (var name in new[] { layout.Respondent, layout.Question, layout.Answer })
                if (header.Columns(name).Count != 1)
                    return new(new FileProblem(PollFileCodes.LayoutColumn, $"There should be one column {name}; there are {header.Columns(name).Count}."));
            var column = header.Columns(layout.Question)[0];
            HashSet<string> known = new(PollFileHeader.Names);
            PollRead read;
            while ((read = await first.Reader.ReadAsync(cancellation)) is PollRead.Row or PollRead.Problem)
            {
                if (read != PollRead.Row || first.Reader.Text(column).Trim() is not { Length: > 0 and <= MaxName } question || !known.Add(question)) continue;
                questions.Add(question);
                if (header.Variables.Count + questions.Count > options.MaxColumns)
                    return new(new FileProblem(PollFileCodes.ColumnsTooMany, $"The file has more than {options.MaxColumns} questions and columns."));
            }
            if (read == PollRead.Refused) return new(first.Reader.FileProblem!);
        }

        var second = await openLines();
        if (!second.CanBeRead) return second;
        return new(new LongReader(second.Reader, layout, questions, options));
    }

    public override async ValueTask<PollRead> ReadAsync(CancellationToken cancellation)
    {
        while (true)
        {
            if (!_lineWaits)
                switch (await _lines.ReadAsync(cancellation))
                {
                    case PollRead.Refused:
                        return Refuse(_lines.FileProblem!);
                    case PollRead.Problem:
                        var problem = Named(_lines.Problem!);
                        return problem.Code is PollFileCodes.HeaderDuplicate or PollFileCodes.HeaderUnnamed ? Report(problem) : Spoil(problem);
                    case PollRead.End:
                        if (!_inside) return PollRead.End;
                        if (Close() is { } last) return last;
                        continue;
                }
            _lineWaits = false;
            if (_lines.Utf8(_respondent).Trim((byte)' ').IsEmpty)
                return Spoil(Wrong(_respondent, PollFileCodes.RespondentMissing, "The line does not say whose answer it is."));
            if (_inside && !_lines.Utf8(_respondent).SequenceEqual(Utf8(_respondentCell)))
            {
                _lineWaits = true;
                if (Close() is { } finished) return finished;
                continue;
            }
            if ((_inside ? null : Begin()) is { } returns) return Report(returns);
            _nextSpoiled = false;
            if ((_left ? null : Add()) is { } wrong)
            {
                _spoiled = true;
                return Report(wrong);
            }
        }
    }

    // What belongs to the respondent and is repeated on every line, the id itself among it.
    private static int[] Carried(PollFileHeader header, LongLayout layout) =>
        [.. Enumerable.Range(0, header.Variables.Count).Except([.. header.Columns(layout.Question), .. header.Columns(layout.Answer)])];

    private RowProblem? Begin()
    {
        var id = _lines.Utf8(_respondent);
        _inside = true;
        _line = _lines.Line;
        (_spoiled, _nextSpoiled) = (_nextSpoiled, false);
        _text.ResetWrittenCount();
        Array.Fill(_cells, (-1, 0));
        for (var column = 0; column < _carried.Length; column++) Keep(column, _lines.Utf8(_carried[column]));
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(id, hash);
        _left = !_earlier.Add(BinaryPrimitives.ReadUInt128LittleEndian(hash));
        return _left
            ? Wrong(_respondent, PollFileCodes.RespondentReturns,
                "This respondent came before. The lines of a respondent should follow each other; these are left out.")
            : null;
    }

    // Whose line this was is not known: the respondents on either side cannot be trusted to be whole.
    private PollRead Spoil(RowProblem problem)
    {
        _spoiled = _nextSpoiled = true;
        return Report(problem);
    }

    private RowProblem? Add()
    {
        for (var column = 0; column < _carried.Length; column++)
            if (!Utf8(column).SequenceEqual(_lines.Utf8(_carried[column])))
                return Wrong(_carried[column], PollFileCodes.RespondentDiffers,
                    "This differs from the respondent's first line; only the answers should.");
        var name = _lines.Utf8(_question);
        var length = name.Length > MaxName ? 0 : Encoding.UTF8.GetChars(name, _name);
        if (!_questions.TryGetValue(_name.AsSpan(0, length).Trim(), out var question))
            return Wrong(_question, PollFileCodes.QuestionMissing, "The line does not say which question it answers.");
        if (_cells[question].Start >= 0)
            return Wrong(_question, PollFileCodes.QuestionRepeated, "This respondent has answered this question before.") with
            {
                Name = Header.Variables[question].Name,
            };
        Keep(question, _lines.Utf8(_answer));
        return null;
    }

    // The columns of the lines are not those of the row they make.
    private RowProblem Named(RowProblem problem) =>
        problem.Column > 0 && problem.Column <= _lines.Header.Variables.Count
            ? problem with { Name = _lines.Header.Variables[problem.Column - 1].Name } : problem;

    private RowProblem Wrong(int column, string code, string message) =>
        new(_lines.Line, column + 1, code, message) { Name = _lines.Header.Variables[column].Name };

    private PollRead? Close()
    {
        _inside = false;
        if (_left) return null;
        return _spoiled
            ? Report(new(_line, 0, PollFileCodes.RespondentIncomplete, "This respondent is left out: a line of it, or next to it, could not be used."))
            : PollRead.Row;
    }

    private void Keep(int cell, ReadOnlySpan<byte> text)
    {
        _cells[cell] = (_text.WrittenCount, text.Length);
        _cellLines[cell] = _lines.Line;
        _text.Write(text);
    }
}
