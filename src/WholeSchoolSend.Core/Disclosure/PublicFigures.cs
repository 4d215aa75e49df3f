using WholeSchoolSend.Core.Kpis;

namespace WholeSchoolSend.Core.Disclosure;

/// <summary>
/// Makes a result fit for everybody: withholds what could tell about a person or a school, rounds the rest. A figure and everything made from it
/// (difference, comparison, verdict) go together.
/// </summary>
public static class PublicFigures
{
    private const double Extreme = 5;

    /// <summary>The public form of a result. What is not about people (schools reached, milestones, examples) passes as it is.</summary>
    /// <param name="target">what the first figure is held against; null where it is not decided on.</param>
    /// <param name="withheld">figures that must go because another would follow from them; a public document does not say which of the two a figure is.</param>
    public static ReadingResult Of(ReadingResult result, Target? target, DisclosurePolicy policy, IReadOnlyCollection<string>? withheld = null)
    {
        withheld ??= [];
        var names = result.Figures.Select(figure => figure.Name).ToHashSet(StringComparer.Ordinal);
        result = result with { HeldApart = Apart(result.HeldApart, policy) };
        if (names.Contains("engaged")) return OfArms(result, "engaged", "wider", target, policy, withheld);
        if (names.Contains("pre") && !names.Contains("pairs")) return OfArms(result, "pre", "post", target, policy, withheld);
        if (names.Contains("engaged-mean")) return OfMeans(result, policy, withheld);
        if (names.Contains("pairs")) return result with { Verdict = null, Reason = "a part of those in another reading: shown in the internal document only", Figures = [] };
        if (names.Contains("organisations")) return OfOrganisations(result, policy);
        return result with { Milestone = result.Milestone is { } milestone ? milestone with { ApprovedBy = null, Document = null } : null };
    }

    /// <summary>Too few to tell are not counted out, and the day somebody answered is told nobody.</summary>
    private static HeldApart? Apart(HeldApart? held, DisclosurePolicy policy) => held is null ? null : new HeldApart(
        held.Respondents >= policy.MinRespondents ? RoundToNearest(held.Respondents.Value, policy.RoundBaseTo) : null, Since: null);

    /// <summary>Two shares and what is made of them: a share that is withheld, or shown only as very small or very large, must not come back from it.</summary>
    private static ReadingResult OfArms(
        ReadingResult result, string one, string other, Target? target, DisclosurePolicy policy, IReadOnlyCollection<string> withheld)
    {
        var status = result.Figures.Where(figure => figure.Name == one || figure.Name == other).ToDictionary(
            figure => figure.Name, figure => withheld.Contains(figure.Name) ? CellStatus.Confidential : policy.StatusOf(figure), StringComparer.Ordinal);
        var shows = (string name) => status.TryGetValue(name, out var known) && known is CellStatus.Shown or CellStatus.SmallBase;
        var tells = (string name) => shows(name) && !IsExtreme(result.Figures.First(figure => figure.Name == name));
        var isTold = tells(one) && (tells(other) || !status.ContainsKey(other));
        var standardTells = isTold && !withheld.Contains("wider-standardised");
        var mixTells = tells(one) && !withheld.Contains("mix") && result.Figures.Where(figure => figure.Name.StartsWith("mix-", StringComparison.Ordinal)).All(part => part.Base >= policy.ReliableRespondents);
        var figures = result.Figures.Select(figure => figure.Name switch
        {
            var name when name == one || name == other => Share(figure, status[name], target, policy),
            "difference-standardised" => standardTells ? Difference(figure) : Absent(figure, "c", "a figure it is made of is withheld"),
            "difference" or "change" => isTold ? Difference(figure) : Absent(figure, "c", "a figure it is made of is withheld"),
            "wider-standardised" when standardTells && figure.Value is null => NotThere(figure),
            "wider-standardised" => standardTells
                ? new Figure(figure.Name, figure.Unit, Rounded(figure.Value, 0), Base: Base(figure, policy), Schools: Schools(figure, policy), Method: figure.Method)
                : Absent(figure, "c", "a figure it is made of is withheld"),
            "since-previous" or "trend" => tells(one) && !withheld.Contains(figure.Name) ? Difference(figure) with { Source = figure.Source } : Absent(figure, "c", "a figure it is made of is withheld"),
            "published-2016" => tells(one) ? Comparison(figure) : new Figure(figure.Name, figure.Unit, figure.Value, Method: "as published, not tested", Source: figure.Source, Reason: figure.Reason),
            "published-2016-assumed" when tells(one) && figure.Value is null => NotThere(figure),
            "published-2016-assumed" => tells(one) ? Difference(figure) with { Base = figure.Base, Source = figure.Source, Marks = figure.Marks, AssumedDesignEffect = figure.AssumedDesignEffect } : null,
            "rao-scott" or "against-target" => null,
            var name when name.StartsWith("mix-", StringComparison.Ordinal) =>
                mixTells && figure.Value is not null ? new Figure(name, figure.Unit, Rounded(figure.Value, 0), Method: figure.Method) : null,
            _ => throw new NotSupportedException($"No rule of disclosure control knows the figure {figure.Name}."),
        }).OfType<Figure>().ToList();
        // Everything is decided on but a rise from exactly nobody: beside "under 5 %" that nothing was decided would say "nobody".
        var isNearNobody = result.Figures.Any(figure => status.ContainsKey(figure.Name) && IsExtreme(figure) && figure.Value < 50);
        var decidable = shows(one) && (one == "engaged" || (shows(other) && !isNearNobody));
        if (decidable) return result with { Figures = figures };
        // Whether a figure is too small itself or goes because of another is told nobody.
        var isWithheld = status.ContainsValue(CellStatus.Confidential) || result.Verdict is not Verdict.Insufficient || (shows(one) && shows(other));
        return result with { Verdict = Verdict.Insufficient, Reason = isWithheld ? "withheld" : result.Reason, Figures = figures };
    }

    /// <summary>Means are shown with the same care as shares, to one decimal.</summary>
    private static ReadingResult OfMeans(ReadingResult result, DisclosurePolicy policy, IReadOnlyCollection<string> withheld)
    {
        var shows = (string name) => !withheld.Contains(name) && ScoreReading.Status(result.Figures.First(figure => figure.Name == name), policy) is CellStatus.Shown or CellStatus.SmallBase;
        var figures = result.Figures.Select(figure => figure.Name switch
        {
            "engaged-mean" or "wider-mean" => shows(figure.Name)
                ? new Figure(
                    figure.Name, figure.Unit, Rounded(figure.Value, 1), Rounded(figure.Lower, 1), Rounded(figure.Upper, 1), Base(figure, policy),
                    Schools(figure, policy), Method: figure.Method)
                : figure.Base is null or 0 ? Absent(figure, "x", "nobody gave a valid answer")
                : Absent(figure, "c", "too few respondents or schools, one school outweighs the others, or such a figure would follow from it"),
            _ when !shows("engaged-mean") || !shows("wider-mean") => Absent(figure, "c", "a figure it is made of is withheld"),
            _ => figure.Value is null
                ? NotThere(figure)
                : new Figure(
                    figure.Name, figure.Unit, Rounded(figure.Value, 1), Rounded(figure.Lower, 1), Rounded(figure.Upper, 1), P: Band(figure.PValue), Method: figure.Method),
        }).ToList();
        return shows("engaged-mean") ? result with { Figures = figures } : result with { Verdict = Verdict.Insufficient, Reason = "withheld", Figures = figures };
    }

    /// <summary>Organisations are few and known by name: "seven of eight" names the eighth. Counts are shown over many only.</summary>
    private static ReadingResult OfOrganisations(ReadingResult result, DisclosurePolicy policy)
    {
        var all = result.Figures.First(figure => figure.Name == "organisations").Value;
        return all >= policy.MinRespondents && result.Figures.All(figure => figure.Unit != "organisations" || figure.Value is not (> 0 and < 3) && all - figure.Value is not (> 0 and < 3))
            ? result with { Figures = [.. result.Figures.Select(figure => figure with { PValue = null, P = Band(figure.PValue) })] }
            : result with { Verdict = Verdict.Insufficient, Reason = "too few organisations to show without naming them", Figures = [new Figure("organisations", "organisations", Symbol: "c", Reason: "too few organisations")] };
    }

    private static Figure Share(Figure figure, CellStatus status, Target? target, DisclosurePolicy policy) => status switch
    {
        CellStatus.NoData => Absent(figure, "x", "nobody gave a valid answer"),
        CellStatus.Confidential => Confidential(figure, policy),
        CellStatus.Unreliable => Absent(figure, "u", $"fewer than {policy.ReliableRespondents} respondents, or an interval too wide to be of use"),
        _ when figure.Value is null => NotThere(figure),
        // A mean beyond 5 and 95 of 100 tells as much as such a share, and has no words to be told as a bound in.
        _ when IsExtreme(figure) && figure.Unit != "%" => Confidential(figure, policy),
        _ when IsExtreme(figure) => new Figure(
            figure.Name, figure.Unit, figure.Value < 50 ? Extreme : 100 - Extreme, Base: Base(figure, policy),
            Schools: Schools(figure, policy), Method: figure.Method, Marks: Cautions(figure, status)),
        _ => new Figure(
            figure.Name, figure.Unit, Percent(figure.Value, figure, target), Percent(figure.Lower, figure, target), Percent(figure.Upper, figure, target),
            Base: Base(figure, policy), Schools: Schools(figure, policy),
            Method: figure.Method, Marks: Cautions(figure, status)),
    };

    private static Figure Difference(Figure figure) => figure.Value is null ? NotThere(figure) : new(
        figure.Name, figure.Unit, Rounded(figure.Value, 0), Rounded(figure.Lower, 0), Rounded(figure.Upper, 0),
        P: Band(figure.PValue), Family: figure.Family, HolmP: Band(figure.HolmPValue), DiscoveryP: Band(figure.DiscoveryPValue), Method: figure.Method);

    private static Figure Comparison(Figure figure) => new(
        figure.Name, figure.Unit, figure.Value, P: Band(figure.PValue), Family: figure.Family, HolmP: Band(figure.HolmPValue), Method: figure.Method, Source: figure.Source,
        Reason: figure.Reason, Marks: figure.Marks);

    private static int? Base(Figure figure, DisclosurePolicy policy) => figure.Base is { } respondents ? RoundToNearest(respondents, policy.RoundBaseTo) : null;

    private static int? Schools(Figure figure, DisclosurePolicy policy) => figure.Schools is { } schools ? RoundToNearest(schools, policy.RoundBaseTo) : null;

    private static Figure Absent(Figure figure, string symbol, string reason) => new(figure.Name, figure.Unit, Symbol: symbol, Reason: reason);

    /// <summary>Nothing is withheld: there is no such number, as no rise in per cent from nobody.</summary>
    private static Figure NotThere(Figure figure) => Absent(figure, "z", figure.Reason ?? "cannot be worked out");

    private static Figure Confidential(Figure figure, DisclosurePolicy policy) => Absent(
        figure, "c",
        $"fewer than {policy.MinRespondents} respondents or {policy.MinSchools} schools, one school outweighs the others, or such a figure would follow from it");

    private static List<string>? Cautions(Figure figure, CellStatus status)
    {
        var marks = new List<string>();
        if (status == CellStatus.SmallBase) marks.Add("small_base");
        if (IsExtreme(figure)) marks.Add(figure.Value < 50 ? "under_5" : "over_95");
        return marks.Count == 0 ? null : marks;
    }

    /// <summary>
    /// Of a base under 100, near 0 % or 100 % tells what (nearly) every single respondent answered: everything beyond 5 and 95 is shown alike,
    /// without an interval, which would give it away.
    /// </summary>
    internal static bool IsExtreme(Figure figure) => figure is { Base: < 100, Value: < Extreme or > 100 - Extreme };

    /// <summary>Whole per cent; one decimal from 500 respondents on, or where rounding would turn the figure's relation to the target.</summary>
    private static double? Percent(double? limit, Figure figure, Target? target)
    {
        var places = figure.Base >= 500 || (target is not null && figure.Value is { } value && target.MetBy(Round(value, 0)) != target.MetBy(value)) ? 1 : 0;
        return Rounded(limit, places);
    }

    private static double? Rounded(double? value, int places) => value is { } number && double.IsFinite(number) ? Round(number, places) : null;

    /// <summary>Half up on decimals, as DfE rounds; .NET's own default is to even. Half is what differs from it by the noise of doubles.</summary>
    public static double Round(double value, int places) =>
        Math.Abs(value) < 1e15 ? (double)Math.Round(Math.Round((decimal)value, 9), places, MidpointRounding.AwayFromZero) : value;

    /// <summary>The nearest multiple, half up.</summary>
    public static int RoundToNearest(int value, int multiple) => (value + (multiple / 2)) / multiple * multiple;

    private static string? Band(double? p) => p switch
    {
        null => null,
        < 0.001 => "<0.001",
        < 0.01 => "<0.01",
        < 0.05 => "<0.05",
        _ => ">=0.05",
    };
}
