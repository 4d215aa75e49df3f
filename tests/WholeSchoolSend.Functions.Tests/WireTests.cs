using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace WholeSchoolSend.Functions.Tests;

/// <summary>Bodies that lie, drip, end early, come compressed or not at all: what a sender is told, over a connection of its own.</summary>
public sealed class WireTests(Pipeline pipeline) : IClassFixture<Pipeline>
{
    private const string Path = "/api/webhooks/leaders_json";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("", null)]
    [InlineData("\u0000\u0000", null)]
    [InlineData("[", null)]
    [InlineData("<a/>", "application/xml")]
    [InlineData("a=b", "application/x-www-form-urlencoded")]
    [InlineData("{}", "text/html; charset=utf-16")]
    [InlineData("{}", "")]
    public async Task Authentic_is_kept_whatever_it_is_and_however_it_is_declared(string body, string? type)
    {
        var request = Said.Signed(Path, body, "X-Signature", Convert.ToHexStringLower(Said.Mac(Pipeline.TypeformSecret, body)));
        request.Content!.Headers.ContentType = type is { Length: > 0 } ? MediaTypeHeaderValue.Parse(type) : null;
        Assert.Equal((1, 1), await FatesAsync(await pipeline.Http.SendAsync(request, Cancellation)));
    }

    [Fact]
    public async Task A_compressed_body_is_proved_by_its_bytes_and_not_expanded()
    {
        using var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize, leaveOpen: true)) gzip.Write(new byte[20_000_000]);
        var body = packed.ToArray();
        var request = new HttpRequestMessage(HttpMethod.Post, Path) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentEncoding.Add("gzip");
        request.Headers.Add("X-Signature", Convert.ToHexStringLower(System.Security.Cryptography.HMACSHA256.HashData(Encoding.UTF8.GetBytes(Pipeline.TypeformSecret), body)));
        Assert.Equal((1, 1), await FatesAsync(await pipeline.Http.SendAsync(request, Cancellation)));
    }

    [Fact]
    public async Task Good_and_bad_of_one_delivery_are_both_in_the_reply()
    {
        var good = Said.Leader("wire-mixed", "100001", "s@school.example", "leader", "fully", 1);
        var body = $"[{good},{{\"form\":\"leaders\"}},{good.Replace("wire-mixed", "wire-mixed-2", StringComparison.Ordinal)}]";
        Assert.Equal((3, 3), await FatesAsync(await pipeline.Http.SendJsonAsync(body), "accepted", "quarantined"));
    }

    [Fact]
    public async Task Two_signatures_prove_nothing()
    {
        var request = Said.Signed(Path, "{}", "X-Signature", Convert.ToHexStringLower(Said.Mac(Pipeline.TypeformSecret, "{}")));
        request.Headers.Add("X-Signature", Convert.ToHexStringLower(Said.Mac(Pipeline.TypeformSecret, "{}")));
        Assert.Equal(HttpStatusCode.Unauthorized, (await pipeline.Http.SendAsync(request, Cancellation)).StatusCode);
    }

    [Fact]
    public async Task A_body_in_chunks_is_a_body_and_one_without_end_is_too_large()
    {
        var signature = Convert.ToHexStringLower(Said.Mac(Pipeline.TypeformSecret, "[]"));
        Assert.StartsWith("HTTP/1.1 200 ", await AnswerAsync($"X-Signature: {signature}\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n[\r\n1\r\n]\r\n0\r\n\r\n"), StringComparison.Ordinal);
        var chunk = "100000\r\n" + new string('x', 0x100000) + "\r\n";
        Assert.StartsWith("HTTP/1.1 413 ", await AnswerAsync($"Transfer-Encoding: chunked\r\n\r\n{string.Concat(Enumerable.Repeat(chunk, 9))}"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Content-Length: 9000000000\r\n\r\n", "HTTP/1.1 413 ")]
    [InlineData("Content-Length: -1\r\n\r\n", "HTTP/1.1 400 ")]
    [InlineData("Content-Length: 2\r\nContent-Length: 3\r\n\r\n[]x", "HTTP/1.1 400 ")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\nZZ\r\n", "HTTP/1.1 400 ")]
    // Longer than it says: what was signed is not what is read. Shorter than it says, and hung up: nothing is taken.
    [InlineData("Content-Length: 1\r\nX-Signature: {signed}\r\n\r\n[]", "HTTP/1.1 401 ")]
    [InlineData("Content-Length: 100\r\nX-Signature: {signed}\r\n\r\n[]", "", true)]
    public async Task A_length_that_lies_takes_nothing_and_leaves_the_next_alone(string request, string answer, bool hangsUp = false)
    {
        var said = await AnswerAsync(request.Replace("{signed}", Convert.ToHexStringLower(Said.Mac(Pipeline.TypeformSecret, "[]")), StringComparison.Ordinal), hangsUp);
        Assert.StartsWith(answer, said, StringComparison.Ordinal);
        Assert.DoesNotContain("HTTP/1.1 200", said, StringComparison.Ordinal);
        Assert.Equal((0, 0), await FatesAsync(await pipeline.Http.SendJsonAsync("[]")));
    }

    [Fact]
    public async Task A_body_that_drips_is_ended_by_the_server()
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, pipeline.Http.BaseAddress!.Port, Cancellation);
        var stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"POST {Path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n["), Cancellation);
        // It never sends more, and never hangs up: the server has to.
        var said = await new StreamReader(stream, Encoding.ASCII).ReadToEndAsync(Cancellation);
        Assert.True(said.Length == 0 || said.StartsWith("HTTP/1.1 408 ", StringComparison.Ordinal), said);
    }

    [Fact]
    public async Task A_caller_who_leaves_is_no_failure_of_the_function()
    {
        await AnswerAsync("Content-Length: 100\r\n\r\n[]", hangsUp: true);
        await AnswerAsync("Transfer-Encoding: chunked\r\n\r\nZZ\r\n");
        await Pipeline.EventuallyAsync(
            () => Task.FromResult(pipeline.Log.Lines.Any(line => line.Contains("breaks off or breaks HTTP", StringComparison.Ordinal)) ? "told" : null), "a line about it");
        Assert.DoesNotContain(pipeline.Log.Lines, line => line.Contains("'Functions.ReceiveResponses' (Failed", StringComparison.Ordinal));
    }

    /// <summary>Sends a request as it stands and reads whatever is answered until the server closes.</summary>
    private async Task<string> AnswerAsync(string headersAndBody, bool hangsUp = false)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, pipeline.Http.BaseAddress!.Port, Cancellation);
        var stream = client.GetStream();
        var reading = ReadAsync(stream);
        try
        {
            await stream.WriteAsync(Encoding.Latin1.GetBytes($"POST {Path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headersAndBody}"), Cancellation);
            if (hangsUp) client.Client.Shutdown(SocketShutdown.Send);
        }
        catch (Exception hungUp) when (hungUp is IOException or SocketException)
        {
            // It answered before it had read everything.
        }
        return await reading;
    }

    private static async Task<string> ReadAsync(NetworkStream stream)
    {
        var said = new StringBuilder();
        var buffer = new byte[4_096];
        try
        {
            int read;
            while ((read = await stream.ReadAsync(buffer, Cancellation)) > 0) said.Append(Encoding.Latin1.GetString(buffer, 0, read));
        }
        catch (IOException)
        {
            // A connection that is reset has said what it said.
        }
        return said.ToString();
    }

    private static async Task<(int Received, int Wanted)> FatesAsync(HttpResponseMessage response, params string[] wanted)
    {
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        using var json = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancellation));
        int Count(string name) => json.RootElement.GetProperty(name).GetInt32();
        return (Count("received"), (wanted.Length == 0 ? ["quarantined"] : wanted).Sum(Count));
    }
}
