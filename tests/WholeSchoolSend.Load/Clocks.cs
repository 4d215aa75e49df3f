using System.Globalization;

namespace WholeSchoolSend.Load;

/// <summary>The clock processes see, which libfaketime lets jump while they run. Where it is not there, it is the machine's.</summary>
internal sealed class Clocks : IDisposable
{
    private readonly string? _library = Directory.Exists("/usr/lib")
        ? Directory.EnumerateFiles("/usr/lib", "libfaketimeMT.so.1", new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 3, IgnoreInaccessible = true }).FirstOrDefault()
        : null;

    private readonly string _offset = Path.GetTempFileName();

    public Clocks() => Jump(TimeSpan.Zero);

    public IReadOnlyDictionary<string, string> Environment => _library is null ? new Dictionary<string, string>() : new Dictionary<string, string>
    {
        ["LD_PRELOAD"] = _library,
        ["FAKETIME_TIMESTAMP_FILE"] = _offset,
        ["FAKETIME_NO_CACHE"] = "1",
        ["FAKETIME_DONT_FAKE_MONOTONIC"] = "1",   // time that passes still passes
    };

    public bool CanJump => _library is not null;

    public void Jump(TimeSpan by) => File.WriteAllText(_offset, string.Create(CultureInfo.InvariantCulture, $"{by.TotalSeconds:+0;-0;+0}"));

    public void Dispose() => File.Delete(_offset);
}
