using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace WholeSchoolSend.Core.Webhooks;

/// <summary>The wording of a form's questions, found by the answer to each; what is the same question in the same words has the same hash.</summary>
public sealed partial class Questionnaire
{
    // Adapters give the same list for the same words where they can: its questions are found and hashed once.
    private static readonly ConditionalWeakTable<IReadOnlyList<Wording>, Questionnaire> Known = [];

    private readonly Dictionary<string, Question> _byName;

    private Questionnaire(IReadOnlyList<Wording> wordings)
    {
        _byName = new Dictionary<string, Question>(2 * wordings.Count, StringComparer.Ordinal);
        foreach (var question in wordings.Select(wording => new Question(wording)))
        {
            _byName.TryAdd(question.Wording.Field, question);
            if (question.Wording.Alias is { } alias) _byName.TryAdd(alias, question);
        }
    }

    public static Questionnaire Of(IReadOnlyList<Wording> wordings) => Known.GetValue(wordings, static list => new Questionnaire(list));

    /// <summary>Hash of how the question of this answer is worded; null where the payload does not carry it. A hidden field is no question.</summary>
    public string? HashFor(Answer answer)
    {
        if (answer.Kind == AnswerKind.Hidden) return null;
        return _byName.TryGetValue(answer.Field, out var question) || (answer.Alias is { } alias && _byName.TryGetValue(alias, out question)) ? question.Hash : null;
    }

    /// <summary>Is this how the question of an answer is worded?</summary>
    public static bool IsOf(Wording wording, Answer answer) =>
        answer.Field == wording.Field || answer.Field == wording.Alias || (answer.Alias is { } alias && (alias == wording.Field || alias == wording.Alias));

    /// <summary>
    /// Hash of a question's text and its options in their order: the first twelve hex digits of a SHA-256 (docs/decisions/0007). Names of fields
    /// are no part of it: the same question in the copy of a form is the same question.
    /// </summary>
    public static string HashOf(Wording wording)
    {
        // Every response pays for this: one rented buffer, no object of the hash's own.
        string[] parts = [Plain(wording.Text), wording.Options.Count.ToString(CultureInfo.InvariantCulture), .. wording.Options.Select(Plain)];
        var buffer = ArrayPool<byte>.Shared.Rent(parts.Sum(part => sizeof(int) + Encoding.UTF8.GetByteCount(part)));
        var length = 0;
        foreach (var part in parts)
        {
            var bytes = Encoding.UTF8.GetBytes(part, buffer.AsSpan(length + sizeof(int)));
            BinaryPrimitives.WriteInt32BigEndian(buffer.AsSpan(length), bytes);
            length += sizeof(int) + bytes;
        }
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(buffer.AsSpan(0, length), hash);
        ArrayPool<byte>.Shared.Return(buffer);
        return Convert.ToHexStringLower(hash[..6]);
    }

    /// <summary>
    /// The words alone: without markup, invisible characters and superfluous blanks, composed (NFC), and with <c>{}</c> wherever a tool puts another
    /// answer in. Case and punctuation stay: they are how it was asked.
    /// </summary>
    public static string Plain(string text)
    {
        if (IsPlain(text)) return text;
        if (text.Contains('<', StringComparison.Ordinal)) text = Tag().Replace(Block().Replace(text, " "), "");
        if (text.Contains('&', StringComparison.Ordinal)) text = WebUtility.HtmlDecode(text);
        if (text.AsSpan().IndexOfAny('{', '#') >= 0) text = Recall().Replace(text, "{}");

        var plain = new StringBuilder(text.Length);
        var runes = text.EnumerateRunes().Where(rune => !IsInvisible(rune)).ToList();
        Span<char> letters = stackalloc char[2];
        for (var at = 0; at < runes.Count; at++)
        {
            var rune = runes[at];
            // Emphasis as Markdown and Typeform write it; an underscore inside a word is a letter.
            if (rune.Value == '*' || (rune.Value == '_' && !(IsLetter(at - 1) && IsLetter(at + 1)))) continue;
            if (!Rune.IsWhiteSpace(rune)) plain.Append(letters[..rune.EncodeToUtf16(letters)]);
            else if (plain.Length > 0 && plain[^1] != ' ') plain.Append(' ');
        }
        if (plain.Length > 0 && plain[^1] == ' ') plain.Length--;
        return plain.ToString().Normalize(NormalizationForm.FormC);

        bool IsLetter(int at) => at >= 0 && at < runes.Count && Rune.IsLetterOrDigit(runes[at]);
    }

    /// <summary>Most texts are plain as they come, and cost nothing then.</summary>
    private static bool IsPlain(string text)
    {
        var before = ' ';
        foreach (var c in text)
        {
            if (c is not (>= ' ' and <= '~') || c is '<' or '&' or '{' or '#' or '*' or '_' || (c == ' ' && before == ' ')) return false;
            before = c;
        }
        return before != ' ';
    }

    private static bool IsInvisible(Rune rune) => rune.Value is 0x00AD or 0x200B or 0x2060 or 0xFEFF || (Rune.IsControl(rune) && !Rune.IsWhiteSpace(rune));

    private sealed class Question(Wording wording)
    {
        public Wording Wording => wording;

        public string Hash => field ??= HashOf(wording);
    }

    [GeneratedRegex(
        "</?(?:br|p|div|li|ul|ol|h[1-6]|tr|td)(?:[ /][^<>]*)?>", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex Block();

    [GeneratedRegex("</?[A-Za-z][^<>]*>", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Tag();

    /// <summary>Typeform's and Paperform's <c>{{…}}</c>, Qualtrics' <c>${…}</c>, Formbricks' <c>#recall:…#</c>.</summary>
    [GeneratedRegex(@"\{\{[^{}]*\}\}|\$\{[^{}]*\}|#recall:[^#]*#", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Recall();
}
