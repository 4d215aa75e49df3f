using System.Globalization;
using WholeSchoolSend.Load;

// dotnet run -c Release --project tests/WholeSchoolSend.Load -- soak --minutes 30 --write
// dotnet run -c Release --project tests/WholeSchoolSend.Load -- faults --minutes 10 --seed 1 --write
var minutes = TimeSpan.FromMinutes(double.Parse(Option("--minutes") ?? "1", CultureInfo.InvariantCulture));
var rate = double.Parse(Option("--rate") ?? "20", CultureInfo.InvariantCulture);
switch (args.FirstOrDefault())
{
    case "soak":
        var load = await new LoadRun(minutes, rate).RunAsync(Console.WriteLine);
        return Report.Tell("Load", Report.Of(load, minutes, rate), load.Errors, write: args.Contains("--write"));
    case "faults":
        var seed = int.Parse(Option("--seed") ?? "1", CultureInfo.InvariantCulture);
        var faults = await new FaultRun(minutes, seed, rate).RunAsync(Console.WriteLine);
        return Report.Tell("Faults", Report.Of(faults, minutes, seed, rate), faults.Errors, write: args.Contains("--write"));
    default:
        Console.Error.WriteLine("Usage: soak|faults [--minutes 1] [--rate 20] [--seed 1] [--write]");
        return 64;
}

string? Option(string name) => Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : null;
