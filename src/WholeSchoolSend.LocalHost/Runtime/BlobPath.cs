using System.Text;
using System.Text.RegularExpressions;

namespace WholeSchoolSend.LocalHost;

/// <summary>A blob trigger's path, such as <c>poll-drop/{supplier}/{name}</c>. The last name also matches slashes.</summary>
internal sealed partial class BlobPath
{
    private readonly Regex _pattern;

    private BlobPath(string container, string prefix, Regex pattern) => (Container, Prefix, _pattern) = (container, prefix, pattern);

    public string Container { get; }

    /// <summary>What every matching blob's name starts with: it shortens the listing.</summary>
    public string Prefix { get; }

    public static BlobPath? TryParse(string path, out string problem)
    {
        var parts = path.Split('/', 2);
        var (container, blob) = (parts[0], parts.Length == 2 ? parts[1] : "");
        var names = Name().Matches(blob).Select(one => one.Groups[1].Value).ToArray();
        problem = !ContainerName().IsMatch(container) ? $"'{container}' is not the name of a container"
            : Name().Replace(blob, "").AsSpan().IndexOfAny('{', '}') >= 0 ? "its braces do not match"
            : names.Distinct(StringComparer.OrdinalIgnoreCase).Count() < names.Length ? "a name occurs twice"
            : "";
        if (problem.Length > 0) return null;

        var pattern = new StringBuilder("^");
        var at = 0;
        foreach (Match one in Name().Matches(blob))
        {
            pattern.Append(Regex.Escape(blob[at..one.Index]));
            at = one.Index + one.Length;
            pattern.Append(Name().IsMatch(blob, at) ? $"(?<{one.Groups[1].Value}>[^/]+)" : $"(?<{one.Groups[1].Value}>.+)");
        }
        pattern.Append(Regex.Escape(blob[at..])).Append('$');
        var prefix = names.Length == 0 ? blob : blob[..blob.IndexOf('{', StringComparison.Ordinal)];
        return new BlobPath(container, prefix, new Regex(blob.Length == 0 ? "" : pattern.ToString(), RegexOptions.CultureInvariant | RegexOptions.Singleline));
    }

    /// <summary>The values of the names in the path, or null where the blob is none of this trigger's.</summary>
    public IReadOnlyDictionary<string, object?>? Match(string blob)
    {
        var match = _pattern.Match(blob);
        return match.Success
            ? match.Groups.Values.Skip(1).ToDictionary(one => one.Name, object? (one) => one.Value, StringComparer.OrdinalIgnoreCase)
            : null;
    }

    [GeneratedRegex(@"\{([A-Za-z_][A-Za-z0-9_]*)\}")]
    private static partial Regex Name();

    [GeneratedRegex(@"^(\$web|\$root|[a-z0-9](-?[a-z0-9]){2,62})$")]
    private static partial Regex ContainerName();
}
