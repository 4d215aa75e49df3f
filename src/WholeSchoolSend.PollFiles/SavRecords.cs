using System.Buffers.Binary;

namespace WholeSchoolSend.PollFiles;

/// <summary>One record of the dictionary of an SPSS file: what it is, and where its content lies.</summary>
internal readonly record struct SavRecord(int Type, int Subtype, int Start, int End);

/// <summary>The fixed beginning of an SPSS file.</summary>
/// <param name="WeightIndex">The place of the weight, counted in cells of 8 bytes from 1; 0 means none.</param>
/// <param name="Rows">What the file says; null where it does not know.</param>
internal sealed record SavHead(bool BigEndian, int Compression, int WeightIndex, long? Rows, double Bias)
{
    public const int Length = 176;

    public static (SavHead? Head, FileProblem? Problem) Read(ReadOnlySpan<byte> bytes)
    {
        var bigEndian = BinaryPrimitives.ReadInt32LittleEndian(bytes[64..]) is not (2 or 3);
        var order = new SavOrder(bigEndian);
        if (bigEndian && order.Int32(bytes[64..]) is not (2 or 3)) return (null, SavProblems.Header("its layout is none that SPSS writes"));
        var (compression, rows, bias) = (order.Int32(bytes[72..]), order.Int32(bytes[80..]), order.Double(bytes[84..]));
        if (bytes[3] switch { (byte)'2' => compression is not (0 or 1), (byte)'3' => compression != 2, _ => true })
            return (null, SavProblems.Header("it does not say in a known way how the file is compressed"));
        if (rows < -1) return (null, SavProblems.Header("its number of rows is negative"));
        return double.IsFinite(bias)
            ? (new SavHead(bigEndian, compression, order.Int32(bytes[76..]), rows < 0 ? null : rows, bias), null)
            : (null, SavProblems.Header("the bias of its compression is not a number"));
    }
}

/// <summary>The order of the bytes in the numbers of a file: that of the machine it was written on.</summary>
internal readonly record struct SavOrder(bool BigEndian)
{
    public int Int32(ReadOnlySpan<byte> bytes) => BigEndian ? BinaryPrimitives.ReadInt32BigEndian(bytes) : BinaryPrimitives.ReadInt32LittleEndian(bytes);

    public long Int64(ReadOnlySpan<byte> bytes) => BigEndian ? BinaryPrimitives.ReadInt64BigEndian(bytes) : BinaryPrimitives.ReadInt64LittleEndian(bytes);

    public double Double(ReadOnlySpan<byte> bytes) => BitConverter.Int64BitsToDouble(Int64(bytes));
}

/// <summary>
/// Walks over the dictionary until its end mark and brings all of it into memory. Lengths are checked against what a dictionary
/// may have at most before a byte is waited for, so that a file which lies about them is refused at once.
/// </summary>
internal sealed class SavRecords(SavBytes bytes, SavOrder order, PollFileOptions options)
{
    /// <summary>5,000 questions with a hundred labels each fit.</summary>
    private const int MaxDictionaryBytes = 32 << 20;

    private int _at = SavHead.Length;
    private long _segments;

    public List<SavRecord> Found { get; } = [];

    /// <summary>Where the dictionary ends and the data begin.</summary>
    public int End => _at;

    public async Task<FileProblem?> WalkAsync(CancellationToken cancellation)
    {
        while (true)
        {
            if (await NeedAsync(4, cancellation) is { } cut) return cut;
            var type = Int(0);
            _at += 4;
            var start = _at;
            var problem = type switch
            {
                2 => await VariableAsync(cancellation),
                3 => await LabelsAsync(cancellation),
                4 => await CountedAsync(4, cancellation),
                6 => await CountedAsync(80, cancellation),
                7 => await ExtensionAsync(cancellation),
                999 => await NeedAsync(4, cancellation),
                _ => SavProblems.Dictionary("it has a record of an unknown kind"),
            };
            if (problem is not null) return problem;
            if (type == 999)
            {
                _at += 4;
                return null;
            }
            Found.Add(type == 7 ? new(type, order.Int32(bytes.Available[start..]), start + 12, _at) : new(type, 0, start, _at));
        }
    }

    private async ValueTask<FileProblem?> VariableAsync(CancellationToken cancellation)
    {
        if (await NeedAsync(28, cancellation) is { } cut) return cut;
        var (label, missing) = (Int(4), Int(8));
        if (++_segments * 8 > options.MaxRecordBytes)
            return new(PollFileCodes.RecordTooLong, $"A row of the SPSS file takes more than {options.MaxRecordBytes} bytes.");
        if (label is not (0 or 1)) return SavProblems.Dictionary("a variable does not say whether it has a label");
        if (missing is < -3 or > 3 or -1) return SavProblems.Dictionary("a variable has an impossible number of missing values");
        _at += 28;
        if (label == 1)
        {
            if (await NeedAsync(4, cancellation) is { } noLength) return noLength;
            var length = Int(0);
            _at += 4;
            if (await PassAsync(length < 0 ? -1 : (length + 3L) / 4 * 4, cancellation) is { } noLabel) return noLabel;
        }
        return await PassAsync(8L * Math.Abs(missing), cancellation);
    }

    private async ValueTask<FileProblem?> LabelsAsync(CancellationToken cancellation)
    {
        if (await NeedAsync(4, cancellation) is { } cut) return cut;
        var count = Int(0);
        _at += 4;
        for (var label = 0; label < count; label++)
        {
            if (await NeedAsync(9, cancellation) is { } noLabel) return noLabel;
            if (await PassAsync(8 + (bytes.Available[_at + 8] + 8) / 8 * 8, cancellation) is { } noText) return noText;
        }
        return count < 0 ? SavProblems.Dictionary("it has a negative number of value labels") : null;
    }

    private async ValueTask<FileProblem?> CountedAsync(int size, CancellationToken cancellation)
    {
        if (await NeedAsync(4, cancellation) is { } cut) return cut;
        var count = Int(0);
        _at += 4;
        return await PassAsync((long)count * size, cancellation);
    }

    private async ValueTask<FileProblem?> ExtensionAsync(CancellationToken cancellation)
    {
        if (await NeedAsync(12, cancellation) is { } cut) return cut;
        var (size, count) = (Int(4), Int(8));
        _at += 12;
        return await PassAsync(size < 0 || count < 0 ? -1 : (long)size * count, cancellation);
    }

    private async ValueTask<FileProblem?> PassAsync(long count, CancellationToken cancellation)
    {
        var problem = await NeedAsync(count, cancellation);
        if (problem is null) _at += (int)count;
        return problem;
    }

    private async ValueTask<FileProblem?> NeedAsync(long count, CancellationToken cancellation)
    {
        if (count < 0 || count > MaxDictionaryBytes - _at) return SavProblems.Dictionary($"a record claims to be longer than a dictionary of {MaxDictionaryBytes >> 20} MB can be");
        return await bytes.EnsureAsync(_at + (int)count, cancellation) ? null : SavProblems.Truncated("its dictionary");
    }

    private int Int(int offset) => order.Int32(bytes.Available[(_at + offset)..]);
}
