using System.Text;

namespace WholeSchoolSend.PollFiles.Tests;

public sealed class DelimitedReaderTests
{
    [Fact]
    public async Task Quoted_cells_may_hold_delimiters_quotes_and_line_breaks_and_lines_are_counted_through_them()
    {
        var reading = await Reading.OfAsync("id,q\r\n1,\"a,b\"\r\n\r\n2,\"say \"\"hi\"\"\"\r\n3,\"two\r\nlines\"\r\n4,\r\n");
        Assert.Empty(reading.Codes);
        Assert.Equal([["1", "a,b"], ["2", "say \"hi\""], ["3", "two\r\nlines"], ["4", ""]], reading.Rows);
        Assert.Equal([2, 4, 5, 7], reading.Lines);
    }

    [Theory]
    [InlineData("1,5\" ruler\n", 2)]
    [InlineData("1,\"bad\"tail\n", 2)]
    [InlineData("1, \"spaced\"\n", 2)]
    [InlineData("\"1\"x,2\n", 1)]
    public async Task A_misplaced_quote_costs_its_row_only(string row, int column)
    {
        var reading = await Reading.OfAsync("id,q\n0,0\n" + row + "9,9\n");
        Assert.Equal((3L, column, PollFileCodes.QuoteMisplaced), Place(Assert.Single(reading.Problems)));
        Assert.Equal([["0", "0"], ["9", "9"]], reading.Rows);
    }

    [Fact]
    public async Task An_unclosed_quote_that_meets_another_says_which_lines_were_lost()
    {
        var reading = await Reading.OfAsync("id,q\n1,\"open\n2,x\n3,\"closed\"\n4,y\n");
        var problem = Assert.Single(reading.Problems);
        Assert.Equal((2L, 2, PollFileCodes.QuoteMisplaced), Place(problem));
        Assert.Contains("up to line 4", problem.Message, StringComparison.Ordinal);
        Assert.Equal([["4", "y"]], reading.Rows);
    }

    [Fact]
    public async Task Ragged_rows_are_reported_and_the_others_kept()
    {
        var reading = await Reading.OfAsync("id,q,w\n1,2\n1,2,3\n1,2,3,4\n1,2,3,\n5,6,7\n");
        Assert.Equal([(2L, 0, PollFileCodes.RowTooShort), (4L, 4, PollFileCodes.RowTooLong), (5L, 4, PollFileCodes.RowTooLong)], reading.Problems.Select(Place));
        Assert.Equal(2, reading.Rows.Count);
    }

    [Fact]
    public async Task Delimiters_at_the_end_of_the_header_allow_as_many_empty_cells()
    {
        var reading = await Reading.OfAsync("id,q,,\n1,2,,\n1,2\n1,2,,3\n1,2,,,\n");
        Assert.Equal(["id", "q"], reading.Header!.Variables.Select(variable => variable.Name));
        Assert.Equal([(4L, 4, PollFileCodes.RowTooLong), (5L, 5, PollFileCodes.RowTooLong)], reading.Problems.Select(Place));
        Assert.Equal([["1", "2"], ["1", "2"]], reading.Rows);
    }

    [Fact]
    public async Task Columns_are_found_by_trimmed_name_in_any_case_and_a_duplicate_is_found_twice()
    {
        var reading = await Reading.OfAsync(" ID ,Weight,weight,\n1,2,3,\n");
        Assert.Equal([0], reading.Header!.Columns("id"));
        Assert.Equal([1, 2], reading.Header.Columns(" WEIGHT"));
        Assert.Empty(reading.Header.Columns("w"));
        Assert.Equal((1L, 3, PollFileCodes.HeaderDuplicate), Place(Assert.Single(reading.Problems)));
    }

    [Fact]
    public async Task Two_header_rows_are_names_and_labels_when_agreed()
    {
        var reading = await Reading.OfAsync("V1,Q1\nResponseID,\"How, then?\"\nR_1,2\n", new() { HeaderRows = 2 });
        Assert.Equal(["ResponseID", "How, then?"], reading.Header!.Variables.Select(variable => variable.Label));
        Assert.Equal([["R_1", "2"]], reading.Rows);
    }

    [Theory]
    [InlineData("id;q\n1,5;2\n2,5;3\n", "1,5")]
    [InlineData("id\tq\n1,5\t2\n", "1,5")]
    [InlineData("id|q\n\"a|b\"|2\n", "a|b")]
    [InlineData("sep=;\nid;q\n1;2\n", "1")]
    [InlineData("\uFEFFSEP=|\r\nid|q\r\n1|2\r\n", "1")]
    [InlineData("id,q\n1,a;b;c\n2,d;e\n", "1")]
    public async Task The_delimiter_is_found(string text, string first)
    {
        var reading = await Reading.OfAsync(text);
        Assert.Empty(reading.Codes);
        Assert.Equal(first, reading.Rows[0][0]);
        Assert.Equal(2, reading.Rows[0].Length);
    }

    [Fact]
    public async Task Two_possible_delimiters_are_not_guessed_between()
    {
        const string Text = "id,q|w\n1,2|3\n";
        Assert.Equal([PollFileCodes.DelimiterUnclear], (await Reading.OfAsync(Text)).Codes);
        Assert.Equal([["1", "2|3"]], (await Reading.OfAsync(Text, new() { Delimiter = ',' })).Rows);
    }

    [Fact]
    public async Task A_record_may_be_as_long_as_the_limit_and_no_longer()
    {
        var options = new PollFileOptions { MaxRecordBytes = 300_000 };
        var fits = await Reading.OfAsync($"id,q\n1,{new string('x', 299_998)}\n2,3\n", options);
        Assert.Empty(fits.Codes);
        Assert.Equal(2, fits.Rows.Count);
        var over = await Reading.OfAsync($"id,q\n1,{new string('x', 299_999)}\n2,3\n", options);
        Assert.Equal([PollFileCodes.RecordTooLong], over.Codes);
        Assert.Equal(2, over.FileProblem!.Line);
    }

    [Fact]
    public async Task A_refused_reader_stays_refused()
    {
        var opened = await PollFile.OpenAsync(_ => Task.FromResult<Stream>(new OneWayStream("id,q\n1,\"2\n"u8.ToArray())), new(), TestContext.Current.CancellationToken);
        await using var reader = opened.Reader!;
        Assert.Equal(PollRead.Refused, await reader.ReadAsync(TestContext.Current.CancellationToken));
        Assert.Equal(PollRead.Refused, await reader.ReadAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_fault_of_the_connection_is_thrown_and_not_made_a_problem() =>
        await Assert.ThrowsAsync<IOException>(() => Reading.OfAsync(() => new BrokenStream()));

    [Fact]
    public async Task Cells_with_formulas_stay_as_they_were_sent()
    {
        var reading = await Reading.OfAsync("id,q\n1,=SUM(A1:A9)\n2,@x\n3,-1\n");
        Assert.Equal(["=SUM(A1:A9)", "@x", "-1"], reading.Rows.Select(row => row[1]));
    }

    [Fact]
    public async Task Two_million_columns_are_refused_at_once() =>
        Assert.Equal([PollFileCodes.RecordTooLong], (await Reading.OfAsync(Encoding.ASCII.GetBytes(new string(',', 2_000_000) + "\n1,2\n"))).Codes);

    private static (long, int, string) Place(RowProblem problem) => (problem.Line, problem.Column, problem.Code);

    private sealed class BrokenStream : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => throw new IOException("gone");
    }
}
