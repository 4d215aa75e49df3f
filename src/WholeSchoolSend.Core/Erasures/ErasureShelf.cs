using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Core.Erasures;

/// <summary>
/// Who was erased, at hand, so that a delivery costs no storage request but its own. It may be some seconds old on another instance than the one that
/// took the request: what slips in meanwhile the second sweep removes.
/// </summary>
public sealed class ErasureShelf(IErasures erasures, Pseudonyms pseudonyms, TimeProvider time)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(10);

    private volatile Held? _held;

    /// <summary>As of some seconds ago.</summary>
    public async Task<ErasedPeople> RecentAsync(CancellationToken cancellation) =>
        _held is { } held && time.GetElapsedTime(held.Read) < Fresh ? held.People : await NowAsync(cancellation);

    /// <summary>As of now.</summary>
    public async Task<ErasedPeople> NowAsync(CancellationToken cancellation)
    {
        var (before, read) = (_held, time.GetTimestamp());
        var all = await erasures.AllAsync(cancellation);
        var state = all.Select(erasure => (erasure.Id, erasure.Revision)).ToList();
        // Tombstones come with erasures and their sweeps, each of which ends with a write of its own.
        if (before is not null && before.State.SequenceEqual(state))
        {
            _held = before with { Read = read };
            return before.People;
        }
        // A tombstone outlives the report of its erasure, and works without any.
        var people = new ErasedPeople(all, await erasures.TombstonesAsync(cancellation), pseudonyms);
        _held = new Held(read, state, people);
        return people;
    }

    /// <summary>The next reader sees what was just written.</summary>
    public void Forget() => _held = null;

    private sealed record Held(long Read, IReadOnlyList<(string Id, int Revision)> State, ErasedPeople People);
}
