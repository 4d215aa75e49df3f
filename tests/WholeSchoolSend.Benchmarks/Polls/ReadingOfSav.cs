using System.Diagnostics;
using System.Globalization;
using System.Text;
using WholeSchoolSend.PollFiles;

namespace WholeSchoolSend.Benchmarks.Polls;

/// <summary>SPSS files in all three packings, cell by cell, beside ReadStat: as R's haven uses it, and as its own program does.</summary>
internal sealed class ReadingOfSav : Benchmark
{
    private const int Passes = 4;
    private const int Rounds = 5;

    // Only the reading is timed; what is counted afterwards is not.
    private const string Haven = """
        arguments <- commandArgs(TRUE); library(haven); seconds <- c()
        for (pass in seq_len(as.integer(arguments[2]))) {
          start <- proc.time()[["elapsed"]]; data <- read_sav(arguments[1]); seconds <- c(seconds, proc.time()[["elapsed"]] - start)
          if (pass == 1) {
            status <- readLines("/proc/self/status"); peak <- as.numeric(gsub("[^0-9]", "", status[startsWith(status, "VmHWM")])) / 1000
            cells <- 0; characters <- 0; total <- 0
            for (column in data) {
              if (is.character(column)) { cells <- cells + sum(column != ""); characters <- characters + sum(nchar(column, "bytes")) }
              else {
                numbers <- as.numeric(column) + if (inherits(column, "POSIXct")) 12219379200 - 14e9 else 0
                cells <- cells + sum(!is.na(numbers)); total <- total + sum(numbers, na.rm = TRUE)
              }
            }
          }
        }
        cat(sprintf("%.17g", c(cells, characters, total, peak, seconds)), sep = "\n")
        """;

    public override string Name => "sav";

    public override string Title => "Reading 200,000 × 30 SAV";

    public override string Words =>
        "A row for each respondent: record, school, date and time, a text of 16, 25 codes of one digit and some left out, a weight. Ours takes every cell "
        + "as what it is (number, date as a number, text). R's haven is ReadStat making R's "
        + "columns: only its `read_sav` is timed, R is up and haven loaded. The `readstat` command writes CSV besides, into a pipe that is emptied. Ours "
        + "and haven in a process of their own, four passes: the first (ours with "
        + "compilation), then the fastest of the others is *warm*; the command is a process and one pass each time, which *ours, warm* is divided by too. "
        + "In a round before the first that counts, all have to find the same number of cells, characters and sum. "
        + "Budget: not slower per cell than ReadStat.";

    public override async Task<Findings> RunAsync()
    {
        var haven = await Peer.HasRPackageAsync("haven");
        var command = Peer.IsInstalled("readstat");
        var rows = new List<string[]>();
        var conclusions = new List<string>();
        foreach (var packing in Enum.GetValues<SavPacking>())
        {
            var file = Path.Combine(Path.GetTempPath(), $"benchmark-{Environment.ProcessId}.{(packing == SavPacking.Zlib ? "zsav" : "sav")}");
            try
            {
                await SavFile.WriteAsync(file, packing);
                rows.AddRange(await RunAsync(file, packing, haven, command, conclusions));
            }
            finally
            {
                File.Delete(file);
            }
        }
        return new Findings(["file", "reader", "first pass, s", "ours ÷ it", "warm, s", "ours ÷ it", "ns a cell", "MB, the whole process, one pass"], rows,
            conclusions);
    }

    private static async Task<IEnumerable<string[]>> RunAsync(string file, SavPacking packing, bool haven, bool command, List<string> conclusions)
    {
        var (ours, havens, commands) = (new Times(), new Times(), new Times());
        var passes = Passes.ToString(CultureInfo.InvariantCulture);
        for (var round = -1; round < Rounds; round++)
        {
            var mine = (await Child.StartAsync("sav", file, passes))[..^2];
            var found = new List<(string, Tally)> { ("ours", Tally.From(mine)) };
            double[]? his = null;
            if (haven)
            {
                his = [.. (await Peer.SaidAsync("Rscript", "-e", Haven, file, passes)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line =>
                    double.Parse(line, CultureInfo.InvariantCulture))];
                found.Add(("haven", Tally.From(his)));
            }
            if (command && round < 0) found.Add(("readstat", Read(await Peer.SaidAsync("readstat", file, "-"))));
            Tally.Compare(found);
            if (round < 0)
            {
                conclusions.Add(string.Create(CultureInfo.InvariantCulture,
                    $"{NameOf(packing)}, {new FileInfo(file).Length / 1e6:0.0} MB: {string.Join(", ", found.Select(one => one.Item1))} find "
                    + $"the same {Tally.From(mine).Cells:#,0} cells that are not empty."));
                continue;   // the file is at hand now for all
            }
            ours.Add(mine);
            if (his is not null) havens.Add(his);
            if (!command) continue;
            var clock = Stopwatch.GetTimestamp();
            if (await Peer.StartAsync("readstat", [file, "-"], Stream.Null) != 0) throw new InvalidOperationException("readstat failed.");
            commands.First.Add(Stopwatch.GetElapsedTime(clock).TotalSeconds);
        }
        return
        [
            Row(NameOf(packing), "ours", ours),
            haven ? Row("", "R haven", havens) : ["", "R haven", "not installed here (R with its package haven)", "–", "–", "–", "–", "–"],
            command ? Row("", "`readstat`, to CSV", commands) : ["", "`readstat`, to CSV", "not installed here", "–", "–", "–", "–", "–"],
        ];

        string[] Row(string name, string reader, Times times)
        {
            // A command has no second pass: what ours takes when warm is divided by what it takes.
            var warm = times.Warm.Any ? times.Warm : times.First;
            return [name, reader, $"{times.First}", $"{ours.First.Over(times.First)}", $"{times.Warm}", $"{ours.Warm.Over(warm)}",
                $"{warm.Times(1e9 / SavFile.Rows / SavFile.Columns)}", $"{times.Peak}"];
        }
    }

    /// <summary>What was found, peak memory after one pass, then seconds of every pass.</summary>
    public static async Task<double[]> OursAsync(string file, int passes)
    {
        var found = new List<double>();
        for (var pass = 0; pass < passes; pass++)
        {
            var clock = Stopwatch.StartNew();
            var opened = await PollFile.OpenAsync(_ => Task.FromResult<Stream>(File.OpenRead(file)), new PollFileOptions(), default);
            if (!opened.CanBeRead) throw new InvalidOperationException(opened.Problem.Message);
            await using var reader = opened.Reader;
            var texts = reader.Header.Variables.Select(variable => variable.Kind == VariableKind.Text).ToArray();
            var tally = default(Tally);
            PollRead read;
            while ((read = await reader.ReadAsync(default)) == PollRead.Row)
            {
                for (var column = 0; column < texts.Length; column++)
                {
                    if (texts[column]) tally = tally.Text(reader.Utf8(column).Length);
                    else if (reader.TryNumber(column, out var number)) tally = tally.Number(column == SavFile.Date ? number - SavFile.FirstDate : number);
                }
            }
            if (read != PollRead.End) throw new InvalidOperationException($"Not every row was read: {reader.FileProblem ?? (object?)reader.Problem}");
            var seconds = clock.Elapsed.TotalSeconds;
            if (pass == 0) found.AddRange([.. tally.Print(), Machine.PeakMegabytes()]);
            found.Add(seconds);
        }
        return [.. found];
    }

    /// <summary>What the command printed: CSV whose texts are quoted and hold neither commas nor quotes.</summary>
    private static Tally Read(string csv)
    {
        var tally = default(Tally);
        foreach (var line in csv.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1))
            foreach (var (column, cell) in line.Split(',').Index())
            {
                if (column == SavFile.Role) tally = tally.Text(Encoding.UTF8.GetByteCount(cell.Trim('"')));
                else if (cell.Length > 0)
                    tally = tally.Number(double.Parse(cell, CultureInfo.InvariantCulture) - (column == SavFile.Date ? SavFile.FirstDate : 0));
            }
        return tally;
    }

    private static string NameOf(SavPacking packing) =>
        packing switch { SavPacking.None => "uncompressed", SavPacking.Bytecode => "compressed by commands", _ => ".zsav" };

    private sealed class Times
    {
        public Samples First { get; } = new();

        public Samples Warm { get; } = new();

        public Samples Peak { get; } = new();

        /// <summary>What a process printed: what it found, its memory, its seconds.</summary>
        public void Add(double[] printed)
        {
            Peak.Add(printed[Tally.Length]);
            First.Add(printed[Tally.Length + 1]);
            Warm.Add(printed[(Tally.Length + 2)..].Min());
        }
    }
}
