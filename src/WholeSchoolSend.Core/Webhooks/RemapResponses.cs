using WholeSchoolSend.Core.Instruments;

namespace WholeSchoolSend.Core.Webhooks;

/// <summary>What one pass over the stored responses of an instrument did.</summary>
/// <param name="Same">the newer version codes them as they were coded.</param>
/// <param name="Recoded">coded otherwise, or moved to another school.</param>
/// <param name="Kept">the newer version cannot map them: they count as they did, and are tried again with the next version.</param>
public sealed record RemapOutcome(InstrumentVersion Instrument, int Same, int Recoded, int Kept);

/// <summary>How far the stored responses of an instrument have been mapped again.</summary>
/// <param name="Began">when the first whole pass with this version began.</param>
/// <param name="Settled">no response coded by an older version can come any more, and all that came were passed.</param>
public sealed record RemapProgress(InstrumentVersion Instrument, DateTimeOffset Began, bool Settled)
{
    /// <summary>Is this farther than <paramref name="other"/>? Progress never goes back.</summary>
    public bool IsBeyond(RemapProgress other) =>
        Instrument.Number > other.Instrument.Number || (Instrument.Number == other.Instrument.Number && Settled && !other.Settled);
}

/// <summary>Stored responses, as far as mapping them again needs them.</summary>
public interface IStoredResponses
{
    /// <summary>How far each instrument of a collection has come; one that never passed is not there.</summary>
    Task<IReadOnlyList<RemapProgress>> ProgressAsync(string collection, CancellationToken cancellation);

    /// <summary>Keeps how far an instrument has come, unless somebody has come farther.</summary>
    Task KeepAsync(string collection, RemapProgress progress, CancellationToken cancellation);

    /// <summary>
    /// Maps every response again that an older version of this instrument coded, each in one transaction: the same coding moves the version
    /// on; another coding takes the place of the old one and marks its school (where it moves, both schools). A response that
    /// <paramref name="map"/> gives no coding is left as it is. Which version of a response counts, its receipt and its history never change.
    /// </summary>
    /// <param name="map">source and stored answers to coding.</param>
    Task<RemapOutcome> RemapAsync(string collection, InstrumentVersion newest, Func<string, RedactedAnswers, Coding?> map, CancellationToken cancellation);
}

/// <summary>
/// Maps what is stored again when an instrument was mended. Any number of these may run at once, and one that was interrupted is taken up
/// by the next.
/// </summary>
/// <remarks>
/// What is mapped are the answers as they were redacted under the version that took them in: a field the new version is the first to ask
/// for, and that redaction dropped then (free text, hidden fields), is simply not there. A response of a form that the instrument no
/// longer maps keeps its coding.
/// </remarks>
public sealed class RemapResponses(IStoredResponses responses, Redaction redaction, TimeProvider time)
{
    /// <summary>
    /// Two passes a version, this far apart. After the first, an arrival may still bring a response coded by the version before: its instance
    /// read the instruments up to ten seconds before it looked at them (<see cref="InstrumentShelf"/>) and has
    /// <see cref="TakeInDelivery.Deadline"/> to store it, after which a request under way may still take effect. The first pass begins when
    /// the new version was there already, so a pass that begins a minute later sees the last of these, and nothing needs to be looked through
    /// after it. What a pass reads is named by the version in each row, so no clock decides what is mapped: clocks that disagree
    /// by less than half a minute do no harm.
    /// </summary>
    public static readonly TimeSpan Settling = TimeSpan.FromMinutes(1);

    /// <summary>Maps again what older versions of these instruments coded. One request a collection where there is nothing to do.</summary>
    public async Task<IReadOnlyList<RemapOutcome>> RunAsync(IReadOnlyList<Instrument> newest, CancellationToken cancellation)
    {
        var outcomes = new List<RemapOutcome>();
        // Before a first version there was none to code anything.
        foreach (var collection in newest.Where(instrument => instrument is { Form: not null, Version: > 1 }).GroupBy(instrument => instrument.Collection, StringComparer.Ordinal))
        {
            var progress = await responses.ProgressAsync(collection.Key, cancellation);
            foreach (var instrument in collection)
            {
                var before = progress.FirstOrDefault(one => one.Instrument.Id == instrument.Id);
                if (await PassAsync(instrument, before, cancellation) is { } outcome) outcomes.Add(outcome);
            }
        }
        return outcomes;
    }

    private async Task<RemapOutcome?> PassAsync(Instrument instrument, RemapProgress? before, CancellationToken cancellation)
    {
        var version = new InstrumentVersion(instrument.Id, instrument.Version);
        var now = time.GetUtcNow();
        var after = new RemapProgress(version, now, Settled: false);
        if (before is not null && !after.IsBeyond(before))
        {
            // This version has passed once, is settled, or is not the newest any more.
            if (before.Settled || before.Instrument != version || now - before.Began < Settling) return null;
            after = before with { Settled = true };
        }
        var map = new InstrumentMap(instrument);
        var outcome = await responses.RemapAsync(
            instrument.Collection, version,
            (source, answers) => instrument.Form == new FormBinding(source, answers.Form) ? map.Map(redaction.Veil(answers, instrument)).Value : null,
            cancellation);
        await responses.KeepAsync(instrument.Collection, after, cancellation);
        return outcome;
    }
}
