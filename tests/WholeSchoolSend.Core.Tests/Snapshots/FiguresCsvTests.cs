using System.Globalization;
using System.Text;
using WholeSchoolSend.Core.Snapshots;
using WholeSchoolSend.Core.Snapshots.Page;

namespace WholeSchoolSend.Core.Tests.Snapshots;

public sealed class FiguresCsvTests
{
    private static readonly DateOnly November = new(2026, 11, 1);

    public static TheoryData<string> Rules => [.. EesRules.All.Keys];

    [Theory]
    [MemberData(nameof(Rules))]
    public void It_keeps_the_rule_of_Explore_Education_Statistics(string rule)
    {
        Assert.True(EesRules.All[rule].Holds(Upload(Samples.Document)));
        Assert.True(EesRules.All[rule].Holds(Upload(Samples.Document with { Waves = [.. Samples.Document.Waves.Take(1)] })));
    }

    [Theory]
    [MemberData(nameof(Rules))]
    public void The_rule_would_find_what_breaks_it(string rule) => Assert.False(EesRules.All[rule].Holds(EesRules.All[rule].Break(Upload(Samples.Document))));

    [Fact]
    public void Every_number_of_the_document_is_in_it_as_published_and_no_other()
    {
        var data = Upload(Samples.Document).Data;
        var told = data.Columns.Index().Where(column => column.Item is "percentage" or "percentage_points" or "amount").SelectMany(column => data.Rows.Select(row => row[column.Index]))
            .Where(cell => double.TryParse(cell, CultureInfo.InvariantCulture, out _)).Select(cell => double.Parse(cell, CultureInfo.InvariantCulture)).Order();
        var results = Samples.Document.Kpis.SelectMany(kpi => kpi.Readings).SelectMany(reading => reading.Results).ToList();
        var published = results.SelectMany(result => result.Figures).Where(figure => figure.Symbol is null && figure.Value is not null && figure.Marks?.Contains("under_5") != true).Select(figure => figure.Value!.Value)
            .Concat(results.Where(result => result.Milestone is not null).Select(result => result.Milestone!.IsDelivered ? 1.0 : 0.0)).Order();
        Assert.Equal(published, told);
    }

    [Fact]
    public void A_figure_stands_in_its_wave_and_year_with_limits_and_base()
    {
        var data = Upload(Samples.Document).Data;
        var row = data.Rows.Single(row => row.Contains("K1.pooled: Engaged schools") && row.Contains("Leaders and SENCOs, autumn 2026 (2026-autumn)") && row[0] == "202627");
        Assert.Equal(["76", "72", "80", "z", "z", "z", "z", "z", "z", "420", "255", "z"], row.Skip(8));
        Assert.All(
            data.Rows.Where(row => row.Contains("K1.pooled: Engaged schools") && row.Contains("Leaders and SENCOs, autumn 2026 (2026-autumn)") && row[0] == "202526"),
            row => Assert.Equal(Enumerable.Repeat("z", 12), row.Skip(8)));
    }

    [Theory]
    [InlineData("K1.sencos: Engaged schools", "u")]
    [InlineData("K1.sencos: Difference (engaged minus wider)", "c")]
    [InlineData("A4.top2: Wider schools", "c")] // "under 5 %" is not 5
    public void What_is_withheld_is_a_symbol(string figure, string symbol)
    {
        var rows = Upload(Samples.Document).Data.Rows.Where(row => row.Contains(figure) && row.Contains("Leaders and SENCOs, autumn 2026 (2026-autumn)") && row[0] == "202627");
        Assert.Contains(symbol, Assert.Single(rows));
    }

    [Fact]
    public void What_was_not_found_yet_is_not_available()
    {
        var row = Upload(Samples.Document).Data.Rows.Single(row => row.Contains("K5.aware: No figure yet") && row[0] == "202627" && row.Contains("Total"));
        Assert.Equal(Enumerable.Repeat("x", 12), row.Skip(8));
    }

    [Theory]
    [InlineData("=HYPERLINK(\"x\")")]
    [InlineData("+44 20")]
    [InlineData("-cmd|' /C calc'!A0")]
    [InlineData("@SUM(1)")]
    [InlineData("\t=1+1")]
    [InlineData("a \"quoted\",\r\n=1")]
    public void Nothing_in_it_is_run_by_a_spreadsheet(string title)
    {
        var wave = Samples.Document.Waves[0] with { Title = title };
        var text = Encoding.UTF8.GetString(FiguresCsv.Data(Samples.Document with { Waves = [wave, .. Samples.Document.Waves.Skip(1)] }, November));
        var cells = Read(text).Rows.SelectMany(row => row).Distinct().ToList();
        Assert.DoesNotContain(cells, cell => cell.Length > 0 && "=+-@\t\r".Contains(cell[0]) && !double.TryParse(cell, CultureInfo.InvariantCulture, out _));
        Assert.Equal(Read(text).Rows.Count + 1, text.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Contains(cells, cell => cell.EndsWith($"({wave.Id})", StringComparison.Ordinal));
    }

    [Fact]
    public void Without_a_wave_there_is_no_filter_of_waves()
    {
        var document = Samples.Document with { Waves = [], Kpis = [.. Samples.Document.Kpis.Select(kpi => kpi with { Readings = [.. kpi.Readings.Select(reading => reading with { Results = [.. reading.Results.Where(result => result.Wave is null)] })] })] };
        var upload = Upload(document);
        Assert.DoesNotContain("wave", upload.Data.Columns);
        Assert.True(EesRules.All["filter_not_singular"].Holds(upload));
        Assert.Contains("527", upload.Data["amount"]);
    }

    [Theory]
    [InlineData("de-DE")]
    [InlineData("ar-SA")]
    [InlineData("tr-TR")]
    public void It_and_the_page_are_the_same_in_every_culture(string culture)
    {
        var before = CultureInfo.CurrentCulture;
        var entry = new SnapshotEntry("66f2e0", "2026/11/66f2e0.json", null, null, DateTimeOffset.Parse(Samples.Published, CultureInfo.InvariantCulture));
        var (expected, page) = (FiguresCsv.Data(Samples.Document, November), PublicPage.Of(Samples.Document, entry, new SnapshotIndex([entry])));
        try
        {
            CultureInfo.CurrentCulture = new CultureInfo(culture);
            Assert.Equal(expected, FiguresCsv.Data(Samples.Document, November));
            Assert.Equal(page, PublicPage.Of(Samples.Document, entry, new SnapshotIndex([entry])));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Theory]
    [InlineData(2026, 8, 31, "202526")]
    [InlineData(2026, 9, 1, "202627")]
    [InlineData(2099, 12, 1, "209900")]
    public void An_academic_year_begins_in_September(int year, int month, int day, string expected) => Assert.Equal(expected, FiguresCsv.AcademicYear(new DateOnly(year, month, day)));

    private static EesRules.Upload Upload(Snapshot document)
    {
        return new(
            "66f2e0.csv", "66f2e0.meta.csv",
            Read(Encoding.UTF8.GetString(FiguresCsv.Data(document, November))), Read(Encoding.UTF8.GetString(FiguresCsv.MetadataOf(document).Metadata)));
    }

    /// <summary>Reads as RFC 4180 has it.</summary>
    private static EesRules.Table Read(string text)
    {
        var rows = new List<IReadOnlyList<string>>();
        List<string> row = [];
        var cell = new StringBuilder();
        var quoted = false;
        for (var at = 0; at < text.Length; at++)
            switch (text[at])
            {
                case '"' when quoted && at + 1 < text.Length && text[at + 1] == '"': cell.Append(text[at++]); break;
                case '"': quoted = !quoted; break;
                case ',' when !quoted: End(); break;
                case '\r' when !quoted: break;
                case '\n' when !quoted:
                    End();
                    rows.Add(row);
                    row = [];
                    break;
                default: cell.Append(text[at]); break;
            }
        Assert.All(rows, one => Assert.Equal(rows[0].Count, one.Count));
        return new EesRules.Table(rows[0], rows[1..]);

        void End()
        {
            row.Add(cell.ToString());
            cell.Clear();
        }
    }
}
