using System.Text.Json.Serialization;

namespace WholeSchoolSend.Core.Polls;

/// <summary>What a dropped file is about, and so what it replaces, whatever the file is called.</summary>
/// <param name="Supplier">the pollster; <c>register</c> for the schools register.</param>
/// <param name="Instrument">the instrument that maps it; for the register <c>schools</c>, <c>engagements</c>, <c>links</c>, <c>reach</c>.</param>
/// <param name="Wave">the round of fieldwork; for engagements and reach the file's name, since several lists add up; else <c>all</c>.</param>
public sealed record ImportUnit(string Supplier, string Instrument, string Wave);

/// <summary>The content of a unit that counts now.</summary>
/// <param name="Version">names the rows of this content; unique to this drop, the same when its import is run again.</param>
/// <param name="ContentHash">SHA-256 of the file's bytes, lower-case hex.</param>
/// <param name="InstrumentVersion">which version mapped it; 0 for the register.</param>
/// <param name="Modified">the blob's Last-Modified: the later drop counts.</param>
/// <param name="Facts">what a reader of figures must know about the file: rows, weights, labels.</param>
public sealed record ActiveImport(
    ImportUnit Unit, string Version, string File, string ContentHash, int InstrumentVersion, string? Collection, DateTimeOffset Modified, ImportFacts Facts)
{
    /// <summary>Which write of the file it was, as <see cref="DroppedFile.Id"/>.</summary>
    public string Drop { get; init; } = "";

    /// <summary>When the drop was first seen here: of two within one second of storage's clock, the one seen later is later.</summary>
    public DateTimeOffset Received { get; init; }

    /// <summary>What of the file counts nowhere, by reason; null where it was imported before this was kept.</summary>
    public LeftOut? LeftOut { get; init; }

    /// <summary>Ids of the erasures its rows were read under, with a blank between: whose rows are not in them.</summary>
    public string Excludes { get; init; } = "";

    /// <summary>Its file was let go, because somebody is in it who was erased, or because its time was over.</summary>
    public bool IsFileGone { get; init; }

    /// <summary>Names the <see cref="RedactedCopy"/> kept in its place; null where there is none.</summary>
    public string? Redacted { get; init; }

    /// <summary>Set where it was taken out: nothing counts, and only a later drop does again. Null while it counts.</summary>
    public Withdrawal? Withdrawn { get; init; }

    public bool IsSameDrop(ActiveImport other) => File == other.File && Modified == other.Modified && Drop == other.Drop;

    /// <summary>Did this drop bring what stands, or the same again? It still did when it was refused by a newer instrument since.</summary>
    public bool IsBroughtBy(ImportRecord record) => Unit.Supplier == record.Supplier
        && ((record.State == ImportState.Active && record.Version == Version)
            || (record.State is (ImportState.Active or ImportState.Refused) && record.File == File && record.Modified == Modified && record.Drop == Drop));

    public bool IsSameContent(ActiveImport other) => ContentHash == other.ContentHash && InstrumentVersion == other.InstrumentVersion;

    /// <summary>One order of all drops, whichever is imported first.</summary>
    public bool IsLaterThan(ActiveImport other) =>
        (Modified.CompareTo(other.Modified), Received.CompareTo(other.Received)) switch
        {
            (not 0 and var dropped, _) => dropped > 0,
            (_, not 0 and var seen) => seen > 0,
            _ => string.CompareOrdinal(ContentHash, other.ContentHash) > 0,
        };

    /// <summary>Two files within one second of storage's clock: which of them was meant to be the later one, nobody can tell for certain.</summary>
    public bool IsTiedWith(ActiveImport other) => Modified == other.Modified && File != other.File && ContentHash != other.ContentHash;
}

/// <summary>Rows and answers of a file that no total holds: two say the same when their counts do.</summary>
public sealed record LeftOut(IReadOnlyList<LeftOutCount> Counts)
{
    /// <summary>The reason of rows that were refused while the file counts.</summary>
    public const string Refused = "refused";

    /// <summary>Of rows, by reason, then of the answers in the rows that were loaded.</summary>
    public static LeftOut Of(RowCounts rows, IReadOnlyList<ItemCounts> items) => new(
    [
        .. rows.Excluded.Select(reason => new LeftOutCount(null, reason.Key, reason.Value)),
        .. rows.Refused > 0 ? [new LeftOutCount(null, Refused, rows.Refused)] : Array.Empty<LeftOutCount>(),
        .. items.SelectMany(item => item.Excluded.Select(reason => new LeftOutCount(item.Indicator, reason.Key, reason.Value))),
    ]);

    /// <inheritdoc/>
    public bool Equals(LeftOut? other) => other is not null && Counts.SequenceEqual(other.Counts);

    /// <inheritdoc/>
    public override int GetHashCode() => Counts.Count;
}

/// <summary>How many were left out for a reason.</summary>
/// <param name="Indicator">whose answers; null: whole rows.</param>
public sealed record LeftOutCount(string? Indicator, string Reason, int N);

/// <summary>An operator's decision that a file is not to count, and why.</summary>
public sealed record Withdrawal(DateTimeOffset At, string Reason);

/// <summary>Counts of one file.</summary>
/// <param name="Rows">rows read.</param>
/// <param name="Schools">different schools, or strata, among the rows that were loaded.</param>
/// <param name="ZeroWeights">rows that weigh nothing; null where the file has no weights.</param>
/// <param name="SumOfWeights">null where the file has no weights.</param>
/// <param name="MaxOverMean">largest weight over the mean weight; null where there are none.</param>
/// <param name="EffectiveSize">Kish's effective sample size; null where there are no weights.</param>
/// <param name="FieldworkFrom">first day anybody was asked, where the file says so.</param>
public sealed record ImportFacts(
    int Rows, int Schools, int? ZeroWeights, double? SumOfWeights, double? MaxOverMean, double? EffectiveSize, DateOnly? FieldworkFrom = null,
        DateOnly? FieldworkTo = null);

/// <summary>What became of the rows of one file: read = loaded + excluded, over all reasons, + refused.</summary>
public sealed record RowCounts(int Read, int Loaded, IReadOnlyDictionary<string, int> Excluded, int Refused);

/// <summary>How far the import of one drop has come; written in lower case.</summary>
[JsonConverter(typeof(ImportStateJson))]
public enum ImportState
{
    /// <summary>It is known, and not finished: at work, waiting for its other half, or failing.</summary>
    Received,

    /// <summary>Read to the end and found good; nothing of it is written.</summary>
    Checked,

    /// <summary>All its rows are written, under a version that does not count yet.</summary>
    Loaded,

    /// <summary>Its content counts.</summary>
    Active,

    /// <summary>It has problems, all of them in its report: nothing changed.</summary>
    Refused,

    /// <summary>A later drop of the same unit counts, or the file was replaced before it was imported.</summary>
    Superseded,

    /// <summary>It counted, and an operator took it out.</summary>
    Withdrawn,
}

/// <summary>What a report says became of a file; written in lower case.</summary>
[JsonConverter(typeof(ImportOutcomeJson))]
public enum ImportOutcome
{
    /// <summary>Its rows count now.</summary>
    Active,

    /// <summary>The same content counts already: nothing changed.</summary>
    Unchanged,

    /// <summary>A later drop counts: nothing changed.</summary>
    Superseded,

    /// <summary>It has problems, all of them in its report: nothing changed.</summary>
    Refused,

    /// <summary>It is one half of a pair, and the other is not there yet.</summary>
    Waiting,

    /// <summary>Only checked: it could be imported as it is.</summary>
    Good,

    /// <summary>It counted, and an operator took it out.</summary>
    Withdrawn,
}

/// <summary>Writes a state in lower case.</summary>
public sealed class ImportStateJson() : JsonStringEnumConverter<ImportState>(System.Text.Json.JsonNamingPolicy.CamelCase);

/// <summary>Writes an outcome in lower case.</summary>
public sealed class ImportOutcomeJson() : JsonStringEnumConverter<ImportOutcome>(System.Text.Json.JsonNamingPolicy.CamelCase);

/// <summary>One drop of a file in the history of imports.</summary>
/// <param name="Drop">names the state of the file that was dropped, as <see cref="DroppedFile.Id"/>.</param>
/// <param name="Reason">the code of why it waits, was refused or was superseded.</param>
/// <param name="Attempts">how often its import was begun.</param>
/// <param name="Fault">how the last attempt that failed did: the kind of fault, never its message.</param>
/// <param name="Run">which run of the import holds it; empty once that run has failed.</param>
/// <param name="Version">names the rows it has or may have written.</param>
public sealed record ImportRecord(
    string Supplier, string File, string Drop, DateTimeOffset Modified, long Bytes, ImportState State, ImportOutcome? Outcome, string? Reason, int Attempts,
    string? Fault, string Run, DateTimeOffset Updated, string? ContentHash, ImportUnit? Unit, int? InstrumentVersion, string? Version, RowCounts? Rows, ImportFacts? Facts,
        int Problems)
{
    /// <summary>The host gives up after as many tries (<c>poisonBlobThreshold</c> in host.json): what failed so often waits for an operator.</summary>
    public const int MostAttempts = 5;

    /// <summary>When the drop was first seen.</summary>
    public DateTimeOffset Received { get; init; }

    /// <summary>The name under which the pair was imported that this file is half of; null where it is none.</summary>
    public string? Pair { get; init; }

    /// <summary>When and why it was taken out; null where it was not.</summary>
    public Withdrawal? Withdrawn { get; init; }

    [JsonIgnore]
    public bool IsFinished => State is ImportState.Active or ImportState.Refused or ImportState.Superseded or ImportState.Withdrawn;

    /// <summary>Failed as often as the host tries, the last time as well (or that run died): nothing but a replay takes it up again.</summary>
    public bool IsPoisoned(DateTimeOffset now) => !IsFinished && Attempts >= MostAttempts && (Run.Length == 0 || now - Updated >= SweepDrops.Stuck);

    [JsonIgnore]
    public bool IsWaiting => Outcome == ImportOutcome.Waiting;

    /// <summary>The same drop, taken out.</summary>
    public ImportRecord AfterWithdrawal(Withdrawal withdrawal) => this with
    {
        State = ImportState.Withdrawn,
        Outcome = ImportOutcome.Withdrawn,
        Reason = Core.Problems.ImportWithdrawn.Code,
        Withdrawn = withdrawal,
    };
}

/// <summary>A record as it is stored.</summary>
/// <param name="Tag">names this state of it: a writer states what it read.</param>
/// <param name="Position">its place in the history, newest drop first.</param>
public sealed record StoredImport(ImportRecord Record, string Tag, string Position);

/// <summary>What a switch found and left.</summary>
/// <param name="Replaced">versions that counted once and whose rows may still be there.</param>
public sealed record ImportSwitch(ActiveImport? Before, ActiveImport? After, IReadOnlyList<string> Replaced);

/// <summary>Keeps which content of every unit counts, and the history of drops.</summary>
public interface IImports
{
    /// <summary>What counts now, by supplier, instrument and wave.</summary>
    Task<IReadOnlyList<ActiveImport>> ActiveAsync(CancellationToken cancellation);

    /// <summary>What counts now, and what was withdrawn and nothing has taken the place of.</summary>
    Task<IReadOnlyList<ActiveImport>> UnitsAsync(CancellationToken cancellation);

    /// <summary>
    /// Switches a unit in one write to what <paramref name="decide"/> makes of what counts now (null: nothing counts yet; null back: leave it),
    /// deciding again when somebody else was first. The same write notes the version it replaces or withdraws, until <see cref="ForgetAsync"/>.
    /// </summary>
    Task<ImportSwitch> SwitchAsync(ImportUnit unit, Func<ActiveImport?, ActiveImport?> decide, CancellationToken cancellation);

    /// <summary>The rows of these replaced versions are gone.</summary>
    Task ForgetAsync(ImportUnit unit, IReadOnlyCollection<string> versions, CancellationToken cancellation);

    /// <summary>Units with replaced versions whose rows may still be there.</summary>
    Task<IReadOnlyList<(ImportUnit Unit, IReadOnlyList<string> Versions)>> ReplacedAsync(CancellationToken cancellation);

    /// <summary>Adds a drop to the history, or gives back what the history says of it already.</summary>
    Task<StoredImport> ReceiveAsync(ImportRecord first, CancellationToken cancellation);

    /// <summary>One conditional write from a record as it was read to the next; null when somebody else moved it meanwhile.</summary>
    Task<StoredImport?> AdvanceAsync(StoredImport from, ImportRecord to, CancellationToken cancellation);

    /// <summary>The history of drops, the newest first, from behind a position.</summary>
    IAsyncEnumerable<StoredImport> HistoryAsync(string? after, CancellationToken cancellation);

    /// <summary>Could this be a <see cref="StoredImport.Position"/>?</summary>
    bool IsPosition(string text);
}

/// <summary>Rows that count together: written under a version of their own, switched on elsewhere by one write, never changed.</summary>
public interface IVersionedRows<T>
{
    /// <summary>Writes rows in batches; writing the same rows again changes nothing.</summary>
    Task WriteAsync(string version, IEnumerable<T> rows, CancellationToken cancellation);

    /// <summary>All rows of a version, in key order.</summary>
    Task<IReadOnlyList<T>> ReadAsync(string version, CancellationToken cancellation);

    /// <summary>Removes the rows of a version that no longer counts.</summary>
    Task DeleteAsync(string version, CancellationToken cancellation);
}

/// <summary>A file somebody dropped, as it was when it was found.</summary>
/// <param name="Id">names this state of the file: another write of the same bytes has another.</param>
/// <param name="OpenAsync">opens the content from its start, as often as wanted; a fault when the blob has changed since.</param>
public sealed record DroppedFile(
    string Supplier, string Name, string Id, DateTimeOffset Modified, long Bytes, Func<CancellationToken, Task<Stream>> OpenAsync)
{
    private const int SmallEnough = 8 * 1024 * 1024;

    /// <summary>Files beside it that differ from it in their ending only: perhaps its other half.</summary>
    public IReadOnlyList<DroppedFile> Beside { get; init; } = [];

    /// <summary>Both files, where this stands for a pair of them.</summary>
    public IReadOnlyList<DroppedFile> Halves { get; init; } = [];

    /// <summary>Is the other's name the same but for its ending?</summary>
    public bool IsBeside(DroppedFile other) => Supplier == other.Supplier && Name != other.Name && Stem(Name) == Stem(other.Name);

    /// <summary>A file given as bytes, which is in no container.</summary>
    public static DroppedFile From(string supplier, string name, byte[] bytes, DateTimeOffset now) =>
        new(supplier, name, "", now, bytes.Length, _ => Task.FromResult<Stream>(new MemoryStream(bytes, writable: false)));

    /// <summary>The same file, read once if it is small: an import passes over it four times.</summary>
    public async Task<DroppedFile> AtHandAsync(CancellationToken cancellation)
    {
        if (Bytes > SmallEnough) return this;
        var bytes = new byte[Bytes];
        await using (var stream = await OpenAsync(cancellation)) await stream.ReadExactlyAsync(bytes, cancellation);
        return this with { OpenAsync = _ => Task.FromResult<Stream>(new MemoryStream(bytes, writable: false)) };
    }

    private static string Stem(string name) => name.LastIndexOf('.') is > 0 and var dot ? name[..dot] : name;
}

/// <summary>Where files are dropped, and where their reports are put.</summary>
public interface IDrops
{
    /// <summary>The poll file at <c>poll-drop/{supplier}/{name}</c>, with what is beside it; null when it is gone.</summary>
    Task<DroppedFile?> FindPollAsync(string supplier, string name, CancellationToken cancellation);

    /// <summary>The register file at <c>register/{name}</c>, with supplier <c>register</c>; null when it is gone.</summary>
    Task<DroppedFile?> FindRegisterAsync(string name, CancellationToken cancellation);

    /// <summary>All files that lie in <c>poll-drop</c> and <c>register</c> now, in a supplier's folder or as a register's.</summary>
    IAsyncEnumerable<DroppedFile> AllAsync(CancellationToken cancellation);

    /// <summary>All files that lie in <c>poll-drop</c> in no supplier's folder: nobody's, and no import's; their supplier is <see cref="ImportPoll.NoSupplier"/>.</summary>
    IAsyncEnumerable<DroppedFile> StrayAsync(CancellationToken cancellation);

    /// <summary>Keeps the bytes of a poll file at <c>raw/{hash}</c>, once.</summary>
    Task KeepRawAsync(DroppedFile file, string contentHash, CancellationToken cancellation);

    /// <summary>The bytes kept at <c>raw/{hash}</c>, as the file they were; null when they are not there.</summary>
    Task<DroppedFile?> FindRawAsync(string supplier, string name, string contentHash, CancellationToken cancellation);

    /// <summary>All bytes kept in <c>raw</c>, each as a file without a supplier, called by its hash.</summary>
    IAsyncEnumerable<DroppedFile> RawAsync(CancellationToken cancellation);

    /// <summary>Removes a dropped file, or bytes kept of one, as they were found; what was dropped in its place since stays.</summary>
    Task RemoveAsync(DroppedFile file, CancellationToken cancellation);

    /// <summary>Writes <c>poll-reports/{supplier}/{name}.report.json</c> and <c>.report.csv</c>, over what an earlier drop left there.</summary>
    Task ReportAsync(DroppedFile file, ImportReport report, CancellationToken cancellation);

    /// <summary>Removes reports that were written earlier; gives back how many files.</summary>
    Task<int> ExpireReportsAsync(DateTimeOffset before, CancellationToken cancellation);

    /// <summary>Changes a JSON report that is there (null back: leave it), again from what is there when somebody else wrote it meanwhile.</summary>
    Task AmendReportAsync(string supplier, string name, Func<ReadOnlyMemory<byte>, byte[]?> amend, CancellationToken cancellation);
}
