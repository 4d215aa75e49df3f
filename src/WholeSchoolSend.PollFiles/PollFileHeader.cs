namespace WholeSchoolSend.PollFiles;

/// <summary>What a poll file says about itself before its first row.</summary>
/// <param name="Format">What the file is, found from its bytes.</param>
/// <param name="Variables">The columns, in the order of the cells of every row.</param>
/// <param name="MultipleResponseSets">Columns that together hold one tick-all-that-apply question.</param>
/// <param name="WeightVariable">The file's own mark of its weight; the instrument decides, and an unequal mark is an error.</param>
/// <param name="Notes">What the reader found out by itself.</param>
public sealed record PollFileHeader(
    string Format,
    IReadOnlyList<PollVariable> Variables,
    IReadOnlyList<MultipleResponseSet> MultipleResponseSets,
    string? WeightVariable,
    IReadOnlyList<FileNote> Notes)
{
    /// <summary>The file's own mark of who answered; the instrument decides.</summary>
    public string? RespondentVariable { get; init; }

    /// <summary>The cells, in the order of the columns, of the header rows below the one with the names.</summary>
    public IReadOnlyList<IReadOnlyList<string>> FurtherRows { get; init; } = [];

    /// <summary>Every column of this name, trimmed and whatever its case: none means missing, two mean that the name is ambiguous.</summary>
    public IReadOnlyList<int> Columns(string name) =>
        [.. Enumerable.Range(0, Variables.Count).Where(column => Names.Equals(Variables[column].Name, name.Trim()))];

    internal static readonly StringComparer Names = StringComparer.OrdinalIgnoreCase;
}

/// <summary>One column of a poll file, with what the file itself says about it.</summary>
public sealed record PollVariable(string Name)
{
    public string Label { get; init; } = "";
    public VariableKind Kind { get; init; } = VariableKind.Text;
    public VariableMeasure Measure { get; init; } = VariableMeasure.Unknown;
    public IReadOnlyList<ValueLabel> ValueLabels { get; init; } = [];
    public MissingValues Missing { get; init; } = MissingValues.None;
}

/// <summary>How the file stores a variable; a text file stores everything as text.</summary>
public enum VariableKind { Text, Number, Date }

/// <summary>How the pollster says a variable is measured.</summary>
public enum VariableMeasure { Unknown, Nominal, Ordinal, Scale }

/// <summary>The words for one answer code; the code is written as the cell's text is.</summary>
public sealed record ValueLabel(string Code, string Label);

/// <summary>Answers the pollster calls missing: single codes, and a range of numbers. Only information: the instrument decides the base.</summary>
public sealed record MissingValues(IReadOnlyList<string> Codes, double? From = null, double? To = null)
{
    public static MissingValues None { get; } = new([]);
}

/// <summary>A tick-all-that-apply question: its columns and, where each column is yes or no, the value that counts as chosen.</summary>
public sealed record MultipleResponseSet(string Name, string Label, IReadOnlyList<int> Columns, string? CountedValue);
