using System.Reflection;

namespace WholeSchoolSend.LocalHost;

/// <summary>The app and what it tells LocalHost about itself by <see cref="AssemblyMetadataAttribute"/>; all of it optional.</summary>
internal sealed record AppInfo(Assembly Assembly, string? StaticFolder, BlobFolder? BlobFolder, CompanionProgram? Companion)
{
    public static AppInfo Of(Assembly assembly)
    {
        var said = assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Where(one => one.Key.StartsWith("LocalHost.", StringComparison.Ordinal) && !string.IsNullOrWhiteSpace(one.Value))
            .ToDictionary(one => one.Key["LocalHost.".Length..], one => one.Value!);
        return new AppInfo(
            assembly,
            said.GetValueOrDefault(nameof(StaticFolder)),
            Two(said, nameof(BlobFolder)) is var (container, connection) ? new BlobFolder(container, connection) : null,
            Two(said, nameof(Companion)) is var (flag, program) ? new CompanionProgram(flag, program) : null);
    }

    private static Tuple<string, string>? Two(Dictionary<string, string> said, string name)
    {
        if (!said.TryGetValue(name, out var value)) return null;
        var words = value.Split(' ', 2, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return words.Length == 2
            ? Tuple.Create(words[0], words[1])
            : throw new CannotStartException($"Assembly metadata LocalHost.{name} should be two words, not '{value}'.");
    }
}

/// <summary>A blob container served read-only below <c>/</c>. The container may be a <c>%Setting%</c>.</summary>
internal sealed record BlobFolder(string Container, string Connection);

/// <summary>A program beside the app, started after the host when <paramref name="Flag"/> is among the arguments.</summary>
internal sealed record CompanionProgram(string Flag, string Path);
