using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using System.Text;

namespace WholeSchoolSend.Benchmarks.Polls;

/// <summary>How the cells of an SPSS file are packed; the number is what its header says.</summary>
internal enum SavPacking
{
    None = 0,
    Bytecode = 1,
    Zlib = 2,
}

/// <summary>A big SPSS file of made-up respondents, row by row: record, school, date, role, codes of one digit, weight.</summary>
internal static class SavFile
{
    public const int Rows = 200_000;
    public const int Columns = 30;
    public const int Date = 2;
    public const int Role = 3;

    /// <summary>In SPSS's seconds; taken off where sums are compared, or it would hide everything else in them.</summary>
    public const double FirstDate = 14e9;

    private const int RoleWidth = 16;
    private const int Bias = 100;
    private const int BlockSize = 0x3FF000;

    private static readonly string[] Roles = ["Senior leader", "SENCO", "Middle leader", "Teacher"];

    public static async Task WriteAsync(string path, SavPacking packing)
    {
        await using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20);
        Dictionary(file, packing);
        if (packing == SavPacking.Zlib) await BlocksAsync(file);
        else Cells(file, packing);
    }

    private static string Name(int column) => column switch
    {
        0 => "RECORDNO",
        1 => "URN",
        Date => "ENDED",
        Role => "ROLE",
        Columns - 1 => "WEIGHT",
        _ => string.Create(CultureInfo.InvariantCulture, $"Q{column - Role}"),
    };

    private static void Dictionary(FileStream file, SavPacking packing)
    {
        file.Write(Encoding.ASCII.GetBytes(packing == SavPacking.Zlib ? "$FL3" : "$FL2"));
        file.Write(Encoding.ASCII.GetBytes("@(#) SPSS DATA FILE benchmark".PadRight(60)));
        Int(file, 2, -1, (int)packing, Columns + (RoleWidth / 8) - 1, Rows);   // the weight is the last cell, counted in cells of eight bytes
        Double(file, Bias);
        file.Write(Encoding.ASCII.GetBytes("24 Nov 2612:00:00".PadRight(17 + 64)));
        file.Write([0, 0, 0]);
        for (var column = 0; column < Columns; column++)
        {
            var width = column == Role ? RoleWidth : 0;
            // What kind, how wide, how many decimals.
            var format = column switch
            {
                Role => (1 << 16) | (RoleWidth << 8),
                Date => (22 << 16) | (20 << 8),
                Columns - 1 => (5 << 16) | (8 << 8) | 6,
                _ => (5 << 16) | (8 << 8),
            };
            Int(file, 2, width, 0, 0, format, format);
            file.Write(Encoding.ASCII.GetBytes(Name(column).PadRight(8)));
            for (var rest = 8; rest < width; rest += 8)
            {
                Int(file, 2, -1, 0, 0, 0, 0);
                file.Write(new byte[8]);
            }
        }
        Int(file, 7, 3, 4, 8, 30, 0, 0, 720, 1, 1, 2, 65001);
        Int(file, 7, 4, 8, 3);
        Double(file, double.MinValue);
        Double(file, double.MaxValue);
        Double(file, double.BitIncrement(double.MinValue));
        Int(file, 7, 20, 1, 5);
        file.Write("UTF-8"u8);
        Int(file, 999, 0);
    }

    /// <summary>Eight commands, then what they do not say themselves.</summary>
    private static void Cells(Stream stream, SavPacking packing)
    {
        var random = new Random(4711);
        Span<byte> commands = stackalloc byte[8];
        Span<byte> raw = stackalloc byte[64];
        var (count, length) = (0, 0);
        var role = new byte[RoleWidth];
        Span<byte> cell = stackalloc byte[8];
        for (var row = 0; row < Rows; row++)
        {
            for (var column = 0; column < Columns; column++)
            {
                if (column == Role)
                {
                    role.AsSpan().Fill((byte)' ');
                    Encoding.ASCII.GetBytes(Roles[random.Next(Roles.Length)], role);
                    for (var at = 0; at < RoleWidth; at += 8)
                    {
                        var part = role.AsSpan(at, 8);
                        Put(stream, part, part.IndexOfAnyExcept((byte)' ') < 0 ? (byte)254 : (byte)253, commands, raw);
                    }
                    continue;
                }
                var value = column switch
                {
                    0 => row,
                    1 => 100_000 + random.Next(2_000),
                    Date => FirstDate + random.Next(2_000_000),
                    Columns - 1 => (30_000 + random.Next(270_000)) / 64.0 / 1_024,
                    _ => random.Next(25) == 0 ? double.MinValue : 1 + random.Next(5),
                };
                BinaryPrimitives.WriteDoubleLittleEndian(cell, value);
                var whole = value == Math.Floor(value) && value is >= 1 - Bias and <= 251 - Bias;
                Put(stream, cell, value == double.MinValue ? (byte)255 : whole ? (byte)(value + Bias) : (byte)253, commands, raw);
            }
        }
        if (count > 0) Flush(stream, commands, raw);

        void Put(Stream stream, ReadOnlySpan<byte> eight, byte command, Span<byte> commands, Span<byte> raw)
        {
            if (packing == SavPacking.None)
            {
                stream.Write(eight);
                return;
            }
            commands[count++] = command;
            if (command == 253)
            {
                eight.CopyTo(raw[length..]);
                length += 8;
            }
            if (count == 8) Flush(stream, commands, raw);
        }

        void Flush(Stream stream, Span<byte> commands, Span<byte> raw)
        {
            commands[count..].Clear();
            stream.Write(commands);
            stream.Write(raw[..length]);
            (count, length) = (0, 0);
        }
    }

    private static async Task BlocksAsync(FileStream file)
    {
        using var data = new MemoryStream();
        Cells(data, SavPacking.Bytecode);
        var begin = file.Position;
        Long(file, begin, 0, 0);   // where the table of blocks is follows when they are written
        var blocks = new List<(int Whole, int Packed)>();
        for (var at = 0; at < data.Length; at += BlockSize)
        {
            var (before, whole) = (file.Position, (int)Math.Min(BlockSize, data.Length - at));
            await using (var deflate = new ZLibStream(file, CompressionLevel.Optimal, leaveOpen: true))
                await deflate.WriteAsync(data.GetBuffer().AsMemory(at, whole));
            blocks.Add((whole, (int)(file.Position - before)));
        }
        var table = file.Position;
        Long(file, -Bias, 0);
        Int(file, BlockSize, blocks.Count);
        var (from, to) = (begin, begin + 24);
        foreach (var (whole, packed) in blocks)
        {
            Long(file, from, to);
            Int(file, whole, packed);
            (from, to) = (from + whole, to + packed);
        }
        file.Position = begin;
        Long(file, begin, table, 24 + (24 * blocks.Count));
    }

    private static void Int(Stream stream, params ReadOnlySpan<int> values)
    {
        foreach (var value in values) stream.Write(BitConverter.GetBytes(value));
    }

    private static void Long(Stream stream, params ReadOnlySpan<long> values)
    {
        foreach (var value in values) stream.Write(BitConverter.GetBytes(value));
    }

    private static void Double(Stream stream, double value) => stream.Write(BitConverter.GetBytes(value));
}
