using System.Net;
using System.Text.Json;
using WholeSchoolSend.Functions.Tests.Senders;

namespace WholeSchoolSend.Functions.Tests;

/// <summary>What an operator hears while storage is away, and what the log says of a caller who leaves.</summary>
[Collection(nameof(ConformanceTests))]
[Trait("Needs", "Azurite")]
public sealed class OutageTests(Receiver receiver) : IClassFixture<Receiver>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_operator_hears_503_with_a_problem_and_when_to_ask_again()
    {
        await receiver.StartAsync(asProcess: false);
        await receiver.Storage.StopListeningAsync();
        try
        {
            var asked = new[] { "/api/instruments", "/api/waves", "/api/milestones", "/api/quarantine", "/api/ledger", "/api/imports", "/api/pending", "/api/kpis/K1/evidence" }
                .Select(path => (path, receiver.Http.GetAsync(path, Cancellation)))
                .Append(("/api/waves/w", receiver.Http.PutAsync("/api/waves/w", new StringContent("""{"title":"W","from":"2026-01-01","to":"2026-02-01"}"""), Cancellation)))
                .ToList();
            foreach (var (path, answer) in asked)
            {
                using var response = await answer;
                Assert.True(response.StatusCode == HttpStatusCode.ServiceUnavailable, $"{path}: {response.StatusCode}");
                Assert.Equal("30", response.Headers.GetValues("Retry-After").Single());
                using var problem = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancellation));
                Assert.Equal("storage-unavailable", problem.RootElement.GetProperty("code").GetString());
            }
        }
        finally
        {
            await receiver.Storage.ListenAsync();
        }
        Assert.Equal(HttpStatusCode.OK, (await receiver.Http.GetAsync("/api/waves", Cancellation)).StatusCode);
    }

    [Fact]
    public async Task An_operator_is_not_kept_waiting_by_storage_that_is_silent()
    {
        await receiver.StartAsync(asProcess: false);
        Assert.Equal(HttpStatusCode.OK, (await receiver.Http.GetAsync("/api/waves", Cancellation)).StatusCode);
        await receiver.DoAsync(storage => storage.Slow(TimeSpan.FromMinutes(2)));
        try
        {
            // Whoever waited for storage would be told what is there, two minutes later.
            var asked = new[] { "/api/instruments", "/api/waves/w", "/api/quarantine", "/api/ledger", "/api/imports", "/api/pending", "/api/kpis/K1/evidence" }.Select(AskAsync)
                .Append(AskAsync("/api/imports/check?supplier=northern&name=a.csv", HttpMethod.Post)).ToList();
            foreach (var answer in asked)
            {
                var (path, status) = await answer;
                Assert.True(status == HttpStatusCode.ServiceUnavailable, $"{path}: {status}");
            }
        }
        finally
        {
            await receiver.DoAsync(storage => storage.Mend());
        }
    }

    private async Task<(string Path, HttpStatusCode Status)> AskAsync(string path) => await AskAsync(path, HttpMethod.Get);

    private async Task<(string Path, HttpStatusCode Status)> AskAsync(string path, HttpMethod method)
    {
        using var request = new HttpRequestMessage(method, path);
        using var answer = await receiver.Http.SendAsync(request, Cancellation);
        return (path, answer.StatusCode);
    }
}
