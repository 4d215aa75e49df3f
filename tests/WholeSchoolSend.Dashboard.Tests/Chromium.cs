using System.Diagnostics;
using System.Security.Cryptography;
using Microsoft.Playwright;

[assembly: AssemblyFixture(typeof(WholeSchoolSend.Dashboard.Tests.Chromium))]
[assembly: CollectionBehavior(MaxParallelThreads = 2)]

namespace WholeSchoolSend.Dashboard.Tests;

/// <summary>A real browser, started once. Without one, tests are skipped and say so; in CI they fail.</summary>
public sealed class Chromium : IAsyncLifetime
{
    private static readonly string Executable = Environment.GetEnvironmentVariable("CHROMIUM_PATH") is { Length: > 0 } path ? path : "/usr/bin/chromium";

    private readonly SemaphoreSlim _once = new(1);
    private IPlaywright? _playwright;
    private IBrowser? _browser;
    private string? _modules;

    private static bool InCi => Environment.GetEnvironmentVariable("CI") is "true" or "1";

    public async ValueTask InitializeAsync()
    {
        if (!File.Exists(Executable)) return;
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = Executable, Args = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"] });
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null) await _browser.DisposeAsync();
        _playwright?.Dispose();
        _once.Dispose();
    }

    /// <summary>A page in a fresh profile, in the middle of November 2026.</summary>
    public async Task<IPage> PageAsync(BrowserNewContextOptions? options = null)
    {
        if (_browser is null) SkipOrFail($"No Chromium at {Executable}: install it (apt-get install chromium) or set CHROMIUM_PATH.");
        var context = await _browser!.NewContextAsync(options ?? new());
        var page = await context.NewPageAsync();
        await page.Clock.SetFixedTimeAsync(new DateTime(2026, 11, 25, 9, 0, 0, DateTimeKind.Utc));
        page.SetDefaultTimeout(10_000);
        return page;
    }

    /// <summary>The text of axe-core.</summary>
    public async Task<string> AxeAsync() => await File.ReadAllTextAsync(Path.Combine(await ModulesAsync(), "axe-core", "axe.min.js"));

    /// <summary>Where npm put what the tests run, once into the user's cache.</summary>
    public async Task<string> ModulesAsync()
    {
        await _once.WaitAsync();
        try
        {
            return _modules ??= await InstallAsync();
        }
        finally
        {
            _once.Release();
        }
    }

    private static async Task<string> InstallAsync()
    {
        var source = Path.Combine(AppContext.BaseDirectory, "npm");
        var name = Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(Path.Combine(source, "package-lock.json"))))[..12];
        var cache = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", $"wss-dashboard-tests-{name}");
        var modules = Path.Combine(cache, "node_modules");
        if (!File.Exists(Path.Combine(modules, "axe-core", "axe.min.js")))
        {
            Directory.CreateDirectory(cache);
            foreach (var file in Directory.GetFiles(source)) File.Copy(file, Path.Combine(cache, Path.GetFileName(file)), overwrite: true);
            try
            {
                var npm = OperatingSystem.IsWindows() ? "npm.cmd" : "npm";
                using var install = Process.Start(new ProcessStartInfo(npm, ["ci", "--no-audit", "--no-fund", "--ignore-scripts"]) { WorkingDirectory = cache, RedirectStandardOutput = true })!;
                await install.StandardOutput.ReadToEndAsync();
                await install.WaitForExitAsync();
            }
            catch (System.ComponentModel.Win32Exception)
            {
                SkipOrFail("No npm, which brings the accessibility engine axe-core and the TypeScript compiler.");
            }
        }
        if (!File.Exists(Path.Combine(modules, "axe-core", "axe.min.js"))) SkipOrFail("npm ci did not bring axe-core: is a package registry reachable?");
        return modules;
    }

    private static void SkipOrFail(string why)
    {
        if (InCi) Assert.Fail(why);
        Assert.Skip(why);
    }
}
