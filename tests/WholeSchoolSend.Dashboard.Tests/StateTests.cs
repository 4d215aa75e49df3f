using System.Text.RegularExpressions;
using Microsoft.Playwright;
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
        _site.Files.TryRemove("latest.json", out _);
        await ExpectAsync("Nothing has been published yet. Survey figures appear here once the first wave of fieldwork has closed.");
    }

    [Theory]
    [InlineData("{\"id\":\"5f1d")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\"id\":\"x\",\"path\":\"https://elsewhere.example/2026/11/x.json\"}")]
    [InlineData("{\"id\":\"x\",\"path\":\"../2026/11/x.json\"}")]
    public async Task A_pointer_that_cannot_be_read(string latest)
    {
        _site.Put("latest.json", latest);
        await ExpectAsync("The figures could not be loaded. What was published cannot be read by this page.");
    }

    [Theory]
    [InlineData("{\"schema\":")]
    [InlineData("{}")]
    [InlineData("{\"schema\":\"schema/snapshot-9.json\",\"waves\":[],\"kpis\":[]}")]
    [InlineData("{\"schema\":\"schema/snapshot-1.json\",\"waves\":[],\"kpis\":[{}]}")]
    public async Task A_document_that_cannot_be_read(string document)
    {
        _site.Put(Sample.Path, document);
        await ExpectAsync("The figures could not be loaded. What was published cannot be read by this page.");
    }

    [Fact]
    public async Task A_document_that_is_missing()
    {
        _site.Files.TryRemove(Sample.Path, out _);
        await ExpectAsync("The figures could not be loaded. The connection may have failed, or the published file is missing for the moment.");
    }

    [Fact]
    public async Task A_failure_that_passes_when_tried_again()
    {
        _site.Broken["latest.json"] = true;
        var page = await ExpectAsync("The figures could not be loaded. The connection may have failed");
        _site.Broken.Clear();
        await page.GetByRole(AriaRole.Button, new() { Name = "Try again" }).ClickAsync();
        await page.Locator(".kpi").First.WaitForAsync();
        await Expect(page.Locator("#status")).ToBeEmptyAsync();
        await Expect(page.Locator("#main")).ToBeFocusedAsync();
    }

    [Fact]
    public async Task Without_the_index_only_the_date_is_missing()
    {
        _site.Files.TryRemove("index.json", out _);
        var page = await OpenAsync();
        await page.Locator(".kpi").First.WaitForAsync();
        await Expect(page.Locator("time")).ToHaveCountAsync(0);
        await Expect(page.Locator("#status")).ToBeEmptyAsync();
    }

    [Fact]
    public async Task A_document_without_figures_still_tells_what_there_is()
    {
        _site.Put(Sample.Path, "{\"schema\":\"schema/snapshot-1.json\",\"waves\":[],\"kpis\":[{\"id\":\"Z9\",\"title\":\"New\",\"readings\":[]}]}");
        var page = await OpenAsync();
        await Expect(page.Locator("#Z9 .headline")).ToHaveTextAsync("No figures published yet.");
    }

    [Fact]
    public async Task Figures_over_a_year_old()
    {
        _site.Put("index.json", "{\"snapshots\":[{\"id\":\"" + Sample.Id + "\",\"published\":\"2025-01-10T09:00:00Z\"}]}");
        await ExpectAsync("These figures are over a year old. They were published on 10 January 2025, and nothing newer has been published since.");
    }

    [Fact]
    public async Task Newer_figures_while_the_page_is_open()
    {
        var page = await OpenAsync();
        await page.Locator(".kpi").First.WaitForAsync();
        _site.Files["2026/12/abc.json"] = _site.Files[Sample.Path];
        _site.Put("latest.json", "{\"id\":\"abc\",\"path\":\"2026/12/abc.json\"}");
        await page.EvaluateAsync("document.dispatchEvent(new Event('visibilitychange'))");
        await Expect(page.Locator("#status")).ToContainTextAsync("Newer figures have been published since you opened this page.");
        await page.GetByRole(AriaRole.Button, new() { Name = "Show them" }).ClickAsync();
        await Expect(page.Locator("code")).ToHaveTextAsync("abc");
    }

    [Fact]
    public async Task Without_JavaScript_the_page_says_where_the_figures_are()
    {
        var page = await chromium.PageAsync(new() { JavaScriptEnabled = false });
        await page.GotoAsync(_site.Page);
        await Expect(page.Locator(".notice")).ToContainTextAsync("This page draws its figures with JavaScript, which is switched off.");
        await Expect(page.Locator(".notice a").First).ToHaveAttributeAsync("href", "latest.json");
        await Expect(page.Locator("#reading")).ToBeVisibleAsync();
    }

    private async Task<IPage> OpenAsync()
    {
        var page = await chromium.PageAsync();
        await page.GotoAsync(_site.Page);
        return page;
    }

    private async Task<IPage> ExpectAsync(string words)
    {
        var page = await OpenAsync();
        await Expect(page.GetByRole(AriaRole.Status)).ToHaveTextAsync(new Regex("^\\s*" + Regex.Escape(words).Replace("\\ ", "\\s*", StringComparison.Ordinal)));
        return page;
    }
}
