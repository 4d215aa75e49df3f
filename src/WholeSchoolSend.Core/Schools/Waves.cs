using System.Text.Json.Serialization;

namespace WholeSchoolSend.Core.Schools;

/// <summary>A round of fieldwork, as an operator puts it; checked against <c>wave.schema.json</c>.</summary>
/// <param name="From">first day of fieldwork; a school is engaged when its first contact was before it.</param>
/// <param name="To">last day of fieldwork.</param>
/// <param name="Frame">schools in the sampling frame, where known.</param>
/// <param name="Invited">people invited, where known.</param>
public sealed record Wave(string Title, DateOnly From, DateOnly To, int? Frame = null, int? Invited = null);

/// <summary>A wave as it stands: its document, and when and why it was closed.</summary>
/// <param name="Revision">counts the writes from 1; a writer states the revision it read.</param>
public sealed record WaveState(string Id, Wave Wave, WaveClosure? Closed, int Revision)
{
    /// <summary>Operators' decisions to issue its figures again, oldest first; null where there is none.</summary>
    public IReadOnlyList<WaveReissue>? Reissues { get; init; }

    /// <summary>What an evaluation reads of it: that figures are issued again changes none.</summary>
    internal WaveState Evaluated => this with { Reissues = null, Revision = Revision - (Reissues?.Count ?? 0) };
}

/// <summary>All waves, by first day of fieldwork, then id.</summary>
public sealed record WaveList(IReadOnlyList<WaveState> Waves);

/// <summary>An operator's decision that a wave is complete.</summary>
public sealed record WaveClosure(DateTimeOffset At, string Reason);

/// <summary>An operator's decision to issue a closed wave's figures again.</summary>
/// <param name="Inputs">the evidence it was taken on: it holds for no other.</param>
public sealed record WaveReissue(DateTimeOffset At, string Reason, string Inputs);

/// <summary>Keeps the rounds of fieldwork.</summary>
public interface IWaves
{
    /// <summary>All waves, by first day of fieldwork, then id.</summary>
    Task<IReadOnlyList<WaveState>> AllAsync(CancellationToken cancellation);

    Task<WaveState?> FindAsync(string id, CancellationToken cancellation);

    /// <summary>Writes a wave whose revision is one more than the stored one (1: not stored yet); false when somebody else was first.</summary>
    Task<bool> PutAsync(WaveState wave, CancellationToken cancellation);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(Wave))]
[JsonSerializable(typeof(WaveState))]
[JsonSerializable(typeof(WaveList))]
public sealed partial class WavesJson : JsonSerializerContext;
