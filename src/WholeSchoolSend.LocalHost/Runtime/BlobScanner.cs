using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace WholeSchoolSend.LocalHost;

/// <summary>One blob trigger: the function, the path it watches and the account that is in.</summary>
internal sealed record BlobTriggered(Function Function, BlobPath Path, StorageAccount Account)
{
    public BlobContainerClient Container { get; } = Account.Blobs.GetBlobContainerClient(Path.Container);
}

/// <summary>
/// Looks for new versions of blobs and writes a message for each. A receipt named after the ETag makes sure that one version is queued
/// once, in whatever number of processes; as on the real host it is completed when the message is written, not when the function succeeds.
/// </summary>
internal sealed partial class BlobScanner(BlobTriggered trigger, Storage storage, BlobQueue queue, TimeSpan every, ILogger log)
{
    private static readonly TimeSpan ReceiptLease = TimeSpan.FromSeconds(30);
    private static readonly Dictionary<string, string> Completed = new() { ["Completed"] = "True" };

    /// <summary>Versions known to have a completed receipt, to ask storage once only.</summary>
    private Dictionary<string, ETag> _known = [];
    private bool _saidMissing;

    public async Task RunAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await ScanAsync(stopping);
            }
            catch (RequestFailedException missing) when (missing.ErrorCode == BlobErrorCode.ContainerNotFound)
            {
                if (!_saidMissing) Log.NoContainer(log, trigger.Path.Container, trigger.Function.Name);
                _saidMissing = true;
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception problem)
            {
                Log.ScanFailed(log, problem, trigger.Path.Container, trigger.Function.Name);
            }
            await Task.Delay(every, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ScanAsync(CancellationToken stopping)
    {
        var seen = new Dictionary<string, ETag>();
        await foreach (var blob in trigger.Container.GetBlobsAsync(new GetBlobsOptions { Prefix = trigger.Path.Prefix }, stopping))
        {
            if (blob.Properties.ETag is not { } etag || trigger.Path.Match(blob.Name) is null) continue;
            var isDone = (_known.TryGetValue(blob.Name, out var known) && known == etag) || await QueueOnceAsync(blob, etag, stopping);
            if (isDone) seen[blob.Name] = etag;
        }
        _known = seen;
    }

    /// <summary>True when the version's message is written, by us or by another; false when another is at it.</summary>
    private async Task<bool> QueueOnceAsync(BlobItem blob, ETag etag, CancellationToken stopping)
    {
        var receipt = storage.HostContainer.GetBlobClient(
            $"blobreceipts/{storage.HostId}/{trigger.Function.StorageName}/{etag.ToString("H")}/{trigger.Path.Container}/{blob.Name}");
        if (!await Blobs.CreateEmptyAsync(receipt, stopping) && await IsCompletedAsync(receipt, stopping)) return true;

        var lease = receipt.GetBlobLeaseClient();
        try
        {
            await lease.AcquireAsync(ReceiptLease, cancellationToken: CancellationToken.None);
        }
        catch (RequestFailedException taken) when (taken.Status == StatusCodes.Status409Conflict)
        {
            return false;
        }
        try
        {
            if (await IsCompletedAsync(receipt, CancellationToken.None)) return true;
            await queue.SendAsync(
                new BlobMessage("BlobTrigger", trigger.Function.StorageName, $"{blob.Properties.BlobType}Blob", trigger.Path.Container, blob.Name, etag.ToString("H")), CancellationToken.None);
            await receipt.SetMetadataAsync(Completed, new BlobRequestConditions { LeaseId = lease.LeaseId }, CancellationToken.None);
            return true;
        }
        finally
        {
            await lease.ReleaseAsync(cancellationToken: CancellationToken.None);
        }
    }

    private static async Task<bool> IsCompletedAsync(BlobClient receipt, CancellationToken stopping) =>
        (await receipt.GetPropertiesAsync(cancellationToken: stopping)).Value.Metadata.ContainsKey("Completed");

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "The container '{Container}' that {Name} watches does not exist yet")]
        public static partial void NoContainer(ILogger logger, string container, string name);

        [LoggerMessage(2, LogLevel.Warning, "Looking for blobs in '{Container}' for {Name} failed; it is tried again")]
        public static partial void ScanFailed(ILogger logger, Exception problem, string container, string name);
    }
}
