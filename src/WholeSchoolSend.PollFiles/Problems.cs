namespace WholeSchoolSend.PollFiles;

/// <summary>One thing wrong in one row: where it is, a code that never changes, and a sentence for the sender. Column 0 means the whole row.</summary>
public sealed record RowProblem(long Line, int Column, string Code, string Message)
{
    /// <summary>The column's name, where <see cref="Column"/> does not count the header's: positions of a record, lines that make a row.</summary>
    public string? Name { get; init; }
}

/// <summary>Why a file cannot be used at all: a code that never changes and a sentence for the sender. Line 0 means the whole file.</summary>
public sealed record FileProblem(string Code, string Message, long Line = 0);

/// <summary>Something worth knowing about a file that could be read, such as which rule found its encoding.</summary>
public sealed record FileNote(string Code, string Message);

/// <summary>The codes of everything that can be wrong with a poll file. Codes are never changed or used again for something else.</summary>
public static class PollFileCodes
{
    // The whole file.
    public const string FileEmpty = "file-empty";
    public const string FormatUnsupported = "format-unsupported";
    public const string EncodingUnsupported = "encoding-unsupported";
    public const string EncodingInvalid = "encoding-invalid";
    public const string EncodingMixed = "encoding-mixed";
    public const string EncodingUnknown = "encoding-unknown";
    public const string NulCharacter = "nul-character";
    public const string DelimiterUnclear = "delimiter-unclear";
    public const string HeaderUnreadable = "header-unreadable";
    public const string HeaderEmpty = "header-empty";
    public const string ColumnsTooMany = "columns-too-many";
    public const string LayoutColumn = "layout-column";
    public const string RowsNone = "rows-none";
    public const string RowsTooMany = "rows-too-many";
    public const string RecordTooLong = "record-too-long";
    public const string QuoteUnclosed = "quote-unclosed";

    // An Excel workbook.
    public const string WorkbookDamaged = "workbook-damaged";
    public const string WorkbookUnsafe = "workbook-unsafe";
    public const string WorkbookTooLarge = "workbook-too-large";
    public const string SheetMissing = "sheet-missing";
    public const string DataTable = "data-table";
    public const string RowsApart = "rows-apart";

    // A pair of Triple-S files.
    public const string PairIncomplete = "pair-incomplete";
    public const string DescriptionInvalid = "description-invalid";

    // An SPSS file, as a whole.
    public const string SavTruncated = "sav-truncated";
    public const string SavHeaderInvalid = "sav-header-invalid";
    public const string SavDictionaryInvalid = "sav-dictionary-invalid";
    public const string SavWeightInvalid = "sav-weight-invalid";
    public const string SavDataInvalid = "sav-data-invalid";
    public const string SavBlocksInvalid = "sav-blocks-invalid";
    public const string SavRowCount = "sav-row-count";

    // The header.
    public const string HeaderDuplicate = "header-duplicate";
    public const string HeaderUnnamed = "header-unnamed";

    // One row.
    public const string QuoteMisplaced = "quote-misplaced";
    public const string RowTooShort = "row-too-short";
    public const string RowTooLong = "row-too-long";
    public const string CellError = "cell-error";
    public const string CellUncalculated = "cell-uncalculated";
    public const string ValueInvalid = "value-invalid";
    public const string CodeUndefined = "code-undefined";
    public const string ChoiceUnknown = "choice-unknown";
    public const string PositionsUnclear = "positions-unclear";
    public const string RecordCut = "record-cut";

    // The long layout: several lines make a row.
    public const string RespondentMissing = "respondent-missing";
    public const string RespondentReturns = "respondent-returns";
    public const string RespondentDiffers = "respondent-differs";
    public const string RespondentIncomplete = "respondent-incomplete";
    public const string QuestionMissing = "question-missing";
    public const string QuestionRepeated = "question-repeated";
}
