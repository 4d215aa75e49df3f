using System.Net;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace WholeSchoolSend.LocalHost.Tests;

public class HttpTests
{
    [Theory]
    [InlineData("/api/Ping")]
    [InlineData("/API/ping")]
    public async Task A_route_is_the_prefix_and_the_name_in_any_case(string path)
    {
        await using var host = await TestHost.StartAsync(typeof(Ping));
        var answer = await host.Client.GetAsync(path);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal($$"""{"pong":"{{path}}"}""", await answer.Content.ReadAsStringAsync());
        Assert.Equal("application/json", answer.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task A_setting_overrides_host_json_and_an_empty_prefix_removes_it()
    {
        await using var host = await TestHost.StartAsync(typeof(Ping), null, "--AzureFunctionsJobHost:extensions:http:routePrefix=");
        Assert.Equal(HttpStatusCode.OK, (await host.Client.GetAsync("/ping")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await host.Client.GetAsync("/api/ping")).StatusCode);
    }

    [Fact]
    public async Task A_wrong_method_and_an_unmatched_constraint_are_404()
    {
        await using var host = await TestHost.StartAsync(TestHost.Builder([typeof(Ping), typeof(Typed)]));
        var wrongMethod = await host.Client.PostAsync("/api/ping", null);
        Assert.Equal(HttpStatusCode.NotFound, wrongMethod.StatusCode);
        Assert.Empty(wrongMethod.Content.Headers.Allow);
        Assert.Equal(HttpStatusCode.NotFound, (await host.Client.GetAsync($"/api/typed/seven/{Guid.Empty}")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await host.Client.GetAsync("/api/nothing")).StatusCode);
    }

    [Fact]
    public async Task Route_and_query_values_are_given_by_name_and_type_and_the_route_wins()
    {
        await using var host = await TestHost.StartAsync(typeof(Typed));
        var id = Guid.NewGuid();
        Assert.Equal($"5 {id} none 7 TypedValues True", await host.Client.GetStringAsync($"/api/typed/5/{id}?number=6"));
        Assert.Equal($"5 {id} a b 8 TypedValues True", await host.Client.GetStringAsync($"/api/typed/5/{id}?word=a%20b&more=8"));
    }

    [Fact]
    public async Task Two_functions_share_a_route_by_method()
    {
        await using var host = await TestHost.StartAsync(typeof(ByMethod));
        Assert.Equal("got x", await host.Client.GetStringAsync("/api/things/x"));
        Assert.Equal("put x", await (await host.Client.PutAsync("/api/things/x", null)).Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task An_exception_is_500_with_an_empty_body_and_a_line_in_the_log()
    {
        using var logs = new Logs();
        await using var host = await TestHost.StartAsync(TestHost.Builder([typeof(Broken)], null, logs));
        var answer = await host.Client.PostAsync("/api/broken", new StringContent("x"));
        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        Assert.Empty(await answer.Content.ReadAsByteArrayAsync());
        Assert.Matches(@"Executed 'Functions\.Broken' \(Failed, Id=[0-9a-f-]{36}, Duration=\d+ms\) secret detail", logs.Text);
    }

    [Fact]
    public async Task Bodies_may_be_empty_or_large_but_not_above_the_limit()
    {
        await using var host = await TestHost.StartAsync(typeof(Length), null, "--FUNCTIONS_REQUEST_BODY_SIZE_LIMIT=40000000");
        Assert.Equal("0", await PostAsync(new ByteArrayContent([])));
        Assert.Equal("40000000", await PostAsync(new ByteArrayContent(new byte[40_000_000])));
        Assert.Equal("RequestEntityTooLarge", await PostAsync(new ByteArrayContent(new byte[40_000_001])));
        Assert.Equal("RequestEntityTooLarge", await PostAsync(new StreamContent(new Endless(40_000_001)))); // chunked: the length is not announced

        async Task<string> PostAsync(HttpContent content)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api/length") { Content = content };
            request.Headers.ExpectContinue = true; // so that a refusal can be read while the body is not sent
            var answer = await host.Client.SendAsync(request);
            return answer.IsSuccessStatusCode ? await answer.Content.ReadAsStringAsync() : $"{answer.StatusCode}";
        }
    }

    [Theory]
    [InlineData("locked", null, null, HttpStatusCode.Unauthorized)]
    [InlineData("locked", "wrong", null, HttpStatusCode.Unauthorized)]
    [InlineData("locked", "function-key", null, HttpStatusCode.OK)]
    [InlineData("locked", null, "function-key", HttpStatusCode.OK)]
    [InlineData("locked", null, "master-key", HttpStatusCode.OK)]
    [InlineData("locked", "wrong", "function-key", HttpStatusCode.Unauthorized)] // the header wins
    [InlineData("masters", "function-key", null, HttpStatusCode.Unauthorized)]
    [InlineData("masters", "master-key", null, HttpStatusCode.OK)]
    public async Task Keys_are_asked_for_when_there_are_keys(string function, string? header, string? code, HttpStatusCode expected)
    {
        using var logs = new Logs();
        await using var host = await TestHost.StartAsync(
            TestHost.Builder([typeof(Levels)], null, logs, "--LocalHost:Keys:Master=master-key", "--LocalHost:Keys:Default=function-key"));
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/{function}{(code is null ? "" : $"?code={code}")}");
        if (header is not null) request.Headers.Add("x-functions-key", header);
        var answer = await host.Client.SendAsync(request);
        Assert.Equal(expected, answer.StatusCode);
        Assert.Empty(await answer.Content.ReadAsByteArrayAsync());
        Assert.DoesNotContain("-key", logs.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_keys_everything_is_open()
    {
        await using var host = await TestHost.StartAsync(typeof(Levels));
        Assert.Equal(HttpStatusCode.OK, (await host.Client.GetAsync("/api/locked")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await host.Client.GetAsync("/api/masters")).StatusCode);
    }

    [Fact]
    public async Task Custom_headers_are_added_where_the_function_set_none()
    {
        await using var host = await TestHost.StartAsync(TestHost.Builder([typeof(Ping), typeof(CachesItself)]));
        var plain = await host.Client.GetAsync("/api/ping");
        Assert.Equal(["nosniff"], plain.Headers.GetValues("X-Content-Type-Options"));
        Assert.Equal("no-store", plain.Headers.CacheControl?.ToString());
        Assert.Equal("max-age=5", (await host.Client.GetAsync("/api/cachesitself")).Headers.CacheControl?.ToString());
    }

    [Fact]
    public async Task Middleware_runs_in_order_in_the_scope_of_the_invocation()
    {
        var calls = new Calls();
        var builder = TestHost.Builder([typeof(Ping)], calls);
        builder.Services.AddScoped<PerInvocation>();
        builder.UseMiddleware<Outer>();
        builder.UseMiddleware<Inner>();
        await using var host = await TestHost.StartAsync(builder);
        await host.Client.GetAsync("/api/ping");
        await host.Client.GetAsync("/api/ping");
        Assert.Equal(["outer Ping /api/ping", "inner"], calls.Said[..2]);
        var scopes = calls.Things.ToArray();
        Assert.Same(scopes[0], scopes[1]);
        Assert.NotSame(scopes[0], scopes[2]);
    }

    [Fact]
    public void Middleware_before_the_web_application_is_refused()
    {
        var builder = Microsoft.Azure.Functions.Worker.Builder.FunctionsApplication.CreateBuilder([]);
        builder.UseMiddleware<Inner>();
        var problem = Assert.Throws<InvalidOperationException>(() => Microsoft.Azure.Functions.Worker.Builder.FunctionsApplicationBuilderAspNetCoreExtensions.ConfigureFunctionsWebApplication(builder));
        Assert.Contains("ConfigureFunctionsWebApplication() before UseMiddleware", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_container_has_no_convenience_the_real_worker_lacks()
    {
        await using var host = await TestHost.StartAsync(typeof(NeedsClock));
        Assert.Null(host.Services.GetService<TimeProvider>());
        Assert.Equal(HttpStatusCode.InternalServerError, (await host.Client.GetAsync("/api/needsclock")).StatusCode);
    }

    [Fact]
    public void An_unresolvable_service_stops_the_build_in_development()
    {
        var builder = TestHost.Builder([typeof(Ping)]);
        builder.Services.AddSingleton<NeedsClock>();
        Assert.Throws<AggregateException>(() => builder.Build());
    }

    [Fact]
    public async Task A_client_that_leaves_cancels_the_function()
    {
        var calls = new Calls();
        await using var host = await TestHost.StartAsync(typeof(Slow), calls);
        using var leave = new CancellationTokenSource();
        var request = host.Client.GetAsync("/api/slow?ms=20000", leave.Token);
        await Until.TrueAsync(() => calls.Said.Contains("began"));
        await leave.CancelAsync();
        await Until.TrueAsync(() => calls.Said.Contains("cancelled"));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
    }

    [Theory]
    [InlineData(typeof(Slow), "cancelled")]
    [InlineData(typeof(Stubborn), null)]
    public async Task A_function_above_its_time_is_cancelled_and_failed_even_if_it_does_not_listen(Type function, string? said)
    {
        var calls = new Calls();
        using var logs = new Logs();
        await using var host = await TestHost.StartAsync(TestHost.Builder([function], calls, logs, "--AzureFunctionsJobHost:functionTimeout=00:00:00.3"));
        var answer = await host.Client.GetAsync($"/api/{function.Name}?ms=20000");
        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        Assert.Contains($"Timeout value of 00:00:00.3000000 exceeded by function 'Functions.{function.Name}'", logs.Text, StringComparison.Ordinal);
        if (said is not null) Assert.Contains(said, calls.Said);
        calls.Gate.SetResult();
    }

    [Fact]
    public async Task The_page_and_the_blobs_are_served_where_no_function_is()
    {
        await using var host = await TestHost.StartAsync(typeof(Ping));
        Assert.Contains("The page", await host.Client.GetStringAsync("/"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await host.Client.GetAsync("/no.json")).StatusCode);
    }

    public sealed class PerInvocation;

    public sealed class Outer(Calls calls, PerInvocation mine) : IFunctionsWorkerMiddleware
    {
        public Task Invoke(FunctionContext context, FunctionExecutionDelegate next)
        {
            calls.Say($"outer {context.FunctionDefinition.Name} {context.GetHttpContext()?.Request.Path}");
            calls.Things.Enqueue(mine);
            return next(context);
        }
    }

    public sealed class Inner(Calls calls, PerInvocation mine) : IFunctionsWorkerMiddleware
    {
        public Task Invoke(FunctionContext context, FunctionExecutionDelegate next)
        {
            calls.Say("inner");
            calls.Things.Enqueue(mine);
            return next(context);
        }
    }

    private sealed class Endless(long length) : Stream
    {
        private long _left = length;

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var read = (int)Math.Min(count, _left);
            _left -= read;
            return read;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
