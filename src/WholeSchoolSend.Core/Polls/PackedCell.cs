using System.Buffers.Binary;
using System.Security.Cryptography;

namespace WholeSchoolSend.Core.Polls;

/// <summary>
/// A cell of at most 15 bytes as one number: its bytes, then its length and one. Two cells are the same text where their numbers are the same;
/// no cell is 0, so that 0 marks what is free in a table.
/// </summary>
internal static class PackedCell
{
    public const int Longest = 15;

    // Not the same in any two processes: whoever writes a file cannot choose cells that all fall on one place.
    private static readonly ulong Seed = BinaryPrimitives.ReadUInt64LittleEndian(RandomNumberGenerator.GetBytes(8)) | 1;

    public static UInt128 Of(ReadOnlySpan<byte> cell)
    {
        var (length, low, high) = (cell.Length, 0UL, 0UL);
        if (length > 8)
        {
            low = BinaryPrimitives.ReadUInt64LittleEndian(cell);
            high = BinaryPrimitives.ReadUInt64LittleEndian(cell[^8..]) >> (8 * (16 - length));
        }
        else if (length >= 4)
        {
            // Both ends; where they overlap they say the same.
            low = BinaryPrimitives.ReadUInt32LittleEndian(cell) | ((ulong)BinaryPrimitives.ReadUInt32LittleEndian(cell[^4..]) << (8 * (length - 4)));
        }
        else if (length > 0)
        {
            low = cell[0] | ((ulong)cell[length / 2] << (8 * (length / 2))) | ((ulong)cell[^1] << (8 * (length - 1)));
        }
        return new UInt128(high | ((ulong)(length + 1) << 56), low);
    }

    /// <summary>Where to look first in a table of a power of two of places.</summary>
    public static int Place(UInt128 packed, int places)
    {
        var high = Math.BigMul(unchecked((ulong)packed) ^ Seed, (ulong)(packed >> 64) ^ 0x9E3779B97F4A7C15, out var low);
        high = Math.BigMul(high ^ low, Seed, out low);
        return (int)((high ^ low) & ((ulong)places - 1));
    }
}
