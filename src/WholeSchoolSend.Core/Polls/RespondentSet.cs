using System.Buffers.Binary;
using System.Security.Cryptography;

namespace WholeSchoolSend.Core.Polls;

/// <summary>Which respondents of a file have been seen, in 16 bytes each and as much again of free places: a short key as it is, a longer one by its hash.</summary>
internal sealed class RespondentSet
{
    // Open addressing in many small tables: what is copied when one of them grows is never much.
    private const int Parts = 256;

    private readonly UInt128[][] _parts = new UInt128[Parts][];
    private readonly int[] _counts = new int[Parts];

    /// <summary>Notes a respondent; false when it was there already.</summary>
    public bool Add(ReadOnlySpan<byte> key)
    {
        var packed = key.Length <= PackedCell.Longest ? PackedCell.Of(key) : Hashed(key);
        // The lowest bits choose the part, those above them the place.
        var hash = PackedCell.Place(packed, 1 << 30);
        var part = hash & (Parts - 1);
        var places = _parts[part] ??= new UInt128[16];
        var at = Find(places, packed, hash);
        if (places[at] == packed) return false;
        if (++_counts[part] > places.Length / 8 * 7)
        {
            _parts[part] = Larger(places);
            places = _parts[part];
            at = Find(places, packed, hash);
        }
        places[at] = packed;
        return true;
    }

    private static int Find(UInt128[] places, UInt128 packed, int hash)
    {
        var at = (hash / Parts) & (places.Length - 1);
        while (places[at] != packed && places[at] != UInt128.Zero) at = (at + 1) & (places.Length - 1);
        return at;
    }

    private static UInt128[] Larger(UInt128[] before)
    {
        var places = new UInt128[before.Length * 2];
        foreach (var packed in before)
            if (packed != UInt128.Zero) places[Find(places, packed, PackedCell.Place(packed, 1 << 30))] = packed;
        return places;
    }

    private static UInt128 Hashed(ReadOnlySpan<byte> key)
    {
        Span<byte> bytes = stackalloc byte[32];
        SHA256.HashData(key, bytes);
        // No length a short key can have: the two kinds never meet.
        bytes[PackedCell.Longest] = byte.MaxValue;
        return BinaryPrimitives.ReadUInt128LittleEndian(bytes);
    }
}
