using System.Text.Json;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Specialized;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Time.Testing;

namespace WholeSchoolSend.LocalHost.Tests;

public class TimerTests(SharedStorage storage)
{
    private static readonly DateTime Noon = new(2026, 11, 23, 12, 30, 0, DateTimeKind.Utc);
    private readonly string _id = TestHost.NewId();
    private readonly Calls _calls = new();
    private readonly FakeTimeProvider _time = new(Noon);

    private TimerInfo[] Timers => [.. _calls.Things.Cast<TimerInfo>()];

    [Fact]
    public async Task A_first_start_waits_for_the_next_occurrence_and_writes_it_down()
    {
        await using var host = await StartAsync(typeof(Hourly));
        await Until.TrueAsync(async () => await StatusBlob("Hourly").ExistsAsync());
        Assert.Equal((default, Noon.AddMinutes(30)), await StatusAsync("Hourly"));
        Assert.Empty(Timers);

        await AdvanceUntilAsync(() => Timers.Length == 1);
        Assert.False(Timers[0].IsPastDue);
        Assert.Equal(default, Timers[0].ScheduleStatus!.Last);
        Assert.Equal(Noon.AddMinutes(30), Timers[0].ScheduleStatus!.Next);
        await AdvanceUntilAsync(() => Timers.Length == 2);
        Assert.Equal(Noon.AddMinutes(90), Timers[1].ScheduleStatus!.Next);
        await Until.TrueAsync(async () => await StatusAsync("Hourly") == (Noon.AddMinutes(90), Noon.AddMinutes(150)));
    }

    [Fact]
    public async Task Any_number_of_missed_runs_are_caught_up_by_one()
    {
        await WriteStatusAsync("Hourly", last: Noon.AddMinutes(-390), next: Noon.AddMinutes(-330));
        await using var host = await StartAsync(typeof(Hourly));
        await Until.TrueAsync(() => Timers.Length == 1);
        Assert.True(Timers[0].IsPastDue);
        Assert.Equal(Noon.AddMinutes(-390), Timers[0].ScheduleStatus!.Last);
        Assert.Equal(Noon.AddMinutes(-330), Timers[0].ScheduleStatus!.Next); // the first that was missed
        await Until.TrueAsync(async () => await StatusAsync("Hourly") == (Noon, Noon.AddMinutes(30)));
        await AdvanceUntilAsync(() => Timers.Length == 2);
        Assert.False(Timers[1].IsPastDue);
        Assert.Equal(Noon.AddMinutes(30), Timers[1].ScheduleStatus!.Next);
    }

    [Fact]
    public async Task A_changed_schedule_is_not_past_due()
    {
        // It was daily at four and is hourly now.
        await WriteStatusAsync("Hourly", last: Noon.Date.AddHours(-20), next: Noon.Date.AddHours(4));
        await using var host = await StartAsync(typeof(Hourly));
        await Until.TrueAsync(async () => await StatusAsync("Hourly") == (default, Noon.AddMinutes(30)));
        Assert.Empty(Timers);
    }

    [Fact]
    public async Task A_failed_run_is_retried_by_its_rule_and_still_advances_the_status()
    {
        await WriteStatusAsync("HourlyFailing", last: Noon.AddMinutes(-90), next: Noon.AddMinutes(-30));
        await using var host = await StartAsync(typeof(HourlyFailing));
        await Until.TrueAsync(async () => await StatusAsync("HourlyFailing") == (Noon, Noon.AddMinutes(30)));
        Assert.Equal(["0/2", "1/2", "2/2"], _calls.Said.Select(one => one.Split(' ')[1]));
        Assert.Single(_calls.Said.Select(one => one.Split(' ')[0]).Distinct()); // one invocation id
        await AdvanceUntilAsync(() => _calls.Said.Length == 6);
    }

    [Fact]
    public async Task Schedules_below_a_minute_have_no_status()
    {
        await using var host = await TestHost.StartAsync(storage, _id, typeof(EverySecond), _calls);
        await Until.TrueAsync(() => Timers.Length >= 2);
        Assert.All(Timers, one => Assert.Null(one.ScheduleStatus));
        Assert.All(Timers, one => Assert.False(one.IsPastDue));
        Assert.False(await StatusBlob("EverySecond").ExistsAsync());
    }

    [Fact]
    public async Task Without_monitor_there_is_no_status_and_run_on_startup_runs()
    {
        await using var host = await StartAsync(typeof(Unmonitored));
        await Until.TrueAsync(() => Timers.Length == 1);
        Assert.Null(Timers[0].ScheduleStatus);
        Assert.False(await StatusBlob("Unmonitored").ExistsAsync());
    }

    [Fact]
    public async Task One_of_two_hosts_fires_and_the_other_takes_over()
    {
        var other = new Calls();
        await using var first = await TestHost.StartAsync(storage, _id, typeof(EverySecond), _calls);
        await Until.TrueAsync(() => Timers.Length >= 1);
        await using var second = await TestHost.StartAsync(storage, _id, typeof(EverySecond), other);
        var already = Timers.Length;
        await Until.TrueAsync(() => Timers.Length >= already + 2);
        Assert.Empty(other.Things);

        await first.StopAsync();
        var stopped = Timers.Length;
        await Until.TrueAsync(() => !other.Things.IsEmpty);
        Assert.Equal(stopped, Timers.Length);
    }

    [Fact]
    public async Task A_killed_host_is_followed_when_its_lease_runs_out()
    {
        await using var killed = ChildProcess.Start("app", ["--urls=http://127.0.0.1:0", .. TestHost.Use(storage, _id)]);
        await killed.SaysAsync("Executed 'Functions.EverySecond' (Succeeded");
        await using var host = await TestHost.StartAsync(storage, _id, typeof(EverySecond), _calls);
        await killed.SignalAsync("KILL");
        await killed.EndAsync();
        await Until.TrueAsync(() => Timers.Length >= 1, seconds: 30);
    }

    [Fact]
    public async Task A_host_that_loses_its_lease_stops_firing()
    {
        await using var host = await TestHost.StartAsync(storage, _id, typeof(EverySecond), _calls);
        await Until.TrueAsync(() => Timers.Length >= 1);
        var lease = storage.Blobs.GetBlobContainerClient("azure-webjobs-hosts").GetBlobClient($"locks/{_id}/Host.Functions.EverySecond.Listener").GetBlobLeaseClient();
        await lease.BreakAsync(TimeSpan.Zero);
        await lease.AcquireAsync(BlobLeaseClient.InfiniteLeaseDuration);
        // It may fire until it next renews; after that not again while somebody else has the lease.
        var count = -1;
        await Until.TrueAsync(async () =>
        {
            var before = Timers.Length;
            await Task.Delay(2500);
            count = Timers.Length;
            return before == count;
        });
        await lease.ReleaseAsync();
        await Until.TrueAsync(() => Timers.Length > count);
    }

    [Fact]
    public async Task An_admin_run_is_at_once_and_leaves_the_schedule_alone()
    {
        await using var host = await StartAsync(typeof(Hourly));
        await Until.TrueAsync(async () => await StatusBlob("Hourly").ExistsAsync());
        var answer = await host.Client.PostAsync("/admin/functions/hourly", new StringContent("""{"input":""}"""));
        Assert.Equal(System.Net.HttpStatusCode.Accepted, answer.StatusCode);
        await Until.TrueAsync(() => Timers.Length == 1);
        Assert.Equal(Noon.AddMinutes(30), Timers[0].ScheduleStatus!.Next);
        Assert.Equal((default, Noon.AddMinutes(30)), await StatusAsync("Hourly"));
    }

    [Fact]
    public async Task Admin_runs_do_not_overlap_with_scheduled_ones()
    {
        await using var host = await TestHost.StartAsync(storage, _id, typeof(Lonely), _calls);
        for (var i = 0; i < 3; i++) await host.Client.PostAsync("/admin/functions/Lonely", null);
        await Until.TrueAsync(() => _calls.Said.Length >= 4);
        Assert.DoesNotContain("OVERLAP", _calls.Said);
    }

    [Theory]
    [InlineData("0 */5 * * * *", "12:35:00")]
    [InlineData("*/5 * * * *", "12:35:00")] // five fields: the second is 0
    [InlineData("10 30 12 * * MON", "12:30:10")]
    [InlineData("0 0 13 23 11 *", "13:00:00")]
    public void Schedules_are_ncrontab_in_utc(string text, string next) =>
        Assert.Equal(Noon.Date + TimeSpan.Parse(next, null), TimerSchedule.TryParse(text)!.NextAfter(Noon));

    private Task<TestHost> StartAsync(Type function)
    {
        var builder = TestHost.Builder([function], _calls, null, [.. TestHost.Use(storage, _id), "--Times:Schedule=0 0 * * * *"]);
        builder.Plan.Time = _time;
        return TestHost.StartAsync(builder, _id);
    }

    private Task AdvanceUntilAsync(Func<bool> condition) => Until.TrueAsync(() =>
    {
        if (condition()) return true;
        _time.Advance(TimeSpan.FromMinutes(1));
        return condition();
    });

    private BlobClient StatusBlob(string function) =>
        storage.Blobs.GetBlobContainerClient("azure-webjobs-hosts").GetBlobClient($"timers/{_id}/Host.Functions.{function}/status");

    private async Task<(DateTime Last, DateTime Next)> StatusAsync(string function)
    {
        using var json = JsonDocument.Parse((await StatusBlob(function).DownloadContentAsync()).Value.Content);
        Assert.Equal(["Last", "Next", "LastUpdated"], json.RootElement.EnumerateObject().Select(one => one.Name));
        return (json.RootElement.GetProperty("Last").GetDateTime(), json.RootElement.GetProperty("Next").GetDateTime());
    }

    private async Task WriteStatusAsync(string function, DateTime last, DateTime next)
    {
        await storage.Blobs.GetBlobContainerClient("azure-webjobs-hosts").CreateIfNotExistsAsync();
        await StatusBlob(function).UploadAsync(BinaryData.FromObjectAsJson(new { Last = last, Next = next, LastUpdated = last }));
    }
}
