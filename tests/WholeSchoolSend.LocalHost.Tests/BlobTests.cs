using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;

namespace WholeSchoolSend.LocalHost.Tests;

/// <summary>By itself, because it takes longer than a message stays invisible.</summary>
public class LongBlobTests(SharedStorage storage)
{
    [Fact]
    public async Task A_message_stays_with_its_host_for_as_long_as_the_function_runs()
    {
        var id = TestHost.NewId();
        var container = storage.Blobs.GetBlobContainerClient(id);
        await container.CreateAsync();
        var calls = new Calls();
        await using var first = await TestHost.StartAsync(storage, id, typeof(DropSlow), calls);
        await using var second = await TestHost.StartAsync(storage, id, typeof(DropSlow), calls);
        await container.UploadBlobAsync("a.csv", BinaryData.FromString("x"));
        await Until.TrueAsync(() => calls.Said.Length == 1);
        await Task.Delay(TimeSpan.FromSeconds(33));
        Assert.Equal(["begin a.csv"], calls.Said);
        calls.Gate.SetResult();
        var queue = storage.Queues.GetQueueClient($"azure-webjobs-blobtrigger-{id}");
        await Until.TrueAsync(async () => (await queue.GetPropertiesAsync()).Value.ApproximateMessagesCount == 0);
        Assert.Equal(["begin a.csv", "end a.csv"], calls.Said);
    }
}

public class BlobTests(SharedStorage storage)
{
    private readonly string _id = TestHost.NewId(); // also the container
    private readonly Calls _calls = new();

    private BlobContainerClient Container => storage.Blobs.GetBlobContainerClient(_id);

    [Fact]
    public async Task A_new_blob_runs_once_and_an_overwritten_one_again()
    {
        await Container.CreateAsync();
        await UploadAsync("in/gallup/2026/11/x y.csv", "one");
        await using (var host = await StartAsync(typeof(OnDrop)))
        {
            await SaidAsync("gallup|2026/11/x y.csv|one"); // the last name matches slashes too
            await UploadAsync("other/gallup/z.csv", "not ours");
            await UploadAsync("in/gallup/2026/11/x y.csv", "two");
            await SaidAsync("gallup|2026/11/x y.csv|one", "gallup|2026/11/x y.csv|two");
        }
        await using var again = await StartAsync(typeof(OnDrop));
        await UploadAsync("in/ipsos/late.csv", "three");
        await SaidAsync("gallup|2026/11/x y.csv|one", "gallup|2026/11/x y.csv|two", "ipsos|late.csv|three"); // receipts outlive the host

        var data = (IReadOnlyDictionary<string, object?>)_calls.Things.First();
        Assert.Equal($"{_id}/in/gallup/2026/11/x y.csv", data["BlobTrigger"]);
        Assert.Equal("gallup", data["supplier"]);
        Assert.StartsWith("http://127.0.0.1", (string)data["Uri"]!, StringComparison.Ordinal);
        Assert.Contains("\"ContentLength\":3", (string)data["Properties"]!, StringComparison.Ordinal);
        Assert.Equal("""{"sent":"today"}""", data["Metadata"]);
    }

    [Fact]
    public async Task Receipts_are_where_the_real_host_has_them()
    {
        await Container.CreateAsync();
        await using var host = await StartAsync(typeof(OnDrop));
        await UploadAsync("in/a/b.csv", "x");
        await SaidAsync("a|b.csv|x");
        var etag = (await Container.GetBlobClient("in/a/b.csv").GetPropertiesAsync()).Value.ETag.ToString("H");
        var receipt = storage.Blobs.GetBlobContainerClient("azure-webjobs-hosts").GetBlobClient($"blobreceipts/{_id}/Host.Functions.OnDrop/{etag}/{_id}/in/a/b.csv");
        await Until.TrueAsync(async () => (await receipt.GetPropertiesAsync()).Value.Metadata.Contains(KeyValuePair.Create("Completed", "True")));
    }

    [Fact]
    public async Task A_blob_comes_as_client_block_blob_bytes_or_text_to_every_function_that_asks()
    {
        await Container.CreateAsync();
        await using var host = await StartAsync(typeof(AllShapes));
        await UploadAsync("a.csv", "abc");
        await UploadAsync("a.txt", "not ours");
        await Until.TrueAsync(() => _calls.Said.Length == 4);
        Assert.Equal(["block a.csv", "bytes 3", "client a.csv", "text abc"], _calls.Said.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_container_that_does_not_exist_yet_is_awaited_and_said_once()
    {
        using var logs = new Logs();
        var builder = TestHost.Builder([typeof(OnDrop)], _calls, logs, TestHost.Use(storage, _id));
        await using var host = await TestHost.StartAsync(builder, _id);
        await Until.TrueAsync(() => logs.Text.Contains($"The container '{_id}' that OnDrop watches does not exist yet", StringComparison.Ordinal));
        await Container.CreateAsync();
        await UploadAsync("in/a/b.csv", "x");
        await SaidAsync("a|b.csv|x");
        Assert.Single(logs.Text.Split('\n'), one => one.Contains("does not exist yet", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Five_tries_survive_a_restart_and_then_the_blob_is_poison()
    {
        await Container.CreateAsync();
        await UploadAsync("bad.csv", "?");
        await using (var host = await StartAsync(typeof(DropFails)))
        {
            await Until.TrueAsync(() => _calls.Said.Length >= 2);
        }
        var before = _calls.Said.Length;
        Assert.InRange(before, 2, 4);
        await using var again = await StartAsync(typeof(DropFails));
        var etag = (await Container.GetBlobClient("bad.csv").GetPropertiesAsync()).Value.ETag.ToString("H").Trim('"');
        var expected = $$"""
            {
              "Type": "BlobTrigger",
              "FunctionId": "Host.Functions.DropFails",
              "BlobType": "BlockBlob",
              "ContainerName": "{{_id}}",
              "BlobName": "bad.csv",
              "ETag": "\"{{etag}}\""
            }
            """;
        var poison = storage.Queues.GetQueueClient("webjobs-blobtrigger-poison");
        await Until.TrueAsync(async () => await poison.ExistsAsync() && (await poison.PeekMessagesAsync(32)).Value.Any(one => one.Body.ToString() == expected));
        Assert.Equal(5, _calls.Said.Length);
        Assert.True(await Container.GetBlobClient("bad.csv").ExistsAsync());
    }

    [Fact]
    public async Task A_version_that_is_gone_before_its_turn_is_dropped_and_the_new_one_runs()
    {
        await Container.CreateAsync();
        await using var host = await StartAsync(typeof(DropSlow), "--AzureFunctionsJobHost:extensions:blobs:maxDegreeOfParallelism=1");
        await UploadAsync("1.csv", "first");
        await SaidAsync("begin 1.csv");
        await UploadAsync("2.csv", "old");
        await UploadAsync("3.csv", "gone");
        var queue = storage.Queues.GetQueueClient($"azure-webjobs-blobtrigger-{_id}");
        await Until.TrueAsync(async () => (await queue.GetPropertiesAsync()).Value.ApproximateMessagesCount == 3);
        await UploadAsync("2.csv", "new");
        await Container.GetBlobClient("3.csv").DeleteAsync();
        await Until.TrueAsync(async () => (await queue.GetPropertiesAsync()).Value.ApproximateMessagesCount == 4);
        Assert.Equal(["begin 1.csv"], _calls.Said); // one at a time

        _calls.Gate.SetResult();
        await Until.TrueAsync(async () => (await queue.GetPropertiesAsync()).Value.ApproximateMessagesCount == 0);
        Assert.Equal(["begin 1.csv", "end 1.csv", "begin 2.csv", "end 2.csv"], _calls.Said);
    }

    [Fact]
    public async Task Two_hosts_share_the_blobs_and_run_none_twice()
    {
        await Container.CreateAsync();
        var other = new Calls();
        await using var first = await StartAsync(typeof(OnDrop));
        await using var second = await TestHost.StartAsync(storage, _id, typeof(OnDrop), other);
        var names = Enumerable.Range(0, 24).Select(i => $"{i:00}.csv").ToArray();
        await Task.WhenAll(names.Select(name => UploadAsync($"in/a/{name}", name)));
        await Until.TrueAsync(() => _calls.Said.Length + other.Said.Length >= names.Length);
        await Until.TrueAsync(async () => (await storage.Queues.GetQueueClient($"azure-webjobs-blobtrigger-{_id}").GetPropertiesAsync()).Value.ApproximateMessagesCount == 0);
        Assert.Equal(names.Select(name => $"a|{name}|{name}"), _calls.Said.Concat(other.Said).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task An_admin_run_takes_a_blob_by_name()
    {
        await Container.CreateAsync();
        await UploadAsync("in/a/b.csv", "x");
        await using var host = await StartAsync(typeof(OnDrop));
        await SaidAsync("a|b.csv|x");
        Assert.Equal(System.Net.HttpStatusCode.Accepted, await RunAsync($"{_id}/in/a/b.csv"));
        await SaidAsync("a|b.csv|x", "a|b.csv|x");
        Assert.Equal(System.Net.HttpStatusCode.BadRequest, await RunAsync("elsewhere/b.csv"));

        async Task<System.Net.HttpStatusCode> RunAsync(string input) =>
            (await host.Client.PostAsync("/admin/functions/OnDrop", new StringContent($$"""{"input":"{{input}}"}"""))).StatusCode;
    }

    [Fact]
    public async Task A_container_is_served_read_only_with_its_headers()
    {
        await Container.CreateAsync();
        var blob = Container.GetBlobClient("2026/11/a.json");
        await blob.UploadAsync(BinaryData.FromString("{}"), new BlobUploadOptions { HttpHeaders = new BlobHttpHeaders { ContentType = "application/json", CacheControl = "max-age=60" } });
        await using var host = await TestHost.StartAsync(typeof(Ping), null, $"--PagesContainer={_id}", $"--PagesStorage={storage.ConnectionString}");
        var answer = await host.Client.GetAsync("/2026/11/a.json");
        Assert.Equal("{}", await answer.Content.ReadAsStringAsync());
        Assert.Equal("application/json", answer.Content.Headers.ContentType?.ToString());
        Assert.Equal("max-age=60", answer.Headers.CacheControl?.ToString());

        using var known = new HttpRequestMessage(HttpMethod.Get, "/2026/11/a.json");
        known.Headers.IfNoneMatch.Add(answer.Headers.ETag!);
        Assert.Equal(System.Net.HttpStatusCode.NotModified, (await host.Client.SendAsync(known)).StatusCode);
        Assert.Equal(System.Net.HttpStatusCode.NotFound, (await host.Client.GetAsync("/2026/11/b.json")).StatusCode);
        Assert.Equal(System.Net.HttpStatusCode.NotFound, (await host.Client.DeleteAsync("/2026/11/a.json")).StatusCode);
    }

    [Fact]
    public async Task What_was_published_comes_before_what_the_app_brings()
    {
        await Container.CreateAsync();
        await using var host = await TestHost.StartAsync(typeof(Ping), null, $"--PagesContainer={_id}", $"--PagesStorage={storage.ConnectionString}");
        var brought = await host.Client.GetStringAsync("/");
        Assert.NotEmpty(brought);
        await Container.UploadBlobAsync("index.html", BinaryData.FromString("published"));
        foreach (var path in new[] { "/", "/index.html" }) Assert.Equal("published", await host.Client.GetStringAsync(path));
        await Container.DeleteBlobAsync("index.html");
        Assert.Equal(brought, await host.Client.GetStringAsync("/"));
    }

    [Theory]
    [InlineData("drop/{supplier}/{name}", "a/b/c.csv", "supplier=a name=b/c.csv")]
    [InlineData("drop/{name}.{kind}", "a.b.csv", "name=a.b kind=csv")]
    [InlineData("drop/fixed.csv", "fixed.csv", "")]
    [InlineData("drop/fixed.csv", "fixedXcsv", null)]
    [InlineData("drop/{supplier}/{name}", "alone.csv", null)]
    [InlineData("drop", "any/thing", "")]
    public void Paths_match_as_on_the_real_host(string path, string blob, string? expected)
    {
        var match = BlobPath.TryParse(path, out _)!.Match(blob);
        Assert.Equal(expected, match is null ? null : string.Join(' ', match.Select(one => $"{one.Key}={one.Value}")));
    }

    [Theory]
    [InlineData("{container}/{name}")]
    [InlineData("Drop/{name}")]
    [InlineData("drop/{name")]
    [InlineData("drop/{a}/{a}")]
    public void Paths_that_cannot_be_are_refused(string path) => Assert.Null(BlobPath.TryParse(path, out _));

    private Task<TestHost> StartAsync(Type function, params string[] settings) =>
        TestHost.StartAsync(storage, _id, function, _calls, [$"--AzureWebJobsDrop={storage.ConnectionString}", .. settings]);

    private async Task UploadAsync(string name, string text) =>
        await Container.GetBlobClient(name).UploadAsync(BinaryData.FromString(text), new BlobUploadOptions { Metadata = new Dictionary<string, string> { ["sent"] = "today" } });

    private async Task SaidAsync(params string[] expected)
    {
        await Until.TrueAsync(() => _calls.Said.Length >= expected.Length);
        Assert.Equal(expected, _calls.Said);
    }
}
