using System.Text.RegularExpressions;
using Microsoft.Playwright;
using WholeSchoolSend.Core.Tests.Snapshots;
using static Microsoft.Playwright.Assertions;

namespace WholeSchoolSend.Dashboard.Tests;

/// <summary>What the page says when there is nothing, or nothing good, to show. It is said in an element that was there before, so screen readers tell it.</summary>
public sealed class StateTests(Chromium chromium) : IAsyncDisposable
{
    private readonly Site _site = new();

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    [Fact]
    public async Task Nothing_published_yet()
    {
        var page = await OpenAsync();
        await Expect(page.Locator("#figures .notice")).ToHaveTextAsync("Nothing has been published yet.Survey figures appear here once the first wave of fieldwork has closed.");
        await Expect(page.Locator("#status")).ToBeEmptyAsync();
        await Expect(page.Locator("#find")).ToBeHiddenAsync();
        await _site.PublishAsync();
        await LookAgainAsync(page);
        await Expect(page.Locator("#status")).ToContainTextAsync("Figures have been published.");
        await page.GetByRole(AriaRole.Button, new() { Name = "Show them" }).ClickAsync();
        await Expect(page.Locator("#K1")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task The_newest_figures_need_no_word()
    {
        await _site.PublishAsync();
        var page = await OpenAsync();
        await page.WaitForLoadStateAsync(LoadState.NetworkIdle);
        await Expect(page.Locator("#status")).ToBeEmptyAsync();
    }

    [Theory]
    [InlineData("{\"id\":\"5f1d")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\"id\":7}")]
    public async Task A_pointer_that_cannot_be_read(string latest)
    {
        await _site.PublishAsync();
        _site.Put("latest.json", latest);
        var page = await ExpectAsync("We could not check whether these are the newest figures. What you see was published on 23 November 2026.");
        await Expect(page.Locator("#K1")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_failure_that_passes_when_tried_again()
    {
        await _site.PublishAsync();
        _site.Broken["latest.json"] = true;
        var page = await ExpectAsync("We could not check whether these are the newest figures.");
        _site.Broken.Clear();
        await page.GetByRole(AriaRole.Button, new() { Name = "Try again" }).ClickAsync();
        await page.WaitForLoadStateAsync(LoadState.NetworkIdle);
        await Expect(page.Locator("#status")).ToBeEmptyAsync();
    }

    [Fact]
    public async Task Figures_that_are_no_longer_published()
    {
        await _site.PublishAsync();
        _site.Published.Files.TryRemove("latest.json", out _);
        await ExpectAsync("These figures may have been withdrawn. They were published on 23 November 2026, but the list of what is published is no longer there.");
    }

    [Fact]
    public async Task Figures_over_a_year_old()
    {
        await _site.PublishAsync();
        _site.Put("index.html", (await File.ReadAllTextAsync(PathOf("index.html"))).Replace("<!-- figures -->", $"<div id=\"snapshot\" data-id=\"{Samples.Document.Catalogue}\" data-published=\"2025-01-10T09:00:00Z\"></div>", StringComparison.Ordinal));
        _site.Put("latest.json", $"{{\"id\":\"{Samples.Document.Catalogue}\"}}");
        await ExpectAsync("These figures are over a year old. They were published on 10 January 2025, and nothing newer has been published since.");
    }

    [Fact]
    public async Task Newer_figures_while_the_page_is_open()
    {
        await _site.PublishAsync();
        var page = await OpenAsync();
        var newer = await _site.PublishAsync(Samples.Document with { Catalogue = "2027-01" });
        await LookAgainAsync(page);
        await Expect(page.Locator("#status")).ToContainTextAsync("Newer figures have been published. What you see was published on 23 November 2026.");
        await page.GetByRole(AriaRole.Button, new() { Name = "Show them" }).ClickAsync();
        await Expect(page.Locator("#data ~ p code")).ToHaveTextAsync(newer.Id);
    }

    [Fact]
    public async Task What_is_not_there_yet_is_said()
    {
        await _site.PublishAsync();
        var page = await OpenAsync();
        await Expect(page.Locator(".partial")).ToContainTextAsync("Not everything is here yet: 17 of 30 KPIs have evidence. Nothing has been published yet for K5, K6, U1,");
        await Expect(page.Locator(".partial")).ToContainTextAsync("Still open, and so without figures: Leaders and SENCOs, spring 2027 (fieldwork to 12 March 2027).");
    }

    [Fact]
    public async Task A_document_without_waves_or_figures_still_tells_what_there_is()
    {
        var bare = Samples.Document with { Waves = [], Kpis = [.. Samples.Document.Kpis.Select(kpi => kpi with { Readings = [.. kpi.Readings.Select(reading => reading with { Results = [] })] })] };
        await _site.PublishAsync(bare);
        var page = await OpenAsync();
        await Expect(page.Locator("#K1 .headline")).ToHaveTextAsync("No figures published yet.");
        await Expect(page.Locator("#K1 header .verdict")).ToHaveTextAsync("No figures yet");
        await Expect(page.Locator(".partial")).ToContainTextAsync("0 of 30 KPIs have evidence");
    }

    private static string PathOf(string name) => Path.Combine(AppContext.BaseDirectory, "dashboard", name);

    private static async Task LookAgainAsync(IPage page) => await page.EvaluateAsync("document.dispatchEvent(new Event('visibilitychange'))");

    private async Task<IPage> OpenAsync()
    {
        var page = await chromium.PageAsync();
        await page.GotoAsync(_site.Page);
        return page;
    }

    private async Task<IPage> ExpectAsync(string words)
    {
        var page = await OpenAsync();
        await Expect(page.Locator("#status")).ToHaveTextAsync(new Regex("^\\s*" + Regex.Escape(words)));
        return page;
    }
}
