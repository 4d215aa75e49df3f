using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using WholeSchoolSend.LocalHost;
using WholeSchoolSend.Testing;

namespace WholeSchoolSend.Functions.Tests;

/// <summary>What somebody tries who means us no good, over the public surface (docs/threat-model.md names each test).</summary>
public sealed class SecurityTests(Pipeline pipeline) : IClassFixture<Pipeline>
{
    private const string Master = "a-master-key-of-the-tests";
    private const string Key = "an-operators-key-of-the-tests";
    private const string NextKey = "the-next-key-of-the-tests";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("GET", "/api/health", 200)]
    [InlineData("GET", "/api/openapi.json", 200)]
    [InlineData("GET", "/api/waves", 200)]
    [InlineData("GET", "/api/waves/none", 404)]
    [InlineData("PUT", "/api/waves/w", 422)]
    [InlineData("GET", "/api/nothing-here", 404)]
    [InlineData("POST", "/api/webhooks/nobody", 503)]
    [InlineData("OPTIONS", "/api/webhooks/leaders_json", 200)]
    [InlineData("GET", "/admin/functions", 200)]
    [InlineData("GET", "/", 200)]
    [InlineData("GET", "/page.js", 200)]
    [InlineData("GET", "/nothing.html", 404)]
    public async Task Every_answer_tells_browsers_what_they_may_not_do(string method, string path, int status)
    {
        using var answer = await pipeline.Http.SendAsync(new HttpRequestMessage(new HttpMethod(method), path), Cancellation);
        Assert.Equal(status, (int)answer.StatusCode);
        AssertGuarded(answer, path);
    }

    [Fact]
    public async Task Every_route_for_operators_wants_a_key_and_a_replaced_key_opens_nothing()
    {
        var described = await Pipeline.JsonAsync(await pipeline.Http.GetAsync("/api/openapi.json", Cancellation));
        var routes = (from path in described.GetProperty("paths").EnumerateObject()
                      from operation in path.Value.EnumerateObject()
                      where operation.Name != "parameters"
                      select (Method: new HttpMethod(operation.Name.ToUpperInvariant()), Path: path.Name.Replace("{id}", "x", StringComparison.Ordinal).Replace("{source}", "leaders_json", StringComparison.Ordinal),
                          IsOpen: operation.Value.GetProperty("security").GetArrayLength() == 0)).ToList();
        Assert.Equal(["/api/health", "/api/openapi.json", "/api/webhooks/leaders_json"], routes.Where(route => route.IsOpen).Select(route => route.Path).Distinct().Order(StringComparer.Ordinal));
        Assert.True(routes.Count(route => !route.IsOpen) > 25);

        using var first = await StartAsync(Key);
        foreach (var (method, path, isOpen) in routes)
            foreach (var (key, address) in new[] { (null, path), ("wrong", path), ((string?)null, path + "?code=wrong"), ("", path + $"?code={Key}") })
                Assert.True((await StatusAsync(first, method, address, key) == HttpStatusCode.Unauthorized) == (!isOpen || (method == HttpMethod.Post && path.Contains("webhooks", StringComparison.Ordinal))), $"{method} {address} with '{key}'");
        using (var refused = await first.Http.GetAsync("/api/waves", Cancellation)) AssertGuarded(refused, "/api/waves");
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(first, HttpMethod.Get, "/api/waves", Key));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(first, HttpMethod.Get, $"/api/waves?code={Key}", null));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(first, HttpMethod.Get, "/admin/functions", Key));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(first, HttpMethod.Get, "/admin/functions", Master));
        Assert.DoesNotContain(first.Log.Lines, line => line.Contains(Key, StringComparison.Ordinal) || line.Contains(Master, StringComparison.Ordinal));

        using var rotated = await StartAsync(NextKey);
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(rotated, HttpMethod.Get, "/api/waves", Key));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(rotated, HttpMethod.Get, "/api/waves", NextKey));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(rotated, HttpMethod.Get, "/api/waves", Master));
    }

    [Theory]
    [InlineData("/api/webhooks/..%2f..%2fadmin%2ffunctions")]
    [InlineData("/api/webhooks/leaders_json%00")]
    [InlineData("/api/webhooks/leaders_json%2f")]
    [InlineData("/api/webhooks/LEADERS_JSON")]
    [InlineData("/api/waves/..%2f..%2fopenapi.json")]
    [InlineData("/api/waves/%2e%2e")]
    [InlineData("/api/waves/a%00b")]
    [InlineData("/api/waves/%ff%fe")]
    [InlineData("/api/waves/%ed%a0%80")]
    [InlineData("/api/instruments/..%5c..%5chost.json")]
    [InlineData("/api/instruments/a~b")]
    [InlineData("/api/errata/'%20or%20PartitionKey%20ne%20'")]
    [InlineData("/api/milestones/..%2fO1.1")]
    [InlineData("/api/audits/..")]
    [InlineData("/api/audits/A~")]
    [InlineData("/api/quarantine/..%2f..%2fEvidence")]
    [InlineData("/api/quarantine/%27%20or%20%271%27%20eq%20%271")]
    [InlineData("/api/kpis/..%2f..%2fkpi-catalogue/evidence")]
    [InlineData("/host.json")]
    [InlineData("/local.settings.json")]
    [InlineData("/..%2flocal.settings.json")]
    [InlineData("/..%5clocal.settings.json")]
    [InlineData("/%2e%2e/%2e%2e/etc/passwd")]
    [InlineData("/../snapshots-internal/latest.json")]
    [InlineData("/..%2fsnapshots-internal%2flatest.json")]
    [InlineData("/.data/azurite/__azurite_db_table__.json")]
    public async Task A_path_leads_nowhere_but_to_what_it_names(string path)
    {
        // By hand: a client of ours would tidy the path up.
        var status = await RawAsync($"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        var isProbe = path.StartsWith("/api/webhooks/", StringComparison.Ordinal) && status == 200;
        Assert.True(status is 400 or 404 or 422 || isProbe, $"{path}: {status}");
        if (!path.StartsWith("/api/webhooks/", StringComparison.Ordinal)) return;
        var posted = await RawAsync($"POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 2\r\n\r\n[]");
        Assert.True(posted is 400 or 404 or 503, $"POST {path}: {posted}");
    }

    [Theory]
    [InlineData("supplier=..%2fregister&name=schools.csv")]
    [InlineData("supplier=northern&name=..%2f..%2fregister%2fschools.csv")]
    [InlineData("supplier=northern&name=%00")]
    [InlineData("supplier=%ed%a0%80&name=a.csv")]
    [InlineData("supplier=http:%2f%2f169.254.169.254&name=metadata")]
    public async Task A_supplier_and_a_file_are_names_and_no_paths(string question)
    {
        using var check = await pipeline.Http.PostAsync($"/api/imports/check?{question}", null, Cancellation);
        Assert.Contains((int)check.StatusCode, (int[])[404, 422]);
        var named = question.Split('&').Select(part => Uri.UnescapeDataString(part.Split('=')[1])).ToArray();
        using var replay = await pipeline.Http.PostAsync("/api/imports/replay", JsonContent.Create(new { supplier = named[0], file = named[1] }), Cancellation);
        Assert.Contains((int)replay.StatusCode, (int[])[404, 422]);
    }

    [Fact]
    public async Task Nothing_that_is_sent_writes_a_line_of_the_log_or_colours_it()
    {
        const string Line = "\r\nFORGED\u001b[31m\u0085\u2028FORGED";
        var inAddress = Uri.EscapeDataString(Line);
        await pipeline.Http.PostAsync($"/api/webhooks/x{inAddress}", new StringContent("{}"), Cancellation);
        await pipeline.Http.GetAsync($"/api/waves/{inAddress}", Cancellation);
        await pipeline.Http.GetAsync($"/api/quarantine?source={inAddress}", Cancellation);
        await pipeline.Http.PutAsync($"/api/waves/{inAddress}", new StringContent(Said.Wave), Cancellation);
        await pipeline.PutAsync("/api/instruments/leaders-form", Said.LeadersForm);
        var text = JsonSerializer.Serialize(Line)[1..^1];
        await pipeline.Http.SendJsonAsync($$"""{"form":"{{text}}","response":"{{text}}","submitted":"2026-11-03T09:00:00Z","hidden":{"urn":"{{text}}"},"answers":{"q":"{{text}}"} }""");
        await pipeline.Http.SendJsonAsync(Said.Leader(text, text, text, text, text, 1));
        await pipeline.Http.PostAsync("/api/quarantine/replay", new StringContent($$"""{"source":"{{text}}"}"""), Cancellation);
        await pipeline.DropAsync("poll-drop", "northern/x FORGED.csv", "urn\n100001\n");
        foreach (var agent in new[] { "x\u001b[31mFORGED", "FORGED" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/api/health");
            request.Headers.TryAddWithoutValidation("User-Agent", agent);
            request.Headers.TryAddWithoutValidation("traceparent", agent);
            try
            {
                await pipeline.Http.SendAsync(request, Cancellation);
            }
            catch (HttpRequestException)
            {
                // Not even the client sends it.
            }
        }
        Assert.NotEmpty(pipeline.Log.Lines);
        Assert.DoesNotContain(pipeline.Log.Lines, line => line.Contains("FORGED", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""{"title":"A","title":"B","from":"2026-11-02","to":"2026-11-20"}""", 422)]
    [InlineData("""{"title":"A","from":"2026-11-02","to":"2026-11-20","frame":1e999999}""", 422)]
    [InlineData("""{"title":"A","from":"2026-11-02","to":"2026-11-20","frame":99999999999999999999999}""", 422)]
    [InlineData("""{"title":"A","from":"2026-11-02","to":"2026-11-20","__proto__":{"closed":"x"}}""", 422)]
    [InlineData("""{"title":"\ud800","from":"2026-11-02","to":"2026-11-20"}""", 422)]
    [InlineData("""{"title":"A","from":"2026-11-02","to":"2026-11-20"} {}""", 422)]
    [InlineData("""// c""", 422)]
    [InlineData("", 422)]
    [InlineData("[", 422)]
    [InlineData("null", 422)]
    public async Task A_document_that_could_be_read_in_two_ways_is_not_read(string json, int status)
    {
        Assert.Equal(status, (int)(await pipeline.Http.PutAsync("/api/waves/2033-json", new StringContent(json), Cancellation)).StatusCode);
        Assert.Contains((int)(await pipeline.Http.PostAsync("/api/quarantine/replay", new StringContent(json), Cancellation)).StatusCode, (int[])[422, 404]);
        Assert.Equal(HttpStatusCode.OK, (await pipeline.Http.SendJsonAsync(json.Length == 0 ? "{}" : json)).StatusCode);   // authentic: it waits in quarantine
        Assert.Equal(HttpStatusCode.NotFound, (await pipeline.Http.GetAsync("/api/waves/2033-json", Cancellation)).StatusCode);
    }

    [Fact]
    public async Task Depth_bad_text_and_a_byte_order_mark_break_nothing()
    {
        var deep = string.Concat(Enumerable.Repeat("""{"a":""", 20_000)) + "1" + new string('}', 20_000);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await pipeline.Http.PutAsync("/api/waves/2034-deep", new StringContent(deep), Cancellation)).StatusCode);
        Assert.Equal(1, (await Pipeline.JsonAsync(await pipeline.Http.SendJsonAsync(deep))).GetProperty("quarantined").GetInt32());
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await pipeline.Http.PutAsync("/api/waves/2034-bytes", new ByteArrayContent([0x7B, 0xC3, 0x28, 0x7D]), Cancellation)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await pipeline.Http.PutAsync("/api/waves/2034-mark", new ByteArrayContent([0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(Said.Wave)]), Cancellation)).StatusCode);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await pipeline.Http.PutAsync("/api/waves/2034-large", new ByteArrayContent(new byte[257 * 1024]), Cancellation)).StatusCode);
    }

    /// <summary>Every address a tool's body may hold leads to a server of the attacker's: nobody calls there, whatever timer runs.</summary>
    [Fact]
    public async Task No_address_inside_a_delivery_is_called()
    {
        using var attacker = new TcpListener(IPAddress.Loopback, 0);
        attacker.Start();
        var address = $"http://127.0.0.1:{((IPEndPoint)attacker.LocalEndpoint).Port}/";
        using var host = await StartAsync(null, "--Sources:leaders_monkey:Api:Token=a-token-of-the-tests", "--Sources:leaders_monkey:Api:BaseAddress=http://127.0.0.1:9/");
        var body = $$$"""
            {"name":"x","filter_type":"survey","filter_id":"1","event_type":"response_completed","event_id":"1","object_type":"response","object_id":"{{{address}}}","event_datetime":"2026-11-03T09:00:00+00:00",
             "href":"{{{address}}}","resources":{"respondent_id":"1","recipient_id":"0","collector_id":"1","survey_id":"{{{address}}}x","user_id":"1","href":"{{{address}}}"}}
            """;
        using var posted = await host.Http.PostAsync($"/api/webhooks/leaders_monkey?key={Uri.EscapeDataString(Pipeline.TypeformSecret)}", new StringContent(body, Encoding.UTF8, "application/json"), Cancellation);
        Assert.Equal(HttpStatusCode.OK, posted.StatusCode);
        using var file = await host.Http.SendTypeformAsync(
            $$$"""{"form_response":{"form_id":"tPre","token":"ssrf","submitted_at":"2025-11-03T09:00:00Z","hidden":{"urn":"100001","key":"{{{address}}}"},"answers":[{"type":"file_url","file_url":"{{{address}}}","field":{"id":"f","ref":"cpd_confidence","type":"file_upload"}}]}}""");
        Assert.Equal(HttpStatusCode.OK, file.StatusCode);
        foreach (var timer in new[] { "FetchPending", "HealGaps" })
        {
            using var run = await host.Http.PostAsync($"/admin/functions/{timer}", JsonContent.Create(new { }), Cancellation);
            await Pipeline.EventuallyAsync(() => Task.FromResult(host.Log.Lines.Any(line => line.Contains($"Executed 'Functions.{timer}'", StringComparison.Ordinal)) ? "ran" : null), $"{timer} to run", seconds: 120);
        }
        Assert.False(attacker.Pending());
    }

    [Fact]
    public async Task A_source_that_sends_too_much_at_once_is_told_to_come_again_and_no_other_is()
    {
        using var host = await StartAsync(null, "--Limits:DeliveriesAtOnce=1", "--Limits:DeliveriesWaiting=0");
        // A body that drips holds the source's one place.
        using var slow = new TcpClient();
        await slow.ConnectAsync(IPAddress.Loopback, host.Http.BaseAddress!.Port, Cancellation);
        await slow.GetStream().WriteAsync("POST /api/webhooks/leaders_json HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n["u8.ToArray(), Cancellation);
        var busy = await Pipeline.EventuallyAsync(
            async () => await host.Http.SendJsonAsync("[]") is { StatusCode: HttpStatusCode.ServiceUnavailable } answer ? answer : null, "the source to be busy");
        Assert.Equal("30", busy.Headers.GetValues("Retry-After").Single());
        Assert.Equal("too-busy", (await Pipeline.JsonAsync(busy, 503)).GetProperty("code").GetString());
        Assert.Equal(HttpStatusCode.OK, (await host.Http.SendTypeformAsync(Said.Typeform("busy", 4))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await host.Http.GetAsync("/api/webhooks/leaders_json", Cancellation)).StatusCode);
        slow.Close();
        await Pipeline.EventuallyAsync(async () => await host.Http.SendJsonAsync("[]") is { StatusCode: HttpStatusCode.OK } answer ? answer : null, "its place to be free again");
    }

    [Fact]
    public void Every_threat_names_tests_that_are_there()
    {
        var sources = string.Concat(Directory.EnumerateFiles(Path.Combine(Repository.Root, "tests"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal)).Select(File.ReadAllText));
        var rows = File.ReadAllLines(Path.Combine(Repository.Root, "docs", "threat-model.md")).Where(line => line.StartsWith("| T", StringComparison.Ordinal)).ToList();
        Assert.True(rows.Count > 20);
        foreach (var row in rows)
        {
            var tests = row.Split('|')[^2].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(name => name.Trim('`', ',')).ToList();
            Assert.NotEmpty(tests);
            foreach (var test in tests) Assert.True(sources.Contains($" {test}(", StringComparison.Ordinal), $"{row.Split('|')[1].Trim()} names {test}, which no test is called.");
        }
    }

    private static void AssertGuarded(HttpResponseMessage answer, string path)
    {
        string Said(string name) => answer.Headers.TryGetValues(name, out var values) || answer.Content.Headers.TryGetValues(name, out values) ? string.Join(',', values) : "";
        Assert.Equal("nosniff", Said("X-Content-Type-Options"));
        Assert.Equal("no-referrer", Said("Referrer-Policy"));
        Assert.Contains("frame-ancestors 'none'", Said("Content-Security-Policy"), StringComparison.Ordinal);
        Assert.Equal("DENY", Said("X-Frame-Options"));
        Assert.Equal("", Said("Server"));
        if (!path.StartsWith("/api/", StringComparison.Ordinal)) return;
        Assert.Equal("no-store", Said("Cache-Control"));
        Assert.Contains("default-src 'none'", Said("Content-Security-Policy"), StringComparison.Ordinal);
    }

    private async Task<int> RawAsync(string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, pipeline.Http.BaseAddress!.Port, Cancellation);
        await client.GetStream().WriteAsync(Encoding.Latin1.GetBytes(request), Cancellation);
        var said = await new StreamReader(client.GetStream(), Encoding.Latin1).ReadToEndAsync(Cancellation);
        return int.Parse(said.AsSpan("HTTP/1.1 ".Length, 3), null);
    }

    private static async Task<HttpStatusCode> StatusAsync(Started host, HttpMethod method, string path, string? key)
    {
        using var request = new HttpRequestMessage(method, path);
        if (method != HttpMethod.Get && method != HttpMethod.Head && method != HttpMethod.Options) request.Content = new StringContent("{}", Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        if (key is not null) request.Headers.TryAddWithoutValidation("x-functions-key", key);
        using var answer = await host.Http.SendAsync(request, Cancellation);
        return answer.StatusCode;
    }

    private async Task<Started> StartAsync(string? key, params string[] more)
    {
        var log = new RunLog();
        var builder = Pipeline.Builder(
            pipeline.ConnectionString, [$"--AzureFunctionsWebHost:hostid=secured{Guid.NewGuid().ToString("N")[..8]}", .. more, .. key is null ? (string[])[] : [$"--LocalHost:Keys:Master={Master}", $"--LocalHost:Keys:Default={key}"]]);
        builder.Logging.AddProvider(log);
        var host = builder.Build();
        await host.StartAsync(Cancellation);
        return new Started(host, new HttpClient { BaseAddress = host.GetAddress() }, log);
    }

    private sealed record Started(IHost Host, HttpClient Http, RunLog Log) : IDisposable
    {
        public void Dispose()
        {
            Http.Dispose();
            Host.Dispose();
        }
    }
}
