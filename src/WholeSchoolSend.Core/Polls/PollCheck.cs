using WholeSchoolSend.Core.Erasures;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.PollFiles;

namespace WholeSchoolSend.Core.Polls;

/// <summary>One poll file read to its end by one instrument: what is wrong with it, what became of its rows, and the totals it would bring.</summary>
/// <param name="Wave">null where no row said which.</param>
/// <param name="HoldsDropped">the file has a column that the instrument says to drop: its bytes are not kept.</param>
public sealed record PollCheck(
    bool IsRefused, string? Wave, PollFileHeader? Header, FileFindings Findings, IReadOnlyList<string> Notes, RowCounts? Rows,
        IReadOnlyList<ItemCounts>? Items, WeightFacts? Weights,
    FieldworkDates? Fieldwork, ImportFacts? Facts, IReadOnlyList<SchoolTotals> Totals, bool HoldsDropped)
{
    /// <summary>Rows of somebody who was erased, by erasure: they count nowhere, and the file's bytes are not kept.</summary>
    public IReadOnlyDictionary<string, int> Erased { get; private init; } = new Dictionary<string, int>();

    // What tools put beside answers by themselves (Qualtrics, SurveyMonkey, SmartSurvey), and nobody should send on.
    private static readonly HashSet<string> PersonalColumns = new(StringComparer.OrdinalIgnoreCase)
    {
        "ipaddress", "ip address", "ip_address", "recipientemail", "recipientlastname", "recipientfirstname", "email", "email address", "e-mail",
        "emailaddress", "locationlatitude", "locationlongitude", "latitude", "longitude", "first name", "firstname", "last name", "lastname", "surname",
        "full name", "phone", "telephone", "mobile", "postcode", "date of birth", "dob",
    };

    /// <summary>Was anything refused before a row was read?</summary>
    public static PollCheck Refused(FileFinding finding)
    {
        var findings = new FileFindings();
        findings.Add(finding);
        return new PollCheck(true, null, null, findings, [], null, null, null, null, null, [], false);
    }

    /// <summary>Reads a file. Pure but for reading: nothing is written anywhere.</summary>
    /// <param name="erased">whose rows count nowhere; null: nobody's.</param>
    /// <param name="copy">takes every row but theirs.</param>
    public static async Task<PollCheck> RunAsync(PollParts parts, Instrument instrument, ErasedRows? erased, CancellationToken cancellation, RedactedCopy? copy = null)
    {
        var poll = instrument.Poll!;
        var opened = await parts.OpenAsync(Options(poll), cancellation);
        if (!opened.CanBeRead) return Refused(From(opened.Problem));

        await using var reader = opened.Reader;
        var header = reader.Header;
        var reading = new PollReading(instrument, header, parts.Name, erased, copy);
        await reading.ReadAsync(reader, cancellation);
        if (!reading.IsUnusable && reading.Findings.Count == 0 && reading.Rows.Loaded == 0)
            reading.Whole(FileFinding.From(Problems.NothingLoaded, "should have a row that counts: every row was left out"));
        var refused = reading.IsRefused || reading.Rows.Loaded == 0 || reading.Wave is null;

        // Some notes are only known at the end, such as characters that were lost in rows.
        var notes = reader.Notes.Select(note => note.Message).ToList();
        var dropped = (poll.Drop ?? []).SelectMany(header.Columns).Distinct().Count();
        if (dropped > 0) notes.Add($"{dropped} columns hold personal data and are dropped: nothing of them is kept, and no copy of the file either");
        var personal = header.Variables.Select(variable => variable.Name.Trim()).Where(PersonalColumns.Contains)
            .Except((poll.Drop ?? []).Select(drop => drop.Trim()), StringComparer.OrdinalIgnoreCase).ToList();
        // Without its header row a file has somebody's cells for names.
        if (personal.Count > 0 && reading.HasColumns)
            notes.Add($"these columns look like personal data: {string.Join(", ", personal)}. Please leave them out, or have the instrument drop them");
        if (erased?.Found.Values.Sum() is > 0 and var rows)
            notes.Add($"{rows} rows are of somebody who asked to be erased: they count nowhere, and the file is not kept as it is. Please erase them at yours, too");
        var ratio = poll.WeightRatio ?? PollBinding.UsualWeightRatio;
        if (reading.Weights?.MaxOverMean > ratio)
            notes.Add(FormattableString.Invariant($"the largest weight is {reading.Weights.MaxOverMean:0.#} times the mean; over {ratio:0.#} is unusual: please check it"));
        if (refused && reading.Rows.Loaded > 0) notes.Add("the file is refused, so none of its rows counts: those said to be loaded are the ones without a problem");
        return new PollCheck(
            refused, reading.Wave, header, reading.Findings, notes, reading.Rows, reading.Items, reading.Weights, reading.Fieldwork,
            refused ? null : reading.Facts, refused ? [] : reading.Totals(reading.Wave!), dropped > 0)
        {
            Erased = erased?.Found ?? new Dictionary<string, int>(),
        };
    }

    /// <summary>What the sender is told.</summary>
    public ImportReport Report(DroppedFile file, string? contentHash, Instrument? instrument, ImportOutcome outcome, IReadOnlyList<string> notes) => new(
        new ReportHead(
            file.Name, file.Supplier, file.Modified, outcome, instrument?.Id, instrument?.Version, Wave, contentHash, file.Bytes, Header?.Format,
            Header?.Notes.FirstOrDefault(note => note.Code == "encoding")?.Message, Rows, Items, Weights, Fieldwork, Facts, notes),
        Findings);

    internal static FileFinding From(FileProblem problem) => new(problem.Line, null, problem.Code, problem.Message);

    private static PollFileOptions Options(PollBinding poll) => new()
    {
        HeaderRows = poll.HeaderRows,
        Sheet = poll.Sheet,
        Delimiter = poll.Delimiter?[0],
        NotAskedMarks = ["", " ", .. poll.NotAsked ?? []],
        Dates = poll.Dates == "iso" ? DateOrder.IsoOnly : DateOrder.DayFirst,
        DecimalComma = poll.DecimalComma == true,
        Encoding = poll.Encoding switch
        {
            "utf-8" => PollEncoding.Utf8,
            "utf-16" => PollEncoding.Utf16,
            "windows-1252" => PollEncoding.Windows1252,
            _ => PollEncoding.Detect,
        },
        LongLayout = poll.Long is { } layout ? new LongLayout(layout.Respondent, layout.Question, layout.Answer) : null,
    };
}
