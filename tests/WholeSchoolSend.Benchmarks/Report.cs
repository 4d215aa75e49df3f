using System.Globalization;
using System.Text;
using WholeSchoolSend.Testing;

namespace WholeSchoolSend.Benchmarks;

/// <summary><c>docs/benchmarks.md</c>: a section for each benchmark, written by its run.</summary>
internal static class Report
{
    private const string Preface = """
        # Benchmarks

        Written by one command, section by section; a name after it runs and writes only that one:

            dotnet run -c Release --project tests/WholeSchoolSend.Benchmarks -- --write [name …]

        What counts are ratios: everything is measured beside its baseline in the same run, in turns, and each round's figure is divided by the baseline's of the same
        round. Shown is the median, and in brackets the middle half of the rounds. Times themselves are this machine's on that day. Budgets that can be counted
        (requests, bytes) are tests, not benchmarks: where one of them regresses, the build fails. Those are the budgets below that a `BudgetTests` holds. BenchmarkDotNet times one
        thing after the other, each in processes of its own; most baselines here are other programs, and on a machine that others use only what is measured in turns can be
        compared, so it does not fit.
        """;

    public static string Section(Benchmark benchmark, Findings found, double? loadBefore)
    {
        var text = new StringBuilder().Append(benchmark.Words).Append("\n\n");
        text.Append("| ").AppendJoin(" | ", found.Heads).Append(" |\n|").Append(string.Concat(found.Heads.Select(_ => "---|"))).Append('\n');
        foreach (var row in found.Rows) text.Append("| ").AppendJoin(" | ", row).Append(" |\n");
        text.Append('\n');
        if (found.Picture is { } picture) text.Append(CultureInfo.InvariantCulture, $"![{benchmark.Title}]({picture.File})\n\n");
        foreach (var conclusion in found.Conclusions) text.Append("- ").Append(conclusion).Append('\n');
        text.Append(CultureInfo.InvariantCulture, $"\nRun on {TimeProvider.System.GetUtcNow():yyyy-MM-dd}: {Machine.Facts()}.");
        if (loadBefore is { } before) text.Append(CultureInfo.InvariantCulture, $" Load {before:0.0} before and {Machine.Load():0.0} after, so with others at work wherever that is over {Environment.ProcessorCount}.");
        return text.ToString();
    }

    public static void Write(Benchmark benchmark, Findings found, string section)
    {
        if (found.Picture is { } picture) File.WriteAllText(Path.Combine(Repository.Root, "docs", picture.File), picture.Svg);
        Repository.WriteSection(
            "benchmarks.md", sections => $"{Preface}\n\n## Budgets\n\n{Budgets.Table(sections).TrimEnd()}", Benchmark.All.Select(one => one.Title), benchmark.Title, section);
    }
}
