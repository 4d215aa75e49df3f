using System.Diagnostics;
using System.Reflection;
using WholeSchoolSend.Benchmarks;

// Some measurements need a process of their own.
if (args is ["--child", var task, .. var rest]) return await Child.RunAsync(task, rest);

// Code that is not optimised takes twice its time, and DuckDB's is always optimised.
if (typeof(Benchmark).Assembly.GetCustomAttribute<DebuggableAttribute>()?.IsJITOptimizerDisabled == true)
{
    await Console.Error.WriteLineAsync("This is a debug build: please run with -c Release.");
    return 1;
}
var write = args.Contains("--write");
var wanted = args.Where(argument => !argument.StartsWith('-')).ToList();
var unknown = wanted.Where(name => Benchmark.All.All(benchmark => benchmark.Name != name)).ToList();
if (unknown.Count > 0)
{
    await Console.Error.WriteLineAsync($"Not a benchmark: {string.Join(", ", unknown)}. There are: {string.Join(", ", Benchmark.All.Select(benchmark => benchmark.Name))}.");
    return 1;
}
foreach (var benchmark in Benchmark.All.Where(benchmark => wanted.Count == 0 || wanted.Contains(benchmark.Name)))
{
    var before = Machine.Load();
    var found = await benchmark.RunAsync();
    var section = Report.Section(benchmark, found, before);
    Console.WriteLine($"## {benchmark.Title}\n\n{section}\n");
    if (write) Report.Write(benchmark, found, section);
}
return 0;
