using System.Net;
using System.Text;
using Azure;
using Microsoft.Extensions.Time.Testing;
using WholeSchoolSend.Testing;
using static WholeSchoolSend.Storage.Tests.Given;

namespace WholeSchoolSend.Storage.Tests;

public sealed class StorageResilienceTests(AzuriteFixture azurite)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(HttpStatusCode.RequestTimeout)]
    [InlineData(HttpStatusCode.TooManyRequests)]
    [InlineData(HttpStatusCode.InternalServerError)]
    [InlineData(HttpStatusCode.BadGateway)]
    [InlineData(HttpStatusCode.ServiceUnavailable)]
    [InlineData(HttpStatusCode.GatewayTimeout)]
    public async Task A_refusal_that_passes_is_tried_again(HttpStatusCode status)
    {
        var storage = await TestStorage.CreateAsync(azurite);
        storage.Wire.Refuse(2, status);

        Assert.Equal(3, await storage.CountAsync(() => storage.Store.Waves.AllAsync(Cancellation)));
    }

    [Theory]
    [InlineData(HttpStatusCode.BadRequest)]
    [InlineData(HttpStatusCode.Forbidden)]
    [InlineData(HttpStatusCode.NotImplemented)]
    public async Task A_refusal_for_good_is_not(HttpStatusCode status)
    {
        var storage = await TestStorage.CreateAsync(azurite);
        storage.Wire.Refuse(1, status);

        Assert.Equal(1, await storage.CountAsync(() => Assert.ThrowsAnyAsync<RequestFailedException>(() => storage.Store.Waves.AllAsync(Cancellation))));
    }

    [Fact]
    public async Task There_is_one_layer_of_retries_on_tables_and_blobs()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        var (store, wire) = storage.Connect(options => options.MaxRetryAttempts = 3);
        wire.Refuse(int.MaxValue);

        Assert.Equal(503, (await Assert.ThrowsAnyAsync<RequestFailedException>(() => store.Waves.AllAsync(Cancellation))).Status);
        Assert.Equal(4, wire.Requests);
        Assert.Equal(503, (await Assert.ThrowsAnyAsync<RequestFailedException>(() => store.Drops.FindPollAsync("s", "f", Cancellation))).Status);
        Assert.Equal(8, wire.Requests);
    }

    [Fact]
    public async Task A_connection_that_breaks_is_tried_again()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        storage.Wire.Once(_ => true, () => throw new HttpRequestException("No route to host."));

        Assert.Equal(2, await storage.CountAsync(() => storage.Store.Waves.AllAsync(Cancellation)));
    }

    [Fact]
    public async Task A_silent_attempt_is_given_up_and_tried_again()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        var (store, wire) = storage.Connect(options => options.TableTimeout = TimeSpan.FromMilliseconds(300));
        var silent = 0;
        wire.Before = async (_, cancellation) =>
        {
            if (Interlocked.Exchange(ref silent, 1) == 0) await Task.Delay(Timeout.Infinite, cancellation);
            return null;
        };

        Assert.Empty(await store.Waves.AllAsync(Cancellation));
        Assert.Equal(2, wire.Requests);
    }

    [Fact]
    public async Task A_caller_who_leaves_is_not_waited_for()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        using var leaving = new CancellationTokenSource();
        storage.Wire.Before = async (_, cancellation) =>
        {
            await leaving.CancelAsync();
            await Task.Delay(Timeout.Infinite, cancellation);
            return null;
        };

        Assert.Equal(1, await storage.CountAsync(() => Assert.ThrowsAnyAsync<OperationCanceledException>(() => storage.Store.Waves.AllAsync(leaving.Token))));
    }

    [Fact]
    public async Task Storage_says_how_long_to_wait()
    {
        var time = new FakeTimeProvider(Monday);
        var storage = await TestStorage.CreateAsync(azurite);
        var (store, wire) = storage.Connect(time: time);
        wire.Refuse(1, retryAfter: 7);

        var waiting = store.Waves.AllAsync(Cancellation);
        await UntilAsync(() => wire.Requests == 1);
        await Task.Delay(100, Cancellation);
        time.Advance(TimeSpan.FromSeconds(6.9));
        await Task.Delay(100, Cancellation);
        Assert.Equal(1, wire.Requests);
        Assert.False(waiting.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(0.2));

        Assert.Empty(await waiting);
        Assert.Equal(2, wire.Requests);
    }

    [Fact]
    public async Task A_wait_beyond_the_budget_is_not_begun()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        var (store, wire) = storage.Connect(options => options.TotalBudget = TimeSpan.FromSeconds(5));
        wire.Refuse(1, retryAfter: 7);

        Assert.Equal(503, (await Assert.ThrowsAnyAsync<RequestFailedException>(() => store.Waves.AllAsync(Cancellation))).Status);
        Assert.Equal(1, wire.Requests);
    }

    // Azure answers a transaction with 202 and puts the refusal of a busy server inside; the SDK retries nothing of it.
    [Fact]
    public async Task A_transaction_refused_inside_its_answer_is_tried_again()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        var refused = 0;
        storage.Wire.Before = (request, _) => Task.FromResult(
            Wire.IsTransaction(request) && Interlocked.Exchange(ref refused, 1) == 0 ? Busy(request) : null);

        Assert.Equal(2, await storage.CountAsync(() => storage.Store.Evidence.TakeInAsync(AResponse(), AReceipt(), Cancellation)));
        Assert.Single(await storage.RowsAsync("Evidence", "R~"));

        static HttpResponseMessage Busy(HttpRequestMessage request)
        {
            var answer = new HttpResponseMessage(HttpStatusCode.Accepted)
            {
                RequestMessage = request,
                Content = new ByteArrayContent(Encoding.ASCII.GetBytes(
                    "--batchresponse_1\r\nContent-Type: multipart/mixed; boundary=changesetresponse_1\r\n\r\n--changesetresponse_1\r\n"
                    + "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\nHTTP/1.1 503 Service Unavailable\r\n"
                    + "Content-Type: application/json;odata=minimalmetadata\r\n\r\n"
                    + "{\"odata.error\":{\"code\":\"ServerBusy\",\"message\":{\"lang\":\"en-US\",\"value\":\"The server is busy.\"}}}\r\n"
                    + "--changesetresponse_1--\r\n--batchresponse_1--\r\n")),
            };
            answer.Content.Headers.TryAddWithoutValidation("Content-Type", "multipart/mixed; boundary=batchresponse_1");
            return answer;
        }
    }

    [Fact]
    public async Task A_decision_is_taken_again_until_it_fits_but_not_for_ever()
    {
        var resilience = new StorageResilience(new StorageResilienceOptions { MaxConflicts = 3, ConflictDelay = TimeSpan.FromMilliseconds(1) }, TimeProvider.System);
        var taken = 0;
        Task<int> DecideAsync(int until) => resilience.DecideAsync(
            _ => ++taken < until ? throw new RequestFailedException(412, "changed") : Task.FromResult(taken), Cancellation);

        Assert.Equal(4, await DecideAsync(until: 4));
        taken = 0;
        await Assert.ThrowsAsync<RequestFailedException>(() => DecideAsync(until: 5));
        Assert.Equal(4, taken);
    }

    [Fact]
    public async Task Creating_what_exists_is_two_requests()
    {
        var storage = await TestStorage.CreateAsync(azurite);

        Assert.Equal(2, await storage.CountAsync(() => storage.Store.CreateMissingAsync(Cancellation)));
    }

    [Fact]
    public async Task Many_may_create_at_once()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        await storage.Table("Waves").DeleteAsync(Cancellation);

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => storage.Connect().Store.CreateMissingAsync(Cancellation)));

        Assert.Empty(await storage.Store.Waves.AllAsync(Cancellation));
    }

    [Fact]
    public async Task The_probe_passes_and_leaves_nothing()
    {
        var storage = await TestStorage.CreateAsync(azurite);

        Assert.Equal(6, await storage.CountAsync(() => storage.Store.Probe.TouchAsync(Cancellation)));

        Assert.Empty(await storage.RowsAsync("Probe"));
    }

    [Fact]
    public async Task The_probe_fails_when_storage_is_down()
    {
        const string Nowhere = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;BlobEndpoint=http://127.0.0.1:9/a;TableEndpoint=http://127.0.0.1:9/a";
        var store = new SurveyDataStorage(
            Nowhere, new SurveyDataOptions { Resilience = { MaxRetryAttempts = 1, Delay = TimeSpan.FromMilliseconds(1) } }, TimeProvider.System);

        await Assert.ThrowsAnyAsync<RequestFailedException>(() => store.Probe.TouchAsync(Cancellation));
    }

    [Fact]
    public async Task The_probe_fails_when_one_of_the_two_is_gone()
    {
        var storage = await TestStorage.CreateAsync(azurite);
        await storage.Container("probe").DeleteAsync(cancellationToken: Cancellation);

        await Assert.ThrowsAnyAsync<RequestFailedException>(() => storage.Store.Probe.TouchAsync(Cancellation));
    }

    private static async Task UntilAsync(Func<bool> holds)
    {
        while (!holds()) await Task.Delay(10, Cancellation);
    }
}
