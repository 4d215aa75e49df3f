using System.Collections.Concurrent;
using WholeSchoolSend.Core.Erasures;
using WholeSchoolSend.Core.Instruments;

namespace WholeSchoolSend.Core.Webhooks;

/// <summary>What became of a response that was taken in, and what keeps it in quarantine where it is there.</summary>
public sealed record TakenIn(Fate Fate, IReadOnlyList<Problem> Problems);

/// <summary>A response as its instrument understands it: ready to be stored, or the problems that keep it from being.</summary>
/// <param name="Instrument">null: no instrument maps its form.</param>
public sealed record UnderstoodResponse(RedactedAnswers Answers, InstrumentVersion? Instrument, CodedResponse? Coded, IReadOnlyList<Problem> Problems)
{
    /// <summary>Where it belongs; null where no instrument maps its form.</summary>
    public string? Collection { get; init; }
}

/// <summary>
/// Takes one response in, by whatever way it came: redact, map by its instrument, store; what cannot be mapped waits in quarantine. Safe to
/// call again with the same response.
/// </summary>
public sealed class TakeInResponse(
    InstrumentShelf instruments, Redaction redaction, IEvidence evidence, IQuarantine quarantine, IPending pending, ErasureShelf erased, IErasures erasures)
{
    /// <summary>A sender does not wait for a larger body to be searched for who was erased, or for more words of one: the nightly sweep does it.</summary>
    private const int LargestSearched = 1024 * 1024;
    private const int MostTried = 50_000;

    private readonly ConcurrentDictionary<(string, int), InstrumentMap> _maps = new();

    /// <param name="response">with its answers: not one of which only an event came.</param>
    public async Task<TakenIn> RunAsync(string source, SurveyResponse response, Receipt receipt, CancellationToken cancellation)
    {
        var version = redaction.Version(response);
        var understood = await UnderstandAsync(source, response, version, receipt.Received, cancellation);
        var taken = await StoreAsync(understood, receipt, cancellation);
        if (taken.Fate != Fate.Quarantined) return taken;
        var identity = Identity.OfResponse(source, response.Form, response.Id);
        if (await IsErasedAsync(new HeldResponse(identity, source, understood.Instrument?.Id, null, null, null, AtMost(version.Submitted, receipt), understood.Answers), understood.Collection, cancellation))
        {
            await quarantine.KeepAsync(QuarantinedResponse.OfErased(source, receipt, identity, taken.Problems) with { Instrument = understood.Instrument }, cancellation);
            return taken with { Fate = Fate.Erased };
        }
        await quarantine.KeepAsync(
            new QuarantinedResponse(source, receipt, identity, taken.Problems, version, understood.Answers, null) { Instrument = understood.Instrument }, cancellation);
        return taken;
    }

    /// <summary>Notes that the answers of a response must be fetched, unless it was erased: then only that an event of it came.</summary>
    public async Task<TakenIn> AnnounceAsync(string source, SurveyResponse response, Receipt receipt, CancellationToken cancellation)
    {
        var identity = Identity.OfResponse(source, response.Form, response.Id);
        if ((await erased.RecentAsync(cancellation)).OfIdentity(identity) is not null)
        {
            await quarantine.KeepAsync(QuarantinedResponse.OfErased(source, receipt, identity, []), cancellation);
            return new TakenIn(Fate.Erased, []);
        }
        await pending.KeepAsync(new PendingResponse(source, response.Form, response.Id, response.Submitted), receipt, cancellation);
        return new TakenIn(Fate.Pending, []);
    }

    /// <summary>Keeps what could not be decoded, unless somebody is found in it who was erased: then only that it came.</summary>
    public async Task<TakenIn> KeepAsync(string source, RawDelivery raw, IReadOnlyList<Problem> problems, Receipt receipt, CancellationToken cancellation)
    {
        var isErased = raw.Body.Length <= LargestSearched && (await erased.RecentAsync(cancellation)).In(source, raw, MostTried) is not null;
        await quarantine.KeepAsync(
            isErased ? QuarantinedResponse.OfErased(source, receipt, null, problems) : new QuarantinedResponse(source, receipt, null, problems, null, null, raw), cancellation);
        return new TakenIn(isErased ? Fate.Erased : Fate.Quarantined, problems);
    }

    /// <summary>Redacts and maps, and stores nothing. Answers that were redacted before may be redacted again: what is a pseudonym stays one.</summary>
    public async Task<UnderstoodResponse> UnderstandAsync(
        string source, SurveyResponse response, ResponseVersion version, DateTimeOffset received, CancellationToken cancellation)
    {
        var instrument = await instruments.FindFormAsync(source, response.Form, cancellation);
        var answers = redaction.Apply(response, instrument);
        if (instrument is null)
            return new UnderstoodResponse(answers, null, null, [Problems.InstrumentMissing.At("", "put an instrument that maps this form of this source")]);
        var by = new InstrumentVersion(instrument.Id, instrument.Version);
        var coding = Map(instrument).Map(answers);
        var coded = coding.Value is { } value
            ? new CodedResponse(source, Identity.OfResponse(source, response.Form, response.Id), instrument.Collection, by, version, answers, value)
            {
                Wordings = SeenWording.Of(instrument, response, answers, received),
            }
            : null;
        return new UnderstoodResponse(answers, by, coded, coding.Problems) { Collection = instrument.Collection };
    }

    /// <summary>Stores what was understood. What was not, or can never be stored, is quarantined by fate; it is kept nowhere here.</summary>
    public async Task<TakenIn> StoreAsync(UnderstoodResponse understood, Receipt receipt, CancellationToken cancellation)
    {
        if (understood.Coded is not { } coded) return new TakenIn(Fate.Quarantined, understood.Problems);
        var coding = coded.Coding;
        // What is written then meets the tombstone, and has the fate that it is erased.
        await IsErasedAsync(
            new HeldResponse(coded.Identity, coded.Source, coded.Instrument.Id, coding.School, coding.Wave, coding.Respondent, AtMost(coded.Version.Submitted, receipt), coded.Answers), coded.Collection, cancellation);
        try
        {
            return new TakenIn(await evidence.TakeInAsync(coded, receipt, cancellation), []);
        }
        catch (ResponseTooLargeException tooLarge)
        {
            return new TakenIn(Fate.Quarantined, [Problems.ResponseTooLarge.At("", tooLarge.Message)]);
        }
    }

    /// <summary>
    /// Is this of somebody who was erased, from before they asked? Then it gets its tombstone, if it has none. An event that was fetched late, a vendor's
    /// list, a body that can be read at last bring what no sweep could know.
    /// </summary>
    private async Task<bool> IsErasedAsync(HeldResponse response, string? collection, CancellationToken cancellation)
    {
        if ((await erased.RecentAsync(cancellation)).Covering(response) is not { } erasure) return false;
        await erasures.KeepTombstoneAsync(response.Identity, erasure, cancellation);
        if (collection is not null) await evidence.EraseAsync(collection, response.Identity, cancellation);
        return true;
    }

    /// <summary>Nobody submits after it came: a sender's clock that is ahead does not make an old answer a new one.</summary>
    private static DateTimeOffset AtMost(DateTimeOffset submitted, Receipt receipt) => submitted < receipt.Received ? submitted : receipt.Received;

    private InstrumentMap Map(Instrument instrument) => _maps.GetOrAdd((instrument.Id, instrument.Version), static (_, one) => new InstrumentMap(one), instrument);
}
