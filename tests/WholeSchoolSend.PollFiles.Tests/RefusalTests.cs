using System.Reflection;
using System.Text;

namespace WholeSchoolSend.PollFiles.Tests;

public sealed class RefusalTests
{
    private static readonly PollFileOptions Small = new() { MaxColumns = 20, MaxRecordBytes = 2000, MaxRows = 50 };

    private static IEnumerable<string> AllCodes =>
        typeof(PollFileCodes).GetFields(BindingFlags.Public | BindingFlags.Static).Select(code => (string)code.GetRawConstantValue()!);

    public static TheoryData<string> Codes => [.. AllCodes];

    [Theory, MemberData(nameof(Codes))]
    public async Task A_file_named_after_a_code_is_refused_with_exactly_that_code(string code)
    {
        var file = Assert.Single(Directory.GetFiles(Reading.File("refuse"), code + ".*", SearchOption.AllDirectories));
        var options = file.Contains(Path.Combine("refuse", "long"), StringComparison.Ordinal) ? Small with { LongLayout = new("id", "question", "answer") } : Small;
        var reading = await Reading.OfAsync(await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken), options);
        if (code == PollFileCodes.RespondentIncomplete)
        {
            Assert.Equal([PollFileCodes.RowTooShort, code], reading.Codes);
            return;
        }
        // In the long layout the respondent of a bad line is left out, which is said as well.
        Assert.Equal([code], reading.Codes.Where(other => other != PollFileCodes.RespondentIncomplete));
    }

    [Fact]
    public void Codes_are_kebab_case_and_unique() =>
        Assert.All(AllCodes, code => Assert.Matches("^[a-z]+(-[a-z0-9]+)*$", Assert.Single(AllCodes, other => other == code)));

    [Theory]
    [InlineData("\u001c\0\0\0\0\0\0\0", "password")]
    [InlineData("\u005b\u00c6\u00d3\u00f2", "mainframe")]
    [InlineData("0123456789012345678901234567890123456789ASCII SPSS PORT FILE", "SPSS portable")]
    [InlineData("\u001c\0\0\0\0\0\0\0ENCRYPTEDSAV", "password")]
    [InlineData("PK\u0003\u0004\0\0[Content_Types].xml ... xl/worksheets/sheet1.xml", "Excel")]
    [InlineData("PK\u0003\u0004\0\0mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "OpenDocument")]
    [InlineData("PK\u0003\u0004\0\0survey.csv", "zip")]
    [InlineData("PAR1\u0015\u0004", "Parquet")]
    [InlineData("\u00d0\u00cf\u0011\u00e0\u00a1\u00b1\u001a\u00e1", "Excel")]
    [InlineData("%PDF-1.7", "PDF")]
    [InlineData("<stata_dta><header>", "Stata")]
    [InlineData("r\u0002\u0001\0", "Stata")]
    [InlineData("HEADER RECORD*******LIBRARY HEADER RECORD", "SAS")]
    [InlineData("<?xml version=\"1.0\"?>\r\n<!DOCTYPE sss><sss version=\"2.0\">", "Triple-S")]
    [InlineData("\u00ef\u00bb\u00bf  <SSS version=\"2.0\">", "Triple-S")]
    [InlineData("<?xml version=\"1.0\"?><Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\">", "Excel 2003")]
    [InlineData("\n<html><body><table>", "web page")]
    [InlineData("[{\"id\":1}]", "JSON")]
    public async Task Another_format_is_refused_by_name_whatever_the_file_is_called(string start, string name)
    {
        var reading = await Reading.OfAsync(Encoding.Latin1.GetBytes(start));
        Assert.Equal(PollFileCodes.FormatUnsupported, reading.FileProblem?.Code);
        Assert.Contains(name, reading.FileProblem!.Message, StringComparison.Ordinal);
        Assert.Contains("CSV", reading.FileProblem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_message_repeats_an_answer()
    {
        const string Secret = "MrsPatelOfAnytownPrimary";
        foreach (var text in new[] { $"id,q\n1,{Secret} \"x\"\n", $"id,q\n1,{Secret},3\n", $"id,q\n{Secret}\n", $"{Secret},{Secret}\n1,2\n", $"id,q\n1,\"{Secret}\n", $"id,q\n1,{Secret}\0\n" })
        {
            var reading = await Reading.OfAsync(text);
            Assert.NotEmpty(reading.Codes);
            Assert.DoesNotContain(Secret, string.Concat(reading.Problems) + reading.FileProblem, StringComparison.Ordinal);
        }
    }
}
