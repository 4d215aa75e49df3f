using System.Text;
using System.Text.Unicode;
using CsCheck;

namespace WholeSchoolSend.PollFiles.Tests;

public sealed class PropertyTests
{
    private static readonly Encoding Windows1252 = CodePagesEncodingProvider.Instance.GetEncoding(1252)!;

    private static readonly Gen<string> Cell = Gen.OneOf(
        Gen.OneOfConst("", " ", "1", "98", "0.874114", "__NA__", "NA", "Yes", "\"", "\"\"", "a\"b", ",", ";", "\t", "|", "\n", "\r\n", "\r", "=1+1", "Don't know", "£5", "é", "“so”", "sep=;"),
        Gen.String[Gen.Char["ab1,;|\t\"\r\n €é"], 0, 12]);

    private static readonly Gen<string[][]> Table =
        Gen.Select(Gen.Int[2, 6], Gen.Int[1, 30]).SelectMany((columns, rows) => Cell.Array[columns].Array[rows]);

    [Fact]
    public Task Any_table_reads_back_as_it_was_written() =>
        Gen.Select(Table, Gen.Char[",;\t|"], Gen.OneOfConst("\n", "\r\n", "\r"), Gen.Int[0, 5], Gen.Bool, Gen.UInt).SampleAsync(async (table, delimiter, newline, encoding, lastNewline, seed) =>
        {
            var random = new Random((int)(seed & int.MaxValue));
            string[] header = [.. table[0].Select((_, column) => "c" + column)];
            var lines = table.Prepend(header).Select(row => string.Join(delimiter, row.Select(cell => Written(cell, delimiter, random))));
            var text = string.Join(newline, lines) + (lastNewline ? newline : "");
            var bytes = Encoded(text, encoding);
            // "é€€" of windows-1252 are the bytes of one sign in UTF-8: nobody can tell which was meant, so such a file says its encoding.
            var isEither = encoding == 2 && !Ascii.IsValid(bytes) && Utf8.IsValid(bytes);
            var reading = await Reading.OfAsync(bytes, new() { Delimiter = delimiter, HeaderRows = 1, Encoding = isEither ? PollEncoding.Windows1252 : PollEncoding.Detect });
            Assert.Empty(reading.Codes);
            Assert.Equal(table, reading.Rows);
        }, iter: 2_000);

    [Fact]
    public async Task Any_change_to_a_valid_file_is_read_or_refused_and_never_a_fault()
    {
        var originals = Directory.GetFiles(Reading.File("lookalike"), "poll_*").Select(File.ReadAllBytes).ToArray();
        Gen<byte[]> noise = Gen.OneOf(Gen.Byte.Array[1, 4], Gen.OneOfConst("\"", "\"\"", "\n", "\r", ",", ",\"", "\"\n", "\0", "é", "\uFEFF", "sep=;\n").Select(Encoding.UTF8.GetBytes));
        var change = Gen.Select(Gen.Int[0, 3], Gen.Double.Unit, Gen.Double.Unit, noise);
        var options = Gen.Select(Gen.Bool, Gen.OneOfConst<int?>(null, 1, 2, 3), Gen.Enum<PollEncoding>(), Gen.OneOfConst<char?>(null, ',', '\t')).Select((isLong, headers, encoding, delimiter) =>
            new PollFileOptions { LongLayout = isLong ? new("RecordNo", "question", "answer") : null, HeaderRows = headers, Encoding = encoding, Delimiter = delimiter, MaxRecordBytes = 20_000 });
        await Gen.Select(Gen.OneOfConst(originals), Gen.Int[200, 20_000], change.Array[1, 6], options).SampleAsync(async (original, length, changes, how) =>
        {
            var bytes = original[..Math.Min(length, original.Length)].ToList();
            foreach (var (kind, place, other, with) in changes)
            {
                var at = (int)(place * bytes.Count);
                if (kind == 0) bytes.InsertRange(at, with);
                else if (kind == 1) bytes.RemoveRange(at, Math.Min(with.Length, bytes.Count - at));
                else if (kind == 2) for (var i = 0; i < with.Length && at + i < bytes.Count; i++) bytes[at + i] = with[i];
                else bytes.InsertRange(at, bytes.GetRange((int)(other * at), Math.Min(500, at - (int)(other * at))));
            }
            var reading = await Reading.OfAsync([.. bytes], how).WaitAsync(TimeSpan.FromSeconds(20));
            Assert.True(reading.FileProblem is not null || reading.Header is not null);
            Assert.All(reading.Rows, row => Assert.Equal(reading.Header!.Variables.Count, row.Length));
        }, iter: 1_500);
    }

    [Fact]
    public Task Any_bytes_at_all_are_read_or_refused() =>
        Gen.OneOf(Gen.Byte.Array[0, 300], Gen.String[Gen.Char["ab,;\t|\"\r\n\0é\uD800"], 0, 200].Select(Encoding.Unicode.GetBytes))
            .SampleAsync(async bytes => Assert.NotNull(await Reading.OfAsync(bytes).WaitAsync(TimeSpan.FromSeconds(20))), iter: 5_000);

    private static string Written(string cell, char delimiter, Random random) =>
        cell.AsSpan().IndexOfAny(['"', '\r', '\n', delimiter]) >= 0 || random.Next(3) == 0 ? '"' + cell.Replace("\"", "\"\"", StringComparison.Ordinal) + '"' : cell;

    private static byte[] Encoded(string text, int encoding) => encoding switch
    {
        0 => Encoding.UTF8.GetBytes(text),
        1 => [.. Encoding.UTF8.Preamble, .. Encoding.UTF8.GetBytes(text)],
        2 => Windows1252.GetBytes(text),
        3 => [.. Encoding.Unicode.Preamble, .. Encoding.Unicode.GetBytes(text)],
        4 => [.. Encoding.BigEndianUnicode.Preamble, .. Encoding.BigEndianUnicode.GetBytes(text)],
        _ => Encoding.UTF8.GetBytes(text),
    };
}
