using System.Globalization;
using System.Text.Json;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Simulator;
using WholeSchoolSend.Testing;

namespace WholeSchoolSend.Functions.Tests;

/// <summary>The sample year, whole, through the public surface of the whole pipeline: evidence for every KPI, and what the guide says of it.</summary>
public sealed class SampleYearTests : IAsyncLifetime
{
    private static readonly string[] Told = ["engaged", "wider", "engaged-mean", "wider-mean", "change", "rose", "count", "responses", "schools", "pairs", "organisations"];

    private readonly Pipeline _pipeline = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => _pipeline.InitializeAsync();

    public ValueTask DisposeAsync() => _pipeline.DisposeAsync();

    [Fact]
    public async Task Every_KPI_has_the_figures_that_the_guide_lists()
    {
        using var told = new StringWriter();
        var plan = Plan.From(2049, Scale.Whole, Pipeline.TypeformSecret, Pipeline.TypeformSecret);
        await new Year(new Surface(_pipeline.Http, _pipeline.Blobs, "snapshots", null, TimeProvider.System), new Account(told, TimeProvider.System), plan).PlayAsync(Cancellation);

        var (within, published) = (await _pipeline.LatestAsync("snapshots-internal"), await _pipeline.LatestAsync("snapshots"));
        var lines = Catalogue.Current.Readings()
            .Select(entry => $"| {entry.Reading.Id} | {Last(within, entry.Reading.Id).Wave} | {Last(within, entry.Reading.Id).Text} | {Last(published, entry.Reading.Id).Text} |")
            .ToList();
        // So that the guide can be brought up to date from a run.
        TestContext.Current.TestOutputHelper?.WriteLine($"{told}\n{string.Join('\n', lines)}");
        var guide = await File.ReadAllLinesAsync(Path.Combine(Repository.Root, "docs", "kpis.md"), Cancellation);
        var listed = guide.SkipWhile(line => !line.StartsWith("## What the sample year gives", StringComparison.Ordinal)).Skip(1)
            .TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal))
            .Where(line => line.StartsWith("| ", StringComparison.Ordinal)).Skip(1);
        Assert.Equal(string.Join('\n', lines), string.Join('\n', listed));
        Assert.Empty(WithoutMethod(within));
        Assert.Empty(WithoutMethod(published));

        // What was said in interviews beside the codes is nowhere.
        foreach (var kpi in new[] { "K5", "K6", "U1" })
        {
            var evidence = await _pipeline.Http.GetStringAsync($"/api/kpis/{kpi}/evidence", Cancellation);
            Assert.DoesNotContain("Alex", evidence, StringComparison.Ordinal);
            foreach (var organisation in plan.Organisations.First.Select(one => one.Organisation)) Assert.DoesNotContain(organisation, evidence, StringComparison.Ordinal);
        }
    }

    /// <summary>Numbers of a document that do not say how they were made.</summary>
    private static List<string> WithoutMethod(JsonElement? document) =>
    [
        .. from kpi in document!.Value.GetProperty("kpis").EnumerateArray()
           from reading in kpi.GetProperty("readings").EnumerateArray()
           from result in reading.GetProperty("results").EnumerateArray()
           from figure in result.GetProperty("figures").EnumerateArray()
           where figure.TryGetProperty("value", out var value) && value.ValueKind == JsonValueKind.Number
           where !figure.TryGetProperty("method", out var method) || string.IsNullOrEmpty(method.GetString())
           select $"{reading.GetProperty("id").GetString()} {figure.GetProperty("name").GetString()}",
    ];

    /// <summary>The result of the newest wave of a reading, as the guide tells it.</summary>
    private static (string Wave, string Text) Last(JsonElement? document, string reading)
    {
        var results = document!.Value.GetProperty("kpis").EnumerateArray().SelectMany(kpi => kpi.GetProperty("readings").EnumerateArray())
            .Single(one => one.GetProperty("id").GetString() == reading).GetProperty("results").EnumerateArray().ToList();
        Assert.True(results.Count > 0, $"{reading} has no result");
        var result = results[^1];
        var figures = result.GetProperty("figures").EnumerateArray().Where(figure => Told.Contains(figure.GetProperty("name").GetString())).Select(Figure).ToList();
        if (result.TryGetProperty("milestone", out var milestone) && milestone.ValueKind == JsonValueKind.Object) figures.Insert(0, milestone.GetProperty("status").GetString()!);
        var verdict = result.TryGetProperty("verdict", out var decided) && decided.ValueKind == JsonValueKind.String ? decided.GetString() : "not decided";
        return (result.GetProperty("wave").GetString() ?? "all", $"{string.Join(", ", figures)}{(figures.Count > 0 ? ": " : "")}{verdict}");
    }

    private static string Figure(JsonElement figure)
    {
        var name = figure.GetProperty("name").GetString()!;
        if (figure.TryGetProperty("symbol", out var symbol) && symbol.ValueKind == JsonValueKind.String) return $"{name} withheld ({symbol.GetString()})";
        var unit = figure.GetProperty("unit").GetString();
        var text = $"{(name == "count" && unit != "organisations" ? unit : name)} {Number(figure, "value")}{(unit is "%" or "pp" ? $" {unit}" : "")}";
        return figure.TryGetProperty("lower", out var lower) && lower.ValueKind == JsonValueKind.Number ? $"{text} ({Number(figure, "lower")} to {Number(figure, "upper")})" : text;
    }

    private static string Number(JsonElement figure, string member) => Math.Round(figure.GetProperty(member).GetDouble(), 1, MidpointRounding.AwayFromZero).ToString("0.#", CultureInfo.InvariantCulture);
}
