using System.Text;
using System.Text.RegularExpressions;
using WholeSchoolSend.Testing;

namespace WholeSchoolSend.Functions.Tests.Senders;

/// <summary>
/// <c>docs/conformance.md</c>: what the tests saw. A section that differs fails the test; with <see cref="Variable"/> set the test writes it instead.
/// </summary>
internal static partial class ConformanceDocument
{
    public const string Variable = "REWRITE_CONFORMANCE";
    public const string Command = $"{Variable}=1 dotnet test tests/WholeSchoolSend.Functions.Tests --filter ConformanceTests";

    /// <summary>Title of what stands before the first section.</summary>
    public const string Preface = "";

    private static readonly Lock Writing = new();

    public static void Check(string title, string text)
    {
        lock (Writing)
        {
            var sections = Read();
            if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 })
            {
                sections[title] = text;
                File.WriteAllText(Path.Combine(Repository.Root, "docs", "conformance.md"), string.Concat(Titles().Where(sections.ContainsKey).Select(one => (one == Preface ? "" : $"## {one}\n\n") + sections[one].Trim() + "\n\n")).TrimEnd() + "\n");
                return;
            }
            Assert.True(sections.TryGetValue(title, out var committed), $"docs/conformance.md has no section '{title}'. Write it: {Command}");
            Assert.Equal(committed.Trim(), text.Trim());
        }
    }

    /// <summary>Sections that nothing writes.</summary>
    public static IEnumerable<string> Strangers() => Read().Keys.Except(Titles());

    private static IEnumerable<string> Titles() => [Preface, .. Situation.All.Select(situation => situation.Title)];

    private static Dictionary<string, string> Read()
    {
        if (!File.Exists(Path.Combine(Repository.Root, "docs", "conformance.md"))) return [];
        var parts = Heading().Split(File.ReadAllText(Path.Combine(Repository.Root, "docs", "conformance.md")));
        var sections = new Dictionary<string, string>(StringComparer.Ordinal) { [Preface] = parts[0] };
        for (var at = 1; at + 1 < parts.Length; at += 2) sections[parts[at]] = parts[at + 1];
        return sections;
    }

    /// <summary>A table of these rows under these heads.</summary>
    public static string Table(string[] heads, IEnumerable<string[]> rows)
    {
        var table = new StringBuilder();
        table.Append("| ").AppendJoin(" | ", heads).Append(" |\n|").Append(string.Concat(heads.Select(_ => "---|"))).Append('\n');
        foreach (var row in rows) table.Append("| ").AppendJoin(" | ", row).Append(" |\n");
        return table.ToString();
    }

    [GeneratedRegex("^## (.+)$\n", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex Heading();
}
