using System.Text.Json;
using System.Text.Json.Serialization;
using WholeSchoolSend.Core.Erasures;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Polls;
using WholeSchoolSend.Core.Schools;
using WholeSchoolSend.Core.Webhooks;
using WholeSchoolSend.Core.Webhooks.Vendors;

namespace WholeSchoolSend.Storage;

/// <summary>
/// Documents as rows hold them. Nulls are written: what others send may leave out what it does not have, but a row that lacks something is
/// broken, and is not read as if it were whole.
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(Coding))]
[JsonSerializable(typeof(ResponseVersion))]
[JsonSerializable(typeof(Instrument))]
[JsonSerializable(typeof(SeenWording))]
[JsonSerializable(typeof(WaveState))]
[JsonSerializable(typeof(ActiveImport))]
[JsonSerializable(typeof(ImportRecord))]
[JsonSerializable(typeof(QuarantineTable.Content))]
[JsonSerializable(typeof(IReadOnlyList<QuarantineReason>))]
[JsonSerializable(typeof(DeliveryReply))]
[JsonSerializable(typeof(GapReport))]
[JsonSerializable(typeof(Erasure))]
[JsonSerializable(typeof(SortedDictionary<string, Movements>))]
internal sealed partial class StorageJson : JsonSerializerContext
{
    public static string Write(ResponseVersion version) => JsonSerializer.Serialize(version, Default.ResponseVersion);

    public static ResponseVersion ReadVersion(string text) => JsonSerializer.Deserialize(text, Default.ResponseVersion)!;

    public static byte[] Write(Coding coding) => JsonSerializer.SerializeToUtf8Bytes(coding, Default.Coding);

    public static Coding ReadCoding(byte[] bytes) => JsonSerializer.Deserialize(bytes, Default.Coding)!;
}
