using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;
using WholeSchoolSend.Core.Instruments;

namespace WholeSchoolSend.Core.Webhooks;

/// <summary>How many responses of a source met one fate on one day, by one way.</summary>
public sealed record FateCount(DateOnly Day, string Source, Channel Channel, Fate Fate, int Responses);

/// <summary>The fates as the stores' rows say them; nothing is counted anywhere else.</summary>
public interface IFates
{
    /// <summary>Fates of these days (both included), each once; of one source, or of every source that has rows.</summary>
    Task<IReadOnlyList<FateCount>> CountAsync(IEnumerable<string> collections, DateOnly from, DateOnly to, string? source, CancellationToken cancellation);

    /// <summary>What waits now, on whatever day it came.</summary>
    Task<Waiting> WaitingAsync(string? source, CancellationToken cancellation);
}

/// <summary>What waits to be replayed or fetched.</summary>
public sealed record Waiting(IReadOnlyList<WaitingInQuarantine> Quarantine, IReadOnlyList<WaitingForFetch> Pending);

/// <summary>What of a source waits in quarantine, in all and by reason; an entry with two reasons counts under both.</summary>
public sealed record WaitingInQuarantine(string Source, int Entries, IReadOnlyDictionary<string, int> Reasons);

/// <summary>How many responses of a source wait to be fetched from its vendor.</summary>
public sealed record WaitingForFetch(string Source, int Responses);

/// <summary>Fates of a source, by one way, on one day or on all of them: received is the sum of the others.</summary>
/// <param name="Day">null: of the whole range.</param>
/// <param name="Source">null: of all sources.</param>
public sealed record LedgerEntry(
    DateOnly? Day, string? Source, Channel Channel, int Received, int Accepted, int Duplicate, int Revised, int Conflict, int Quarantined, int Pending, int Erased)
{
    internal static LedgerEntry From(DateOnly? day, string? source, Channel channel, IEnumerable<FateCount> counts)
    {
        var of = counts.GroupBy(count => count.Fate).ToDictionary(fate => fate.Key, fate => fate.Sum(count => count.Responses));
        return new(
            day, source, channel, of.Values.Sum(), Of(Fate.Accepted), Of(Fate.Duplicate), Of(Fate.Revised), Of(Fate.Conflict), Of(Fate.Quarantined), Of(Fate.Pending), Of(Fate.Erased));

        int Of(Fate fate) => of.GetValueOrDefault(fate);
    }
}

/// <summary>Every fate of these days. The same rows give the same document, byte for byte.</summary>
/// <param name="Days">by day, source and channel.</param>
/// <param name="Sources">of the whole range, by source and channel.</param>
/// <param name="Totals">of the whole range and all sources, by channel.</param>
/// <param name="Waiting">what waits now.</param>
public sealed record LedgerDocument(
    DateOnly From, DateOnly To, IReadOnlyList<LedgerEntry> Days, IReadOnlyList<LedgerEntry> Sources, IReadOnlyList<LedgerEntry> Totals, Waiting Waiting)
{
    /// <summary>The days as CSV, one line for each day, source and channel.</summary>
    public string ToCsv()
    {
        var csv = new StringBuilder("day,source,channel,received,accepted,duplicate,revised,conflict,quarantined,pending,erased\r\n");
        foreach (var entry in Days)
            csv.Append(
                CultureInfo.InvariantCulture,
                $"{entry.Day:yyyy-MM-dd},{entry.Source},{entry.Channel.ToString().ToLowerInvariant()},{entry.Received},{entry.Accepted},{entry.Duplicate},{entry.Revised},{entry.Conflict},{entry.Quarantined},{entry.Pending},{entry.Erased}\r\n");
        return csv.ToString();
    }
}

/// <summary>
/// Says what became of every response that was received, by source and day. A response is of the UTC day on which it was received by our clock,
/// wherever its row is and whenever it was written; a replay is received when it is replayed, so what earlier days say never changes.
/// </summary>
/// <remarks>
/// It is read from the rows while responses arrive: a response stored meanwhile may or may not be in it. A day that is over, and is not being
/// retried by a sender, stands.
/// </remarks>
public sealed class Ledger(IFates fates, IInstruments instruments, TimeProvider time)
{
    /// <summary>The longest range, in days: a quarter. All identities of all collections are looked through, however short it is.</summary>
    public const int MostDays = 92;

    private const int UsualDays = 7;

    /// <summary>The fates of a range of days, the last seven when none is named; or what is wrong with the question.</summary>
    public async Task<Checked<LedgerDocument>> RunAsync(IReadOnlyDictionary<string, string> parameters, CancellationToken cancellation)
    {
        var given = new ParameterReading(parameters, "from", "to", "source");
        var to = given.Day("to") ?? given.Day("from")?.AddDays(UsualDays - 1) ?? DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        var from = given.Day("from") ?? to.AddDays(1 - UsualDays);
        var source = given.Text("source");
        if (given.Problems.Count > 0) return given.Problems;
        if (to < from) return Problems.DatesInvalid.At("to", "should be the first day or later");
        if (to.DayNumber - from.DayNumber >= MostDays) return Problems.RangeTooLong.At("from", string.Create(CultureInfo.InvariantCulture, $"should be at most {MostDays} days: ask for the rest in a second question"));

        // Of a collection that instruments once had: an instrument is never removed, and its collection never changes.
        var collections = (await instruments.AllAsync(cancellation)).Select(instrument => instrument.Collection).Distinct(StringComparer.Ordinal);
        var counts = await fates.CountAsync(collections, from, to, source, cancellation);
        return new LedgerDocument(
            from, to,
            Entries(counts, count => (count.Day, count.Source, count.Channel)),
            Entries(counts, count => (null, count.Source, count.Channel)),
            Entries(counts, count => (null, null, count.Channel)),
            await fates.WaitingAsync(source, cancellation));
    }

    private static List<LedgerEntry> Entries(IReadOnlyList<FateCount> counts, Func<FateCount, (DateOnly? Day, string? Source, Channel Channel)> key) =>
    [
        .. counts.GroupBy(key)
            .OrderBy(entry => entry.Key.Day).ThenBy(entry => entry.Key.Source, StringComparer.Ordinal).ThenBy(entry => entry.Key.Channel)
            .Select(entry => LedgerEntry.From(entry.Key.Day, entry.Key.Source, entry.Key.Channel, entry)),
    ];
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(LedgerDocument))]
public sealed partial class LedgerJson : JsonSerializerContext;
