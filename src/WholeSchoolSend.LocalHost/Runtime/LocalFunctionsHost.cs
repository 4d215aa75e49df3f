using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace WholeSchoolSend.LocalHost;

/// <summary>
/// The host from start to stop: storage, then the web server, then triggers, then the companion; and back in the other order,
/// waiting for what runs.
/// </summary>
internal sealed partial class LocalFunctionsHost(HostPlan plan, WebApplication web) : IHost, IAsyncDisposable
{
    /// <summary>Headers of every answer, also of pages and of the host's own.</summary>
    private static readonly KeyValuePair<string, StringValues>[] AlwaysSaid =
    [
        new("X-Content-Type-Options", "nosniff"), new("Referrer-Policy", "no-referrer"), new("Content-Security-Policy", "frame-ancestors 'none'"),
        new("X-Frame-Options", "DENY"), new("Cross-Origin-Resource-Policy", "same-origin"),
    ];

    private readonly CancellationTokenSource _stopping = new();
    private readonly ILoggerFactory _loggers = web.Services.GetRequiredService<ILoggerFactory>();
    private Azurite? _azurite;
    private Invoker? _invoker;
    private Triggers? _triggers;
    private Task _triggering = Task.CompletedTask;
    private Companion? _companion;

    public IServiceProvider Services => web.Services;

    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            await TryStartAsync(cancellationToken);
        }
        // Settings the app's own rules refuse are somebody's to mend, like a port that is taken: the sentence, not where it was thrown.
        catch (Exception problem) when (plan.IsProgram && (problem is CannotStartException or OptionsValidationException))
        {
            await DisposeAsync();
            await Console.Error.WriteLineAsync(problem.Message);
            Environment.Exit(1);
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        if (!_stopping.IsCancellationRequested) Log.Stopping(_loggers.CreateLogger("Host"), Grace);
        await _stopping.CancelAsync();
        if (_invoker is not null) await _invoker.DrainAsync(Grace);
        await _triggering;
        await web.StopAsync(cancellationToken);
    }

    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        if (_companion is not null) await _companion.DisposeAsync();
        _companion = null;
        await web.DisposeAsync();
        _triggers?.Dispose();
        _invoker?.Dispose();
        if (_azurite is not null) await _azurite.DisposeAsync();
        _azurite = null;
    }

    private TimeSpan Grace => TimeSpan.TryParse(plan.Settings["LocalHost:ShutdownGrace"], CultureInfo.InvariantCulture, out var given) ? given : TimeSpan.FromSeconds(30);

    private async Task TryStartAsync(CancellationToken cancellation)
    {
        var log = _loggers.CreateLogger("Host");
        var hostJson = plan.HostJson;
        foreach (var key in hostJson.NotHonoured) Log.NotHonoured(log, "host.json", key);
        foreach (var section in plan.Settings.NotHonoured) Log.NotHonoured(log, "local.settings.json", section);
        if (plan.Settings["WEBSITE_TIME_ZONE"] is not null) throw new CannotStartException("The setting WEBSITE_TIME_ZONE is not supported: timers run in UTC.");
        var functions = FunctionFinder.Find(plan);
        var urls = Urls();

        var storage = new Storage(plan.Settings, plan.HostId);
        _invoker = new Invoker(plan, web.Services, hostJson);
        _triggers = new Triggers(functions, plan, hostJson, storage, _invoker, _loggers);
        MapRequests(functions, storage, hostJson, _invoker, _triggers, log);
        foreach (var function in functions.Where(one => one.Error is not null)) Log.InError(log, function.Name, function.Error!);

        if (plan.Settings.AnyIs("UseDevelopmentStorage=true"))
        {
            var folder = Path.Combine(Directory.GetCurrentDirectory(), ".data", "azurite");
            _azurite = await Azurite.StartUnlessRunningAsync(folder, Azurite.UsualPorts, cancellation);
            if (_azurite is null) Log.AzuriteFound(log);
            else Log.AzuriteStarted(log, folder);
        }
        foreach (var url in urls) web.Urls.Add(url);
        await web.StartAsync(cancellation);
        var address = this.GetAddress();
        Log.Listening(log, address, functions.Count);
        _triggering = _triggers.RunAsync(_stopping.Token);
        if (plan.AppInfo.Companion is { } companion && plan.Args.Contains(companion.Flag))
            _companion = Companion.Start(companion, address, plan.Settings, _loggers.CreateLogger("Companion"));
    }

    private static IEnumerable<IPAddress> LoopbackOf(Uri url) =>
        IPAddress.TryParse(url.Host.Trim('[', ']'), out var address) ? IPAddress.IsLoopback(address) ? [address] : []
        : url.Host != "localhost" ? []
        : Socket.OSSupportsIPv6 ? [IPAddress.Loopback, IPAddress.IPv6Loopback] : [IPAddress.Loopback];

    /// <summary>Where to listen; refused before anything is started.</summary>
    private string[] Urls()
    {
        var given = plan.Settings["urls"] ?? plan.Settings["ASPNETCORE_URLS"] ?? "http://localhost:7071";
        var urls = given.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        foreach (var text in urls)
        {
            if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme != Uri.UriSchemeHttp || !LoopbackOf(url).Any())
                throw new CannotStartException($"--urls: '{text}' is not possible. LocalHost listens on this machine only, by HTTP: for example http://localhost:7071.");
            if (url.Port != 0 && LoopbackOf(url).Any(address => IsTaken(address, url.Port)))
                throw new CannotStartException($"The address {text} is in use. End the other program, or choose another port: --urls=http://localhost:7072.");
        }
        return urls;
    }

    private static bool IsTaken(IPAddress address, int port)
    {
        using var socket = new TcpListener(address, port);
        try
        {
            socket.Start();
            return false;
        }
        catch (SocketException taken)
        {
            return taken.SocketErrorCode == SocketError.AddressAlreadyInUse;
        }
    }

    private void MapRequests(IReadOnlyList<Function> functions, Storage storage, HostJson hostJson, Invoker invoker, Triggers triggers, ILogger log)
    {
        var keys = new AccessKeys(plan.Settings);
        var http = new HttpFunctions(plan.Settings, hostJson, keys, invoker, _stopping.Token);
        var admin = new AdminApi(functions, triggers, http, keys, storage.HostId, log, _stopping.Token);
        var pages = new BlobPages(plan.AppInfo.BlobFolder, plan.Settings, storage, log);
        ((IEndpointRouteBuilder)web).DataSources.Add(new DefaultEndpointDataSource(http.MakeEndpoints(functions, web.Services)));

        // What a function or host.json says about these comes first.
        web.Use((context, next) =>
        {
            context.Response.OnStarting(() =>
            {
                foreach (var (name, value) in AlwaysSaid) context.Response.Headers.TryAdd(name, value);
                return Task.CompletedTask;
            });
            return next(context);
        });
        web.UseRouting();
        web.Use(async (context, next) =>
        {
            if (context.Request.Path.StartsWithSegments("/admin", out var rest))
            {
                await admin.HandleAsync(context, rest);
            }
            else if (context.GetEndpoint() is { RequestDelegate: { } run } endpoint && endpoint.Metadata.GetMetadata<Function>() is not null)
            {
                http.AddCustomHeaders(context);
                await run(context);
            }
            else
            {
                context.SetEndpoint(null); // routing's own answer to a wrong method is 405, the real host's 404
                await next(context);
            }
        });
        // What was published comes before what the app brings: the page it brings is the one before anything is published.
        web.Use(async (context, next) =>
        {
            if (!await pages.TryServeAsync(context)) await next(context);
        });
        if (plan.AppInfo.StaticFolder is { } name && Directory.Exists(Path.Combine(AppContext.BaseDirectory, name)))
            web.UseFileServer(new FileServerOptions { FileProvider = new PhysicalFileProvider(Path.Combine(AppContext.BaseDirectory, name)) });
        web.Run(context =>
        {
            http.AddCustomHeaders(context);
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        });
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "Listening on {Address} with {Count} functions; Ctrl+C stops")]
        public static partial void Listening(ILogger logger, Uri address, int count);

        [LoggerMessage(2, LogLevel.Error, "The '{Name}' function is in error: {Problem}. The others run")]
        public static partial void InError(ILogger logger, string name, string problem);

        [LoggerMessage(3, LogLevel.Warning, "{File}: LocalHost does not honour '{Key}'")]
        public static partial void NotHonoured(ILogger logger, string file, string key);

        [LoggerMessage(4, LogLevel.Information, "Azurite is started; its data are in {Folder}")]
        public static partial void AzuriteStarted(ILogger logger, string folder);

        [LoggerMessage(5, LogLevel.Information, "The Azurite that listens already is used")]
        public static partial void AzuriteFound(ILogger logger);

        [LoggerMessage(6, LogLevel.Information, "Stopping when what runs has finished, after {Grace} at the latest")]
        public static partial void Stopping(ILogger logger, TimeSpan grace);
    }
}
