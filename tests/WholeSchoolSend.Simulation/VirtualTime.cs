namespace WholeSchoolSend.Simulation;

/// <summary>The one clock of a simulated world. It moves only when it is told to, and then runs what was due meanwhile, in order.</summary>
internal sealed class VirtualTime(DateTimeOffset start) : TimeProvider
{
    private readonly List<SimulatedTimer> _timers = [];

    public DateTimeOffset Now { get; private set; } = start;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>When the next timer of somebody who lives is due; null: there is none.</summary>
    public DateTimeOffset? NextDue
    {
        get
        {
            lock (_timers) return Due().FirstOrDefault()?.Due;
        }
    }

    public override DateTimeOffset GetUtcNow() => Now;

    public override long GetTimestamp() => Now.UtcTicks;

    /// <summary>Moves on; each timer runs at its own time, and whatever it sets off is done before the next one runs.</summary>
    public void Advance(TimeSpan by, Action untilStill)
    {
        var end = Now + by;
        while (true)
        {
            SimulatedTimer? next;
            lock (_timers) next = Due().FirstOrDefault(timer => timer.Due <= end);
            if (next is null) break;
            if (next.Due is { } due && due > Now) Now = due;
            next.Run();
            untilStill();
        }
        Now = end;
    }

    // Timers of one moment run in the order of who set them, not of whose thread was first.
    private IEnumerable<SimulatedTimer> Due() => _timers.Where(timer => timer.Due is not null && !timer.Owner.IsDead).OrderBy(timer => timer.Due).ThenBy(timer => timer.Operation).ThenBy(timer => timer.Length);

    /// <summary>How an instance sees the time: its own clock may be wrong, but runs at the same speed.</summary>
    public sealed class Clock(VirtualTime time, Instance owner, TimeSpan skew) : TimeProvider
    {
        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override DateTimeOffset GetUtcNow() => time.Now + skew;

        public override long GetTimestamp() => time.Now.UtcTicks;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = new SimulatedTimer(time, owner, callback, state);
            timer.Change(dueTime, period);
            return timer;
        }
    }

    private sealed class SimulatedTimer(VirtualTime time, Instance owner, TimerCallback callback, object? state) : ITimer
    {
        public Instance Owner => owner;

        public int Operation { get; } = World.CurrentOperation;

        public DateTimeOffset? Due { get; private set; }

        public TimeSpan Length { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._timers)
            {
                Due = dueTime == Timeout.InfiniteTimeSpan ? null : time.Now + dueTime;
                Length = dueTime;
                if (Due is null) time._timers.Remove(this);
                else if (!time._timers.Contains(this)) time._timers.Add(this);
            }
            return true;
        }

        public void Run()
        {
            lock (time._timers)
            {
                Due = null;
                time._timers.Remove(this);
            }
            callback(state);
        }

        public void Dispose()
        {
            lock (time._timers)
            {
                Due = null;
                time._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
