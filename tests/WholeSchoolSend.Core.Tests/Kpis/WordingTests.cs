using System.Globalization;
using System.Text;
using CsCheck;
using WholeSchoolSend.Core.Disclosure;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Schools;
using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Core.Tests.Kpis;

/// <summary>One question in several wordings: <c>a</c> was asked first.</summary>
public sealed class WordingTests
{
    private const string A = "aaaaaaaaaaaa";
    private const string B = "bbbbbbbbbbbb";
    private const string C = "cccccccccccc";
    private static readonly DateTimeOffset Monday = new(2025, 11, 3, 9, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Totals_keep_wordings_apart_and_say_since_when()
    {
        var totals = Assert.Single(Totalling.BySchool([Row("p1", "4", A, 2), Row("p2", "4", B, 5), Row("p3", "4", A, 1), Row("p4", "4", null, 0)]));
        Assert.Equal([(null, 1), (A, 2), (B, 1)], totals.Cells.Select(cell => (cell.Wording, cell.N)));
        Assert.Equal([new WordingTotal("pre", "cpd-confidence", A, 2, Monday.AddMinutes(1)), new WordingTotal("pre", "cpd-confidence", B, 1, Monday.AddMinutes(5))], totals.Wordings);
    }

    [Fact]
    public void Pairs_keep_wordings_apart()
    {
        var totals = Assert.Single(Totalling.BySchool([Row("p1", "2", A, 0), Row("p1", "4", B, 9, "post"), Row("p2", "2", A, 0), Row("p2", "4", C, 9, "post")]));
        Assert.Equal([(A, B, 1), (A, C, 1)], totals.Pairs.Select(pair => (pair.WordingBefore, pair.WordingAfter, pair.N)));
    }

    [Fact]
    public void Totals_without_wordings_are_the_bytes_they_were()
    {
        var totals = Assert.Single(Totalling.BySchool([Row("p1", "4", null, 2)]));
        const string json = """{"wave":"w1","school":"100001","respondents":1,"cells":[{"stage":"pre","role":"teacher","indicator":"cpd-confidence","code":"4","n":1,"w":1,"q":1}],"pairs":[]}""";
        Assert.Equal(json, System.Text.Json.JsonSerializer.Serialize(totals, TotalsJson.Default.SchoolTotals));
    }

    [Fact]
    public void In_one_wave_what_was_asked_first_counts_and_the_rest_is_held_apart_and_counted()
    {
        var result = Results([Wave("w1", (A, 60, 80), (B, 40, 0))])[0];
        Assert.Equal((A, 80.0, 60), (result.Wording, result.Figures[0].Value, result.Figures[0].Base));
        Assert.Equal(new HeldApart(40, new DateOnly(2025, 11, 4)), result.HeldApart);
        Assert.True(result.IsHeld);
        Assert.Null(result.TrendBreak);
    }

    [Fact]
    public void However_many_came_to_words_nobody_looked_at_they_do_not_count_beside_the_first() =>
        Assert.Equal((A, 20, true), Told(Results([Wave("w1", (A, 20, 80), (B, 400, 0))])[0]));

    [Fact]
    public void What_the_lead_calls_the_same_is_mixed_and_issued()
    {
        var result = Results([Wave("w1", (A, 60, 100), (B, 40, 0))], (B, true))[0];
        Assert.Equal((A, 100, false), Told(result));
        Assert.Equal(60.0, result.Figures[0].Value);
        Assert.Null(result.HeldApart);
    }

    [Fact]
    public void What_the_lead_calls_another_question_counts_where_most_answered_it()
    {
        var results = Results([Wave("w1", (A, 60, 80), (B, 40, 0)), Wave("w2", (A, 3, 0), (B, 90, 50))], (B, false));
        Assert.Equal([(A, 60, false), (B, 90, false)], results.Select(Told));
        Assert.Equal([40, 3], results.Select(result => result.HeldApart!.Respondents));
        Assert.Equal([null, new TrendBreak(TrendBreakReason.WordingChanged, "w1")], results.Select(result => result.TrendBreak));
    }

    [Fact]
    public void A_wave_in_other_words_is_computed_and_the_line_is_broken()
    {
        var results = Results([Wave("w1", (A, 60, 80)), Wave("w2", (B, 60, 50)), Wave("w3", (B, 60, 50)), Wave("w4", (A, 60, 50))]);
        Assert.Equal([(A, 60, false), (B, 60, false), (B, 60, false), (A, 60, false)], results.Select(Told));
        Assert.Equal([null, "w1", null, "w3"], results.Select(result => result.TrendBreak?.Wave));
    }

    [Fact]
    public void A_series_goes_on_through_its_own_mended_words()
    {
        var results = Results([Wave("w1", (A, 60, 80)), Wave("w2", (B, 60, 50)), Wave("w3", (C, 60, 50))], (B, false), (C, true));
        Assert.Equal([null, "w1", null], results.Select(result => result.TrendBreak?.Wave));
        Assert.Equal([A, B, B], results.Select(result => result.Wording));
    }

    [Fact]
    public void What_no_tool_told_counts_with_what_was_asked_first()
    {
        var results = Results([Wave("w1", (null, 60, 80)), Wave("w2", (A, 60, 50), (null, 10, 50)), Wave("w3", (null, 30, 50), (B, 30, 50))]);
        Assert.Equal([(null, 60, false), (A, 70, false), (A, 30, true)], results.Select(Told).Select(told => (told.Wording == A && told.Base == 60 ? null : told.Wording, told.Base, told.IsHeld)));
        Assert.All(results, result => Assert.Null(result.TrendBreak));
    }

    [Fact]
    public void Which_is_the_first_is_told_by_when_answers_were_given_not_by_when_they_came()
    {
        var waves = new[] { Wave("w1", (A, 60, 80), (B, 40, 0)), Wave("w2", (C, 10, 50), (A, 5, 5)) }.SelectMany(wave => wave).ToArray();
        var expected = Bytes(waves);
        Gen.Shuffle(waves).Sample(shuffled => Assert.Equal(expected, Bytes(shuffled)), iter: 30);

        static string Bytes(IReadOnlyList<SchoolTotals> totals)
        {
            var run = Evaluation.Run(Catalogue.Current, Evidence(totals), new DisclosurePolicy());
            return Encoding.UTF8.GetString(run.Frame) + string.Join('\n', run.Results.OrderBy(result => result.Key, StringComparer.Ordinal).Select(result => Encoding.UTF8.GetString(result.Value)));
        }
    }

    [Fact]
    public void A_run_tells_how_many_answered_each_wording()
    {
        var run = Evaluation.Run(Catalogue.Current, Evidence(Wave("w1", (A, 60, 80), (B, 40, 0), (C, 2, 0)), (C, false)), new DisclosurePolicy());
        var frame = System.Text.Json.JsonSerializer.Deserialize(run.Frame, ResultsJson.Default.RunFrame)!;
        Assert.Equal(
            [(A, WordingState.First, 60), (B, WordingState.Unreviewed, 40), (C, WordingState.Series, 2)],
            frame.Wordings!.Select(use => (use.Wording, use.State, use.Respondents)));
    }

    [Fact]
    public void In_public_few_held_apart_are_not_counted_out_and_nobodys_day_is_told()
    {
        var target = new Target(TargetRelation.AtLeast, 70, "%");
        Assert.Equal(new HeldApart(40, null), PublicFigures.Of(Results([Wave("w1", (A, 60, 80), (B, 41, 0))])[0], target, new DisclosurePolicy()).HeldApart);
        Assert.Equal(new HeldApart(null, null), PublicFigures.Of(Results([Wave("w1", (A, 60, 80), (B, 9, 0))])[0], target, new DisclosurePolicy()).HeldApart);
    }

    [Fact]
    public async Task Of_statements_that_contradict_each_other_none_is_taken()
    {
        var put = new PutInstrument(new Shelf(Form("one", "f1", (A, true), (B, false), (C, true))), new InstrumentShelf(null!, TimeProvider.System), Catalogue.Current);
        Assert.Equal([], await Put("two", """[{"hash":"bbbbbbbbbbbb","same":false,"note":"asked anew"},{"hash":"cccccccccccc","same":true}]"""));
        Assert.Equal(["/items/0/wordings/0"], await Put("two", """[{"hash":"cccccccccccc","same":true}]"""));
        Assert.Equal(["/items/0/wordings/1/hash"], await Put("two", """[{"hash":"dddddddddddd","same":true},{"hash":"dddddddddddd","same":false}]"""));
        Assert.Equal(["/items/0/wordings/0/hash"], await Put("two", """[{"hash":"xyz","same":true}]"""));
        Assert.Equal(["/items/0/wordings", "/role/wordings"], (await Put("two", """[{"hash":"dddddddddddd","same":true}]""", poll: true)).Distinct().Order());

        async Task<IEnumerable<string>> Put(string id, string wordings, bool poll = false) => (await put.RunAsync(id, Encoding.UTF8.GetBytes($$"""
            {"title":"t","collection":"leaders",{{(poll ? "\"poll\":{\"supplier\":\"x\"}" : "\"form\":{\"source\":\"s\",\"id\":\"f2\"}")}},"wave":{"value":"w"},"school":{"field":"urn"}{{(poll ? ",\"role\":{\"value\":\"leader\",\"wordings\":[{\"hash\":\"aaaaaaaaaaaa\",\"same\":true}]}" : "")}},
             "items":[{"indicator":"every-teacher-responsible","field":"q","codes":{"1":"fully"},"wordings":{{wordings}}}]}
            """), TestContext.Current.CancellationToken)).Problems.Select(problem => problem.Where);
    }

    private static (string? Wording, int Base, bool IsHeld) Told(ReadingResult result) => (result.Wording, result.Figures[0].Base!.Value, result.IsHeld);

    private static List<ReadingResult> Results(IReadOnlyList<SchoolTotals>[] waves, params (string, bool)[] stated) =>
        Evaluation.Results(Catalogue.Current, Evidence(waves.SelectMany(wave => wave).ToList(), stated), new DisclosurePolicy()).Where(result => result.Reading == "K1.leaders").ToList();

    private static Evidence Evidence(IReadOnlyList<SchoolTotals> totals, params (string, bool)[] stated) => new(
        "inputs",
        Enumerable.Range(1, 4).Select(wave => new WaveState($"w{wave}", new Wave($"Wave {wave}", new DateOnly(2025 + wave, 1, 1), new DateOnly(2025 + wave, 2, 1)), null, 1)).ToList(),
        new Dictionary<string, School>(), [], Enumerable.Range(0, 500).Select(school => new Engagement(Urn(school), new DateOnly(2025, 1, 1), "", 1)).ToList(), [],
        [new EvidenceSource("leaders", "webhooks", totals)], new Dictionary<string, MilestoneState>())
    {
        Stated = new StatedWordings([Form("leaders", "f", stated)]),
    };

    /// <summary>One leader a school: so many to each wording, and of them so many per cent "fully". Later wordings are answered a day later.</summary>
    private static List<SchoolTotals> Wave(string wave, params (string? Wording, int Respondents, int Fully)[] asked)
    {
        var schools = 0;
        return asked.SelectMany(one => Enumerable.Range(0, one.Respondents).Select(index =>
        {
            var code = index * 100 < one.Fully * one.Respondents ? "fully" : "not";
            var since = Monday.AddDays(one.Wording is { } wording ? wording[0] - 'a' : 0).AddMinutes(index);
            return new SchoolTotals(wave, Urn(schools++), 1, [new CellTotal("single", "leader", "every-teacher-responsible", code, 1, 1, 1) { Wording = one.Wording }], [])
            {
                Wordings = one.Wording is null ? null : [new WordingTotal("single", "every-teacher-responsible", one.Wording, 1, since)],
            };
        })).ToList();
    }

    private static string Urn(int school) => (100000 + school).ToString(CultureInfo.InvariantCulture);

    private static Instrument Form(string id, string form, params (string Hash, bool Same)[] stated) => new(
        "Leaders", "leaders", new FormBinding("s", form), null, new Term("w1"), null, new FieldName("urn"), null, null, null, null, null,
        [
            new Item("every-teacher-responsible", "q", new Dictionary<string, string> { ["1"] = "fully" })
            {
                Wordings = stated.Length == 0 ? null : stated.Select(one => new AcceptedWording(one.Hash, one.Same)).ToList(),
            },
        ])
    {
        Id = id,
        Version = 1,
    };

    private static CountedResponse Row(string person, string code, string? wording, int minutes, string stage = "pre") =>
        new(new Coding("100001", "w1", stage, "teacher", person, 1, [new Observation("cpd-confidence", code) { Wording = wording }]), Monday.AddMinutes(minutes));

    private sealed class Shelf(params Instrument[] all) : IInstruments
    {
        public Task<IReadOnlyList<Instrument>> AllAsync(CancellationToken cancellation) => Task.FromResult<IReadOnlyList<Instrument>>(all);

        public Task<Instrument?> FindAsync(string id, int? version, CancellationToken cancellation) => Task.FromResult(all.FirstOrDefault(one => one.Id == id));

        public Task<bool> AddAsync(Instrument instrument, CancellationToken cancellation) => Task.FromResult(true);
    }
}
