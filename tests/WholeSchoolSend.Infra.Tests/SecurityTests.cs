namespace WholeSchoolSend.Infra.Tests;

/// <summary>The rules hold of both estates, and each of them finds its fault.</summary>
public sealed class SecurityTests
{
    [Theory]
    [InlineData("main.dev")]
    [InlineData("main.prod")]
    public void Nothing_breaks_a_rule(string estate) => Assert.Empty(SecurityRules.Findings(Infra.Predicted(estate)));

    [Fact]
    public void Every_role_that_is_allowed_is_needed() =>
        Assert.Equal(SecurityRules.Roles.Order(), SecurityRules.Given(Infra.Predicted("main.prod")).Order());

    [Fact]
    public void A_small_estate_gives_operators_nothing_they_were_not_named_for() =>
        Assert.DoesNotContain(SecurityRules.Given(Infra.Predicted("main.dev")), given => given.Who == "operators");

    /// <summary>Faults that can be made at once, for each run of Bicep takes seconds.</summary>
    private static readonly (string File, string From, string To, string Finding)[][] Faults =
    [
        [
            ("modules/account.bicep", "allowSharedKeyAccess: false", "allowSharedKeyAccess: true", "shared-key: wss"),
            ("modules/account.bicep", "allowBlobPublicAccess: false", "allowBlobPublicAccess: true", "public-blobs: wss"),
            ("modules/account.bicep", "'TLS1_2'", "'TLS1_0'", "tls: wss"),
            ("modules/account.bicep", "kind: 'StorageV2'", "kind: 'Storage'", "kind: wss"),
            ("modules/account.bicep", "isVersioningEnabled: false", "isVersioningEnabled: true", "versions"),
            ("modules/account.bicep", "deleteRetentionPolicy: { enabled: true, days: softDeleteDays, allowPermanentDelete: false }",
                "deleteRetentionPolicy: { enabled: false }",
                "soft-delete"),
            ("main.bicep", "    containers: [deploymentContainer, undeliveredContainer]",
                "    website: true\n    containers: [deploymentContainer, undeliveredContainer]",
                "website: wsshost"),
            ("main.bicep", "roleId: roles.blobContributor }", "roleId: roles.blobOwner }", "role: app has Storage Blob Data Owner on data"),
            ("modules/types.bicep", "tableContributor: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'",
                "tableContributor: '8e3af657-a8ff-443c-a75c-2fe8c4bcb635'",
                "role: app has 8e3af657-a8ff-443c-a75c-2fe8c4bcb635"),
            ("modules/vault.bicep", "resource reads 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (createRoleAssignments) {\n  scope: vault",
                "resource reads 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (createRoleAssignments) {",
                "role: app has Key Vault Secrets User on /subscriptions"),
            ("modules/vault.bicep", "enablePurgeProtection: true", "enablePurgeProtection: false", "vault: the pseudonym key"),
            ("modules/vault.bicep", "enableRbacAuthorization: true", "enableRbacAuthorization: false", "vault: rights"),
            ("modules/watch.bicep", "DisableLocalAuth: true", "DisableLocalAuth: false", "insights"),
            ("modules/app.bicep", "httpsOnly: true", "httpsOnly: false", "tls: the app"),
            ("modules/app.bicep", "version: '10.0'", "version: '8.0'", "runtime"),
            ("modules/app.bicep", "      minTlsVersion: '1.2'", "      minTlsVersion: '1.2'\n      alwaysOn: true", "flex: alwaysOn"),
            ("modules/app.bicep", "    PublicContainer: '$web'",
                "    PublicContainer: '$web'\n    WEBSITE_TIME_ZONE: 'GMT Standard Time'",
                "flex: WEBSITE_TIME_ZONE"),
            ("modules/app.bicep", "vaultSecret(vaultName, 'pseudonym-key')", "'written-out-where-everybody-reads-it'", "secret: PseudonymKey"),
            ("modules/app.bicep", "    name: 'scm'\n    properties: { allow: false }", "    name: 'scm'\n    properties: { allow: true }", "passwords"),
            ("modules/app.bicep", "sku: { name: 'FC1', tier: 'FlexConsumption' }", "sku: { name: 'Y1', tier: 'Dynamic' }", "plan"),
        ],
        [
            ("modules/account.bicep", "    allowSharedKeyAccess: false\n", "", "shared-key"),
            ("modules/account.bicep", "publicAccess: 'None'", "publicAccess: 'Blob'", "public-blobs: wssdata"),
            ("main.bicep", "    website: true\n", "", "website: wssdata"),
            ("modules/app.bicep", "PublicContainer: '$web'", "PublicContainer: 'DefaultEndpointsProtocol=https;AccountKey=AAAA'", "secret: AccountKey="),
        ],
    ];

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Each_of_many_faults_is_found(int set)
    {
        using var infra = new Infra();
        foreach (var fault in Faults[set]) infra.Change(fault.File, fault.From, fault.To);
        var written = infra.Snapshot("main.prod", "overwrite");
        Assert.True(written.Code == 0, written.Said);
        var found = SecurityRules.Findings(Infra.Predicted("main.prod", infra.Folder)).ToList();
        Assert.All(Faults[set], fault => Assert.Contains(found, finding => finding.StartsWith(fault.Finding, StringComparison.Ordinal)));
    }
}
