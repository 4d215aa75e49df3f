using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Azure.Functions.Worker.Builder;

namespace WholeSchoolSend.LocalHost.Tests;

/// <summary>Settings, start, admin, stop; some of it in a process of its own.</summary>
public partial class HostTests(SharedStorage storage)
{
    [Fact]
    public void Settings_come_from_files_environment_and_command_line_the_later_the_stronger()
    {
        Environment.SetEnvironmentVariable("Order__C", "environment");
        Environment.SetEnvironmentVariable("Order__D", "environment");
        var settings = FunctionsApplication.CreateBuilder(["--Order:D=command line"]).Configuration;
        Assert.Equal(["appsettings", "local.settings", "environment", "command line"], new[] { "A", "B", "C", "D" }.Select(one => settings[$"Order:{one}"]));
    }

    [Fact]
    public async Task The_admin_api_lists_functions_and_tells_how_they_are()
    {
        await using var host = await TestHost.StartAsync(TestHost.Builder([typeof(Ping), typeof(ByMethod)], null, null, "--AzureFunctionsWebHost:hostid=mine"));
        var list = await host.Client.GetFromJsonAsync<JsonElement>("/admin/functions");
        Assert.Equal(["GetThing", "Ping", "PutThing"], list.EnumerateArray().Select(one => one.GetProperty("name").GetString()));
        Assert.Equal("api/things/{id}", list[2].GetProperty("trigger").GetProperty("route").GetString());
        var status = await host.Client.GetFromJsonAsync<JsonElement>("/admin/host/status");
        Assert.Equal(("mine", "Running", 0), (status.GetProperty("id").GetString(), status.GetProperty("state").GetString(), status.GetProperty("errors").GetArrayLength()));
        Assert.Equal(0, (await host.Client.GetFromJsonAsync<JsonElement>("/admin/functions/ping/status")).GetProperty("errors").GetArrayLength());
        Assert.Equal(HttpStatusCode.NotFound, (await host.Client.PostAsync("/admin/functions/nobody", null)).StatusCode);
    }

    [Fact]
    public async Task Functions_are_those_of_the_assembly_that_was_named()
    {
        var builder = FunctionsApplication.CreateBuilder(["--urls=http://127.0.0.1:0"]);
        builder.UseFunctionsFrom(typeof(Azurite).Assembly); // has none
        await using var host = await TestHost.StartAsync(builder);
        await using var other = await TestHost.StartAsync(typeof(Ping)); // a second host in this process
        Assert.Equal("[]", await host.Client.GetStringAsync("/admin/functions"));
        Assert.Equal(HttpStatusCode.OK, (await other.Client.GetAsync("/api/ping")).StatusCode);
    }

    [Fact]
    public async Task With_keys_the_admin_api_wants_the_master_key()
    {
        await using var host = await TestHost.StartAsync(TestHost.Builder([typeof(Ping)], null, null, "--LocalHost:Keys:Master=m", "--LocalHost:Keys:Default=d"));
        Assert.Equal(HttpStatusCode.Unauthorized, (await host.Client.GetAsync("/admin/host/status")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await host.Client.GetAsync("/admin/host/status?code=d")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await host.Client.GetAsync("/admin/host/status?code=m")).StatusCode);
    }

    [Fact]
    public async Task Stopping_waits_for_what_runs_and_takes_nothing_new()
    {
        var calls = new Calls();
        var host = await TestHost.StartAsync(typeof(Slow), calls);
        var running = host.Client.GetAsync("/api/slow?ms=20000");
        await Until.TrueAsync(() => calls.Said.Contains("began"));
        var stopping = host.StopAsync();
        await Until.TrueAsync(async () => (await host.Client.GetAsync("/api/slow?ms=1")).StatusCode == HttpStatusCode.ServiceUnavailable);
        Assert.False(stopping.IsCompleted);
        calls.Gate.SetResult();
        Assert.Equal(HttpStatusCode.OK, (await running).StatusCode);
        await stopping;
        Assert.DoesNotContain("cancelled", calls.Said);
        await host.DisposeAsync();
    }

    [Fact]
    public async Task After_the_grace_what_runs_is_cancelled()
    {
        var calls = new Calls();
        var host = await TestHost.StartAsync(typeof(Slow), calls, "--LocalHost:ShutdownGrace=00:00:00.3");
        var running = host.Client.GetAsync("/api/slow?ms=20000");
        await Until.TrueAsync(() => calls.Said.Contains("began"));
        await host.StopAsync();
        Assert.Contains("cancelled", calls.Said);
        Assert.Equal(HttpStatusCode.InternalServerError, (await running).StatusCode);
        await host.DisposeAsync();
    }

    [Fact]
    public async Task A_signal_stops_the_program_in_order_and_frees_its_locks()
    {
        var id = TestHost.NewId();
        await using var app = ChildProcess.Start("app", ["--urls=http://127.0.0.1:0", .. TestHost.Use(storage, id)]);
        await app.SaysAsync("Executed 'Functions.EverySecond' (Succeeded");
        using var client = new HttpClient { BaseAddress = new Uri(Address().Match(app.Output).Value) };
        var running = client.GetAsync("/api/slow?ms=1500");
        await app.SaysAsync("said: began");
        await app.SignalAsync("TERM");
        Assert.Equal("finished", await (await running).Content.ReadAsStringAsync());
        await app.EndAsync();
        Assert.Equal(0, app.ExitCode);
        var calls = new Calls();
        await using var next = await TestHost.StartAsync(storage, id, typeof(EverySecond), calls);
        await Until.TrueAsync(() => !calls.Things.IsEmpty, seconds: 5); // less than a lease
    }

    [Fact]
    public async Task A_second_signal_ends_the_program_at_once()
    {
        await using var app = ChildProcess.Start("app", ["--urls=http://127.0.0.1:0", .. TestHost.Use(storage, TestHost.NewId())]);
        await app.SaysAsync("Listening on");
        using var client = new HttpClient { BaseAddress = new Uri(Address().Match(app.Output).Value) };
        var running = client.GetAsync("/api/slow?ms=60000");
        await app.SaysAsync("said: began");
        // Not INT: what a shell starts in the background, as some CI is, ignores it from birth.
        await app.SignalAsync("TERM");
        await Until.TrueAsync(async () => (await client.GetAsync("/api/ping")).StatusCode == HttpStatusCode.ServiceUnavailable);
        await app.SignalAsync("TERM");
        await app.EndAsync();
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => running);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_named_without_a_stack_trace()
    {
        await using var host = await TestHost.StartAsync(typeof(Ping));
        await using var app = ChildProcess.Start("app", [$"--urls=http://127.0.0.1:{host.Client.BaseAddress!.Port}", .. TestHost.Use(storage, TestHost.NewId())]);
        await app.EndAsync();
        await app.SaysAsync($"The address http://127.0.0.1:{host.Client.BaseAddress.Port} is in use.");
        Assert.Equal(1, app.ExitCode);
        Assert.DoesNotContain("   at ", app.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_companion_is_told_heard_and_its_failure_said()
    {
        await using var app = ChildProcess.Start("app", ["--sample", "--urls=http://127.0.0.1:0", .. TestHost.Use(storage, TestHost.NewId())]);
        await app.SaysAsync("companion gives up");
        await app.SaysAsync("WholeSchoolSend.LocalHost.Tests.dll FAILED with exit code 3");
        var address = new Uri(Address().Match(app.Output).Value);
        await app.SaysAsync($"companion at http://localhost:{address.Port}, setting 'for the companion'");
        using var client = new HttpClient { BaseAddress = address };
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/api/ping")).StatusCode); // the host goes on
    }

    [Fact]
    public async Task The_companion_ends_with_the_host()
    {
        await using var app = ChildProcess.Start("app", ["--sample", "--CompanionWaits=yes", "--urls=http://127.0.0.1:0", .. TestHost.Use(storage, TestHost.NewId())]);
        await app.SaysAsync("companion at");
        await app.SignalAsync("TERM");
        await app.EndAsync(); // its output ends only when the companion's does
        Assert.Equal(0, app.ExitCode);
        Assert.DoesNotContain("FAILED", app.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Azurite_is_started_found_again_and_stopped()
    {
        var ports = FreePorts();
        var folder = Directory.CreateTempSubdirectory("azurite-test-").FullName;
        var started = await Azurite.StartUnlessRunningAsync(folder, ports, default);
        var client = new Azure.Storage.Blobs.BlobServiceClient(started!.ConnectionString);
        await client.CreateBlobContainerAsync("kept");
        Assert.Null(await Azurite.StartUnlessRunningAsync(folder, ports, default));
        await started.DisposeAsync();

        await using (var again = await Azurite.StartUnlessRunningAsync(folder, ports, default))
        {
            Assert.True(await client.GetBlobContainerClient("kept").ExistsAsync());
        }
        using var other = new TcpListener(IPAddress.Loopback, ports[1]);
        other.Start();
        _ = other.AcceptTcpClientAsync().ContinueWith(one => one.Status == TaskStatus.RanToCompletion ? one.GetAwaiter().GetResult().Client.SendAsync("no\r\n"u8.ToArray()) : null, TaskScheduler.Default);
        var refused = await Assert.ThrowsAsync<CannotStartException>(() => Azurite.StartUnlessRunningAsync(folder, ports, default));
        Assert.Contains($"port {ports[1]}, which another program uses", refused.Message, StringComparison.Ordinal);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_test_azurite_dies_with_its_parent()
    {
        await using var parent = ChildProcess.Start("azurite", []);
        await parent.SaysAsync("BlobEndpoint=");
        var endpoint = new Uri(Regex.Match(parent.Output, "BlobEndpoint=([^;]+)").Groups[1].Value);
        using var client = new HttpClient();
        Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync(new Uri($"{endpoint}?comp=list"))).StatusCode);
        await parent.SignalAsync("KILL");
        await Until.TrueAsync(async () =>
        {
            try
            {
                using var _ = await client.GetAsync(endpoint);
                return false;
            }
            catch (HttpRequestException)
            {
                return true;
            }
        });
    }

    private static int[] FreePorts()
    {
        var listeners = Enumerable.Range(0, 3).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToArray();
        foreach (var one in listeners) one.Start();
        var ports = listeners.Select(one => ((IPEndPoint)one.LocalEndpoint).Port).ToArray();
        foreach (var one in listeners) one.Stop();
        return ports;
    }

    [GeneratedRegex(@"http://127\.0\.0\.1:\d+/?(?= with)")]
    private static partial Regex Address();
}
