using System.Net;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Azure.Core.Pipeline;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Configuration;
using WholeSchoolSend.Core.Disclosure;
using WholeSchoolSend.Core.Retention;
using WholeSchoolSend.Functions;
using WholeSchoolSend.Functions.Options;
using WholeSchoolSend.Storage;
using WholeSchoolSend.Testing;

namespace WholeSchoolSend.Infra.Tests;

/// <summary>Every name that the app relies on is in the estate, and the other way round: found here, not on Azure.</summary>
public sealed partial class NamesTests
{
    /// <summary>Read by name in our code, and never set by the estate: why.</summary>
    private static readonly Dictionary<string, string> NotSet = new(StringComparer.Ordinal)
    {
        ["SurveyData"] = "a connection string, for one machine: on Azure it is by identity",
        ["WEBSITE_AUTH_ENABLED"] = "App Service sets it itself where its authentication is on",
    };

    /// <summary>What a connection by identity is made of.</summary>
    private static readonly string[] Connection = ["blobServiceUri", "clientId", "credential", "queueServiceUri", "tableServiceUri"];

    private static readonly IReadOnlyList<JsonNode> Estate = Infra.Predicted("main.prod");

    [Fact]
    public void Every_setting_of_the_app_is_set_and_every_set_one_is_known()
    {
        var known = Triggers<BlobTriggerAttribute>().Select(one => one.Trigger.Connection!).Append("AzureWebJobsStorage").Distinct()
            .SelectMany(prefix => Connection.Select(part => $"{prefix}__{part}"))
            .Concat(Triggers<TimerTriggerAttribute>().Select(one => one.Trigger.Schedule.Trim('%')))
            .Concat(Names<SurveyOptions>())
            .Concat(Names<DisclosurePolicy>().Select(name => $"Disclosure__{name}"))
            .Concat(Names<SourceOptions>().Select(name => $"Sources__*__{name}"))
            .Concat(Names<ApiOptions>().Select(name => $"Sources__*__Api__{name}"))
            .Concat(Names<RetentionPolicy>().Select(name => $"Retention__{name}"))
            .Concat(Names<LimitOptions>().Select(name => $"Limits__{name}"))
            .Concat(Names<ErasureOptions>())
            .Concat(ReadByName().Except(NotSet.Keys));
        var set = SecurityRules.Settings(Estate).Keys.Select(InGeneral);
        Assert.Equal(known.Distinct().Order(StringComparer.Ordinal), set.Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void What_is_read_by_name_is_found()
    {
        var read = ReadByName();
        Assert.Contains("OTEL_EXPORTER_OTLP_ENDPOINT", read);
        Assert.Contains("Telemetry__SamplingRatio", read);
        Assert.Subset(read.ToHashSet(StringComparer.Ordinal), NotSet.Keys.ToHashSet(StringComparer.Ordinal));
    }

    [Fact]
    public void A_small_estate_sets_what_the_app_needs_to_start()
    {
        var set = SecurityRules.Settings(Infra.Predicted("main.dev")).Keys;
        Assert.Equal(
            ["OTEL_EXPORTER_OTLP_ENDPOINT"],   // nobody listens but Azure
            SecurityRules.Settings(Estate).Keys.Where(name => !name.Contains("__", StringComparison.Ordinal)).Except(set));
        Assert.DoesNotContain(set, name => name.Split("__")[0] is "Sources" or "Disclosure" or "Retention" or "Limits");
    }

    [Fact]
    public void Sources_as_the_estate_writes_them_start_the_app()
    {
        var sources = SourceOptions.Read(Configuration(_ => "a-client&a-secret-for-tests-only"));
        Assert.Equal(["leaders_monkey", "old_form", "teachers_typeform", "visits_tracking"], sources.Keys.Order(StringComparer.Ordinal));
        var vendor = Assert.Single(ApiOptions.Read(Configuration(_ => "a-client&a-secret-for-tests-only"), sources));
        Assert.Equal("leaders_monkey", vendor.Key);
    }

    /// <summary>Azure leaves a reference as it stands while it cannot read the vault: that text would pass for a secret that others can guess.</summary>
    [Fact]
    public void A_reference_that_the_vault_did_not_resolve_is_no_secret()
    {
        var unresolved = Assert.Throws<InvalidOperationException>(() => VaultReferences.MustBeResolved(Configuration(value => value)));
        Assert.Contains("PseudonymKey", unresolved.Message, StringComparison.Ordinal);
        Assert.Contains("Sources__teachers_typeform__Secrets__1", unresolved.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("@Microsoft", unresolved.Message, StringComparison.Ordinal);
        VaultReferences.MustBeResolved(Configuration(value => "a-secret"));
    }

    [Fact]
    public async Task Tables_and_containers_are_those_of_the_app()
    {
        var tables = Estate.Of("Microsoft.Storage/storageAccounts/tableServices/tables").Select(one => one.OwnName()).ToList();
        var containers = Estate.Of("Microsoft.Storage/storageAccounts/blobServices/containers")
            .Where(one => ((string)one["name"]!).StartsWith("wssdata", StringComparison.Ordinal)).Select(one => one.OwnName())
            // Azure makes it where a website is switched on.
            .Append((string)SecurityRules.Settings(Estate)["PublicContainer"]).ToList();

        var made = await WhatTheAppMakes([], []);
        Assert.Equal(tables.Order(StringComparer.Ordinal), made.Tables.Order(StringComparer.Ordinal));
        Assert.Equal(containers.Order(StringComparer.Ordinal), made.Containers.Order(StringComparer.Ordinal));
        // With what the estate has, the app makes nothing.
        made = await WhatTheAppMakes(tables, containers);
        Assert.Empty(made.Tables.Concat(made.Containers));
    }

    [Fact]
    public void Events_reach_the_functions_that_wait_for_them()
    {
        var told = Infra.Predicted("events").Select(one => one["properties"]!).Select(properties => (
            Function: FunctionInAddress().Match((string)properties["destination"]!["properties"]!["endpointUrl"]!).Groups[1].Value,
            Container: (string)properties["filter"]!["subjectBeginsWith"]!));
        var waiting = Triggers<BlobTriggerAttribute>().Select(one =>
        {
            Assert.Equal(BlobTriggerSource.EventGrid, one.Trigger.Source);
            return (one.Function, Container: $"/blobServices/default/containers/{one.Trigger.BlobPath.Split('/')[0]}/");
        });
        Assert.Equal(waiting.Order(), told.Order());
        Assert.All(Infra.Predicted("events"), one =>
        {
            var left = one["properties"]!["deadLetterWithResourceIdentity"]!["deadLetterDestination"]!["properties"]!;
            Assert.Equal("undelivered-events", (string)left["blobContainerName"]!);
            // Retry for as long as the nightly sweep may take to find the file.
            Assert.True((int)one["properties"]!["retryPolicy"]!["eventTimeToLiveInMinutes"]! >= 1440);
        });
    }

    [Fact]
    public void The_scripts_count_the_functions_that_there_are()
    {
        Infra.NeedsShell();
        using var infra = new Infra();
        var counted = infra.Run(Path.Combine(infra.Folder, "count-functions.sh"), [], new Dictionary<string, string>());
        Assert.Equal(Functions().Count(), int.Parse(counted.Output, System.Globalization.CultureInfo.InvariantCulture));
    }

    [Theory]
    [InlineData("poison", "wss.imports.poisoned")]
    [InlineData("quarantine-growing", "wss.quarantine.waiting")]
    [InlineData("snapshot-age", "wss.snapshot.age")]
    [InlineData("pending-stuck", "wss.pending.oldest_age")]
    [InlineData("backlog", "wss.backlog.oldest_age")]
    [InlineData("audit-difference", "wss.audit.differences")]
    [InlineData("deliveries", "wss.deliveries")]
    [InlineData("failed-requests", "requests")]
    [InlineData("failed-functions", "requests")]
    [InlineData("timer-failed", "wss.timers.failed")]
    public void There_is_an_alert(string name, string about)
    {
        var alert = Assert.Single(Alerts(), one => one.OwnName().StartsWith($"alert-{name}-", StringComparison.Ordinal))["properties"]!;
        Assert.Contains(about, Query(alert), StringComparison.Ordinal);
        Assert.True((bool)alert["enabled"]!);
        Assert.Single(alert["actions"]!["actionGroups"]!.AsArray());
    }

    [Fact]
    public void Metrics_that_are_watched_are_measured()
    {
        var watched = Alerts().SelectMany(one => MetricInQuery().Matches(Query(one["properties"]!))).Select(match => match.Value).Distinct().ToList();
        Assert.Equal(8, watched.Count);
        var written = Texts("WholeSchoolSend.Core").Concat(Texts("WholeSchoolSend.Functions")).ToHashSet(StringComparer.Ordinal);
        Assert.Subset(written, watched.ToHashSet(StringComparer.Ordinal));
    }

    [Fact]
    public void Undelivered_events_and_the_budget_are_told_of()
    {
        var events = Estate.Of("Microsoft.Insights/metricAlerts").Select(one => one["properties"]!).ToList();
        var metrics = events.Select(one => (string)one["criteria"]!["allOf"]![0]!["metricName"]!);
        Assert.Equal(["DeadLetteredCount", "DroppedEventCount"], metrics.Order(StringComparer.Ordinal));
        Assert.All(events, one => Assert.Single(one["actions"]!.AsArray()));
        var budget = Assert.Single(Estate.Of("Microsoft.Consumption/budgets"))["properties"]!;
        Assert.EndsWith("-01T00:00:00Z", (string)budget["timePeriod"]!["startDate"]!, StringComparison.Ordinal);
        Assert.Equal(["foreseen", "spent"], budget["notifications"]!.AsObject().Select(one => one.Key).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_runbook_has_a_row_for_each_alert()
    {
        var runbook = File.ReadAllLines(Path.Combine(Repository.Root, "docs/runbook.md"));
        var names = Alerts().Concat(Estate.Of("Microsoft.Insights/metricAlerts")).Select(one => AlertName().Match(one.OwnName()).Groups[1].Value).ToList();
        Assert.Equal(12, names.Count);
        Assert.All(names, name => Assert.Single(runbook, line => line.StartsWith('|') && line.Split('|')[1].Split(',', StringSplitOptions.TrimEntries).Contains(name)));
    }

    /// <summary>How often timers run in 30 days, as the estate sets them: a step or every value of a field, or one.</summary>
    internal static double TimerRuns()
    {
        var settings = SecurityRules.Settings(Estate);
        return Triggers<TimerTriggerAttribute>().Sum(one =>
        {
            var fields = settings[one.Trigger.Schedule.Trim('%')].Split(' ');
            Assert.Equal(["*", "*", "*"], fields[3..]);
            return 30 * Times(fields[0], 60) * Times(fields[1], 60) * Times(fields[2], 24);
        });

        static double Times(string field, int all) => field switch
        {
            "*" => all,
            ['*', '/', .. var step] => Math.Ceiling(all / double.Parse(step, System.Globalization.CultureInfo.InvariantCulture)),
            _ => field.Split(',').Length,
        };
    }

    private static IEnumerable<JsonNode> Alerts() => Estate.Of("Microsoft.Insights/scheduledQueryRules");

    private static string Query(JsonNode alert) => (string)alert["criteria"]!["allOf"]![0]!["query"]!;

    private static async Task<(List<string> Tables, List<string> Containers)> WhatTheAppMakes(
        IReadOnlyCollection<string> tables, IReadOnlyCollection<string> containers)
    {
        const string Connection = "AccountName=a;AccountKey=AAAA;BlobEndpoint=http://blobs.invalid/;TableEndpoint=http://tables.invalid/";
        var account = new Account(tables, containers);
        var transport = new HttpClientTransport(new HttpClient(account));
        var options = new SurveyDataOptions { PublicContainer = SecurityRules.Settings(Estate)["PublicContainer"], Transport = transport };
        var storage = new SurveyDataStorage(Connection, options, TimeProvider.System);
        await storage.CreateMissingAsync(CancellationToken.None);
        return (account.Tables, account.Containers);
    }

    private static IConfiguration Configuration(Func<string, string> secret)
    {
        var values = SecurityRules.Settings(Estate).ToDictionary(
            setting => setting.Key.Replace("__", ":", StringComparison.Ordinal),
            setting => (string?)(setting.Value.StartsWith("@Microsoft.KeyVault", StringComparison.Ordinal) ? secret(setting.Value) : setting.Value));
        return new ConfigurationBuilder().AddInMemoryCollection(values).Build();
    }

    /// <summary>A source's name and the number of a secret left out.</summary>
    private static string InGeneral(string setting) => SecretNumber().Replace(SourceName().Replace(setting, "Sources__*__"), "Secrets");

    private static IEnumerable<string> Names<T>() => typeof(T).GetProperties(BindingFlags.Public | BindingFlags.Instance).Select(one => one.Name);

    /// <summary>Settings that our code takes from the configuration by a name written there, as Azure writes them. LocalHost is not on Azure.</summary>
    private static List<string> ReadByName() =>
    [
        .. Directory.EnumerateFiles(Path.Combine(Repository.Root, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj" or "WholeSchoolSend.LocalHost"))
            .SelectMany(file => SettingRead().Matches(File.ReadAllText(file)))
            .Select(match => match.Groups[1].Value.Replace(":", "__", StringComparison.Ordinal)).Distinct(),
    ];

    private static IEnumerable<(MethodInfo Method, string Name)> Functions() =>
        from type in typeof(App).Assembly.GetTypes()
        from method in type.GetMethods()
        let function = method.GetCustomAttribute<FunctionAttribute>()
        where function is not null
        select (method, function.Name);

    private static IEnumerable<(string Function, T Trigger)> Triggers<T>()
        where T : Attribute =>
        from function in Functions()
        from parameter in function.Method.GetParameters()
        let trigger = parameter.GetCustomAttribute<T>()
        where trigger is not null
        select (function.Name, trigger);

    /// <summary>The texts that an assembly was compiled with.</summary>
    private static List<string> Texts(string assembly)
    {
        using var reader = new PEReader(File.OpenRead(Path.Combine(AppContext.BaseDirectory, assembly + ".dll")));
        var metadata = reader.GetMetadataReader();
        var texts = new List<string>();
        for (var handle = metadata.GetNextHandle(MetadataTokens.UserStringHandle(0)); !handle.IsNil; handle = metadata.GetNextHandle(handle))
            texts.Add(metadata.GetUserString(handle));
        return texts;
    }

    [GeneratedRegex("Host\\.Functions\\.\\{1\\}.*?\\.defaultHostName, '(\\w+)'", RegexOptions.CultureInvariant)]
    private static partial Regex FunctionInAddress();

    [GeneratedRegex("^alert-(.+)-[a-z0-9]+$", RegexOptions.CultureInvariant)]
    private static partial Regex AlertName();

    [GeneratedRegex("wss(\\.[a-z_]+)+", RegexOptions.CultureInvariant)]
    private static partial Regex MetricInQuery();

    [GeneratedRegex("(?:[sS]ettings|[cC]onfiguration)(?:\\[|\\.GetValue<[^>]+>\\(|\\.GetConnectionString\\()\"([^\"]+)\"", RegexOptions.CultureInvariant)]
    private static partial Regex SettingRead();

    [GeneratedRegex("^Sources__[a-z0-9_]+?__(?=[A-Z])", RegexOptions.CultureInvariant)]
    private static partial Regex SourceName();

    [GeneratedRegex("Secrets__[0-9]+$", RegexOptions.CultureInvariant)]
    private static partial Regex SecretNumber();

    /// <summary>A storage account that lists what it is said to have and remembers what it is asked to make.</summary>
    private sealed class Account(IReadOnlyCollection<string> tables, IReadOnlyCollection<string> containers) : HttpMessageHandler
    {
        public List<string> Tables { get; } = [];

        public List<string> Containers { get; } = [];

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var table = request.RequestUri!.Host == "tables.invalid";
            if (request.Method == HttpMethod.Get)
            {
                if (table)
                {
                    var listed = new JsonArray([.. tables.Select(name => (JsonNode)new JsonObject { ["TableName"] = name })]);
                    return Answer(HttpStatusCode.OK, new JsonObject { ["value"] = listed }.ToJsonString(), "application/json");
                }
                const string Properties = "<Properties><Last-Modified>Thu, 01 Jan 1970 00:00:00 GMT</Last-Modified><Etag>1</Etag></Properties>";
                var lines = containers.Select(name => $"<Container><Name>{name}</Name>{Properties}</Container>");
                var list = $"<EnumerationResults><Containers>{string.Concat(lines)}</Containers><NextMarker/></EnumerationResults>";
                return Answer(HttpStatusCode.OK, list, "application/xml");
            }
            var body = request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken);
            lock (Tables)
            {
                if (table) Tables.Add((string)JsonNode.Parse(body)!["TableName"]!);
                else Containers.Add(request.RequestUri.AbsolutePath.Split('/')[^1]);
            }
            return Answer(HttpStatusCode.Created, table ? body : "", "application/json");
        }

        private static HttpResponseMessage Answer(HttpStatusCode status, string content, string type)
        {
            var answer = new HttpResponseMessage(status) { Content = new StringContent(content, System.Text.Encoding.UTF8, type) };
            answer.Headers.ETag = new System.Net.Http.Headers.EntityTagHeaderValue("\"1\"");
            answer.Content.Headers.LastModified = DateTimeOffset.UnixEpoch;
            return answer;
        }
    }
}
