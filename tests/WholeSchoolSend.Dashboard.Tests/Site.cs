using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using WholeSchoolSend.Core.Snapshots;
using WholeSchoolSend.Core.Tests.Snapshots;

namespace WholeSchoolSend.Dashboard.Tests;

/// <summary>A static site with what was published on it, some of which a test may replace or take away.</summary>
internal sealed class Site : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly Task _serving;

    // The app's own page, which is what is shown until one is published.
    private readonly Dictionary<string, byte[]> _brought = new(StringComparer.Ordinal);

    public Site()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        Address = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}/");
        probe.Stop();
        _listener.Prefixes.Add(Address);
        _listener.Start();
        foreach (var file in Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "dashboard"))) _brought[Path.GetFileName(file)] = File.ReadAllBytes(file);
        _serving = ServeAsync();
    }

    /// <summary>Always under a folder, as on a static site that is not alone on its host.</summary>
    public string Page => Address + "site/index.html";

    public MemoryDocuments Published { get; private set; } = new();

    /// <summary>Paths answered 503.</summary>
    public ConcurrentDictionary<string, bool> Broken { get; } = new(StringComparer.Ordinal);

    private string Address { get; }

    /// <summary>Publishes a document as the app does.</summary>
    public async Task<SnapshotPointer> PublishAsync(Snapshot? document = null)
    {
        (Published, var pointer) = await Samples.PublishAsync(document ?? Samples.Document, TestContext.Current.CancellationToken);
        return pointer;
    }

    public void Put(string path, string text) => Published.Put(path, Encoding.UTF8.GetBytes(text));

    public async ValueTask DisposeAsync()
    {
        _listener.Close();
        await _serving;
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            try
            {
                var context = await _listener.GetContextAsync();
                var path = context.Request.Url!.AbsolutePath.Replace("/site/", "", StringComparison.Ordinal);
                var bytes = Published.Files.GetValueOrDefault(path)?.Bytes ?? _brought.GetValueOrDefault(path);
                context.Response.StatusCode = Broken.ContainsKey(path) ? 503 : bytes is not null ? 200 : 404;
                if (context.Response.StatusCode == 200)
                {
                    context.Response.ContentType = Path.GetExtension(path) switch
                    {
                        ".html" => "text/html; charset=utf-8",
                        ".css" => "text/css",
                        ".js" => "text/javascript",
                        _ => "application/json",
                    };
                    await context.Response.OutputStream.WriteAsync(bytes!);
                }
                context.Response.Close();
            }
            catch (Exception closed) when (closed is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
        }
    }
}
