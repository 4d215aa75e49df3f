using WholeSchoolSend.Core.Kpis;

namespace WholeSchoolSend.Core.Disclosure;

/// <summary>
/// Makes a result fit for everybody: withholds what could tell about a person or a school, rounds the rest. Primary rules; a figure and
/// everything made from it (difference, comparison, verdict) go together.
/// </summary>
public static class PublicFigures
{
    private const double Extreme = 5;

    /// <summary>The public form of a result about people; counts of schools pass as they are.</summary>
    public static ReadingResult Of(ReadingResult result, Target target, DisclosurePolicy policy)
    {
        if (!result.Figures.Any(figure => figure.Name is "engaged" or "wider")) return result;
        var status = result.Figures.Where(figure => figure.Name is "engaged" or "wider").ToDictionary(figure => figure.Name, policy.StatusOf, StringComparer.Ordinal);
        var shows = (string name) => status[name] is CellStatus.Shown or CellStatus.SmallBase;
        // A masked figure must not come back from what was made from it.
        var tells = (string name) => shows(name) && !IsExtreme(result.Figures.First(figure => figure.Name == name));
        var figures = result.Figures.Select(figure => figure.Name switch
        {
            "engaged" or "wider" => Share(figure, status[figure.Name], target, policy),
            "difference" => tells("engaged") && tells("wider") ? Difference(figure) : Absent(figure, "c", "one of its two figures is withheld"),
            "published-2016" => tells("engaged") ? Comparison(figure) : new Figure(figure.Name, figure.Unit, figure.Value, Source: figure.Source),
            _ => throw new NotSupportedException($"No rule of disclosure control knows the figure {figure.Name}."),
        }).ToList();
        return (shows("engaged") ? result : result with { Verdict = Verdict.Insufficient }) with { Figures = figures, HeldApart = Apart(result.HeldApart, policy) };
    }

    /// <summary>Too few to tell are not counted out, and the day somebody answered is told nobody.</summary>
    private static HeldApart? Apart(HeldApart? held, DisclosurePolicy policy) => held is null ? null : new HeldApart(
        held.Respondents >= policy.MinRespondents ? RoundToNearest(held.Respondents.Value, policy.RoundBaseTo) : null, Since: null);

    private static Figure Share(Figure figure, CellStatus status, Target target, DisclosurePolicy policy) => status switch
    {
        CellStatus.NoData => Absent(figure, "x", "nobody gave a valid answer"),
        CellStatus.Confidential => Absent(figure, "c", $"fewer than {policy.MinRespondents} respondents or {policy.MinSchools} schools, or one school outweighs the others"),
        CellStatus.Unreliable => Absent(figure, "u", $"fewer than {policy.ReliableRespondents} respondents, or an interval too wide to be of use"),
        _ when IsExtreme(figure) => new Figure(
            figure.Name, figure.Unit, figure.Value < 50 ? Extreme : 100 - Extreme, Base: RoundToNearest(figure.Base!.Value, policy.RoundBaseTo),
            Schools: Schools(figure, policy), Method: figure.Method, Marks: Cautions(figure, status)),
        _ => new Figure(
            figure.Name, figure.Unit, Percent(figure.Value!.Value, figure, target), Percent(figure.Lower!.Value, figure, target), Percent(figure.Upper!.Value, figure, target),
            Base: RoundToNearest(figure.Base!.Value, policy.RoundBaseTo), Schools: Schools(figure, policy),
            Method: figure.Method, Marks: Cautions(figure, status)),
    };

    private static Figure Difference(Figure figure) => new(
        figure.Name, figure.Unit, Round(figure.Value!.Value, 0), figure.Lower is { } lower ? Round(lower, 0) : null, figure.Upper is { } upper ? Round(upper, 0) : null,
        P: Band(figure.PValue), Method: figure.Method);

    private static Figure Comparison(Figure figure) => new(
        figure.Name, figure.Unit, figure.Value, P: Band(figure.PValue), Method: figure.Method, Source: figure.Source, Marks: figure.Marks);

    private static int? Schools(Figure figure, DisclosurePolicy policy) => figure.Schools is { } schools ? RoundToNearest(schools, policy.RoundBaseTo) : null;

    private static Figure Absent(Figure figure, string symbol, string reason) => new(figure.Name, figure.Unit, Symbol: symbol, Reason: reason);

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
    private static bool IsExtreme(Figure figure) => figure is { Base: < 100, Value: < Extreme or > 100 - Extreme };

    /// <summary>Whole per cent; one decimal from 500 respondents on, or where rounding would turn the figure's relation to the target.</summary>
    private static double Percent(double value, Figure figure, Target target)
    {
        var places = figure.Base >= 500 || target.MetBy(Round(figure.Value!.Value, 0)) != target.MetBy(figure.Value.Value) ? 1 : 0;
        return Round(value, places);
    }

    /// <summary>Half up on decimals, as DfE rounds; .NET's own default is to even.</summary>
    public static double Round(double value, int places) => (double)Math.Round((decimal)value, places, MidpointRounding.AwayFromZero);

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
