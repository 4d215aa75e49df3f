using System.Text;

namespace WholeSchoolSend.PollFiles;

/// <summary>The first rows of a sheet that hold anything, to tell answers of respondents from printed tables, covers and notes.</summary>
internal sealed record SheetSample(IReadOnlyList<string[]> Rows, IReadOnlyList<int> Lines, bool NamesAreText)
{
    private const int Sampled = 60;
    private const int MaxText = 200;
    private static readonly string[] Bases =
    [
        "unweighted base", "weighted base", "unweighted sample", "weighted sample", "unweighted total", "weighted total", "unweighted row", "weighted row",
        "unweighted n", "weighted n", "base:", "base :", "base (", "effective base", "effective sample", "total respondents", "all respondents",
    ];

    public static SheetSample Take(XlsxSheet sheet)
    {
        List<string[]> rows = [];
        List<int> lines = [];
        var text = true;
        while (rows.Count < Sampled && sheet.Next())
        {
            var row = new string[sheet.Width];
            for (var column = 0; column < row.Length; column++)
            {
                var cell = sheet.Utf8(column);
                // Only the header is needed whole; of the rest, what it begins with.
                row[column] = Encoding.UTF8.GetString(rows.Count < 3 ? cell : cell[..Math.Min(cell.Length, MaxText)]);
                if (rows.Count == 0 && sheet.Kind(column) is not (XlsxKind.Text or XlsxKind.Empty)) text = false;
            }
            rows.Add(row);
            lines.Add(sheet.Row);
        }
        return new SheetSample(rows, lines, text);
    }

    public bool IsEmpty => Rows.Count == 0;

    public bool IsQualtrics => Rows.Count > 2 && Rows[2][0].StartsWith(HeaderCells.QualtricsMark, StringComparison.Ordinal);

    /// <summary>A title above the table: one cell, and wider rows under it.</summary>
    public bool HasTitle => Rows.Count > 1 && Rows[0].Count(Filled) == 1 && Rows.Skip(1).Max(row => row.Length) > Rows[0].Length;

    /// <summary>A first row of two names or more and no numbers, and under it rows that are no wider.</summary>
    public bool LooksLikeRows =>
        Rows.Count > 1 && NamesAreText && Rows[0].Count(Filled) > 1 && Rows.All(row => row.Length <= Rows[0].Length) && !LooksLikeTables;

    /// <summary>
    /// A row that gives the base of each column of figures, or one of percent signs, under a heading that does not name the first column.
    /// </summary>
    public bool LooksLikeTables =>
        Rows.Count > 1 && (Rows[0].Count(Filled) == 1 || !Filled(Rows[0][0]) || Rows.Any(row => row.Length > Rows[0].Length))
            && Rows.Any(row => IsBase(row) || IsPercent(row));

    private static bool IsBase(string[] row)
    {
        var first = row.First(Filled).Trim();
        return Bases.Any(words => first.StartsWith(words, StringComparison.OrdinalIgnoreCase));
    }

    private static bool IsPercent(string[] row) => row.Count(Filled) > 1 && row.Skip(1).Where(Filled).All(cell => cell.Trim() == "%");

    private static bool Filled(string cell) => !string.IsNullOrWhiteSpace(cell);
}
