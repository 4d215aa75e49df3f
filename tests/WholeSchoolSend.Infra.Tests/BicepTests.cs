using System.Text.Json.Nodes;
using WholeSchoolSend.Testing;

namespace WholeSchoolSend.Infra.Tests;

/// <summary>The templates: no finding, formatted, and what they predict is what was reviewed.</summary>
public sealed class BicepTests : IDisposable
{
    private static readonly Dictionary<string, string> Environment =
        new() { ["AZURE_ENV_NAME"] = "wss-dev", ["AZURE_LOCATION"] = "uksouth", ["WSS_BUDGET_START"] = "2026-12-01" };

    private readonly Infra _infra = new();

    [Theory]
    [InlineData("**/*.bicep")]
    [InlineData("main.*.bicepparam")]
    public void Nothing_is_found_in_a_file(string files)
    {
        var found = _infra.RunBicep("lint", "--pattern", files);
        Assert.Equal("", found.Said);
        Assert.Equal(0, found.Code);
    }

    [Fact]
    public void Each_of_many_faults_is_found()
    {
        (string File, string From, string To, string Rule)[] faults =
        [
            ("modules/vault.bicep", "param location string\n", "param location string\nparam spare string\n", "no-unused-params"),
            ("modules/topic.bicep", "location: location", "location: 'uksouth'", "no-hardcoded-location"),
            ("modules/app.bicep", "${environment().suffixes.storage}", "core.windows.net", "no-hardcoded-env-urls"),
            ("modules/account.bicep", "isSftpEnabled: false", "isSftpEnabld: false", "BCP089"),
            ("modules/watch.bicep", "retentionInDays: logDays", "retentionInDays: '30'", "BCP036"),
        ];
        foreach (var fault in faults) _infra.Change(fault.File, fault.From, fault.To);
        var found = _infra.RunBicep("lint", "--pattern", "**/*.bicep").Said.Split('\n');
        Assert.All(faults, fault => Assert.Contains(
            found.Where(line => line.Contains(fault.File, StringComparison.Ordinal)), line => line.Contains(fault.Rule, StringComparison.Ordinal)));
    }

    [Fact]
    public void Every_file_is_formatted()
    {
        foreach (var kind in new[] { "**/*.bicep", "**/*.bicepparam" }) Assert.Equal(0, _infra.RunBicep("format", "--pattern", kind).Code);
        var files = Directory.GetFiles(_infra.Folder, "*.bicep*", SearchOption.AllDirectories);
        Assert.True(files.Length > 10);
        Assert.All(files.Select(file => Path.GetRelativePath(_infra.Folder, file)), file =>
            Assert.Equal(File.ReadAllText(Path.Combine(_infra.Folder, file)), File.ReadAllText(Path.Combine(Repository.Root, "infra", file))));
    }

    /// <summary>After a change that is meant, <c>infra/snapshot.sh</c> writes them anew.</summary>
    [Theory]
    [InlineData("main.dev")]
    [InlineData("main.prod")]
    [InlineData("events")]
    public void What_is_predicted_is_what_was_reviewed(string parameters)
    {
        var compared = _infra.Snapshot(parameters, "validate");
        Assert.True(compared.Code == 0, $"infra/snapshot.sh rewrites the golden file, if this is meant:\n{compared.Said}");
    }

    [Fact]
    public void The_script_that_rewrites_them_runs_the_same_bicep()
    {
        var script = File.ReadAllText(Path.Combine(Repository.Root, "infra/snapshot.sh"));
        Assert.Contains(string.Join('/', Infra.Bicep.Split('/')[^4..]), script, StringComparison.Ordinal);
    }

    [Fact]
    public void A_changed_prediction_is_noticed()
    {
        _infra.Change("modules/app.bicep", "httpsOnly: true", "httpsOnly: false");
        Assert.Equal(1, _infra.Snapshot("main.dev", "validate").Code);
    }

    /// <summary>The golden sets are not what is deployed: this is, and it says the same.</summary>
    [Fact]
    public void What_azd_and_the_workflow_deploy_are_the_parameters_that_are_tested()
    {
        // Of the people who deploy, and of the tools of a school year, the golden sets know nothing.
        var deployed = Parameters("main", Environment);
        // Whoever deploys adds lines of their own, as docs/deploy.md tells them to.
        Assert.Subset(
            deployed.Select(one => one.Key).ToHashSet(StringComparer.Ordinal),
            new HashSet<string>
            {
                "alertEmail", "budgetStart", "createRoleAssignments", "disclosureRules", "environmentName", "location", "operators",
                "size", "sources", "vaultKeepers",
            });
        foreach (var (name, value) in Parameters("main.dev", [])) Assert.Equal(value!.ToJsonString(), deployed[name]!.ToJsonString());
        Assert.Equal("prod", (string)Parameters("main", new(Environment) { ["WSS_SIZE"] = "prod" })["size"]!["value"]!);
        var given = Parameters("main", new(Environment)
        {
            ["WSS_OPERATORS"] = "a-group",
            ["WSS_OPERATORS_TYPE"] = "Group",
            ["AZURE_PRINCIPAL_ID"] = "me",
            ["WSS_ASSIGN_ROLES"] = "false",
        });
        Assert.Equal("a-group", (string)given["operators"]!["value"]!["id"]!);
        Assert.Equal("a-group", (string)given["vaultKeepers"]!["value"]!["id"]!);
        Assert.False((bool)given["createRoleAssignments"]!["value"]!);
        // The workflow names none, which is not the same as naming nobody.
        var byWorkflow = Parameters("main", new(Environment) { ["WSS_OPERATORS"] = "a-group", ["WSS_VAULT_KEEPERS"] = "" });
        Assert.Equal(("a-group", ""), ((string)byWorkflow["operators"]!["value"]!["id"]!, (string)byWorkflow["vaultKeepers"]!["value"]!["id"]!));
        var split = Parameters("main", new(Environment) { ["WSS_OPERATORS"] = "a-group", ["WSS_VAULT_KEEPERS"] = "others" });
        Assert.Equal("others", (string)split["vaultKeepers"]!["value"]!["id"]!);
        Assert.Equal("me", (string)Parameters("main", new(Environment) { ["AZURE_PRINCIPAL_ID"] = "me" })["operators"]!["value"]!["id"]!);
    }

    [Fact]
    public void Roles_can_be_left_to_somebody_else()
    {
        File.AppendAllText(Path.Combine(_infra.Folder, "main.prod.bicepparam"), "param createRoleAssignments = false\n");
        Assert.Equal(0, _infra.Snapshot("main.prod", "overwrite").Code);
        Assert.Empty(SecurityRules.Given(Infra.Predicted("main.prod", _infra.Folder)));
    }

    public void Dispose() => _infra.Dispose();

    private JsonObject Parameters(string name, Dictionary<string, string> environment)
    {
        var built = _infra.RunBicep(["build-params", $"{name}.bicepparam", "--stdout"], environment);
        Assert.True(built.Code == 0, built.Said);
        return JsonNode.Parse((string)JsonNode.Parse(built.Output)!["parametersJson"]!)!["parameters"]!.AsObject();
    }
}
