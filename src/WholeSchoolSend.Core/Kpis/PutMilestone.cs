using System.Text.Json;

namespace WholeSchoolSend.Core.Kpis;

/// <summary>Takes a milestone in: checks it against its schema and the catalogue, and adds it as the next revision.</summary>
public sealed class PutMilestone(IMilestones milestones, Catalogue catalogue, TimeProvider time)
{
    public static JsonSchema Schema { get; } = JsonSchema.Embedded("milestone.schema.json");

    /// <summary>The milestone as stored (unchanged when it says the same), or everything that is wrong with it.</summary>
    public async Task<Checked<MilestoneState>> RunAsync(string id, ReadOnlyMemory<byte> json, CancellationToken cancellation)
    {
        var measured = catalogue.Readings().Where(entry => entry.Kpi.Id == id).Select(entry => entry.Reading.Measure).OfType<MilestoneReached>().FirstOrDefault();
        if (measured is null)
            return Problems.MilestoneUnknown.At("", $"should be one of {string.Join(", ", catalogue.Readings().Where(entry => entry.Reading.Measure is MilestoneReached).Select(entry => entry.Kpi.Id))}");
        var document = Schema.Check(json);
        if (document.Value is null) return document.Problems.ToList();
        var milestone = document.Value.Deserialize(MilestonesJson.Default.Milestone)!;
        var problems = Check(milestone, measured, DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime)).ToList();
        if (problems.Count > 0) return problems;

        var before = await milestones.FindAsync(id, cancellation);
        if (before is not null && Same(before.Milestone, milestone)) return before;
        var next = new MilestoneState(id, milestone, (before?.Revision ?? 0) + 1);
        return await milestones.PutAsync(next, cancellation) ? next : Problems.ChangedMeanwhile.At("", "the milestone was changed at the same moment: read it and try again");
    }

    private static IEnumerable<Problem> Check(Milestone milestone, MilestoneReached measured, DateOnly today)
    {
        if (milestone.IsDelivered && milestone.On > today) yield return Problems.DatesInvalid.At("/on", "should not be a day to come: what is delivered was delivered");
        if (milestone.IsDelivered && milestone.Evidence is null && milestone.Document is null)
            yield return Problems.EvidenceMissing.At("/evidence", "should be the address of what shows it, or document the SHA-256 of one");
        if (milestone.Evidence is { } evidence && !(Uri.TryCreate(evidence, UriKind.Absolute, out var address) && (address.Scheme is "https" or "http") && address.UserInfo.Length == 0))
            yield return Problems.DocumentInvalid.At("/evidence", "should be a whole address that begins with https://, without a password in it");
        foreach (var count in milestone.Counts?.Keys ?? [])
            if (!measured.Counts.Contains(count)) yield return Problems.DocumentInvalid.At($"/counts/{count}", measured.Counts.Count == 0 ? "is not counted for this milestone" : $"should be one of {string.Join(", ", measured.Counts)}");
    }

    private static bool Same(Milestone before, Milestone after) =>
        JsonSerializer.SerializeToUtf8Bytes(before, MilestonesJson.Default.Milestone).AsSpan().SequenceEqual(JsonSerializer.SerializeToUtf8Bytes(after, MilestonesJson.Default.Milestone));
}
