using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using WholeSchoolSend.Core.Disclosure;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Schools;
using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Core.Tests.Kpis;

/// <summary>The catalogue is the programme's words, follows its schema, and takes a new KPI of an existing kind as data.</summary>
public sealed class CatalogueTests
{
    private static readonly string Brief = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "files", "whole-school-send-kpis.txt"));

    [Fact]
    public void Every_wording_stands_in_the_programme_s_paper_and_every_KPI_of_the_paper_in_the_catalogue()
    {
        var catalogue = Catalogue.Current;
        Assert.All(catalogue.Kpis, kpi => Assert.Contains(kpi.Wording, Brief, StringComparison.Ordinal));
        Assert.All(
            catalogue.Kpis.Where(kpi => kpi.Measured.StartsWith("Measure", StringComparison.Ordinal)),
            kpi => Assert.All(kpi.Measured.Split(" / "), part => Assert.Contains(part, Brief, StringComparison.Ordinal)));
        var published = catalogue.Readings().Select(entry => entry.Reading.Measure).OfType<Share>().Select(share => share.Published).OfType<PublishedFigure>().ToList();
        Assert.Equal([20, 39, 52, 61], published.Select(figure => figure.Value).Order());
        Assert.All(published, figure => Assert.Contains(figure.Wording, Brief, StringComparison.Ordinal));

        var stated = Brief.ReplaceLineEndings("\n").Split('\n').Select(line => line.Trim(' ', '\t')).ToList();
        // A heading of the paper has a blank that does not break where the catalogue has a plain one: headings are no wording.
        Assert.All(catalogue.Kpis.Where(kpi => kpi.Kind == KpiKind.Operational), kpi => Assert.Contains(kpi.Strand, stated.Select(line => line.Replace('\u00a0', ' '))));
        var operational = stated.IndexOf("Operational KPIs");
        var wordings = catalogue.Kpis.Select(kpi => kpi.Wording).ToList();
        var expected = stated.Where(line => line.StartsWith("KPI: ", StringComparison.Ordinal)).Select(line => line.Trim()).ToList();
        Assert.Equal(6, expected.Count);
        Assert.Equal(expected, wordings.Where(wording => wording.StartsWith("KPI: ", StringComparison.Ordinal)).Select(wording => wording.Trim()));
        Assert.Equal(
            stated.Skip(operational).Where(line => line.StartsWith('•')).Select(line => line.TrimStart('•', ' ', '\t')),
            catalogue.Kpis.Where(kpi => kpi.Kind == KpiKind.Operational).Select(kpi => kpi.Wording));
        Assert.Equal(31, catalogue.Kpis.Count);
    }

    [Fact]
    public void K3_is_K2_once_more_and_counts_nowhere()
    {
        var k3 = Assert.Single(Catalogue.Current.Kpis, kpi => kpi.DuplicateOf is not null);
        Assert.Equal(("K3", "K2"), (k3.Id, k3.DuplicateOf));
        Assert.Empty(k3.Readings);
        Assert.DoesNotContain(Catalogue.Current.Families.SelectMany(family => family.Tests), test => test.Reading.StartsWith("K3", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("/version", "\"today\"", "/version should be a date")]
    [InlineData("/kpis/0/wordings", "\"x\"", "/kpis/0/wordings is not known here")]
    [InlineData("/kpis/0/kind", "\"strategy\"", "/kpis/0/kind should be one of")]
    [InlineData("/kpis/0/target/relation", "\"<\"", "/kpis/0/target/relation should be one of")]
    [InlineData("/kpis/0/readings/0/measure/kind", "\"shares\"", "/kpis/0/readings/0/measure/kind should be one of")]
    [InlineData("/kpis/0/readings/0/measure/counts", "[]", "/kpis/0/readings/0/measure/counts is not known here")]
    [InlineData("/kpis/0/readings/0/measure/success", "[]", "/kpis/0/readings/0/measure/success should have at least 1 items")]
    [InlineData("/kpis/0/readings/0/measure/roles", "[\"head\"]", "/kpis/0/readings/0/measure/roles/0 should be one of")]
    [InlineData("/kpis/0/readings/0/measure/stage", null, "/kpis/0/readings/0/measure/stage is required")]
    [InlineData("/kpis/0/readings/1/measure/published/wording", null, "/kpis/0/readings/1/measure/published/wording is required")]
    [InlineData("/indicators/0/scores", "{\"fully\":\"1\",\"not\":0}", "/indicators/0/scores/fully should be number")]
    [InlineData("/families/0/tests/0/figure", "\"wider\"", "/families/0/tests/0/figure should be one of")]
    [InlineData("/combined", "[\"nobody\"]", "nobody is combined, but no reading is of it")]
    [InlineData("/kpis/3/id", "\"K1\"", "K1 is in the catalogue twice")]
    [InlineData("/kpis/0/readings/0/measure/valid", "[\"fully\",\"never\"]", "K1.pooled has valid codes that are not all of every-teacher-responsible")]
    [InlineData("/families/0/tests/0/reading", "\"K1.nobody\"", "A family tests K1.nobody")]
    public void What_is_wrong_with_a_catalogue_is_said_with_its_place(string at, string? json, string message)
    {
        var catalogue = Copy();
        var path = at.Split('/')[1..];
        var parent = path[..^1].Aggregate((JsonNode)catalogue, (node, step) => int.TryParse(step, out var index) ? node[index]! : node[step]!);
        if (json is null) parent.AsObject().Remove(path[^1]);
        else parent[path[^1]] = JsonNode.Parse(json);
        Assert.Contains(message, Assert.Throws<JsonException>(() => Parsed(catalogue)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Everything_wrong_with_a_catalogue_is_said_at_once()
    {
        var catalogue = Copy();
        catalogue["version"] = "today";
        catalogue["kpis"]![0]!["kind"] = "strategy";
        var message = Assert.Throws<JsonException>(() => Parsed(catalogue)).Message;
        Assert.Contains("/version should be", message, StringComparison.Ordinal);
        Assert.Contains("/kpis/0/kind should be", message, StringComparison.Ordinal);
    }

    // One row for each kind of measure: a KPI is data, whatever it counts.
    [Theory]
    [InlineData("""{"kind":"share","collection":"governors","stage":"single","indicator":"trained","success":["yes"],"valid":["yes","no"],"roles":["other"]}""", "engaged", 50.0)]
    [InlineData("""{"kind":"score","collection":"governors","stage":"single","indicator":"rated","roles":["other"]}""", "engaged-mean", 2.5)]
    [InlineData("""{"kind":"change","collection":"governors","indicator":"rated","success":["3","4"],"valid":["1","2","3","4"],"scale":"points"}""", "change", 50.0)]
    [InlineData("""{"kind":"matched-change","collection":"governors","indicator":"rated","success":["3","4"],"valid":["1","2","3","4"]}""", "pairs", 40.0)]
    [InlineData("""{"kind":"panel-change","collection":"governors","indicator":"rated"}""", "rose", 20.0)]
    [InlineData("""{"kind":"panel-count","collection":"governors","indicator":"trained","success":["yes"],"valid":["yes","no"]}""", "count", 20.0)]
    [InlineData("""{"kind":"responses","collection":"governors","indicator":"trained","success":["no"]}""", "responses", 20.0)]
    [InlineData("""{"kind":"engaged-schools","reach":"direct"}""", "schools", 40.0)]
    [InlineData("""{"kind":"milestone","counts":["places"],"atLeast":{"places":1}}""", "count", 7.0)]
    public void A_new_KPI_of_an_existing_kind_is_data_and_this_row(string measure, string figure, double value)
    {
        var catalogue = Copy();
        catalogue["indicators"]!.AsArray().Add(JsonNode.Parse("""{"id":"trained","title":"Trained in SEND","codes":["yes","no"]}"""));
        catalogue["indicators"]!.AsArray().Add(JsonNode.Parse("""{"id":"rated","title":"Rated","codes":["1","2","3","4"],"scores":{"1":1,"2":2,"3":3,"4":4}}"""));
        catalogue["kpis"]!.AsArray().Add(JsonNode.Parse(
            $$"""
            {"id":"G1","kind":"strategic","title":"Governors","wording":"Governors are trained.","measured":"Survey","population":"Governors","targetWording":"none","comparators":[],"notes":["made up"],
             "readings":[{"id":"G1.main","title":"Governors","primary":true,"measure":{{measure}},"undecided":"made up"}]}
            """));
        // Twenty schools answer yes, and go from 2 to 4; twenty answer no, and stay at 1 (of the single rating: 3 and 2).
        var totals = Enumerable.Range(0, 40).SelectMany(school => Totalling.BySchool(
            [.. new[] { ("single", school < 20 ? "3" : "2"), ("pre", school < 20 ? "2" : "1"), ("post", school < 20 ? "4" : "1") }.Select(said => new CountedResponse(
                new Coding($"{100000 + school}", "w", said.Item1, "other", $"{school}", 1,
                    said.Item1 == "single" ? [new Observation("trained", school < 20 ? "yes" : "no"), new Observation("rated", said.Item2)] : [new Observation("rated", said.Item2)]), default))])).ToList();
        var evidence = new Evidence(
            "inputs", [new WaveState("w", new Wave("W", new DateOnly(2026, 1, 5), new DateOnly(2026, 2, 5)), null, 1)], new Dictionary<string, School>(), [],
            [.. totals.Select((one, line) => new Engagement(one.School, new DateOnly(2025, 1, 1), "", line))], [], [new EvidenceSource("governors", "forms", totals)],
            new Dictionary<string, MilestoneState>
            {
                ["G1"] = new("G1", new Milestone(MilestoneStatus.Delivered, new DateOnly(2026, 1, 1), "https://example.org", Counts: new Dictionary<string, int> { ["places"] = 7 }), 1),
            });
        var result = Assert.Single(Evaluation.Results(Parsed(catalogue), evidence, new DisclosurePolicy()), result => result.Kpi == "G1");
        Assert.Equal(value, result.Figures.Single(one => one.Name == figure).Value!.Value, 9);
    }

    private static JsonObject Copy() => JsonNode.Parse(JsonSchema.EmbeddedText("kpi-catalogue.json"))!.AsObject();

    private static Catalogue Parsed(JsonNode catalogue) => Catalogue.Parse(Encoding.UTF8.GetBytes(catalogue.ToJsonString()));
}
