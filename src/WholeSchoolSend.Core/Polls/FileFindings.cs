using WholeSchoolSend.PollFiles;

namespace WholeSchoolSend.Core.Polls;

/// <summary>One thing wrong with a dropped file: where, a code that never changes, and a sentence for the sender.</summary>
/// <param name="Line">1 is the first line of the file; 0 the whole file.</param>
/// <param name="Column">name of the column; null the whole row.</param>
/// <param name="Found">what kind of thing was found there, never the thing itself; null where the message says it.</param>
public sealed record FileFinding(long Line, string? Column, string Code, string Message, string? Found = null)
{
    public static FileFinding From(ProblemKind kind, string message, string? column = null) => new(0, column, kind.Code, message);
}

/// <summary>
/// Everything that is wrong with a file, without a cap: a file that is wrong throughout says the same of every row, so that what is kept of
/// each finding is its line and which saying it is, 16 bytes.
/// </summary>
public sealed class FileFindings
{
    private readonly Dictionary<FileFinding, int> _known = [];
    private readonly List<FileFinding> _sayings = [];
    private readonly List<(long Line, int Saying)> _findings = [];

    public int Count => _findings.Count;

    /// <summary>The code of the first finding; null where there is none.</summary>
    public string? FirstCode => _findings.Count == 0 ? null : _sayings[_findings[0].Saying].Code;

    public void Add(FileFinding finding)
    {
        var saying = finding with { Line = 0 };
        if (!_known.TryGetValue(saying, out var number))
        {
            _known.Add(saying, number = _sayings.Count);
            _sayings.Add(saying);
        }
        _findings.Add((finding.Line, number));
    }

    /// <summary>Every finding, in the order it was made; each is built when it is asked for.</summary>
    public IEnumerable<FileFinding> InOrder() => _findings.Select(finding => _sayings[finding.Saying] with { Line = finding.Line });
}

/// <summary>Reasons rows and answers are left out for, besides those the instrument names.</summary>
public static class ExclusionReasons
{
    /// <summary>Whether the current row has nothing in any cell.</summary>
    /// <param name="first">the column to look at first: one that is hardly ever empty.</param>
    public static bool IsRowEmpty(PollFileReader row, int first)
    {
        if (!IsEmpty(row.Utf8(first))) return false;
        for (var column = 0; column < row.Header.Variables.Count; column++)
            if (!IsEmpty(row.Utf8(column))) return false;
        return true;

        static bool IsEmpty(ReadOnlySpan<byte> cell) => cell.Trim(" \t"u8).IsEmpty;
    }

    /// <summary>A row that weighs nothing: it says nothing about anybody else, and must not make a base look larger than it is.</summary>
    public const string WeightZero = "weight-zero";

    /// <summary>A row with nothing in any cell, as Excel leaves below a table: nobody's answers.</summary>
    public const string RowEmpty = "row-empty";

    /// <summary>A row of somebody who asked to be erased.</summary>
    public const string Erased = "erased";

    /// <summary>The question was not put to this person.</summary>
    public const string NotAsked = "not-asked";
}
