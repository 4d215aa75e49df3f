namespace WholeSchoolSend.PollFiles;

/// <summary>What the instrument says about the files of one pollster. What it leaves open is found out from the file.</summary>
public sealed record PollFileOptions
{
    /// <summary>1 to 3: names, question texts, and the machine's row of Qualtrics. Open: 3 if the third row is that row, otherwise 1.</summary>
    public int? HeaderRows { get; init; }

    /// <summary>The delimiter. Open: the <c>sep=</c> line, otherwise the one of comma, semicolon, tab and bar that fits.</summary>
    public char? Delimiter { get; init; }

    /// <summary>The sheet of a workbook. Open: the first visible one that looks like rows.</summary>
    public string? Sheet { get; init; }

    public PollEncoding Encoding { get; init; } = PollEncoding.Detect;

    /// <summary>Set if a respondent is several lines, each with one answer.</summary>
    public LongLayout? LongLayout { get; init; }

    /// <summary>Cells that say "not asked", compared exactly: a single space is one of YouGov's.</summary>
    public IReadOnlyList<string> NotAskedMarks { get; init; } = ["", " "];

    /// <summary>Tick-all-that-apply questions of a file that has no dictionary to say so.</summary>
    public IReadOnlyList<MultipleResponseLayout> MultipleResponses { get; init; } = [];

    public bool DecimalComma { get; init; }

    public DateOrder Dates { get; init; } = DateOrder.IsoOnly;

    public int MaxRecordBytes { get; init; } = 1 << 20;
    public int MaxColumns { get; init; } = 5_000;
    public int MaxRows { get; init; } = 2_000_000;
}

/// <summary>The names of the three columns of a file with one answer per line; the other columns belong to the respondent.</summary>
public sealed record LongLayout(string Respondent, string Question, string Answer);

/// <summary>
/// How a tick-all-that-apply question is written. However that is, it is read as one column for each code, <c>{Name}_{code}</c>, with 1 for
/// chosen, 0 for not chosen and nothing for not asked, together in a <see cref="MultipleResponseSet"/> that counts the 1.
/// </summary>
public sealed record MultipleResponseLayout(string Name, MultipleResponseForm Form)
{
    /// <summary>The codes. Left open for <see cref="MultipleResponseForm.Ticks"/>: those of the columns, <c>Q2_1</c>, <c>Q2_96</c>.</summary>
    public IReadOnlyList<string> Codes { get; init; } = [];

    /// <summary>
    /// The columns. Left open: of ticks, <c>{Name}_{code}</c>; of spread answers, every <c>{Name}_{number}</c>; of joined ones, <c>{Name}</c>.
    /// </summary>
    public IReadOnlyList<string> Columns { get; init; } = [];

    /// <summary>What a ticked cell holds. Empty: any text that is not <see cref="NotChosen"/>, as where the cell repeats the words of the choice.</summary>
    public IReadOnlyList<string> Chosen { get; init; } = ["1", "Yes", "TRUE"];

    /// <summary>What a cell that was left unticked holds. With an empty text, a question with nothing ticked at all was not asked.</summary>
    public IReadOnlyList<string> NotChosen { get; init; } = ["0", "No", "FALSE"];

    /// <summary>What stands between joined codes.</summary>
    public char Separator { get; init; } = ' ';
}

/// <summary>A column for each choice, a column for each mention, or all codes in one cell.</summary>
public enum MultipleResponseForm { Ticks, Spread, Joined }

/// <summary>The encodings a text file may have.</summary>
public enum PollEncoding { Detect, Utf8, Utf16, Windows1252 }

/// <summary>How dates are written: ISO dates are always understood, day first only if the instrument says so.</summary>
public enum DateOrder { IsoOnly, DayFirst }
