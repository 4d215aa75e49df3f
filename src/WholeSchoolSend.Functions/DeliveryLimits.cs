using System.Collections.Frozen;
using System.Threading.RateLimiting;
using Microsoft.Extensions.Options;
using WholeSchoolSend.Core;
using WholeSchoolSend.Core.Webhooks;
using WholeSchoolSend.Functions.Options;

namespace WholeSchoolSend.Functions;

/// <summary>
/// Keeps one source from taking all of storage, and all of them from taking all memory: so many deliveries of a source at once, so many bytes of bodies at
/// once. It is decided before a body is read, so that what waits costs a connection and no more.
/// </summary>
public sealed class DeliveryLimits(FrozenDictionary<string, Source> sources, IOptions<LimitOptions> options) : IDisposable
{
    /// <summary>A sender is let wait 2.5 s for its delivery to be stored, and no more than this before.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly PartitionedRateLimiter<string> _deliveries = PartitionedRateLimiter.Create<string, string>(
        source => RateLimitPartition.GetConcurrencyLimiter(
        // Names nobody configured share one place: there may be any number of them.
        sources.ContainsKey(source) ? source : Signals.Unknown,
        _ => new ConcurrencyLimiterOptions { PermitLimit = options.Value.DeliveriesAtOnce, QueueLimit = options.Value.DeliveriesWaiting }));

    private readonly ConcurrencyLimiter _kilobytes = new(new ConcurrencyLimiterOptions
    {
        PermitLimit = options.Value.BodyMegabytes * 1024,
        QueueLimit = options.Value.BodyMegabytes * 1024,
    });

    /// <summary>The place of a delivery, to be given back when it was answered; null: there is none.</summary>
    /// <param name="length">as stated; null where it is not.</param>
    /// <param name="largest">that is read at most.</param>
    public async Task<IDisposable?> EnterAsync(string source, long? length, int largest, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        RateLimitLease? place = null;
        try
        {
            place = await _deliveries.AcquireAsync(source, 1, patience.Token);
            if (place.IsAcquired)
            {
                var memory = await _kilobytes.AcquireAsync(1 + (int)(Math.Min(length ?? largest, largest) / 1024), patience.Token);
                if (memory.IsAcquired) return new Both(place, memory);
                memory.Dispose();
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // Waited long enough.
        }
        place?.Dispose();
        return null;
    }

    public void Dispose()
    {
        _deliveries.Dispose();
        _kilobytes.Dispose();
    }

    private sealed class Both(RateLimitLease place, RateLimitLease memory) : IDisposable
    {
        public void Dispose()
        {
            memory.Dispose();
            place.Dispose();
        }
    }
}
