using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using WholeSchoolSend.Core.Webhooks.Vendors;
using WholeSchoolSend.Vendors.Tests.StandIns;

namespace WholeSchoolSend.Vendors.Tests;

/// <summary>How vendors are asked: patience, limits, and nothing that leaves the vendor's address. Time is the test's.</summary>
public sealed class VendorHttpTests
{
    private static readonly VendorRequest Request = VendorRequest.Get("forms/f/responses", ("since", "canary & co"));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_passes_is_tried_again_after_ever_longer_waits()
    {
        var wire = new Wire(Answer(500), Answer(502), null, Answer(200, "{}"));
        var response = await wire.SendAsync();
        Assert.Equal((200, "{}"), (response.Status, Encoding.UTF8.GetString(response.Body.Span)));
        Assert.Equal(4, wire.At.Count);
        Assert.All(wire.Waits, wait => Assert.True(wait > TimeSpan.Zero));
    }

    [Theory]
    [InlineData(200)]
    [InlineData(301)]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(404)]
    public async Task What_does_not_pass_is_told_at_once(int status)
    {
        var wire = new Wire(Answer(status));
        Assert.Equal(status, (await wire.SendAsync()).Status);
        Assert.Single(wire.At);
    }

    [Theory]
    [InlineData("12", 12)]
    [InlineData("Sun, 22 Nov 2026 09:00:17 GMT", 17)]
    [InlineData("Sun, 22 Nov 2026 08:00:00 GMT", 0)]
    public async Task A_vendor_that_says_when_is_asked_then(string retryAfter, int seconds)
    {
        var wire = new Wire(Answer(429, "", ("Retry-After", retryAfter)), Answer(200));
        Assert.Equal(200, (await wire.SendAsync()).Status);
        Assert.InRange(Assert.Single(wire.Waits).TotalSeconds, seconds, seconds + 5);
    }

    [Fact]
    public async Task A_long_wait_is_told_and_not_waited_out()
    {
        var wire = new Wire(Answer(429, "", ("Retry-After", "3600")));
        var response = await wire.SendAsync();
        Assert.Equal((429, TimeSpan.FromHours(1)), (response.Status, response.Wait));
        Assert.Single(wire.At);
    }

    [Fact]
    public async Task SurveyMonkeys_own_headers_say_how_long()
    {
        var wire = new Wire(Answer(429, "", ("X-Ratelimit-App-Global-Day-Remaining", "0"), ("X-Ratelimit-App-Global-Day-Reset", "7000"), ("X-Ratelimit-App-Global-Minute-Remaining", "3")));
        Assert.Equal(TimeSpan.FromSeconds(7_000), (await wire.SendAsync("surveymonkey")).Wait);
        wire = new Wire(Answer(429, "", ("X-Ratelimit-App-Global-Day-Remaining", "9"), ("X-Ratelimit-App-Global-Minute-Remaining", "0"), ("X-Ratelimit-App-Global-Minute-Reset", "7")), Answer(200));
        Assert.Equal(200, (await wire.SendAsync("surveymonkey")).Status);
        Assert.InRange(Assert.Single(wire.Waits).TotalSeconds, 7, 12);
    }

    [Fact]
    public async Task A_vendor_that_never_answers_costs_its_time_and_no_more()
    {
        var wire = new Wire(Silence) { Options = { AttemptTimeout = TimeSpan.FromSeconds(10), TotalTimeout = TimeSpan.FromSeconds(25) } };
        var began = wire.Time.GetUtcNow();
        var trouble = await Assert.ThrowsAsync<VendorTroubleException>(() => wire.SendAsync());
        Assert.Equal("vendor-failed", trouble.Kind.Code);
        Assert.InRange(wire.At.Count, 2, 3);
        Assert.True(wire.Time.GetUtcNow() - began >= TimeSpan.FromSeconds(25));
    }

    [Fact]
    public async Task Whoever_stops_waiting_is_let_go()
    {
        using var stop = new CancellationTokenSource();
        var wire = new Wire(Silence) { Asked = () => stop.Cancel() };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wire.SendAsync(cancellation: stop.Token));
    }

    [Fact]
    public async Task After_many_faults_the_circuit_opens_and_closes_again()
    {
        var wire = new Wire(Answer(500)) { Options = { MaxRetryAttempts = 1, Delay = TimeSpan.FromMilliseconds(1), BreakerThroughput = 6, BreakDuration = TimeSpan.FromSeconds(30) } };
        for (var requests = 0; requests < 3; requests++) Assert.Equal(500, (await wire.SendAsync()).Status);
        var asked = wire.At.Count;
        Assert.Equal(6, asked);
        Assert.Equal("vendor-failed", (await Assert.ThrowsAsync<VendorTroubleException>(() => wire.SendAsync())).Kind.Code);
        Assert.Equal(asked, wire.At.Count);
        wire.Answers = [Answer(200)];
        wire.Time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(200, (await wire.SendAsync()).Status);
    }

    [Fact]
    public async Task The_minutes_limit_is_waited_out_and_the_days_is_told()
    {
        var wire = new Wire(Answer(200)) { PerMinute = 3, PerDay = 7, Options = { MaxDelay = TimeSpan.FromMinutes(2) } };
        for (var requests = 0; requests < 7; requests++) Assert.Equal(200, (await wire.SendAsync()).Status);
        var at = wire.At.ToList();
        for (var i = 3; i < at.Count; i++) Assert.True(at[i] - at[i - 3] >= TimeSpan.FromMinutes(1), $"{at[i - 3]} {at[i]}");
        var trouble = await Assert.ThrowsAsync<VendorTroubleException>(() => wire.SendAsync());
        Assert.Equal("vendor-busy", trouble.Kind.Code);
        Assert.Equal(wire.Time.GetUtcNow().UtcDateTime.Date.AddDays(1), (wire.Time.GetUtcNow() + trouble.Wait!.Value).UtcDateTime, TimeSpan.FromSeconds(2));
        Assert.Equal(7, wire.At.Count);
        wire.Time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(200, (await wire.SendAsync()).Status);
    }

    [Fact]
    public async Task An_answer_that_never_ends_is_not_read_to_its_end()
    {
        var wire = new Wire(() => new HttpResponseMessage(HttpStatusCode.OK) { Content = new StreamContent(new Endless()) }) { Options = { LargestAnswer = 1_000_000 } };
        Assert.Equal("vendor-unreadable", (await Assert.ThrowsAsync<VendorTroubleException>(() => wire.SendAsync())).Kind.Code);
    }

    [Fact]
    public async Task A_redirect_is_not_followed_and_its_target_never_learns_the_token()
    {
        await using var elsewhere = new TypeformStandIn();
        await using var vendor = new TypeformStandIn();
        await elsewhere.StartAsync();
        await vendor.StartAsync();
        vendor.Instead.Enqueue(StandIn.Status(302, ("Location", new Uri(elsewhere.Address, "/forms/form-1/responses").ToString())));
        using var http = new VendorHttp(new VendorHttpOptions(), TimeProvider.System);
        Assert.Equal(302, (await http.SendAsync(vendor.Source("a"), Request, Cancellation)).Status);
        Assert.Empty(elsewhere.Asked);
    }

    [Fact]
    public async Task No_path_leads_away_from_the_vendor()
    {
        foreach (var path in (string[])["/\\evil.example/x", "//evil.example/x", "@evil.example/", ":99999/", "../../x"])
        {
            var wire = new Wire(Answer(200));
            try
            {
                await wire.SendAsync(request: VendorRequest.Get(path));
                Assert.Equal("api.typeform.com", Assert.Single(wire.Hosts));
            }
            catch (Exception refused) when (refused is InvalidOperationException or UriFormatException)
            {
                Assert.Empty(wire.Hosts);
            }
        }
    }

    [Fact]
    public async Task No_trouble_says_a_token_or_a_parameter()
    {
        var wire = new Wire(null, null, null, null);
        var trouble = await Assert.ThrowsAsync<VendorTroubleException>(() => wire.SendAsync());
        var limited = await Assert.ThrowsAsync<VendorTroubleException>(() => new VendorCall(wire.Source(), new Wire(Answer(401)).Http, wire.Time).JsonAsync(Request, Cancellation));
        foreach (var said in (string[])[trouble.ToString(), limited.ToString(), wire.Source().ToString(), Request.ToString()])
            Assert.DoesNotContain("canary", said, StringComparison.OrdinalIgnoreCase);
        Assert.All(wire.Tokens, token => Assert.Equal("Bearer canary-token", token));
    }

    private static Func<HttpResponseMessage> Answer(int status, string body = "", params (string Name, string Value)[] headers) => () =>
    {
        var response = new HttpResponseMessage((HttpStatusCode)status) { Content = new StringContent(body) };
        foreach (var (name, value) in headers) response.Headers.TryAddWithoutValidation(name, value);
        return response;
    };

    /// <summary>Marks a request that is never answered.</summary>
    private static HttpResponseMessage Silence() => throw new InvalidOperationException("Silence is told by its name.");

    /// <summary>What lies between, at a time of the test's own: answers one after the other, the last for ever; null is a broken connection.</summary>
    private sealed class Wire(params Func<HttpResponseMessage>?[] answers) : HttpMessageHandler
    {
        private int _next;

        public Func<HttpResponseMessage>?[] Answers
        {
            get => answers;
            set => (answers, _next) = (value, 0);
        }

        public Action? Asked { get; init; }

        public int PerMinute { get; init; } = 1_000;

        public int PerDay { get; init; } = 100_000;

        public VendorHttpOptions Options { get; } = new() { AttemptTimeout = TimeSpan.FromHours(22), TotalTimeout = TimeSpan.FromHours(23) };

        public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 11, 22, 9, 0, 0, TimeSpan.Zero));

        public ConcurrentQueue<DateTimeOffset> At { get; } = [];

        public ConcurrentBag<string> Tokens { get; } = [];

        public ConcurrentBag<string> Hosts { get; } = [];

        public IEnumerable<TimeSpan> Waits => At.Zip(At.Skip(1), (one, next) => next - one);

        public VendorHttp Http => field ??= Made();

        public VendorSource Source(string tool = "typeform") => new("a", VendorApi.All[tool], new Uri("https://api.typeform.com"), "canary-token", PerMinute, PerDay);

        /// <summary>Sends, and lets time pass until there is an answer.</summary>
        public async Task<VendorResponse> SendAsync(string tool = "typeform", VendorRequest? request = null, CancellationToken cancellation = default)
        {
            var answer = Http.SendAsync(Source(tool), request ?? Request, cancellation);
            while (await Task.WhenAny(answer, Task.Delay(2, CancellationToken.None)) != answer) Time.Advance(TimeSpan.FromSeconds(1));
            return await answer;
        }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            At.Enqueue(Time.GetUtcNow());
            Hosts.Add(request.RequestUri!.Host);
            Tokens.Add(request.Headers.TryGetValues("Authorization", out var values) ? values.Single() : "");
            Asked?.Invoke();
            var answer = answers[Math.Min(_next++, answers.Length - 1)];
            if (answer == Silence) await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
            return answer?.Invoke() ?? throw new HttpRequestException("The connection broke.");
        }

        private VendorHttp Made()
        {
            Options.Transport = this;
            return new VendorHttp(Options, Time);
        }
    }

    private sealed class Endless : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException(value.ToString(CultureInfo.InvariantCulture));
        }

        public override int Read(byte[] buffer, int offset, int count) => count;

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
