using System.Globalization;
using System.Text;

namespace WholeSchoolSend.Benchmarks;

/// <summary>Lines on logarithmic axes, two panels beside each other, as SVG that reads on white and on black.</summary>
internal static class Plot
{
    private const int Width = 420;
    private const int Height = 300;
    private const int Left = 60;
    private const int Right = 15;
    private const int Top = 35;
    private const int Bottom = 45;

    private static readonly string[] Colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7"];

    /// <param name="Lines">each with its name; every point above zero.</param>
    public sealed record Panel(string Title, string Along, IReadOnlyList<(string Name, IReadOnlyList<(double X, double Y)> Points)> Lines);

    public static string Draw(string title, IReadOnlyList<Panel> panels)
    {
        var (width, height) = (2 * Width, ((panels.Count + 1) / 2 * Height) + 30);
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"12\" role=\"img\">\n<title>{title}</title>\n")
            .Append("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
        foreach (var (index, panel) in panels.Index())
        {
            svg.Append(CultureInfo.InvariantCulture, $"<g transform=\"translate({index % 2 * Width},{index / 2 * Height})\">\n");
            Draw(svg, panel);
            svg.Append("</g>\n");
        }
        foreach (var (index, (name, _)) in panels[0].Lines.Index())
        {
            var x = Left + (index * 230);
            svg.Append(CultureInfo.InvariantCulture, $"<circle cx=\"{x}\" cy=\"{height - 16}\" r=\"5\" fill=\"{Colours[index]}\"/><text x=\"{x + 10}\" y=\"{height - 12}\">{name}</text>\n");
        }
        return svg.Append("</svg>\n").ToString();
    }

    private static void Draw(StringBuilder svg, Panel panel)
    {
        var all = panel.Lines.SelectMany(line => line.Points).ToList();
        var (x, y) = (new Axis(all.Select(point => point.X), Left, Width - Right), new Axis(all.Select(point => point.Y), Height - Bottom, Top));
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Left}\" y=\"20\" font-weight=\"bold\">{panel.Title}</text><text x=\"{Width / 2}\" y=\"{Height - 10}\">{panel.Along}</text>\n");
        foreach (var power in x.Powers)
            svg.Append(CultureInfo.InvariantCulture, $"<path d=\"M{x.At(power):0.0} {Top}V{Height - Bottom}\" stroke=\"#ddd\"/><text x=\"{x.At(power):0.0}\" y=\"{Height - Bottom + 16}\" text-anchor=\"middle\">{Tick(power)}</text>\n");
        foreach (var power in y.Powers)
            svg.Append(CultureInfo.InvariantCulture, $"<path d=\"M{Left} {y.At(power):0.0}H{Width - Right}\" stroke=\"#ddd\"/><text x=\"{Left - 6}\" y=\"{y.At(power) + 4:0.0}\" text-anchor=\"end\">{Tick(power)}</text>\n");
        foreach (var (index, (_, points)) in panel.Lines.Index())
        {
            var path = points.OrderBy(point => point.X).Select(point => string.Create(CultureInfo.InvariantCulture, $"{x.At(point.X):0.0} {y.At(point.Y):0.0}")).ToList();
            svg.Append(CultureInfo.InvariantCulture, $"<path d=\"M{string.Join('L', path)}\" fill=\"none\" stroke=\"{Colours[index]}\" stroke-width=\"2\"/>\n");
            foreach (var point in path) svg.Append(CultureInfo.InvariantCulture, $"<circle cx=\"{point.Split(' ')[0]}\" cy=\"{point.Split(' ')[1]}\" r=\"3.5\" fill=\"{Colours[index]}\"/>\n");
        }
    }

    private static string Tick(double power) => power.ToString(power >= 1 ? "#,0" : "0.###", CultureInfo.InvariantCulture);

    /// <summary>Whole powers of ten, from below the least to above the greatest.</summary>
    private sealed class Axis(IEnumerable<double> values, double from, double to)
    {
        private readonly (double Least, double Most) _range = Range([.. values]);

        public IEnumerable<double> Powers => Enumerable.Range((int)_range.Least, (int)(_range.Most - _range.Least) + 1).Select(power => Math.Pow(10, power));

        public double At(double value) => from + ((Math.Log10(value) - _range.Least) / (_range.Most - _range.Least) * (to - from));

        private static (double Least, double Most) Range(IReadOnlyList<double> values)
        {
            var (least, most) = (Math.Floor(Math.Log10(values.Min())), Math.Ceiling(Math.Log10(values.Max())));
            return (least, Math.Max(most, least + 1));
        }
    }
}
