using System.Text.Json.Serialization;

namespace WholeSchoolSend.Core.Webhooks.Vendors;

/// <summary>A source whose vendor is left alone for a while.</summary>
/// <param name="Code">why; a stable problem code.</param>
/// <param name="Since">when it began.</param>
/// <param name="Until">when the vendor is asked again.</param>
public sealed record VendorPause(string Code, DateTimeOffset Since, DateTimeOffset Until);

/// <summary>How the vendor's own list of a form last compared with what is here.</summary>
/// <param name="Confirmed">all that changed there before is here, erased, or in quarantine; null: not known yet.</param>
/// <param name="At">when the list was last read.</param>
/// <param name="IsWhole">whether the list was whole; if not, the same is looked at again.</param>
/// <param name="Code">what kept it from being read; null: nothing.</param>
/// <param name="RecoveredEver">responses recovered since the first comparison.</param>
public sealed record GapReport(
    string Form, DateTimeOffset? Confirmed, DateTimeOffset At, bool IsWhole, string? Code, GapCounts Counts, long RecoveredEver)
{
    /// <summary>Counts the writes from 1; not part of what is shown.</summary>
    [JsonIgnore]
    public int Revision { get; init; }
}

/// <summary>What became of the responses a vendor listed.</summary>
/// <param name="Listed">different ones on its list.</param>
/// <param name="Total">how many it says there are, where it says so.</param>
/// <param name="Ours">were here already.</param>
/// <param name="Recovered">were missing, and are here now.</param>
/// <param name="Quarantined">were missing or wait in quarantine already.</param>
/// <param name="Erased">belong to persons who were erased, and stay so.</param>
/// <param name="Young">are left to the webhook for a while.</param>
/// <param name="Previews">are nobody's.</param>
/// <param name="Unreadable">could not be read.</param>
public sealed record GapCounts(int Listed, int? Total, int Ours, int Recovered, int Quarantined, int Erased, int Young, int Previews, int Unreadable);

/// <summary>What is remembered of vendors between runs.</summary>
public interface IVendorState
{
    /// <summary>Takes the lease of some work on a source, so that two instances do not ask one vendor at once; false while another has it.</summary>
    Task<bool> LeaseAsync(string source, string work, string holder, DateTimeOffset now, DateTimeOffset until, CancellationToken cancellation);

    /// <summary>Gives a lease back; nothing if another has it by now.</summary>
    Task ReleaseAsync(string source, string work, string holder, CancellationToken cancellation);

    Task<VendorPause?> PauseAsync(string source, CancellationToken cancellation);

    /// <summary>Leaves a vendor alone; the beginning of a pause for the same reason that is there already stays.</summary>
    Task PutPauseAsync(string source, VendorPause pause, CancellationToken cancellation);

    Task EndPauseAsync(string source, CancellationToken cancellation);

    /// <summary>The last report of every form of a source.</summary>
    Task<IReadOnlyList<GapReport>> ReportsAsync(string source, CancellationToken cancellation);

    /// <summary>Keeps a report whose revision is one more than the stored one (1: none stored); false when somebody else was first.</summary>
    Task<bool> PutReportAsync(string source, GapReport report, CancellationToken cancellation);
}

/// <summary>What is here of a response: the version that counts, or that its person was erased.</summary>
/// <param name="Version">null: erased.</param>
public sealed record KnownResponse(ResponseVersion? Version);

/// <summary>Says which responses are here already, without taking them in again.</summary>
public interface IKnownResponses
{
    /// <summary>Those of these identities that are known to a collection.</summary>
    Task<IReadOnlyDictionary<string, KnownResponse>> FindAsync(string collection, IReadOnlyCollection<string> identities, CancellationToken cancellation);
}

/// <summary>Says what waits in quarantine already.</summary>
public interface IKnownQuarantined
{
    /// <summary>What of a source was recovered into quarantine, or waits there: responses by identity, and hashes of their contents.</summary>
    Task<IReadOnlySet<(string Identity, string Hash)>> HeldAsync(string source, CancellationToken cancellation);
}
