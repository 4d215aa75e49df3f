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
        var document = JsonNode.Parse(
            """{"title":"F","collection":"leaders","form":{"source":"s","id":"f"},"wave":{"value":"w"},"school":{"field":"urn"},"items":[{"indicator":"every-teacher-responsible","field":"Q1","codes":{"1":"fully"}}]}""")!;
        Assert.Empty((await PutAsync(document.ToJsonString())).Problems);
        document[name] = JsonNode.Parse(json);
        Assert.Contains(where, (await PutAsync(document.ToJsonString())).Problems.Select(problem => problem.Where));
    }

    private static async Task<Checked<Instrument>> PutAsync(string json)
    {
        var none = new NoInstruments();
        return await new PutInstrument(none, new InstrumentShelf(none, TimeProvider.System), Catalogue.Current).RunAsync("leaders-poll",
            Encoding.UTF8.GetBytes(json), TestContext.Current.CancellationToken);
    }

    private sealed class NoInstruments : IInstruments
    {
        public Task<IReadOnlyList<Instrument>> AllAsync(CancellationToken cancellation) => Task.FromResult<IReadOnlyList<Instrument>>([]);

        public Task<Instrument?> FindAsync(string id, int? version, CancellationToken cancellation) => Task.FromResult<Instrument?>(null);

        public Task<bool> AddAsync(Instrument instrument, CancellationToken cancellation) => Task.FromResult(true);
    }
}
