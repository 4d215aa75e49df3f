using System.Text.Json;
using Microsoft.Extensions.Configuration;

namespace WholeSchoolSend.LocalHost;

/// <summary>
/// Where settings come from, the later the stronger: appsettings.json, <c>Values</c> of local.settings.json (which stand for environment
/// variables), the environment, the command line.
/// </summary>
internal sealed class Settings
{
    private readonly IConfigurationManager _configuration;
    private readonly string[] _own;

    private Settings(IConfigurationManager configuration, IEnumerable<string> own, string[] notHonoured)
    {
        (_configuration, NotHonoured) = (configuration, notHonoured);
        _own = [.. own.Distinct(StringComparer.OrdinalIgnoreCase)];
    }

    /// <summary>Sections of local.settings.json that Core Tools know and LocalHost does not.</summary>
    public IReadOnlyList<string> NotHonoured { get; }

    public static Settings Load(IConfigurationManager configuration, string environment, string[] args, string? flag)
    {
        var (values, others) = ReadLocalSettings(Path.Combine(AppContext.BaseDirectory, "local.settings.json"));
        // A bare flag would swallow the argument after it.
        var options = args.Where(one => one != flag).ToArray();
        configuration.SetBasePath(AppContext.BaseDirectory)
            .AddJsonFile("appsettings.json", optional: true)
            .AddJsonFile($"appsettings.{environment}.json", optional: true)
            .AddInMemoryCollection(values)
            .AddEnvironmentVariables()
            .AddCommandLine(options);
        var commandLine = new ConfigurationBuilder().AddCommandLine(options).Build().AsEnumerable();
        return new Settings(configuration, [.. values.Keys, .. commandLine.Where(one => one.Value is not null).Select(one => one.Key)], others);
    }

    public string? this[string name] => _configuration[name.Replace("__", ":", StringComparison.Ordinal)] is { Length: > 0 } value ? value : null;

    /// <summary>What a child process cannot know from the environment it inherits.</summary>
    public IEnumerable<KeyValuePair<string, string>> ForChild() =>
        from name in _own
        where _configuration[name] is not null
        select KeyValuePair.Create(name.Replace(":", "__", StringComparison.Ordinal), _configuration[name]!);

    public bool AnyIs(string value) => _configuration.AsEnumerable().Any(one => string.Equals(one.Value?.Trim().TrimEnd(';'), value, StringComparison.OrdinalIgnoreCase));

    public bool HasSection(string name) => _configuration.GetSection(name).GetChildren().Any();

    private static (Dictionary<string, string?> Values, string[] Others) ReadLocalSettings(string file)
    {
        var values = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        if (!File.Exists(file)) return (values, []);
        using var json = Json.Parse(file);
        if (json.RootElement.TryGetProperty("IsEncrypted", out var encrypted) && encrypted.ValueKind == JsonValueKind.True)
            throw new CannotStartException("local.settings.json is encrypted, which LocalHost cannot read. Set IsEncrypted to false.");
        if (json.RootElement.TryGetProperty("Values", out var given))
        {
            foreach (var one in given.EnumerateObject()) values[one.Name.Replace("__", ":", StringComparison.Ordinal)] = one.Value.ToString();
        }
        return (values, [.. json.RootElement.EnumerateObject().Select(one => one.Name).Where(one => one is not ("IsEncrypted" or "Values"))]);
    }
}
