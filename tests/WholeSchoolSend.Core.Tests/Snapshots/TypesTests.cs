using System.Text;
using System.Text.Json;

namespace WholeSchoolSend.Core.Tests.Snapshots;

/// <summary>The published TypeScript types are what the published schema says, so they cannot drift from it.</summary>
public sealed class TypesTests
{
    private const string File_ = "src/WholeSchoolSend.Core/Snapshots/snapshot-1.d.ts";

    /// <summary>After a change of the schema, run this with <c>WRITE_TYPES=1</c> and commit what it wrote.</summary>
    [Fact]
    public void The_types_are_made_from_the_schema()
    {
        var made = Types(JsonSchema.EmbeddedText("snapshot-1.json"));
        if (Environment.GetEnvironmentVariable("WRITE_TYPES") is "1")
            File.WriteAllText(Path.Combine(DocumentationTests.Root(), File_), made);
        Assert.Equal(made.Split('\n'), DocumentationTests.Lines(File_).Append(""));
        Assert.Equal(made, Encoding.UTF8.GetString(JsonSchema.EmbeddedText("snapshot-1.d.ts")));
    }

    [Fact]
    public void A_schema_becomes_types()
    {
        const string schema = """
            {"$defs":{"band":{"enum":["a","b"]}},"title":"A thing","type":"object","additionalProperties":false,"required":["kind","list"],"properties":{
              "kind":{"const":"one"},"list":{"type":"array","items":{"$ref":"#/$defs/band"}},"wave":{"type":["string","null"],"description":"Which."},
              "part":{"type":"object","additionalProperties":false,"properties":{"n":{"type":"integer"}}},"counts":{"type":"object","additionalProperties":{"type":"integer"}}}}
            """;
        Assert.Contains(
            "export type Band = \"a\" | \"b\";\n\nexport interface Snapshot {\n  kind: \"one\";\n  list: Band[];\n  /** Which. */\n  wave?: string | null;\n  part?: {\n    n?: number;\n  };\n  counts?: Record<string, number>;\n}\n",
            Types(Encoding.UTF8.GetBytes(schema)), StringComparison.Ordinal);
    }

    private static string Types(byte[] schema)
    {
        using var document = JsonDocument.Parse(schema);
        var root = document.RootElement;
        var text = new StringBuilder("// A published KPI snapshot. Made from snapshot-1.json, which says more (patterns, formats); see TypesTests.\n");
        foreach (var definition in root.GetProperty("$defs").EnumerateObject()) text.Append('\n').Append(Declared(Capital(definition.Name), definition.Value));
        return text.Append('\n').Append(Declared("Snapshot", root)).ToString();
    }

    private static string Declared(string name, JsonElement schema) =>
        schema.TryGetProperty("properties", out _) ? $"export interface {name} {TypeOf(schema, "")}\n" : $"export type {name} = {TypeOf(schema, "")};\n";

    private static string TypeOf(JsonElement schema, string indent)
    {
        if (schema.TryGetProperty("$ref", out var reference)) return Capital(reference.GetString()!.Split('/')[^1]);
        if (schema.TryGetProperty("const", out var constant)) return constant.GetRawText();
        if (schema.TryGetProperty("enum", out var values)) return string.Join(" | ", values.EnumerateArray().Select(value => value.GetRawText()));
        if (schema.GetProperty("type") is { ValueKind: JsonValueKind.Array } several) return string.Join(" | ", several.EnumerateArray().Select(type => Plain(type.GetString()!)));
        switch (schema.GetProperty("type").GetString())
        {
            case "array":
                var item = TypeOf(schema.GetProperty("items"), indent);
                return item.Contains('|', StringComparison.Ordinal) && !item.StartsWith('{') ? $"({item})[]" : $"{item}[]";
            case "object" when schema.TryGetProperty("properties", out var properties):
                var required = schema.TryGetProperty("required", out var names) ? names.EnumerateArray().Select(name => name.GetString()).ToHashSet() : [];
                var inner = indent + "  ";
                return $"{{\n{string.Concat(properties.EnumerateObject().Select(property => Comment(property.Value, inner) + $"{inner}{property.Name}{(required.Contains(property.Name) ? "" : "?")}: {TypeOf(property.Value, inner)};\n"))}{indent}}}";
            case "object": return $"Record<string, {TypeOf(schema.GetProperty("additionalProperties"), indent)}>";
            case var plain: return Plain(plain!);
        }
    }

    private static string Plain(string type) => type switch { "integer" => "number", "string" or "number" or "boolean" or "null" => type, _ => throw new NotSupportedException(type) };

    private static string Comment(JsonElement schema, string indent) => schema.TryGetProperty("description", out var description) ? $"{indent}/** {description.GetString()} */\n" : "";

    private static string Capital(string name) => char.ToUpperInvariant(name[0]) + name[1..];
}
