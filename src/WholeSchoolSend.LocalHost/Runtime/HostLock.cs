using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Specialized;
using Microsoft.AspNetCore.Http;

namespace WholeSchoolSend.LocalHost;

/// <summary>
/// One process at a time, by a lease on a blob, as on the real host (there 60 s). A process that dies leaves its lease to run out.
/// </summary>
internal static class HostLock
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan RenewEvery = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan TryEvery = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Waits for its turn and does the work, whose token is cancelled when the lease is lost. Returns when the work does:
    /// <paramref name="stopping"/> ends the wait only, so that the lock is held until what runs under it has finished.
    /// </summary>
    public static async Task HoldAsync(BlobClient blob, Func<CancellationToken, Task> work, CancellationToken stopping)
    {
        var lease = blob.GetBlobLeaseClient();
        var since = await AcquireAsync(blob, lease, stopping);
        using var lost = new CancellationTokenSource();
        using var done = new CancellationTokenSource();
        var renewing = RenewAsync(lease, since, lost, done.Token);
        try
        {
            await work(lost.Token);
        }
        finally
        {
            await done.CancelAsync();
            await renewing;
            await ReleaseAsync(lease);
        }
    }

    private static async Task<long> AcquireAsync(BlobClient blob, BlobLeaseClient lease, CancellationToken stopping)
    {
        while (true)
        {
            try
            {
                var asked = TimeProvider.System.GetTimestamp();
                await lease.AcquireAsync(Period, cancellationToken: stopping);
                return asked;
            }
            catch (RequestFailedException missing) when (missing.Status == StatusCodes.Status404NotFound)
            {
                await Blobs.CreateEmptyAsync(blob, stopping);
            }
            catch (RequestFailedException taken) when (taken.Status == StatusCodes.Status409Conflict)
            {
                await Task.Delay(TryEvery, stopping);
            }
        }
    }

    private static async Task RenewAsync(BlobLeaseClient lease, long since, CancellationTokenSource lost, CancellationToken done)
    {
        while (true)
        {
            await Task.Delay(RenewEvery, done).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (done.IsCancellationRequested) return;
            var left = Period - TimeProvider.System.GetElapsedTime(since);
            var asked = TimeProvider.System.GetTimestamp();
            try
            {
                using var soon = CancellationTokenSource.CreateLinkedTokenSource(done);
                soon.CancelAfter(left > TimeSpan.Zero ? left : TimeSpan.Zero);
                await lease.RenewAsync(cancellationToken: soon.Token);
                since = asked;
            }
            catch (Exception problem) when (problem is RequestFailedException or OperationCanceledException or AggregateException)
            {
                var refused = problem is RequestFailedException { Status: StatusCodes.Status404NotFound or StatusCodes.Status409Conflict or StatusCodes.Status412PreconditionFailed };
                if (!refused && TimeProvider.System.GetElapsedTime(since) < Period - RenewEvery) continue;
                if (!done.IsCancellationRequested) await lost.CancelAsync();
                return;
            }
        }
    }

    private static async Task ReleaseAsync(BlobLeaseClient lease)
    {
        try
        {
            using var soon = new CancellationTokenSource(TimeSpan.FromSeconds(5));
            await lease.ReleaseAsync(cancellationToken: soon.Token);
        }
        catch (Exception problem) when (problem is RequestFailedException or OperationCanceledException or AggregateException)
        {
            // It was lost, or storage is gone: the lease runs out by itself.
        }
    }
}
