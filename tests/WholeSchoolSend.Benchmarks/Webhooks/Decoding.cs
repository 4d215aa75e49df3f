using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Benchmarks.Webhooks;

/// <summary>What a delivery costs before it is stored: time and bytes, beside its HMAC and a bare parse of its JSON.</summary>
internal sealed class Decoding : Benchmark
{
    private const int Rounds = 200;
    private const int Typical = OneDelivery.Typical;

    public override string Name => "decoding";

    public override string Title => "Verify, decode, map";

    public override string Words =>
        "One delivery from raw bytes to coded observations (verify, decode, redact, mark its content, map by an instrument), without storage. *Typeform, 5 KB* is the budget's: at most 60 µs and 20 KB allocated, which `BudgetTests` counts, of every tool. The others "
        + $"hold the same {Typical} single choices in their own form. The baseline is a bare `JsonDocument.Parse` and an HMAC-SHA256 of the same bytes, in the same round.";

    public override Task<Findings> RunAsync()
    {
        var budget = OneDelivery.Fitting(5 * 1024);
        var cases = new List<(string Name, Action Ours, Action Baseline, int Bytes)> { Case("Typeform, 5 KB", "typeform", budget) };
        cases.AddRange(Enum.GetValues<Step>().Where(step => step != Step.All).Select(step => Case($"of it: {step.ToString().ToLowerInvariant()}", "typeform", budget, step)));
        cases.AddRange(SurveyTool.All.Keys.Order(StringComparer.Ordinal).Select(tool => Case(tool, tool, Typical)));
        var ours = cases.Select(_ => new Samples()).ToList();
        var bare = cases.Select(_ => new Samples()).ToList();
        foreach (var one in cases) (Time(one.Ours, 3_000), Time(one.Baseline, 3_000)).ToString();   // compiled to the end
        for (var round = 0; round < Rounds; round++)
        {
            for (var index = 0; index < cases.Count; index++)
            {
                // Short, so that most fit between two turns of others on the processor.
                ours[index].Add(Time(cases[index].Ours, 10));
                bare[index].Add(Time(cases[index].Baseline, 10));
            }
        }
        return Task.FromResult(new Findings(
            ["delivery", "bytes", "ours, µs", "least", "baseline, µs", "÷ baseline", "ours, KB allocated", "baseline, KB"],
            [
                .. cases.Select((one, index) => new[]
                {
                    one.Name, one.Bytes.ToString("#,0", CultureInfo.InvariantCulture), $"{ours[index]}", ours[index].Least(), $"{bare[index]}", $"{ours[index].Over(bare[index])}", Allocated(one.Ours), Allocated(one.Baseline),
                }),
            ],
            ["The least is nearest to what the work costs on a machine that is shared."]));
    }

    private static (string Name, Action Ours, Action Baseline, int Bytes) Case(string name, string tool, int questions, Step step = Step.All)
    {
        var delivery = new OneDelivery(tool, questions);
        var key = Encoding.UTF8.GetBytes(OneDelivery.Secret(tool));
        void Baseline()
        {
            HMACSHA256.HashData(key, delivery.Body);
            using var document = JsonDocument.Parse(delivery.AsJson);
        }
        return (name, delivery.Step(step), Baseline, delivery.Body.Length);
    }

    private static double Time(Action action, int times)
    {
        var clock = Stopwatch.GetTimestamp();
        for (var time = 0; time < times; time++) action();
        return Stopwatch.GetElapsedTime(clock).TotalMicroseconds / times;
    }

    private static string Allocated(Action action)
    {
        const int times = 1_000;
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var time = 0; time < times; time++) action();
        return ((GC.GetAllocatedBytesForCurrentThread() - before) / 1024.0 / times).ToString("0.0", CultureInfo.InvariantCulture);
    }
}
