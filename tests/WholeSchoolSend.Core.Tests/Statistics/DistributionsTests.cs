using System.Diagnostics;
using System.Globalization;
using WholeSchoolSend.Core.Statistics;

namespace WholeSchoolSend.Core.Tests.Statistics;

/// <summary>
/// Quantiles and tail probabilities against R's, to 1e-8 of the value: a fixed sample of the grid always, and the whole of it where Rscript is installed.
/// One command: <c>dotnet test tests/WholeSchoolSend.Core.Tests --filter DistributionsTests</c>.
/// </summary>
public sealed class DistributionsTests
{
    private const double Allowed = 1e-8;

    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "files", "distributions");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void A_sample_of_Rs_values_is_met() => Compare(File.ReadAllLines(Path.Combine(Folder, "distributions.csv")), 250);

    [Fact]
    public async Task All_of_Rs_values_are_met_tails_included()
    {
        var start = new ProcessStartInfo("Rscript", [Path.Combine(Folder, "distributions.R"), "all"]) { RedirectStandardOutput = true, UseShellExecute = false };
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("Rscript (Debian: r-base-core) is not installed here.");
            throw;
        }
        using (process)
        {
            var lines = (await process.StandardOutput.ReadToEndAsync(Cancellation)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            await process.WaitForExitAsync(Cancellation);
            Assert.Equal(0, process.ExitCode);
            Compare(lines, 5_500);
        }
    }

    private static void Compare(string[] lines, int least)
    {
        var wrong = new List<string>();
        var worst = new SortedDictionary<string, (double Off, string Line, int Count)>(StringComparer.Ordinal);
        foreach (var line in lines.Skip(1))
        {
            var cells = line.Split(',');
            var (a, b, c, theirs) = (Number(cells[1]), Number(cells[2]), Number(cells[3]), Number(cells[4]));
            var ours = cells[0] switch
            {
                "t quantile" => Distributions.StudentTUpperQuantile(a, b),
                "normal quantile" => Distributions.NormalUpperQuantile(a),
                "beta quantile" => Distributions.BetaQuantile(a, b, c),
                "t two-sided" => Distributions.StudentTTwoSided(a, b),
                "normal two-sided" => Distributions.NormalTwoSided(a),
                "chi-square upper" => Distributions.ChiSquareUpper(a, b),
                "F upper" => Distributions.FUpper(a, b, c),
                _ => throw new InvalidDataException($"R gives what is not compared: {cells[0]}"),
            };
            var off = theirs == 0 ? Math.Abs(ours) : Math.Abs((ours / theirs) - 1);
            var before = worst.GetValueOrDefault(cells[0], (-1, "", 0));
            worst[cells[0]] = off > before.Off ? (off, line, before.Count + 1) : before with { Count = before.Count + 1 };
            if (!(off <= Allowed)) wrong.Add(FormattableString.Invariant($"{line}: ours is {ours:R}, off by {off:0.0e0}"));
        }
        foreach (var (what, (off, line, count)) in worst) TestContext.Current.TestOutputHelper!.WriteLine(FormattableString.Invariant($"{what}: {count} values, largest deviation {off:0.0e0} at {line}"));
        Assert.True(wrong.Count == 0, $"{wrong.Count} of {lines.Length - 1} are off by more than {Allowed}:\n{string.Join('\n', wrong.Take(40))}");
        Assert.Equal(7, worst.Count);
        Assert.InRange(lines.Length, least, int.MaxValue);

        static double Number(string text) => text.Length == 0 ? double.NaN : double.Parse(text, CultureInfo.InvariantCulture);
    }
}
