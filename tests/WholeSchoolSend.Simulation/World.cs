using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using WholeSchoolSend.Testing.Simulation;

namespace WholeSchoolSend.Simulation;

/// <summary>Decides what happens next. The same decisions make the same world.</summary>
internal interface IFate
{
    /// <summary>One of so many things that could happen next.</summary>
    int Choose(int of);

    /// <summary>What befalls the request that was chosen.</summary>
    Fault FaultOf(PendingRequest request);

    /// <summary>How long it takes.</summary>
    TimeSpan Duration();
}

/// <summary>Everything goes well, in order.</summary>
internal sealed class GoodFate : IFate
{
    public int Choose(int of) => 0;

    public Fault FaultOf(PendingRequest request) => Fault.None;

    public TimeSpan Duration() => TimeSpan.FromMilliseconds(1);
}

/// <summary>A request that has been sent and not been answered.</summary>
/// <param name="Label">what it is, the same in every run: what is random in it is blotted out.</param>
internal sealed record PendingRequest(Instance Instance, int Operation, bool IsTables, ServiceRequest Request, string Label, TaskCompletionSource<ServiceResponse> Answer)
{
    /// <summary>Gets or sets which of all requests of its world it was, once it was answered.</summary>
    public int Number { get; set; }
}

/// <summary>An operation that an instance was asked to do.</summary>
internal sealed class Operation(int number, string name, Instance instance, Task task)
{
    public int Number => number;

    public string Name => name;

    public Instance Instance => instance;

    public Task Task => task;

    public bool IsOver => task.IsCompleted || instance.IsDead;

    /// <summary>It came to its end, and whoever asked for it knows.</summary>
    public bool Succeeded => task.IsCompletedSuccessfully && !instance.IsDead;
}

/// <summary>
/// Instances of the app over one simulated account. An operation runs until all it can do is wait for storage; when nothing runs any more, one of the
/// requests that wait is chosen, and what befalls it. So one thing happens at a time, and a seed says which.
/// </summary>
internal sealed partial class World
{
    private static readonly AsyncLocal<int> Current = new();

    private readonly Lock _lock = new();
    private readonly List<PendingRequest> _pending = [];
    private readonly List<(DateTimeOffset Due, PendingRequest Request)> _later = [];
    private readonly List<Operation> _operations = [];
    private readonly StringBuilder? _trace;
    private int _operationCount;

    public World(SimulatedAccount account, VirtualTime time, bool traced = false)
    {
        (Account, Time) = (account, time);
        account.Time = time;
        _trace = traced ? new StringBuilder() : null;
    }

    public SimulatedAccount Account { get; }

    public VirtualTime Time { get; }

    public IFate Fate { get; set; } = new GoodFate();

    public int Requests { get; private set; }

    public Dictionary<Fault, int> Faults { get; } = [];

    /// <summary>What every instance logged, and every fault that reached a host.</summary>
    public List<string> Log { get; } = [];

    public string Trace => _trace?.ToString() ?? "";

    public static int CurrentOperation => Current.Value;

    public IReadOnlyList<Operation> Running => _operations;

    public void Say(string line)
    {
        lock (_lock) _trace?.Append(CultureInfo.InvariantCulture, $"{Time.Now:MM-dd HH:mm:ss.fff} {line}\n");
    }

    public void Heard(string line)
    {
        lock (_lock) Log.Add(line);
    }

    /// <summary>Begins an operation; it runs until it waits.</summary>
    public Operation Begin(Instance instance, string name, Func<Task> action)
    {
        var number = ++_operationCount;
        Say($"{instance.Name} begins {number} {name}");
        Current.Value = number;
        var operation = new Operation(number, name, instance, action());
        Current.Value = 0;
        _operations.Add(operation);
        UntilStill();
        return operation;
    }

    /// <summary>Runs one operation to its end, and whatever else runs as chance will have it; throws what it threw.</summary>
    public void Run(Instance instance, string name, Func<Task> action)
    {
        var operation = Begin(instance, name, action);
        while (!operation.IsOver && Step())
        {
        }
        if (!operation.IsOver) throw new PromiseBrokenException("3", $"{name} waits for ever");
        operation.Task.GetAwaiter().GetResult();
    }

    /// <summary>Lets one thing happen; false: nothing can.</summary>
    /// <param name="others">how many other things could happen, of which one is to be done by the caller.</param>
    /// <param name="other">which of them was chosen.</param>
    public bool Step(int others, out int? other)
    {
        other = null;
        UntilStill();
        foreach (var operation in _operations)
            if (operation is { IsOver: true, Instance.IsDead: false, Task.IsFaulted: true }) operation.Task.GetAwaiter().GetResult();
        _operations.RemoveAll(operation => operation.IsOver);
        List<PendingRequest> waiting;
        lock (_lock)
        {
            _pending.RemoveAll(request => request.Instance.IsDead || request.Answer.Task.IsCompleted);
            waiting = [.. _pending.OrderBy(request => request.Operation).ThenBy(request => request.Label, StringComparer.Ordinal)];
        }
        if (waiting.Count + others == 0)
        {
            if (Time.NextDue is { } due && _operations.Count > 0)
            {
                Advance(due - Time.Now);
                return true;
            }
            return false;
        }
        Advance(Fate.Duration());
        waiting.RemoveAll(request => request.Answer.Task.IsCompleted);
        if (waiting.Count + others == 0) return true;
        var chosen = Fate.Choose(waiting.Count + others);
        if (chosen >= waiting.Count) other = chosen - waiting.Count;
        else Answer(waiting[chosen]);
        return true;
    }

    public bool Step() => Step(0, out _);

    /// <summary>Time passes, whatever runs.</summary>
    public void Advance(TimeSpan by)
    {
        var end = Time.Now + by;
        while (_later.Count > 0 && _later.Min(one => one.Due) is var due && due <= end)
        {
            var next = _later.First(one => one.Due == due);
            _later.Remove(next);
            if (due > Time.Now) Time.Advance(due - Time.Now, UntilStill);
            Say($"{next.Request.Instance.Name} late {next.Request.Label}: {Handle(next.Request).Status}");
        }
        if (end > Time.Now) Time.Advance(end - Time.Now, UntilStill);
        UntilStill();
    }

    /// <summary>An instance sends a request.</summary>
    public Task<ServiceResponse> SendAsync(Instance instance, bool isTables, ServiceRequest request, CancellationToken cancellation)
    {
        var pending = new PendingRequest(instance, CurrentOperation, isTables, request, LabelOf(isTables, request), new TaskCompletionSource<ServiceResponse>());
        cancellation.Register(() => pending.Answer.TrySetCanceled(cancellation));
        lock (_lock) _pending.Add(pending);
        return pending.Answer.Task;
    }

    private void Answer(PendingRequest request)
    {
        List<PendingRequest> alike;
        lock (_lock)
        {
            // Of one operation, reads of the same thing that wait together are told apart by nothing but whose thread was first: they are answered together.
            alike = request.Request.Method is "GET" or "HEAD" ? _pending.FindAll(other => other.Operation == request.Operation && other.Label == request.Label) : [request];
            _pending.RemoveAll(alike.Contains);
        }
        request.Number = Requests++;
        var fault = Fate.FaultOf(request);
        Faults[fault] = Faults.GetValueOrDefault(fault) + 1;
        var happens = fault is Fault.None or Fault.AnswerLost or Fault.FailsAfter or Fault.CrashAfter;
        var response = happens ? Handle(request) : ServiceResponse.Empty(503);
        Say($"{request.Instance.Name} {request.Number} {request.Label}: {(happens ? response.Status : 0)} {(fault == Fault.None ? "" : fault)}");
        if (fault == Fault.HappensLater) _later.Add((Time.Now.AddSeconds(1 + Fate.Choose(20)), request));   // a server gives up after thirty seconds at most
        if (fault is Fault.CrashBefore or Fault.CrashAfter) request.Instance.Kill();
        foreach (var one in alike)
            switch (fault)
            {
                case Fault.None:
                    one.Answer.TrySetResult(response);
                    break;
                case Fault.Fails:
                    one.Answer.TrySetResult(ServiceResponse.Empty(500));
                    break;
                case Fault.FailsAfter:
                    one.Answer.TrySetResult(ServiceResponse.Empty(503));
                    break;
                case Fault.Throttled:
                    one.Answer.TrySetResult(ServiceResponse.Empty(503, ("Retry-After", "1")));
                    break;
                case Fault.HappensLater or Fault.TimesOutBefore:
                    one.Answer.TrySetException(new HttpRequestException("No answer in time.", new TimeoutException()));
                    break;
                case Fault.BreaksBefore or Fault.AnswerLost:
                    one.Answer.TrySetException(new HttpRequestException("The connection was reset."));
                    break;
            }
        UntilStill();
    }

    private ServiceResponse Handle(PendingRequest request) => request.IsTables ? Account.Tables(request.Request) : Account.Blobs(request.Request);

    /// <summary>
    /// Waits until no thread does anything: then all there is to do waits for storage or for the time. Nothing else runs in this process, so the pool's own
    /// counts tell.
    /// </summary>
    private static void UntilStill()
    {
        ThreadPool.GetMaxThreads(out var most, out _);
        for (var still = 0; still < 3;)
        {
            ThreadPool.GetAvailableThreads(out var free, out _);
            if (ThreadPool.PendingWorkItemCount == 0 && free == most) still++;
            else
            {
                still = 0;
                Thread.Yield();
            }
        }
    }

    private static string LabelOf(bool isTables, ServiceRequest request)
    {
        var label = new StringBuilder($"{request.Method} {request.Resource}");
        foreach (var name in (string[])["$filter", "NextRowKey", "comp", "blockid", "prefix", "restype"])
            if (request.Parameter(name) is { } value) label.Append(CultureInfo.InvariantCulture, $" {value}");
        if (isTables && request.Resource == "$batch")
        {
            var body = Encoding.UTF8.GetString(request.Body);
            foreach (Match action in BatchAction().Matches(body))
                label.Append(CultureInfo.InvariantCulture, $" {action.Groups[1].Value[0]}:{(action.Groups[2].Success ? Uri.UnescapeDataString(action.Groups[2].Value) : "")}");
            foreach (Match key in RowKey().Matches(body)) label.Append(CultureInfo.InvariantCulture, $" {key.Groups[1].Value}");
        }
        return RandomPart().Replace(label.ToString(), "*");
    }

    [GeneratedRegex("^(POST|PUT|PATCH|MERGE|DELETE) http://[^/]+/[^/]+/(\\S*) HTTP", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex BatchAction();

    [GeneratedRegex("\"RowKey\":\"([^\"]*)\"", RegexOptions.CultureInvariant)]
    private static partial Regex RowKey();

    // Thirty-two digits are a GUID, with the place of a response in its delivery, which is taken in from anywhere; eight behind a dash the end of an audit's id.
    [GeneratedRegex("(?<![0-9a-f])[0-9a-f]{32}(-[0-9]+)?(?![0-9a-f])|-[0-9a-f]{8}\\b", RegexOptions.CultureInvariant)]
    private static partial Regex RandomPart();
}

/// <summary>A promise of the design that did not hold.</summary>
internal sealed class PromiseBrokenException(string promise, string message, Exception? inner = null) : Exception($"promise {promise}: {message}", inner);
