namespace WholeSchoolSend.Vendors.Tests.StandIns;

/// <summary>What one respondent submitted, whatever the tool: a school, a key, an answer that is measured and some that are not.</summary>
/// <param name="Number">tells submissions apart; each tool makes an id of it.</param>
/// <param name="Submitted">to the second, as every tool can say it.</param>
/// <param name="Updated">of the version that counts, where the tool has revisions.</param>
public sealed record SeededSubmission(int Number, string Urn, string Key, int Confidence, IReadOnlyList<int> Areas, string Why, DateTimeOffset Submitted, DateTimeOffset Updated, bool Finished)
{
    public static readonly DateTimeOffset First = new(2026, 11, 2, 9, 0, 0, TimeSpan.Zero);

    public static readonly string[] AreaTexts = ["Reading", "Maths", "Music"];

    /// <summary>A fortnight's submissions, in the order in which they were made.</summary>
    public static IReadOnlyList<SeededSubmission> Made(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(1, count).Select(number =>
        {
            var at = First.AddMinutes((number * 400) + random.Next(300));
            return new SeededSubmission(
                number, $"{100001 + random.Next(5)}", $"canary{number}@school.example", random.Next(1, 6), [.. Enumerable.Range(0, 3).Where(_ => random.Next(2) == 0)], $"canary writes {number}",
                at, at, true);
        })];
    }

    /// <summary>The same, changed later by its respondent.</summary>
    public SeededSubmission Changed(int minutes) => this with { Confidence = (Confidence % 5) + 1, Updated = Updated.AddMinutes(minutes) };
}
