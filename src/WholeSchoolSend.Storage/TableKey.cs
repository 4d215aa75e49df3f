using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace WholeSchoolSend.Storage;

/// <summary>
/// Turns text into partition and row keys: parts joined by <c>~</c>, so that rows of one kind, then of one school, lie side by side.
/// Two lists of parts never share a key, and a key reads as the text it came from in Storage Explorer.
/// </summary>
/// <remarks>
/// Printable ASCII stays as it is. <c>!</c> starts every escape: <c>!2F</c> for what Azure forbids in keys (<c>/ \ # ?</c>, control
/// characters), for <c>%</c> (proxies decode it twice), for <c>~</c> and <c>!</c> themselves and for a space at either end; <c>!u00E9</c> for
/// everything beyond ASCII, one UTF-16 unit each, so that no collation and no unpaired surrogate matters; <c>!-</c> for an empty part;
/// <c>!h</c> and a SHA-256 for the rest of a part that is too long. So <c>~</c> is the highest character of every key and never starts a
/// part, which makes "everything below this prefix" an exact range.
/// </remarks>
internal static class TableKey
{
    /// <summary>Azure takes 1 KiB, counted in UTF-16.</summary>
    public const int MaxLength = 512;

    // Three parts of this length and their kind still make a key.
    private const int MaxPart = 160;

    public static string From(params ReadOnlySpan<string> parts)
    {
        var key = new StringBuilder(128);
        foreach (var part in parts)
        {
            if (key.Length > 0) key.Append('~');
            var start = key.Length;
            Append(key, part);
            if (key.Length - start > MaxPart) Shorten(key, start, part);
        }
        ArgumentOutOfRangeException.ThrowIfZero(key.Length, nameof(parts));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(key.Length, MaxLength, nameof(parts));
        return key.ToString();
    }

    /// <summary>The keys that begin with these parts and have at least one more: from (inclusive), to (exclusive).</summary>
    public static (string From, string To) Below(params ReadOnlySpan<string> parts)
    {
        var prefix = From(parts);
        return (prefix + "~", prefix + "~~");
    }

    /// <summary>Ticks that sort the newest first.</summary>
    public static string NewestFirst(DateTimeOffset time) =>
        (DateTimeOffset.MaxValue.UtcTicks - time.UtcTicks).ToString("D19", CultureInfo.InvariantCulture);

    /// <summary>A whole number that sorts as a number.</summary>
    public static string Number(int number)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        return number.ToString("D10", CultureInfo.InvariantCulture);
    }

    public static string Day(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static void Append(StringBuilder key, string part)
    {
        if (part.Length == 0)
        {
            key.Append("!-");
            return;
        }
        for (var i = 0; i < part.Length; i++)
        {
            var c = part[i];
            if (c > '~')
                key.Append("!u").Append(((int)c).ToString("X4", CultureInfo.InvariantCulture));
            else if (c is < ' ' or '/' or '\\' or '#' or '?' or '%' or '~' or '!' || (c == ' ' && (i == 0 || i == part.Length - 1)))
                key.Append('!').Append(((int)c).ToString("X2", CultureInfo.InvariantCulture));
            else
                key.Append(c);
        }
    }

    private static void Shorten(StringBuilder key, int start, string part)
    {
        // Over the UTF-16 units: in UTF-8 all unpaired surrogates are one and the same replacement character.
        var hash = SHA256.HashData(MemoryMarshal.AsBytes(part.AsSpan()));
        key.Length = start + MaxPart - 2 - 2 * hash.Length;
        key.Append("!h").Append(Convert.ToHexStringLower(hash));
    }
}
