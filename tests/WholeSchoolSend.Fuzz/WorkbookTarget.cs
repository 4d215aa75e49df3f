using System.IO.Compression;
using System.Text;

namespace WholeSchoolSend.Fuzz;

/// <summary>Excel workbooks: mostly the XML of their parts is changed, since nearly every change of the archive's bytes ends at its checksums.</summary>
internal sealed class WorkbookTarget() : PollFileTarget("xlsx", ".xlsx")
{
    public override byte[]? Mutated(IReadOnlyList<byte[]> seeds, Random random)
    {
        try
        {
            return new WorkbookMutation(random).Mutate(seeds[random.Next(seeds.Count)]);
        }
        catch (InvalidDataException)
        {
            return null;   // a seed that is no archive
        }
    }
}

/// <summary>Changes a workbook where it hurts: the XML of its parts, zipped again with right checksums, or the bytes of the archive itself.</summary>
internal sealed class WorkbookMutation(Random random)
{
    private static readonly string[] Tokens =
    [
        "<", ">", "</", "/>", "\"", "'", "&", "&amp;", "&#0;", "&#xD800;", "&x;", "<!--", "-->", "<![CDATA[", "]]>", "<?x?>", "<!DOCTYPE x [<!ENTITY a \"b\">]>",
        "<row r=\"1048576\">", "<row r=\"0\">", "<row r=\"99999999999\">", "<row>", "</row>", "<c r=\"XFD1\" t=\"s\"><v>0</v></c>", "<c r=\"AAAA1\"/>", "<c t=\"e\"><v>#REF!</v></c>",
        "<c t=\"d\"><v>2026-02-30</v></c>", "<c><f>1</f></c>", "<v>", "</v>", "<is><t>", "</t></is>", "<r><t>", "<rPh>", "t=\"s\"", "t=\"b\"", "t=\"str\"", "t=\"inlineStr\"", "s=\"1\"", "s=\"-1\"",
        "s=\"4294967296\"", "r=\"A1\"", "1e308", "-1e400", "NaN", "60", "2958466", "-1", "2147483648", "0.1", "_x000D_", "_x0000_", "_xD800_", "_x", "é", "\uFFFD", "\u0001", "  ",
        "date1904=\"1\"", "state=\"hidden\"", "Target=\"../../x\"", "Target=\"\"", "TargetMode=\"External\"", "formatCode=\"[\"", "formatCode=\"yyyy\"", "<sheetData/>", "</sheetData>", "<si>", "</si>", "<si/>",
    ];

    public byte[] Mutate(byte[] workbook) => random.Next(4) == 0 ? Bytes(workbook) : Parts(workbook);

    private byte[] Bytes(byte[] original)
    {
        var bytes = original.ToArray();
        switch (random.Next(4))
        {
            case 0: return bytes[..random.Next(bytes.Length)];
            case 1:   // the directory at the end: names, lengths, offsets
                for (var i = random.Next(1, 6); i > 0; i--) bytes[bytes.Length - 1 - random.Next(Math.Min(bytes.Length, 1024))] = Interesting();
                return bytes;
            case 2:
                var at = random.Next(bytes.Length);
                return [.. bytes[..at], .. bytes[random.Next(bytes.Length)..]];
            default:
                for (var i = random.Next(1, 8); i > 0; i--) bytes[random.Next(bytes.Length)] = Interesting();
                return bytes;
        }
    }

    private byte[] Parts(byte[] original)
    {
        List<(string Name, byte[] Content)> parts = [];
        using (var zip = new ZipArchive(new MemoryStream(original)))
            foreach (var entry in zip.Entries)
            {
                using var stream = entry.Open();
                using var content = new MemoryStream();
                stream.CopyTo(content);
                parts.Add((entry.FullName, content.ToArray()));
            }
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            var index = random.Next(parts.Count);
            var (name, content) = parts[index];
            switch (random.Next(12))
            {
                case 0: parts.RemoveAt(index); if (parts.Count == 0) return original; break;
                case 1: parts.Add((name, content)); break;
                case 2: parts[index] = (Splice(name), content); break;
                case 3: parts[index] = (name, Encoding.Unicode.GetPreamble().Concat(Encoding.Unicode.GetBytes(Encoding.UTF8.GetString(content))).ToArray()); break;
                case 4: parts[index] = (name, content[..random.Next(content.Length + 1)]); break;
                default:
                    var text = Encoding.UTF8.GetString(content);
                    for (var n = random.Next(1, 5); n > 0; n--) text = Splice(text);
                    parts[index] = (name, Encoding.UTF8.GetBytes(text));
                    break;
            }
        }
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
            foreach (var (name, content) in parts)
            {
                if (name.Length is 0 or > 1000) continue;
                using var part = zip.CreateEntry(name, random.Next(2) == 0 ? CompressionLevel.NoCompression : CompressionLevel.Fastest).Open();
                part.Write(content);
            }
        return bytes.ToArray();
    }

    private string Splice(string text)
    {
        var at = random.Next(text.Length + 1);
        var to = Math.Min(text.Length, at + random.Next(12));
        return random.Next(6) switch
        {
            0 => text[..at] + text[to..],
            1 => text[..at] + Tokens[random.Next(Tokens.Length)] + text[at..],
            2 => text[..at] + Tokens[random.Next(Tokens.Length)] + text[to..],
            3 => text[..at] + text[Math.Min(at, random.Next(text.Length + 1))..],   // repeats or drops a stretch
            4 => text[..at] + string.Concat(Enumerable.Repeat(Tokens[random.Next(Tokens.Length)], random.Next(2, 3000))) + text[at..],
            _ => at < text.Length ? text[..at] + (char)random.Next(32, 127) + text[(at + 1)..] : text,
        };
    }

    private byte Interesting() => random.Next(3) == 0 ? (byte)random.Next(256) : (byte)(random.Next(4) switch { 0 => 0, 1 => 0xFF, 2 => 0x7F, _ => 1 });
}
