using System.Diagnostics;
using System.Globalization;
using System.Text;
using DuckDB.NET.Data;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Polls;
using WholeSchoolSend.PollFiles;

namespace WholeSchoolSend.Benchmarks.Polls;

/// <summary>A big poll file to school totals, beside DuckDB doing the same.</summary>
internal sealed class ImportOfCsv : Benchmark
{
    private const int Rows = 1_000_000;
    private const int Items = 8;
    private const int Passes = 4;
    private const int Rounds = 3;

    public override string Name => "import-csv";

    public override string Title => "Import of 1,000,000 × 12 CSV to school totals";

    public override string Words =>
        "Twelve columns (record, school, role, weight, eight questions of four answers and some left out), 2,000 schools. Ours: identify the file, check every cell, add up n, Σw, Σw² "
        + "by school, role, question and answer. DuckDB: typed `read_csv`, `UNPIVOT`, the same `GROUP BY` (it checks types only), every row of the answer read. Ours once more, with no record number allowed twice, which nobody else checks. Each in a process of its own: the first pass "
        + "with compilation, then three more of which the fastest is *warm*. Budget: not slower than DuckDB on the same processors, aim for half; at most 100 MB above the empty process.";

    public override async Task<Findings> RunAsync()
    {
        var file = Path.Combine(Path.GetTempPath(), $"benchmark-{Environment.ProcessId}.csv");
        await WriteAsync(file);
        try
        {
            var engines = new (string Name, Func<Task<double[]>> Run)[]
            {
                ("ours", () => Child.StartAsync("import", file, Passes.ToString(CultureInfo.InvariantCulture))),
                ("ours, no record twice", () => Child.StartAsync("import", file, Passes.ToString(CultureInfo.InvariantCulture), "respondents")),
                ("DuckDB, 1 thread", () => Child.StartAsync("duckdb", file, Passes.ToString(CultureInfo.InvariantCulture), "1")),
                ("DuckDB, all threads", () => Child.StartAsync("duckdb", file, Passes.ToString(CultureInfo.InvariantCulture), Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture))),
            };
            var (cold, warm, work, once, peak) = (Several(engines.Length), Several(engines.Length), Several(engines.Length), Several(engines.Length), Several(engines.Length));
            var cells = new double[engines.Length];
            for (var round = 0; round < Rounds; round++)
            {
                var empty = await Child.StartAsync("empty");
                for (var engine = 0; engine < engines.Length; engine++)
                {
                    var found = await engines[engine].Run();
                    cells[engine] = found[0];
                    once[engine].Add(found[1] - empty[^1]);
                    cold[engine].Add(found[2]);
                    warm[engine].Add(found[3..^2].Min());
                    work[engine].Add((found[^2] - empty[^2]) / Passes);
                    peak[engine].Add(found[^1] - empty[^1]);
                }
            }
            if (cells.Distinct().Count() != 1) throw new InvalidOperationException($"They do not find the same: {string.Join(", ", cells)} cells.");
            return new Findings(
                ["engine", "first pass, s", "÷ DuckDB, all threads", "warm, s", "÷ DuckDB, all threads", "processor s a pass", "÷ DuckDB, 1 thread", "MB above the empty process, one pass", "MB, all four"],
                [.. engines.Select((engine, index) => new[] { engine.Name, $"{cold[index]}", $"{cold[index].Over(cold[^1])}", $"{warm[index]}", $"{warm[index].Over(warm[^1])}", $"{work[index]}", $"{work[index].Over(work[^2])}", $"{once[index]}", $"{peak[index]}" })],
                [string.Create(CultureInfo.InvariantCulture, $"All find the same {cells[0]:#,0} cells. Ours uses one thread. Where others use the machine, seconds of processor are the steadiest.")]);
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>Cells found, peak memory after one pass, then seconds of every pass.</summary>
    public static async Task<double[]> OursAsync(string file, int passes, bool checkRespondents)
    {
        var codes = Enumerable.Range(1, 4).ToDictionary(code => code.ToString(CultureInfo.InvariantCulture), code => code.ToString(CultureInfo.InvariantCulture));
        var instrument = new Instrument(
            "Leaders", "leaders", null, new PollBinding("northern"), new Term("2026-autumn"), null, new FieldName("urn"), checkRespondents ? new FieldName("RecordNo") : null,
            new Term(null, "role", new Dictionary<string, string> { ["leader"] = "leader", ["senco"] = "senco", ["leader+senco"] = "leader+senco" }), new FieldName("weight"), null, null,
            [.. Enumerable.Range(1, Items).Select(item => new Item($"question-{item}", $"Q{item}", codes))]);
        var found = new List<double>();
        for (var pass = 0; pass < passes; pass++)
        {
            var clock = Stopwatch.StartNew();
            var opened = await PollFile.OpenAsync(_ => Task.FromResult<Stream>(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, 1, useAsync: false)), new PollFileOptions { NotAskedMarks = ["", " "] }, default);
            if (!opened.CanBeRead) throw new InvalidOperationException(opened.Problem.Message);
            await using var reader = opened.Reader;
            var reading = new PollReading(instrument, reader.Header, "poll.csv");
            await reading.ReadAsync(reader, default);
            if (reading.Findings.Count > 0) throw new InvalidOperationException(reading.Findings.InOrder().First().Message);
            var cells = reading.Totals("2026-autumn").Sum(school => school.Cells.Count);
            var seconds = clock.Elapsed.TotalSeconds;
            if (pass == 0) found.AddRange([cells, Machine.PeakMegabytes()]);
            found.Add(seconds);
        }
        return [.. found];
    }

    /// <summary>Cells found, peak memory after one pass, then seconds of every pass.</summary>
    public static double[] DuckDb(string file, int passes, int threads)
    {
        var found = new List<double>();
        using var connection = new DuckDBConnection("DataSource=:memory:");
        connection.Open();
        using (var set = connection.CreateCommand())
        {
            set.CommandText = string.Create(CultureInfo.InvariantCulture, $"SET threads TO {threads}");
            set.ExecuteNonQuery();
        }
        var columns = string.Join(", ", Enumerable.Range(1, Items).Select(item => $"'Q{item}': 'TINYINT'"));
        for (var pass = 0; pass < passes; pass++)
        {
            var clock = Stopwatch.StartNew();
            using var command = connection.CreateCommand();
            command.CommandText = $$"""
                SELECT urn, role, question, answer, count(*), sum(weight), sum(weight * weight)
                FROM (UNPIVOT (SELECT * FROM read_csv('{{file}}', header = true, delim = ',', columns = {'RecordNo': 'INTEGER', 'urn': 'INTEGER', 'role': 'VARCHAR', 'weight': 'DOUBLE', {{columns}}}))
                      ON {{string.Join(", ", Enumerable.Range(1, Items).Select(item => $"Q{item}"))}} INTO NAME question VALUE answer)
                GROUP BY ALL
                """;
            var cells = 0;
            var weight = 0.0;
            using (var reader = command.ExecuteReader())
            {
                while (reader.Read())
                {
                    cells++;
                    weight += reader.GetDouble(5);
                }
            }
            if (weight <= 0) throw new InvalidOperationException("It weighs nothing.");
            var seconds = clock.Elapsed.TotalSeconds;
            if (pass == 0) found.AddRange([cells, Machine.PeakMegabytes()]);
            found.Add(seconds);
        }
        return [.. found];
    }

    private static Samples[] Several(int count) => [.. Enumerable.Range(0, count).Select(_ => new Samples())];

    private static async Task WriteAsync(string file)
    {
        var random = new Random(4711);
        string[] roles = ["leader", "senco", "leader+senco"];
        await using var writer = new StreamWriter(file, append: false, new UTF8Encoding(false), 1 << 16);
        await writer.WriteLineAsync("RecordNo,urn,role,weight," + string.Join(',', Enumerable.Range(1, Items).Select(item => $"Q{item}")));
        var line = new StringBuilder();
        for (var row = 0; row < Rows; row++)
        {
            line.Clear().Append(CultureInfo.InvariantCulture, $"{row},{100_000 + random.Next(2_000)},{roles[random.Next(3)]},{0.3 + (random.Next(270_000) / 100_000.0):0.00000}");
            for (var item = 0; item < Items; item++)
            {
                line.Append(',');
                if (random.Next(25) > 0) line.Append(1 + random.Next(4));
            }
            await writer.WriteLineAsync(line);
        }
    }
}
