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
    [InlineData("IBMPredictiveAnalytics_STATS_GET_TRIPLES/example1.sss", "Triple-S")]
    [InlineData("../lookalike/poll_rowlevel.xlsx", "Excel")]
    public async Task Formats_not_read_yet_are_refused_by_name(string file, string name)
    {
        var reading = await ReadAsync(file);
        Assert.Equal([PollFileCodes.FormatUnsupported], reading.Codes);
        Assert.Contains(name, reading.FileProblem!.Message, StringComparison.Ordinal);
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
