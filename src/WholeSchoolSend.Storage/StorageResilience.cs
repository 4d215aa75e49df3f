using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using Polly;
using Polly.Retry;
using WholeSchoolSend.Core;

namespace WholeSchoolSend.Storage;

/// <summary>How patient storage calls are.</summary>
public sealed class StorageResilienceOptions
{
    /// <summary>Gets or sets how often a request is sent again after a transient fault.</summary>
    /// <value>The default value is 6 retries.</value>
    [Range(1, 50)]
    public int MaxRetryAttempts { get; set; } = 6;

    /// <summary>Gets or sets the median delay before the first retry; it doubles from there, with jitter.</summary>
    /// <value>The default value is 100 ms.</value>
    /// <remarks>Ignored where the service says how long to wait (<c>Retry-After</c>).</remarks>
    public TimeSpan Delay { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Gets or sets the longest delay between two attempts, also where the service asks for a longer one.</summary>
    /// <value>The default value is 10 seconds.</value>
    public TimeSpan MaxDelay { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Gets or sets how long one request to a table may be silent.</summary>
    /// <value>The default value is 5 seconds: a page of 1,000 rows from a busy Azurite needs one.</value>
    public TimeSpan TableTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Gets or sets how long one request to a blob may be silent.</summary>
    /// <value>The default value is 30 seconds: a block of 8 MiB on a slow line.</value>
    public TimeSpan BlobTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Gets or sets after how long a request is not tried again.</summary>
    /// <value>The default value is 60 seconds.</value>
    /// <remarks>The caller's token ends everything earlier, waiting included.</remarks>
    public TimeSpan TotalBudget { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Gets or sets how often a decision is taken again because somebody else was first.</summary>
    /// <value>The default value is 30: sixteen writers of one row need no more.</value>
    [Range(1, 1000)]
    public int MaxConflicts { get; set; } = 30;

    /// <summary>Gets or sets the median delay before a decision is taken again the first time; it grows with jitter to ten times that.</summary>
    /// <value>The default value is 10 ms.</value>
    public TimeSpan ConflictDelay { get; set; } = TimeSpan.FromMilliseconds(10);
}

/// <summary>
/// The one place where storage calls are retried. Transient faults are retried beneath the SDK, whose own retries are switched off, so that no
/// two layers multiply; conflicts are retried above it, where the rows can be read again and the decision taken again.
/// </summary>
public sealed class StorageResilience
{
    private static readonly ResiliencePropertyKey<long> Started = new("started");
    private static readonly AsyncLocal<TimeSpan?> Impatience = new();

    private readonly ResiliencePipeline<Response> _transient;
    private readonly ResiliencePipeline _conflicts;

    public StorageResilience(StorageResilienceOptions options, TimeProvider time)
    {
        Options = options;
        Time = time;
        _transient = new ResiliencePipelineBuilder<Response> { Name = "storage", TimeProvider = time }
            .AddRetry(new RetryStrategyOptions<Response>
            {
                Name = "transient",
                MaxRetryAttempts = options.MaxRetryAttempts,
                Delay = options.Delay,
                MaxDelay = options.MaxDelay,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                ShouldHandle = args => ValueTask.FromResult(IsTransient(args.Outcome, args.Context) && WithinBudget(args.Outcome, args.Context)),
                DelayGenerator = args => ValueTask.FromResult(RetryAfter(args.Outcome.Result) is { } asked ? Least(asked, options.MaxDelay) : (TimeSpan?)null),
            })
            .Build();
        _conflicts = new ResiliencePipelineBuilder { Name = "storage conflicts", TimeProvider = time }
            .AddRetry(new RetryStrategyOptions
            {
                Name = "conflict",
                MaxRetryAttempts = options.MaxConflicts,
                Delay = options.ConflictDelay,
                MaxDelay = 10 * options.ConflictDelay,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                ShouldHandle = args => ValueTask.FromResult(args.Outcome.Exception is { } fault && SomebodyElseWasFirst(fault)),
            })
            .Build();
    }

    internal StorageResilienceOptions Options { get; }

    internal TimeProvider Time { get; }

    /// <summary>Is this how storage says that the rows a decision was taken on have changed since they were read?</summary>
    internal static bool SomebodyElseWasFirst(Exception fault) => fault switch
    {
        ChangedSinceReadException => true,
        RequestFailedException { Status: 409, ErrorCode: "TableBeingDeleted" or "ContainerBeingDeleted" } => false,
        RequestFailedException { Status: 404, ErrorCode: "TableNotFound" or "ContainerNotFound" } => false,
        RequestFailedException { Status: 404 or 409 or 412 } => true,
        _ => false,
    };

    /// <summary>Does storage itself fail here: no connection, no answer in time, or its own word that it cannot? Its answers about rows and blobs are none of these.</summary>
    public static bool IsUnavailable(Exception fault) => fault switch
    {
        RequestFailedException { Status: var status } => status is 0 or 408 or 429 or >= 500,
        TaskCanceledException { CancellationToken.IsCancellationRequested: false } or HttpRequestException or TimeoutException => true,
        AggregateException { InnerExceptions: var each } => each.All(IsUnavailable),
        _ => false,
    };

    /// <summary>
    /// From here on, in what this caller awaits, no request to storage is tried for longer, nor may one be silent for longer: somebody waits for the answer.
    /// What takes many requests may still take its time, as long as each is answered.
    /// </summary>
    public static void BeImpatient(TimeSpan most) => Impatience.Value = most;

    /// <summary>Reads, decides and writes; once more from the start when somebody else was first.</summary>
    internal async Task<T> DecideAsync<T>(Func<CancellationToken, Task<T>> decision, CancellationToken cancellation) =>
        await _conflicts.ExecuteAsync(static async (decision, token) => await decision(token), decision, cancellation);

    internal async Task DecideAsync(Func<CancellationToken, Task> decision, CancellationToken cancellation) =>
        await _conflicts.ExecuteAsync(static async (decision, token) => await decision(token), decision, cancellation);

    /// <summary>Takes the place of the SDK's retry policy.</summary>
    internal HttpPipelinePolicy Policy(TimeSpan attemptTimeout) => new RetryBeneathTheSdk(this, attemptTimeout);

    private bool WithinBudget(Outcome<Response> outcome, ResilienceContext context)
    {
        var left = Least(Impatience.Value ?? Options.TotalBudget, Options.TotalBudget) - Time.GetElapsedTime(context.Properties.GetValue(Started, 0));
        return left > Least(RetryAfter(outcome.Result) ?? TimeSpan.Zero, Options.MaxDelay);
    }

    private static bool IsTransient(Outcome<Response> outcome, ResilienceContext context) => outcome switch
    {
        { Exception: OperationCanceledException } => !context.CancellationToken.IsCancellationRequested,   // the attempt's own timeout
        { Exception: RequestFailedException { Status: 0 } or IOException or HttpRequestException or TimeoutException } => true,
        { Exception: AggregateException } => false,
        { Result: { } response } => StatusOf(response) is 408 or 429 or 500 or 502 or 503 or 504,
        _ => false,
    };

    /// <summary>A transaction answers 202 whatever happened; what happened is the first status inside its body.</summary>
    private static int StatusOf(Response response)
    {
        if (response.Status != 202 || response.ContentStream is not MemoryStream) return response.Status;
        var body = response.Content.ToMemory().Span;
        var inner = body.IndexOf("HTTP/1.1 "u8);
        return inner >= 0 && body.Length >= inner + 12 && int.TryParse(Encoding.ASCII.GetString(body.Slice(inner + 9, 3)), NumberStyles.None, CultureInfo.InvariantCulture, out var status)
            ? status
            : response.Status;
    }

    private TimeSpan? RetryAfter(Response? response)
    {
        if (response is null || !response.Headers.TryGetValue("Retry-After", out var value)) return null;
        if (int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)) return TimeSpan.FromSeconds(seconds);
        if (!DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var until)) return null;
        var wait = until - Time.GetUtcNow();
        return wait > TimeSpan.Zero ? wait : TimeSpan.Zero;
    }

    private static TimeSpan Least(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private sealed class RetryBeneathTheSdk(StorageResilience resilience, TimeSpan attemptTimeout) : HttpPipelinePolicy
    {
        public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
        {
            message.NetworkTimeout ??= Least(Impatience.Value ?? attemptTimeout, attemptTimeout);
            var context = ResilienceContextPool.Shared.Get(message.CancellationToken);
            try
            {
                context.Properties.Set(Started, resilience.Time.GetTimestamp());
                await resilience._transient.ExecuteAsync(
                    static async (_, attempt) =>
                    {
                        // What an earlier attempt answered still holds its connection.
                        if (attempt.message.HasResponse) attempt.message.Response.ContentStream?.Dispose();
                        try
                        {
                            await ProcessNextAsync(attempt.message, attempt.pipeline);
                        }
                        catch
                        {
                            Signals.StorageRequest(null);
                            throw;
                        }
                        Signals.StorageRequest(StatusOf(attempt.message.Response));
                        return attempt.message.Response;
                    },
                    context, (message, pipeline));
            }
            // The SDK says it of its own clock as it would of a caller who left: whoever asks is here and has waited long enough.
            catch (OperationCanceledException silent) when (!message.CancellationToken.IsCancellationRequested)
            {
                throw new TimeoutException("Storage did not answer in time.", silent);
            }
            finally
            {
                ResilienceContextPool.Shared.Return(context);
            }
        }

        public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) =>
            throw new NotSupportedException("Storage is called asynchronously.");
    }
}

/// <summary>What was read belongs to a state that is gone: read again.</summary>
internal sealed class ChangedSinceReadException(string message) : Exception(message);
