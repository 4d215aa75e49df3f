using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Azure.Storage.Blobs;

namespace WholeSchoolSend.Simulator.Tests;

/// <summary>As much of the public surface, and of Blob Storage behind it, as the simulator sees: it answers what is promised, or what a test tells it to.</summary>
internal sealed class PretendSystem : IAsyncDisposable
{
    public const string KnownSecret = "made-up-secret";

    private readonly HttpListener _listener = new();
    private readonly HttpClient _http;
    private readonly Task _serving;
    private readonly string _address;
    private readonly ConcurrentDictionary<string, byte> _tokens = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, byte> _closed = new(StringComparer.Ordinal);
    private int _busy;

    public PretendSystem()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        var port = ((IPEndPoint)probe.LocalEndpoint).Port;
        probe.Stop();
        _address = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}/");
        _listener.Prefixes.Add(_address);
        _listener.Start();
        _http = new HttpClient { BaseAddress = new Uri(_address) };
        _serving = ServeAsync();
    }

    /// <summary>How many deliveries are answered 503 before one is taken.</summary>
    public int Busy { get; init; }

    /// <summary>The status of every delivery's answer, where it is not for the rules to say.</summary>
    public int? Always { get; init; }

    /// <summary>A path answered 422.</summary>
    public string? Refuse { get; init; }

    /// <summary>The fate of every new delivery.</summary>
    public string Fate { get; init; } = "accepted";

    /// <summary>What deliveries have to be signed with; null takes any.</summary>
    public string? Secret { get; init; } = KnownSecret;

    public bool TakesDrafts { get; init; }

    public string? LastKey { get; private set; }

    public ConcurrentQueue<(string Path, byte[] Body, string? Signature, string? Key)> Deliveries { get; } = new();

    public ConcurrentDictionary<string, byte[]> Blobs { get; } = new(StringComparer.Ordinal);

    public Surface Surface() => new(
        _http, new BlobServiceClient($"DefaultEndpointsProtocol=http;AccountName=pretend;AccountKey=a2V5;BlobEndpoint={_address}blobs"),
        "snapshots", "master", TimeProvider.System);

    public async ValueTask DisposeAsync()
    {
        _listener.Close();
        await _serving;
        _http.Dispose();
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            try
            {
                var context = await _listener.GetContextAsync();
                var body = new MemoryStream();
                await context.Request.InputStream.CopyToAsync(body);
                Answer(context.Request, context.Response, body.ToArray());
                context.Response.Close();
            }
            catch (Exception closed) when (closed is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private void Answer(HttpListenerRequest request, HttpListenerResponse response, byte[] body)
    {
        var path = request.Url!.AbsolutePath;
        var known = request.Headers["x-functions-key"];
        if (path.StartsWith("/blobs/", StringComparison.Ordinal)) Blob(request, response, Uri.UnescapeDataString(path["/blobs/".Length..]), body);
        else if (path == "/api/health") response.StatusCode = 200;
        else if (path.StartsWith("/api/webhooks/", StringComparison.Ordinal)) Deliver(request, response, path, body, known);
        else Operate(request, response, path, known);
    }

    private void Deliver(HttpListenerRequest request, HttpListenerResponse response, string path, byte[] body, string? key)
    {
        var signature = request.Headers["Typeform-Signature"] ?? request.Headers["X-Signature"];
        Deliveries.Enqueue((path, body, signature, key));
        if (Always is { } status) response.StatusCode = status;
        else if (_busy++ < Busy)
        {
            response.StatusCode = 503;
            response.Headers["Retry-After"] = "0";
        }
        else if (signature != "sha256=abc" && Secret is not null && signature != Typeform.Sign(Secret, body)
            && signature != Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), body))) response.StatusCode = 401;
        else Write(response, $$"""{"received":1,"{{FateOf(body)}}":1}""");
    }

    private string FateOf(byte[] body)
    {
        var text = Encoding.UTF8.GetString(body);
        if (text.Contains("\"number\":9", StringComparison.Ordinal)) return "quarantined";
        return _tokens.TryAdd(text, 0) ? Fate : "duplicate";
    }

    private void Operate(HttpListenerRequest request, HttpListenerResponse response, string path, string? key)
    {
        LastKey = key;
        if (Refuse is not null && path.EndsWith(Refuse, StringComparison.Ordinal)) Write(response, """{"code":"document-invalid"}""", 422);
        else if (path.EndsWith("/close", StringComparison.Ordinal) && !_closed.TryAdd(path.Split('/')[^2], 0)) Write(response, """{"code":"wave-closed"}""", 409);
        else if (request.HttpMethod == "PUT" && path.StartsWith("/api/waves/", StringComparison.Ordinal) && _closed.ContainsKey(path.Split('/')[^1]))
            Write(response, """{"code":"wave-closed"}""", 409);
        else response.StatusCode = path.StartsWith("/admin/", StringComparison.Ordinal) ? 202 : 200;
        if (path.EndsWith("PublishSnapshot", StringComparison.Ordinal)) Publish();
    }

    private void Publish()
    {
        var waves = string.Join(',', Programme.Waves.Select(wave => $$"""{"id":"{{wave.Id}}","closed":{{(_closed.ContainsKey(wave.Id) ? "true" : "false")}}}"""));
        var id = $"made-up-{_closed.Count}";
        Blobs[$"snapshots/2026/11/{id}.json"] = Encoding.UTF8.GetBytes(
            $$"""
            {"waves":[{{waves}}],"kpis":[{"id":"K1","title":"Every teacher responsible for every pupil's progress","readings":[{"id":"K1.pooled","primary":true,"results":[
              {"wave":"2026-autumn","verdict":"met_confident","figures":[{"name":"engaged","unit":"%","value":74,"lower":70,"upper":78},{"name":"wider","unit":"%","value":52,"lower":47,"upper":57}]},
              {"wave":"2025-autumn","verdict":"insufficient","figures":[{"name":"engaged","unit":"%","symbol":"c","reason":"fewer than 10"}]}]}]}]}
            """);
        Blobs["snapshots/latest.json"] = Encoding.UTF8.GetBytes($$"""{"id":"{{id}}","path":"2026/11/{{id}}.json"}""");
    }

    private void Blob(HttpListenerRequest request, HttpListenerResponse response, string name, byte[] body)
    {
        response.Headers["ETag"] = "\"1\"";
        response.Headers["Last-Modified"] = TimeProvider.System.GetUtcNow().ToString("R", CultureInfo.InvariantCulture);
        if (request.HttpMethod == "PUT")
        {
            response.StatusCode = 201;
            if (!name.Contains('/', StringComparison.Ordinal)) return;
            var unchanged = Blobs.TryGetValue(name, out var there) && there.AsSpan().SequenceEqual(body);
            Blobs[name] = body;
            Report(name, unchanged);
        }
        else if (Blobs.TryGetValue(name, out var content)) Write(response, content, 200);
        else
        {
            response.StatusCode = 404;
            response.Headers["x-ms-error-code"] = "BlobNotFound";
        }
    }

    private void Report(string name, bool unchanged)
    {
        var refused = name.Contains("-draft", StringComparison.Ordinal) && !TakesDrafts;
        var folder = name.StartsWith("register/", StringComparison.Ordinal) ? name : name["poll-drop/".Length..];
        Blobs[$"poll-reports/{folder}.report.json"] = JsonSerializer.SerializeToUtf8Bytes(new
        {
            file = name.Split('/')[^1],
            outcome = refused ? "refused" : unchanged ? "unchanged" : "active",
            facts = new { rows = 90, schools = 52, effectiveSize = 83.4 },
            problemCount = refused ? 1 : 0,
            problems = refused ? new object[] { new { line = 13, column = "Q1", code = "answer-unknown", message = "none of the labels" } } : [],
        });
    }

    private static void Write(HttpListenerResponse response, string json, int status = 200) => Write(response, Encoding.UTF8.GetBytes(json), status);

    private static void Write(HttpListenerResponse response, byte[] content, int status)
    {
        response.StatusCode = status;
        response.ContentType = "application/json";
        response.ContentLength64 = content.Length;
        response.OutputStream.Write(content);
    }
}
