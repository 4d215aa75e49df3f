using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace WholeSchoolSend.Infra.Tests;

/// <summary>What must hold of every estate, read from its snapshot. Bicep checks types, but takes any text where Azure's list of values is open.</summary>
public static partial class SecurityRules
{
    /// <summary>Who may have which role where; nothing else is allowed. Ids are Azure's, written here a second time so that a slip in the templates is seen.</summary>
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
        ("operators", "Key Vault Secrets Officer", "vault"),
    };

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
        "ENABLE_ORYX_BUILD", "FUNCTIONS_EXTENSION_VERSION", "FUNCTIONS_WORKER_RUNTIME", "FUNCTIONS_WORKER_RUNTIME_VERSION", "FUNCTIONS_MAX_HTTP_CONCURRENCY",
        "SCM_DO_BUILD_DURING_DEPLOYMENT", "TZ", "WEBSITE_CONTENTAZUREFILECONNECTIONSTRING", "WEBSITE_CONTENTSHARE", "WEBSITE_CONTENTOVERVNET", "WEBSITE_DNS_SERVER",
        "WEBSITE_MAX_DYNAMIC_APPLICATION_SCALE_OUT", "WEBSITE_RUN_FROM_PACKAGE", "WEBSITE_TIME_ZONE", "WEBSITE_USE_PLACEHOLDER", "WEBSITE_VNET_ROUTE_ALL", "XDT_MicrosoftApplicationInsights_Mode",
    ];

    private static readonly string[] RefusedProperties =
        ["alwaysOn", "containerSize", "ftpsState", "functionAppScaleLimit", "linuxFxVersion", "netFrameworkVersion", "preWarmedInstanceCount", "use32BitWorkerProcess", "vnetRouteAllEnabled", "windowsFxVersion"];

    /// <summary>Each finding begins with the name of its rule.</summary>
    public static IEnumerable<string> Findings(IReadOnlyList<JsonNode> resources)
    {
        foreach (var account in Of("Microsoft.Storage/storageAccounts"))
        {
            var name = (string)account["name"]!;
            var properties = account["properties"]!;
            if (!Is(properties["allowSharedKeyAccess"], false)) yield return $"shared-key: {name}";
            if (!Is(properties["allowBlobPublicAccess"], false)) yield return $"public-blobs: {name}";
            if (!Is(properties["defaultToOAuthAuthentication"], true)) yield return $"shared-key: the portal of {name}";
            if (Text(properties["minimumTlsVersion"]) is not ("TLS1_2" or "TLS1_3") || !Is(properties["supportsHttpsTrafficOnly"], true)) yield return $"tls: {name}";
            if (Text(account["kind"]) != "StorageV2") yield return $"kind: {name}";
            if (!Is(properties["isLocalUserEnabled"], false) || !Is(properties["isSftpEnabled"], false)) yield return $"local-users: {name}";
        }
        foreach (var container in Of("Microsoft.Storage/storageAccounts/blobServices/containers"))
            if (Text(container["properties"]?["publicAccess"]) != "None") yield return $"public-blobs: {container["name"]}";
        foreach (var service in Of("Microsoft.Storage/storageAccounts/blobServices"))
        {
            var name = (string)service["name"]!;
            var properties = service["properties"]!;
            if (Is(properties["staticWebsite"]?["enabled"], true) != name.StartsWith("wssdata", StringComparison.Ordinal)) yield return $"website: {name}";
            if (!Is(properties["deleteRetentionPolicy"]?["enabled"], true) || !Is(properties["containerDeleteRetentionPolicy"]?["enabled"], true)) yield return $"soft-delete: {name}";
            if (!Is(properties["isVersioningEnabled"], false)) yield return $"versions: {name} would keep what was erased";
            if (properties["cors"] is not null) yield return $"cors: {name}";
        }

        foreach (var site in Of("Microsoft.Web/sites"))
        {
            var properties = site["properties"]!;
            if (!Is(properties["httpsOnly"], true) || Text(properties["siteConfig"]?["minTlsVersion"]) is not ("1.2" or "1.3")) yield return "tls: the app";
            if (Text(site["kind"]) != "functionapp,linux") yield return "kind: the app";
            var runtime = properties["functionAppConfig"]?["runtime"];
            if (Text(runtime?["name"]) != "dotnet-isolated" || Text(runtime?["version"]) != "10.0") yield return "runtime: the app";
            if (Text(properties["functionAppConfig"]?["deployment"]?["storage"]?["authentication"]?["type"]) != "UserAssignedIdentity") yield return "shared-key: deployment";
            foreach (var refused in RefusedProperties.Where(one => properties[one] is not null || properties["siteConfig"]?[one] is not null)) yield return $"flex: {refused}";
            foreach (var (name, value) in Settings(resources))
            {
                if (RefusedSettings.Contains(name)) yield return $"flex: {name}";
                if (SecretSetting().IsMatch(name) && !value.StartsWith("@Microsoft.KeyVault(VaultName=", StringComparison.Ordinal)) yield return $"secret: {name} is no reference to the vault";
            }
        }
        foreach (var plan in Of("Microsoft.Web/serverfarms"))
            if (Text(plan["sku"]?["name"]) != "FC1" || Text(plan["sku"]?["tier"]) != "FlexConsumption") yield return "plan: not Flex Consumption";
        var passwords = Of("Microsoft.Web/sites/basicPublishingCredentialsPolicies").Where(one => Is(one["properties"]!["allow"], false)).Select(one => ((string)one["name"]!).Split('/')[^1]);
        if (!passwords.Order().SequenceEqual(["ftp", "scm"])) yield return "passwords: deploying by one is not forbidden";

        foreach (var vault in Of("Microsoft.KeyVault/vaults"))
        {
            var properties = vault["properties"]!;
            if (!Is(properties["enableRbacAuthorization"], true) || properties["accessPolicies"] is not null) yield return "vault: rights by access policies";
            if (!Is(properties["enablePurgeProtection"], true) || !Is(properties["enableSoftDelete"], true)) yield return "vault: the pseudonym key could be lost for good";
            if (new[] { "enabledForDeployment", "enabledForDiskEncryption", "enabledForTemplateDeployment" }.Any(one => !Is(properties[one], false))) yield return "vault: open to deployments";
        }
        foreach (var component in Of("Microsoft.Insights/components"))
            if (!Is(component["properties"]!["DisableLocalAuth"], true)) yield return "insights: takes telemetry by key";
        foreach (var workspace in Of("Microsoft.OperationalInsights/workspaces"))
            if (!Is(workspace["properties"]!["features"]?["disableLocalAuth"], true)) yield return "insights: takes logs by key";

        foreach (var given in Given(resources).Where(given => !Roles.Contains(given))) yield return $"role: {given.Who} has {given.Role} on {given.Scope}";
        foreach (var resource in resources)
            foreach (Match secret in SecretText().Matches(resource.ToJsonString())) yield return $"secret: {secret.Value} in {resource["type"]}";

        IEnumerable<JsonNode> Of(string type) => resources.Where(one => (string?)one["type"] == type);
    }

    /// <summary>The roles an estate gives, in words.</summary>
    public static IEnumerable<(string Who, string Role, string Scope)> Given(IReadOnlyList<JsonNode> resources)
    {
        foreach (var assignment in resources.Where(one => (string?)one["type"] == "Microsoft.Authorization/roleAssignments"))
        {
            var id = (string)assignment["id"]!;
            var principal = (string)assignment["properties"]!["principalId"]!;
            var role = ((string)assignment["properties"]!["roleDefinitionId"]!).Split('/')[^1];
            var scope = id[..id.IndexOf("/providers/Microsoft.Authorization/", StringComparison.Ordinal)];
            yield return (
                principal.Contains("/userAssignedIdentities/", StringComparison.Ordinal) ? "app" : principal.Contains("/systemTopics/", StringComparison.Ordinal) ? "topic" : "operators",
                RoleNames.GetValueOrDefault(role, role),
                ScopeName(scope));
        }
    }

    /// <summary>The app's settings, by name.</summary>
    public static IReadOnlyDictionary<string, string> Settings(IReadOnlyList<JsonNode> resources) =>
        resources.Single(one => (string?)one["type"] == "Microsoft.Web/sites")["properties"]!["siteConfig"]!["appSettings"]!.AsArray().ToDictionary(one => (string)one!["name"]!, one => (string)one!["value"]!);

    private static string ScopeName(string scope) => ScopePattern().Match(scope) switch
    {
        { Success: false } => scope,
        var match when match.Groups["account"].Success => match.Groups["account"].Value + (match.Groups["container"].Success ? "/" + match.Groups["container"].Value : ""),
        var match => match.Groups["vault"].Success ? "vault" : "insights",
    };

    private static bool Is(JsonNode? node, bool value) => node is JsonValue && node.GetValueKind() == (value ? System.Text.Json.JsonValueKind.True : System.Text.Json.JsonValueKind.False);

    private static string? Text(JsonNode? node) => node is JsonValue ? (string?)node : null;

    [GeneratedRegex("/resourceGroups/[^/]+/providers/(Microsoft.Storage/storageAccounts/wss(?<account>host|data)[a-z0-9]+(/blobServices/default/containers/(?<container>[^/]+))?|(?<vault>Microsoft.KeyVault/vaults/[^/]+)|Microsoft.Insights/components/[^/]+)$")]
    private static partial Regex ScopePattern();

    [GeneratedRegex("^PseudonymKey$|__Secrets__[0-9]+$|__Token$", RegexOptions.CultureInvariant)]
    private static partial Regex SecretSetting();

    [GeneratedRegex("AccountKey=|SharedAccessSignature=|[?&]sig=|InstrumentationKey=|DefaultEndpointsProtocol=", RegexOptions.CultureInvariant)]
    private static partial Regex SecretText();
}
