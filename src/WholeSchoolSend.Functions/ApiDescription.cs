using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using Microsoft.Azure.Functions.Worker;
using WholeSchoolSend.Core;

namespace WholeSchoolSend.Functions;

/// <summary>What a route does, takes and answers, as far as the code does not say it itself.</summary>
/// <param name="Summary">one sentence.</param>
internal sealed record RouteDescription(string Summary)
{
    /// <summary>Parameters of the address, each with a sentence.</summary>
    public IReadOnlyList<(string Name, string Says)> Parameters { get; init; } = [];

    /// <summary>The JSON it takes.</summary>
    public (string Name, JsonSchema Schema)? Body { get; init; }

    /// <summary>It takes bytes of any kind.</summary>
    public bool TakesBytes { get; init; }

    /// <summary>Statuses when it is done, or taken on.</summary>
    public IReadOnlyList<int> Done { get; init; } = [200];

    /// <summary>The JSON it answers then; null: something else.</summary>
    public JsonTypeInfo? Answer { get; init; }

    /// <summary>Other media types it answers with then.</summary>
    public IReadOnlyList<string> Media { get; init; } = [];

    /// <summary>Statuses of its problems, but for 401 without a key and 503 while storage is away.</summary>
    public IReadOnlyList<int> Problems { get; init; } = [];

    /// <summary>Headers of such an answer.</summary>
    public IReadOnlyList<(string Name, string Says)> Headers { get; init; } = [];
}

/// <summary>
/// OpenAPI 3.1 of every route: routes, methods and keys as the triggers have them, answers as the types are serialised, bodies by the schemas they are
/// checked against; only sentences are written by hand (<c>ApiDescription.Operations.cs</c>).
/// </summary>
internal static partial class ApiDescription
{
    public const string NotDescribed = "(not described)";

    private const string Prefix = "/api/";
    private static readonly Lazy<byte[]> Document = new(() => JsonSerializer.SerializeToUtf8Bytes((JsonNode)Describe()));

    public static byte[] Bytes => Document.Value;

    /// <summary>Every route of the app.</summary>
    public static IEnumerable<(string Function, HttpTriggerAttribute Trigger)> Routes { get; } =
        AppTriggers.Of<HttpTriggerAttribute>().OrderBy(route => route.Trigger.Route, StringComparer.Ordinal).ToList();

    private static JsonObject Describe()
    {
        var schemas = new JsonObject { ["Problem"] = Answer("Problem", ResponsesJson.Default.ProblemDocument) };
        var paths = new JsonObject();
        foreach (var (function, trigger) in Routes)
        {
            var path = Prefix + trigger.Route;
            if (paths[path] is not JsonObject item) paths[path] = item = PathItem(path);
            foreach (var method in trigger.Methods!)
                item[method.ToLowerInvariant()] = Describe(function, method.ToLowerInvariant(), trigger, schemas);
        }
        return new JsonObject
        {
            ["openapi"] = "3.1.0",
            ["info"] = new JsonObject
            {
                ["title"] = "Whole School SEND survey pipeline",
                ["version"] = "1",
                ["description"] = "Takes survey responses in, and lets operators see and decide. "
                    + "Answers that are no success are problems (RFC 9457) with a stable code.",
            },
            ["servers"] = new JsonArray(new JsonObject { ["url"] = "/" }),
            ["paths"] = paths,
            ["components"] = new JsonObject
            {
                ["schemas"] = schemas,
                ["securitySchemes"] = new JsonObject
                {
                    ["key"] = new JsonObject { ["type"] = "apiKey", ["in"] = "header", ["name"] = "x-functions-key" },
                    ["keyInAddress"] = new JsonObject
                    {
                        ["type"] = "apiKey",
                        ["in"] = "query",
                        ["name"] = "code",
                        ["description"] = "Addresses are logged by whatever they pass: prefer the header.",
                    },
                },
            },
        };
    }

    private static JsonObject PathItem(string path) => PathParameters().Matches(path) is { Count: > 0 } names
        ? new JsonObject
        {
            ["parameters"] = new JsonArray([.. names.Select(name => new JsonObject
            {
                ["name"] = name.Groups[1].Value, ["in"] = "path", ["required"] = true, ["schema"] = new JsonObject { ["type"] = "string" },
            })]),
        }
        : [];

    private static JsonObject Describe(string function, string method, HttpTriggerAttribute trigger, JsonObject schemas)
    {
        var operation = Operations.GetValueOrDefault(function) ?? new RouteDescription(NotDescribed);
        // The probes beside a webhook take nothing and say nothing.
        var isProbe = trigger.Methods!.Length > 1 && method != "post";
        var described = new JsonObject
        {
            ["operationId"] = isProbe ? $"{function}-{method}" : function,
            ["summary"] = isProbe ? "Answers a probe; OPTIONS also the handshake of CloudEvents." : operation.Summary,
            ["security"] = trigger.AuthLevel == AuthorizationLevel.Anonymous
                ? []
                : new JsonArray(new JsonObject { ["key"] = new JsonArray() }, new JsonObject { ["keyInAddress"] = new JsonArray() }),
        };
        if (isProbe)
        {
            described["responses"] = new JsonObject { ["200"] = new JsonObject { ["description"] = "It is there." } };
            return described;
        }
        if (operation.Parameters.Count > 0)
            described["parameters"] = new JsonArray([.. operation.Parameters.Select(parameter => new JsonObject
            {
                ["name"] = parameter.Name, ["in"] = "query", ["description"] = parameter.Says, ["schema"] = new JsonObject { ["type"] = "string" },
            })]);
        if (operation.Body is { } body)
        {
            schemas[body.Name] = Hoisted(body.Name, JsonNode.Parse(body.Schema.ToString())!.AsObject(), schemas);
            described["requestBody"] = new JsonObject { ["required"] = true, ["content"] = Content("application/json", body.Name) };
        }
        if (operation.TakesBytes)
            described["requestBody"] = new JsonObject { ["content"] = new JsonObject { ["*/*"] = new JsonObject() } };
        described["responses"] = Responses(function, trigger, operation, schemas);
        return described;
    }

    private static JsonObject Responses(string function, HttpTriggerAttribute trigger, RouteDescription operation, JsonObject schemas)
    {
        var content = new JsonObject();
        if (operation.Answer is { } answer)
        {
            var name = answer.Type.Name;
            schemas[name] = Answer(name, answer);
            content["application/json"] = Reference(name);
        }
        foreach (var media in operation.Media) content[media] = new JsonObject();
        var headers = operation.Headers.Count == 0 ? null
            : new JsonObject(operation.Headers.Select(header => KeyValuePair.Create(
                header.Name, (JsonNode?)new JsonObject { ["description"] = header.Says, ["schema"] = new JsonObject { ["type"] = "string" } })));
        var responses = new JsonObject();
        foreach (var status in operation.Done)
        {
            var done = new JsonObject { ["description"] = Said(status), ["content"] = content.DeepClone() };
            if (headers is not null) done["headers"] = headers.DeepClone();
            responses[Text(status)] = done;
        }
        if (trigger.AuthLevel != AuthorizationLevel.Anonymous) responses["401"] = new JsonObject { ["description"] = "The key is missing or wrong." };
        foreach (var status in operation.Problems.Append(503).Distinct().Order())
            responses[Text(status)] = new JsonObject
            {
                ["description"] = Said(status),
                ["content"] = function is "CheckHealth" or "ShowHealth"
                    ? Content("application/json", nameof(Core.Watch.PipelineHealth))
                    : Content("application/problem+json", "Problem"),
            };
        if (function == "DescribeApi") responses.Remove("503");
        return responses;
    }

    private static string Text(int status) => status.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static string Said(int status) => status switch
    {
        200 => "Done.",
        201 => "Done; the address of what was made is in Location.",
        202 => "Taken on, and not done yet: ask the address in Location.",
        401 => "The delivery does not prove whose it is.",
        404 => "There is no such thing.",
        409 => "It contradicts how things stand.",
        413 => "The body is too large.",
        422 => "Something is wrong with what was sent: every problem is listed.",
        503 => "Storage does not answer, or too much comes at once: ask again later.",
        _ => throw new ArgumentOutOfRangeException(nameof(status)),
    };

    private static JsonObject Content(string media, string schema) => new() { [media] = Reference(schema) };

    private static JsonObject Reference(string schema) => new() { ["schema"] = new JsonObject { ["$ref"] = $"#/components/schemas/{schema}" } };

    /// <summary>The schema of a type as it is serialised.</summary>
    private static JsonObject Answer(string name, JsonTypeInfo type)
    {
        var schema = type.GetJsonSchemaAsNode(new JsonSchemaExporterOptions { TreatNullObliviousAsNonNullable = true });
        Walk(schema, node =>
        {
            if (node["$ref"] is { } reference) node["$ref"] = $"#/components/schemas/{name}{reference.GetValue<string>()[1..]}";
            // Whatever has no null is always written.
            if (node["properties"] is JsonObject properties)
                node["required"] = new JsonArray([.. properties
                    .Where(property => !MayBeNull(property.Value)).Select(property => JsonValue.Create(property.Key))]);
        });
        return schema.AsObject();
    }

    private static bool MayBeNull(JsonNode? schema) => schema switch
    {
        JsonObject { } node when node["type"] is JsonArray types => types.Any(type => type!.GetValue<string>() == "null"),
        JsonObject { } node when node["enum"] is JsonArray values => values.Any(value => value is null),
        JsonObject { } node => node["type"] is null,
        _ => true,
    };

    /// <summary>One of our own schemas as a component: its definitions become components beside it.</summary>
    private static JsonObject Hoisted(string name, JsonObject schema, JsonObject schemas)
    {
        Walk(schema, node =>
        {
            if (node["$ref"]?.GetValue<string>() is { } reference && reference.StartsWith("#/$defs/", StringComparison.Ordinal))
                node["$ref"] = $"#/components/schemas/{name}.{reference["#/$defs/".Length..]}";
        });
        schema.Remove("$schema");
        schema.Remove("$id");
        if (schema["$defs"] is JsonObject definitions)
        {
            schema.Remove("$defs");
            foreach (var (definition, part) in definitions.ToList())
            {
                definitions.Remove(definition);
                schemas[$"{name}.{definition}"] = part;
            }
        }
        return schema;
    }

    private static void Walk(JsonNode? node, Action<JsonObject> visit)
    {
        if (node is JsonArray items)
            foreach (var item in items) Walk(item, visit);
        if (node is not JsonObject one) return;
        foreach (var (_, child) in one.ToList()) Walk(child, visit);
        visit(one);
    }

    [GeneratedRegex(@"\{([^}]+)\}", RegexOptions.CultureInvariant)]
    private static partial Regex PathParameters();
}
