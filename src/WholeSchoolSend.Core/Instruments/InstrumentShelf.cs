namespace WholeSchoolSend.Core.Instruments;

/// <summary>
/// The newest instruments at hand, so that a delivery costs no storage request but its own. They may be some seconds old; who misses
/// one looks again before saying so.
/// </summary>
public sealed class InstrumentShelf(IInstruments instruments, TimeProvider time)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);

    private volatile Held? _held;

    /// <summary>The instrument of a form, or null when there is none even after looking again (at most once a second).</summary>
    public async Task<Instrument?> FindFormAsync(string source, string form, CancellationToken cancellation)
    {
        var binding = new FormBinding(source, form);
        return Find(await AllAsync(Fresh, cancellation), binding) ?? Find(await AllAsync(LookAgain, cancellation), binding);

        static Instrument? Find(IReadOnlyList<Instrument> all, FormBinding binding) => all.FirstOrDefault(instrument => instrument.Form == binding);
    }

    /// <summary>The next reader sees what was just put.</summary>
    public void Forget() => _held = null;

    private async Task<IReadOnlyList<Instrument>> AllAsync(TimeSpan age, CancellationToken cancellation)
    {
        if (_held is { } held && time.GetElapsedTime(held.Read) < age) return held.Instruments;
        var read = time.GetTimestamp();
        var all = await instruments.AllAsync(cancellation);
        _held = new Held(read, all);
        return all;
    }

    private sealed record Held(long Read, IReadOnlyList<Instrument> Instruments);
}
