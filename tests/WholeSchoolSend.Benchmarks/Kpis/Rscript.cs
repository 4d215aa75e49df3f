using System.Diagnostics;

namespace WholeSchoolSend.Benchmarks.Kpis;

/// <summary>R and its package survey, the baseline of estimates; it times its own work, without its start and without reading the data.</summary>
internal static class Rscript
{
    /// <summary>Runs a script and gives the lines it printed.</summary>
    public static async Task<string[]> RunAsync(string script, params string[] arguments)
    {
        var file = Path.Combine(Path.GetTempPath(), $"benchmark-{Environment.ProcessId}.R");
        await File.WriteAllTextAsync(file, script);
        try
        {
            using var process = Process.Start(new ProcessStartInfo("Rscript", [file, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true })
                ?? throw new InvalidOperationException("Rscript does not start.");
            var (said, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            await process.WaitForExitAsync();
            return process.ExitCode == 0 ? (await said).Split('\n', StringSplitOptions.RemoveEmptyEntries)
                : throw new InvalidOperationException($"R failed; its package survey (Debian: r-cran-survey) is needed. {await errors}");
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>Throws unless both found the same.</summary>
    public static void Agree(string what, double ours, double theirs)
    {
        if (!(Math.Abs(ours - theirs) <= 1e-8 * Math.Max(1e-3, Math.Abs(theirs)))) throw new InvalidOperationException(FormattableString.Invariant($"{what}: ours is {ours:R}, R's {theirs:R}."));
    }
}
