using System.Globalization;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Polls;
using WholeSchoolSend.PollFiles;

namespace WholeSchoolSend.Core.Schools;

/// <summary>
/// Imports a file of the schools register. Its header says what it is: the Get Information About Schools extract or its links between schools (each
/// replaces the last), or a list of engagements or of network reach (it replaces the list of the same name; lists of several names add up).
/// </summary>
public sealed class ImportRegister(
    IDrops drops, FileImport import, IVersionedRows<School> schools, IVersionedRows<Engagement> engagements, IVersionedRows<SchoolLink> links,
        IVersionedRows<NetworkReach> reach)
{
    /// <summary>The supplier the register's files are kept under.</summary>
    public const string Supplier = "register";
    public const string Schools = "schools";
    public const string Engagements = "engagements";
    public const string Links = "links";
    public const string Reach = "reach";

    /// <summary>Imports the file, or returns null when it is gone.</summary>
    /// <param name="again">also when its import is finished.</param>
    public async Task<ImportRecord?> RunAsync(string name, bool again, CancellationToken cancellation) =>
        await drops.FindRegisterAsync(name, cancellation) is { } file ? await import.RunAsync(file, again, ImportAsync, cancellation) : null;

    private async Task ImportAsync(ImportRun run, CancellationToken cancellation)
    {
        var file = await run.File.AtHandAsync(cancellation);
        var hash = await FileImport.HashAsync(file, cancellation);
        var opened = await PollFile.OpenAsync(file.OpenAsync, new PollFileOptions { HeaderRows = 1, Dates = DateOrder.DayFirst }, cancellation);
        if (!opened.CanBeRead)
        {
            await RefuseAsync(run, hash, PollCheck.From(opened.Problem), cancellation);
            return;
        }
        await using var reader = opened.Reader;
        var cells = new Cells(reader);
        if (cells.Has("URN") && cells.Has("LinkURN"))
            await ImportAsync(run, hash, cells, new ImportUnit(Supplier, Links, "all"), links, LinkRow, ["LinkType"], cancellation);
        else if (cells.Has("URN") && cells.Has("EstablishmentName"))
        {
            // One of the two tells open from closed; which is there has changed before.
            var status = cells.Has(SchoolColumns.Status) || cells.Has(SchoolColumns.StatusCode) ? Array.Empty<string>() : [SchoolColumns.Status[0]];
            await ImportAsync(run, hash, cells, new ImportUnit(Supplier, Schools, "all"), schools, SchoolRow, status, cancellation);
        }
        else if (cells.Has("urn") && cells.Has("engaged_on"))
            await ImportAsync(run, hash, cells, new ImportUnit(Supplier, Engagements, run.File.Name), engagements, EngagementRow, ["strand"], cancellation,
                (run, rows, counting) => AboutContactsAsync(run, rows, counting, cancellation));
        else if (cells.Has("network") && cells.Has("schools"))
            await ImportAsync(run, hash, cells, new ImportUnit(Supplier, Reach, run.File.Name), reach, ReachRow, ["as_of"], cancellation);
        else
            await RefuseAsync(
                run, hash,
                FileFinding.From(Problems.HeaderUnknown,
                    "should have the columns URN and EstablishmentName, or URN, LinkURN and LinkType, or urn, engaged_on and strand, or network, as_of and schools"),
                cancellation);
    }

    private static async Task ImportAsync<T>(
        ImportRun run, string hash, Cells cells, ImportUnit unit, IVersionedRows<T> store, Func<Cells, T?> read, string[] required,
            CancellationToken cancellation, Func<ImportRun, List<T>, IReadOnlyList<ActiveImport>, Task<IReadOnlyList<string>>>? about = null)
        where T : class
    {
        foreach (var column in required)
            if (!cells.Has(column)) cells.Findings.Add(FileFinding.From(Problems.ColumnMissing, "should be a column of the file", column));
        var rows = new List<T>();
        var (count, empty, passed, refused) = (0, 0, 0, 0);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (true)
        {
            var before = cells.Findings.Count;
            var step = await cells.Reader.ReadAsync(cancellation);
            if (step == PollRead.Problem && cells.Reader.Problem! is { Code: PollFileCodes.HeaderDuplicate or PollFileCodes.HeaderUnnamed } ofHeader)
            {
                cells.Findings.Add(new FileFinding(ofHeader.Line, cells.Name(ofHeader.Column), ofHeader.Code, ofHeader.Message));
                continue;
            }
            // Of a file whose header is no good, nothing can be said of its rows.
            if (step == PollRead.End || (count == 0 && before > 0)) break;
            if (step == PollRead.Refused)
            {
                cells.Findings.Add(PollCheck.From(cells.Reader.FileProblem!));
                break;
            }
            count++;
            if (step == PollRead.Problem)
                cells.Findings.Add(new FileFinding(cells.Reader.Problem!.Line, cells.Name(cells.Reader.Problem.Column), cells.Reader.Problem.Code,
                    cells.Reader.Problem.Message));
            else if (ExclusionReasons.IsRowEmpty(cells.Reader, 0)) empty++;
            else
            {
                var row = read(cells);
                if (row is School school && !seen.Add(school.Urn)) cells.Add("URN", Problems.CellInvalid, "should stand in one row only",
                    "a school of an earlier row");
                if (cells.Findings.Count == before)
                {
                    // A link that is stated from both ends is one link.
                    if (row is null || (row is SchoolLink link && !seen.Add($"{link.Urn} {link.Predecessor}"))) passed++;
                    else rows.Add(row);
                }
            }
            if (cells.Findings.Count > before && count > rows.Count + empty + passed + refused) refused++;
        }
        var excluded = new Dictionary<string, int>();
        if (passed > 0) excluded.Add("no-new-link", passed);
        if (empty > 0) excluded.Add(ExclusionReasons.RowEmpty, empty);
        var counts = new RowCounts(count, rows.Count, excluded, refused);
        ReportHead Head(ImportOutcome outcome, ImportFacts? facts, IReadOnlyList<string> notes) => new(
            run.File.Name, run.File.Supplier, run.File.Modified, outcome, unit.Instrument, null, null, hash, run.File.Bytes, cells.Reader.Header.Format,
            cells.Reader.Header.Notes.FirstOrDefault(note => note.Code == "encoding")?.Message, counts, null, null, null, facts,
                [.. cells.Reader.Header.Notes.Select(note => note.Message), .. notes]);
        if (cells.Findings.Count > 0)
        {
            await run.RefuseAsync(hash, null, counts, new ImportReport(Head(ImportOutcome.Refused, null, []), cells.Findings), cancellation);
            return;
        }
        var facts = new ImportFacts(count, rows.Select(Subject).OfType<string>().Distinct(StringComparer.Ordinal).Count(), null, null, null, null);
        var content = new FileContent<T>(unit, 0, null, rows, facts, counts);
        await run.ActivateAsync(hash, content, store, about is null ? null : counting => about(run, rows, counting), (outcome, notes) => new ImportReport(Head(outcome, facts, notes), cells.Findings), cancellation);
    }

    /// <summary>What nothing else would tell: a number mistyped adds a school nobody worked with, and a contact that is only planned is none yet.</summary>
    private async Task<IReadOnlyList<string>> AboutContactsAsync(ImportRun run, List<Engagement> contacts, IReadOnlyList<ActiveImport> counting, CancellationToken cancellation)
    {
        var notes = new List<string>();
        var dropped = DateOnly.FromDateTime(run.File.Modified.UtcDateTime);
        if (contacts.Count(contact => contact.On > dropped) is > 0 and var planned)
            notes.Add(string.Create(CultureInfo.InvariantCulture, $"{planned} rows are dated after {dropped:yyyy-MM-dd}, the day of the drop: until its day comes, a contact does not count as work with a school"));
        if (counting.FirstOrDefault(active => active.Unit is { Supplier: Supplier, Instrument: Schools }) is not { } register) return notes;
        var known = (await schools.ReadAsync(register.Version, cancellation)).Select(school => school.Urn).ToHashSet(StringComparer.Ordinal);
        var unknown = contacts.Select(contact => contact.Urn).Where(urn => !known.Contains(urn)).Distinct(StringComparer.Ordinal).ToList();
        if (unknown.Count > 0)
            notes.Add(string.Create(CultureInfo.InvariantCulture, $"{unknown.Count} schools are not in the schools register, such as {unknown[0]}: they count all the same, so see that the numbers are right"));
        return notes;
    }

    private static Task RefuseAsync(ImportRun run, string hash, FileFinding finding, CancellationToken cancellation) =>
        run.RefuseAsync(hash, null, null, PollCheck.Refused(finding).Report(run.File, hash, null, ImportOutcome.Refused, []), cancellation);

    private static string? Subject(object row) => row switch
    {
        School school => school.Urn,
        Engagement engagement => engagement.Urn,
        SchoolLink link => link.Urn,
        _ => null,
    };

    private static School? SchoolRow(Cells cells) => cells.Urn("URN") is { } urn
        ? new School(
            urn, cells.Text("EstablishmentName") ?? urn,
            Regions.PhaseOf(
                cells.Text(SchoolColumns.Phase), cells.Text(SchoolColumns.Type), cells.Text(SchoolColumns.TypeGroup), cells.Text(SchoolColumns.LowAge),
                    cells.Text(SchoolColumns.HighAge)),
            Regions.Of(cells.Text(SchoolColumns.Region), cells.Text(SchoolColumns.RegionCode), cells.Text(SchoolColumns.Authority)),
            IsOpen(cells.Text(SchoolColumns.Status), cells.Text(SchoolColumns.StatusCode)), cells.Text(SchoolColumns.Authority), cells.Text(SchoolColumns.Type),
            cells.DateIfGiven(SchoolColumns.Opened), cells.DateIfGiven(SchoolColumns.Closed))
        : null;

    /// <summary>1 open, 2 closed, 3 open but proposed to close, 4 proposed to open.</summary>
    private static bool IsOpen(string? status, string? code) => status is not null ? status.StartsWith("Open", StringComparison.OrdinalIgnoreCase)
        : code is "1" or "3";

    /// <summary>The register states each link from both ends, in many words ("Successor - merged"): one end is enough, and sixth form centres are no successors.</summary>
    private static SchoolLink? LinkRow(Cells cells)
    {
        var (urn, other, type) = (cells.Urn("URN"), cells.Urn("LinkURN"), cells.Text("LinkType"));
        var on = cells.DateIfGiven(SchoolColumns.Linked);
        if (urn is null || other is null || type is null || urn == other) return null;
        return type.StartsWith("Predecessor", StringComparison.OrdinalIgnoreCase) ? new SchoolLink(urn, other, on)
            : type.StartsWith("Successor", StringComparison.OrdinalIgnoreCase) ? new SchoolLink(other, urn, on)
            : null;
    }

    private static Engagement? EngagementRow(Cells cells)
    {
        var urn = cells.Urn("urn");
        var on = cells.Date("engaged_on");
        return urn is null || on is null ? null : new Engagement(urn, on.Value, cells.Text("strand") ?? "", checked((int)cells.Line));
    }

    private static NetworkReach? ReachRow(Cells cells)
    {
        var network = cells.Text("network");
        if (network is null) cells.Add("network", Problems.FieldMissing, "should name a network", Found.Empty);
        var asOf = cells.Date("as_of");
        var count = cells.Whole("schools");
        return network is null || asOf is null || count is null ? null : new NetworkReach(network, asOf.Value, count.Value, checked((int)cells.Line));
    }

    /// <summary>What a column has been called over the years; the first that is there is read.</summary>
    private static class SchoolColumns
    {
        public static readonly string[] Status = ["EstablishmentStatus (name)", "EstablishmentStatus"];
        public static readonly string[] StatusCode = ["EstablishmentStatus (code)"];
        public static readonly string[] Phase = ["PhaseOfEducation (name)", "PhaseOfEducation"];
        public static readonly string[] Type = ["TypeOfEstablishment (name)", "TypeOfEstablishment"];
        public static readonly string[] TypeGroup = ["EstablishmentTypeGroup (name)", "EstablishmentTypeGroup"];
        public static readonly string[] Region = ["GOR (name)", "GOR", "Region (name)", "Region"];
        public static readonly string[] RegionCode = ["GOR (code)"];
        public static readonly string[] Authority = ["LA (code)", "LA Code", "LACode"];
        public static readonly string[] LowAge = ["StatutoryLowAge"];
        public static readonly string[] HighAge = ["StatutoryHighAge"];
        public static readonly string[] Opened = ["OpenDate"];
        public static readonly string[] Closed = ["CloseDate"];
        public static readonly string[] Linked = ["LinkEstablishedDate"];
    }

    /// <summary>Reads the cells of the current row and gathers what is wrong with them.</summary>
    private sealed class Cells(PollFileReader reader)
    {
        private readonly Dictionary<string, int?> _columns = new(StringComparer.Ordinal);

        // Types, phases and regions are a few words, said fifty thousand times.
        private readonly Utf8Lookup<string> _words = new(text => text.Trim());

        public PollFileReader Reader => reader;

        public FileFindings Findings { get; } = new();

        public long Line => reader.Line;

        /// <summary>Is there such a column? Two of one name are there, and the reader tells of them.</summary>
        public bool Has(params ReadOnlySpan<string> names)
        {
            foreach (var name in names)
                if (reader.Header.Columns(name).Count > 0) return true;
            return false;
        }

        /// <summary>What a column is called, from 1; null for the whole row.</summary>
        public string? Name(int column) => column < 1 || column > reader.Header.Variables.Count ? null
            : reader.Header.Variables[column - 1].Name is { Length: > 0 } name ? name
            : string.Create(CultureInfo.InvariantCulture, $"column {column}");

        public string? Text(params ReadOnlySpan<string> names)
        {
            if (Index(names) is not { } index) return null;
            var text = reader.Utf8(index);
            return text.Length <= 32 && _words.TryFind(text, out var word) ? (word.Length > 0 ? word : null)
                : reader.Text(index).Trim() is { Length: > 0 } said ? said : null;
        }

        public string? Urn(string column)
        {
            var text = Text(column);
            if (InstrumentMap.School(text, column, []) is { } urn) return urn;
            Add(column, Problems.SchoolInvalid, "should be the six digits of a unique reference number such as 100001", Found.School(text ?? ""));
            return null;
        }

        public DateOnly? Date(string column)
        {
            if (Index(column) is { } index && reader.TryDate(index, out var date)) return DateOnly.FromDateTime(date);
            Add(column, Problems.CellInvalid, "should be a date such as 2026-09-30 or 30/09/2026", Found.Date(Text(column) ?? ""));
            return null;
        }

        /// <summary>Null where there is none; the register's own dates are no reason to go without the register.</summary>
        public DateOnly? DateIfGiven(params ReadOnlySpan<string> names) =>
            Index(names) is { } index && reader.TryDate(index, out var date) ? DateOnly.FromDateTime(date) : null;

        public int? Whole(string column)
        {
            var text = Text(column);
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return number;
            Add(column, Problems.CellInvalid, "should be a whole number", Found.Number(text ?? "", decimalComma: false));
            return null;
        }

        public void Add(string column, ProblemKind kind, string message, string found) =>
            Findings.Add(new FileFinding(reader.Line, column, kind.Code, message, found));

        private int? Index(params ReadOnlySpan<string> names)
        {
            foreach (var name in names)
            {
                if (!_columns.TryGetValue(name, out var index)) _columns.Add(name, index = reader.Header.Columns(name) is [var only] ? only : null);
                if (index is not null) return index;
            }
            return null;
        }
    }
}
