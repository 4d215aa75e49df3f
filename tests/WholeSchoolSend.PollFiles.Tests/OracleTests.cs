using System.Globalization;
using System.Text.RegularExpressions;

namespace WholeSchoolSend.PollFiles.Tests;

/// <summary>
/// Every SPSS file at hand, cell for cell and label for label, as ReadStat 1.1.8, PSPP 1.6.2 and haven 2.5.1 read it. Where the programs are not
/// installed (apt-get install readstat pspp r-cran-haven) the outputs kept beside the files are compared with.
/// </summary>
public sealed partial class OracleTests
{
    public static TheoryData<string> Files => [.. Oracles.Files];

    [Theory, MemberData(nameof(Files))]
    public Task Every_cell_is_what_readstat_reads(string file) => CompareAsync(file, Oracles.ReadStat);

    [Theory, MemberData(nameof(Files))]
    public Task Every_cell_is_what_pspp_reads(string file) => CompareAsync(file, Oracles.Pspp);

    [Theory, MemberData(nameof(Files))]
    public Task Every_cell_is_what_haven_reads(string file) => CompareAsync(file, Oracles.Haven);

    [Theory, MemberData(nameof(Files))]
    public async Task The_dictionary_is_what_pspp_reads(string file)
    {
        Assert.SkipUnless(Oracles.IsInstalled("pspp"), "pspp is not installed (apt-get install pspp).");
        var ours = (await Oracles.ReadAsync(file)).Header;
        var said = await SaidOfDictionaryAsync(file);
        var renamed = file.EndsWith("hebrews.sav", StringComparison.Ordinal);
        Assert.Equal(said.Variables.Select(row =>
            (renamed ? ours.Variables[0].Name : row["Name"], row.GetValueOrDefault("Label", ""),
                Filling().Replace(row.GetValueOrDefault("Missing Values", ""), "\""))),
            ours.Variables.Select(variable => (variable.Name, variable.Label, Shown(variable.Missing, variable.Kind))));
        // Where the file does not say how a variable is measured, PSPP guesses from its values.
        Assert.All(said.Variables.Zip(ours.Variables).Where(pair => pair.Second.Measure != VariableMeasure.Unknown),
            pair => Assert.Equal(pair.First["Measurement Level"], pair.Second.Measure.ToString()));
        Assert.Equal(said.Weight, ours.WeightVariable);
        Assert.Equal(said.Labels, ours.Variables.Where(variable => variable.ValueLabels.Count > 0)
            .SelectMany(variable => variable.ValueLabels.OrderBy(label => variable.Kind == VariableKind.Text ? 0
                : double.Parse(label.Code, CultureInfo.InvariantCulture))
                .ThenBy(label => label.Code, StringComparer.Ordinal).Select(label => (label.Code, label.Label))));
        Assert.Equal(said.Sets, ours.MultipleResponseSets.OrderBy(set => set.Name, StringComparer.Ordinal)
            .Select(set => (set.Name, set.Label, set.CountedValue ?? "", string.Join('\n', set.Columns.Select(column => ours.Variables[column].Name)))));
    }

    [Fact]
    public void Every_disagreement_is_of_a_file_that_is_compared()
    {
        Assert.SkipUnless(RealFilesTests.FindCorpus() is not null, "Others' poll files are not beside this checkout (../shared/corpus/polls/real).");
        var files = Oracles.Files.Select(Path.GetFileName).ToHashSet(StringComparer.Ordinal);
        Assert.All(Oracles.Disagreements.Keys, key => Assert.Contains(key.File, files));
    }

    // Only the cells a disagreement is about may differ, and at least one of them has to.
    private static async Task CompareAsync(string file, string oracle)
    {
        var found = await Oracles.AskAsync(file, oracle);
        Assert.SkipUnless(found is not null,
            $"{oracle} is not installed (apt-get install readstat pspp r-cran-haven), and no output of it is kept for this file.");
        var renamed = file.EndsWith("hebrews.sav", StringComparison.Ordinal);
        if (oracle != Oracles.Pspp || !renamed) Assert.Equal(found.TheirNames, found.OurNames);
        if (!Oracles.Disagreements.ContainsKey((Path.GetFileName(file), oracle))) Assert.Empty(found.Differ);
        else Assert.InRange(found.Differ.Count, renamed ? 0 : 1, renamed ? 0 : 2);
    }

    private static async Task<(List<Dictionary<string, string>> Variables, string? Weight, List<(string, string)> Labels,
        List<(string, string, string, string)> Sets)> SaidOfDictionaryAsync(string file)
    {
        using var folder = new Oracles.TemporaryFolder();
        var (syntax, output) = (Path.Combine(folder.Path, "ask.sps"), Path.Combine(folder.Path, "said.csv"));
        await File.WriteAllTextAsync(syntax, $"GET FILE='{Oracles.Find(file)}'.\nSHOW WEIGHT.\nDISPLAY DICTIONARY.\nMRSETS /DISPLAY NAME=ALL.\n");
        await Oracles.RunAsync("pspp", "-o", output, "-O", "format=csv", syntax);
        var rows = Oracles.Csv(await File.ReadAllTextAsync(output));
        List<Dictionary<string, string>> variables = [];
        string[] names = [];
        List<(string, string)> labels = [];
        List<(string, string, string, string)> sets = [];
        string? weight = null;
        var table = "";
        foreach (var row in rows)
        {
            if (row[0].StartsWith("Table: ", StringComparison.Ordinal)) table = row[0][7..];
            else if (WeightNote().Match(row[0]) is { Success: true } note) weight = note.Groups[1].Value is "OFF" ? null : note.Groups[1].Value;
            else if (row[0] == "Name") names = row;
            else if (row.Length < 3 || row[0] is "Variable Value" || row[0].StartsWith("Footnote", StringComparison.Ordinal)) continue;
            else if (table == "Variables") variables.Add(names.Zip(row).ToDictionary(pair => pair.First, pair => pair.Second));
            else if (table == "Value Labels") labels.Add((Plain(row[1].Split('[')[0]), row[2]));
            else if (table == "Multiple Response Sets") sets.Add((row[0], row[1], row[3], row[4]));
        }
        return (variables, weight, labels, sets);

        static string Plain(string value) => double.TryParse(value, CultureInfo.InvariantCulture, out var number)
            ? number.ToString(CultureInfo.InvariantCulture) : value;
    }

    [GeneratedRegex(@"SHOW: WEIGHT is (.+)\.$")]
    private static partial Regex WeightNote();

    [GeneratedRegex(@" +""(?=;|$)")]
    private static partial Regex Filling();

    private static string Shown(MissingValues missing, VariableKind kind)
    {
        List<string> shown = [];
        if (missing.From is { } from && missing.To is { } to)
            shown.Add($"{(double.IsInfinity(from) ? "LOWEST" : from.ToString(CultureInfo.InvariantCulture))} THRU "
                + $"{(double.IsInfinity(to) ? "HIGHEST" : to.ToString(CultureInfo.InvariantCulture))}");
        shown.AddRange(missing.Codes.Select(code => kind == VariableKind.Text ? $"\"{code}\"" : code));
        return string.Join("; ", shown);
    }
}
