using Microsoft.AspNetCore.Builder;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using WholeSchoolSend.LocalHost;

namespace Microsoft.Azure.Functions.Worker.Builder;

public static class FunctionsApplication
{
    public static FunctionsApplicationBuilder CreateBuilder(string[] args) => new(args);
}

/// <summary>The real builder's face. What it builds is <see cref="LocalFunctionsHost"/>.</summary>
public sealed class FunctionsApplicationBuilder : IHostApplicationBuilder, IFunctionsWorkerApplicationBuilder
{
    private readonly WebApplicationBuilder _web;

    internal FunctionsApplicationBuilder(string[] args)
    {
        Plan = new HostPlan(args);
        _web = Plan.CreateWebBuilder();
    }

    internal HostPlan Plan { get; }

    public IDictionary<object, object> Properties => ((IHostApplicationBuilder)_web).Properties;
    public ConfigurationManager Configuration => _web.Configuration;
    public IHostEnvironment Environment => _web.Environment;
    public ILoggingBuilder Logging => _web.Logging;
    public IMetricsBuilder Metrics => _web.Metrics;
    public IServiceCollection Services => _web.Services;

    IConfigurationManager IHostApplicationBuilder.Configuration => _web.Configuration;

    public void ConfigureContainer<TContainerBuilder>(
        IServiceProviderFactory<TContainerBuilder> factory, Action<TContainerBuilder>? configure = null)
        where TContainerBuilder : notnull =>
        ((IHostApplicationBuilder)_web).ConfigureContainer(factory, configure);

    public IFunctionsWorkerApplicationBuilder Use(Func<FunctionExecutionDelegate, FunctionExecutionDelegate> middleware)
    {
        Plan.Middleware.Add(middleware);
        return this;
    }

    public IHost Build() => new LocalFunctionsHost(Plan, _web.Build());
}

public static class FunctionsApplicationBuilderAspNetCoreExtensions
{
    public static FunctionsApplicationBuilder ConfigureFunctionsWebApplication(this FunctionsApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        // On the real worker such middleware runs, but before the HttpContext exists: said here rather than found there.
        if (builder.Plan.Middleware.Count > 0)
            throw new InvalidOperationException("Call ConfigureFunctionsWebApplication() before UseMiddleware: middleware added earlier would run without an HttpContext.");
        builder.Plan.ServesHttp = true;
        return builder;
    }
}
