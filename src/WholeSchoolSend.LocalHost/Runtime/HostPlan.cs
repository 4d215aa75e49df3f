using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Azure.Functions.Worker.Middleware;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace WholeSchoolSend.LocalHost;

/// <summary>
/// What Program.cs decides before anything runs. It stays out of the container: the app must find there what the real worker
/// would give it, and nothing more.
/// </summary>
internal sealed class HostPlan
{
    public HostPlan(string[] args)
    {
        Args = args;
        AppInfo = AppInfo.Of(Assembly.GetEntryAssembly() ?? typeof(HostPlan).Assembly);
        FindTypes = () => AppInfo.Assembly.GetTypes();
    }

    public string[] Args { get; }
    public AppInfo AppInfo { get; set; }
    public Func<IEnumerable<Type>> FindTypes { get; set; }
    public List<Func<FunctionExecutionDelegate, FunctionExecutionDelegate>> Middleware { get; } = [];
    public bool ServesHttp { get; set; }

    /// <summary>The process is this host: signals stop it, and a start that fails ends it. Not so inside a test.</summary>
    public bool IsProgram { get; set; } = true;

    public TimeProvider Time { get; set; } = TimeProvider.System;
    public Settings Settings { get; private set; } = null!;

    public WebApplicationBuilder CreateWebBuilder()
    {
        var web = WebApplication.CreateEmptyBuilder(new WebApplicationOptions
        {
            ApplicationName = AppInfo.Assembly.GetName().Name,
            ContentRootPath = AppContext.BaseDirectory,
            EnvironmentName = Environment.GetEnvironmentVariable("AZURE_FUNCTIONS_ENVIRONMENT")
                ?? Environment.GetEnvironmentVariable("DOTNET_ENVIRONMENT")
                ?? Environments.Development,
        });
        Settings = Settings.Load(web.Configuration, web.Environment.EnvironmentName, Args, AppInfo.Companion?.Flag);

        web.Host.UseDefaultServiceProvider((context, options) =>
            options.ValidateScopes = options.ValidateOnBuild = context.HostingEnvironment.IsDevelopment());
        web.Services.Replace(ServiceDescriptor.Singleton<IHostLifetime>(_ => new ProgramLifetime(this, _.GetRequiredService<IHostApplicationLifetime>())));
        web.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(10));

        web.Logging.AddConfiguration(web.Configuration.GetSection("Logging"));
        web.Logging.AddSimpleConsole(options =>
        {
            options.SingleLine = true;
            options.TimestampFormat = "HH:mm:ss ";
            options.ColorBehavior = LoggerColorBehavior.Default;
        });

        web.WebHost.UseKestrelCore();
        web.Services.AddRouting();
        web.Services.AddMvcCore();
        return web;
    }
}
