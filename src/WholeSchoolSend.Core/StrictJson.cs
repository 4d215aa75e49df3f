using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;

namespace WholeSchoolSend.Core;

/// <summary>Parses JSON that others wrote so that nothing read from it later can throw: valid UTF-8, no duplicate names, no half surrogates.</summary>
internal static class StrictJson
{
    /// <summary>The document, or a sentence that says where it stops being JSON. The sentence quotes nothing: the parser's own message could.</summary>
    public static (JsonDocument? Document, string? Wrong) Parse(ReadOnlyMemory<byte> json, int maxDepth)
    {
        json = WithoutMark(json);
        if (!Utf8.IsValid(json.Span)) return (null, "should be UTF-8");
        try
        {
            var document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = maxDepth });
            // An escape such as \ud800 is well-formed JSON of which no text can be made.
            if (!MayHoldSurrogates(json.Span) || IsText(document.RootElement)) return (document, null);
            document.Dispose();
            return (null, "should not hold half of a surrogate pair");
        }
        catch (InvalidOperationException)
        {
            // .NET's look for duplicate names makes texts of them, and fails on half a surrogate pair.
            return (null, "should not hold half of a surrogate pair");
        }
        catch (JsonException invalid)
        {
            return (null, string.Create(
                CultureInfo.InvariantCulture, $"should be JSON with no name twice in an object and at most {maxDepth} levels; it stops being that at line {(invalid.LineNumber ?? 0) + 1}, byte {invalid.BytePositionInLine ?? 0}"));
        }
    }

    /// <summary>Some programs begin UTF-8 with a byte order mark; it says nothing here.</summary>
    public static ReadOnlyMemory<byte> WithoutMark(ReadOnlyMemory<byte> json) => json.Span.StartsWith("\uFEFF"u8) ? json[3..] : json;

    private static bool MayHoldSurrogates(ReadOnlySpan<byte> json) => json.IndexOf("\\ud"u8) >= 0 || json.IndexOf("\\uD"u8) >= 0;

    private static bool IsText(JsonElement value)
    {
        try
        {
            return value.ValueKind switch
            {
                JsonValueKind.Object => value.EnumerateObject().All(member => member.Name is not null && IsText(member.Value)),
                JsonValueKind.Array => value.EnumerateArray().All(IsText),
                JsonValueKind.String => value.GetString() is not null,
                _ => true,
            };
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }
}
