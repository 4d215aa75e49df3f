using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace WholeSchoolSend.LocalHost;

/// <summary>
/// host.json, as far as LocalHost honours it. As on the real host a setting <c>AzureFunctionsJobHost__a__b</c> overrides <c>a.b</c>.
/// </summary>
internal sealed class HostJson
{
    private static readonly string[] Honoured =
    [
        // Telemetry of the host itself: there is none here. Strict transport security: a browser minds it over HTTPS only, and here there is none.
        "telemetryMode", "extensions:http:hsts",
        "version", "functionTimeout", "logging:logLevel", "extensions:http:routePrefix", "extensions:http:customHeaders",
        "extensions:blobs:maxDegreeOfParallelism", "extensions:blobs:poisonBlobThreshold",
    ];

    private readonly IConfiguration _json;

    private HostJson(IConfiguration json) => _json = json;

    public TimeSpan FunctionTimeout { get; private init; } = TimeSpan.FromMinutes(30);
    public int BlobsAtOnce { get; private init; }
    public int BlobTries { get; private init; }
    public string RoutePrefix => (_json["extensions:http:routePrefix"] ?? "api").Trim('/');
    public IEnumerable<KeyValuePair<string, string?>> CustomHeaders => Children("extensions:http:customHeaders");

    /// <summary>What the file asks for and nobody here does.</summary>
    public IEnumerable<string> NotHonoured =>
        from one in _json.AsEnumerable()
        where one.Value is not null && !Honoured.Any(key => one.Key.Equals(key, StringComparison.OrdinalIgnoreCase) || one.Key.StartsWith($"{key}:", StringComparison.OrdinalIgnoreCase))
        orderby one.Key
        select one.Key.Replace(':', '.');

    public IEnumerable<KeyValuePair<string, LogLevel>> LogLevels =>
        Children("logging:logLevel").Select(one => KeyValuePair.Create(
            one.Key.Equals("default", StringComparison.OrdinalIgnoreCase) ? "" : one.Key,
            Enum.TryParse<LogLevel>(one.Value, ignoreCase: true, out var level) ? level : throw Wrong($"logging.logLevel.{one.Key}", one.Value)));

    public static HostJson Load(string file, IConfiguration settings)
    {
        if (!File.Exists(file)) throw new CannotStartException($"host.json is missing: there should be one at {file}.");
        Json.Parse(file).Dispose();
        var json = new ConfigurationBuilder().AddJsonFile(file).AddInMemoryCollection(settings.GetSection("AzureFunctionsJobHost").AsEnumerable(makePathsRelative: true).Where(one => one.Value is not null)).Build();
        if (json["version"] != "2.0") throw Wrong("version", json["version"], "\"2.0\"");
        return new HostJson(json)
        {
            FunctionTimeout = Timeout(json["functionTimeout"]),
            BlobsAtOnce = Whole(json, "extensions:blobs:maxDegreeOfParallelism", 8 * Environment.ProcessorCount),
            BlobTries = Whole(json, "extensions:blobs:poisonBlobThreshold", 5),
        };
    }

    private static TimeSpan Timeout(string? text)
    {
        if (text is null) return TimeSpan.FromMinutes(30);
        if (text == "-1") return System.Threading.Timeout.InfiniteTimeSpan;
        return TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var time) && time > TimeSpan.Zero ? time : throw Wrong("functionTimeout", text, "a time such as \"00:10:00\"");
    }

    private static int Whole(IConfiguration json, string key, int otherwise)
    {
        if (json[key] is not { } text) return otherwise;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? number : throw Wrong(key.Replace(':', '.'), text, "a whole number above 0");
    }

    private static CannotStartException Wrong(string key, string? value, string? wanted = null) =>
        new($"host.json: {key} cannot be '{value}'{(wanted is null ? "" : $"; it should be {wanted}")}.");

    private IEnumerable<KeyValuePair<string, string?>> Children(string key) =>
        _json.GetSection(key).AsEnumerable(makePathsRelative: true).Where(one => one.Value is not null);
}
