using System.Text.Json;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Specialized;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Extensions.Abstractions;

namespace WholeSchoolSend.LocalHost.Tests;

public sealed class Ping
{
    [Function(nameof(Ping))]
    public IActionResult Run([HttpTrigger(AuthorizationLevel.Anonymous, "get")] HttpRequest request) => new OkObjectResult(new { Pong = request.Path.Value });
}

public sealed class Typed
{
    [Function("TypedValues")]
    public Task<IResult> Run(
        [HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "typed/{number:int}/{id:guid}")] HttpRequest request,
        int number, Guid id, string? word, FunctionContext context, int more = 7) =>
        Task.FromResult(Results.Text($"{number} {id} {word ?? "none"} {more} {context.FunctionDefinition.Name} {context.GetHttpContext() == request.HttpContext}"));
}

public sealed class ByMethod
{
    [Function("PutThing")]
    public IResult Put([HttpTrigger(AuthorizationLevel.Anonymous, "put", Route = "things/{id}")] HttpRequest request, string id) => Results.Text($"put {id}");

    [Function("GetThing")]
    public IResult Get([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "things/{name}")] HttpRequest request, string name) => Results.Text($"got {name}");
}

public sealed class Broken
{
    [Function(nameof(Broken))]
    public Task<IActionResult> Run([HttpTrigger(AuthorizationLevel.Anonymous)] HttpRequest request) => throw new InvalidOperationException("secret detail");
}

public sealed class Length
{
    [Function(nameof(Length))]
    public async Task<IActionResult> Run([HttpTrigger(AuthorizationLevel.Anonymous, "post")] HttpRequest request, CancellationToken cancellation)
    {
        using var all = new MemoryStream();
        await request.Body.CopyToAsync(all, cancellation);
        return new OkObjectResult(all.Length);
    }
}

public sealed class Levels
{
    [Function("Locked")]
    public IActionResult Locked([HttpTrigger(AuthorizationLevel.Function, "get")] HttpRequest request) => new OkResult();

    [Function("Masters")]
    public IActionResult Masters([HttpTrigger(AuthorizationLevel.Admin, "get")] HttpRequest request) => new OkResult();
}

public sealed class CachesItself
{
    [Function(nameof(CachesItself))]
    public IResult Run([HttpTrigger(AuthorizationLevel.Anonymous, "get")] HttpRequest request)
    {
        request.HttpContext.Response.Headers.CacheControl = "max-age=5";
        return Results.NoContent();
    }
}

public sealed class Slow(Calls calls)
{
    [Function(nameof(Slow))]
    public async Task<IActionResult> Run([HttpTrigger(AuthorizationLevel.Anonymous, "get")] HttpRequest request, CancellationToken cancellation)
    {
        calls.Say("began");
        try
        {
            await Task.WhenAny(calls.Gate.Task, Task.Delay(int.Parse(request.Query["ms"].ToString(), System.Globalization.CultureInfo.InvariantCulture), cancellation)).Unwrap();
        }
        catch (OperationCanceledException)
        {
            calls.Say("cancelled");
            throw;
        }
        return new OkObjectResult("finished");
    }
}

public sealed class Stubborn(Calls calls)
{
    [Function(nameof(Stubborn))]
    public async Task<IActionResult> Run([HttpTrigger(AuthorizationLevel.Anonymous, "get")] HttpRequest request)
    {
        await calls.Gate.Task;
        return new OkResult();
    }
}

public sealed class NeedsClock(TimeProvider time)
{
    [Function(nameof(NeedsClock))]
    public IActionResult Run([HttpTrigger(AuthorizationLevel.Anonymous, "get")] HttpRequest request) => new OkObjectResult(time.GetUtcNow());
}

public sealed class EverySecond(Calls calls)
{
    [Function(nameof(EverySecond))]
    public void Run([TimerTrigger("* * * * * *")] TimerInfo timer) => calls.Things.Enqueue(timer);
}

public sealed class Unmonitored(Calls calls)
{
    [Function(nameof(Unmonitored))]
    public void Run([TimerTrigger("0 0 4 * * *", UseMonitor = false, RunOnStartup = true)] TimerInfo timer) => calls.Things.Enqueue(timer);
}

public sealed class Hourly(Calls calls)
{
    [Function(nameof(Hourly))]
    public void Run([TimerTrigger("%Times:Schedule%")] TimerInfo timer) => calls.Things.Enqueue(timer);
}

public sealed class HourlyFailing(Calls calls)
{
    [Function(nameof(HourlyFailing))]
    [FixedDelayRetry(2, "00:00:00.01")]
    public Task Run([TimerTrigger("0 0 * * * *")] TimerInfo timer, FunctionContext context)
    {
        calls.Say($"{context.InvocationId} {context.RetryContext.RetryCount}/{context.RetryContext.MaxRetryCount}");
        throw new InvalidOperationException("no luck");
    }
}

public sealed class Lonely(Calls calls)
{
    [Function(nameof(Lonely))]
    public async Task Run([TimerTrigger("* * * * * *")] TimerInfo timer)
    {
        calls.Say(calls.Enter() == 1 ? "alone" : "OVERLAP");
        await Task.Delay(1200);
        calls.Leave();
    }
}

public sealed class OnDrop(Calls calls)
{
    [Function(nameof(OnDrop))]
    public async Task Run([BlobTrigger("%Place%/in/{supplier}/{name}", Source = BlobTriggerSource.EventGrid)] Stream content, string supplier, string name, FunctionContext context, CancellationToken cancellation)
    {
        using var reader = new StreamReader(content);
        calls.Things.Enqueue(context.BindingContext.BindingData);
        calls.Say($"{supplier}|{name}|{await reader.ReadToEndAsync(cancellation)}");
    }
}

public sealed class AllShapes(Calls calls)
{
    [Function("AsClient")]
    public void Client([BlobTrigger("%Place%/{name}.csv")] BlobClient blob) => calls.Say($"client {blob.Name}");

    [Function("AsBlockBlob")]
    public void Block([BlobTrigger("%Place%/{name}.csv")] BlockBlobClient blob) => calls.Say($"block {blob.Name}");

    [Function("AsBytes")]
    public void Bytes([BlobTrigger("%Place%/{name}.csv")] byte[] blob) => calls.Say($"bytes {blob.Length}");

    [Function("AsText")]
    public void Text([BlobTrigger("%Place%/{name}.csv")] string blob) => calls.Say($"text {blob}");
}

public sealed class DropFails(Calls calls)
{
    [Function(nameof(DropFails))]
    public async Task Run([BlobTrigger("%Place%/{name}", Connection = "Drop")] BlobClient blob, string name)
    {
        calls.Say(name);
        if (name == "wait.csv") await calls.Gate.Task;
        throw new InvalidOperationException("cannot be read");
    }
}

public sealed class DropSlow(Calls calls)
{
    [Function(nameof(DropSlow))]
    public async Task Run([BlobTrigger("%Place%/{name}")] BlobClient blob, string name)
    {
        calls.Say($"begin {name}");
        await calls.Gate.Task;
        calls.Say($"end {name}");
    }
}

[AttributeUsage(AttributeTargets.Parameter)]
public sealed class StrangeTriggerAttribute : TriggerBindingAttribute;

public sealed class UnknownTrigger
{
    [Function(nameof(UnknownTrigger))]
    public void Run([StrangeTrigger] string message) => JsonSerializer.Serialize(message);
}

public sealed class NoTrigger
{
    [Function(nameof(NoTrigger))]
    public void Run(string message) => JsonSerializer.Serialize(message);
}

public sealed class UnsupportedParameter
{
    [Function(nameof(UnsupportedParameter))]
    public void Run([TimerTrigger("0 0 * * * *")] TimerInfo timer, HttpClient http) => http.CancelPendingRequests();
}

public sealed class BlobAsPoco
{
    [Function(nameof(BlobAsPoco))]
    public void Run([BlobTrigger("drop/{name}")] Uri blob) => JsonSerializer.Serialize(blob);
}

public sealed class ReturnsNothing
{
    [Function(nameof(ReturnsNothing))]
    public Task Run([HttpTrigger] HttpRequest request) => Task.CompletedTask;
}

public sealed class Twice
{
    [Function("Same")]
    public void One([TimerTrigger("0 0 * * * *")] TimerInfo timer) => JsonSerializer.Serialize(timer);

    [Function("same")]
    public void Two([TimerTrigger("0 0 * * * *")] TimerInfo timer) => JsonSerializer.Serialize(timer);
}

public sealed class SameRoute
{
    [Function("First")]
    public IResult One([HttpTrigger("get", "post", Route = "a/{id}")] HttpRequest request) => Results.Ok();

    [Function("Second")]
    public IResult Two([HttpTrigger("POST", Route = "A/{other}")] HttpRequest request) => Results.Ok();
}

public sealed class BadConstraint
{
    [Function(nameof(BadConstraint))]
    public IResult Run([HttpTrigger("get", Route = "a/{id:wholly}")] HttpRequest request) => Results.Ok();
}

public sealed class RetriedBlob
{
    [Function(nameof(RetriedBlob))]
    [FixedDelayRetry(3, "00:00:01")]
    public void Run([BlobTrigger("drop/{name}")] string blob) => JsonSerializer.Serialize(blob);
}

public sealed class BadSchedule
{
    [Function(nameof(BadSchedule))]
    public void Run([TimerTrigger("every day")] TimerInfo timer) => JsonSerializer.Serialize(timer);
}

public sealed class MissingSetting
{
    [Function(nameof(MissingSetting))]
    public void Run([TimerTrigger("%No:Such:Setting%")] TimerInfo timer) => JsonSerializer.Serialize(timer);
}

public sealed class MissingConnection
{
    [Function(nameof(MissingConnection))]
    public void Run([BlobTrigger("drop/{name}", Connection = "Elsewhere")] string blob) => JsonSerializer.Serialize(blob);
}
