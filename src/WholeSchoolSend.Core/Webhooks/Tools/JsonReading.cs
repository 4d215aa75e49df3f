using System.Globalization;
using System.Text.Json;

namespace WholeSchoolSend.Core.Webhooks.Tools;

/// <summary>Reading JSON that others wrote: strict about form (no duplicate names, 64 levels), and gathering what is missing by JSON pointer.</summary>
internal sealed class JsonReading
{
    public List<Problem> Problems { get; } = [];

    /// <summary>The root of the body; null, with a problem, when it is not JSON.</summary>
    public JsonElement? Parse(ReadOnlyMemory<byte> body)
    {
        var (document, wrong) = StrictJson.Parse(body, maxDepth: 64);
        if (document is not null) return document.RootElement;
        Problems.Add(Core.Problems.BodyUndecodable.At("", wrong!));
        return null;
    }

    public string? Text(JsonElement parent, string name, string at)
    {
        if (Optional(parent, name) is { ValueKind: JsonValueKind.String or JsonValueKind.Number } value && value.ToString() is { Length: > 0 and <= 400 } text) return text;
        Problems.Add(Core.Problems.BodyUndecodable.At($"{at}/{name}", "should be a text of 1 to 400 characters"));
        return null;
    }

    public DateTimeOffset? Time(JsonElement parent, string name, string at)
    {
        if (Optional(parent, name) is { ValueKind: JsonValueKind.String } value && TryTime(value.GetString()!, out var time)) return time;
        Problems.Add(Core.Problems.BodyUndecodable.At($"{at}/{name}", "should be a time with zone such as 2026-11-02T09:30:00Z"));
        return null;
    }

    /// <summary>A time with a zone, or without one and then UTC: for tools that leave it out.</summary>
    public DateTimeOffset? TimeOrUtc(JsonElement parent, string name, string at)
    {
        if (Optional(parent, name) is { ValueKind: JsonValueKind.String } value && TryTimeOrUtc(value.GetString()!) is { } time) return time;
        Problems.Add(Core.Problems.BodyUndecodable.At($"{at}/{name}", "should be a time such as 2026-11-02 09:30:00"));
        return null;
    }

    /// <summary>A member that must be an object or, for PHP that writes <c>[]</c> for one without members, may be left out.</summary>
    public IEnumerable<JsonProperty> Members(JsonElement parent, string name, string at)
    {
        switch (Optional(parent, name))
        {
            case { ValueKind: JsonValueKind.Object } members:
                return members.EnumerateObject();
            case null:
            case { ValueKind: JsonValueKind.Array } list when list.GetArrayLength() == 0:
                return [];
            default:
                Problems.Add(Core.Problems.BodyUndecodable.At($"{at}/{name}", "should be an object"));
                return [];
        }
    }

    /// <summary>The items of an array of objects; none, with a problem, when it is something else.</summary>
    public IEnumerable<(JsonElement Item, string At)> Items(JsonElement? list, string at, int most = int.MaxValue)
    {
        if (list is { ValueKind: JsonValueKind.Array } given && given.GetArrayLength() <= most && given.EnumerateArray().All(item => item.ValueKind == JsonValueKind.Object))
            return given.EnumerateArray().Select((item, index) => (item, $"{at}/{index}"));
        Problems.Add(Core.Problems.BodyUndecodable.At(at, most < int.MaxValue ? $"should be an array of at most {most} objects" : "should be an array of objects"));
        return [];
    }

    public static JsonElement? Optional(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <summary>A number, boolean or string as canonical text; null for anything else.</summary>
    public static string? Scalar(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number => value.TryGetInt64(out var whole) ? whole.ToString(CultureInfo.InvariantCulture) : value.GetDouble().ToString("R", CultureInfo.InvariantCulture),
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        _ => null,
    };

    /// <summary>The texts an array's objects have under a name, in order; none where it is no such array.</summary>
    public static List<string> Texts(JsonElement? list, string name) => list is { ValueKind: JsonValueKind.Array } given
        ? given.EnumerateArray().Select(item => Optional(item, name))
            .Where(text => text is { ValueKind: JsonValueKind.String }).Select(text => text!.Value.ToString()).ToList()
        : [];

    /// <summary>Hidden fields: every scalar member of an object, named <c>hidden.{name}</c>.</summary>
    public static IEnumerable<Answer> Hidden(JsonElement? fields)
    {
        if (fields is not { ValueKind: JsonValueKind.Object } members) yield break;
        foreach (var member in members.EnumerateObject())
            if (Scalar(member.Value) is { } text) yield return new Answer($"hidden.{member.Name}", null, AnswerKind.Hidden, [new AnswerValue(text)]);
    }

    public static DateTimeOffset? TryTimeOrUtc(string text) =>
        TryTime(text, out var time) || DateTimeOffset.TryParseExact(
            text, Zoneless, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out time) ? time : null;

    private static readonly string[] Zoneless = ["yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF"];

    private static bool TryTime(string text, out DateTimeOffset time)
    {
        time = default;
        var zone = text.Length > 10 && (text[^1] is 'Z' or 'z' || text.AsSpan(10).IndexOfAny('+', '-') >= 0);
        return zone && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal, out time);
    }
}
