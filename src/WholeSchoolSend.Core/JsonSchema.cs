using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace WholeSchoolSend.Core;

/// <summary>
/// Checks a JSON document against one of our published schemas and says everything that is wrong, by JSON pointer.
/// </summary>
/// <remarks>
/// A part of JSON Schema 2020-12, so that what we publish is what we check. A schema that uses anything else does not load: no rule can be
/// published and silently not checked. (No 2020-12 validator could be taken as a package when this was written; see decision 0003.)
/// </remarks>
public sealed class JsonSchema
{
    private static readonly HashSet<string> Annotations = ["$schema", "$id", "$defs", "title", "description", "examples", "default"];
    private static readonly HashSet<string> Keywords =
    [
        "$ref", "type", "properties", "required", "additionalProperties", "propertyNames", "items", "enum", "const", "pattern", "format",
        "minLength", "maxLength", "minimum", "exclusiveMinimum", "maximum", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties", "allOf", "if", "then",
    ];

    private readonly JsonElement _root;

    private JsonSchema(JsonElement root)
    {
        _root = root;
        RefuseUnknownKeywords(root);
    }

    /// <summary>Loads a schema that is embedded in this assembly, by file name.</summary>
    public static JsonSchema Embedded(string name) => Parse(EmbeddedText(name));

    /// <summary>Loads a schema. Throws <see cref="NotSupportedException"/> for a keyword this class does not check.</summary>
    public static JsonSchema Parse(ReadOnlyMemory<byte> json) => new(JsonDocument.Parse(json).RootElement);

    /// <summary>The schema as it is written.</summary>
    public override string ToString() => _root.GetRawText();

    /// <summary>The bytes of an embedded schema, as published.</summary>
    public static byte[] EmbeddedText(string name)
    {
        using var stream = typeof(JsonSchema).Assembly.GetManifestResourceStream(name)
            ?? throw new ArgumentException($"No embedded document is called {name}.", nameof(name));
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    }

    /// <summary>Parses a document strictly (no comments, no duplicate names, 32 levels) and lists everything the schema finds wrong with it.</summary>
    public Checked<JsonDocument> Check(ReadOnlyMemory<byte> json)
    {
        var (document, wrong) = StrictJson.Parse(json, maxDepth: 32);
        if (document is null) return Problems.DocumentInvalid.At("", wrong!);
        var problems = new List<Problem>();
        Check(_root, document.RootElement, "", problems);
        return problems.Count == 0 ? document : problems;
    }

    private void Check(JsonElement schema, JsonElement value, string at, List<Problem> problems)
    {
        if (schema.TryGetProperty("$ref", out var reference)) Check(Resolve(reference.GetString()!), value, at, problems);
        if (schema.TryGetProperty("type", out var type) && !HasType(value, type))
        {
            problems.Add(Wrong(at, $"should be {string.Join(" or ", Names(type))}"));
            return;
        }
        if (schema.TryGetProperty("enum", out var allowed) && !allowed.EnumerateArray().Any(one => JsonElement.DeepEquals(one, value)))
            problems.Add(Wrong(at, $"should be one of {string.Join(", ", allowed.EnumerateArray().Select(one => one.GetRawText()))}"));
        if (schema.TryGetProperty("const", out var constant) && !JsonElement.DeepEquals(constant, value))
            problems.Add(Wrong(at, $"should be {constant.GetRawText()}"));
        if (schema.TryGetProperty("allOf", out var all))
            foreach (var part in all.EnumerateArray()) Check(part, value, at, problems);
        if (schema.TryGetProperty("if", out var condition) && schema.TryGetProperty("then", out var then) && Fits(condition, value)) Check(then, value, at, problems);
        switch (value.ValueKind)
        {
            case JsonValueKind.Object: CheckObject(schema, value, at, problems); break;
            case JsonValueKind.Array: CheckArray(schema, value, at, problems); break;
            case JsonValueKind.String: CheckString(schema, value.GetString()!, at, problems); break;
            case JsonValueKind.Number: CheckNumber(schema, value.GetDouble(), at, problems); break;
            default: break;
        }
    }

    private bool Fits(JsonElement schema, JsonElement value)
    {
        var problems = new List<Problem>();
        Check(schema, value, "", problems);
        return problems.Count == 0;
    }

    private void CheckObject(JsonElement schema, JsonElement value, string at, List<Problem> problems)
    {
        if (schema.TryGetProperty("required", out var required))
            foreach (var name in required.EnumerateArray())
                if (!value.TryGetProperty(name.GetString()!, out _)) problems.Add(Wrong(Below(at, name.GetString()!), "is required"));
        CheckSize(schema, "Properties", value.EnumerateObject().Count(), "members", at, problems);
        schema.TryGetProperty("properties", out var properties);
        foreach (var member in value.EnumerateObject())
        {
            var here = Below(at, member.Name);
            if (schema.TryGetProperty("propertyNames", out var names)) CheckString(names, member.Name, here, problems);
            if (properties.ValueKind == JsonValueKind.Object && properties.TryGetProperty(member.Name, out var known))
                Check(known, member.Value, here, problems);
            else if (schema.TryGetProperty("additionalProperties", out var others))
            {
                if (others.ValueKind == JsonValueKind.False) problems.Add(Wrong(here, $"is not known here; known are {string.Join(", ", properties.EnumerateObject().Select(p => p.Name))}"));
                else if (others.ValueKind == JsonValueKind.Object) Check(others, member.Value, here, problems);
            }
        }
    }

    private void CheckArray(JsonElement schema, JsonElement value, string at, List<Problem> problems)
    {
        CheckSize(schema, "Items", value.GetArrayLength(), "items", at, problems);
        if (schema.TryGetProperty("uniqueItems", out var unique) && unique.ValueKind == JsonValueKind.True
            && value.EnumerateArray().Select(item => item.GetRawText()).Distinct(StringComparer.Ordinal).Count() < value.GetArrayLength())
            problems.Add(Wrong(at, "should hold nothing twice"));
        if (!schema.TryGetProperty("items", out var items)) return;
        var index = 0;
        foreach (var item in value.EnumerateArray()) Check(items, item, string.Create(CultureInfo.InvariantCulture, $"{at}/{index++}"), problems);
    }

    private static void CheckString(JsonElement schema, string value, string at, List<Problem> problems)
    {
        CheckSize(schema, "Length", value.Length, "characters", at, problems);
        if (schema.TryGetProperty("pattern", out var pattern)
            && !Regex.IsMatch(value, pattern.GetString()!, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking))
            problems.Add(Wrong(at, $"should match {pattern.GetString()}"));
        if (schema.TryGetProperty("format", out _) && !DateOnly.TryParseExact(value, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _))
            problems.Add(Wrong(at, "should be a date such as 2026-09-30"));
    }

    private static void CheckNumber(JsonElement schema, double value, string at, List<Problem> problems)
    {
        if (schema.TryGetProperty("minimum", out var least) && value < least.GetDouble()) problems.Add(Wrong(at, $"should be at least {least.GetRawText()}"));
        if (schema.TryGetProperty("exclusiveMinimum", out var over) && value <= over.GetDouble()) problems.Add(Wrong(at, $"should be over {over.GetRawText()}"));
        if (schema.TryGetProperty("maximum", out var most) && value > most.GetDouble()) problems.Add(Wrong(at, $"should be at most {most.GetRawText()}"));
    }

    private static void CheckSize(JsonElement schema, string what, int size, string words, string at, List<Problem> problems)
    {
        if (schema.TryGetProperty("min" + what, out var least) && size < least.GetInt32()) problems.Add(Wrong(at, $"should have at least {least.GetRawText()} {words}"));
        if (schema.TryGetProperty("max" + what, out var most) && size > most.GetInt32()) problems.Add(Wrong(at, $"should have at most {most.GetRawText()} {words}"));
    }

    private static bool HasType(JsonElement value, JsonElement type) => Names(type).Any(name => name switch
    {
        "object" => value.ValueKind == JsonValueKind.Object,
        "array" => value.ValueKind == JsonValueKind.Array,
        "string" => value.ValueKind == JsonValueKind.String,
        "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out _),
        "number" => value.ValueKind == JsonValueKind.Number,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "null" => value.ValueKind == JsonValueKind.Null,
        _ => throw new NotSupportedException($"JSON Schema type {name}"),
    });

    private static IEnumerable<string> Names(JsonElement type) =>
        type.ValueKind == JsonValueKind.Array ? type.EnumerateArray().Select(one => one.GetString()!) : [type.GetString()!];

    private JsonElement Resolve(string reference) =>
        reference.StartsWith("#/$defs/", StringComparison.Ordinal) ? _root.GetProperty("$defs").GetProperty(reference["#/$defs/".Length..]) : throw new NotSupportedException(reference);

    private static void RefuseUnknownKeywords(JsonElement schema)
    {
        foreach (var keyword in schema.EnumerateObject())
        {
            if (!Keywords.Contains(keyword.Name) && !Annotations.Contains(keyword.Name))
                throw new NotSupportedException($"This service does not check the JSON Schema keyword {keyword.Name}.");
            if (keyword.Name is "properties" or "$defs")
                foreach (var child in keyword.Value.EnumerateObject()) RefuseUnknownKeywords(child.Value);
            else if (keyword.Name == "allOf")
                foreach (var part in keyword.Value.EnumerateArray()) RefuseUnknownKeywords(part);
            else if (keyword.Name is "if" or "then" or "items" or "additionalProperties" or "propertyNames" && keyword.Value.ValueKind == JsonValueKind.Object)
                RefuseUnknownKeywords(keyword.Value);
            else if (keyword.Name == "format" && keyword.Value.GetString() != "date")
                throw new NotSupportedException($"This service does not check the format {keyword.Value.GetString()}.");
        }
    }

    private static Problem Wrong(string at, string message) => Problems.DocumentInvalid.At(at, message);

    private static string Below(string at, string name) => $"{at}/{name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)}";
}
