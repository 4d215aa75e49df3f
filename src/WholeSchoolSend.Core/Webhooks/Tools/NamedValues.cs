using System.Text.Json;

namespace WholeSchoolSend.Core.Webhooks.Tools;

/// <summary>
/// Answers of tools that send names and values and do not say what kind of question was asked. A name that begins with <c>hidden</c> is the
/// survey team's way to mark a hidden field (<c>hidden_urn</c>, <c>hiddenUrn</c>): it becomes <c>hidden.urn</c>, as if the tool had said so.
/// </summary>
internal static class NamedValues
{
    private const string HiddenName = "hidden";

    /// <summary>The answers of one named value: one, or for an object (a matrix) one for each row, named <c>question.row</c>.</summary>
    public static IEnumerable<Answer> Read(string name, string? alias, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Object)
            return value.EnumerateObject().SelectMany(row => Read($"{name}.{row.Name}", alias is null ? null : $"{alias}.{row.Name}", row.Value));
        var texts = value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().Select(JsonReading.Scalar).OfType<string>().ToList() : [JsonReading.Scalar(value) ?? ""];
        return [Texts(name, alias, texts, Kind(value))];
    }

    /// <summary>One answer that holds these texts; empty ones are no answer, and what looks like an e-mail address is a person's.</summary>
    public static Answer Texts(string name, string? alias, IReadOnlyList<string> texts, AnswerKind kind = AnswerKind.Uncertain)
    {
        var values = texts.Where(text => text.Trim().Length > 0).Select(text => new AnswerValue(text)).ToList();
        var hidden = Hidden(alias ?? name);
        return hidden is not null ? new Answer(hidden, name, AnswerKind.Hidden, values)
            : new Answer(name, alias, values.Count == 0 ? AnswerKind.Unanswered : values.Exists(value => value.Text.Contains('@', StringComparison.Ordinal)) ? AnswerKind.Personal : kind, values);
    }

    public static Answer Personal(string name, string text) => new(name, null, AnswerKind.Personal, [new AnswerValue(text)]);

    /// <summary>The name as a hidden field's; null when it is none.</summary>
    private static string? Hidden(string name)
    {
        if (!name.StartsWith(HiddenName, StringComparison.OrdinalIgnoreCase)) return null;
        var rest = name[HiddenName.Length..].TrimStart('_', '-', '.', ' ').ToLowerInvariant();
        return rest.Length == 0 ? null : $"hidden.{rest}";
    }

    private static AnswerKind Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number => AnswerKind.Number,
        JsonValueKind.True or JsonValueKind.False => AnswerKind.Boolean,
        _ => AnswerKind.Uncertain,
    };
}
