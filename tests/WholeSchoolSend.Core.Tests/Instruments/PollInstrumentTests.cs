using System.Text;
using System.Text.Json.Nodes;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Kpis;

namespace WholeSchoolSend.Core.Tests.Instruments;

/// <summary>What an instrument of a poll may say, and what in it must agree.</summary>
public sealed class PollInstrumentTests
{
    private const string Whole = """
        {"title":"Leaders and SENCOs poll","collection":"leaders",
         "poll":{"supplier":"northern","files":"leaders-*","sheet":"Data","headerRows":2,"delimiter":";","encoding":"windows-1252","decimalComma":true,"dates":"day-first","notAsked":["__NA__"],
                 "long":{"respondent":"RecordNo","question":"q","answer":"a"},"pair":true,"fieldwork":{"fields":["start","end"]},"exclude":[{"field":"finished","answers":{"0":"unfinished"}}],
                 "drop":["email","name"],"refuse":{"rows":5,"share":0.01},"weightRatio":12.5},
         "wave":{"file":"leaders-{}.csv"},"school":{"field":"urn"},"respondent":{"field":"RecordNo"},"weight":{"field":"weight"},
         "role":{"ticked":{"head":"leader","senco":"senco"},"ticks":["1"],"otherwise":"other"},
         "items":[{"indicator":"every-teacher-responsible","field":"Q1","codes":{"1":"fully","2":"partly"},"outOfBase":{"99":"declined"}}]}
        """;

    private const string Form = """
        {"title":"F","collection":"leaders","form":{"source":"s","id":"f"},"wave":{"value":"w"},"school":{"field":"urn"},
         "items":[{"indicator":"every-teacher-responsible","field":"Q1","codes":{"1":"fully"}}]}
        """;

    [Fact]
    public async Task Everything_an_instrument_of_a_poll_can_say_is_kept()
    {
        var answer = await PutAsync(Whole);
        Assert.Empty(answer.Problems);
        var kept = JsonNode.Parse(System.Text.Json.JsonSerializer.Serialize(answer.Value!, InstrumentsJson.Default.Instrument));
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Whole), kept), kept!.ToJsonString());
    }

    [Theory]
    [InlineData("/poll/fieldwork", """{"from":"2026-11-02"}""", "/poll/fieldwork document-invalid")]
    [InlineData("/poll/fieldwork", """{"from":"2026-11-02","to":"2026-11-01"}""", "/poll/fieldwork/to dates-invalid")]
    [InlineData("/poll/fieldwork", """{"from":"2026-11-02","to":"2026-11-03","fields":["a"]}""", "/poll/fieldwork document-invalid")]
    [InlineData("/poll/drop", """["urn"]""", "/poll/drop/0 document-invalid")]
    [InlineData("/poll/drop", """["Head "]""", "/poll/drop/0 document-invalid")]
    [InlineData("/poll/refuse", """{"share":1.5}""", "/poll/refuse/share document-invalid")]
    [InlineData("/poll/exclude", """[{"field":"f","answers":{"1":"weight-zero"}}]""", "/poll/exclude/0/answers/1 document-invalid")]
    [InlineData("/poll/long/respondent", "\"other\"", "/respondent/field document-invalid")]
    [InlineData("/wave", """{"file":"leaders.csv"}""", "/wave/file document-invalid")]
    [InlineData("/wave", """{"field":"w","ticked":{"a":"b"}}""", "/wave document-invalid, /wave/ticked document-invalid, /wave document-invalid")]
    [InlineData("/stage", """{"file":"{}.csv"}""", "/stage/file document-invalid")]
    [InlineData("/role", """{"ticked":{"head":"boss"}}""", "/role/ticked/head document-invalid")]
    [InlineData("/role", """{"field":"r","codes":{"1":"leader"},"otherwise":"nobody"}""", "/role/otherwise document-invalid")]
    [InlineData("/role", """{"value":"leader","separator":" "}""", "/role/separator document-invalid")]
    [InlineData("/items/0/outOfBase", """{" 1 ":"declined"}""", "/items/0/outOfBase/ 1  document-invalid")]
    [InlineData("/items/0/outOfBase", """{"99":"not-asked"}""", "/items/0/outOfBase/99 document-invalid")]
    public async Task What_does_not_agree_is_said_by_its_place(string at, string json, string problems)
    {
        var document = JsonNode.Parse(Whole)!;
        var path = at.Split('/')[1..];
        var parent = path[..^1].Aggregate(document, (node, step) => int.TryParse(step, out var index) ? node[index]! : node[step]!);
        parent[path[^1]] = JsonNode.Parse(json);

        var said = (await PutAsync(document.ToJsonString())).Problems.Select(problem => $"{problem.Where} {problem.Code}").ToList();

        foreach (var expected in problems.Split(", ")) Assert.Contains(expected, said);
    }

    [Theory]
    [InlineData("role", """{"ticked":{"head":"leader"}}""", "/role/ticked")]
    [InlineData("wave", """{"file":"{}.csv"}""", "/wave/file")]
    [InlineData("items", """[{"indicator":"every-teacher-responsible","field":"Q1","codes":{"1":"fully"},"outOfBase":{"99":"declined"}}]""", "/items/0/outOfBase")]
    public async Task What_belongs_to_a_poll_is_no_part_of_a_form(string name, string json, string where)
    {
        var document = JsonNode.Parse(Form)!;
        Assert.Empty((await PutAsync(document.ToJsonString())).Problems);
        document[name] = JsonNode.Parse(json);
        Assert.Contains(where, (await PutAsync(document.ToJsonString())).Problems.Select(problem => problem.Where));
    }

    /// <summary>Or its stored responses would be in a collection that no form leads to, where no erasure looks.</summary>
    [Fact]
    public async Task A_form_stays_a_form_and_a_poll_a_poll()
    {
        var (form, poll) = ((await PutAsync(Form)).Value!, (await PutAsync(Whole)).Value!);
        Assert.Equal((1, 1), (form.Version, poll.Version));

        var toPoll = await PutAsync(Whole, form);
        var toForm = await PutAsync(Form, poll);

        Assert.Equal("document-invalid should stay a form: put the other as an instrument of its own", Said(toPoll));
        Assert.Equal("document-invalid should stay a poll: put the other as an instrument of its own", Said(toForm));
        Assert.Equal(2, (await PutAsync(Form.Replace("\"F\"", "\"G\"", StringComparison.Ordinal), form)).Value!.Version);

        static string Said(Checked<Instrument> answer) => string.Join(", ", answer.Problems.Select(problem => $"{problem.Code} {problem.Message}"));
    }

    private static async Task<Checked<Instrument>> PutAsync(string json, params Instrument[] before)
    {
        var held = new HeldInstruments(before);
        return await new PutInstrument(held, new InstrumentShelf(held, TimeProvider.System), Catalogue.Current).RunAsync("leaders-poll",
            Encoding.UTF8.GetBytes(json), TestContext.Current.CancellationToken);
    }

    private sealed class HeldInstruments(IReadOnlyList<Instrument> before) : IInstruments
    {
        public Task<IReadOnlyList<Instrument>> AllAsync(CancellationToken cancellation) => Task.FromResult(before);

        public Task<Instrument?> FindAsync(string id, int? version, CancellationToken cancellation) => Task.FromResult<Instrument?>(null);

        public Task<bool> AddAsync(Instrument instrument, CancellationToken cancellation) => Task.FromResult(true);
    }
}
