using System.Globalization;

namespace WholeSchoolSend.Core.Tests.Statistics.Reference;

/// <summary>The table of agreement with R in docs/statistics.md is what the reference cases give today. WRITE_DOCS=1 writes it anew.</summary>
public sealed class AgreementTests
{
    private const string Document = "docs/statistics.md";

    private const string Heads = "| kind of case | cases | values compared | largest deviation below |";

    [Fact]
    public void The_guide_shows_how_far_the_estimators_agree_with_R()
    {
        var kinds = ReferenceFolder.Cases.Where(reference => reference.Folder == ReferenceFolder.Own)
            .GroupBy(reference => reference.Kind, StringComparer.Ordinal).OrderBy(kind => kind.Key, StringComparer.Ordinal)
            .Select(kind => (kind.Key, Cases: kind.Select(reference => new ReferenceComparison(reference, ReferenceEvaluation.Of(reference)!)).ToList()))
            .Select(kind => (Kind: $"`{kind.Key}`", kind.Cases.Count, Compared: kind.Cases.Sum(one => one.Compared), Largest: kind.Cases.Max(one => one.Largest)))
            .ToList();
        kinds.Add(("all", kinds.Sum(kind => kind.Count), kinds.Sum(kind => kind.Compared), kinds.Max(kind => kind.Largest)));

        if (Environment.GetEnvironmentVariable("WRITE_DOCS") == "1") Write(kinds.Select(kind => $"| {kind.Kind} | {kind.Count} | {kind.Compared:#,0} | {Bound(kind.Largest)} |"));

        var rows = DocumentationTests.Lines(Document).SkipWhile(line => line != Heads).Skip(2).TakeWhile(line => line.StartsWith('|')).Select(line => line.Split('|', StringSplitOptions.TrimEntries)).ToList();
        Assert.Equal(
            kinds.Select(kind => (kind.Kind, kind.Count.ToString(CultureInfo.InvariantCulture), kind.Compared.ToString("#,0", CultureInfo.InvariantCulture))), rows.Select(row => (row[1], row[2], row[3])));
        // The last digits are those of the machine: what is written bounds what is found, and not by much.
        foreach (var (kind, row) in kinds.Zip(rows))
        {
            var bound = double.Parse(row[4], CultureInfo.InvariantCulture);
            Assert.InRange(kind.Largest, bound <= 1e-14 ? 0 : bound / 1_000, bound);
        }
    }

    /// <summary>The next power of ten; 1e-14 where nothing differs by more.</summary>
    private static string Bound(double largest) => largest <= 1e-14 ? "1e-14" : $"1e{Math.Ceiling(Math.Log10(largest)):0}";

    private static void Write(IEnumerable<string> rows)
    {
        var lines = DocumentationTests.Lines(Document);
        var before = lines.TakeWhile(line => line != Heads).ToList();
        var after = lines.SkipWhile(line => line != Heads).SkipWhile(line => line.StartsWith('|'));
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "WholeSchoolSend.Functions.sln")))
                File.WriteAllText(Path.Combine(folder.FullName, Document), string.Join('\n', [.. before, Heads, "|---|---|---|---|", .. rows, .. after]) + "\n");
    }
}
