using System.Text.Json;
using System.Text.Json.Serialization;

namespace WholeSchoolSend.Core.Snapshots;

/// <summary>An audience is written in lower case: <c>internal</c>, <c>public</c>.</summary>
internal sealed class AudienceJson() : JsonStringEnumConverter<Audience>(JsonNamingPolicy.CamelCase);
