using System.Globalization;
using System.Text;
using CsCheck;
using static WholeSchoolSend.PollFiles.Tests.Workbook;

namespace WholeSchoolSend.PollFiles.Tests;

public sealed class XlsxReaderTests
{
    private static readonly string Header = Row(1, "id", "q");

    // What Excel itself shows for these numbers, in either calendar; 60 is the day it invented, and a date before the first is none.
    [Theory]
    [InlineData(1, 14, false, "1900-01-01")]
    [InlineData(59, 14, false, "1900-02-28")]
    [InlineData(60, 14, false, "60")]
    [InlineData(61, 14, false, "1900-03-01")]
    [InlineData(45931, 14, false, "2025-10-01")]
    [InlineData(45931, 22, false, "2025-10-01T00:00:00")]
    [InlineData(46329.25972222222, 22, false, "2026-11-03T06:14:00")]
    [InlineData(46329.25972222222, 14, false, "2026-11-03T06:14:00")]
    [InlineData(46329.0000057871, 22, false, "2026-11-03T00:00:00.500")]
    [InlineData(2958465, 14, false, "9999-12-31")]
    [InlineData(2958466, 14, false, "2958466")]
    [InlineData(-1, 14, false, "-1")]
    [InlineData(0.75, 20, false, "18:00:00")]
    [InlineData(0.75, 14, false, "0.75")]
    [InlineData(1.5, 46, false, "1.5")]
    [InlineData(1, 14, true, "1904-01-02")]
    [InlineData(44469, 14, true, "2025-10-01")]
    [InlineData(60, 14, true, "1904-03-01")]
    [InlineData(0.25, 21, true, "06:00:00")]
    [InlineData(45931, 1, false, "45931")]
    public async Task A_number_shown_as_a_date_is_that_date(double serial, int format, bool from1904, string expected)
    {
        var cell = new Raw("s=\"1\"", $"<v>{serial.ToString(CultureInfo.InvariantCulture)}</v>");
        var reading = await Reading.OfAsync(Of(Header + Row(2, 1, cell), from1904,
            styles: $"<cellStyleXfs><xf numFmtId=\"14\"/></cellStyleXfs><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"{format}\"/></cellXfs>"));
        Assert.Equal([["1", expected]], reading.Rows);
    }

    [Theory]
    [InlineData("dd/mm/yyyy", "2026-11-03T12:00:00")]
    [InlineData("mmm-yy", "2026-11-03T12:00:00")]
    [InlineData("[$-809]d mmmm yyyy;@", "2026-11-03T12:00:00")]
    [InlineData("mmmm", "2026-11-03T12:00:00")]
    [InlineData("hh:mm AM/PM", "2026-11-03T12:00:00")]
    [InlineData("[h]:mm", "46329.5")]
    [InlineData("0.00", "46329.5")]
    [InlineData("General", "46329.5")]
    [InlineData("0.0E+00", "46329.5")]
    [InlineData("[Red]0.0", "46329.5")]
    [InlineData("\"days\" 0", "46329.5")]
    [InlineData("\\d0", "46329.5")]
    [InlineData("0;[Red]dd", "46329.5")]
    public async Task A_custom_format_tells_dates_by_its_letters(string code, string expected)
    {
        var styles = $"<numFmts><numFmt numFmtId=\"164\" formatCode=\"{code.Replace("\"", "&quot;",
            StringComparison.Ordinal)}\"/></numFmts><cellXfs><xf/><xf numFmtId=\"164\"/></cellXfs>";
        var reading = await Reading.OfAsync(Of(Header + Row(2, 1, new Raw("s=\"1\"", "<v>46329.5</v>")), styles: styles));
        Assert.Equal([["1", expected]], reading.Rows);
    }

    [Theory]
    [InlineData("", "<v>0.87411399999999995</v>", "0.874114")]
    [InlineData("", "<v>98</v>", "98")]
    [InlineData("", "<v>-99.0</v>", "-99")]
    [InlineData("", "<v>1E2</v>", "100")]
    [InlineData("", "<v>0.1000</v>", "0.1")]
    [InlineData("", "<v>0.30000000000000004</v>", "0.30000000000000004")]
    [InlineData("t=\"n\"", "<v> 007 </v>", "7")]
    [InlineData("t=\"b\"", "<v>1</v>", "TRUE")]
    [InlineData("t=\"b\"", "<v>0</v>", "FALSE")]
    [InlineData("t=\"str\"", "<f>A1</f><v>Yes &amp; no</v>", "Yes & no")]
    [InlineData("", "<f>1+1</f><v>2</v>", "2")]
    [InlineData("t=\"d\"", "<v>2026-11-03T06:14:00</v>", "2026-11-03T06:14:00")]
    [InlineData("t=\"s\"", "<v>0</v>", "Not very, I fear")]
    [InlineData("t=\"s\"", "<v>1</v>", "")]
    [InlineData("t=\"s\"", "<v>2</v>", "é – 😀")]
    [InlineData("t=\"inlineStr\"", "<is><r><rPr><b/></rPr><t>Not </t></r><r><t>very</t></r><rPh sb=\"0\"><t>noise</t></rPh><phoneticPr/></is>", "Not very")]
    [InlineData("t=\"inlineStr\"", "<is><t>two_x000D_\nlines, _x005F_x0041_, _x0000_, _xyz_ and <![CDATA[<raw>]]></t></is>",
        "two\r\nlines, _x0041_, _x0000_, _xyz_ and <raw>")]
    [InlineData("", "<extLst><ext><v>5</v></ext></extLst>", "")]
    public async Task A_cell_is_what_excel_shows_in_it(string attributes, string content, string expected)
    {
        const string Strings = "<si><r><t>Not </t></r><r><t>very, I fear</t></r><rPh><t>noise</t></rPh></si><si/><si><t>é &#8211; &#x1F600;</t></si>";
        Assert.Equal([["1", expected]], (await Reading.OfAsync(Of(Header + Row(2, 1, new Raw(attributes, content)), strings: Strings))).Rows);
    }

    [Theory]
    [InlineData("#REF!", "#REF!")]
    [InlineData("#N/A", "#N/A")]
    [InlineData("MrsPatel", "of a kind unknown")]
    public async Task An_error_is_a_problem_of_its_cell_and_names_only_what_excel_names(string error, string named)
    {
        var reading = await Reading.OfAsync(Of(Header + Row(2, 1, 2) + Row(3, 2, new Raw("t=\"e\"", $"<v>{error}</v>")) + Row(4, 3, 4)));
        var problem = Assert.Single(reading.Problems);
        Assert.Equal((3, 2, PollFileCodes.CellError), (problem.Line, problem.Column, problem.Code));
        Assert.Contains(named, problem.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Patel", problem.Message, StringComparison.Ordinal);
        Assert.Equal([["1", "2"], ["3", "4"]], reading.Rows);
    }

    [Fact]
    public async Task Missing_cells_rows_and_references_leave_the_others_where_they_are()
    {
        var rows = Row(3, "id", "a", "b", "c") + "<row><c><v>1</v></c><c t=\"inlineStr\"><is><t>x</t></is></c></row>" + Row(6, null, null, 2) + Row(7)
            + Row(8, "", null, "") + Row(9, 9, null, null, 4);
        var reading = await Reading.OfAsync(Of(rows));
        Assert.Empty(reading.Codes);
        Assert.Equal([["1", "x", "", ""], ["", "", "2", ""], ["9", "", "", "4"]], reading.Rows);
        Assert.Equal([4, 6, 9], reading.Lines);
    }

    [Fact]
    public async Task Empty_rows_at_the_end_and_formatted_cells_are_no_rows()
    {
        var rows = Header + Row(2, 1, 2) + string.Concat(Enumerable.Range(3, 5_000).Select(row =>
            Row(row, new Raw("s=\"1\"", ""), new Raw("t=\"inlineStr\"", "<is><t/></is>"))));
        Assert.Equal([["1", "2"]], (await Reading.OfAsync(Of(rows))).Rows);
    }

    [Fact]
    public async Task A_cell_beyond_the_header_is_a_problem_of_its_row()
    {
        var reading = await Reading.OfAsync(Of([("Data", "visible", Header + Row(2, 1, 2, 3) + Row(3, 1, 2))]));
        Assert.Equal((2L, 3, PollFileCodes.RowTooLong), reading.Problems.Select(problem => (problem.Line, problem.Column, problem.Code)).Single());
        Assert.Equal([["1", "2"]], reading.Rows);
    }

    [Fact]
    public async Task Names_that_are_missing_or_doubled_are_reported_first()
    {
        var reading = await Reading.OfAsync(Of(Row(1, "id", null, "ID") + Row(2, 1, 2, 3)));
        Assert.Equal([PollFileCodes.HeaderUnnamed, PollFileCodes.HeaderDuplicate], reading.Codes);
        Assert.Single(reading.Rows);
    }

    [Fact]
    public async Task Two_and_three_header_rows_give_texts_and_qualtrics_is_known_by_its_third()
    {
        var rows = Row(1, "id", "q") + Row(2, "Number", "How confident?") + Row(3, "{\"ImportId\":\"a\"}", "{\"ImportId\":\"b\"}") + Row(4, 1, 2);
        foreach (var reading in new[] { await Reading.OfAsync(Of(rows)), await Reading.OfAsync(Of(rows), new() { HeaderRows = 3 }) })
        {
            Assert.Equal([["1", "2"]], reading.Rows);
            Assert.Equal("How confident?", reading.Header!.Variables[1].Label);
        }
        Assert.Equal(2, (await Reading.OfAsync(Of(rows), new() { HeaderRows = 2 })).Rows.Count);
    }

    [Fact]
    public async Task The_sheet_is_the_named_one_or_the_first_visible_one_that_looks_like_rows()
    {
        var book = Of(
        [
            ("Notes", "visible", Row(1, "Fieldwork: 2nd to 8th November") + Row(2, "Weighted by region")),
            ("Old", "hidden", Row(1, "id", "q") + Row(2, 7, 8)),
            ("Answers", "visible", Row(1, "id", "q") + Row(2, 1, 2)),
            ("More", "visible", Row(1, "id", "q") + Row(2, 3, 4)),
        ]);
        Assert.Equal([["1", "2"]], (await Reading.OfAsync(book)).Rows);
        Assert.Equal([["7", "8"]], (await Reading.OfAsync(book, new() { Sheet = " old" })).Rows);
        Assert.Equal([PollFileCodes.SheetMissing], (await Reading.OfAsync(book, new() { Sheet = "Other" })).Codes);
        Assert.Equal([PollFileCodes.SheetMissing], (await Reading.OfAsync(Of([("A", "visible", ""), ("B", "veryHidden", Header + Row(2, 1, 2))]))).Codes);
    }

    [Fact]
    public async Task A_title_above_the_names_is_said_to_be_one()
    {
        var reading = await Reading.OfAsync(Of(Row(1, "Whole School SEND poll, autumn") + Row(2, "id", "q") + Row(3, 1, 2)));
        Assert.Equal([PollFileCodes.HeaderUnreadable], reading.Codes);
    }

    [Fact]
    public async Task Answers_that_speak_of_bases_are_still_answers()
    {
        var reading = await Reading.OfAsync(Of(Row(1, "comment", "q") + Row(2, "Unweighted base is what we lack", 1) + Row(3, "Base: none", 2)));
        Assert.Equal(2, reading.Rows.Count);
    }

    [Theory]
    [InlineData("<row r=\"2\"><c r=\"B2\"><v>1</v></c><c r=\"A2\"><v>2</v></c></row>")]
    [InlineData("<row r=\"2\"><c r=\"A2\"><v>1</v></c><c r=\"A2\"><v>2</v></c></row>")]
    [InlineData("<row r=\"2\"><c r=\"A3\"><v>1</v></c></row>")]
    [InlineData("<row r=\"3\"/><row r=\"2\"><c r=\"A2\"><v>1</v></c></row>")]
    [InlineData("<row r=\"2\"><c r=\"A2\"><v>one</v></c></row>")]
    [InlineData("<row r=\"2\"><c r=\"A2\"><v>1,5</v></c></row>")]
    [InlineData("<row r=\"2\"><c r=\"A2\" t=\"s\"><v>0</v></c></row>")]
    [InlineData("<row r=\"2\"><c r=\"A2\" t=\"x\"><v>0</v></c></row>")]
    [InlineData("<row r=\"2\"><c r=\"A2\" t=\"b\"><v>2</v></c></row>")]
    [InlineData("<row r=\"2\"><c r=\"A2\"><v>1e400</v></c></row>")]
    [InlineData("<row r=\"2\"><c r=\"A2\"><v>1</v></c>")]
    public async Task What_no_workbook_says_is_refused_and_not_guessed(string row) =>
        Assert.Equal([PollFileCodes.WorkbookDamaged], (await Reading.OfAsync(Of(Header + row))).Codes);

    [Fact]
    public async Task A_number_has_a_point_even_where_texts_have_commas()
    {
        var bytes = Of(Header + Row(2, 0.5, "0,25"));
        var opened = await PollFile.OpenAsync(_ => Task.FromResult<Stream>(new MemoryStream(bytes)), new() { DecimalComma = true },
            TestContext.Current.CancellationToken);
        await using var reader = opened.Reader!;
        Assert.Equal(PollRead.Row, await reader.ReadAsync(TestContext.Current.CancellationToken));
        Assert.True(reader.TryNumber(0, out var half));
        Assert.True(reader.TryNumber(1, out var quarter));
        Assert.Equal((0.5, 0.25), (half, quarter));
    }

    [Fact]
    public async Task The_long_layout_and_other_encodings_work_in_workbooks_too()
    {
        var book = Of(Row(1, "id", "question", "answer") + Row(2, 1, "q1", "a") + Row(3, 1, "q2", "b") + Row(4, 2, "q2", "c"));
        Assert.Equal([["1", "a", "b"], ["2", "", "c"]], (await Reading.OfAsync(book, new() { LongLayout = new("id", "question", "answer") })).Rows);

        var sheet = Parts([("Data", "visible", Header + Row(2, 1, "café"))]).Select(part => part.Name.Contains("sheet0", StringComparison.Ordinal)
            ? (part.Name, Encoding.Unicode.GetPreamble().Concat(Encoding.Unicode.GetBytes(part.Text)).ToArray())
                : (part.Name, Encoding.UTF8.GetBytes(part.Text)));
        using var bytes = new MemoryStream();
        using (var zip = new System.IO.Compression.ZipArchive(bytes, System.IO.Compression.ZipArchiveMode.Create, leaveOpen: true))
            foreach (var (name, content) in sheet)
            {
                using var part = zip.CreateEntry(name).Open();
                part.Write(content);
            }
        Assert.Equal([["1", "café"]], (await Reading.OfAsync(bytes.ToArray())).Rows);
    }

    [Theory]
    [InlineData("billion_laughs", PollFileCodes.WorkbookUnsafe)]
    [InlineData("bomb_sst_512MB", PollFileCodes.WorkbookTooLarge)]
    [InlineData("bomb_whitespace_1GB", PollFileCodes.WorkbookTooLarge)]
    [InlineData("row_beyond", PollFileCodes.WorkbookDamaged)]
    [InlineData("row_gap", PollFileCodes.ColumnsTooMany)]   // its last cell is in the last row and the last column
    [InlineData("xxe_sheet", PollFileCodes.WorkbookUnsafe)]
    public async Task A_hostile_workbook_is_refused_with_its_reason(string file, string code) =>
        Assert.Equal([code], (await Reading.OfAsync(await File.ReadAllBytesAsync(Reading.File("hostile_xlsx", file + ".xlsx"),
            TestContext.Current.CancellationToken))).Codes);

    [Fact]
    public async Task A_claimed_dimension_and_a_missing_style_change_nothing()
    {
        var claimed = await Reading.OfAsync(await File.ReadAllBytesAsync(Reading.File("hostile_xlsx", "dim_huge.xlsx"), TestContext.Current.CancellationToken));
        Assert.Equal(Enumerable.Range(2, 1_999).Select(row => row.ToString(CultureInfo.InvariantCulture)), claimed.Rows.Select(row => Assert.Single(row)));
        var plain = await Reading.OfAsync(await File.ReadAllBytesAsync(Reading.File("hostile_xlsx", "num_nostyle.xlsx"),
            TestContext.Current.CancellationToken));
        Assert.Equal(["1", "2", "s"], plain.Header!.Variables.Select(variable => variable.Name));
        Assert.Equal([["3", "", ""]], plain.Rows);
    }

    [Fact]
    public async Task Two_parts_of_one_name_are_refused()
    {
        var parts = Parts([("Data", "visible", Header + Row(2, 1, 2))]).ToList();
        Assert.Equal([PollFileCodes.WorkbookUnsafe], (await Reading.OfAsync(Zip([.. parts, ("XL/worksheets/sheet0.xml", parts[4].Text)]))).Codes);
    }

    [Fact]
    public async Task A_directory_of_a_hundred_thousand_parts_is_refused_unread()
    {
        var bytes = Zip([.. Enumerable.Range(0, 100_000).Select(part => (part.ToString(CultureInfo.InvariantCulture), ""))],
            System.IO.Compression.CompressionLevel.NoCompression);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var opened = await PollFile.OpenAsync(_ => Task.FromResult<Stream>(new MemoryStream(bytes)), new(), TestContext.Current.CancellationToken);
        Assert.Equal(PollFileCodes.WorkbookTooLarge, opened.Problem?.Code);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 << 20);
    }

    [Theory]
    [InlineData("tags", "<a><a><a>")]
    [InlineData("attributes", null)]
    public async Task Xml_made_to_be_kept_in_memory_is_refused(string kind, string? what)
    {
        var text = kind == "tags" ? string.Concat(Enumerable.Repeat(what!, 100_000))
            : $"<a {string.Concat(Enumerable.Range(0, 100_000).Select(i => $"a{i}=\"\" "))}/>";
        var book = Of(Header + text + Row(2, 1, 2));
        var before = GC.GetAllocatedBytesForCurrentThread();
        var opened = await PollFile.OpenAsync(_ => Task.FromResult<Stream>(new MemoryStream(book)), new(), TestContext.Current.CancellationToken);
        Assert.Equal(PollFileCodes.WorkbookDamaged, opened.Problem?.Code);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 24 << 20);
    }

    [Fact]
    public async Task More_names_than_any_file_has_are_refused() =>
        Assert.Equal([PollFileCodes.WorkbookDamaged], (await Reading.OfAsync(Of(Header + Row(2, 1, 2),
            styles: string.Concat(Enumerable.Range(0, 40_000).Select(i => $"<a{i}/>"))))).Codes);

    [Fact]
    public async Task The_encoding_of_a_part_is_what_its_bytes_say()
    {
        byte[] Declared(string declaration, string text) => Zip([.. Parts([("Data", "visible", Header + Row(2, 1, text))]).Select(part =>
            (part.Name, declaration + part.Text))]);
        Assert.Equal([["1", "é"]], (await Reading.OfAsync(Declared("<?xml version=\"1.0\" encoding=\"UTF-16\"?>", "é"))).Rows);
        Assert.Equal([PollFileCodes.WorkbookDamaged], (await Reading.OfAsync(Declared("", "\uFFFF"))).Codes);
        // Found by mutation: given the bytes, XmlReader throws ArgumentOutOfRangeException here.
        Assert.Equal([["1", "é"]], (await Reading.OfAsync(Declared($"<?xml version=\"1.0{new string('\uFFFD', 1_600)}\" encoding=\"UTF-8\"?>", "é"))).Rows);
    }

    [Fact]
    public async Task A_cut_workbook_is_refused_wherever_it_was_cut()
    {
        var whole = Of(Header + string.Concat(Enumerable.Range(2, 30).Select(row => Row(row, row, "x"))), strings: "<si><t>a</t></si>");
        for (var length = 4; length < whole.Length; length += 7)
            Assert.Equal([PollFileCodes.WorkbookDamaged], (await Reading.OfAsync(whole[..length])).Codes);
    }

    [Fact]
    public Task A_changed_byte_changes_no_answer_without_a_refusal()
    {
        var styles = "<cellXfs><xf/><xf numFmtId=\"14\"/></cellXfs>";
        byte[][] books = [.. new[] { System.IO.Compression.CompressionLevel.Fastest, System.IO.Compression.CompressionLevel.NoCompression }.Select(level =>
            Zip([.. Parts([("Data", "visible", Header + Row(2, 100, new Raw("t=\"s\"", "<v>0</v>")) + Row(3, 46000, new Raw("s=\"1\"", "<v>46000</v>")))],
                strings: "<si><t>Yes</t></si>", styles: styles)], level))];
        string[][] rows = [["100", "Yes"], ["46000", "2025-12-09"]];
        return Gen.Select(Gen.OneOfConst(books), Gen.Double.Unit, Gen.Byte[1, 255]).SampleAsync(async (book, place, with) =>
        {
            var bytes = book.ToArray();
            bytes[(int)(place * bytes.Length)] ^= with;
            var reading = await Reading.OfAsync(bytes).WaitAsync(TimeSpan.FromSeconds(20));
            Assert.True(reading.FileProblem is not null || rows.Zip(reading.Rows).All(pair => pair.First.SequenceEqual(pair.Second))
                && reading.Rows.Count == 2, string.Join(';', reading.Rows.Select(row => string.Join(',', row))));
        }, iter: 4_000);
    }

    private static readonly Gen<string> Text = Gen.OneOf(
        Gen.OneOfConst("Yes", " ", "_x000D_", "_x", "a_x0041_b", "é", "“so”", "😀", "<&>\"'", "]]>", "=1+1", "#REF!", "TRUE", "__NA__", "1", "tab\there",
            "two\nlines"),
        Gen.String[Gen.Char["ab_x01D \n<&é€"], 0, 12]).Select(text => text.Replace("\r", "", StringComparison.Ordinal));

    private static readonly Gen<object?> AnyCell = Gen.OneOf(
        Gen.Const((object?)null), Text.Select(text => (object?)text), Gen.Double[-1e6, 1e6].Select(number => (object?)number),
            Gen.Int[-99, 100_000].Select(number => (object?)number), Gen.Bool.Select(flag => (object?)flag));

    [Fact]
    public Task Any_table_reads_back_as_it_was_written_in_inline_and_shared_strings() =>
        Gen.Select(AnyCell.Array[3].Array[1, 12], Gen.Bool, Gen.Int[0, 3]).SampleAsync(async (table, shared, gap) =>
        {
            List<string> strings = [];
            object? Stored(object? cell)
            {
                if (cell is not string text) return cell;
                text = text.Replace("_x", "_x005F_x", StringComparison.Ordinal);
                if (!shared) return text;
                strings.Add($"<si><t xml:space=\"preserve\">{System.Security.SecurityElement.Escape(text)}</t></si>");
                return new Raw("t=\"s\"", $"<v>{strings.Count - 1}</v>");
            }
            var rows = string.Concat(table.Select((row, i) => Row(2 + i * (1 + gap), [.. row.Select(Stored)])));
            var reading = await Reading.OfAsync(Of(Row(1, "a", "b", "c") + rows, strings: string.Concat(strings)));
            string[][] expected = [.. table.Select(row => row.Select(Shown).ToArray()).Where(row => row.Any(cell => cell.Length > 0))];
            Assert.Equal(expected.Length == 0 ? [PollFileCodes.RowsNone] : [], reading.Codes);
            Assert.Equal(expected, reading.Rows);
        }, iter: 1_500);

    private static string Shown(object? cell) => cell switch
    {
        null => "",
        bool flag => flag ? "TRUE" : "FALSE",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => (string)cell,
    };
}
