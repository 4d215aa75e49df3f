using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace WholeSchoolSend.Dashboard.Tests;

public sealed class PageTests(Chromium chromium) : IAsyncDisposable
{
    private readonly Site _site = new();

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    [Fact]
    public async Task Every_kpi_is_shown_with_its_title_wording_target_and_verdict()
    {
        var page = await OpenAsync();
        using var document = JsonDocument.Parse(_site.Files[Sample.Path]);
        foreach (var kpi in document.RootElement.GetProperty("kpis").EnumerateArray())
        {
            var article = page.Locator($"#{kpi.GetProperty("id").GetString()}");
            await Expect(article.Locator("h3")).ToHaveTextAsync(kpi.GetProperty("title").GetString()!);
            Assert.Contains(kpi.GetProperty("wording").GetString()!, await article.Locator("blockquote").TextContentAsync(), StringComparison.Ordinal);
        }
        await Expect(page.Locator("#K1 .headline")).ToContainTextAsync("75%");
        await Expect(page.Locator("#K1 .headline")).ToContainTextAsync("Leaders and SENCOs, autumn 2026");
        await Expect(page.Locator("#K1 .headline")).ToContainTextAsync("Met Target: 70% or more. The figure and its whole interval reach the target.", new() { IgnoreCase = false, UseInnerText = true });
        await Expect(page.Locator("#K2 .headline .verdict")).ToHaveTextAsync("Met, but not certain");
        await Expect(page.Locator("#K4 .headline")).ToContainTextAsync("+44%");
        await Expect(page.Locator("#K5 .headline")).ToHaveTextAsync("No figures published yet.");
        await Expect(page.Locator("#R1 .headline")).ToContainTextAsync("Target: over 500 schools. The count reaches the target.");
    }

    [Fact]
    public async Task Every_figure_of_the_document_is_in_a_table_with_its_interval_and_base()
    {
        var page = await OpenAsync();
        using var document = JsonDocument.Parse(_site.Files[Sample.Path]);
        var rows = new List<string>();
        foreach (var row in await page.Locator(".figures tbody tr:not(.wave)").AllAsync()) rows.Add(await row.TextContentAsync() ?? "");
        var figures = document.RootElement.GetProperty("kpis").EnumerateArray().SelectMany(kpi => kpi.GetProperty("readings").EnumerateArray())
            .SelectMany(reading => reading.GetProperty("results").EnumerateArray()).SelectMany(result => result.GetProperty("figures").EnumerateArray()).ToList();
        Assert.Equal(figures.Count, rows.Count);
        Assert.All(figures.Where(figure => figure.TryGetProperty("base", out _)), figure => Assert.Contains(
            rows, row => row.Contains($"{figure.GetProperty("value")}%{figure.GetProperty("lower")}% to {figure.GetProperty("upper")}%{figure.GetProperty("base").GetInt32():N0}{figure.GetProperty("schools")}", StringComparison.Ordinal)));
        Assert.Contains(rows, row => row == "Difference (engaged minus wider)+23 points16 to 30p < 0.001.");
        Assert.Contains(rows, row => row == "2016 survey52%Source: NAHT Edge, May 2016.");
        Assert.Contains(rows, row => row.EndsWith("Small base: read with caution.", StringComparison.Ordinal));
        await Expect(page.Locator("#K1 .methods").First).ToContainTextAsync("Korn-Graubard interval");
    }

    [Fact]
    public async Task A_bar_is_as_long_as_its_figure_and_its_whisker_as_its_interval()
    {
        var page = await OpenAsync();
        var chart = page.Locator("#K1 .chart").First;
        var bar = chart.Locator("rect.engaged").First;
        Assert.Equal(("0.00%", "75.00%"), (await bar.GetAttributeAsync("x"), await bar.GetAttributeAsync("width")));
        var whisker = chart.Locator(".track").First.Locator("line.whisker").First;
        Assert.Equal(("70.40%", "79.00%"), (await whisker.GetAttributeAsync("x1"), await whisker.GetAttributeAsync("x2")));
        Assert.Equal("70.00%", await chart.Locator("line.target").GetAttributeAsync("x1"));
        var drawn = (await bar.BoundingBoxAsync())!;
        Assert.Equal(0.75 * (await chart.BoundingBoxAsync())!.Width, drawn.Width, 1.0);
        Assert.Contains("Engaged schools 75%, 95% interval 70.4% to 79%", await chart.GetAttributeAsync("aria-label"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_suppressed_figure_is_words_and_no_number_anywhere()
    {
        var page = await OpenAsync();
        await page.Locator("#K1 summary").ClickAsync();
        var row = page.Locator("#K1 tr", new() { HasText = "c: withheld to protect people" });
        await Expect(row).ToHaveCountAsync(1);
        await Expect(row).ToContainTextAsync("Engaged schools");
        foreach (var cell in await row.Locator("td:not(.notes)").AllAsync()) Assert.DoesNotMatch(@"\d", await cell.TextContentAsync());
        var label = page.Locator("#K1 .round p", new() { HasText = "c: withheld to protect people" });
        Assert.DoesNotMatch(@"\d", await label.TextContentAsync());
        Assert.Equal("P", await label.EvaluateAsync<string>("label => label.nextElementSibling.tagName")); // the next label, not a bar
    }

    [Fact]
    public async Task A_headline_that_is_suppressed_says_so()
    {
        _site.Edit(text => Regex.Replace(text, "\"value\": 527", "\"symbol\": \"u\""));
        var page = await OpenAsync();
        await Expect(page.Locator("#R1 .headline .value")).ToHaveTextAsync("u: too few answers to be reliable");
        await Expect(page.Locator("#R1 .chart")).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task The_newest_wave_counts_whatever_the_order_in_the_document()
    {
        var page = await OpenAsync();
        var waves = await page.Locator("#K1 .figures").First.Locator(".wave th").AllTextContentsAsync();
        Assert.Collection(
            waves,
            wave => Assert.Equal("Leaders and SENCOs, autumn 2026 2 to 20 November 2026 Met", wave),
            wave => Assert.Equal("Leaders and SENCOs, autumn 2025 3 to 21 November 2025 Not met", wave));
        await Expect(page.Locator("#K1 .compare").First).ToHaveTextAsync(
            "Leaders and SENCOs, autumn 2026: engaged schools are 23 percentage points above wider schools (95% interval 16 to 30). ");
        await Expect(page.Locator("#K2 .compare")).ToContainTextAsync("As the interval includes 0, there may be no difference at all.");
    }

    [Fact]
    public async Task A_reworded_question_breaks_the_line_for_everybody_to_see()
    {
        _site.Edit(Reworded);
        var page = await OpenAsync();
        var autumn = page.Locator("#K1 .chart").First.Locator(".round").First;
        var older = page.Locator("#K1 .chart").First.Locator(".round").Last;
        // A line across the chart with words on it, after the reworded wave and before the older one; only there.
        await Expect(page.Locator("#K1 .chart").First.Locator(".break")).ToHaveCountAsync(1);
        await Expect(autumn.Locator(".break")).ToHaveTextAsync("Trend broken: asked in other words before");
        var line = (await autumn.Locator(".break").BoundingBoxAsync())!;
        Assert.True(line.Y > (await autumn.Locator(".track").Last.BoundingBoxAsync())!.Y && line.Y < (await older.BoundingBoxAsync())!.Y);
        Assert.Equal("double 4px", await autumn.Locator(".break").EvaluateAsync<string>("line => `${getComputedStyle(line).borderTopStyle} ${getComputedStyle(line).borderTopWidth}`"));
        Assert.Contains("Trend broken: asked in other words before", await page.Locator("#K1 .chart").First.GetAttributeAsync("aria-label"), StringComparison.Ordinal);
        // The same in the table, between the two waves, and in sentences.
        Assert.Equal(["wave", "break", "wave"], await page.Locator("#K1 .figures").First.Locator("tbody").EvaluateAllAsync<string[]>("bodies => bodies.map(body => body.className || body.firstElementChild.className)"));
        await Expect(page.Locator("#K1 .reworded").First).ToHaveTextAsync(
            "Reworded. In Leaders and SENCOs, autumn 2026 the question was asked in other words than in Leaders and SENCOs, autumn 2025: the two are not one trend, and a difference between them may come from the words.");
        await Expect(page.Locator("#K1 .reworded").Nth(1)).ToHaveTextAsync("Leaders and SENCOs, autumn 2026: 25 answers to the question in other words are not counted.");
        await Expect(page.Locator("#K2 .break, #K2 .reworded")).ToHaveCountAsync(0);
    }

    /// <summary>The first reading of K1 with a newest wave that was asked in other words.</summary>
    internal static string Reworded(string document)
    {
        var at = document.IndexOf("\"wave\": \"2026-autumn\",", StringComparison.Ordinal);
        return document.Insert(at, "\"trendBreak\": { \"reason\": \"wording_changed\", \"wave\": \"2025-autumn\" }, \"heldApart\": { \"respondents\": 25 }, ");
    }

    [Theory]
    [InlineData("met_confident", "Met")]
    [InlineData("met_point", "Met, but not certain")]
    [InlineData("not_met_point", "Not met, but not certain")]
    [InlineData("not_met_confident", "Not met")]
    [InlineData("insufficient", "Not enough evidence")]
    [InlineData("unattainable", "Cannot be reached")]
    [InlineData("something_new", "Something new")]
    public async Task Every_verdict_is_words(string verdict, string words)
    {
        _site.Edit(text => text.Replace("met_point", verdict, StringComparison.Ordinal));
        var page = await OpenAsync();
        await Expect(page.Locator("#K2 .headline .verdict")).ToHaveTextAsync(words);
    }

    [Fact]
    public async Task Waves_links_and_the_date_of_publication_are_there()
    {
        var page = await OpenAsync();
        await Expect(page.Locator("time")).ToHaveTextAsync("23 November 2026");
        await Expect(page.Locator("section[aria-labelledby=fieldwork] tbody tr").Last).ToHaveTextAsync("Leaders and SENCOs, autumn 20262 to 20 November 2026Closed8121,400");
        Assert.Equal([Sample.Path, $"2026/11/{Sample.Id}.csv", "index.json"], await page.Locator(".links a").EvaluateAllAsync<string[]>("links => links.map(link => link.getAttribute('href'))"));
    }

    [Fact]
    public async Task What_a_document_says_is_text_and_never_markup()
    {
        _site.Edit(text => text.Replace("Leaders able to provide appropriately", "<img src=x onerror=alert(1)><b>bold</b>", StringComparison.Ordinal));
        var page = await OpenAsync();
        await Expect(page.Locator("#K2 h3")).ToHaveTextAsync("<img src=x onerror=alert(1)><b>bold</b>");
        await Expect(page.Locator("img")).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task The_page_breaks_no_rule_of_its_own_and_asks_nobody_else()
    {
        var page = await chromium.PageAsync();
        List<string> told = [];
        List<string> asked = [];
        page.Console += (_, message) => told.Add(message.Text);
        page.PageError += (_, error) => told.Add(error);
        page.Request += (_, request) => asked.Add(request.Url);
        await page.GotoAsync(_site.Page);
        await page.Locator(".kpi").First.WaitForAsync();
        foreach (var summary in await page.Locator("summary").AllAsync()) await summary.ClickAsync();
        Assert.Empty(told);
        Assert.All(asked, address => Assert.True(address.StartsWith(_site.Page[..^"index.html".Length], StringComparison.Ordinal) || address.StartsWith("data:", StringComparison.Ordinal), address));
        Assert.Equal(
            ["index.html", "page.css", "page.js", "latest.json", Sample.Path, "index.json"],
            asked.Where(address => !address.StartsWith("data:", StringComparison.Ordinal)).Select(address => address[(_site.Page.Length - "index.html".Length)..]));
        var policy = await page.Locator("meta[http-equiv=Content-Security-Policy]").GetAttributeAsync("content");
        Assert.StartsWith("default-src 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_link_to_a_kpi_leads_to_it()
    {
        var page = await chromium.PageAsync();
        await page.GotoAsync(_site.Page + "#R1");
        await page.Locator("#R1").WaitForAsync();
        await Expect(page.Locator("#R1")).ToBeInViewportAsync();
    }

    [Fact]
    public async Task On_paper_everything_is_unfolded_and_folded_again_after()
    {
        var page = await OpenAsync();
        await page.EmulateMediaAsync(new() { Media = Media.Print });
        await Expect(page.Locator("details:not([open])")).ToHaveCountAsync(0);
        await Expect(page.Locator(".skip")).ToBeHiddenAsync();
        await page.EmulateMediaAsync(new() { Media = Media.Screen });
        await Expect(page.Locator("details[open]")).ToHaveCountAsync(0);
    }

    private async Task<IPage> OpenAsync()
    {
        var page = await chromium.PageAsync();
        await page.GotoAsync(_site.Page);
        await page.Locator(".kpi").First.WaitForAsync();
        return page;
    }
}
