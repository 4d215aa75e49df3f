using WholeSchoolSend.Core.Disclosure;
using WholeSchoolSend.Core.Schools;
using WholeSchoolSend.Core.Statistics;

namespace WholeSchoolSend.Core.Kpis;

/// <summary>One group's share; schools and the largest one's part of the weight where schools are known.</summary>
internal sealed record Arm(ProportionEstimate? Estimate, int? Schools, double? LargestShare)
{
    public static Arm Of(Sample sample, DomainTotals domain) => sample.HasSchools
        ? Of(domain, Proportion.Estimate(domain))
        : new Arm(UnclusteredProportion.Estimate(domain.Sum), null, null);

    /// <summary>Where schools are known and the share is estimated already.</summary>
    public static Arm Of(DomainTotals domain, ProportionEstimate? estimate) =>
        new(estimate, estimate?.Schools ?? 0, estimate is null ? null : domain.LargestWeight / estimate.SumOfWeights);

    public Figure Figure(string name)
    {
        if (Estimate is not { } estimate) return new Figure(name, "%", Base: 0, Schools: Schools);
        var interval = ProportionIntervals.KornGraubardCapped(estimate);
        return new Figure(
            name, "%", 100 * estimate.Value, 100 * interval?.Lower, 100 * interval?.Upper, estimate.Responses, Schools,
            StandardError: 100 * estimate.StandardError, DegreesOfFreedom: estimate.DegreesOfFreedom, EffectiveSize: estimate.CappedEffectiveSize,
            DesignEffect: estimate.DesignEffect, SumOfWeights: estimate.SumOfWeights, LargestShare: LargestShare,
            Method: interval is null ? estimate.Method : $"{estimate.Method}; {interval.Method}");
    }
}

/// <summary>A share among engaged schools, held against its target, beside wider schools, earlier waves and a figure of 2016.</summary>
internal static class ShareReading
{
    /// <param name="earlier">samples of earlier waves, oldest first.</param>
    public static ReadingResult Evaluate(
        Kpi kpi, Reading reading, Share share, WaveState wave, Sample sample, IReadOnlyList<(WaveState Wave, Sample Sample)> earlier, DisclosurePolicy policy)
    {
        using var first = sample.Domain(share, Arms.Engaged);
        using var second = sample.Domain(share, Arms.Wider);
        var difference = sample.HasSchools ? DomainDifference.Estimate(first, second) : null;
        // The shares of a difference are the shares.
        var (engaged, wider) = difference is null
            ? (Arm.Of(sample, first), Arm.Of(sample, second))
            : (Arm.Of(first, difference.First), Arm.Of(second, difference.Second));
        var figures = new List<Figure> { engaged.Figure("engaged"), wider.Figure("wider") };
        if (difference is not null) figures.AddRange(Compared(sample, difference, first, second));
        if (!sample.HasSchools) figures.AddRange(Compared(engaged.Estimate, wider.Estimate));
        figures.AddRange(Mix(sample, share, first));
        if (share.Published is { } published) figures.AddRange(Published(engaged.Estimate, published));
        if (sample.HasSchools) figures.AddRange(WaveTrend.Figures(share, wave, sample, earlier, policy));
        return Decided.On(kpi, reading, wave.Id, figures, policy);
    }

    /// <summary>Engaged less wider, with a second opinion, and beside wider schools that had the engaged schools' mix of phases.</summary>
    private static IEnumerable<Figure> Compared(Sample sample, DifferenceEstimate difference, DomainTotals engaged, DomainTotals wider)
    {
        yield return Difference("difference", difference);
        // The test counts the schools of both groups together: that one group has none to spare would not show in it.
        if (engaged.DegreesOfFreedom < 1 || wider.DegreesOfFreedom < 1)
            yield return new Figure("rao-scott", "F", Reason: "too few schools in one of the groups for a test", ReasonCode: ReasonCode.TooFewSchools);
        else if (RaoScott.Test(engaged, wider) is { } opinion)
            yield return new Figure("rao-scott", "F", opinion.F, DegreesOfFreedom: opinion.DegreesOfFreedom, PValue: opinion.PValue, Method: opinion.Method);
        if (Standardised(sample, engaged, wider) is not { } standardised) yield break;
        yield return new Figure(
            "wider-standardised", "%", 100 * standardised.Second.Value, Base: standardised.Second.Responses, Schools: standardised.Second.Schools,
            StandardError: 100 * standardised.Second.StandardError, DegreesOfFreedom: standardised.Second.DegreesOfFreedom,
            Method: $"{standardised.Second.Method}, to the engaged schools' mix of phases");
        yield return new Figure(
            "difference-standardised", "pp", 100 * standardised.Value, 100 * standardised.Interval?.Lower, 100 * standardised.Interval?.Upper,
            StandardError: 100 * standardised.StandardError, DegreesOfFreedom: standardised.Test?.DegreesOfFreedom, PValue: standardised.Test?.PValue,
            Method: standardised.Interval?.Method ?? $"{standardised.Second.Method}, to the engaged schools' mix of phases");
    }

    private static StandardisedDifference? Standardised(Sample sample, DomainTotals engaged, DomainTotals wider)
    {
        var cells = new List<StandardCell>();
        foreach (var phase in sample.EngagedPhases)
        {
            using var standard = sample.InPhase(engaged, phase);
            if (standard.Sum.SumOfWeights > 0) cells.Add(new StandardCell(sample.InPhase(wider, phase), standard.Sum.SumOfWeights));
        }
        // Where a phase of the engaged schools has nobody in the wider ones there is nothing to standardise on: the figures are simply not there.
        var standardised = cells.Count == 0 ? null : DirectStandardisation.Difference(engaged, cells);
        foreach (var cell in cells) cell.Domain.Dispose();
        return standardised;
    }

    /// <summary>Two independent groups of people whose schools are not known: no covariance, and Satterthwaite's degrees of freedom.</summary>
    private static IEnumerable<Figure> Compared(ProportionEstimate? engaged, ProportionEstimate? wider)
    {
        if (engaged is null || wider is null) yield break;
        yield return Difference("difference", new DifferenceEstimate(engaged, wider, 0, 0, engaged.DegreesOfFreedom + wider.DegreesOfFreedom));
    }

    internal static Figure Difference(string name, DifferenceEstimate difference)
    {
        var interval = DomainDifference.MoverWilson(difference);
        var test = difference.Test;
        return new Figure(
            name, "pp", 100 * difference.Value, 100 * interval?.Lower, 100 * interval?.Upper, StandardError: 100 * difference.StandardError,
            DegreesOfFreedom: test?.DegreesOfFreedom, PValue: test?.PValue,
            Method: test is null && interval is null ? difference.First.Method : string.Join("; ", new[] { test?.Method, interval?.Method }.OfType<string>()));
    }

    /// <summary>Which part of the engaged weight each role has: a pooled figure moves with it.</summary>
    private static IEnumerable<Figure> Mix(Sample sample, Share share, DomainTotals engaged)
    {
        if (share.Roles.Count < 2) yield break;
        if (engaged.IsEmpty) yield break;
        foreach (var role in share.Roles)
        {
            using var part = sample.Domain(share with { Roles = [role] }, Arms.Engaged);
            yield return new Figure(
                $"mix-{role}", "%", 100 * part.Sum.SumOfWeights / engaged.Sum.SumOfWeights, Base: part.Responses, Method: "part of the engaged weight");
        }
    }

    private static IEnumerable<Figure> Published(ProportionEstimate? estimate, PublishedFigure published)
    {
        var p0 = published.Value / 100;
        var test = estimate is null || published.Indicative ? null : Statistics.PublishedFigure.AsConstant(estimate, p0);
        var robust = estimate is null || published.Indicative ? null : Statistics.PublishedFigure.IsRobustToRounding(estimate, p0);
        var marks = new[] { robust == false ? "depends_on_rounding" : null, published.Indicative ? "indicative" : null }.OfType<string>().ToList();
        yield return new Figure(
            "published-2016", "%", published.Value, PValue: test?.PValue, DegreesOfFreedom: test?.DegreesOfFreedom, Method: test?.Method ?? "as published, not tested", Source: published.Source,
            Reason: published.Note, Marks: marks.Count == 0 ? null : marks);
        if (estimate is null || published.Indicative) yield break;
        foreach (var assumed in published.Assumed ?? [])
        {
            var compared = Statistics.PublishedFigure.WithAssumedBase(estimate, p0, assumed.Base, assumed.DesignEffect);
            yield return new Figure(
                "published-2016-assumed", "pp", 100 * (estimate.Value - p0), 100 * compared.MoverWilson?.Lower, 100 * compared.MoverWilson?.Upper,
                Base: (int)assumed.Base, StandardError: 100 * compared.StandardError, DegreesOfFreedom: compared.Test?.DegreesOfFreedom, AssumedDesignEffect: assumed.DesignEffect,
                PValue: compared.Test?.PValue, Method: string.Join("; ", new[] { compared.Test?.Method, compared.MoverWilson?.Method }.OfType<string>()), Source: published.Source,
                Marks: ["assumed_base"]);
        }
    }
}

/// <summary>Verdicts on figures.</summary>
internal static class Decided
{
    /// <summary>The result whose first figure is held against the reading's target, unless it cannot be shown or is not decided on.</summary>
    public static ReadingResult On(Kpi kpi, Reading reading, string? wave, IReadOnlyList<Figure> figures, DisclosurePolicy policy)
    {
        if (policy.WhyNot(figures[0]) is { } why) return new ReadingResult(kpi.Id, reading.Id, wave, Verdict.Insufficient, Reason(why), figures) { ReasonCode = why };
        return new ReadingResult(
            kpi.Id, reading.Id, wave, reading.Undecided is null ? On(figures[0].Value!.Value, figures[0].Lower!.Value, figures[0].Upper!.Value, (reading.Target ?? kpi.Target)!) : null, reading.Undecided,
            figures);
    }

    public static Verdict On(double value, double lower, double upper, Target target) =>
        target.MetBy(lower) ? Verdict.MetConfident
        : target.MetBy(value) ? Verdict.MetPoint
        : target.MetBy(upper) ? Verdict.NotMetPoint
        : Verdict.NotMetConfident;

    /// <summary>A count of everything there is has no interval.</summary>
    public static Verdict OnCount(double count, Target target) => target.MetBy(count) ? Verdict.MetConfident : Verdict.NotMetConfident;

    public static string Reason(ReasonCode why) => why switch
    {
        ReasonCode.NoData => "no engaged respondent has a valid answer",
        ReasonCode.NotAsked => "the question was not asked",
        ReasonCode.TooFewRespondents => "too few respondents",
        ReasonCode.TooFewSchools => "too few schools",
        ReasonCode.Dominance => "one school outweighs the others",
        ReasonCode.IntervalTooWide => "too uncertain: too wide an interval",
        ReasonCode.PartWithheld => "a figure it rests on is withheld, or told as a bound only",
        _ => "withheld to protect people or schools",
    };
}

/// <summary>The engaged schools' share through the waves, as far as this one.</summary>
internal static class WaveTrend
{
    /// <summary>The change since the wave before, and from three waves on a straight line through all of them.</summary>
    /// <remarks>
    /// One stacked design, so that a school that is in several waves is known to be the same school; its phase is the stratum. A wave's figures look back
    /// only, so that they stand once it is closed.
    /// </remarks>
    public static IEnumerable<Figure> Figures(
        Share share, WaveState wave, Sample sample, IReadOnlyList<(WaveState Wave, Sample Sample)> earlier, DisclosurePolicy policy)
    {
        var waves = Stacked(share, wave, earlier, policy).Append((Wave: wave, Sample: sample)).ToList();
        if (waves.Count < 2) yield break;

        var design = SampleDesign.Of(waves.SelectMany(one => one.Sample.Schools.Where(school => school.Engaged).Select(school => new SampledSchool(one.Sample.Design[school.Position].School, school.Phase))));
        var told = waves.Select(one => (one.Wave.Id, Totals: new WaveTotals(Years(one.Wave), Moved(one.Sample, share, design)))).Where(one => !one.Totals.Domain.IsEmpty).ToList();
        if (told.Count < 2 || told[^1].Id != wave.Id) yield break;
        var totals = told.Select(one => one.Totals).ToList();
        if (DomainDifference.Estimate(totals[^1].Domain, totals[^2].Domain) is { } change)
            yield return ShareReading.Difference("since-previous", change) with { Source = told[^2].Id };
        if (totals.Count < 3 || Trend.Linear(totals) is not { } line) yield break;
        yield return new Figure(
            "trend", "pp a year", 100 * line.Slope, 100 * line.SlopeInterval?.Lower, 100 * line.SlopeInterval?.Upper, StandardError: 100 * line.SlopeStandardError,
            DegreesOfFreedom: line.DegreesOfFreedom, PValue: line.Test?.PValue, Method: line.SlopeInterval?.Method ?? "straight line through the waves", Source: waves[0].Wave.Id);
    }

    /// <summary>The earlier waves that are looked back to: one too small to be shown would come back from what it changed to.</summary>
    public static IEnumerable<(WaveState Wave, Sample Sample)> Stacked(
        Share share, WaveState wave, IReadOnlyList<(WaveState Wave, Sample Sample)> earlier, DisclosurePolicy policy)
    {
        // Waves that begin on one day are not before each other.
        return earlier.Where(one => one.Wave.Wave.From < wave.Wave.From && one.Sample.HasSchools && IsShown(one.Sample));

        bool IsShown(Sample of)
        {
            using var engaged = of.Domain(share, Arms.Engaged);
            var figure = Arm.Of(of, engaged).Figure("engaged");
            return policy.StatusOf(figure) is CellStatus.Shown or CellStatus.SmallBase && !PublicFigures.IsExtreme(figure);
        }
    }

    /// <summary>Waves may be unequally spaced: their first days say when they were.</summary>
    public static double Years(WaveState wave) => wave.Wave.From.DayNumber / 365.25;

    private static DomainTotals Moved(Sample sample, Share share, SampleDesign design)
    {
        var phases = sample.Schools.Where(school => school.Engaged).Select(school => (school.Position, school.Phase)).Distinct().ToDictionary(school => school.Position, school => school.Phase);
        using var engaged = sample.Domain(share, Arms.Engaged);
        var rows = engaged.Schools.ToArray()
            .Select(row => row with { School = design.PositionOf(sample.Design[row.School].School, phases[row.School]) })
            .OrderBy(row => row.School)
            .ToArray();
        return DomainTotals.Of(design, rows);
    }
}
