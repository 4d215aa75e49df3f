using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace WholeSchoolSend.PollFiles.Tests;

/// <summary>
/// Every SPSS file at hand, cell for cell and label for label, as ReadStat 1.1.8 and PSPP 1.6.2 read it. Where the programs are not installed
/// (apt-get install readstat pspp) the outputs kept beside the files are compared with.
/// </summary>
public sealed partial class OracleTests
{
    /// <summary>Where an oracle is not followed, by file, and why.</summary>
    private static readonly Dictionary<(string File, string Oracle), string> Disagreements = new()
    {
        [("tegulu.sav", "readstat")] = "the text is cut inside a character, which ReadStat leaves out and we show as lost",
        [("tegulu.sav", "pspp")] = "the text is cut inside a character, which PSPP shows as a question mark for each byte",
        [("hebrews.sav", "pspp")] = "PSPP renames a variable whose name is no legal identifier",
        [("datetime.sav", "pspp")] = "one date is in the year 201416, which no calendar of ours has: it is given as the number it is",
    };

    public static TheoryData<string> Files
    {
        get
        {
            IEnumerable<string> real = RealFilesTests.FindCorpus() is { } corpus
                ? Directory.GetFiles(corpus, "*.*sav", SearchOption.AllDirectories)
                    .Select(file => Path.GetRelativePath(corpus, file)).Order(StringComparer.Ordinal) : [];
            var ours = Directory.GetFiles(Reading.File("lookalike"), "*.*sav").Concat(Directory.GetFiles(Reading.File("sav"), "*.*sav"));
            return [.. real, .. ours.Select(file => Path.GetRelativePath(Reading.File(), file)).Order(StringComparer.Ordinal)];
        }
    }

    [Theory, MemberData(nameof(Files))]
    public async Task Every_cell_is_what_readstat_reads(string file)
    {
        var (ours, oracle) = await BothAsync(file, "readstat");
        Assert.Equal(oracle[0], ours.Header.Variables.Select(variable => variable.Name));
        Compare(file, "readstat", ours, oracle, (row, column, said) => ours.Header.Variables[column].Kind == VariableKind.Text
            ? ours.Rows[row][column] == said
            : ours.Numbers[row][column] is { } number ? said.Length > 0
                && number.ToString("F" + (said.Length - said.IndexOf('.', StringComparison.Ordinal) - 1), CultureInfo.InvariantCulture) == said
            : said.Length == 0);
    }

    [Theory, MemberData(nameof(Files))]
    public async Task Every_cell_is_what_pspp_reads(string file)
    {
        var (ours, oracle) = await BothAsync(file, "pspp");
        if (!Disagreements.ContainsKey((Path.GetFileName(file), "pspp"))) Assert.Equal(oracle[0], ours.Header.Variables.Select(variable => variable.Name));
        Compare(file, "pspp", ours, oracle, (row, column, said) =>
        {
            if (ours.Header.Variables[column].Kind == VariableKind.Text) return ours.Rows[row][column] == said.TrimEnd();
            if (ours.Numbers[row][column] is not { } number) return said.Trim().Length == 0;
            if (said.Contains('/', StringComparison.Ordinal))
                return ours.Dates[row][column] is { } date
                    && DateTime.TryParseExact(said, ["MM/dd/yyyy", "MM/dd/yyyy HH:mm:ss"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
                    && Math.Abs((date - day).TotalSeconds) < 1;
            if (said.Split(':') is [var hours, var minutes, var seconds])
                return Math.Abs(number - (int.Parse(hours, CultureInfo.InvariantCulture) * 3600 + int.Parse(minutes, CultureInfo.InvariantCulture) * 60
                    + double.Parse(seconds, CultureInfo.InvariantCulture))) < 1;
            return Math.Abs(double.Parse(said, CultureInfo.InvariantCulture) - number) <= 1e-13 * Math.Abs(number);
        });
    }

    [Theory, MemberData(nameof(Files))]
    public async Task The_dictionary_is_what_pspp_reads(string file)
    {
        Assert.SkipUnless(IsInstalled("pspp"), "pspp is not installed (apt-get install pspp).");
        var ours = (await ReadAsync(file)).Header;
        var said = await SaidOfDictionaryAsync(file);
        var renamed = file.EndsWith("hebrews.sav", StringComparison.Ordinal);
        Assert.Equal(said.Variables.Select(row =>
            (renamed ? ours.Variables[0].Name : row["Name"], row.GetValueOrDefault("Label", ""),
                Filling().Replace(row.GetValueOrDefault("Missing Values", ""), "\""))),
            ours.Variables.Select(variable => (variable.Name, variable.Label, Shown(variable.Missing, variable.Kind))));
        // Where the file does not say how a variable is measured, PSPP guesses from its values.
        Assert.All(said.Variables.Zip(ours.Variables).Where(pair => pair.Second.Measure != VariableMeasure.Unknown),
            pair => Assert.Equal(pair.First["Measurement Level"], pair.Second.Measure.ToString()));
        Assert.Equal(said.Weight, ours.WeightVariable);
        Assert.Equal(said.Labels, ours.Variables.Where(variable => variable.ValueLabels.Count > 0)
            .SelectMany(variable => variable.ValueLabels.OrderBy(label => variable.Kind == VariableKind.Text ? 0
                : double.Parse(label.Code, CultureInfo.InvariantCulture))
                .ThenBy(label => label.Code, StringComparer.Ordinal).Select(label => (label.Code, label.Label))));
        Assert.Equal(said.Sets, ours.MultipleResponseSets.OrderBy(set => set.Name, StringComparer.Ordinal)
            .Select(set => (set.Name, set.Label, set.CountedValue ?? "", string.Join('\n', set.Columns.Select(column => ours.Variables[column].Name)))));
    }

    [Fact]
    public void Every_disagreement_is_of_a_file_that_is_compared()
    {
        Assert.SkipUnless(RealFilesTests.FindCorpus() is not null, "Others' poll files are not beside this checkout (../shared/corpus/polls/real).");
        var files = Files.Select(row => Path.GetFileName(row.Data)).ToHashSet(StringComparer.Ordinal);
        Assert.All(Disagreements.Keys, key => Assert.Contains(key.File, files));
    }

    // Only the cells a disagreement is about may differ, and at least one of them has to.
    private static void Compare(string file, string oracle, Table ours, List<string[]> said, Func<int, int, string, bool> same)
    {
        Assert.Equal(said.Count - 1, ours.Rows.Count);
        List<string> differ = [];
        for (var row = 0; row < ours.Rows.Count; row++)
        {
            Assert.Equal(said[row + 1].Length, ours.Rows[row].Length);
            for (var column = 0; column < ours.Rows[row].Length; column++)
                if (!same(row, column, said[row
                    + 1][column])) differ.Add($"row {row + 1}, {ours.Header.Variables[column].Name}: '{ours.Rows[row][column]}', {oracle} says '{said[row + 1][column]}'");
        }
        if (!Disagreements.ContainsKey((Path.GetFileName(file), oracle))) Assert.Empty(differ);
        else Assert.InRange(differ.Count, file.Contains("hebrews", StringComparison.Ordinal) ? 0 : 1, file.Contains("hebrews", StringComparison.Ordinal) ? 0
            : 2);
    }

    private sealed record Table(PollFileHeader Header, List<string[]> Rows, List<double?[]> Numbers, List<DateTime?[]> Dates);

    private static async Task<(Table Ours, List<string[]> Oracle)> BothAsync(string file, string oracle)
    {
        var kept = Path.Combine(RealFilesTests.FindCorpus() ?? "/", "..", "expected", $"{file}.{oracle}.csv");
        var program = oracle == "pspp" ? "pspp-convert" : oracle;
        Assert.SkipUnless(IsInstalled(program) || System.IO.File.Exists(kept),
            $"{program} is not installed (apt-get install readstat pspp), and no output of it is kept for this file.");
        if (!IsInstalled(program)) return (await ReadAsync(file), Csv(await System.IO.File.ReadAllTextAsync(kept)));
        using var folder = new TemporaryFolder();
        var output = Path.Combine(folder.Path, "said.csv");
        await RunAsync(program, Find(file), output);
        return (await ReadAsync(file), Csv(await System.IO.File.ReadAllTextAsync(output)));
    }

    private static async Task<(List<Dictionary<string, string>> Variables, string? Weight, List<(string, string)> Labels,
        List<(string, string, string, string)> Sets)> SaidOfDictionaryAsync(string file)
    {
        using var folder = new TemporaryFolder();
        var (syntax, output) = (Path.Combine(folder.Path, "ask.sps"), Path.Combine(folder.Path, "said.csv"));
        await System.IO.File.WriteAllTextAsync(syntax, $"GET FILE='{Find(file)}'.\nSHOW WEIGHT.\nDISPLAY DICTIONARY.\nMRSETS /DISPLAY NAME=ALL.\n");
        await RunAsync("pspp", "-o", output, "-O", "format=csv", syntax);
        var rows = Csv(await System.IO.File.ReadAllTextAsync(output));
        List<Dictionary<string, string>> variables = [];
        string[] names = [];
        List<(string, string)> labels = [];
        List<(string, string, string, string)> sets = [];
        string? weight = null;
        var table = "";
        foreach (var row in rows)
        {
            if (row[0].StartsWith("Table: ", StringComparison.Ordinal)) table = row[0][7..];
            else if (WeightNote().Match(row[0]) is { Success: true } note) weight = note.Groups[1].Value is "OFF" ? null : note.Groups[1].Value;
            else if (row[0] == "Name") names = row;
            else if (row.Length < 3 || row[0] is "Variable Value" || row[0].StartsWith("Footnote", StringComparison.Ordinal)) continue;
            else if (table == "Variables") variables.Add(names.Zip(row).ToDictionary(pair => pair.First, pair => pair.Second));
            else if (table == "Value Labels") labels.Add((Plain(row[1].Split('[')[0]), row[2]));
            else if (table == "Multiple Response Sets") sets.Add((row[0], row[1], row[3], row[4]));
        }
        return (variables, weight, labels, sets);

        static string Plain(string value) => double.TryParse(value, CultureInfo.InvariantCulture, out var number)
            ? number.ToString(CultureInfo.InvariantCulture) : value;
    }

    [GeneratedRegex(@"SHOW: WEIGHT is (.+)\.$")]
    private static partial Regex WeightNote();

    [GeneratedRegex(@" +""(?=;|$)")]
    private static partial Regex Filling();

    private static string Shown(MissingValues missing, VariableKind kind)
    {
        List<string> shown = [];
        if (missing.From is { } from && missing.To is { } to)
            shown.Add($"{(double.IsInfinity(from) ? "LOWEST" : from.ToString(CultureInfo.InvariantCulture))} THRU {(double.IsInfinity(to) ? "HIGHEST" : to.ToString(CultureInfo.InvariantCulture))}");
        shown.AddRange(missing.Codes.Select(code => kind == VariableKind.Text ? $"\"{code}\"" : code));
        return string.Join("; ", shown);
    }

    private static async Task<Table> ReadAsync(string file)
    {
        var opened = await PollFile.OpenAsync(_ => Task.FromResult<Stream>(System.IO.File.OpenRead(Find(file))), new(), TestContext.Current.CancellationToken);
        Assert.Null(opened.Problem);
        await using var reader = opened.Reader!;
        Table table = new(reader.Header, [], [], []);
        PollRead read;
        while ((read = await reader.ReadAsync(TestContext.Current.CancellationToken)) == PollRead.Row)
        {
            var columns = Enumerable.Range(0, reader.Header.Variables.Count);
            table.Rows.Add([.. columns.Select(reader.Text)]);
            table.Numbers.Add([.. columns.Select(column => reader.TryNumber(column, out var number) ? number : (double?)null)]);
            table.Dates.Add([.. columns.Select(column => reader.TryDate(column, out var date) ? date : (DateTime?)null)]);
        }
        Assert.Equal(PollRead.End, read);
        return table;
    }

    private static string Find(string file) => System.IO.File.Exists(Reading.File(file)) ? Reading.File(file)
        : Path.Combine(RealFilesTests.FindCorpus()!, file);

    private static bool IsInstalled(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => System.IO.File.Exists(Path.Combine(folder, program)));

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var said = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{program}: {string.Concat(said)}");
    }

    private static List<string[]> Csv(string text)
    {
        List<string[]> rows = [];
        List<string> row = [];
        for (var at = 0; at < text.Length;)
        {
            if (text[at] == '"')
            {
                var end = at + 1;
                while (text[end] != '"' || (end + 1 < text.Length && text[end + 1] == '"')) end += text[end] == '"' ? 2 : 1;
                row.Add(text[(at + 1)..end].Replace("\"\"", "\"", StringComparison.Ordinal));
                at = end + 1;
            }
            else
            {
                var end = text.AsSpan(at).IndexOfAny(',', '\n') is >= 0 and var length ? at + length : text.Length;
                row.Add(text[at..end].TrimEnd('\r'));
                at = end;
            }
            if (at < text.Length && text[at] == ',')
            {
                if (++at == text.Length || text[at] == '\n') row.Add("");
                if (at == text.Length || text[at] != '\n') continue;
            }
            rows.Add([.. row]);
            row.Clear();
            at++;
        }
        return rows;
    }

    private sealed class TemporaryFolder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("oracle").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
