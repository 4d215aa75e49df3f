using System.Buffers.Binary;
using System.Security.Cryptography;

namespace WholeSchoolSend.Core.Polls;

/// <summary>Which respondents of a file have been seen: a short key as it is, a longer one by its hash; 16 bytes each, at most 16 more to find them.</summary>
internal sealed class RespondentSet
{
    private const int BlockSize = 4096;

    // Keys lie in the order they came and are never moved: only the small table grows by being copied. It holds their numbers from 1; 0 is free.
    private readonly List<UInt128[]> _blocks = [];
    private int[] _table = new int[64];
    private int _count;

    /// <summary>Notes a respondent; false when it was there already.</summary>
    public bool Add(ReadOnlySpan<byte> key)
    {
        var packed = key.Length <= PackedCell.Longest ? PackedCell.Of(key) : Hashed(key);
        var at = PackedCell.Place(packed, _table.Length);
        while (_table[at] is > 0 and var number)
        {
            if (Key(number) == packed) return false;
            at = (at + 1) & (_table.Length - 1);
        }
        if (_count % BlockSize == 0) _blocks.Add(new UInt128[BlockSize]);
        _blocks[^1][_count++ % BlockSize] = packed;
        _table[at] = _count;
        if (_count > _table.Length / 4 * 3) Grow();
        return true;
    }

    private ref UInt128 Key(int number) => ref _blocks[(number - 1) / BlockSize][(number - 1) % BlockSize];

    private void Grow()
    {
        var table = new int[_table.Length * 2];
        for (var number = 1; number <= _count; number++)
        {
            var at = PackedCell.Place(Key(number), table.Length);
            while (table[at] > 0) at = (at + 1) & (table.Length - 1);
            table[at] = number;
        }
        _table = table;
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
