using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace WholeSchoolSend.Core.Webhooks.Tools;

/// <summary>
/// Reading JSON that others wrote: strict about form (no duplicate names, 64 levels), gathering what is missing by JSON pointer, and bounded: what is
/// read out of a body never grows beyond a fixed multiple of it, however it is nested or named.
/// </summary>
internal sealed class JsonReading(int bytes = 0) : IDisposable
{
    private const int Deepest = 64;

    /// <summary>The most answers one response may have: the longest questionnaires have some hundreds.</summary>
    private const int MostAnswers = 5_000;

    private const int MostValues = 1_000;
    private const int MostProblems = 100;

    private JsonDocument? _document;
    private long _charactersLeft = 65_536 + (8L * bytes);

    /// <summary>The first hundred things that are wrong.</summary>
    public List<Problem> Problems { get; } = [];

    /// <summary>The root of the body; null, with a problem, when it is not JSON.</summary>
    public JsonElement? Parse(ReadOnlyMemory<byte> body)
    {
        var (document, wrong) = StrictJson.Parse(body, Deepest);
        _charactersLeft += 8L * body.Length;
        if (document is not null) return (_document = document).RootElement;
        Wrong("", wrong!);
        return null;
    }

    /// <summary>So much is wrong that nothing more need be looked at.</summary>
    public bool IsHopeless => Problems.Count == MostProblems;

    /// <summary>Nothing read stays tied to the body's memory: answers are texts of their own.</summary>
    public void Dispose() => _document?.Dispose();

    /// <summary>Notes that something is not what this tool sends.</summary>
    public void Wrong(string at, string should)
    {
        if (!IsHopeless) Problems.Add(Core.Problems.BodyUndecodable.At(at, should));
    }

    /// <summary>Notes the same of a member that somebody else named: a name that could be an answer or a person is not repeated.</summary>
    public void Wrong(string at, string name, string should) =>
        Wrong(name.Length <= 40 && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.') ? $"{at}/{name}" : at, should);

    public string? Text(JsonElement parent, string name, string at)
    {
        if (Text(parent, name) is { } text) return text;
        Wrong($"{at}/{name}", "should be a text of 1 to 400 characters");
        return null;
    }

    /// <summary>A text of 1 to 400 characters, or a number as one; null when it is something else.</summary>
    public static string? Text(JsonElement parent, string name) =>
        Optional(parent, name) is { ValueKind: JsonValueKind.String or JsonValueKind.Number } value && value.ToString() is { Length: > 0 and <= 400 } text ? text : null;

    public DateTimeOffset? Time(JsonElement parent, string name, string at)
    {
        if (Optional(parent, name) is { ValueKind: JsonValueKind.String } value && LocalTime.TryZoned(value.GetString()!, out var time)) return time;
        Wrong($"{at}/{name}", "should be a time with zone such as 2026-11-02T09:30:00Z");
        return null;
    }

    /// <summary>A time with a zone, or without one and then of the zone given: for tools that leave it out.</summary>
    public DateTimeOffset? Time(JsonElement parent, string name, string at, TimeZoneInfo zone)
    {
        if (Optional(parent, name) is { ValueKind: JsonValueKind.String } value && LocalTime.Try(value.GetString()!, zone) is { } time) return time;
        Wrong($"{at}/{name}", "should be a time such as 2026-11-02 09:30:00");
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
                Wrong($"{at}/{name}", "should be an object");
                return [];
        }
    }

    /// <summary>The items of an array of objects; none, with a problem, when it is something else.</summary>
    public IEnumerable<(JsonElement Item, string At)> Items(JsonElement? list, string at)
    {
        if (list is { ValueKind: JsonValueKind.Array } given && given.EnumerateArray().All(item => item.ValueKind == JsonValueKind.Object))
            return given.EnumerateArray().TakeWhile(_ => !IsHopeless).Select((item, index) => (item, string.Create(CultureInfo.InvariantCulture, $"{at}/{index}")));
        Wrong(at, "should be an array of objects");
        return [];
    }

    /// <summary>The answers of one response, as long as there are not more of them than any questionnaire has.</summary>
    public List<Answer> Gather(IEnumerable<Answer?> answers, string at)
    {
        var gathered = new List<Answer>();
        foreach (var answer in answers)
        {
            if (IsHopeless) break;
            if (answer is null) continue;
            // A name may be made of the names of all the objects round it: many short answers inside long names are more than was sent.
            _charactersLeft -= answer.Field.Length + (answer.Alias?.Length ?? 0);
            if (gathered.Count == MostAnswers || answer.Values.Count > MostValues || _charactersLeft < 0)
            {
                Wrong(at, $"should be at most {MostAnswers} answers of at most {MostValues} values, with names no longer than a questionnaire's");
                break;
            }
            gathered.Add(answer);
        }
        return gathered;
    }

    public static JsonElement? Optional(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    /// <summary>A number, boolean or string as canonical text; null for anything else, and for a number beyond what a number holds.</summary>
    public static string? Scalar(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number when value.TryGetInt64(out var whole) => whole.ToString(CultureInfo.InvariantCulture),
        JsonValueKind.Number => value.TryGetDouble(out var number) && double.IsFinite(number) ? number.ToString("R", CultureInfo.InvariantCulture) : null,
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        _ => null,
    };

    /// <summary>The texts of an array, in order; of anything else the one it is, if it is one.</summary>
    public static IEnumerable<string> Scalars(JsonElement? value)
    {
        if (value is { ValueKind: JsonValueKind.Array } list)
        {
            // One more than can be taken, so that it is seen that there are more.
            foreach (var item in list.EnumerateArray().Take(MostValues + 1))
                if (Scalar(item) is { } text) yield return text;
        }
        else if (value is { } one && Scalar(one) is { } text)
            yield return text;
    }

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

    /// <summary>
    /// The bytes of each item of an array, which is the body or, by these names, inside it; none when there is no such array. Of what is wrong with an
    /// item nothing is asked: this is how one that cannot be read is parted from those that can.
    /// </summary>
    public static IEnumerable<ReadOnlyMemory<byte>> Parts(ReadOnlyMemory<byte> body, params string[] names)
    {
        using var document = Lenient(body);
        if (document is null) yield break;
        var list = document.RootElement;
        foreach (var name in names)
            if (list.ValueKind == JsonValueKind.Object && list.TryGetProperty(name, out var inner)) list = inner;
        if (list.ValueKind != JsonValueKind.Array) yield break;
        foreach (var item in list.EnumerateArray()) yield return JsonMarshal.GetRawUtf8Value(item).ToArray();
    }

    /// <summary>A part between two texts.</summary>
    public static ReadOnlyMemory<byte> Between(ReadOnlySpan<byte> before, ReadOnlyMemory<byte> part, ReadOnlySpan<byte> after) => (byte[])[.. before, .. part.Span, .. after];

    private static JsonDocument? Lenient(ReadOnlyMemory<byte> body)
    {
        try
        {
            return JsonDocument.Parse(StrictJson.WithoutMark(body), new JsonDocumentOptions { MaxDepth = 1_000 });
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
