using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace WholeSchoolSend.Core.Erasures;

/// <summary>
/// A body nobody could decode, read in every way in which a survey tool may have written a text into it: UTF-8 and UTF-16, with the escapes of JSON,
/// of addresses and forms, of HTML, and inside base64; each of these inside another.
/// </summary>
internal static partial class TextViews
{
    // A form that holds JSON that holds an address is three deep.
    private const int Deepest = 4;

    // More is no body: a few bytes of base64 inside base64 must not cost more than they are worth.
    private const int Most = 40;

    public static IReadOnlyCollection<string> Of(ReadOnlySpan<byte> bytes)
    {
        var views = new HashSet<string>(StringComparer.Ordinal);
        var next = new List<string> { Encoding.UTF8.GetString(bytes) };
        if (bytes.IndexOf((byte)0) >= 0)
        {
            next.Add(Encoding.Unicode.GetString(bytes));
            next.Add(Encoding.BigEndianUnicode.GetString(bytes));
        }
        for (var depth = 0; depth < Deepest && next.Count > 0; depth++)
        {
            var found = new List<string>();
            foreach (var view in next)
                if (views.Count < Most && views.Add(view)) found.AddRange(Decoded(view));
            next = found;
        }
        foreach (var view in next)
            if (views.Count < Most) views.Add(view);
        return views;
    }

    /// <summary>As keys are compared: see <see cref="Webhooks.Pseudonyms.Of"/>.</summary>
    public static string Normal(string text)
    {
        try
        {
            return text.Normalize(NormalizationForm.FormKC).ToLowerInvariant();
        }
        catch (ArgumentException)
        {
            // Bytes that are no text in this reading may make half of a surrogate pair, or what is no character: they are no part of a key either.
            return new string([.. text.Select(character => char.IsSurrogate(character) || character is >= '\uFDD0' and <= '\uFDEF' or >= '\uFFFE' ? ' ' : character)])
                .Normalize(NormalizationForm.FormKC).ToLowerInvariant();
        }
    }

    private static IEnumerable<string> Decoded(string view)
    {
        if (view.Contains('\\', StringComparison.Ordinal)) yield return JsonEscape().Replace(view, Unescaped);
        if (view.Contains('%', StringComparison.Ordinal) || view.Contains('+', StringComparison.Ordinal)) yield return System.Net.WebUtility.UrlDecode(view);
        if (view.Contains('%', StringComparison.Ordinal)) yield return Uri.UnescapeDataString(view);
        if (view.Contains('&', StringComparison.Ordinal)) yield return System.Net.WebUtility.HtmlDecode(view);
        if (view.Contains('=', StringComparison.Ordinal) && QuotedPrintable().IsMatch(view)) yield return QuotedPrintable().Replace(SoftBreak().Replace(view, ""), Printed);
        foreach (Match run in Base64Run().Matches(view))
            if (FromBase64(run.Value) is { } inside) yield return inside;
    }

    private static string Unescaped(Match escape) => escape.Value[1] switch
    {
        'u' => ((char)int.Parse(escape.ValueSpan[2..], NumberStyles.HexNumber, CultureInfo.InvariantCulture)).ToString(),
        'b' or 'f' or 'n' or 'r' or 't' => " ",
        var character => character.ToString(),
    };

    private static string Printed(Match run) => Encoding.UTF8.GetString(Convert.FromHexString(run.Value.Replace("=", "", StringComparison.Ordinal)));

    private static string? FromBase64(string run)
    {
        var text = run.TrimEnd('=').Replace('+', '-').Replace('/', '_');
        if (text.Length % 4 == 1) text = text[..^1];
        return Base64Url.IsValid(text) ? Encoding.UTF8.GetString(Base64Url.DecodeFromChars(text)) : null;
    }

    [GeneratedRegex("""\\(?:u[0-9A-Fa-f]{4}|["\\/bfnrt@])""", RegexOptions.CultureInvariant)]
    private static partial Regex JsonEscape();

    [GeneratedRegex("=\\r?\\n", RegexOptions.CultureInvariant)]
    private static partial Regex SoftBreak();

    [GeneratedRegex("(?:=[0-9A-F]{2}|=\\r?\\n)+", RegexOptions.CultureInvariant)]
    private static partial Regex QuotedPrintable();

    [GeneratedRegex("[A-Za-z0-9+/_-]{8,}={0,2}", RegexOptions.CultureInvariant)]
    private static partial Regex Base64Run();
}
