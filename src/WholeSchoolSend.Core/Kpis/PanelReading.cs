using WholeSchoolSend.Core.Statistics;

namespace WholeSchoolSend.Core.Kpis;

/// <summary>Small panels of organisations, seen at the beginning and at the end: counts and exact tests, no inference to a larger population.</summary>
internal static class PanelReading
{
    /// <summary>With so few that changed no two-sided exact test can reach 5 %: the smallest p-value of five is 0.0625.</summary>
    private const int TooFewToBeSignificant = 5;

    private const double Significant = 0.05;

    public static ReadingResult Evaluate(Kpi kpi, Reading reading, PanelChange panel, Indicator indicator, string wave, Sample sample)
    {
        if (Differing(sample, panel.Indicator) is { Count: > 0 } differing) return Held(kpi, reading, wave, differing);
        if (MatchedReading.Histogram(Pairs(sample, panel.Indicator), indicator) is not { } changes)
            return new ReadingResult(kpi.Id, reading.Id, wave, Verdict.Insufficient, "no organisation was seen at the beginning and at the end", []) { ReasonCode = ReasonCode.NoData };
        var (rose, fell) = (Enumerable.Range(1, changes.Steps).Sum(step => changes[step]), Enumerable.Range(1, changes.Steps).Sum(step => changes[-step]));
        var (median, p) = (Median(changes), SignedRank.ExactPValue(changes));
        List<Figure> figures =
        [
            new("organisations", "organisations", changes.Pairs, Base: changes.Pairs, Method: "seen at the beginning and at the end; census, no sampling"),
            new("rose", "organisations", rose, Method: "counted over organisations seen at both; census, no sampling"),
            new("unchanged", "organisations", changes[0], Method: "counted over organisations seen at both; census, no sampling"),
            new("fell", "organisations", fell, Method: "counted over organisations seen at both; census, no sampling"),
            new("median-change", "points", median, Marks: changes.Pairs <= TooFewToBeSignificant ? ["small_base"] : null, Method: "median of the changes of organisations seen at both; census, no sampling"),
            new("signed-rank", "p", PValue: p, Method: "Wilcoxon signed rank, exact, two-sided"),
            new("sign-test", "p", PValue: SignTest.PValue(rose, fell), Method: "sign test, exact, two-sided"),
        ];
        var (verdict, reason) = (panel.Decides, reading.Undecided) switch
        {
            (_, { } undecided) => ((Verdict?)null, undecided),
            (PanelDecision.SignificantRise, _) when changes.Changed <= TooFewToBeSignificant =>
                (Verdict.Unattainable, $"with {TooFewToBeSignificant} or fewer changed pairs no two-sided result at 5 % is possible"),
            (PanelDecision.SignificantRise, _) => (rose <= fell ? Verdict.NotMetConfident : p < Significant ? Verdict.MetConfident : Verdict.NotMetPoint, null),
            // A census is as sure of few as of many; that it speaks of no others is said where they are few.
            (PanelDecision.MedianRise, _) => (
                Decided.OnCount(median, (reading.Target ?? kpi.Target)!),
                changes.Pairs <= TooFewToBeSignificant ? $"the median of {changes.Pairs} only: it describes those that were seen both times, and says nothing of others" : null),
            _ => (Decided.OnCount(rose, (reading.Target ?? kpi.Target)!), null),
        };
        return new ReadingResult(kpi.Id, reading.Id, wave, verdict, reason, figures) { ReasonCode = verdict == Verdict.Unattainable ? ReasonCode.TooFewChanges : null };
    }

    public static ReadingResult Evaluate(Kpi kpi, Reading reading, PanelCount panel, string wave, Sample sample)
    {
        if (Differing(sample, panel.Indicator) is { Count: > 0 } differing) return Held(kpi, reading, wave, differing);
        // Of each organisation what it was coded as last: one that could not be coded at the end is outside, whatever it said before.
        var last = Organisations(sample, panel.Indicator)
            .Select(said => said.OrderBy(cell => Order(cell.Stage)).Last())
            .Where(cell => panel.Valid.Contains(cell.Code))
            .ToList();
        if (last.Count == 0) return new ReadingResult(kpi.Id, reading.Id, wave, Verdict.Insufficient, "no organisation gave a valid answer", []) { ReasonCode = ReasonCode.NoData };
        var count = last.Count(cell => panel.Success.Contains(cell.Code));
        List<Figure> figures = [new("count", "organisations", count, Base: last.Count, Method: "census count of organisations, as they were last seen"), new("organisations", "organisations", last.Count, Method: "census count of organisations with a valid answer")];
        return new ReadingResult(kpi.Id, reading.Id, wave, reading.Undecided is null ? Decided.OnCount(count, (reading.Target ?? kpi.Target)!) : null, reading.Undecided, figures);
    }

    /// <summary>
    /// What organisations were coded as at the beginning and at the end. An organisation is its own respondent, so that its cells say what its pair is,
    /// even where the beginning came by a form and the end in a file.
    /// </summary>
    public static List<PairTotal> Pairs(Sample sample, string indicator) => Organisations(sample, indicator)
        .Select(said => (Before: said.Find(cell => cell.Stage == "pre"), After: said.Find(cell => cell.Stage == "post")))
        .Where(pair => pair is { Before: not null, After: not null })
        .Select(pair => new PairTotal(indicator, pair.Before!.Code, pair.After!.Code, 1, 1, 1))
        .ToList();

    /// <summary>Of each organisation that was coded, its cells, in the order of organisations.</summary>
    private static IEnumerable<List<CellTotal>> Organisations(Sample sample, string indicator) => sample.Schools
        .GroupBy(organisation => organisation.Position)
        .Select(rows => rows.SelectMany(row => row.Totals.Cells).Where(cell => cell.Indicator == indicator && sample.Counts(cell)).ToList())
        .Where(said => said.Count > 0);

    /// <summary>Stages at which an organisation is coded one way by one source and another way by another: nobody can say which counts.</summary>
    private static List<string> Differing(Sample sample, string indicator) => Organisations(sample, indicator)
        .SelectMany(said => said.GroupBy(cell => cell.Stage, StringComparer.Ordinal).Where(stage => stage.Select(cell => cell.Code).Distinct(StringComparer.Ordinal).Count() > 1))
        .Select(stage => stage.Key)
        .ToList();

    private static ReadingResult Held(Kpi kpi, Reading reading, string wave, List<string> differing) => new(
        kpi.Id, reading.Id, wave, Verdict.Insufficient, $"organisations are coded in two ways at the same stage ({string.Join(", ", differing.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))}): their sources must agree first", [])
    {
        ReasonCode = ReasonCode.SourcesDiffer,
        IsHeld = true,
    };

    private static int Order(string stage) => stage switch { "pre" => 0, "single" => 1, _ => 2 };

    /// <summary>The middle change; of an even number the mean of the two in the middle.</summary>
    private static double Median(DifferenceHistogram changes)
    {
        return (At((changes.Pairs - 1) / 2) + At(changes.Pairs / 2)) / 2.0;

        int At(int rank)
        {
            for (var step = -changes.Steps; step <= changes.Steps; step++)
                if ((rank -= changes[step]) < 0) return step;
            return changes.Steps;
        }
    }
}
