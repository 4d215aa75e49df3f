using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace WholeSchoolSend.LocalHost;

/// <summary>
/// The storage emulator, installed from npm once per user. Whoever starts one ends it: <see cref="DisposeAsync"/> lets it write its data first.
/// </summary>
public sealed partial class Azurite : IAsyncDisposable
{
    private const string Key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
    /// <summary>What <c>UseDevelopmentStorage=true</c> means.</summary>
    internal static readonly int[] UsualPorts = [10000, 10001, 10002];
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly string? _temporary;

    private Azurite(Process process, int[] ports, string? temporary)
    {
        (_process, _temporary) = (process, temporary);
        ConnectionString = string.Create(CultureInfo.InvariantCulture,
            $"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={Key};BlobEndpoint=http://127.0.0.1:{ports[0]}/devstoreaccount1;QueueEndpoint=http://127.0.0.1:{ports[1]}/devstoreaccount1;TableEndpoint=http://127.0.0.1:{ports[2]}/devstoreaccount1;");
    }

    public string ConnectionString { get; }

    /// <summary>
    /// An emulator of the caller's own, on free ports: in memory, or keeping its data in <paramref name="location"/>.
    /// It ends with the process that started it, even if that is killed.
    /// </summary>
    public static async Task<Azurite> StartAsync(string? location = null, CancellationToken cancellation = default)
    {
        var temporary = Directory.CreateTempSubdirectory("azurite-").FullName;
        string[] data = location is null ? ["--inMemoryPersistence"] : ["--location", location];
        return await StartAsync(Path.Combine(temporary, "azurite.log"), dieWithParent: true, data, [0, 0, 0], temporary, cancellation);
    }

    /// <summary>An emulator on these ports, which keeps its data. Null when an Azurite listens there already.</summary>
    internal static async Task<Azurite?> StartUnlessRunningAsync(string location, int[] ports, CancellationToken cancellation)
    {
        var found = await Task.WhenAll(ports.Select(port => WhoListensAsync(port, cancellation)));
        if (found.All(one => one == Listener.Azurite)) return null;
        for (var i = 0; i < found.Length; i++)
        {
            if (found[i] != Listener.Nobody)
            {
                throw new CannotStartException(
                    $"Azurite needs port {ports[i]}, which {(found[i] == Listener.Azurite ? "an Azurite without its other services" : "another program")} uses. "
                    + "End that, or set AzureWebJobsStorage and the other connections that are UseDevelopmentStorage=true to the connection string of another storage account.");
            }
        }
        Directory.CreateDirectory(location);
        // Data that are kept outlive even a killed host: such an Azurite stays, and the next run finds it.
        return await StartAsync(Path.Combine(location, "azurite.log"), dieWithParent: false, ["--location", location], ports, null, cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await _process.StandardInput.WriteLineAsync("stop");
            await _process.StandardInput.FlushAsync();
            await _process.WaitForExitAsync().WaitAsync(Patience);
        }
        catch (Exception gone) when (gone is IOException or TimeoutException or ObjectDisposedException or InvalidOperationException)
        {
            if (!_process.HasExited) _process.Kill();
        }
        _process.Dispose();
        if (_temporary is not null) Directory.Delete(_temporary, recursive: true);
    }

    private static async Task<Azurite> StartAsync(string log, bool dieWithParent, string[] data, int[] ports, string? temporary, CancellationToken cancellation)
    {
        var installed = await AzuriteInstallation.FindOrInstallAsync(cancellation);
        File.Delete(log);
        var start = new ProcessStartInfo(installed.Node)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetDirectoryName(log)!,
        };
        string[] arguments =
        [
            installed.Script, log, .. dieWithParent ? new[] { "--dieWithParent" } : [], "--silent", "--disableTelemetry", "--skipApiVersionCheck", .. data,
            .. new[] { "--blobPort", "--queuePort", "--tablePort" }.Zip(ports, (name, port) => new[] { name, port.ToString(CultureInfo.InvariantCulture) }).SelectMany(one => one),
        ];
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        var process = Process.Start(start)!;
        try
        {
            return new Azurite(process, await WaitUntilReadyAsync(process, log, cancellation), temporary);
        }
        catch
        {
            if (!process.HasExited) process.Kill();
            process.Dispose();
            throw;
        }
    }

    /// <summary>Blob, queue and table start in this order, each with a line that has its port.</summary>
    private static async Task<int[]> WaitUntilReadyAsync(Process process, string log, CancellationToken cancellation)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var text = File.Exists(log) ? await File.ReadAllTextAsync(log, cancellation) : "";
            var ports = Listening().Matches(text).Select(one => int.Parse(one.Groups[1].Value, CultureInfo.InvariantCulture)).ToArray();
            if (ports.Length == 3) return ports;
            if (process.HasExited) throw new CannotStartException($"Azurite did not start: {text}{await process.StandardError.ReadToEndAsync(cancellation)}");
            if (TimeProvider.System.GetElapsedTime(began) > Patience) throw new CannotStartException($"Azurite was not ready after {Patience.TotalSeconds} s: {text}");
            await Task.Delay(TimeSpan.FromMilliseconds(20), cancellation);
        }
    }

    private enum Listener
    {
        Nobody,
        Azurite,
        Other,
    }

    private static async Task<Listener> WhoListensAsync(int port, CancellationToken cancellation)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        try
        {
            using var answer = await http.GetAsync(new Uri($"http://127.0.0.1:{port}/devstoreaccount1?comp=list"), HttpCompletionOption.ResponseHeadersRead, cancellation);
            return answer.Headers.Server.ToString().StartsWith("Azurite", StringComparison.Ordinal) ? Listener.Azurite : Listener.Other;
        }
        catch (HttpRequestException nobody) when (nobody.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionRefused })
        {
            return Listener.Nobody;
        }
        catch (Exception other) when (other is HttpRequestException || (other is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return Listener.Other;
        }
    }

    [GeneratedRegex(@"successfully listening at http://[^:]+:(\d+)")]
    private static partial Regex Listening();
}
