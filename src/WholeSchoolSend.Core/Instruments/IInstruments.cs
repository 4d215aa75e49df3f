namespace WholeSchoolSend.Core.Instruments;

/// <summary>Keeps instruments, every version of them.</summary>
public interface IInstruments
{
    /// <summary>The newest version of every instrument, in id order.</summary>
    Task<IReadOnlyList<Instrument>> AllAsync(CancellationToken cancellation);

    /// <summary>One version, or the newest when none is given; null when there is none.</summary>
    Task<Instrument?> FindAsync(string id, int? version, CancellationToken cancellation);

    /// <summary>Adds the version that <paramref name="instrument"/> states; false when somebody else added it first.</summary>
    Task<bool> AddAsync(Instrument instrument, CancellationToken cancellation);
}
