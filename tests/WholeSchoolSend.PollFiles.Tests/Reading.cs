using System.Text;

namespace WholeSchoolSend.PollFiles.Tests;

/// <summary>Everything a reader said about a file, kept in memory.</summary>
internal sealed record Reading(FileProblem? FileProblem, PollFileHeader? Header, List<string[]> Rows, List<long> Lines, List<RowProblem> Problems)
{
    public IEnumerable<string> Codes => [.. Problems.Select(problem => problem.Code), .. FileProblem is null ? Array.Empty<string>() : [FileProblem.Code]];

    public static Task<Reading> OfAsync(string text, PollFileOptions? options = null) => OfAsync(Encoding.UTF8.GetBytes(text), options);

    public static Task<Reading> OfAsync(byte[] bytes, PollFileOptions? options = null) => OfAsync(() => new OneWayStream(bytes), options);

    public static async Task<Reading> OfAsync(Func<Stream> open, PollFileOptions? options = null) =>
        await OfAsync(await PollFile.OpenAsync(_ => Task.FromResult(open()), options ?? new(), TestContext.Current.CancellationToken));

    public static Task<Reading> OfPairAsync(string description, string data, PollFileOptions? options = null) =>
        OfPairAsync(Encoding.UTF8.GetBytes(description), Encoding.UTF8.GetBytes(data), options);

    public static async Task<Reading> OfPairAsync(byte[] description, byte[] data, PollFileOptions? options = null) =>
        await OfAsync(await PollFile.OpenPairAsync(_ => Task.FromResult<Stream>(new OneWayStream(description)),
            _ => Task.FromResult<Stream>(new OneWayStream(data)),
            options ?? new(), TestContext.Current.CancellationToken));

    private static async Task<Reading> OfAsync(OpenedPollFile opened)
    {
        Reading reading = new(opened.Problem, opened.Reader?.Header, [], [], []);
        if (!opened.CanBeRead) return reading;
        await using var reader = opened.Reader;
        while (true)
        {
            switch (await reader.ReadAsync(TestContext.Current.CancellationToken))
            {
                case PollRead.Row:
                    reading.Rows.Add([.. Enumerable.Range(0, reader.Header.Variables.Count).Select(reader.Text)]);
                    reading.Lines.Add(reader.Line);
                    break;
                case PollRead.Problem:
                    reading.Problems.Add(reader.Problem!);
                    break;
                case PollRead.Refused:
                    return reading with { FileProblem = reader.FileProblem };
                default:
                    return reading;
            }
        }
    }

    public static string File(params string[] path) => Path.Combine([AppContext.BaseDirectory, "files", .. path]);
}

/// <summary>A stream as a download is: it cannot seek, and gives few bytes at a time, never as many as asked for.</summary>
internal sealed class OneWayStream(byte[] bytes) : Stream
{
    private int _at;
    private int _step;

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(Span<byte> buffer)
    {
        _step = _step * 7 % 4093 + 1;
        var count = Math.Min(Math.Min(buffer.Length, _step), bytes.Length - _at);
        bytes.AsSpan(_at, count).CopyTo(buffer);
        _at += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));

    public override void Flush() { }
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
