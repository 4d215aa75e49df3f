using System.Diagnostics;

namespace WholeSchoolSend.Load;

/// <summary>Where Azurite keeps its data: a file system of its own, so that it can be full. Where none may be mounted it is a folder, and never full.</summary>
internal sealed class SmallDisk : IDisposable
{
    private const int Megabytes = 256;

    private SmallDisk(string path, bool mounted) => (Path, CanBeFull) = (path, mounted);

    public string Path { get; }

    public bool CanBeFull { get; }

    private string Ballast => System.IO.Path.Combine(Path, "ballast");

    public static async Task<SmallDisk> MakeAsync()
    {
        var path = Directory.CreateTempSubdirectory("load-").FullName;
        return new SmallDisk(path, OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess && await RunAsync("mount", "-t", "tmpfs", "-o", $"size={Megabytes}m", "tmpfs", path));
    }

    /// <summary>Takes all that is left.</summary>
    public void Fill()
    {
        using var ballast = new FileStream(Ballast, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        var block = new byte[1 << 16];
        try
        {
            while (true) ballast.Write(block);
        }
        catch (IOException)
        {
            // It is full.
        }
    }

    public void Free() => File.Delete(Ballast);

    public void Dispose()
    {
        if (CanBeFull) RunAsync("umount", Path).GetAwaiter().GetResult();
        Directory.Delete(Path, recursive: true);
    }

    private static async Task<bool> RunAsync(string program, params IReadOnlyList<string> arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            await process.WaitForExitAsync();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;   // no such program
        }
    }
}
