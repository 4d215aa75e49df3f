using System.Collections.Concurrent;
using System.Collections.Frozen;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Core.Tests.Webhooks;

/// <summary>The whole intake of one source on stores in memory: everything that is handed to a store can be looked at.</summary>
internal sealed class IntakeInMemory : IEvidence, IQuarantine, IPending, IInstruments
{
    public const string Key = "a-test-key-of-thirty-two-characters!";

    private readonly Instrument? _instrument;
    private readonly TakeInDelivery _intake;
    private int _kept;

    public IntakeInMemory(string tool, Instrument? instrument, Verification verification = Verification.None, params string[] secrets)
    {
        _instrument = instrument;
        var source = new Source("a", SurveyTool.All[tool], verification, secrets, null);
        var responses = new TakeInResponse(new InstrumentShelf(this, TimeProvider.System), new Redaction(new Pseudonyms(Key)), this, this, this, NobodyErased.Shelf, new NobodyErased());
        _intake = new TakeInDelivery(new[] { source }.ToFrozenDictionary(one => one.Name), responses, new NoTimers());
    }

    public ConcurrentBag<(CodedResponse Response, Receipt Receipt)> Stored { get; } = [];

    public ConcurrentBag<QuarantinedResponse> Quarantined { get; } = [];

    public ConcurrentBag<PendingResponse> Waiting { get; } = [];

    /// <summary>After so many in one delivery storage takes no more; 0: it takes all.</summary>
    public int Stops { get; init; }

    public Task<DeliveryOutcome> PostAsync(Delivery delivery, CancellationToken cancellation)
    {
        _kept = 0;
        return _intake.RunAsync("a", delivery, cancellation);
    }

    Task<Fate> IEvidence.TakeInAsync(CodedResponse response, Receipt receipt, CancellationToken cancellation)
    {
        Stored.Add((response, receipt));
        return Task.FromResult(Fate.Accepted);
    }

    Task IQuarantine.KeepAsync(QuarantinedResponse response, CancellationToken cancellation)
    {
        if (Stops > 0 && Interlocked.Increment(ref _kept) > Stops) throw new IOException("Storage is slow.");
        Quarantined.Add(response);
        return Task.CompletedTask;
    }

    Task IPending.KeepAsync(PendingResponse response, Receipt receipt, CancellationToken cancellation)
    {
        Waiting.Add(response);
        return Task.CompletedTask;
    }

    Task<IReadOnlyList<PendingResponse>> IPending.WaitingAsync(string source, CancellationToken cancellation) => Task.FromResult<IReadOnlyList<PendingResponse>>([.. Waiting]);

    Task<IReadOnlyList<Instrument>> IInstruments.AllAsync(CancellationToken cancellation) => Task.FromResult<IReadOnlyList<Instrument>>(_instrument is null ? [] : [_instrument]);

    Task<Instrument?> IInstruments.FindAsync(string id, int? version, CancellationToken cancellation) => Task.FromResult(_instrument);

    Task<bool> IInstruments.AddAsync(Instrument instrument, CancellationToken cancellation) => throw new NotSupportedException();

    // Nobody was erased here.
    Task IEvidence.EraseAsync(string collection, string identity, CancellationToken cancellation) => throw new NotSupportedException();

    /// <summary>A clock on which no deadline ever passes: a loaded machine changes nothing.</summary>
    private sealed class NoTimers : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }
}
