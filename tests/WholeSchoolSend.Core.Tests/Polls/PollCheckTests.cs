using System.Globalization;
using System.Text;
using System.Text.Json;
using CsCheck;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Polls;
using WholeSchoolSend.PollFiles;

namespace WholeSchoolSend.Core.Tests.Polls;

/// <summary>What one file comes to by one instrument: nothing is stored here.</summary>
public sealed class PollCheckTests
{
    private static readonly Instrument Plain = new(
        "Leaders", "leaders", null, new PollBinding("northern"), new Term("2026-autumn"), null, new FieldName("urn"), null, new Term("leader"),
            new FieldName("weight"), null, null,
        [new Item("every-teacher-responsible", "Q1", Codes(("1", "fully"), ("Partly", "partly"), ("2", "partly")),
            Codes(("-99", "declined"), ("Prefer not to say", "declined")))])
    {
        Id = "leaders-poll",
        Version = 3,
    };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void Rows_read_are_loaded_excluded_or_refused_in_every_file() =>
        Gen.Select(
                Gen.OneOfConst("100001", "100002", "10001", "", "urn"), Gen.OneOfConst("1", "2", "2.0", "Partly", "-99", "Prefer not to say", "", " ", "9",
                    "Hardly"),
                Gen.OneOfConst("1", "0.5", "0", "", "-1", "NaN", "1e400", "a", "1,5"), Gen.OneOfConst("Yes", "No", "", "Test"),
                    Gen.OneOfConst("1", "2", "3", "", "1,x"))
            .Array[0, 40].Select(Gen.Int[0, 5], Gen.Bool)
            .Sample((rows, limit, respondents) =>
            {
                var csv = new StringBuilder("id,urn,Q1,weight,finished\n");
                foreach (var (urn, answer, weight, finished, id) in rows) csv.Append(CultureInfo.InvariantCulture, $"{id},{urn},{answer},{(weight == "1,5" ? "\"1,5\"" : weight)},{finished}\n");
                var instrument = Plain with
                {
                    Respondent = respondents ? new FieldName("id") : null,
                    Poll = Plain.Poll! with
                    {
                        Exclude = [new RowExclusion("finished", Codes(("No", "unfinished"), ("Test", "test")))],
                        Refuse = new RefusalLimit(Rows: limit)
                    },
                };
                var check = CheckAsync(csv.ToString(), instrument).GetAwaiter().GetResult();
                if (check.Rows is not { } counts) return rows.Length == 0;
                return counts.Read == rows.Length
                    && counts.Read == counts.Loaded + counts.Excluded.Values.Sum() + counts.Refused
                    && check.Items!.All(item => counts.Loaded == item.Coded + item.Excluded.Values.Sum())
                    && check.IsRefused == (counts.Refused > limit || counts.Loaded == 0)
                    && (check.IsRefused || check.Totals.Sum(school => school.Respondents) == counts.Loaded)
                    && (check.IsRefused || check.Totals.Sum(school => school.Cells.Sum(cell => cell.N)) == check.Items!.Sum(item => item.Coded))
                    && check.Totals.All(school => school.Respondents > 0)
                    && check.Findings.InOrder().All(finding => finding.Found is null
                        || !rows.Any(row => row.Item2.Length > 2 && finding.Found.Contains(row.Item2, StringComparison.Ordinal)));
            });

    [Fact]
    public async Task Rows_with_nothing_in_any_cell_are_counted_and_left_out()
    {
        var check = await CheckAsync("urn,Q1,weight\n100001,1,1\n,,\n  ,\t,\n100002,2,1\n,,1\n,,\n", Plain);

        Assert.Equal((6, 2, 3, 1), (check.Rows!.Read, check.Rows.Loaded, check.Rows.Excluded["row-empty"], check.Rows.Refused));
        Assert.Equal("school-invalid", Assert.Single(check.Findings.InOrder()).Code);   // a row with only a weight is not empty
    }

    [Theory]
    [InlineData("urn,Q1,weight,q1\n100001,1,1,2\n1,9,x,9\n", "1 q1 header-duplicate")]
    [InlineData("urn,Q1,weight,URN,q1\n100001,1,1,,\n", "1 URN header-duplicate,1 q1 header-duplicate")]
    [InlineData("urn,Q1,Q1\n100001,1,1\n", "0 weight column-missing,1 Q1 header-duplicate")]
    [InlineData("urn,Q1,weight,,other\n100001,1,1,,\n", "1 column 4 header-unnamed")]
    [InlineData("urn,Q1,weight,other,Other\n100001,1,1,,\n", "1 column 5 header-duplicate")]
    [InlineData("urn,x\n100001,\n", "0 weight column-missing,0 Q1 column-missing")]
    public async Task Everything_wrong_with_a_header_is_told_by_column_and_nothing_of_its_rows(string csv, string problems)
    {
        var check = await CheckAsync(csv, Plain);

        Assert.True(check.IsRefused);
        Assert.Equal(problems.Split(','), check.Findings.InOrder().Select(finding => $"{finding.Line} {finding.Column} {finding.Code}"));
    }

    [Fact]
    public async Task Of_a_file_without_its_header_row_no_cell_is_reported_as_the_name_of_a_column()
    {
        var check = await CheckAsync("Autumn 2026,zed@x.example,100001,Zebedee Quux,1,1,Zebedee Quux\nAutumn 2026,a@x.example,100002,Ann,1,1,Ann\n", Plain);

        Assert.Equal(["urn column-missing", "weight column-missing", "Q1 column-missing", "column 6 header-duplicate", "column 7 header-duplicate"],
            check.Findings.InOrder().Select(finding => $"{finding.Column} {finding.Code}"));
        var (json, table) = await TextsAsync(check.Report(DroppedFile.From("northern", "a.csv", [], DateTimeOffset.UnixEpoch), null, Plain,
            ImportOutcome.Refused, check.Notes));
        Assert.DoesNotContain("Quux", json + table, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, "urn,Q1,weight\n100001,1,1.5\n100002,2,1\n", true)]
    [InlineData(2, "urn,Q1,weight\n100001,,1.5\n100002,2,1\n", true)]
    [InlineData(3, "urn,Q1,weight\nSchool,What?,Weight\n100001,1,1.5\n100002,2,1\n", true)]
    [InlineData(2, "urn,Q1,weight\nSchool,What?,Weight\n100001,1,1.5\n100002,2,1\n", false)]
    [InlineData(2, "urn,Q1,weight\n,,\n100001,1,1.5\n100002,2,1\n", false)]
    [InlineData(1, "urn,Q1,weight\n100001,1,1.5\n100002,2,1\n", false)]
    public async Task A_respondent_is_not_taken_for_a_header_row(int rows, string csv, bool refused)
    {
        var check = await CheckAsync(csv, Plain with { Poll = Plain.Poll! with { HeaderRows = rows } });

        Assert.Equal(refused ? ["header-rows"] : [], check.Findings.InOrder().Select(finding => finding.Code));
        Assert.Equal(refused, check.IsRefused);
    }

    [Fact]
    public async Task In_the_long_layout_a_problem_names_the_question_and_stands_at_the_line_of_the_answer()
    {
        var instrument = Plain with { Respondent = new FieldName("id"), Poll = Plain.Poll! with { Long = new LongBinding("id", "question", "answer") } };
        var check = await CheckAsync(
            "urn,weight,id,question,answer\n100001,1,a,Q0,1\n100001,1,a,Q2,1\n100001,1,a,Q1,Hardly\n"
            + "100001,1,b,Q1,1\n100001,1,b,Q1,2\n100001,1,c,,2\n", instrument);

        Assert.Equal(["4 Q1 answer-unknown", "6 Q1 question-repeated", "5  respondent-incomplete", "7 question question-missing", "7  respondent-incomplete"],
            check.Findings.InOrder().Select(finding => $"{finding.Line} {finding.Column} {finding.Code}"));
    }

    [Theory]
    [InlineData(ImportOutcome.Active, null, "0,,active,,\"the file is active: 2 rows read, 1 loaded, 1 excluded, 0 refused; 0 problems\"")]
    [InlineData(ImportOutcome.Superseded, "drops-tied",
        "0,,superseded,,\"the file is superseded (drops-tied): 2 rows read, 1 loaded, 1 excluded, 0 refused; 0 problems\"")]
    public async Task The_table_of_a_report_begins_with_the_verdict(ImportOutcome outcome, string? reason, string line)
    {
        var report = (await CheckAsync("urn,Q1,weight\n100001,1,1\n100002,2,0\n", Plain)).Report(
            DroppedFile.From("northern", "a.csv", [], DateTimeOffset.UnixEpoch), null, Plain, outcome, []);

        var (_, csv) = await TextsAsync(report with { Head = report.Head with { Reason = reason } });
        Assert.Equal($"line,column,code,found,message\r\n{line}\r\n", csv);
    }

    [Fact]
    public async Task An_unknown_answer_is_told_with_those_the_instrument_knows()
    {
        var check = await CheckAsync("urn,Q1,weight\n100001,Hardly,1\n", Plain);
        Assert.EndsWith("every-teacher-responsible: 1, Partly, 2, -99, Prefer not to say", Assert.Single(check.Findings.InOrder()).Message,
            StringComparison.Ordinal);

        var many = Plain with { Items = [Plain.Items[0] with { Codes = Enumerable.Range(1, 30).ToDictionary(code => $"{code}", _ => "fully") }] };
        Assert.EndsWith("19, 20 and 12 more", Assert.Single((await CheckAsync("urn,Q1,weight\n100001,Hardly,1\n", many)).Findings.InOrder()).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answers_out_of_the_base_are_counted_by_reason_and_in_no_total()
    {
        var check = await CheckAsync("urn,Q1,weight\n100001,1,1\n100001,-99,2\n100001,Prefer not to say,1\n100001,,1\n100001,2.0,4\n", Plain);

        var item = Assert.Single(check.Items!);
        Assert.Equal((2, 2, 1), (item.Coded, item.Excluded["declined"], item.Excluded["not-asked"]));
        Assert.Equal(["fully 1 1", "partly 1 4"], check.Totals.Single().Cells.Select(cell => $"{cell.Code} {cell.N} {cell.W}"));
        Assert.Equal(5, check.Rows!.Loaded);
    }

    [Theory]
    [InlineData(null, null, 1, true)]
    [InlineData(0, null, 1, true)]
    [InlineData(1, null, 1, false)]
    [InlineData(1, null, 2, true)]
    [InlineData(null, 0.1, 1, false)]
    [InlineData(null, 0.05, 1, true)]
    [InlineData(5, 0.05, 1, true)]
    [InlineData(0, 0.5, 1, true)]
    [InlineData(0, 0.0, 0, false)]
    public async Task The_instrument_says_how_many_bad_rows_refuse_a_file(int? rows, double? share, int bad, bool refused)
    {
        var csv = "urn,Q1,weight\n" + string.Concat(Enumerable.Repeat("100001,1,1\n", 10 - bad)) + string.Concat(Enumerable.Repeat("100002,Hardly,1\n", bad));
        var limit = rows is null && share is null ? null : new RefusalLimit(rows, share);

        var check = await CheckAsync(csv, Plain with { Poll = Plain.Poll! with { Refuse = limit } });

        Assert.Equal((refused, bad), (check.IsRefused, check.Findings.Count));
        // A school of which every row is bad is not in the totals.
        if (!refused) Assert.Equal("100001", Assert.Single(check.Totals).School);
    }

    [Theory]
    [InlineData("Yes,Yes", "leader+senco")]
    [InlineData("1,0", "leader")]
    [InlineData("No,TRUE", "senco")]
    [InlineData("ticked,", "leader")]
    public async Task A_role_ticked_over_columns_is_kept_as_ticked(string cells, string role)
    {
        var instrument = Plain with { Role = new Term { Ticked = Codes(("is head", "leader"), ("is senco", "senco")) } };
        Assert.Equal(role, await RoleAsync($"urn,Q1,weight,is head,is senco\n100001,1,1,{cells}\n", instrument));
    }

    [Theory]
    [InlineData("1 2", "leader+senco")]
    [InlineData("2 1", "leader+senco")]
    [InlineData("2", "senco")]
    [InlineData("3 2", "senco")]
    [InlineData("3", "teacher")]
    [InlineData("", "other")]
    public async Task Several_roles_in_one_cell_are_kept_as_ticked(string cell, string role)
    {
        var instrument = Plain with
        {
            Role = new Term(Field: "role", Codes: Codes(("1", "leader"), ("2", "senco"), ("3", "teacher")))
            {
                Separator = " ",
                Otherwise = "other"
            }
        };
        Assert.Equal(role, await RoleAsync($"urn,Q1,weight,role\n100001,1,1,{cell}\n", instrument));
    }

    [Theory]
    [InlineData("maybe,No", "answer-unknown text that is no answer")]
    [InlineData("No,No", "answer-unknown no tick")]
    public async Task A_role_that_is_not_ticked_is_a_problem(string cells, string problem)
    {
        var check = await CheckAsync($"urn,Q1,weight,is head,is senco\n100001,1,1,{cells}\n",
            Plain with { Role = new Term { Ticked = Codes(("is head", "leader"), ("is senco", "senco")) } });
        var finding = Assert.Single(check.Findings.InOrder());
        Assert.Equal(("is head", problem), (finding.Column, $"{finding.Code} {finding.Found}"));
    }

    [Theory]
    [InlineData("leaders-{}-*.csv", "leaders-2026-autumn-2.csv", "2026-autumn")]
    [InlineData("leaders-{}.csv", "autumn/LEADERS-2026-Autumn.csv", "2026-autumn")]
    [InlineData("{}/*", "2026-autumn/leaders.csv", "2026-autumn")]
    [InlineData("leaders-{}.csv", "poll.csv", null)]
    [InlineData("leaders-{}.csv", "leaders-autumn 2026.csv", null)]
    public async Task The_wave_is_read_from_the_files_name(string pattern, string name, string? wave)
    {
        var check = await CheckAsync("urn,Q1,weight\n100001,1,1\n", Plain with { Wave = new Term { File = pattern } }, name);
        Assert.Equal(wave, check.Wave);
        Assert.Equal(wave is null ? ["file-name-unclear"] : Array.Empty<string>(), check.Findings.InOrder().Select(finding => finding.Code));
    }

    [Fact]
    public async Task A_wave_in_the_name_may_be_coded()
    {
        var wave = new Term(Codes: Codes(("W1", "2026-autumn"), ("W12", "2027-autumn"))) { File = "*{}*.csv" };
        Assert.Equal("2027-autumn", (await CheckAsync("urn,Q1,weight\n100001,1,1\n", Plain with { Wave = wave }, "leaders_w12_final.csv")).Wave);
    }

    [Fact]
    public async Task Decimal_commas_and_long_files_and_day_first_dates_are_read_as_agreed()
    {
        var poll = Plain.Poll! with
        {
            DecimalComma = true,
            Delimiter = ";",
            Long = new LongBinding("id", "question", "answer"),
            Fieldwork = new FieldworkBinding(Fields: ["on"])
        };
        var check = await CheckAsync(
            "id;urn;weight;on;question;answer\n1;100001;1,5;03/11/2026;Q1;1\n1;100001;1,5;03/11/2026;Q2;x\n2;100002;0,5;02/11/2026 06:14;Q1;2\n",
            Plain with { Respondent = new FieldName("id"), Poll = poll });

        Assert.Empty(check.Findings.InOrder());
        Assert.Equal((2, 2.0, new FieldworkDates(new DateOnly(2026, 11, 2), new DateOnly(2026, 11, 3))),
            (check.Rows!.Loaded, check.Weights!.Sum, check.Fieldwork));
    }

    [Fact]
    public async Task The_largest_of_equal_weights_is_1_times_the_mean()
    {
        var csv = "urn,Q1,weight\n" + string.Concat(Enumerable.Repeat("100001,1,1.052677181\n", 100));
        Assert.Equal(1, (await CheckAsync(csv, Plain)).Weights!.MaxOverMean!.Value);
    }

    [Fact]
    public async Task Weights_are_reported_and_an_unusual_one_is_noted()
    {
        var csv = "urn,Q1,weight\n" + string.Concat(Enumerable.Repeat("100001,1,1\n", 99)) + "100001,1,101\n100001,1,0\n";
        var check = await CheckAsync(csv, Plain);

        // Kish (1965): (Σw)²/Σw².
        Assert.Equal((200.0, 1, 200.0 * 200 / (99 + (101 * 101))), (check.Weights!.Sum, check.Weights.Zero, check.Weights.EffectiveSize!.Value));
        Assert.Equal(101 / (200.0 / 101), check.Weights.MaxOverMean!.Value, 12);
        Assert.Contains(check.Notes, note => note.Contains("51 times the mean", StringComparison.Ordinal));
        Assert.DoesNotContain((await CheckAsync(csv, Plain with { Poll = Plain.Poll! with { WeightRatio = 60 } })).Notes, note =>
            note.Contains("times the mean", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_file_of_which_nothing_counts_replaces_nothing()
    {
        var check = await CheckAsync("urn,Q1,weight\n100001,1,0\n", Plain);
        Assert.Equal((true, "nothing-loaded"), (check.IsRefused, check.Findings.FirstCode));
    }

    [Fact]
    public async Task Nothing_of_a_column_that_is_dropped_is_told()
    {
        var instrument = Plain with { Poll = Plain.Poll! with { Drop = ["=Canary name"] } };
        var check = await CheckAsync("urn,Q1,weight,=Canary name\n100001,1,1,canary\n100001,1,1,can\"ary\n", instrument);

        Assert.True(check.HoldsDropped);
        var (json, csv) = await TextsAsync(check.Report(DroppedFile.From("northern", "f.csv", [], DateTimeOffset.UnixEpoch), "hash", instrument,
            ImportOutcome.Refused, check.Notes));
        Assert.Equal(1, check.Findings.Count);
        Assert.DoesNotContain("canary", json + csv, StringComparison.OrdinalIgnoreCase);
        Assert.Contains((await CheckAsync("urn,Q1,weight,IPAddress\n100001,1,1,x\n", Plain)).Notes, note =>
            note.Contains("IPAddress", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_report_of_a_file_that_is_wrong_throughout_lists_all_of_it_and_is_safe_in_a_spreadsheet()
    {
        var csv = new StringBuilder("\"=HYPERLINK(\"\"http://x\"\")\",urn,weight\n");
        for (var row = 0; row < 50_000; row++) csv.Append("Hardly,1,x\n");
        var instrument = Plain with { Items = [Plain.Items[0] with { Field = "=HYPERLINK(\"http://x\")" }] };
        var check = await CheckAsync(csv.ToString(), instrument);

        var (json, text) = await TextsAsync(check.Report(DroppedFile.From("northern", "f.csv", [], DateTimeOffset.UnixEpoch), "hash", instrument,
            ImportOutcome.Refused, check.Notes));

        var problems = JsonDocument.Parse(json).RootElement.GetProperty("problems");
        Assert.Equal((150_000, 150_000), (check.Findings.Count, problems.GetArrayLength()));
        Assert.Equal(50_001, problems[149_999].GetProperty("line").GetInt32());
        Assert.Equal(150_002, text.Count(character => character == '\n'));
        Assert.Contains("\"'=HYPERLINK(\"\"http://x\"\")\"", text, StringComparison.Ordinal);
        Assert.DoesNotContain(text.Split('\n').SelectMany(line => line.Split(',')), cell => cell.TrimStart('"') is { Length: > 0 } start
            && "=+-@\t\r".Contains(start[0], StringComparison.Ordinal));
    }

    // The readers of SPSS and Triple-S give codes, with words for them; an instrument may go by either.
    [Theory]
    [InlineData("1", "fully")]
    [InlineData("2", "partly")]
    [InlineData("3.0", "not")]
    [InlineData("Fully", "fully")]
    [InlineData(" nicht ", "not")]
    [InlineData("98", null)]
    [InlineData("", null)]
    public void An_answer_is_known_by_its_code_or_by_the_files_words_for_it(string cell, string? code)
    {
        var variable = new PollVariable("Q1")
        {
            ValueLabels = [new("1", "Fully"), new("2", "Partly"), new("3", "nicht"), new("98", "Don't know")],
            Missing = new MissingValues(["1", "2"])
        };
        var meaning = new CellMeaning(Codes(("Fully", "fully"), ("Partly", "partly"), ("3", "not")), variable);
        Assert.Equal(code, meaning.Find(cell));
    }

    [Fact]
    public void Labels_that_say_otherwise_than_the_instrument_refuse_the_file()
    {
        var header = AHeader(null) with { Variables = [new("urn"), new("Q1") { ValueLabels = [new("1", "Partly"), new("2", "Something")] }, new("weight")] };
        Assert.Equal("label-contradicts", new PollReading(Plain, header, "f.sav").Findings.FirstCode);
        // Coded by its number, out of the base by its words: as bad.
        header = header with { Variables = [new("urn"), new("Q1") { ValueLabels = [new("1", "Prefer not to say")] }, new("weight")] };
        Assert.Equal("label-contradicts", new PollReading(Plain, header, "f.sav").Findings.FirstCode);
    }

    [Theory]
    [InlineData("weight", "weight", false)]
    [InlineData("WEIGHT ", "weight", false)]
    [InlineData(null, "weight", false)]
    [InlineData(null, null, false)]
    [InlineData("other", "weight", true)]
    [InlineData("weight", null, true)]
    public void The_files_own_weight_mark_must_be_the_instruments_weight(string? mark, string? weight, bool refused)
    {
        var reading = new PollReading(Plain with { Weight = weight is null ? null : new FieldName(weight) }, AHeader(mark), "f.sav");
        Assert.Equal(refused ? "weight-mark" : null, reading.Findings.FirstCode);
        Assert.Equal(refused, reading.IsRefused);
    }

    /// <summary>The same 600 respondents in every format a pollster may send: one figure.</summary>
    [Theory]
    [InlineData("poll_labels_utf8bom.csv")]
    [InlineData("poll_codes_cp1252.csv")]
    [InlineData("poll_codes_utf16le.tsv")]
    [InlineData("poll_long_utf8.csv")]
    [InlineData("poll_qualtrics3header_utf8.csv")]
    [InlineData("poll_utf8.sav")]
    [InlineData("poll_cp1252.sav")]
    [InlineData("poll_utf8.zsav")]
    [InlineData("poll_utf8_uncompressed.sav")]
    [InlineData("poll_rowlevel.xlsx")]
    [InlineData("poll_fixed_bitstring.sss")]
    [InlineData("poll_fixed_spread.sss")]
    [InlineData("poll_csv_bitstring.sss")]
    public async Task Every_format_gives_the_figure_of_expected_json(string name)
    {
        var folder = Path.Combine(Corpus.Folder("polls"), "lookalike");
        var instrument = Plain with
        {
            School = null,
            Group = new Term("engaged"),
            Stratum = null,
            Poll = Plain.Poll! with
            {
                HeaderRows = name.Contains("3header", StringComparison.Ordinal) ? 3 : 1,
                Long = name.Contains("long", StringComparison.Ordinal) ? new LongBinding("RecordNo", "question", "answer") : null
            },
            Items =
            [
                new Item(
                    "every-teacher-responsible", "Q1",
                    Codes(("Very confident", "1"), ("Fairly confident", "2"), ("Not very confident", "3"), ("Not at all confident", "4"), ("1", "1"),
                        ("2", "2"), ("3", "3"), ("4", "4")),
                    Codes(("98", "dont-know"), ("99", "declined"), ("Don't know", "dont-know"), ("Prefer not to say", "declined"))),
            ],
        };
        var file = await FileAsync(name);
        file = file with
        {
            Beside = name.EndsWith(".sss", StringComparison.Ordinal)
            ? [await FileAsync(Path.ChangeExtension(name, name.Contains("csv_", StringComparison.Ordinal) ? ".csv" : ".asc"))] : []
        };
        var check = await PollCheck.RunAsync(await PollParts.FindAsync(file, false, Cancellation), instrument, null, Cancellation);
        Assert.Empty(check.Findings.InOrder());
        using var expected = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(folder, "expected.json"), Cancellation));
        var valid = expected.RootElement.GetProperty("Q1_valid(excl 98,99)");
        var cells = Assert.Single(check.Totals).Cells;
        Assert.Equal((600, valid.GetProperty("n_unweighted").GetInt32(), 50), (check.Rows!.Loaded, cells.Sum(cell => cell.N),
            check.Items![0].Excluded.Values.Sum()));
        Assert.Equal(600.000007, check.Weights!.Sum, 5);
        foreach (var cell in cells) Assert.Equal(valid.GetProperty("weighted_prop").GetProperty(cell.Code).GetDouble(), cell.W / cells.Sum(one => one.W), 8);

        async Task<DroppedFile> FileAsync(string called) => DroppedFile.From("northern", called,
            await File.ReadAllBytesAsync(Path.Combine(folder, called), Cancellation), DateTimeOffset.UnixEpoch);
    }

    private static PollFileHeader AHeader(string? mark) => new("SPSS", [new("urn"), new("Q1"), new("weight"), new("other")], [], mark, []);

    [Fact]
    public async Task An_address_is_one_respondent_however_it_is_written()
    {
        var instrument = Plain with { Respondent = new FieldName("id") };
        var check = await CheckAsync("id,urn,Q1,weight,finished\na@x.uk,100001,1,1,Yes\nA@X.uk,100001,1,1,Yes\nr_a,100001,1,1,Yes\nR_A,100001,1,1,Yes\n", instrument);
        Assert.Equal([(3, "respondent-repeated")], check.Findings.InOrder().Select(finding => (finding.Line, finding.Code)));
        // A file that is refused says so beside the rows that were good.
        Assert.True(check.IsRefused);
        Assert.Contains(check.Notes, note => note.Contains("none of its rows counts", StringComparison.Ordinal));
    }

    private static async Task<PollCheck> CheckAsync(string csv, Instrument instrument, string name = "leaders.csv") =>
        await PollCheck.RunAsync(new PollParts(DroppedFile.From("northern", name, Encoding.UTF8.GetBytes(csv), DateTimeOffset.UnixEpoch), null, false),
            instrument, null, Cancellation);

    private static async Task<string> RoleAsync(string csv, Instrument instrument)
    {
        var check = await CheckAsync(csv, instrument);
        Assert.Empty(check.Findings.InOrder());
        return Assert.Single(Assert.Single(check.Totals).Cells).Role;
    }

    private static async Task<(string Json, string Csv)> TextsAsync(ImportReport report)
    {
        using var json = new MemoryStream();
        using var csv = new MemoryStream();
        await report.WriteJsonAsync(json, Cancellation);
        await report.WriteCsvAsync(csv, Cancellation);
        return (Encoding.UTF8.GetString(json.ToArray()), Encoding.UTF8.GetString(csv.ToArray()));
    }

    private static Dictionary<string, string> Codes(params (string Answer, string Code)[] codes) => codes.ToDictionary(code => code.Answer, code => code.Code);
}
