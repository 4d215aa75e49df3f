using System.Text;
using WholeSchoolSend.Core.Instruments;

namespace WholeSchoolSend.Core.Tests;

public sealed class JsonSchemaTests
{
    private static readonly JsonSchema Schema = JsonSchema.Parse(
        """
        { "type": "object", "required": ["a"], "additionalProperties": false,
          "properties": { "a": { "$ref": "#/$defs/short" }, "n": { "type": "integer", "minimum": 1, "maximum": 3 }, "x": { "type": "number", "exclusiveMinimum": 0 },
            "d": { "type": "string", "format": "date" }, "e": { "enum": ["p", "q"] }, "c": { "const": 7 }, "o": { "type": ["string", "null"] },
            "l": { "type": "array", "minItems": 1, "maxItems": 2, "uniqueItems": true, "items": { "type": "boolean" } },
            "m": { "type": "object", "minProperties": 1, "propertyNames": { "pattern": "^[a-z]+$" }, "additionalProperties": { "type": "string" } } },
          "$defs": { "short": { "type": "string", "minLength": 1, "maxLength": 3, "pattern": "^[a-z]*$" } } }
        """u8.ToArray());

    [Theory]
    [InlineData("""{"a":"abc","n":3,"x":0.1,"d":"2026-02-28","e":"p","c":7,"o":null,"l":[true,false],"m":{"k":"v"}}""")]
    [InlineData("""{"a":"a"}""")]
    public void What_follows_the_schema_has_no_problem(string json) => Assert.Empty(Problems(json));

    [Theory]
    [InlineData("""{}""", "/a")]
    [InlineData("""[]""", "")]
    [InlineData("""{"a":""}""", "/a")]
    [InlineData("""{"a":"abcd"}""", "/a")]
    [InlineData("""{"a":"A"}""", "/a")]
    [InlineData("""{"a":1}""", "/a")]
    [InlineData("""{"a":"a","n":0}""", "/n")]
    [InlineData("""{"a":"a","n":4}""", "/n")]
    [InlineData("""{"a":"a","n":1.5}""", "/n")]
    [InlineData("""{"a":"a","x":0}""", "/x")]
    [InlineData("""{"a":"a","d":"2026-02-30"}""", "/d")]
    [InlineData("""{"a":"a","d":"30/09/2026"}""", "/d")]
    [InlineData("""{"a":"a","e":"r"}""", "/e")]
    [InlineData("""{"a":"a","c":8}""", "/c")]
    [InlineData("""{"a":"a","o":1}""", "/o")]
    [InlineData("""{"a":"a","l":[]}""", "/l")]
    [InlineData("""{"a":"a","l":[true,true]}""", "/l")]
    [InlineData("""{"a":"a","l":[1]}""", "/l/0")]
    [InlineData("""{"a":"a","m":{}}""", "/m")]
    [InlineData("""{"a":"a","m":{"K":"v"}}""", "/m/K")]
    [InlineData("""{"a":"a","m":{"k":1}}""", "/m/k")]
    [InlineData("""{"a":"a","b/~":1}""", "/b~1~0")]
    [InlineData("""{"a":"a","a":"b"}""", "")]
    [InlineData("""{"a":"a"}}""", "")]
    public void What_does_not_is_named_by_its_place(string json, string where) => Assert.Equal(where, Assert.Single(Problems(json)).Where);

    [Fact]
    public void Everything_wrong_is_said_at_once() => Assert.Equal(["/a", "/n", "/z"], Problems("""{"n":9,"z":1}""").Select(problem => problem.Where));

    [Fact]
    public void A_schema_with_a_rule_that_is_not_checked_does_not_load()
    {
        Assert.Throws<NotSupportedException>(() => JsonSchema.Parse("""{ "oneOf": [] }"""u8.ToArray()));
        Assert.Throws<NotSupportedException>(() => JsonSchema.Parse("""{ "properties": { "a": { "items": { "format": "uri" } } } }"""u8.ToArray()));
    }

    [Fact]
    public void Published_schemas_load_and_say_which_dialect_they_are()
    {
        foreach (var name in new[] { "instrument.schema.json", "wave.schema.json", "milestone.schema.json", "kpi-catalogue.schema.json", "snapshot-1.json" })
        {
            Assert.NotNull(JsonSchema.Embedded(name));
            Assert.Contains("2020-12", Encoding.UTF8.GetString(JsonSchema.EmbeddedText(name)), StringComparison.Ordinal);
        }
        Assert.NotNull(PutInstrument.Schema);
    }

    [Fact]
    public void Problem_codes_are_kebab_case_and_never_twice()
    {
        Assert.True(Core.Problems.All.Count > 20);
        Assert.All(Core.Problems.All.Keys, code => Assert.Matches("^[a-z]+(-[a-z]+)*$", code));
    }

    private static IReadOnlyList<Problem> Problems(string json) => Schema.Check(Encoding.UTF8.GetBytes(json)).Problems;
}
