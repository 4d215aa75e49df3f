using Azure;
using Azure.Storage;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using WholeSchoolSend.Core.Polls;

namespace WholeSchoolSend.Storage;

/// <summary>Dropped files: read as they were when they were found, kept by content hash, reported on beside them.</summary>
public sealed class DropsBlobs(
    BlobContainerClient pollDrop, BlobContainerClient register, BlobContainerClient raw, BlobContainerClient pollReports) : IDrops
{
    // Enough for a high rate on a slow line; a file of any size costs this much memory and no more.
    private const int Block = 8 * 1024 * 1024;

    /// <inheritdoc/>
    public Task<DroppedFile?> FindPollAsync(string supplier, string name, CancellationToken cancellation) =>
        FindAsync(pollDrop.GetBlobClient($"{supplier}/{name}"), supplier, name, cancellation);

    /// <inheritdoc/>
    public Task<DroppedFile?> FindRegisterAsync(string name, CancellationToken cancellation) =>
        FindAsync(register.GetBlobClient(name), "register", name, cancellation);

    /// <inheritdoc/>
    public async Task KeepRawAsync(DroppedFile file, string contentHash, CancellationToken cancellation)
    {
        var kept = raw.GetBlobClient(contentHash);
        if ((await kept.ExistsAsync(cancellation)).Value) return;
        try
        {
            await using var content = await file.OpenAsync(cancellation);
            await kept.UploadAsync(
                content,
                new BlobUploadOptions
                {
                    Conditions = new BlobRequestConditions { IfNoneMatch = ETag.All },
                    TransferOptions = new StorageTransferOptions { InitialTransferSize = Block, MaximumTransferSize = Block, MaximumConcurrency = 1 },
                    // Without it Azurite computes a CRC of every block in JavaScript.
                    TransferValidation = new UploadTransferValidationOptions { ChecksumAlgorithm = StorageChecksumAlgorithm.MD5 },
                },
                cancellation);
        }
        catch (RequestFailedException conflict) when (conflict.ErrorCode == BlobErrorCode.BlobAlreadyExists)
        {
            // Named by its content: whoever was first kept the same bytes.
        }
    }

    /// <inheritdoc/>
    public async Task ReportAsync(DroppedFile file, byte[] json, byte[] csv, CancellationToken cancellation)
    {
        await PutAsync($"{file.Supplier}/{file.Name}.report.csv", csv, "text/csv; charset=utf-8", cancellation);
        // Last, because whoever waits for the report waits for this one.
        await PutAsync($"{file.Supplier}/{file.Name}.report.json", json, "application/json", cancellation);
    }

    private static async Task<DroppedFile?> FindAsync(BlobClient blob, string supplier, string name, CancellationToken cancellation)
    {
        try
        {
            var found = (await blob.GetPropertiesAsync(cancellationToken: cancellation)).Value;
            // Every opening reads the state that was found: a hash computed in one pass is the hash of what the next pass maps.
            var asFound = new BlobDownloadOptions { Conditions = new BlobRequestConditions { IfMatch = found.ETag } };
            return new DroppedFile(
                supplier, name, found.LastModified, found.ContentLength,
                async token => (await blob.DownloadStreamingAsync(asFound, token)).Value.Content);
        }
        catch (RequestFailedException gone) when (gone.Status == 404)
        {
            return null;
        }
    }

    private async Task PutAsync(string path, byte[] bytes, string contentType, CancellationToken cancellation) =>
        await pollReports.GetBlobClient(path).UploadAsync(
            BinaryData.FromBytes(bytes),
            new BlobUploadOptions { HttpHeaders = new BlobHttpHeaders { ContentType = contentType, CacheControl = "no-cache" } },
            cancellation);
}
