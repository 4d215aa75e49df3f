using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Unicode;
using System.Xml;

namespace WholeSchoolSend.PollFiles;

/// <summary>
/// Goes forward over the XML of a sheet or of its texts, in bytes. XmlReader makes a string of every attribute and looks every name up: three
/// million cells cost it more than unpacking them ten times. This knows what those two kinds of part hold: elements, attributes, text, the five
/// entities and numbered characters. A document type is refused, and so are tags that do not match; namespaces are passed over.
/// </summary>
internal sealed class PartXml : IDisposable
{
    private const int MaxToken = 2 * BoundedXml.MaxBetweenTags;
    private const int MaxDepth = 24;
    private const int MaxName = 128;
    private static readonly SearchValues<byte> Special =
        SearchValues.Create([(byte)'&', .. Enumerable.Range(0, 32).Where(octet => octet is not ('\t' or '\n')).Select(octet => (byte)octet)]);
    private static readonly SearchValues<byte> EndOfName = SearchValues.Create(" \t\r\n/>="u8);
    private static readonly SearchValues<byte> EndOrQuote = SearchValues.Create(">\"'"u8);

    private readonly Stream _part;
    private readonly byte[] _names = new byte[MaxDepth * MaxName];
    private readonly int[] _nameLengths = new int[MaxDepth];
    private byte[] _buffer = new byte[1 << 16];
    private int _at, _end, _open;
    private int _nameStart, _nameLength, _attribute, _tagEnd, _textStart, _textLength, _valueStart, _valueLength;
    private bool _ended, _isRaw, _hadRoot;
    private Token _token;

    public PartXml(Stream part)
    {
        _part = part;
        Need(3);
        // A part is UTF-8, or UTF-16 with its mark.
        if (Ahead("\uFEFF"u8)) _at += 3;
        else if (_end >= 2 && (_buffer[0], _buffer[1]) is (0xFF, 0xFE) or (0xFE, 0xFF))
        {
            _part = Encoding.CreateTranscodingStream(new Prefixed(_buffer[.._end], part), _buffer[0] == 0xFF ? Encoding.Unicode : Encoding.BigEndianUnicode,
                Encoding.UTF8);
            (_at, _end) = (0, 0);
            Need(3);
            if (Ahead("\uFEFF"u8)) _at += 3;
        }
    }

    private enum Token : byte { None, Start, End, Text }

    public bool IsStart => _token == Token.Start;

    public bool IsEmpty { get; private set; }

    /// <summary>How many elements are open around the current one.</summary>
    public int Depth { get; private set; }

    /// <summary>Is this the name of the current element, or attribute, whatever its prefix?</summary>
    public bool Is(ReadOnlySpan<byte> name) => _buffer.AsSpan(_nameStart, _nameLength).SequenceEqual(name);

    /// <summary>The value of the current attribute as written.</summary>
    public ReadOnlySpan<byte> Value => _buffer.AsSpan(_valueStart, _valueLength);

    public bool Step()
    {
        while (true)
        {
            if (!Need(1)) return _open == 0 && _hadRoot ? false : throw Broken("The part ends early.");
            if (_buffer[_at] != '<')
            {
                if (TakeText()) return true;
                continue;
            }
            Need(9);
            switch (_at + 1 < _end ? _buffer[_at + 1] : 0)
            {
                case (byte)'/':
                    EndTag();
                    return true;
                case (byte)'?':
                    _at += Find("?>"u8, 2) + 2;
                    continue;
                case (byte)'!' when Ahead("<!--"u8):
                    _at += Find("-->"u8, 4) + 3;
                    continue;
                case (byte)'!' when Ahead("<![CDATA["u8) && _open > 0:
                    var length = Find("]]>"u8, 9);
                    (_token, _isRaw, Depth) = (Token.Text, true, _open);
                    (_textStart, _textLength) = (_at + 9, length - 9);
                    _at += length + 3;
                    return true;
                case (byte)'!':
                    throw Broken("For security reasons DTD is prohibited.");
                default:
                    StartTag();
                    return true;
            }
        }
    }

    /// <summary>To the next start of an element; false when the element of this depth ends.</summary>
    public bool StepInside(int depth)
    {
        while (Step())
        {
            if (_token == Token.Start) return true;
            if (_token == Token.End && Depth <= depth) return false;
        }
        return false;
    }

    /// <summary>Past all that is inside the current element.</summary>
    public void Pass()
    {
        if (IsEmpty) return;
        for (var depth = Depth; StepInside(depth);) { }
    }

    public bool NextAttribute()
    {
        while (_attribute < _tagEnd && IsSpace(_buffer[_attribute])) _attribute++;
        if (_attribute >= _tagEnd) return false;
        var rest = _buffer.AsSpan(_attribute, _tagEnd - _attribute);
        var name = rest.IndexOfAny(EndOfName);
        if (name <= 0) throw Broken("An attribute has no value.");
        var at = name;
        while (at < rest.Length && IsSpace(rest[at])) at++;
        if (at >= rest.Length || rest[at++] != '=') throw Broken("An attribute has no value.");
        while (at < rest.Length && IsSpace(rest[at])) at++;
        if (at >= rest.Length || rest[at] is not ((byte)'"' or (byte)'\'')) throw Broken("An attribute's value is not in quotes.");
        var length = rest[(at + 1)..].IndexOf(rest[at]);
        if (length < 0) throw Broken("An attribute's value does not end.");
        Name(_attribute, name);
        (_valueStart, _valueLength) = (_attribute + at + 1, length);
        _attribute += at + length + 2;
        return true;
    }

    /// <summary>Appends the text directly inside the current element, as UTF-8.</summary>
    public void AppendText(ByteBuffer to)
    {
        if (IsEmpty) return;
        for (var depth = Depth; Step() && !(_token == Token.End && Depth == depth);)
        {
            if (_token == Token.Start) Pass();
            else Append(_buffer.AsSpan(_textStart, _textLength), to);
        }
    }

    public void Dispose() => _part.Dispose();

    private void Append(ReadOnlySpan<byte> text, ByteBuffer to)
    {
        if (!Ascii.IsValid(text) && (!Utf8.IsValid(text) || text.IndexOf("\uFFFE"u8) >= 0 || text.IndexOf("\uFFFF"u8) >= 0))
            throw Broken("A text is not valid UTF-8.");
        while (true)
        {
            var special = text.IndexOfAny(Special);
            if (special < 0)
            {
                to.Append(text);
                return;
            }
            to.Append(text[..special]);
            if (text[special] == '\r')
            {
                // However a line ends in the file, it ends in one LF.
                to.Append("\n"u8);
                text = text[(special + (special + 1 < text.Length && text[special + 1] == '\n' ? 2 : 1))..];
            }
            else if (text[special] == '&')
            {
                if (_isRaw) to.Append("&"u8);
                var length = _isRaw ? 0 : Entity(text[(special + 1)..], to) + 1;
                text = text[(special + 1 + length)..];
            }
            else throw Broken("A text holds a character that XML does not have.");
        }
    }

    private static int Entity(ReadOnlySpan<byte> text, ByteBuffer to)
    {
        var length = text[..Math.Min(text.Length, 12)].IndexOf((byte)';');
        if (length < 2) throw Broken("An entity does not end.");
        var name = text[..length];
        if (name[0] == '#')
        {
            var isHex = name[1] == 'x';
            var digits = name[(isHex ? 2 : 1)..];
            if (digits.IsEmpty || !Utf8Parser.TryParse(digits, out uint code, out var read, isHex ? 'x' : 'D') || read != digits.Length
                || code > int.MaxValue || !char.IsAsciiHexDigit((char)digits[0])
                || !Rune.TryCreate((int)code, out var character) || code < ' ' && code is not ('\t' or '\n' or '\r') || code is 0xFFFE or 0xFFFF)
                throw Broken("A numbered character does not exist.");
            to.Advance(character.EncodeToUtf8(to.Room(4)));
            return length;
        }
        to.Append(name.SequenceEqual("amp"u8) ? "&"u8 : name.SequenceEqual("lt"u8) ? "<"u8 : name.SequenceEqual("gt"u8) ? ">"u8
            : name.SequenceEqual("quot"u8) ? "\""u8 : name.SequenceEqual("apos"u8) ? "'"u8 : throw Broken("An entity is not declared."));
        return length;
    }

    private bool TakeText()
    {
        var length = _buffer.AsSpan(_at, _end - _at).IndexOf((byte)'<');
        while (length < 0)
        {
            var searched = _end - _at;
            if (!Need(searched + 1))
            {
                // Blanks may end a part, and nothing else.
                if (_open > 0 || _buffer.AsSpan(_at, searched).ContainsAnyExcept(" \t\r\n"u8)) throw Broken("The part ends early.");
                _at = _end;
                return false;
            }
            length = _buffer.AsSpan(_at + searched, _end - _at - searched).IndexOf((byte)'<');
            if (length >= 0) length += searched;
        }
        (_textStart, _textLength, _isRaw) = (_at, length, false);
        _at += length;
        if (_open == 0 && _buffer.AsSpan(_textStart, length).ContainsAnyExcept(" \t\r\n"u8)) throw Broken("There is text outside the first element.");
        (_token, Depth) = (Token.Text, _open);
        return _open > 0;
    }

    private void EndTag()
    {
        var length = Find(">"u8, 2);
        var name = _buffer.AsSpan(_at + 2, length - 2).TrimEnd(" \t\r\n"u8);
        _at += length + 1;
        if (_open == 0) throw Broken("An element ends that never began.");
        _open--;
        if (!name.SequenceEqual(_names.AsSpan(_open * MaxName, _nameLengths[_open]))) throw Broken("An element ends before one inside it.");
        (_token, Depth) = (Token.End, _open);
    }

    private void StartTag()
    {
        var length = 1;
        while (true)
        {
            var next = _buffer.AsSpan(_at + length, _end - _at - length).IndexOfAny(EndOrQuote);
            if (next < 0)
            {
                length = _end - _at;
                if (!Need(length + 1)) throw Broken("A tag does not end.");
                continue;
            }
            length += next;
            if (_buffer[_at + length] == '>') break;
            length += FindFrom(_buffer[_at + length], length + 1) - length + 1;
        }
        var tag = _buffer.AsSpan(_at + 1, length - 1);
        if (tag.Contains((byte)'<')) throw Broken("A tag begins inside another.");
        IsEmpty = tag is [.., (byte)'/'];
        _tagEnd = _at + length - (IsEmpty ? 1 : 0);
        var name = tag.IndexOfAny(EndOfName);
        if (name < 0) name = tag.Length;
        if (name is 0 or > MaxName || tag[0] is < (byte)'A' and not (byte)':') throw Broken("A tag has no name.");
        if (_open == 0 && _hadRoot) throw Broken("There is more than one first element.");
        if (_open == MaxDepth) throw Broken($"Elements are nested more than {MaxDepth} deep.");
        _hadRoot = true;
        (_token, Depth) = (Token.Start, _open);
        Name(_at + 1, name);
        _attribute = _at + 1 + name;
        if (!IsEmpty)
        {
            tag[..name].CopyTo(_names.AsSpan(_open * MaxName));
            _nameLengths[_open++] = name;
        }
        _at += length + 1;
    }

    private void Name(int start, int length)
    {
        var prefix = _buffer.AsSpan(start, length).IndexOf((byte)':') + 1;
        (_nameStart, _nameLength) = (start + prefix, length - prefix);
    }

    private int Find(ReadOnlySpan<byte> mark, int from)
    {
        while (true)
        {
            var length = _end - _at;
            if (length > from && _buffer.AsSpan(_at + from, length - from).IndexOf(mark) is >= 0 and var found) return from + found;
            from = Math.Max(from, length - mark.Length + 1);
            if (!Need(length + 1)) throw Broken("The part ends early.");
        }
    }

    private int FindFrom(byte mark, int from)
    {
        while (true)
        {
            var length = _end - _at;
            if (length > from && _buffer.AsSpan(_at + from, length - from).IndexOf(mark) is >= 0 and var found) return from + found;
            from = Math.Max(from, length);
            if (!Need(length + 1)) throw Broken("The part ends early.");
        }
    }

    // Sees to it that so many bytes of what is to come are in memory; false if there are not so many.
    private bool Need(int count)
    {
        if (_end - _at >= count) return true;
        if (_ended) return false;
        if (count > MaxToken) throw Broken("A tag or a text is too long.");
        _buffer.AsSpan(_at, _end - _at).CopyTo(_buffer);
        (_at, _end) = (0, _end - _at);
        if (count > _buffer.Length / 2) Array.Resize(ref _buffer, _buffer.Length * 2);
        while (_end < count)
        {
            var read = _part.Read(_buffer, _end, _buffer.Length - _end);
            if (read == 0)
            {
                _ended = true;
                return false;
            }
            _end += read;
        }
        return true;
    }

    private bool Ahead(ReadOnlySpan<byte> bytes) => _buffer.AsSpan(_at, _end - _at).StartsWith(bytes);

    private static bool IsSpace(byte octet) => octet is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n';

    private static XmlException Broken(string message) => new(message);

    /// <summary>Bytes that were read already, and then the rest.</summary>
    private sealed class Prefixed(byte[] prefix, Stream rest) : Stream
    {
        private int _given;

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(Span<byte> buffer)
        {
            if (_given == prefix.Length) return rest.Read(buffer);
            var count = Math.Min(buffer.Length, prefix.Length - _given);
            prefix.AsSpan(_given, count).CopyTo(buffer);
            _given += count;
            return count;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        protected override void Dispose(bool disposing)
        {
            if (disposing) rest.Dispose();
            base.Dispose(disposing);
        }

        public override void Flush() { }
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
