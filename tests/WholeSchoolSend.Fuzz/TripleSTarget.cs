using System.Buffers.Binary;
using WholeSchoolSend.PollFiles;

namespace WholeSchoolSend.Fuzz;

/// <summary>Triple-S pairs. An input is the length of the description, the description, and the data.</summary>
internal sealed class TripleSTarget() : PollFileTarget("triples")
{
    private static readonly string[] Words =
    [
        "<", "</variable>", "<variable ident=\"1\" type=\"multiple\">", "type=\"single\"", "type=\"quantity\"", "type=\"date\"", "use=\"weight\"", "use=\"serial\"", "<position start=\"1\" finish=\"9999999\"/>",
        "start=\"0\"", "start=\"-1\"", "finish=\"2147483648\"", "<spread subfields=\"99999\" width=\"1\"/>", "<range from=\"1\" to=\"2147483647\"/>", "code=\"2147483648\"", "code=\"-1\"", "format=\"csv\"",
        "format=\"fixed\"", "skip=\"99\"", "version=\"3.0\"", "<hierarchy>", "&x;", "&#0;", "<!DOCTYPE sss SYSTEM \"x\">", "<![CDATA[", "\n", "\r", "\t", "99", "1e9", " ", ",", "\"",
    ];

    public override IEnumerable<byte[]> Seeds(IReadOnlyList<string> folders) => folders.SelectMany(folder => Directory.GetFiles(folder, "*.sss", SearchOption.AllDirectories)).Order(StringComparer.Ordinal)
        .SelectMany(description => PollFile.TripleSData.Select(ending => Path.ChangeExtension(description, ending)).Where(File.Exists).Take(1).Select(data => Pair(File.ReadAllBytes(description), File.ReadAllBytes(data)[..Math.Min(4096, (int)new FileInfo(data).Length)])));

    public override byte[]? Mutated(IReadOnlyList<byte[]> seeds, Random random)
    {
        var (description, data) = Halves(seeds[random.Next(seeds.Count)]);
        for (var times = random.Next(1, 5); times > 0; times--)
        {
            var word = System.Text.Encoding.Latin1.GetBytes(Words[random.Next(Words.Length)]);
            if (random.Next(3) > 0) description = Spliced(description, word, random);
            else data = Spliced(data, word, random);
        }
        return Pair(description, data);
    }

    protected override Task<OpenedPollFile> OpenAsync(byte[] input, CancellationToken cancellation)
    {
        var (description, data) = Halves(input);
        return PollFile.OpenPairAsync(Opening(description), Opening(data), new PollFileOptions(), cancellation);
    }

    private static byte[] Spliced(byte[] bytes, byte[] word, Random random)
    {
        var at = random.Next(bytes.Length + 1);
        return [.. bytes[..at], .. word, .. bytes[Math.Min(bytes.Length, at + random.Next(12))..]];
    }

    private static byte[] Pair(byte[] description, byte[] data)
    {
        var pair = new byte[4 + description.Length + data.Length];
        BinaryPrimitives.WriteInt32LittleEndian(pair, description.Length);
        description.CopyTo(pair, 4);
        data.CopyTo(pair, 4 + description.Length);
        return pair;
    }

    private static (byte[] Description, byte[] Data) Halves(byte[] pair)
    {
        if (pair.Length < 4) return (pair, []);
        var length = Math.Clamp(BinaryPrimitives.ReadInt32LittleEndian(pair), 0, pair.Length - 4);
        return (pair[4..(4 + length)], pair[(4 + length)..]);
    }
}
