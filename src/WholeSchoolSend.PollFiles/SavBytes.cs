namespace WholeSchoolSend.PollFiles;

/// <summary>A stream with as many bytes in front of the reader as it asks for. It grows with what has come, never with what a file claims.</summary>
internal sealed class SavBytes(Stream stream, int capacity) : IAsyncDisposable
{
    private byte[] _buffer = GC.AllocateUninitializedArray<byte>(capacity);
    private int _end;

    public byte[] Buffer => _buffer;

    /// <summary>Where in <see cref="Buffer"/> the reader stands.</summary>
    public int Start { get; private set; }

    /// <summary>Where in the stream the reader stands.</summary>
    public long Position { get; private set; }

    public ReadOnlySpan<byte> Available => _buffer.AsSpan(Start, _end - Start);

    public void Advance(int count)
    {
        Start += count;
        Position += count;
    }

    /// <summary>Reads on until this many bytes are available; false if the stream ends before.</summary>
    public async ValueTask<bool> EnsureAsync(int count, CancellationToken cancellation)
    {
        while (_end - Start < count)
            if (!await MoreAsync(count, cancellation)) return false;
        return true;
    }

    /// <summary>Reads at least one more byte, with room for so many from where the reader stands; false if the stream has ended.</summary>
    public async ValueTask<bool> MoreAsync(int room, CancellationToken cancellation)
    {
        if (_end == _buffer.Length || Start + room > _buffer.Length)
        {
            var target = _end - Start == _buffer.Length ? GC.AllocateUninitializedArray<byte>(2 * _buffer.Length) : _buffer;
            Available.CopyTo(target);
            (_buffer, Start, _end) = (target, 0, _end - Start);
        }
        var read = await stream.ReadAsync(_buffer.AsMemory(_end), cancellation);
        _end += read;
        return read > 0;
    }

    /// <summary>Passes over everything up to this place of the stream; false if the stream ends before.</summary>
    public async ValueTask<bool> SkipToAsync(long position, CancellationToken cancellation)
    {
        var ahead = position - Position - (_end - Start);
        if (stream.CanSeek && ahead > _buffer.Length)
        {
            if (ahead > stream.Length - stream.Position) return false;
            stream.Seek(ahead, SeekOrigin.Current);
            (Start, Position) = (_end, position);
        }
        while (Position < position)
        {
            if (Start == _end && !await MoreAsync(1, cancellation)) return false;
            Advance((int)Math.Min(position - Position, _end - Start));
        }
        return true;
    }

    public ValueTask DisposeAsync() => stream.DisposeAsync();
}
