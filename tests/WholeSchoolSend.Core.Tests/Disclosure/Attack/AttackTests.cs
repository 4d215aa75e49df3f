using System.Globalization;
using System.Text;
using WholeSchoolSend.Core.Disclosure;
using WholeSchoolSend.Core.Kpis;

namespace WholeSchoolSend.Core.Tests.Disclosure.Attack;

/// <summary>An attacker with every document ever published, over many histories: with the rules on it finds nothing, with one off it does.</summary>
public sealed class AttackTests
{
    /// <summary>Set, the table of the guide is written instead of compared.</summary>
    private const string Write = "WRITE_DISCLOSURE";

    /// <summary>Set to minutes, histories nobody has looked at are attacked for so long.</summary>
    private const string Wide = "WIDE_ATTACK";

    private const int FirstOfAWideRun = 10_001;

    private const int HistoriesWithARuleOff = 40;

    /// <summary>Two hundred, and those of more in which an earlier state of the rules was found wanting.</summary>
    private static readonly int[] Histories = [.. Enumerable.Range(1, 200), 278, 341, 562, 675, 809, 893, 1056, 1127, 1144, 1298, 1461, 1574, 1645, 1745, 1850, 10_174];

    /// <summary>No threshold at all: whatever somebody answered is shown.</summary>
    private static readonly DisclosurePolicy NoThresholds = new() { MinRespondents = 1, MinSchools = 1, MaxSchoolShare = 1, ReliableRespondents = 1, MaxWidth = 100 };

    public static TheoryData<string> Rules => [.. Stories.All.Keys];

    [Theory]
    [MemberData(nameof(Rules))]
    public async Task Each_rule_is_all_that_keeps_an_answer_in_one_story(string rule)
    {
        var safe = Attacker.Attack(await Stories.All[rule](new DisclosurePolicy()), Catalogue.Current);
        Assert.NotEqual(0, safe.Figures);
        Assert.Empty(safe.Recovered);
        Assert.NotEmpty(Attacker.Attack(await Stories.All[rule](Without(rule)), Catalogue.Current).Recovered);
    }

    [Fact]
    public async Task No_history_gives_an_answer_away_and_the_guide_says_what_was_tried()
    {
        var rows = new List<string> { await RowAsync("all rules hold", _ => new DisclosurePolicy(), Histories, mayRecover: false) };
        foreach (var rule in Stories.All.Keys) rows.Add(await RowAsync($"without `{(rule == "thresholds" ? "Thresholds" : rule)}`", _ => Without(rule), Histories[..HistoriesWithARuleOff], mayRecover: true, rule));
        rows.Add(await RowAsync("without the guard (`Differences` and `Together`)", _ => new DisclosurePolicy { Off = DisclosureRule.Differences | DisclosureRule.Together }, Histories[..HistoriesWithARuleOff], mayRecover: true));

        var guide = DocumentationTests.PathOf("docs/disclosure.md");
        var lines = (await File.ReadAllLinesAsync(guide, TestContext.Current.CancellationToken)).ToList();
        var first = lines.FindIndex(line => line.StartsWith("| all rules hold", StringComparison.Ordinal));
        var last = lines.FindLastIndex(line => line.StartsWith("| without ", StringComparison.Ordinal));
        if (Environment.GetEnvironmentVariable(Write) is null) Assert.Equal(rows, lines[first..(last + 1)]);
        else await File.WriteAllTextAsync(guide, string.Join('\n', [.. lines[..first], .. rows, .. lines[(last + 1)..], ""]), TestContext.Current.CancellationToken);
    }

    /// <summary>As many histories as there is time for: <c>WIDE_ATTACK=8</c> minutes. What it prints stands in the guide.</summary>
    [Fact]
    public async Task No_history_of_a_wide_run_gives_an_answer_away()
    {
        if (!double.TryParse(Environment.GetEnvironmentVariable(Wide), CultureInfo.InvariantCulture, out var minutes)) Assert.Skip($"{Wide} says for how many minutes.");
        var until = TimeProvider.System.GetUtcNow().AddMinutes(minutes);
        var (histories, documents, figures, targets) = (0, 0, 0, 0);
        for (var seed = FirstOfAWideRun; TimeProvider.System.GetUtcNow() < until; seed++)
        {
            var history = new History(seed, new DisclosurePolicy());
            await history.RunAsync();
            var attacked = Attacker.Attack(history.Programme, Catalogue.Current);
            Assert.True(attacked.Recovered.Count == 0, $"history {seed}: {string.Join("; ", attacked.Recovered)}");
            (histories, documents, figures, targets) = (histories + 1, documents + attacked.Documents, figures + attacked.Figures, targets + attacked.Targets);
        }
        Assert.NotEqual(0, targets);
        TestContext.Current.TestOutputHelper?.WriteLine($"{histories} histories, {documents} issues, {figures} figures, {targets} targets, 0 recovered");
    }

    private static async Task<string> RowAsync(string name, Func<int, DisclosurePolicy> policy, int[] histories, bool mayRecover, string? story = null)
    {
        var (documents, figures, targets, recovered, open) = (0, 0, 0, 0, 0);
        foreach (var seed in histories)
        {
            var history = new History(seed, policy(seed));
            await history.RunAsync();
            var attacked = Attacker.Attack(history.Programme, Catalogue.Current);
            Assert.True(mayRecover || attacked.Recovered.Count == 0, $"history {seed}: {string.Join("; ", attacked.Recovered)}");
            (documents, figures, targets, recovered) = (documents + attacked.Documents, figures + attacked.Figures, targets + attacked.Targets, recovered + attacked.Recovered.Count);
            if (attacked.Recovered.Count > 0) open++;
        }
        var made = story is null ? "" : Attacker.Attack(await Stories.All[story](policy(0)), Catalogue.Current).Recovered.Count.ToString(CultureInfo.InvariantCulture);
        return new StringBuilder().Append(CultureInfo.InvariantCulture, $"| {name} | {histories.Length} | {documents} | {figures} | {targets} | {recovered} | {open} | {made} |").ToString();
    }

    private static DisclosurePolicy Without(string rule) => rule == "thresholds" ? NoThresholds : new DisclosurePolicy { Off = Enum.Parse<DisclosureRule>(rule) };
}
