using Microsoft.Azure.Functions.Worker.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using WholeSchoolSend.LocalHost;
using WholeSchoolSend.LocalHost.Tests;
using Xunit.MicrosoftTestingPlatform;
using Xunit.Runner.InProc.SystemConsole;

if (args is ["--url", var url, ..])
{
    // The app's companion.
    Console.WriteLine($"companion at {url}, setting '{Environment.GetEnvironmentVariable("OnlyInLocalSettings")}'");
    if (Environment.GetEnvironmentVariable("CompanionWaits") == "yes") await Task.Delay(Timeout.Infinite);
    await Console.Error.WriteLineAsync("companion gives up");
    return 3;
}
switch (Environment.GetEnvironmentVariable(ChildProcess.Role))
{
    case "app":
        var builder = FunctionsApplication.CreateBuilder(args);
        builder.UseFunctions(typeof(Ping), typeof(Slow), typeof(EverySecond));
        builder.Plan.IsProgram = true;
        builder.ConfigureFunctionsWebApplication();
        builder.Services.AddSingleton(new Calls { IsAloud = true });
        await builder.Build().RunAsync();
        return 0;
    case "azurite":
        Console.WriteLine((await Azurite.StartAsync()).ConnectionString);
        await Task.Delay(Timeout.Infinite);
        return 0;
    default:
        return args.Any(one => one is "--server" or "--internal-msbuild-node")
            ? await TestPlatformTestFramework.RunAsync(args, (_, _) => { })
            : await ConsoleRunner.Run(args);
}
