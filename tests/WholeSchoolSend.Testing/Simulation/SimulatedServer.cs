using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace WholeSchoolSend.Testing.Simulation;

/// <summary>The simulated account on ports of its own: whatever runs against Azurite runs against it by its connection string.</summary>
public sealed class SimulatedServer : IAsyncDisposable
{
    private readonly WebApplication _web;

    private SimulatedServer(WebApplication web, SimulatedAccount account) => (_web, Account) = (web, account);

    public SimulatedAccount Account { get; }

    public string ConnectionString { get; private set; } = "";

    public static async Task<SimulatedServer> StartAsync(SimulatedAccount? simulated = null)
    {
        var account = simulated ?? new SimulatedAccount();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(options =>
        {
            options.Limits.MaxRequestBodySize = null;
            options.Listen(IPAddress.Loopback, 0);
            options.Listen(IPAddress.Loopback, 0);
        });
        var server = new SimulatedServer(builder.Build(), account);
        var blobs = 0;
        server._web.Run(context => HandleAsync(context, context.Connection.LocalPort == blobs ? account.Blobs : account.Tables));
        await server._web.StartAsync();
        var urls = server._web.Urls.ToList();
        blobs = new Uri(urls[0]).Port;
        server.ConnectionString = SimulatedAccount.ConnectionString(urls[0], urls[1]);
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _web.StopAsync();
        await _web.DisposeAsync();
    }

    private static async Task HandleAsync(HttpContext context, Func<ServiceRequest, ServiceResponse> handle)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        var target = context.Features.Get<IHttpRequestFeature>()!.RawTarget;
        var question = target.IndexOf('?', StringComparison.Ordinal);
        var response = handle(new ServiceRequest(
            context.Request.Method, question < 0 ? target : target[..question], question < 0 ? "" : target[(question + 1)..],
            context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase), body.ToArray()));
        context.Response.StatusCode = response.Status;
        foreach (var (name, value) in response.Headers) context.Response.Headers[name] = value;
        if (response.Body.Length > 0) await context.Response.Body.WriteAsync(response.Body, context.RequestAborted);
    }
}
