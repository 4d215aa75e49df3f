using System.Security.Cryptography;
using WholeSchoolSend.Core;
using WholeSchoolSend.Core.Erasures;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Operations;
using WholeSchoolSend.Core.Polls;
using WholeSchoolSend.Core.Retention;
using WholeSchoolSend.Core.Schools;
using WholeSchoolSend.Core.Webhooks;
using WholeSchoolSend.Testing;
using static WholeSchoolSend.Storage.Tests.Given;

namespace WholeSchoolSend.Storage.Tests;

/// <summary>What is only kept for a while goes when its time is over, not earlier, and nothing that is counted moves.</summary>
public sealed class RetentionTests(AzuriteFixture azurite)
{
    private static readonly RetentionPolicy Never = new()
    {
        AnswerDays = 0,
        QuarantineDays = 0,
        PollFileDays = 0,
        RegisterFileDays = 0,
        ReportDays = 0,
        InternalSnapshotDays = 0,
        AuditDays = 0,
        OperationDays = 0,
        ErasureDays = 0,
    };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Answers_go_after_a_closed_wave_and_every_total_stays()
    {
        var time = new Later(TimeSpan.Zero);
        var storage = await TestStorage.CreateAsync(azurite, time);
        var store = storage.Store;
        await store.Instruments.AddAsync(AnInstrument(), Cancellation);
        await store.Instruments.AddAsync(AnInstrument(version: 2, agree: "partly"), Cancellation);
        await store.Evidence.TakeInAsync(AnInstrument().Coding(ARespondent("a")), AReceipt(), Cancellation);
        await store.Evidence.TakeInAsync(AResponse("r"), AReceipt(), Cancellation);
        await store.Evidence.TakeInAsync(AResponse("r", answer: "maybe").Updated(1), AReceipt(), Cancellation);
        await store.Evidence.TakeInAsync(AResponse("other").In("2027-spring"), AReceipt(), Cancellation);
        await store.Evidence.RecomputeAsync(Collection, Given.School, Totals, Cancellation);
        var before = (await store.Evidence.TotalsAsync(Collection, Cancellation)).Shown().ToList();
        var autumn = new WaveState(Autumn, new Wave("Autumn", new DateOnly(2026, 9, 28), new DateOnly(2026, 10, 31)), null, 1);
        await store.Waves.PutAsync(autumn, Cancellation);
        time.By = TimeSpan.FromDays(3650);
        var retention = ARetention(store, time, new RetentionPolicy { PollFileDays = 0 });

        Assert.Equal(0, (await retention.RunAsync(Cancellation)).Answers);   // it is open
        await store.Waves.PutAsync(autumn with { Closed = new WaveClosure(Monday, "done"), Revision = 2 }, Cancellation);
        Assert.Equal(3, (await retention.RunAsync(Cancellation)).Answers);
        Assert.Equal(0, (await retention.RunAsync(Cancellation)).Answers);

        Assert.Single(await storage.RowsAsync("Evidence", "R~"), row => row.ContainsKey("Json0"));
        Assert.All(await storage.RowsAsync("Evidence", "H~"), row => Assert.False(row.ContainsKey("Json0")));
        Assert.Equal(0, (await store.Evidence.RemapAsync(Collection, new InstrumentVersion("leaders", 2), (_, _) => null, Cancellation)).Recoded);
        // What comes again is still known, and a newer version still counts.
        Assert.Equal(Fate.Duplicate, await store.Evidence.TakeInAsync(AResponse("r", answer: "maybe").Updated(1), AReceipt(), Cancellation));
        await store.Evidence.RecomputeAsync(Collection, Given.School, Totals, Cancellation);
        Assert.Equal(before, (await store.Evidence.TotalsAsync(Collection, Cancellation)).Shown());
        Assert.Equal(Fate.Revised, await store.Evidence.TakeInAsync(AResponse("r").Updated(9), AReceipt(), Cancellation));
        // Whoever is erased then is erased.
        Assert.Equal(4, await store.Evidence.AllAsync(Collection, Cancellation).CountAsync(Cancellation));
        await store.Evidence.EraseAsync(Collection, AResponse("r").Identity, Cancellation);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Files_reports_snapshots_audits_operations_and_erasures_go_when_their_time_is_over(bool isOver)
    {
        var time = new Later(TimeSpan.Zero);
        var storage = await TestStorage.CreateAsync(azurite, time);
        var store = storage.Store;
        await Put("poll-drop", "northern/a.csv");
        await Put("raw", "abc");
        await Put("register", "contacts.csv", "urn,engaged_on,strand,email\n100001,2026-01-01,a,jo@school.example\n");
        await Put("register", "before.csv", "urn,engaged_on,strand,email\n100001,2026-01-01,a,jo@school.example\n100002,2026-01-01,a,jo@school.example\n");
        // Of the two, one counts: whatever it is called, it is the same content.
        await store.Imports.SwitchAsync(
            new ImportUnit(ImportRegister.Supplier, ImportRegister.Engagements, "contacts.csv"),
            _ => new ActiveImport(
                new ImportUnit(ImportRegister.Supplier, ImportRegister.Engagements, "contacts.csv"), "v", "contacts.csv",
                Convert.ToHexStringLower(SHA256.HashData("urn,engaged_on,strand,email\n100001,2026-01-01,a,jo@school.example\n"u8)), 0, null, time.GetUtcNow(),
                new ImportFacts(1, 1, null, null, null, null)),
            Cancellation);
        var waiting = AResponse("w");
        await store.Quarantine.KeepAsync(
            new QuarantinedResponse(
                waiting.Source, AReceipt() with { Received = time.GetUtcNow() }, waiting.Identity, [Problems.AnswerUnknown.At("q1", "is unknown")],
                waiting.Version, waiting.Answers, null),
            Cancellation);
        await Put("poll-reports", "northern/a.csv.report.json");
        await Put("snapshots-internal", "2026/10/old.json");
        await Put("snapshots-internal", "2026/11/newest.json");
        await Put("snapshots-internal", "latest.json", """{"id":"newest","path":"2026/11/newest.json"}""");
        await Put("snapshots-internal", "index.json", """{"snapshots":[]}""");
        await store.Audits.KeepAsync(new TotalsAudit($"{DateTimeOffset.MaxValue.UtcTicks - time.GetUtcNow().UtcTicks:D19}-00000000", time.GetUtcNow(), null, 0, 0, 0, 0, []), Cancellation);
        var id = $"{DateTimeOffset.MaxValue.UtcTicks - time.GetUtcNow().UtcTicks:D19}-00000000";
        await store.Operations.BeginAsync(new Operation(id, time.GetUtcNow(), "PutWave", "PUT", "/api/waves/a", null), Cancellation);
        await store.Operations.EndAsync(id, new OperationEnd(time.GetUtcNow(), 200, null, null), Cancellation);
        await store.Erasures.AddAsync(new Erasure("e", ErasureOf.Email, time.GetUtcNow(), "r", "d", 1, null, null, null, null, null, []) { State = ErasureState.Done }, Cancellation);
        await store.Erasures.KeepTombstoneAsync(Identity.OfResponse(Intake.Leaders, "form", "gone"), "e", Cancellation);
        time.By = isOver ? TimeSpan.FromDays(4000) : TimeSpan.FromDays(399);

        Assert.Equal(new RetentionOutcome(0, 0, 0, 0, 0, 0, 0, 0, 0, 0), await ARetention(store, time, Never).RunAsync(Cancellation));
        var outcome = await ARetention(store, time).RunAsync(Cancellation);

        Assert.Equal(isOver ? new RetentionOutcome(0, 0, 1, 2, 1, 1, 1, 1, 1, 1) : new RetentionOutcome(0, 0, 0, 0, 0, 0, 0, 0, 0, 0), outcome);
        Assert.True(await storage.Container("register").GetBlobClient("contacts.csv").ExistsAsync(Cancellation));
        Assert.Equal(!isOver, (bool)await storage.Container("register").GetBlobClient("before.csv").ExistsAsync(Cancellation));
        // Nothing of the answers is left but what a vendor's list is compared by.
        var entry = Assert.Single(await storage.RowsAsync("Quarantine"));
        Assert.Equal((isOver ? "Expired" : "Waiting", !isOver), (entry.GetString("State"), entry.ContainsKey("Json0")));
        Assert.Equal([(waiting.Identity, waiting.Version.Hash)], await store.Quarantine.HeldAsync(waiting.Source, Cancellation));
        Assert.True(await storage.Container("snapshots-internal").GetBlobClient("2026/11/newest.json").ExistsAsync(Cancellation));
        Assert.Equal(!isOver, (bool)await storage.Container("snapshots-internal").GetBlobClient("2026/10/old.json").ExistsAsync(Cancellation));
        Assert.Equal(isOver ? 0 : 1, (await store.Operations.ListAsync(10, null, Cancellation)).Operations.Count);
        Assert.Equal(isOver ? 0 : 1, (await store.Erasures.AllAsync(Cancellation)).Count);
        // Who was erased stays out all the same: understood or not, whatever is left of the report.
        var intake = new Intake(store, time);
        Assert.Equal("erased", await intake.FateAsync(Intake.Body("gone")));
        await store.Instruments.AddAsync(Intake.Form, Cancellation);
        Assert.Equal("erased", await new Intake(store, time).FateAsync(Intake.Body("gone")));
        Assert.Equal("accepted", await new Intake(store, time).FateAsync(Intake.Body("another")));

        async Task Put(string container, string name, string text = "x") => await storage.Container(container).GetBlobClient(name).UploadAsync(BinaryData.FromString(text), Cancellation);
    }

    [Fact]
    public async Task Operations_are_listed_in_pages_with_how_they_ended()
    {
        var store = (await TestStorage.CreateAsync(azurite)).Store;
        for (var at = 0; at < 5; at++)
        {
            var id = $"{DateTimeOffset.MaxValue.UtcTicks - Monday.AddMinutes(at).UtcTicks:D19}-0000000{at}";
            await store.Operations.BeginAsync(new Operation(id, Monday.AddMinutes(at), $"Put{at}", "PUT", "/api/x", null), Cancellation);
            // Written twice, when an answer was lost.
            for (var twice = 0; twice < 2 && at != 2; twice++) await store.Operations.EndAsync(id, new OperationEnd(Monday.AddMinutes(at), at == 3 ? 422 : 200, "s", "r"), Cancellation);
        }

        var lines = new List<string>();
        string? after = null;
        do
        {
            var page = (await new BrowseOperations(store.Operations).RunAsync(after is null ? new Dictionary<string, string> { ["limit"] = "2" } : new Dictionary<string, string> { ["limit"] = "2", ["continue"] = after }, Cancellation)).Value!;
            Assert.InRange(page.Operations.Count, 1, 2);
            lines.AddRange(page.Operations.Select(line => $"{line.Action} {line.Outcome}"));
            after = page.Continue;
        }
        while (after is not null);

        Assert.Equal(["Put4 Done", "Put3 Refused", "Put2 Unknown", "Put1 Done", "Put0 Done"], lines);
        Assert.Equal("parameter-invalid", Assert.Single((await new BrowseOperations(store.Operations).RunAsync(new Dictionary<string, string> { ["continue"] = "x' or 1" }, Cancellation)).Problems).Code);
    }

    private sealed class Later(TimeSpan by) : TimeProvider
    {
        public TimeSpan By { get; set; } = by;

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + By;
    }
}
