using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using WholeSchoolSend.Testing;

namespace WholeSchoolSend.Infra.Tests;

/// <summary>A copy of <c>infra/</c> that a test may spoil, and the programs that read it.</summary>
public sealed class Infra : IDisposable
{
    private readonly string _temporary = Directory.CreateTempSubdirectory("wss-infra-").FullName;

    public Infra()
    {
        // The scripts count the functions in the source beside them.
        Copy(Path.Combine(Repository.Root, "infra"), Folder);
        Copy(Path.Combine(Repository.Root, "src/WholeSchoolSend.Functions/Triggers"), Path.Combine(_temporary, "src/WholeSchoolSend.Functions/Triggers"));
    }

    /// <summary>The program, as NuGet keeps it.</summary>
    public static string Bicep { get; } =
        typeof(Infra).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(one => one.Key == "Bicep").Value!;

    /// <summary>The copy.</summary>
    public string Folder => Path.Combine(_temporary, "infra");

    /// <summary>A folder for what a test makes.</summary>
    public string Scratch => Directory.CreateDirectory(Path.Combine(_temporary, "scratch")).FullName;

    /// <summary>The package has Bicep for Linux x64; others are not in every package source.</summary>
    public static void NeedsBicep() =>
        Assert.SkipUnless(
            OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64,
            "The Bicep program is packaged for Linux x64 only: CI checks infra/ there.");

    /// <summary>The scripts are for a shell.</summary>
    public static void NeedsShell() => Assert.SkipUnless(OperatingSystem.IsLinux(), "The scripts of infra/ are tried on Linux only.");

    /// <summary>Resources of a golden snapshot, or of one in the copy.</summary>
    public static IReadOnlyList<JsonNode> Predicted(string name, string? folder = null)
    {
        var snapshot = JsonNode.Parse(File.ReadAllText(Path.Combine(folder ?? Path.Combine(Repository.Root, "infra"), $"{name}.snapshot.json")))!;
        return [.. snapshot["predictedResources"]!.AsArray().Select(one => one!)];
    }

    public Ran RunBicep(params string[] arguments) => RunBicep(arguments, new Dictionary<string, string>());

    public Ran RunBicep(IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment)
    {
        NeedsBicep();
        return Run(Bicep, arguments, environment);
    }

    /// <summary>What is predicted of a set of parameters in the copy.</summary>
    public Ran Snapshot(string parameters, string mode) => RunBicep(
        "snapshot", $"{parameters}.bicepparam", "--mode", mode, "--subscription-id", "00000000-0000-0000-0000-000000000001", "--resource-group", "wss",
        "--location", "uksouth", "--deployment-name", "golden");

    /// <summary>Replaces a text that must be there in a file of the copy.</summary>
    public void Change(string file, string from, string to)
    {
        var path = Path.Combine(Folder, file);
        var text = File.ReadAllText(path);
        Assert.Contains(from, text, StringComparison.Ordinal);
        File.WriteAllText(path, text.Replace(from, to, StringComparison.Ordinal));
    }

    public Ran Run(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = Folder, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        using var limit = new Timer(_ => process.Kill(entireProcessTree: true), null, TimeSpan.FromMinutes(2), Timeout.InfiniteTimeSpan);
        var error = new StringBuilder();
        process.ErrorDataReceived += (_, line) => error.AppendLine(line.Data);
        process.BeginErrorReadLine();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new Ran(process.ExitCode, output, error.ToString().Trim());
    }

    public void Dispose() => Directory.Delete(_temporary, recursive: true);

    private static void Copy(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }
}

/// <summary>Reading a snapshot.</summary>
public static class Predictions
{
    /// <summary>Those of one type, such as <c>Microsoft.Web/sites</c>.</summary>
    public static IEnumerable<JsonNode> Of(this IReadOnlyList<JsonNode> resources, string type) => resources.Where(one => (string?)one["type"] == type);

    /// <summary>The last part of its name: what it is called within its parent.</summary>
    public static string OwnName(this JsonNode resource) => ((string)resource["name"]!).Split('/')[^1];
}

/// <summary>How a program ended and what it said.</summary>
public sealed record Ran(int Code, string Output, string Error)
{
    public string Said => Output + Error;
}
