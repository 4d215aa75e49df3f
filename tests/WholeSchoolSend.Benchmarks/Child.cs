using System.Diagnostics;
using System.Globalization;
using WholeSchoolSend.Benchmarks.Kpis;
using WholeSchoolSend.Benchmarks.Polls;

namespace WholeSchoolSend.Benchmarks;

/// <summary>This program again, in a process of its own: where memory is measured, and the first pass.</summary>
internal static class Child
{
    /// <summary>Runs a task in a new process and gives back the numbers it printed; the last two are the seconds of processor it took and its peak memory in MB.</summary>
    public static async Task<double[]> StartAsync(string task, params string[] arguments)
    {
        using var process = Process.Start(Itself(task, arguments))!;
        var said = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0) throw new InvalidOperationException($"The process for {task} failed.");
        return [.. said.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => double.Parse(line, CultureInfo.InvariantCulture))];
    }

    /// <summary>Starts a task in a new process that serves until its input ends, and gives back the line it says when it is ready.</summary>
    public static async Task<(Process Process, string Said)> ServeAsync(string task, params string[] arguments)
    {
        var process = Process.Start(Itself(task, arguments))!;
        return (process, await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException($"The process for {task} failed."));
    }

    public static async Task<int> RunAsync(string task, string[] arguments)
    {
        if (task == "account") return await Growth.ServeAsync(int.Parse(arguments[0], CultureInfo.InvariantCulture), int.Parse(arguments[1], CultureInfo.InvariantCulture));
        double[] found = task switch
        {
            "empty" => [],
            "import" => await ImportOfCsv.OursAsync(arguments[0], int.Parse(arguments[1], CultureInfo.InvariantCulture), arguments.Length > 2),
            "xlsx" => await ReadingOfXlsx.OursAsync(arguments[0], int.Parse(arguments[1], CultureInfo.InvariantCulture), arguments.Length > 2),
            "exceldatareader" => ReadingOfXlsx.ExcelDataReader(arguments[0], int.Parse(arguments[1], CultureInfo.InvariantCulture)),
            "sav" => await ReadingOfSav.OursAsync(arguments[0], int.Parse(arguments[1], CultureInfo.InvariantCulture)),
            "duckdb" => ImportOfCsv.DuckDb(arguments[0], int.Parse(arguments[1], CultureInfo.InvariantCulture), int.Parse(arguments[2], CultureInfo.InvariantCulture)),
            _ => throw new ArgumentOutOfRangeException(nameof(task), task, "There is no such task."),
        };
        foreach (var number in (double[])[.. found, Process.GetCurrentProcess().TotalProcessorTime.TotalSeconds, Machine.PeakMegabytes()]) Console.WriteLine(number.ToString("R", CultureInfo.InvariantCulture));
        return 0;
    }

    private static ProcessStartInfo Itself(string task, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardInput = true };
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet") start.ArgumentList.Add(typeof(Child).Assembly.Location);
        foreach (var argument in (string[])["--child", task, .. arguments]) start.ArgumentList.Add(argument);
        return start;
    }
}
