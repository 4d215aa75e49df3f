using System.Text;

namespace WholeSchoolSend.PollFiles;

/// <summary>What the first pass found out about a text file: all that the second needs to read it without guessing.</summary>
internal sealed record TextFile(Encoding? Encoding, Dialect Dialect, IReadOnlyList<FileNote> Notes);

/// <summary>
/// The first pass over a text file. The encoding is found by a rule and not by statistics: byte order mark, then NULs at every
/// other byte (UTF-16), then valid UTF-8 to the last byte, then windows-1252 without the five bytes it does not have.
/// A statistical detector called a British file with pound signs Chinese, and was sure of it.
/// </summary>
internal static class TextInspection
{
    public const int BlockSize = 1 << 20;
    private const string Ansi = "windows-1252";
    private static readonly Encoding Windows1252 = CodePagesEncodingProvider.Instance.GetEncoding(1252)!;

    public static async Task<(TextFile? File, FileProblem? Problem)> InspectAsync(
        Stream stream, Dialect? known, PollFileOptions options, CancellationToken cancellation)
    {
        var block = GC.AllocateUninitializedArray<byte>(BlockSize);
        var length = await stream.ReadAtLeastAsync(block, BlockSize, throwOnEndOfStream: false, cancellation);
        var head = new ArraySegment<byte>(block, 0, length);
        var (name, encoding, why) = FromFirstBytes(head, options.Encoding);
        if (name == "utf-32")
            return (null, new FileProblem(PollFileCodes.EncodingUnsupported, "The file is UTF-32. Please save it as UTF-8."));
        var whole = length < BlockSize;
        var (dialect, unclear) = known is not null ? (known, null)
            : Dialect.Find(encoding is null ? head : Encoding.UTF8.GetBytes(encoding.GetString(head)), whole, options);

        var scan = new TextScan(encoding);
        while (true)
        {
            var kept = scan.Take(block.AsSpan(0, length), last: whole);
            if (whole) break;
            block.AsSpan(length - kept, kept).CopyTo(block);
            length = kept + await stream.ReadAtLeastAsync(block.AsMemory(kept), BlockSize - kept, throwOnEndOfStream: false, cancellation);
            whole = length < BlockSize;
        }
        if (name is null) (name, why) = FromAllBytes(scan);
        if (Refusal(scan, name, why, options.Encoding) is { } problem) return (null, problem);
        if (dialect is null) return (null, unclear);

        List<FileNote> notes = [new("encoding", $"{name} ({why})"), .. dialect.Notes];
        if (scan.Replacements > 0)
            notes.Add(new("replacement-characters", $"{scan.Replacements} characters were lost before the file was sent, first on line {scan.FirstReplacement}."));
        if (scan.FirstControl > 0)
            notes.Add(new("control-characters", $"There are control characters in the text, first on line {scan.FirstControl}."));
        if (scan.EndsInsideLine) notes.Add(new("line-break-missing", "The file does not end with a line break: compare the last row."));
        return (new TextFile(name == Ansi ? Windows1252 : encoding, dialect, notes), null);
    }

    private static FileProblem? Refusal(TextScan scan, string name, string why, PollEncoding agreed)
    {
        if (scan.IsEmpty) return new(PollFileCodes.FileEmpty, "The file is empty.");
        if (scan.Nul is { } nul)
            return new(PollFileCodes.NulCharacter, $"Line {nul} holds a NUL character, which text never does. The file is damaged, or not text.", nul);
        if (agreed != PollEncoding.Detect && !name.StartsWith(Name(agreed), StringComparison.Ordinal))
            return new(PollFileCodes.EncodingInvalid, $"The file is {name} ({why}), but {Name(agreed)} was agreed.");
        // windows-1252 text hardly ever looks like UTF-8 by chance: this was UTF-8 before it was cut, or was glued to something else.
        if (agreed == PollEncoding.Detect && name == Ansi && scan.Valid > scan.Invalid)
            return new(PollFileCodes.EncodingMixed,
                $"Most of the text is UTF-8, but not line {scan.FirstInvalid}: the file was cut or pasted together. Please save it again as UTF-8.",
                scan.FirstInvalid);
        if (agreed == PollEncoding.Detect && name == Ansi && (scan.FirstUndefined > 0 || scan.FirstControl > 0))
        {
            var strange = scan.FirstUndefined > 0 ? scan.FirstUndefined : scan.FirstControl;
            return new(PollFileCodes.EncodingUnknown, $"The text is neither UTF-8 nor windows-1252: see line {strange}. Please save it as UTF-8.", strange);
        }
        var line = name == Ansi ? scan.FirstUndefined : scan.FirstInvalid;
        return line > 0 ? new(PollFileCodes.EncodingInvalid, $"The file should be {name} ({why}), but line {line} is not valid in it.", line) : null;
    }

    /// <summary>A whole text in memory, decoded by the same rule.</summary>
    public static async Task<(string? Text, FileProblem? Problem)> DecodeAsync(byte[] bytes, CancellationToken cancellation)
    {
        var (file, problem) = await InspectAsync(new MemoryStream(bytes), new Dialect(',', false, 0, []), new PollFileOptions(), cancellation);
        return file is null ? (null, problem) : ((file.Encoding ?? Encoding.UTF8).GetString(bytes).TrimStart('\uFEFF'), null);
    }

    private static (string Name, string Why) FromAllBytes(TextScan scan) =>
        scan.Invalid > 0 ? (Ansi, "no byte order mark; not valid UTF-8")
        : ("utf-8", scan.Valid == 0 ? "no byte order mark; ASCII only" : "no byte order mark; valid to the last byte");

    private static (string? Name, Encoding? Encoding, string Why) FromFirstBytes(ReadOnlySpan<byte> head, PollEncoding stated)
    {
        const string Mark = "byte order mark";
        if (head.StartsWith<byte>([0xEF, 0xBB, 0xBF])) return ("utf-8", null, Mark);
        if (head.StartsWith<byte>([0xFF, 0xFE, 0, 0]) || head.StartsWith<byte>([0, 0, 0xFE, 0xFF])) return ("utf-32", null, Mark);
        if (head.StartsWith<byte>([0xFF, 0xFE])) return ("utf-16 little-endian", Strict16(bigEndian: false), Mark);
        if (head.StartsWith<byte>([0xFE, 0xFF])) return ("utf-16 big-endian", Strict16(bigEndian: true), Mark);
        if (stated is PollEncoding.Detect or PollEncoding.Utf16)
        {
            var (even, odd) = (0, 0);
            var sample = head[..Math.Min(head.Length, 4096)];
            for (var i = 0; i + 1 < sample.Length; i += 2)
            {
                if (sample[i] == 0) even++;
                if (sample[i + 1] == 0) odd++;
            }
            var many = sample.Length / 2 * 3 / 10;
            if (odd > many && odd > even) return ("utf-16 little-endian", Strict16(bigEndian: false), "no byte order mark; every other byte is NUL");
            if (even > many) return ("utf-16 big-endian", Strict16(bigEndian: true), "no byte order mark; every other byte is NUL");
        }
        return stated switch
        {
            PollEncoding.Utf8 => ("utf-8", null, "agreed"),
            PollEncoding.Utf16 => ("utf-16 little-endian", Strict16(bigEndian: false), "agreed"),
            PollEncoding.Windows1252 => (Ansi, null, "agreed"),
            _ => (null, null, ""),
        };
    }

    private static string Name(PollEncoding encoding) => encoding switch
    {
        PollEncoding.Utf8 => "utf-8",
        PollEncoding.Utf16 => "utf-16",
        _ => Ansi,
    };

    private static UnicodeEncoding Strict16(bool bigEndian) => new(bigEndian, byteOrderMark: true);
}
