using System.Globalization;
using System.Text.Json;

namespace WholeSchoolSend.Simulator;

/// <summary>Tells on the console what happened: one line for each step, then the published KPIs.</summary>
internal sealed class Account(TextWriter output, TimeProvider time)
{
    private long _started = time.GetTimestamp();
    private int _step;

    public void Title(string text)
    {
        output.WriteLine();
        output.WriteLine(text);
        output.WriteLine();
        _started = time.GetTimestamp();
    }

    /// <summary>One step: what, how many of what, and the seconds since the step before.</summary>
    public void Step(string what, int count, string unit)
    {
        var seconds = time.GetElapsedTime(_started).TotalSeconds;
        output.WriteLine(Invariant($"{++_step,3}  {what,-34} {count,6:N0} {unit,-58} {seconds,6:0.0} s"));
        _started = time.GetTimestamp();
    }

    public void Detail(string text) => output.WriteLine($"     - {text}");

    public void Blank() => output.WriteLine();

    public void Text(string text) => output.WriteLine(text);

    /// <summary>The primary readings of a published document.</summary>
    public void Kpis(JsonElement document)
    {
        output.WriteLine($"  {"KPI",-5}{"",-46}{"wave",-13}{"engaged",-19}{"wider",-19}verdict");
        output.WriteLine("  " + new string('-', 115));
        foreach (var kpi in Items(document, "kpis"))
            foreach (var reading in Items(kpi, "readings").Where(reading => reading.TryGetProperty("primary", out var primary) && primary.GetBoolean()))
                foreach (var (result, first) in Items(reading, "results").Select((result, i) => (result, i == 0)))
                {
                    var figures = Items(result, "figures").ToList();
                    // A count has one figure and no comparison: it stands where the engaged schools stand. Of a change, what is decided on; of a panel, how many rose.
                    var engaged = figures.Where(figure => Word(figure, "name") is not ("wider" or "difference" or "published-2016"))
                        .OrderByDescending(figure => Word(figure, "name") is "change" or "rose").Select(Figure).FirstOrDefault("");
                    var wider = figures.Where(figure => Word(figure, "name") == "wider").Select(Figure).FirstOrDefault("");
                    output.WriteLine(
                        $"  {(first ? Word(kpi, "id") : ""),-5}{(first ? Cut(Word(kpi, "title"), 44) : ""),-46}{Word(result, "wave"),-13}{engaged,-19}{wider,-19}"
                        + Word(result, "verdict").Replace('_', ' '));
                }
    }

    private static string Figure(JsonElement figure)
    {
        if (Word(figure, "symbol") is { Length: > 0 } symbol) return $"[{symbol}] withheld";
        var unit = Word(figure, "unit");
        var value = Word(figure, "value") + (unit is "%" ? " %" : unit is "pp" ? " pp" : "");
        return Word(figure, "lower").Length > 0 ? $"{value} ({Word(figure, "lower")}-{Word(figure, "upper")})" : value;
    }

    private static JsonElement.ArrayEnumerator Items(JsonElement of, string name) =>
        of.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array ? list.EnumerateArray() : default;

    private static string Word(JsonElement of, string name) => of.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value.ToString() : "";

    private static string Cut(string text, int most) => text.Length <= most ? text : text[..(most - 1)] + "…";

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
