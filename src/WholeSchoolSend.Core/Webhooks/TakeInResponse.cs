using System.Collections.Concurrent;
using WholeSchoolSend.Core.Instruments;

namespace WholeSchoolSend.Core.Webhooks;

/// <summary>What became of a response that was taken in, and what keeps it in quarantine where it is there.</summary>
public sealed record TakenIn(Fate Fate, IReadOnlyList<Problem> Problems);

/// <summary>
/// Takes one response in, by whatever way it came: redact, map by its instrument, store; what cannot be mapped waits in quarantine. Safe to
/// call again with the same response.
/// </summary>
public sealed class TakeInResponse(InstrumentShelf instruments, Redaction redaction, IEvidence evidence, IQuarantine quarantine)
{
    private readonly ConcurrentDictionary<(string, int), InstrumentMap> _maps = new();

    /// <param name="response">with its answers: not one of which only an event came.</param>
    public async Task<TakenIn> RunAsync(string source, SurveyResponse response, Receipt receipt, CancellationToken cancellation)
    {
        var instrument = await instruments.FindFormAsync(source, response.Form, cancellation);
        var answers = redaction.Apply(response, instrument);
        var version = redaction.Version(response);
        var identity = Identity.OfResponse(source, response.Form, response.Id);
        Checked<Coding> coding = instrument is null
            ? Problems.InstrumentMissing.At("", "put an instrument that maps this form of this source")
            : Map(instrument).Map(answers);
        if (coding.Value is { } coded)
        {
            var by = new InstrumentVersion(instrument!.Id, instrument.Version);
            var ready = new CodedResponse(source, identity, instrument.Collection, by, version, answers, coded)
            {
                Wordings = SeenWording.Of(instrument, response, answers, receipt.Received),
            };
            try
            {
                return new TakenIn(await evidence.TakeInAsync(ready, receipt, cancellation), []);
            }
            catch (ResponseTooLargeException tooLarge)
            {
                coding = Problems.ResponseTooLarge.At("", tooLarge.Message);
            }
        }
        await quarantine.KeepAsync(new QuarantinedResponse(source, receipt, identity, coding.Problems, version, answers, null), cancellation);
        return new TakenIn(Fate.Quarantined, coding.Problems);
    }

    private InstrumentMap Map(Instrument instrument) => _maps.GetOrAdd((instrument.Id, instrument.Version), static (_, one) => new InstrumentMap(one), instrument);
}
