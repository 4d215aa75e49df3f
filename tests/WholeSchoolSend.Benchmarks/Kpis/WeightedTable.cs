using System.Diagnostics;
using System.Globalization;
using WholeSchoolSend.Core.Kpis;

namespace WholeSchoolSend.Benchmarks.Kpis;

/// <summary>A weighted count of 50,000 rows in some 6,760 cells with standard errors: the table of srvyr's issue 164.</summary>
internal sealed class WeightedTable : Benchmark
{
    private const int Rounds = 15;

    // Its input, by its own seed; then survey_count is svytotal for each cell. A twenty-sixth of the cells, because all take a minute.
    private const string Script = """
        suppressMessages(library(survey))
        folder <- commandArgs(trailingOnly = TRUE)[1]
        N <- 50000
        set.seed(123)
        d <- data.frame(grp1 = sample(letters, N, TRUE), grp2 = sample(LETTERS, N, TRUE), grp3 = sample(1:10, N, TRUE), weight = sample(seq(0, 1, 0.01), N, TRUE))
        write.csv(d, file.path(folder, "rows.csv"), row.names = FALSE, quote = FALSE)
        d$one <- 1
        design <- svydesign(ids = ~1, weights = ~weight, data = d)
        seconds <- system.time(t <- svyby(~one, ~grp2 + grp3, subset(design, grp1 == "a"), svytotal))[["elapsed"]]
        cat(sprintf("%.17g\n", seconds))
        cat(sprintf("a %s %s %.17g %.17g\n", t$grp2, t$grp3, t$one, t$se), sep = "")
        """;

    public override string Name => "weighted-table";

    public override string Title => "50,000 rows into 6,760 weighted cells with standard errors";

    public override string Words =>
        "The input of [srvyr's issue 164](https://github.com/gergness/srvyr/issues/164), made by its own lines and seed in R: three groupings of 26, 26 and 10, weights from 0 to 1. There `survey_count()` took 84.76 s "
        + "(srvyr 1.2.0, another machine). Ours: rows in memory, in the order drawn and not sorted, to n, Σw and Σw² of each cell by the same code that totals responses, and from these the weighted count with the standard error of a simple random sample with "
        + "replacement, √(n/(n−1) · (Σw² − (Σw)²/n)), as `svytotal` has it. R: what srvyr calls, `svyby(…, svytotal)`, of the 260 cells of the letter a only; all cells are 26 times that. Counts and standard errors of those cells are compared to 1e-8 before "
        + "anything is timed. Budget: 50 ms.";

    public override async Task<Findings> RunAsync()
    {
        var folder = Directory.CreateTempSubdirectory("benchmark-");
        try
        {
            var said = await Rscript.RunAsync(Script, folder.FullName);
            var rows = (await File.ReadAllLinesAsync(Path.Combine(folder.FullName, "rows.csv"))).Skip(1).Select(line => line.Split(','))
                .Select(cells => (Cell: new CellKey(cells[0], cells[1], cells[2], ""), Weight: double.Parse(cells[3], CultureInfo.InvariantCulture))).ToArray();
            var table = Table(rows).ToDictionary(cell => (cell.Cell.Stage, cell.Cell.Role, cell.Cell.Indicator), cell => (cell.Count, cell.StandardError));
            foreach (var line in said.Skip(1).Select(line => line.Split(' ')))
            {
                var (count, error) = table[(line[0], line[1], line[2])];
                Rscript.Agree(string.Join(' ', line), count, double.Parse(line[3], CultureInfo.InvariantCulture));
                Rscript.Agree(string.Join(' ', line), error, double.Parse(line[4], CultureInfo.InvariantCulture));
            }
            var (ours, r) = (new Samples(), new Samples());
            for (var round = 0; round < Rounds; round++)
            {
                var clock = Stopwatch.StartNew();
                var cells = Table(rows).Count;
                ours.Add(clock.Elapsed.TotalMilliseconds);
                if (cells != table.Count) throw new InvalidOperationException("A cell is missing.");
                if (round < 3) r.Add(1000 * double.Parse((await Rscript.RunAsync(Script, folder.FullName))[0], CultureInfo.InvariantCulture));
            }
            return new Findings(
                ["what", "cells", "ms", "least", "÷ R's 260 cells"],
                [
                    ["ours, all cells", table.Count.ToString("#,0", CultureInfo.InvariantCulture), $"{ours}", ours.Least(), $"{ours.Over(r)}"],
                    ["R survey, the letter a", $"{said.Length - 1}", $"{r}", r.Least(), "1"],
                ],
                [$"{said.Length - 1} counts and standard errors agree with R's."]);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static List<(CellKey Cell, double Count, double StandardError)> Table((CellKey Cell, double Weight)[] rows)
    {
        var sums = new CellSums();
        foreach (var (cell, weight) in rows) sums.Add(cell, weight);
        double n = rows.Length;
        return [.. sums.Totals().Select(cell => (new CellKey(cell.Stage, cell.Role, cell.Indicator, cell.Code), cell.W, Math.Sqrt(n / (n - 1) * (cell.Q - (cell.W * cell.W / n)))))];
    }
}
