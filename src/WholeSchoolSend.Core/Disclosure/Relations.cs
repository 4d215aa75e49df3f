using WholeSchoolSend.Core.Kpis;

namespace WholeSchoolSend.Core.Disclosure;

/// <summary>A question asked at one stage; stage empty: at whatever stage.</summary>
public sealed record Question(string Collection, string Stage, string Indicator)
{
    internal bool Takes(AnswerCount answer) => answer.Indicator == Indicator && (Stage.Length == 0 || answer.Stage == Stage);
}

/// <summary>People who answered a question, by what tells them apart.</summary>
/// <param name="Engaged">of engaged schools, of wider ones, or (null) of both.</param>
/// <param name="Roles">none: whatever their role.</param>
/// <param name="Codes">none: whatever they answered.</param>
/// <param name="Phase">null: of whatever phase of education.</param>
public sealed record Group(bool? Engaged, IReadOnlyList<string> Roles, IReadOnlyList<string> Codes, string? Phase = null)
{
    /// <summary>Two groups with one key are the same people.</summary>
    internal string Key =>
        $"{Engaged}|{string.Join(',', Roles.Order(StringComparer.Ordinal))}|{string.Join(',', Codes.Order(StringComparer.Ordinal))}|{Phase}";

    internal bool Takes(SchoolAnswers school, AnswerCount answer) => (Engaged is null || Engaged == school.Engaged) && (Phase is null || Phase == school.Phase)
        && (Roles.Count == 0 || Roles.Contains(answer.Role)) && (Codes.Count == 0 || Codes.Contains(answer.Code));
}

/// <summary>What one figure of a reading tells when it is shown: of which people it gives away how many there are and what they answered.</summary>
/// <param name="Groups">the people. A figure that mixes groups at fixed parts gives away each, since the parts are known.</param>
/// <param name="Success">answers its share counts; none where it is no share.</param>
/// <param name="EachPhase">it mixes phases of education: every phase of its groups is given away.</param>
/// <param name="Needs">figures of its reading without which it is not shown.</param>
/// <param name="OfOrganisations">counts of organisations have rules of their own; only their changes are looked at.</param>
internal sealed record Telling(
    string Reading, string Figure, Question Question, IReadOnlyList<Group> Groups, IReadOnlyList<string> Success, bool EachPhase = false, IReadOnlyList<string>? Needs = null,
    bool OfOrganisations = false)
{
    /// <summary>Neither a share nor a count of people.</summary>
    public bool IsMean => Success.Count == 0 && Figure != "mix" && !OfOrganisations;
}

/// <summary>
/// The relations in a public document, as data: what every figure of every reading of the catalogue tells. Which figure follows from which others is worked
/// out from the people they count, never listed: sums and parts, a base with and without don't-knows, roles that overlap, two readings of the same people.
/// </summary>
internal static class Relations
{
    /// <summary>Highest priority first: of each KPI the primary reading, then the others in the catalogue's order; shares before what is made of them.</summary>
    public static IReadOnlyList<Telling> Of(Catalogue catalogue) =>
        catalogue.Readings().OrderBy(entry => entry.Reading.Primary ? 0 : 1).SelectMany(entry => Of(catalogue, entry.Reading))
            .OrderBy(telling => telling switch { { EachPhase: true } => 2, { Figure: "mix" } => 1, _ => 0 })
            .ToList();

    /// <summary>Questions whose answers a reading is made of, whatever it shows of them.</summary>
    public static IReadOnlyList<string> Questions(Catalogue catalogue, Reading reading) => reading.Measure switch
    {
        AllMet all => all.Readings.SelectMany(id => Questions(catalogue, catalogue.Readings().First(entry => entry.Reading.Id == id).Reading)).Distinct(StringComparer.Ordinal).ToList(),
        { CollectionOf: { } collection, IndicatorOf: { } indicator } => [$"{collection}|{indicator}"],
        _ => [],
    };

    private static IEnumerable<Telling> Of(Catalogue catalogue, Reading reading)
    {
        switch (reading.Measure)
        {
            case Share share:
                var asked = new Question(share.Collection, share.Stage, share.Indicator);
                foreach (var (figure, engaged) in Arms("engaged", "wider"))
                    yield return new Telling(reading.Id, figure, asked, [new Group(engaged, share.Roles, share.Valid)], share.Success);
                if (share.Roles.Count > 1)
                    yield return new Telling(reading.Id, "mix", asked, [.. share.Roles.Select(role => new Group(true, [role], share.Valid))], [], Needs: ["engaged"]);
                yield return new Telling(
                    reading.Id, "wider-standardised", asked, [new Group(false, share.Roles, share.Valid)], share.Success, EachPhase: true, Needs: ["engaged", "wider"]);
                break;
            case MixedShare mixed:
                foreach (var (figure, engaged) in Arms("engaged", "wider"))
                    yield return new Telling(
                        reading.Id, figure, new Question(mixed.Collection, mixed.Stage, mixed.Indicator),
                        [.. mixed.Parts.Select(part => new Group(engaged, part.Roles, mixed.Valid))], mixed.Success);
                break;
            case Score score:
                foreach (var (figure, engaged) in Arms("engaged-mean", "wider-mean"))
                    yield return new Telling(
                        reading.Id, figure, new Question(score.Collection, score.Stage, score.Indicator),
                        [new Group(engaged, score.Roles, [.. catalogue.Indicator[score.Indicator].Scores!.Keys])], []);
                break;
            case Change change:
                // Of a mean no share is told. Whatever the role: some questions are told by who came back instead.
                var isMean = change.Scale == ChangeScale.RelativeMean;
                foreach (var stage in (string[])["pre", "post"])
                    yield return new Telling(
                        reading.Id, stage, new Question(change.Collection, stage, change.Indicator),
                        [new Group(null, [], isMean ? [.. catalogue.Indicator[change.Indicator].Scores!.Keys] : change.Valid)],
                        isMean ? [] : change.Success);
                break;
            case PanelChange or PanelCount:
                yield return new Telling(
                    reading.Id, "organisations", new Question(reading.Measure.CollectionOf!, "", reading.Measure.IndicatorOf!), [new Group(null, [], [])], [], OfOrganisations: true);
                break;
            case MatchedChange matched:
                // What pairs changed to is never public; what those who stayed and those who left had said before is a part of everybody's.
                foreach (var (figure, part) in ((string, string)[])[("stayers-pre", SchoolAnswers.Stayed), ("leavers-pre", SchoolAnswers.Left)])
                    yield return new Telling(reading.Id, figure, new Question(matched.Collection, "pre", matched.Indicator), [new Group(null, [part], matched.Valid)], matched.Success);
                break;
            // What joins readings shows no figure; examples, schools reached and milestones are no answers of people.
            case AllMet or Responses or EngagedSchools or MilestoneReached:
                break;
            default:
                throw new NotSupportedException($"No rule of disclosure control knows what {reading.Id} tells.");
        }
    }

    private static (string Figure, bool Engaged)[] Arms(string engaged, string wider) => [(engaged, true), (wider, false)];
}
