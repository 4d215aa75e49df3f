using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace WholeSchoolSend.LocalHost;

/// <summary>The program the app named to run beside the host: told where the host is, heard on the console, ended with it.</summary>
internal sealed partial class Companion : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Task _watching;
    private readonly ILogger _log;
    private volatile bool _isEnding;

    private Companion(Process process, ILogger log)
    {
        (_process, _log) = (process, log);
        _watching = WatchAsync();
    }

    public static Companion Start(CompanionProgram program, Uri host, Settings settings, ILogger log)
    {
        var file = Path.Combine(AppContext.BaseDirectory, program.Path);
        if (!File.Exists(file)) throw new CannotStartException($"{program.Flag} starts {file}, which does not exist.");
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [file, "--url", $"http://localhost:{host.Port}"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (var (name, value) in settings.ForChild()) start.Environment[name] = value;
        return new Companion(Process.Start(start)!, log);
    }

    public async ValueTask DisposeAsync()
    {
        _isEnding = true;
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        await _watching;
        _process.Dispose();
    }

    private async Task WatchAsync()
    {
        await Task.WhenAll(RelayAsync(_process.StandardOutput, Console.Out), RelayAsync(_process.StandardError, Console.Error), _process.WaitForExitAsync());
        if (_isEnding) return;
        var name = Path.GetFileName(_process.StartInfo.ArgumentList[0]);
        if (_process.ExitCode == 0) Log.Finished(_log, name);
        else Log.Failed(_log, name, _process.ExitCode);
    }

    private static async Task RelayAsync(StreamReader from, TextWriter to)
    {
        while (await from.ReadLineAsync() is { } line) await to.WriteLineAsync(line);
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "{Program} has finished; the host goes on until Ctrl+C")]
        public static partial void Finished(ILogger logger, string program);

        [LoggerMessage(2, LogLevel.Error, "{Program} FAILED with exit code {Code}; the host goes on")]
        public static partial void Failed(ILogger logger, string program, int code);
    }
}
