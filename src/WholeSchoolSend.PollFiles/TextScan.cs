using System.Buffers;
using System.Text;

namespace WholeSchoolSend.PollFiles;

/// <summary>Counts, block by block, what decides the encoding of a text and what makes it unusable. Lines are those of the file.</summary>
internal sealed class TextScan(Encoding? utf16)
{
    private static readonly SearchValues<byte> Controls = SearchValues.Create(
        [1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31]);
    private static readonly SearchValues<byte> UndefinedIn1252 = SearchValues.Create([0x81, 0x8D, 0x8F, 0x90, 0x9D]);

    private const int MaxCharacters = TextInspection.BlockSize / 2 + 2;

    private readonly Decoder? _decoder = StrictDecoder(utf16);
    private readonly byte[] _decoded = utf16 is null ? [] : GC.AllocateUninitializedArray<byte>(3 * MaxCharacters);
    private readonly char[] _characters = utf16 is null ? [] : GC.AllocateUninitializedArray<char>(MaxCharacters);
    private long _bytes;
    private long _lines;
    private byte _last;

    public bool IsEmpty => _bytes == 0 && Invalid == 0;

    /// <summary>Several lines, the last without the line break the others have: what a file that was cut looks like.</summary>
    public bool EndsInsideLine => _lines > 0 && _last is not ((byte)'\n' or (byte)'\r' or 0x1A);

    public long? Nul { get; private set; }
    public long FirstControl { get; private set; }
    public long FirstUndefined { get; private set; }
    public long Valid { get; private set; }
    public long Invalid { get; private set; }
    public long FirstInvalid { get; private set; }
    public long Replacements { get; private set; }
    public long FirstReplacement { get; private set; }

    /// <summary>Takes a block; says how many bytes at its end it wants to see again, in front of the next.</summary>
    public int Take(ReadOnlySpan<byte> block, bool last)
    {
        if (_decoder is null) return TakeUtf8(block, last);
        try
        {
            var characters = _decoder.GetChars(block, _characters, flush: last);
            TakeUtf8(_decoded.AsSpan(0, Encoding.UTF8.GetBytes(_characters.AsSpan(0, characters), _decoded)), last: true);
        }
        catch (DecoderFallbackException)   // half a character: the decoder has no other way to say it
        {
            if (Invalid++ == 0) FirstInvalid = _lines + 1;
        }
        return 0;
    }

    private int TakeUtf8(ReadOnlySpan<byte> block, bool last)
    {
        if (_bytes == 0 && block.StartsWith<byte>([0xEF, 0xBB, 0xBF])) block = block[3..];
        var kept = last ? 0 : UnfinishedTail(block);
        block = block[..^kept];
        _bytes += block.Length;
        if (!block.IsEmpty) _last = block[^1];
        if (Nul is null && block.IndexOf((byte)0) is >= 0 and var nul) Nul = LineOf(block, nul);
        if (FirstControl == 0 && block.IndexOfAny(Controls) is >= 0 and var control) FirstControl = LineOf(block, control);
        if (!Ascii.IsValid(block)) TakeCharacters(block);
        _lines += block.Count((byte)'\n');
        return kept;
    }

    private void TakeCharacters(ReadOnlySpan<byte> block)
    {
        if (FirstUndefined == 0 && block.IndexOfAny(UndefinedIn1252) is >= 0 and var undefined) FirstUndefined = LineOf(block, undefined);
        for (var at = 0; block[at..].IndexOfAnyExceptInRange((byte)0, (byte)0x7F) is >= 0 and var skip;)
        {
            at += skip;
            if (Rune.DecodeFromUtf8(block[at..], out var character, out var length) != OperationStatus.Done)
            {
                if (Invalid++ == 0) FirstInvalid = LineOf(block, at);
            }
            else
            {
                Valid++;
                if (character == Rune.ReplacementChar && Replacements++ == 0) FirstReplacement = LineOf(block, at);
            }
            at += length;
        }
    }

    private long LineOf(ReadOnlySpan<byte> block, int offset) => _lines + block[..offset].Count((byte)'\n') + 1;

    private static int UnfinishedTail(ReadOnlySpan<byte> block)
    {
        for (var back = 1; back <= Math.Min(3, block.Length); back++)
        {
            var octet = block[^back];
            if ((octet & 0xC0) == 0x80) continue;
            var length = octet >= 0xF0 ? 4 : octet >= 0xE0 ? 3 : octet >= 0xC0 ? 2 : 1;
            return length > back ? back : 0;
        }
        return 0;
    }

    private static Decoder? StrictDecoder(Encoding? utf16)
    {
        if (utf16?.GetDecoder() is not { } decoder) return null;
        decoder.Fallback = DecoderFallback.ExceptionFallback;
        return decoder;
    }
}
