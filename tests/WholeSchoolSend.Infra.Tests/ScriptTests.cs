using System.Text.RegularExpressions;

namespace WholeSchoolSend.Infra.Tests;

/// <summary>The scripts, against a stand-in for <c>az</c> that writes down what it is asked. That Azure answers so is not tried here.</summary>
public sealed class ScriptTests : IDisposable
{
    private readonly Infra _infra = new();

    public ScriptTests() => Infra.NeedsShell();

    [Theory]
    [InlineData(null, null)]
    [InlineData(".azurefunctions", ".azurefunctions is missing")]
    [InlineData("functions.metadata", "functions.metadata is missing")]
    [InlineData("fewer", "names 37 functions, the source has 38")]
    [InlineData("WholeSchoolSend.LocalHost.dll", "for one machine")]
    [InlineData("local.settings.json", "must not be published")]
    public void What_is_published_is_checked(string? fault, string? said)
    {
        var folder = Path.Combine(_infra.Scratch, "published");
        Directory.CreateDirectory(Path.Combine(folder, ".azurefunctions"));
        var functions = int.Parse(Run("count-functions.sh", []).Output, System.Globalization.CultureInfo.InvariantCulture);
        said = said?.Replace("37", $"{functions - 1}", StringComparison.Ordinal).Replace("38", $"{functions}", StringComparison.Ordinal);
        var metadata = string.Concat(Enumerable.Repeat("{ \"name\": \"a\", \"entryPoint\": \"b\" },\n", fault == "fewer" ? functions - 1 : functions));
        string[] files = ["host.json", "worker.config.json", "extensions.json", "WholeSchoolSend.Functions.dll", ".azurefunctions/a.dll"];
        foreach (var file in files) File.WriteAllText(Path.Combine(folder, file), "x");
        File.WriteAllText(Path.Combine(folder, "functions.metadata"), metadata);
        if (fault == ".azurefunctions") Directory.Delete(Path.Combine(folder, fault), recursive: true);
        else if (fault is "functions.metadata") File.Delete(Path.Combine(folder, fault));
        else if (fault is not (null or "fewer")) File.WriteAllText(Path.Combine(folder, fault), "x");

        var ran = Run("check-publish.sh", [folder]);
        Assert.Equal(said is null ? 0 : 1, ran.Code);
        if (said is not null) Assert.Contains(said, ran.Error, StringComparison.Ordinal);
        else Assert.Contains($"{functions} functions are published", ran.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_link_creates_one_file_and_reads_its_report_and_nothing_else()
    {
        var asked = Az("echo https://link", out var log);
        var ran = Run("pollster-link.sh", ["northern", "leaders-2026-autumn.csv", "3", "192.0.2.7"], asked);
        Assert.True(ran.Code == 0, ran.Said);
        var links = File.ReadAllLines(log);
        Assert.Equal(3, links.Length);
        Assert.All(links, link =>
        {
            Assert.StartsWith("storage blob generate-sas --account-name wssdata", link, StringComparison.Ordinal);
            string[] parts = ["--https-only", "--as-user", "--auth-mode login", "--ip 192.0.2.7"];
            Assert.All(parts, part => Assert.Contains(part, link, StringComparison.Ordinal));
            var until = DateTimeOffset.Parse(Regex.Match(link, "--expiry (\\S+)").Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
            Assert.InRange(until - TimeProvider.System.GetUtcNow(), TimeSpan.FromDays(2.99), TimeSpan.FromDays(3.01));
            // The account's policy denies what has no start, and what lasts longer than its period from there.
            var start = DateTimeOffset.Parse(Regex.Match(link, "--start (\\S+)").Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
            Assert.Equal(TimeSpan.FromDays(3), until - start);
            Assert.True(start < TimeProvider.System.GetUtcNow());
        });
        Assert.Equal(
            [
                "--container-name poll-drop --name northern/leaders-2026-autumn.csv --permissions c ",
                "--container-name poll-reports --name northern/leaders-2026-autumn.csv.report.json --permissions r ",
                "--container-name poll-reports --name northern/leaders-2026-autumn.csv.report.csv --permissions r ",
            ],
            links.Select(link => Regex.Match(link, "--container-name .*? --permissions \\S+ ").Value));
    }

    [Theory]
    [InlineData("../other", "a.csv", "7")]
    [InlineData("northern/other", "a.csv", "7")]
    [InlineData("register", "a.csv", "7")]
    [InlineData("northern", "../other/a.csv", "7")]
    [InlineData("northern", "a..csv", "7")]
    [InlineData("northern", "a.csv?x", "7")]
    [InlineData("northern", "a.csv", "8")]
    [InlineData("northern", "a.csv", "0")]
    public void A_link_to_anywhere_else_or_for_longer_is_not_made(string supplier, string file, string days)
    {
        var ran = Run("pollster-link.sh", [supplier, file, days], Az("echo https://link", out var log));
        Assert.Equal(2, ran.Code);
        Assert.False(File.Exists(log));
    }

    [Fact]
    public void Events_are_subscribed_once_all_functions_are_there_and_the_key_stays_in_Azure()
    {
        var functions = Run("count-functions.sh", []).Output.Trim();
        var ran = Run("after-deploy.sh", [], Az(
            $"""
            case "$*" in
              "functionapp function list"*)
                n=$(cat "$WSS_COUNT" 2>/dev/null || echo 0); echo $((n + 1)) > "$WSS_COUNT"
                [ "$n" -lt 2 ] && echo 0 || echo {functions} ;;
              "functionapp show"*) echo /subscriptions/s/app ;;
              "rest"*) echo true ;;
            esac
            """, out var log));
        Assert.True(ran.Code == 0, ran.Said);
        var asked = File.ReadAllLines(log);
        Assert.Equal(3, asked.Count(line => line.StartsWith("functionapp function list", StringComparison.Ordinal)));
        var keys = Assert.Single(asked, line => line.StartsWith("rest", StringComparison.Ordinal));
        Assert.Contains("--query systemKeys.blobs_extension != `null`", keys, StringComparison.Ordinal);
        Assert.Equal(
            "deployment group create --resource-group rg --name events --template-file events.bicep "
            + "--parameters app=app topic=topic deadLetterAccount=wsshost --output none",
            asked[^1]);
    }

    [Fact]
    public void A_deployment_without_functions_fails()
    {
        var ran = Run("after-deploy.sh", [], Az("case \"$*\" in \"functionapp function list\"*) echo 3 ;; esac", out var log));
        Assert.Equal(1, ran.Code);
        Assert.Contains("3 of ", ran.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(File.ReadAllLines(log), line => line.StartsWith("deployment", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("0", "0", true, 0)]
    [InlineData("1", "0", false, 0)]
    [InlineData("0", "1", false, 1)]
    public void The_pseudonym_key_is_made_once_and_never_again(string there, string deleted, bool made, int code)
    {
        var ran = Run("after-provision.sh", [], Az(
            $"""
            case "$*" in
              "keyvault secret list-deleted"*) echo {deleted} ;;
              "keyvault secret list"*) echo {there} ;;
              "keyvault secret set"*) while [ $# -gt 0 ]; do [ "$1" = --file ] && cp "$2" "$WSS_COUNT"; shift; done ;;
            esac
            """, out var log));
        Assert.Equal(code, ran.Code);
        Assert.Equal(made, File.ReadAllLines(log).Any(line => line.StartsWith("keyvault secret set", StringComparison.Ordinal)));
        if (made)
        {
            var key = File.ReadAllText(Path.Combine(_infra.Scratch, "count"));
            Assert.Equal(32, Convert.FromBase64String(key).Length);
            Assert.DoesNotContain(key, ran.Said + File.ReadAllText(log), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Secrets_are_read_again_until_all_are_and_else_named()
    {
        const string Answer = """
            case "$*" in
              "functionapp show"*) echo /subscriptions/s/app ;;
              "rest --method get"*) n=$(cat "$WSS_COUNT" 2>/dev/null || echo 0); echo $((n + 1)) > "$WSS_COUNT"; [ "$n" -lt "$WSS_READ" ] && echo PseudonymKey || true ;;
            esac
            """;
        var later = Run("refresh-secrets.sh", [], new(Az(Answer, out var log)) { ["WSS_READ"] = "2" });
        Assert.True(later.Code == 0, later.Said);
        Assert.Equal(3, File.ReadAllLines(log).Count(line => line.StartsWith("rest --method post --url /subscriptions/s/app/config/configreferences/appsettings/refresh", StringComparison.Ordinal)));
        File.Delete(Path.Combine(_infra.Scratch, "count"));
        var never = Run("refresh-secrets.sh", [], new(Az(Answer, out _)) { ["WSS_READ"] = "99" });
        Assert.Equal(1, never.Code);
        Assert.Contains("PseudonymKey", never.Error, StringComparison.Ordinal);
    }

    public void Dispose() => _infra.Dispose();

    private Dictionary<string, string> Az(string answer, out string log)
    {
        log = Path.Combine(_infra.Scratch, "log");
        var az = Path.Combine(_infra.Scratch, "az");
        File.WriteAllText(az, $"#!/usr/bin/env bash\necho \"$*\" >> '{log}'\n{answer}\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(az, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return new Dictionary<string, string>
        {
            ["PATH"] = $"{_infra.Scratch}:{Environment.GetEnvironmentVariable("PATH")}",
            ["WSS_PAUSE"] = "0",
            ["WSS_COUNT"] = Path.Combine(_infra.Scratch, "count"),
            ["WSS_DATA_ACCOUNT"] = "wssdata",
            ["WSS_HOST_ACCOUNT"] = "wsshost",
            ["WSS_APP"] = "app",
            ["WSS_TOPIC"] = "topic",
            ["WSS_VAULT"] = "vault",
            ["AZURE_RESOURCE_GROUP"] = "rg",
        };
    }

    private Ran Run(string script, IEnumerable<string> arguments, Dictionary<string, string>? environment = null) =>
        _infra.Run(Path.Combine(_infra.Folder, script), arguments, environment ?? []);
}
