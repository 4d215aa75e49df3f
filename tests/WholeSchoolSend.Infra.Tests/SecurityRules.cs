using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace WholeSchoolSend.Infra.Tests;

/// <summary>What must hold of every estate, read from its snapshot. Bicep checks types, but takes any text where Azure's list of values is open.</summary>
public static partial class SecurityRules
{
    /// <summary>Who may have which role where; nothing else is allowed. Ids are Azure's, written twice so that a slip is seen.</summary>
    public static readonly IReadOnlySet<(string Who, string Role, string Scope)> Roles = new HashSet<(string, string, string)>
    {
        ("app", "Storage Blob Data Owner", "host"),
        ("app", "Storage Queue Data Contributor", "host"),
        ("app", "Storage Table Data Contributor", "host"),
        ("app", "Storage Blob Data Contributor", "data"),
        ("app", "Storage Queue Data Contributor", "data"),
        ("app", "Storage Table Data Contributor", "data"),
        ("app", "Key Vault Secrets User", "vault"),
        ("app", "Monitoring Metrics Publisher", "insights"),
        ("topic", "Storage Blob Data Contributor", "host/undelivered-events"),
        ("operators", "Storage Blob Delegator", "data"),
        ("operators", "Storage Blob Data Contributor", "data/poll-drop"),
        ("operators", "Storage Blob Data Contributor", "data/register"),
        ("operators", "Storage Blob Data Reader", "data/poll-reports"),
        ("vault keepers", "Key Vault Secrets Officer", "vault"),
    };

    /// <summary>As main.prod.bicepparam makes them up.</summary>
    private const string VaultKeepers = "00000000-0000-0000-0000-00000000000b";

    private static readonly Dictionary<string, string> RoleNames = new()
    {
        ["b7e6dc6d-f1e8-4753-8033-0f276bb0955b"] = "Storage Blob Data Owner",
        ["ba92f5b4-2d11-453d-a403-e96b0029c9fe"] = "Storage Blob Data Contributor",
        ["2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"] = "Storage Blob Data Reader",
        ["db58b8e5-c6ad-4a2a-8342-4190687cbf4a"] = "Storage Blob Delegator",
        ["974c5e8b-45b9-4653-ba55-5f855dd0fb88"] = "Storage Queue Data Contributor",
        ["0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3"] = "Storage Table Data Contributor",
        ["4633458b-17de-408a-b874-0445c86b69e6"] = "Key Vault Secrets User",
        ["b86a8fe4-44ce-4948-aee5-eccb2c155cd7"] = "Key Vault Secrets Officer",
        ["3913510d-42f4-4e42-8a64-420c390055eb"] = "Monitoring Metrics Publisher",
    };

    /// <summary>Settings that Flex Consumption replaces, refuses or ignores.</summary>
    private static readonly HashSet<string> RefusedSettings =
    [
        "ENABLE_ORYX_BUILD", "FUNCTIONS_EXTENSION_VERSION", "FUNCTIONS_WORKER_RUNTIME", "FUNCTIONS_WORKER_RUNTIME_VERSION",
        "FUNCTIONS_MAX_HTTP_CONCURRENCY", "SCM_DO_BUILD_DURING_DEPLOYMENT", "TZ", "WEBSITE_CONTENTAZUREFILECONNECTIONSTRING",
        "WEBSITE_CONTENTSHARE", "WEBSITE_CONTENTOVERVNET", "WEBSITE_DNS_SERVER", "WEBSITE_MAX_DYNAMIC_APPLICATION_SCALE_OUT",
        "WEBSITE_RUN_FROM_PACKAGE", "WEBSITE_TIME_ZONE", "WEBSITE_USE_PLACEHOLDER", "WEBSITE_VNET_ROUTE_ALL",
    ];

    private static readonly string[] RefusedProperties =
    [
        "alwaysOn", "containerSize", "ftpsState", "functionAppScaleLimit", "linuxFxVersion", "netFrameworkVersion", "preWarmedInstanceCount",
        "use32BitWorkerProcess", "vnetRouteAllEnabled", "windowsFxVersion",
    ];

    /// <summary>Each finding begins with the name of its rule.</summary>
    public static IEnumerable<string> Findings(IReadOnlyList<JsonNode> resources) =>
    [
        .. resources.Of("Microsoft.Storage/storageAccounts").SelectMany(OfAccount),
        .. resources.Of("Microsoft.Storage/storageAccounts/blobServices").SelectMany(OfBlobs),
        .. resources.Of("Microsoft.Storage/storageAccounts/blobServices/containers")
            .Where(one => Text(one, "properties.publicAccess") != "None").Select(one => $"public-blobs: {one["name"]}"),
        .. resources.Of("Microsoft.Web/sites").SelectMany(OfSite),
        .. Settings(resources).SelectMany(OfSetting),
        .. OfPasswords(resources),
        .. resources.Of("Microsoft.Web/serverfarms")
            .Where(one => Text(one, "sku.name") != "FC1" || Text(one, "sku.tier") != "FlexConsumption").Select(one => "plan: not Flex Consumption"),
        .. resources.Of("Microsoft.KeyVault/vaults").SelectMany(OfVault),
        .. resources.Of("Microsoft.Insights/components")
            .Where(one => !Is(one, "properties.DisableLocalAuth", true)).Select(one => "insights: telemetry by key"),
        .. resources.Of("Microsoft.OperationalInsights/workspaces")
            .Where(one => !Is(one, "properties.features.disableLocalAuth", true)).Select(one => "insights: logs by key"),
        .. Given(resources).Where(given => !Roles.Contains(given)).Select(given => $"role: {given.Who} has {given.Role} on {given.Scope}"),
        .. resources.SelectMany(one => SecretText().Matches(one.ToJsonString()).Select(secret => $"secret: {secret.Value} in {one["type"]}")),
    ];

    private static IEnumerable<string> OfAccount(JsonNode account)
    {
        var name = account.OwnName();
        if (!Is(account, "properties.allowSharedKeyAccess", false)) yield return $"shared-key: {name}";
        if (!Is(account, "properties.defaultToOAuthAuthentication", true)) yield return $"shared-key: the portal of {name}";
        if (!Is(account, "properties.allowBlobPublicAccess", false)) yield return $"public-blobs: {name}";
        if (Text(account, "properties.minimumTlsVersion") is not ("TLS1_2" or "TLS1_3")) yield return $"tls: {name}";
        if (!Is(account, "properties.supportsHttpsTrafficOnly", true)) yield return $"tls: {name} takes http";
        if (Text(account, "kind") != "StorageV2") yield return $"kind: {name}";
        if (!Is(account, "properties.isLocalUserEnabled", false) || !Is(account, "properties.isSftpEnabled", false)) yield return $"local-users: {name}";
    }

    private static IEnumerable<string> OfBlobs(JsonNode service)
    {
        var name = (string)service["name"]!;
        if (Is(service, "properties.staticWebsite.enabled", true) != name.StartsWith("wssdata", StringComparison.Ordinal)) yield return $"website: {name}";
        if (!Is(service, "properties.deleteRetentionPolicy.enabled", true)) yield return $"soft-delete: {name}";
        if (!Is(service, "properties.containerDeleteRetentionPolicy.enabled", true)) yield return $"soft-delete: containers of {name}";
        if (!Is(service, "properties.isVersioningEnabled", false)) yield return $"versions: {name} would keep what was erased";
        if (At(service, "properties.cors") is not null) yield return $"cors: {name}";
    }

    private static IEnumerable<string> OfSite(JsonNode site)
    {
        if (!Is(site, "properties.httpsOnly", true)) yield return "tls: the app takes http";
        if (Text(site, "properties.siteConfig.minTlsVersion") is not ("1.2" or "1.3")) yield return "tls: the app";
        if (Text(site, "kind") != "functionapp,linux") yield return "kind: the app";
        if (Text(site, "properties.functionAppConfig.runtime.name") != "dotnet-isolated") yield return "runtime: not isolated .NET";
        if (Text(site, "properties.functionAppConfig.runtime.version") != "10.0") yield return "runtime: not .NET 10";
        if (Text(site, "properties.functionAppConfig.deployment.storage.authentication.type") != "UserAssignedIdentity") yield return "shared-key: deployment";
        foreach (var refused in RefusedProperties)
            if (At(site, $"properties.{refused}") is not null || At(site, $"properties.siteConfig.{refused}") is not null) yield return $"flex: {refused}";
    }

    private static IEnumerable<string> OfSetting(KeyValuePair<string, string> setting)
    {
        if (RefusedSettings.Contains(setting.Key)) yield return $"flex: {setting.Key}";
        if (SecretSetting().IsMatch(setting.Key) && !setting.Value.StartsWith("@Microsoft.KeyVault(VaultName=", StringComparison.Ordinal))
            yield return $"secret: {setting.Key} is no reference to the vault";
    }

    private static IEnumerable<string> OfPasswords(IReadOnlyList<JsonNode> resources)
    {
        var forbidden = resources.Of("Microsoft.Web/sites/basicPublishingCredentialsPolicies")
            .Where(one => Is(one, "properties.allow", false)).Select(one => one.OwnName());
        if (!forbidden.Order().SequenceEqual(["ftp", "scm"])) yield return "passwords: deploying by one is not forbidden";
    }

    private static IEnumerable<string> OfVault(JsonNode vault)
    {
        if (!Is(vault, "properties.enableRbacAuthorization", true)) yield return "vault: rights by access policies";
        if (At(vault, "properties.accessPolicies") is not null) yield return "vault: an access policy";
        if (!Is(vault, "properties.enablePurgeProtection", true)) yield return "vault: the pseudonym key could be lost for good";
        if (!Is(vault, "properties.enableSoftDelete", true)) yield return "vault: no soft delete";
        foreach (var open in new[] { "enabledForDeployment", "enabledForDiskEncryption", "enabledForTemplateDeployment" })
            if (!Is(vault, $"properties.{open}", false)) yield return $"vault: {open}";
    }

    /// <summary>The roles an estate gives, in words.</summary>
    public static IEnumerable<(string Who, string Role, string Scope)> Given(IReadOnlyList<JsonNode> resources)
    {
        foreach (var assignment in resources.Of("Microsoft.Authorization/roleAssignments"))
        {
            var id = (string)assignment["id"]!;
            var principal = (string)assignment["properties"]!["principalId"]!;
            var role = ((string)assignment["properties"]!["roleDefinitionId"]!).Split('/')[^1];
            var scope = id[..id.IndexOf("/providers/Microsoft.Authorization/", StringComparison.Ordinal)];
            var who = principal.Contains("/userAssignedIdentities/", StringComparison.Ordinal) ? "app"
                : principal.Contains("/systemTopics/", StringComparison.Ordinal) ? "topic"
                : principal == VaultKeepers ? "vault keepers" : "operators";
            yield return (who, RoleNames.GetValueOrDefault(role, role), ScopeName(scope));
        }
    }

    /// <summary>The app's settings, by name.</summary>
    public static IReadOnlyDictionary<string, string> Settings(IReadOnlyList<JsonNode> resources) =>
        At(resources.Of("Microsoft.Web/sites").Single(), "properties.siteConfig.appSettings")!.AsArray()
            .ToDictionary(one => (string)one!["name"]!, one => (string)one!["value"]!);

    private static string ScopeName(string scope) => ScopePattern().Match(scope) switch
    {
        { Success: false } => scope,
        var match when match.Groups["container"].Success => $"{match.Groups["account"]}/{match.Groups["container"]}",
        var match when match.Groups["account"].Success => match.Groups["account"].Value,
        var match => match.Groups["vault"].Success ? "vault" : "insights",
    };

    /// <summary>What lies at a path of names with dots between; <see langword="null"/> where one of them is missing.</summary>
    private static JsonNode? At(JsonNode node, string path) => path.Split('.').Aggregate((JsonNode?)node, (at, name) => (at as JsonObject)?[name]);

    private static bool Is(JsonNode node, string path, bool value) =>
        At(node, path) is JsonValue found && found.GetValueKind() == (value ? JsonValueKind.True : JsonValueKind.False);

    private static string? Text(JsonNode node, string path) => At(node, path) is JsonValue found ? (string?)found : null;

    [GeneratedRegex(
        "/resourceGroups/[^/]+/providers/("
        + "Microsoft.Storage/storageAccounts/wss(?<account>host|data)[a-z0-9]+(/blobServices/default/containers/(?<container>[^/]+))?"
        + "|(?<vault>Microsoft.KeyVault/vaults/[^/]+)|Microsoft.Insights/components/[^/]+)$")]
    private static partial Regex ScopePattern();

    [GeneratedRegex("^PseudonymKey$|__Secrets__[0-9]+$|__Token$", RegexOptions.CultureInvariant)]
    private static partial Regex SecretSetting();

    [GeneratedRegex("AccountKey=|SharedAccessSignature=|[?&]sig=|InstrumentationKey=|DefaultEndpointsProtocol=", RegexOptions.CultureInvariant)]
    private static partial Regex SecretText();
}
