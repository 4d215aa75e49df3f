using System.Globalization;
using System.Text.Json;

namespace WholeSchoolSend.PollFiles.Tests;

/// <summary>One synthetic poll of 600 weighted respondents in fifteen files. The figures are those of expected.json, which PSPP agrees with.</summary>
public sealed class LookalikeTests
{
    private static readonly string[] Compared = ["RecordNo", "gor", "phase", "role", "Q1", "Q2_1", "Q2_2", "Q2_3", "Q2_4", "Q2_96", "Q2_99", "Q3", "weight"];
    private static readonly PollFileOptions Options = new() { NotAskedMarks = ["", " ", "__NA__"] };

    public static TheoryData<string, string> Twins => new()
    {
        { "poll_codes_cp1252.csv", "windows-1252 (no byte order mark; not valid UTF-8)" },
        { "poll_codes_utf16le.tsv", "utf-16 little-endian (byte order mark)" },
        { "poll_codes_utf16le_nobom.csv", "utf-16 little-endian (no byte order mark; every other byte is NUL)" },
        { "poll_codes_utf8_semicolon.csv", "utf-8 (no byte order mark; valid to the last byte)" },
        { "poll_labels_utf8bom.csv", "utf-8 (byte order mark)" },
        { "poll_long_utf8.csv", "utf-8 (no byte order mark; valid to the last byte)" },
        { "poll_qualtrics3header_utf8.csv", "utf-8 (no byte order mark; valid to the last byte)" },
        { "poll_rowlevel.xlsx", "" },
        { "poll_fixed_bitstring.sss", "windows-1252 (no byte order mark; not valid UTF-8)" },
        { "poll_fixed_spread.sss", "windows-1252 (no byte order mark; not valid UTF-8)" },
        { "poll_csv_bitstring.sss", "windows-1252 (no byte order mark; not valid UTF-8)" },
        { "poll_cp1252.sav", "windows-1252 (stated by the file)" },
        { "poll_utf8.sav", "utf-8 (stated by the file)" },
        { "poll_utf8.zsav", "utf-8 (stated by the file)" },
        { "poll_utf8_uncompressed.sav", "utf-8 (stated by the file)" },
    };

    [Theory, MemberData(nameof(Twins))]
    public async Task Every_twin_holds_the_same_respondents(string file, string encoding)
    {
        var (rows, header) = await RespondentsAsync(file);
        Assert.Equal(encoding, header.Notes.SingleOrDefault(note => note.Code == "encoding")?.Message ?? "");
        Assert.Equal(file.EndsWith(".sss", StringComparison.Ordinal) || file.EndsWith("sav", StringComparison.Ordinal) ? "weight" : null,
            header.WeightVariable);
        var (original, _) = await RespondentsAsync("poll_codes_cp1252.csv");
        Assert.Equal(original, rows);
    }

    [Theory, MemberData(nameof(Twins))]
    public async Task Every_twin_gives_the_published_figures(string file, string _)
    {
        var (rows, header) = await RespondentsAsync(file);
        Assert.NotEmpty(header.Notes);
        Assert.All(await FiguresAsync(rows), figure => Assert.Equal(figure.Expected, figure.Found, figure.Decimals));
    }

    /// <summary>The figures of expected.json, and what these rows give.</summary>
    private static async Task<IReadOnlyList<(string Name, double Expected, double Found, int Decimals)>> FiguresAsync(List<string[]> rows)
    {
        using var json = JsonDocument.Parse(await File.ReadAllTextAsync(Reading.File("lookalike", "expected.json"), TestContext.Current.CancellationToken));
        var expected = json.RootElement;
        List<(string, double, double, int)> figures = [("rows", expected.GetProperty("rows").GetInt32(), rows.Count, 0),
            ("sum of weights", expected.GetProperty("sum_w").GetDouble(), rows.Sum(W), 6)];
        var q2 = rows.Where(row => row[5].Length > 0).ToList();
        Of("Q1_all", rows, (row, code) => row[4] == code);
        Of("Q1_valid(excl 98,99)", [.. rows.Where(row => row[4] is not ("98" or "99"))], (row, code) => row[4] == code);
        Of("Q2(multi, base asked)", q2, (row, code) => row[Array.IndexOf(Compared, "Q2_" + code)] == "1");
        var q3 = rows.Where(row => row[11] is not ("" or "-99")).ToList();
        figures.Add(("mean of Q3", expected.GetProperty("Q3_mean_weighted(excl -99, missing)").GetDouble(),
            q3.Sum(row => W(row) * double.Parse(row[11], CultureInfo.InvariantCulture)) / q3.Sum(W), 8));
        return figures;

        static double W(string[] row) => double.Parse(row[12], CultureInfo.InvariantCulture);

        void Of(string name, List<string[]> asked, Func<string[], string, bool> chose)
        {
            var question = expected.GetProperty(name);
            figures.Add(($"{name}: base", question.GetProperty("n_unweighted").GetInt32(), asked.Count, 0));
            figures.Add(($"{name}: weights", question.GetProperty("sum_w").GetDouble(), asked.Sum(W), 6));
            figures.Add(($"{name}: effective size", question.GetProperty("n_eff_kish").GetDouble(),
                asked.Sum(W) * asked.Sum(W) / asked.Sum(row => W(row) * W(row)), 5));
            foreach (var share in question.GetProperty("weighted_prop").EnumerateObject())
                figures.Add(($"{name}: {share.Name}", share.Value.GetDouble(), asked.Where(row => chose(row, share.Name)).Sum(W) / asked.Sum(W), 8));
            foreach (var count in question.GetProperty("unweighted_n").EnumerateObject())
                figures.Add(($"{name}: {count.Name}, unweighted", count.Value.GetInt32(), asked.Count(row => chose(row, count.Name)), 0));
        }
    }

    /// <summary>A twin beside the first of them, cell by cell, and beside the published figures.</summary>
    internal static async Task<(int Cells, int Differ, int Figures, int FiguresDiffer)> CompareAsync(string file)
    {
        var (rows, _) = await RespondentsAsync(file);
        var (original, _) = await RespondentsAsync("poll_codes_cp1252.csv");
        var figures = await FiguresAsync(rows);
        Assert.Equal(original.Count, rows.Count);
        return (rows.Count * Compared.Length, rows.Zip(original).Sum(pair => pair.First.Zip(pair.Second).Count(cells => cells.First != cells.Second)),
            figures.Count, figures.Count(figure => Math.Abs(figure.Expected - figure.Found) >= Math.Pow(10, -figure.Decimals)));
    }

    [Fact]
    public async Task Dates_open_answers_and_question_texts_come_through()
    {
        var codes = await Reading.OfAsync(await File.ReadAllBytesAsync(Reading.File("lookalike", "poll_codes_cp1252.csv"),
            TestContext.Current.CancellationToken));
        Assert.Equal("“Quality First” teaching", codes.Rows[5][13]);
        Assert.Equal(7, codes.Lines[5]);
        var qualtrics = await Reading.OfAsync(await File.ReadAllBytesAsync(Reading.File("lookalike", "poll_qualtrics3header_utf8.csv"),
            TestContext.Current.CancellationToken));
        Assert.Equal("Q1. How confident are you in supporting pupils with SEND?", qualtrics.Header!.Variables[6].Label);
        Assert.Equal("Specialist advice – e.g. EP", qualtrics.Header.Variables[10].Label[^27..]);

        await using var labels = await OpenAsync("poll_labels_utf8bom.csv", Options with { Dates = DateOrder.DayFirst });
        Assert.Equal(PollRead.Row, await labels.ReadAsync(TestContext.Current.CancellationToken));
        Assert.True(labels.TryDate(2, out var day));
        Assert.Equal(new DateTime(2026, 11, 3, 6, 14, 0), day);
        Assert.True(labels.IsNotAsked(13));
        Assert.True(labels.TryNumber(15, out var weight));
        Assert.Equal(0.874114, weight);
    }

    // Labels are turned into the codes that stand in the same place of the coded twin, which must be possible one to one.
    private static async Task<(List<string[]> Rows, PollFileHeader Header)> RespondentsAsync(string file)
    {
        var longLayout = file.Contains("long", StringComparison.Ordinal) ? new LongLayout("RecordNo", "question", "answer") : null;
        await using var reader = await OpenAsync(file, Options with { LongLayout = longLayout });
        // In a bitstring a code is a position, so the pollster gave the two last choices codes of one digit.
        string Named(string name) => !file.EndsWith(".sss", StringComparison.Ordinal) ? name : name switch { "Q2_96" => "Q2_6", "Q2_99" => "Q2_9", _ => name };
        int[] columns = [.. Compared.Select(name => Assert.Single(reader.Header.Columns(Named(name).ToUpperInvariant() + " ")))];
        List<string[]> rows = [];
        PollRead read;
        while ((read = await reader.ReadAsync(TestContext.Current.CancellationToken)) == PollRead.Row)
        {
            rows.Add([.. columns.Select(column => reader.IsNotAsked(column) ? "" : reader.Text(column))]);
            Assert.True(reader.TryNumber(columns[^1], out var weight));
            rows[^1][^1] = weight.ToString(CultureInfo.InvariantCulture);   // 1.023800 in text is 1.0238 in SPSS
        }
        Assert.Equal(PollRead.End, read);
        if (!file.Contains("codes", StringComparison.Ordinal))
        {
            var (codes, _) = await RespondentsAsync("poll_codes_cp1252.csv");
            for (var column = 0; column < Compared.Length; column++)
            {
                var pairs = rows.Zip(codes, (label, code) => (Label: label[column], Code: code[column])).Distinct().ToArray();
                Assert.Equal(pairs.Length, pairs.DistinctBy(pair => pair.Code).Count());
                var code = pairs.ToDictionary(pair => pair.Label, pair => pair.Code);
                foreach (var row in rows) row[column] = code[row[column]];
            }
        }
        return (rows, reader.Header);
    }

    [Fact]
    public async Task Data_tables_are_refused_as_such_whichever_sheet_is_asked_for()
    {
        var tables = await File.ReadAllBytesAsync(Reading.File("lookalike", "poll_datatables.xlsx"), TestContext.Current.CancellationToken);
        Assert.Equal([PollFileCodes.DataTable], (await Reading.OfAsync(tables)).Codes);
        Assert.Equal([PollFileCodes.DataTable], (await Reading.OfAsync(tables, new() { Sheet = "q1 " })).Codes);
    }

    [Fact]
    public async Task The_workbook_says_its_sheet_and_its_dates()
    {
        await using var reader = await OpenAsync("poll_rowlevel.xlsx", Options);
        Assert.Equal("Data (the first of 2 that looks like rows)", Assert.Single(reader.Header.Notes, note => note.Code == "sheet").Message);
        Assert.Equal(PollRead.Row, await reader.ReadAsync(TestContext.Current.CancellationToken));
        Assert.Equal("2026-11-03T06:14:00", reader.Text(2));
        Assert.True(reader.TryDate(2, out var day));
        Assert.Equal(new DateTime(2026, 11, 3, 6, 14, 0), day);
        var codebook = await Reading.OfAsync(await File.ReadAllBytesAsync(Reading.File("lookalike", "poll_rowlevel.xlsx"),
            TestContext.Current.CancellationToken), new() { Sheet = "Codebook" });
        Assert.Equal(["gor", "Government Office Region", "1", "North East"],
            codebook.Rows[4].Select((cell, column) => column == 1 && cell.Length == 0 ? codebook.Rows[3][1] : cell));
    }

    private static async Task<PollFileReader> OpenAsync(string file, PollFileOptions options)
    {
        Task<Stream> Open(string name) => Task.FromResult<Stream>(File.OpenRead(Reading.File("lookalike", name)));
        var data = Path.ChangeExtension(file, file.Contains("fixed", StringComparison.Ordinal) ? ".asc" : ".csv");
        var opened = file.EndsWith(".sss", StringComparison.Ordinal)
            ? await PollFile.OpenPairAsync(_ => Open(file), _ => Open(data), options, TestContext.Current.CancellationToken)
            : await PollFile.OpenAsync(_ => Open(file), options, TestContext.Current.CancellationToken);
        Assert.Null(opened.Problem);
        return opened.Reader!;
    }
}
