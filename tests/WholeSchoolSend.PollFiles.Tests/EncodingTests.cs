using System.Text;

namespace WholeSchoolSend.PollFiles.Tests;

public sealed class EncodingTests
{
    private static readonly Encoding Windows1252 = CodePagesEncodingProvider.Instance.GetEncoding(1252)!;

    [Theory]
    [InlineData("costs £5 and £6 and £7")]   // UTF.Unknown 2.8.0: gb18030, confidence 1.00
    [InlineData("€20 – “really”")]
    [InlineData("St Thomas à Becket")]
    [InlineData("“CAFÉ”")]                   // É followed by ” is a valid UTF-8 sequence by chance
    public async Task British_text_is_read_alike_in_every_encoding(string text)
    {
        var table = $"id,q\n1,{text}\n2,{text}\n";
        byte[][] files =
        [
            Encoding.UTF8.GetBytes(table), [.. Encoding.UTF8.Preamble, .. Encoding.UTF8.GetBytes(table)], Windows1252.GetBytes(table),
            Encoding.Unicode.GetBytes(table), [.. Encoding.Unicode.Preamble, .. Encoding.Unicode.GetBytes(table)],
            Encoding.BigEndianUnicode.GetBytes(table), [.. Encoding.BigEndianUnicode.Preamble, .. Encoding.BigEndianUnicode.GetBytes(table)],
        ];
        foreach (var file in files)
            Assert.Equal([["1", text], ["2", text]], (await Reading.OfAsync(file)).Rows);
    }

    [Theory]
    [InlineData(PollEncoding.Utf8, "windows-1252")]
    [InlineData(PollEncoding.Utf16, "utf-8")]
    [InlineData(PollEncoding.Windows1252, "utf-16")]
    public async Task An_agreed_encoding_that_the_bytes_contradict_is_refused(PollEncoding agreed, string actual)
    {
        const string Table = "id,q\n1,caf\u00e9 s\n2,x\n";
        var bytes = actual switch
        {
            "utf-8" => [.. Encoding.UTF8.Preamble, .. Encoding.UTF8.GetBytes(Table)],
            "utf-16" => [.. Encoding.Unicode.Preamble, .. Encoding.Unicode.GetBytes(Table)],
            _ => Windows1252.GetBytes(Table),
        };
        Assert.Equal([PollFileCodes.EncodingInvalid], (await Reading.OfAsync(bytes, new() { Encoding = agreed })).Codes);
    }

    [Fact]
    public async Task An_agreed_windows_1252_is_not_taken_for_utf_8() =>
        Assert.Equal("Ã©", (await Reading.OfAsync("id,q\n1,é\n", new() { Encoding = PollEncoding.Windows1252 })).Rows[0][1]);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_character_across_the_blocks_of_the_first_pass_is_still_a_character(int shift)
    {
        var filler = new StringBuilder("id,q\n");
        while (filler.Length < (1 << 20) - 32) filler.Append("1,aaaaaaaaaaaaaaaa\n");
        filler.Append("1,").Append('x', (1 << 20) - filler.Length - 4 - shift).Append("€€😀😀\n");
        var utf8 = await Reading.OfAsync(filler.ToString());
        Assert.EndsWith("€€😀😀", utf8.Rows[^1][1], StringComparison.Ordinal);
        Assert.Contains(utf8.Header!.Notes, note => note.Message.StartsWith("utf-8", StringComparison.Ordinal));
        var utf16 = await Reading.OfAsync(Encoding.Unicode.GetBytes(filler.ToString()));
        Assert.Equal(utf8.Rows[^1], utf16.Rows[^1]);
    }

    [Fact]
    public async Task The_last_byte_of_a_long_file_decides()
    {
        var ascii = string.Concat(Enumerable.Repeat("1,aaaaaaaaaaaaaaaa\n", 120_000));
        var reading = await Reading.OfAsync([.. Encoding.ASCII.GetBytes("id,q\n" + ascii + "2,caf"), 0xE9]);
        Assert.Equal("café", reading.Rows[^1][1]);
        Assert.Equal([PollFileCodes.EncodingUnknown], (await Reading.OfAsync([.. Encoding.ASCII.GetBytes("id,q\n" + ascii + "2,caf"), 0x9D])).Codes);
    }

    [Fact]
    public async Task Problems_with_bytes_name_their_line()
    {
        Assert.Equal(3, (await Reading.OfAsync("id,q\n1,2\n3,\0\n")).FileProblem!.Line);
        Assert.Equal(4, (await Reading.OfAsync([.. "id,q\n1,é\n2,é\n3,"u8, 0xE9, .. "\n"u8])).FileProblem!.Line);
    }

    [Fact]
    public async Task Text_that_was_damaged_before_it_came_is_noted()
    {
        var reading = await Reading.OfAsync("id,q\n1,caf\uFFFD\n2,vertical\vtab\n");
        Assert.Equal(2, reading.Rows.Count);
        Assert.Contains(reading.Header!.Notes, note => note is { Code: "replacement-characters", Message: "1 characters were lost before the file was sent, first on line 2." });
        Assert.Contains(reading.Header.Notes, note => note is { Code: "control-characters" });
    }

    [Theory]
    [InlineData(new byte[] { 0xEF, 0xBB, 0xBF })]
    [InlineData(new byte[] { 0xFF, 0xFE })]
    public async Task A_byte_order_mark_alone_is_an_empty_file(byte[] file) =>
        Assert.Equal([PollFileCodes.FileEmpty], (await Reading.OfAsync(file)).Codes);
}
