using System.Diagnostics;

namespace WholeSchoolSend.Functions.Tests;

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

    /// <summary>Starts it on a free port and waits until it says where it listens.</summary>
    /// <param name="more">settings besides; they count over those all tests have.</param>
    public static async Task<PipelineProcess> StartAsync(string connection, params IReadOnlyList<string> more)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Path.GetTempPath() };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "WholeSchoolSend.Functions.dll"));
        start.ArgumentList.Add("--urls=http://127.0.0.1:0");
        foreach (var (name, value) in Pipeline.Settings) start.ArgumentList.Add($"--{name}={value}");
        start.ArgumentList.Add($"--AzureWebJobsStorage={connection}");
        start.ArgumentList.Add($"--SurveyData={connection}");
        foreach (var setting in more) start.ArgumentList.Add(setting);
        var process = Process.Start(start)!;
        var listening = new TaskCompletionSource<Uri>(TaskCreationOptions.RunContinuationsAsynchronously);
        var said = new System.Collections.Concurrent.ConcurrentQueue<string>();
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
