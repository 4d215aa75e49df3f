using System.Text.Json;
using System.Text.Json.Serialization;
using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Storage;

/// <summary>Documents that only rows hold; what the domain shows to others has a context of its own in Core.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Coding))]
[JsonSerializable(typeof(ResponseVersion))]
[JsonSerializable(typeof(QuarantineTable.Content))]
internal sealed partial class StorageJson : JsonSerializerContext
{
    public static string Write(ResponseVersion version) => JsonSerializer.Serialize(version, Default.ResponseVersion);

    public static ResponseVersion ReadVersion(string text) => JsonSerializer.Deserialize(text, Default.ResponseVersion)!;

    public static byte[] Write(Coding coding) => JsonSerializer.SerializeToUtf8Bytes(coding, Default.Coding);

    public static Coding ReadCoding(byte[] bytes) => JsonSerializer.Deserialize(bytes, Default.Coding)!;
}
