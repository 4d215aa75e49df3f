using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Microsoft.AspNetCore.Http;

namespace WholeSchoolSend.LocalHost;

internal static class Blobs
{
    /// <summary>Makes an empty blob, and its container, where there is none; true when this call made it.</summary>
    public static async Task<bool> CreateEmptyAsync(BlobClient blob, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                await blob.UploadAsync(Stream.Null, new BlobUploadOptions { Conditions = new BlobRequestConditions { IfNoneMatch = ETag.All } }, cancellation);
                return true;
            }
            catch (RequestFailedException exists) when (exists.Status is StatusCodes.Status409Conflict or StatusCodes.Status412PreconditionFailed && exists.ErrorCode != BlobErrorCode.ContainerBeingDeleted)
            {
                return false;
            }
            catch (RequestFailedException missing) when (missing.ErrorCode == BlobErrorCode.ContainerNotFound)
            {
                await blob.GetParentBlobContainerClient().CreateIfNotExistsAsync(cancellationToken: cancellation);
            }
        }
    }
}
