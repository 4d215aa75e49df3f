using System.Text;
using System.Xml;

namespace WholeSchoolSend.PollFiles;

/// <summary>Reads the rows of one sheet of an Excel workbook (.xlsx), forward only.</summary>
/// <remarks>
/// The sheet is the one the instrument names, else the first visible one that looks like rows (<see cref="SheetSample"/>); if none does and one
/// looks like printed tables the workbook is refused as such, and otherwise the first visible sheet with anything in it is read and judged.
/// Numbers become the shortest text that reads back as the same number, moments ISO text, booleans TRUE and FALSE as Excel shows them.
/// Empty rows are passed over. Nothing is calculated, and no link is followed. Unpacking is not asynchronous, so a read of a slow stream
/// blocks its thread for as long as one block takes.
/// </remarks>
internal sealed class XlsxReader : PollFileReader
{
    /// <summary>Rows further apart than this are not one table: what stands below is a stray cell.</summary>
    private const int MaxEmptyRows = 1_000;

    private readonly Package _package;
    private readonly XlsxSheet _sheet;
    private readonly Queue<RowProblem> _headerProblems;
    private int _lastRow;
    private int _rows;

    private XlsxReader(Package package, XlsxSheet sheet, PollFileHeader header, long line, PollFileOptions options) : base(header, options)
    {
        (_package, _sheet, _lastRow) = (package, sheet, sheet.Row);
        _headerProblems = HeaderCells.Problems(header.Variables, line);
    }

    public override long Line => _sheet.Row;

    public override ReadOnlySpan<byte> Utf8(int column) => _sheet.Utf8(column);

    /// <summary>A number of the workbook has a point, whatever was agreed about texts.</summary>
    public override bool TryNumber(int column, out double number) =>
        _sheet.Kind(column) == XlsxKind.Number ? CellText.TryNumber(_sheet.Utf8(column), decimalComma: false, out number) : base.TryNumber(column, out number);

    public override async ValueTask DisposeAsync()
    {
        _sheet.Dispose();
        await _package.DisposeAsync();
    }

    public static async Task<OpenedPollFile> OpenAsync(
        Func<CancellationToken, Task<Stream>> open, PollFileOptions options, CancellationToken cancellation)
    {
        Package? package = null;
        XlsxReader? reader = null;
        try
        {
            package = await Package.OpenAsync(await Spool.SeekableAsync(await open(cancellation), cancellation), cancellation);
            if (OtherFormats.RecognisePackage(package) is { } other) return new OpenedPollFile(other);
            (reader, var problem) = Open(package, options, cancellation);
            return reader is null ? new OpenedPollFile(problem!) : new OpenedPollFile(reader);
        }
        catch (Exception unusable) when (Judge(unusable) is { } problem)
        {
            return new OpenedPollFile(problem);
        }
        finally
        {
            if (reader is null && package is not null) await package.DisposeAsync();
        }
    }

    private static (XlsxReader? Reader, FileProblem? Problem) Open(Package package, PollFileOptions options, CancellationToken cancellation)
    {
        var workbook = XlsxWorkbook.Read(package);
        cancellation.ThrowIfCancellationRequested();
        var strings = SharedStrings.Read(workbook.SharedStringsPart is { } part ? package.Open(part) : null, options.MaxRecordBytes);
        var (chosen, sample, why, problem) = Choose(package, workbook, strings, options, cancellation);
        if (chosen is null) return (null, problem);

        var headerRows = options.HeaderRows ?? (sample!.IsQualtrics ? 3 : 1);
        var variables = sample!.IsEmpty ? [] : HeaderCells.Variables([.. sample.Rows.Take(headerRows)]);
        if (variables.Length == 0)
            return (null, new FileProblem(PollFileCodes.HeaderEmpty, "The sheet should begin with a row that names the columns; it names none.", 1));
        List<FileNote> notes = [new("sheet", $"{chosen.Name} ({why})")];
        if (options.HeaderRows is null && headerRows == 3) notes.Add(new("header-rows", "3 (the third is that of Qualtrics)"));
        if (sample.Rows.Count <= headerRows) return (null, NoRows());

        var sheet = new XlsxSheet(package.Open(chosen.Part)!, workbook, strings, options);
        for (var row = 0; row < headerRows; row++)
        {
            sheet.Next();
            if (sheet.FirstBad >= 0)
            {
                sheet.Dispose();
                return (null, new FileProblem(PollFileCodes.HeaderUnreadable, "A cell of the header is an error, or a formula without its value.", sheet.Row));
            }
        }
        var header = new PollFileHeader("Excel workbook", variables, [], null, notes) { FurtherRows = [.. sample.Rows.Take(headerRows).Skip(1)] };
        return (new XlsxReader(package, sheet, header, sample.Lines[0], options), null);
    }

    private static (XlsxSheetName? Chosen, SheetSample? Sample, string Why, FileProblem? Problem) Choose(
        Package package, XlsxWorkbook workbook, SharedStrings strings, PollFileOptions options, CancellationToken cancellation)
    {
        if (options.Sheet is { } name)
        {
            var named = workbook.Sheets.Where(sheet => PollFileHeader.Names.Equals(sheet.Name.Trim(), name.Trim())).ToList();
            if (named is not [var only])
                return (null, null, "", new(PollFileCodes.SheetMissing, $"The workbook should have a sheet called {name}; it has {named.Count}."));
            var sample = Sample(only);
            return sample.LooksLikeTables ? (null, null, "", Tables()) : (only, sample, "agreed", null);
        }
        (XlsxSheetName Sheet, SheetSample Sample)? first = null;
        var tables = false;
        foreach (var sheet in workbook.Sheets.Where(sheet => sheet.Visible))
        {
            cancellation.ThrowIfCancellationRequested();
            var sample = Sample(sheet);
            if (sample.LooksLikeRows) return (sheet, sample, $"the first of {workbook.Sheets.Count} that looks like rows", null);
            tables |= sample.LooksLikeTables;
            if (!sample.IsEmpty) first ??= (sheet, sample);
        }
        if (tables) return (null, null, "", Tables());
        if (first is not var (chosen, rows)) return (null, null, "", new(PollFileCodes.SheetMissing, "The workbook has no visible sheet with anything in it."));
        return rows.HasTitle
            ? (null, null, "", new(PollFileCodes.HeaderUnreadable,
                "The first row has one cell, and the rows below have more. Delete what stands above the names of the columns.", rows.Lines[0]))
            : (chosen, rows, "the first with anything in it", null);

        SheetSample Sample(XlsxSheetName sheet)
        {
            using var rows = new XlsxSheet(package.Open(sheet.Part)!, workbook, strings, options);
            return SheetSample.Take(rows);
        }
    }

    public override ValueTask<PollRead> ReadAsync(CancellationToken cancellation)
    {
        if (FileProblem is not null) return new(PollRead.Refused);
        if (_headerProblems.TryDequeue(out var problem)) return new(Report(problem));
        cancellation.ThrowIfCancellationRequested();
        try
        {
            return new(Read());
        }
        catch (Exception unusable) when (Judge(unusable) is { } reason)
        {
            return new(Refuse(reason));
        }
    }

    private PollRead Read()
    {
        if (!_sheet.Next()) return _rows > 0 ? PollRead.End : Refuse(NoRows());
        var (row, before) = (_sheet.Row, _lastRow);
        _lastRow = row;
        if (row - before > MaxEmptyRows + 1)
            return Refuse(new(PollFileCodes.RowsApart,
                $"Row {row} stands {row - before - 1} empty rows below the answers. Delete what is in it, or the rows between.", row));
        if (++_rows > Options.MaxRows) return Refuse(new(PollFileCodes.RowsTooMany, $"The file has more than {Options.MaxRows} rows.", row));
        if (_sheet.FirstBad is >= 0 and var bad) return Report(Bad(bad));
        return _sheet.Width > Header.Variables.Count
            ? Report(new(row, _sheet.Width, PollFileCodes.RowTooLong,
                $"The row has a cell in column {_sheet.Width}; the header names {Header.Variables.Count}."))
            : PollRead.Row;
    }

    private RowProblem Bad(int column) => _sheet.Kind(column) == XlsxKind.Error
        ? new(Line, column + 1, PollFileCodes.CellError, $"The cell holds Excel's error {ErrorName(_sheet.Utf8(column))}, not an answer.")
        : new(Line, column + 1, PollFileCodes.CellUncalculated,
            "The cell holds a formula whose value was never calculated. Open the workbook in Excel and save it again.");

    // Only a name that Excel knows is repeated.
    private static string ErrorName(ReadOnlySpan<byte> text)
    {
        foreach (var name in (ReadOnlySpan<string>)["#REF!", "#N/A", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#GETTING_DATA", "#SPILL!", "#CALC!"])
            if (Ascii.Equals(text, name)) return name;
        return "of a kind unknown";
    }

    private static FileProblem? Judge(Exception exception) => exception switch
    {
        UnusableFileException unusable => unusable.Problem,
        XmlException xml when xml.Message.Contains("DTD", StringComparison.Ordinal) =>
            new(PollFileCodes.WorkbookUnsafe, "A part of the workbook declares a document type, which no workbook does."),
        XmlException or InvalidDataException or DecoderFallbackException =>
            new(PollFileCodes.WorkbookDamaged,
                "The workbook cannot be read: it was cut or damaged on its way. Open it in Excel, save it again, and send that."),
        _ => null,
    };

    private static FileProblem NoRows() => new(PollFileCodes.RowsNone, "The sheet has a header and no rows.");

    private static FileProblem Tables() => new(PollFileCodes.DataTable,
        "The workbook holds tables of results, with percentages and bases. Figures cannot be weighted again from those: "
        + "please send one row for each respondent, with the weight, as SPSS, Excel, CSV or Triple-S.");
}
