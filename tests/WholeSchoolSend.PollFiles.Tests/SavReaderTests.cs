using System.Buffers.Binary;
using System.Text;

namespace WholeSchoolSend.PollFiles.Tests;

/// <summary>What SPSS files may hold beyond what the samples do, written by <see cref="SavWriter"/>.</summary>
public sealed class SavReaderTests
{
    private static readonly SavVariable Id = new("id");
    private static readonly SavVariable Weight = new("weight");

    public static TheoryData<int, bool> Ways => new() { { 0, false }, { 0, true }, { 1, false }, { 1, true }, { 2, false }, { 2, true } };

    [Theory, MemberData(nameof(Ways))]
    public async Task Numbers_are_the_shortest_text_that_reads_back(int compression, bool bigEndian)
    {
        double?[] numbers = [0, 1, 2, -1, 151, 152, -99, -100, 0.1, 0.874114, 1.0 / 3, 1e15, 9007199254740991, 1e300, -2.5, 1e-7, -0.0, null];
        var reading = await Reading.OfAsync(new SavWriter(Id) { Compression = compression, BigEndian = bigEndian }
            .Write([.. numbers.Select(number => new object?[] { number })]));
        Assert.Empty(reading.Codes);
        Assert.Equal(["0", "1", "2", "-1", "151", "152", "-99", "-100", "0.1", "0.874114", "0.3333333333333333", "1000000000000000", "9007199254740991",
            "1E+300", "-2.5", "1E-07", "0", ""],
            reading.Rows.Select(row => row[0]));
        Assert.Equal(Enumerable.Range(1, numbers.Length).Select(row => (long)row), reading.Lines);
    }

    [Theory, MemberData(nameof(Ways))]
    public async Task Texts_of_every_width_are_read_in_every_way(int compression, bool bigEndian)
    {
        SavVariable[] variables = [new("a", 1), Id, new("b", 7), new("c", 8), new("d", 9), new("e", 255), new("f", 256), new("g", 600), new("h", 32767),
            Weight];
        var row = variables.Select(variable => variable.Width == 0 ? (object?)3
            : string.Concat(Enumerable.Range(0, variable.Width).Select(at => (char)('a' + (at * 7 % 26))))).ToArray();
        var blank = variables.Select(variable => variable.Width == 0 ? (object?)null : variable.Width > 300 ? new string('x', 256) : "").ToArray();
        var reading = await Reading.OfAsync(new SavWriter(variables) { Compression = compression, BigEndian = bigEndian, BlockSize = 9999 }
            .Write(row, blank, row), new() { MaxRecordBytes = 1 << 20 });
        Assert.Empty(reading.Codes);
        Assert.Equal([row.Select(cell => cell!.ToString()), blank.Select(cell => cell?.ToString() ?? ""), row.Select(cell => cell!.ToString())], reading.Rows);
    }

    [Fact]
    public async Task A_character_across_the_parts_of_a_very_long_text_is_a_character()
    {
        var text = new string('x', 254) + "€" + new string('y', 20);
        var reading = await Reading.OfAsync(new SavWriter(new SavVariable("open", 400)).Write([text]));
        Assert.Equal(text, reading.Rows[0][0]);
    }

    [Theory]
    [InlineData(20, 13630723200, "2014-09-22")]
    [InlineData(38, 13630723200 + 57560.5, "2014-09-22T15:59:20.5")]
    [InlineData(22, 13630723200, "2014-09-22T00:00:00")]
    [InlineData(22, 13630723200 + 57560, "2014-09-22T15:59:20")]
    [InlineData(29, 13631500800, "2014-10-01")]
    [InlineData(20, 0, "1582-10-14")]
    [InlineData(20, -86400, "1582-10-13")]
    public async Task Dates_are_iso_text(int format, double seconds, string text)
    {
        await using var reader = await OpenAsync(new SavWriter(new SavVariable("when") { Format = format }).Write([seconds]));
        Assert.Equal(VariableKind.Date, reader.Header.Variables[0].Kind);
        Assert.Equal(PollRead.Row, await reader.ReadAsync(TestContext.Current.CancellationToken));
        Assert.Equal(text, reader.Text(0));
        Assert.True(reader.TryDate(0, out var date));
        Assert.Equal(new DateTime(1582, 10, 14).AddSeconds(seconds), date);
        Assert.True(reader.TryNumber(0, out var number));
        Assert.Equal(seconds, number);
    }

    [Theory]
    [InlineData(21, 43870.09, "43870.09")]           // a time of day is a number of seconds
    [InlineData(26, 1, "1")]                         // a day of the week is a number
    [InlineData(22, 6306150067200, "6306150067200")] // a year of six digits is in no calendar
    public async Task What_is_no_date_stays_a_number(int format, double seconds, string text)
    {
        await using var reader = await OpenAsync(new SavWriter(new SavVariable("when") { Format = format }).Write([seconds]));
        Assert.Equal(PollRead.Row, await reader.ReadAsync(TestContext.Current.CancellationToken));
        Assert.Equal(text, reader.Text(0));
        Assert.False(reader.TryDate(0, out _));
    }

    [Fact]
    public async Task Nothing_is_not_asked_and_neither_a_number_nor_a_date()
    {
        await using var reader = await OpenAsync(new SavWriter(Id, new SavVariable("when") { Format = 20 }, new SavVariable("open", 12))
            .Write([null, null, ""], [98, null, " "]));
        Assert.Equal(PollRead.Row, await reader.ReadAsync(TestContext.Current.CancellationToken));
        for (var column = 0; column < 3; column++)
        {
            Assert.True(reader.IsNotAsked(column));
            Assert.False(reader.TryNumber(column, out _));
            Assert.False(reader.TryDate(column, out _));
        }
        Assert.Equal(PollRead.Row, await reader.ReadAsync(TestContext.Current.CancellationToken));
        Assert.False(reader.IsNotAsked(0));
        Assert.True(reader.IsNotAsked(2));
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    public async Task What_is_not_finite_is_no_number_and_does_not_pass_for_nothing(double value)
    {
        await using var reader = await OpenAsync(new SavWriter(Weight).Write([value]));
        Assert.Equal(PollRead.Row, await reader.ReadAsync(TestContext.Current.CancellationToken));
        Assert.False(reader.TryNumber(0, out _));
        Assert.False(reader.IsNotAsked(0));
    }

    [Fact]
    public async Task Where_a_file_says_that_not_a_number_means_nothing_it_does() =>
        Assert.Equal([["", "1"]], (await Reading.OfAsync(new SavWriter(Id, Weight) { SystemMissing = double.NaN }.Write([double.NaN, 1]))).Rows);

    [Theory]
    [InlineData("windows-1252", 65001, "windows-1252 (stated by the file)")]
    [InlineData("CP1252", null, "windows-1252 (stated by the file)")]
    [InlineData("cp-1252", null, "windows-1252 (stated by the file)")]
    [InlineData(null, 1252, "windows-1252 (code page stated by the file)")]
    [InlineData("no such name", 1252, "windows-1252 (code page stated by the file)")]
    [InlineData(null, 2, "windows-1252 (the file does not say)")]
    [InlineData(null, null, "windows-1252 (the file does not say)")]
    public async Task The_encoding_is_found_by_a_rule(string? name, int? codePage, string note)
    {
        var bytes = new SavWriter(new SavVariable("ort", 20) { Label = "Où – “there”", Labels = [("É", "été")] })
        { Encoding = CodePagesEncodingProvider.Instance.GetEncoding(1252)!, EncodingName = name, CodePage = codePage }
                .Write(["Bär £5"], [new string('é', 20)]);
        var reading = await Reading.OfAsync(bytes);
        Assert.Equal(note, Assert.Single(reading.Header!.Notes).Message);
        Assert.Equal("Où – “there”", reading.Header.Variables[0].Label);
        Assert.Equal([new ValueLabel("É", "été")], reading.Header.Variables[0].ValueLabels);
        Assert.Equal([["Bär £5"], [new string('é', 20)]], reading.Rows);
    }

    [Theory]
    [InlineData("shift_jis", 932, "日本語テキスト")]
    [InlineData("GB18030", 54936, "中文文本")]
    [InlineData("ISO-8859-15", 28605, "5 €")]
    [InlineData("windows-1251", 1251, "текст")]
    public async Task Other_encodings_are_read_too(string name, int codePage, string text) =>
        Assert.Equal(text, (await Reading.OfAsync(new SavWriter(new SavVariable("a", 40))
        { Encoding = CodePagesEncodingProvider.Instance.GetEncoding(codePage)!, EncodingName = name, CodePage = 1252 }.Write([text]))).Rows[0][0]);

    [Theory]
    [InlineData("UTF-16", 65001 + 9)]
    [InlineData("UTF-7", 65000)]
    [InlineData("ISO-2022-JP", 50220)]
    [InlineData("IBM037", 37)]
    [InlineData(null, 1)]
    [InlineData("nonsense", 2)]
    public async Task Encodings_that_cannot_be_meant_are_refused(string? name, int codePage) =>
        Assert.Equal([PollFileCodes.EncodingUnsupported],
            (await Reading.OfAsync(new SavWriter(Id) { EncodingName = name, CodePage = codePage }.Write([1]))).Codes);

    [Fact]
    public async Task An_agreed_encoding_goes_before_what_the_file_says()
    {
        var bytes = new SavWriter(new SavVariable("a", 8)) { Encoding = CodePagesEncodingProvider.Instance.GetEncoding(1252)!, EncodingName = "UTF-8" }
            .Write(["été"]);
        Assert.Equal("été", (await Reading.OfAsync(bytes, new() { Encoding = PollEncoding.Windows1252 })).Rows[0][0]);
        Assert.Equal([PollFileCodes.EncodingInvalid], (await Reading.OfAsync(bytes, new() { Encoding = PollEncoding.Utf16 })).Codes);
    }

    [Fact]
    public async Task Bytes_that_are_not_valid_are_replaced_and_counted_whoever_reads_them()
    {
        var bytes = new SavWriter(new SavVariable("a", 8) { Label = "é" }, new SavVariable("b", 300)) { Encoding = Encoding.Latin1, EncodingName = "UTF-8" }
            .Write(["été", "x"], ["a", new string('b', 250) + "ééééé"], ["fine", "fine"]);
        await using var reader = await OpenAsync(bytes);
        Assert.Equal("1 characters in names and labels were lost before the file was sent.",
            Assert.Single(reader.Notes, note => note.Code == "replacement-characters").Message);
        while (await reader.ReadAsync(TestContext.Current.CancellationToken) == PollRead.Row) ;   // no cell is asked for
        Assert.Equal("7 characters in the rows were lost before the file was sent.", reader.Notes.Last(note => note.Code == "replacement-characters").Message);
        Assert.Equal("\uFFFDt\uFFFD", (await Reading.OfAsync(bytes)).Rows[0][0]);
    }

    [Fact]
    public async Task Long_names_go_to_the_variables_in_their_order_when_short_names_collide()
    {
        var reading = await Reading.OfAsync(new SavWriter(new SavVariable("question_one") { Short = "QUESTION" },
            new SavVariable("question_two") { Short = "QUESTION" }, Id).Write([1, 2, 3]));
        Assert.Empty(reading.Codes);
        Assert.Equal(["question_one", "question_two", "id"], reading.Header!.Variables.Select(variable => variable.Name));
        var without = await Reading.OfAsync(new SavWriter(new SavVariable("question_one") { Short = "QUESTION" },
            new SavVariable("question_two") { Short = "QUESTION" })
        { LongNames = false }.Write([1, 2]));
        Assert.Equal([PollFileCodes.HeaderDuplicate], without.Codes);
        Assert.Equal((0L, 2), (without.Problems[0].Line, without.Problems[0].Column));
    }

    [Fact]
    public async Task The_weight_is_found_by_cells_of_eight_bytes()
    {
        SavVariable[] variables = [new("open", 600), Id, Weight];
        var writer = new SavWriter(variables);
        var index = writer.Segment(Weight) + 1;
        Assert.Equal(78, index);
        Assert.Equal("weight", (await Reading.OfAsync((writer with { WeightIndex = index }).Write(["a", 1, 0.5]))).Header!.WeightVariable);
        Assert.Null((await Reading.OfAsync(writer.Write(["a", 1, 0.5]))).Header!.WeightVariable);
    }

    [Theory]
    [InlineData(1)]     // the text
    [InlineData(2)]     // in the middle of the text
    [InlineData(40)]    // a part of the text
    [InlineData(81)]
    [InlineData(-1)]
    [InlineData(int.MaxValue)]
    [InlineData(int.MinValue)]
    public async Task A_weight_that_is_no_number_is_an_error_and_never_unweighted(int index) =>
        Assert.Equal([PollFileCodes.SavWeightInvalid],
            (await Reading.OfAsync(new SavWriter(new SavVariable("open", 600), Id, Weight) { WeightIndex = index }.Write(["a", 1, 0.5]))).Codes);

    [Fact]
    public async Task Labels_missing_values_and_measures_come_with_the_variables()
    {
        var reading = await Reading.OfAsync(new SavWriter(
            new SavVariable("q1")
            {
                Label = "How confident?",
                Measure = 2,
                Labels = [(1, "Very"), (2.5, "Half"), (-99, "Refused")],
                MissingCount = 2,
                Missing = [98, -99]
            },
            new SavVariable("age") { Measure = 3, MissingCount = -2, Missing = [double.BitIncrement(double.MinValue), 0] },
            new SavVariable("score") { MissingCount = -3, Missing = [990, double.MaxValue, -1] },
            new SavVariable("region", 3) { Measure = 1, Labels = [("A", "North East"), ("H", "London")], MissingCount = 1, Missing = ["Z"] },
            new SavVariable("phase", 20) { Labels = [("Primary", "Primary school"), ("Secondary", "")] },
            new SavVariable("day") { Format = 20, Labels = [(13630723200, "The day")] }).Write([1, 2, 3, "A", "Primary", null]));
        var variables = reading.Header!.Variables;
        Assert.Empty(reading.Codes);
        Assert.Equal("How confident?", variables[0].Label);
        Assert.Equal([VariableMeasure.Ordinal, VariableMeasure.Scale, VariableMeasure.Unknown, VariableMeasure.Nominal, VariableMeasure.Unknown,
            VariableMeasure.Unknown], variables.Select(variable => variable.Measure));
        Assert.Equal([VariableKind.Number, VariableKind.Number, VariableKind.Number, VariableKind.Text, VariableKind.Text, VariableKind.Date], variables
            .Select(variable => variable.Kind));
        Assert.Equal([new("1", "Very"), new("2.5", "Half"), new("-99", "Refused")], variables[0].ValueLabels);
        Assert.Equal(["98", "-99"], variables[0].Missing.Codes);
        Assert.Null(variables[0].Missing.From);
        Assert.Empty(variables[1].Missing.Codes);
        Assert.Equal((double.NegativeInfinity, 0), (variables[1].Missing.From, variables[1].Missing.To));
        Assert.Equal(["-1"], variables[2].Missing.Codes);
        Assert.Equal((990, double.PositiveInfinity), (variables[2].Missing.From, variables[2].Missing.To));
        Assert.Equal(["Z"], variables[3].Missing.Codes);
        Assert.Equal([new("A", "North East"), new("H", "London")], variables[3].ValueLabels);
        Assert.Equal([new("Primary", "Primary school"), new("Secondary", "")], variables[4].ValueLabels);
        Assert.Equal([new("2014-09-22", "The day")], variables[5].ValueLabels);
    }

    [Fact]
    public async Task Multiple_response_sets_name_columns_by_their_short_names()
    {
        var reading = await Reading.OfAsync(new SavWriter(new SavVariable("helped_training") { Short = "V1_A" },
            new SavVariable("helped_resources") { Short = "V2_A" }, Id)
        {
            Extensions =
            [
                (7, 1, "$cats=C 10 Categories v1_a v2_a\n$ticked=D1 1 0  v1_a id\n"u8.ToArray()),
                (19, 1, "$later=E 1 3 Yes 5 Later v2_a helped_training gone\n$later=C 1 x id\n"u8.ToArray()),
            ],
        }.Write([1, 0, 7]));
        Assert.Equal([("$cats", "Categories", null, "0,1"), ("$ticked", "", "1", "0,2"), ("$later", "Later", "Yes", "1,0")],
            reading.Header!.MultipleResponseSets.Select(set => (set.Name, set.Label, set.CountedValue, string.Join(',', set.Columns))));
        Assert.Contains(reading.Header.Notes, note => note.Code == "response-sets");
        Assert.Empty(reading.Codes);
    }

    [Theory]
    [InlineData(7, "nonsense", "response-sets")]
    [InlineData(7, "$a=X 1 a id", "response-sets")]
    [InlineData(19, "$a=E", "response-sets")]
    [InlineData(13, "GONE=long", "long-names")]
    [InlineData(13, "ID", "long-names")]
    [InlineData(11, "1234", "measures")]
    [InlineData(22, "\u0001\0\0\0", "missing-values")]
    [InlineData(21, "\u0004\0\0\0gone\u0001\0\0\0\0\0\0\0", "value-labels")]
    public async Task What_is_only_information_is_left_out_with_a_note_when_it_cannot_be_read(int subtype, string bytes, string note)
    {
        // Measures come once; a second record of that kind would not be looked at.
        var writer = new SavWriter(Id) { Extensions = [(subtype, 1, Encoding.Latin1.GetBytes(bytes))] };
        var file = writer.Write([1]);
        if (subtype == 11) file.AsSpan().Slice(file.AsSpan().IndexOf((byte[])[.. writer.Int(7), .. writer.Int(11)]) + 4, 4).Clear();
        var reading = await Reading.OfAsync(file);
        Assert.Equal([["1"]], reading.Rows);
        Assert.Contains(reading.Header!.Notes, found => found.Code == note);
        Assert.DoesNotContain((await Reading.OfAsync(new SavWriter(Id).Write([1]))).Header!.Notes, found => found.Code == note);
    }

    [Fact]
    public async Task Missing_values_of_long_texts_are_read_in_both_spellings()
    {
        var writer = new SavWriter(new SavVariable("phase", 20));
        byte[] once = [.. writer.Int(5), .. "phase"u8, 2, .. writer.Int(8), .. "None    "u8, .. "Other   "u8];
        byte[] each = [.. writer.Int(5), .. "phase"u8, 2, .. writer.Int(8), .. "None    "u8, .. writer.Int(8), .. "Other   "u8];
        foreach (var bytes in new[] { once, each })
            Assert.Equal(["None", "Other"], (await Reading.OfAsync((writer with { Extensions = [(22, 1, bytes)] })
                .Write(["x"]))).Header!.Variables[0].Missing.Codes);
    }

    [Fact]
    public async Task Unknown_extensions_and_documents_are_passed_over()
    {
        var writer = new SavWriter(Id);
        var reading = await Reading.OfAsync((writer with
        {
            Extensions = [(17, 1, "$@Role('0'\n)"u8.ToArray()), (18, 1, "x"u8.ToArray()), (24, 1, "<xml/>"u8.ToArray()), (9999, 4, new byte[400]), (5, 1, [])],
            Extra = [.. writer.Int(6), .. writer.Int(2), .. new byte[160]],
        }).Write([1]));
        Assert.Equal([["1"]], reading.Rows);
        Assert.Equal(["encoding", "documents"], reading.Header!.Notes.Select(note => note.Code));
    }

    [Theory]
    [InlineData(-1, null, null)]
    [InlineData(2, null, null)]
    [InlineData(3, null, PollFileCodes.SavRowCount)]
    [InlineData(1, null, PollFileCodes.SavRowCount)]
    [InlineData(0, null, PollFileCodes.SavRowCount)]
    [InlineData(-1, 2L, null)]
    [InlineData(-1, 3L, PollFileCodes.SavRowCount)]
    [InlineData(7, 2L, null)]                           // beyond 32 bits the header cannot say it: the extension counts
    [InlineData(-1, 5_000_000_000L, PollFileCodes.SavRowCount)]
    [InlineData(-2, null, PollFileCodes.SavHeaderInvalid)]
    public async Task The_number_of_rows_is_compared_and_never_trusted(int rows, long? longRows, string? code)
    {
        foreach (var compression in new[] { 0, 1, 2 })
        {
            var reading = await Reading.OfAsync(new SavWriter(Id, Weight) { Rows = rows, LongRows = longRows, Compression = compression }
                .Write([1, 1], [2, 2]));
            Assert.Equal(code is null ? [] : [code], reading.Codes);
        }
    }

    [Theory, MemberData(nameof(Ways))]
    public async Task A_file_cut_anywhere_is_refused(int compression, bool bigEndian)
    {
        var whole = new SavWriter(Id, new SavVariable("open", 20) { Labels = [("a", "b")] }, new SavVariable("wide", 30), Weight)
        { Compression = compression, BigEndian = bigEndian, BlockSize = 64 }.Write([1, "abc", "def", 0.5], [2, "", "", null], [300, "xyz", "é", 1e9]);
        for (var length = 1; length < whole.Length; length++)
        {
            var code = Assert.Single((await Reading.OfAsync(whole[..length])).Codes);
            // The last commands may be filling; nothing else can be missed.
            Assert.True(code is PollFileCodes.SavTruncated or PollFileCodes.SavRowCount || (length < 4 && code != PollFileCodes.FormatUnsupported),
                $"{length} of {whole.Length}: {code}");
        }
    }

    [Fact]
    public async Task The_end_mark_of_compressed_data_ends_them_and_nothing_may_follow()
    {
        var writer = new SavWriter(Id) { Rows = -1 };
        var file = writer.Write([1], [2], [3]);
        file[^5] = 252;
        Assert.Equal([["1"], ["2"], ["3"]], (await Reading.OfAsync(file)).Rows);
        Assert.Equal([PollFileCodes.SavDataInvalid], (await Reading.OfAsync([.. file, 1])).Codes);
        var two = new SavWriter(Id, Weight) { Rows = -1 }.Write([1, 1]);
        two[^7] = 252;
        Assert.Equal([PollFileCodes.SavDataInvalid], (await Reading.OfAsync(two)).Codes);
    }

    [Theory]
    [InlineData(0, 254)]   // blanks in a number
    [InlineData(1, 255)]   // a missing number in a text
    [InlineData(1, 101)]   // a number in a text
    public async Task Commands_that_do_not_fit_their_column_are_damage(int at, byte command)
    {
        var file = new SavWriter(Id, new SavVariable("text", 8)).Write([1, ""]);
        Assert.Equal([["1", ""]], (await Reading.OfAsync(file)).Rows);
        file[file.Length - 8 + at] = command;
        var reading = await Reading.OfAsync(file);
        Assert.Equal([PollFileCodes.SavDataInvalid], reading.Codes);
        Assert.Equal(1, reading.FileProblem!.Line);
    }

    [Fact]
    public async Task Eight_nuls_in_a_text_are_blanks_as_some_programs_write_them()
    {
        var file = new SavWriter(new SavVariable("text", 12)).Write([""]);
        file[^7] = 100;
        Assert.Equal([[""]], (await Reading.OfAsync(file)).Rows);
    }

    [Fact]
    public async Task Another_bias_is_obeyed() =>
        Assert.Equal([["1"], ["-3"], ["200"]], (await Reading.OfAsync(new SavWriter(Id) { Bias = 10 }.Write([1], [-3], [200]))).Rows);

    [Fact]
    public async Task A_block_that_was_changed_is_found_by_its_checksum()
    {
        var writer = new SavWriter(Id, new SavVariable("text", 40)) { Compression = 2, BlockSize = 128 };
        var file = writer.Write([.. Enumerable.Range(0, 40).Select(row => new object?[] { row, $"row number {row}" })]);
        Assert.Empty((await Reading.OfAsync(file)).Codes);
        var table = (int)BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(file.AsSpan().IndexOf(writer.Int(999)) + 16));
        file[table - 1] ^= 1;
        Assert.Equal([PollFileCodes.SavBlocksInvalid], (await Reading.OfAsync(file)).Codes);
    }

    [Theory]
    [InlineData(48 - 24, 1)]      // where the second block begins, unpacked
    [InlineData(48 - 24 + 8, 1)]  // and packed
    [InlineData(48 - 24 + 16, 1)] // how long it is, unpacked
    [InlineData(48 - 24 + 20, -1)]
    [InlineData(-8, 0x40)]        // the size of blocks: more than four megabytes
    [InlineData(-4, 1)]           // how many they are
    public async Task A_table_of_blocks_that_says_anything_but_one_behind_the_other_is_refused(int at, int change)
    {
        var writer = new SavWriter(Id) { Compression = 2, BlockSize = 16 };
        var file = writer.Write([.. Enumerable.Range(0, 9).Select(row => new object?[] { row + 0.5 })]);
        Assert.Empty((await Reading.OfAsync(file)).Codes);
        var entries = (int)BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(file.AsSpan().IndexOf(writer.Int(999)) + 16)) + 24;
        var place = entries + at + (change == 0x40 ? 2 : 0);
        file[place] = (byte)(file[place] + change & 0xFF);
        Assert.Equal([PollFileCodes.SavBlocksInvalid], (await Reading.OfAsync(file)).Codes);
    }

    [Fact]
    public async Task A_block_that_asks_for_a_dictionary_of_its_own_is_refused_and_no_fault()
    {
        var writer = new SavWriter(Id) { Compression = 2 };
        var file = writer.Write([1], [2]);
        var block = file.AsSpan(file.AsSpan().IndexOf(writer.Int(999)) + 8 + 24);
        Assert.Equal(0x78, block[0]);
        block[1] = 0x20;   // zlib's FDICT, with the check of these two bytes right; found by the fuzzer
        Assert.Equal([PollFileCodes.SavBlocksInvalid], (await Reading.OfAsync(file)).Codes);
    }

    [Fact]
    public async Task A_zsav_is_opened_again_and_a_sav_is_read_in_one_pass()
    {
        foreach (var (compression, opens) in new[] { (0, 2), (1, 2), (2, 3) })
        {
            var count = 0;
            var file = new SavWriter(Id) { Compression = compression }.Write([1], [2]);
            var reading = await Reading.OfAsync(() =>
            {
                count++;
                return count % 2 == 0 ? new OneWayStream(file) : new MemoryStream(file);   // seeking or not
            });
            Assert.Equal([["1"], ["2"]], reading.Rows);
            Assert.Equal(opens, count);
        }
    }

    [Fact]
    public async Task Limits_hold()
    {
        Assert.Equal([PollFileCodes.ColumnsTooMany], (await Reading.OfAsync(new SavWriter(Id, Weight).Write([1, 1]), new() { MaxColumns = 1 })).Codes);
        Assert.Equal([PollFileCodes.RecordTooLong],
            (await Reading.OfAsync(new SavWriter(new SavVariable("a", 100)).Write(["x"]), new() { MaxRecordBytes = 96 })).Codes);
        Assert.Equal([PollFileCodes.RowsTooMany], (await Reading.OfAsync(new SavWriter(Id).Write([1], [2]), new() { MaxRows = 1 })).Codes);
        Assert.Equal([PollFileCodes.RowsNone], (await Reading.OfAsync(new SavWriter(Id).Write())).Codes);
        Assert.Equal([PollFileCodes.HeaderEmpty], (await Reading.OfAsync(new SavWriter().Write())).Codes);
    }

    [Fact]
    public async Task A_fault_of_the_connection_is_thrown_and_not_made_a_problem() =>
        await Assert.ThrowsAsync<IOException>(() => Reading.OfAsync(() => new CutStream(new SavWriter(Id).Write([1]), 200)));

    private static async Task<PollFileReader> OpenAsync(byte[] bytes)
    {
        var opened = await PollFile.OpenAsync(_ => Task.FromResult<Stream>(new OneWayStream(bytes)), new(), TestContext.Current.CancellationToken);
        Assert.Null(opened.Problem);
        return opened.Reader!;
    }

    private sealed class CutStream(byte[] bytes, int whole) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            Position >= whole ? throw new IOException("gone") : base.ReadAsync(buffer[..Math.Min(buffer.Length, whole - (int)Position)], cancellationToken);
    }
}
