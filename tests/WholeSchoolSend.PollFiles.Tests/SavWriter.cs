using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace WholeSchoolSend.PollFiles.Tests;

/// <summary>A variable to be written; width 0 is a number.</summary>
internal sealed record SavVariable(string Name, int Width = 0)
{
    public string? Short { get; init; }
    public string? Label { get; init; }
    public int Format { get; init; } = 5;
    public int Measure { get; init; }
    public IReadOnlyList<(object Value, string Label)> Labels { get; init; } = [];

    /// <summary>0 to 3 single values, or -2 and -3 with a range in front.</summary>
    public int MissingCount { get; init; }

    public IReadOnlyList<object> Missing { get; init; } = [];
}

/// <summary>Writes small SPSS files of every kind, right ones and wrong ones, for what no program at hand writes.</summary>
internal sealed record SavWriter(params SavVariable[] Variables)
{
    public bool BigEndian { get; init; }
    public int Compression { get; init; } = 1;
    public double Bias { get; init; } = 100;
    public Encoding Encoding { get; init; } = Encoding.UTF8;
    public string? EncodingName { get; init; } = "UTF-8";
    public int? CodePage { get; init; } = 65001;
    public double SystemMissing { get; init; } = double.MinValue;
    public int? Rows { get; init; }
    public long? LongRows { get; init; }
    public int WeightIndex { get; init; }
    public int BlockSize { get; init; } = 0x3FF000;
    public bool LongNames { get; init; } = true;
    public IReadOnlyList<(int Subtype, int Size, byte[] Bytes)> Extensions { get; init; } = [];

    /// <summary>Written between dictionary and end mark.</summary>
    public byte[] Extra { get; init; } = [];

    public byte[] Write(params object?[][] rows)
    {
        var file = new MemoryStream();
        Header(file, rows.Length);
        foreach (var variable in Variables) Variable(file, variable);
        foreach (var variable in Variables.Where(variable => variable.Labels.Count > 0 && variable.Width <= 8)) ValueLabels(file, variable);
        Extension(file, 3, 4, [.. new[] { 30, 0, 0, 720, 1, 1, BigEndian ? 1 : 2, CodePage ?? 0 }.SelectMany(Int)]);
        Extension(file, 4, 8, [.. Double(SystemMissing), .. Double(double.MaxValue), .. Double(double.BitIncrement(double.MinValue))]);
        Extension(file, 11, 4, [.. Variables.SelectMany(variable =>
            Enumerable.Range(0, Parts(variable)).SelectMany(_ => (int[])[variable.Measure, 8, 1])).SelectMany(Int)]);
        if (LongNames) Extension(file, 13, 1, Encoding.GetBytes(string.Join('\t', Variables.Select(variable => $"{Short(variable)}={variable.Name}"))));
        if (Variables.Any(variable => variable.Width > 255))
            Extension(file, 14, 1, Encoding.GetBytes(string.Concat(Variables.Where(variable => variable.Width > 255)
                .Select(variable => $"{Short(variable)}={variable.Width:00000}\0\t"))));
        if (LongRows is { } count) Extension(file, 16, 8, [.. Long(1), .. Long(count)]);
        if (EncodingName is not null) Extension(file, 20, 1, Encoding.ASCII.GetBytes(EncodingName));
        foreach (var variable in Variables.Where(variable => variable.Labels.Count > 0 && variable.Width > 8)) Extension(file, 21, 1, LongLabels(variable));
        foreach (var (subtype, size, bytes) in Extensions) Extension(file, subtype, size, bytes);
        file.Write(Extra);
        file.Write([.. Int(999), .. Int(0)]);

        byte[] plain = [.. rows.SelectMany(row => Variables.SelectMany((variable, column) => Cell(variable, row[column])))];
        var data = Compression == 0 ? plain : Compressed(plain);
        if (Compression < 2) file.Write(data);
        else Blocks(file, data);
        return file.ToArray();
    }

    public byte[] Int(int value) => Ordered(BitConverter.GetBytes(value));

    public byte[] Long(long value) => Ordered(BitConverter.GetBytes(value));

    public byte[] Double(double value) => Ordered(BitConverter.GetBytes(value));

    private byte[] Ordered(byte[] littleEndian) => BigEndian ? [.. littleEndian.Reverse()] : littleEndian;

    private static int Parts(SavVariable variable) => variable.Width > 255 ? (variable.Width + 251) / 252 : 1;

    private static string Short(SavVariable variable) => variable.Short ?? variable.Name[..Math.Min(8, variable.Name.Length)].ToUpperInvariant();

    private static byte[] Padded(byte[] bytes, int length, byte filling = 0x20) =>
        [.. bytes.Take(length), .. Enumerable.Repeat(filling, Math.Max(0, length - bytes.Length))];

    private void Header(Stream file, int rows)
    {
        file.Write(Encoding.ASCII.GetBytes(Compression == 2 ? "$FL3" : "$FL2"));
        file.Write(Padded("@(#) SPSS DATA FILE tests"u8.ToArray(), 60));
        file.Write([.. Int(2), .. Int(-1), .. Int(Compression), .. Int(WeightIndex), .. Int(Rows ?? rows), .. Double(Bias)]);
        file.Write(Padded("24 Nov 2608:00:00"u8.ToArray(), 17 + 64));
        file.Write(new byte[3]);
    }

    private void Variable(Stream file, SavVariable variable)
    {
        for (var part = 0; part < Parts(variable); part++)
        {
            var width = Parts(variable) == 1 ? variable.Width : part < Parts(variable) - 1 ? 255 : variable.Width - 252 * part;
            var label = part == 0 && variable.Label is not null ? Encoding.GetBytes(variable.Label) : null;
            var format = Int(width > 0 ? 1 << 16 | width << 8 : variable.Format << 16 | (variable.Format == 22 ? 20 : 8) << 8 | (variable.Format == 5 ? 2 : 0));
            file.Write([.. Int(2), .. Int(width), .. Int(label is null ? 0 : 1), .. Int(part == 0 ? variable.MissingCount : 0), .. format, .. format]);
            file.Write(Padded(Encoding.GetBytes(part == 0 ? Short(variable) : $"{Short(variable)[..Math.Min(5, Short(variable).Length)]}{part}"), 8));
            if (label is not null) file.Write([.. Int(label.Length), .. Padded(label, (label.Length + 3) / 4 * 4)]);
            if (part == 0)
                foreach (var missing in variable.Missing) file.Write(Eight(missing));
            for (var cell = 1; cell < (width + 7) / 8; cell++)
                file.Write([.. Int(2), .. Int(-1), .. Int(0), .. Int(0), .. Int(0), .. Int(0), .. Padded([], 8)]);
        }
    }

    private byte[] Eight(object value) => value is string text ? Padded(Encoding.GetBytes(text), 8) : Double(Convert.ToDouble(value, null));

    private void ValueLabels(Stream file, SavVariable variable)
    {
        file.Write([.. Int(3), .. Int(variable.Labels.Count)]);
        foreach (var (value, label) in variable.Labels)
        {
            var text = Encoding.GetBytes(label);
            file.Write([.. Eight(value), (byte)text.Length, .. Padded(text, (text.Length + 8) / 8 * 8 - 1)]);
        }
        file.Write([.. Int(4), .. Int(1), .. Int(Segment(variable) + 1)]);
    }

    private byte[] LongLabels(SavVariable variable)
    {
        var name = Encoding.GetBytes(variable.Name);
        byte[] bytes = [.. Int(name.Length), .. name, .. Int(variable.Width), .. Int(variable.Labels.Count)];
        foreach (var (value, label) in variable.Labels)
            bytes = [.. bytes, .. Int(variable.Width), .. Padded(Encoding.GetBytes((string)value), variable.Width), .. Int(Encoding.GetByteCount(label)),
                .. Encoding.GetBytes(label)];
        return bytes;
    }

    public int Segment(SavVariable variable) => Variables.TakeWhile(other => other != variable).Sum(other => Cells(other));

    private static int Cells(SavVariable variable)
    {
        if (variable.Width <= 255) return Math.Max(1, (variable.Width + 7) / 8);
        return 32 * (Parts(variable) - 1) + (variable.Width - 252 * (Parts(variable) - 1) + 7) / 8;
    }

    private void Extension(Stream file, int subtype, int size, byte[] bytes) =>
        file.Write([.. Int(7), .. Int(subtype), .. Int(size), .. Int(bytes.Length / size), .. bytes]);

    private byte[] Cell(SavVariable variable, object? value)
    {
        if (variable.Width == 0) return Double(value is null ? double.MinValue : Convert.ToDouble(value, null));
        var bytes = Padded(Encoding.GetBytes((string)value!), variable.Width);
        if (variable.Width <= 255) return Padded(bytes, 8 * Cells(variable));
        var last = Parts(variable) - 1;
        return [.. Enumerable.Range(0, last + 1).SelectMany(part =>
            Padded([.. bytes.Skip(255 * part).Take(255)], part < last ? 256 : 8 * (Cells(variable) - 32 * last)))];
    }

    private byte[] Compressed(byte[] plain)
    {
        var isText = Variables.SelectMany(variable => Enumerable.Repeat(variable.Width > 0, Cells(variable))).ToArray();
        var output = new List<byte>();
        var commands = new List<byte>();
        var raw = new List<byte>();
        for (var cell = 0; cell < plain.Length / 8; cell++)
        {
            var bytes = plain[(8 * cell)..(8 * cell + 8)];
            var value = BigEndian ? BinaryPrimitives.ReadDoubleBigEndian(bytes) : BinaryPrimitives.ReadDoubleLittleEndian(bytes);
            var text = isText[cell % isText.Length];
            if (text && bytes.All(octet => octet == 0x20)) commands.Add(254);
            else if (!text && value == double.MinValue) commands.Add(255);
            else if (!text && value == Math.Floor(value) && value + Bias is >= 1 and <= 251 && !double.IsNegative(value)) commands.Add((byte)(value + Bias));
            else
            {
                commands.Add(253);
                raw.AddRange(bytes);
            }
            if (commands.Count == 8) Flush();
        }
        if (commands.Count > 0)
        {
            commands.AddRange(Enumerable.Repeat((byte)0, 8 - commands.Count));
            Flush();
        }
        return [.. output];

        void Flush()
        {
            output.AddRange(commands);
            output.AddRange(raw);
            commands.Clear();
            raw.Clear();
        }
    }

    private void Blocks(Stream file, byte[] data)
    {
        var header = file.Position;
        var blocks = data.Chunk(BlockSize).Select(chunk =>
        {
            var packed = new MemoryStream();
            using (var deflate = new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true)) deflate.Write(chunk);
            return (Packed: packed.ToArray(), chunk.Length);
        }).ToList();
        var table = header + 24 + blocks.Sum(block => block.Packed.Length);
        file.Write([.. Long(header), .. Long(table), .. Long(24 + 24 * blocks.Count)]);
        foreach (var block in blocks) file.Write(block.Packed);
        file.Write([.. Long(-100), .. Long(0), .. Int(BlockSize), .. Int(blocks.Count)]);
        var (uncompressed, compressed) = (header, header + 24);
        foreach (var block in blocks)
        {
            file.Write([.. Long(uncompressed), .. Long(compressed), .. Int(block.Length), .. Int(block.Packed.Length)]);
            (uncompressed, compressed) = (uncompressed + block.Length, compressed + block.Packed.Length);
        }
    }
}
