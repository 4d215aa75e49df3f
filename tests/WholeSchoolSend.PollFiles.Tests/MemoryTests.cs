using System.Globalization;
using System.Text;

namespace WholeSchoolSend.PollFiles.Tests;

/// <summary>Counts bytes for the whole process, so nothing else may run beside it.</summary>
[CollectionDefinition(nameof(MemoryTests), DisableParallelization = true)]
[Collection(nameof(MemoryTests))]
public sealed class MemoryTests
{
    private const long Big = 200L << 20;

    [Fact]
    public async Task Two_hundred_megabytes_of_rows_allocate_no_more_than_a_few() =>
        await AllocatesLessAsync(8 << 20, "id,q,text,weight\n", "100001,3,\"Not very, I fear\",0.874114\n", Big, PollRead.Refused);   // 6 million rows: beyond the limit

    [Fact]
    public async Task Two_hundred_megabytes_of_long_rows_allocate_no_more_than_a_few() =>
        await AllocatesLessAsync(8 << 20, "id,q,text,weight\n", $"100001,3,\"{new string('x', 300)}\",0.874114\n", Big, PollRead.End);

    [Fact]
    public async Task An_unclosed_quote_in_front_of_256_megabytes_is_found_early() =>
        await AllocatesLessAsync(8 << 20, "id,q\n1,\"", "open ", 256L << 20, PollRead.Refused);

    [Fact]
    public async Task Sixteen_million_doubled_quotes_are_found_early() =>
        await AllocatesLessAsync(8 << 20, "id,q\n1,\"", "\"\"", 32L << 20, PollRead.Refused);

    [Fact]
    public async Task Two_hundred_megabytes_of_windows_1252_need_no_more() =>
        await AllocatesLessAsync(8 << 20, "id,q,text,weight\n", $"100001,3,\"Costs £5, and £6{new string('.', 200)}\",0.8\n", Big, PollRead.End, Encoding.Latin1);

    [Fact]
    public async Task A_workbook_of_a_hundred_megabytes_allocates_no_more_than_a_few()
    {
        await OpenBookAsync(100);   // what is allocated once is not the file's
        var book = Book(480_000);
        Assert.InRange(book.Sheet, 100 << 20, 200 << 20);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        Assert.Equal(480_000, await RowsAsync(book.Bytes));
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 8 << 20);

        static async Task OpenBookAsync(int rows) => Assert.Equal(rows, await RowsAsync(Book(rows).Bytes));
    }

    [Fact]
    public async Task Bombs_are_refused_without_unpacking_them()
    {
        foreach (var file in Directory.GetFiles(Reading.File("hostile_xlsx"), "bomb_*"))
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            var opened = await PollFile.OpenAsync(_ => Task.FromResult<Stream>(File.OpenRead(file)), new(), CancellationToken.None);
            Assert.Equal(PollFileCodes.WorkbookTooLarge, opened.Problem?.Code);
            Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 2 << 20);
        }
    }

    // A text of 100 MB and blanks of 100 MB, below the limit on what a part may declare.
    [Theory]
    [InlineData("<c t=\"inlineStr\"><is><t>", 'x')]
    [InlineData("<c>", ' ')]
    [InlineData("<c a=\"", 'x')]
    [InlineData("<c><!-- ", '-')]
    public async Task What_lies_between_two_tags_is_never_kept_whole(string before, char filler)
    {
        var book = Workbook.Of($"<row r=\"1\">{before}{new string(filler, 100 << 20)}");
        var allocated = GC.GetTotalAllocatedBytes(precise: true);
        var opened = await PollFile.OpenAsync(_ => Task.FromResult<Stream>(new MemoryStream(book)), new(), CancellationToken.None);
        Assert.Equal(PollFileCodes.WorkbookDamaged, opened.Problem?.Code);
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - allocated, 0, 4 << 20);
    }

    [Fact]
    public async Task Two_hundred_megabytes_of_fixed_records_allocate_no_more_than_a_few()
    {
        var description = Encoding.UTF8.GetBytes("<sss version=\"2.0\"><survey><record ident=\"A\">"
            + "<variable ident=\"1\" type=\"quantity\"><name>id</name><position start=\"1\" finish=\"6\"/></variable>"
            + "<variable ident=\"2\" type=\"character\"><name>t</name><position start=\"7\" finish=\"206\"/></variable></record></survey></sss>");
        async Task<long> ReadPairAsync(long length)
        {
            var row = Encoding.Latin1.GetBytes($"100001Costs £5, and £6{new string('.', 184)}\n");
            var opened = await PollFile.OpenPairAsync(_ => Task.FromResult<Stream>(new MemoryStream(description)),
                _ => Task.FromResult<Stream>(new EndlessStream([], row, length)), new(), CancellationToken.None);
            await using var reader = opened.Reader!;
            long rows = 0;
            while (await reader.ReadAsync(CancellationToken.None) == PollRead.Row) rows += reader.Utf8(1).Length > 200 ? 1 : 0;
            return rows;
        }
        await ReadPairAsync(1 << 20);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        Assert.Equal(Big / 207, await ReadPairAsync(Big));
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 16 << 20);   // a debug build allocates for every block waited for
    }

    private static (byte[] Bytes, long Sheet) Book(int rows)
    {
        var sheet = new StringBuilder(Workbook.Row(1, "id", "q", "text", "weight"));
        for (var row = 2; row <= rows + 1; row++)
            sheet.Append(CultureInfo.InvariantCulture, $"<row r=\"{row}\" spans=\"1:4\"><c r=\"A{row}\"><v>{row}</v></c>")
                .Append(CultureInfo.InvariantCulture, $"<c r=\"B{row}\" s=\"1\"><v>46000.5</v></c>")
                .Append(CultureInfo.InvariantCulture, $"<c r=\"C{row}\" t=\"inlineStr\"><is><t>Not very, I &amp; others fear</t></is></c>")
                .Append(CultureInfo.InvariantCulture, $"<c r=\"D{row}\"><v>0.87411399999999995</v></c></row>");
        return (Workbook.Of(sheet.ToString(), styles: "<cellXfs><xf/><xf numFmtId=\"22\"/></cellXfs>"), sheet.Length);
    }

    private static async Task<int> RowsAsync(byte[] book)
    {
        var opened = await PollFile.OpenAsync(_ => Task.FromResult<Stream>(new MemoryStream(book)), new(), CancellationToken.None);
        await using var reader = opened.Reader!;
        var rows = 0;
        while (await reader.ReadAsync(CancellationToken.None) == PollRead.Row)
            if (reader.TryNumber(3, out var weight) && weight > 0.8) rows++;
        return rows;
    }

    // CsvHelper gives the text of a bad row to its callback, so these allocate; it keeps 8 bytes of each, and rows are limited.
    [Fact]
    public async Task Two_hundred_megabytes_of_bad_rows_keep_eight_bytes_each_alive()
    {
        var alive = 0L;
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var row = Encoding.UTF8.GetBytes($"1,\"x\"{new string(' ', 200)},3\n");
        Assert.Equal(PollRead.End, await ReadAsync("id,q,text\n"u8.ToArray(), row, Big, () => alive = Math.Max(alive, GC.GetTotalMemory(forceFullCollection: true))));
        Assert.InRange(alive - before, 1, 12 << 20);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Two_hundred_megabytes_of_spss_rows_allocate_no_more_than_a_few(int compression)
    {
        var writer = new SavWriter(new SavVariable("id"), new SavVariable("open", 400), new SavVariable("weight")) { Compression = compression, Rows = -1 };
        var head = writer.Write();
        var row = writer.Write([100001.5, new string('é', 190), 0.874114])[head.Length..];
        var before = GC.GetTotalAllocatedBytes(precise: true);
        Assert.Equal(PollRead.End, await ReadAsync(head, row, Big));
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 2 << 20);
    }

    [Fact]
    public async Task Four_megabytes_of_rows_in_a_zsav_of_a_few_kilobytes_are_read_with_little_memory()
    {
        var writer = new SavWriter(new SavVariable("id"), new SavVariable("open", 2000)) { Compression = 2, Rows = -1 };
        var file = writer.Write([.. Enumerable.Repeat(new object?[] { 0.5, new string('x', 2000) }, 2000)]);
        await ReadAsync(file, [0], 0);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        Assert.Equal(PollRead.End, await ReadAsync(file, [0], 0));
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 1 << 20);
    }

    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(33 << 20)]
    [InlineData(30 << 20)]
    public async Task A_record_that_claims_to_be_long_takes_memory_only_for_what_comes(int claimed)
    {
        var writer = new SavWriter(new SavVariable("id"));
        var file = (writer with { Extra = [.. writer.Int(7), .. writer.Int(99), .. writer.Int(1), .. writer.Int(claimed)] }).Write([1]);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var opened = await PollFile.OpenAsync(_ => Task.FromResult<Stream>(new OneWayStream(file)), new(), CancellationToken.None);
        Assert.Equal(claimed > 32 << 20 ? PollFileCodes.SavDictionaryInvalid : PollFileCodes.SavTruncated, opened.Problem!.Code);
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 1 << 20);
    }

    private static async Task AllocatesLessAsync(long limit, string head, string row, long length, PollRead end, Encoding? encoding = null)
    {
        encoding ??= Encoding.UTF8;
        await ReadAsync(encoding.GetBytes(head), encoding.GetBytes(row), 1 << 20);   // what is allocated once is not the file's
        var before = GC.GetTotalAllocatedBytes(precise: true);
        Assert.Equal(end, await ReadAsync(encoding.GetBytes(head), encoding.GetBytes(row), length));
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, limit);
    }

    private static async Task<PollRead> ReadAsync(byte[] head, byte[] row, long length, Action? now = null)
    {
        var opened = await PollFile.OpenAsync(_ => Task.FromResult<Stream>(new EndlessStream(head, row, length)), new(), CancellationToken.None);
        if (!opened.CanBeRead) return PollRead.Refused;
        await using var reader = opened.Reader;
        var rows = 0;
        PollRead read;
        while ((read = await reader.ReadAsync(CancellationToken.None)) is PollRead.Row or PollRead.Problem)
            if (reader.Utf8(1).Length > 0 && ++rows % 200_000 == 0) now?.Invoke();
        return read;
    }

    /// <summary>A head, and then the same row until there is enough.</summary>
    private sealed class EndlessStream(byte[] head, byte[] row, long enough) : Stream
    {
        private readonly long _end = head.Length + enough / row.Length * row.Length;
        private long _at;

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(Span<byte> buffer)
        {
            var written = 0;
            while (written < buffer.Length && _at < _end)
            {
                var source = _at < head.Length ? head.AsSpan((int)_at) : row.AsSpan((int)((_at - head.Length) % row.Length));
                var count = Math.Min(source.Length, buffer.Length - written);
                source[..count].CopyTo(buffer[written..]);
                (written, _at) = (written + count, _at + count);
            }
            return written;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));

        public override void Flush() { }
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
