namespace WholeSchoolSend.PollFiles.Tests;

/// <summary>Others' files, read where they lie beside the checkout: they are not ours to copy.</summary>
public sealed class RealFilesTests
{
    [Fact]
    public async Task The_qualtrics_export_has_three_header_rows()
    {
        var reading = await ReadAsync("ropensci_qualtRics/sample.csv");
        Assert.Empty(reading.Codes);
        Assert.Contains(reading.Header!.Notes, note => note.Code == "header-rows");
        Assert.Equal("Name des Empfängers", reading.Header.Variables[10].Label.Replace("Vorname", "Name", StringComparison.Ordinal));
        Assert.Equal("Hello World!", Assert.Single(reading.Rows)[reading.Header.Columns("q2")[0]]);
    }

    [Fact]
    public async Task The_legacy_qualtrics_export_ends_its_lines_in_a_comma()
    {
        var reading = await ReadAsync("ropensci_qualtRics/sample_legacy.csv", new() { HeaderRows = 2 });
        Assert.Empty(reading.Codes);
        Assert.Equal(15, reading.Header!.Variables.Count);
        Assert.Equal("ResponseID", reading.Header.Variables[0].Label);
        Assert.Equal("R_2YPOQ602ER1jkf1", Assert.Single(reading.Rows)[0]);
    }

    [Fact]
    public async Task The_register_of_schools_is_read_by_the_names_of_its_columns()
    {
        var reading = await ReadAsync("DFE-Digital_education-benchmarking-and-insights/gias.csv");
        Assert.Empty(reading.Codes);
        Assert.Equal(60, reading.Rows.Count);
        foreach (var name in new[] { "URN", "EstablishmentName", "PhaseOfEducation (code)", "GOR (name)", "Trusts (code)" })
            Assert.Single(reading.Header!.Columns(name));
        Assert.Equal("130000", reading.Rows[0][reading.Header!.Columns("urn")[0]]);
    }

    [Theory]
    [InlineData("Roche_pyreadstat/sample.por", "SPSS portable")]
    public async Task Formats_not_read_yet_are_refused_by_name(string file, string name)
    {
        var reading = await ReadAsync(file);
        Assert.Equal([PollFileCodes.FormatUnsupported], reading.Codes);
        Assert.Contains(name, reading.FileProblem!.Message, StringComparison.Ordinal);
    }

    // The three records of the official book's example, as its own data files show them.
    [Theory]
    [InlineData("example1.sss", "example1.txt", "Triple-S 2.0 (fixed)")]
    [InlineData("example1a.sss", "example1.txt", "Triple-S 2.0 (fixed)")]
    [InlineData("example2.sss", "example2.txt", "Triple-S 2.0 (CSV)")]
    public async Task The_examples_of_the_triple_s_book_read_alike_fixed_and_as_csv(string description, string data, string format)
    {
        var folder = Path.Combine(Corpus(), "IBMPredictiveAnalytics_STATS_GET_TRIPLES");
        var reading = await Reading.OfPairAsync(
            await File.ReadAllBytesAsync(Path.Combine(folder, description), TestContext.Current.CancellationToken),
            await File.ReadAllBytesAsync(Path.Combine(folder, data), TestContext.Current.CancellationToken));
        Assert.Empty(reading.Codes);
        var header = reading.Header!;
        Assert.Equal(format, header.Format);
        Assert.Equal("WT", header.WeightVariable);
        Assert.Equal("RESPONDENT_ID", header.RespondentVariable);
        Assert.Equal(
            ["RESPONDENT_ID", "Q1.a", "Q1.b", "Q2", "Q3_1", "Q3_2", "Q3_3", "Q3_4", "Q3_5", "Q3_9", "Q3.a", "Q4", "Q5_1", "Q5_2", "Q5_3", "Q5_4", "Q5_5",
                "Q5_9", "Q6", "Q7", "Q8", "WT"],
            header.Variables.Select(variable => variable.Name));
        Assert.Equal(["Q3", "Q5"], header.MultipleResponseSets.Select(set => set.Name));
        Assert.All(header.MultipleResponseSets, set => Assert.Equal("1", set.CountedValue));
        Assert.Equal("Attractions visited \"Friar Tuck\" Restaurant", header.Variables[6].Label);
        Assert.Equal("Frequency of visit", header.Variables[3].Label);
        Assert.Equal([new("A", "Within 3 months"), new("B", "Between 3 months and 1 year"), new("C", "More than 1 years time")],
            header.Variables[20].ValueLabels);
        Assert.Equal(
        [
            "520001|2005-05-04|11:20:00|0|1|0|1|0|1|1|Nottingham Goose Fair|2|1|0|0|0|1|0|25|1|A|1.131",
            "520002|2005-05-06|13:43:00|2|0|1|0|0|0|0||9|0|1|0|0|0|0|100|0||0.9921",
            "520003|2005-05-03|18:05:00|1|1|1|0|0|0|1|\"Heritage\" Zone|1|0|1|0|0|0|1|999|1|C|1.0089",
        ], reading.Rows.Select(row => string.Join('|', row.Select((cell, column) => column == 21 ? cell.TrimEnd('0') : cell))));
    }

    [Fact]
    public async Task Every_other_csv_is_read_without_a_fault()
    {
        foreach (var file in Directory.GetFiles(Path.Combine(Corpus(), "Roche_pyreadstat"), "*.csv"))
        {
            var reading = await Reading.OfAsync(await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken));
            Assert.True(reading.Rows.Count > 0 || reading.FileProblem is not null, file);
        }
    }

    private static async Task<Reading> ReadAsync(string file, PollFileOptions? options = null) =>
        await Reading.OfAsync(await File.ReadAllBytesAsync(Path.Combine(Corpus(), file), TestContext.Current.CancellationToken), options);

    internal static string? FindCorpus()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "WholeSchoolSend.Functions.sln"))) folder = folder.Parent;
        var corpus = Path.Combine(folder?.FullName ?? "/", "..", "shared", "corpus", "polls", "real");
        return Directory.Exists(corpus) ? corpus : null;
    }

    private static string Corpus()
    {
        Assert.SkipUnless(FindCorpus() is not null, "Others' poll files are not beside this checkout (../shared/corpus/polls/real).");
        return FindCorpus()!;
    }
}
