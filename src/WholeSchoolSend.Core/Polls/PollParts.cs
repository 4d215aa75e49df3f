using System.Security.Cryptography;
using System.Text;
using WholeSchoolSend.PollFiles;

namespace WholeSchoolSend.Core.Polls;

/// <summary>A poll as it was dropped: one file, or the description and the data of a Triple-S pair.</summary>
/// <param name="File">the file, or the description: the import goes by its name.</param>
/// <param name="Data">the data half; null where there is no pair, or half of one.</param>
/// <param name="IsHalf">the other half is missing.</param>
public sealed record PollParts(DroppedFile File, DroppedFile? Data, bool IsHalf)
{
    public string Name => File.Name;

    /// <summary>The drop as the history has it: of a pair the later half's time, and both names.</summary>
    public DroppedFile Whole => Data is null ? File : File with
    {
        Id = $"{File.Id}+{Data.Id}",
        Modified = File.Modified > Data.Modified ? File.Modified : Data.Modified,
        Bytes = File.Bytes + Data.Bytes,
        Halves = [File, Data],
    };

    /// <summary>
    /// Finds the other half of a file, if it is one. A description says what it is. A data half cannot be told from any text: it is one if its
    /// description is beside it, if it is called <c>.asc</c>, or if the instrument says that files come in pairs.
    /// </summary>
    /// <remarks>What the halves may be called after the name they share is the format's. Only a pair goes by names: everything else is told by content.</remarks>
    public static async Task<PollParts> FindAsync(DroppedFile file, bool comesInPairs, CancellationToken cancellation)
    {
        if (await IsDescriptionAsync(file, cancellation))
        {
            var data = PollFile.TripleSData.SelectMany(ending => file.Beside.Where(beside => HasEnding(beside, ending))).FirstOrDefault();
            return new PollParts(file, data, data is null);
        }
        if (!PollFile.TripleSData.Any(ending => HasEnding(file, ending))) return new PollParts(file, null, false);
        foreach (var beside in file.Beside.Where(beside => PollFile.TripleSDescriptions.Any(ending => HasEnding(beside, ending))))
            if (await IsDescriptionAsync(beside, cancellation)) return new PollParts(beside, file, false);
        return new PollParts(file, null, comesInPairs || HasEnding(file, ".asc"));
    }

    /// <summary>Opens the file, or the pair.</summary>
    public Task<OpenedPollFile> OpenAsync(PollFileOptions options, CancellationToken cancellation) =>
        Data is null ? PollFile.OpenAsync(File.OpenAsync, options, cancellation) : PollFile.OpenPairAsync(File.OpenAsync, Data.OpenAsync, options, cancellation);

    /// <summary>SHA-256 of the bytes, lower-case hex; of a pair over both hashes.</summary>
    public async Task<string> HashAsync(CancellationToken cancellation) => Data is null
        ? await FileImport.HashAsync(File, cancellation)
        : Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes($"{await FileImport.HashAsync(File, cancellation)} {await FileImport.HashAsync(Data, cancellation)}")));

    public async Task<PollParts> AtHandAsync(CancellationToken cancellation) =>
        this with { File = await File.AtHandAsync(cancellation), Data = Data is null ? null : await Data.AtHandAsync(cancellation) };

    private static async Task<bool> IsDescriptionAsync(DroppedFile file, CancellationToken cancellation)
    {
        await using var stream = await file.OpenAsync(cancellation);
        var head = new byte[Math.Min(file.Bytes, 4096)];
        return PollFile.Identify(head.AsSpan(0, await stream.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancellation))) == PollFileKind.TripleSDescription;
    }

    private static bool HasEnding(DroppedFile file, string ending) => file.Name.EndsWith(ending, StringComparison.OrdinalIgnoreCase);
}
