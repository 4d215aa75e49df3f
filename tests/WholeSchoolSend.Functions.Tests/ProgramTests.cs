using System.Reflection;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using WholeSchoolSend.Functions.Options;

namespace WholeSchoolSend.Functions.Tests;

/// <summary>The commonest fault of a deployment: something a function needs cannot be made.</summary>
public sealed class ProgramTests
{
    public static TheoryData<string> Functions => [.. Triggers().Select(type => type.FullName!)];

    [Theory]
    [MemberData(nameof(Functions))]
    public void Every_function_can_be_made(string name)
    {
        using var host = Host();
        using var scope = host.Services.CreateScope();
        var type = typeof(App).Assembly.GetType(name)!;
        Assert.NotNull(ActivatorUtilities.CreateInstance(scope.ServiceProvider, type));
    }

    [Fact]
    public void A_function_is_its_class_and_its_file()
    {
        foreach (var type in Triggers())
        {
            var run = Assert.Single(type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly));
            Assert.Equal("Run", run.Name);
            Assert.Equal(type.Name, run.GetCustomAttribute<FunctionAttribute>()?.Name);
        }
    }

    [Fact]
    public void Settings_of_the_sample_start_the_app()
    {
        // local.settings.sample.json stands in for local.settings.json beside the program until there is one.
        var values = new ConfigurationBuilder().AddJsonFile(Path.Combine(AppContext.BaseDirectory, "local.settings.json")).Build().GetSection("Values");
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(values.GetChildren().Select(value => KeyValuePair.Create(value.Key.Replace("__", ":", StringComparison.Ordinal), value.Value))).Build();
        Assert.Equal(4, SourceOptions.Read(configuration).Count);
        Assert.True(configuration["PseudonymKey"]!.Length >= 32);
    }

    [Theory]
    [InlineData("Sources:a:Tool", "typefrom", "Sources__a__Tool")]
    [InlineData("Sources:a:Tool", null, "Sources__a__Tool")]
    [InlineData("Sources:a:Verification", "maybe", "Sources__a__Verification")]
    [InlineData("Sources:a:Verification", "7", "Sources__a__Verification")]
    [InlineData("Sources:a:Verification", "header,basic", "Sources__a__Verification")]
    [InlineData("Sources:a:Verification", "body", "Sources__a__Verification")]
    [InlineData("Sources:a:Verification", "basic", "Sources__a__Secrets__0")]
    [InlineData("Sources:a:Tool", "jotform", "Sources__a__Verification")]
    [InlineData("Sources:a:Tool", "kobotoolbox", "Sources__a__Verification")]
    [InlineData("Sources:a:Tool", "surveymonkey", "Sources__a__Secrets__0")]
    [InlineData("Sources:a:Secrets:0", null, "Sources__a__Secrets__0")]
    [InlineData("Sources:a:Secrets:0", "short", "Sources__a__Secrets__0")]
    [InlineData("Sources:a:Secrets:2", "a-third-secret-is-one-too-many", "Sources__a__Secrets__0")]
    [InlineData("Sources:Not-A-Name:Tool", "typeform", "Sources__Not-A-Name")]
    [InlineData("Sources:a:Secrets:0", " a-secret-with-blanks", "Sources__a__Secrets__0")]
    [InlineData("Sources:a:TimeZone", "Europe/London", "Sources__a__TimeZone")]
    [InlineData("Sources:a:Secret", "a-secret-that-is-long", "Sources__a__Secret is none of Api, Header, Query, Secrets, TimeZone, Tool, Verification")]
    public void What_cannot_be_verified_as_configured_stops_the_start_by_name(string setting, string? value, string named)
    {
        var settings = new Dictionary<string, string?>
        {
            ["Sources:a:Tool"] = "typeform",
            ["Sources:a:Secrets:0"] = "a-secret-that-is-long",
            ["Sources:a:Secrets:1"] = "a-second-that-is-long",
            ["Sources:a:Header"] = "X",
            [setting] = value,
        };
        if (setting.EndsWith('0') && value is null) settings.Remove("Sources:a:Secrets:1");
        var wrong = Assert.Throws<InvalidOperationException>(() => SourceOptions.Read(new ConfigurationBuilder().AddInMemoryCollection(settings).Build()));
        Assert.Contains(named, wrong.Message, StringComparison.Ordinal);
        if (value is not null && setting.Contains("Secrets", StringComparison.Ordinal)) Assert.DoesNotContain(value, wrong.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("kobotoolbox", "Basic", "kobo:password", "Basic")]
    [InlineData("jotform", "query", "a-secret-that-is-long", "Query")]
    [InlineData("limesurvey", "body", "a-secret-that-is-long", "Body")]
    [InlineData("paperform", "none", null, "None")]
    public void A_tool_that_does_not_sign_says_how_else_it_is_verified(string tool, string verification, string? secret, string expected)
    {
        var settings = new Dictionary<string, string?> { ["Sources:a:Tool"] = tool, ["Sources:a:Verification"] = verification, ["Sources:a:Query"] = "token" };
        if (secret is not null) settings["Sources:a:Secrets:0"] = secret;
        var source = SourceOptions.Read(new ConfigurationBuilder().AddInMemoryCollection(settings).Build())["a"];
        Assert.Equal((expected, verification == "query" ? "token" : null), (source.Verification.ToString(), source.Carrier));
    }

    [Theory]
    [InlineData(null, "UTC")]
    [InlineData("Europe/London", "Europe/London")]
    [InlineData("Europe/Londn", null)]
    [InlineData("GMT Standard Time", null)]
    [InlineData("../../etc/passwd", null)]
    [InlineData("", null)]
    public void A_source_that_sends_local_times_says_of_which_clock(string? zone, string? expected)
    {
        var settings = new Dictionary<string, string?> { ["Sources:a:Tool"] = "limesurvey", ["Sources:a:Verification"] = "body", ["Sources:a:Secrets:0"] = "a-secret-that-is-long", ["Sources:a:TimeZone"] = zone };
        if (zone is null) settings.Remove("Sources:a:TimeZone");
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(settings).Build();
        if (expected is null)
            Assert.Contains("Sources__a__TimeZone should be the IANA id", Assert.Throws<InvalidOperationException>(() => SourceOptions.Read(configuration)).Message, StringComparison.Ordinal);
        else
            Assert.Equal(expected, SourceOptions.Read(configuration)["a"].Zone.Id);
    }

    [Fact]
    public void A_public_key_is_refused_with_the_name_of_what_it_is_for()
    {
        var settings = new Dictionary<string, string?> { ["Sources:a:Tool"] = "standardwebhooks", ["Sources:a:Secrets:0"] = "whpk_c3RhbmRhcmQtd2ViaG9va3MtcHVibGljLWtleQ==" };
        Assert.Contains("v1a", Assert.Throws<InvalidOperationException>(() => SourceOptions.Read(new ConfigurationBuilder().AddInMemoryCollection(settings).Build())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_short_pseudonym_key_stops_the_start_by_name()
    {
        using var host = Pipeline.Builder("UseDevelopmentStorage=true", "--PseudonymKey=short").Build();
        var wrong = await Assert.ThrowsAnyAsync<Exception>(() => host.StartAsync());
        Assert.Contains("PseudonymKey", wrong.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_a_function_needs_comes_from_the_host_alone()
    {
        // The real worker registers no TimeProvider: ours must be ours.
        using var host = Host();
        Assert.Same(TimeProvider.System, host.Services.GetRequiredService<TimeProvider>());
        Assert.NotNull(host.Services.GetRequiredService<IOptions<SurveyOptions>>());
    }

    private static IHost Host() => Pipeline.Builder("UseDevelopmentStorage=true").Build();

    private static IEnumerable<Type> Triggers() =>
        typeof(App).Assembly.GetTypes().Where(type => type.Namespace == "WholeSchoolSend.Functions.Triggers" && type is { IsPublic: true, IsAbstract: false }).OrderBy(type => type.Name, StringComparer.Ordinal);
}
