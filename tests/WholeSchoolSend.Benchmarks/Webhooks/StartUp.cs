using System.Diagnostics;
using WholeSchoolSend.LocalHost;
using WholeSchoolSend.Testing;

namespace WholeSchoolSend.Benchmarks.Webhooks;

/// <summary>From nothing to the first response that is taken.</summary>
internal sealed class StartUp : Benchmark
{
    private const int Rounds = 7;

    public override string Name => "start-up";

    public override string Title => "Start-up";

    public override string Words =>
        "The program in a process of its own, Azurite warm and its tables there: from the start of the process to the first 200, to a probe and to a signed response. The baseline is this program doing nothing but starting "
        + "and ending. Budget: 2 s to the first 200.";

    public override async Task<Findings> RunAsync()
    {
        await using var azurite = await Azurite.StartAsync();
        var (empty, probe, response) = (new Samples(), new Samples(), new Samples());
        for (var round = -1; round < Rounds; round++)
        {
            var clock = Stopwatch.GetTimestamp();
            await Child.StartAsync("empty");
            var nothing = Stopwatch.GetElapsedTime(clock).TotalSeconds;
            var (probed, taken) = await StartAsync(azurite.ConnectionString, round);
            if (round < 0) continue;   // makes the tables
            empty.Add(nothing);
            probe.Add(probed);
            response.Add(taken);
        }
        return new Findings(
            ["from the start to", "s", "÷ an empty process"],
            [["the end of an empty process", $"{empty}", "1"], ["the first 200 (a probe)", $"{probe}", $"{probe.Over(empty)}"], ["the first response taken", $"{response}", $"{response.Over(empty)}"]],
            []);
    }

    private static async Task<(double Probe, double Response)> StartAsync(string connection, int round)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Path.GetTempPath() };
        start.ArgumentList.Add(typeof(Functions.App).Assembly.Location);
        foreach (var setting in App.Settings(connection)) if (!setting.StartsWith("--Logging", StringComparison.Ordinal)) start.ArgumentList.Add(setting);
        var clock = Stopwatch.GetTimestamp();
        using var process = Process.Start(start)!;
        try
        {
            using var http = new HttpClient { BaseAddress = await ListeningAsync(process) };
            (await http.GetAsync($"/api/webhooks/{App.Source}")).EnsureSuccessStatusCode();
            var probed = Stopwatch.GetElapsedTime(clock).TotalSeconds;
            if (round < 0) (await http.PutAsync("/api/instruments/leaders", new StringContent(Post.Instrument("typeform", App.Source)))).EnsureSuccessStatusCode();
            var post = Post.By("typeform", Submission.A($"{100_000_000 + round}")).Proven("typeform", "signature", App.Secret, TimeProvider.System.GetUtcNow());
            (await http.SendAsync(post.To($"/api/webhooks/{App.Source}"))).EnsureSuccessStatusCode();
            return (probed, Stopwatch.GetElapsedTime(clock).TotalSeconds);
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
    }

    private static async Task<Uri> ListeningAsync(Process process)
    {
        const string told = "Listening on ";
        process.BeginErrorReadLine();
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.IndexOf(told, StringComparison.Ordinal) is not (>= 0 and var at)) continue;
            _ = process.StandardOutput.ReadToEndAsync();   // or it would wait for somebody to read
            return new Uri(line[(at + told.Length)..].Split(' ')[0]);
        }
        throw new InvalidOperationException("The program ended before it listened.");
    }
}
