using System.Text;

namespace WholeSchoolSend.Benchmarks;

/// <summary>Every budget: what holds it, and what came out of the last run. Counted ones are held by tests, so that a regression fails the build.</summary>
internal static class Budgets
{
    // Where a test holds it: Class.Method; where a benchmark measures it: "-- name". Core's DocumentationTests check that each is there.
    private static readonly IReadOnlyList<Budget> All =
    [
        new("storage transactions of a webhook response", "1", ["BudgetTests.A_response_costs_one_request_and_a_recompute_with_nothing_to_do_few"], []),
        new("webhook throughput, 8 senders, ÷ a bare loop of the same transaction", "≥ 0.8, aim 0.9", ["-- webhooks"], [new("Webhook throughput", "| our take-in of a coded response", 2, "take-in of a coded response"), new("Webhook throughput", "| the whole webhook path", 2, "the whole path, which the loop has no HTTP for"), new("Webhook throughput", "| the whole webhook path", 3, "of a minimal API that stores the same")]),
        new("verify, decode, map 5 KB of Typeform: time", "≤ 60 µs", ["-- decoding"], [new("Verify, decode, map", "| Typeform, 5 KB", 2, "µs")]),
        new("verify, decode, map 5 KB of Typeform: bytes", "≤ 20 KB", ["BudgetTests.The_five_kilobytes_that_are_timed_allocate_at_most_twenty", "-- decoding"], [new("Verify, decode, map", "| Typeform, 5 KB", 6, "KB")]),
        new("bytes of a delivery of 20 answers, every tool", "as counted, + 2 %", ["BudgetTests.A_delivery_of_twenty_answers_allocates_no_more_than_it_did"], []),
        new("import of 1,000,000 × 12 CSV ÷ DuckDB", "≤ 1, aim 0.5", ["-- import-csv"], [new("Import of 1,000,000 × 12 CSV to school totals", "| ours |", 4, "warm"), new("Import of 1,000,000 × 12 CSV to school totals", "| ours |", 2, "first pass")]),
        new("the same: memory above the empty process", "≤ 100 MB", ["-- import-csv"], [new("Import of 1,000,000 × 12 CSV to school totals", "| ours |", 7, "MB in one pass"), new("Import of 1,000,000 × 12 CSV to school totals", "| ours, no record twice", 7, "MB with no record twice, which grows with respondents by name")]),
        new("reading .sav ÷ ReadStat (haven), per cell, warm", "≤ 1", ["-- sav"], [new("Reading 200,000 × 30 SAV", "|  | R haven", 5, "uncompressed")]),
        new("storage transactions of an import", "≤ cells ÷ 100 + 20", ["BudgetTests.An_import_costs_a_request_for_a_hundred_cells_and_few_more", "-- import"], [new("From drop to active", "| poll", 6), new("From drop to active", "| poll", 7, "allowed")]),
        new("storage requests of a recompute", "≈ collections + changed schools + schools ÷ 1,000 a wave", ["BudgetTests.A_recompute_reads_what_changed_and_no_more", "-- growth"], [new("Growth of recompute and publish", "| 100,000 | 100,000 | recompute, one changed", 5, "with one of 100,000 schools changed: twice the 102, a school has two rows")]),
        new("all readings from 25,000 schools", "≤ 100 ms", ["-- kpis"], [new("All readings from 25,000 schools' totals", "| ours: ", 1, "ms")]),
        new("50,000 rows into 6,760 weighted cells with standard errors", "≤ 50 ms", ["-- weighted-table"], [new("50,000 rows into 6,760 weighted cells with standard errors", "| ours, all cells", 2, "ms")]),
        new("response to internal snapshot", "≤ a recompute period + a publish period + 10 s", ["-- snapshot"], [new("From response to internal snapshot", "| a response", 2, "s, longest"), new("From response to internal snapshot", "| a response", 3, "s allowed")]),
        new("start-up to the first 200, Azurite warm", "≤ 2 s", ["-- start-up"], [new("Start-up", "| the first 200", 1, "s")]),
    ];

    /// <summary>The table, with results as the sections of the document have them.</summary>
    public static string Table(IReadOnlyDictionary<string, string> sections)
    {
        var text = new StringBuilder("| what | budget | held by | last result |\n|---|---|---|---|\n");
        foreach (var budget in All)
        {
            var found = budget.Results.Select(result => result.In(sections)).OfType<string>().ToList();
            var last = budget.Results.Count == 0 ? "holds, or the build fails" : found.Count == 0 ? "not measured" : string.Join("; ", found);
            text.Append("| ").AppendJoin(" | ", budget.What, budget.Bound, string.Join(", ", budget.HeldBy.Select(holder => $"`{holder}`")), last).Append(" |\n");
        }
        return text.ToString();
    }

    private sealed record Budget(string What, string Bound, IReadOnlyList<string> HeldBy, IReadOnlyList<Result> Results);

    /// <param name="Row">how its line begins.</param>
    /// <param name="Column">from 0.</param>
    private sealed record Result(string Section, string Row, int Column, string Unit = "")
    {
        public string? In(IReadOnlyDictionary<string, string> sections) =>
            sections.GetValueOrDefault(Section)?.Split('\n').FirstOrDefault(line => line.StartsWith(Row, StringComparison.Ordinal)) is { } line
                ? $"{line.Split('|')[Column + 1].Trim()} {Unit}".Trim()
                : null;
    }
}
