using System.Collections.Concurrent;
using System.Diagnostics;

namespace WholeSchoolSend.Testing;

/// <summary>The program as users run it, in a process of its own, so that it can be killed.</summary>
public sealed class PipelineProcess : IAsyncDisposable
{
    private readonly Process _process;

    private PipelineProcess(Process process, Uri address)
    {
        _process = process;
        Http = new HttpClient { BaseAddress = address };
    }

    public HttpClient Http { get; }

    /// <summary>What the process has in memory now, in MB; 0 when it has ended.</summary>
    public double Megabytes
    {
        get
        {
            _process.Refresh();
            return _process.HasExited ? 0 : _process.WorkingSet64 / 1e6;
        }
    }

    /// <summary>Starts it on a free port and waits until it says where it listens.</summary>
    /// <param name="settings">of the app; a later one counts over an earlier of the same name.</param>
    public static Task<PipelineProcess> StartAsync(string connection, params IReadOnlyList<string> settings) => StartAsync(connection, settings, new Dictionary<string, string>());

    /// <param name="environment">variables of the process besides those it inherits.</param>
    /// <inheritdoc cref="StartAsync(string, IReadOnlyList{string})"/>
    public static async Task<PipelineProcess> StartAsync(string connection, IReadOnlyList<string> settings, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Path.GetTempPath() };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "WholeSchoolSend.Functions.dll"));
        start.ArgumentList.Add("--urls=http://127.0.0.1:0");
        start.ArgumentList.Add($"--AzureWebJobsStorage={connection}");
        start.ArgumentList.Add($"--SurveyData={connection}");
        foreach (var setting in settings) start.ArgumentList.Add(setting);
        foreach (var (name, value) in environment) start.Environment[name] = value;
        var process = Process.Start(start)!;
        var listening = new TaskCompletionSource<Uri>(TaskCreationOptions.RunContinuationsAsynchronously);
        var said = new ConcurrentQueue<string>();
        void Heard(string? line)
        {
            if (line is null) return;
            said.Enqueue(line);
            const string told = "Listening on ";
            if (line.IndexOf(told, StringComparison.Ordinal) is >= 0 and var at) listening.TrySetResult(new Uri(line[(at + told.Length)..].Split(' ')[0]));
        }
        process.OutputDataReceived += (_, line) => Heard(line.Data);
        process.ErrorDataReceived += (_, line) => Heard(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            return new PipelineProcess(process, await listening.Task.WaitAsync(TimeSpan.FromSeconds(60)));
        }
        catch (TimeoutException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"The program did not listen within a minute. It said: {string.Join('\n', said)}");
        }
    }

    /// <summary>Ends it as a power cut would.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (!_process.HasExited) await KillAsync();
        _process.Dispose();
    }
}
