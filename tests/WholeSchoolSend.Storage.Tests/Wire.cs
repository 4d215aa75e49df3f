using System.Net;
using Azure.Core.Pipeline;

namespace WholeSchoolSend.Storage.Tests;

/// <summary>The line between the SDK and Azurite: counts what passes, and loses, delays or refuses what a test says.</summary>
internal sealed class Wire : DelegatingHandler
{
    private int _requests;

    public Wire()
        : base(new SocketsHttpHandler()) => Transport = new HttpClientTransport(new HttpClient(this));

    public HttpClientTransport Transport { get; }

    /// <summary>Requests that were sent, answered or not.</summary>
    public int Requests => Volatile.Read(ref _requests);

    /// <summary>Runs before a request passes; an answer it gives is given instead.</summary>
    public Func<HttpRequestMessage, CancellationToken, Task<HttpResponseMessage?>>? Before { get; set; }

    /// <summary>Runs when the request took effect and its answer is on the way back; it may throw, and the answer is lost.</summary>
    public Action<HttpRequestMessage, HttpResponseMessage>? After { get; set; }

    /// <summary>The first answer to a request like this is lost on its way: the sender cannot know what happened.</summary>
    public void LoseOneAnswer(Func<HttpRequestMessage, bool> which)
    {
        var lost = 0;
        After = (request, _) =>
        {
            if (which(request) && Interlocked.Exchange(ref lost, 1) == 0) throw new HttpRequestException("The connection was reset.");
        };
    }

    /// <summary>The next requests are refused with this status.</summary>
    public void Refuse(int times, HttpStatusCode status = HttpStatusCode.ServiceUnavailable, int? retryAfter = null)
    {
        var left = times;
        Before = (request, _) =>
        {
            if (Interlocked.Decrement(ref left) < 0) return Task.FromResult<HttpResponseMessage?>(null);
            var refusal = new HttpResponseMessage(status) { RequestMessage = request, Content = new StringContent("") };
            if (retryAfter is { } seconds) refusal.Headers.RetryAfter = new(TimeSpan.FromSeconds(seconds));
            return Task.FromResult<HttpResponseMessage?>(refusal);
        };
    }

    /// <summary>Does something once, right before a request like this passes.</summary>
    public void Once(Func<HttpRequestMessage, bool> which, Func<Task> action)
    {
        var done = 0;
        Before = async (request, _) =>
        {
            if (which(request) && Interlocked.Exchange(ref done, 1) == 0) await action();
            return null;
        };
    }

    /// <summary>The process dies at this write, before it took effect or after, and sends nothing ever again.</summary>
    public void KillAt(int write, bool took)
    {
        var (writes, dead) = (0, false);
        Before = (request, _) =>
        {
            if (dead) throw new NotSupportedException("killed");
            if (IsWrite(request) && Interlocked.Increment(ref writes) == write && !took)
            {
                dead = true;
                throw new NotSupportedException("killed here");
            }
            return Task.FromResult<HttpResponseMessage?>(null);
        };
        After = (request, _) =>
        {
            if (!took || !IsWrite(request) || Volatile.Read(ref writes) < write) return;
            dead = true;
            throw new NotSupportedException("killed here");
        };
    }

    /// <summary>How many writes an action makes.</summary>
    public async Task<int> WritesAsync(Func<Task> action)
    {
        var writes = 0;
        Before = (request, _) =>
        {
            if (IsWrite(request)) Interlocked.Increment(ref writes);
            return Task.FromResult<HttpResponseMessage?>(null);
        };
        await action();
        Before = null;
        return writes;
    }

    public static bool IsWrite(HttpRequestMessage request) => request.Method != HttpMethod.Get && request.Method != HttpMethod.Head;

    public static bool IsTransaction(HttpRequestMessage request) => request.RequestUri!.AbsolutePath.EndsWith("$batch", StringComparison.Ordinal);

    public static bool IsRangeOf(HttpRequestMessage request, string kind) =>
        Uri.UnescapeDataString(request.RequestUri!.Query).Contains($"RowKey ge '{kind}~", StringComparison.Ordinal);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _requests);
        if (Before is { } before && await before(request, cancellationToken) is { } instead) return instead;
        var response = await base.SendAsync(request, cancellationToken);
        After?.Invoke(request, response);
        return response;
    }
}
