using System.Globalization;
using CsvHelper;

namespace WholeSchoolSend.PollFiles;

/// <summary>Reads CSV and its kin, one record a row. With a number of fields there is no header to name them: something else does.</summary>
/// <remarks>
/// The grammar is CsvHelper's: in its Recover mode a malformed record is told to a callback and not thrown, so that it becomes a
/// problem of its line here. Only a record beyond the limit is thrown; it is the one exception caught. UTF-16 and windows-1252
/// are turned into UTF-8 by the library; what could not be turned was refused by the first pass.
/// </remarks>
internal sealed class DelimitedReader : PollFileReader
{
    /// <summary>Where a description numbers the fields, those beyond it are nobody's.</summary>
    private const int AnyCells = int.MaxValue;

    private readonly CsvReader _csv;
    private readonly MalformedRecords _malformed;
    private readonly Queue<RowProblem> _headerProblems;
    private readonly int _cells;
    private int _rows;

    private DelimitedReader(CsvReader csv, MalformedRecords malformed, PollFileHeader header, Queue<RowProblem> headerProblems, int cells, PollFileOptions options)
        : base(header, options) => (_csv, _malformed, _headerProblems, _cells) = (csv, malformed, headerProblems, cells);

    public override long Line => _csv.LineNumber;

    public override ReadOnlySpan<byte> Utf8(int column) => _csv.GetSpan(column);

    public override ValueTask DisposeAsync() => _csv.DisposeAsync();

    public static async Task<OpenedPollFile> OpenAsync(
        Func<CancellationToken, Task<Stream>> open, TextFile file, PollFileOptions options, CancellationToken cancellation, int? fields = null)
    {
        var malformed = new MalformedRecords();
        var csv = CsvReader.Create(await open(cancellation), new CsvReaderOptions
        {
            Separator = file.Dialect.Delimiter,
            HasHeader = false,
            DetectSeparatorHint = false,
            Encoding = file.Encoding,
            MaxRecordSize = options.MaxRecordBytes,
            MalformedData = CsvMalformedDataHandling.Recover,
            OnMalformedRecord = malformed.Add,
            TrackLineNumbers = true,
            IncludeValuesInExceptions = false,
            BufferSize = 1 << 18,
        });
        DelimitedReader? reader = null;
        try
        {
            (reader, var problem) = await ReadHeaderAsync(csv, malformed, file, fields, options, cancellation);
            return reader is null ? new OpenedPollFile(problem!) : new OpenedPollFile(reader);
        }
        catch (CsvFormatException tooLong)
        {
            return new OpenedPollFile(TooLong(tooLong.LineNumber, options));
        }
        finally
        {
            if (reader is null) await csv.DisposeAsync();
        }
    }

    private static async Task<(DelimitedReader? Reader, FileProblem? Problem)> ReadHeaderAsync(
        CsvReader csv, MalformedRecords malformed, TextFile file, int? fields, PollFileOptions options, CancellationToken cancellation)
    {
        if (file.Dialect.HasSeparatorLine) await csv.ReadAsync(cancellation);
        List<string[]> rows = [];
        long line = 1;
        while (rows.Count < file.Dialect.HeaderRows && await csv.ReadAsync(cancellation))
        {
            if (rows.Count == 0) line = csv.LineNumber;
            if (malformed.Take() is { } reason)
                return (null, reason.Reason == CsvMalformedReason.UnterminatedQuote ? Unclosed(csv.LineNumber)
                    : new FileProblem(PollFileCodes.HeaderUnreadable, "The quotes in the header do not match.", csv.LineNumber));
            if (csv.FieldCount > options.MaxColumns)
                return (null, new FileProblem(PollFileCodes.ColumnsTooMany, $"The file has {csv.FieldCount} columns; the limit is {options.MaxColumns}.", line));
            rows.Add(csv.Current.ToArray());
        }
        if (rows.Count < file.Dialect.HeaderRows) return (null, rows.Count == 0 ? NoHeader(line) : NoRows());
        if (fields is { } count)
        {
            PollVariable[] numbered = [.. Enumerable.Range(1, count).Select(field => new PollVariable(field.ToString(CultureInfo.InvariantCulture)))];
            return (new DelimitedReader(csv, malformed, new PollFileHeader("delimited text", numbered, [], null, file.Notes), [], AnyCells, options), null);
        }

        var cells = rows[0].Length;
        var variables = HeaderCells.Variables(rows);
        var columns = variables.Length;
        if (columns == 0) return (null, NoHeader(line));
        var notes = columns == cells ? file.Notes
            : [.. file.Notes, new FileNote("trailing-columns", $"{cells - columns} columns at the end have no name and are left out.")];
        var header = new PollFileHeader("delimited text", variables, [], null, notes) { FurtherRows = rows[1..] };
        return (new DelimitedReader(csv, malformed, header, HeaderCells.Problems(variables, line), cells, options), null);
    }

    // Not async itself: hundreds of rows come out of each block that is waited for.
    public override ValueTask<PollRead> ReadAsync(CancellationToken cancellation)
    {
        if (FileProblem is not null) return new(PollRead.Refused);
        if (_headerProblems.TryDequeue(out var problem)) return new(Report(problem));
        try
        {
            var reading = _csv.ReadAsync(cancellation);
            return reading.IsCompletedSuccessfully ? new(Judge(reading.Result)) : JudgeAsync(reading);
        }
        catch (CsvFormatException tooLong)
        {
            return new(Refuse(TooLong(tooLong.LineNumber, Options)));
        }
    }

    private async ValueTask<PollRead> JudgeAsync(ValueTask<bool> reading)
    {
        try
        {
            return Judge(await reading);
        }
        catch (CsvFormatException tooLong)
        {
            return Refuse(TooLong(tooLong.LineNumber, Options));
        }
    }

    private PollRead Judge(bool hasRecord)
    {
        if (!hasRecord) return _rows > 0 ? PollRead.End : Refuse(NoRows());
        if (++_rows > Options.MaxRows)
            return Refuse(new(PollFileCodes.RowsTooMany, $"The file has more than {Options.MaxRows} rows.", Line));
        if (_csv.RawRecord.Length > Options.MaxRecordBytes) return Refuse(TooLong(Line, Options));
        if (_malformed.Take() is { } malformed)
            return malformed.Reason == CsvMalformedReason.UnterminatedQuote ? Refuse(Unclosed(Line)) : Report(Misplaced(malformed));
        return _csv.FieldCount == Header.Variables.Count || Ragged() is not { } ragged ? PollRead.Row : Report(ragged);
    }

    // A header that ends in delimiters allows as many empty cells at the end of a row; that is how old Qualtrics exports look.
    private RowProblem? Ragged()
    {
        var (count, wanted) = (_csv.FieldCount, Header.Variables.Count);
        if (count < wanted)
            return new(Line, 0, PollFileCodes.RowTooShort, $"The row has {count} cells, the header {wanted}.");
        for (var cell = wanted; cell < count && _cells != AnyCells; cell++)
            if (cell >= _cells || !_csv.IsEmpty(cell))
                return new(Line, cell + 1, PollFileCodes.RowTooLong,
                    $"The row has {count} cells, the header {wanted}. Is a delimiter inside an answer that is not quoted?");
        return null;
    }

    private RowProblem Misplaced(CsvMalformedRecord malformed)
    {
        var column = 1;
        for (var end = _csv.ByteOffset; column <= _csv.FieldCount; column++)
            if ((end += _csv.GetRawSpan(column - 1).Length + 1) > malformed.ByteOffset) break;
        var breaks = _csv.RawRecord.Count((byte)'\n');
        return new(Line, column, PollFileCodes.QuoteMisplaced, (breaks == 0 ? "" : $"Everything up to line {Line + breaks} is left out. ")
            + "A quote is in the wrong place: an answer with quotes is written in quotes, and those inside it are doubled.");
    }

    private static FileProblem NoHeader(long line) => new(PollFileCodes.HeaderEmpty, "The first row should name the columns; it names none.", line);

    private static FileProblem NoRows() => new(PollFileCodes.RowsNone, "The file has a header and no rows.");

    private static FileProblem Unclosed(long line) =>
        new(PollFileCodes.QuoteUnclosed, $"A quote opened in the row of line {line} is never closed. The file may have been cut.", line);

    private static FileProblem TooLong(long line, PollFileOptions options) =>
        new(PollFileCodes.RecordTooLong, $"The row of line {line} is longer than {options.MaxRecordBytes} bytes. Most likely a quote in it is never closed.", line);

    /// <summary>What CsvHelper's callback said about the record just read; the first thing wrong with it is enough.</summary>
    private sealed class MalformedRecords
    {
        private CsvMalformedRecord? _record;

        public void Add(CsvMalformedRecord record) => _record ??= record;

        public CsvMalformedRecord? Take()
        {
            var record = _record;
            _record = null;
            return record;
        }
    }
}
