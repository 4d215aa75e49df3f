using System.Text.Json;

namespace WholeSchoolSend.Core.Webhooks.Tools;

/// <summary>
/// Answers of tools that send names and values and do not say what kind of question was asked. A name that begins with <c>hidden</c> is the
/// survey team's way to mark a hidden field (<c>hidden_urn</c>, <c>hiddenUrn</c>): it becomes <c>hidden.urn</c>, as if the tool had said so.
/// </summary>
internal static class NamedValues
{
    private const string HiddenName = "hidden";

    /// <summary>A matrix is one level, a group of matrices two: what is deeper is no answer.</summary>
    private const int Deepest = 4;

    /// <summary>The answers of one named value: one, or for an object (a matrix) one for each row, named <c>question.row</c>.</summary>
    public static IEnumerable<Answer> Read(string name, string? alias, JsonElement value) => Read(name, alias, value, 0);

    /// <summary>One answer that holds these texts; empty ones are no answer, and what looks like an e-mail address is a person's.</summary>
    public static Answer Texts(string name, string? alias, IEnumerable<string> texts, AnswerKind kind = AnswerKind.Uncertain)
    {
        var values = texts.Where(text => !string.IsNullOrWhiteSpace(text)).Select(text => new AnswerValue(text)).ToList();
        var hidden = Hidden(alias ?? name);
        return hidden is not null ? new Answer(hidden, name, AnswerKind.Hidden, values)
            : new Answer(name, alias, values.Count == 0 ? AnswerKind.Unanswered : values.Exists(value => value.Text.Contains('@', StringComparison.Ordinal)) ? AnswerKind.Personal : kind, values);
    }

    public static Answer Personal(string name, string text) => new(name, null, AnswerKind.Personal, [new AnswerValue(text)]);

    private static IEnumerable<Answer> Read(string name, string? alias, JsonElement value, int depth) => value.ValueKind switch
    {
        JsonValueKind.Object when depth == Deepest => [new Answer(name, alias, AnswerKind.Other, [])],
        JsonValueKind.Object => value.EnumerateObject().SelectMany(row => Read($"{name}.{row.Name}", alias is null ? null : $"{alias}.{row.Name}", row.Value, depth + 1)),
        _ => [Texts(name, alias, JsonReading.Scalars(value), Kind(value))],
    };

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
