using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using WholeSchoolSend.Core.Erasures;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.PollFiles;

namespace WholeSchoolSend.Core.Polls;

/// <summary>
/// The rows of one poll file being checked, counted and added up. Each row has one fate: loaded, excluded for a reason, or refused with
/// everything that is wrong with it; nothing of a row that is not loaded is in the totals.
/// </summary>
internal sealed class PollReading
{
    private static readonly string[] UsualTicks = ["1", "yes", "y", "true", "ticked", "checked", "selected"];
    private static readonly string[] UsualBlanks = ["0", "no", "n", "false", "not ticked", "unchecked", "not selected"];

    private readonly Instrument _instrument;
    private readonly PollFileHeader _header;
    private readonly ErasedRows? _erased;
    private readonly RedactedCopy? _copy;
    private readonly FieldworkReading? _fieldwork;
    private readonly List<Exclusion> _exclusions = [];
    private readonly TermColumn _wave;
    private readonly TermColumn _stage;
    private readonly RoleColumns _role;
    private readonly TermColumn? _group;
    private readonly TermColumn? _stratum;
    private readonly int? _organisation;
    private readonly int? _school;
    private readonly int? _weight;
    private readonly int? _respondent;
    private readonly HashSet<string> _shown = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _dropped;
    private readonly RespondentSet _respondents = new();
    private readonly List<ItemColumn> _items = [];
    private readonly ItemMeaning?[] _answers;
    private readonly int _codes;
    private readonly Utf8Lookup<SchoolSums> _schools;
    private readonly PollSums _sums = new();
    private readonly SortedDictionary<string, int> _excluded = new(StringComparer.Ordinal);
    private string? _ambiguous;
    private int _rows;
    private int _loaded;
    private int _refused;
    private long _unreadable;
    private int _zeroWeights;
    private double _w;
    private double _q;
    private double _largest;

    public PollReading(Instrument instrument, PollFileHeader header, string fileName, ErasedRows? erased = null, RedactedCopy? copy = null)
    {
        _instrument = instrument;
        (_erased, _copy) = (erased, copy);
        _header = header;
        var poll = instrument.Poll!;
        _dropped = (poll.Drop ?? []).Select(name => name.Trim()).ToHashSet(StringComparer.OrdinalIgnoreCase);
        if (poll.Long is { } layout) _shown.UnionWith([layout.Respondent.Trim(), layout.Question.Trim(), layout.Answer.Trim()]);
        _organisation = instrument.Organisation is { } named ? Column(named.Field!) : null;
        var organisation = instrument.Organisation is not { } term ? null : Organisations(term);
        _schools = new Utf8Lookup<SchoolSums>(text =>
            (organisation is null ? InstrumentMap.School(text, "", []) : organisation(text)) is { } key ? _sums.Of(key) : null);
        _school = instrument.School is { } school ? Column(school.Field) : null;
        _weight = instrument.Weight is { } weight ? Column(weight.Field) : null;
        _respondent = instrument.Respondent is { } respondent ? Column(respondent.Field) : null;
        _wave = instrument.Wave.File is { } pattern ? FromName(instrument.Wave, pattern, fileName) : Term(instrument.Wave, "", AsId);
        _stage = Term(instrument.Stage, "single");
        _role = new RoleColumns(this, instrument.Role);
        _group = instrument.Group is null ? null : Term(instrument.Group, "");
        _stratum = instrument.Stratum is null ? null : Term(instrument.Stratum, "", text => text.Trim() is { Length: > 0 and <= 64 } stratum ? stratum : null,
            preferLabel: true);
        foreach (var exclusion in poll.Exclude ?? [])
            if (Column(exclusion.Field) is { } column) _exclusions.Add(new Exclusion(column, Codes(exclusion.Answers, column)));
        foreach (var item in instrument.Items)
        {
            if (Column(item.Field) is not { } column) continue;
            _items.Add(new ItemColumn(item, column, _codes, Answers(item, column)));
            _codes += _items[^1].Known.Count;
        }
        _answers = new ItemMeaning?[_items.Count];
        if (poll.Fieldwork?.Fields is { } dates) _fieldwork = new FieldworkReading([.. dates.Select(Column).OfType<int>()]);
        CheckWeightMark();
        if (!IsUnusable && header.FurtherRows.Any(IsRespondent))
            Whole(FileFinding.From(Problems.HeaderRows,
                "should have as many header rows as the instrument says: one of them holds a respondent's answers, so the file seems to have fewer"));
    }

    public FileFindings Findings { get; } = new();

    /// <summary>The one wave the file holds; null before a row named it.</summary>
    public string? Wave { get; private set; }

    /// <summary>Something is wrong with the file as a whole: no threshold lets it pass.</summary>
    public bool IsUnusable { get; private set; }

    /// <summary>What became of the rows so far.</summary>
    public RowCounts Rows => new(_rows, _loaded, new SortedDictionary<string, int>(_excluded, StringComparer.Ordinal), _refused);

    /// <summary>What became of the answers of the rows that were loaded.</summary>
    public IReadOnlyList<ItemCounts> Items =>
        [.. _items.Select(item => new ItemCounts(item.Item.Indicator, item.Item.Field, item.Coded, item.Excluded))];

    public WeightFacts? Weights => _weight is null
        ? null
        : new WeightFacts(_instrument.Weight!.Field, _w, _zeroWeights, _w > 0 ? Math.Max(1, _largest / (_w / (_loaded + _zeroWeights))) : null,
            _q > 0 ? _w * _w / _q : null);

    public FieldworkDates? Fieldwork => _instrument.Poll!.Fieldwork is { From: { } from, To: { } to } ? new FieldworkDates(from, to) : _fieldwork?.Dates;

    public ImportFacts Facts => Weights is { } weights
        ? new ImportFacts(_rows, _sums.Schools, weights.Zero, weights.Sum, weights.MaxOverMean, weights.EffectiveSize, Fieldwork?.From, Fieldwork?.To)
        : new ImportFacts(_rows, _sums.Schools, null, null, null, null, Fieldwork?.From, Fieldwork?.To);

    /// <summary>Totals of every school, in school order.</summary>
    public IReadOnlyList<SchoolTotals> Totals(string wave) => _sums.Totals(
        wave, _items.SelectMany(item => item.Known.Select((code, at) => (item.Item.Indicator, Code: code, At: item.First + at))));

    /// <summary>Reads the file to its end; one whose header is no good, only as far as its header goes.</summary>
    public async Task ReadAsync(PollFileReader reader, CancellationToken cancellation)
    {
        var headerOnly = IsUnusable;
        while (true)
        {
            var step = await reader.ReadAsync(cancellation);
            if (headerOnly && !(step == PollRead.Problem && IsOfHeader(reader.Problem!)))
            {
                // Readers tell which columns have one name, but not of names they made of a layout or a description.
                if (_ambiguous is not null)
                    Whole(new FileFinding(0, _ambiguous, PollFileCodes.HeaderDuplicate, "should be the name of one column, not of several"));
                return;
            }
            switch (step)
            {
                case PollRead.Row: Row(reader); break;
                case PollRead.Problem: Unreadable(reader.Problem!); break;
                case PollRead.Refused: Whole(PollCheck.From(reader.FileProblem!)); return;
                case PollRead.End: return;
                default: throw new InvalidOperationException("The reader knows a step this import does not.");
            }
        }
    }

    /// <summary>Are there so many bad rows, or is something so wrong, that the file is refused whole?</summary>
    public bool IsRefused => IsUnusable || (_instrument.Poll!.Refuse ?? new RefusalLimit()).IsPassedBy(_refused, _rows);

    /// <summary>Is every column there that the instrument names?</summary>
    public bool HasColumns { get; private set; } = true;

    /// <summary>Notes a finding about the whole file.</summary>
    public void Whole(FileFinding finding)
    {
        IsUnusable = true;
        Findings.Add(finding);
    }

    private void Row(PollFileReader row)
    {
        _rows++;
        // Before anything else is said of it: not even what is wrong with it is told.
        if (_erased is not null && IsErased(row, _erased))
        {
            Count(_excluded, ExclusionReasons.Erased);
            return;
        }
        _copy?.Take(row);
        foreach (var exclusion in _exclusions)
            if (exclusion.Reasons.TryFind(row.Utf8(exclusion.Column), out var reason))
            {
                Count(_excluded, reason);
                return;
            }
        if (ExclusionReasons.IsRowEmpty(row, _school ?? 0))
        {
            Count(_excluded, ExclusionReasons.RowEmpty);
            return;
        }
        var before = Findings.Count;
        var sums = School(row);
        var wave = Resolve(_wave, row);
        if (wave is not null && Wave is not null && wave != Wave) Add(row, _wave.Column!.Value, Problems.WaveMixed,
            $"should be of wave {Wave} as the rows before it are: drop one file for each wave", "another wave");
        var stage = Resolve(_stage, row);
        var role = _role.Resolve(row);
        var weight = Weight(row);
        Respondent(row, sums, stage);
        _fieldwork?.Read(row, this);
        // Cells are checked even where the row is wrong already: the sender sees everything at once.
        for (var i = 0; i < _items.Count; i++) _answers[i] = Answer(_items[i], row);
        if (Findings.Count > before)
        {
            _refused++;
            return;
        }

        Wave ??= wave;
        _fieldwork?.Take();
        if (weight == 0)
        {
            _zeroWeights++;
            Count(_excluded, ExclusionReasons.WeightZero);
            return;
        }
        _loaded++;
        _w += weight;
        _q += weight * weight;
        _largest = Math.Max(_largest, weight);
        var cells = sums!.Of(_sums.Cohort(stage!, role!), _codes);
        sums.Respondents++;
        for (var i = 0; i < _answers.Length; i++)
        {
            var item = _items[i];
            if (_answers[i] is not { } answer)
            {
                item.NotAsked++;
                continue;
            }
            answer.Rows++;
            if (answer.Code < 0) continue;
            ref var cell = ref cells[item.First + answer.Code];
            cell = cell.Plus(weight);
        }
    }

    private bool IsErased(PollFileReader row, ErasedRows erased)
    {
        if ((_wave.Column is not { } column ? _wave.Fixed : _wave.Codes!.TryFind(row.Utf8(column), out var found) ? found : null) is not { } wave) return false;
        List<string> emails = [];
        for (var cell = 0; erased.LooksForEmail && cell < _header.Variables.Count; cell++)
            // In any script's form of it: the last byte of the full-width sign is this one, too.
            if (row.Utf8(cell).IndexOfAny((byte)'@', (byte)0xEF) >= 0) emails.Add(row.Text(cell));
        return erased.Take(wave, _respondent is { } key ? row.Text(key) : null, (_school ?? _organisation) is { } school ? School(row.Text(school)) : null, emails);

        string? School(string text) => _school is not null ? InstrumentMap.School(text, "", []) : InstrumentMap.Organisation(text);
    }

    /// <summary>What an answer means; null when the question was not asked, and when a finding says what is wrong.</summary>
    private ItemMeaning? Answer(ItemColumn item, PollFileReader row)
    {
        if (row.IsNotAsked(item.Column)) return null;
        if (item.Meanings.TryFind(row.Utf8(item.Column), out var meaning)) return meaning;
        Add(row, item.Column, Problems.AnswerUnknown,
            item.Expected,
            Found.Answer(row.Text(item.Column)));
        return null;
    }

    /// <summary>Would a header row, read as data, be good in all the instrument needs? Then it is data, and its respondent would be lost.</summary>
    private bool IsRespondent(IReadOnlyList<string> cells)
    {
        if (_weight is { } weight && !(CellText.TryNumber(Utf8(weight), _instrument.Poll!.DecimalComma == true, out var number)
            && number is >= 0 and <= InstrumentMap.LargestWeight)) return false;
        if (_school is { } school && InstrumentMap.School(Text(school), "", []) is null) return false;
        var answered = _items.Where(item => Text(item.Column).Trim() is { Length: > 0 } text && _instrument.Poll!.NotAsked?.Contains(text) != true).ToList();
        return answered.All(item => item.Meanings.TryFind(Utf8(item.Column), out _)) && (answered.Count > 0 || (_weight ?? _school) is not null);

        string Text(int column) => column < cells.Count ? cells[column] : "";

        byte[] Utf8(int column) => Encoding.UTF8.GetBytes(Text(column));
    }

    private void Unreadable(RowProblem problem)
    {
        var column = problem.Name is { } name ? Shown(name, problem.Column - 1)
            : problem.Column > 0 && problem.Column <= _header.Variables.Count ? Name(problem.Column - 1) : null;
        var finding = new FileFinding(problem.Line, column, problem.Code, problem.Message);
        if (IsOfHeader(problem))
        {
            if (problem.Code == PollFileCodes.HeaderDuplicate) _ambiguous = null;
            Whole(finding);
            return;
        }
        Findings.Add(finding);
        // In the long layout a row is a respondent: what is wrong with one of its lines is said of the line, and then of the respondent.
        if (_instrument.Poll!.Long is not null && problem.Code is not (PollFileCodes.RespondentIncomplete or PollFileCodes.RespondentReturns)) return;
        // A row with several cells that cannot be read is told several times, and is one row.
        if (problem.Line > 0 && problem.Line == _unreadable) return;
        _unreadable = problem.Line;
        _rows++;
        _refused++;
    }

    private SchoolSums? School(PollFileReader row)
    {
        if (_school is { } column)
        {
            if (_schools.TryFind(row.Utf8(column), out var found)) return found;
            Add(row, column, Problems.SchoolInvalid, "should be the six digits of a school's unique reference number such as 100001",
                Found.School(row.Text(column)));
            return null;
        }
        if (_organisation is { } named)
        {
            if (_schools.TryFind(row.Utf8(named), out var found)) return found;
            Add(row, named, Problems.OrganisationInvalid, "should be an organisation's id, or a name that the instrument gives an id", Found.Id(row.Text(named)));
            return null;
        }
        var group = Resolve(_group!, row);
        var stratum = _stratum is null ? "" : Resolve(_stratum, row);
        return group is null || stratum is null ? null : _sums.Of($"{group}|{stratum}");
    }

    /// <summary>An organisation's key by what stands in its cell: an id, or what the codes translate to one.</summary>
    private Func<string, string?> Organisations(Term named)
    {
        if (named.Codes is not { } codes || _organisation is not { } column) return InstrumentMap.Organisation;
        var meaning = Meaning(codes, column);
        return text => meaning.Find(text) is { } id ? InstrumentMap.Organisation(id) : null;
    }

    private double Weight(PollFileReader row)
    {
        if (_weight is not { } column) return 1;
        if (!row.IsNotAsked(column) && row.TryNumber(column, out var weight) && weight is >= 0 and <= InstrumentMap.LargestWeight) return weight;
        Add(row, column, Problems.WeightInvalid, $"should be a number from 0 to 1,000,000, with a decimal {(_instrument.Poll!.DecimalComma == true ? "comma" : "point")}", Found.Number(row.Text(column), _instrument.Poll.DecimalComma == true));
        return 0;
    }

    private void Respondent(PollFileReader row, SchoolSums? sums, string? stage)
    {
        if (_respondent is not { } column)
        {
            // An organisation is its own respondent, once at each stage.
            if (_organisation is { } named && sums is not null && stage is not null && !sums.Stages.Add(stage))
                Add(row, named, Problems.RespondentRepeated, "should be an organisation that no row before this one has at this stage", "an organisation of an earlier row");
            return;
        }
        var key = row.Utf8(column).Trim((byte)' ');
        // One address is one person however it is written (docs/pollsters.md). Other keys are as they stand: tools tell record numbers apart by case.
        if (key.Contains((byte)'@')) key = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(key).ToLowerInvariant());
        if (key.IsEmpty) Add(row, column, Problems.FieldMissing, "should say which respondent this is", Found.Empty);
        else if (!_respondents.Add(key)) Add(row, column, Problems.RespondentRepeated, "should be a respondent that no row before this one has",
            "a respondent of an earlier row");
    }

    private string? Resolve(TermColumn term, PollFileReader row)
    {
        if (term.Column is not { } column) return term.Fixed;
        if (term.Codes!.TryFind(row.Utf8(column), out var value)) return value;
        Add(row, column, Problems.AnswerUnknown, term.Expected, Found.Answer(row.Text(column)));
        return null;
    }

    private void Add(PollFileReader row, int column, ProblemKind kind, string message, string found) =>
        Findings.Add(new FileFinding(row.LineOf(column), Name(column), kind.Code, message, found));

    private void CheckWeightMark()
    {
        if (_header.WeightVariable is not { } mark) return;
        if (_instrument.Weight is null)
            Whole(FileFinding.From(Problems.WeightMark,
                "should be the instrument's weight: the file marks this column as its weight, and the instrument has none", mark));
        else if (!mark.Trim().Equals(_instrument.Weight.Field.Trim(), StringComparison.OrdinalIgnoreCase))
            Whole(FileFinding.From(Problems.WeightMark, $"should not be marked as the weight: by the instrument the weight is {_instrument.Weight.Field}",
                mark));
    }

    /// <param name="asItIs">what a cell means where the instrument gives no codes.</param>
    /// <param name="preferLabel">without codes the file's words for a value are the value.</param>
    private TermColumn Term(Term? term, string otherwise, Func<string, string?>? asItIs = null, bool preferLabel = false)
    {
        if (term is null) return new TermColumn(otherwise, null, null);
        if (term.Value is not null) return new TermColumn(term.Value, null, null);
        if (Column(term.Field!) is not { } column) return new TermColumn(null, null, null);
        if (term.Codes is not null) return new TermColumn(null, column, Codes(term.Codes, column))
        {
            Expected = $"should be one of the values the instrument knows for this column: {Listed(term.Codes.Keys)}",
        };
        var labels = new CellMeaning(new Dictionary<string, string>(), _header.Variables[column]);
        asItIs ??= text => text.Trim();
        return new TermColumn(null, column, new Utf8Lookup<string>(text =>
            labels.Label(text) is { } label ? (preferLabel ? asItIs(label) : asItIs(text) ?? asItIs(label)) : asItIs(text)));
    }

    private TermColumn FromName(Term term, string pattern, string fileName)
    {
        var name = pattern.Contains('/', StringComparison.Ordinal) ? fileName : fileName[(fileName.LastIndexOf('/') + 1)..];
        // What the instrument knows, the longest first; without codes as much as can be the wave.
        var waves = term.Codes is null ? ".+" : string.Join('|', term.Codes.Keys.OrderByDescending(key => key.Length).Select(key => Regex.Escape(key.Trim())));
        var match = Regex.Match(
            name, $"^{Regex.Escape(pattern).Replace("\\*", ".*", StringComparison.Ordinal).Replace("\\{}", $"({waves})", StringComparison.Ordinal)}$",
            RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking | RegexOptions.Singleline);
        var stands = match.Groups[1].Value.Trim();
        var wave = !match.Success ? null : term.Codes is { } codes ? InstrumentMap.Lookup(codes).GetValueOrDefault(stands) : AsId(stands.ToLowerInvariant());
        if (wave is null) Whole(FileFinding.From(Problems.FileNameUnclear, $"should be named as {pattern}, with a wave the instrument knows in place of {{}}"));
        return new TermColumn(wave, null, null);
    }

    private int? Column(string name)
    {
        _shown.Add(name.Trim());
        var columns = _header.Columns(name);
        if (columns is [var column]) return column;
        HasColumns = false;
        if (columns.Count == 0) Whole(FileFinding.From(Problems.ColumnMissing, "should be a column of the file: the instrument needs it", name));
        else (_ambiguous, IsUnusable) = (name, true);
        return null;
    }

    private static bool IsOfHeader(RowProblem problem) => problem.Code is PollFileCodes.HeaderDuplicate or PollFileCodes.HeaderUnnamed;

    private string Name(int column) => Shown(_header.Variables[column].Name, column);

    /// <summary>
    /// Only names the instrument knows are reported: of a file without a header row the others are a respondent's cells. Nothing of a column
    /// that is to be dropped is reported, its name neither.
    /// </summary>
    private string Shown(string name, int column)
    {
        name = name.Trim();
        return _shown.Contains(name) && (!_dropped.Contains(name) || name.Equals(_instrument.Respondent?.Field.Trim(), StringComparison.OrdinalIgnoreCase))
            ? name : string.Create(CultureInfo.InvariantCulture, $"column {column + 1}");
    }

    private Utf8Lookup<string> Codes(IReadOnlyDictionary<string, string> codes, int column)
    {
        var meaning = Meaning(codes, column);
        return new Utf8Lookup<string>(meaning.Find);
    }

    private CellMeaning Meaning(IReadOnlyDictionary<string, string> codes, int column)
    {
        var meaning = new CellMeaning(codes, _header.Variables[column]);
        foreach (var code in meaning.Contradictions())
            Whole(FileFinding.From(Problems.LabelContradicts,
                $"should mean the same by its number and by its words: the file labels code {code} as another answer than the instrument does", Name(column)));
        return meaning;
    }

    private AnswersOfItem Answers(Item item, int column)
    {
        // Codes and reasons in one table, so that an answer coded by its number and out of the base by its words is a contradiction too.
        const string outOfBase = "\0";
        var all = item.Codes.Select(code => KeyValuePair.Create(code.Key, code.Value))
            .Concat((item.OutOfBase ?? new Dictionary<string, string>()).Select(answer => KeyValuePair.Create(answer.Key, outOfBase + answer.Value)))
            .ToDictionary(StringComparer.Ordinal);
        var meaning = Meaning(all, column);
        var known = item.Codes.Values.Distinct(StringComparer.Ordinal).ToList();
        var meanings = all.Values.Distinct(StringComparer.Ordinal)
            .ToDictionary(value => value, value => value.StartsWith(outOfBase, StringComparison.Ordinal)
                ? new ItemMeaning(-1, value[1..]) : new ItemMeaning(known.IndexOf(value), null), StringComparer.Ordinal);
        var read = new Utf8Lookup<ItemMeaning>(text => meaning.Find(text) is { } found ? meanings[found] : null);
        return new AnswersOfItem(read, known, [.. meanings.Values]);
    }

    /// <summary>As the instrument writes them; a cell may be written with other capitals, or with the file's own words for a code.</summary>
    private static string Listed(IEnumerable<string> answers)
    {
        const int most = 20;
        var all = answers.ToList();
        return string.Join(", ", all.Take(most)) + (all.Count > most ? string.Create(CultureInfo.InvariantCulture, $" and {all.Count - most} more") : "");
    }

    private static string? AsId(string text) => PutInstrument.IsId(text.Trim()) ? text.Trim() : null;

    private static void Count(SortedDictionary<string, int> counts, string reason, int more = 1) => counts[reason] = counts.TryGetValue(reason, out var count) ? count + more : more;

    /// <param name="first">where the sums of its codes begin.</param>
    private sealed class ItemColumn(Item item, int column, int first, AnswersOfItem answers)
    {
        public Item Item => item;

        public int Column => column;

        public int First => first;

        /// <summary>What an answer nobody knows should have been.</summary>
        public string Expected { get; } = $"should be one of the answers the instrument knows for {item.Indicator}: "
            + Listed(item.Codes.Keys.Concat(item.OutOfBase?.Keys ?? Enumerable.Empty<string>()));

        public Utf8Lookup<ItemMeaning> Meanings => answers.Meanings;

        public IReadOnlyList<string> Known => answers.Known;

        public int NotAsked { get; set; }

        public int Coded => answers.All.Where(answer => answer.Code >= 0).Sum(answer => answer.Rows);

        public SortedDictionary<string, int> Excluded
        {
            get
            {
                var excluded = new SortedDictionary<string, int>(StringComparer.Ordinal);
                if (NotAsked > 0) Count(excluded, ExclusionReasons.NotAsked, NotAsked);
                foreach (var answer in answers.All)
                    if (answer is { Reason: { } reason, Rows: > 0 }) Count(excluded, reason, answer.Rows);
                return excluded;
            }
        }
    }

    private sealed record AnswersOfItem(Utf8Lookup<ItemMeaning> Meanings, IReadOnlyList<string> Known, IReadOnlyList<ItemMeaning> All);

    /// <param name="code">position among the item's codes; -1 out of the base.</param>
    private sealed class ItemMeaning(int code, string? reason)
    {
        public int Code => code;

        public string? Reason => reason;

        /// <summary>Rows that were loaded with it.</summary>
        public int Rows { get; set; }
    }

    private sealed record TermColumn(string? Fixed, int? Column, Utf8Lookup<string>? Codes)
    {
        public string Expected { get; init; } = "should be one of the values the instrument knows for this column";
    }

    private sealed record Exclusion(int Column, Utf8Lookup<string> Reasons);

    /// <summary>Who somebody is: fixed, in one cell, several in one cell, or ticked over several columns; kept as ticked, in one order.</summary>
    private sealed class RoleColumns
    {
        private readonly PollReading _reading;
        private readonly TermColumn? _one;
        private readonly string? _otherwise;
        private readonly List<(int Column, string Role, Utf8Lookup<string> Ticks)> _ticked = [];
        private readonly Dictionary<int, string> _combinations = [];

        public RoleColumns(PollReading reading, Term? term)
        {
            (_reading, _otherwise) = (reading, term?.Otherwise);
            if (term?.Ticked is { } ticked)
            {
                foreach (var (name, role) in ticked)
                    if (reading.Column(name) is { } column) _ticked.Add((column, role, Ticks(term, column)));
                return;
            }
            _one = reading.Term(term, "other");
            if (term is not { Separator: { } separator, Codes: { } codes } || _one.Column is not { } cell) return;
            var meaning = reading.Meaning(codes, cell);
            _one = _one with
            {
                Codes = new Utf8Lookup<string>(text =>
                {
                    var roles = text.Split(separator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(meaning.Find).ToList();
                    return roles.Count == 0 || roles.Contains(null) ? null : Together(roles!);
                }),
            };
        }

        public string? Resolve(PollFileReader row)
        {
            if (_one is not null)
                return _otherwise is not null && _one.Column is { } cell && row.IsNotAsked(cell) ? _otherwise : _reading.Resolve(_one, row);
            var (combination, wrong) = (0, false);
            for (var i = 0; i < _ticked.Count; i++)
            {
                var (column, _, ticks) = _ticked[i];
                if (row.IsNotAsked(column)) continue;
                if (!ticks.TryFind(row.Utf8(column), out var tick))
                {
                    wrong = true;
                    _reading.Add(row, column, Problems.AnswerUnknown, "should be ticked or not: 1 or 0, Yes or No, or as the instrument says",
                        Found.Answer(row.Text(column)));
                }
                else if (tick.Length > 0) combination |= 1 << i;
            }
            if (wrong || _ticked.Count == 0) return null;
            if (combination == 0)
            {
                if (_otherwise is null) _reading.Add(row, _ticked[0].Column, Problems.AnswerUnknown, "should be ticked in one of the columns of the role",
                    "no tick");
                return _otherwise;
            }
            if (!_combinations.TryGetValue(combination, out var role))
                _combinations.Add(combination, role = Together([.. _ticked.Where((_, i) => (combination >> i & 1) == 1).Select(tick => tick.Role)]));
            return role;
        }

        /// <summary>A tick means "x", its absence an empty text; null is neither.</summary>
        private Utf8Lookup<string> Ticks(Term term, int column)
        {
            var mark = _reading._header.MultipleResponseSets.FirstOrDefault(set => set.Columns.Contains(column))?.CountedValue;
            var ticks = (term.Ticks ?? [.. UsualTicks, .. mark is null ? [] : new[] { mark }]).Select(tick =>
                tick.Trim()).ToHashSet(StringComparer.OrdinalIgnoreCase);
            var labels = new CellMeaning(ticks.ToDictionary(tick => tick, _ => "x", StringComparer.OrdinalIgnoreCase), _reading._header.Variables[column]);
            var isOpen = term.Ticks is null && mark is null;
            return new Utf8Lookup<string>(text =>
                labels.Find(text) is { } tick ? tick
                : !isOpen || UsualBlanks.Contains(text.Trim(), StringComparer.OrdinalIgnoreCase)
                    || (labels.Label(text) is { } label && UsualBlanks.Contains(label, StringComparer.OrdinalIgnoreCase)) || text.Trim() is "0.0" or "0.00" ? ""
                : null);
        }

        /// <summary>Whoever leads or co-ordinates also teaches: only what is led and co-ordinated is kept of several.</summary>
        private static string Together(IReadOnlyList<string> roles)
        {
            var all = roles.SelectMany(role => role.Split('+')).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
            var leading = all.Where(role => role is "leader" or "senco").ToList();
            return leading.Count > 0 ? string.Join('+', leading) : all.Contains("teacher") ? "teacher" : all[0];
        }
    }

    /// <summary>First and last day anybody in the file was asked.</summary>
    private sealed class FieldworkReading(List<int> columns)
    {
        private (DateOnly First, DateOnly Last)? _row;

        public FieldworkDates? Dates { get; private set; }

        public void Read(PollFileReader row, PollReading reading)
        {
            _row = null;
            foreach (var column in columns)
            {
                if (row.IsNotAsked(column)) continue;
                if (!row.TryDate(column, out var date))
                {
                    reading.Add(row, column, Problems.CellInvalid, "should be a date such as 2026-11-02 or 02/11/2026", Found.Date(row.Text(column)));
                    continue;
                }
                var day = DateOnly.FromDateTime(date);
                _row = _row is var (first, last) ? (Least(first, day), Most(last, day)) : (day, day);
            }
        }

        /// <summary>The row counts, and its dates with it.</summary>
        public void Take()
        {
            if (_row is var (first, last)) Dates = Dates is null ? new FieldworkDates(first, last)
                : new FieldworkDates(Least(Dates.From, first), Most(Dates.To, last));
        }

        private static DateOnly Least(DateOnly a, DateOnly b) => a < b ? a : b;

        private static DateOnly Most(DateOnly a, DateOnly b) => a > b ? a : b;
    }
}
