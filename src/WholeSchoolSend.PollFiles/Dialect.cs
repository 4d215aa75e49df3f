using System.Text;
using CsvHelper;

namespace WholeSchoolSend.PollFiles;

/// <summary>How a delimited text is written: its delimiter, whether a <c>sep=</c> line comes first, and how many rows are header.</summary>
internal sealed record Dialect(char Delimiter, bool HasSeparatorLine, int HeaderRows, IReadOnlyList<FileNote> Notes)
{
    private const int SampledRecords = 50;
    private const int SampledBytes = 1 << 16;
    private static readonly char[] Candidates = [',', ';', '\t', '|'];

    public static (Dialect? Dialect, FileProblem? Problem) Find(ArraySegment<byte> head, bool whole, PollFileOptions options)
    {
        if (head.AsSpan().StartsWith<byte>([0xEF, 0xBB, 0xBF])) head = head[3..];
        List<FileNote> notes = [];
        var separator = SeparatorLine(head);
        if (separator is not null) head = head[(head.AsSpan().IndexOfAny((byte)'\r', (byte)'\n') + 1)..];

        var delimiter = options.Delimiter ?? separator;
        if (delimiter is null)
        {
            // The delimiter under which most records have as many cells as the first; then the one that makes more cells.
            var sampled = head[..Math.Min(head.Count, SampledBytes)];
            var complete = whole && sampled.Count == head.Count;
            var fits = Candidates.Select(candidate => (Delimiter: candidate, Fit: Fit(Sample(sampled, candidate, SampledRecords, complete))))
                .Where(candidate => candidate.Fit.Columns > 1).OrderByDescending(candidate => candidate.Fit).ToArray();
            if (fits.Length == 0 || fits.Length > 1 && fits[0].Fit == fits[1].Fit)
                return (null, new FileProblem(PollFileCodes.DelimiterUnclear, fits.Length == 0
                    ? "The first line has one column only. It should be the header, with the names separated by commas, semicolons, tabs or bars."
                    : "Two characters could be the delimiter. Say in the instrument which it is, or begin the file with a line such as sep=;", 1));
            delimiter = fits[0].Delimiter;
        }
        notes.Add(new("delimiter", Word(delimiter.Value) + (options.Delimiter is not null ? " (agreed)" : separator is not null ? " (sep= line)" : " (it fits)")));

        var headerRows = options.HeaderRows ?? (IsQualtrics(Sample(head, delimiter.Value, 3, whole: true)) ? 3 : 1);
        if (options.HeaderRows is null && headerRows == 3) notes.Add(new("header-rows", "3 (the third is that of Qualtrics)"));
        return (new Dialect(delimiter.Value, separator is not null, headerRows, notes), null);
    }

    private static char? SeparatorLine(ReadOnlySpan<byte> head) =>
        head.Length >= 5 && Ascii.EqualsIgnoreCase(head[..4], "sep="u8) && Candidates.Contains((char)head[4])
        && (head.Length == 5 || head[5] is (byte)'\r' or (byte)'\n') ? (char)head[4] : null;

    private static (double Share, int Columns) Fit(List<(int Cells, bool Malformed, string First)> sample) =>
        sample is [(var columns, _, _), ..] ? (sample.Count(record => record.Cells == columns && !record.Malformed) / (double)sample.Count, columns) : default;

    private static bool IsQualtrics(List<(int Cells, bool Malformed, string First)> sample) =>
        sample is [_, _, var third, ..] && third.First.StartsWith(HeaderCells.QualtricsMark, StringComparison.Ordinal);

    private static List<(int Cells, bool Malformed, string First)> Sample(ArraySegment<byte> text, char delimiter, int records, bool whole)
    {
        var malformed = false;
        List<(int, bool, string)> sample = [];
        using var csv = CsvReader.Create(new MemoryStream(text.Array!, text.Offset, text.Count), new CsvReaderOptions
        {
            Separator = delimiter,
            HasHeader = false,
            DetectSeparatorHint = false,
            OnMalformedRecord = _ => malformed = true,
        });
        while (sample.Count < records && csv.Read())
        {
            sample.Add((csv.FieldCount, malformed, csv.GetString(0)));
            malformed = false;
        }
        if (!whole && sample.Count > 1 && sample.Count < records) sample.RemoveAt(sample.Count - 1);   // cut by the end of the sample
        return sample;
    }

    private static string Word(char delimiter) => delimiter switch
    {
        ',' => "comma",
        ';' => "semicolon",
        '\t' => "tab",
        '|' => "bar",
        _ => "as agreed",
    };
}
