using System.Text;

namespace WholeSchoolSend.PollFiles;

/// <summary>Reads records whose fields stand at positions, one a line; the columns are the variables of the description, in its order.</summary>
/// <remarks>
/// Positions count characters. Some exporters write UTF-8 and still count bytes: where a record is as long as a plain one in bytes but
/// not in characters, that is what they did. A record that fits neither is a problem until another has shown which it is.
/// Fields a record does not reach are blank, as exporters strip what is blank at the end; one that ends inside a field was cut, and part of an
/// answer may be another answer.
/// </remarks>
internal sealed class FixedReader : PollFileReader
{
    private readonly Stream _stream;
    private readonly (int Start, int Finish)[] _positions;
    private readonly int _described;
    private readonly int _skip;
    private readonly bool _isUtf8;
    private byte[] _buffer = new byte[1 << 16];
    private int[] _characters = [];
    private int _start, _searched, _end, _recordStart, _recordLength, _count;
    private int _plainLength;
    private bool _ended, _isAscii, _byBytes;
    private bool? _fileByBytes;
    private long _line;
    private long _lines;
    private int _rows;

    public FixedReader(Stream stream, TextFile file, TripleSDescription description, PollFileOptions options)
        : base(new PollFileHeader("fixed text", [.. description.Variables.Select(variable => new PollVariable(variable.Name))], [], null, file.Notes), options)
    {
        _isUtf8 = file.Encoding is null;
        _stream = file.Encoding is { } encoding ? Encoding.CreateTranscodingStream(stream, encoding, Encoding.UTF8) : stream;
        _positions = [.. description.Variables.Select(variable => (variable.Start - 1, variable.Finish))];
        _described = description.Variables.Max(variable => variable.Finish);
        _skip = description.Skip;
    }

    public override long Line => _line;

    public override ReadOnlySpan<byte> Utf8(int column)
    {
        var (start, finish) = _positions[column];
        var record = _buffer.AsSpan(_recordStart, _recordLength);
        if (start >= _count) return default;
        finish = Math.Min(finish, _count);
        return _isAscii || _byBytes ? record[start..finish] : record[_characters[start].._characters[finish]];
    }

    public override ValueTask DisposeAsync() => _stream.DisposeAsync();

    // Not async itself: hundreds of records come out of each block that is waited for.
    public override ValueTask<PollRead> ReadAsync(CancellationToken cancellation) =>
        FileProblem is not null ? new(PollRead.Refused) : TryRead(out var read) ? new(read) : FillAndReadAsync(cancellation);

    private async ValueTask<PollRead> FillAndReadAsync(CancellationToken cancellation)
    {
        PollRead read;
        do await FillAsync(cancellation);
        while (!TryRead(out read));
        return read;
    }

    // False if the next record is not in memory to its end.
    private bool TryRead(out PollRead read)
    {
        while (TryLine())
        {
            if (_recordLength > Options.MaxRecordBytes)
            {
                read = Refuse(TooLong());
                return true;
            }
            var blank = _recordLength == 0 || _recordLength == 1 && _buffer[_recordStart] == 0x1A;   // 0x1A: how DOS ends a text
            if (_line <= _skip || blank) continue;
            read = ++_rows > Options.MaxRows ? Refuse(new(PollFileCodes.RowsTooMany, $"The file has more than {Options.MaxRows} rows.", _line))
                : Measure() ? (Cut() is { } cut ? Report(cut) : PollRead.Row)
                : Report(new(_line, 0, PollFileCodes.PositionsUnclear,
                    "The record is UTF-8 with letters of several bytes, and as long as described neither in characters nor in bytes. "
                    + "Save the file as ISO-8859-1, or the survey as CSV."));
            return true;
        }
        read = PollRead.End;
        if (_end - _start > Options.MaxRecordBytes)
        {
            _line = _lines + 1;
            read = Refuse(TooLong());
            return true;
        }
        if (!_ended) return false;
        if (_rows == 0) read = Refuse(new(PollFileCodes.RowsNone, "The data file has no records."));
        return true;
    }

    private FileProblem TooLong() => new(PollFileCodes.RecordTooLong, $"Line {_line} is longer than {Options.MaxRecordBytes} bytes.", _line);

    private RowProblem? Cut()
    {
        if (_count >= _described) return null;
        var field = Array.FindIndex(_positions, position => position.Start < _count && _count < position.Finish);
        return field < 0 ? null : new(_line, _positions[field].Start + 1, PollFileCodes.RecordCut,
            $"The record ends at position {_count}, inside {Header.Variables[field].Name}, which goes to position {_positions[field].Finish}: "
            + "it was cut, or blanks at its end were taken off. Send the records at their full length.")
        {
            Name = Header.Variables[field].Name,
        };
    }

    private bool Measure()
    {
        var record = _buffer.AsSpan(_recordStart, _recordLength);
        _count = record.Length;
        _isAscii = Ascii.IsValid(record);
        if (_isAscii)
        {
            if (_plainLength == 0) _plainLength = record.Length;
            return true;
        }
        if (_characters.Length <= record.Length) _characters = new int[record.Length + 1];
        var characters = 0;
        for (var at = 0; at < record.Length;)
        {
            _characters[characters++] = at;
            Rune.DecodeFromUtf8(record[at..], out _, out var length);
            at += length;
        }
        _characters[characters] = record.Length;
        var expected = _plainLength > 0 ? _plainLength : _described;
        bool? byBytes = !_isUtf8 || characters == expected ? false : record.Length == expected ? true : null;
        if (byBytes is null && _fileByBytes is null || byBytes is not null && _fileByBytes is not null && byBytes != _fileByBytes) return false;
        _byBytes = (_fileByBytes ??= byBytes)!.Value;
        if (!_byBytes) _count = characters;
        return true;
    }

    // CRLF and LFCR are one end of a line, so its end is known only with the byte after it.
    private bool TryLine()
    {
        var at = _buffer.AsSpan(_searched, _end - _searched).IndexOfAny((byte)'\r', (byte)'\n');
        if (at < 0)
        {
            _searched = _end;
            if (!_ended || _start == _end) return false;
            Take(_end, _end);
            return true;
        }
        at += _searched;
        var next = at + 1;
        if (next == _end && !_ended)
        {
            _searched = at;
            return false;
        }
        if (next < _end && _buffer[next] is (byte)'\r' or (byte)'\n' && _buffer[next] != _buffer[at]) next++;
        Take(at, next);
        return true;
    }

    private void Take(int end, int next)
    {
        if (_lines == 0 && _buffer.AsSpan(_start, end - _start).StartsWith<byte>([0xEF, 0xBB, 0xBF])) _start += 3;
        (_recordStart, _recordLength, _start, _searched) = (_start, end - _start, next, next);
        _line = ++_lines;
    }

    private async ValueTask FillAsync(CancellationToken cancellation)
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end, _searched) = (0, _end - _start, _searched - _start);
        }
        else if (_end == _buffer.Length) Array.Resize(ref _buffer, _buffer.Length * 2);
        var count = await _stream.ReadAsync(_buffer.AsMemory(_end), cancellation);
        _end += count;
        _ended = count == 0;
    }
}
