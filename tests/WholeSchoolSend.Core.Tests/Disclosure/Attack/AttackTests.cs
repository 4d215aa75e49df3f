using System.Globalization;
using System.Text;
using WholeSchoolSend.Core.Disclosure;
using WholeSchoolSend.Core.Kpis;

namespace WholeSchoolSend.Core.Tests.Disclosure.Attack;

/// <summary>An attacker with every document ever published, over many histories: with the rules on it finds nothing, with one off it does.</summary>
public sealed class AttackTests
{
    [Fact]
    public async Task Smoke()
    {
        var total = new StringBuilder();
        for (var seed = 1; seed <= 6; seed++)
        {
            foreach (var off in (DisclosureRule[])[DisclosureRule.None, DisclosureRule.Secondary, DisclosureRule.Masks, DisclosureRule.Changes, DisclosureRule.Differences | DisclosureRule.Together])
            {
                var history = new History(seed, new DisclosurePolicy { Off = off });
                var clock = System.Diagnostics.Stopwatch.StartNew();
                await history.RunAsync();
                var ran = clock.ElapsedMilliseconds;
                var attacked = Attacker.Attack(history.Programme, Catalogue.Current);
                total.AppendLine(CultureInfo.InvariantCulture, $"{seed} {off}: {attacked.Documents} docs {attacked.Figures} figures {attacked.Targets} targets {attacked.Recovered.Count} recovered {string.Join("; ", attacked.Recovered.Take(4))} {ran} ms {clock.ElapsedMilliseconds - ran} ms");
            }
        }
        await File.WriteAllTextAsync("/tmp/smoke.txt", total.ToString());
    }
}
