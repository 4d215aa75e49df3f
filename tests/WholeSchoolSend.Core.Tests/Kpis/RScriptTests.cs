using System.Diagnostics;
using System.Globalization;
using WholeSchoolSend.Core.Disclosure;
using WholeSchoolSend.Core.Kpis;

namespace WholeSchoolSend.Core.Tests.Kpis;

/// <summary>The script that goes with a KPI's evidence gives the same figures in R as ours.</summary>
public sealed class RScriptTests
{
    /// <summary>Figures the script leaves out, as it says itself: one that others published has only its test worked, where there is one.</summary>
    private static readonly string[] NotWorkedAgain = ["wider-standardised", "difference-standardised", "published-2016-assumed", "published-2016"];

    [Theory]
    [InlineData("K1", 30)]
    [InlineData("K2", 18)]
    [InlineData("K4", 23)]
    [InlineData("A1", 10)]
    [InlineData("K5", 21)]
    [InlineData("K6", 16)]
    [InlineData("U1", 1)]
    [InlineData("K2", 48, true)]
    public async Task R_works_the_figures_of_a_KPI_again(string id, int figures, bool throughWaves = false)
    {
        var evidence = throughWaves ? Evidences.Waves() : Evidences.Of(id);
        var explained = new ExplainKpi(null!, null!, Catalogue.Current, new DisclosurePolicy()).Explain(Catalogue.Current.Kpis.Single(kpi => kpi.Id == id), evidence, []);
        var lines = await RunAsync(explained.Script);
        var compared = 0;
        foreach (var line in lines.Where(line => line.StartsWith(id, StringComparison.Ordinal)))
        {
            var cells = line.Split('\t');
            var ours = explained.Readings.Single(reading => reading.Reading == cells[0] && (reading.Result.Wave ?? "all") == cells[1]).Result.Figures.Single(figure => figure.Name == cells[2]);
            Same(line, cells[3], ours.Value);
            Same(line, cells[4], ours.Lower);
            Same(line, cells[5], ours.Upper);
            Same(line, cells[6], ours.StandardError);
            Same(line, cells[7], ours.DegreesOfFreedom);
            Same(line, cells[8], ours.PValue);
            compared++;
        }
        Assert.Equal(figures, compared);
        var worked = lines.Select(line => string.Join(' ', line.Split('\t').Take(3))).ToHashSet(StringComparer.Ordinal);
        var left = explained.Readings.SelectMany(reading => reading.Result.Figures.Where(figure => figure.Value is not null)
            .Where(figure => !worked.Contains($"{reading.Reading} {reading.Result.Wave ?? "all"} {figure.Name}")).Select(figure => figure.Name));
        Assert.Empty(left.Distinct().Except(NotWorkedAgain));
        Assert.Contains("# Left out: the wider arm", explained.Script, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_outside_the_base_is_counted_by_reason()
    {
        var explained = new ExplainKpi(null!, null!, Catalogue.Current, new DisclosurePolicy()).Explain(Catalogue.Current.Kpis.Single(kpi => kpi.Id == "K1"), Evidences.Of("K1"), []);
        var leaders = explained.Readings.Single(reading => reading.Reading == "K1.leaders");
        var sencos = explained.Readings.Single(reading => reading.Reading == "K1.sencos");
        Assert.True(leaders.Outside["dk"] > 0);
        // Everybody is a leader or a SENCO there: whom one reading does not count, the other has in its base or outside it.
        var based = (ReadingEvidence reading) => reading.Result.Figures[0].Base!.Value + reading.Outside.Values.Sum();
        Assert.Equal((based(sencos), based(leaders)), (leaders.OtherRoles, sencos.OtherRoles));
        Assert.DoesNotContain("100001", explained.Script, StringComparison.Ordinal);

        // Of interviews it is said what nobody could code.
        ReadingEvidence Of(string kpi, string reading) => new ExplainKpi(null!, null!, Catalogue.Current, new DisclosurePolicy())
            .Explain(Catalogue.Current.Kpis.Single(one => one.Id == kpi), Evidences.Organisations(), []).Readings.Single(one => one.Reading == reading);
        Assert.Equal(["dk=1"], Of("K5", "K5.aware").Outside.Select(code => $"{code.Key}={code.Value}"));
        Assert.Equal(["dk=6"], Of("K5", "K5.use").Outside.Select(code => $"{code.Key}={code.Value}"));
    }

    [Fact]
    public void What_is_not_combined_is_not_worked_again_either()
    {
        var leaders = Evidences.Leaders();
        var twice = leaders with { Sources = [.. leaders.Sources, .. leaders.Sources.Select(source => source with { Name = "another/poll" })] };
        var script = new ExplainKpi(null!, null!, Catalogue.Current, new DisclosurePolicy()).Explain(Catalogue.Current.Kpis.Single(kpi => kpi.Id == "K1"), twice, []).Script;
        Assert.Contains("# autumn: its evidence comes from", script, StringComparison.Ordinal);
        Assert.DoesNotContain("read.csv", script, StringComparison.Ordinal);
    }

    [Fact]
    public void Targets_and_what_the_wording_leaves_open_go_with_the_evidence()
    {
        var explain = new ExplainKpi(null!, null!, Catalogue.Current, new DisclosurePolicy());
        var k1 = explain.Explain(Catalogue.Current.Kpis.Single(kpi => kpi.Id == "K1"), Evidences.Leaders(), []);
        Assert.Equal((TargetRelation.AtLeast, 70), (k1.Readings[0].Target!.Relation, k1.Readings[0].Target!.Value));
        Assert.Contains(k1.Notes, note => note.StartsWith("engaged schools volunteered", StringComparison.Ordinal));
        var k3 = explain.Explain(Catalogue.Current.Kpis.Single(kpi => kpi.Id == "K3"), Evidences.Leaders(), []);
        Assert.Equal(("K2", 0), (k3.DuplicateOf, k3.Readings.Count));
        Assert.Contains("# It repeats K2 word for word", k3.Script, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_held_is_not_worked_again()
    {
        var organisations = Evidences.Organisations();
        var first = organisations.Sources.Single(source => source.Collection == "stakeholders");
        var other = first with { Name = "another/interviewer", Totals = [.. first.Totals.Select(totals => totals with { Cells = [.. totals.Cells.Select(cell => cell with { Code = "3" })] })] };
        var explained = new ExplainKpi(null!, null!, Catalogue.Current, new DisclosurePolicy())
            .Explain(Catalogue.Current.Kpis.Single(kpi => kpi.Id == "K5"), organisations with { Sources = [.. organisations.Sources, other] }, []);
        Assert.True(explained.Readings.Single(reading => reading.Reading == "K5.aware").Result.IsHeld);
        Assert.Contains("# K5.aware, panel: held, organisations are coded in two ways", explained.Script, StringComparison.Ordinal);
        Assert.DoesNotContain("panel(\"K5.aware\"", explained.Script, StringComparison.Ordinal);
        Assert.Contains("examples(\"K5.reviews\"", explained.Script, StringComparison.Ordinal);
    }

    private static void Same(string line, string r, double? ours)
    {
        var theirs = double.Parse(r.Replace("NA", "NaN", StringComparison.Ordinal), CultureInfo.InvariantCulture);
        if (double.IsNaN(theirs)) return;   // what R was not asked for
        Assert.True(ours is { } value && Math.Abs(value - theirs) <= 1e-8 * Math.Max(1e-3, Math.Abs(theirs)), string.Create(CultureInfo.InvariantCulture, $"{line}: ours is {ours:R}"));
    }

    private static async Task<string[]> RunAsync(string script)
    {
        var file = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.R");
        await File.WriteAllTextAsync(file, script, TestContext.Current.CancellationToken);
        try
        {
            if (!IsThere("-e", "if (!requireNamespace('survey', quietly = TRUE)) quit(status = 1)")) Assert.Skip("R and its package survey (Debian: r-cran-survey) are not installed here.");
            using var r = Start(file);
            var (output, errors) = (r.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), r.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
            await r.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(r.ExitCode == 0, await errors);
            return (await output).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static bool IsThere(params string[] arguments)
    {
        try
        {
            using var r = Start(arguments);
            r.WaitForExit();
            return r.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private static Process Start(params string[] arguments) =>
        Process.Start(new ProcessStartInfo("Rscript", arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
}
