namespace WholeSchoolSend.PollFiles.Tests;

/// <summary>The damaged files of the corpus: one look, one reason, no memory for what a length claims.</summary>
[Collection(nameof(MemoryTests))]
public sealed class SavCorruptTests
{
    public static TheoryData<string, string?> Files => new()
    {
        { "bad_compression.sav", PollFileCodes.SavHeaderInvalid },
        { "bad_magic.sav", PollFileCodes.SavHeaderInvalid },
        { "bad_missing_count.sav", PollFileCodes.SavDictionaryInvalid },
        { "bad_weight_index.sav", PollFileCodes.SavWeightInvalid },
        { "empty.sav", PollFileCodes.FileEmpty },
        { "ext_size_overflow.sav", PollFileCodes.SavDictionaryInvalid },
        { "huge_label_len.sav", PollFileCodes.SavDictionaryInvalid },
        { "huge_ncases.sav", PollFileCodes.SavRowCount },
        { "magic_only.sav", PollFileCodes.SavTruncated },
        { "mrset_label_overrun.sav", PollFileCodes.SavDictionaryInvalid },
        { "nan_bias.sav", PollFileCodes.SavHeaderInvalid },
        { "ncases_minus1_ok.sav", null },
        { "trunc_data.sav", PollFileCodes.SavTruncated },
        { "trunc_dict.sav", PollFileCodes.SavTruncated },
        { "trunc_header.sav", PollFileCodes.SavTruncated },
        { "zsav_block_size_lie.zsav", PollFileCodes.SavBlocksInvalid },
        { "zsav_bomb_same_block.zsav", PollFileCodes.SavBlocksInvalid },
        { "zsav_nblocks_lie.zsav", PollFileCodes.SavBlocksInvalid },
        { "zsav_offset_lie.zsav", PollFileCodes.SavBlocksInvalid },
    };

    [Theory, MemberData(nameof(Files))]
    public async Task Each_is_refused_with_its_code_and_little_memory(string file, string? code)
    {
        var bytes = await File.ReadAllBytesAsync(Reading.File("lookalike", "corrupt", file), TestContext.Current.CancellationToken);
        await ReadAsync(bytes);   // what is allocated once is not the file's
        var before = GC.GetTotalAllocatedBytes(precise: true);
        Assert.Equal(code, await ReadAsync(bytes));
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 3 << 20);
        if (code is null) Assert.Equal(600, (await Reading.OfAsync(bytes)).Rows.Count);
    }

    [Fact]
    public void Every_file_of_the_folder_is_named() =>
        Assert.Equal(Directory.GetFiles(Reading.File("lookalike", "corrupt")).Select(Path.GetFileName).Order(StringComparer.Ordinal), Files
            .Select(row => row.Data.Item1).Order(StringComparer.Ordinal));

    private static async Task<string?> ReadAsync(byte[] bytes)
    {
        var opened = await PollFile.OpenAsync(_ => Task.FromResult<Stream>(new OneWayStream(bytes)), new(), CancellationToken.None);
        if (!opened.CanBeRead) return opened.Problem.Code;
        await using var reader = opened.Reader;
        while (await reader.ReadAsync(CancellationToken.None) is PollRead.Row or PollRead.Problem) ;
        return reader.FileProblem?.Code;
    }
}
