using System.Globalization;
using System.Text.Json;
using WholeSchoolSend.Core.Snapshots.Page;

namespace WholeSchoolSend.Core.Snapshots;

/// <summary>What goes with a public document for people: its figures as CSV, the page, and the types for those who program.</summary>
public sealed class PublicFiles(IDocuments documents)
{
    private static readonly byte[] Types = JsonSchema.EmbeddedText("snapshot-1.d.ts");

    /// <summary>Adds the CSV of a document and its metadata; before <c>latest.json</c> names it, so that nobody finds one without the other.</summary>
    public async Task AddFiguresAsync(Snapshot document, SnapshotPointer pointer, CancellationToken cancellation)
    {
        var published = DateOnly.ParseExact(pointer.Path[..7], "yyyy'/'MM", CultureInfo.InvariantCulture);
        await documents.AddAsync(Audience.Public, pointer.Csv, FiguresCsv.Data(document, published), cancellation);
        var (path, metadata) = FiguresCsv.MetadataOf(document);
        await documents.AddAsync(Audience.Public, path, metadata, cancellation);
    }

    /// <summary>
    /// Makes <c>index.html</c> show the newest document: also after a crash between the document and the page, and when a release brings
    /// another page. Where it does, nothing is written. What it names is there before it.
    /// </summary>
    public async Task UpdatePageAsync(CancellationToken cancellation)
    {
        // Read first: of two who publish at once, the one who knows less does not overwrite the other's page.
        var before = await documents.ReadAsync(Audience.Public, "index.html", cancellation);
        if (await ReadAsync("latest.json", SnapshotJson.Default.SnapshotPointer, cancellation) is not { } latest) return;
        var index = await ReadAsync("index.json", SnapshotJson.Default.SnapshotIndex, cancellation);
        if (index?.Snapshots.FirstOrDefault(entry => entry.Id == latest.Id) is not { } entry) return; // The next run puts it into the index first.
        if (await documents.ReadAsync(Audience.Public, latest.Path, cancellation) is not { } stored) return;

        var page = PublicPage.Of(Snapshot.FromJson(stored.Bytes), entry, index);
        if (before is not null && before.Bytes.AsSpan().SequenceEqual(page)) return;
        foreach (var file in PublicPage.Files) await documents.AddAsync(Audience.Public, file.Path, file.Bytes, cancellation);
        await documents.UpdateAsync(Audience.Public, Snapshot.TypesPath, Types, cancellation);
        await documents.ReplaceAsync(Audience.Public, "index.html", page, before, cancellation);
    }

    private async Task<T?> ReadAsync<T>(string path, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type, CancellationToken cancellation)
        where T : class =>
        await documents.ReadAsync(Audience.Public, path, cancellation) is { } stored ? JsonSerializer.Deserialize(stored.Bytes, type) : null;
}
