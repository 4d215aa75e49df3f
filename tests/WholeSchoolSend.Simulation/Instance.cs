using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Azure.Core.Pipeline;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using WholeSchoolSend.Core.Webhooks.Vendors;
using WholeSchoolSend.Functions;
using WholeSchoolSend.Storage;
using WholeSchoolSend.Testing.Simulation;

namespace WholeSchoolSend.Simulation;

/// <summary>
/// One process of the app: its own wiring, functions, stores and SDK clients, with the line to storage, the clock, the vendor and the log in the world's hands.
/// Killed, it never does anything again: no reply, no timer, no clean-up.
/// </summary>
internal sealed class Instance
{
    public const string Secret = "canary-secret-of-the-simulation";
    public const string MonkeySecret = "canary-client&canary-secret";
    public const string PseudonymKey = "canary-pseudonym-key-of-the-simulation";
    private const int TablesPort = 10002;
    public const string Token = "canary-token";

    private static readonly Dictionary<string, string?> Settings = new()
    {
        ["SurveyData"] = SimulatedAccount.ConnectionString("http://127.0.0.1:10000", $"http://127.0.0.1:{TablesPort}"),
        ["PseudonymKey"] = PseudonymKey,
        ["Sources:leaders_json:Tool"] = "json",
        ["Sources:leaders_json:Secrets:0"] = Secret,
        ["Sources:leaders_monkey:Tool"] = "surveymonkey",
        ["Sources:leaders_monkey:Secrets:0"] = MonkeySecret,
        ["Sources:leaders_monkey:Api:Token"] = Token,
    };

    private readonly World _world;
    private readonly ServiceProvider _services;

    public Instance(World world, string name, TimeSpan skew, IVendorHttp vendor)
    {
        (_world, Name) = (world, name);
        Clock = new VirtualTime.Clock(world.Time, this, skew);
        var builder = new HostApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true, ApplicationName = "simulation" });
        builder.Configuration.AddInMemoryCollection(Settings);
        builder.AddWholeSchoolSend();
        builder.Logging.AddProvider(new WorldLog(world));
        builder.Services.AddSingleton<TimeProvider>(Clock);
        builder.Services.AddSingleton(vendor);
        // Attempts follow each other at once, or random delays would shuffle what a seed has ordered; three are few enough that an operation fails.
        var options = new SurveyDataOptions
        {
            Transport = new HttpClientTransport(new HttpClient(new Line(this, world)) { Timeout = Timeout.InfiniteTimeSpan }),
            Resilience = { Delay = TimeSpan.Zero, ConflictDelay = TimeSpan.Zero, MaxRetryAttempts = 2, TableTimeout = TimeSpan.FromHours(1), BlobTimeout = TimeSpan.FromHours(1) },
        };
        builder.Services.AddSingleton(new SurveyDataStorage(Settings["SurveyData"]!, options, Clock));
        _services = builder.Services.BuildServiceProvider();
    }

    public string Name { get; }

    public TimeProvider Clock { get; }

    public bool IsDead { get; private set; }

    public SurveyDataStorage Storage => _services.GetRequiredService<SurveyDataStorage>();

    public void Kill() => IsDead = true;

    public T Get<T>()
        where T : class => ActivatorUtilities.GetServiceOrCreateInstance<T>(_services);

    /// <summary>Calls a function by HTTP, and gives back what the caller is told.</summary>
    public async Task<(int Status, string Body)> CallAsync(Func<HttpRequest, Task<IResult>> function, string? body = null, string query = "", params (string Name, string Value)[] headers)
    {
        var context = new DefaultHttpContext { RequestServices = _services };
        using var answer = new MemoryStream();
        context.Response.Body = answer;
        context.Request.Method = body is null ? "GET" : "POST";
        context.Request.QueryString = new QueryString(query);
        if (body is not null) context.Request.Body = new MemoryStream(Encoding.UTF8.GetBytes(body));
        foreach (var (name, value) in headers) context.Request.Headers[name] = value;
        var result = await function(context.Request);
        await result.ExecuteAsync(context);
        return (context.Response.StatusCode, Encoding.UTF8.GetString(answer.ToArray()));
    }

    /// <summary>Posts a delivery to the function that receives them; null: the sender is told to try again.</summary>
    public async Task<JsonElement?> DeliverAsync(string source, string body)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        var header = source == "leaders_json"
            ? ("X-Signature", Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), bytes)))
#pragma warning disable CA5350 // SurveyMonkey's own scheme.
            : ("Sm-Signature", Convert.ToBase64String(HMACSHA1.HashData(Encoding.UTF8.GetBytes(MonkeySecret), bytes)));
#pragma warning restore CA5350
        var (status, answer) = await CallAsync(request => Get<Functions.Triggers.ReceiveResponses>().Run(request, source, CancellationToken.None), body, "", header);
        _world.Heard($"{status} {answer}");
        if (status == 503) return null;
        if (status != 200) throw new PromiseBrokenException("1", $"a delivery was answered with {status}");
        using var json = JsonDocument.Parse(answer);
        return json.RootElement.Clone();
    }

    /// <summary>The line from the SDK's clients to the world.</summary>
    private sealed class Line(Instance instance, World world) : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var response = await world.SendAsync(
                instance, request.RequestUri!.Port == TablesPort, await ServiceRequest.FromAsync(request, cancellationToken), cancellationToken);
            return response.To(request);
        }
    }

    private sealed class WorldLog(World world) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            world.Heard(string.Create(CultureInfo.InvariantCulture, $"{formatter(state, exception)} {exception}"));

        public void Dispose()
        {
        }
    }
}
