using System.Globalization;
using System.Xml.Linq;
using WholeSchoolSend.Core.Kpis;
using static WholeSchoolSend.Core.Snapshots.Page.Html;

namespace WholeSchoolSend.Core.Snapshots.Page;

/// <summary>
/// Charts as SVG in percentages of their box: bars stretch with the page and letters do not. Words beside them are ordinary text, so they wrap
/// and grow. Screen readers get one sentence for the whole; a table with the same figures stands beside every chart.
/// </summary>
internal static class Charts
{
    private const string Broken = "Trend broken: asked in other words before";

    /// <summary>Bars with interval lines and the target's line.</summary>
    public static XElement? Bars(IReadOnlyList<Figure> figures, Target? target)
    {
        var drawn = figures.Where(IsDrawn).ToList();
        if (drawn.Count == 0) return null;
        var axis = Axis.Over(drawn, target);
        var said = string.Join("; ", figures.Select(figure => $"{Words.NameOf(figure)} {Words.ValueOf(figure)}{After(", 95% interval ", Words.IntervalOf(figure))}"));
        return E(
            "div", ("class", "chart"), ("role", "img"), ("aria-label", $"Bar chart. {said}.{Aim(target)} The table that follows holds the same figures."),
            target is null ? null : E("svg", ("class", "aim"), E("text", ("x", axis.At(target.Value)), ("y", "1.1em"), ("text-anchor", axis.Anchor(target.Value)), $"Target: {Words.TargetOf(target)}")),
            target is null ? null : E("p", ("class", "aim-words"), $"Dashed line: target, {Words.TargetOf(target)}"),
            E(
                "div", ("class", "plot"),
                E("svg", ("class", "lines"), axis.Ticks.Select(tick => Upright(tick == 0 ? "zero" : "grid", axis.At(tick)))),
                figures.Select(figure => new[] { E("p", ("class", IsDrawn(figure) ? null : "barless"), E("span", E("b", Words.NameOf(figure)), $" {Briefly(figure)}")), IsDrawn(figure) ? Bar(figure, axis, "1.15rem") : null }),
                target is null ? null : E("svg", ("class", "lines over"), Upright("target", axis.At(target.Value)))),
            E("svg", ("class", "axis"), axis.Ticks.Select((tick, i) => E(
                "text", ("class", i % 2 == 1 && axis.Ticks.Count % 2 == 1 ? "odd" : null), ("x", axis.At(tick)), ("y", "1.2em"), ("text-anchor", i == 0 ? "start" : i == axis.Ticks.Count - 1 ? "end" : "middle"), Words.Number(tick) + (drawn[0].Unit == "%" ? "%" : "")))));
    }

    /// <summary>One figure against its target and the wider schools, small enough for a row of a table that says the same in words.</summary>
    public static XElement? Bullet(Figure? figure, Figure? wider, Target? target)
    {
        if (figure is null || !IsDrawn(figure)) return null;
        var others = wider is not null && IsDrawn(wider) ? new[] { figure, wider } : [figure];
        var axis = Axis.Over(others, target);
        return E(
            "svg", ("class", "bullet"), ("aria-hidden", "true"),
            E("line", ("class", "grid"), ("x1", "0"), ("x2", "100%"), ("y1", "50%"), ("y2", "50%")),
            E("rect", ("class", $"bar {Kind(figure)}"), ("x", axis.At(Math.Min(0, figure.Value!.Value))), ("y", "25%"), ("width", axis.Span(0, figure.Value.Value)), ("height", "50%")),
            others.Length < 2 ? null : E("line", ("class", "tick halo"), ("x1", axis.At(wider!.Value!.Value)), ("x2", axis.At(wider.Value.Value)), ("y1", "8%"), ("y2", "92%")),
            others.Length < 2 ? null : E("line", ("class", "tick wider"), ("x1", axis.At(wider!.Value!.Value)), ("x2", axis.At(wider.Value.Value)), ("y1", "8%"), ("y2", "92%")),
            Whisker(figure, axis),
            target is null ? null : E("line", ("class", "target"), ("x1", axis.At(target.Value)), ("x2", axis.At(target.Value)), ("y1", "0"), ("y2", "100%")));
    }

    /// <summary>A point of a trend: a wave, with what was found in it.</summary>
    public sealed record Point(SnapshotWave Wave, IReadOnlyList<Figure> Figures, bool IsBreak);

    /// <summary>The waves in the order of their fieldwork; no line leads over a break.</summary>
    public static XElement? Trend(IReadOnlyList<Point> points, Target? target)
    {
        var names = new[] { "engaged", "wider" };
        var drawn = points.SelectMany(point => point.Figures).Where(figure => names.Contains(figure.Name) && IsDrawn(figure) && !Words.IsBound(figure)).ToList();
        if (points.Count < 2 || drawn.Select(figure => figure.Name).Distinct(StringComparer.Ordinal).All(name => drawn.Count(figure => figure.Name == name) < 2)) return null;
        var axis = Axis.Over(drawn, target);
        var (first, last) = (points[0].Wave.From.DayNumber, points[^1].Wave.From.DayNumber);
        string X(Point point) => Percent(last == first ? 50 : 16 + (68.0 * (point.Wave.From.DayNumber - first) / (last - first)));
        string Y(double value) => Percent(100 - axis.Part(value));
        var lettered = Lettered([.. points.Select(point => last == first ? 50 : 68.0 * (point.Wave.From.DayNumber - first) / (last - first))]);
        string? Between(Point point) => points[0] == point || points[^1] == point ? null : " between";
        var said = string.Join("; ", points.Select(point => $"{point.Wave.Title}: {string.Join(", ", names.SelectMany(name => point.Figures.Where(figure => figure.Name == name)).Select(figure => $"{Words.NameOf(figure)} {Words.ValueOf(figure)}"))}{(point.IsBreak ? $". {Broken}" : "")}"));
        return E(
            "div", ("class", "chart trend"), ("role", "img"), ("aria-label", $"Line chart over waves. {said}.{Aim(target)} The table that follows holds the same figures."),
            E("p", ("class", "key"), E("span", ("class", "engaged"), Line(), "Engaged schools"), drawn.Any(figure => figure.Name == "wider") ? E("span", ("class", "wider"), Line(), "Wider schools") : null),
            E(
                "svg", ("class", "space"),
                axis.Ticks.Select(tick => new[]
                {
                    E("line", ("class", tick == 0 ? "zero" : "grid"), ("x1", "0"), ("x2", "100%"), ("y1", Y(tick)), ("y2", Y(tick))),
                    E("text", ("class", "level"), ("x", "0"), ("y", Y(tick)), ("dy", "-0.3em"), Words.Number(tick) + (drawn[0].Unit == "%" ? "%" : "")),
                }),
                target is null ? null : E("line", ("class", "target"), ("x1", "0"), ("x2", "100%"), ("y1", Y(target.Value)), ("y2", Y(target.Value))),
                names.Reverse().SelectMany(name => Path(name)),
                points.Where((_, index) => lettered.Contains(index)).Select(point => E("text", ("class", $"month{Between(point)}"), ("x", X(point)), ("y", "100%"), ("dy", "1.5em"), ("text-anchor", "middle"), Words.Month(point.Wave.From)))),
            points.Any(point => point.IsBreak) ? E("p", ("class", "break"), E("span", Broken)) : null);

        static XElement Line() => E("svg", ("class", "sample"), ("aria-hidden", "true"), E("line", ("class", "path"), ("x1", "0"), ("x2", "100%"), ("y1", "50%"), ("y2", "50%")));

        // Two values that stand close together: the higher one's letters go up, the lower one's down.
        string Aside(Point point, Figure figure)
        {
            var other = point.Figures.FirstOrDefault(one => one.Name != figure.Name && names.Contains(one.Name) && IsDrawn(one));
            return other is null || Math.Abs(axis.Part(other.Value!.Value) - axis.Part(figure.Value!.Value)) > 12 ? "0.35em"
                : figure.Value > other.Value || (figure.Value == other.Value && figure.Name == names[0]) ? "-0.3em" : "1em";
        }

        IEnumerable<XElement> Path(string name)
        {
            (Point Point, Figure Figure)? before = null;
            var marks = new List<XElement>();
            foreach (var point in points)
            {
                // Of a bound nobody knows where its point would be: the table and the words have it.
                var figure = point.Figures.FirstOrDefault(figure => figure.Name == name && IsDrawn(figure) && !Words.IsBound(figure));
                if (figure is null || point.IsBreak) before = null;
                if (figure is null) continue;
                if (before is { } from) yield return E("line", ("class", $"path {name}"), ("x1", X(from.Point)), ("x2", X(point)), ("y1", Y(from.Figure.Value!.Value)), ("y2", Y(figure.Value!.Value)));
                if (figure is { Lower: { } lower, Upper: { } upper }) marks.Add(E("line", ("class", $"whisker {name}"), ("x1", X(point)), ("x2", X(point)), ("y1", Y(lower)), ("y2", Y(upper))));
                marks.Add(E("circle", ("class", $"dot {name}"), ("cx", X(point)), ("cy", Y(figure.Value!.Value)), ("r", "5")));
                if (lettered.Contains(points.ToList().IndexOf(point)))
                    marks.Add(E("text", ("class", $"value{Between(point)}"), ("x", X(point)), ("y", Y(figure.Value.Value)), ("dx", "0.75em"), ("dy", Aside(point, figure)), Words.Short(figure)));
                before = (point, figure);
            }
            foreach (var mark in marks) yield return mark;
        }
    }

    /// <summary>The points that have letters: the first and the last, and those between that stand far enough from the ones before and from the last. The table has all.</summary>
    private static HashSet<int> Lettered(IReadOnlyList<double> at)
    {
        const double room = 22;
        var lettered = new HashSet<int> { 0, at.Count - 1 };
        var last = at[0];
        for (var index = 1; index < at.Count - 1; index++)
        {
            if (at[index] - last < room || at[^1] - at[index] < room) continue;
            lettered.Add(index);
            last = at[index];
        }
        return lettered;
    }

    public static bool IsDrawn(Figure figure) => figure.Symbol is null && figure.Value is not null;

    private static XElement Bar(Figure figure, Axis axis, string height)
    {
        var value = figure.Value!.Value;
        return E("svg", ("class", "track"), ("height", height), E("rect", ("class", $"bar {Kind(figure)}"), ("x", axis.At(Math.Min(0, value))), ("y", "15%"), ("width", axis.Span(0, value)), ("height", "70%")), Whisker(figure, axis));
    }

    private static IEnumerable<XElement> Whisker(Figure figure, Axis axis)
    {
        if (figure.Lower is not { } lower || figure.Upper is not { } upper) yield break;
        foreach (var layer in new[] { "halo", "whisker" })
        {
            yield return E("line", ("class", layer), ("x1", axis.At(lower)), ("x2", axis.At(upper)), ("y1", "50%"), ("y2", "50%"));
            foreach (var end in new[] { lower, upper }) yield return E("line", ("class", layer), ("x1", axis.At(end)), ("x2", axis.At(end)), ("y1", "32%"), ("y2", "68%"));
        }
    }

    private static string Kind(Figure figure) => Words.IsPublished(figure) ? "published" : figure.Name.Replace("-mean", "", StringComparison.Ordinal);

    private static string Briefly(Figure figure) => IsDrawn(figure) ? $"{Words.Short(figure)}{Around(" (", Words.IntervalOf(figure), ")")}" : Words.ValueOf(figure);

    private static XElement Upright(string name, string x) => E("line", ("class", name), ("x1", x), ("x2", x), ("y1", "0"), ("y2", "100%"));

    private static string Aim(Target? target) => target is null ? "" : $" Target: {Words.TargetOf(target)}.";

    private static string After(string before, string text) => text.Length == 0 ? "" : before + text;

    private static string Around(string before, string text, string after) => text.Length == 0 ? "" : before + text + after;

    private static string Percent(double value) => value.ToString("0.##", CultureInfo.InvariantCulture) + "%";

    /// <summary>A scale whose ticks are round numbers and which holds 0: a bar begins nowhere else.</summary>
    private sealed record Axis(double Low, double High, double Step)
    {
        public IReadOnlyList<double> Ticks { get; } = [.. Enumerable.Range(0, (int)Math.Round((High - Low) / Step) + 1).Select(i => Low + (i * Step))];

        public static Axis Over(IReadOnlyList<Figure> drawn, Target? target)
        {
            var all = drawn.SelectMany(figure => new[] { figure.Value, figure.Lower, figure.Upper }).Append(target?.Value).Append(0).OfType<double>().ToList();
            var (least, most) = (all.Min(), all.Max());
            if (drawn.All(figure => figure is { Unit: "%", Name: not "change" }) && least >= 0 && most <= 100) return new Axis(0, 100, 25);
            var reach = most - least == 0 ? 1 : most - least;
            var power = Math.Pow(10, Math.Floor(Math.Log10(reach / 3)));
            var step = new[] { 1, 2, 2.5, 5, 10, 20 }.Select(part => part * power).First(part => reach / part <= 4);
            return new Axis(Math.Floor(least / step) * step, Math.Ceiling((most / step) + 0.01) * step, step);
        }

        public double Part(double value) => (Math.Clamp(value, Low, High) - Low) / (High - Low) * 100;

        public string At(double value) => Percent(Part(value));

        public string Span(double one, double other) => Percent(Math.Abs(Part(one) - Part(other)));

        public string Anchor(double value) => Part(value) < 15 ? "start" : Part(value) > 60 ? "end" : "middle";
    }
}
