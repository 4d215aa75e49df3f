using System.Text.Unicode;
using WholeSchoolSend.PollFiles;

namespace WholeSchoolSend.Fuzz;

/// <summary>Reads every cell of a poll file in every way a reader offers, and checks what all readers promise.</summary>
internal class PollFileTarget(string name, params string[] extensions) : IFuzzTarget
{
    public string Name => name;

    public bool IsSeed(string path) => extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    // Buffers, one row and the dictionary; problems of rows are values and take a little each.
    public long AllocationLimit(int length) => (16L << 20) + 200L * length;

    public async Task<string> RunAsync(byte[] input, CancellationToken cancellation)
    {
        var opened = await OpenAsync(input, cancellation);
        if (!opened.CanBeRead) return Checked(opened.Problem.Code, opened.Problem.Message);
        await using var reader = opened.Reader;
        long line = -1;
        PollRead read;
        while ((read = await reader.ReadAsync(cancellation)) is PollRead.Row or PollRead.Problem)
        {
            if (read == PollRead.Problem)
            {
                Checked(reader.Problem!.Code, reader.Problem.Message);
                continue;
            }
            if (reader.Line <= line) throw new InvalidDataException("Lines do not go up.");
            line = reader.Line;
            for (var column = 0; column < reader.Header.Variables.Count; column++) Cell(reader, column);
        }
        foreach (var note in reader.Notes) Checked(note.Code, note.Message);
        if (await reader.ReadAsync(cancellation) != read) throw new InvalidDataException("The reader does not stay where it ended.");
        return read == PollRead.End ? "read" : Checked(reader.FileProblem!.Code, reader.FileProblem.Message);
    }

    /// <summary>Opens the input as a file would be opened.</summary>
    protected virtual Task<OpenedPollFile> OpenAsync(byte[] input, CancellationToken cancellation) => PollFile.OpenAsync(Opening(input), new PollFileOptions(), cancellation);

    protected static Func<CancellationToken, Task<Stream>> Opening(byte[] bytes) => _ => Task.FromResult<Stream>(new MemoryStream(bytes, writable: false));

    /// <inheritdoc/>
    public virtual IEnumerable<byte[]> Seeds(IReadOnlyList<string> folders) => [];

    /// <inheritdoc/>
    public virtual byte[]? Mutated(IReadOnlyList<byte[]> seeds, Random random) => null;

    private static void Cell(PollFileReader reader, int column)
    {
        var text = reader.Utf8(column);
        if (!Utf8.IsValid(text)) throw new InvalidDataException("A cell is not UTF-8.");
        if (reader.TryNumber(column, out var number) && !double.IsFinite(number)) throw new InvalidDataException("A number is not finite.");
        if (reader.IsNotAsked(column) && !text.IsEmpty && !text.SequenceEqual(" "u8))
            throw new InvalidDataException("A cell with an answer passes for not asked.");
        reader.TryDate(column, out _);
        if (!text.SequenceEqual(reader.Utf8(column))) throw new InvalidDataException("A cell changes while it is read.");
    }

    private static string Checked(string code, string message) =>
        code.Length > 0 && message.Length is > 0 and < 2000 ? code : throw new InvalidDataException("A problem says nothing, or too much.");
}
