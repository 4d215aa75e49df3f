using System.Text.RegularExpressions;
using WholeSchoolSend.Testing;
using YamlDotNet.RepresentationModel;

namespace WholeSchoolSend.Infra.Tests;

/// <summary>Workflows run with rights on the repository and on Azure: nobody else can change what they run, and each asks for what it needs.</summary>
public sealed partial class WorkflowTests
{
    private static readonly string Folder = Path.Combine(Repository.Root, ".github/workflows");

    public static TheoryData<string> Workflows => [.. Directory.GetFiles(Folder).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];

    [Fact]
    public void There_are_four() => Assert.Equal(["azure-mode.yml", "ci.yml", "codeql.yml", "deploy.yml"], Workflows.Select(row => row.Data));

    [Theory]
    [MemberData(nameof(Workflows))]
    public void A_workflow_keeps_the_rules(string file) => Assert.Empty(Findings(File.ReadAllText(Path.Combine(Folder, file))));

    [Theory]
    [InlineData("actions/checkout@df4cb1c069e1874edd31b4311f1884172cec0e10 # v6.0.3", "actions/checkout@v6", "unpinned")]
    [InlineData(" # v6.0.3", "", "unnamed")]
    [InlineData("permissions:\n  contents: read\nconcurrency", "concurrency", "permissions")]
    [InlineData("permissions:\n  contents: read\nconcurrency", "permissions: write-all\nconcurrency", "permissions")]
    [InlineData("    timeout-minutes: 60\n", "", "timeout")]
    [InlineData("          persist-credentials: false\n", "          fetch-depth: 1\n", "credentials")]
    [InlineData("infra/check-publish.sh \"$RUNNER_TEMP/app\"", "echo '${{ github.event.inputs.environment }}'", "injection")]
    [InlineData("WSS_SIZE: ${{ inputs.environment }}", "WSS_SIZE: ${{ secrets.SIZE }}", "secrets")]
    public void A_fault_is_found(string from, string to, string rule)
    {
        var text = File.ReadAllText(Path.Combine(Folder, "deploy.yml"));
        Assert.Contains(from, text, StringComparison.Ordinal);
        Assert.Contains(Findings(text.Replace(from, to, StringComparison.Ordinal)), finding => finding.StartsWith(rule, StringComparison.Ordinal));
    }

    [Fact]
    public void Only_the_deployment_proves_who_it_is_and_it_asks_an_environment_first()
    {
        foreach (var file in Workflows.Select(row => row.Data))
            Assert.Equal(file == "deploy.yml", File.ReadAllText(Path.Combine(Folder, file)).Contains("id-token: write", StringComparison.Ordinal));
        var deploys = Assert.Single(Deployment(), job => Text(At(At(job.Value, "permissions"), "id-token")) == "write");
        Assert.Equal("deploy", Text(deploys.Key));
        Assert.NotNull(At(deploys.Value, "environment"));
    }

    /// <summary>Packages may run whatever they like while they are restored and built: not where it could reach Azure.</summary>
    [Fact]
    public void What_is_deployed_is_built_elsewhere_of_a_commit_that_passed_and_is_checked_again()
    {
        var (build, deploy) = (Steps("build"), Steps("deploy"));
        Assert.Equal("build", Text(At(Deployment().Single(job => Text(job.Key) == "deploy").Value, "needs")));
        foreach (var word in new[] { "dotnet", "npm", "nuget" }) Assert.DoesNotContain(deploy, step => step.Contains(word, StringComparison.Ordinal));
        Assert.Contains("--status success", build[0], StringComparison.Ordinal);
        foreach (var workflow in new[] { "ci.yml", "azure-mode.yml" })
        {
            Assert.Contains(workflow, build[0], StringComparison.Ordinal);
            Assert.Contains(workflow, Workflows.Select(row => row.Data));
        }
        Assert.Contains("exit 1", build[0], StringComparison.Ordinal);
        var handed = build.FindIndex(step => step.StartsWith("actions/upload-artifact@", StringComparison.Ordinal));
        Assert.InRange(build.FindIndex(step => step.StartsWith("infra/check-publish.sh ", StringComparison.Ordinal)), 1, handed - 1);
        var checkedAgain = deploy.FindIndex(step => step.Contains("infra/check-publish.sh ", StringComparison.Ordinal));
        var here = deploy.FindIndex(step => step.StartsWith("actions/download-artifact@", StringComparison.Ordinal));
        var login = deploy.FindIndex(step => step.StartsWith("azure/login@", StringComparison.Ordinal));
        Assert.True(here >= 0 && here < checkedAgain && checkedAgain < login, $"{here} {checkedAgain} {login}");

        static List<string> Steps(string job)
        {
            var steps = (YamlSequenceNode)Deployment().Single(one => Text(one.Key) == job).Value["steps"];
            return [.. steps.Select(step => Text(At(step, "run")) ?? Text(At(step, "uses"))!)];
        }
    }

    private static IDictionary<YamlNode, YamlNode> Deployment() => Jobs(Parse(File.ReadAllText(Path.Combine(Folder, "deploy.yml"))));

    [Fact]
    public void Dependencies_of_every_kind_are_watched()
    {
        var root = Parse(File.ReadAllText(Path.Combine(Repository.Root, ".github/dependabot.yml")));
        var watched = (YamlSequenceNode)root["updates"];
        Assert.Equal(["github-actions", "npm", "nuget"], watched.Select(one => ((YamlScalarNode)one["package-ecosystem"]).Value).Order(StringComparer.Ordinal));
        var npm = watched.Single(one => ((YamlScalarNode)one["package-ecosystem"]).Value == "npm");
        var folders = ((YamlSequenceNode)npm["directories"]).Select(one => ((YamlScalarNode)one).Value!).Order(StringComparer.Ordinal);
        string[] ignored = ["bin", "obj", "node_modules"];
        var packages = Directory.EnumerateFiles(Repository.Root, "package.json", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(Repository.Root, file))
            .Where(file => !file.Split('/', '\\').Any(part => part.StartsWith('.') || ignored.Contains(part)));
        Assert.Equal(packages.Select(file => "/" + Path.GetDirectoryName(file)!.Replace('\\', '/')).Order(StringComparer.Ordinal), folders);
    }

    [Fact]
    public void Azd_finds_its_templates_its_code_and_its_scripts()
    {
        var root = Parse(File.ReadAllText(Path.Combine(Repository.Root, "infra/azure.yaml")));
        string Beside(string? path) => Path.GetFullPath(Path.Combine(Repository.Root, "infra", path!));
        Assert.True(File.Exists(Beside($"{Text(root["infra"]["path"])}/{Text(root["infra"]["module"])}.bicepparam")));
        var service = ((YamlMappingNode)root["services"]).Children.Single();
        Assert.True(File.Exists(Beside($"{Text(service.Value["project"])}/WholeSchoolSend.Functions.csproj")));
        // azd finds the app by this tag.
        Assert.Equal(Text(service.Key), (string)Infra.Predicted("main.dev").Of("Microsoft.Web/sites").Single()["tags"]!["azd-service-name"]!);
        foreach (var hook in ((YamlMappingNode)root["hooks"]).Children.Values)
        {
            var script = Text(hook["posix"]["run"]);
            Assert.Equal($"bash {script}", Text(hook["windows"]["run"]));
            if (!OperatingSystem.IsWindows()) Assert.True(File.GetUnixFileMode(Beside(script)).HasFlag(UnixFileMode.UserExecute), script);
        }
    }

    private static IEnumerable<string> Findings(string text)
    {
        var root = Parse(text);
        if (At(root, "permissions") is not YamlMappingNode granted || granted.Children.Values.Any(right => Text(right) == "write"))
            yield return "permissions: say at the top what is read, and per job what is written";
        foreach (var (name, job) in Jobs(root))
        {
            if (At(job, "timeout-minutes") is null) yield return $"timeout: {name} could hang for hours";
            foreach (var step in (YamlSequenceNode)job["steps"])
            {
                if (Text(At(step, "uses")) is { } action)
                {
                    var named = Regex.IsMatch(text, Regex.Escape(action) + " # v[0-9]+(\\.[0-9]+)+\n");
                    if (!Pinned().IsMatch(action)) yield return $"unpinned: {action}";
                    else if (!named) yield return $"unnamed: {action} does not say its version";
                    if (action.StartsWith("actions/checkout@", StringComparison.Ordinal) && Text(At(At(step, "with"), "persist-credentials")) != "false")
                        yield return "credentials: the token is left in the checkout";
                }
                if (Text(At(step, "run"))?.Contains("${{", StringComparison.Ordinal) == true)
                    yield return "injection: an expression is pasted into a script; pass it as a variable of the environment";
            }
        }
        if (text.Contains("secrets.", StringComparison.Ordinal)) yield return "secrets: Azure is reached without any";
        if (text.Contains("pull_request_target", StringComparison.Ordinal)) yield return "trigger: strangers' code would run with our rights";
    }

    private static YamlMappingNode Parse(string text)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        return (YamlMappingNode)Assert.Single(stream.Documents).RootNode;
    }

    private static YamlNode? At(YamlNode? node, string name) => (node as YamlMappingNode)?.Children.TryGetValue(name, out var at) == true ? at : null;

    private static string? Text(YamlNode? node) => (node as YamlScalarNode)?.Value;

    private static IDictionary<YamlNode, YamlNode> Jobs(YamlMappingNode root) => ((YamlMappingNode)root["jobs"]).Children;

    [GeneratedRegex("^[A-Za-z0-9._-]+/[A-Za-z0-9._/-]+@[0-9a-f]{40}$", RegexOptions.CultureInvariant)]
    private static partial Regex Pinned();
}
