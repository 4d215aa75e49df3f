using System.Globalization;
using WholeSchoolSend.Fuzz;

// dotnet run --project tests/WholeSchoolSend.Fuzz -c Release -- sav --minutes 10 --seed 1
// dotnet run --project tests/WholeSchoolSend.Fuzz -c Release -- sav --replay TestResults/fuzz/sav-0123456789abcdef.bin
IFuzzTarget[] targets =
[
    new PollFileTarget("sav", ".sav", ".zsav"), new PollFileTarget("csv", ".csv", ".tsv"), new WorkbookTarget(), new TripleSTarget(), new WebhooksTarget(),
];

var target = targets.FirstOrDefault(target => args.Length > 0 && target.Name == args[0]);
if (target is null)
{
    Console.Error.WriteLine($"Usage: {string.Join('|', targets.Select(known => known.Name))} [--minutes 1] [--seed 1] [--output TestResults/fuzz] [--replay file]");
    return 64;
}
using var stop = new CancellationTokenSource();
var run = new FuzzRun(target, Option("--output") ?? Path.Combine("TestResults", "fuzz"));
if (Option("--replay") is { } file) return await run.ReplayAsync(file, stop.Token);
var minutes = double.Parse(Option("--minutes") ?? "1", CultureInfo.InvariantCulture);
return await run.RunAsync(Seeds(), TimeSpan.FromMinutes(minutes), int.Parse(Option("--seed") ?? "1", CultureInfo.InvariantCulture), stop.Token);

string? Option(string name) => Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : null;

// The files of the tests, and those of others that lie beside the checkout.
List<byte[]> Seeds()
{
    var root = new DirectoryInfo(AppContext.BaseDirectory);
    while (root is not null && !File.Exists(Path.Combine(root.FullName, "WholeSchoolSend.Functions.sln"))) root = root.Parent;
    if (root is null) return [];
    var folders = Directory.GetDirectories(Path.Combine(root.FullName, "tests"))
        .Select(tests => Path.Combine(tests, "files")).Append(Path.Combine(root.FullName, "..", "shared", "corpus"));
    var found = folders.Where(Directory.Exists).ToList();
    return [.. target.Seeds(found), .. found.SelectMany(folder => Directory.GetFiles(folder, "*", SearchOption.AllDirectories)).Where(target.IsSeed)
        .Order(StringComparer.Ordinal).Select(File.ReadAllBytes).Where(bytes => bytes.Length is > 0 and < 1 << 18).DistinctBy(Convert.ToHexString)];
}
