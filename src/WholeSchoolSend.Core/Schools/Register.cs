using System.Text.Json.Serialization;

namespace WholeSchoolSend.Core.Schools;

/// <summary>One school of the register, as far as the KPIs need it.</summary>
/// <param name="Urn">six-digit unique reference number.</param>
/// <param name="Phase">phase of education, e.g. <c>Primary</c>; <c>unknown</c> where the register has none.</param>
/// <param name="Region">government office region; <c>unknown</c> where the register has none.</param>
/// <param name="Open">open, or open but proposed to close.</param>
public sealed record School(string Urn, string Name, string Phase, string Region, bool Open);

/// <summary>One qualifying contact of the programme with a school.</summary>
/// <param name="Line">line of the file that states it: two contacts of one day and strand stay two.</param>
public sealed record Engagement(string Urn, DateOnly On, string Strand, int Line);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(School))]
[JsonSerializable(typeof(Engagement))]
public sealed partial class SchoolsJson : JsonSerializerContext;
