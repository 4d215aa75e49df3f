using System.Text.Json;

namespace WholeSchoolSend.LocalHost;

internal static class Json
{
    private static readonly JsonDocumentOptions Lenient = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    /// <summary>A settings file, in which people write comments.</summary>
    public static JsonDocument Parse(string file)
    {
        try
        {
            return JsonDocument.Parse(File.ReadAllText(file), Lenient);
        }
        catch (JsonException problem)
        {
            throw new CannotStartException($"{Path.GetFileName(file)} is not valid JSON: {problem.Message}", problem);
        }
    }
}
