using System.Text;
using System.Xml;

namespace WholeSchoolSend.PollFiles;

/// <summary>
/// Goes forward over XML that may have been made to hurt. XmlReader streams text, but keeps a tag, the open elements and every name it
/// ever met: the first is bounded by the distance between two <c>&lt;</c> (a tag holds only its own), the second by depth, the third by room.
/// </summary>
internal sealed class BoundedXml : IDisposable
{
    /// <summary>Excel's longest cell, 32,767 characters, is written in at most 229 KB.</summary>
    public const int MaxBetweenTags = 1 << 18;
    private const int MaxDepth = 24;
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly XmlReader _xml;

    private BoundedXml(Func<XmlReaderSettings, XmlReader> open, DtdProcessing doctype) => _xml = open(new XmlReaderSettings
    {
        DtdProcessing = doctype,
        XmlResolver = null,
        MaxCharactersFromEntities = 1024,
        IgnoreComments = true,
        IgnoreProcessingInstructions = true,
        CloseInput = true,
        NameTable = new RoomyNames(),
    });

    /// <summary>
    /// A part of a package: UTF-8, or UTF-16 with its mark, whatever its first line declares (XmlReader faults while it changes from one to the
    /// other after a long declaration). No such part has a document type, so one that has is refused.
    /// </summary>
    public static BoundedXml Part(Stream part) =>
        new(settings => XmlReader.Create(new StreamReader(part, StrictUtf8, detectEncodingFromByteOrderMarks: true, 1 << 14), settings),
            DtdProcessing.Prohibit);

    /// <summary>A text that may name a document type, as every Triple-S file does: it is passed over, and nothing it declares exists.</summary>
    public static BoundedXml Document(string text)
    {
        for (int last = 0, next; last < text.Length; last = next)
        {
            next = text.IndexOf('<', last + 1);
            if (next < 0) next = text.Length;
            if (next - last > MaxBetweenTags) throw new XmlException("A tag or a text is too long.");
        }
        return new(settings => XmlReader.Create(new StringReader(text), settings), DtdProcessing.Ignore);
    }

    public string Name => _xml.LocalName;
    public string Value => _xml.Value;
    public int Depth => _xml.Depth;
    public bool IsStart => _xml.NodeType == XmlNodeType.Element;
    public bool IsEnd => _xml.NodeType == XmlNodeType.EndElement;
    public bool IsEmpty => _xml.IsEmptyElement;
    public bool IsText => _xml.NodeType is XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.Whitespace or XmlNodeType.SignificantWhitespace;

    public bool Step() =>
        _xml.Read() && (_xml.Depth <= MaxDepth ? true : throw new XmlException($"Elements are nested more than {MaxDepth} deep."));

    /// <summary>To the next start of an element; false when the element of this depth ends.</summary>
    public bool StepInside(int depth)
    {
        while (Step())
        {
            if (IsStart) return true;
            if (_xml.NodeType == XmlNodeType.EndElement && _xml.Depth <= depth) return false;
        }
        return false;
    }

    /// <summary>Past all that is inside the current element.</summary>
    public void Pass()
    {
        if (IsEmpty) return;
        for (var depth = Depth; StepInside(depth);) { }
    }

    /// <summary>An attribute whatever its namespace.</summary>
    public string? Attribute(string name)
    {
        string? found = null;
        while (found is null && _xml.MoveToNextAttribute())
            if (_xml.LocalName == name) found = _xml.Value;
        _xml.MoveToElement();
        return found;
    }

    public void Dispose() => _xml.Dispose();

    /// <summary>Names are kept for ever, so there is room for a generous vocabulary and no more.</summary>
    private sealed class RoomyNames : NameTable
    {
        private int _room = 1 << 20;

        public override string Add(char[] key, int start, int len) => Get(key, start, len) ?? base.Add(key, start, Take(len));

        private int Take(int length) =>
            (_room -= length + 64) >= 0 ? length : throw new XmlException("There are more different names than any real file has.");
    }
}

/// <summary>Bytes that grow up to a limit and are used again for the next row.</summary>
internal sealed class ByteBuffer(int limit, Func<FileProblem> tooLong)
{
    private byte[] _bytes = new byte[Math.Min(limit, 1 << 12)];

    public int Length { get; private set; }

    public Span<byte> From(int start) => _bytes.AsSpan(start, Length - start);

    public Span<byte> Slice(int start, int length) => _bytes.AsSpan(start, length);

    public void Clear() => Length = 0;

    public void CutTo(int length) => Length = length;

    public Span<byte> Room(int count)
    {
        if (Length + count > _bytes.Length)
        {
            if (Length > limit) throw new UnusableFileException(tooLong());
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, Length + count));
        }
        return _bytes.AsSpan(Length);
    }

    public void Advance(int count) => Length += count;

    public void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Room(bytes.Length));
        Advance(bytes.Length);
    }
}
