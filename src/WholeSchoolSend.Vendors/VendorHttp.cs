using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;
using WholeSchoolSend.Core;
using WholeSchoolSend.Core.Webhooks.Vendors;

namespace WholeSchoolSend.Vendors;

/// <summary>How patient requests to vendors are.</summary>
public sealed class VendorHttpOptions
{
    /// <summary>Gets or sets how often a request is sent again after a passing fault.</summary>
    /// <value>The default value is 3 retries.</value>
    public int MaxRetryAttempts { get; set; } = 3;

    /// <summary>Gets or sets the median delay before the first retry; it doubles from there, with jitter.</summary>
    /// <value>The default value is 1 second.</value>
    public TimeSpan Delay { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Gets or sets the longest delay that is waited out here; who asks for a longer one is left alone by whoever asked.</summary>
    /// <value>The default value is 30 seconds.</value>
    public TimeSpan MaxDelay { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Gets or sets how long one attempt may take, its body included.</summary>
    /// <value>The default value is 30 seconds.</value>
    public TimeSpan AttemptTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Gets or sets how long a request may take with all its attempts.</summary>
    /// <value>The default value is 2 minutes.</value>
    public TimeSpan TotalTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Gets or sets how many requests of a source, of which half fail within half a minute, open its circuit.</summary>
    /// <value>The default value is 10.</value>
    public int BreakerThroughput { get; set; } = 10;

    /// <summary>Gets or sets how long an open circuit stays open.</summary>
    /// <value>The default value is 30 seconds.</value>
    public TimeSpan BreakDuration { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Gets or sets the largest answer that is read.</summary>
    /// <value>The default value is 64 MiB: a Qualtrics export of a first look.</value>
    public int LargestAnswer { get; set; } = 64 * 1024 * 1024;

    /// <summary>Gets or sets what carries the requests.</summary>
    /// <value>The default value is <see langword="null"/>: sockets, without redirects and cookies.</value>
    public HttpMessageHandler? Transport { get; set; }
}

/// <summary>
/// Asks vendors over HTTP. Each source has its own line: total time, then retries, then the source's circuit, then its limits, then the time of one attempt.
/// Redirects are not followed, and every request goes to the configured address: no answer can send a credential elsewhere.
/// </summary>
public sealed class VendorHttp : IVendorHttp, IDisposable
{
    private readonly VendorHttpOptions _options;
    private readonly TimeProvider _time;
    private readonly HttpClient _http;
    private readonly ConcurrentDictionary<string, ResiliencePipeline<VendorResponse>> _lines = new(StringComparer.Ordinal);

    public VendorHttp(VendorHttpOptions options, TimeProvider time)
    {
        _options = options;
        _time = time;
        _http = new HttpClient(options.Transport ?? new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.GZip | DecompressionMethods.Deflate | DecompressionMethods.Brotli,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            ConnectTimeout = TimeSpan.FromSeconds(10),
            MaxConnectionsPerServer = 4,
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,   // the line has its own
        };
    }

    /// <inheritdoc/>
    public async Task<VendorResponse> SendAsync(VendorSource source, VendorRequest request, CancellationToken cancellation)
    {
        var line = _lines.GetOrAdd(source.Name, static (_, one) => one.Http.Line(one.Source), (Http: this, Source: source));
        try
        {
            return await line.ExecuteAsync(async token => await AttemptAsync(source, request, token), cancellation);
        }
        catch (LimitReachedException limit)
        {
            throw new VendorTroubleException(Problems.VendorBusy, $"The limit of requests of {source.Name} is reached.", limit.Wait, limit);
        }
        catch (BrokenCircuitException open)
        {
            throw new VendorTroubleException(Problems.VendorFailed, $"{request} was not asked for: too much failed there just now.", open.RetryAfter, open);
        }
        catch (Exception fault) when (fault is TimeoutRejectedException or HttpRequestException or IOException)
        {
            throw new VendorTroubleException(Problems.VendorFailed, $"{request} was not answered: {fault.GetType().Name}.", null, fault);
        }
    }

    public void Dispose() => _http.Dispose();

    private ResiliencePipeline<VendorResponse> Line(VendorSource source) => new ResiliencePipelineBuilder<VendorResponse> { Name = source.Name, TimeProvider = _time }
        .AddTimeout(new TimeoutStrategyOptions { Name = "total", Timeout = _options.TotalTimeout })
        .AddRetry(new RetryStrategyOptions<VendorResponse>
        {
            Name = "retry",
            MaxRetryAttempts = _options.MaxRetryAttempts,
            Delay = _options.Delay,
            MaxDelay = _options.MaxDelay,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            ShouldHandle = args => ValueTask.FromResult(IsPassing(args.Outcome) && !(args.Outcome.Result?.Wait > _options.MaxDelay)),
            DelayGenerator = args => ValueTask.FromResult(args.Outcome.Result?.Wait),
        })
        .AddCircuitBreaker(new CircuitBreakerStrategyOptions<VendorResponse>
        {
            Name = "circuit",
            FailureRatio = 0.5,
            MinimumThroughput = _options.BreakerThroughput,
            SamplingDuration = TimeSpan.FromSeconds(30),
            BreakDuration = _options.BreakDuration,
            // A vendor that counts requests is well.
            ShouldHandle = args => ValueTask.FromResult(IsPassing(args.Outcome) && args.Outcome.Result?.Status != 429),
        })
        .AddStrategy(_ => new RateLimit(source.PerMinute, source.PerDay, _options.MaxDelay, _time))
        .AddTimeout(new TimeoutStrategyOptions { Name = "attempt", Timeout = _options.AttemptTimeout })
        .Build();

    private static bool IsPassing(Outcome<VendorResponse> outcome) => outcome switch
    {
        { Exception: HttpRequestException or IOException or TimeoutRejectedException } => true,
        { Result.Status: 408 or 429 or 500 or 502 or 503 or 504 } => true,
        _ => false,
    };

    private async Task<VendorResponse> AttemptAsync(VendorSource source, VendorRequest request, CancellationToken cancellation)
    {
        using var message = new HttpRequestMessage(request.Json is null ? HttpMethod.Get : HttpMethod.Post, Address(source, request));
        var (name, value) = source.Api.Authorise(source.Token);
        message.Headers.TryAddWithoutValidation(name, value);
        message.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        message.Headers.UserAgent.Add(new ProductInfoHeaderValue("WholeSchoolSend", "1"));
        if (request.Json is { } json) message.Content = new ReadOnlyMemoryContent(json) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        using var response = await _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellation);
        var wait = (int)response.StatusCode is 429 or 503 ? source.Api.AskedToWait(header => Header(response, header), _time.GetUtcNow()) : null;
        return new VendorResponse((int)response.StatusCode, await BodyAsync(response, request, cancellation), wait);
    }

    /// <summary>The address of a request: below the source's own, whatever the path says.</summary>
    private static Uri Address(VendorSource source, VendorRequest request)
    {
        var query = string.Join('&', request.Query.Select(parameter => $"{Uri.EscapeDataString(parameter.Key)}={Uri.EscapeDataString(parameter.Value)}"));
        var address = new Uri($"{source.Address.AbsoluteUri.TrimEnd('/')}/{request.Path}{(query.Length == 0 ? "" : "?")}{query}");
        return Uri.Compare(address, source.Address, UriComponents.SchemeAndServer, UriFormat.SafeUnescaped, StringComparison.OrdinalIgnoreCase) == 0
            ? address
            : throw new InvalidOperationException($"A request of {source.Name} would have left its vendor.");
    }

    private async Task<ReadOnlyMemory<byte>> BodyAsync(HttpResponseMessage response, VendorRequest request, CancellationToken cancellation)
    {
        await using var content = await response.Content.ReadAsStreamAsync(cancellation);
        using var body = new MemoryStream();
        var buffer = new byte[81_920];
        for (int read; (read = await content.ReadAsync(buffer, cancellation)) > 0;)
        {
            if (body.Length + read > _options.LargestAnswer) throw new VendorTroubleException(Problems.VendorUnreadable, $"The answer to {request} is larger than {_options.LargestAnswer} bytes.");
            body.Write(buffer, 0, read);
        }
        return body.GetBuffer().AsMemory(0, (int)body.Length);
    }

    private static string? Header(HttpResponseMessage response, string name) => response.Headers.TryGetValues(name, out var values) ? values.First() : null;
}
