using System.Buffers.Binary;

namespace WholeSchoolSend.Fuzz;

/// <summary>Makes inputs out of seeds: the changes that break readers of binary formats and of text. The same seed of chance gives the same input.</summary>
internal sealed class Mutation(IReadOnlyList<byte[]> seeds)
{
    private const int MaxLength = 1 << 19;

    private static readonly long[] Interesting =
    [
        0, 1, -1, 2, 3, 4, 7, 8, 16, 100, 127, 128, 252, 253, 254, 255, 256, 999, 1000, 4096, 32767, 32768, 65535, 65536, 0x3FF000, 0x3FF001,
        int.MaxValue, int.MinValue, int.MaxValue - 7, uint.MaxValue, 0x40000000, long.MaxValue, long.MinValue,
        0x7FF0000000000000, 0x7FF8000000000000, unchecked((long)0xFFEFFFFFFFFFFFFF), unchecked((long)0xFFF0000000000000),
    ];

    private static readonly byte[] Characters = [0, (byte)'\t', (byte)'\n', (byte)'\r', (byte)' ', (byte)'"', (byte)'\'', (byte)',', (byte)';', (byte)'|',
        (byte)'=', (byte)'$', (byte)'<', (byte)'>', (byte)'&', 0x80, 0x81, 0xC3, 0xE2, 0xEF, 0xFE, 0xFF];

    public byte[] Input(Random chance)
    {
        if (seeds.Count == 0) return Bytes(chance, chance.Next(400));
        // Small seeds say as much as large ones and take less time: of two, the smaller.
        var (one, other) = (seeds[chance.Next(seeds.Count)], seeds[chance.Next(seeds.Count)]);
        var input = chance.Next(4) == 0 || one.Length < other.Length ? one : other;
        for (var change = 1 << chance.Next(4); change > 0; change--) input = Change(input, chance);
        return input.Length <= MaxLength ? input : input[..MaxLength];
    }

    private byte[] Change(byte[] input, Random chance)
    {
        if (input.Length < 16) return [.. input, .. Bytes(chance, 16)];
        var copy = (byte[])input.Clone();
        // Half of the changes go where the file says what it is.
        var at = chance.Next(chance.Next(2) == 0 ? Math.Min(copy.Length, 4096) : copy.Length);
        switch (chance.Next(11))
        {
            case 0: copy[at] ^= (byte)(1 << chance.Next(8)); return copy;
            case 1: copy[at] = (byte)chance.Next(256); return copy;
            case 2: copy[at] = Characters[chance.Next(Characters.Length)]; return copy;
            case 3: copy[at] = (byte)(copy[at] + chance.Next(-3, 4) & 0xFF); return copy;
            case 4 or 5: return Number(copy, at & ~3, 4, chance);
            case 6: return Number(copy, at & ~3, 8, chance);
            case 7: return copy[..at];
            case 8: return [.. copy[..at], .. Slice(copy, chance), .. copy[at..]];
            case 9: return [.. copy[..at], .. copy[Math.Min(copy.Length, at + Length(chance))..]];
            default:
                var other = seeds[chance.Next(seeds.Count)];
                return [.. copy[..at], .. other[Math.Min(other.Length, chance.Next(2) == 0 ? at : chance.Next(other.Length + 1))..]];
        }
    }

    private static byte[] Number(byte[] bytes, int at, int size, Random chance)
    {
        if (at + size > bytes.Length) return bytes;
        var place = bytes.AsSpan(at, size);
        var value = chance.Next(3) switch
        {
            0 => Interesting[chance.Next(Interesting.Length)],
            1 => Interesting[chance.Next(Interesting.Length)] & 0xFFFF,
            _ => (size == 4 ? BinaryPrimitives.ReadInt32LittleEndian(place) : BinaryPrimitives.ReadInt64LittleEndian(place) & 0xFFFFFFFFFFFF)
                + chance.Next(-9, 10),
        };
        Span<byte> whole = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(whole, value);
        whole[..size].CopyTo(place);
        if (chance.Next(4) == 0) place.Reverse();
        return bytes;
    }

    private static byte[] Slice(byte[] bytes, Random chance)
    {
        var start = chance.Next(bytes.Length);
        return bytes[start..Math.Min(bytes.Length, start + Length(chance))];
    }

    private static int Length(Random chance) => 1 << chance.Next(13);

    private static byte[] Bytes(Random chance, int length)
    {
        var bytes = new byte[length];
        chance.NextBytes(bytes);
        return bytes;
    }
}
