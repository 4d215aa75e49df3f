using System.Text.Json.Serialization;

namespace WholeSchoolSend.Core.Kpis;

/// <summary>One audit of all totals: what was compared, and what it came to.</summary>
/// <param name="Id">sorts the newest first.</param>
/// <param name="Ended">null while it runs, and for ever where it was interrupted.</param>
/// <param name="Schools">schools of webhook collections whose totals were rebuilt from their responses.</param>
/// <param name="Imports">poll files whose totals were rebuilt from the file.</param>
/// <param name="Changing">schools whose evidence or totals were moving: a recompute is at them or will be, so they say nothing yet.</param>
/// <param name="Differences">totals that were not, bit for bit, what they should be.</param>
/// <param name="Unreadable">poll files that count and cannot be rebuilt, and why.</param>
public sealed record TotalsAudit(
    string Id, DateTimeOffset Began, DateTimeOffset? Ended, int Schools, int Imports, int Changing, int Differences, IReadOnlyList<UnreadableImport> Unreadable);

/// <summary>A poll file that counts and whose totals cannot be rebuilt.</summary>
/// <param name="Reason"><c>file-gone</c>: neither its copy nor the file in the drop is there; <c>refused-now</c>: it is read otherwise today.</param>
public sealed record UnreadableImport(string Supplier, string Instrument, string Wave, string Reason);

/// <summary>Totals of one school in one wave that were not what its evidence says.</summary>
/// <param name="Source"><c>webhooks</c>, or supplier and instrument of a poll file.</param>
/// <param name="Stored">null where none were stored, or none that can be read.</param>
/// <param name="Rebuilt">null where there should be none.</param>
/// <param name="Indicators">whose cells or pairs differ; never which answers, because a school's cell may be one person.</param>
public sealed record TotalsDifference(
    string Collection, string Source, string Wave, string School, TotalsInBrief? Stored, TotalsInBrief? Rebuilt, IReadOnlyList<string> Indicators)
{
    public static TotalsDifference From(string collection, string source, string school, TotalsPair pair) => new(
        collection, source, pair.Wave, school, TotalsInBrief.Of(pair.Stored), TotalsInBrief.Of(pair.Rebuilt), Differing(pair.Stored, pair.Rebuilt));

    private static List<string> Differing(SchoolTotals? stored, SchoolTotals? rebuilt)
    {
        var (one, other) = (Lines(stored), Lines(rebuilt));
        return [.. one.Except(other).Concat(other.Except(one)).Select(line => line.Indicator).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
    }

    private static HashSet<(string Indicator, object Line)> Lines(SchoolTotals? totals) => totals is null
        ? []
        : [.. totals.Cells.Select(cell => (cell.Indicator, (object)cell)), .. totals.Pairs.Select(pair => (pair.Indicator, (object)pair)), .. (totals.Wordings ?? []).Select(wording => (wording.Indicator, (object)wording))];
}

/// <summary>Totals without their answers: people, answers, the sum of their weights, people before and after.</summary>
public sealed record TotalsInBrief(int Respondents, int Answers, double Weight, int Pairs)
{
    public static TotalsInBrief? Of(SchoolTotals? totals) => totals is null
        ? null
        : new(totals.Respondents, totals.Cells.Sum(cell => cell.N), totals.Cells.Sum(cell => cell.W), totals.Pairs.Sum(pair => pair.N));
}

/// <summary>Stored totals of a wave beside the rebuilt ones; null where there are none.</summary>
public sealed record TotalsPair(string Wave, SchoolTotals? Stored, SchoolTotals? Rebuilt);

/// <summary>How the stored totals of a school stand against its responses.</summary>
/// <param name="IsChanging">it moved while it was looked at, or a marker says that it did: nothing can be said, and a recompute is coming.</param>
/// <param name="Differing">waves whose totals are not, bit for bit, those of the responses.</param>
public sealed record AuditedSchool(string School, bool IsChanging, IReadOnlyList<TotalsPair> Differing);

/// <summary>Holds stored totals against the responses they are of.</summary>
public interface IAuditedTotals
{
    /// <summary>
    /// Every school of a collection that has responses or totals, one at a time. It may change meanwhile: a difference is only told of a school that
    /// stood still, without a marker, while its totals and its responses were read.
    /// </summary>
    IAsyncEnumerable<AuditedSchool> AuditAsync(string collection, Func<IReadOnlyList<CountedResponse>, IReadOnlyList<SchoolTotals>> totals, CancellationToken cancellation);

    /// <summary>Marks a school as changed, so that the next recompute works its totals anew.</summary>
    Task MarkAsync(string collection, string school, CancellationToken cancellation);
}

/// <summary>Keeps what audits found.</summary>
public interface IAudits
{
    /// <summary>Writes an audit as it stands, over what was there of it.</summary>
    Task KeepAsync(TotalsAudit audit, CancellationToken cancellation);

    /// <summary>Adds a difference, the number <paramref name="index"/> of its audit.</summary>
    Task AddAsync(string audit, int index, TotalsDifference difference, CancellationToken cancellation);

    /// <summary>The newest audits, the newest first.</summary>
    Task<IReadOnlyList<TotalsAudit>> NewestAsync(int most, CancellationToken cancellation);

    /// <summary>One audit with all its differences; null when there is none of this id.</summary>
    Task<AuditFindings?> FindAsync(string id, CancellationToken cancellation);

    /// <summary>Removes audits that began earlier, with their differences; gives back how many.</summary>
    Task<int> ExpireAsync(DateTimeOffset before, CancellationToken cancellation);
}

/// <summary>An audit and every difference it found.</summary>
public sealed record AuditFindings(TotalsAudit Audit, IReadOnlyList<TotalsDifference> Differences);

/// <summary>Audits as operators see them, the newest first.</summary>
public sealed record AuditList(IReadOnlyList<TotalsAudit> Audits);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AuditList))]
[JsonSerializable(typeof(AuditFindings))]
[JsonSerializable(typeof(TotalsAudit))]
[JsonSerializable(typeof(TotalsDifference))]
public sealed partial class AuditsJson : JsonSerializerContext;
