using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace WholeSchoolSend.PollFiles;

/// <summary>The encoding of the texts in an SPSS file, and how many characters were not valid in it.</summary>
internal sealed class SavText
{
    private static readonly UTF8Encoding Utf8Text = new(encoderShouldEmitUTF8Identifier: false);

    private readonly Encoding _encoding;
    private readonly bool _isUtf8;
    private char[] _characters = [];

    private SavText(Encoding encoding, string note) => (_encoding, _isUtf8, Note) = (encoding, encoding.CodePage == 65001, new FileNote("encoding", note));

    /// <summary>Which encoding it is, and how that was found.</summary>
    public FileNote Note { get; }

    public long Replaced { get; private set; }

    /// <summary>
    /// What was agreed goes first: files say the wrong thing about themselves. Then the name of the encoding in the file, then its code
    /// page, then windows-1252: that is what SPSS wrote in Britain before it learnt to say so.
    /// </summary>
    public static (SavText? Text, FileProblem? Problem) Find(string? name, int? codePage, PollEncoding agreed)
    {
        if (agreed == PollEncoding.Utf16) return (null, new(PollFileCodes.EncodingInvalid, "UTF-16 was agreed, which SPSS files are never written in."));
        if (agreed != PollEncoding.Detect)
            return (agreed == PollEncoding.Utf8 ? new(Utf8Text, "utf-8 (agreed)") : new(Page(1252)!, "windows-1252 (agreed)"), null);
        if (name is not null && Named(name) is { } stated) return (new(stated, $"{stated.WebName} (stated by the file)"), null);
        if (codePage is > 4 && Page(codePage.Value) is { } numbered) return (new(numbered, $"{numbered.WebName} (code page stated by the file)"), null);
        if (name is not null || codePage is not (null or 0 or 2 or 3))
            return (null, new(PollFileCodes.EncodingUnsupported,
                "The SPSS file says that its texts are in an encoding that is not read. Please save it in Unicode mode (UTF-8)."));
        return (new(Page(1252)!, "windows-1252 (the file does not say)"), null);
    }

    public string Decode(ReadOnlySpan<byte> bytes)
    {
        bytes = Trimmed(bytes);
        var text = _encoding.GetString(bytes);
        if (!Ascii.IsValid(bytes)) Replaced += text.AsSpan().Count('\uFFFD');
        return text;
    }

    /// <summary>Texts are filled up with spaces to the width of their variable; some programs fill up with NULs.</summary>
    public static ReadOnlySpan<byte> Trimmed(ReadOnlySpan<byte> bytes) => bytes[..(bytes.LastIndexOfAnyExcept((byte)' ', (byte)0) + 1)];

    /// <summary>Whether the bytes are UTF-8 as they stand.</summary>
    public bool IsUtf8(ReadOnlySpan<byte> bytes) => Ascii.IsValid(bytes) || (_isUtf8 && Utf8.IsValid(bytes));

    /// <summary>The most bytes of UTF-8 a text can become.</summary>
    public int MaxUtf8(int width) => 3 * _encoding.GetMaxCharCount(width);

    public int ToUtf8(ReadOnlySpan<byte> bytes, Span<byte> utf8)
    {
        if (_characters.Length < utf8.Length / 3) _characters = new char[utf8.Length / 3];
        var characters = _characters.AsSpan(0, _encoding.GetChars(bytes, _characters));
        Replaced += characters.Count('\uFFFD');
        return Utf8Text.GetBytes(characters, utf8);
    }

    private static Encoding? Named(string name)
    {
        var digits = name.AsSpan(name.AsSpan().LastIndexOfAnyExceptInRange('0', '9') + 1);
        var prefix = name.AsSpan(0, name.Length - digits.Length).TrimEnd("-_ ");
        if (int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var page)
            && (prefix.IsEmpty || prefix.Equals("cp", StringComparison.OrdinalIgnoreCase) || prefix.Equals("windows", StringComparison.OrdinalIgnoreCase)))
            return Page(page);
        return Usable(() => CodePagesEncodingProvider.Instance.GetEncoding(name, EncoderFallback.ReplacementFallback, new DecoderReplacementFallback("\uFFFD"))
            ?? Encoding.GetEncoding(name, EncoderFallback.ReplacementFallback, new DecoderReplacementFallback("\uFFFD")));
    }

    private static Encoding? Page(int page) => page == 65001 ? Utf8Text
        : Usable(() => CodePagesEncodingProvider.Instance.GetEncoding(page, EncoderFallback.ReplacementFallback, new DecoderReplacementFallback("\uFFFD"))
            ?? Encoding.GetEncoding(page, EncoderFallback.ReplacementFallback, new DecoderReplacementFallback("\uFFFD")));

    // Encodings that are not ASCII in their lower half, or change their meaning on the way, are never used in SPSS files.
    private static Encoding? Usable(Func<Encoding> find)
    {
        try
        {
            var encoding = find();
            return encoding.GetString("Az09 _\e$B!!~{!!~}"u8) == "Az09 _\e$B!!~{!!~}" ? encoding : null;
        }
        catch (Exception unknown) when (unknown is ArgumentException or NotSupportedException)
        {
            return null;
        }
    }
}
