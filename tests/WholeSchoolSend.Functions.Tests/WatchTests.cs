using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Azure.Identity;
using Azure.Monitor.OpenTelemetry.Exporter;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using WholeSchoolSend.Core;
using WholeSchoolSend.Core.Watch;
using WholeSchoolSend.LocalHost;
using WholeSchoolSend.Storage;
using WholeSchoolSend.Testing;

namespace WholeSchoolSend.Functions.Tests;

/// <summary>What the pipeline tells of itself: to meters, to traces and to whoever asks for its health.</summary>
[Collection(nameof(Alone))]
public sealed class WatchTests : IAsyncLifetime
{
    private readonly Pipeline _pipeline = new();
    private readonly Heard _heard = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => _pipeline.InitializeAsync();

    public async ValueTask DisposeAsync()
    {
        _heard.Dispose();
        await _pipeline.DisposeAsync();
    }

    [Fact]
    public async Task A_delivery_can_be_followed_into_the_snapshot_and_the_meters_say_what_became_of_it()
    {
        await _pipeline.PutAsync("/api/waves/2026-autumn", Said.Wave);
        await _pipeline.PutAsync("/api/instruments/leaders-form", Said.LeadersForm);
        Assert.Equal(HttpStatusCode.OK, (await _pipeline.Http.SendJsonAsync(Said.Leader("w1", "100001", "jo@school.example", "leader", "fully", 1))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await _pipeline.Http.SendJsonAsync("{}")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await _pipeline.Http.SendJsonAsync("{}", "not-the-secret-at-all")).StatusCode);
        await _pipeline.RunAsync("WatchPipeline");
        Assert.Equal(1, _heard.Last("wss.backlog.markers", ""));
        Assert.Equal(1, _heard.Last("wss.quarantine.waiting", "source=leaders_json"));
        Assert.Equal(0, _heard.Last("wss.quarantine.waiting", "source=teachers_typeform"));
        Assert.False(_heard.Knows("wss.snapshot.age"));   // nothing was published: there is nothing to have an age
        await _pipeline.RunAsync("RecomputeKpis");
        await _pipeline.RunAsync("PublishSnapshot");
        await _pipeline.RunAsync("AuditTotals");
        await _pipeline.RunAsync("WatchPipeline");

        Assert.Equal(1, _heard.Sum("wss.deliveries", "source=leaders_json fate=accepted"));
        Assert.Equal(1, _heard.Sum("wss.deliveries", "source=leaders_json fate=quarantined"));
        Assert.Equal(1, _heard.Sum("wss.deliveries", "source=leaders_json fate=refused"));
        Assert.Equal(1, _heard.Sum("wss.verify.failures", "source=leaders_json reason=wrong"));
        Assert.Equal(1, _heard.Sum("wss.recompute.schools", ""));
        Assert.Equal(0, _heard.Last("wss.backlog.markers", ""));
        Assert.Equal(0, _heard.Last("wss.audit.differences", ""));
        Assert.Equal(0, _heard.Last("wss.imports.poisoned", ""));
        Assert.Equal(0, _heard.Last("wss.pending.oldest_age", ""));
        Assert.InRange(_heard.Last("wss.snapshot.age", ""), 0, 60);
        Assert.True(_heard.Sum("wss.storage.requests", "outcome=ok") > 10);

        // From the snapshot back to the delivery, and the log names the trace.
        var publish = _heard.Span("publish");
        Assert.Equal(_heard.Span("recompute").TraceId, Assert.Single(publish.Links).Context.TraceId);
        var delivery = _heard.Span("take in delivery");
        Assert.Equal(delivery.TraceId, Assert.Single(_heard.Span("recompute").Links).Context.TraceId);
        Assert.Contains(_pipeline.Log.Lines, line => line.Contains("Delivery taken from leaders_json", StringComparison.Ordinal) && line.Contains(delivery.TraceId.ToHexString(), StringComparison.Ordinal));
    }

    /// <summary>A nightly timer fails once a night: no count of failures in an hour tells it, and what never ran has no failures at all.</summary>
    [Fact]
    public async Task A_timer_that_failed_last_or_never_ran_is_told_until_it_runs_well()
    {
        var now = TimeProvider.System.GetUtcNow();
        var watch = new SurveyDataStorage(_pipeline.ConnectionString, new SurveyDataOptions { PublicContainer = "snapshots" }, TimeProvider.System).Watch;
        await _pipeline.RunAsync("WatchPipeline");
        Assert.Equal(0, _heard.Last("wss.timers.failed", "timer=AuditTotals"));
        Assert.Equal(0, _heard.Last("wss.timers.failed", "timer=HealGaps"));

        await watch.KeepAsync(new TimerRun("AuditTotals", now, now, "TimeoutException"), Cancellation);
        var state = (await watch.ReadAsync(Cancellation)).State!;
        // Looked for since the year before last, as if nobody had ever called it.
        var since = state.Timers!.ToDictionary(one => one.Key, one => one.Key == "HealGaps" ? now.AddDays(-800) : one.Value);
        await watch.KeepAsync(state with { Timers = since }, Cancellation);
        await _pipeline.RunAsync("WatchPipeline");
        Assert.Equal(1, _heard.Last("wss.timers.failed", "timer=AuditTotals"));
        Assert.Equal(1, _heard.Last("wss.timers.failed", "timer=HealGaps"));
        Assert.Equal(0, _heard.Last("wss.timers.failed", "timer=ApplyRetention"));
        var health = await Pipeline.JsonAsync(await _pipeline.Http.GetAsync("/api/health/details", Cancellation));
        Assert.Equal(["past-due HealGaps", "failed AuditTotals"], health.GetProperty("why").EnumerateArray().Select(why => why.GetString()));

        await _pipeline.RunAsync("AuditTotals");
        await _pipeline.RunAsync("HealGaps");
        await _pipeline.RunAsync("WatchPipeline");
        Assert.Equal(0, _heard.Last("wss.timers.failed", "timer=AuditTotals"));
        Assert.Equal(0, _heard.Last("wss.timers.failed", "timer=HealGaps"));
    }

    [Fact]
    public async Task Health_tells_everybody_how_it_goes_and_operators_where()
    {
        Assert.Equal(HttpStatusCode.OK, (await _pipeline.Http.SendJsonAsync("{}")).StatusCode);
        await _pipeline.DropAsync("poll-drop", "northern/a-name-nobody-should-see.csv", "urn\n100001\n");
        await _pipeline.RunAsync("WatchPipeline");
        await _pipeline.Blobs.GetBlobContainerClient("poll-drop").GetBlobClient("northern/a-name-nobody-should-see.csv").DeleteIfExistsAsync(cancellationToken: Cancellation);

        var told = await (await _pipeline.Http.GetAsync("/api/health", Cancellation)).Content.ReadAsStringAsync(Cancellation);
        using var health = JsonDocument.Parse(told);
        Assert.Equal("healthy", health.RootElement.GetProperty("status").GetString());
        Assert.Equal(1, health.RootElement.GetProperty("backlog").GetProperty("quarantine").GetInt32());
        var watch = Assert.Single(health.RootElement.GetProperty("schedules").EnumerateArray(), one => one.GetProperty("timer").GetString() == "WatchPipeline");
        Assert.Equal((false, false, "0101"), (watch.GetProperty("pastDue").GetBoolean(), watch.GetProperty("failed").GetBoolean(), watch.GetProperty("next").GetDateTimeOffset().ToString("MMdd", null)));
        Assert.InRange(watch.GetProperty("last").GetDateTimeOffset(), TimeProvider.System.GetUtcNow().AddMinutes(-2), TimeProvider.System.GetUtcNow());
        foreach (var name in Pipeline.Settings.Keys.Where(key => key.EndsWith(":Tool", StringComparison.Ordinal)).Select(key => key.Split(':')[1]).Append("a-name-nobody-should-see"))
            Assert.DoesNotContain(name, told, StringComparison.OrdinalIgnoreCase);

        var shown = await Pipeline.JsonAsync(await _pipeline.Http.GetAsync("/api/health/details", Cancellation));
        var source = Assert.Single(shown.GetProperty("sources").EnumerateArray(), one => one.GetProperty("source").GetString() == "leaders_json");
        Assert.Equal(1, source.GetProperty("quarantine").GetInt32());
    }

    [Fact]
    public async Task Health_may_be_asked_as_often_as_anybody_likes()
    {
        await _pipeline.Http.GetAsync("/api/health", Cancellation);
        var before = _heard.Sum("wss.storage.requests", "outcome=ok");
        await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => _pipeline.Http.GetAsync("/api/health", Cancellation)));
        // Once more at most, when five seconds are over: not two hundred times. The scan of the drop is the host's, by another way.
        Assert.InRange(_heard.Sum("wss.storage.requests", "outcome=ok") - before, 0, 30);
    }

    [Fact]
    public async Task Names_nobody_configured_are_one_name_to_the_meters()
    {
        for (var i = 0; i < 3; i++)
        {
            await _pipeline.Http.PostAsync($"/api/webhooks/invented{i}", new StringContent("{}"), Cancellation);
            await _pipeline.DropAsync("poll-drop", $"invented{i}/a.csv", "urn\n100001\n");
        }
        Assert.Equal(3, _heard.Sum("wss.deliveries", "source=(unknown) fate=not_stored"));
        Assert.DoesNotContain(_heard.Told, one => one.Tags.Contains("invented", StringComparison.Ordinal));
        Assert.Contains(_heard.Told, one => one.Tags == "supplier=(unknown) verdict=refused");
    }

    [Fact]
    public async Task What_is_told_to_a_collector_holds_no_answer_and_no_secret()
    {
        var received = new ConcurrentQueue<(string Path, string Body)>();
        var web = WebApplication.CreateSlimBuilder();
        web.Logging.ClearProviders();
        await using var collector = web.Build();
        collector.Urls.Add("http://127.0.0.1:0");
        collector.MapPost("/{**path}", async (HttpRequest request) =>
        {
            using var body = new MemoryStream();
            await request.Body.CopyToAsync(body);
            received.Enqueue((request.Path, Encoding.Latin1.GetString(body.ToArray())));
            return Results.Ok();
        });
        await collector.StartAsync(Cancellation);

        var builder = Pipeline.Builder(
            _pipeline.ConnectionString, "--AzureFunctionsWebHost:hostid=collected", $"--OTEL_EXPORTER_OTLP_ENDPOINT={collector.Urls.First()}", "--OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
            "--OTEL_METRIC_EXPORT_INTERVAL=500", "--LocalHost:Keys:Default=a-canary-of-a-key");
        Assert.Contains(builder.Services, service => service.ServiceType == typeof(ILoggerProvider) && service.ImplementationType == typeof(ConsoleLoggerProvider));
        using (var host = builder.Build())
        {
            await host.StartAsync(Cancellation);
            using var http = new HttpClient { BaseAddress = host.GetAddress() };
            http.DefaultRequestHeaders.Add("x-functions-key", "a-canary-of-a-key");
            Assert.Equal(HttpStatusCode.OK, (await http.SendTypeformAsync(Said.Typeform("collected", 4))).StatusCode);
            Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/api/waves?code=a-canary-of-a-key", Cancellation)).StatusCode);
            await host.StopAsync(Cancellation);
        }
        string Of(string path) => string.Concat(received.Where(one => one.Path == path).Select(one => one.Body));
        Assert.Contains("take in delivery", Of("/v1/traces"), StringComparison.Ordinal);
        Assert.Contains("function ReceiveResponses", Of("/v1/traces"), StringComparison.Ordinal);
        Assert.Contains("wss.deliveries", Of("/v1/metrics"), StringComparison.Ordinal);
        Assert.Contains("Delivery taken from {Source}", Of("/v1/logs"), StringComparison.Ordinal);
        foreach (var (path, body) in received)
            foreach (var canary in new[] { "canary", "school.example", Pipeline.TypeformSecret, Pipeline.Settings["PseudonymKey"] })
                Assert.False(body.Contains(canary, StringComparison.OrdinalIgnoreCase), $"{path} tells {canary}");
    }

    [Fact]
    public void Without_a_listener_nothing_is_set_up() =>
        Assert.DoesNotContain(Pipeline.Builder("UseDevelopmentStorage=true").Services, service => service.ServiceType.FullName!.StartsWith("OpenTelemetry", StringComparison.Ordinal));

    [Theory]
    [InlineData("--APPLICATIONINSIGHTS_CONNECTION_STRING=InstrumentationKey=00000000-0000-0000-0000-000000000000;IngestionEndpoint=http://127.0.0.1:9/")]
    [InlineData("--APPLICATIONINSIGHTS_CONNECTION_STRING=InstrumentationKey=00000000-0000-0000-0000-000000000000;IngestionEndpoint=http://127.0.0.1:9/", "--OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:9")]
    public void Azure_Monitor_is_told_by_identity_and_beside_a_collector(params string[] settings)
    {
        using var host = Pipeline.Builder("UseDevelopmentStorage=true", [.. settings, "--APPLICATIONINSIGHTS_AUTHENTICATION_STRING=ClientId=11111111-1111-1111-1111-111111111111;Authorization=AAD"]).Build();
        Assert.NotNull(host.Services.GetService<TracerProvider>());
        Assert.NotNull(host.Services.GetService<MeterProvider>());
        var monitor = host.Services.GetRequiredService<IOptionsMonitor<AzureMonitorExporterOptions>>().CurrentValue;
        Assert.Equal((1f, null, false), (monitor.SamplingRatio, monitor.TracesPerSecond, monitor.EnableTraceBasedLogsSampler));
        Assert.IsType<ManagedIdentityCredential>(monitor.Credential);
    }

    [Fact]
    public void Every_metric_is_in_the_guide_with_its_unit()
    {
        var guide = File.ReadAllText(Path.Combine(Repository.Root, "docs", "observability.md"));
        Assert.NotEmpty(_heard.Instruments);
        foreach (var (name, unit) in _heard.Instruments) Assert.Contains($"| `{name}` | {unit.Trim('{', '}')} |", guide, StringComparison.Ordinal);
    }

    /// <summary>Hears everything that is told under our name while it lives.</summary>
    private sealed class Heard : IDisposable
    {
        private readonly MeterListener _meters = new();
        private readonly ActivityListener _spans;
        private readonly List<(string Name, string Tags, double Value)> _told = [];
        private readonly List<Activity> _ended = [];

        public Heard()
        {
            _meters.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name != Signals.Name) return;
                Instruments.Add((instrument.Name, instrument.Unit!));
                listener.EnableMeasurementEvents(instrument);
            };
            _meters.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Tell(instrument.Name, tags, value));
            _meters.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Tell(instrument.Name, tags, value));
            _meters.Start();
            _spans = new ActivityListener
            {
                ShouldListenTo = source => source.Name == Signals.Name,
                Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
                ActivityStopped = activity =>
                {
                    lock (_ended) _ended.Add(activity);
                },
            };
            ActivitySource.AddActivityListener(_spans);
            RuntimeHelpers.RunClassConstructor(typeof(Signals).TypeHandle);
        }

        public List<(string Name, string Unit)> Instruments { get; } = [];

        public IReadOnlyList<(string Name, string Tags, double Value)> Told
        {
            get
            {
                lock (_told) return [.. _told];
            }
        }

        public double Sum(string name, string tags) => Of(name, tags).Sum();

        public double Last(string name, string tags) => Of(name, tags)[^1];

        public bool Knows(string name)
        {
            lock (_told) return _told.Exists(one => one.Name == name);
        }

        /// <summary>The first span of this name.</summary>
        public Activity Span(string name)
        {
            lock (_ended) return _ended.First(activity => activity.OperationName == name);
        }

        public void Dispose()
        {
            _meters.Dispose();
            _spans.Dispose();
        }

        private List<double> Of(string name, string tags)
        {
            lock (_told) return [.. _told.Where(one => one.Name == name && one.Tags == tags).Select(one => one.Value)];
        }

        private void Tell(string name, ReadOnlySpan<KeyValuePair<string, object?>> tags, double value)
        {
            var words = string.Join(' ', tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}"));
            lock (_told) _told.Add((name, words, value));
        }
    }
}
