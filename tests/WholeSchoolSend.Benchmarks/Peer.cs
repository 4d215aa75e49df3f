using System.Diagnostics;
using System.Text;

namespace WholeSchoolSend.Benchmarks;

/// <summary>A program of somebody else's, where it is installed.</summary>
internal static class Peer
{
    public static bool IsInstalled(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, program)));

    /// <summary>Whether R is here, and has this package.</summary>
    public static async Task<bool> HasRPackageAsync(string package) =>
        IsInstalled("Rscript") && await StartAsync("Rscript", ["-e", $"quit(status = !requireNamespace('{package}', quietly = TRUE))"], Stream.Null) == 0;

    /// <summary>Runs it, what it prints going to a stream; gives its exit code back.</summary>
    public static async Task<int> StartAsync(string program, IReadOnlyList<string> arguments, Stream output)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        await Task.WhenAll(process.StandardOutput.BaseStream.CopyToAsync(output), process.StandardError.BaseStream.CopyToAsync(Stream.Null));
        await process.WaitForExitAsync();
        return process.ExitCode;
    }

    /// <summary>Runs it and gives back what it printed.</summary>
    public static async Task<string> SaidAsync(string program, params string[] arguments)
    {
        using var output = new MemoryStream();
        var code = await StartAsync(program, arguments, output);
        return code == 0 ? Encoding.UTF8.GetString(output.ToArray()) : throw new InvalidOperationException($"{program} ended with {code}.");
    }
}
