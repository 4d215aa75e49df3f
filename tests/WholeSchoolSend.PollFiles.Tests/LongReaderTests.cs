namespace WholeSchoolSend.PollFiles.Tests;

public sealed class LongReaderTests
{
    private static readonly PollFileOptions Long = new() { LongLayout = new("id", "question", "answer") };

    [Fact]
    public async Task The_lines_of_a_respondent_become_one_row()
    {
        var reading = await Reading.OfAsync("id,weight,question,answer\n1,0.5,q1,3\n1,0.5,q2,4\n2,1.5,Q2,\"a,b\"\n3,1,q1,\n", Long);
        Assert.Empty(reading.Codes);
        Assert.Equal(["id", "weight", "q1", "q2"], reading.Header!.Variables.Select(variable => variable.Name));
        Assert.Equal([["1", "0.5", "3", "4"], ["2", "1.5", "", "a,b"], ["3", "1", "", ""]], reading.Rows);
        Assert.Equal([2, 4, 5], reading.Lines);
    }

    [Fact]
    public async Task A_question_without_a_line_was_not_asked_whatever_the_marks()
    {
        var bytes = "id,question,answer\n1,q1,\n2,q2,x\n"u8.ToArray();
        var opened = await PollFile.OpenAsync(_ => Task.FromResult<Stream>(new OneWayStream(bytes)), Long with { NotAskedMarks = ["NA"] }, TestContext.Current.CancellationToken);
        await using var reader = opened.Reader!;
        Assert.Equal(PollRead.Row, await reader.ReadAsync(TestContext.Current.CancellationToken));
        Assert.False(reader.IsNotAsked(1));
        Assert.True(reader.IsNotAsked(2));
    }

    [Fact]
    public async Task A_respondent_who_comes_back_is_reported_once_and_not_read_again()
    {
        var reading = await Reading.OfAsync("id,question,answer\n1,q1,1\n2,q1,2\n1,q2,3\n1,q3,3\n3,q1,4\n", Long);
        Assert.Equal([(4L, PollFileCodes.RespondentReturns)], reading.Problems.Select(problem => (problem.Line, problem.Code)));
        Assert.Equal(["1", "2", "3"], reading.Rows.Select(row => row[0]));
    }

    [Fact]
    public async Task An_unreadable_line_spoils_the_respondents_it_may_belong_to_and_no_others()
    {
        var inside = await Reading.OfAsync("id,question,answer\n1,q1,1\n1,q2\n1,q3,1\n2,q1,1\n", Long);
        Assert.Equal([PollFileCodes.RowTooShort, PollFileCodes.RespondentIncomplete], inside.Codes);
        Assert.Equal(["2"], inside.Rows.Select(row => row[0]));
        var between = await Reading.OfAsync("id,question,answer\n1,q1,1\nx\n2,q1,1\n3,q1,1\n", Long);
        Assert.Equal([(3L, PollFileCodes.RowTooShort), (2L, PollFileCodes.RespondentIncomplete), (4L, PollFileCodes.RespondentIncomplete)],
            between.Problems.Select(problem => (problem.Line, problem.Code)));
        Assert.Equal(["3"], between.Rows.Select(row => row[0]));
    }

    [Fact]
    public async Task A_problem_of_the_header_spoils_nobody()
    {
        var reading = await Reading.OfAsync("id,x,x,question,answer\n1,2,3,q1,1\n", Long);
        Assert.Equal([PollFileCodes.HeaderDuplicate], reading.Codes);
        Assert.Single(reading.Rows);
    }

    [Fact]
    public async Task Too_many_questions_are_refused() =>
        Assert.Equal([PollFileCodes.ColumnsTooMany],
            (await Reading.OfAsync("id,question,answer\n1,q1,1\n1,q2,1\n1,q3,1\n", Long with { MaxColumns = 5 })).Codes);
}
