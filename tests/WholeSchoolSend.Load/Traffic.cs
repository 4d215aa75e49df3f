using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using WholeSchoolSend.Testing;

namespace WholeSchoolSend.Load;

/// <summary>Everybody who sends: each response is new, signed as Typeform signs it, and sent again until it is acknowledged.</summary>
/// <param name="receivers">the instances that are up; a sender takes another one for each attempt, as a load balancer would.</param>
internal sealed class Traffic(Func<IReadOnlyList<HttpClient>> receivers)
{
    public const string Source = "leaders_typeform";
    public const string Secret = "a-secret-of-the-load-test";
    public const int Schools = 500;

    private static readonly TimeSpan BeforeNextAttempt = TimeSpan.FromMilliseconds(250);

    private readonly ConcurrentQueue<string> _unacknowledged = [];
    private int _last = 100_000_000;
    private int _turn;

    /// <summary>Responses some receiver answered 200 for, each once.</summary>
    public int Acknowledged => Volatile.Read(ref _acknowledged);

    private readonly List<long> _acknowledgements = [];
    private int _acknowledged;

    /// <summary>The longest time without an acknowledgement since then.</summary>
    public TimeSpan LongestSilence(long since)
    {
        lock (_acknowledgements)
        {
            var times = _acknowledgements.Where(time => time > since).Prepend(since).ToList();
            return times.Skip(1).Zip(times, (later, earlier) => Stopwatch.GetElapsedTime(earlier, later)).DefaultIfEmpty().Max();
        }
    }

    /// <summary>What was told, by fate, over all answers.</summary>
    public ConcurrentDictionary<string, int> Told { get; } = new(StringComparer.Ordinal);

    public static string Instrument => Post.Instrument("typeform", Source);

    /// <summary>So many senders at once, each waiting for its answer before it sends the next.</summary>
    public async Task<Phase> AtOnceAsync(string name, int senders, TimeSpan duration)
    {
        var phase = new Phase(name);
        await Task.WhenAll(Enumerable.Range(0, senders).Select(async _ =>
        {
            while (phase.Elapsed < duration) await UntilAcknowledgedAsync(Next(), phase);
        }));
        return phase.Ended();
    }

    /// <summary>
    /// So many a second whatever the answers: time is counted from when a request was due, so that waiting for a slow receiver counts. What is not acknowledged
    /// the first time waits for <see cref="AgainAsync"/>.
    /// </summary>
    public async Task<Phase> AtRateAsync(string name, double perSecond, TimeSpan duration, CancellationToken ends = default)
    {
        var phase = new Phase(name) { Offered = perSecond };
        var open = new List<Task>();
        for (var sent = 0; phase.Elapsed < duration && !ends.IsCancellationRequested; sent++)
        {
            var due = TimeSpan.FromSeconds(sent / perSecond);
            if (due - phase.Elapsed is { Ticks: > 0 } early) await Task.Delay(early, CancellationToken.None);
            open.Add(OnceAsync(Next(), phase, due));
            if (open.Count > 4096) open.RemoveAll(one => one.IsCompletedSuccessfully);
        }
        var sending = phase.Elapsed;
        await Task.WhenAll(open);
        return phase.Ended(sending);
    }

    /// <summary>What was not acknowledged, until it is.</summary>
    public async Task<Phase> AgainAsync(int senders)
    {
        var phase = new Phase("sent again");
        await Task.WhenAll(Enumerable.Range(0, senders).Select(async _ =>
        {
            while (_unacknowledged.TryDequeue(out var id)) await UntilAcknowledgedAsync(id, phase);
        }));
        return phase.Ended();
    }

    private string Next() => Interlocked.Increment(ref _last).ToString(CultureInfo.InvariantCulture);

    private async Task OnceAsync(string id, Phase phase, TimeSpan due)
    {
        if (!await AttemptAsync(id, phase, due)) _unacknowledged.Enqueue(id);
    }

    private async Task UntilAcknowledgedAsync(string id, Phase phase)
    {
        while (!await AttemptAsync(id, phase, phase.Elapsed)) await Task.Delay(BeforeNextAttempt);
    }

    private async Task<bool> AttemptAsync(string id, Phase phase, TimeSpan due)
    {
        var up = receivers();
        if (up.Count == 0)
        {
            phase.Add("nobody there", due);
            return false;
        }
        var school = 100_000 + (int.Parse(id, CultureInfo.InvariantCulture) % Schools);
        var post = Post.By("typeform", Submission.A(id) with { School = school.ToString(CultureInfo.InvariantCulture) }).Proven("typeform", "signature", Secret, TimeProvider.System.GetUtcNow());
        try
        {
            using var answer = await up[(Interlocked.Increment(ref _turn) & int.MaxValue) % up.Count].SendAsync(post.To($"/api/webhooks/{Source}"));
            if (answer.StatusCode != HttpStatusCode.OK)
            {
                phase.Add(((int)answer.StatusCode).ToString(CultureInfo.InvariantCulture) + (answer.Headers.RetryAfter is null ? " without Retry-After" : ""), due);
                return false;
            }
            using var told = JsonDocument.Parse(await answer.Content.ReadAsStreamAsync());
            foreach (var fate in told.RootElement.EnumerateObject())
                if (fate.Value.GetInt32() is > 0 and var count) Told.AddOrUpdate(fate.Name, count, (_, before) => before + count);
            phase.Add("200", due);
            Interlocked.Increment(ref _acknowledged);
            lock (_acknowledgements) _acknowledgements.Add(Stopwatch.GetTimestamp());
            return true;
        }
        catch (Exception gone) when (gone is HttpRequestException or IOException or OperationCanceledException)
        {
            phase.Add("no answer", due);
            return false;
        }
    }
}

/// <summary>One part of a run: what was answered and how long it took.</summary>
internal sealed class Phase(string name)
{
    private readonly long _began = Stopwatch.GetTimestamp();
    private readonly Lock _adding = new();
    private readonly List<double> _milliseconds = [];
    private readonly Dictionary<string, int> _answers = new(StringComparer.Ordinal);
    private List<double> _sorted = [];

    public string Name { get; } = name;

    /// <summary>Requests a second that were sent whatever the answers; null: each sender waited.</summary>
    public double? Offered { get; init; }

    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_began);

    public double Seconds { get; private set; }

    public IReadOnlyDictionary<string, int> Answers => _answers;

    public int Acknowledged => _answers.GetValueOrDefault("200");

    /// <summary>Milliseconds until the last of those who were told 503 was told so; 0: nobody was.</summary>
    public double LongestRefusal { get; private set; }

    public double PerSecond => Acknowledged / Seconds;

    /// <summary>Milliseconds within which this share of the acknowledged was answered.</summary>
    public double Within(double share) => _sorted.Count == 0 ? double.NaN : _sorted[Math.Min(_sorted.Count - 1, (int)(share * _sorted.Count))];

    public void Add(string answer, TimeSpan due)
    {
        var took = (Elapsed - due).TotalMilliseconds;
        lock (_adding)
        {
            _answers[answer] = _answers.GetValueOrDefault(answer) + 1;
            if (answer == "200") _milliseconds.Add(took);
            else if (answer == "503") LongestRefusal = Math.Max(LongestRefusal, took);
        }
    }

    /// <param name="sending">how long requests were sent; the answers may have taken longer.</param>
    public Phase Ended(TimeSpan? sending = null)
    {
        Seconds = (sending ?? Elapsed).TotalSeconds;
        lock (_adding) _sorted = [.. _milliseconds.Order()];
        return this;
    }
}
