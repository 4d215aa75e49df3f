using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace WholeSchoolSend.Dashboard.Tests;

/// <summary>A static site with the page and the sample documents, some of which a test may replace or take away.</summary>
internal sealed class Site : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly Task _serving;

    public Site()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        Address = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}/");
        probe.Stop();
        _listener.Prefixes.Add(Address);
        _listener.Start();
        foreach (var folder in new[] { "dashboard", "files" })
            foreach (var file in Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, folder), "*", SearchOption.AllDirectories))
                Files[Path.GetRelativePath(Path.Combine(AppContext.BaseDirectory, folder), file).Replace('\\', '/')] = File.ReadAllBytes(file);
        _serving = ServeAsync();
    }

    /// <summary>Always under a folder, as on a static site that is not alone on its host.</summary>
    public string Page => Address + "site/index.html";

    public ConcurrentDictionary<string, byte[]> Files { get; } = new(StringComparer.Ordinal);

    /// <summary>Paths answered 503.</summary>
    public ConcurrentDictionary<string, bool> Broken { get; } = new(StringComparer.Ordinal);

    private string Address { get; }

    public void Put(string path, string text) => Files[path] = Encoding.UTF8.GetBytes(text);

    /// <summary>Changes the sample document.</summary>
    public void Edit(Func<string, string> change) => Put(Sample.Path, change(Encoding.UTF8.GetString(Files[Sample.Path])));

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
                context.Response.StatusCode = Broken.ContainsKey(path) ? 503 : Files.ContainsKey(path) ? 200 : 404;
                if (context.Response.StatusCode == 200)
                {
                    context.Response.ContentType = Path.GetExtension(path) switch
                    {
                        ".html" => "text/html; charset=utf-8",
                        ".css" => "text/css",
                        ".js" => "text/javascript",
                        _ => "application/json",
                    };
                    await context.Response.OutputStream.WriteAsync(Files[path]);
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

internal static class Sample
{
    public const string Id = "5f1d0c7a9b3e";
    public const string Path = $"2026/11/{Id}.json";
}
