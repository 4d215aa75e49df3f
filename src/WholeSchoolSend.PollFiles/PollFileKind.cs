namespace WholeSchoolSend.PollFiles;

/// <summary>What a file is, from its first bytes. The data half of a Triple-S pair cannot be told from any text: its name pairs it.</summary>
public enum PollFileKind
{
    /// <summary>CSV and its kin, and whatever no other kind is.</summary>
    DelimitedText,

    /// <summary>A zip archive; only opening it tells whether it is an Excel workbook.</summary>
    Workbook,

    /// <summary>An SPSS file, .sav or .zsav.</summary>
    Spss,

    /// <summary>The half of a Triple-S pair that describes the other.</summary>
    TripleSDescription,

    /// <summary>A format that is not read; opening the file says which.</summary>
    Unsupported,
}
