using System.Diagnostics.CodeAnalysis;

namespace WholeSchoolSend.Core.Polls;

/// <summary>
/// Remembers what the bytes of a cell mean, so that a cell seen before costs one look-up and no text. Grows with distinct cells, not rows;
/// beyond <see cref="Most"/> distinct ones it stops remembering and asks every time.
/// </summary>
internal sealed class Utf8Lookup<T>(Func<string, T?> meaning)
    where T : class
{
    private const int Most = 100_000;

    private readonly Dictionary<byte[], T?> _known = new(Utf8Equality.Instance);

    /// <summary>The meaning of a cell; false when it has none.</summary>
    public bool TryFind(ReadOnlySpan<byte> cell, [NotNullWhen(true)] out T? found)
    {
        if (_known.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(cell, out found)) return found is not null;
        found = meaning(System.Text.Encoding.UTF8.GetString(cell));
        if (_known.Count < Most) _known.Add(cell.ToArray(), found);
        return found is not null;
    }

    private sealed class Utf8Equality : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public static readonly Utf8Equality Instance = new();

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();

        public int GetHashCode(byte[] obj) => GetHashCode(obj.AsSpan());

        public int GetHashCode(ReadOnlySpan<byte> alternate)
        {
            var hash = default(HashCode);
            hash.AddBytes(alternate);
            return hash.ToHashCode();
        }
    }
}
