using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using WholeSchoolSend.Core.Kpis;

namespace WholeSchoolSend.Core.Snapshots.Page;

/// <summary>
/// The figures of a public document as a tidy CSV and its metadata, by the rules of DfE's Explore Education Statistics: one row for each figure
/// of a reading in each wave and academic year, every combination present, a symbol where there is no number.
/// </summary>
/// <remarks>
/// DfE analysts' guide, open data standards; each rule that a program can check is a test named after DfE's own check (eesyscreener). Numbers
/// are as published: they were rounded by disclosure control, so more places would be invented.
/// </remarks>
public static class FiguresCsv
{
    // Not applicable; not available: the harmonised symbols of the Government Statistical Service.
    private const string NotApplicable = "z";
    private const string NotAvailable = "x";
    private const string Confidential = "c";
    private const string AllWaves = "Total";
    private const string Delivered = "Delivered or in use (1: yes, 0: no)";

    private static readonly string[] Observed = ["time_period", "time_identifier", "geographic_level", "country_code", "country_name"];

    private static readonly (string Name, string Label, string Unit, int Places)[] Indicators =
    [
        ("percentage", "Percentage", "%", 1), ("percentage_lower_ci", "Percentage, lower 95% limit", "%", 1), ("percentage_upper_ci", "Percentage, upper 95% limit", "%", 1),
        ("percentage_points", "Percentage points", "pp", 1), ("percentage_points_lower_ci", "Percentage points, lower 95% limit", "pp", 1), ("percentage_points_upper_ci", "Percentage points, upper 95% limit", "pp", 1),
        ("amount", "Count or mean", "", 1), ("amount_lower_ci", "Count or mean, lower 95% limit", "", 1), ("amount_upper_ci", "Count or mean, upper 95% limit", "", 1),
        ("respondents", "Respondents, rounded", "", 0), ("respondent_schools", "Schools of the respondents, rounded", "", 0),
        ("p_value_at_most", "P-value, at most (1: 0.05 or more)", "", 3),
    ];

    /// <summary>The data, UTF-8.</summary>
    /// <param name="published">any day of the month it was published in: what is told to date belongs to that academic year.</param>
    public static byte[] Data(Snapshot document, DateOnly published)
    {
        var waves = document.Waves.Select(wave => (Wave: wave, Year: AcademicYear(wave.From))).ToList();
        var now = AcademicYear(published);
        var years = waves.Select(wave => wave.Year).Append(now).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        var text = new StringBuilder();
        Line(text, [.. Observed, .. Filters(document).Select(filter => filter.Name), .. Indicators.Select(indicator => indicator.Name)]);
        foreach (var reading in document.Kpis.SelectMany(kpi => kpi.Readings))
        {
            var results = reading.Results.ToDictionary(result => result.Wave ?? AllWaves, StringComparer.Ordinal);
            foreach (var label in Labels(reading))
                foreach (var year in years)
                {
                    Row(label, year, AllWaves, AllWaves, year == now);
                    foreach (var (wave, waveYear) in waves) Row(label, year, wave.Id, $"{wave.Title} ({wave.Id})", year == waveYear);
                }

            void Row(string label, string year, string wave, string waveLabel, bool isItsYear) => Line(
                text,
                [
                    year, "Academic year", "National", "E92000001", "England", $"{reading.Id} {reading.Title}", $"{reading.Id}: {label}", .. waves.Count == 0 ? [] : new[] { waveLabel },
                    .. Numbers(isItsYear ? results.GetValueOrDefault(wave) : null, label, hasNoResults: results.Count == 0 && isItsYear && wave == AllWaves),
                ]);
        }
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>
    /// What its columns mean, in the form the same rules ask for, under a name made of it: the same for most documents, and written once. To upload the two, save
    /// it beside the data under the data's name.
    /// </summary>
    public static (string Path, byte[] Metadata) MetadataOf(Snapshot document)
    {
        var metadata = Metadata(document);
        return ($"schema/figures-{Convert.ToHexStringLower(SHA256.HashData(metadata))[..12]}.meta.csv", metadata);
    }

    private static byte[] Metadata(Snapshot document)
    {
        var text = new StringBuilder();
        Line(text, ["col_name", "col_type", "label", "indicator_grouping", "indicator_unit", "indicator_dp", "filter_hint", "filter_grouping_column", "filter_default"]);
        foreach (var (name, label, hint, group, @default) in Filters(document)) Line(text, [name, "Filter", label, "", "", "", hint, group, @default]);
        foreach (var (name, label, unit, places) in Indicators) Line(text, [name, "Indicator", label, "", unit, places.ToString(CultureInfo.InvariantCulture), "", "", ""]);
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    /// <summary>The academic year a day is in, as six digits: from September on.</summary>
    internal static string AcademicYear(DateOnly day)
    {
        var first = day.Month >= 9 ? day.Year : day.Year - 1;
        return string.Create(CultureInfo.InvariantCulture, $"{first}{(first + 1) % 100:00}");
    }

    // A filter with one item only is none: without any wave there is no filter of that name.
    private static IEnumerable<(string Name, string Label, string Hint, string Group, string Default)> Filters(Snapshot document)
    {
        var first = document.Kpis.SelectMany(kpi => kpi.Readings).First();
        yield return ("reading", "Reading of a KPI", "One reading of each KPI is its primary one: the first", "", $"{first.Id} {first.Title}");
        yield return ("figure", "Figure of a reading", "Each belongs to one reading", "reading", $"{first.Id}: {Labels(first)[0]}");
        if (document.Waves.Count > 0) yield return ("wave", "Round of fieldwork", "Total: over all time, which no survey figure is", "", AllWaves);
    }

    /// <summary>The figures a reading has in any wave; one that has none yet has a row that says so.</summary>
    private static List<string> Labels(SnapshotReading reading)
    {
        var labels = reading.Results.SelectMany(result => (result.Milestone is null ? [] : new[] { Delivered }).Concat(result.Figures.Select(Words.NameOf))).Distinct(StringComparer.Ordinal).ToList();
        return labels.Count == 0 ? ["No figure yet"] : labels;
    }

    private static IEnumerable<string> Numbers(SnapshotResult? result, string label, bool hasNoResults)
    {
        if (result?.Milestone is { } milestone && label == Delivered) return Values(2, milestone.IsDelivered ? "1" : "0", NotApplicable, NotApplicable, NotApplicable, NotApplicable, NotApplicable);
        // Expected but not there, or nothing that could be.
        if (result?.Figures.FirstOrDefault(figure => Words.NameOf(figure) == label) is not { } figure)
            return Enumerable.Repeat(hasNoResults || result is { Figures.Count: 0 } ? NotAvailable : NotApplicable, Indicators.Length);
        var kind = figure.Unit switch { "%" => 0, "pp" => 1, _ => 2 };
        if (figure.Symbol is { } symbol) return Values(kind, symbol, symbol, symbol, symbol, symbol, IsTest(figure) ? symbol : NotApplicable);
        var people = Number(figure.Base) ?? NotApplicable;
        var schools = Number(figure.Schools) ?? NotApplicable;
        // "Under 5" is not 5: a number that was told as a bound only is withheld.
        if (figure.Marks?.Any(mark => mark is "under_5" or "over_95") == true) return Values(kind, Confidential, Confidential, Confidential, people, schools, NotApplicable);
        // A test has a p-value and no other number.
        if (IsTest(figure)) return Values(kind, NotApplicable, NotApplicable, NotApplicable, people, schools, AtMost(figure.P) ?? NotAvailable);
        var none = Words.IsPublished(figure) ? NotAvailable : NotApplicable;
        return Values(kind, Number(figure.Value) ?? NotAvailable, Number(figure.Lower) ?? none, Number(figure.Upper) ?? none, people, schools, AtMost(figure.P) ?? NotApplicable);
    }

    private static bool IsTest(Figure figure) => figure.Unit == "p";

    /// <summary>The upper end of a band of p-values.</summary>
    private static string? AtMost(string? band) => band is null ? null : band.StartsWith('<') ? band[1..] : "1";

    private static IEnumerable<string> Values(int kind, string value, string lower, string upper, string people, string schools, string p) =>
        [.. Enumerable.Range(0, 3).SelectMany(i => i == kind ? [value, lower, upper] : Enumerable.Repeat(NotApplicable, 3)), people, schools, p];

    private static string? Number(double? value) => value?.ToString("0.######", CultureInfo.InvariantCulture);

    private static void Line(StringBuilder text, IEnumerable<string> cells) => text.AppendJoin(',', cells.Select(Cell)).Append("\r\n");

    /// <summary>Quoted where it must be; what a spreadsheet would run as a formula gets an apostrophe before it (OWASP, CSV injection).</summary>
    private static string Cell(string text)
    {
        var plain = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        if (plain.Length > 0 && "=+-@".Contains(plain[0], StringComparison.Ordinal) && !double.TryParse(plain, NumberStyles.Float, CultureInfo.InvariantCulture, out _)) plain = $"'{plain}";
        return plain.AsSpan().IndexOfAny(',', '"') < 0 ? plain : $"\"{plain.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }
}
