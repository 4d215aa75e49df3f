using System.Globalization;
using System.Text;

namespace WholeSchoolSend.Core.Tests.Statistics.Reference;

/// <summary>A reference data file: rows of text by column name.</summary>
internal sealed class CsvTable
{
    private readonly Dictionary<string, int> _columns;

    private CsvTable(Dictionary<string, int> columns, IReadOnlyList<string[]> rows) => (_columns, Rows) = (columns, rows);

    public IReadOnlyList<string[]> Rows { get; }

    public static CsvTable Read(string path)
    {
        var lines = File.ReadAllLines(path).Where(line => line.Length > 0).Select(Split).ToList();
        var columns = lines[0].Select((name, i) => (name, i)).ToDictionary(c => c.name, c => c.i, StringComparer.Ordinal);
        return new CsvTable(columns, lines.GetRange(1, lines.Count - 1));
    }

    public CsvTable With(IEnumerable<string[]> rows) => new(_columns, [.. rows]);

    public Func<string[], string> Column(string name)
    {
        var i = _columns[name];
        return row => row[i];
    }

    public Func<string[], double?> Number(string name)
    {
        var text = Column(name);
        return row => double.TryParse(text(row), NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : null;
    }

    private static string[] Split(string line)
    {
        var (cells, cell, quoted) = (new List<string>(), new StringBuilder(), false);
        foreach (var c in line)
        {
            if (c == '"') quoted = !quoted;
            else if (c == ',' && !quoted)
            {
                cells.Add(cell.ToString());
                cell.Clear();
            }
            else cell.Append(c);
        }

        return [.. cells, cell.ToString()];
    }
}
