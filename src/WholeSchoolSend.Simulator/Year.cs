using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;

namespace WholeSchoolSend.Simulator;

/// <summary>A programme year, in the order in which an evidence lead, teachers and a pollster would make it happen.</summary>
internal sealed class Year(Surface surface, Account account, Plan plan)
{
    private const int Senders = 8;
    private static readonly string[] WaveIds = [.. Programme.Waves.Select(wave => wave.Id)];

    private bool _news;

    public async Task PlayAsync(CancellationToken cancellation)
    {
        await surface.WaitUntilUpAsync(cancellation);
        var before = await surface.LatestAsync(cancellation);

        await SetUpAsync(cancellation);
        await DropRegisterAsync(cancellation);
        await DeliverAsync("Teachers' replies delivered", plan.Deliveries, cancellation);
        await DropPollsAsync(cancellation);
        await DeliverAsync("Interviews, case studies delivered", plan.Interviews, cancellation);
        await DropPanelsAsync(cancellation);
        await PutMilestonesAsync(cancellation);
        await ComputeAsync("Computed, waves still open", cancellation);
        await CloseAsync(cancellation);
        await PublishAsync(before, cancellation);
    }

    private async Task SetUpAsync(CancellationToken cancellation)
    {
        var open = 0;
        foreach (var (id, json) in Programme.Waves)
            if (await surface.AskAsync(HttpMethod.Put, $"api/waves/{id}", json, cancellation)) open++;
        account.Step("Waves registered", open, open < WaveIds.Length ? "waves; the others are closed since an earlier run" : "waves");
        foreach (var (id, json) in Programme.Instruments) await surface.AskAsync(HttpMethod.Put, $"api/instruments/{id}", json, cancellation);
        account.Step("Instruments put", Programme.Instruments.Length, "instruments");
    }

    private async Task DropRegisterAsync(CancellationToken cancellation)
    {
        var register = await surface.DropAsync("register", "", Programme.RegisterFile, plan.Register, cancellation);
        account.Step("Schools register dropped", plan.Schools.Register.Count, $"schools, {Taken(register)}");
        var engagements = await surface.DropAsync("register", "", Programme.EngagementsFile, plan.Engagements, cancellation);
        var engaged = plan.Schools.Engagements.Select(contact => contact.School).Distinct().Count();
        account.Step("Contacts with schools dropped", plan.Schools.Engagements.Count, $"contacts with {engaged} schools, {Taken(engagements)}");
        var reach = await surface.DropAsync("register", "", Programme.ReachFile, Encoding.UTF8.GetBytes(Programme.Reach), cancellation);
        account.Step("Reach of networks dropped", 3, $"networks, {Taken(reach)}");
    }

    private async Task DeliverAsync(string what, IReadOnlyList<Delivery> deliveries, CancellationToken cancellation)
    {
        ConcurrentDictionary<string, int> fates = new(StringComparer.Ordinal);
        var (refused, retries) = (0, 0);
        await Parallel.ForEachAsync(
            deliveries, new ParallelOptions { MaxDegreeOfParallelism = Senders, CancellationToken = cancellation },
            async (delivery, stop) =>
            {
                var receipt = await surface.DeliverAsync(delivery, stop);
                Interlocked.Add(ref retries, receipt.Tries - 1);
                if (receipt.Status == HttpStatusCode.Unauthorized && delivery.Kind == DeliveryKind.Forged) Interlocked.Increment(ref refused);
                else foreach (var fate in Fates(receipt, delivery)) fates.AddOrUpdate(fate.Name, fate.Count, (_, sum) => sum + fate.Count);
            });
        account.Step(what, deliveries.Count, $"deliveries by {Senders} senders at once, {retries} retries");

        foreach (var (fate, count) in fates.Where(fate => fate.Value > 0).OrderByDescending(fate => fate.Value)) account.Detail(Line(count, fate));
        if (refused > 0) account.Detail(Line(refused, "refused: wrong signature"));

        var outside = deliveries.Count(delivery => delivery.Kind == DeliveryKind.Outside);
        if (fates.Keys.FirstOrDefault(fate => fate is "conflict" or "revised" or "pending" && fates[fate] > 0) is { } odd)
            throw new UnexpectedAnswerException($"{fates[odd]} deliveries were answered \"{odd}\"; none of these deliveries can be.");
        if (fates.GetValueOrDefault("accepted") > 0 && fates.GetValueOrDefault("quarantined") != outside)
            throw new UnexpectedAnswerException($"{fates.GetValueOrDefault("quarantined")} deliveries were quarantined instead of the {outside} with an answer outside the codes.");
        _news |= fates.GetValueOrDefault("accepted") > 0;
    }

    /// <summary>The fates in a reply, which must name one for the one response delivered.</summary>
    private static List<(string Name, int Count)> Fates(Receipt receipt, Delivery delivery)
    {
        if (receipt.Status != HttpStatusCode.OK || receipt.Fates is not { ValueKind: JsonValueKind.Object } reply || delivery.Kind == DeliveryKind.Forged)
            throw new UnexpectedAnswerException($"A delivery ({delivery.Kind}) was answered {(int)receipt.Status} after {receipt.Tries} tries.");
        List<(string Name, int Count)> fates = [.. reply.EnumerateObject().Where(fate => fate.Name != "received").Select(fate => (fate.Name, fate.Value.GetInt32()))];
        return fates.Sum(fate => fate.Count) == 1 ? fates : throw new UnexpectedAnswerException($"A delivery of one response was answered {reply}");
    }

    private async Task DropPollsAsync(CancellationToken cancellation)
    {
        await DropPollAsync("Poll of autumn 2025 dropped", Programme.Autumn2025.File, plan.Poll2025, cancellation);

        var draft = await surface.DropAsync("poll-drop", $"{Programme.Supplier}/", Programme.DraftFile, plan.Draft2026, cancellation);
        if (Outcome(draft) != "refused") throw new UnexpectedAnswerException($"{Programme.DraftFile} has three bad rows and was not refused but {Outcome(draft)}.");
        account.Step("Draft of the poll of autumn 2026", draft.GetProperty("problemCount").GetInt32(), "problems found: refused, nothing changed");
        Problems(draft);

        await DropPollAsync("Poll of autumn 2026 dropped", Programme.Autumn2026.File, plan.Poll2026, cancellation);
    }

    private async Task DropPanelsAsync(CancellationToken cancellation)
    {
        (string What, string File, byte[] Content, int Count, string Unit)[] files =
        [
            ("Last interviews dropped", Programme.StakeholdersFile, plan.Organisations.StakeholdersFile(), plan.Organisations.Last.Count, "stakeholders"),
            ("Reviews of systems dropped", Programme.SystemsFile, plan.Organisations.SystemsFile(), plan.Organisations.Reviews.Count, "reviews, a workbook"),
            ("Commissioned reviews dropped", Programme.CommissionedFile, plan.Organisations.CommissionedFile(), plan.Organisations.Commissioned.Count, "reviews"),
        ];
        foreach (var (what, file, content, count, unit) in files)
            account.Step(what, count, $"{unit}, {Taken(await surface.DropAsync("poll-drop", $"{Programme.Evaluators}/", file, content, cancellation))}");
    }

    private async Task PutMilestonesAsync(CancellationToken cancellation)
    {
        foreach (var (id, json) in Programme.Milestones) await surface.AskAsync(HttpMethod.Put, $"api/milestones/{id}", json, cancellation);
        account.Step("Milestones put", Programme.Milestones.Length, "milestones");
    }

    private async Task DropPollAsync(string what, string file, byte[] content, CancellationToken cancellation)
    {
        var report = await surface.DropAsync("poll-drop", $"{Programme.Supplier}/", file, content, cancellation);
        var outcome = Taken(report);
        var facts = report.GetProperty("facts");
        var size = facts.TryGetProperty("effectiveSize", out var effective) && effective.ValueKind == JsonValueKind.Number
            ? $" (worth {effective.GetDouble().ToString("0", CultureInfo.InvariantCulture)} unweighted)"
            : "";
        account.Step(what, facts.GetProperty("rows").GetInt32(), $"people{size} in {facts.GetProperty("schools").GetInt32()} schools, {outcome}");
    }

    /// <summary>The outcome of a file that has to be usable.</summary>
    private string Taken(JsonElement report)
    {
        var outcome = Outcome(report);
        _news |= outcome == "active";
        if (outcome is "active" or "unchanged") return outcome;
        Problems(report);
        throw new UnexpectedAnswerException($"{report.GetProperty("file").GetString()} was {outcome}.");
    }

    private void Problems(JsonElement report)
    {
        foreach (var problem in report.GetProperty("problems").EnumerateArray().Take(10))
            account.Detail($"line {problem.GetProperty("line")}, {problem.GetProperty("column")}: {problem.GetProperty("message").GetString()} [{problem.GetProperty("code").GetString()}]");
    }

    private static string Outcome(JsonElement report) => report.GetProperty("outcome").GetString() ?? "";

    private async Task ComputeAsync(string what, CancellationToken cancellation)
    {
        string[] functions = ["RecomputeKpis", "PublishSnapshot"];
        foreach (var function in functions) await surface.RunAsync(function, cancellation);
        account.Step(what, functions.Length, "functions run");
    }

    private async Task CloseAsync(CancellationToken cancellation)
    {
        // Closing again is answered as closing was.
        var before = await surface.LatestAsync(cancellation);
        var closed = 0;
        foreach (var id in WaveIds)
            if (await surface.AskAsync(HttpMethod.Post, $"api/waves/{id}/close", """{"reason":"fieldwork complete"}""", cancellation) && before?.HasClosed([id]) != true) closed++;
        account.Step("Waves closed", closed, closed < WaveIds.Length ? "waves; the others were closed already" : "waves");
        _news |= closed > 0;
    }

    private async Task PublishAsync(Snapshot? before, CancellationToken cancellation)
    {
        await surface.RunAsync("RecomputeKpis", cancellation);
        await surface.RunAsync("PublishSnapshot", cancellation);
        var asked = 0;
        var latest = await surface.WaitAsync<Snapshot>(
            "latest.json in the public container has not changed to a snapshot with the four waves closed. Is a marker still pending, or did PublishSnapshot fail?",
            async () =>
            {
                var now = await surface.LatestAsync(cancellation);
                if (now is not null && now.HasClosed(WaveIds) && (now.Id != before?.Id || !_news)) return now;
                // A publication waits for pending work: ask again from time to time, as the timers would.
                if (++asked % 20 == 0)
                {
                    await surface.RunAsync("RecomputeKpis", cancellation);
                    await surface.RunAsync("PublishSnapshot", cancellation);
                }
                return null;
            },
            cancellation);
        account.Step(_news ? "Published" : "Published already, nothing new", latest.Document.GetProperty("kpis").GetArrayLength(), $"KPIs, {latest.Path}");
        account.Blank();
        account.Kpis(latest.Document);
    }

    private static string Line(int count, string fate) => string.Create(CultureInfo.InvariantCulture, $"{count,6:N0} {fate}");
}
