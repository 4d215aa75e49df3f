using System.Diagnostics.CodeAnalysis;

namespace WholeSchoolSend.PollFiles;

/// <summary>Opens a poll file: finds out what it is from its bytes, never from its name, and gives a reader for its rows.</summary>
public static class PollFile
{
    /// <summary>What the data half of a Triple-S pair may be called, after the name it shares with its description.</summary>
    public static IReadOnlyList<string> TripleSData { get; } = [".asc", ".dat", ".txt", ".csv"];

    /// <summary>What the description half may be called.</summary>
    public static IReadOnlyList<string> TripleSDescriptions { get; } = [".sss", ".xml"];

    private const int HeadBytes = 4096;

    /// <summary>What the file is, from its first 4,096 bytes or all it has.</summary>
    public static PollFileKind Identify(ReadOnlySpan<byte> head) =>
        head.StartsWith("PK\x03\x04"u8) || head.StartsWith("PK\x05\x06"u8) ? PollFileKind.Workbook
        : OtherFormats.IsSpss(head) ? PollFileKind.Spss
        : OtherFormats.IsTripleS(head) ? PollFileKind.TripleSDescription
        : OtherFormats.Recognise(head) is not null ? PollFileKind.Unsupported
        : PollFileKind.DelimitedText;

    /// <summary>Opens a file, or says why it cannot be used.</summary>
    /// <remarks>
    /// <paramref name="open"/> is called two or three times, in the long layout once more, and must give the same bytes each time (with
    /// blobs: pass the ETag). The first pass over a text reads to the end: whether it is UTF-8 is not known before. Nothing is kept but one block.
    /// </remarks>
    public static async Task<OpenedPollFile> OpenAsync(
        Func<CancellationToken, Task<Stream>> open, PollFileOptions options, CancellationToken cancellation)
    {
        if (options.HeaderRows is < 1 or > 3) throw new ArgumentOutOfRangeException(nameof(options), "There are 1, 2 or 3 header rows.");
        if (options.MultipleResponses.Any(layout => !char.IsAscii(layout.Separator)))
            throw new ArgumentOutOfRangeException(nameof(options), "Codes are separated by an ASCII character.");
        var head = await HeadAsync(open, cancellation);
        return Identify(head) switch
        {
            PollFileKind.Workbook => await OpenRowsAsync(() => XlsxReader.OpenAsync(open, options, cancellation), options, cancellation),
            PollFileKind.Spss => await SavReader.OpenAsync(open, options, cancellation),
            PollFileKind.TripleSDescription => new OpenedPollFile(new FileProblem(PollFileCodes.PairIncomplete,
                "This is the description of a Triple-S survey; its data are in a second file. "
                + $"Please send both, under one name and with the data as {string.Join(" or ", TripleSData)}.")),
            PollFileKind.Unsupported => new OpenedPollFile(OtherFormats.Recognise(head)!),
            _ => await OpenTextAsync(open, options, cancellation),
        };
    }

    /// <summary>
    /// Opens the two files of a Triple-S survey. Which file holds the data is the caller's to know: what the description says of it is not followed.
    /// </summary>
    public static Task<OpenedPollFile> OpenPairAsync(
        Func<CancellationToken, Task<Stream>> openDescription, Func<CancellationToken, Task<Stream>> openData, PollFileOptions options,
        CancellationToken cancellation) => TripleSReader.OpenAsync(openDescription, openData, options, cancellation);

    private static async Task<OpenedPollFile> OpenTextAsync(
        Func<CancellationToken, Task<Stream>> open, PollFileOptions options, CancellationToken cancellation)
    {
        var (file, problem) = await InspectAsync(open, options, cancellation);
        return file is null
            ? new OpenedPollFile(problem!)
            : await OpenRowsAsync(() => DelimitedReader.OpenAsync(open, file, options, cancellation), options, cancellation);
    }

    private static async Task<(TextFile? File, FileProblem? Problem)> InspectAsync(
        Func<CancellationToken, Task<Stream>> open, PollFileOptions options, CancellationToken cancellation)
    {
        await using var stream = await open(cancellation);
        return await TextInspection.InspectAsync(stream, null, options, cancellation);
    }

    // A file without a dictionary: the instrument says how its cells make respondents and questions.
    private static async Task<OpenedPollFile> OpenRowsAsync(Func<Task<OpenedPollFile>> openRows, PollFileOptions options, CancellationToken cancellation)
    {
        var opened = options.LongLayout is { } layout ? await LongReader.OpenAsync(openRows, layout, options, cancellation) : await openRows();
        return opened.CanBeRead && options.MultipleResponses.Count > 0 ? await MultipleResponseReader.OpenAsync(opened.Reader, options) : opened;
    }

    private static async Task<byte[]> HeadAsync(Func<CancellationToken, Task<Stream>> open, CancellationToken cancellation)
    {
        await using var stream = await open(cancellation);
        var head = new byte[HeadBytes];
        return head[..await stream.ReadAtLeastAsync(head, HeadBytes, throwOnEndOfStream: false, cancellation)];
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
