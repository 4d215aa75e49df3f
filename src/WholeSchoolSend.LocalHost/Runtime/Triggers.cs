using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;

namespace WholeSchoolSend.LocalHost;

/// <summary>The timers and blob triggers of the app, ready to run. A function that cannot run is left in error, and the others run.</summary>
internal sealed class Triggers : IDisposable
{
    private readonly List<BlobScanner> _scanners = [];
    private readonly BlobQueue? _queue;

    public Triggers(IEnumerable<Function> functions, HostPlan plan, HostJson hostJson, Storage storage, Invoker invoker, ILoggerFactory loggers)
    {
        var refused = new List<string>();
        var blobs = new Dictionary<string, BlobTriggered>();
        foreach (var function in functions)
        {
            if (function.Trigger is HttpTriggerAttribute) continue;
            if ((function.Error = storage.TryOpen(null, out _)) is not null) continue;
            var text = function.Trigger is TimerTriggerAttribute { Schedule: var schedule } ? schedule : ((BlobTriggerAttribute)function.Trigger).BlobPath;
            if (SettingTokens.Expand(text, plan.Settings, out var missing) is not { } expanded)
            {
                function.Error = $"the setting %{missing}% is missing";
            }
            else if (function.Trigger is TimerTriggerAttribute timer)
            {
                if (TimerSchedule.TryParse(expanded) is { } parsed) Timers[function] = new TimerListener(function, timer, parsed, storage, invoker, plan.Time, loggers);
                else refused.Add($"Function '{function.Name}': '{expanded}' is not an NCRONTAB schedule such as '0 */5 * * * *'.");
            }
            else if (BlobPath.TryParse(expanded, out var problem) is not { } path)
            {
                refused.Add($"Function '{function.Name}': the blob path '{expanded}' is not possible: {problem}.");
            }
            else if ((function.Error = storage.TryOpen(((BlobTriggerAttribute)function.Trigger).Connection, out var account)) is null)
            {
                blobs[function.StorageName] = new BlobTriggered(function, path, account);
            }
        }
        FunctionFinder.ThrowIfAny(refused);
        if (blobs.Count == 0) return;

        var log = loggers.CreateLogger("Host.Blobs");
        _queue = new BlobQueue(storage, hostJson, invoker, log) { Triggers = blobs };
        var every = TimeSpan.TryParse(plan.Settings["LocalHost:BlobScanInterval"], System.Globalization.CultureInfo.InvariantCulture, out var given) ? given : TimeSpan.FromSeconds(1);
        _scanners.AddRange(blobs.Values.Select(one => new BlobScanner(one, storage, _queue, every, log)));
    }

    private Dictionary<Function, TimerListener> Timers { get; } = [];

    /// <summary>Runs until the host stops, and returns when nothing runs any more.</summary>
    public Task RunAsync(CancellationToken stopping) => Task.WhenAll(
        [.. Timers.Values.Select(one => Task.Run(() => one.RunAsync(stopping), CancellationToken.None)),
        .. _scanners.Select(one => Task.Run(() => one.RunAsync(stopping), CancellationToken.None)),
        Task.Run(() => _queue?.RunAsync(stopping) ?? Task.CompletedTask, CancellationToken.None)]);

    /// <summary>What an administrator asks for; <paramref name="input"/> is <c>container/blob</c> for a blob function. False where that is no blob of its own.</summary>
    public bool TryRunNow(Function function, string? input, CancellationToken stopping, out Task run)
    {
        run = Task.CompletedTask;
        if (Timers.TryGetValue(function, out var timer))
        {
            run = Task.Run(() => timer.RunNowAsync(stopping), CancellationToken.None);
            return true;
        }
        if (_queue is null || !_queue.Triggers.TryGetValue(function.StorageName, out var blob)) return false;
        var start = $"{blob.Path.Container}/";
        if (input?.StartsWith(start, StringComparison.Ordinal) != true || blob.Path.Match(input[start.Length..]) is null) return false;
        run = Task.Run(() => _queue.RunNowAsync(blob, input[start.Length..]), CancellationToken.None);
        return true;
    }

    public void Dispose()
    {
        foreach (var timer in Timers.Values) timer.Dispose();
        _queue?.Dispose();
    }
}
