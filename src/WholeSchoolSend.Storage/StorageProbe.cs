using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using WholeSchoolSend.Core.Snapshots;
using static WholeSchoolSend.Storage.TableRead;

namespace WholeSchoolSend.Storage;

/// <summary>Writes a row and a blob under names of their own, reads them back and removes them: what health means is that evidence can be kept.</summary>
public sealed class StorageProbe(TableClient table, BlobContainerClient container) : IStorageProbe
{
    /// <inheritdoc/>
    public Task TouchAsync(CancellationToken cancellation)
    {
        var name = Guid.NewGuid().ToString("N");
        return Task.WhenAll(TouchRowAsync(name, cancellation), TouchBlobAsync(name, cancellation));
    }

    private async Task TouchRowAsync(string name, CancellationToken cancellation)
    {
        await table.SubmitAsync([Add(new TableEntity("probe", name))], cancellation);
        var row = await table.FindAsync("probe", name, cancellation) ?? throw new IOException("A row that was just written is not there.");
        await table.SubmitAsync([Delete(row)], cancellation);
    }

    private async Task TouchBlobAsync(string name, CancellationToken cancellation)
    {
        var blob = container.GetBlobClient(name);
        await blob.UploadAsync(BinaryData.FromString(name), new BlobUploadOptions(), cancellation);
        var read = await blob.DownloadContentAsync(cancellation);
        if (read.Value.Content.ToString() != name) throw new IOException("A blob that was just written reads otherwise.");
        await blob.DeleteIfExistsAsync(cancellationToken: cancellation);
    }
}
