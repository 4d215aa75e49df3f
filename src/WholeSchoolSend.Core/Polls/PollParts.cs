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
    // What the halves may be called after the name they share. Only a pair goes by names: everything else is told by content.
    private static readonly string[] DescriptionEndings = [".sss", ".xml"];
    private static readonly string[] DataEndings = [".asc", ".dat", ".txt", ".csv"];

    public string Name => File.Name;

    /// <summary>The drop as the history has it: of a pair the later half's time, and both names.</summary>
    public DroppedFile Whole => Data is null ? File : File with
    {
        Id = $"{File.Id}+{Data.Id}",
        Modified = File.Modified > Data.Modified ? File.Modified : Data.Modified,
        Bytes = File.Bytes + Data.Bytes,
    };

    public IEnumerable<DroppedFile> Halves => Data is null ? [] : [File, Data];

    /// <summary>
    /// Finds the other half of a file, if it is one. A description says what it is. A data half cannot be told from any text: it is one if its
    /// description is beside it, if it is called <c>.asc</c>, or if the instrument says that files come in pairs.
    /// </summary>
    public static async Task<PollParts> FindAsync(DroppedFile file, bool comesInPairs, CancellationToken cancellation)
    {
        if (await IsDescriptionAsync(file, cancellation))
        {
            var data = DataEndings.SelectMany(ending => file.Beside.Where(beside => HasEnding(beside, ending))).FirstOrDefault();
            return new PollParts(file, data, data is null);
        }
        if (!DataEndings.Any(ending => HasEnding(file, ending))) return new PollParts(file, null, false);
        foreach (var beside in file.Beside.Where(beside => DescriptionEndings.Any(ending => HasEnding(beside, ending))))
            if (await IsDescriptionAsync(beside, cancellation)) return new PollParts(beside, file, false);
        return new PollParts(file, null, comesInPairs || HasEnding(file, ".asc"));
    }

    /// <summary>Opens the file, or the pair.</summary>
    public Task<OpenedPollFile> OpenAsync(PollFileOptions options, CancellationToken cancellation) =>
        Data is null ? PollFile.OpenAsync(File.OpenAsync, options, cancellation) : OpenPairAsync(File, Data, options, cancellation);

    /// <summary>SHA-256 of the bytes, lower-case hex; of a pair over both hashes.</summary>
    public async Task<string> HashAsync(CancellationToken cancellation) => Data is null
        ? await FileImport.HashAsync(File, cancellation)
        : Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes($"{await FileImport.HashAsync(File, cancellation)} {await FileImport.HashAsync(Data, cancellation)}")));

    public async Task<PollParts> AtHandAsync(CancellationToken cancellation) =>
        this with { File = await File.AtHandAsync(cancellation), Data = Data is null ? null : await Data.AtHandAsync(cancellation) };

    private static Task<OpenedPollFile> OpenPairAsync(DroppedFile description, DroppedFile data, PollFileOptions options, CancellationToken cancellation) =>
        PollFile.OpenAsync(description.OpenAsync, options, cancellation);

    private static async Task<bool> IsDescriptionAsync(DroppedFile file, CancellationToken cancellation)
    {
        await using var stream = await file.OpenAsync(cancellation);
        var head = new byte[Math.Min(file.Bytes, 4096)];
        var length = await stream.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancellation);
        // Dropping NULs reads UTF-16 well enough for this.
        var text = Encoding.Latin1.GetString(head, 0, length).Replace("\0", "", StringComparison.Ordinal);
        return text.TrimStart('\u00ef', '\u00bb', '\u00bf', '\u00fe', '\u00ff', ' ', '\t', '\r', '\n').StartsWith('<')
            && text.Contains("<sss", StringComparison.OrdinalIgnoreCase);
    }

    private static bool HasEnding(DroppedFile file, string ending) => file.Name.EndsWith(ending, StringComparison.OrdinalIgnoreCase);
}
