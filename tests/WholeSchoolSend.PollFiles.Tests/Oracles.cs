using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace WholeSchoolSend.PollFiles.Tests;

/// <summary>Others' programs that read SPSS files: ReadStat, PSPP, and R's haven. Each is asked once about a file, whoever wants to know.</summary>
internal static class Oracles
{
    public const string ReadStat = "readstat";
    public const string Pspp = "pspp";
    public const string Haven = "haven";

    // Every value as it is: dates back to the seconds SPSS keeps, numbers with all their digits.
    private const string HavenScript = """
        arguments <- commandArgs(TRUE)
        quoted <- function(text) paste0('"', gsub('"', '""', enc2utf8(text), fixed = TRUE), '"')
        for (file in seq(1, length(arguments), 2)) {
          data <- haven::read_sav(arguments[file], user_na = TRUE)
          cells <- lapply(data, function(column) {
            if (is.character(column)) return(quoted(as.character(column)))
            numbers <- as.numeric(column)
            if (inherits(column, "Date")) numbers <- (numbers + 141428) * 86400
            if (inherits(column, "POSIXct")) numbers <- numbers + 141428 * 86400
            ifelse(is.na(numbers), "", sprintf("%.17g", numbers))
          })
          lines <- c(paste(quoted(names(data)), collapse = ","), if (nrow(data) > 0) do.call(paste, c(unname(cells), sep = ",")))
          output <- file(arguments[file + 1], "wb"); writeLines(lines, output, useBytes = TRUE); close(output)
        }
        """;

    // R takes longer to start than to read them all.
    private static readonly Lazy<Task<Dictionary<string, List<string[]>>>> SaidByHaven = new(AskHavenAsync);

    private static readonly ConcurrentDictionary<(string File, string Oracle), Lazy<Task<Comparison?>>> Asked = new();

    /// <summary>Where an oracle is not followed, by file, and why.</summary>
    public static readonly Dictionary<(string File, string Oracle), string> Disagreements = new()
    {
        [("tegulu.sav", ReadStat)] = "the text is cut inside a character, which ReadStat and haven leave out and we show as lost",
        [("tegulu.sav", Pspp)] = "the text is cut inside a character, which PSPP shows as a question mark for each byte",
        [("tegulu.sav", Haven)] = "the text is cut inside a character, which ReadStat and haven leave out and we show as lost",
        [("hebrews.sav", Pspp)] = "PSPP renames a variable whose name is no legal identifier",
        [("datetime.sav", Pspp)] = "one date is in the year 201416, which no calendar of ours has: it is given as the number it is",
    };

    /// <summary>Every file that SPSS would read, of others where they are at hand, and of ours.</summary>
    public static IReadOnlyList<string> Files
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

    /// <summary>What an oracle says of a file beside what we say; null where it is not installed and nothing it said is kept.</summary>
    public static Task<Comparison?> AskAsync(string file, string oracle) =>
        Asked.GetOrAdd((file, oracle), key => new Lazy<Task<Comparison?>>(() => CompareAsync(key.File, key.Oracle))).Value;

    private static async Task<Comparison?> CompareAsync(string file, string oracle)
    {
        if (await SaidAsync(file, oracle) is not { } said) return null;
        var ours = await ReadAsync(file);
        var names = ours.Header.Variables.Select(variable => variable.Name).ToArray();
        if (said.Count - 1 != ours.Rows.Count) return new Comparison(names, said[0], 0, [$"{ours.Rows.Count} rows, {oracle} says {said.Count - 1}"]);
        List<string> differ = [];
        for (var row = 0; row < ours.Rows.Count; row++)
        {
            if (said[row + 1].Length != names.Length) return new Comparison(names, said[0], 0,
                [$"row {row + 1}: {names.Length} cells, {oracle} says {said[row + 1].Length}"]);
            for (var column = 0; column < names.Length; column++)
                if (!Same(oracle, ours, row, column, said[row + 1][column]))
                    differ.Add($"row {row + 1}, {names[column]}: '{ours.Rows[row][column]}', {oracle} says '{said[row + 1][column]}'");
        }
        return new Comparison(names, said[0], ours.Rows.Count * names.Length, differ);
    }

    private static bool Same(string oracle, Table ours, int row, int column, string said)
    {
        if (ours.Header.Variables[column].Kind == VariableKind.Text) return ours.Rows[row][column] == (oracle == ReadStat ? said : said.TrimEnd());
        if (ours.Numbers[row][column] is not { } number) return said.Trim().Length == 0;
        if (said.Trim().Length == 0) return false;
        switch (oracle)
        {
            case ReadStat:
                return number.ToString("F" + (said.Length - said.IndexOf('.', StringComparison.Ordinal) - 1), CultureInfo.InvariantCulture) == said;
            case Pspp when said.Contains('/', StringComparison.Ordinal):
                return ours.Dates[row][column] is { } date
                    && DateTime.TryParseExact(said, ["MM/dd/yyyy", "MM/dd/yyyy HH:mm:ss"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
                    && Math.Abs((date - day).TotalSeconds) < 1;
            case Pspp when said.Split(':') is [var hours, var minutes, var seconds]:
                return Math.Abs(number - (int.Parse(hours, CultureInfo.InvariantCulture) * 3600 + int.Parse(minutes, CultureInfo.InvariantCulture) * 60
                    + double.Parse(seconds, CultureInfo.InvariantCulture))) < 1;
            default:
                // What was counted in days and is counted in seconds again has lost a bit or two.
                return Math.Abs(double.Parse(said, CultureInfo.InvariantCulture) - number)
                    <= (ours.Header.Variables[column].Kind == VariableKind.Date ? 1e-12 : 1e-13) * Math.Abs(number);
        }
    }

    private static async Task<List<string[]>?> SaidAsync(string file, string oracle)
    {
        if (oracle == Haven) return (await SaidByHaven.Value).GetValueOrDefault(file);
        var program = oracle == Pspp ? "pspp-convert" : oracle;
        var kept = Path.Combine(RealFilesTests.FindCorpus() ?? "/", "..", "expected", $"{file}.{oracle}.csv");
        if (!IsInstalled(program)) return File.Exists(kept) ? Csv(await File.ReadAllTextAsync(kept)) : null;
        using var folder = new TemporaryFolder();
        var output = Path.Combine(folder.Path, "said.csv");
        await RunAsync(program, Find(file), output);
        return Csv(await File.ReadAllTextAsync(output));
    }

    private static async Task<Dictionary<string, List<string[]>>> AskHavenAsync()
    {
        var said = new Dictionary<string, List<string[]>>(StringComparer.Ordinal);
        if (await VersionAsync(Haven) is null) return said;
        using var folder = new TemporaryFolder();
        string Output(int file) => Path.Combine(folder.Path, $"{file}.csv");
        await RunAsync("Rscript", ["-e", HavenScript, .. Files.SelectMany((file, at) => (string[])[Find(file), Output(at)])]);
        foreach (var (at, file) in Files.Index()) said[file] = Csv(await File.ReadAllTextAsync(Output(at)));
        return said;
    }

    /// <summary>The version of the program that is installed; null: none is.</summary>
    public static async Task<string?> VersionAsync(string oracle)
    {
        var (program, arguments) = oracle == Haven ? ("Rscript",
            ["-e", "if (requireNamespace('haven', quietly = TRUE)) cat('haven', as.character(packageVersion('haven')), '\\n')"])
            : oracle == Pspp ? ("pspp-convert", (string[])["--version"]) : (oracle, ["--version"]);
        if (!IsInstalled(program)) return null;
        var said = (await SaidAsync(program, arguments)).Output;
        return said.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries).FirstOrDefault(word => char.IsAsciiDigit(word[0]));
    }

    public sealed record Table(PollFileHeader Header, List<string[]> Rows, List<double?[]> Numbers, List<DateTime?[]> Dates);

    /// <summary>The names each gives the columns, cells that were compared, and what is said of those that are not the same.</summary>
    public sealed record Comparison(IReadOnlyList<string> OurNames, IReadOnlyList<string> TheirNames, int Cells, IReadOnlyList<string> Differ);

    public static async Task<Table> ReadAsync(string file)
    {
        var opened = await PollFile.OpenAsync(_ => Task.FromResult<Stream>(File.OpenRead(Find(file))), new(), TestContext.Current.CancellationToken);
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

    public static string Find(string file) => File.Exists(Reading.File(file)) ? Reading.File(file)
        : Path.Combine(RealFilesTests.FindCorpus()!, file);

    public static bool IsInstalled(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, program)));

    public static async Task RunAsync(string program, params string[] arguments)
    {
        var (code, output) = await SaidAsync(program, arguments);
        Assert.True(code == 0, $"{program}: {output}");
    }

    /// <summary>Runs a program to its end: its exit code, and what it said on both ways.</summary>
    public static async Task<(int Code, string Output)> SaidAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var said = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, string.Concat(said));
    }

    public static List<string[]> Csv(string text)
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

    public sealed class TemporaryFolder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("oracle").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
