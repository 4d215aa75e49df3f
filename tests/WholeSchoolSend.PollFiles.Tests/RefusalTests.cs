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
        var (file, options) = (Reading.File("refuse", code), Small);
        if (!Directory.GetFiles(Reading.File("refuse"), code + ".*").Any(File.Exists))
            (file, options) = (Reading.File("refuse", "long", code), Small with { LongLayout = new("id", "question", "answer") });
        if (code == PollFileCodes.SheetMissing) options = Small with { Sheet = "Answers" };
        if (code == PollFileCodes.ChoiceUnknown) options = Small with { MultipleResponses = [new("q", MultipleResponseForm.Ticks)] };
        var cancellation = TestContext.Current.CancellationToken;
        var extension = new[] { ".asc", ".sss", ".xlsx", ".sav", ".zsav", ".csv" }.First(extension => File.Exists(file + extension));
        var reading = extension == ".asc"
            ? await Reading.OfPairAsync(await File.ReadAllBytesAsync(file + ".sss", cancellation), await File.ReadAllBytesAsync(file + ".asc", cancellation),
                options)
            : await Reading.OfAsync(await File.ReadAllBytesAsync(file + extension, cancellation), options);
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
    [InlineData("PAR1\u0015\u0004", "Parquet")]
    [InlineData("\u00d0\u00cf\u0011\u00e0\u00a1\u00b1\u001a\u00e1", "Excel")]
    [InlineData("%PDF-1.7", "PDF")]
    [InlineData("<stata_dta><header>", "Stata")]
    [InlineData("r\u0002\u0001\0", "Stata")]
    [InlineData("HEADER RECORD*******LIBRARY HEADER RECORD", "SAS")]
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

    [Theory]
    [InlineData("xl/workbook.bin", "binary Excel")]
    [InlineData("word/document.xml", "Word")]
    [InlineData("mimetype content.xml", "OpenDocument")]
    [InlineData("survey.csv", "zip archive")]
    public async Task A_package_that_is_no_workbook_is_refused_by_name(string parts, string name)
    {
        var reading = await Reading.OfAsync(Workbook.Zip([.. parts.Split(' ').Select(part => (part, "x"))]));
        Assert.Equal(PollFileCodes.FormatUnsupported, reading.FileProblem?.Code);
        Assert.Contains(name, reading.FileProblem!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<?xml version=\"1.0\"?>\r\n<!DOCTYPE sss><sss version=\"2.0\">", PollFileKind.TripleSDescription)]
    [InlineData("\u00ef\u00bb\u00bf  <SSS version=\"2.0\">", PollFileKind.TripleSDescription)]
    [InlineData("<?xml version=\"1.0\"?><!-- an <html> comment --><root/>", PollFileKind.Unsupported)]
    [InlineData("<?xml version=\"1.0\"?><sssx/>", PollFileKind.Unsupported)]
    [InlineData("PK\u0003\u0004", PollFileKind.Workbook)]
    [InlineData("PAR1", PollFileKind.Unsupported)]
    [InlineData("id,q\n1,<sss >", PollFileKind.DelimitedText)]
    [InlineData("", PollFileKind.DelimitedText)]
    public void A_file_is_what_its_first_bytes_say(string start, PollFileKind kind) => Assert.Equal(kind, PollFile.Identify(Encoding.Latin1.GetBytes(start)));

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
