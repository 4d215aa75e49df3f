using CsCheck;

namespace WholeSchoolSend.PollFiles.Tests;

public sealed class MultipleResponseReaderTests
{
    [Fact]
    public async Task Ticks_are_found_by_their_suffixes_and_become_ones_and_zeros()
    {
        var reading = await Reading.OfAsync("id,q2_1,Q2_96,q2_other,w\n1,Yes,No,,0.5\n2, , ,x,1\n3,No,No,,1\n", Ticks());
        Assert.Empty(reading.Codes);
        Assert.Equal(["id", "q2_1", "q2_96", "q2_other", "w"], reading.Header!.Variables.Select(variable => variable.Name));
        Assert.Equal([["1", "1", "0", "", "0.5"], ["2", "", "", "x", "1"], ["3", "0", "0", "", "1"]], reading.Rows);
        var set = Assert.Single(reading.Header.MultipleResponseSets);
        Assert.Equal(("q2", "1"), (set.Name, set.CountedValue));
        Assert.Equal([1, 2], set.Columns);
    }

    [Fact]
    public async Task A_tick_that_repeats_the_words_of_its_choice_is_a_tick()
    {
        var layout = new MultipleResponseLayout("q", MultipleResponseForm.Ticks)
        {
            Codes = ["1", "99"],
            Columns = ["Helped: training", "Helped: none"],
            Chosen = [],
            NotChosen = [""]
        };
        var reading = await Reading.OfAsync("id,Helped: training,Helped: none\n1,Training,\n2,,None of these\n3,,\n", new() { MultipleResponses = [layout] });
        Assert.Equal(["id", "q_1", "q_99"], reading.Header!.Variables.Select(variable => variable.Name));
        Assert.Equal([["1", "1", "0"], ["2", "0", "1"], ["3", "", ""]], reading.Rows);
    }

    [Fact]
    public async Task Spread_answers_and_joined_ones_become_the_same_columns()
    {
        var spread = new MultipleResponseLayout("q", MultipleResponseForm.Spread) { Codes = ["1", "2", "96"] };
        var joined = new MultipleResponseLayout("q", MultipleResponseForm.Joined) { Codes = ["1", "2", "96"] };
        var semicolons = joined with { Separator = ';', Codes = ["Training", "Resources", "Something else"] };
        string[][] rows = [["a", "1", "0", "1", "x"], ["b", "", "", "", "y"], ["c", "0", "0", "0", "z"]];
        Assert.Equal(rows, (await Reading.OfAsync("id,q_1,q_2,t\na,96,1,x\nb,,,y\nc,0,0,z\n", new() { MultipleResponses = [spread] })).Rows);
        Assert.Equal(rows, (await Reading.OfAsync("id,q,t\na,1 96,x\nb,,y\nc,0,z\n", new() { MultipleResponses = [joined] })).Rows);
        Assert.Equal(rows, (await Reading.OfAsync("id,q,t\na,Training; Something else,x\nb,,y\nc,No,z\n",
            new() { MultipleResponses = [semicolons], Delimiter = ',' })).Rows);
        var workbook = Workbook.Of(Workbook.Row(1, "id", "q", "t") + Workbook.Row(2, "a", "1 96", "x") + Workbook.Row(3, "b", null, "y")
            + Workbook.Row(4, "c", 0, "z"));
        Assert.Equal(rows, (await Reading.OfAsync(workbook, new() { MultipleResponses = [joined] })).Rows);
    }

    [Fact]
    public async Task A_mark_of_not_asked_is_no_unticked_choice()
    {
        var reading = await Reading.OfAsync("id,q2_1,q2_2\n1,U,U\n2,1,0\n", Ticks() with { NotAskedMarks = ["", "U"] });
        Assert.Equal([["1", "", ""], ["2", "1", "0"]], reading.Rows);
    }

    [Fact]
    public async Task What_was_not_agreed_is_a_problem_of_its_cell_and_not_repeated()
    {
        var ticks = await Reading.OfAsync("id,q2_1,q2_2\n1,Yes,Perhaps\n2,Yes,No\n", Ticks());
        Assert.Equal((2, 3, PollFileCodes.ChoiceUnknown), ticks.Problems.Select(problem => (problem.Line, problem.Column, problem.Code)).Single());
        Assert.DoesNotContain("Perhaps", ticks.Problems[0].Message, StringComparison.Ordinal);
        var joined = await Reading.OfAsync("id,q\n1,1 7\n2,1\n", new() { MultipleResponses = [new("q", MultipleResponseForm.Joined) { Codes = ["1"] }] });
        Assert.Equal((2, 2, PollFileCodes.CodeUndefined), joined.Problems.Select(problem => (problem.Line, problem.Column, problem.Code)).Single());
        Assert.Equal([["2", "1"]], joined.Rows);
    }

    [Theory]
    [InlineData("id,x\n1,2\n", MultipleResponseForm.Ticks, "")]
    [InlineData("id,x\n1,2\n", MultipleResponseForm.Spread, "1")]
    [InlineData("id,x\n1,2\n", MultipleResponseForm.Joined, "1")]
    [InlineData("id,q2\n1,2\n", MultipleResponseForm.Joined, "")]
    [InlineData("id,q2,Q2\n1,2,3\n", MultipleResponseForm.Joined, "1")]
    public async Task Columns_that_are_not_there_are_said_so(string text, MultipleResponseForm form, string codes) =>
        Assert.Equal([PollFileCodes.LayoutColumn], (await Reading.OfAsync(text, new()
        {
            MultipleResponses = [new("q2", form) { Codes = codes.Split(' ', StringSplitOptions.RemoveEmptyEntries) }],
        })).Codes);

    [Fact]
    public async Task Two_questions_cannot_have_one_column() =>
        Assert.Equal([PollFileCodes.LayoutColumn], (await Reading.OfAsync("id,q\n1,2\n", new()
        {
            MultipleResponses = [new("q", MultipleResponseForm.Joined) { Codes = ["1"] },
                new("p", MultipleResponseForm.Joined) { Codes = ["1"], Columns = ["q"] }],
        })).Codes);

    [Fact]
    public Task All_three_forms_say_the_same() =>
        Gen.OneOfConst("1", "2", "96", "99").Array[0, 4].Select(codes => codes.Distinct().ToArray()).Array[1, 10].SampleAsync(async answers =>
        {
            string[] codes = ["1", "2", "96", "99"];
            var expected = answers.Select(ticked => codes.Select(code => ticked.Contains(code) ? "1" : "0").ToArray()).ToArray();
            MultipleResponseLayout Layout(MultipleResponseForm form) => new("q", form) { Codes = codes };
            async Task<IEnumerable<string[]>> Rows(string header, Func<string[], string> row, MultipleResponseForm form) =>
                (await Reading.OfAsync($"id,{header}\n{string.Concat(answers.Select(ticked => $"x,{row(ticked)}\n"))}",
                    new() { MultipleResponses = [Layout(form)] })).Rows.Select(cells => cells[1..]);
            Assert.Equal(expected, await Rows("q_1,q_2,q_96,q_99", ticked => string.Join(',', codes.Select(code => ticked.Contains(code) ? "Yes" : "No")),
                MultipleResponseForm.Ticks));
            Assert.Equal(expected, await Rows("q_1,q_2,q_3,q_4", ticked => string.Join(',', ticked.Concat(Enumerable.Repeat("0", 4 - ticked.Length))),
                MultipleResponseForm.Spread));
            Assert.Equal(expected, await Rows("q", ticked => ticked.Length == 0 ? "0" : string.Join(' ', ticked), MultipleResponseForm.Joined));
        }, iter: 500);

    private static PollFileOptions Ticks() => new() { MultipleResponses = [new("q2", MultipleResponseForm.Ticks)] };
}
