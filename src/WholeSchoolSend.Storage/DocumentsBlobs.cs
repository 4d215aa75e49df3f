using System.Text.RegularExpressions;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using WholeSchoolSend.Core.Snapshots;

namespace WholeSchoolSend.Storage;

/// <summary>Published documents: a container for each audience, with the headers browsers and caches go by.</summary>
public sealed partial class DocumentsBlobs(BlobContainerClient internalDocuments, BlobContainerClient publicDocuments) : IDocuments
{
    private const string ForEver = "public, max-age=31536000, immutable";

    // A cache may answer for a minute on its own, then asks by ETag.
    private const string Revalidated = "public, max-age=60, must-revalidate";

    /// <inheritdoc/>
    public async Task<StoredDocument?> ReadAsync(Audience audience, string path, CancellationToken cancellation)
    {
        try
        {
            var found = (await Blob(audience, path).DownloadContentAsync(cancellation)).Value;
            return new StoredDocument(found.Content.ToArray(), found.Details.ETag.ToString());
        }
        catch (RequestFailedException missing) when (missing.ErrorCode == BlobErrorCode.BlobNotFound)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public async Task AddAsync(Audience audience, string path, byte[] bytes, CancellationToken cancellation)
    {
        try
        {
            await UploadAsync(audience, path, bytes, ForEver, new BlobRequestConditions { IfNoneMatch = ETag.All }, cancellation);
        }
        catch (RequestFailedException conflict) when (conflict.ErrorCode == BlobErrorCode.BlobAlreadyExists)
        {
            // Immutable: what is there stays.
        }
    }

    /// <inheritdoc/>
    public async Task<bool> ReplaceAsync(Audience audience, string path, byte[] bytes, StoredDocument? before, CancellationToken cancellation)
    {
        var unchanged = before is null
            ? new BlobRequestConditions { IfNoneMatch = ETag.All }
            : new BlobRequestConditions { IfMatch = new ETag(before.Revision) };
        try
        {
            await UploadAsync(audience, path, bytes, Revalidated, unchanged, cancellation);
            return true;
        }
        catch (RequestFailedException conflict) when (conflict.Status is 409 or 412)
        {
            // First was somebody else, or ourselves when the answer to our own write was lost: then what is stored is ours.
            return await ReadAsync(audience, path, cancellation) is { } stored && stored.Bytes.AsSpan().SequenceEqual(bytes);
        }
    }

    /// <inheritdoc/>
    public async Task<int> ExpireInternalAsync(DateTimeOffset before, Func<string, bool> listed, CancellationToken cancellation)
    {
        var gone = 0;
        await foreach (var blob in internalDocuments.GetBlobsAsync(cancellationToken: cancellation))
        {
            if (!SnapshotPath().IsMatch(blob.Name) || listed(blob.Name) || blob.Properties.LastModified >= before) continue;
            await internalDocuments.GetBlobClient(blob.Name).DeleteIfExistsAsync(cancellationToken: cancellation);
            gone++;
        }
        return gone;
    }

    [GeneratedRegex("^[0-9]{4}/[0-9]{2}/[^/]+[.]json$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex SnapshotPath();

    private BlobClient Blob(Audience audience, string path) =>
        (audience == Audience.Public ? publicDocuments : internalDocuments).GetBlobClient(path);

    private async Task UploadAsync(
        Audience audience, string path, byte[] bytes, string cacheControl, BlobRequestConditions conditions, CancellationToken cancellation) =>
        await Blob(audience, path).UploadAsync(
            BinaryData.FromBytes(bytes),
            new BlobUploadOptions
            {
                Conditions = conditions,
                HttpHeaders = new BlobHttpHeaders { ContentType = ContentType(path), CacheControl = cacheControl },
            },
            cancellation);

    private static string ContentType(string path) => Path.GetExtension(path) switch
    {
        ".json" => "application/json",
        ".csv" => "text/csv; charset=utf-8",
        ".html" => "text/html; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".ts" => "text/plain; charset=utf-8",
        ".svg" => "image/svg+xml",
        _ => "application/octet-stream",
    };
}
