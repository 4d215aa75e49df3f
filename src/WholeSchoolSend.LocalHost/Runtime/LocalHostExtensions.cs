using System.Reflection;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace WholeSchoolSend.LocalHost;

/// <summary>What a test needs to host functions inside its own process.</summary>
public static class LocalHostExtensions
{
    /// <summary>
    /// Takes the functions, and what the app tells LocalHost by assembly metadata, from this assembly instead of the running program.
    /// Such a host belongs to the caller: it leaves Ctrl+C alone and throws <see cref="CannotStartException"/> instead of ending the process.
    /// </summary>
    public static FunctionsApplicationBuilder UseFunctionsFrom(this FunctionsApplicationBuilder builder, Assembly assembly)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(assembly);
        builder.Plan.AppInfo = AppInfo.Of(assembly);
        builder.Plan.IsProgram = false;
        return builder;
    }

    /// <summary>Where a started host listens, with the port it was given when it asked for port 0.</summary>
    public static Uri GetAddress(this IHost host)
    {
        ArgumentNullException.ThrowIfNull(host);
        var addresses = host.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses;
        return addresses is { Count: > 0 } ? new Uri(addresses.First()) : throw new InvalidOperationException("The host has not been started.");
    }

    /// <summary>Only these classes: tests keep good and bad functions in one assembly.</summary>
    internal static FunctionsApplicationBuilder UseFunctions(this FunctionsApplicationBuilder builder, params Type[] types)
    {
        builder.Plan.FindTypes = () => types;
        builder.Plan.IsProgram = false;
        return builder;
    }
}
