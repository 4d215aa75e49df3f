using System.Globalization;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Schools;
using WholeSchoolSend.PollFiles;

namespace WholeSchoolSend.Core.Polls;

/// <summary>
/// Imports one poll file: map by the instrument, check every cell, add up, switch on, report. The file is in wholly or not at all.
/// Memory grows with schools and cells, not with rows, but for 16 bytes and a little for each respondent where the instrument names one.
/// </summary>
public sealed class ImportPoll(IDrops drops, IInstruments instruments, IWaves waves, FileImport import, IVersionedRows<SchoolTotals> totals)
{
    /// <summary>Imports the file, or returns null when it is gone.</summary>
    public async Task<ImportRecord?> RunAsync(string supplier, string name, CancellationToken cancellation)
    {
        if (await drops.FindPollAsync(supplier, name, cancellation) is not { } file) return null;
        var hash = await FileImport.HashAsync(file, cancellation);
        var claims = (await instruments.AllAsync(cancellation)).Where(instrument => instrument.Poll is { } poll && poll.Supplier == supplier && Claims(poll.Files, name)).ToList();
        if (claims is not [var instrument])
        {
            var message = claims.Count == 0
                ? $"should be mapped by an instrument whose poll has supplier {supplier} and files that match this name"
                : $"should be mapped by one instrument, not by {string.Join(" and ", claims.Select(claim => claim.Id))}";
            return await import.RefuseAsync(file, hash, [FileFinding.From(Problems.FileUnclaimed, message)], [], cancellation);
        }
        var opened = await PollFile.OpenAsync(file.OpenAsync, Options(instrument.Poll!), cancellation);
        if (!opened.CanBeRead) return await import.RefuseAsync(file, hash, [From(opened.Problem)], [], cancellation);

        await using var reader = opened.Reader;
        var notes = reader.Header.Notes.Select(note => note.Message).ToList();
        var reading = new PollReading(instrument, reader.Header);
        if (reading.Findings.Count == 0) await reading.ReadAsync(reader, cancellation);
        if (reading.Findings.Count > 0 || reading.Wave is not { } wave) return await import.RefuseAsync(file, hash, reading.Findings, notes, cancellation);

        if (await waves.FindAsync(wave, cancellation) is null)
            notes.Add($"wave {wave} is not registered: these rows are kept, and enter the figures once it is");
        await drops.KeepRawAsync(file, hash, cancellation);
        var content = new FileContent<SchoolTotals>(
            new ImportUnit(supplier, instrument.Id, wave), instrument.Version, instrument.Collection, reading.Totals(wave), reading.Facts());
        return await import.ActivateAsync(file, hash, content, totals, notes, cancellation);
    }

    /// <summary>
    /// Does a pattern (<c>*</c> stands for any text) match a file's name? Case does not matter, nor do folders unless the pattern names some.
    /// </summary>
    public static bool Claims(string pattern, string path)
    {
        var name = pattern.Contains('/', StringComparison.Ordinal) ? path : path[(path.LastIndexOf('/') + 1)..];
        var parts = pattern.Split('*');
        if (parts.Length == 1) return name.Equals(pattern, StringComparison.OrdinalIgnoreCase);
        if (!name.StartsWith(parts[0], StringComparison.OrdinalIgnoreCase)) return false;
        var at = parts[0].Length;
        foreach (var part in parts[1..^1])
        {
            var found = name.IndexOf(part, at, StringComparison.OrdinalIgnoreCase);
            if (found < 0) return false;
            at = found + part.Length;
        }
        return name.Length - at >= parts[^1].Length && name.EndsWith(parts[^1], StringComparison.OrdinalIgnoreCase);
    }

    internal static FileFinding From(FileProblem problem) => new(problem.Line, null, problem.Code, problem.Message);

    private static PollFileOptions Options(PollBinding poll) => new()
    {
        HeaderRows = poll.HeaderRows,
        Delimiter = poll.Delimiter?[0],
        NotAskedMarks = ["", " ", .. poll.NotAsked ?? []],
        Dates = DateOrder.DayFirst,
    };
}

/// <summary>The rows of one poll file being checked and added up.</summary>
internal sealed class PollReading
{
    private readonly PollFileHeader _header;
    private readonly TermColumn _wave;
    private readonly TermColumn _stage;
    private readonly TermColumn _role;
    private readonly TermColumn? _group;
    private readonly TermColumn? _stratum;
    private readonly int? _school;
    private readonly int? _weight;
    private readonly int? _respondent;
    private readonly RespondentSet _respondents = new();
    private readonly List<ItemColumn> _items = [];
    private readonly Utf8Lookup<SchoolSums> _schools;
    private readonly SortedDictionary<string, SchoolSums> _sums = new(StringComparer.Ordinal);
    private int _rows;
    private int _zeroWeights;
    private double _w;
    private double _q;
    private double _largest;

    public PollReading(Instrument instrument, PollFileHeader header)
    {
        _header = header;
        _schools = new Utf8Lookup<SchoolSums>(text => InstrumentMap.School(text, "", []) is { } urn ? Sums(urn) : null);
        _school = instrument.School is { } school ? Column(school.Field) : null;
        _weight = instrument.Weight is { } weight ? Column(weight.Field) : null;
        _respondent = instrument.Respondent is { } respondent ? Column(respondent.Field) : null;
        _wave = Term(instrument.Wave, "", AsId);
        _stage = Term(instrument.Stage, "single");
        _role = Term(instrument.Role, "other");
        _group = instrument.Group is null ? null : Term(instrument.Group, "");
        _stratum = instrument.Stratum is null ? null : Term(instrument.Stratum, "", text => text.Trim() is { Length: > 0 and <= 64 } stratum ? stratum : null);
        foreach (var item in instrument.Items)
            if (Column(item.Field) is { } column) _items.Add(new ItemColumn(item.Indicator, column, Codes(item.Codes), item.Codes.Count));
    }

    public List<FileFinding> Findings { get; } = [];

    /// <summary>The one wave the file holds; null before a row named it.</summary>
    public string? Wave { get; private set; }

    public async Task ReadAsync(PollFileReader reader, CancellationToken cancellation)
    {
        while (true)
        {
            switch (await reader.ReadAsync(cancellation))
            {
                case PollRead.Row: Row(reader); break;
                case PollRead.Problem: Findings.Add(From(reader.Problem!)); break;
                case PollRead.Refused: Findings.Add(ImportPoll.From(reader.FileProblem!)); return;
                case PollRead.End: return;
                default: throw new InvalidOperationException("The reader knows a step this import does not.");
            }
        }
    }

    /// <summary>Totals of every school, in school order.</summary>
    public IReadOnlyList<SchoolTotals> Totals(string wave) =>
        _sums.Select(school => new SchoolTotals(wave, school.Key, school.Value.Respondents, school.Value.Cells.Totals(), [])).ToList();

    public ImportFacts Facts() => _weight is null
        ? new ImportFacts(_rows, _sums.Count, 0, null, null, null)
        : new ImportFacts(_rows, _sums.Count, _zeroWeights, _w, _w > 0 ? _largest / (_w / _rows) : null, _q > 0 ? _w * _w / _q : null);

    private void Row(PollFileReader row)
    {
        _rows++;
        var before = Findings.Count;
        var sums = School(row);
        var wave = Resolve(_wave, row);
        if (wave is not null && Wave is not null && wave != Wave) Findings.Add(new FileFinding(row.Line, Name(_wave.Column!.Value), Problems.WaveMixed.Code, $"should be of wave {Wave} as the rows before it are: drop one file for each wave"));
        var stage = Resolve(_stage, row);
        var role = Resolve(_role, row);
        var weight = Weight(row);
        Respondent(row);
        // Cells are checked even where the row is wrong already: the sender sees everything at once.
        foreach (var item in _items)
        {
            if (row.IsNotAsked(item.Column)) continue;
            if (!item.Codes.TryFind(row.Utf8(item.Column), out var code))
                Findings.Add(new FileFinding(row.Line, Name(item.Column), Problems.AnswerUnknown.Code, $"should be one of the {item.Known} answers the instrument codes for {item.Indicator}"));
            // Who weighs nothing says nothing about anybody else, and must not make a base look larger than it is.
            else if (Findings.Count == before && weight > 0) sums!.Cells.Add(new CellKey(stage!, role!, item.Indicator, code), weight);
        }
        if (Findings.Count > before) return;
        Wave ??= wave;
        sums!.Respondents++;
        _w += weight;
        _q += weight * weight;
        _largest = Math.Max(_largest, weight);
        if (weight == 0) _zeroWeights++;
    }

    private SchoolSums? School(PollFileReader row)
    {
        if (_school is { } column)
        {
            if (_schools.TryFind(row.Utf8(column), out var found)) return found;
            Findings.Add(new FileFinding(row.Line, Name(column), Problems.SchoolInvalid.Code, "should be the six digits of a school's unique reference number such as 100001"));
            return null;
        }
        var group = Resolve(_group!, row);
        var stratum = _stratum is null ? "" : Resolve(_stratum, row);
        return group is null || stratum is null ? null : Sums($"{group}|{stratum}");
    }

    private double Weight(PollFileReader row)
    {
        if (_weight is not { } column) return 1;
        if (row.TryNumber(column, out var weight) && weight is >= 0 and <= InstrumentMap.LargestWeight) return weight;
        Findings.Add(new FileFinding(row.Line, Name(column), Problems.WeightInvalid.Code, "should be a number from 0 to 1,000,000, with a decimal point"));
        return 0;
    }

    private void Respondent(PollFileReader row)
    {
        if (_respondent is not { } column) return;
        var key = row.Utf8(column).Trim((byte)' ');
        if (key.IsEmpty) Findings.Add(new FileFinding(row.Line, Name(column), Problems.FieldMissing.Code, "should say which respondent this is"));
        else if (!_respondents.Add(key)) Findings.Add(new FileFinding(row.Line, Name(column), Problems.RespondentRepeated.Code, "should be a respondent that no row before this one has"));
    }

    private string? Resolve(TermColumn term, PollFileReader row)
    {
        if (term.Column is not { } column) return term.Fixed;
        if (term.Codes!.TryFind(row.Utf8(column), out var value)) return value;
        Findings.Add(new FileFinding(row.Line, Name(column), Problems.AnswerUnknown.Code, "should be one of the values the instrument knows for this column"));
        return null;
    }

    private SchoolSums Sums(string school)
    {
        if (!_sums.TryGetValue(school, out var sums)) _sums.Add(school, sums = new SchoolSums());
        return sums;
    }

    /// <param name="asItIs">what a cell means where the instrument gives no codes.</param>
    private TermColumn Term(Term? term, string otherwise, Func<string, string?>? asItIs = null) =>
        term is null ? new TermColumn(otherwise, null, null)
        : term.Value is not null ? new TermColumn(term.Value, null, null)
        : new TermColumn(null, Column(term.Field!), term.Codes is null ? new Utf8Lookup<string>(asItIs ?? (text => text.Trim())) : Codes(term.Codes));

    private int? Column(string name)
    {
        if (_header.Columns(name) is [var column]) return column;
        Findings.Add(new FileFinding(0, name, Problems.ColumnMissing.Code, _header.Columns(name).Count == 0
            ? "should be a column of the file: the instrument needs it"
            : "should be the name of one column, not of several"));
        return null;
    }

    private string Name(int column) => _header.Variables[column].Name;

    private FileFinding From(RowProblem problem) =>
        new(problem.Line, problem.Column > 0 && problem.Column <= _header.Variables.Count ? Name(problem.Column - 1) : null, problem.Code, problem.Message);

    private static Utf8Lookup<string> Codes(IReadOnlyDictionary<string, string> codes)
    {
        var lookup = InstrumentMap.Lookup(codes);
        return new Utf8Lookup<string>(text => lookup.GetValueOrDefault(text.Trim()) ?? (AsWhole(text) is { } whole ? lookup.GetValueOrDefault(whole) : null));
    }

    /// <summary>"2.0" means code 2: programs write whole codes with decimals.</summary>
    private static string? AsWhole(string text) =>
        decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number == decimal.Truncate(number)
            ? decimal.Truncate(number).ToString(CultureInfo.InvariantCulture)
            : null;

    private static string? AsId(string text) => PutInstrument.IsId(text.Trim()) ? text.Trim() : null;

    private sealed class SchoolSums
    {
        public CellSums Cells { get; } = new();

        public int Respondents { get; set; }
    }

    private sealed record ItemColumn(string Indicator, int Column, Utf8Lookup<string> Codes, int Known);

    private sealed record TermColumn(string? Fixed, int? Column, Utf8Lookup<string>? Codes);
}
