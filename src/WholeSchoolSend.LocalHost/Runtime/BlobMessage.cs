using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace WholeSchoolSend.LocalHost;

/// <summary>"Run this function for that version of that blob", in the words of the real host, which writes the same to its poison queue.</summary>
internal sealed record BlobMessage(
    string Type, string FunctionId, string BlobType, string ContainerName, string BlobName, [property: JsonPropertyName("ETag")] string ETag)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static BlobMessage? TryParse(BinaryData body)
    {
        try
        {
            return JsonSerializer.Deserialize<BlobMessage>(body);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public string ToJson() => JsonSerializer.Serialize(this, Indented);
}
