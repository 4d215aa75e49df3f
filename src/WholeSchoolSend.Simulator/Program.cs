using Azure.Storage.Blobs;
using WholeSchoolSend.Simulator;

const string Usage = """
    Plays a realistic programme year against a running system, through its public surface only.

      --url <address>    where the system listens; http://localhost:7071 when left out
      --small            a tenth of a year
      --seed <number>    another year; 2049 when left out

    Settings, from the environment or as --Name value: SurveyData (connection string), Sources__teachers_typeform__Secrets__0,
    Sources__interviews_json__Secrets__0, PublicContainer (snapshots when left out), LocalHost__Keys__Master (when keys are configured).
    """;

Dictionary<string, string> given = new(StringComparer.OrdinalIgnoreCase);
for (var i = 0; i < args.Length; i++)
{
    var name = args[i].TrimStart('-');
    if (name is "help" or "h" or "?")
    {
        Console.WriteLine(Usage);
        return 0;
    }
    if (name == "small") given[name] = "true";
    else if (args[i].StartsWith("--", StringComparison.Ordinal) && i + 1 < args.Length) given[name] = args[++i];
    else return Fail($"Unknown argument {args[i]}.\n\n{Usage}");
}

if (!Uri.TryCreate(Setting("url") ?? "http://localhost:7071", UriKind.Absolute, out var url)) return Fail("--url is not an address.");
if (!ulong.TryParse(Setting("seed") ?? "2049", out var seed)) return Fail("--seed is not a whole number.");
if (Setting("SurveyData") is not { } connection) return Fail("The setting SurveyData (connection string) is missing.");
if (Setting("Sources__teachers_typeform__Secrets__0") is not { } secret) return Fail("The setting Sources__teachers_typeform__Secrets__0 is missing.");
if (Setting("Sources__interviews_json__Secrets__0") is not { } interviews) return Fail("The setting Sources__interviews_json__Secrets__0 is missing.");

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    stop.Cancel();
};
Console.OutputEncoding = System.Text.Encoding.UTF8;
using var http = new HttpClient { BaseAddress = new Uri(url, "/"), Timeout = TimeSpan.FromSeconds(100) };
var time = TimeProvider.System;
var account = new Account(Console.Out, time);
try
{
    account.Title($"A programme year of Whole School SEND (made up, seed {seed}) played to {url.GetLeftPart(UriPartial.Authority)}");
    var surface = new Surface(http, new BlobServiceClient(connection), Setting("PublicContainer") ?? "snapshots", Setting("LocalHost__Keys__Master"), time);
    await new Year(surface, account, Plan.From(seed, given.ContainsKey("small") ? Scale.Small : Scale.Whole, secret, interviews)).PlayAsync(stop.Token);
    account.Text($"\nOpen {new Uri(url, "/")}");
    return 0;
}
catch (Exception fault) when (fault is UnexpectedAnswerException or HttpRequestException or Azure.RequestFailedException)
{
    return Fail(fault.Message);
}
catch (OperationCanceledException)
{
    return Fail(stop.IsCancellationRequested ? "Stopped." : "The system took longer than 100 s to answer.");
}

string? Setting(string name) =>
    given.GetValueOrDefault(name) ?? (Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null);

static int Fail(string why)
{
    Console.Error.WriteLine($"\nThe year stopped: {why}");
    return 1;
}
