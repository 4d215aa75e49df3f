using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Polls;
using WholeSchoolSend.PollFiles;

namespace WholeSchoolSend.Core.Schools;

/// <summary>
/// Imports a file of the schools register. Its header says what it is: the Get Information About Schools extract (it replaces the last one) or a
/// list of engagements (it replaces the list of the same name; lists of several names add up).
/// </summary>
public sealed class ImportRegister(IDrops drops, FileImport import, IVersionedRows<School> schools, IVersionedRows<Engagement> engagements)
{
    /// <summary>The supplier the register's files are kept under.</summary>
    public const string Supplier = "register";
    public const string Schools = "schools";
    public const string Engagements = "engagements";

    /// <summary>Imports the file, or returns null when it is gone.</summary>
    public async Task<ImportRecord?> RunAsync(string name, CancellationToken cancellation)
    {
        if (await drops.FindRegisterAsync(name, cancellation) is not { } file) return null;
        var hash = await FileImport.HashAsync(file, cancellation);
        var opened = await PollFile.OpenAsync(file.OpenAsync, new PollFileOptions { HeaderRows = 1, Dates = DateOrder.DayFirst }, cancellation);
        if (!opened.CanBeRead) return await import.RefuseAsync(file, hash, [ImportPoll.From(opened.Problem)], [], cancellation);

        await using var reader = opened.Reader;
        var has = (string column) => reader.Header.Columns(column).Count == 1;
        if (has("URN") && has("EstablishmentName"))
            return await RunAsync(file, hash, reader, new ImportUnit(Supplier, Schools, "all"), schools, SchoolRow, ["EstablishmentStatus (name)"], cancellation);
        if (has("urn") && has("engaged_on"))
            return await RunAsync(file, hash, reader, new ImportUnit(Supplier, Engagements, name), engagements, EngagementRow, ["strand"], cancellation);
        return await import.RefuseAsync(file, hash, [FileFinding.From(Problems.HeaderUnknown, "should have the columns URN and EstablishmentName, or urn, engaged_on and strand")], [], cancellation);
    }

    private async Task<ImportRecord> RunAsync<T>(
        DroppedFile file, string hash, PollFileReader reader, ImportUnit unit, IVersionedRows<T> store, Func<Cells, T?> read, string[] required,
        CancellationToken cancellation)
        where T : class
    {
        var cells = new Cells(reader);
        foreach (var column in required)
            if (reader.Header.Columns(column).Count != 1) cells.Findings.Add(new FileFinding(0, column, Problems.ColumnMissing.Code, "should be a column of the file"));
        var rows = new List<T>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var step = await reader.ReadAsync(cancellation); step != PollRead.End; step = await reader.ReadAsync(cancellation))
        {
            if (step == PollRead.Problem) cells.Findings.Add(new FileFinding(reader.Problem!.Line, null, reader.Problem.Code, reader.Problem.Message));
            if (step == PollRead.Refused) cells.Findings.Add(ImportPoll.From(reader.FileProblem!));
            if (step == PollRead.Refused) break;
            if (step == PollRead.Row && read(cells) is { } row)
            {
                if (row is School school && !seen.Add(school.Urn)) cells.Add("URN", Problems.CellInvalid, "should stand in one row only");
                rows.Add(row);
            }
        }
        var notes = reader.Header.Notes.Select(note => note.Message).ToList();
        if (cells.Findings.Count > 0) return await import.RefuseAsync(file, hash, cells.Findings, notes, cancellation);

        var facts = new ImportFacts(rows.Count, rows.Select(row => row is Engagement engagement ? engagement.Urn : ((School)(object)row).Urn).Distinct(StringComparer.Ordinal).Count(), 0, null, null, null);
        return await import.ActivateAsync(file, hash, new FileContent<T>(unit, 0, null, rows, facts), store, notes, cancellation);
    }

    private static School? SchoolRow(Cells cells) => cells.Urn("URN") is { } urn
        ? new School(
            urn, cells.Text("EstablishmentName") ?? urn, cells.Text("PhaseOfEducation (name)") ?? "unknown", cells.Text("GOR (name)") ?? "unknown",
            cells.Text("EstablishmentStatus (name)")?.StartsWith("Open", StringComparison.OrdinalIgnoreCase) == true)
        : null;

    private static Engagement? EngagementRow(Cells cells)
    {
        var urn = cells.Urn("urn");
        var on = cells.Date("engaged_on");
        return urn is null || on is null ? null : new Engagement(urn, on.Value, cells.Text("strand") ?? "", checked((int)cells.Line));
    }

    /// <summary>Reads the cells of the current row and gathers what is wrong with them.</summary>
    private sealed class Cells(PollFileReader reader)
    {
        private readonly Dictionary<string, int?> _columns = new(StringComparer.Ordinal);

        public List<FileFinding> Findings { get; } = [];

        public long Line => reader.Line;

        public string? Text(string column) => Index(column) is { } index && reader.Text(index).Trim() is { Length: > 0 } text ? text : null;

        public string? Urn(string column)
        {
            if (InstrumentMap.School(Text(column), column, []) is { } urn) return urn;
            Add(column, Problems.SchoolInvalid, "should be the six digits of a unique reference number such as 100001");
            return null;
        }

        public DateOnly? Date(string column)
        {
            if (Index(column) is { } index && reader.TryDate(index, out var date)) return DateOnly.FromDateTime(date);
            Add(column, Problems.CellInvalid, "should be a date such as 2026-09-30 or 30/09/2026");
            return null;
        }

        public void Add(string column, ProblemKind kind, string message) => Findings.Add(new FileFinding(reader.Line, column, kind.Code, message));

        private int? Index(string column)
        {
            if (!_columns.TryGetValue(column, out var index))
                _columns.Add(column, index = reader.Header.Columns(column) is [var only] ? only : null);
            return index;
        }
    }
}
