using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace WholeSchoolSend.Core.Webhooks;

/// <summary>The wording of a form's questions, found by the answer to each; what is the same question in the same words has the same hash.</summary>
public sealed partial class Questionnaire
{
    private readonly Dictionary<string, Wording> _byName = new(StringComparer.Ordinal);

    public Questionnaire(IReadOnlyList<Wording> wordings)
    {
        foreach (var wording in wordings)
        {
            _byName.TryAdd(wording.Field, wording);
            if (wording.Alias is { } alias) _byName.TryAdd(alias, wording);
        }
    }

    /// <summary>How the question of this answer is worded; null where the payload does not carry it. A hidden field is no question.</summary>
    public Wording? Find(Answer answer)
    {
        if (answer.Kind == AnswerKind.Hidden) return null;
        return _byName.TryGetValue(answer.Field, out var wording) || (answer.Alias is { } alias && _byName.TryGetValue(alias, out wording)) ? wording : null;
    }

    /// <summary>
    /// Hash of a question's text and its options in their order: the first twelve hex digits of a SHA-256 (docs/decisions/0007). Names of fields
    /// are no part of it: the same question in the copy of a form is the same question.
    /// </summary>
    public static string HashOf(Wording wording)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendPart(Plain(wording.Text));
        hash.AppendPart(wording.Options.Count.ToString(CultureInfo.InvariantCulture));
        foreach (var option in wording.Options) hash.AppendPart(Plain(option));
        Span<byte> bytes = stackalloc byte[SHA256.HashSizeInBytes];
        hash.GetHashAndReset(bytes);
        return Convert.ToHexStringLower(bytes[..6]);
    }

    /// <summary>
    /// The words alone: without markup, invisible characters and superfluous blanks, composed (NFC), and with <c>{}</c> wherever a tool puts another
    /// answer in. Case and punctuation stay: they are how it was asked.
    /// </summary>
    public static string Plain(string text)
    {
        if (text.Contains('<', StringComparison.Ordinal)) text = Tag().Replace(Block().Replace(text, " "), "");
        if (text.Contains('&', StringComparison.Ordinal)) text = WebUtility.HtmlDecode(text);
        if (text.AsSpan().IndexOfAny('{', '#') >= 0) text = Recall().Replace(text, "{}");

        var plain = new StringBuilder(text.Length);
        var blank = false;
        var runes = text.EnumerateRunes().Where(rune => !IsInvisible(rune)).ToList();
        for (var at = 0; at < runes.Count; at++)
        {
            var rune = runes[at];
            // Emphasis as Markdown and Typeform write it; an underscore inside a word is a letter.
            if (rune.Value == '*' || (rune.Value == '_' && !(at > 0 && Rune.IsLetterOrDigit(runes[at - 1]) && at + 1 < runes.Count && Rune.IsLetterOrDigit(runes[at + 1])))) continue;
            if (Rune.IsWhiteSpace(rune))
            {
                blank = plain.Length > 0;
                continue;
            }
            if (blank) plain.Append(' ');
            blank = false;
            plain.Append(rune.ToString());
        }
        return plain.ToString().Normalize(NormalizationForm.FormC);
    }

    private static bool IsInvisible(Rune rune) => rune.Value is 0x00AD or 0x200B or 0x2060 or 0xFEFF || (Rune.IsControl(rune) && !Rune.IsWhiteSpace(rune));

    [GeneratedRegex("</?(?:br|p|div|li|ul|ol|h[1-6]|tr|td)(?:[ /][^<>]*)?>", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex Block();

    [GeneratedRegex("</?[A-Za-z][^<>]*>", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Tag();

    /// <summary>Typeform's and Paperform's <c>{{…}}</c>, Qualtrics' <c>${…}</c>, Formbricks' <c>#recall:…#</c>.</summary>
    [GeneratedRegex(@"\{\{[^{}]*\}\}|\$\{[^{}]*\}|#recall:[^#]*#", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Recall();
}
