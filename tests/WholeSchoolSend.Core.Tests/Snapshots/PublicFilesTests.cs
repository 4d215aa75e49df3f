using System.IO.Compression;
using System.Text;
using System.Xml.Linq;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Snapshots;
using WholeSchoolSend.Core.Snapshots.Page;

namespace WholeSchoolSend.Core.Tests.Snapshots;

public sealed class PublicFilesTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void The_sample_document_follows_the_published_schema() => Assert.Empty(JsonSchema.Embedded("snapshot-1.json").Check(Samples.Document.ToJson()).Problems);

    [Fact]
    public async Task What_the_page_names_is_there_before_it_and_what_did_not_change_is_not_written()
    {
        var (documents, pointer) = await Samples.PublishAsync(Samples.Document, Cancellation);
        Assert.Equal([pointer.Csv, FiguresCsv.MetadataOf(Samples.Document).Path, .. PublicPage.Files.Select(file => file.Path), Snapshot.TypesPath, "index.html"], documents.Written);
        var page = Encoding.UTF8.GetString(documents.Files["index.html"].Bytes);
        foreach (var path in documents.Written.Except(["index.html"]).Append(pointer.Path).Append(Snapshot.SchemaPath)) Assert.Contains($"\"{path}\"", page, StringComparison.Ordinal);

        // Saved as the page names them, the two are the pair that Explore Education Statistics asks for.
        Assert.Contains($"download=\"{pointer.Id}.csv\"", page, StringComparison.Ordinal);
        Assert.Contains($"download=\"{pointer.Id}.meta.csv\"", page, StringComparison.Ordinal);

        documents.Written.Clear();
        await new PublicFiles(documents).UpdatePageAsync(Cancellation);
        Assert.Empty(documents.Written);
    }

    [Fact]
    public async Task A_page_that_a_crash_left_behind_is_made_good()
    {
        var (documents, _) = await Samples.PublishAsync(Samples.Document, Cancellation);
        var next = Samples.Point(documents, Samples.Document with { Catalogue = "2027-01" }, "2026-11-24T09:00:00Z");
        await new PublicFiles(documents).UpdatePageAsync(Cancellation);
        Assert.Contains($"data-id=\"{next.Id}\"", Encoding.UTF8.GetString(documents.Files["index.html"].Bytes), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_knows_less_does_not_overwrite_a_newer_page()
    {
        var (documents, pointer) = await Samples.PublishAsync(Samples.Document, Cancellation);
        documents.Put("index.html", "an older page"u8.ToArray());
        documents.Meanwhile = (pointer.Path, () => documents.Put("index.html", "a newer page"u8.ToArray()));
        await new PublicFiles(documents).UpdatePageAsync(Cancellation);
        Assert.Equal("a newer page", Encoding.UTF8.GetString(documents.Files["index.html"].Bytes));
    }

    [Fact]
    public async Task Nothing_published_is_no_page()
    {
        var documents = new MemoryDocuments();
        await new PublicFiles(documents).UpdatePageAsync(Cancellation);
        Assert.Empty(documents.Files);
    }

    [Fact]
    public async Task The_page_is_within_its_budget()
    {
        var (documents, pointer) = await Samples.PublishAsync(Samples.Document, Cancellation);
        Assert.InRange(PublicPage.Files.Sum(file => file.Bytes.Length), 1, 60 * 1024);
        Assert.InRange(Zipped(documents.Files[pointer.Path].Bytes), 1, 100 * 1024);
        // Hosting that does not compress sends it as it is.
        Assert.InRange(documents.Files["index.html"].Bytes.Length, 1, 400 * 1024);
        Assert.InRange(Zipped(documents.Files["index.html"].Bytes), 1, 50 * 1024);
    }

    [Fact]
    public async Task Whatever_a_document_says_is_text()
    {
        const string evil = "<script>alert(1)</script>\" onload=\"x & \u0000\u0007\uD800 ]]>";
        var kpi = Samples.Document.Kpis[0] with { Title = evil, Wording = evil };
        var (documents, _) = await Samples.PublishAsync(Samples.Document with { Kpis = [kpi, .. Samples.Document.Kpis.Skip(1)], Waves = [Samples.Document.Waves[0] with { Title = evil }, .. Samples.Document.Waves.Skip(1)] }, Cancellation);
        var page = Encoding.UTF8.GetString(documents.Files["index.html"].Bytes);
        var figures = XDocument.Parse($"<page>{page[page.IndexOf("<!-- figures -->", StringComparison.Ordinal)..page.IndexOf("<!-- /figures -->", StringComparison.Ordinal)]}</page>");
        Assert.DoesNotContain(figures.Descendants(), element => element.Name == "script" || element.Attribute("onload") is not null);
        Assert.DoesNotContain(page, sign => sign is '\0' or '\u0007');
        Assert.Contains("&lt;script&gt;alert(1)&lt;/script&gt;", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_changed_and_what_was_wrong_is_said_beside_the_figure()
    {
        var kpi = Samples.Document.Kpis[0];
        var primary = kpi.Readings.First(reading => reading.Primary);
        var moved = primary with { Results = [.. primary.Results.Select(result => result with { Changes = [new Mover(Cause.LateData, 25), new Mover(Cause.Register)] })] };
        var document = Samples.Document with
        {
            Kpis = [kpi with { Readings = [.. kpi.Readings.Select(reading => reading.Primary ? moved : reading)] }, .. Samples.Document.Kpis.Skip(1)],
            Errata = [new SnapshotErratum("e1", new DateOnly(2026, 11, 20), "The bases were those of another wave.", ["66f2e0"], [kpi.Id], null)],
        };
        Assert.Empty(JsonSchema.Embedded("snapshot-1.json").Check(document.ToJson()).Problems);
        var (documents, _) = await Samples.PublishAsync(document, Cancellation);
        var page = Encoding.UTF8.GetString(documents.Files["index.html"].Bytes);
        Assert.Contains("About 25 answers came late; the list of schools, or of those engaged, changed.", page, StringComparison.Ordinal);
        Assert.Equal(2, page.Split("The bases were those of another wave.").Length);
        Assert.Contains("Found on 20 November 2026.", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_cause_has_words() => Assert.All(Enum.GetValues<Cause>(), cause =>
        Assert.All([null, 1, 25], (int? count) => Assert.DoesNotContain("{", Words.Of(new Mover(cause, count)), StringComparison.Ordinal)));

    [Fact]
    public async Task Evidence_that_is_no_web_address_is_no_link()
    {
        var text = Encoding.UTF8.GetString(Samples.Document.ToJson()).Replace("https://example.org/send-audit-tool", "javascript:alert(1)", StringComparison.Ordinal);
        var (documents, _) = await Samples.PublishAsync(Snapshot.FromJson(Encoding.UTF8.GetBytes(text)), Cancellation);
        Assert.DoesNotContain("javascript:", Encoding.UTF8.GetString(documents.Files["index.html"].Bytes), StringComparison.Ordinal);
    }

    private static long Zipped(byte[] bytes)
    {
        using var zipped = new MemoryStream();
        using (var zip = new GZipStream(zipped, CompressionLevel.SmallestSize, leaveOpen: true)) zip.Write(bytes);
        return zipped.Length;
    }
}
