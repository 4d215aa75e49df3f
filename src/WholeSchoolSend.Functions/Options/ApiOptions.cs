using System.Collections.Frozen;
using Microsoft.Extensions.Configuration;
using WholeSchoolSend.Core.Webhooks;
using WholeSchoolSend.Core.Webhooks.Vendors;

namespace WholeSchoolSend.Functions.Options;

/// <summary>
/// How the vendor of one source is asked for responses, <c>Sources__{source}__Api__…</c>; left out, it is not asked. What is wrong stops the start,
/// misspelt names included: a source that is thought to heal and does not would be noticed too late.
/// </summary>
public sealed class ApiOptions
{
    private static readonly HashSet<string> Names = new(typeof(ApiOptions).GetProperties().Select(property => property.Name), StringComparer.OrdinalIgnoreCase);

    /// <value>The vendor's API; left out where the vendor has one for everybody. HTTPS, but for this machine.</value>
    public string? BaseAddress { get; set; }

    /// <value>The credential; for SmartSurvey <c>token:secret</c>.</value>
    public string? Token { get; set; }

    /// <value>Requests at most in a minute; left out, what the vendor documents.</value>
    public string? PerMinute { get; set; }

    /// <value>Requests at most in a day; left out, what the vendor documents.</value>
    public string? PerDay { get; set; }

    /// <summary>Reads the vendors of these sources; throws <see cref="InvalidOperationException"/> naming each setting that is wrong, never what it holds.</summary>
    public static FrozenDictionary<string, VendorSource> Read(IConfiguration configuration, FrozenDictionary<string, Source> sources)
    {
        var wrong = new List<string>();
        var vendors = configuration.GetSection("Sources").GetChildren()
            .Where(section => section.GetSection("Api").Exists() && sources.ContainsKey(section.Key))
            .Select(section => Vendor(sources[section.Key], section.GetSection("Api"), wrong))
            .OfType<VendorSource>()
            .ToFrozenDictionary(vendor => vendor.Name, StringComparer.Ordinal);
        return wrong.Count == 0 ? vendors : throw new InvalidOperationException($"Settings of sources are wrong. {string.Join(' ', wrong)}");
    }

    private static VendorSource? Vendor(Source source, IConfigurationSection section, List<string> wrong)
    {
        var before = wrong.Count;
        void Wrong(string setting, string should) => wrong.Add($"Sources__{source.Name}__Api{setting} {should}.");

        foreach (var unknown in section.GetChildren().Where(child => !Names.Contains(child.Key)))
            Wrong($"__{unknown.Key}", $"is none of {string.Join(", ", Names.Order(StringComparer.Ordinal))}");
        if (source.Tool is null || !VendorApi.All.TryGetValue(source.Tool.Name, out var api))
        {
            Wrong("", $"belongs to a source whose tool is one of {string.Join(", ", VendorApi.All.Keys.Order(StringComparer.Ordinal))}");
            return null;
        }
        var given = section.Get<ApiOptions>() ?? new ApiOptions();
        if (api.Refuses(given.Token ?? "") is { } should) Wrong("__Token", should);
        var address = given.BaseAddress is null ? api.UsualAddress : Uri.TryCreate(given.BaseAddress, UriKind.Absolute, out var written) ? written : null;
        if (address is null || !IsSafe(address))
            Wrong("__BaseAddress", $"should be an https address without user, parameters or fragment{(api.UsualAddress is null ? ", your own at the vendor" : $", or left out for {api.UsualAddress}")}");
        var perMinute = Limit("__PerMinute", given.PerMinute, api.UsualLimits.PerMinute, Wrong);
        var perDay = Limit("__PerDay", given.PerDay, api.UsualLimits.PerDay, Wrong);
        return wrong.Count == before ? new VendorSource(source.Name, api, address!, given.Token!, perMinute, perDay) : null;
    }

    private static bool IsSafe(Uri address) =>
        (address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback))
        && address.UserInfo.Length == 0 && address.Query.Length == 0 && address.Fragment.Length == 0;

    private static int Limit(string setting, string? given, int usual, Action<string, string> wrong)
    {
        if (given is null) return usual;
        if (int.TryParse(given, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var limit) && limit is >= 1 and <= 1_000_000) return limit;
        wrong(setting, "should be a whole number from 1 to 1,000,000");
        return usual;
    }
}
