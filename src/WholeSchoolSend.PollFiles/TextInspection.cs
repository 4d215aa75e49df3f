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
    private static readonly Encoding Windows1252 = CodePagesEncodingProvider.Instance.GetEncoding(1252)!;

    public static async Task<(TextFile? File, FileProblem? Problem)> InspectAsync(
        Stream stream, PollFileOptions options, CancellationToken cancellation)
    {
        var block = GC.AllocateUninitializedArray<byte>(BlockSize);
        var length = await stream.ReadAtLeastAsync(block, BlockSize, throwOnEndOfStream: false, cancellation);
        var head = block.AsMemory(0, length);
        if (OtherFormats.Recognise(head.Span) is { } other) return (null, other);
        var (name, encoding, why) = FromFirstBytes(head.Span, options.Encoding);
        if (name == "utf-32")
            return (null, new FileProblem(PollFileCodes.EncodingUnsupported, "The file is UTF-32. Please save it as UTF-8."));
        var whole = length < BlockSize;
        var (dialect, unclear) = Dialect.Find(encoding is null ? head : Encoding.UTF8.GetBytes(encoding.GetString(head.Span)), whole, options);

        var scan = new TextScan(encoding);
        while (true)
        {
            var kept = scan.Take(block.AsSpan(0, length), last: whole);
            if (whole) break;
            block.AsSpan(length - kept, kept).CopyTo(block);
            length = kept + await stream.ReadAtLeastAsync(block.AsMemory(kept), BlockSize - kept, throwOnEndOfStream: false, cancellation);
            whole = length < BlockSize;
        }
        if (scan.IsEmpty) return (null, new FileProblem(PollFileCodes.FileEmpty, "The file is empty."));

        if (scan.Nul is { } nul)
            return (null, new FileProblem(PollFileCodes.NulCharacter, $"Line {nul} holds a NUL character, which text never does. The file is damaged, or not text.", nul));
        if (name is null)
        {
            (name, why, var undecided) = FromAllBytes(scan);
            if (undecided is not null) return (null, undecided);
        }
        else if (Contradiction(name, scan) is { } line)
        {
            return (null, new FileProblem(PollFileCodes.EncodingInvalid, $"The file should be {name} ({why}), but line {line} is not valid in it.", line));
        }
        if (options.Encoding != PollEncoding.Detect && !name.StartsWith(Stated(options.Encoding), StringComparison.Ordinal))
            return (null, new FileProblem(PollFileCodes.EncodingInvalid, $"The file is {name} ({why}), but {Stated(options.Encoding)} was agreed."));
        if (dialect is null) return (null, unclear);

        List<FileNote> notes = [new("encoding", $"{name} ({why})"), .. dialect.Notes];
        if (scan.Replacements > 0)
            notes.Add(new("replacement-characters", $"{scan.Replacements} characters were lost before the file was sent, first on line {scan.FirstReplacement}."));
        if (scan.FirstControl > 0)
            notes.Add(new("control-characters", $"There are control characters in the text, first on line {scan.FirstControl}."));
        return (new TextFile(name == "windows-1252" ? Windows1252 : encoding, dialect, notes), null);
    }

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
            for (var i = 0; i < sample.Length; i++)
                if (sample[i] == 0) _ = i % 2 == 0 ? even++ : odd++;
            var many = sample.Length / 2 * 3 / 10;
            if (odd > many && odd > even) return ("utf-16 little-endian", Strict16(bigEndian: false), "no byte order mark; every other byte is NUL");
            if (even > many) return ("utf-16 big-endian", Strict16(bigEndian: true), "no byte order mark; every other byte is NUL");
        }
        return stated switch
        {
            PollEncoding.Utf8 => ("utf-8", null, "agreed"),
            PollEncoding.Utf16 => ("utf-16 little-endian", Strict16(bigEndian: false), "agreed"),
            PollEncoding.Windows1252 => ("windows-1252", null, "agreed"),
            _ => (null, null, ""),
        };
    }

    private static (string Name, string Why, FileProblem? Problem) FromAllBytes(TextScan scan)
    {
        if (scan.Invalid == 0) return ("utf-8", scan.Valid == 0 ? "no byte order mark; ASCII only" : "no byte order mark; valid to the last byte", null);
        // windows-1252 text hardly ever looks like UTF-8 by chance: this was UTF-8 before it was cut, or was glued to something else.
        if (scan.Valid > scan.Invalid)
            return ("", "", new FileProblem(PollFileCodes.EncodingMixed,
                $"Most of the text is UTF-8, but not line {scan.FirstInvalid}: the file was cut or pasted together. Please save it again as UTF-8.", scan.FirstInvalid));
        if (scan.FirstUndefined > 0 || scan.FirstControl > 0)
        {
            var line = scan.FirstUndefined > 0 ? scan.FirstUndefined : scan.FirstControl;
            return ("", "", new FileProblem(PollFileCodes.EncodingUnknown,
                $"The text is neither UTF-8 nor windows-1252: see line {line}. Please save it as UTF-8.", line));
        }
        return ("windows-1252", "no byte order mark; not valid UTF-8", null);
    }

    private static long? Contradiction(string name, TextScan scan) => name switch
    {
        "windows-1252" => scan.FirstUndefined > 0 ? scan.FirstUndefined : null,
        _ => scan.Invalid > 0 ? scan.FirstInvalid : null,
    };

    private static string Stated(PollEncoding encoding) => encoding switch
    {
        PollEncoding.Utf8 => "utf-8",
        PollEncoding.Utf16 => "utf-16",
        _ => "windows-1252",
    };

    private static UnicodeEncoding Strict16(bool bigEndian) => new(bigEndian, byteOrderMark: true);
}
