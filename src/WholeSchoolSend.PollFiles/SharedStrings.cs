namespace WholeSchoolSend.PollFiles;

/// <summary>
/// The texts that cells refer to by number, as UTF-8 in blocks of 1 MiB. This is the one part of a workbook kept in memory, so it is
/// limited: 48 MB of text in 2,000,000 texts, some 70 MB in all.
/// </summary>
internal sealed class SharedStrings
{
    private const int BlockSize = 1 << 20;
    private const int MaxBlocks = 48;
    private const int MaxTexts = 2_000_000;

    private readonly List<byte[]> _blocks = [];
    private readonly List<(int Start, int Length)> _texts = [];
    private int _room;

    public int Count => _texts.Count;

    public ReadOnlySpan<byte> this[int index] =>
        _texts[index] is (var start, > 0 and var length) ? _blocks[start / BlockSize].AsSpan(start % BlockSize, length) : default;

    public static SharedStrings Read(Stream? part, int maxBytes)
    {
        var strings = new SharedStrings();
        if (part is null) return strings;
        var text = new ByteBuffer(Math.Min(maxBytes, BlockSize - 8192), () => XlsxCell.TooLong(maxBytes));
        using var xml = new PartXml(part);
        while (xml.Step())
        {
            if (!xml.IsStart || xml.Depth != 1 || !xml.Is("si"u8)) continue;
            text.Clear();
            XlsxCell.AppendRichText(xml, text);
            strings.Add(text.From(0));
        }
        return strings;
    }

    private void Add(ReadOnlySpan<byte> text)
    {
        if (_texts.Count == MaxTexts) throw Package.TooLarge($"it has more than {MaxTexts} different texts");
        if (text.Length > _room)
        {
            if (_blocks.Count == MaxBlocks) throw Package.TooLarge($"its texts have more than {MaxBlocks} MB");
            _blocks.Add(GC.AllocateUninitializedArray<byte>(BlockSize));
            _room = BlockSize;
        }
        var start = Math.Max(_blocks.Count, 1) * BlockSize - _room;
        if (text.Length > 0) text.CopyTo(_blocks[^1].AsSpan(BlockSize - _room));
        _texts.Add((start, text.Length));
        _room -= text.Length;
    }
}
