using WholeSchoolSend.Core.Kpis;

namespace WholeSchoolSend.Core.Disclosure;

/// <summary>
/// Makes a result fit for everybody: withholds what could tell about a person or a school, rounds the rest. A figure and everything made from it
/// (difference, comparison, verdict) go together.
/// </summary>
public static class PublicFigures
{
    private const double Extreme = 5;
    private const int FewOthers = 3;

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
        if (names.Contains("pairs")) return OfPairs(result, policy, withheld);
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
        var arms = result.Figures.Where(figure => figure.Name == one || figure.Name == other).ToDictionary(figure => figure.Name, StringComparer.Ordinal);
        var why = arms.Values.ToDictionary(figure => figure.Name, figure => WhyNot(figure, policy, withheld), StringComparer.Ordinal);
        var shows = (string name) => arms.ContainsKey(name) && why[name] is null;
        var tells = (string name) => shows(name) && !IsExtreme(arms[name]);
        var isTold = tells(one) && (tells(other) || !arms.ContainsKey(other));
        var standardTells = isTold && !withheld.Contains("wider-standardised");
        var mixTells = tells(one) && !withheld.Contains("mix") && result.Figures.Where(figure => figure.Name.StartsWith("mix-", StringComparison.Ordinal)).All(part => part.Base >= policy.ReliableRespondents);
        var figures = result.Figures.Select(figure => figure.Name switch
        {
            var name when name == one || name == other => Share(figure, why[name], target, policy),
            "difference-standardised" => standardTells ? Difference(figure) : Made(figure),
            "difference" or "change" => isTold ? Difference(figure) : Made(figure),
            "wider-standardised" when standardTells && figure.Value is null => NotThere(figure),
            "wider-standardised" => standardTells
                ? new Figure(figure.Name, figure.Unit, Rounded(figure.Value, 0), Base: Base(figure, policy), Schools: Schools(figure, policy), Method: figure.Method)
                : isTold ? Absent(figure, ReasonCode.Protected, policy) : Made(figure),
            "since-previous" or "trend" => tells(one) && !withheld.Contains(figure.Name) ? Difference(figure) with { Source = figure.Source } : Made(figure),
            "published-2016" => tells(one) ? Comparison(figure) : new Figure(figure.Name, figure.Unit, figure.Value, Method: "as published, not tested", Source: figure.Source, Reason: figure.Reason),
            "published-2016-assumed" when tells(one) && figure.Value is null => NotThere(figure),
            "published-2016-assumed" => tells(one) ? Difference(figure) with { Base = figure.Base, Source = figure.Source, Marks = figure.Marks, AssumedDesignEffect = figure.AssumedDesignEffect } : null,
            "rao-scott" or "against-target" => null,
            var name when name.StartsWith("mix-", StringComparison.Ordinal) =>
                mixTells && figure.Value is not null ? new Figure(name, figure.Unit, Rounded(figure.Value, 0), Method: figure.Method) : null,
            _ => throw new NotSupportedException($"No rule of disclosure control knows the figure {figure.Name}."),
        }).OfType<Figure>().ToList();
        result = result with { Figures = figures };
        // A change is decided on both; a level on itself.
        var stopped = shows(one) && one != "engaged" && arms.ContainsKey(other) ? why[other] : why[one];
        if (stopped is { } code) return Undecided(result, code);
        if (one == "engaged") return tells(one) ? result : Bounded(result, arms[one].Value < 50, target);
        return isTold ? result : Undecided(result, ReasonCode.PartWithheld);
    }

    /// <summary>Whether a figure is too small itself or goes because of another is told nobody.</summary>
    private static ReasonCode? WhyNot(Figure figure, DisclosurePolicy policy, IReadOnlyCollection<string> withheld) =>
        policy.StatusOf(figure) switch
        {
            CellStatus.NoData => policy.WhyNot(figure),
            CellStatus.Confidential => ReasonCode.Protected,
            _ => withheld.Contains(figure.Name) ? ReasonCode.Protected : policy.WhyNot(figure),
        };

    /// <summary>
    /// The verdict on a share that is told as a bound only says what the bound does: how sure it is, and so the verdict, depends on the very number that is not told.
    /// </summary>
    private static ReadingResult Bounded(ReadingResult result, bool isLow, Target? target)
    {
        if (target is null || result.Verdict is null or Verdict.Insufficient) return result;
        if (isLow ? target.MetBy(Extreme) : !target.MetBy(100 - Extreme)) return Undecided(result, ReasonCode.PartWithheld);
        return result with { Verdict = isLow ? Verdict.NotMetPoint : Verdict.MetPoint, Reason = "told as a bound only, so how sure it is cannot be said", ReasonCode = null };
    }

    private static ReadingResult Undecided(ReadingResult result, ReasonCode code) => result with { Verdict = Verdict.Insufficient, Reason = Decided.Reason(code), ReasonCode = code };

    /// <summary>Means are shown with the same care as shares, to one decimal. One of people who (nearly) all said the same comes withheld.</summary>
    private static ReadingResult OfMeans(ReadingResult result, DisclosurePolicy policy, IReadOnlyCollection<string> withheld)
    {
        var why = result.Figures.Where(figure => figure.Name is "engaged-mean" or "wider-mean")
            .ToDictionary(figure => figure.Name, figure => WhyNot(ScoreReading.Judged(figure), policy, withheld), StringComparer.Ordinal);
        var figures = result.Figures.Select(figure => figure.Name switch
        {
            "engaged-mean" or "wider-mean" => why[figure.Name] is { } code
                ? Absent(figure, code, policy)
                : new Figure(
                    figure.Name, figure.Unit, Rounded(figure.Value, 1), Rounded(figure.Lower, 1), Rounded(figure.Upper, 1), Base(figure, policy),
                    Schools(figure, policy), Method: figure.Method, Marks: policy.StatusOf(ScoreReading.Judged(figure)) == CellStatus.SmallBase ? ["small_base"] : null),
            _ when why.Values.Any(code => code is not null) => Made(figure),
            _ => figure.Value is null
                ? NotThere(figure)
                : new Figure(
                    figure.Name, figure.Unit, Rounded(figure.Value, 1), Rounded(figure.Lower, 1), Rounded(figure.Upper, 1), P: Band(figure.PValue), Method: figure.Method),
        }).ToList();
        result = result with { Figures = figures };
        return why["engaged-mean"] is { } stopped ? Undecided(result, stopped) : result;
    }

    /// <summary>
    /// Of those who answered before and after how many were lost, and how confident those who stayed and those who left were: the main bias of such a study. What pairs
    /// changed to is internal only.
    /// </summary>
    private static ReadingResult OfPairs(ReadingResult result, DisclosurePolicy policy, IReadOnlyCollection<string> withheld)
    {
        const string why = "changes of pairs are of a part of those in another reading: shown in the internal document only";
        var parts = result.Figures.Where(figure => MatchedReading.Parts.Contains(figure.Name)).ToDictionary(
            figure => figure.Name, figure => WhyNot(MatchedReading.Judged(figure), policy, withheld), StringComparer.Ordinal);
        var pairs = result.Figures.First(figure => figure.Name == "pairs").Base ?? 0;
        // Who took part is told as who answered is: of enough who did, and enough who did not.
        var figures = result.Figures.Select(figure => figure.Name switch
        {
            "unmatched-pre" or "unmatched-post" when figure.Base < policy.ReliableRespondents || pairs < policy.MinRespondents || figure.Base - pairs < policy.MinRespondents => Absent(figure, ReasonCode.Protected, policy),
            "unmatched-pre" or "unmatched-post" when parts.Values.Any(code => code is not null) => Made(figure),
            "unmatched-pre" or "unmatched-post" => new Figure(figure.Name, figure.Unit, Rounded(figure.Value, 0), Base: Base(figure, policy), Method: figure.Method),
            "stayers-pre" or "leavers-pre" => Share(MatchedReading.Judged(figure), parts[figure.Name], null, policy) with { Lower = null, Upper = null },
            _ => null,
        }).OfType<Figure>().ToList();
        return result with { Verdict = null, Reason = why, ReasonCode = ReasonCode.InternalOnly, Figures = figures };
    }

    /// <summary>Organisations are few and known by name: "seven of eight" names the eighth. Counts are shown over many only.</summary>
    private static ReadingResult OfOrganisations(ReadingResult result, DisclosurePolicy policy)
    {
        var all = result.Figures.First(figure => figure.Name == "organisations").Value;
        return all >= policy.MinRespondents && result.Figures.All(figure => figure.Unit != "organisations" || figure.Value is not (> 0 and < 3) && all - figure.Value is not (> 0 and < 3))
            ? result with { Figures = [.. result.Figures.Select(figure => figure with { PValue = null, P = Band(figure.PValue) })] }
            : result with
            {
                Verdict = Verdict.Insufficient,
                Reason = "too few organisations to show without naming them",
                ReasonCode = ReasonCode.TooFewOrganisations,
                Figures = [.. result.Figures.Select(figure => new Figure(figure.Name, figure.Unit, Symbol: "c", Reason: "too few organisations", ReasonCode: ReasonCode.TooFewOrganisations))],
            };
    }

    private static Figure Share(Figure figure, ReasonCode? why, Target? target, DisclosurePolicy policy) => why switch
    {
        { } code => Absent(figure, code, policy),
        _ when figure.Value is null => NotThere(figure),
        // A mean beyond 5 and 95 of 100 tells as much as such a share, and has no words to be told as a bound in.
        _ when IsExtreme(figure) && figure.Unit != "%" => Absent(figure, ReasonCode.Protected, policy),
        _ when IsExtreme(figure) => new Figure(
            figure.Name, figure.Unit, figure.Value < 50 ? Extreme : 100 - Extreme, Base: Base(figure, policy),
            Schools: Schools(figure, policy), Method: figure.Method, Marks: Cautions(figure, policy)),
        _ => new Figure(
            figure.Name, figure.Unit, Percent(figure.Value, figure, target), Percent(figure.Lower, figure, target), Percent(figure.Upper, figure, target),
            Base: Base(figure, policy), Schools: Schools(figure, policy),
            Method: figure.Method, Marks: Cautions(figure, policy)),
    };

    private static Figure Difference(Figure figure) => figure.Value is null ? NotThere(figure) : new(
        figure.Name, figure.Unit, Rounded(figure.Value, 0), Rounded(figure.Lower, 0), Rounded(figure.Upper, 0),
        P: Band(figure.PValue), Family: figure.Family, HolmP: Band(figure.HolmPValue), DiscoveryP: Band(figure.DiscoveryPValue), Method: figure.Method);

    private static Figure Comparison(Figure figure) => new(
        figure.Name, figure.Unit, figure.Value, P: Band(figure.PValue), Family: figure.Family, HolmP: Band(figure.HolmPValue), Method: figure.Method, Source: figure.Source,
        Reason: figure.Reason, Marks: figure.Marks);

    private static int? Base(Figure figure, DisclosurePolicy policy) => figure.Base is { } respondents ? RoundToNearest(respondents, policy.RoundBaseTo) : null;

    private static int? Schools(Figure figure, DisclosurePolicy policy) => figure.Schools is { } schools ? RoundToNearest(schools, policy.RoundBaseTo) : null;

    private static Figure Absent(Figure figure, ReasonCode code, DisclosurePolicy policy) => new(figure.Name, figure.Unit, Symbol: Symbol(code), Reason: $"{(Symbol(code) == "u" && figure.Parts?.Any(part => policy.WhyNot(part) == code) == true ? "a part of it has " : "")}{Words(code, policy)}", ReasonCode: code);

    /// <summary>What is made of figures of which one is withheld, or told as a bound only.</summary>
    private static Figure Made(Figure figure) => new(figure.Name, figure.Unit, Symbol: "c", Reason: "a figure it is made of is withheld", ReasonCode: ReasonCode.PartWithheld);

    /// <summary>Nothing is withheld: there is no such number, as no rise in per cent from nobody.</summary>
    private static Figure NotThere(Figure figure) =>
        new(figure.Name, figure.Unit, Symbol: "z", Reason: figure.Reason ?? "cannot be worked out", ReasonCode: figure.ReasonCode ?? ReasonCode.NotComputable);

    private static string Symbol(ReasonCode code) => code switch
    {
        ReasonCode.NoData or ReasonCode.NotAsked => "x",
        ReasonCode.Protected => "c",
        _ => "u",
    };

    private static string Words(ReasonCode code, DisclosurePolicy policy) => code switch
    {
        ReasonCode.NoData => "nobody gave a valid answer",
        ReasonCode.NotAsked => "the question was not asked",
        ReasonCode.TooFewRespondents => $"fewer than {policy.ReliableRespondents} respondents",
        ReasonCode.TooFewSchools => "too few schools for an interval",
        ReasonCode.IntervalTooWide => "an interval too wide to be of use",
        ReasonCode.Protected => $"fewer than {policy.MinRespondents} respondents or {policy.MinSchools} schools, one school outweighs the others, or such a figure would follow from it",
        _ => throw new NotSupportedException($"{code} is no reason of disclosure control."),
    };

    private static List<string>? Cautions(Figure figure, DisclosurePolicy policy)
    {
        var marks = new List<string>();
        if (policy.StatusOf(figure) == CellStatus.SmallBase) marks.Add("small_base");
        if (IsExtreme(figure)) marks.Add(figure.Value < 50 ? "under_5" : "over_95");
        return marks.Count == 0 ? null : marks;
    }

    /// <summary>
    /// Near 0 % or 100 % tells what (nearly) every single respondent answered: of a base under 100 everything beyond 5 and 95, of a larger one whatever fewer
    /// than three people answered otherwise. It is shown alike, without an interval, which would give it away.
    /// </summary>
    internal static bool IsExtreme(Figure figure) => figure is { Base: { } people, Value: { } value } && IsNearlyAll(people, Math.Min(value, 100 - value) / 100 * people);

    /// <summary>So few of so many answered otherwise that what (nearly) everybody said would be told: of a group of any size what all say is what each says.</summary>
    internal static bool IsNearlyAll(int people, double others) => people < 100 ? others < Extreme / 100 * people : others < FewOthers;

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
