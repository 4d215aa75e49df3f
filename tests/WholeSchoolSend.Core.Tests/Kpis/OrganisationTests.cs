using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using WholeSchoolSend.Core.Disclosure;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Polls;
using WholeSchoolSend.Core.Schools;
using WholeSchoolSend.Core.Webhooks;

namespace WholeSchoolSend.Core.Tests.Kpis;

/// <summary>Interviews, reviews and commissions of organisations: by a form or in a file, by an instrument like any other.</summary>
public sealed class OrganisationTests
{
    private const string Form = """
        { "title": "Stakeholder interviews", "collection": "stakeholders", "form": { "source": "interviews_json", "id": "stakeholders" }, "subject": "organisation",
          "organisation": { "field": "organisation", "codes": { "Ofsted": "ofsted", "RSC, North": "rsc-north", "rsc-south": "rsc-south" } },
          "wave": { "value": "panel" }, "stage": { "field": "stage", "codes": { "first": "pre", "last": "post" } },
          "items": [ { "indicator": "send-review-awareness", "field": "awareness", "codes": { "0": "0", "1": "1", "2": "2", "3": "3", "dk": "dk" } },
                     { "indicator": "send-review-uses", "field": "uses", "codes": { "yes": "yes", "no": "no" } } ] }
        """;

    private const string File = """
        { "title": "Stakeholder interviews, file", "collection": "stakeholders", "poll": { "supplier": "interviews", "files": "stakeholders-*" }, "subject": "organisation",
          "organisation": { "field": "organisation" }, "wave": { "value": "panel" }, "stage": { "field": "stage", "codes": { "first": "pre", "last": "post" } },
          "items": [ { "indicator": "send-review-awareness", "field": "awareness", "codes": { "0": "0", "1": "1", "2": "2", "3": "3" } },
                     { "indicator": "send-review-uses", "field": "uses", "codes": { "yes": "yes", "no": "no" } } ] }
        """;

    private static readonly (string Organisation, string Stage, string Awareness, string Uses)[] Interviews =
    [
        ("ofsted", "first", "0", "no"), ("ofsted", "last", "2", "yes"), ("rsc-north", "first", "1", "no"), ("rsc-north", "last", "1", "no"),
        ("rsc-south", "first", "2", "yes"), ("rsc-south", "last", "1", "no"),
    ];

    private static readonly WaveState Panel = new("panel", new Wave("Panel", new DateOnly(2016, 6, 1), new DateOnly(2017, 6, 1)), null, 1);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_form_a_csv_file_and_a_workbook_come_to_the_same_figures()
    {
        var form = Results(await ByFormAsync([.. Interviews]));
        var csv = Results(await ByFileAsync("stakeholders-1.csv", Encoding.UTF8.GetBytes(Csv(Interviews))));
        var workbook = Results(await ByFileAsync("stakeholders-1.xlsx", Workbook(Interviews)));
        foreach (var reading in new[] { "K5.aware", "K5.use" })
        {
            Assert.Equal(Told(form[reading]), Told(csv[reading]));
            Assert.Equal(Told(form[reading]), Told(workbook[reading]));
        }
        Assert.Equal("organisations=3 rose=1 unchanged=1 fell=1 median-change=0 signed-rank=p1 sign-test=p1", Told(form["K5.aware"]));
        Assert.Equal("count=1 organisations=3", Told(form["K5.use"]));
        Assert.Equal(("the brief names no number", (Verdict?)null), (form["K5.aware"].Reason, form["K5.aware"].Verdict));
    }

    [Fact]
    public async Task An_organisation_is_its_own_respondent_and_what_it_was_coded_as_last_counts()
    {
        var source = await ByFormAsync(
            ("Ofsted", "first", "0", "no"), ("OFSTED ", "last", "1", "no"), ("Ofsted", "last", "3", "yes"), ("RSC, North", "first", "dk", "no"), ("RSC, North", "last", "3", "no"));
        Assert.Equal(["org~ofsted", "org~rsc-north"], source.Totals.Select(totals => totals.School));
        Assert.All(source.Totals, totals => Assert.Equal(1, totals.Respondents));
        var results = Results(source);
        // What nobody knew at the first interview is no beginning to rise from.
        Assert.Equal("organisations=1 rose=1 unchanged=0 fell=0 median-change=3 signed-rank=p1 sign-test=p1", Told(results["K5.aware"]));
        Assert.Equal("count=1 organisations=2", Told(results["K5.use"]));
    }

    [Fact]
    public async Task The_beginning_may_come_by_a_form_and_the_end_in_a_file()
    {
        var before = await ByFormAsync([.. Interviews.Where(one => one.Stage == "first")]);
        var after = await ByFileAsync("stakeholders-end.csv", Encoding.UTF8.GetBytes(Csv(Interviews.Where(one => one.Stage == "last"))));
        Assert.Equal("no organisation was seen at the beginning and at the end", Results(before)["K5.aware"].Reason);
        Assert.Equal(Told(Results(await ByFormAsync([.. Interviews]))["K5.aware"]), Told(Results(before, after)["K5.aware"]));

        // Both may tell the same interview, but not in two ways.
        Assert.Equal(Told(Results(before)["K5.use"]), Told(Results(before, before with { Name = "again" })["K5.use"]));
        var other = await ByFileAsync("stakeholders-x.csv", Encoding.UTF8.GetBytes(Csv([("ofsted", "first", "1", "no")])));
        var held = Results(before, other);
        Assert.Equal((true, Verdict.Insufficient), (held["K5.aware"].IsHeld, held["K5.aware"].Verdict));
        Assert.Contains("coded in two ways at the same stage (pre)", held["K5.aware"].Reason, StringComparison.Ordinal);
        Assert.False(held["K5.use"].IsHeld);
    }

    [Fact]
    public async Task Totals_of_several_sources_are_added_up_only_where_the_catalogue_says_so()
    {
        var source = await ByFormAsync([.. Interviews]);
        var catalogue = Catalogue.Current with { Combined = [] };
        var two = new Evidence("inputs", [Panel], new Dictionary<string, School>(), [], [], [], [source, source with { Name = "again" }], new Dictionary<string, MilestoneState>());
        Assert.Contains("is not combined", Evaluation.Results(catalogue, two, new DisclosurePolicy()).Single(result => result.Reading == "K5.aware").Reason, StringComparison.Ordinal);

        SchoolTotals[] studies = [.. Enumerable.Range(0, 3).SelectMany(school => Totalling.BySchool(
            [new CountedResponse(new Coding($"10000{school}", "panel", "single", "other", null, 1, [new Observation("outcome-example", "improved")]), default)]))];
        EvidenceSource[] both = [new("case-studies", "webhooks", studies), new("case-studies", "office/case-studies", studies)];
        Assert.Equal("responses=6", Told(Results(both)["U1"]));
        var apart = Evaluation.Results(catalogue, two with { Sources = both }, new DisclosurePolicy()).Single(result => result.Reading == "U1");
        Assert.Equal((Verdict.Insufficient, "evidence of one wave came from several sources and is not combined"), (apart.Verdict, apart.Reason));
        // A wave nobody registered waits, as everywhere.
        Assert.Equal("none was sent in yet", Results(new EvidenceSource("case-studies", "webhooks", [.. studies.Select(one => one with { Wave = "unregistered" })]))["U1"].Reason);
    }

    [Fact]
    public async Task Each_commissioned_review_counts_by_its_own_key()
    {
        var instrument = await PutAsync(
            """
            { "title": "Commissioned reviews", "collection": "commissioned-reviews", "poll": { "supplier": "interviews" }, "subject": "organisation", "organisation": { "field": "rsc" },
              "respondent": { "field": "review" }, "wave": { "value": "panel" },
              "items": [ { "indicator": "send-review-commissioned", "field": "state", "codes": { "ordered": "commissioned", "done": "completed", "cancelled": "cancelled" } } ] }
            """);
        var check = await CheckAsync(instrument, "reviews.csv", Encoding.UTF8.GetBytes("review,rsc,state\n1,rsc-north,ordered\n2,rsc-north,done\n3,rsc-south,done\n4,rsc-south,cancelled\n"));
        Assert.Empty(check.Findings.InOrder());
        Assert.Equal("responses=3", Told(Results(new EvidenceSource("commissioned-reviews", "interviews/reviews", check.Totals))["K5.reviews"]));
        var twice = await CheckAsync(instrument, "reviews.csv", Encoding.UTF8.GetBytes("review,rsc,state\n1,rsc-north,ordered\n1,rsc-south,done\n"));
        Assert.Equal("respondent-repeated", twice.Findings.FirstCode);
    }

    [Fact]
    public async Task A_row_that_names_no_organisation_or_one_again_is_told_without_its_name()
    {
        var check = await CheckAsync(await PutAsync(File), "stakeholders-1.csv", Encoding.UTF8.GetBytes(
            "organisation,stage,awareness,uses\nOfsted,first,0,no\nRegional Schools Commissioner,first,0,no\n,first,0,no\nofsted,first,1,no\nofsted,last,1,no\n"));
        Assert.Equal(
            [(3, "organisation-invalid", "text that is no id"), (4, "organisation-invalid", "empty"), (5, "respondent-repeated", "an organisation of an earlier row")],
            check.Findings.InOrder().Select(finding => (finding.Line, finding.Code, finding.Found!)));

        var map = new InstrumentMap(await PutAsync(Form.Replace(", \"codes\": { \"Ofsted\": \"ofsted\", \"RSC, North\": \"rsc-north\", \"rsc-south\": \"rsc-south\" }", "", StringComparison.Ordinal)));
        var problem = Assert.Single(map.Map(Answers("The Regional Schools Commissioner", "first", "0", "no")).Problems);
        Assert.Equal(("organisation-invalid", "organisation"), (problem.Code, problem.Where));
        Assert.DoesNotContain("Commissioner", problem.Message, StringComparison.Ordinal);
        Assert.Equal("field-missing", Assert.Single(map.Map(new RedactedAnswers("stakeholders", "r", Answers("x", "first", "0", "no").Fields.Skip(1).ToList())).Problems).Code);
    }

    [Theory]
    [InlineData("subject", "\"school\"", "/organisation /subject")]
    [InlineData("subject", "\"person\"", "/subject")]
    [InlineData("organisation", null, "/organisation")]
    [InlineData("organisation", """{"field":"o","codes":{"Ofsted":"Ofsted!"}}""", "/organisation/codes/Ofsted")]
    [InlineData("organisation", """{"field":"o","separator":","}""", "/organisation/separator")]
    [InlineData("organisation", """{"field":"o","wordings":[{"hash":"0123456789ab","same":true}]}""", "/organisation/wordings")]
    [InlineData("school", """{"field":"urn"}""", "/school")]
    [InlineData("weight", """{"field":"w"}""", "/weight")]
    [InlineData("group", """{"value":"engaged"}""", "/group")]
    [InlineData("collection", "\"leaders\"", "/subject")]
    public async Task What_an_instrument_of_organisations_cannot_say_is_told_by_its_place(string name, string? json, string places)
    {
        var document = JsonNode.Parse(Form)!.AsObject();
        document.Remove(name);
        if (json is not null) document[name] = JsonNode.Parse(json);
        var said = (await TryAsync(document.ToJsonString())).Problems.Select(problem => problem.Where).ToList();
        foreach (var place in places.Split(' ')) Assert.Contains(place, said);
    }

    [Fact]
    public async Task A_file_of_schools_has_no_place_among_organisations()
    {
        var problems = (await TryAsync(
            """{"title":"T","collection":"systems","poll":{"supplier":"s"},"wave":{"value":"w"},"school":{"field":"urn"},"items":[{"indicator":"system-understanding","field":"q","codes":{"1":"1"}}]}""")).Problems;
        Assert.Equal(["/subject"], problems.Select(problem => problem.Where));
        Assert.Equal("/organisation", Assert.Single((await TryAsync(File.Replace("{ \"field\": \"organisation\" }", "{ \"value\": \"ofsted\" }", StringComparison.Ordinal))).Problems).Where);
    }

    private static Dictionary<string, ReadingResult> Results(params EvidenceSource[] sources) => Evaluation.Results(
            Catalogue.Current,
            new Evidence("inputs", [Panel], new Dictionary<string, School>(), [], [], [], sources, new Dictionary<string, MilestoneState>()), new DisclosurePolicy())
        .ToDictionary(result => result.Reading);

    private static string Told(ReadingResult result) => string.Join(' ', result.Figures.Select(figure => $"{figure.Name}={(figure.PValue is { } p ? $"p{p:0.####}" : $"{figure.Value}")}"));

    private static async Task<EvidenceSource> ByFormAsync(params (string Organisation, string Stage, string Awareness, string Uses)[] said)
    {
        var map = new InstrumentMap(await PutAsync(Form));
        var rows = said.Select((one, minute) => new CountedResponse(
            map.Map(Answers(one.Organisation == "rsc-north" ? "RSC, North" : one.Organisation, one.Stage, one.Awareness, one.Uses)).Value!, DateTimeOffset.UnixEpoch.AddMinutes(minute)));
        return new EvidenceSource(
            "stakeholders", "webhooks", [.. rows.GroupBy(row => row.Coding.School).OrderBy(organisation => organisation.Key, StringComparer.Ordinal).SelectMany(organisation => Totalling.BySchool([.. organisation]))]);
    }

    private static async Task<EvidenceSource> ByFileAsync(string name, byte[] content)
    {
        var check = await CheckAsync(await PutAsync(File), name, content);
        Assert.Empty(check.Findings.InOrder());
        return new EvidenceSource("stakeholders", "interviews/stakeholders-file", check.Totals);
    }

    private static RedactedAnswers Answers(string organisation, string stage, string awareness, string uses) => new(
        "stakeholders", "r",
        [.. new[] { ("organisation", organisation), ("stage", stage), ("awareness", awareness), ("uses", uses) }.Select(one => new Answer(one.Item1, null, AnswerKind.Single, [new AnswerValue(one.Item2)]))]);

    private static async Task<PollCheck> CheckAsync(Instrument instrument, string name, byte[] content) =>
        await PollCheck.RunAsync(new PollParts(DroppedFile.From("interviews", name, content, DateTimeOffset.UnixEpoch), null, false), instrument, null, Cancellation);

    private static async Task<Instrument> PutAsync(string json)
    {
        var put = await TryAsync(json);
        Assert.Empty(put.Problems);
        return put.Value!;
    }

    private static async Task<Checked<Instrument>> TryAsync(string json)
    {
        var none = new NoInstruments();
        return await new PutInstrument(none, new InstrumentShelf(none, TimeProvider.System), Catalogue.Current).RunAsync("stakeholders", Encoding.UTF8.GetBytes(json), Cancellation);
    }

    private static string Csv(IEnumerable<(string Organisation, string Stage, string Awareness, string Uses)> rows) =>
        "organisation,stage,awareness,uses\n" + string.Concat(rows.Select(row => $"{row.Organisation},{row.Stage},{row.Awareness},{row.Uses}\n"));

    /// <summary>The same rows as the smallest workbook there is.</summary>
    private static byte[] Workbook(IEnumerable<(string Organisation, string Stage, string Awareness, string Uses)> rows)
    {
        const string main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main", relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
        var cells = rows.Select(row => new[] { row.Organisation, row.Stage, row.Awareness, row.Uses }).Prepend(["organisation", "stage", "awareness", "uses"]).Select((row, line) =>
            $"<row r=\"{line + 1}\">{string.Concat(row.Select((cell, column) => $"<c r=\"{"ABCD"[column]}{line + 1}\" t=\"inlineStr\"><is><t>{cell}</t></is></c>"))}</row>");
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
            foreach (var (name, text) in new[]
            {
                ("[Content_Types].xml", "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>"),
                ("_rels/.rels", $"<Relationships><Relationship Id=\"r\" Type=\"{relations}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"),
                ("xl/workbook.xml", $"<workbook xmlns=\"{main}\" xmlns:r=\"{relations}\"><sheets><sheet name=\"Interviews\" sheetId=\"1\" r:id=\"s\"/></sheets></workbook>"),
                ("xl/_rels/workbook.xml.rels", $"<Relationships><Relationship Id=\"s\" Type=\"{relations}/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>"),
                ("xl/worksheets/sheet1.xml", $"<worksheet xmlns=\"{main}\"><sheetData>{string.Concat(cells)}</sheetData></worksheet>"),
            })
            {
                using var part = zip.CreateEntry(name).Open();
                part.Write(Encoding.UTF8.GetBytes(text));
            }
        return bytes.ToArray();
    }

    private sealed class NoInstruments : IInstruments
    {
        public Task<IReadOnlyList<Instrument>> AllAsync(CancellationToken cancellation) => Task.FromResult<IReadOnlyList<Instrument>>([]);

        public Task<Instrument?> FindAsync(string id, int? version, CancellationToken cancellation) => Task.FromResult<Instrument?>(null);

        public Task<bool> AddAsync(Instrument instrument, CancellationToken cancellation) => Task.FromResult(true);
    }
}
