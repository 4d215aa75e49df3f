using System.Text.Json;
using Azure;
using Azure.Storage.Blobs;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;

namespace WholeSchoolSend.LocalHost;

/// <summary>
/// Fires one timer, in one process at a time. Its status in storage outlives the process, so that runs missed meanwhile are caught up by exactly one.
/// </summary>
internal sealed partial class TimerListener : IDisposable
{
    private static readonly TimeSpan Nap = TimeSpan.FromHours(1); // a longer delay drifts, and Task.Delay has a limit

    private readonly Function _function;
    private readonly TimerTriggerAttribute _trigger;
    private readonly TimerSchedule _schedule;
    private readonly BlobClient? _statusBlob;
    private readonly BlobClient _lockBlob;
    private readonly Invoker _invoker;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly SemaphoreSlim _oneAtATime = new(1);

    public TimerListener(Function function, TimerTriggerAttribute trigger, TimerSchedule schedule, Storage storage, Invoker invoker, TimeProvider time, ILoggerFactory loggers)
    {
        (_function, _trigger, _schedule, _invoker, _time) = (function, trigger, schedule, invoker, time);
        _log = loggers.CreateLogger("Host.Timers");
        _lockBlob = storage.HostContainer.GetBlobClient($"locks/{storage.HostId}/{function.StorageName}.Listener");
        if (trigger.UseMonitor && !schedule.IsSubMinute(Now)) _statusBlob = storage.HostContainer.GetBlobClient($"timers/{storage.HostId}/{function.StorageName}/status");
    }

    private DateTime Now => _time.GetUtcNow().UtcDateTime;

    /// <summary>Exceptions never stop the schedule: what fails is logged, and the listener begins again.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await HostLock.HoldAsync(_lockBlob, lost => FireAsync(lost, stopping), stopping);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception problem)
            {
                Log.BeginsAgain(_log, problem, _function.Name);
            }
            await Task.Delay(TimeSpan.FromSeconds(1), stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>POST /admin/functions/{name}: a run out of turn, which leaves the schedule alone but never overlaps with it.</summary>
    public async Task RunNowAsync(CancellationToken stopping)
    {
        var status = _statusBlob is null ? null : await ReadAsync(stopping);
        await RunOnceAsync(new TimerInfo { ScheduleStatus = status }, stopping, CancellationToken.None);
    }

    public void Dispose() => _oneAtATime.Dispose();

    /// <summary>Serves the schedule while the lock is held. A run under way when the host stops is not cut off: that is for the grace to decide.</summary>
    private async Task FireAsync(CancellationToken lost, CancellationToken stopping)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(lost, stopping);
        var status = _statusBlob is null ? null : await StatusAtStartAsync(end.Token);
        var isPastDue = status is not null && Now > status.Next;
        if (isPastDue || _trigger.RunOnStartup) status = await ServeAsync(status, Now, isPastDue, onTime: false, lost);
        while (true)
        {
            var due = status?.Next ?? _schedule.NextAfter(Now);
            for (var left = due - Now; left > TimeSpan.Zero; left = due - Now) await Task.Delay(left < Nap ? left : Nap, _time, end.Token);
            end.Token.ThrowIfCancellationRequested();
            status = await ServeAsync(status, Now, isPastDue: false, onTime: true, lost);
        }
    }

    private async Task<ScheduleStatus?> ServeAsync(ScheduleStatus? status, DateTime at, bool isPastDue, bool onTime, CancellationToken lost)
    {
        await RunOnceAsync(new TimerInfo { ScheduleStatus = status, IsPastDue = isPastDue }, lost, lost);
        // Whoever holds the lock now writes the status: a late word from here would take theirs back.
        lost.ThrowIfCancellationRequested();
        if (status is null) return null;
        // A timer that fires a little early would otherwise find the same occurrence next again.
        if (onTime && status.Next > at) at = status.Next;
        var served = new ScheduleStatus { Last = at, Next = _schedule.NextAfter(at), LastUpdated = at };
        await WriteAsync(served, CancellationToken.None);
        return served;
    }

    private async Task RunOnceAsync(TimerInfo timer, CancellationToken waiting, CancellationToken running)
    {
        await _oneAtATime.WaitAsync(waiting);
        try
        {
            await _invoker.RunAsync(_function, timer, new Dictionary<string, object?>(), running);
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    private async Task<ScheduleStatus> StatusAtStartAsync(CancellationToken cancellation)
    {
        var now = Now;
        var status = await ReadAsync(cancellation);
        if (status is not null)
        {
            var from = status.Last != default ? status.Last : status.LastUpdated;
            var expected = _schedule.NextAfter(from);
            if (status.Next == expected) return status;
            // The schedule was changed meanwhile: its earlier occurrences were never promised.
            if (now > expected) (expected, from) = (_schedule.NextAfter(now), now);
            status = new ScheduleStatus { Next = expected, LastUpdated = from };
        }
        status ??= new ScheduleStatus { Next = _schedule.NextAfter(now), LastUpdated = now };
        await WriteAsync(status, cancellation);
        return status;
    }

    private async Task<ScheduleStatus?> ReadAsync(CancellationToken cancellation)
    {
        try
        {
            var content = (await _statusBlob!.DownloadContentAsync(cancellation)).Value.Content;
            var status = JsonSerializer.Deserialize<ScheduleStatus>(content)!;
            return new ScheduleStatus { Last = Utc(status.Last), Next = Utc(status.Next), LastUpdated = Utc(status.LastUpdated) };
        }
        catch (RequestFailedException missing) when (missing.Status == StatusCodes.Status404NotFound)
        {
            return null;
        }
        catch (JsonException)
        {
            return null;
        }

        static DateTime Utc(DateTime time) => time.Kind == DateTimeKind.Unspecified ? DateTime.SpecifyKind(time, DateTimeKind.Utc) : time.ToUniversalTime();
    }

    private async Task WriteAsync(ScheduleStatus status, CancellationToken cancellation) =>
        await _statusBlob!.UploadAsync(BinaryData.FromObjectAsJson(status), overwrite: true, cancellation);

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "The timer of {Name} begins again: its lock was lost or storage failed")]
        public static partial void BeginsAgain(ILogger logger, Exception problem, string name);
    }
}
