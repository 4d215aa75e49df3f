using System.Text.Json.Serialization;

namespace WholeSchoolSend.Core.Snapshots;

/// <summary>What was wrong in documents that were published, as the evidence lead puts it; checked against <c>erratum.schema.json</c>. It is published.</summary>
/// <param name="On">when it was found.</param>
/// <param name="Text">what was wrong and what holds instead, in words for every reader.</param>
/// <param name="Snapshots">ids of the documents it concerns.</param>
/// <param name="Kpis">what of them: KPIs by id; all when left out.</param>
/// <param name="Wave">in which wave; every one when left out.</param>
public sealed record Erratum(DateOnly On, string Text, IReadOnlyList<string> Snapshots, IReadOnlyList<string>? Kpis = null, string? Wave = null);

/// <summary>An erratum as it stands.</summary>
/// <param name="Revision">counts the writes from 1; a writer states the revision it read.</param>
public sealed record ErratumState(string Id, Erratum Erratum, int Revision);

/// <summary>Every erratum, by id.</summary>
public sealed record ErrataList(IReadOnlyList<ErratumState> Errata);

/// <summary>Keeps errata, every revision of them.</summary>
public interface IErrata
{
    /// <summary>The newest revision of each, by id.</summary>
    Task<IReadOnlyList<ErratumState>> AllAsync(CancellationToken cancellation);

    Task<ErratumState?> FindAsync(string id, CancellationToken cancellation);

    /// <summary>Writes an erratum whose revision is one more than the stored one (1: not stored yet); false when somebody else was first.</summary>
    Task<bool> PutAsync(ErratumState erratum, CancellationToken cancellation);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(Erratum))]
[JsonSerializable(typeof(ErratumState))]
[JsonSerializable(typeof(ErrataList))]
public sealed partial class ErrataJson : JsonSerializerContext;
