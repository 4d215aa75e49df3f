using System.Text;
using WholeSchoolSend.Core.Snapshots;
using WholeSchoolSend.Core.Snapshots.Page;

namespace WholeSchoolSend.Core.Tests.Snapshots;

/// <summary>A public document of the sample year, with milestones, withheld and extreme figures, a reworded question and an open wave put in.</summary>
internal static class Samples
{
    public const string Published = "2026-11-23T14:05:00+00:00";

    public static Snapshot Document { get; } = Snapshot.FromJson(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "files", "snapshots", "snapshot.json")));

    /// <summary>A store as publishing leaves it.</summary>
    public static async Task<(MemoryDocuments Documents, SnapshotPointer Pointer)> PublishAsync(Snapshot document, CancellationToken cancellation)
    {
        var documents = new MemoryDocuments();
        var pointer = Point(documents, document, Published);
        await new PublicFiles(documents).AddFiguresAsync(document, pointer, cancellation);
        await new PublicFiles(documents).UpdatePageAsync(cancellation);
        return (documents, pointer);
    }

    /// <summary>Writes a document and makes it the newest; the page is not touched.</summary>
    public static SnapshotPointer Point(MemoryDocuments documents, Snapshot document, string published, string before = "")
    {
        var json = document.ToJson();
        var id = Snapshot.IdOf(json);
        var pointer = new SnapshotPointer(id, $"2026/11/{id}.json");
        documents.Put(pointer.Path, json);
        documents.Put("latest.json", Encoding.UTF8.GetBytes($"{{\"id\":\"{id}\",\"path\":\"{pointer.Path}\"}}"));
        documents.Put("index.json", Encoding.UTF8.GetBytes($"{{\"snapshots\":[{{\"id\":\"{id}\",\"path\":\"{pointer.Path}\",\"published\":\"{published}\",\"csv\":\"{pointer.Csv}\",\"metadata\":\"{FiguresCsv.MetadataOf(document).Path}\"}}{before}]}}"));
        documents.Put("schema/snapshot-1.json", JsonSchema.EmbeddedText("snapshot-1.json"));
        return pointer;
    }
}
