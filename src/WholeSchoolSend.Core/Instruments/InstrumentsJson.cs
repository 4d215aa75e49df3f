using System.Text.Json.Serialization;

namespace WholeSchoolSend.Core.Instruments;

/// <summary>An instrument in one line of a list.</summary>
/// <param name="Form">the form it maps; null for a poll.</param>
/// <param name="Supplier">whose poll files it maps; null for a form.</param>
/// <param name="Files">names of those files.</param>
public sealed record InstrumentSummary(string Id, int Version, string Title, string Collection, FormBinding? Form, string? Supplier, string? Files)
{
    public static InstrumentSummary Of(Instrument instrument) =>
        new(instrument.Id, instrument.Version, instrument.Title, instrument.Collection, instrument.Form, instrument.Poll?.Supplier, instrument.Poll?.Files);
}

/// <summary>The newest version of every instrument, in id order.</summary>
public sealed record InstrumentList(IReadOnlyList<InstrumentSummary> Instruments);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, RespectNullableAnnotations = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, WriteIndented = false)]
[JsonSerializable(typeof(Instrument))]
[JsonSerializable(typeof(InstrumentList))]
public sealed partial class InstrumentsJson : JsonSerializerContext;
