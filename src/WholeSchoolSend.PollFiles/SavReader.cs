using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace WholeSchoolSend.PollFiles;

/// <summary>Reads SPSS files, .sav and .zsav, one case a row.</summary>
/// <remarks>
/// A .sav is read in one pass over a stream that need not seek; a .zsav needs its table of blocks first (see <see cref="ZsavBlocks"/>).
/// Memory holds the dictionary, one row and one buffer. The number of rows in the header allocates nothing and stops nothing, but a file
/// that holds another number is refused: cut between two rows, it would look whole.
/// Numbers are given as the shortest text that reads back the same, dates as ISO text, texts without the spaces that fill them up,
/// and "system-missing" as an empty cell. Missing values the pollster declared are cells like any other: the instrument decides the base.
/// </remarks>
internal sealed class SavReader : PollFileReader
{
    private const int BufferBytes = 1 << 16;

    private readonly SavBytes _bytes;
    private readonly SavDictionary _dictionary;
    private readonly SavColumn[] _columns;
    private readonly int[] _texts;
    private readonly bool _bigEndian, _compressed, _nanIsMissing;
    private readonly int _segments;
    private readonly bool[] _isText;
    private readonly ulong[] _codes = new ulong[256];
    private readonly byte[] _numbers;
    private readonly byte[] _decoded;
    private readonly (int Start, int Length)[] _slots;
    private readonly ulong _systemMissing;
    private readonly (int Start, int Length)[] _cells;
    private readonly Queue<RowProblem> _headerProblems;
    private byte[] _row;
    private int _rowStart;
    private ulong _commands;
    private int _commandsLeft, _segment;
    private long _rows, _lostInHeader;
    private bool _ended;

    private SavReader(SavBytes bytes, SavHead head, SavDictionary dictionary, PollFileOptions options) : base(dictionary.Header, options)
    {
        (_bytes, _dictionary, _columns, _segments) = (bytes, dictionary, dictionary.Columns, dictionary.Segments);
        (_bigEndian, _compressed, _nanIsMissing) = (head.BigEndian, head.Compression > 0, dictionary.NanIsMissing);
        _texts = [.. Enumerable.Range(0, _columns.Length).Where(column => _columns[column].IsText)];
        _isText = [.. Enumerable.Range(0, _segments).Select(dictionary.IsText)];
        for (var code = 0; code < _codes.Length; code++) _codes[code] = AsInFile(code - head.Bias);
        _systemMissing = AsInFile(double.MinValue);
        _row = _compressed ? new byte[8 * _segments] : [];
        _numbers = new byte[SavNumber.MaxText * _columns.Length];
        _cells = new (int, int)[_columns.Length];
        _slots = new (int, int)[_columns.Length];
        var room = 0;
        foreach (var column in _texts)
        {
            _slots[column] = (room, dictionary.Text.MaxUtf8(_columns[column].Width));
            room += _slots[column].Length;
        }
        _decoded = new byte[room];
        _headerProblems = HeaderCells.Problems([.. Header.Variables], 0);
        _lostInHeader = dictionary.Text.Replaced;
    }

    public override long Line => _rows;

    public override IReadOnlyList<FileNote> Notes => _dictionary.Text.Replaced == _lostInHeader ? Header.Notes
        : [.. Header.Notes, new FileNote("replacement-characters",
            $"{_dictionary.Text.Replaced - _lostInHeader} characters in the rows were lost before the file was sent.")];

    public override ValueTask DisposeAsync() => _bytes.DisposeAsync();

    public static async Task<OpenedPollFile> OpenAsync(Func<CancellationToken, Task<Stream>> open, PollFileOptions options, CancellationToken cancellation)
    {
        var bytes = new SavBytes(await open(cancellation), BufferBytes);
        SavReader? reader = null;
        try
        {
            if (!await bytes.EnsureAsync(SavHead.Length, cancellation)) return new(SavProblems.Truncated("its header"));
            var (head, badHead) = SavHead.Read(bytes.Available);
            if (head is null) return new(badHead!);
            var order = new SavOrder(head.BigEndian);
            var records = new SavRecords(bytes, order, options);
            if (await records.WalkAsync(cancellation) is { } cut) return new(cut);
            var (dictionary, problem) = SavDictionary.Read(bytes.Buffer.AsMemory(0, records.End), head, records.Found, options);
            if (dictionary is null) return new(problem!);
            bytes.Advance(records.End);
            if (head.Compression == 2)
            {
                var data = bytes.Position;
                var (blocks, badBlocks) = await ZsavBlocks.TableAsync(bytes, order, cancellation);
                if (badBlocks is not null) return new(badBlocks);
                await bytes.DisposeAsync();
                bytes = new SavBytes(new ZsavBlocks(await AtAsync(open, data + ZsavBlocks.HeaderBytes, cancellation), blocks), BufferBytes);
            }
            return new(reader = new SavReader(bytes, head, dictionary, options));
        }
        finally
        {
            if (reader is null) await bytes.DisposeAsync();
        }
    }

    // Not async itself: thousands of rows come out of each buffer that is waited for.
    public override ValueTask<PollRead> ReadAsync(CancellationToken cancellation)
    {
        if (FileProblem is not null) return new(PollRead.Refused);
        if (_headerProblems.TryDequeue(out var problem)) return new(Report(problem));
        return TryRow() is { } read ? new(read) : WaitAsync(cancellation);
    }

    public override ReadOnlySpan<byte> Utf8(int column)
    {
        var place = _columns[column];
        if (place.IsText)
        {
            var (start, length) = _cells[column];
            return start < 0 ? _decoded.AsSpan(~start, length) : _row.AsSpan(start, length);
        }
        var value = Number(place);
        if (SavNumber.IsMissing(value, _nanIsMissing)) return default;
        var text = _numbers.AsSpan(SavNumber.MaxText * column, SavNumber.MaxText);
        return text[..(place.IsDate ? SavNumber.WriteDate(value, place.HasTime, text) : SavNumber.Write(value, text))];
    }

    /// <summary>The number as it is stored; of a date, the seconds since 14 October 1582.</summary>
    public override bool TryNumber(int column, out double number)
    {
        var place = _columns[column];
        if (place.IsText) return base.TryNumber(column, out number);
        number = Number(place);
        return double.IsFinite(number) && number != double.MinValue;
    }

    public override bool TryDate(int column, out DateTime date)
    {
        var place = _columns[column];
        if (!place.IsDate) return base.TryDate(column, out date);
        return SavNumber.TryDate(Number(place), out date);
    }

    private ulong AsInFile(double value)
    {
        var bits = BitConverter.DoubleToUInt64Bits(value);
        return _bigEndian ? BinaryPrimitives.ReverseEndianness(bits) : bits;
    }

    private double Number(SavColumn place)
    {
        var bytes = _row.AsSpan(_rowStart + 8 * place.Segment, 8);
        return _bigEndian ? BinaryPrimitives.ReadDoubleBigEndian(bytes) : BinaryPrimitives.ReadDoubleLittleEndian(bytes);
    }

    private async ValueTask<PollRead> WaitAsync(CancellationToken cancellation)
    {
        try
        {
            if (_ended)
                return _bytes.Available.IsEmpty && !await _bytes.MoreAsync(1, cancellation) ? End() : Refuse(SavProblems.Data("there is something behind its end", _rows + 1));
            while (await _bytes.MoreAsync(_compressed ? 16 : 8 * _segments, cancellation))
                if (TryRow() is { } read) return read;
            return End();
        }
        catch (InvalidDataException)   // of the decompressor, which has no other way to say it
        {
            return Refuse(SavProblems.Blocks($"a block after row {_rows} cannot be unpacked"));
        }
    }

    private PollRead End()
    {
        var isWhole = _ended || (_segment == 0 && _commandsLeft == 0 && _bytes.Available.IndexOfAnyExcept((byte)0) < 0
            && (_compressed || _bytes.Available.IsEmpty));
        if (!isWhole) return Refuse(SavProblems.Truncated($"row {_rows + 1}"));
        if (_dictionary.Rows is { } declared && declared != _rows) return Refuse(SavProblems.RowCount(declared, _rows));
        return _rows > 0 ? PollRead.End : Refuse(new(PollFileCodes.RowsNone, "The file has a header and no rows."));
    }

    private PollRead? TryRow()
    {
        if (_ended) return null;
        if (_compressed)
        {
            if (Decode() is { } damage) return Refuse(SavProblems.Data(damage, _rows + 1));
            if (_segment < _segments) return null;
            _segment = 0;
        }
        else
        {
            if (_bytes.Available.Length < 8 * _segments) return null;
            (_row, _rowStart) = (_bytes.Buffer, _bytes.Start);
            _bytes.Advance(8 * _segments);
        }
        if (++_rows > Options.MaxRows) return Refuse(new(PollFileCodes.RowsTooMany, $"The file has more than {Options.MaxRows} rows.", _rows));
        if (_rows > _dictionary.Rows) return Refuse(SavProblems.RowCount(_dictionary.Rows.Value, _rows));
        foreach (var column in _texts) _cells[column] = Place(column);
        return PollRead.Row;
    }

    // Commands come in blocks of eight bytes, each followed by the cells it could not shorten. Rows begin in the middle of them.
    private string? Decode()
    {
        var available = _bytes.Available;
        var used = 0;
        var row = MemoryMarshal.Cast<byte, ulong>(_row.AsSpan());
        string? damage = null;
        while (_segment < row.Length)
        {
            if (_commandsLeft == 0)
            {
                if (available.Length - used < 8) break;
                _commands = BinaryPrimitives.ReadUInt64LittleEndian(available[used..]);
                (_commandsLeft, used) = (8, used + 8);
            }
            var command = (int)(_commands & 0xFF);
            if (command == 253)
            {
                if (available.Length - used < 8) break;
                row[_segment++] = MemoryMarshal.Read<ulong>(available[used..]);
                used += 8;
            }
            else if (command == 254)
            {
                if (!_isText[_segment]) damage = "blanks stand where a number should";
                row[_segment++] = 0x2020202020202020;
            }
            else if (command == 255)
            {
                if (_isText[_segment]) damage = "a missing number stands where a text should";
                row[_segment++] = _systemMissing;
            }
            else if (command == 252)
            {
                if (_segment > 0) damage = "it ends before its last cell";
                _ended = true;
            }
            else if (command != 0)
            {
                if (_isText[_segment] && _codes[command] != 0) damage = "a number stands where a text should";   // eight NULs have been seen
                row[_segment++] = _codes[command];
            }
            if (damage is not null || _ended) break;
            _commands >>= 8;
            _commandsLeft--;
        }
        _bytes.Advance(used);
        return damage;
    }

    // Looked at whether or not it is asked for: how many characters were lost must not depend on who reads.
    private (int Start, int Length) Place(int column)
    {
        var place = _columns[column];
        var start = _rowStart + 8 * place.Segment;
        var text = _row.AsSpan(start, Math.Min(place.Width, SavColumn.Part));
        var slot = _decoded.AsSpan(_slots[column].Start, _slots[column].Length);
        var inRow = place.Width <= SavColumn.Part;
        if (!inRow)
        {
            var whole = slot[..place.Width];
            for (var (at, part) = (0, start); at < whole.Length; (at, part) = (at + SavColumn.Part, part + SavColumn.PartBytes))
                _row.AsSpan(part, Math.Min(whole.Length - at, SavColumn.Part)).CopyTo(whole[at..]);
            text = whole;
        }
        var trimmed = SavText.Trimmed(text);
        if (_dictionary.Text.IsUtf8(trimmed)) return (inRow ? start : ~_slots[column].Start, trimmed.Length);
        return (~_slots[column].Start, _dictionary.Text.ToUtf8(trimmed, slot));
    }

    private static async Task<Stream> AtAsync(Func<CancellationToken, Task<Stream>> open, long position, CancellationToken cancellation)
    {
        var stream = await open(cancellation);
        if (stream.CanSeek) stream.Seek(position, SeekOrigin.Current);
        else
        {
            var passed = new byte[Math.Min(position, 1 << 16)];
            for (var left = position; left > 0;)
                left -= await stream.ReadAtLeastAsync(passed.AsMemory(0, (int)Math.Min(left, passed.Length)), 1, throwOnEndOfStream: true, cancellation);
        }
        return stream;
    }
}
