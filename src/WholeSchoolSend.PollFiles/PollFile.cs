using System.Diagnostics.CodeAnalysis;

namespace WholeSchoolSend.PollFiles;

/// <summary>Opens a poll file: finds out what it is from its bytes, never from its name, and gives a reader for its rows.</summary>
public static class PollFile
{
    /// <summary>Opens a file, or says why it cannot be used.</summary>
    /// <remarks>
    /// <paramref name="open"/> is called several times and must give the same bytes each time (with blobs: pass the ETag). Text is read
    /// to its end before its first row: whether it is UTF-8 is not known before. Nothing is kept but one block.
    /// </remarks>
    public static async Task<OpenedPollFile> OpenAsync(
        Func<CancellationToken, Task<Stream>> open, PollFileOptions options, CancellationToken cancellation)
    {
        if (options.HeaderRows is < 1 or > 3) throw new ArgumentOutOfRangeException(nameof(options), "There are 1, 2 or 3 header rows.");
        return await OtherFormats.IdentifyAsync(open, cancellation) switch
        {
            PollFormat.Sav => await SavReader.OpenAsync(open, options, cancellation),
            _ => await OpenTextAsync(open, options, cancellation),
        };
    }

    private static async Task<OpenedPollFile> OpenTextAsync(
        Func<CancellationToken, Task<Stream>> open, PollFileOptions options, CancellationToken cancellation)
    {
        TextFile file;
        await using (var stream = await open(cancellation))
        {
            var (found, problem) = await TextInspection.InspectAsync(stream, options, cancellation);
            if (found is null) return new OpenedPollFile(problem!);
            file = found;
        }
        return options.LongLayout is { } layout
            ? await LongReader.OpenAsync(open, file, layout, options, cancellation)
            : await DelimitedReader.OpenAsync(open, file, options, cancellation);
    }
}

/// <summary>A reader, or the reason why there is none.</summary>
public sealed class OpenedPollFile
{
    internal OpenedPollFile(PollFileReader reader) => Reader = reader;

    internal OpenedPollFile(FileProblem problem) => Problem = problem;

    public PollFileReader? Reader { get; }

    public FileProblem? Problem { get; }

    [MemberNotNullWhen(true, nameof(Reader))]
    [MemberNotNullWhen(false, nameof(Problem))]
    public bool CanBeRead => Reader is not null;
}
