using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Azure.Storage.Blobs;
using WholeSchoolSend.LocalHost;
using WholeSchoolSend.Testing;

namespace WholeSchoolSend.Benchmarks.Webhooks;

/// <summary>From a response that is taken until the newest internal document counts it, by the timers alone.</summary>
internal sealed class FromResponseToSnapshot : Benchmark
{
    private const int Rounds = 9;
    private const int Period = 5;
    private const int Budget = Period + Period + 10;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public override string Name => "snapshot";

    public override string Title => "From response to internal snapshot";

    public override string Words =>
        $"The program in a process of its own on Azurite in memory; recompute and publish each run every {Period} s by their timers, at the same second, which is the worst for whoever waits for both. A signed response is posted at "
        + $"a random moment; the clock stops when the document `latest.json` points at counts it. Budget: a recompute period, a publish period and 10 s, here {Budget} s.";

    public override async Task<Findings> RunAsync()
    {
        await using var azurite = await Azurite.StartAsync();
        await using var pipeline = await PipelineProcess.StartAsync(
            azurite.ConnectionString,
            [.. App.Settings(azurite.ConnectionString).Where(setting => !setting.StartsWith("--urls", StringComparison.Ordinal)), .. new[] { "Recompute", "Publish" }.Select(timer => $"--{timer}Schedule=*/{Period} * * * * *")]);
        await PutAsync(pipeline, "/api/waves/2026-autumn", """{"title":"Autumn","from":"2026-11-02","to":"2026-11-20","frame":20000,"invited":40000}""");
        // Of a collection that readings are made of: where no figure changes nothing is published.
        await PutAsync(pipeline, "/api/instruments/leaders", Post.Instrument("typeform", App.Source).Replace("\"senders\"", "\"leaders\"", StringComparison.Ordinal));
        var documents = new BlobServiceClient(azurite.ConnectionString, new BlobClientOptions(BlobClientOptions.ServiceVersion.V2025_11_05)).GetBlobContainerClient("snapshots-internal");
        var moments = new Random(4711);
        var waited = new Samples();
        var most = 0.0;
        for (var round = -1; round < Rounds; round++)
        {
            await Task.Delay(moments.Next(Period * 1_000));
            var post = Post.By("typeform", Submission.A($"{100_000_000 + round}")).Proven("typeform", "signature", App.Secret, TimeProvider.System.GetUtcNow());
            (await pipeline.Http.SendAsync(post.To($"/api/webhooks/{App.Source}"))).EnsureSuccessStatusCode();
            var clock = Stopwatch.GetTimestamp();
            while (await CountedAsync(documents) < round + 2)
            {
                if (Stopwatch.GetElapsedTime(clock) > Patience) throw new TimeoutException("The response is in no document.");
                await Task.Delay(50);
            }
            var seconds = Stopwatch.GetElapsedTime(clock).TotalSeconds;
            if (round < 0) continue;   // compiles
            waited.Add(seconds);
            most = Math.Max(most, seconds);
        }
        return new Findings(
            ["from the answer to the document", "s", "longest, s", "budget, s", "longest ÷ the two periods"],
            [["a response", $"{waited}", Text(most), Text(Budget), Text(most / (2 * Period))]],
            [$"The longest wait of {Rounds} {(most <= Budget ? "keeps" : "breaks")} the budget. Most of it is waiting for a timer."]);
    }

    private static string Text(double number) => number.ToString("0.0", CultureInfo.InvariantCulture);

    private static async Task PutAsync(PipelineProcess pipeline, string path, string body) => (await pipeline.Http.PutAsync(path, new StringContent(body))).EnsureSuccessStatusCode();

    /// <summary>Respondents in the newest document; none before there is one.</summary>
    private static async Task<int> CountedAsync(BlobContainerClient documents)
    {
        var latest = documents.GetBlobClient("latest.json");
        if (!await latest.ExistsAsync()) return 0;
        var path = JsonElement.Parse((await latest.DownloadContentAsync()).Value.Content).GetProperty("path").GetString()!;
        var document = JsonElement.Parse((await documents.GetBlobClient(path).DownloadContentAsync()).Value.Content);
        return document.GetProperty("evidence").GetProperty("supplies").EnumerateArray().Sum(supply => supply.GetProperty("respondents").GetInt32());
    }
}
