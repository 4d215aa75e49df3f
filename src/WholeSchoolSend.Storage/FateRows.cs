using System.Globalization;
using System.Runtime.InteropServices;
using Azure.Data.Tables;
using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Storage;

/// <summary>
/// The fates of responses, read from the rows of the three tables they are in: accepted and everything that came of a known response in
/// Evidence, quarantined in Quarantine, events in Pending.
/// </summary>
public sealed class FateRows(EvidenceTable evidence, QuarantineTable quarantine, PendingTable pending) : IFates
{
    /// <inheritdoc/>
    public async Task<IReadOnlyList<FateCount>> CountAsync(IEnumerable<string> collections, DateOnly from, DateOnly to, string? source, CancellationToken cancellation)
    {
        var tally = new FateTally(from, to, source);
        foreach (var collection in collections) await evidence.CountFatesAsync(collection, tally, cancellation);
        await quarantine.CountFatesAsync(tally, cancellation);
        await pending.CountFatesAsync(tally, cancellation);
        return tally.Counts();
    }

    /// <inheritdoc/>
    public async Task<Waiting> WaitingAsync(string? source, CancellationToken cancellation)
    {
        var toFetch = await pending.CountWaitingAsync(source, cancellation);
        return new Waiting(
            await quarantine.CountWaitingAsync(source, cancellation), [.. toFetch.Select(waiting => new WaitingForFetch(waiting.Key, waiting.Value))]);
    }
}

/// <summary>Adds fates up row by row. Every row that is one has the columns source, day and channel.</summary>
internal sealed class FateTally(DateOnly from, DateOnly to, string? source)
{
    /// <summary>What of a row is read.</summary>
    public static readonly string[] Columns = ["Source", "Day", "Channel"];

    private readonly Dictionary<(string Day, string Source, string Channel, Fate Fate), int> _counts = [];

    public DateOnly From => from;

    public DateOnly To => to;

    /// <summary>The filter of rows of these days and this source.</summary>
    public string Fits { get; } = source is null
        ? TableClient.CreateQueryFilter($"Day ge {Text(from)} and Day le {Text(to)}")
        : TableClient.CreateQueryFilter($"Day ge {Text(from)} and Day le {Text(to)} and Source eq {source}");

    /// <summary>Keys of the rows of these days, where the day follows the kind.</summary>
    public (string From, string To) Rows(string kind) => (TableKey.Below(kind, Text(from)).From, TableKey.Below(kind, Text(to)).To);

    public void Count(TableEntity row, Fate fate) =>
        CollectionsMarshal.GetValueRefOrAddDefault(_counts, (row.GetString("Day"), row.GetString("Source"), row.GetString("Channel"), fate), out _)++;

    public IReadOnlyList<FateCount> Counts() =>
    [
        .. _counts.Select(count => new FateCount(
            DateOnly.ParseExact(count.Key.Day, "yyyy-MM-dd", CultureInfo.InvariantCulture), count.Key.Source, Enum.Parse<Channel>(count.Key.Channel), count.Key.Fate, count.Value)),
    ];

    private static string Text(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
