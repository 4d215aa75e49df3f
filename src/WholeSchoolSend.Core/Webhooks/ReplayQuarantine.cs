using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Globalization;
using System.Security.Cryptography;

namespace WholeSchoolSend.Core.Webhooks;

/// <summary>What one call replayed.</summary>
/// <param name="Tried">entries that waited and were tried.</param>
/// <param name="Replayed">entries that are understood now.</param>
/// <param name="Fates">what became of their responses: an undecodable body may have held many.</param>
/// <param name="StillWaiting">entries that still cannot be understood; each says why now.</param>
/// <param name="ByOthers">entries that somebody else replayed at the same moment, and counted.</param>
/// <param name="Waiting">how many that fit wait now, those that still cannot be understood included.</param>
/// <param name="Continue">there are more to try: call again with it. Null: all were tried.</param>
public sealed record ReplayOutcome(int Tried, int Replayed, DeliveryReply Fates, int StillWaiting, int ByOthers, int Waiting, string? Continue);

/// <summary>
/// Takes in again what waits in quarantine, once an instrument or a decoder was mended. Whatever happens between, an entry's responses are stored
/// once: their receipts follow from the entry, so a replay that is taken up again after a crash, or runs beside another, finds its own writes.
/// </summary>
/// <remarks>
/// An entry that holds answers is redacted once more, by the instrument that is known now, and mapped. One that holds a raw body is decoded by
/// its source's tool with the headers it came with, and every response in it is taken in on its own; a response of it that cannot be mapped waits as an
/// entry of its own. The fates of a replay are of the day and channel of the replay: what earlier days say stays.
/// </remarks>
public sealed class ReplayQuarantine(
    FrozenDictionary<string, Source> sources, TakeInResponse responses, IQuarantined quarantined, IPending pending, TimeProvider time)
{
    /// <summary>How many entries one call tries.</summary>
    public const int MostEntries = 200;

    // A call that takes longer is cut off by what stands between: it ends by itself, and says where to go on.
    private static readonly TimeSpan Enough = TimeSpan.FromSeconds(60);

    // Longer than a delivery has, and still so short that mapping again (RemapResponses.Settling) meets whatever this stores by an older version.
    private static readonly TimeSpan ForEach = TimeSpan.FromSeconds(20);

    private const int AtOnce = 4;

    public static JsonSchema Schema { get; } = JsonSchema.Parse(
        """
        { "type": "object", "additionalProperties": false, "properties": {
          "id": { "type": "string", "minLength": 1 }, "source": { "type": "string", "minLength": 1 }, "reason": { "type": "string", "minLength": 1 },
          "continue": { "type": "string", "minLength": 1 } } }
        """u8.ToArray());

    /// <summary>Replays what the request names: by <c>id</c>, <c>source</c>, <c>reason</c>, all of which must fit where several are given.</summary>
    public async Task<Checked<ReplayOutcome>> RunAsync(ReadOnlyMemory<byte> json, CancellationToken cancellation)
    {
        var document = Schema.Check(json);
        if (document.Value is null) return document.Problems.ToList();
        string? Given(string name) => document.Value.RootElement.TryGetProperty(name, out var value) ? value.GetString() : null;
        var filter = new QuarantineFilter(Given("source"), Given("reason"), QuarantineState.Waiting);
        if (!BrowseQuarantine.IsReason(filter.Reason)) return Problems.DocumentInvalid.At("/reason", BrowseQuarantine.ReasonShould);
        if (Given("id") is { } id) return await ReplayOneAsync(id, filter, cancellation);
        if (filter.Source is null && filter.Reason is null) return Problems.DocumentInvalid.At("", "should name what to replay: id, source or reason");

        var stop = time.GetTimestamp();
        var tally = new Tally();
        var after = Given("continue");
        do
        {
            if (await quarantined.ListAsync(filter, AtOnce * 5, after, cancellation) is not { } page) return BrowseQuarantine.ContinueInvalid("/continue");
            await Parallel.ForEachAsync(page.Entries, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellation }, async (entry, token) =>
                await ReplayAsync(entry.Id, tally, token));
            after = page.Continue;
        }
        while (after is not null && tally.Tried < MostEntries && time.GetElapsedTime(stop) < Enough);
        return tally.Outcome(await quarantined.CountAsync(filter, cancellation), after);
    }

    private async Task<Checked<ReplayOutcome>> ReplayOneAsync(string id, QuarantineFilter filter, CancellationToken cancellation)
    {
        if (await quarantined.FindAsync(id, cancellation) is not { } entry || !Fits(entry))
            return Problems.NotFound.At("/id", "nothing in quarantine has this id and fits the rest");
        var tally = new Tally();
        await ReplayAsync(id, tally, cancellation);
        var after = await quarantined.FindAsync(id, cancellation);
        return tally.Outcome(after?.State == QuarantineState.Waiting ? 1 : 0, null);

        bool Fits(QuarantineEntry one) =>
            (filter.Source is null || one.Source == filter.Source) && (filter.Reason is null || one.Reasons.Any(reason => reason.Code == filter.Reason));
    }

    private async Task ReplayAsync(string id, Tally tally, CancellationToken cancellation)
    {
        using var deadline = new CancellationTokenSource(ForEach, time);
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellation, deadline.Token);
        if (await quarantined.OpenAsync(id, limited.Token) is not { } content) return;
        tally.Try();
        if (content.Raw is { } raw)
            await ReplayRawAsync(content, raw, tally, cancellation);
        else
            await ReplayAnswersAsync(content, content.Answers!, content.Version!, tally, limited.Token);
    }

    private async Task ReplayAnswersAsync(QuarantinedContent content, RedactedAnswers answers, ResponseVersion version, Tally tally, CancellationToken cancellation)
    {
        var entry = content.Entry;
        var response = new SurveyResponse(answers.Form, answers.Id, version.Submitted, version.Updated, version.Finished, answers.Fields);
        var understood = await responses.UnderstandAsync(entry.Source, response, version, entry.Received, cancellation);
        if (understood.Coded is not null)
        {
            if (await quarantined.BeginAsync(entry.Id, time.GetUtcNow(), cancellation) is not { } began)
            {
                tally.IsByOthers();
                return;
            }
            var taken = await responses.StoreAsync(understood, ReceiptOf(content, response, 0, began), cancellation);
            if (taken.Fate != Fate.Quarantined)
            {
                await EndAsync(entry.Id, [taken.Fate], tally, cancellation);
                return;
            }
            understood = understood with { Problems = taken.Problems };
        }
        tally.StillWaits();
        await quarantined.StillWaitsAsync(entry.Id, understood.Problems, understood.Instrument, cancellation);
    }

    private async Task ReplayRawAsync(QuarantinedContent content, RawDelivery raw, Tally tally, CancellationToken cancellation)
    {
        var entry = content.Entry;
        // As of when it came: some tools send no time of their own.
        var delivery = Delivery.From(raw.Body, raw.Headers, entry.Received, raw.Query);
        var (sent, undecodable) = sources.TryGetValue(entry.Source, out var source) && source.Tool is not null
            ? source.Decode(delivery)
            : new Decoded([], [new Undecodable(delivery, [Problems.SourceUnknown.At("", "this source is not configured, or retired: configure it to decode what it sent")])]);
        // What could be read of it was taken in when it came: it waits until all of it can be read.
        if (undecodable.Count > 0)
        {
            tally.StillWaits();
            await quarantined.StillWaitsAsync(entry.Id, [.. undecodable.SelectMany(part => part.Problems)], null, cancellation);
            return;
        }
        if (await quarantined.BeginAsync(entry.Id, time.GetUtcNow(), cancellation) is not { } began)
        {
            tally.IsByOthers();
            return;
        }
        var fates = new List<Fate>();
        var seen = new Dictionary<(string Form, string Id), int>();
        foreach (var response in sent)
        {
            using var deadline = new CancellationTokenSource(ForEach, time);
            using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellation, deadline.Token);
            var key = (response.Form, response.Id);
            seen[key] = seen.GetValueOrDefault(key) + 1;
            fates.Add(await TakeInAsync(entry.Source, response, ReceiptOf(content, response, seen[key], began), limited.Token));
        }
        await EndAsync(entry.Id, fates, tally, cancellation);
    }

    private async Task<Fate> TakeInAsync(string source, SurveyResponse response, Receipt receipt, CancellationToken cancellation)
    {
        if (!response.IsPending) return (await responses.RunAsync(source, response, receipt, cancellation)).Fate;
        await pending.KeepAsync(new PendingResponse(source, response.Form, response.Id, response.Submitted), receipt, cancellation);
        return Fate.Pending;
    }

    private async Task EndAsync(string id, IReadOnlyCollection<Fate> fates, Tally tally, CancellationToken cancellation)
    {
        var replay = new QuarantineReplay(time.GetUtcNow(), DeliveryReply.From(fates), Guid.NewGuid().ToString("N"));
        if (await quarantined.EndAsync(id, replay, cancellation))
            tally.Replays(fates);
        else
            tally.IsByOthers();
    }

    /// <summary>
    /// The receipt of one response of an entry: the same whenever it is replayed. It does not hang on the response's place in the body, so a decoder that
    /// reads more of it than the one before does not turn one response into another.
    /// </summary>
    private static Receipt ReceiptOf(QuarantinedContent content, SurveyResponse response, int occurrence, DateTimeOffset began)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var part in (string[])[content.Entry.Id, response.Form, response.Id, occurrence.ToString(CultureInfo.InvariantCulture)]) hash.AppendPart(part);
        return new Receipt($"replay-{Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16))}", Channel.Replayed, began);
    }

    private sealed class Tally
    {
        private readonly ConcurrentBag<Fate> _fates = [];
        private int _tried;
        private int _replayed;
        private int _stillWaiting;
        private int _byOthers;

        public int Tried => Volatile.Read(ref _tried);

        public void Try() => Interlocked.Increment(ref _tried);

        public void StillWaits() => Interlocked.Increment(ref _stillWaiting);

        public void IsByOthers() => Interlocked.Increment(ref _byOthers);

        public void Replays(IEnumerable<Fate> fates)
        {
            Interlocked.Increment(ref _replayed);
            foreach (var fate in fates) _fates.Add(fate);
        }

        public ReplayOutcome Outcome(int waiting, string? after) => new(_tried, _replayed, DeliveryReply.From(_fates), _stillWaiting, _byOthers, waiting, after);
    }
}
