using System.Runtime.CompilerServices;
using Azure;
using Azure.Storage;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using WholeSchoolSend.Core.Polls;
using WholeSchoolSend.Core.Schools;

namespace WholeSchoolSend.Storage;

/// <summary>Dropped files: read as they were when they were found, kept by content hash, reported on beside them.</summary>
public sealed class DropsBlobs(
    BlobContainerClient pollDrop, BlobContainerClient register, BlobContainerClient raw, BlobContainerClient pollReports) : IDrops
{
    // Enough for a high rate on a slow line; a file of any size costs this much memory and no more.
    private const int Block = 8 * 1024 * 1024;

    /// <inheritdoc/>
    public async Task<DroppedFile?> FindPollAsync(string supplier, string name, CancellationToken cancellation)
    {
        // One request tells of the file and of what shares its name but for the ending.
        var folder = supplier == ImportPoll.MisplacedRegister ? "register" : supplier;
        supplier = SupplierOf(folder);
        var stem = name.LastIndexOf('.') is > 0 and var dot && dot > name.LastIndexOf('/') + 1 ? name[..(dot + 1)] : null;
        if (stem is null) return await FindAsync(pollDrop.GetBlobClient($"{folder}/{name}"), supplier, name, cancellation);
        var files = new List<DroppedFile>();
        await foreach (var blob in pollDrop.GetBlobsAsync(new GetBlobsOptions { Prefix = $"{folder}/{stem}" }, cancellation))
            files.Add(From(pollDrop, supplier, blob.Name[(folder.Length + 1)..], blob));
        return files.Find(file => file.Name == name) is { } found ? found with { Beside = files.FindAll(file => file.Name != name) } : null;
    }

    /// <inheritdoc/>
    public Task<DroppedFile?> FindRegisterAsync(string name, CancellationToken cancellation) =>
        FindAsync(register.GetBlobClient(name), "register", name, cancellation);

    /// <inheritdoc/>
    public async IAsyncEnumerable<DroppedFile> AllAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var blob in register.GetBlobsAsync(cancellationToken: cancellation)) yield return From(register, "register", blob.Name, blob);
        await foreach (var blob in pollDrop.GetBlobsAsync(cancellationToken: cancellation))
        {
            // A file that is in no supplier's folder is nobody's: the trigger does not see it either.
            if (!IsInFolder(blob.Name)) continue;
            var slash = blob.Name.IndexOf('/');
            yield return From(pollDrop, SupplierOf(blob.Name[..slash]), blob.Name[(slash + 1)..], blob);
        }
    }

    /// <inheritdoc/>
    public async Task KeepRawAsync(DroppedFile file, string contentHash, CancellationToken cancellation)
    {
        var kept = raw.GetBlobClient(contentHash);
        // Asking first costs a request: of a small file no less than sending it in vain.
        if (file.Bytes > Block && (await kept.ExistsAsync(cancellation)).Value) return;
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
    public async IAsyncEnumerable<DroppedFile> StrayAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var blob in pollDrop.GetBlobsAsync(cancellationToken: cancellation))
            if (!IsInFolder(blob.Name)) yield return From(pollDrop, ImportPoll.NoSupplier, blob.Name, blob);
    }

    /// <inheritdoc/>
    public Task<DroppedFile?> FindRawAsync(string supplier, string name, string contentHash, CancellationToken cancellation) =>
        FindAsync(raw.GetBlobClient(contentHash), supplier, name, cancellation);

    /// <inheritdoc/>
    public async IAsyncEnumerable<DroppedFile> RawAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        await foreach (var blob in raw.GetBlobsAsync(cancellationToken: cancellation)) yield return From(raw, "", blob.Name, blob);
    }

    /// <inheritdoc/>
    public async Task RemoveAsync(DroppedFile file, CancellationToken cancellation)
    {
        var blob = file.Supplier switch
        {
            "" => raw.GetBlobClient(file.Name),
            ImportRegister.Supplier => register.GetBlobClient(file.Name),
            ImportPoll.NoSupplier => pollDrop.GetBlobClient(file.Name),
            _ => pollDrop.GetBlobClient($"{(file.Supplier == ImportPoll.MisplacedRegister ? "register" : file.Supplier)}/{file.Name}"),
        };
        try
        {
            await blob.DeleteIfExistsAsync(DeleteSnapshotsOption.IncludeSnapshots, new BlobRequestConditions { IfMatch = new ETag($"\"{file.Id}\"") }, cancellation);
        }
        catch (RequestFailedException changed) when (changed.Status == 412)
        {
            // Another file by now: it is imported, and looked at, as itself.
        }
    }

    /// <inheritdoc/>
    public async Task ReportAsync(DroppedFile file, ImportReport report, CancellationToken cancellation)
    {
        await PutAsync($"{file.Supplier}/{file.Name}.report.csv", report.WriteCsvAsync, "text/csv; charset=utf-8", cancellation);
        // Last, because whoever waits for the report waits for this one.
        await PutAsync($"{file.Supplier}/{file.Name}.report.json", report.WriteJsonAsync, "application/json", cancellation);
    }

    /// <inheritdoc/>
    public async Task AmendReportAsync(string supplier, string name, Func<ReadOnlyMemory<byte>, byte[]?> amend, CancellationToken cancellation)
    {
        var blob = pollReports.GetBlobClient($"{supplier}/{name}.report.json");
        while (true)
        {
            try
            {
                var there = (await blob.DownloadContentAsync(cancellation)).Value;
                if (amend(there.Content.ToMemory()) is not { } amended) return;
                await blob.UploadAsync(
                    BinaryData.FromBytes(amended),
                    new BlobUploadOptions { HttpHeaders = ReportHeaders("application/json"), Conditions = new BlobRequestConditions { IfMatch = there.Details.ETag } },
                    cancellation);
                return;
            }
            catch (RequestFailedException gone) when (gone.Status == 404)
            {
                return;
            }
            catch (RequestFailedException changed) when (changed.Status == 412)
            {
                // An import has reported meanwhile, or it was ourselves and the answer was lost: what is there now tells.
            }
        }
    }

    /// <inheritdoc/>
    public async Task<int> ExpireReportsAsync(DateTimeOffset before, CancellationToken cancellation)
    {
        var gone = 0;
        await foreach (var report in pollReports.GetBlobsAsync(cancellationToken: cancellation))
        {
            if (report.Properties.LastModified >= before) continue;
            await pollReports.GetBlobClient(report.Name).DeleteIfExistsAsync(cancellationToken: cancellation);
            gone++;
        }
        return gone;
    }

    private static bool IsInFolder(string name) => name.IndexOf('/') is > 0 and var slash && slash < name.Length - 1;

    private static string SupplierOf(string folder) => folder == "register" ? ImportPoll.MisplacedRegister : folder;

    private static BlobHttpHeaders ReportHeaders(string contentType) => new() { ContentType = contentType, CacheControl = "no-cache" };

    private static async Task<DroppedFile?> FindAsync(BlobClient blob, string supplier, string name, CancellationToken cancellation)
    {
        try
        {
            var found = (await blob.GetPropertiesAsync(cancellationToken: cancellation)).Value;
            return File(blob, supplier, name, found.ETag, found.LastModified, found.ContentLength);
        }
        catch (RequestFailedException gone) when (gone.Status == 404)
        {
            return null;
        }
    }

    private static DroppedFile From(BlobContainerClient container, string supplier, string name, BlobItem blob) =>
        File(container.GetBlobClient(blob.Name), supplier, name, blob.Properties.ETag!.Value, blob.Properties.LastModified!.Value,
            blob.Properties.ContentLength ?? 0);

    private static DroppedFile File(BlobClient blob, string supplier, string name, ETag etag, DateTimeOffset modified, long bytes)
    {
        // Every opening reads the state that was found: a hash computed in one pass is the hash of what the next pass maps.
        var asFound = new BlobDownloadOptions { Conditions = new BlobRequestConditions { IfMatch = etag } };
        return new DroppedFile(
            supplier, name, etag.ToString().Trim('"'), modified, bytes, async token => (await blob.DownloadStreamingAsync(asFound, token)).Value.Content);
    }

    private async Task PutAsync(string path, Func<Stream, CancellationToken, Task> write, string contentType, CancellationToken cancellation)
    {
        var blob = pollReports.GetBlockBlobClient(path);
        await using var blocks = new BlockStream(blob, ReportHeaders(contentType));
        await write(blocks, cancellation);
        await blocks.CommitAsync(cancellation);
    }

    /// <summary>
    /// Writes a blob of any length from one buffer. Until it is committed, whoever reads the blob reads what was there before; a short one is one
    /// request.
    /// </summary>
    private sealed class BlockStream(BlockBlobClient blob, BlobHttpHeaders headers) : Stream
    {
        private readonly MemoryStream _buffer = new();
        private readonly List<string> _blocks = [];

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public async Task CommitAsync(CancellationToken cancellation)
        {
            _buffer.Position = 0;
            if (_blocks.Count == 0)
            {
                await blob.UploadAsync(_buffer, new BlobUploadOptions { HttpHeaders = headers }, cancellation);
                return;
            }
            await StageAsync(cancellation);
            await blob.CommitBlockListAsync(_blocks, new CommitBlockListOptions { HttpHeaders = headers }, cancellation);
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            _buffer.Write(buffer.Span);
            if (_buffer.Length >= Block) await StageAsync(cancellationToken);
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public override void Flush()
        {
        }

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("Storage is called asynchronously.");

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing) _buffer.Dispose();
            base.Dispose(disposing);
        }

        private async Task StageAsync(CancellationToken cancellation)
        {
            if (_buffer.Length == 0) return;
            var id = Convert.ToBase64String(BitConverter.GetBytes(_blocks.Count));
            _buffer.Position = 0;
            await blob.StageBlockAsync(
                id, _buffer, new BlockBlobStageBlockOptions { TransferValidation = new UploadTransferValidationOptions { ChecksumAlgorithm = StorageChecksumAlgorithm.MD5 } }, cancellation);
            _blocks.Add(id);
            _buffer.SetLength(0);
        }
    }
}
