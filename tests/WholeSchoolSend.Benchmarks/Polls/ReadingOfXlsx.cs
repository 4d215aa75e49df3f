using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using ExcelDataReader;
using WholeSchoolSend.PollFiles;

namespace WholeSchoolSend.Benchmarks.Polls;

/// <summary>A workbook with a row for each respondent, cell by cell, beside ExcelDataReader.</summary>
internal sealed class ReadingOfXlsx : Benchmark
{
    private const int Rows = 200_000;
    private const int Columns = 30;
    private const int Date = 1;
    private const int FirstCode = 15;
    private const int OpenAnswer = 28;
    private const int OpenAnswers = 20_000;
    private const int Passes = 2;
    private const int Rounds = 4;

    private static readonly string[] Labels =
    [
        "Very confident", "Fairly confident", "Not very confident", "Not at all confident", "Don't know", "Prefer not to say", "Yes", "No", "North East",
        "London", "Primary", "Secondary",
        "SENCO", "Middle leader", "Classroom teacher",
    ];

    public override string Name => "xlsx";

    public override string Title => "Reading 200,000 × 30 XLSX";

    public override string Words =>
        "A row for each respondent: a number, a date, 13 labels and an open answer (20,015 shared strings), 13 codes, a weight. Ours and ExcelDataReader "
        + "3.6.0 take every cell as what it is (number, date, text); "
        + "ours once more, also making a string of each, which an import does not. Each in a process of its own, two passes: the first with compilation, "
        + "the second *warm*. In a round before the first that counts, all have to find the same number of "
        + "cells, characters and sum. Budget: twice the speed of ExcelDataReader, at most 120 MB for the whole process.";

    public override async Task<Findings> RunAsync()
    {
        var file = Path.Combine(Path.GetTempPath(), $"benchmark-{Environment.ProcessId}.xlsx");
        await WriteAsync(file);
        try
        {
            var passes = Passes.ToString(CultureInfo.InvariantCulture);
            var readers = new (string Name, Func<Task<double[]>> Run)[]
            {
                ("ours", () => Child.StartAsync("xlsx", file, passes)),
                ("ours, every cell as a string", () => Child.StartAsync("xlsx", file, passes, "text")),
                ("ExcelDataReader", () => Child.StartAsync("exceldatareader", file, passes)),
            };
            Samples[] Several() => [.. readers.Select(_ => new Samples())];
            var (cold, warm, work, once, peak) = (Several(), Several(), Several(), Several(), Several());
            var tally = default(Tally);
            for (var round = -1; round < Rounds; round++)
            {
                var found = new double[readers.Length][];
                for (var turn = 0; turn < readers.Length; turn++)
                {
                    var reader = (turn + round + 1) % readers.Length;   // nobody is always first
                    found[reader] = await readers[reader].Run();
                }
                Tally.Compare(readers.Zip(found, (reader, numbers) => (reader.Name, Tally.From(numbers))));
                tally = Tally.From(found[0]);
                if (round < 0) continue;   // the file is at hand now for all
                for (var reader = 0; reader < readers.Length; reader++)
                {
                    var numbers = found[reader][Tally.Length..];
                    once[reader].Add(numbers[0]);
                    cold[reader].Add(numbers[1]);
                    warm[reader].Add(numbers[2..^2].Min());
                    work[reader].Add(numbers[^2] / Passes);
                    peak[reader].Add(numbers[^1]);
                }
            }
            return new Findings(
                ["reader", "first pass, s", "ExcelDataReader's time ÷ it", "warm, s", "ExcelDataReader's time ÷ it", "rows/s, warm", "processor s a pass",
                    "MB, the whole process, one pass", "MB, both"],
                [
                    .. readers.Select((reader, index) => new[]
                    {
                        reader.Name, $"{cold[index]}", $"{cold[^1].Over(cold[index])}", $"{warm[index]}", $"{warm[^1].Over(warm[index])}",
                            $"{warm[index].Rates(Rows)}", $"{work[index]}", $"{once[index]}", $"{peak[index]}",
                    }),
                ],
                [string.Create(CultureInfo.InvariantCulture,
                    $"All find the same {tally.Cells:#,0} cells and {tally.Characters:#,0} characters in a file of "
                    + $"{new FileInfo(file).Length / 1e6:0.0} MB.")]);
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>What was found, peak memory after one pass, then seconds of every pass.</summary>
    public static async Task<double[]> OursAsync(string file, int passes, bool asText)
    {
        var found = new List<double>();
        for (var pass = 0; pass < passes; pass++)
        {
            var clock = Stopwatch.StartNew();
            var opened = await PollFile.OpenAsync(_ => Task.FromResult<Stream>(File.OpenRead(file)), new PollFileOptions(), default);
            if (!opened.CanBeRead) throw new InvalidOperationException(opened.Problem.Message);
            await using var reader = opened.Reader;
            var tally = default(Tally);
            PollRead read;
            while ((read = await reader.ReadAsync(default)) == PollRead.Row)
            {
                for (var column = 0; column < Columns; column++)
                {
                    if (asText) _ = reader.Text(column);
                    if (IsText(column)) tally = tally.Text(reader.Utf8(column).Length);
                    else if (column == Date) tally = reader.TryDate(column, out var date) ? tally.Number(date.ToOADate())
                        : throw new InvalidOperationException("It is no date.");
                    else tally = reader.TryNumber(column, out var number) ? tally.Number(number) : throw new InvalidOperationException("It is no number.");
                }
            }
            if (read != PollRead.End) throw new InvalidOperationException($"Not every row was read: {reader.FileProblem ?? (object?)reader.Problem}");
            Add(found, pass, tally, clock);
        }
        return [.. found];
    }

    /// <summary>What was found, peak memory after one pass, then seconds of every pass.</summary>
    public static double[] ExcelDataReader(string file, int passes)
    {
        Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
        var found = new List<double>();
        for (var pass = 0; pass < passes; pass++)
        {
            var clock = Stopwatch.StartNew();
            using var stream = File.OpenRead(file);
            using var reader = ExcelReaderFactory.CreateReader(stream);
            var tally = default(Tally);
            reader.Read();   // the names
            while (reader.Read())
            {
                for (var column = 0; column < Columns; column++)
                {
                    if (IsText(column)) tally = tally.Text(reader.GetString(column).Length);
                    else if (column == Date) tally = tally.Number(reader.GetDateTime(column).ToOADate());
                    else tally = tally.Number(reader.GetDouble(column));
                }
            }
            Add(found, pass, tally, clock);
        }
        return [.. found];
    }

    private static void Add(List<double> found, int pass, Tally tally, Stopwatch clock)
    {
        var seconds = clock.Elapsed.TotalSeconds;
        if (pass == 0) found.AddRange([.. tally.Print(), Machine.PeakMegabytes()]);
        found.Add(seconds);
    }

    private static bool IsText(int column) => column is > Date and < FirstCode or OpenAnswer;

    private static async Task WriteAsync(string file)
    {
        const string main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
        const string relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
        const string package = "http://schemas.openxmlformats.org/package/2006";
        const string type = "application/vnd.openxmlformats-officedocument.spreadsheetml";
        await using var zip = await ZipArchive.CreateAsync(File.Create(file), ZipArchiveMode.Create, leaveOpen: false, null);
        await PartAsync(
            "[Content_Types].xml",
            $"<Types xmlns=\"{package}/content-types\"><Default Extension=\"rels\" "
            + $"ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Default Extension=\"xml\" ContentType=\"application/xml\"/>"
            + $"<Override PartName=\"/xl/workbook.xml\" ContentType=\"{type}.sheet.main+xml\"/><Override PartName=\"/xl/worksheets/sheet1.xml\" "
            + $"ContentType=\"{type}.worksheet+xml\"/>"
            + $"<Override PartName=\"/xl/sharedStrings.xml\" ContentType=\"{type}.sharedStrings+xml\"/><Override PartName=\"/xl/styles.xml\" "
            + $"ContentType=\"{type}.styles+xml\"/></Types>");
        await PartAsync("_rels/.rels", $"<Relationships xmlns=\"{package}/relationships\"><Relationship Id=\"rId1\" Type=\"{relations}/officeDocument\" "
            + $"Target=\"xl/workbook.xml\"/></Relationships>");
        await PartAsync("xl/workbook.xml",
            $"<workbook xmlns=\"{main}\" xmlns:r=\"{relations}\"><sheets><sheet name=\"Data\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>");
        await PartAsync(
            "xl/_rels/workbook.xml.rels",
            $"<Relationships xmlns=\"{package}/relationships\"><Relationship Id=\"rId1\" Type=\"{relations}/worksheet\" Target=\"worksheets/sheet1.xml\"/>"
            + $"<Relationship Id=\"rId2\" Type=\"{relations}/sharedStrings\" Target=\"sharedStrings.xml\"/><Relationship Id=\"rId3\" "
            + $"Type=\"{relations}/styles\" Target=\"styles.xml\"/></Relationships>");
        await PartAsync(
            "xl/styles.xml",
            $"<styleSheet xmlns=\"{main}\"><fonts count=\"1\"><font/></fonts><fills count=\"1\"><fill/></fills><borders "
            + $"count=\"1\"><border/></borders><cellStyleXfs count=\"1\"><xf/></cellStyleXfs>"
            + "<cellXfs count=\"2\"><xf numFmtId=\"0\"/><xf numFmtId=\"22\" applyNumberFormat=\"1\"/></cellXfs></styleSheet>");
        var strings = Labels.Concat(Enumerable.Range(0, OpenAnswers).Select(number =>
            $"open answer number {number} &amp; so on about training in SEND")).Concat(Enumerable.Range(0, Columns).Select(column => $"c{column}"));
        await PartAsync("xl/sharedStrings.xml", $"<sst xmlns=\"{main}\">{string.Concat(strings.Select(text => $"<si><t>{text}</t></si>"))}</sst>");

        var random = new Random(4711);
        await using var sheet = new StreamWriter(await zip.CreateEntry("xl/worksheets/sheet1.xml", CompressionLevel.Fastest).OpenAsync(),
            new UTF8Encoding(false), 1 << 16);
        await sheet.WriteAsync($"<worksheet xmlns=\"{main}\"><dimension ref=\"A1:AD{Rows + 1}\"/><sheetData>");
        var names = Enumerable.Range(0, Columns).Select(column => column < 26 ? $"{(char)('A' + column)}" : $"A{(char)('A' + column - 26)}").ToArray();
        var line = new StringBuilder();
        for (var row = 1; row <= Rows + 1; row++)
        {
            line.Clear().Append(CultureInfo.InvariantCulture, $"<row r=\"{row}\" spans=\"1:{Columns}\">");
            for (var column = 0; column < Columns; column++)
            {
                line.Append(CultureInfo.InvariantCulture, $"<c r=\"{names[column]}{row}\"");
                FormattableString cell = column switch
                {
                    _ when row == 1 => $" t=\"s\"><v>{Labels.Length + OpenAnswers + column}",
                    0 => $"><v>{100_000 + row}",
                    Date => $" s=\"1\"><v>{46_000 + (random.Next(300 * 24 * 60) / 1440.0):R}",
                    < FirstCode => $" t=\"s\"><v>{random.Next(Labels.Length)}",
                    OpenAnswer => $" t=\"s\"><v>{Labels.Length + random.Next(OpenAnswers)}",
                    Columns - 1 => $"><v>{random.Next(100_000, 3_000_000) / 1e6:R}",
                    _ => $"><v>{random.Next(6)}",
                };
                line.Append(FormattableString.Invariant(cell));
                line.Append("</v></c>");
            }
            await sheet.WriteAsync(line.Append("</row>"));
        }
        await sheet.WriteAsync("</sheetData></worksheet>");

        async Task PartAsync(string name, string text)
        {
            await using var part = new StreamWriter(await zip.CreateEntry(name).OpenAsync(), new UTF8Encoding(false));
            await part.WriteAsync(text);
        }
    }
}
