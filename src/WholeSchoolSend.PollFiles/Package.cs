using System.Buffers.Binary;
using System.IO.Compression;

namespace WholeSchoolSend.PollFiles;

/// <summary>
/// The zip archive of a workbook. Everything is limited by what its directory declares, before any of it is unpacked: the runtime
/// never gives more bytes of a part than declared, and a part that is shorter, or not what its checksum says, fails in its last read.
/// </summary>
internal sealed class Package : IAsyncDisposable
{
    public const int MaxParts = 1_000;
    public const long MaxPartBytes = 300L << 20;
    public const long MaxBytes = 500L << 20;
    private const int MaxDirectoryBytes = 1 << 20;

    private readonly ZipArchive _zip;
    private readonly Dictionary<string, ZipArchiveEntry> _parts = new(StringComparer.OrdinalIgnoreCase);

    private Package(ZipArchive zip)
    {
        _zip = zip;
        long total = 0;
        if (zip.Entries.Count > MaxParts) throw TooLarge($"it has {zip.Entries.Count} parts; the limit is {MaxParts}");
        foreach (var part in zip.Entries)
        {
            var name = part.FullName;
            if (name.Length is 0 or > 512 || name[0] == '/' || name.AsSpan().IndexOfAny('\\', ':', '\0') >= 0 || name.Split('/').Contains(".."))
                throw Unsafe("A part of the workbook has a name that leads out of it.");
            if (!_parts.TryAdd(name, part)) throw Unsafe("Two parts of the workbook have the same name: which one counts is not clear.");
            if (part.Length > MaxPartBytes) throw TooLarge($"a part of it has {part.Length >> 20} MB; the limit is {MaxPartBytes >> 20}");
            total += part.Length;
        }
        if (total > MaxBytes) throw TooLarge($"it has {total >> 20} MB; the limit is {MaxBytes >> 20}");
    }

    public IEnumerable<string> Names => _parts.Keys;

    public bool Has(string name) => _parts.ContainsKey(name);

    /// <summary>Takes over the stream, which must be able to seek.</summary>
    public static async Task<Package> OpenAsync(Stream stream, CancellationToken cancellation)
    {
        try
        {
            await BoundDirectoryAsync(stream, cancellation);
            return new Package(await ZipArchive.CreateAsync(stream, ZipArchiveMode.Read, leaveOpen: false, entryNameEncoding: null, cancellation));
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }

    public Stream? Open(string name) => _parts.TryGetValue(name, out var part) ? new PartStream(part.Open(), part.Length, part.Crc32) : null;

    public async ValueTask DisposeAsync() => await _zip.DisposeAsync();

    // ZipArchive keeps an object for every line of the directory, whatever the count in the last record says: so the directory
    // itself, which reaches from where that record points to the record, must be small.
    private static async Task BoundDirectoryAsync(Stream stream, CancellationToken cancellation)
    {
        const int End = 22, Locator = 20;
        var tail = new byte[Math.Min(stream.Length, (1 << 16) + End + Locator)];
        stream.Position = stream.Length - tail.Length;
        await stream.ReadExactlyAsync(tail, cancellation);
        var at = tail.AsSpan().LastIndexOf("PK\x05\x06"u8);
        if (at < 0 || at + End > tail.Length) throw new InvalidDataException("The archive has no end: it was cut.");
        long directory = BinaryPrimitives.ReadUInt32LittleEndian(tail.AsSpan(at + 16));
        if (at >= Locator && tail.AsSpan(at - Locator).StartsWith("PK\x06\x07"u8))
        {
            var far = new byte[56];
            var position = BinaryPrimitives.ReadInt64LittleEndian(tail.AsSpan(at - Locator + 8));
            if (position < 0 || position > stream.Length - far.Length) throw new InvalidDataException("The archive's directory is not where it says.");
            stream.Position = position;
            await stream.ReadExactlyAsync(far, cancellation);
            directory = Math.Min(directory, BinaryPrimitives.ReadInt64LittleEndian(far.AsSpan(48)));
        }
        if (directory < 0 || stream.Length - tail.Length + at - directory > MaxDirectoryBytes + (1 << 16))
            throw TooLarge("its directory is longer than any workbook's");
        stream.Position = 0;
    }

    private static UnusableFileException Unsafe(string message) => new(new(PollFileCodes.WorkbookUnsafe, message));

    public static UnusableFileException TooLarge(string why) =>
        new(new(PollFileCodes.WorkbookTooLarge, $"The workbook is too large to be read: {why}. Please send the answers as a CSV file."));
}

/// <summary>One part, unpacked: counts and checks what the runtime does not, and refuses what XmlReader would have to keep in memory.</summary>
internal sealed class PartStream(Stream content, long length, uint checksum) : Stream
{
    private long _left = length;
    private uint _sum = uint.MaxValue;
    private int _sinceTag;
    private bool _checked;

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(Span<byte> buffer)
    {
        var count = content.Read(buffer);
        if (count > 0) Take(buffer[..count]);
        else if (buffer.Length > 0 && !_checked)
        {
            _checked = true;
            if (_left != 0) throw new InvalidDataException("A part of the workbook ends early.");
            if (~_sum != checksum) throw new InvalidDataException("A part of the workbook is not what was packed into it.");
        }
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    private void Take(ReadOnlySpan<byte> bytes)
    {
        _left -= bytes.Length;
        _sum = Crc32.Add(_sum, bytes);
        var first = bytes.IndexOf((byte)'<');
        if (_sinceTag + (first < 0 ? bytes.Length : first) > BoundedXml.MaxBetweenTags) throw new InvalidDataException("A tag or a text is too long.");
        _sinceTag = first < 0 ? _sinceTag + bytes.Length : bytes.Length - 1 - bytes.LastIndexOf((byte)'<');
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) content.Dispose();
        base.Dispose(disposing);
    }

    public override void Flush() { }
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}

/// <summary>The checksum of zip archives, eight bytes at a time (Kounavis and Berry 2008, IEEE Trans. Comput. 57:1550-1560, "slicing by 8").</summary>
internal static class Crc32
{
    private static readonly uint[] Tables = Build();

    public static uint Add(uint sum, ReadOnlySpan<byte> bytes)
    {
        var tables = Tables;
        for (; bytes.Length >= 8; bytes = bytes[8..])
        {
            var low = BinaryPrimitives.ReadUInt32LittleEndian(bytes) ^ sum;
            var high = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
            sum = tables[0x700 + (low & 0xFF)] ^ tables[0x600 + (low >> 8 & 0xFF)] ^ tables[0x500 + (low >> 16 & 0xFF)] ^ tables[0x400 + (low >> 24)]
                ^ tables[0x300 + (high & 0xFF)] ^ tables[0x200 + (high >> 8 & 0xFF)] ^ tables[0x100 + (high >> 16 & 0xFF)] ^ tables[high >> 24];
        }
        foreach (var octet in bytes) sum = tables[(sum ^ octet) & 0xFF] ^ sum >> 8;
        return sum;
    }

    private static uint[] Build()
    {
        var tables = new uint[8 * 256];
        for (var i = 0u; i < 256; i++)
        {
            var sum = i;
            for (var bit = 0; bit < 8; bit++) sum = (sum & 1) == 0 ? sum >> 1 : sum >> 1 ^ 0xEDB88320;
            tables[i] = sum;
        }
        for (var i = 256; i < tables.Length; i++) tables[i] = tables[tables[i - 256] & 0xFF] ^ tables[i - 256] >> 8;
        return tables;
    }
}
