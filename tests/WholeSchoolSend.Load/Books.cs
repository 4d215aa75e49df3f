using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Azure.Data.Tables;

namespace WholeSchoolSend.Load;

/// <summary>What is stored in the end, read from the tables by this program itself, beside what senders were told.</summary>
internal static class Books
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>Waits until everything acknowledged is in the totals.</summary>
    /// <returns>how long it took.</returns>
    public static async Task<TimeSpan> SettleAsync(Stack stack)
    {
        var began = Stopwatch.GetTimestamp();
        await stack.RunAsync("RecomputeKpis");
        while (await CountAsync(stack, "P~", "P~~") > 0)
        {
            if (Stopwatch.GetElapsedTime(began) > Patience) throw new TimeoutException("Markers are still there five minutes after the last response.");
            await Task.Delay(TimeSpan.FromMilliseconds(500));
        }
        return Stopwatch.GetElapsedTime(began);
    }

    /// <summary>Every sentence that does not hold; none when nothing was lost and nothing counted twice.</summary>
    public static async Task<IReadOnlyList<string>> ErrorsAsync(Stack stack, Traffic traffic)
    {
        var rows = await CountAsync(stack, "R~", "R~~");
        var (people, schools) = await TotalsAsync(stack);
        var ledger = (await stack.GetAsync($"/api/ledger?source={Traffic.Source}")).GetProperty("days").EnumerateArray().ToList();
        int Fate(string fate) => ledger.Sum(day => day.TryGetProperty(fate, out var count) ? count.GetInt32() : 0);
        var told = traffic.Told;
        (string What, long Found, long Expected)[] equal =
        [
            ("responses stored", rows, traffic.Acknowledged),
            ("people in the totals", people, traffic.Acknowledged),
            ("schools in the totals", schools, Math.Min(traffic.Acknowledged, Traffic.Schools)),
            ("accepted in the ledger", Fate("accepted"), traffic.Acknowledged),
            ("told fates", told.Where(fate => fate.Key != "received").Sum(fate => fate.Value), traffic.Acknowledged),
            ("quarantined", Fate("quarantined"), 0),
            ("revised or in conflict", Fate("revised") + Fate("conflict"), 0),
        ];
        var errors = equal.Where(one => one.Found != one.Expected).Select(one => string.Create(CultureInfo.InvariantCulture, $"{one.What}: {one.Found}, and should be {one.Expected}")).ToList();
        // An answer that is lost on the way is told to nobody, but is in the ledger.
        if (Fate("duplicate") < told.GetValueOrDefault("duplicate")) errors.Add($"duplicates in the ledger: {Fate("duplicate")}, and {told.GetValueOrDefault("duplicate")} were told");
        return errors;
    }

    private static TableClient Evidence(Stack stack) => new(stack.Undisturbed, "Evidence");

    private static async Task<int> CountAsync(Stack stack, string from, string to)
    {
        var count = 0;
        await foreach (var row in Evidence(stack).QueryAsync<TableEntity>(row => row.PartitionKey == "senders" && row.RowKey.CompareTo(from) >= 0 && row.RowKey.CompareTo(to) < 0, select: ["RowKey"])) count++;
        return count;
    }

    private static async Task<(long People, int Schools)> TotalsAsync(Stack stack)
    {
        var (people, schools) = (0L, 0);
        await foreach (var row in Evidence(stack).QueryAsync<TableEntity>(row => row.PartitionKey == "senders" && row.RowKey.CompareTo("S~") >= 0 && row.RowKey.CompareTo("S~~") < 0))
        {
            if (row.GetBinary("Json0") is not { } json) continue;
            using var totals = JsonDocument.Parse(json);
            var here = totals.RootElement.GetProperty("cells").EnumerateArray().Sum(cell => cell.GetProperty("n").GetInt64());
            people += here;
            if (here > 0) schools++;
        }
        return (people, schools);
    }
}
