using System.Collections.Frozen;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Schools;

namespace WholeSchoolSend.Core.Webhooks.Vendors;

/// <summary>How one form of a source compared; what was found is in the report.</summary>
public sealed record HealOutcome(string Source, GapReport Report);

/// <summary>
/// Compares each vendor's own list of responses with what is here, and takes in what the webhook lost. What is here is not taken in again. A form is
/// confirmed up to a moment only by a list that was whole; every list begins some days before that moment, so that what slips through one is on the next.
/// </summary>
public sealed class HealGaps(
    FrozenDictionary<string, VendorSource> sources, IInstruments instruments, IWaves waves, IVendorState state, IPendingNotes notes, IKnownResponses known,
    IKnownQuarantined quarantined, IVendorHttp http, TakeInResponse responses, Redaction redaction, TimeProvider time)
{
    /// <summary>The host ends a function after ten minutes; what is left is for the next run.</summary>
    public static readonly TimeSpan Budget = TimeSpan.FromMinutes(6);

    /// <summary>Younger responses are left to the webhook.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromMinutes(10);

    /// <summary>How long before the confirmed moment a list begins.</summary>
    public static readonly TimeSpan Overlap = TimeSpan.FromDays(2);

    /// <summary>How far the first list of a form goes back whose wave is not registered.</summary>
    public static readonly TimeSpan FirstLook = TimeSpan.FromDays(30);

    private const string Work = "heal";

    private readonly string _holder = Guid.NewGuid().ToString("N");

    public async Task<IReadOnlyList<HealOutcome>> RunAsync(CancellationToken cancellation)
    {
        var forms = (await instruments.AllAsync(cancellation)).Where(instrument => instrument.Form is not null).ToLookup(instrument => instrument.Form!.Source, StringComparer.Ordinal);
        var outcomes = await Task.WhenAll(sources.Values.OrderBy(source => source.Name, StringComparer.Ordinal).Select(source => RunAsync(source, [.. forms[source.Name]], cancellation)));
        return [.. outcomes.SelectMany(outcome => outcome)];
    }

    private async Task<IReadOnlyList<HealOutcome>> RunAsync(VendorSource source, IReadOnlyList<Instrument> forms, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        if (forms.Count == 0 || (await state.PauseAsync(source.Name, cancellation) is { } pause && pause.Until > now)) return [];
        if (!await state.LeaseAsync(source.Name, Work, _holder, now, now + Budget + TimeSpan.FromMinutes(1), cancellation)) return [];
        var began = time.GetTimestamp();
        var before = (await state.ReportsAsync(source.Name, cancellation)).ToDictionary(report => report.Form, StringComparer.Ordinal);
        var call = new VendorCall(source, http, time);
        var outcomes = new List<HealOutcome>();
        // Longest not looked at first: a run that ends early is no form's fate for ever.
        foreach (var instrument in forms.OrderBy(form => before.GetValueOrDefault(form.Form!.Id)?.At ?? DateTimeOffset.MinValue))
        {
            if (time.GetElapsedTime(began) >= Budget) break;
            var (report, stop) = await CompareAsync(call, instrument, before.GetValueOrDefault(instrument.Form!.Id), began, cancellation);
            // Somebody else's report of the same list is as good.
            await state.PutReportAsync(source.Name, report, cancellation);
            outcomes.Add(new HealOutcome(source.Name, report));
            if (stop is null) continue;
            await state.PutPauseAsync(source.Name, stop, cancellation);
            break;
        }
        await state.ReleaseAsync(source.Name, Work, _holder, cancellation);
        return outcomes;
    }

    private async Task<(GapReport Report, VendorPause? Stop)> CompareAsync(VendorCall call, Instrument instrument, GapReport? before, long began, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var form = instrument.Form!.Id;
        var since = before?.Confirmed is { } confirmed ? confirmed - Overlap : await FirstAsync(instrument, now, cancellation);
        var waiting = call.Source.Api.IsEventOnly
            ? (await notes.NotesAsync(call.Source.Name, cancellation)).Where(note => note.End is null).ToDictionary(note => (note.Response.Form, note.Response.Id))
            : [];
        var comparison = new Comparison(call.Source.Name, instrument, waiting, now);
        var listing = new VendorListing();
        ProblemKind? kind = null;
        VendorPause? stop = null;
        try
        {
            await foreach (var page in call.Source.Api.ListAsync(call, form, since, listing, cancellation))
            {
                await CompareAsync(comparison, page, cancellation);
                if (time.GetElapsedTime(began) < Budget) continue;
                listing.IsWhole = false;
                break;
            }
        }
        catch (VendorTroubleException trouble)
        {
            listing.IsWhole = false;
            kind = trouble.Kind;
            if (FetchPending.PauseFor(trouble) is { } length) stop = new VendorPause(kind.Code, now, now + length);
        }
        return (
            new GapReport(
                form, listing.IsWhole ? now : before?.Confirmed, now, listing.IsWhole, kind?.Code, comparison.Counts(listing), (before?.RecoveredEver ?? 0) + comparison.Recovered)
            {
                Revision = (before?.Revision ?? 0) + 1,
            },
            stop);
    }

    /// <summary>When the fieldwork of the form's wave began, or some weeks ago.</summary>
    private async Task<DateTimeOffset> FirstAsync(Instrument instrument, DateTimeOffset now, CancellationToken cancellation) =>
        instrument.Wave.Value is { } id && await waves.FindAsync(id, cancellation) is { } wave
            ? new DateTimeOffset(wave.Wave.From.AddDays(-1), TimeOnly.MinValue, TimeSpan.Zero)
            : now - FirstLook;

    private async Task CompareAsync(Comparison comparison, IReadOnlyList<ListedResponse> page, CancellationToken cancellation)
    {
        var here = await known.FindAsync(comparison.Instrument.Collection, [.. page.SelectMany(comparison.Identities)], cancellation);
        foreach (var listed in page)
        {
            if (listed.Response is not { } response)
            {
                if (listed.IsPreview) comparison.Previews++;
                else comparison.Unreadable++;
            }
            else if ((response.Updated ?? response.Submitted) > comparison.Now - Grace) comparison.Young++;
            else await CompareAsync(comparison, listed, response, here, cancellation);
        }
    }

    private async Task CompareAsync(
        Comparison comparison, ListedResponse listed, SurveyResponse response, IReadOnlyDictionary<string, KnownResponse> here, CancellationToken cancellation)
    {
        var ids = (string[])[response.Id, .. listed.OtherIds];
        var found = Array.FindIndex(ids, id => here.ContainsKey(comparison.Identity(id)));
        if (found >= 0)
        {
            comparison.KnownBy(found);
            var version = here[comparison.Identity(ids[found])].Version;
            if (version is null) comparison.Erased++;
            else if (!IsNewer(response, version)) comparison.Ours++;
            else await TakeInAsync(comparison, response with { Id = ids[found] }, cancellation);
            return;
        }
        await TakeInAsync(comparison, response with { Id = ids[Math.Min(comparison.Usual, ids.Length - 1)] }, cancellation);
    }

    /// <summary>Has the vendor a later version, where it tells versions apart?</summary>
    private static bool IsNewer(SurveyResponse listed, ResponseVersion ours) =>
        listed.Updated is { } theirs && (ours.Updated is not { } mine || (theirs, listed.Finished).CompareTo((mine, ours.Finished)) > 0);

    private async Task TakeInAsync(Comparison comparison, SurveyResponse response, CancellationToken cancellation)
    {
        var version = redaction.Version(response);
        var note = comparison.Waiting.GetValueOrDefault((response.Form, response.Id));
        // Few responses come here, and what waits is read once for all of them.
        comparison.Held ??= await quarantined.HeldAsync(comparison.Source, cancellation);
        if (note is null && comparison.Held.Contains((comparison.Identity(response.Id), version.Hash)))
        {
            comparison.Quarantined++;
            return;
        }
        // The content and its time name the arrival: after a crash the same finding is the same arrival.
        var receipt = note?.Receipt(comparison.Now)
            ?? new Receipt($"recovered-{version.Hash[..16]}-{(version.Updated ?? version.Submitted).UtcTicks:x}", Channel.Recovered, comparison.Now);
        var (fate, _) = await responses.RunAsync(comparison.Source, response, receipt, cancellation);
        if (note is not null) await notes.DoneAsync(note, cancellation);
        switch (fate)
        {
            case Fate.Quarantined:
                comparison.Quarantined++;
                break;
            case Fate.Erased:
                comparison.Erased++;
                break;
            case Fate.Duplicate:
                comparison.Ours++;
                break;
            default:
                if (note is null) comparison.Recovered++;
                else comparison.Ours++;
                break;
        }
    }

    /// <summary>One form being compared.</summary>
    private sealed class Comparison(string source, Instrument instrument, Dictionary<(string Form, string Id), PendingNote> waiting, DateTimeOffset now)
    {
        private bool _knownByFirst;

        public string Source => source;

        public Instrument Instrument => instrument;

        public IReadOnlyDictionary<(string Form, string Id), PendingNote> Waiting => waiting;

        public DateTimeOffset Now => now;

        public IReadOnlySet<(string Identity, string Hash)>? Held { get; set; }

        public int Ours { get; set; }

        public int Recovered { get; set; }

        public int Quarantined { get; set; }

        public int Erased { get; set; }

        public int Young { get; set; }

        public int Previews { get; set; }

        public int Unreadable { get; set; }

        /// <value>Which of a response's ids the tool's webhook goes by, as far as what is here tells: the first unless all that is here goes by another.</value>
        public int Usual { get; private set; }

        public void KnownBy(int position)
        {
            _knownByFirst |= position == 0;
            Usual = _knownByFirst ? 0 : position;
        }

        public string Identity(string id) => Webhooks.Identity.OfResponse(source, instrument.Form!.Id, id);

        public IEnumerable<string> Identities(ListedResponse listed) => listed.Response is { } response ? listed.OtherIds.Prepend(response.Id).Select(Identity) : [];

        public GapCounts Counts(VendorListing listing) => new(listing.Listed, listing.Total, Ours, Recovered, Quarantined, Erased, Young, Previews, Unreadable);
    }
}
