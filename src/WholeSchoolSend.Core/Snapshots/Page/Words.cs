using System.Globalization;
using System.Text.RegularExpressions;
using WholeSchoolSend.Core.Kpis;

namespace WholeSchoolSend.Core.Snapshots.Page;

/// <summary>What a published document says, in the words of the page and of the CSV: UK English, the same on every machine.</summary>
internal static partial class Words
{
    /// <summary>Words and sign of a verdict, and what it means. Every verdict differs from the others without colour.</summary>
    public sealed record Said(string Text, string Sign, string Class, string Why);

    private static readonly Dictionary<Verdict, Said> Verdicts = new()
    {
        [Verdict.MetConfident] = new("Met", "tick", "met", "The figure and its whole interval reach the target."),
        [Verdict.MetPoint] = new("Met, but not certain", "tick", "met-unsure", "The figure reaches the target, but its interval reaches below it: the true figure may be lower."),
        [Verdict.NotMetPoint] = new("Not met, but not certain", "cross", "missed-unsure", "The figure is below the target, but its interval reaches it: the true figure may be high enough."),
        [Verdict.NotMetConfident] = new("Not met", "cross", "missed", "The figure and its whole interval are below the target."),
        [Verdict.Insufficient] = new("Not enough evidence", "dash", "none", "Too few people or schools answered, or too unevenly, for a verdict."),
        [Verdict.Unattainable] = new("Cannot be reached", "cross", "missed-unsure", "The starting point was so high that a rise of this size is not possible."),
    };

    private static readonly Dictionary<string, string> Names = new(StringComparer.Ordinal)
    {
        ["engaged"] = "Engaged schools",
        ["wider"] = "Wider schools",
        ["difference"] = "Difference (engaged minus wider)",
        ["wider-standardised"] = "Wider schools, with the engaged schools’ mix of phases",
        ["difference-standardised"] = "Difference at that same mix",
        ["since-previous"] = "Change since the wave before",
        ["trend"] = "Trend, a year",
        ["engaged-mean"] = "Engaged schools, mean",
        ["wider-mean"] = "Wider schools, mean",
        ["difference-of-means"] = "Difference of the means",
        ["pre"] = "Before contact",
        ["post"] = "After contact",
        ["change"] = "Change",
        ["mix-leader"] = "Leaders, of those asked",
        ["mix-senco"] = "SENCOs, of those asked",
        ["mix-leader+senco"] = "Both roles, of those asked",
        ["schools"] = "Schools",
        ["responses"] = "Number",
        ["organisations"] = "Organisations in all",
        ["rose"] = "Organisations that rose",
        ["unchanged"] = "Organisations that stayed the same",
        ["fell"] = "Organisations that fell",
        ["signed-rank"] = "Test of the changes, by how large they are",
        ["sign-test"] = "Test of the changes, by their direction",
        ["unmatched-pre"] = "Answered before, but not after",
        ["unmatched-post"] = "Answered after, but not before",
        ["stayers-pre"] = "Before contact, of those who answered again",
        ["leavers-pre"] = "Before contact, of those who did not answer again",
    };

    private static readonly Dictionary<string, string> Marks = new(StringComparer.Ordinal)
    {
        ["small_base"] = "Small base: read with caution",
        ["under_5"] = "Under 5%",
        ["over_95"] = "Over 95%",
        ["assumed_base"] = "The base is assumed",
        ["indicative"] = "Not the same question: a yardstick only",
        ["depends_on_rounding"] = "Depends on how the published figure was rounded",
    };

    private static readonly Dictionary<string, string> Symbols = new(StringComparer.Ordinal)
    {
        ["c"] = "withheld to protect people",
        ["u"] = "too few answers to be reliable",
        ["x"] = "not available",
        ["z"] = "does not apply",
    };

    private static readonly Dictionary<MilestoneStatus, string> Statuses = new()
    {
        [MilestoneStatus.NotStarted] = "Not started",
        [MilestoneStatus.InProgress] = "In progress",
        [MilestoneStatus.Draft] = "In draft",
        [MilestoneStatus.Delivered] = "Delivered",
        [MilestoneStatus.InUse] = "In use",
    };

    private static readonly Dictionary<Cause, (string One, string Many, string Some)> Causes = new()
    {
        [Cause.LateData] = ("one answer came late", "about {0} answers came late", "a few answers came late"),
        [Cause.Revision] = ("one answer was revised", "about {0} answers were revised", "a few answers were revised"),
        [Cause.Erasure] = ("one person’s answers were erased at their wish", "about {0} people’s answers were erased at their wish", "a few people’s answers were erased at their wish"),
        [Cause.Instrument] = ("one answer is read otherwise", "about {0} answers are read otherwise", "answers are read otherwise"),
        [Cause.FileAdded] = ("a poll file came", "{0} poll files came", "poll files came"),
        [Cause.FileCorrected] = ("a poll file was corrected", "{0} poll files were corrected", "poll files were corrected"),
        [Cause.FileWithdrawn] = ("a poll file was withdrawn", "{0} poll files were withdrawn", "poll files were withdrawn"),
        [Cause.Register] = ("", "", "the list of schools, or of those engaged, changed"),
        [Cause.Wave] = ("", "", "what is known of the fieldwork changed"),
        [Cause.Milestone] = ("", "", "a newer state was reported"),
        [Cause.Catalogue] = ("", "", "the definition of the KPI changed"),
        [Cause.Method] = ("", "", "the method changed"),
        [Cause.DisclosurePolicy] = ("", "", "the rules that protect people changed"),
        [Cause.RelatedReading] = ("", "", "a figure it is read together with changed"),
    };

    public static Said Of(Verdict verdict) => Verdicts[verdict];

    public static string Of(MilestoneStatus status) => Statuses[status];

    /// <summary>What moved a figure.</summary>
    public static string Of(Mover mover)
    {
        var (one, many, some) = Causes[mover.Cause];
        return mover.Count is null or 0 || many.Length == 0 ? some : mover.Count == 1 ? one : string.Format(CultureInfo.InvariantCulture, many, Number(mover.Count.Value));
    }

    public static string OfSymbol(string symbol) => Symbols[symbol];

    public static string OfMark(string mark) => Marks.GetValueOrDefault(mark) ?? Sentence(mark);

    /// <summary>What the figure is. Figures that differ by their assumptions only have them in their name.</summary>
    public static string NameOf(Figure figure) => figure.Name switch
    {
        "count" => figure.Unit == "organisations" ? "Organisations of which it is so" : Sentence(figure.Unit),
        "published-2016-assumed" => $"Difference from the 2016 survey, had it asked {Number(figure.Base ?? 0)} people{(figure.AssumedDesignEffect is > 1 and { } effect ? $" with a design effect of {Number(effect)}" : "")}",
        var name when PublishedYear().Match(name) is { Success: true } published => $"{published.Groups[1].Value} survey",
        var name => Names.GetValueOrDefault(name) ?? Sentence(name),
    };

    public static bool IsPublished(Figure figure) => PublishedYear().IsMatch(figure.Name);

    public static bool IsDifference(Figure figure) => figure.Unit == "pp" || figure.Name.StartsWith("difference", StringComparison.Ordinal);

    /// <summary>The figure without the word for its unit where that is long; with a sign where it is a change.</summary>
    public static string Short(Figure figure)
    {
        if (figure.Marks?.Contains("under_5") == true) return "under 5%";
        if (figure.Marks?.Contains("over_95") == true) return "over 95%";
        var value = figure.Value!.Value;
        var text = figure.Name == "change" || IsDifference(figure) ? Signed(value) : Number(value);
        return figure.Unit switch
        {
            "%" => $"{text}%",
            "pp" => Points(text),
            var unit when unit == figure.Name || figure.Name == "count" => text,
            var unit => $"{text} {unit}",
        };
    }

    /// <summary>Shown as a bound only, since it is so near to nobody or everybody.</summary>
    public static bool IsBound(Figure figure) => figure.Marks?.Any(mark => mark is "under_5" or "over_95") == true;

    /// <summary>The figure, or what stands in its place; empty for a test, of which there is nothing but its p-value.</summary>
    public static string ValueOf(Figure figure) => figure.Symbol is { } symbol ? $"{symbol}: {OfSymbol(symbol)}" : figure.Value is null ? "" : Short(figure);

    /// <summary>The 95 % interval; empty where there is none.</summary>
    public static string IntervalOf(Figure figure)
    {
        if (figure.Symbol is not null || figure.Lower is not { } lower || figure.Upper is not { } upper) return "";
        var unit = figure.Unit == "%" ? "%" : "";
        return $"{Number(lower)}{unit} to {Number(upper)}{unit}";
    }

    public static string TargetOf(Target target)
    {
        var value = target.Unit switch
        {
            "%" => $"{Number(target.Value)}%",
            "pp" => Points(Number(target.Value)),
            var unit => $"{Number(target.Value)} {unit}",
        };
        return target.Relation == TargetRelation.Over ? $"over {value}" : $"{value} or more";
    }

    /// <summary>At most one decimal, thousands by commas, a minus sign that is one.</summary>
    public static string Number(double value) => (value < 0 ? "−" : "") + Math.Abs(value).ToString("#,##0.#", CultureInfo.InvariantCulture);

    /// <summary>Percentage points, by how their number is written: 0.96 is 1 point.</summary>
    private static string Points(string number) => $"{number} {(number.TrimStart('+', '−') == "1" ? "point" : "points")}";

    public static string Signed(double value) => (value > 0 ? "+" : "") + Number(value);

    public static string Day(DateOnly day) => day.ToString("d MMMM yyyy", CultureInfo.InvariantCulture);

    public static string Month(DateOnly day) => day.ToString("MMM yyyy", CultureInfo.InvariantCulture);

    /// <summary>Fieldwork dates, without saying a year or a month twice.</summary>
    public static string Days(DateOnly from, DateOnly to) => from == to ? Day(to)
        : from.Year != to.Year ? $"{Day(from)} to {Day(to)}"
        : from.Month != to.Month ? $"{from.ToString("d MMMM", CultureInfo.InvariantCulture)} to {Day(to)}"
        : $"{from.Day.ToString(CultureInfo.InvariantCulture)} to {Day(to)}";

    public static string Capital(string text) => text.Length == 0 ? text : string.Concat(char.ToUpperInvariant(text[0]).ToString(), text.AsSpan(1));

    public static string Sentence(string id) => Capital(id.Replace('-', ' ').Replace('_', ' '));

    [GeneratedRegex(@"^published-(\d{4})$")]
    private static partial Regex PublishedYear();
}
