using System.Text.Json.Serialization;

namespace WholeSchoolSend.Core.Kpis;

/// <summary>How far a milestone is.</summary>
public enum MilestoneStatus
{
    [JsonStringEnumMemberName("not_started")]
    NotStarted,

    [JsonStringEnumMemberName("in_progress")]
    InProgress,

    [JsonStringEnumMemberName("draft")]
    Draft,

    [JsonStringEnumMemberName("delivered")]
    Delivered,

    [JsonStringEnumMemberName("in_use")]
    InUse,
}

/// <summary>A milestone of an operational KPI, as the evidence lead puts it; checked against <c>milestone.schema.json</c>.</summary>
/// <param name="On">since when it has this status.</param>
/// <param name="Evidence">address of what shows it; it is published. Required once delivered, unless there is a document.</param>
/// <param name="Document">SHA-256 of a document that shows it, lower-case hex.</param>
/// <param name="ApprovedBy">the office that approved it, not a person's name; never published.</param>
/// <param name="Planned">when it was planned for.</param>
/// <param name="Counts">the counts the catalogue names for it.</param>
public sealed record Milestone(
    MilestoneStatus Status, DateOnly On, string? Evidence = null, string? Document = null, string? ApprovedBy = null, DateOnly? Planned = null,
    IReadOnlyDictionary<string, int>? Counts = null)
{
    [JsonIgnore]
    public bool IsDelivered => Status is MilestoneStatus.Delivered or MilestoneStatus.InUse;
}

/// <summary>A milestone as it stands.</summary>
/// <param name="Id">of its KPI, e.g. <c>O1.1</c>.</param>
/// <param name="Revision">counts the writes from 1; a writer states the revision it read.</param>
public sealed record MilestoneState(string Id, Milestone Milestone, int Revision);

/// <summary>Every milestone something was reported of, by id.</summary>
public sealed record MilestoneList(IReadOnlyList<MilestoneState> Milestones);

/// <summary>Keeps milestones, every revision of them.</summary>
public interface IMilestones
{
    /// <summary>The newest revision of each, by id.</summary>
    Task<IReadOnlyList<MilestoneState>> AllAsync(CancellationToken cancellation);

    Task<MilestoneState?> FindAsync(string id, CancellationToken cancellation);

    /// <summary>Writes a milestone whose revision is one more than the stored one (1: not stored yet); false when somebody else was first.</summary>
    Task<bool> PutAsync(MilestoneState milestone, CancellationToken cancellation);
}

/// <summary>Whether a milestone was reached: delivered, and its counts as high as they should be.</summary>
internal static class MilestoneReading
{
    public static ReadingResult Evaluate(Kpi kpi, Reading reading, MilestoneReached measure, MilestoneState? state)
    {
        if (state is null) return new ReadingResult(kpi.Id, reading.Id, null, Verdict.Insufficient, "nothing was reported yet", []) { ReasonCode = ReasonCode.NotReported };
        var milestone = state.Milestone;
        var figures = measure.Counts.Where(name => milestone.Counts?.ContainsKey(name) == true).Select(name => new Figure("count", name.Replace('_', ' '), milestone.Counts![name], Method: "as reported")).ToList();
        var reached = milestone.IsDelivered && measure.AtLeast.All(least => milestone.Counts?.GetValueOrDefault(least.Key) >= least.Value);
        return new ReadingResult(kpi.Id, reading.Id, null, reading.Undecided is not null ? null : reached ? Verdict.MetConfident : Verdict.NotMetConfident, reading.Undecided, figures) { Milestone = milestone };
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, RespectNullableAnnotations = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(Milestone))]
[JsonSerializable(typeof(MilestoneState))]
[JsonSerializable(typeof(MilestoneList))]
public sealed partial class MilestonesJson : JsonSerializerContext;
