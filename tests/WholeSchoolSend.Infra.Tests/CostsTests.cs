using System.Globalization;
using WholeSchoolSend.Testing;

namespace WholeSchoolSend.Infra.Tests;

/// <summary>The table of docs/costs.md is its own arithmetic: whoever changes a price or a count there changes the sums too.</summary>
public sealed class CostsTests
{
    private static readonly string[] Lines = File.ReadAllLines(Path.Combine(Repository.Root, "docs/costs.md"));

    /// <summary>The prices assumed, as the table of prices begins them.</summary>
    private static readonly (string Price, string Says)[] Prices =
    [
        ("p1", "0.00036 for 10,000"), ("p2", "0.045 a GB (three buildings: × 1.25)"),
        ("p3", "0.40 for a million executions, 0.000026 for a GB-s; 250,000 and 100,000 GB-s"), ("p4", "0.000004 for a GB-s"), ("p5", "2.30 a GB, 5 GB"), ("p6", "0.50 every 15 minutes or more seldom, 1.50 every 5 minutes"),
    ];

    [Fact]
    public void Prices_are_those_of_the_sums() =>
        Assert.All(Prices, one => Assert.StartsWith(one.Says, Row(one.Price + " ")[0], StringComparison.Ordinal));

    [Theory]
    [InlineData(0, 1e4)]
    [InlineData(1, 1e6)]
    [InlineData(2, 1e8)]
    public void Every_sum_is_right(int column, double year)
    {
        var month = year / 12;
        var timers = NamesTests.TimerRuns();
        var requests = (4 * month) + (8640 * (16 + 10 + 10)) + (43_200 * 3) + timers;
        var kept = year * 5e3 / 1e9;
        var telemetry = ((4e3 * month) + (3e3 * timers) + 0.32e9) / 1e9;
        var executions = Math.Max(0, month + timers - 250_000) * 0.40 / 1e6;
        var busy = Math.Max(0, (0.0075 * month) + (2 * timers) - 100_000) * 0.000026;
        var sparse = Math.Max(0, (2 * month) + (2 * timers) - 100_000) * 0.000026;
        var logs = Math.Max(0, telemetry - 5) * 2.30;
        var rules = Infra.Predicted("main.prod").Of("Microsoft.Insights/scheduledQueryRules")
            .Sum(one => (string)one["properties"]!["evaluationFrequency"]! == "PT5M" ? 1.50 : 0.50);

        Is("responses a month, m", month);
        Is("storage requests", requests / 1e6);
        Is("× p1", requests / 1e4 * 0.00036);
        Is("kept after a year", kept);
        Is("× p2 × 1.25", kept * 0.045 * 1.25);
        Is("executions", executions);
        Is("GB-s busy", busy);
        Is("GB-s sparse", sparse);
        Is("telemetry:", telemetry);
        Is("less 5 GB, × p5", logs);
        Is("alerts", rules);
        var rest = (requests / 1e4 * 0.00036) + (kept * 0.045 * 1.25) + executions + logs + rules + Numbers("others")[0];
        Assert.Equal(new[] { Math.Round(rest + busy), Math.Round(rest + sparse) }.Distinct(), Numbers("**together"));

        void Is(string row, double expected)
        {
            var said = Numbers(row)[0];
            // As many digits as are written.
            var digits = Row(row)[column].Split(' ')[0].Split('.') is [_, var fraction] ? fraction.Length : 0;
            Assert.Equal(Math.Round(expected, digits, MidpointRounding.AwayFromZero), said, 6);
        }

        double[] Numbers(string row) =>
        [
            .. Row(row)[column].Replace("**", "", StringComparison.Ordinal).Replace(",", "", StringComparison.Ordinal).Split(' ')
                .Where(word => char.IsAsciiDigit(word[0])).Select(word => double.Parse(word, CultureInfo.InvariantCulture)),
        ];
    }

    /// <summary>The cells after the first of the row that begins so.</summary>
    private static string[] Row(string begins) =>
        Assert.Single(Lines, line => line.StartsWith($"| {begins}", StringComparison.Ordinal)).Split('|', StringSplitOptions.TrimEntries)[2..^1];
}
