using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Core.Erasures;

/// <summary>What a timer's run over erasures did.</summary>
/// <param name="Swept">erasures that were swept, the first time or the second.</param>
/// <param name="Unfinished">of these, those that something was in the way of.</param>
public sealed record SweepErasuresOutcome(int Swept, int Unfinished);

/// <summary>
/// Goes through every store for whom an erasure is about and removes what it finds, then has the figures computed anew. Every step is harmless when it
/// is done again, so a sweep that was interrupted anywhere is simply begun again; any number may run at once, beside arrivals, imports and recomputes.
/// </summary>
/// <remarks>
/// The order matters in one place: an identity's tombstone is written before what it is of is removed. So whatever a crash leaves is found again by
/// its identity, also where nothing else of the person is left to go by.
/// </remarks>
public sealed class SweepErasures(
    IErasures erasures, ErasureShelf shelf, IInstruments instruments, IHeldEvidence held, IEvidence evidence, IHeldInQuarantine quarantine, IHeldPending pending,
    ErasePolls polls, RecomputeKpis kpis, TimeProvider time)
{
    /// <summary>Takes up what was not finished, and sweeps again what was swept a day ago.</summary>
    public async Task<SweepErasuresOutcome> RunAsync(CancellationToken cancellation)
    {
        var (swept, unfinished) = (0, 0);
        foreach (var erasure in await erasures.AllAsync(cancellation))
        {
            if (erasure.State != ErasureState.Sweeping && !IsDue(erasure)) continue;
            var after = await SweepAsync(erasure.Id, cancellation);
            swept++;
            if (after.NotReached.Count > 0) unfinished++;
        }
        await LargeBodiesAsync(cancellation);
        await polls.TidyAsync(cancellation);
        return new SweepErasuresOutcome(swept, unfinished);
    }

    /// <summary>Sweeps once, and says how it stands then.</summary>
    public async Task<Erasure> SweepAsync(string id, CancellationToken cancellation)
    {
        shelf.Forget();
        var people = await shelf.NowAsync(cancellation);
        var erasure = people.Erasures.Single(one => one.Id == id);
        var one = people.Of(erasure);
        var forms = (await instruments.AllAsync(cancellation)).Where(instrument => instrument.Form is not null).ToList();
        var isSecond = IsDue(erasure);

        await EvidenceAsync(erasure, one, forms, cancellation);
        var removed = await QuarantineAsync(erasure, one, forms, cancellation);
        var tombstones = (await erasures.TombstonesAsync(cancellation)).Where(tombstone => tombstone.Value == id).Select(tombstone => tombstone.Key).ToHashSet(StringComparer.Ordinal);
        removed = removed with { Pending = await pending.EraseAsync(tombstones.Contains, cancellation) };
        if (erasure.Of == ErasureOf.Email)
            foreach (var collection in EvidenceReader.Collections(forms))
                removed = removed with { Wordings = removed.Wordings + await held.EraseWordsAsync(collection, text => one.HoldsEmail(erasure, text), cancellation) };
        var files = await polls.RunAsync(erasure, one, cancellation);
        removed = removed with { PollRows = files.Rows, Files = files.Files };
        await kpis.RunAsync(cancellation);

        var now = time.GetUtcNow();
        var isWhole = files.NotReached.All(import => import.Why != ErasePolls.Busy);
        var after = await erasures.ChangeAsync(
            id,
            before => before with
            {
                Removed = before.Removed.Plus(removed) with { Responses = tombstones.Count },
                NotReached = files.NotReached,
                FirstSweep = before.FirstSweep ?? (isWhole ? now : null),
                SecondSweep = before.SecondSweep ?? (isWhole && isSecond ? now : null),
                State = !isWhole ? before.State : isSecond ? ErasureState.Done : before.State == ErasureState.Sweeping ? ErasureState.Swept : before.State,
            },
            cancellation);
        shelf.Forget();
        return after;
    }

    /// <summary>Bodies that were too large to be looked through while their sender waited.</summary>
    private async Task LargeBodiesAsync(CancellationToken cancellation)
    {
        var people = await shelf.NowAsync(cancellation);
        if (people.Erasures.Count == 0) return;
        var found = new Dictionary<string, ErasureCounts>(StringComparer.Ordinal);
        await quarantine.EraseAsync(
            entry =>
            {
                if (entry.Raw is not { } raw || people.In(entry.Source, raw) is not var (erasure, isUnsearchable)) return Task.FromResult(false);
                found[erasure] = found.GetValueOrDefault(erasure, new ErasureCounts()).Plus(new ErasureCounts(Bodies: 1, Unsearchable: isUnsearchable ? 1 : 0));
                return Task.FromResult(true);
            },
            cancellation);
        foreach (var (id, removed) in found) await erasures.ChangeAsync(id, before => before with { Removed = before.Removed.Plus(removed) }, cancellation);
    }

    private bool IsDue(Erasure erasure) => erasure.State == ErasureState.Swept && erasure.FirstSweep + Erasure.Settling <= time.GetUtcNow();

    private async Task EvidenceAsync(Erasure erasure, ErasedPeople one, List<Instrument> forms, CancellationToken cancellation)
    {
        if (erasure.Identity is { } identity)
        {
            await erasures.KeepTombstoneAsync(identity, erasure.Id, cancellation);
            // Also where it never came: it may be on its way.
            foreach (var collection in EvidenceReader.Collections(forms.Where(form => erasure.Sources!.Contains(form.Form!.Source, StringComparer.Ordinal))))
                await evidence.EraseAsync(collection, identity, cancellation);
        }
        foreach (var collection in EvidenceReader.Collections(forms))
        {
            var erased = new HashSet<string>(StringComparer.Ordinal);
            await foreach (var response in held.AllAsync(collection, cancellation))
            {
                if (one.Covering(response) is null || !erased.Add(response.Identity)) continue;
                await erasures.KeepTombstoneAsync(response.Identity, erasure.Id, cancellation);
                await evidence.EraseAsync(collection, response.Identity, cancellation);
            }
        }
    }

    private async Task<ErasureCounts> QuarantineAsync(Erasure erasure, ErasedPeople one, List<Instrument> forms, CancellationToken cancellation)
    {
        var removed = new ErasureCounts();
        await quarantine.EraseAsync(
            async entry =>
            {
                if (entry.Raw is { } raw)
                {
                    // What came after the second sweep was due is held against the erasure at the door.
                    if (one.In(entry.Source, raw) is not var (_, isUnsearchable)) return false;
                    removed = removed with { Bodies = removed.Bodies + 1, Unsearchable = removed.Unsearchable + (isUnsearchable ? 1 : 0) };
                    return true;
                }
                if (one.Covering(new HeldResponse(
                    entry.Identity ?? "", entry.Source ?? "", entry.Instrument, null, null, null, entry.Version!.Submitted, entry.Answers!)) is null) return false;
                if (entry.Identity is { } identity)
                {
                    await erasures.KeepTombstoneAsync(identity, erasure.Id, cancellation);
                    foreach (var form in forms.Where(form => form.Form == new FormBinding(entry.Source!, entry.Answers!.Form)))
                        await evidence.EraseAsync(form.Collection, identity, cancellation);
                }
                removed = removed with { Quarantined = removed.Quarantined + 1 };
                return true;
            },
            cancellation);
        return removed;
    }
}
