using Polly;
using WholeSchoolSend.Core.Webhooks.Vendors;

namespace WholeSchoolSend.Vendors;

/// <summary>
/// Keeps a source's requests within a vendor's limits: so many in any minute, so many in a day of UTC. A short wait is waited out; a longer one is told to whoever
/// asked. It counts this process's requests only, and forgets them with it: a vendor that counts better answers 429, which is obeyed all the same.
/// </summary>
/// <remarks>The limiters of System.Threading.RateLimiting take their time from the machine, so that no test could tell them what it is.</remarks>
internal sealed class RateLimit(int perMinute, int perDay, TimeSpan longestWait, TimeProvider time) : ResilienceStrategy<VendorResponse>
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Queue<DateTimeOffset> _minute = new();
    private DateTimeOffset _day;
    private int _today;

    protected override async ValueTask<Outcome<VendorResponse>> ExecuteCore<TState>(
        Func<ResilienceContext, TState, ValueTask<Outcome<VendorResponse>>> callback, ResilienceContext context, TState state)
    {
        while (Take() is { } wait)
        {
            if (wait > longestWait) return Outcome.FromException<VendorResponse>(new LimitReachedException(wait));
            await Task.Delay(wait, time, context.CancellationToken);
        }
        return await callback(context, state);
    }

    /// <summary>Takes a place; or how long until there may be one.</summary>
    private TimeSpan? Take()
    {
        lock (_lock)
        {
            var now = time.GetUtcNow();
            var day = new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero);
            if (day != _day) (_day, _today) = (day, 0);
            while (_minute.TryPeek(out var first) && now - first >= Minute) _minute.Dequeue();
            if (_today >= perDay) return day.AddDays(1) - now;
            if (_minute.Count >= perMinute) return Minute - (now - _minute.Peek());
            _minute.Enqueue(now);
            _today++;
            return null;
        }
    }
}

/// <summary>The source's own limit is reached.</summary>
internal sealed class LimitReachedException(TimeSpan wait) : Exception("The limit of requests is reached.")
{
    public TimeSpan Wait { get; } = wait;
}
