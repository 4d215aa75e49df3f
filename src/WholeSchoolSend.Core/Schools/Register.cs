using System.Text.Json.Serialization;

namespace WholeSchoolSend.Core.Schools;

/// <summary>One school of the register, open or closed, as far as the KPIs need it. Who leads it is never kept.</summary>
/// <param name="Urn">six-digit unique reference number.</param>
/// <param name="Phase">phase of education, e.g. <c>Primary</c>; where the register has none, from the kind of school; else <c>unknown</c>.</param>
/// <param name="Region">government office region; where the register has none, from the local authority; else <c>unknown</c>.</param>
/// <param name="Open">open, or open but proposed to close.</param>
/// <param name="Authority">the local authority's three-digit code.</param>
/// <param name="Type">type of establishment, as the register names it.</param>
public sealed record School(
    string Urn, string Name, string Phase, string Region, bool Open, string? Authority = null, string? Type = null, DateOnly? Opened = null,
        DateOnly? Closed = null);

/// <summary>One qualifying contact of the programme with a school.</summary>
/// <param name="Line">line of the file that states it: two contacts of one day and strand stay two.</param>
public sealed record Engagement(string Urn, DateOnly On, string Strand, int Line);

/// <summary>A school that goes on as another: an academy in place of the school that converted, a school that two were merged into.</summary>
/// <param name="Urn">the school that goes on.</param>
/// <param name="Predecessor">the school it was before.</param>
public sealed record SchoolLink(string Urn, string Predecessor, DateOnly? On);

/// <summary>Schools that a network of the consortium says it reaches, beyond those engaged directly.</summary>
public sealed record NetworkReach(string Network, DateOnly AsOf, int Schools, int Line);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(School))]
[JsonSerializable(typeof(Engagement))]
[JsonSerializable(typeof(SchoolLink))]
[JsonSerializable(typeof(NetworkReach))]
public sealed partial class SchoolsJson : JsonSerializerContext;
