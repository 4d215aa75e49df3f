using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using WholeSchoolSend.Core.Kpis;
using static WholeSchoolSend.Core.Snapshots.Page.Html;

namespace WholeSchoolSend.Core.Snapshots.Page;

/// <summary>
/// The page people read, with the figures of a public document in it: nobody needs JavaScript, or a second request, to read them. The script
/// beside it finds, prints and says whether newer figures were published. Same document, same index: same bytes.
/// </summary>
/// <remarks>The frame (head, words that never change) is <c>src/dashboard/index.html</c>, which is also what is shown before anything is published.</remarks>
public sealed class PublicPage
{
    private const string Begin = "<!-- figures -->";
    private const string End = "<!-- /figures -->";

    private readonly Snapshot _document;
    private readonly SnapshotPointer _pointer;
    private readonly SnapshotEntry _entry;
    private readonly SnapshotIndex _index;
    private readonly IReadOnlyList<Shown> _kpis;

    private PublicPage(Snapshot document, SnapshotEntry entry, SnapshotIndex index)
    {
        (_document, _entry, _index) = (document, entry, index);
        _pointer = new SnapshotPointer(entry.Id, entry.Path);
        var waves = document.Waves.ToDictionary(wave => wave.Id, StringComparer.Ordinal);
        _kpis = [.. document.Kpis.Select(kpi => new Shown(kpi, waves))];
    }

    /// <summary>Style and script, each named by its content: they may be kept for ever, and a page never meets another's.</summary>
    public static IReadOnlyList<PageFile> Files { get; } = [PageFile.Named("page.css"), PageFile.Named("page.js")];

    /// <summary>The page of one document.</summary>
    /// <param name="entry">its line in the index.</param>
    public static byte[] Of(Snapshot document, SnapshotEntry entry, SnapshotIndex index)
    {
        var frame = Encoding.UTF8.GetString(JsonSchema.EmbeddedText("index.html"));
        var (from, to) = (frame.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length, frame.IndexOf(End, StringComparison.Ordinal));
        var page = string.Concat(frame.AsSpan(0, from), "\n", Write(new PublicPage(document, entry, index).Content()), frame.AsSpan(to));
        return Encoding.UTF8.GetBytes(Files.Aggregate(page, (text, file) => text.Replace($"\"{file.Name}\"", $"\"{file.Path}\"", StringComparison.Ordinal)));
    }

    private IEnumerable<XElement> Content()
    {
        yield return E(
            "div", ("id", "snapshot"), ("data-id", _entry.Id), ("data-published", _entry.Published.ToString("O", CultureInfo.InvariantCulture)),
            E("p", ("class", "meta"), "Published on ", E("time", ("datetime", _entry.Published.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)), Words.Day(DateOnly.FromDateTime(_entry.Published.UtcDateTime))), ". ",
                E("a", ("href", "#reading"), "How to read these figures"), " · ", E("a", ("href", "#data"), "The figures as data")));
        yield return Summary();
        yield return E(
            "section", ("aria-labelledby", "glance"), E("h2", ("id", "glance"), "At a glance"),
            Targets(), KeyAreas());
        if (_kpis.Any(kpi => kpi.IsOutcome)) yield return Progress();
        foreach (var (title, kpis) in Sections())
            yield return E("section", ("class", "group"), E("h2", title), kpis.Select(Article));
        if (_document.Waves.Count > 0) yield return Fieldwork();
        yield return Data();
    }

    /// <summary>Every KPI in detail, grouped as the programme groups them.</summary>
    private IEnumerable<(string Title, IEnumerable<Shown> Kpis)> Sections() =>
        from section in new[]
        {
            (Title: "What the programme set out to change", Kinds: new[] { KpiKind.Strategic, KpiKind.Reach }),
            (Title: "The eight key areas of the SEND Review", Kinds: [KpiKind.KeyArea]),
            (Title: "Examples of better outcomes", Kinds: [KpiKind.OutcomeExamples]),
            (Title: "Planned outputs, one by one", Kinds: [KpiKind.Operational]),
        }
        let kpis = _kpis.Where(kpi => section.Kinds.Contains(kpi.Kpi.Kind)).ToList()
        where kpis.Count > 0
        select (section.Title, kpis.AsEnumerable());

    /// <summary>What a reader wants first: how many targets are met, and what cannot be said yet.</summary>
    private XElement Summary()
    {
        var decided = _kpis.Where(kpi => kpi.Target is not null && kpi.Kpi.DuplicateOf is null && !kpi.IsOutcome).ToList();
        var outcomes = _kpis.Where(kpi => kpi.IsOutcome).ToList();
        var counted = _kpis.Where(kpi => kpi.Kpi.DuplicateOf is null).ToList();
        var without = counted.Where(kpi => !kpi.HasEvidence).ToList();
        var open = _document.Waves.Where(wave => !wave.Closed).ToList();
        return E(
            "section", ("aria-labelledby", "summary"), E("h2", ("id", "summary"), "In short"),
            E(
                "ul", ("class", "tally"),
                new[] { Verdict.MetConfident, Verdict.MetPoint, Verdict.NotMetPoint, Verdict.NotMetConfident }.Select(verdict => Count(decided.Count(kpi => kpi.Result?.Verdict == verdict), Chip(Words.Of(verdict)))),
                Count(decided.Count(kpi => kpi.Result?.Verdict is null or Verdict.Insufficient or Verdict.Unattainable), Chip(new("No verdict yet", "dash", "none", "")))),
            E("p", decided.Count == 1 ? "Counted: the one KPI that has a target in numbers. " : $"Counted: the {decided.Count} KPIs that have a target in numbers, each once. ", outcomes.Count == 0 ? null : $"Of the {outcomes.Count} planned outputs, {Delivered(outcomes)} {(Delivered(outcomes) == 1 ? "is" : "are")} delivered or in use."),
            without.Count == 0 && open.Count == 0 ? null : E(
                "div", ("class", "notice partial"),
                without.Count == 0 ? null : E("p", E("strong", $"Not everything is here yet: {counted.Count - without.Count} of {counted.Count} KPIs have evidence."), $" Nothing has been published yet for {string.Join(", ", without.Select(kpi => kpi.Kpi.Id))}."),
                open.Count == 0 ? null : E("p", $"Still open, and so without figures: {string.Join("; ", open.Select(wave => $"{wave.Title} (fieldwork to {Words.Day(wave.To)})"))}.")));

        static XElement? Count(int count, XElement chip) => count == 0 ? null : E("li", E("b", count.ToString(CultureInfo.InvariantCulture)), " ", chip);
    }

    private static int Delivered(IEnumerable<Shown> outcomes) => outcomes.Count(kpi => kpi.Result?.Milestone?.IsDelivered == true);

    private XElement Targets() => E(
        "table", ("role", "table"), ("class", "glance targets"),
        E("caption", "What the programme set out to change", E("span", ("class", "key"), " Bar: newest figure with its 95% interval. Dashed line: target. Upright line: wider schools.")),
        Heads(("KPI", null), ("Newest figure", "number"), ("Against its target", "bar-column"), ("Target", null), ("Wider schools", "number"), ("Verdict", null)),
        E("tbody", ("role", "rowgroup"), _kpis.Where(kpi => kpi.Kpi.Kind is KpiKind.Strategic or KpiKind.Reach or KpiKind.OutcomeExamples).Select(kpi => E(
            "tr", ("role", "row"), Finds(kpi),
            Title(kpi),
            Cell("Newest", "number", kpi.Main is not null ? Many(E("b", kpi.Value), Small(kpi.Beside)) : kpi.Kpi.DuplicateOf is { } one ? $"see {one}" : "none yet"),
            Cell("", "bar-column", Charts.Bullet(kpi.Main, kpi.Named("wider"), kpi.Target)),
            Cell("Target", null, kpi.Target is { } target ? Words.TargetOf(target) : "no number set"),
            Cell("Wider schools", "number", kpi.Named("wider") is { } wider ? Many(Words.ValueOf(wider), Small(Words.IntervalOf(wider))) : []),
            Cell("Verdict", null, kpi.Kpi.DuplicateOf is { } same ? E("a", ("href", $"#{same}"), $"Same as {same}") : kpi.State is { } state ? Chip(state) : null)))));

    private XElement? KeyAreas()
    {
        var areas = _kpis.Where(kpi => kpi.Kpi.Kind == KpiKind.KeyArea).ToList();
        if (areas.Count == 0) return null;
        var since = areas.Select(Since).OfType<string>().Distinct(StringComparer.Ordinal).ToList();
        return E(
            "table", ("role", "table"), ("class", "glance"),
            E("caption", "The eight key areas: leaders and SENCOs who say the area is embedded in their school", E("span", ("class", "key"), " Bar: engaged schools with their 95% interval. Upright line: wider schools. The programme set no targets here.")),
            Heads(("Key area", null), ("Engaged", "number"), ("Engaged and wider", "bar-column"), ("Wider", "number"), ("Difference", "number"), (since is [var before] ? $"Since {before}" : "Change since", "number")),
            E("tbody", ("role", "rowgroup"), areas.Select(kpi => E(
                "tr", ("role", "row"), Finds(kpi),
                Title(kpi),
                Cell("Engaged", "number", kpi.Main is { } main ? Many(E("b", Words.ValueOf(main)), Small(Words.IntervalOf(main))) : "none yet"),
                Cell("", "bar-column", Charts.Bullet(kpi.Main, kpi.Named("wider"), null)),
                Cell("Wider", "number", Told(kpi.Named("wider"))),
                Cell("Difference", "number", Told(kpi.Named("difference"))),
                Cell("Since before", "number", Told(kpi.Named("since-previous")), since.Count > 1 && Since(kpi) is { } one ? Small(one) : null, kpi.Result?.TrendBreak is null ? null : "reworded")))));

        // Usually the wave before; areas that were not asked then are set beside an older one.
        static string? Since(Shown kpi) => kpi.Named("since-previous") is { Source: { } wave } ? kpi.TitleOf(wave) : null;

        static object?[] Told(Figure? figure) => figure is null ? [] : [Words.ValueOf(figure), Small(Words.IntervalOf(figure))];
    }

    /// <summary>How far each planned output is.</summary>
    private XElement Progress()
    {
        var steps = Enum.GetValues<MilestoneStatus>();
        var outcomes = _kpis.Where(kpi => kpi.IsOutcome).ToList();
        // What nobody has told of any of them is no column.
        var columns = new (string Title, string? Class, Func<Shown, string?> Text)[]
        {
            ("Since", "when", kpi => kpi.Result?.Milestone is { } milestone ? Words.Day(milestone.On) : null),
            ("Planned for", "when", kpi => kpi.Result?.Milestone?.Planned is { } planned ? Words.Day(planned) : null),
            ("Counts", null, kpi => string.Join("; ", (kpi.Result?.Figures ?? []).Select(figure => $"{Words.NameOf(figure)} {Words.ValueOf(figure)}"))),
        }.Where(column => outcomes.Any(kpi => column.Text(kpi) is { Length: > 0 })).ToList();
        return E(
            "section", ("class", "group"), ("aria-labelledby", "progress"), E("h2", ("id", "progress"), "Planned outputs"),
            outcomes.GroupBy(kpi => kpi.Kpi.Strand, StringComparer.Ordinal).Select(strand => E(
                "table", ("role", "table"), ("class", "progress"),
                E("caption", strand.Key ?? "Other outcomes", E("span", ("class", "key"), $" {Delivered(strand)} of {strand.Count()} delivered")),
                Heads([("Outcome", null), ("How far", null), .. columns.Select(column => (column.Title, column.Class))]),
                E("tbody", ("role", "rowgroup"), strand.Select(kpi => E(
                    "tr", ("role", "row"), Finds(kpi),
                    Title(kpi),
                    Cell("How far", "steps", E(
                        "span",
                        E("span", ("class", "ladder"), ("aria-hidden", "true"), steps.Skip(1).Select(step => E("i", ("class", kpi.Result?.Milestone?.Status >= step ? "done" : null)))),
                        kpi.Result?.Milestone is { } milestone
                            ? Many(E("b", Words.Of(milestone.Status)), E("span", ("class", "quiet"), $" (step {(int)milestone.Status} of {steps.Length - 1})"))
                            : E("span", ("class", "quiet"), "Nothing reported yet"))),
                    columns.Select(column => Cell(column.Title, column.Class, column.Text(kpi)))))))));
    }

    private XElement Article(Shown kpi)
    {
        var shown = kpi.Kpi;
        var others = shown.Readings.Where(reading => reading != kpi.Primary && reading.Results.Count > 0).ToList();
        return E(
            "article", ("class", "kpi"), ("id", shown.Id), Finds(kpi), ("aria-labelledby", $"{shown.Id}-title"),
            E("header", E("span", ("class", "id"), shown.Id), E("h3", ("id", $"{shown.Id}-title"), shown.Title), kpi.State is { } state ? Chip(state) : null),
            shown.Kind is KpiKind.Strategic or KpiKind.Reach ? Wording(shown) : null,
            Headline(kpi),
            Corrections(shown.Id),
            Changes(kpi),
            kpi.Primary is { Results.Count: > 0 } primary && kpi.Result!.Milestone is null ? Reading(kpi, primary, isPrimary: true) : null,
            Against2016(kpi),
            others.Count == 0 ? null : E("details", E("summary", $"Other ways of looking at it ({others.Count})"), others.Select(reading => Reading(kpi, reading, isPrimary: false))),
            E(
                "details", E("summary", "Wording, source and caveats"),
                shown.Kind is KpiKind.Strategic or KpiKind.Reach ? null : Wording(shown),
                E(
                    "dl", ("class", "facts"),
                    Fact("Target, as written", shown.TargetWording), Fact("Measured by", shown.Measured), Fact("Who it is about", Words.Capital(shown.Population)),
                    Fact("Set beside", string.Join("; ", shown.Comparators)), Fact("Source", Source(kpi)), Fact("Instruments", Instruments(kpi)), Fact("Methods", Methods(kpi))),
                shown.Notes.Count == 0 ? null : Many(E("p", E("b", "Caveats")), E("ul", shown.Notes.Select(note => E("li", Words.Capital(note)))))));

        static XElement Wording(SnapshotKpi kpi) => E("blockquote", E("p", ("class", "label"), "In the programme’s own words"), E("p", kpi.Wording));

        static XElement? Fact(string name, object? text) => text is null or "" ? null : E("div", E("dt", name), E("dd", text));
    }

    /// <summary>What was wrong in what was published before.</summary>
    private IEnumerable<XElement> Corrections(string kpi) => (_document.Errata ?? []).Where(erratum => erratum.Kpis?.Contains(kpi) != false).Select(erratum => E(
        "div", ("class", "notice"),
        E("p", E("b", "Correction. "), erratum.Text),
        E("p", ("class", "meta"), $"Found on {Words.Day(erratum.On)}. It concerns what was published before{(erratum.Wave is { } wave ? $" for {TitleOf(wave)}" : "")} and stays in its data.")));

    private string TitleOf(string wave) => _document.Waves.FirstOrDefault(one => one.Id == wave)?.Title ?? wave;

    /// <summary>Why a figure is not what it was.</summary>
    private static XElement? Changes(Shown kpi)
    {
        var changed = (kpi.Primary?.Results ?? []).Where(result => result.Changes is not null).ToList();
        return changed.Count == 0 ? null : E(
            "div", ("class", "notice"),
            changed.Select(result => E(
                "p", E("b", $"{kpi.WaveOf(result)?.Title ?? "To date"}: this figure has changed since it was first published. "),
                $"{Words.Capital(string.Join("; ", result.Changes!.Select(Words.Of)))}.")));
    }

    /// <summary>The newest figure and what it is held against, as large as it is important.</summary>
    private static XElement Headline(Shown kpi)
    {
        if (kpi.Kpi.DuplicateOf is { } same)
            return E("div", ("class", "headline"), E("p", "Word for word the same as ", E("a", ("href", $"#{same}"), same), ": shown there, and counted once."));
        var result = kpi.Result;
        if (result is null) return E("div", ("class", "headline"), E("p", "No figures published yet."));
        if (result.Milestone is { } milestone)
            return E(
                "div", ("class", "headline"),
                E("p", E("b", Words.Of(milestone.Status)), $" since {Words.Day(milestone.On)}.", milestone.Planned is { } planned ? $" Planned for {Words.Day(planned)}." : null,
                    Uri.TryCreate(milestone.Evidence, UriKind.Absolute, out var evidence) && evidence.Scheme is "http" or "https" ? Many(" ", E("a", ("href", milestone.Evidence), ("rel", "noopener"), "What shows it")) : null),
                result.Figures.Count == 0 ? null : E("p", string.Join(". ", result.Figures.Select(figure => $"{Words.NameOf(figure)}: {Words.ValueOf(figure)}")), "."));
        if (kpi.Main is not { } main) return E("div", ("class", "headline"), E("p", $"{Words.Capital(result.Reason ?? "no figures published yet")}."));
        return E(
            "div", ("class", "headline"),
            E(
                "div",
                E("p", ("class", main.Symbol is null ? "value" : "value words"), kpi.Value),
                E(
                    "p", ("class", "what"), E("b", main.Name == "schools" ? "To date" : Words.NameOf(main)),
                    new[] { kpi.Wave?.Title, main.Name == "rose" ? kpi.Beside : Prefixed("95% interval ", Words.IntervalOf(main)), Base(main) }.Concat((main.Marks ?? []).Select(Words.OfMark)).Append(main.Reason is { } why && main.Symbol is not null ? Words.Capital(why) : null)
                        .Where(line => line is { Length: > 0 }).Select(line => E("span", $" {line}")))),
            Beside(kpi),
            E(
                "div", ("class", "say"),
                E("p", E("b", kpi.Target is { } target ? $"Target: {Words.TargetOf(target)}. " : "No target was set. "), Why(kpi, main))));
    }

    /// <summary>Engaged against wider, or the change from before, in a sentence.</summary>
    private static XElement? Beside(Shown kpi)
    {
        var lines = new List<object>();
        if (kpi.Named("difference") is { } difference)
        {
            if (Charts.IsDrawn(difference))
            {
                var size = Math.Abs(difference.Value!.Value);
                lines.Add(E(
                    "p", ("class", "compare"), "Engaged schools are ", E("b", size == 0 ? "level with" : $"{Words.Number(size)} {(size == 1 ? "percentage point" : "percentage points")} {(difference.Value > 0 ? "above" : "below")}"), " wider schools",
                    kpi.Named("wider") is { } wider && Charts.IsDrawn(wider) ? $" ({Words.Short(wider)})" : null, Around(", 95% interval ", Words.IntervalOf(difference)), ".",
                    difference is { Lower: <= 0, Upper: >= 0 } ? " As the interval includes 0, there may be no difference at all." : null));
            }
            else lines.Add(E("p", ("class", "compare"), $"Engaged against wider schools: {difference.Reason ?? Words.ValueOf(difference)}."));
        }
        if (kpi.Named("since-previous") is { } since && Charts.IsDrawn(since)) lines.Add(E("p", ("class", "compare"), $"Since {kpi.TitleOf(since.Source ?? "")}: ", E("b", Words.ValueOf(since)), Around(" (95% interval ", Words.IntervalOf(since), ")"), "."));
        if (kpi.Named("pre") is { } pre && kpi.Named("post") is { } post && Charts.IsDrawn(pre) && Charts.IsDrawn(post))
            lines.Add(E("p", ("class", "compare"), "From ", E("b", Words.Short(pre)), " before contact to ", E("b", Words.Short(post)), " after."));
        lines.AddRange(Lost(kpi));
        return lines.Count == 0 ? null : E("div", lines);
    }

    /// <summary>Who did not answer again, and whether they were less confident: a change may come from who was lost.</summary>
    private static IEnumerable<XElement> Lost(Shown kpi)
    {
        var figures = kpi.Kpi.Readings.SelectMany(reading => reading.Results).Where(result => result.Wave == kpi.Result?.Wave).SelectMany(result => result.Figures).Where(Charts.IsDrawn).ToLookup(figure => figure.Name);
        if (figures["unmatched-pre"].FirstOrDefault() is not { } lost) yield break;
        yield return E(
            "p", ("class", "compare"), E("b", Words.Short(lost)), " of those who answered before did not answer after.",
            figures["stayers-pre"].FirstOrDefault() is { } stayed && figures["leavers-pre"].FirstOrDefault() is { } left
                ? $" Before contact these were at {Words.Short(left)}, those who answered again at {Words.Short(stayed)}." : null);
    }

    private static string? Why(Shown kpi, Figure main)
    {
        if (kpi.Result!.Verdict is not { } verdict) return kpi.Result.Reason is { } none ? $"{Words.Capital(none)}." : null;
        if (verdict == Verdict.Insufficient) return $"{Words.Capital(kpi.Result.Reason ?? "too few people or schools answered")}.";
        if (main is { Lower: null, Marks: null } && verdict is Verdict.MetConfident or Verdict.NotMetConfident) return verdict == Verdict.MetConfident ? "The count reaches the target." : "The count is below the target.";
        return Words.Of(verdict).Why;
    }

    private static XElement Reading(Shown kpi, SnapshotReading reading, bool isPrimary)
    {
        var results = kpi.NewestFirst(reading);
        var target = reading.Target ?? kpi.Kpi.Target;
        var newest = results[0];
        if (results.All(result => result.Figures.Count == 0))
            return E("section", E("h4", Words.Capital(reading.Title)), results.Select(result => E("p", $"{kpi.WaveOf(result)?.Title ?? "To date"}: ",
                result.Verdict is { } verdict && verdict != Verdict.Insufficient ? Chip(Words.Of(verdict)) : $"{result.Reason ?? "no figures"}.")));
        var changes = newest.Figures.Where(figure => figure.Name == "change").ToList();
        var bars = newest.Figures.Where(figure => figure.Name is "engaged" or "wider" or "pre" or "post" or "engaged-mean" or "wider-mean" or "schools" or "responses" or "organisations" or "rose" || Words.IsPublished(figure)).ToList();
        var isShare = bars.Any(figure => figure.Name == "engaged");
        // A change has its own scale, and the target is on that one.
        var aim = newest.Verdict is null && reading.Target is null ? null : target;
        var trend = isPrimary && isShare ? Charts.Trend([.. results.Reverse().Where(result => kpi.WaveOf(result) is not null).Select(result => new Charts.Point(kpi.WaveOf(result)!, result.Figures, result.TrendBreak is not null))], aim) : null;
        return E(
            "section", E("h4", Words.Capital(reading.Title)),
            isPrimary ? E(
                "div", ("class", "charts"),
                E("figure", E("figcaption", kpi.WaveOf(newest)?.Title ?? "To date"), Charts.Bars(bars, changes.Count > 0 ? null : aim), changes.Count > 0 ? Charts.Bars(changes, aim) : null),
                trend is null ? null : E("figure", E("figcaption", "Over the waves"), trend)) : null,
            results.SelectMany(result => Rewordings(kpi, result)),
            newest is { ReasonCode: ReasonCode.InternalOnly, Reason: { } kept } ? E("p", $"{Words.Capital(kept)}.") : null,
            FigureTable(kpi, reading, results));
    }

    private static IEnumerable<XElement> Rewordings(Shown kpi, SnapshotResult result)
    {
        var title = kpi.WaveOf(result)?.Title ?? "To date";
        if (result.TrendBreak is { } broken)
            yield return E("p", ("class", "reworded"), E("b", "Reworded. "), $"In {title} the question was asked in other words than in {kpi.TitleOf(broken.Wave)}: the two are not one trend, and a difference between them may come from the words.");
        if (result.HeldApart is { } apart)
            yield return E("p", ("class", "reworded"), $"{title}: {(apart.Respondents is { } people ? $"{Words.Number(people)} answers" : "a few answers")} to the question in other words are not counted.");
    }

    private static XElement FigureTable(Shown kpi, SnapshotReading reading, IReadOnlyList<SnapshotResult> results)
    {
        var all = results.SelectMany(result => result.Figures).ToList();
        var who = all.Exists(figure => figure.Unit == "organisations") ? "organisations" : "people";
        var columns = new (string Title, string Label, Func<Figure, string> Text, string Class)[]
        {
            ("95% interval", "95% interval", Words.IntervalOf, "number"),
            ($"Base: {who}", Words.Capital(who), figure => figure.Symbol is null && figure.Base is { } people ? Words.Number(people) : "", "number"),
            ("Base: schools", "Schools", figure => figure.Symbol is null && figure.Schools is { } schools ? Words.Number(schools) : "", "number"),
            ("Notes", "Notes", Notes, "notes"),
        }.Where(column => all.Any(figure => column.Text(figure).Length > 0)).ToList();
        return E(
            "table", ("role", "table"), ("class", "figures"),
            E("caption", $"Figures: {reading.Title}"),
            Heads([("Group", null), ("Figure", "number"), .. columns.Select(column => (column.Title, (string?)column.Class))]),
            results.Select(result => new[]
            {
                E(
                    "tbody", ("role", "rowgroup"),
                    E("tr", ("role", "row"), ("class", "wave"), E(
                        "th", ("role", "rowheader"), ("scope", "rowgroup"), ("colspan", columns.Count + 2),
                        kpi.WaveOf(result) is { } wave ? Many(wave.Title, E("span", ("class", "dates"), $" {Words.Days(wave.From, wave.To)} ")) : "To date ",
                        result.Verdict is { } verdict ? Chip(Words.Of(verdict)) : null)),
                    result.Figures.Select(figure => E(
                        "tr", ("role", "row"),
                        E("th", ("role", "rowheader"), ("scope", "row"), NameOf(kpi, figure)),
                        Cell("Figure", figure.Symbol is null ? "number" : null, Words.ValueOf(figure)),
                        columns.Select(column => Cell(column.Label, column.Class, column.Text(figure)))))),
                result.TrendBreak is null ? null : E("tbody", ("role", "rowgroup"), ("class", "break"), E("tr", ("role", "row"), E("td", ("role", "cell"), ("colspan", columns.Count + 2), E("span", "Trend broken: asked in other words before")))),
            }));
    }

    /// <summary>A change says since when.</summary>
    private static string NameOf(Shown kpi, Figure figure) => (figure.Name, figure.Source) switch
    {
        ("since-previous", { } wave) => $"Change since {kpi.TitleOf(wave)}",
        ("trend", { } wave) => $"{Words.NameOf(figure)}, since {kpi.TitleOf(wave)}",
        _ => Words.NameOf(figure),
    };

    private static string Notes(Figure figure)
    {
        var notes = (figure.Marks ?? []).Select(Words.OfMark).ToList();
        if (figure.P is { } p) notes.Add($"p {p.Replace("<", "< ", StringComparison.Ordinal).Replace(">=", "≥ ", StringComparison.Ordinal)}");
        if (Words.IsPublished(figure) && figure.Source is { } source) notes.Add($"Source: {source}");
        // That what is made of a withheld figure is withheld, too, is said once, under "How to read this".
        if (figure.Reason is { } reason && figure.ReasonCode != ReasonCode.PartWithheld) notes.Add(Words.Capital(reason.TrimEnd('.')));
        return notes.Count == 0 ? "" : $"{string.Join(". ", notes)}.";
    }

    /// <summary>What other organisations found in 2016, beside the only readings it may be set beside.</summary>
    private static XElement? Against2016(Shown kpi)
    {
        var rows = kpi.Kpi.Readings.Where(reading => reading.Results.Count > 0)
            .Select(reading => (Reading: reading, Newest: kpi.NewestFirst(reading)[0]))
            .Select(one => (one.Reading, one.Newest, Published: one.Newest.Figures.FirstOrDefault(Words.IsPublished), Main: Shown.MainOf(one.Newest)))
            .Where(one => one is { Published: not null, Main: not null }).ToList();
        if (rows.Count == 0) return null;
        return E(
            "section", E("h4", "Beside 2016"),
            E(
                "table", ("role", "table"), ("class", "then"),
                E("caption", "Surveys other organisations published before the programme began"),
                Heads(("Reading", null), ("2016", "number"), ("Engaged schools, newest", "number"), ("Source and caution", "notes")),
                E("tbody", ("role", "rowgroup"), rows.Select(row => E(
                    "tr", ("role", "row"),
                    E("th", ("role", "rowheader"), ("scope", "row"), Words.Capital(row.Reading.Title)),
                    Cell("2016", "number", Words.ValueOf(row.Published!)),
                    Cell("Newest", "number", Words.ValueOf(row.Main!), Small(Words.IntervalOf(row.Main!))),
                    Cell("Source", "notes", Notes(row.Published!)))))));
    }

    private XElement Fieldwork() => E(
        "section", ("aria-labelledby", "fieldwork"), E("h2", ("id", "fieldwork"), "Who was asked, and when"),
        E(
            "table", ("role", "table"), E("caption", "Rounds of fieldwork"),
            Heads(("Wave", null), ("Fieldwork", null), ("State", null), ("Schools that could be asked", "number"), ("People invited", "number")),
            E("tbody", ("role", "rowgroup"), _document.Waves.Select(wave => E(
                "tr", ("role", "row"),
                E("th", ("role", "rowheader"), ("scope", "row"), wave.Title),
                Cell("Fieldwork", null, Words.Days(wave.From, wave.To)),
                Cell("State", null, wave.Closed ? "Closed" : "Still open: no figures yet"),
                Cell("Schools", "number", wave.Frame is { } frame ? Words.Number(frame) : null),
                Cell("Invited", "number", wave.Invited is { } invited ? Words.Number(invited) : null))))));

    private XElement Data()
    {
        var earlier = _index.Snapshots.Where(entry => entry.Id != _entry.Id).ToList();
        return E(
            "section", ("aria-labelledby", "data"), E("h2", ("id", "data"), "The figures as data"),
            E(
                "ul", ("class", "links"),
                E("li", E("a", ("href", _pointer.Csv), ("download", $"{_entry.Id}.csv"), "These figures as CSV, for a spreadsheet"), " and ",
                    E("a", ("href", _entry.Metadata), ("download", $"{_entry.Id}.meta.csv"), "what its columns mean")),
                E("li", E("a", ("href", _entry.Path), "These figures as JSON"), ", by ", E("a", ("href", Snapshot.SchemaPath), "this schema"), " and ", E("a", ("href", Snapshot.TypesPath), "these TypeScript types")),
                E("li", E("a", ("href", "index.json"), "All that was ever published (JSON)"))),
            E("p", ("class", "meta"), "What is published never changes; what is corrected is published anew. This is ", E("code", _entry.Id), $", by the KPI catalogue of {_document.Catalogue}."),
            earlier.Count == 0 ? null : E(
                "details", E("summary", $"What was published before ({earlier.Count})"),
                E("ul", ("class", "links"), earlier.Select(entry => E(
                    "li", E("time", ("datetime", entry.Published.ToString("O", CultureInfo.InvariantCulture)), $"{Words.Day(DateOnly.FromDateTime(entry.Published.UtcDateTime))}, {entry.Published.UtcDateTime.ToString("HH:mm", CultureInfo.InvariantCulture)} UTC"),
                    Earlier(entry, entry.Csv, "CSV"), Earlier(entry, entry.Path, "JSON"), entry.Errata is null ? null : " (corrected since)")))));

        static object?[] Earlier(SnapshotEntry entry, string? path, string kind) =>
            path is null ? [] : [" ", E("a", ("href", path), ("aria-label", $"{kind} of {Words.Day(DateOnly.FromDateTime(entry.Published.UtcDateTime))}, {entry.Id[..8]}"), kind)];
    }

    private string? Source(Shown kpi)
    {
        var waves = kpi.Kpi.Readings.SelectMany(reading => reading.Results).Select(kpi.WaveOf).OfType<SnapshotWave>().Distinct().OrderBy(wave => wave.From).ToList();
        return waves.Count == 0 ? null : $"{_document.Programme}: {string.Join("; ", waves.Select(wave => $"{wave.Title}, {Words.Days(wave.From, wave.To)}"))}";
    }

    /// <summary>Which questionnaires and poll files, as mapped when each wave's figures were issued.</summary>
    private static XElement? Instruments(Shown kpi)
    {
        var waves = (kpi.Primary is null ? [] : kpi.NewestFirst(kpi.Primary)).Where(result => result.Instruments is not null)
            .Select(result => E("li", $"{kpi.WaveOf(result)?.Title ?? "To date"}: {string.Join(", ", result.Instruments!.Select(one => $"{one.Key} (version {Words.Number(one.Value)})"))}"))
            .ToList();
        return waves.Count == 0 ? null : E("ul", waves);
    }

    private static XElement? Methods(Shown kpi)
    {
        var methods = kpi.Kpi.Readings.SelectMany(reading => reading.Results).SelectMany(result => result.Figures).Where(figure => figure.Method is not null)
            .GroupBy(figure => figure.Method!, StringComparer.Ordinal)
            .Select(same => E("li", $"{string.Join(", ", same.Select(Words.NameOf).Where(name => !name.StartsWith("Difference from the 2016", StringComparison.Ordinal)).Append(same.Any(figure => figure.Name == "published-2016-assumed") ? "Differences from 2016 on an assumed base" : null).OfType<string>().Distinct())}: {same.Key}."))
            .ToList();
        return methods.Count == 0 ? null : E("ul", methods);
    }

    private static XElement Chip(Words.Said said)
    {
        var path = said.Sign switch { "tick" => "M5 12.5l4.5 4.5L19 7.5", "cross" => "M7 7l10 10M17 7L7 17", _ => "M6 12h12" };
        return E("span", ("class", $"verdict {said.Class}"), E("svg", ("viewBox", "0 0 24 24"), ("aria-hidden", "true"), E("path", ("d", path))), said.Text);
    }

    /// <summary>What the search finds a row or an article by.</summary>
    private static object?[] Finds(Shown kpi) => [("data-kpi", kpi.Kpi.Id), ("data-state", kpi.State?.Class ?? "none")];

    private static XElement Title(Shown kpi) => E("th", ("role", "rowheader"), ("scope", "row"), E("a", ("href", $"#{kpi.Kpi.Id}"), E("span", ("class", "id"), kpi.Kpi.Id), " ", kpi.Kpi.Title));

    /// <summary>A cell that keeps its meaning when the table is shown as cards: roles are stated, since the style would take them away.</summary>
    private static XElement Cell(string label, string? kind, params object?[] content) => E("td", ("role", "cell"), ("class", kind), ("data-label", label), content);

    private static XElement Heads(params (string Name, string? Class)[] names) =>
        E("thead", ("role", "rowgroup"), E("tr", ("role", "row"), names.Select(name => E("th", ("role", "columnheader"), ("scope", "col"), ("class", name.Class), name.Name))));

    private static object?[] Many(params object?[] content) => content;

    private static XElement? Small(string text) => text.Length == 0 ? null : E("small", text);

    private static string? Base(Figure figure) => figure.Symbol is not null || figure.Base is not { } people ? null
        : $"Base: {Words.Number(people)} people{(figure.Schools is { } schools ? $" in {Words.Number(schools)} schools" : "")}";

    private static string? Prefixed(string before, string text) => text.Length == 0 ? null : before + text;

    private static string? Around(string before, string text, string after = "") => text.Length == 0 ? null : before + text + after;
}

/// <summary>A file that goes with the page, under a name made of its content.</summary>
public sealed record PageFile(string Name, string Path, byte[] Bytes)
{
    internal static PageFile Named(string name)
    {
        var bytes = JsonSchema.EmbeddedText(name);
        return new PageFile(name, $"{System.IO.Path.GetFileNameWithoutExtension(name)}-{Convert.ToHexStringLower(SHA256.HashData(bytes))[..12]}{System.IO.Path.GetExtension(name)}", bytes);
    }
}
