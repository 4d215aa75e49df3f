using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using WholeSchoolSend.Testing;

namespace WholeSchoolSend.Load;

/// <summary><c>docs/load.md</c>: a section for each kind of run, written by it.</summary>
internal static class Report
{
    private static readonly string[] Titles = ["Load", "Faults"];

    private const string Preface = """
        # Load and faults

        The real program in processes of its own, real HTTP, one Azurite on the same machine. Each section is written by its command:

            dotnet run -c Release --project tests/WholeSchoolSend.Load -- soak --minutes 30 --write
            dotnet run -c Release --project tests/WholeSchoolSend.Load -- faults --minutes 10 --seed 1 --write

        Senders sign each response as Typeform does and send it again until it is acknowledged. In the end the program counts what is in the tables by itself: every
        acknowledged response is stored once, is in the totals once and is `accepted` in the ledger once, or the run fails. A little of each runs with the tests.
        Times are this machine's on that day, shared by senders, pipeline and storage.
        """;

    public static string Of(LoadResult run, TimeSpan soak, double rate)
    {
        var text = new StringBuilder(Invariant($"{soak.TotalMinutes:0.#} minutes at {rate:0} responses a second, KPIs recomputed every 5 s and published every 10 s. Latency of a fixed rate is counted from when a request was due.\n\n"));
        text.Append("| part | offered a second | acknowledged a second | p50 ms | p95 ms | p99 ms | answers | process, most MB |\n|---|---|---|---|---|---|---|---|\n");
        foreach (var (phase, during) in run.Phases.Zip(["at once", "steady", "twice", "again"]).Where(part => part.First.Answers.Count > 0))
        {
            text.Append(Invariant($"| {phase.Name} | {(phase.Offered is { } offered ? Invariant($"{offered:#,0}") : "–")} | {phase.PerSecond:#,0} | {phase.Within(0.5):0.0} | {phase.Within(0.95):0.0} | {phase.Within(0.99):0.0} | "))
                .Append(Invariant($"{Answers(phase)} | {run.MostMegabytes(during):0} |\n"));
        }
        text.Append(Invariant($"\n- {run.Acknowledged:#,0} responses acknowledged. All in the totals {run.Settled.TotalSeconds:0.0} s after the last.\n"));
        text.Append(Invariant($"- Memory over the second half of the steady part: {run.Growth:+0.0;-0.0;0.0} MB an hour.\n"));
        return Books(text, run.Errors);
    }

    public static string Of(FaultResult run, TimeSpan duration, int seed, double rate)
    {
        var text = new StringBuilder(Invariant($"Two instances, {rate:0} responses a second, {duration.TotalMinutes:0.#} minutes, seed {seed}; one fault at a time, one to three seconds between.\n\n"));
        text.Append("| what broke | times | acknowledged again, median s after it was over | longest s | longest without an acknowledgement, s |\n|---|---|---|---|---|\n");
        foreach (var kind in run.Faults.GroupBy(fault => fault.Name).OrderBy(kind => kind.Key, StringComparer.Ordinal))
        {
            var times = kind.Select(fault => fault.Recovered.TotalSeconds).Order().ToList();
            text.Append(Invariant($"| {kind.Key} | {times.Count} | {times[times.Count / 2]:0.00} | {times[^1]:0.00} | {kind.Max(fault => fault.Silent.TotalSeconds):0.00} |\n"));
        }
        text.Append(Invariant($"\n- First attempts: {Answers(run.Phase)}. Sent again: {Answers(run.Again)}.\n"));
        text.Append(Invariant($"- {run.Acknowledged:#,0} responses acknowledged in the end. All in the totals {run.Settled.TotalSeconds:0.0} s after the last.\n"));
        return Books(text, run.Errors);
    }

    /// <summary>Prints the section, and writes it if asked to.</summary>
    /// <returns>1 when the books do not agree.</returns>
    public static int Tell(string title, string section, IReadOnlyList<string> errors, bool write)
    {
        Console.WriteLine($"\n## {title}\n\n{section}");
        if (write) Repository.WriteSection("load.md", _ => Preface, Titles, title, section);
        return errors.Count == 0 ? 0 : 1;
    }

    private static string Books(StringBuilder text, IReadOnlyList<string> errors) => text
        .Append(errors.Count == 0 ? "- The books agree: nothing lost, nothing counted twice." : $"- THE BOOKS DO NOT AGREE: {string.Join("; ", errors)}.")
        .Append(Invariant($"\n\nRun on {TimeProvider.System.GetUtcNow():yyyy-MM-dd}: {Environment.ProcessorCount} processors, {RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}."))
        .ToString();

    private static string Answers(Phase phase) =>
        phase.Answers.Count == 0 ? "none" : string.Join(", ", phase.Answers.OrderBy(answer => answer.Key, StringComparer.Ordinal).Select(answer => Invariant($"{answer.Value:#,0} × {answer.Key}")));

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
