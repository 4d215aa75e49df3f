using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace WholeSchoolSend.Testing;

/// <summary>
/// Stands between the app and its storage account, so that a test decides what the app sees of it: refused, slow, throttled, cut off, or an answer
/// that is lost after the write took effect. It is reached by <see cref="ConnectionString"/>, so that whole processes can be put behind it.
/// </summary>
public sealed partial class FaultProxy : IAsyncDisposable
{
    private static readonly HashSet<string> HopByHop = new(StringComparer.OrdinalIgnoreCase) { "Host", "Connection", "Keep-Alive", "Transfer-Encoding", "Upgrade", "Expect" };

    private readonly HttpClient _storage = new(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false }) { Timeout = Timeout.InfiniteTimeSpan };
    private readonly int[] _targets;
    private int[] _ports;
    private WebApplication? _web;
    private int _requests;

    private FaultProxy(int[] targets) => (_targets, _ports, ConnectionString) = (targets, new int[targets.Length], "");

    /// <summary>Reaches the account through this proxy.</summary>
    public string ConnectionString { get; private set; }

    /// <summary>Requests that came, answered or not.</summary>
    public int Requests => Volatile.Read(ref _requests);

    /// <summary>Runs before a request passes; true: it dealt with the request, which then does not pass.</summary>
    public Func<HttpContext, Task<bool>>? Before { get; set; }

    /// <summary>Runs when the request took effect, before its answer goes back; true: the answer does not go back.</summary>
    public Func<HttpContext, Task<bool>>? After { get; set; }

    public static async Task<FaultProxy> StartAsync(string connectionString)
    {
        var proxy = new FaultProxy(Targets(connectionString));
        await proxy.ListenAsync();
        var next = 0;
        proxy.ConnectionString = Endpoint().Replace(connectionString, match => match.Value.Replace($":{match.Groups[1].Value}/", string.Create(CultureInfo.InvariantCulture, $":{proxy._ports[next++]}/"), StringComparison.Ordinal));
        return proxy;
    }

    /// <summary>Stands in front of another account from now on: the same one, that came back elsewhere.</summary>
    public void Face(string connectionString) => Targets(connectionString).CopyTo(_targets, 0);

    /// <summary>Everything passes again.</summary>
    public void Mend() => (Before, After) = (null, null);

    /// <summary>The next requests are answered with this status.</summary>
    public void Refuse(int status = 503, int? retryAfter = null, int times = int.MaxValue)
    {
        var left = times;
        Before = context =>
        {
            if (Interlocked.Decrement(ref left) < 0) return Task.FromResult(false);
            context.Response.StatusCode = status;
            if (retryAfter is { } seconds) context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
            return Task.FromResult(true);
        };
    }

    /// <summary>Every request waits so long before it passes; one whose sender leaves meanwhile never does.</summary>
    public void Slow(TimeSpan by) => Before = async context =>
    {
        await Task.Delay(by, context.RequestAborted);
        return false;
    };

    /// <summary>The connection breaks before the next requests take effect.</summary>
    public void Break(int times = int.MaxValue)
    {
        var left = times;
        Before = context => Task.FromResult(Interlocked.Decrement(ref left) >= 0 && Broken(context));
    }

    /// <summary>The next requests like this take effect, and the connection breaks before the answer.</summary>
    public void LoseAnswers(Func<HttpRequest, bool> which, int times = int.MaxValue)
    {
        var left = times;
        After = context => Task.FromResult(which(context.Request) && Interlocked.Decrement(ref left) >= 0 && Broken(context));
    }

    /// <summary>Requests like this take effect, and their answers come so much later.</summary>
    public void Delay(Func<HttpRequest, bool> which, TimeSpan by) => After = async context =>
    {
        if (which(context.Request)) await Task.Delay(by, context.RequestAborted);
        return false;
    };

    /// <summary>Connections are refused until <see cref="ListenAsync"/>.</summary>
    public async Task StopListeningAsync()
    {
        if (_web is null) return;
        using var at = new CancellationTokenSource();
        await at.CancelAsync();   // whatever is under way is cut off
        await _web.StopAsync(at.Token);
        await _web.DisposeAsync();
        _web = null;
    }

    public async Task ListenAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(options =>
        {
            options.Limits.MaxRequestBodySize = null;
            options.Limits.MinRequestBodyDataRate = null;
            options.AllowSynchronousIO = false;
            foreach (var port in _ports) options.Listen(System.Net.IPAddress.Loopback, port, listen => listen.Protocols = HttpProtocols.Http1);
        });
        _web = builder.Build();
        _web.Run(HandleAsync);
        await _web.StartAsync();
        _ports = [.. _web.Urls.Select(url => new Uri(url).Port)];
    }

    public async ValueTask DisposeAsync()
    {
        await StopListeningAsync();
        _storage.Dispose();
    }

    /// <summary>Whether this is a write of rows that belong together.</summary>
    public static bool IsTransaction(HttpRequest request) => request.Path.Value!.EndsWith("$batch", StringComparison.Ordinal);

    private static int[] Targets(string connectionString) => [.. Endpoint().Matches(connectionString).Select(match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture))];

    private static bool Broken(HttpContext context)
    {
        context.Abort();
        return true;
    }

    private async Task HandleAsync(HttpContext context)
    {
        Interlocked.Increment(ref _requests);
        try
        {
            if (Before is { } before && await before(context)) return;
            using var answer = await _storage.SendAsync(Forward(context), HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
            // Read before the hook runs: what is to be lost must have happened.
            var body = await answer.Content.ReadAsByteArrayAsync(context.RequestAborted);
            if (After is { } after && await after(context)) return;
            context.Response.StatusCode = (int)answer.StatusCode;
            foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers))
                if (!HopByHop.Contains(name)) context.Response.Headers.Append(name, values.ToArray());
            if (body.Length > 0) await context.Response.Body.WriteAsync(body, context.RequestAborted);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Whoever asked has left.
        }
        catch (HttpRequestException)
        {
            context.Abort();   // storage itself is gone: a test that ends
        }
    }

    private HttpRequestMessage Forward(HttpContext context)
    {
        var request = context.Request;
        var target = _targets[Array.IndexOf(_ports, context.Connection.LocalPort)];
        // As it was sent: the signature covers the path byte for byte.
        var raw = context.Features.Get<IHttpRequestFeature>()!.RawTarget;
        var forward = new HttpRequestMessage(new HttpMethod(request.Method), string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{target}{raw}"));
        if (request.ContentLength > 0 || request.Headers.ContainsKey("Transfer-Encoding") || HttpMethods.IsPut(request.Method) || HttpMethods.IsPost(request.Method))
            forward.Content = new StreamContent(request.Body);
        foreach (var (name, values) in request.Headers)
            if (!HopByHop.Contains(name) && !forward.Headers.TryAddWithoutValidation(name, [.. values]))
                forward.Content?.Headers.TryAddWithoutValidation(name, [.. values]);
        return forward;
    }

    [GeneratedRegex("Endpoint=http://127\\.0\\.0\\.1:([0-9]+)/", RegexOptions.CultureInvariant)]
    private static partial Regex Endpoint();
}
