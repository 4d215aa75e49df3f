using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Azure.Functions.Worker.Builder;

namespace WholeSchoolSend.LocalHost.Tests;

public class RefusalTests
{
    [Theory]
    [InlineData(typeof(UnknownTrigger), "'UnknownTrigger'", "StrangeTriggerAttribute is not one of LocalHost's")]
    [InlineData(typeof(NoTrigger), "'NoTrigger'", "no trigger")]
    [InlineData(typeof(UnsupportedParameter), "'UnsupportedParameter'", "parameter 'http' of type HttpClient")]
    [InlineData(typeof(BlobAsPoco), "'BlobAsPoco'", "parameter 'blob' is a Uri")]
    [InlineData(typeof(ReturnsNothing), "'ReturnsNothing'", "IActionResult, IResult")]
    [InlineData(typeof(Twice), "'Same'", "exists more than once")]
    [InlineData(typeof(SameRoute), "'First' and 'Second'", "same route 'api/a/{id}'")]
    [InlineData(typeof(BadConstraint), "'BadConstraint'", "no constraint 'wholly'")]
    [InlineData(typeof(RetriedBlob), "'RetriedBlob'", "FixedDelayRetryAttribute works on timers only")]
    public async Task What_cannot_run_is_refused_by_name(Type functions, string name, string why)
    {
        var message = await TestHost.RefusalAsync(functions);
        Assert.Contains(name, message, StringComparison.Ordinal);
        Assert.Contains(why, message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_refusals_are_told_at_once()
    {
        var message = await TestHost.RefusalAsync(typeof(NoTrigger), typeof(ReturnsNothing));
        Assert.Equal(2, message.Split(Environment.NewLine).Length);
    }

    [Fact]
    public async Task A_bad_schedule_is_refused()
    {
        var refused = await Assert.ThrowsAsync<CannotStartException>(() => TestHost.StartAsync(typeof(BadSchedule), null, "--AzureWebJobsStorage=UseDevelopmentStorage=true"));
        Assert.Contains("'BadSchedule': 'every day' is not an NCRONTAB schedule", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Http_functions_need_the_web_application()
    {
        var builder = FunctionsApplication.CreateBuilder(["--urls=http://127.0.0.1:0"]);
        builder.UseFunctions(typeof(Ping));
        using var host = builder.Build();
        var refused = await Assert.ThrowsAsync<CannotStartException>(() => host.StartAsync());
        Assert.Contains("'Ping'", refused.Message, StringComparison.Ordinal);
        Assert.Contains("ConfigureFunctionsWebApplication()", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--urls=http://0.0.0.0:0", "this machine only")]
    [InlineData("--WEBSITE_TIME_ZONE=GMT Standard Time", "WEBSITE_TIME_ZONE")]
    public async Task A_setting_that_would_be_ignored_is_refused(string setting, string why)
    {
        var refused = await Assert.ThrowsAsync<CannotStartException>(() => TestHost.StartAsync(typeof(Ping), null, setting));
        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("version=1.0", "host.json: version cannot be '1.0'")]
    [InlineData("functionTimeout=long", "host.json: functionTimeout cannot be 'long'")]
    [InlineData("extensions:blobs:poisonBlobThreshold=0", "host.json: extensions.blobs.poisonBlobThreshold cannot be '0'")]
    public void A_wrong_value_in_host_json_is_refused(string value, string why)
    {
        var refused = Assert.Throws<CannotStartException>(() => FunctionsApplication.CreateBuilder([$"--AzureFunctionsJobHost:{value}"]));
        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_host_json_asks_in_vain_is_named()
    {
        using var logs = new Logs();
        await using var host = await TestHost.StartAsync(TestHost.Builder([typeof(Ping)], null, logs, "--AzureFunctionsJobHost:extensions:http:maxConcurrentRequests=5"));
        Assert.Contains("does not honour 'extensions.http.maxConcurrentRequests'", logs.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(typeof(MissingSetting), "the setting %No:Such:Setting% is missing")]
    [InlineData(typeof(MissingConnection), "the setting AzureWebJobsElsewhere or Elsewhere is missing")]
    [InlineData(typeof(MissingConnection), "Elsewhere is given by identity", "--Elsewhere:blobServiceUri=https://example.org")]
    [InlineData(typeof(MissingConnection), "the connection string in Elsewhere cannot be read", "--Elsewhere=AccountKey=topsecret")]
    [InlineData(typeof(EverySecond), "the setting AzureWebJobsStorage is missing", "--AzureWebJobsStorage=")]
    public async Task One_function_in_error_leaves_the_others_running(Type function, string why, params string[] settings)
    {
        using var logs = new Logs();
        await using var host = await TestHost.StartAsync(TestHost.Builder(
            [typeof(Ping), function], null, logs, ["--AzureWebJobsStorage=DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;BlobEndpoint=http://127.0.0.1:1/a;QueueEndpoint=http://127.0.0.1:1/a", .. settings]));
        Assert.True((await host.Client.GetAsync("/api/ping")).IsSuccessStatusCode);
        Assert.Contains($"The '{function.Name}' function is in error", logs.Text, StringComparison.Ordinal);
        Assert.Contains(why, logs.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("topsecret", logs.Text, StringComparison.Ordinal);
        Assert.Contains(why, await ErrorOf($"/admin/functions/{function.Name}/status"), StringComparison.Ordinal);
        Assert.Contains(why, await ErrorOf("/admin/host/status"), StringComparison.Ordinal);

        async Task<string> ErrorOf(string path) => (await host.Client.GetFromJsonAsync<JsonElement>(path)).GetProperty("errors")[0].GetString()!;
    }
}
