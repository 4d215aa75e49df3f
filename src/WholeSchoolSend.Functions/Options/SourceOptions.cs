using System.Collections.Frozen;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;
using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Functions.Options;

/// <summary>
/// The settings of one source, <c>Sources__{source}__…</c>. What cannot be verified as configured stops the start: an unknown scheme never
/// means "let everything in", and a misspelt name is not left out unheard.
/// </summary>
public sealed partial class SourceOptions
{
    private static readonly HashSet<string> Names =
        new([.. typeof(SourceOptions).GetProperties().Select(property => property.Name), "Api"], StringComparer.OrdinalIgnoreCase);

    /// <value>One of the tools of this build, or <c>retired</c>.</value>
    public string? Tool { get; set; }

    /// <value>How deliveries prove themselves. The default is <c>signature</c> where the tool signs; <c>none</c> only when written out.</value>
    public string? Verification { get; set; }

    /// <value>One secret, or two while one replaces the other.</value>
    public IList<string?> Secrets { get; } = [];

    /// <value>The header with the signature or the secret, where it is not the usual one.</value>
    public string? Header { get; set; }

    /// <value>The parameter of the address with the secret, where it is not <c>key</c>.</value>
    public string? Query { get; set; }

    /// <value>The zone of the sender's clock, an IANA id such as <c>Europe/London</c>, for a tool that sends times without one. The default is UTC.</value>
    public string? TimeZone { get; set; }

    /// <summary>Reads every source from the configuration; throws <see cref="InvalidOperationException"/> naming each setting that is wrong.</summary>
    public static FrozenDictionary<string, Source> Read(IConfiguration configuration)
    {
        var wrong = new List<string>();
        var sources = configuration.GetSection("Sources").GetChildren()
            .Select(section => section.Get<SourceOptions>()?.Source(section.Key, section.GetChildren().Select(child => child.Key), wrong))
            .OfType<Source>()
            .ToFrozenDictionary(source => source.Name, StringComparer.Ordinal);
        return wrong.Count == 0 ? sources : throw new InvalidOperationException($"Settings of sources are wrong. {string.Join(' ', wrong)}");
    }

    private Source? Source(string name, IEnumerable<string> settings, List<string> wrong)
    {
        var before = wrong.Count;
        void Wrong(string setting, string should) => wrong.Add($"Sources__{name}__{setting} {should}.");

        if (!NamePattern().IsMatch(name)) wrong.Add($"Sources__{name}: a source's name should be lower-case letters, digits and underscores, at most 64.");
        foreach (var unknown in settings.Where(setting => !Names.Contains(setting)))
            Wrong(unknown, $"is none of {string.Join(", ", Names.Order(StringComparer.Ordinal))}");
        if (Tool == "retired") return new Source(name, null, Core.Webhooks.Verification.None, [], null);
        if (Tool is null || !SurveyTool.All.TryGetValue(Tool, out var tool))
        {
            Wrong("Tool", $"should be one of {string.Join(", ", SurveyTool.All.Keys.Order(StringComparer.Ordinal))} or retired");
            return null;
        }
        var written = Verification ?? (tool.Signature(Header) is null ? "" : "signature");
        var schemes = Enum.GetValues<Verification>().Where(scheme => scheme == Core.Webhooks.Verification.None || tool.Scheme(scheme, null) is not null).ToList();
        // By name only: a number, or names with commas between them, would be read as an enumeration too.
        var position = schemes.FindIndex(scheme => string.Equals(scheme.ToString(), written, StringComparison.OrdinalIgnoreCase));
        if (position < 0)
        {
            Wrong("Verification", $"should be one of those {Tool} can have: {string.Join(", ", schemes.Select(scheme => scheme.ToString().ToLowerInvariant()))}");
            return null;
        }
        var carrier = schemes[position] == Core.Webhooks.Verification.Query ? Query : Header;
        if (carrier is { Length: 0 }) Wrong("Header", "should be a name, or left out");
        if (tool.Scheme(schemes[position], carrier) is { } scheme)
        {
            if (Secrets.Count is < 1 or > 2) Wrong("Secrets__0", "should hold a secret, and Secrets__1 at most a second one");
            for (var secret = 0; secret < Secrets.Count; secret++)
                if (scheme.Refuses(Secrets[secret] ?? "") is { } should) Wrong($"Secrets__{secret}", should);
        }
        var zone = TimeZoneInfo.Utc;
        if (TimeZone is not null && !tool.SendsLocalTimes) Wrong("TimeZone", $"should be left out: {Tool} says the zone of its times itself");
        else if (TimeZone is not null && (!IanaPattern().IsMatch(TimeZone) || !TimeZoneInfo.TryFindSystemTimeZoneById(TimeZone, out zone)))
            Wrong("TimeZone", "should be the IANA id of a time zone such as Europe/London");
        return wrong.Count == before ? new Source(name, tool, schemes[position], [.. Secrets.OfType<string>()], carrier) { Zone = zone! } : null;
    }

    [GeneratedRegex("^[a-z0-9_]{1,64}$", RegexOptions.CultureInvariant)]
    private static partial Regex NamePattern();

    /// <summary>Not the names Windows has for zones, which other systems do not know.</summary>
    [GeneratedRegex("^(UTC|[A-Za-z_]+(/[A-Za-z0-9_+-]+)+)$", RegexOptions.CultureInvariant)]
    private static partial Regex IanaPattern();
}
