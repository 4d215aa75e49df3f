using System.Buffers.Binary;
using System.Security.Cryptography;

namespace WholeSchoolSend.Core.Polls;

/// <summary>Which respondents of a file have been seen, in 16 bytes each: a short key as it is, a longer one by its hash.</summary>
internal sealed class RespondentSet
{
    private const int Shortest = 15;

    private readonly HashSet<UInt128> _seen = [];

    /// <summary>Notes a respondent; false when it was there already.</summary>
    public bool Add(ReadOnlySpan<byte> key)
    {
        Span<byte> bytes = stackalloc byte[32];
        bytes.Clear();
        if (key.Length <= Shortest)
        {
            key.CopyTo(bytes);
            bytes[Shortest] = (byte)key.Length;
        }
        else
        {
            SHA256.HashData(key, bytes);
            // No length a short key can have: the two kinds never meet.
            bytes[Shortest] = byte.MaxValue;
        }
        return _seen.Add(BinaryPrimitives.ReadUInt128LittleEndian(bytes));
    }
}
