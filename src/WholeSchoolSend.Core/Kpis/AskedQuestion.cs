using System.Buffers;
using System.Runtime.InteropServices;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Statistics;

namespace WholeSchoolSend.Core.Kpis;

/// <summary>What an answer is worth in a reading.</summary>
/// <param name="Score">its value; of a share 1 for a success and 0 for any other answer.</param>
internal readonly record struct Worth(double Score, bool IsSuccess = false)
{
    public static Worth Success { get; } = new(1, IsSuccess: true);

    public static Worth Other { get; }
}

/// <summary>
/// The answers of a sample to one question at one stage, in school order. Roles, codes and wordings are numbered, so that a reading compares
/// texts once for each of them, not once for each school.
/// </summary>
/// <param name="schools">how many schools may have answered it.</param>
internal sealed class AskedQuestion(string stage, string indicator, int schools)
{
    private readonly Numbered _roles = new();
    private readonly Numbered _codes = new();
    private readonly Numbered _wordings = new();
    private readonly List<int> _respondents = [];
    private readonly List<Cell> _engaged = [];
    private readonly List<Cell> _wider = new(schools);
    private bool[] _counts = [];

    public string Stage => stage;

    public string Indicator => indicator;

    /// <summary>Of its wordings those that count.</summary>
    public WordingChoice Choice { get; private set; } = WordingChoice.None;

    /// <summary>The question whose answers came next at the last school: most likely they do at this one too.</summary>
    public AskedQuestion? Next { get; set; }

    public bool IsOf(CellTotal cell) => cell.Indicator == indicator && cell.Stage == stage;

    /// <summary>Adds a cell of a school that stands after those of all cells before, or is the last of them.</summary>
    public void Add(int school, bool engaged, CellTotal cell)
    {
        var wording = _wordings.NumberOf(cell.Wording ?? StatedWordings.First);
        if (wording == _respondents.Count) _respondents.Add(0);
        _respondents[wording] += cell.N;
        var (role, code) = ((ushort)_roles.NumberOf(cell.Role), (ushort)_codes.NumberOf(cell.Code));
        (engaged ? _engaged : _wider).Add(new Cell(school, role, code, wording, cell.N, cell.W, cell.Q));
    }

    /// <summary>When all cells are there: which wordings count follows from how many answered each.</summary>
    public void Choose(WordingSeries series)
    {
        Choice = WordingChoice.Of(series, stage, indicator, [.. _wordings.Texts.Zip(_respondents)]);
        _counts = [.. _wordings.Texts.Select(wording => Choice.Others.Count == 0 || series.RootOf(stage, indicator, wording) == Choice.Root)];
    }

    /// <summary>The sums of those of some roles whose answers are worth something, by school.</summary>
    /// <param name="worth">of an answer code; null: it is not in the base.</param>
    /// <param name="apart">answers to the wordings that do not count, in place of those to the ones that do.</param>
    public DomainTotals Domain(SampleDesign design, Arms arms, Func<string, bool> role, Func<string, Worth?> worth, bool apart = false)
    {
        var roles = _roles.Texts.Select(role).ToArray();
        var worths = _codes.Texts.Select(worth).ToArray();
        var wordings = _counts.Select(counts => counts != apart).ToArray();
        var rows = ArrayPool<SchoolSums>.Shared.Rent(design.SchoolCount);
        var count = 0;
        if (arms != Arms.Wider) Add(_engaged);
        if (arms != Arms.Engaged) Add(_wider);
        // A school is in one arm only.
        if (arms == Arms.Both) rows.AsSpan(0, count).Sort((left, right) => left.School.CompareTo(right.School));
        return DomainTotals.OfRented(design, rows, count);

        void Add(List<Cell> cells)
        {
            var row = SchoolSums.None(-1);
            foreach (ref readonly var cell in CollectionsMarshal.AsSpan(cells))
            {
                if (!roles[cell.Role] || !wordings[cell.Wording] || worths[cell.Code] is not { } its) continue;
                if (cell.School != row.School)
                {
                    if (row.Responses > 0) rows[count++] = row;
                    row = SchoolSums.None(cell.School);
                }
                row = new SchoolSums(
                    row.School, row.Responses + cell.N, its.IsSuccess ? row.Successes + cell.N : row.Successes, row.SumOfWeights + cell.W,
                    row.WeightedSum + (cell.W * its.Score), row.SumOfSquaredWeights + cell.Q, row.WeightedSumOfSquares + (cell.W * its.Score * its.Score));
            }
            if (row.Responses > 0) rows[count++] = row;
        }
    }

    private readonly record struct Cell(int School, ushort Role, ushort Code, int Wording, int N, double W, double Q);

    /// <summary>Texts by number, in the order they came.</summary>
    private sealed class Numbered
    {
        // So few are found faster one by one than by their hash.
        private const int Few = 8;

        private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);
        private readonly List<string> _texts = [];

        public IReadOnlyList<string> Texts => _texts;

        public int NumberOf(string text)
        {
            var texts = CollectionsMarshal.AsSpan(_texts);
            for (var number = 0; number < texts.Length && number < Few; number++)
                if (texts[number] == text) return number;
            if (!_numbers.TryGetValue(text, out var known))
            {
                _numbers.Add(text, known = texts.Length);
                _texts.Add(text);
            }
            return known;
        }
    }
}
