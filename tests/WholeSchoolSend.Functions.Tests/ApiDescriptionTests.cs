using System.Reflection;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Azure.Functions.Worker;
using Microsoft.OpenApi;
using WholeSchoolSend.Core;
using WholeSchoolSend.Testing;

namespace WholeSchoolSend.Functions.Tests;

/// <summary>The OpenAPI document against the code, and real answers against the document.</summary>
public sealed partial class ApiDescriptionTests(Pipeline pipeline) : IClassFixture<Pipeline>
{
    private const string Components = "#/components/schemas/";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_is_OpenAPI_3_1()
    {
        using var document = new MemoryStream(await pipeline.Http.GetByteArrayAsync("/api/openapi.json", Cancellation));
        var read = await OpenApiDocument.LoadAsync(document, "json", null, Cancellation);
        Assert.Empty(read.Diagnostic!.Errors.Select(error => $"{error.Pointer}: {error.Message}"));
        Assert.Empty(read.Diagnostic.Warnings.Select(warning => $"{warning.Pointer}: {warning.Message}"));
        Assert.Equal(OpenApiSpecVersion.OpenApi3_1, read.Diagnostic.SpecificationVersion);
        // The reader does not look where a reference leads.
        var root = await DocumentAsync();
        foreach (var reference in References(root)) Assert.True(Resolve(root, reference) is not null, $"{reference} leads nowhere.");
    }

    [Fact]
    public async Task Every_route_and_method_of_the_code_is_described_and_no_other()
    {
        var inCode = from type in typeof(App).Assembly.GetTypes()
                     from method in type.GetMethods()
                     where method.GetCustomAttribute<FunctionAttribute>() is not null
                     from parameter in method.GetParameters()
                     let trigger = parameter.GetCustomAttribute<HttpTriggerAttribute>()
                     where trigger is not null
                     from verb in trigger.Methods!
                     select $"{verb.ToUpperInvariant()} /api/{trigger.Route} {trigger.AuthLevel}";
        var described = from path in (await DocumentAsync())["paths"]!.AsObject()
                        from operation in path.Value!.AsObject()
                        where operation.Key != "parameters"
                        let level = operation.Value!["security"]!.AsArray().Count == 0 ? "Anonymous" : "Function"
                        select $"{operation.Key.ToUpperInvariant()} {path.Key} {level}";
        Assert.Equal(inCode.Order(StringComparer.Ordinal), described.Order(StringComparer.Ordinal));

        var functions = ApiDescriptionOf(out var table);
        foreach (var function in functions.Except(table))
            Assert.Fail($"The function {function} has a route and no description. Add an entry [\"{function}\"] to Operations in src/WholeSchoolSend.Functions/ApiDescription.Operations.cs: "
                + "a sentence, its parameters of the address, the schema of its body, the type of its answer and the statuses of its problems.");
        foreach (var function in table.Except(functions)) Assert.Fail($"ApiDescription.Operations.cs describes {function}, which has no route: remove the entry.");
    }

    [Fact]
    public async Task No_parameter_of_an_address_is_left_out()
    {
        // Those a trigger reads by name.
        var root = await DocumentAsync();
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Repository.Root, "src", "WholeSchoolSend.Functions", "Triggers"), "*.cs"))
        {
            var read = ReadParameter().Matches(await File.ReadAllTextAsync(file, Cancellation)).Select(match => match.Groups[1].Value).Distinct().ToList();
            if (read.Count > 0) Assert.Equal(read.Order(StringComparer.Ordinal), Parameters(root, Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal));
        }
        // Those a use case reads say which they are when there is another one.
        foreach (var (path, function) in new[] { ("/api/quarantine", "ListQuarantine"), ("/api/ledger", "GetLedger") })
        {
            var problem = await Pipeline.JsonAsync(await pipeline.Http.GetAsync($"{path}?nonsense=1", Cancellation), 422);
            var known = problem.GetProperty("problems")[0].GetProperty("message").GetString()!["should be one of ".Length..].Split(", ");
            Assert.Equal(known.Order(StringComparer.Ordinal), Parameters(root, function).Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public async Task Real_answers_are_what_is_described()
    {
        var root = await DocumentAsync();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        await pipeline.PutAsync("/api/instruments/leaders-form", Said.LeadersForm);
        await pipeline.Http.SendJsonAsync("{}");
        await pipeline.RunAsync("AuditTotals");
        await pipeline.RunAsync("WatchPipeline");

        await AsIsAsync("PutWave", HttpMethod.Put, "/api/waves/2026-autumn", 200, Said.Wave);
        await AsIsAsync("PutWave", HttpMethod.Put, "/api/waves/2026-autumn", 422, """{"title":""}""");
        await AsIsAsync("PutWave", HttpMethod.Put, "/api/waves/2026-autumn", 413, new string(' ', 300_000));
        await AsIsAsync("GetWave", HttpMethod.Get, "/api/waves/2026-autumn", 200);
        await AsIsAsync("GetWave", HttpMethod.Get, "/api/waves/none", 404);
        await AsIsAsync("ListWaves", HttpMethod.Get, "/api/waves", 200);
        await AsIsAsync("PutWave", HttpMethod.Put, "/api/waves/2026-spring", 200, Said.Wave);
        await AsIsAsync("CloseWave", HttpMethod.Post, "/api/waves/2026-spring/close", 200, """{"reason":"complete"}""");
        await AsIsAsync("CloseWave", HttpMethod.Post, "/api/waves/none/close", 404, """{"reason":"complete"}""");
        await AsIsAsync("ReissueWave", HttpMethod.Post, "/api/waves/2026-autumn/reissue", 409, """{"reason":"complete"}""");
        await AsIsAsync("PutInstrument", HttpMethod.Put, "/api/instruments/leaders-form", 200, Said.LeadersForm);
        await AsIsAsync("PutInstrument", HttpMethod.Put, "/api/instruments/leaders-form", 422, Said.LeadersForm.Replace("\"leaders\",", "\"others\",", StringComparison.Ordinal));
        await AsIsAsync("GetInstrument", HttpMethod.Get, "/api/instruments/leaders-form?version=1", 200);
        await AsIsAsync("ListInstruments", HttpMethod.Get, "/api/instruments", 200);
        await AsIsAsync("GetWordings", HttpMethod.Get, "/api/instruments/leaders-form/wordings", 200);
        await AsIsAsync("PutMilestone", HttpMethod.Put, "/api/milestones/O1.1", 200, """{"status":"in_progress","on":"2026-03-01"}""");
        await AsIsAsync("PutMilestone", HttpMethod.Put, "/api/milestones/O9.9", 404, """{"status":"in_progress","on":"2026-03-01"}""");
        await AsIsAsync("GetMilestone", HttpMethod.Get, "/api/milestones/O1.1", 200);
        await AsIsAsync("ListMilestones", HttpMethod.Get, "/api/milestones", 200);
        await AsIsAsync("ListErrata", HttpMethod.Get, "/api/errata", 200);
        await pipeline.PublishAsync();
        var published = (await pipeline.ReadAsync("snapshots-internal", "latest.json"))!.Value.GetProperty("id").GetString();
        await AsIsAsync("PutErratum", HttpMethod.Put, "/api/errata/codes", 200,
            $$"""{"on":"2026-11-24","text":"An answer was misread.","snapshots":["{{published}}"],"kpis":["K1"]}""");
        await AsIsAsync("PutErratum", HttpMethod.Put, "/api/errata/codes", 422, """{"on":"2026-11-24","text":"An answer was misread.","snapshots":["none"]}""");
        await AsIsAsync("GetErratum", HttpMethod.Get, "/api/errata/codes", 200);
        await AsIsAsync("GetErratum", HttpMethod.Get, "/api/errata/none", 404);
        await AsIsAsync("ListQuarantine", HttpMethod.Get, "/api/quarantine", 200);
        await AsIsAsync("ListQuarantine", HttpMethod.Get, "/api/quarantine?limit=0", 422);
        await AsIsAsync("GetQuarantined", HttpMethod.Get, $"/api/quarantine/{await FirstAsync("quarantine", "entries")}", 200);
        await AsIsAsync("GetQuarantined", HttpMethod.Get, "/api/quarantine/none", 404);
        await AsIsAsync("ReplayQuarantine", HttpMethod.Post, "/api/quarantine/replay", 200, """{"source":"leaders_json"}""");
        await AsIsAsync("GetLedger", HttpMethod.Get, "/api/ledger", 200);
        await AsIsAsync("GetLedger", HttpMethod.Get, "/api/ledger", 200, accept: "text/csv");
        await AsIsAsync("ListAudits", HttpMethod.Get, "/api/audits", 200);
        await AsIsAsync("GetAudit", HttpMethod.Get, $"/api/audits/{await FirstAsync("audits", "audits")}", 200);
        await AsIsAsync("GetAudit", HttpMethod.Get, "/api/audits/none", 404);
        await AsIsAsync("GetPending", HttpMethod.Get, "/api/pending", 200);
        await AsIsAsync("ListImports", HttpMethod.Get, "/api/imports", 200);
        await AsIsAsync("ListImports", HttpMethod.Get, "/api/imports?limit=0", 422);
        await pipeline.PutAsync("/api/instruments/northern-poll", """
            {"title":"Poll","collection":"leaders","poll":{"supplier":"northern"},"wave":{"value":"2026-autumn"},"school":{"field":"urn"},
             "respondent":{"field":"who"},"role":{"value":"leader"},
             "items":[{"indicator":"every-teacher-responsible","field":"Q1","codes":{"fully":"fully","partly":"partly"}}]}
            """);
        await pipeline.DropAsync("poll-drop", "northern/poll.csv", "urn,who,Q1\n100001,a,fully\n100002,b,partly\n");
        await AsIsAsync("ReplayImport", HttpMethod.Post, "/api/imports/replay", 200, """{"supplier":"northern","file":"poll.csv"}""");
        await AsIsAsync("ReplayImport", HttpMethod.Post, "/api/imports/replay", 404, """{"supplier":"northern","file":"none.csv"}""");
        await AsIsAsync("WithdrawImport", HttpMethod.Post, "/api/imports/withdraw", 200,
            """{"supplier":"northern","file":"poll.csv","reason":"rows of a test"}""");
        await AsIsAsync("WithdrawImport", HttpMethod.Post, "/api/imports/withdraw", 404,
            """{"supplier":"northern","file":"none.csv","reason":"rows of a test"}""");
        await AsIsAsync("CheckImport", HttpMethod.Post, "/api/imports/check?supplier=northern&name=a.csv", 200, "urn\n100001\n");
        await pipeline.RunAsync("RecomputeKpis");
        await AsIsAsync("ExplainKpi", HttpMethod.Get, "/api/kpis/K1/evidence", 200);
        await AsIsAsync("ExplainKpi", HttpMethod.Get, "/api/kpis/K1/evidence?format=r", 200);
        await AsIsAsync("ExplainKpi", HttpMethod.Get, "/api/kpis/K99/evidence", 404);
        await AsIsAsync("RequestErasure", HttpMethod.Post, "/api/erasures", 201, """{"school":"100001","reason":"letter 117"}""");
        await AsIsAsync("RequestErasure", HttpMethod.Post, "/api/erasures", 422, """{"school":"100001"}""");
        await AsIsAsync("GetErasure", HttpMethod.Get, $"/api/erasures/{await FirstAsync("erasures", "erasures")}", 200);
        await AsIsAsync("GetErasure", HttpMethod.Get, "/api/erasures/none", 404);
        await AsIsAsync("ListErasures", HttpMethod.Get, "/api/erasures", 200);
        await AsIsAsync("ListOperations", HttpMethod.Get, "/api/operations?limit=200", 200);
        await AsIsAsync("CheckHealth", HttpMethod.Get, "/api/health", 200);
        await AsIsAsync("ShowHealth", HttpMethod.Get, "/api/health/details", 200);
        await AsIsAsync("DescribeApi", HttpMethod.Get, "/api/openapi.json", 200);
        await AsIsAsync("ReceiveResponses", HttpMethod.Post, "/api/webhooks/leaders_json", 401, "{}");
        await AsIsAsync("ReceiveResponses", HttpMethod.Post, "/api/webhooks/old_typeform", 200, "{}");
        await AsIsAsync("ReceiveResponses", HttpMethod.Post, "/api/webhooks/nobody", 503, "{}");
        // Twenty more who answered are needed before a wave is issued again: ChainTests sends them.
        string[] notSucceeded = ["ReissueWave"];
        var succeeded = seen.Select(one => one.Split(' ')).Where(one => one[1][0] == '2').Select(one => one[0]).ToHashSet(StringComparer.Ordinal);
        ApiDescriptionOf(out var operations);
        Assert.Equal(notSucceeded, operations.Except(succeeded).Order(StringComparer.Ordinal));
        Assert.Subset(seen.Select(one => one.Split(' ')[0]).ToHashSet(StringComparer.Ordinal), operations.ToHashSet(StringComparer.Ordinal));

        async Task<string> FirstAsync(string list, string member) =>
            (await Pipeline.JsonAsync(await pipeline.Http.GetAsync($"/api/{list}", Cancellation))).GetProperty(member)[0].GetProperty("id").GetString()!;

        async Task AsIsAsync(string function, HttpMethod method, string path, int status, string? body = null, string? accept = null)
        {
            using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json") };
            if (accept is not null) request.Headers.Accept.ParseAdd(accept);
            using var response = await pipeline.Http.SendAsync(request, Cancellation);
            var text = await response.Content.ReadAsStringAsync(Cancellation);
            Assert.True((int)response.StatusCode == status, $"{method} {path}: {(int)response.StatusCode} {text}");
            var described = OperationOf(root, function)["responses"]![$"{status}"];
            Assert.True(described is not null, $"{function} answers {status}, which is not described.");
            var media = response.Content.Headers.ContentType!.MediaType!;
            Assert.True(described["content"]!.AsObject().TryGetPropertyValue(media, out var content), $"{function} answers {status} as {media}, which is not described.");
            seen.Add($"{function} {status} {media}");
            if (content!["schema"] is { } schema)
                Assert.Empty(Schema(root, schema).Check(Encoding.UTF8.GetBytes(text)).Problems.Select(problem => $"{function} {status} {problem.Where}: {problem.Message}"));
        }
    }

    private static List<string> ApiDescriptionOf(out List<string> table)
    {
        var type = typeof(App).Assembly.GetType("WholeSchoolSend.Functions.ApiDescription")!;
        var operations = (System.Collections.IDictionary)type.GetProperty("Operations", BindingFlags.Static | BindingFlags.NonPublic)!.GetValue(null)!;
        table = [.. operations.Keys.Cast<string>()];
        return [.. ((IEnumerable<(string Function, HttpTriggerAttribute Trigger)>)type.GetProperty("Routes")!.GetValue(null)!).Select(route => route.Function)];
    }

    private async Task<JsonObject> DocumentAsync() => JsonNode.Parse(await pipeline.Http.GetByteArrayAsync("/api/openapi.json", Cancellation))!.AsObject();

    private static JsonNode OperationOf(JsonObject root, string function) =>
        root["paths"]!.AsObject().SelectMany(path => path.Value!.AsObject()).Single(operation => operation.Key != "parameters" && operation.Value!["operationId"]!.GetValue<string>() == function).Value!;

    private static IEnumerable<string> Parameters(JsonObject root, string function) =>
        (OperationOf(root, function)["parameters"]?.AsArray() ?? []).Select(parameter => parameter!["name"]!.GetValue<string>());

    private static IEnumerable<string> References(JsonNode? node) => node switch
    {
        JsonArray items => items.SelectMany(References),
        JsonObject one => one.SelectMany(member => member.Key == "$ref" && member.Value is JsonValue value ? [value.GetValue<string>()] : References(member.Value)),
        _ => [],
    };

    private static JsonNode? Resolve(JsonNode root, string reference) => reference[2..].Split('/').Aggregate((JsonNode?)root, (node, step) => node switch
    {
        JsonObject one => one[step.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal)],
        JsonArray items => items[int.Parse(step, null)],
        _ => null,
    });

    /// <summary>A schema of the document for our own checker, which knows neither formats but dates, nor alternatives, nor schemas that are just true.</summary>
    private static JsonSchema Schema(JsonObject root, JsonNode schema)
    {
        var definitions = root["components"]!["schemas"]!.DeepClone().AsObject();
        // References may lead into a component; our checker looks their rest up as a name.
        foreach (var reference in References(root).Distinct().Where(reference => reference.StartsWith(Components, StringComparison.Ordinal)))
            definitions.TryAdd(reference[Components.Length..], Resolve(root, reference)!.DeepClone());
        foreach (var (_, definition) in definitions.ToList()) Simplify(definition!.AsObject(), isSchema: true);
        var alone = new JsonObject { ["$ref"] = schema["$ref"]!.DeepClone(), ["$defs"] = definitions };
        return JsonSchema.Parse(Encoding.UTF8.GetBytes(alone.ToJsonString().Replace(Components, "#/$defs/", StringComparison.Ordinal)));
    }

    /// <param name="isSchema">false: the names in it are those of properties.</param>
    private static void Simplify(JsonObject node, bool isSchema)
    {
        if (isSchema)
        {
            node.Remove("format");
            node.Remove("anyOf");
        }
        foreach (var (name, child) in node.ToList())
        {
            if (child is JsonValue value && value.GetValueKind() == JsonValueKind.True && name is not "uniqueItems") node[name] = new JsonObject();
            else if (child is JsonObject one) Simplify(one, !isSchema || name is not "properties");
            else if (child is JsonArray items)
                foreach (var item in items.OfType<JsonObject>()) Simplify(item, isSchema: true);
        }
    }

    [GeneratedRegex("(?:Asked\\(|Query\\[)\"([a-z]+)\"", RegexOptions.CultureInvariant)]
    private static partial Regex ReadParameter();
}
