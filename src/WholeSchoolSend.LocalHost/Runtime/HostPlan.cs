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
    public HostJson HostJson { get; private set; } = null!;

    /// <summary>Names this app's state in storage: stable, and fit for the name of a queue.</summary>
    public string HostId => Settings["AzureFunctionsWebHost__hostid"] ?? IdFrom(AppInfo.Assembly.GetName().Name!);

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
        HostJson = HostJson.Load(Path.Combine(AppContext.BaseDirectory, "host.json"), web.Configuration);

        web.Host.UseDefaultServiceProvider((context, options) =>
            options.ValidateScopes = options.ValidateOnBuild = context.HostingEnvironment.IsDevelopment());
        web.Services.Replace(ServiceDescriptor.Singleton<IHostLifetime>(_ => new ProgramLifetime(this, _.GetRequiredService<IHostApplicationLifetime>())));
        web.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(10));

        foreach (var (category, level) in HostJson.LogLevels) web.Logging.AddFilter(category, level);
        // ASP.NET Core logs every request with its query string, where keys are.
        web.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        web.Logging.AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Warning);
        // Beside a companion's account, the console keeps to what needs somebody's attention.
        if (AppInfo.Companion is { } companion && Args.Contains(companion.Flag))
            web.Logging.AddFilter<ConsoleLoggerProvider>((category, level) => level >= LogLevel.Warning || category is "Host" or "Companion");
        web.Logging.AddConfiguration(web.Configuration.GetSection("Logging"));
        web.Logging.AddSimpleConsole(options =>
        {
            options.SingleLine = true;
            options.TimestampFormat = "HH:mm:ss ";
            options.ColorBehavior = LoggerColorBehavior.Default;
        });

        web.WebHost.UseKestrelCore().ConfigureKestrel(server => server.AddServerHeader = false);
        web.Services.AddRouting();
        web.Services.AddMvcCore();
        return web;
    }

    private static string IdFrom(string name)
    {
        var id = string.Join('-', new string([.. name.ToLowerInvariant().Select(one => char.IsAsciiLetterOrDigit(one) ? one : '-')]).Split('-', StringSplitOptions.RemoveEmptyEntries));
        return id.Length <= 32 ? id : id[..32].TrimEnd('-');
    }
}
