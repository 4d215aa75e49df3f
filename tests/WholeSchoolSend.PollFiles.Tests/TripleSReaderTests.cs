using System.Globalization;
using System.Text;
using CsCheck;

namespace WholeSchoolSend.PollFiles.Tests;

public sealed class TripleSReaderTests
{
    private const string Values = "<values><value code=\"1\">Training</value><value code=\"02\">Resources</value><value code=\"9\">None</value></values>";

    [Fact]
    public async Task Every_type_is_read_and_blank_is_no_answer()
    {
        var description = Survey(
            Variable("id", "quantity", 1, 3, use: "serial"), Variable("one", "single", 4, 5, Values), Variable("many", "multiple", 6, 14, Values),
                Variable("two", "multiple", 15, 18, "<spread subfields=\"2\"/>" + Values),
            Variable("day", "date", 19, 26), Variable("at", "time", 27, 32), Variable("flag", "logical", 33, 34),
                Variable("letter", "single", 35, 36, "<values><value code=\"a1\">A</value></values>", format: "literal"),
            Variable("text", "character", 37, 44), Variable("w", "quantity", 45, 50, use: "weight"));
        const string Full = "001 2110000001 1 920260930164500 1a1  words 00.500";
        var reading = await Reading.OfPairAsync(description, Full + "\r\n002" + new string(' ', 47) + "\r\n003 2\r\n");
        Assert.Empty(reading.Codes);
        Assert.Equal(["id", "one", "many_1", "many_2", "many_9", "two_1", "two_2", "two_9", "day", "at", "flag", "letter", "text", "w"],
            reading.Header!.Variables.Select(variable => variable.Name));
        Assert.Equal(["1", "2", "1", "1", "1", "1", "0", "1", "2026-09-30", "16:45:00", "1", "a1", "  words", "0.500"], reading.Rows[0]);
        Assert.Equal(["2", .. Enumerable.Repeat("", 13)], reading.Rows[1]);
        Assert.Equal(["3", "2", .. Enumerable.Repeat("", 12)], reading.Rows[2]);
        Assert.Equal(("w", "id"), (reading.Header.WeightVariable, reading.Header.RespondentVariable));
        Assert.Equal([2, 3, 4], reading.Header.MultipleResponseSets[0].Columns);
        Assert.Equal([new("1", "Training"), new("2", "Resources"), new("9", "None")], reading.Header.Variables[1].ValueLabels);
        Assert.Equal("Label of many Resources", reading.Header.Variables[3].Label);
        Assert.Equal((VariableKind.Date, VariableKind.Number, VariableKind.Text),
            (reading.Header.Variables[8].Kind, reading.Header.Variables[13].Kind, reading.Header.Variables[12].Kind));
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    [InlineData("\n\r")]
    [InlineData("\r")]
    public async Task Any_line_end_is_a_line_end(string end)
    {
        var reading = await Reading.OfPairAsync(Survey(" skip=\"1\"", Variable("id", "quantity", 1, 3)), $"names{end}001{end}002{end}{end}003");
        Assert.Equal([["1"], ["2"], ["3"]], reading.Rows);
        Assert.Equal([2, 3, 5], reading.Lines);
    }

    // The same survey: characters counted in ISO-8859-1 and in UTF-8, and by an exporter that counts the bytes of its UTF-8.
    [Theory]
    [InlineData("latin1", "001café  7\n002plain 8\n")]
    [InlineData("utf-8", "001café  7\n002plain 8\n")]
    [InlineData("utf-8", "002plain 8\n001café 7\n")]
    [InlineData("utf-16", "001café  7\n002plain 8\n")]
    public async Task Positions_count_characters_or_else_bytes(string encoding, string data)
    {
        var bytes = encoding == "utf-16" ? [.. Encoding.Unicode.Preamble, .. Encoding.Unicode.GetBytes(data)] : Encoding.GetEncoding(encoding).GetBytes(data);
        var reading = await Reading.OfPairAsync(Encoding.UTF8.GetBytes(Survey(Variable("id", "quantity", 1, 3), Variable("t", "character", 4, 9),
            Variable("q", "quantity", 10, 10))), bytes);
        Assert.Empty(reading.Codes);
        Assert.Equal(["1|café|7", "2|plain|8"], reading.Rows.Select(row => string.Join('|', row)).Order());
    }

    [Theory]
    [InlineData("id", "quantity", "1x2")]
    [InlineData("id", "quantity", "1,5")]
    [InlineData("q", "single", "x")]
    [InlineData("q", "single", "1.5")]
    [InlineData("q", "logical", "2")]
    [InlineData("q", "logical", "Y")]
    [InlineData("q", "date", "20260231")]
    [InlineData("q", "date", "2026-1-1")]
    [InlineData("q", "time", "240000")]
    [InlineData("q", "time", "126000")]
    [InlineData("q", "multiple", "10x000001")]
    [InlineData("q", "multiple", "1 1000001")]
    [InlineData("q", "multiple", "11")]           // cut: the ninth code is somewhere in the missing zeros
    public async Task An_answer_that_is_not_of_its_type_is_a_problem(string name, string type, string field)
    {
        var reading = await Reading.OfPairAsync(Survey(" format=\"csv\"", Variable(name, type, 1, 1, Values)), field.Contains(',', StringComparison.Ordinal)
            ? $"\"{field}\"\n" : field + "\n");
        var problem = Assert.Single(reading.Problems);
        Assert.Equal((1, 1, PollFileCodes.ValueInvalid), (problem.Line, problem.Column, problem.Code));
        Assert.DoesNotContain(field, problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(" 1 2", "1,1,0")]
    [InlineData("1 2", "1,1,0")]       // the blank at the left of the first code was trimmed
    [InlineData("9", "0,0,1")]
    [InlineData("00", "0,0,0")]
    [InlineData("0 9", "0,0,1")]
    [InlineData(" 1 2   ", "1,1,0")]
    [InlineData("", ",,")]
    public async Task Spread_codes_stand_at_the_right_of_their_fields(string field, string expected)
    {
        var reading = await Reading.OfPairAsync(Survey(" format=\"csv\"", Variable("id", "quantity", 2, 2),
            Variable("q", "multiple", 1, 1, "<spread subfields=\"3\" width=\"2\"/>" + Values)), $"{field},5\n");
        Assert.Empty(reading.Codes);
        Assert.Equal(["5", .. expected.Split(',')], reading.Rows.Single());
    }

    [Fact]
    public async Task Blank_is_not_asked_and_none_ticked_is_an_answer()
    {
        var bytes = Encoding.UTF8.GetBytes(Survey(Variable("id", "quantity", 1, 1), Variable("q", "multiple", 2, 10, Values)));
        var opened = await PollFile.OpenPairAsync(_ => Task.FromResult<Stream>(new OneWayStream(bytes)),
            _ => Task.FromResult<Stream>(new OneWayStream("1000000000\n2\n"u8.ToArray())),
            new() { NotAskedMarks = ["NA"] }, TestContext.Current.CancellationToken);
        await using var reader = opened.Reader!;
        await reader.ReadAsync(TestContext.Current.CancellationToken);
        Assert.False(reader.IsNotAsked(1));
        await reader.ReadAsync(TestContext.Current.CancellationToken);
        Assert.True(reader.IsNotAsked(1));
    }

    [Theory]
    [InlineData("3.0")]
    [InlineData("3.1")]
    [InlineData("")]
    public async Task Other_versions_are_refused_by_name(string version)
    {
        var reading = await Reading.OfPairAsync(Survey(Variable("id", "quantity", 1, 1)).Replace("version=\"2.0\"", $"version=\"{version}\"",
            StringComparison.Ordinal), "1\n");
        Assert.Equal([PollFileCodes.FormatUnsupported], reading.Codes);
        Assert.Contains("Triple-S " + version, reading.FileProblem!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("1.2")]
    [InlineData("2.0")]
    public async Task Versions_one_and_two_are_read(string version) =>
        Assert.Equal([["1"]], (await Reading.OfPairAsync(Survey(Variable("id", "quantity", 1, 1)).Replace("version=\"2.0\"", $"version=\"{version}\"",
            StringComparison.Ordinal), "1\n")).Rows);

    [Fact]
    public async Task A_hierarchy_is_refused_by_name()
    {
        var reading = await Reading.OfPairAsync("<sss version=\"2.0\"><hierarchy><parent/></hierarchy></sss>", "1\n");
        Assert.Equal([PollFileCodes.FormatUnsupported], reading.Codes);
        Assert.Contains("hierarchy", reading.FileProblem!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1   abc 1.117985", "1|abc|1.117985")]
    [InlineData("1   abc 1.11", null)]
    [InlineData("1   a", null)]
    [InlineData("1   abc ", "1|abc|")]
    [InlineData("1   ", "1||")]
    [InlineData("1", null)]
    public async Task A_record_that_ends_inside_a_field_was_cut_and_one_that_ends_before_it_is_blank_there(string record, string? cells)
    {
        var reading = await Reading.OfPairAsync(
            Survey(Variable("id", "quantity", 1, 4), Variable("text", "character", 5, 8), Variable("w", "quantity", 9, 16)), "   2abcd1.000000\n" + record);

        Assert.Equal(cells is null ? [PollFileCodes.RecordCut] : [], reading.Codes);
        Assert.Equal(cells is null ? ["2|abcd|1.000000"] : ["2|abcd|1.000000", cells], reading.Rows.Select(row => string.Join('|', row)));
    }

    public static TheoryData<string> Broken =>
    [
        Survey(Variable("id", "quantity", 1, 1)) + "<more/>",
        Survey(Variable("id", "quantity", 1, 1)).Replace("</record>", "", StringComparison.Ordinal),
        Survey(Variable("id", "quantity", 1, 1)).Replace("Label of", "&a;", StringComparison.Ordinal),
        Survey(Variable("id", "quantity", 1, 1)).Replace("</record>", "</record><record ident=\"B\"/>", StringComparison.Ordinal),
        Survey(" format=\"xml\"", Variable("id", "quantity", 1, 1)),
        Survey(" skip=\"many\"", Variable("id", "quantity", 1, 1)),
        Survey(Variable("id", "7", 1, 1)), Survey(Variable("id", "number", 1, 1)), Survey(Variable("id", "quantity", 0, 1)),
            Survey(Variable("id", "quantity", 4, 3)), Survey(Variable("", "quantity", 1, 1)),
        Survey(Variable("id", "quantity", 1, 1, use: "weight"), Variable("w", "quantity", 2, 2, use: "weight")),
        Survey(Variable("w", "single", 1, 1, Values, use: "weight")),
        Survey(Variable("q", "multiple", 1, 1)), Survey(Variable("q", "multiple", 1, 8, Values)),
            Survey(Variable("q", "multiple", 1, 3, "<spread subfields=\"2\"/>" + Values)),
        Survey(Variable("q", "single", 1, 2, "<spread subfields=\"2\"/>" + Values)),
            Survey(Variable("q", "multiple", 1, 9, "<values><range from=\"1\" to=\"2000000000\"/></values>")),
        Survey(Variable("q", "single", 1, 1, "<values><value code=\"1\">a</value><value code=\"01\">b</value></values>")),
        Survey(Variable("q", "multiple", 1, 9, "<values><value code=\"0\">a</value></values>")),
        "<sss version=\"2.0\"><survey/></sss>",
        "<sss version=\"2.0\">" + string.Concat(Enumerable.Repeat("<a>", 50_000)),
        "<sss version=\"2.0\" x=\"" + new string('x', 600_000) + "\"/>",
        "id,q\n1,2\n",
    ];

    [Theory, MemberData(nameof(Broken))]
    public async Task A_description_that_leaves_something_open_is_refused(string description) =>
        Assert.Equal([PollFileCodes.DescriptionInvalid], (await Reading.OfPairAsync(description, "1\n")).Codes);

    [Fact]
    public async Task Half_a_pair_says_what_its_partner_may_be_called()
    {
        var reading = await Reading.OfAsync(Survey(Variable("id", "quantity", 1, 1)));
        Assert.Equal([PollFileCodes.PairIncomplete], reading.Codes);
        Assert.All(PollFile.TripleSData, extension => Assert.Contains(extension, reading.FileProblem!.Message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_place_a_description_names_is_not_looked_at()
    {
        var reading = await Reading.OfPairAsync(Survey(" href=\"../../other.asc\"", Variable("id", "quantity", 1, 1)), "4\n");
        Assert.Equal([["4"]], reading.Rows);
    }

    [Fact]
    public async Task An_encoding_the_rule_does_not_know_is_refused_unless_it_does_not_matter()
    {
        var text = "<?xml version=\"1.0\" encoding=\"ISO-8859-15\"?>" + Survey(Variable("id", "quantity", 1, 1));
        Assert.Equal([["1"]], (await Reading.OfPairAsync(text, "1\n")).Rows);
        Assert.Equal([PollFileCodes.EncodingUnsupported], (await Reading.OfPairAsync(text.Replace("Label of", "Label £", StringComparison.Ordinal),
            "1\n")).Codes);
    }

    [Fact]
    public async Task Positions_that_overlap_cannot_blow_a_record_up()
    {
        var description = Survey([.. Enumerable.Range(0, 2_000).Select(i => Variable("v" + i, "character", 1, 50_000))]);
        Assert.Equal([PollFileCodes.RecordTooLong], (await Reading.OfPairAsync(description, new string('x', 50_000) + "\n")).Codes);
    }

    private sealed record Answer(string Id, string One, string Text, int[]? Many, string Weight);

    // £ and ¼ are never valid UTF-8 when written in ISO-8859-1, as é before two of them would be.
    private static readonly Gen<Answer> AnyAnswer = Gen.Select(
        Gen.Int[0, 999], Gen.OneOfConst("", "1", "2", "9"), Gen.String[Gen.Char["ab \"¼,£"], 0, 8], Gen.Bool, Gen.OneOfConst(1, 2, 9).Array[0, 3],
            Gen.Int[0, 99_999],
        (id, one, text, asked, many, weight) => new Answer(id.ToString(CultureInfo.InvariantCulture), one, text.Trim(), asked ? [.. many.Distinct()] : null,
            (weight / 1e4).ToString(CultureInfo.InvariantCulture)));

    [Fact]
    public Task Any_answers_read_back_as_they_were_written_fixed_or_csv_bitstring_or_spread() =>
        Gen.Select(AnyAnswer.Array[1, 12], Gen.Bool, Gen.Bool, Gen.Bool).SampleAsync(async (answers, csv, spread, latin) =>
        {
            (string Name, string Type, int Width, string Content)[] fields =
                [("id", "quantity", 3, ""), ("one", "single", 2, Values), ("many", "multiple", spread ? 6 : 9,
                    (spread ? "<spread subfields=\"3\" width=\"2\"/>" : "") + Values), ("text", "character", 8, ""), ("w", "quantity", 8, "")];
            var at = 1;
            List<string> variables = [];
            for (var i = 0; i < fields.Length; at += fields[i++].Width)
                variables.Add(csv ? Variable(fields[i].Name, fields[i].Type, i + 1, i + 1, fields[i].Content)
                    : Variable(fields[i].Name, fields[i].Type, at, at + fields[i].Width - 1, fields[i].Content));
            var data = string.Concat(answers.Select(answer =>
            {
                var many = answer.Many is null ? "" : spread ? string.Concat(answer.Many.Select(code => $"{code,2}")).PadRight(6, '0')
                    : string.Concat(Enumerable.Range(1, 9).Select(code => answer.Many.Contains(code) ? '1' : '0'));
                return csv ? $"{answer.Id},{answer.One},\"{many}\",\"{answer.Text.Replace("\"", "\"\"", StringComparison.Ordinal)}\",{answer.Weight}\n"
                    : $"{answer.Id,3}{answer.One,2}{many.PadRight(fields[2].Width)}{answer.Text,-8}{answer.Weight,8}\n";
            }));
            var reading = await Reading.OfPairAsync(
                Encoding.UTF8.GetBytes(Survey(csv ? " format=\"csv\"" : "", [.. variables])), (latin ? Encoding.Latin1 : Encoding.UTF8).GetBytes(data));
            Assert.Empty(reading.Codes);
            Assert.Equal(answers.Select(answer => new[]
            {
                answer.Id, answer.One, Ticked(answer, 1), Ticked(answer, 2), Ticked(answer, 9), answer.Text, answer.Weight,
            }), reading.Rows);
        }, iter: 2_000);

    private static string Ticked(Answer answer, int code) => answer.Many is null ? "" : answer.Many.Contains(code) ? "1" : "0";

    private static string Survey(params string[] variables) => Survey("", variables);

    private static string Survey(string attributes, params string[] variables) => attributes.StartsWith('<')
        ? Survey("", [attributes, .. variables])
        : $"<!DOCTYPE sss PUBLIC \"-//triple-s//DTD Survey Interchange v2.0//EN\" \"http://www.triple-s.org/dtd/sss_v20.dtd\">\n"
            + $"<sss version=\"2.0\"><survey><record ident=\"A\"{attributes}>{string.Concat(variables)}</record></survey></sss>";

    private static string Variable(string name, string type, int start, int finish, string content = "", string? use = null, string? format = null) =>
        $"<variable ident=\"1\" type=\"{type}\"{(use is null ? "" : $" use=\"{use}\"")}{(format is null ? ""
            : $" format=\"{format}\"")}><name>{name}</name><label>Label of {name}</label><position start=\"{start}\" finish=\"{finish}\"/>{content}</variable>";
}
