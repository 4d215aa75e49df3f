using System.Collections.Frozen;

namespace WholeSchoolSend.Core.Webhooks.Vendors;

/// <summary>What one run did for one source.</summary>
/// <param name="Code">why the source was left before everything due was tried; null: it was not.</param>
public sealed record FetchOutcome(string Source, int Fetched, int Gone, int PutOff, int Left, int Stuck, string? Code);

/// <summary>
/// Fetches the answers of responses of which only an event came. Safe to run at any time, twice at once, and again after a crash at any point: the note goes
/// only after its response was taken in, and the receipt is the event's.
/// </summary>
public sealed class FetchPending(
    FrozenDictionary<string, VendorSource> sources, IPendingNotes notes, IVendorState state, IVendorHttp http, TakeInResponse responses, TimeProvider time)
{
    /// <summary>The host ends a function after ten minutes; what is left is for the next run.</summary>
    public static readonly TimeSpan Budget = TimeSpan.FromMinutes(4);

    private const string Work = "fetch";
    private const int FailuresInARow = 3;
    private const int NotThereTimes = 3;
    private static readonly TimeSpan NotThereFor = TimeSpan.FromHours(1);

    private readonly string _holder = Guid.NewGuid().ToString("N");

    public async Task<IReadOnlyList<FetchOutcome>> RunAsync(CancellationToken cancellation) =>
        await Task.WhenAll(sources.Values.Where(source => source.Api.IsEventOnly).OrderBy(source => source.Name, StringComparer.Ordinal).Select(source => RunAsync(source, cancellation)));

    private async Task<FetchOutcome> RunAsync(VendorSource source, CancellationToken cancellation)
    {
        var waiting = (await notes.NotesAsync(source.Name, cancellation)).Where(note => note.End is null).ToList();
        var now = time.GetUtcNow();
        var due = new Queue<PendingNote>(waiting.Where(note => note.Next is not { } next || next <= now).OrderBy(note => note.Next ?? note.Response.Happened));
        var counts = new Counts();
        var code = due.Count == 0 ? null : await state.PauseAsync(source.Name, cancellation) is { } pause && pause.Until > now ? pause.Code : null;
        if (due.Count > 0 && code is null && await state.LeaseAsync(source.Name, Work, _holder, now, now + Budget + TimeSpan.FromMinutes(1), cancellation))
        {
            code = await FetchAsync(new VendorCall(source, http, time), due, counts, cancellation);
            await state.ReleaseAsync(source.Name, Work, _holder, cancellation);
        }
        return new FetchOutcome(source.Name, counts.Fetched, counts.Gone, counts.PutOff, due.Count, waiting.Count(note => note.IsStuck(now)) - counts.Unstuck, code);
    }

    /// <summary>Fetches what is due until the time is over or the vendor says stop; gives back why it stopped.</summary>
    private async Task<string?> FetchAsync(VendorCall call, Queue<PendingNote> due, Counts counts, CancellationToken cancellation)
    {
        var began = time.GetTimestamp();
        var failures = 0;
        var answered = false;
        while (due.TryPeek(out var note) && time.GetElapsedTime(began) < Budget)
        {
            try
            {
                await FetchAsync(call, note, counts, cancellation);
                failures = 0;
            }
            catch (VendorTroubleException trouble)
            {
                var now = time.GetUtcNow();
                if (PauseFor(trouble) is { } length)
                {
                    await state.PutPauseAsync(call.Source.Name, new VendorPause(trouble.Kind.Code, now, now + length), cancellation);
                    return trouble.Kind.Code;
                }
                await NotFetchedAsync(note, trouble, now, counts, cancellation);
                if (trouble.Kind == Problems.VendorFailed && ++failures == FailuresInARow)
                {
                    due.Dequeue();
                    return trouble.Kind.Code;
                }
            }
            due.Dequeue();
            if (!answered) await state.EndPauseAsync(call.Source.Name, cancellation);
            answered = true;
        }
        return null;
    }

    private async Task FetchAsync(VendorCall call, PendingNote note, Counts counts, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        if (await call.Source.Api.FetchAsync(call, note.Response.Form, note.Response.Id, cancellation) is not { } response)
        {
            await notes.CloseAsync(note, PendingNote.Preview, cancellation);
            counts.Gone++;
            return;
        }
        await responses.RunAsync(call.Source.Name, response, note.Receipt(now), cancellation);
        await notes.DoneAsync(note, cancellation);
        counts.Fetched++;
        if (note.IsStuck(now)) counts.Unstuck++;
    }

    private async Task NotFetchedAsync(PendingNote note, VendorTroubleException trouble, DateTimeOffset now, Counts counts, CancellationToken cancellation)
    {
        // An event may run ahead of the vendor's own store: only what is still not there later is gone.
        if (trouble.Kind == Problems.VendorHasNot && note.Attempts + 1 >= NotThereTimes && now - note.Response.Happened >= NotThereFor)
        {
            await notes.CloseAsync(note, PendingNote.Gone, cancellation);
            counts.Gone++;
            return;
        }
        await notes.PutOffAsync(note, now + Backoff(note.Attempts + 1), trouble.Kind.Code, cancellation);
        counts.PutOff++;
    }

    /// <summary>How long a source is left alone; null where the trouble is only one response's.</summary>
    internal static TimeSpan? PauseFor(VendorTroubleException trouble) =>
        trouble.Kind == Problems.VendorRefused ? TimeSpan.FromMinutes(15)
        : trouble.Kind == Problems.VendorBusy ? Between(TimeSpan.FromMinutes(1), trouble.Wait ?? TimeSpan.FromMinutes(1), TimeSpan.FromDays(1))
        : null;

    /// <summary>1, 2, 4 … minutes, and never more than six hours: what is stuck is still tried.</summary>
    private static TimeSpan Backoff(int attempts) => TimeSpan.FromMinutes(Math.Min(Math.Pow(2, Math.Min(attempts, 20) - 1), 360));

    private static TimeSpan Between(TimeSpan least, TimeSpan value, TimeSpan most) => value < least ? least : value > most ? most : value;

    private sealed class Counts
    {
        public int Fetched { get; set; }

        public int Gone { get; set; }

        public int PutOff { get; set; }

        public int Unstuck { get; set; }
    }
}
