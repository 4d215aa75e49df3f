using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace WholeSchoolSend.PollFiles.Tests;

/// <summary>
/// <c>docs/oracles.md</c>: every file of the tests beside what others make of it. What differs from what is found here fails the test; with
/// <see cref="Variable"/> set the test writes it instead. What is not here (a program, its version, others' files) is not compared.
/// </summary>
public sealed partial class OracleDocument
{
    private const string Variable = "REWRITE_ORACLES";
    private const string Command = $"{Variable}=1 dotnet test tests/WholeSchoolSend.PollFiles.Tests --filter OracleDocument";

    /// <summary>The versions the document tells of: another one may see a damaged file otherwise.</summary>
    private static readonly Dictionary<string, string> Versions = new() { [Oracles.ReadStat] = "1.1.8", [Oracles.Pspp] = "1.6.2", [Oracles.Haven] = "2.5.1" };

    private static readonly string Preface = $"""
        # What others read in the same files

        Our readers beside others' programs: ReadStat {Versions[Oracles.ReadStat]}, PSPP {Versions[Oracles.Pspp]} and R's haven {Versions[Oracles.Haven]} (which has a ReadStat of its own in it). Written by the
        tests and held against what they find; needs all three (`apt-get install readstat pspp r-cran-haven`) and others' files beside the checkout:

            {Command}
        """;

    private const string SpssWords = """
        Every cell of every row: numbers to the last digit that the program prints, texts character for character, dates to the second. Names of columns are
        compared as well, and with PSPP also the labels of variables and values, what is declared missing, measures, weight and multiple-response sets
        (`OracleTests`).
        """;

    private const string TwinWords = """
        One made-up poll of 600 respondents, as pollsters send it in fifteen ways. Thirteen columns of each are compared with those of
        `poll_codes_cp1252.csv`, labels turned into codes, and the figures they give (bases, sums of weights, effective sizes, weighted shares, a mean) with
        `expected.json`, which was worked by another program and with which PSPP's frequencies agree.
        """;

    private const string ExampleWords = """
        The three records of the Triple-S book's example, cell by cell beside its CSV form; they are also asserted word for word (`RealFilesTests`). Other
        files of others' are CSV, which none of the three programs reads: the Qualtrics exports, the register of schools and pyreadstat's are read without a
        fault there.
        """;

    private const string DamagedWords = """
        What comes of files that are damaged or made to do harm. Ours either gives all of a file or a reason (with its time and memory held to bounds by
        `SavCorruptTests`, `MemoryTests` and `XlsxReaderTests`). The others are asked for CSV and given ten seconds; a number of rows is what they gave
        without calling it an error.
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    [Fact]
    public Task Spss_files() => CheckAsync("SPSS files", SpssWords, ["file", "ReadStat", "PSPP", "haven", "where we differ, and why"], async () =>
    {
        List<string?[]> rows = [];
        foreach (var file in Oracles.Files)
        {
            var name = Path.GetFileName(file);
            var said = await Task.WhenAll(Versions.Keys.Select(async oracle => Shown(await Oracles.AskAsync(file, oracle))));
            var why = Oracles.Disagreements.Where(one => one.Key.File == name).Select(one => one.Value).Distinct();
            rows.Add([file, .. said, string.Join("; ", why)]);
        }
        return rows;

        static string? Shown(Oracles.Comparison? found) => found is null ? null
            : Compared(found.Cells, found.Differ.Count, "cell") + (found.OurNames.SequenceEqual(found.TheirNames) ? "" : ", a name differs");
    });

    [Fact]
    public Task Twins() => CheckAsync("One poll in fifteen files", TwinWords, ["file", "beside the first", "beside `expected.json`"], async () =>
    {
        List<string?[]> rows = [];
        foreach (var file in LookalikeTests.Twins.Select(row => row.Data.Item1))
        {
            var found = await LookalikeTests.CompareAsync(file);
            rows.Add([file, Compared(found.Cells, found.Differ, "cell"), Compared(found.Figures, found.FiguresDiffer, "figure")]);
        }
        return rows;
    });

    [Fact]
    public Task Examples_of_the_triple_s_book() => CheckAsync("Triple-S", ExampleWords, ["files", "beside `example2.sss`"], async () =>
    {
        if (RealFilesTests.FindCorpus() is not { } corpus) return [];
        var (csv, rows) = (await ReadAsync("example2"), new List<string?[]>());
        foreach (var description in new[] { "example1", "example1a" })
        {
            var found = await ReadAsync(description);
            // Fixed columns hold a weight at their width, CSV without the zeros.
            var cells = found.Zip(csv).SelectMany(pair => pair.First.Zip(pair.Second)).ToList();
            Assert.Equal(csv.Sum(row => row.Length), cells.Count);
            rows.Add([$"{description}.sss with example1.txt", Compared(cells.Count, cells.Count(pair => !Same(pair.First, pair.Second)), "cell")]);
        }
        return rows;

        async Task<List<string[]>> ReadAsync(string description)
        {
            Task<byte[]> Bytes(string name) => File.ReadAllBytesAsync(Path.Combine(corpus, "IBMPredictiveAnalytics_STATS_GET_TRIPLES", name),
                TestContext.Current.CancellationToken);
            return (await Reading.OfPairAsync(await Bytes(description + ".sss"), await Bytes(description[..8] + ".txt"))).Rows;
        }

        static bool Same(string one, string other) => one == other
            || (double.TryParse(one, CultureInfo.InvariantCulture, out var number)
                && double.TryParse(other, CultureInfo.InvariantCulture, out var same) && number == same);
    });

    [Fact]
    public Task Damaged_files() => CheckAsync("Damaged and hostile files", DamagedWords, ["file", "ours", "ReadStat", "PSPP"], async () =>
    {
        List<string?[]> rows = [];
        string[] files =
        [
            .. Directory.GetFiles(Reading.File("lookalike", "corrupt")), .. Directory.GetFiles(Reading.File("hostile_xlsx")),
            Reading.File("lookalike", "poll_datatables.xlsx"),
        ];
        foreach (var file in files.Order(StringComparer.Ordinal))
        {
            var spss = file.EndsWith("sav", StringComparison.Ordinal);
            rows.Add(
            [
                Path.GetRelativePath(Reading.File(), file), await OursAsync(file),
                spss ? await TheirsAsync(Oracles.ReadStat, file) : "–", spss ? await TheirsAsync(Oracles.Pspp, file) : "–",
            ]);
        }
        return rows;
    });

    private static string Compared(int of, int differ, string what) =>
        string.Create(CultureInfo.InvariantCulture,
            $"{of:#,0} {what}{(of == 1 ? "" : "s")}, {(differ == 0 ? of == 1 ? "alike" : "all alike" : differ == 1 ? "1 differs" : $"{differ:#,0} differ")}");

    private static async Task<string> OursAsync(string file)
    {
        var reading = await Reading.OfAsync(await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken));
        var codes = reading.Codes.Distinct().ToList();
        return codes.Count == 0 ? Rows(reading.Rows.Count) : $"refused: {string.Join(", ", codes.Select(code => $"`{code}`"))}";
    }

    /// <summary>What a program that makes CSV makes of a file; null where this version of it is not here.</summary>
    private static async Task<string?> TheirsAsync(string oracle, string file)
    {
        if (await Oracles.VersionAsync(oracle) != Versions[oracle]) return null;
        // ReadStat prints: what it makes of a file whose blocks are all one would fill a disk. PSPP only writes files.
        using var folder = new Oracles.TemporaryFolder();
        var output = Path.Combine(folder.Path, "said.csv");
        var (program, target) = oracle == Oracles.Pspp ? ("pspp-convert", output) : ("readstat", "-");
        using var process = Process.Start(new ProcessStartInfo(program, [file, target]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            var lines = 0;
            while (await process.StandardOutput.ReadLineAsync(patience.Token) is not null) lines++;   // no cell of these files has a line break
            await process.WaitForExitAsync(patience.Token);
            if (File.Exists(output)) lines = (await File.ReadAllLinesAsync(output, patience.Token)).Length;
            // ReadStat ends with 0 whatever happened.
            var failed = process.ExitCode != 0 || (await errors).Contains("Error", StringComparison.OrdinalIgnoreCase);
            return !failed ? Rows(lines - 1) : lines > 1 ? $"{Rows(lines - 1)}, then an error" : "refused";
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            process.Kill();
            return "no end within ten seconds";
        }
    }

    private static string Rows(int count) => string.Create(CultureInfo.InvariantCulture, $"{count:#,0} {(count == 1 ? "row" : "rows")}");

    private static readonly SemaphoreSlim Writing = new(1);

    private static async Task CheckAsync(string title, string words, string[] heads, Func<Task<List<string?[]>>> find)
    {
        var rows = await find();
        await Writing.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 })
            {
                Assert.True(rows.Count > 0 && rows.All(row => row.All(cell => cell is not null)), $"{title}: not everything is here to write it.");
                Write(title, words, heads, rows!);
                return;
            }
            var written = Tables().GetValueOrDefault(title, []);
            Assert.Equal(heads, written.FirstOrDefault());
            var byFile = written.Skip(2).ToDictionary(row => row[0], StringComparer.Ordinal);
            foreach (var row in rows)
            {
                Assert.True(byFile.Remove(row[0]!, out var told), $"docs/oracles.md does not tell of {row[0]}. Write it: {Command}");
                // A cell that nobody here can know is taken as it is.
                Assert.Equal(row.Select((cell, column) => cell ?? told[column]), told);
            }
            if (RealFilesTests.FindCorpus() is not null) Assert.Empty(byFile);
        }
        finally
        {
            Writing.Release();
        }
    }

    private static void Write(string title, string words, string[] heads, List<string[]> rows)
    {
        var sections = Sections();
        var text = new StringBuilder(words).Append("\n\n| ").AppendJoin(" | ", heads).Append(" |\n|");
        text.Append(string.Concat(heads.Select(_ => "---|"))).Append('\n');
        foreach (var row in rows) text.Append("| ").AppendJoin(" | ", row).Append(" |\n");
        sections[title] = text.ToString();
        string[] titles = ["SPSS files", "One poll in fifteen files", "Triple-S", "Damaged and hostile files"];
        File.WriteAllText(Document(), Preface + string.Concat(titles.Where(sections.ContainsKey).Select(one => $"\n\n## {one}\n\n{sections[one].Trim()}"))
            + "\n");
    }

    private static Dictionary<string, List<string[]>> Tables() => Sections().ToDictionary(
        section => section.Key,
        section => section.Value.Split('\n').Where(line => line.StartsWith('|')).Select(line =>
            line.Trim()[1..^1].Split('|').Select(cell => cell.Trim()).ToArray()).ToList(),
        StringComparer.Ordinal);

    private static Dictionary<string, string> Sections()
    {
        if (!File.Exists(Document())) return [];
        var parts = Heading().Split(File.ReadAllText(Document()));
        var sections = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var at = 1; at + 1 < parts.Length; at += 2) sections[parts[at]] = parts[at + 1];
        return sections;
    }

    private static string Document()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "WholeSchoolSend.Functions.sln"))) return Path.Combine(folder.FullName, "docs", "oracles.md");
        throw new FileNotFoundException("The tests run outside the repository.");
    }

    [GeneratedRegex("^## (.+)$\n", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex Heading();
}
