using WholeSchoolSend.Core.Kpis;

namespace WholeSchoolSend.Core.Disclosure;

/// <summary>What one school's people answered in one wave, as far as figures count it. Never leaves the private store.</summary>
/// <param name="School">its number today; <c>{group}|{stratum}</c> of a poll without schools.</param>
/// <param name="Engaged">as of the evaluation: a register may move a school between groups.</param>
public sealed record SchoolAnswers(string Collection, string School, bool Engaged, string Phase, IReadOnlyList<AnswerCount> Answers)
{
    /// <summary>In place of a role, where a reading tells those who answered again from those who did not.</summary>
    internal const string Stayed = "stayed";

    internal const string Left = "left";

    internal bool IsSchool => !School.Contains('|', StringComparison.Ordinal);

    /// <summary>The answers of a wave by collection and school.</summary>
    internal static List<SchoolAnswers> Of(Catalogue catalogue, Samples samples, string wave)
    {
        var paired = catalogue.Readings().Select(entry => entry.Reading.Measure).OfType<PanelChange>().Select(panel => (panel.Collection, panel.Indicator)).ToHashSet();
        var matched = catalogue.Readings().Select(entry => entry.Reading.Measure).OfType<MatchedChange>().ToList();
        var collections = catalogue.Readings().Select(entry => entry.Reading.Measure.CollectionOf).OfType<string>().Distinct(StringComparer.Ordinal);
        var answers = new List<SchoolAnswers>();
        foreach (var collection in collections)
        {
            var sample = samples.Of(collection).FirstOrDefault(one => one.Wave.Id == wave).Sample;
            if (sample is null || !samples.IsCombinable(collection, sample)) continue;
            answers.AddRange(sample.Schools.GroupBy(school => school.Position).Select(school => new SchoolAnswers(
                collection, sample.Design[school.Key].School, school.First().Engaged, school.First().Phase,
                school.SelectMany(row => Counted(row.Totals)).GroupBy(answer => (answer.Stage, answer.Role, answer.Indicator, answer.Code))
                    .Select(same => same.First() with { N = same.Sum(answer => answer.N), W = same.Sum(answer => answer.W) })
                    .OrderBy(answer => answer.Key, StringComparer.Ordinal)
                    .ToList())));

            IEnumerable<AnswerCount> Counted(SchoolTotals totals) => totals.Cells.Where(sample.Counts)
                .Where(cell => cell.Stage != "pre" || MatchOf(cell.Indicator) is null)
                .Select(cell => new AnswerCount(cell.Stage, cell.Role, cell.Indicator, cell.Code, cell.N, cell.W))
                .Concat(totals.Pairs.Where(pair => paired.Contains((collection, pair.Indicator)))
                    .Select(pair => new AnswerCount("pair", "", pair.Indicator, $"{pair.Before}>{pair.After}", pair.N, pair.W)))
                .Concat(matched.Where(change => change.Collection == collection).SelectMany(change => Parted(totals, change)));

            MatchedChange? MatchOf(string indicator) => matched.Find(change => change.Collection == collection && change.Indicator == indicator);

            // Who answered before, by whether they answered again.
            IEnumerable<AnswerCount> Parted(SchoolTotals totals, MatchedChange change)
            {
                var stayed = sample.Pairs(totals, change.Indicator).Where(pair => change.Valid.Contains(pair.Before) && change.Valid.Contains(pair.After)).ToLookup(pair => pair.Before, StringComparer.Ordinal);
                foreach (var cells in totals.Cells.Where(cell => cell.Stage == "pre" && cell.Indicator == change.Indicator && sample.Counts(cell)).GroupBy(cell => cell.Code, StringComparer.Ordinal))
                {
                    var (n, w) = (stayed[cells.Key].Sum(pair => pair.N), stayed[cells.Key].Sum(pair => pair.W));
                    var (left, weight) = (cells.Sum(cell => cell.N) - n, cells.Sum(cell => cell.W) - w);
                    if (n > 0) yield return new AnswerCount("pre", Stayed, change.Indicator, cells.Key, n, w);
                    if (left > 0) yield return new AnswerCount("pre", Left, change.Indicator, cells.Key, left, Math.Max(weight, 0));
                }
            }
        }
        return answers;
    }
}

/// <summary>How many of a school's people gave one answer.</summary>
/// <param name="W">sum of their weights.</param>
public sealed record AnswerCount(string Stage, string Role, string Indicator, string Code, int N, double W)
{
    internal string Key => $"{Indicator}|{Stage}|{Role}|{Code}";
}
