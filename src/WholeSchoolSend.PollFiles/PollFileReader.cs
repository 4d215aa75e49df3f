using System.Text;

namespace WholeSchoolSend.PollFiles;

/// <summary>What a step of a reader came to. A file can still turn out to be unusable in its middle.</summary>
public enum PollRead { Row, Problem, End, Refused }

/// <summary>Reads one poll file from front to back. Every format gives the same rows: cells by column, as text, number or date.</summary>
/// <remarks>
/// A row that cannot be read is a step of its own, with <see cref="Problem"/> set; a dead connection throws.
/// Cells are those of the current row and valid until the next step.
/// </remarks>
public abstract class PollFileReader : IAsyncDisposable
{
    private readonly byte[][] _notAsked;
    private readonly ulong _notAskedLengths;

    private protected PollFileReader(PollFileHeader header, PollFileOptions options)
    {
        Header = header;
        Options = options;
        _notAsked = [.. options.NotAskedMarks.Select(Encoding.UTF8.GetBytes)];
        foreach (var mark in _notAsked) _notAskedLengths |= 1UL << (mark.Length & 63);
    }

    public PollFileHeader Header { get; }

    /// <summary>What the reader found out by itself: the header's notes, and at the end those that only the rows could tell.</summary>
    public virtual IReadOnlyList<FileNote> Notes => Header.Notes;

    /// <summary>Why the current row cannot be used, after <see cref="PollRead.Problem"/>.</summary>
    public RowProblem? Problem { get; private protected set; }

    /// <summary>Why the file cannot be used after all, after <see cref="PollRead.Refused"/>.</summary>
    public FileProblem? FileProblem { get; private protected set; }

    /// <summary>
    /// The line on which the current row begins; the first line of the file is 1. A binary file has no lines: there it is the number of the row,
    /// from 1, as statistics programs show it, and 0 in its header.
    /// </summary>
    public abstract long Line { get; }

    /// <summary>The line on which a cell of the current row stands: another than <see cref="Line"/> where several lines make the row.</summary>
    public virtual long LineOf(int column) => Line;

    private protected PollFileOptions Options { get; }

    public abstract ValueTask<PollRead> ReadAsync(CancellationToken cancellation);

    /// <summary>The cell as UTF-8 text.</summary>
    public abstract ReadOnlySpan<byte> Utf8(int column);

    public string Text(int column) => Encoding.UTF8.GetString(Utf8(column));

    /// <summary>Whether the cell is one of the marks for "not asked".</summary>
    public virtual bool IsNotAsked(int column)
    {
        var text = Utf8(column);
        if ((_notAskedLengths >> (text.Length & 63) & 1) == 0) return false;   // twelve million cells: most leave here
        foreach (var mark in _notAsked)
            if (text.SequenceEqual(mark)) return true;
        return false;
    }

    public virtual bool TryNumber(int column, out double number) => CellText.TryNumber(Utf8(column), Options.DecimalComma, out number);

    public virtual bool TryDate(int column, out DateTime date) => CellText.TryDate(Utf8(column), Options.Dates, out date);

    public abstract ValueTask DisposeAsync();

    private protected PollRead Refuse(FileProblem problem)
    {
        FileProblem = problem;
        return PollRead.Refused;
    }

    private protected PollRead Report(RowProblem problem)
    {
        Problem = problem;
        return PollRead.Problem;
    }
}
