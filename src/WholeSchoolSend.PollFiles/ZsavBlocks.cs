using System.IO.Compression;

namespace WholeSchoolSend.PollFiles;

/// <summary>
/// The data of a .zsav: blocks of compressed bytes, one behind the other, with a table of their sizes at the end of the file. The table is
/// read first, in a pass of its own: where a block ends is known from nothing else, and a file whose table says anything but "one behind
/// the other, none larger than four megabytes" is an attack (a hundred kilobytes that stand for sixteen gigabytes) and is refused unread.
/// </summary>
internal sealed class ZsavBlocks(Stream file, IReadOnlyList<(int Compressed, int Uncompressed)> blocks) : Stream
{
    private const int MaxBlock = 0x3FF000;
    private const int MaxBlocks = 1 << 18;
    private const int Entry = 24;

    /// <summary>What stands between the dictionary and the first block.</summary>
    public const int HeaderBytes = Entry;

    private readonly byte[] _probe = new byte[1];
    private Section? _section;
    private ZLibStream? _inflater;
    private int _next;
    private int _unread;

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>Reads the table; the reader stands behind the dictionary.</summary>
    public static async Task<(IReadOnlyList<(int Compressed, int Uncompressed)> Blocks, FileProblem? Problem)> TableAsync(
        SavBytes bytes, SavOrder order, CancellationToken cancellation)
    {
        var header = bytes.Position;
        if (!await bytes.EnsureAsync(Entry, cancellation)) return ([], SavProblems.Truncated("the header of its blocks"));
        var (self, table, size) = (order.Int64(bytes.Available), order.Int64(bytes.Available[8..]), order.Int64(bytes.Available[16..]));
        if (self != header || table < header + Entry || size < Entry || size % Entry != 0 || size / Entry - 1 > MaxBlocks)
            return ([], SavProblems.Blocks("the table of its blocks cannot be where it should"));
        if (!await bytes.SkipToAsync(table, cancellation) || !await bytes.EnsureAsync((int)size, cancellation))
            return ([], SavProblems.Truncated("the table of its blocks"));

        var entries = bytes.Available[..(int)size];
        var (most, count) = (order.Int32(entries[16..]), order.Int32(entries[20..]));
        if (most is < 1 or > MaxBlock || count != size / Entry - 1) return ([], SavProblems.Blocks("the table of its blocks has another length than it says"));
        var blocks = new (int, int)[count];
        var (uncompressedAt, compressedAt) = (header, header + Entry);
        for (var block = 0; block < count; block++)
        {
            entries = entries[Entry..];
            var (uncompressed, compressed) = (order.Int32(entries[16..]), order.Int32(entries[20..]));
            if (order.Int64(entries) != uncompressedAt || order.Int64(entries[8..]) != compressedAt
                || uncompressed < 1 || uncompressed > most || compressed < 1 || compressed > table - compressedAt)
                return ([], SavProblems.Blocks("its blocks do not follow one another"));
            (uncompressedAt, compressedAt) = (uncompressedAt + uncompressed, compressedAt + compressed);
            blocks[block] = (compressed, uncompressed);
        }
        return compressedAt == table ? (blocks, null) : ([], SavProblems.Blocks("its blocks do not fill the file"));
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            if (_inflater is null)
            {
                if (_next == blocks.Count) return 0;
                _section = new Section(file, blocks[_next].Compressed);
                _inflater = new ZLibStream(_section, CompressionMode.Decompress);
                _unread = blocks[_next++].Uncompressed;
            }
            if (_unread > 0)
            {
                var read = await _inflater.ReadAsync(buffer[..Math.Min(buffer.Length, _unread)], cancellationToken);
                if (read == 0) throw new InvalidDataException("A block is shorter than its table says.");
                _unread -= read;
                return read;
            }
            // The end of the block is where its checksum is verified.
            if (await _inflater.ReadAsync(_probe, cancellationToken) != 0 || _section!.Left != 0)
                throw new InvalidDataException("A block is longer than its table says.");
            await _inflater.DisposeAsync();
            _inflater = null;
        }
    }

    public override async ValueTask DisposeAsync()
    {
        if (_inflater is not null) await _inflater.DisposeAsync();
        await file.DisposeAsync();
        await base.DisposeAsync();
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override void Flush() { }
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <summary>The next bytes of a stream, and no more of them.</summary>
    private sealed class Section(Stream file, int length) : Stream
    {
        private int _passed;

        public int Left { get; private set; } = length;

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await file.ReadAsync(buffer[..Math.Min(buffer.Length, Left)], cancellationToken);
            // The decompressor takes a wish for a dictionary of its own (RFC 1950, FDICT) for a fault of the machine.
            var flags = 1 - _passed;
            _passed += read;
            if (flags >= 0 && flags < read && (buffer.Span[flags] & 0x20) != 0) throw new InvalidDataException("A block is packed in a way no SPSS file is.");
            Left -= read;
            return read;
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override void Flush() { }
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
