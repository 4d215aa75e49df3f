using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Webhooks;
using WholeSchoolSend.PollFiles;

namespace WholeSchoolSend.Core.Tests;

/// <summary>What the documents list is what the code has.</summary>
public sealed class DocumentationTests
{
    [Fact]
    public void The_guide_lists_every_reading_as_the_catalogue_says()
    {
        var expected = Catalogue.Current.Readings().Select(entry =>
        {
            var target = entry.Reading.Target ?? entry.Kpi.Target;
            var aim = entry.Reading.Undecided is not null ? "not decided"
                : target is not null ? $"{(target.Relation == TargetRelation.Over ? ">" : ">=")} {target.Value:0} {target.Unit}"
                : entry.Kpi.TargetWording;
            return $"| {entry.Reading.Id}{(entry.Reading.Primary ? " *" : "")} | {aim} | {entry.Reading.Title} |";
        });
        Assert.Equal(expected, Lines("docs/kpis.md").TakeWhile(line => line != "## What each needs before it can be computed").Where(line => Catalogue.Current.Readings().Any(entry => line.StartsWith($"| {entry.Reading.Id} ", StringComparison.Ordinal) || line.StartsWith($"| {entry.Reading.Id} *", StringComparison.Ordinal))));
    }

    [Fact]
    public void Every_problem_code_is_explained_and_no_other()
    {
        var ours = Problems.All.Values.Select(kind => $"| `{kind.Code}` | {kind.Status} | {kind.Title} |").ToHashSet(StringComparer.Ordinal);
        var readers = typeof(PollFileCodes).GetFields().Select(field => (string)field.GetRawConstantValue()!).ToList();
        var rows = Lines("docs/problem-codes.md").Where(line => line.StartsWith("| `", StringComparison.Ordinal)).ToList();
        Assert.Equal(ours.Order(), rows.Where(row => row.Count(sign => sign == '|') == 4).Order());
        Assert.Equal(readers.Order(), rows.Where(row => row.Count(sign => sign == '|') == 3).Select(row => row.Split('`')[1]).Order());
    }

    [Fact]
    public void Every_tool_and_every_scheme_is_in_the_guide()
    {
        var guide = string.Join('\n', Lines("docs/survey-tools.md"));
        foreach (var name in SurveyTool.All.Keys.Concat(Enum.GetNames<Verification>().Select(scheme => scheme.ToLowerInvariant())))
            Assert.Contains($"`{name}`", guide, StringComparison.Ordinal);
        foreach (var scheme in Enum.GetValues<Verification>().Where(scheme => scheme is Verification.Signature or Verification.Body))
        {
            var row = guide.Split('\n').Single(line => line.StartsWith($"| `{scheme.ToString().ToLowerInvariant()}` |", StringComparison.Ordinal));
            Assert.Equal(
                SurveyTool.All.Values.Where(tool => tool.Scheme(scheme, null) is not null).Select(tool => tool.Name).Order(),
                SurveyTool.All.Keys.Where(tool => row.Contains($"`{tool}`", StringComparison.Ordinal)).Order());
        }
    }

    [Fact]
    public void Every_budget_is_held_by_a_test_or_a_benchmark_that_is_there()
    {
        var budgets = Lines("docs/benchmarks.md").SkipWhile(line => line != "## Budgets").Skip(1).TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal))
            .Where(line => line.StartsWith("| ", StringComparison.Ordinal)).Skip(1).Select(line => line.Split('|')).ToList();
        var sources = Directory.EnumerateFiles(PathOf("tests"), "*.cs", SearchOption.AllDirectories).Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .ToLookup(file => Path.GetFileNameWithoutExtension(file)!, File.ReadAllText, StringComparer.Ordinal);
        var benchmarks = string.Concat(Directory.EnumerateFiles(PathOf("tests/WholeSchoolSend.Benchmarks"), "*.cs", SearchOption.AllDirectories).Select(File.ReadAllText));
        Assert.InRange(budgets.Count, 14, 100);
        foreach (var cells in budgets)
        {
            var holders = cells[3].Split('`').Where((_, index) => index % 2 == 1).ToList();
            Assert.NotEmpty(holders);
            foreach (var holder in holders)
            {
                if (holder.StartsWith("-- ", StringComparison.Ordinal)) Assert.Contains($"override string Name => \"{holder[3..]}\";", benchmarks, StringComparison.Ordinal);
                else Assert.Contains(sources[holder.Split('.')[0]], source => source.Contains($" {holder.Split('.')[1]}(", StringComparison.Ordinal));
            }
        }
    }

    internal static string[] Lines(string file) => File.ReadAllLines(PathOf(file));

    internal static string Root()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "WholeSchoolSend.Functions.sln"))) return folder.FullName;
        throw new DirectoryNotFoundException("The tests run outside the repository.");
    }

    internal static string PathOf(string file) => Path.Combine(Root(), file);
}
