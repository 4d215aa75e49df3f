using System.Text;

namespace WholeSchoolSend.PollFiles;

/// <summary>Recognises the files pollsters send that are not delimited text, so that the refusal can say what came and what to send.</summary>
internal static class OtherFormats
{
    private static readonly (int Offset, byte[] Mark, string What)[] Marks =
    [
        (8, "ENCRYPTED"u8.ToArray(), "an SPSS file with a password"),
        (0, [0x1C, 0, 0, 0, 0, 0, 0, 0], "an SPSS file with a password"),
        (40, "ASCII SPSS PORT FILE"u8.ToArray(), "an SPSS portable file (.por)"),
        (0, [0x5B, 0xC6, 0xD3, 0xF2], "an SPSS file of a mainframe"),
        (0, "PAR1"u8.ToArray(), "a Parquet file"),
        (0, "ARROW1"u8.ToArray(), "a Feather or Arrow file"),
        (0, [0xD0, 0xCF, 0x11, 0xE0], "an old Excel workbook (.xls) or one with a password"),
        (0, "%PDF-"u8.ToArray(), "a PDF document"),
        (0, "<stata_dta>"u8.ToArray(), "a Stata file (.dta)"),
        (0, [0x71, 1, 1, 0], "a Stata file (.dta)"), (0, [0x71, 2, 1, 0], "a Stata file (.dta)"),
        (0, [0x72, 1, 1, 0], "a Stata file (.dta)"), (0, [0x72, 2, 1, 0], "a Stata file (.dta)"),
        (0, [0x73, 1, 1, 0], "a Stata file (.dta)"), (0, [0x73, 2, 1, 0], "a Stata file (.dta)"),
        (0, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xC2, 0xEA, 0x81, 0x60], "a SAS data set (.sas7bdat)"),
        (0, "HEADER RECORD*******LIB"u8.ToArray(), "a SAS transport file (.xpt)"),
        (0, "SQLite format 3\0"u8.ToArray(), "an SQLite database"),
        (0, [0x1F, 0x8B], "a gzip archive or R data"),
        (0, [0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0], "an xz archive or R data"),
        (0, [(byte)'7', (byte)'z', 0xBC, 0xAF, 0x27, 0x1C], "a 7-Zip archive"),
        (0, [(byte)'R', (byte)'a', (byte)'r', (byte)'!', 0x1A, 7], "a RAR archive"),
        (0, @"{\rtf"u8.ToArray(), "a Word document (.rtf)"),
    ];

    // In this order: all of these may begin as any XML does.
    private static readonly (string Word, string What)[] Markup =
    [
        ("urn:schemas-microsoft-com:office:spreadsheet", "an Excel 2003 XML workbook"),
        ("<stata_dta", "a Stata file (.dta)"),
        ("<html", "a web page"),
        ("<table", "a web page"),
        ("<!doctype html", "a web page"),
        ("<?xml", "an XML file"),
    ];

    public static bool IsSpss(ReadOnlySpan<byte> head) =>
        head.StartsWith("$FL2"u8) || head.StartsWith("$FL3"u8) || (head.Length > 4 && head[4..].StartsWith("@(#) SPSS DATA FILE"u8));

    public static FileProblem? Recognise(ReadOnlySpan<byte> head) => Name(head) is { } what ? Refuse(what) : null;

    /// <summary>What a zip archive is, if it is not an Excel workbook.</summary>
    public static FileProblem? RecognisePackage(Package package) =>
        package.Has("xl/workbook.bin") ? Refuse("a binary Excel workbook (.xlsb)")
        : package.Names.Any(name => name.StartsWith("xl/", StringComparison.OrdinalIgnoreCase)) ? null
        : package.Has("word/document.xml") ? Refuse("a Word document (.docx)")
        : package.Has("ppt/presentation.xml") ? Refuse("a presentation (.pptx)")
        : package.Has("mimetype") && package.Has("content.xml") ? Refuse("an OpenDocument spreadsheet (.ods)")
        : Refuse("a zip archive");

    public static FileProblem Refuse(string what) => new(PollFileCodes.FormatUnsupported,
        $"This looks like {what}. Please send the answers of each respondent as SPSS (.sav or .zsav, without a password), Excel (.xlsx), CSV or Triple-S 2.0 (both files).");

    private static string? Name(ReadOnlySpan<byte> head)
    {
        foreach (var (offset, mark, what) in Marks)
            if (head.Length >= offset + mark.Length && head[offset..].StartsWith(mark)) return what;
        return MarkedUp(head);
    }

    private static string? MarkedUp(ReadOnlySpan<byte> head)
    {
        var start = Start(head);
        if (start.StartsWith("[{", StringComparison.Ordinal) || start.StartsWith("{\"", StringComparison.Ordinal)) return "a JSON file";
        if (!Markup.Any(markup => markup.Word[0] == '<' && start.StartsWith(markup.Word, StringComparison.OrdinalIgnoreCase))) return null;
        return Markup.First(markup => start.Contains(markup.Word, StringComparison.OrdinalIgnoreCase)).What;
    }

    /// <summary>Is this the description of a Triple-S survey, whose root is sss? Comments and a document type may come first.</summary>
    public static bool IsTripleS(ReadOnlySpan<byte> head)
    {
        var start = Start(head);
        return start.StartsWith('<') && start.IndexOf("<sss", StringComparison.OrdinalIgnoreCase) is >= 0 and var at
            && at + 4 < start.Length && (char.IsWhiteSpace(start[at + 4]) || start[at + 4] is '>' or '/')
            && !start.AsSpan(0, at).Contains("<html", StringComparison.OrdinalIgnoreCase);
    }

    // Dropping NULs reads UTF-16 well enough for this.
    private static string Start(ReadOnlySpan<byte> head) =>
        Encoding.Latin1.GetString(head[..Math.Min(head.Length, 4096)]).Replace("\0", "", StringComparison.Ordinal)
            .TrimStart('\u00ef', '\u00bb', '\u00bf', '\u00fe', '\u00ff', ' ', '\t', '\r', '\n');
}
