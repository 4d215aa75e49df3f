using System.Collections.Concurrent;

namespace WholeSchoolSend.Core.Watch;

/// <summary>
/// When each source last delivered. It is noted in memory and written by the minute, so that a response costs no request more; an instance that is killed
/// takes a minute of it along, which nothing but health would tell.
/// </summary>
public sealed class LastDeliveries(IWatch watch, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, DateTimeOffset> _unwritten = new(StringComparer.Ordinal);

    /// <param name="source">one that is configured.</param>
    public void Note(string source) => _unwritten[source] = time.GetUtcNow();

    /// <summary>Writes what was noted since the last time; what cannot be written now is written next time.</summary>
    public async Task WriteAsync(CancellationToken cancellation)
    {
        var noted = _unwritten.ToArray();
        if (noted.Length == 0) return;
        await watch.KeepAsync(noted.ToDictionary(StringComparer.Ordinal), cancellation);
        // Only if nothing came meanwhile.
        foreach (var one in noted) _unwritten.TryRemove(one);
    }
}
