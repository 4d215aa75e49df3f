using System.Text.Json;

namespace WholeSchoolSend.Core.Tests.Statistics.Reference;

/// <summary>One case of an `expected_*.json` file.</summary>
internal sealed record ReferenceCase(
    string Folder, string File, string Id, string Kind, JsonElement Input, JsonElement Expected, double Tolerance, JsonElement Meta)
{
    /// <summary>Fields that come out of an iterative fit have their own tolerance, found by the end of their name.</summary>
    public double ToleranceOf(string field)
    {
        if (Meta.ValueKind != JsonValueKind.Object
            || !Meta.TryGetProperty("conventions", out var conventions)
            || !conventions.TryGetProperty("tolerance_by_field", out var byField)) return Tolerance;
        foreach (var named in byField.EnumerateObject())
        {
            if (named.Value.ValueKind == JsonValueKind.Number && (field == named.Name || field.EndsWith("." + named.Name, StringComparison.Ordinal)))
                return Math.Max(Tolerance, named.Value.GetDouble());
        }

        return Tolerance;
    }
}

/// <summary>
/// The folders reference values are read from: our own copy beside the tests, the folder in REFERENCE_DIR when set, and the shared corpus
/// beside the repository when present. All have the form described in the corpus's README.
/// </summary>
internal static class ReferenceFolder
{
    public const string Variable = "REFERENCE_DIR";

    public static string Own { get; } = Path.Combine(AppContext.BaseDirectory, "files", "statistics");

    public static string? Shared { get; } = FindShared();

    public static IReadOnlyList<string> All { get; } = Find();

    public static IReadOnlyList<ReferenceCase> Cases { get; } =
        [.. All.SelectMany(folder => Directory.EnumerateFiles(folder, "expected_*.json").Order(StringComparer.Ordinal)).SelectMany(Read)];

    public static IEnumerable<string> DisclosurePolicies =>
        All.SelectMany(folder => Directory.EnumerateFiles(folder, "sdc_policy_*.json").Order(StringComparer.Ordinal));

    private static List<string> Find()
    {
        List<string> folders = [Own];
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } given) folders.Add(Path.GetFullPath(given).TrimEnd(Path.DirectorySeparatorChar));
        if (Shared is { } shared) folders.Add(shared);
        return [.. folders.Distinct(StringComparer.Ordinal)];
    }

    private static string? FindShared()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (!File.Exists(Path.Combine(at.FullName, "WholeSchoolSend.Functions.sln"))) continue;
            var shared = Path.GetFullPath(Path.Combine(at.FullName, "..", "shared", "corpus", "statistics"));
            return Directory.Exists(shared) ? shared : null;
        }

        return null;
    }

    private static IEnumerable<ReferenceCase> Read(string file)
    {
        var document = JsonDocument.Parse(File.ReadAllBytes(file)).RootElement;
        var meta = document.TryGetProperty("meta", out var given) ? given : default;
        foreach (var c in document.GetProperty("cases").EnumerateArray())
        {
            yield return new ReferenceCase(
                Path.GetDirectoryName(file)!,
                file,
                c.GetProperty("id").GetString()!,
                c.GetProperty("kind").GetString()!,
                c.GetProperty("input"),
                c.GetProperty("expected"),
                c.TryGetProperty("rel_tol", out var tolerance) ? tolerance.GetDouble() : 1e-8,
                meta);
        }
    }
}
