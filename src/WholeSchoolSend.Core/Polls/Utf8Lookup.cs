using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace WholeSchoolSend.Core.Polls;

/// <summary>
/// Remembers what the bytes of a cell mean, so that a cell seen before costs one look-up and no text. Grows with distinct cells, not rows;
/// beyond <see cref="Most"/> distinct ones it stops remembering and asks every time.
/// </summary>
internal sealed class Utf8Lookup<T>(Func<string, T?> meaning)
    where T : class
{
    private const int Most = 100_000;

    // Nearly every cell is short. Open addressing, at most half full, and the number says the whole cell: nothing else is compared.
    private (UInt128 Cell, T? Meaning)[] _short = new (UInt128, T?)[16];
    private int _shorts;
    private Dictionary<string, T?>? _long;

    /// <summary>The meaning of a cell; false when it has none.</summary>
    public bool TryFind(ReadOnlySpan<byte> cell, [NotNullWhen(true)] out T? found)
    {
        if (cell.Length > PackedCell.Longest) return TryFindLong(cell, out found);
        var packed = PackedCell.Of(cell);
        ref var place = ref Place(packed);
        if (place.Cell == packed)
        {
            found = place.Meaning;
            return found is not null;
        }
        found = meaning(Encoding.UTF8.GetString(cell));
        if (_shorts < Most) Remember(packed, found);
        return found is not null;
    }

    private bool TryFindLong(ReadOnlySpan<byte> cell, [NotNullWhen(true)] out T? found)
    {
        var text = Encoding.UTF8.GetString(cell);
        _long ??= new Dictionary<string, T?>(StringComparer.Ordinal);
        if (_long.TryGetValue(text, out found)) return found is not null;
        found = meaning(text);
        if (_long.Count < Most) _long.Add(text, found);
        return found is not null;
    }

    /// <summary>Where the cell is, or the free place where it would be.</summary>
    private ref (UInt128 Cell, T? Meaning) Place(UInt128 packed)
    {
        var places = _short;
        var at = PackedCell.Place(packed, places.Length);
        while (places[at].Cell != packed && places[at].Cell != UInt128.Zero) at = (at + 1) & (places.Length - 1);
        return ref places[at];
    }

    private void Remember(UInt128 packed, T? found)
    {
        if (++_shorts > _short.Length / 2)
        {
            var before = _short;
            _short = new (UInt128, T?)[before.Length * 2];
            foreach (var known in before)
                if (known.Cell != UInt128.Zero) Place(known.Cell) = known;
        }
        Place(packed) = (packed, found);
    }
}
