using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using WholeSchoolSend.Core.Snapshots.Page;
using static Microsoft.Playwright.Assertions;

namespace WholeSchoolSend.Dashboard.Tests;

/// <summary>WCAG 2.2 AA, as far as machines can tell.</summary>
public sealed partial class AccessibilityTests(Chromium chromium) : IAsyncDisposable
{
    /// <summary>
    /// What axe cannot decide, looked at by people: words over something drawn (the palette test decides), and a wave's heading across the rows
    /// of a table, which is a header of a row group and so has no cell beside it.
    /// </summary>
    private static readonly string[] Reviewed = ["color-contrast", "th-has-data-cells"];

    private readonly Site _site = new();

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    [Theory]
    [InlineData(1200)]
    [InlineData(320)]
    public async Task Axe_finds_nothing(int width)
    {
        var page = await OpenAsync(width);
        await page.EvaluateAsync("for (const details of document.querySelectorAll('details')) details.open = true");
        Assert.Empty(await AxeAsync(page));
    }

    [Theory]
    [InlineData("nothing published")]
    [InlineData("broken")]
    [InlineData("newer")]
    [InlineData("searched")]
    [InlineData("no script")]
    public async Task Axe_finds_nothing_in_any_state(string state)
    {
        if (state != "nothing published") await _site.PublishAsync();
        if (state == "broken") _site.Broken["latest.json"] = true;
        if (state == "newer") _site.Put("latest.json", "{\"id\":\"another\"}");
        // Axe is a script itself, so without script means that the page's own does not come.
        if (state == "no script") foreach (var file in PublicPage.Files.Where(file => file.Name == "page.js")) _site.Broken[file.Path] = true;
        var page = await chromium.PageAsync();
        await page.GotoAsync(_site.Page);
        await page.WaitForLoadStateAsync(LoadState.NetworkIdle);
        if (state is "broken" or "newer") await page.GetByRole(AriaRole.Button).WaitForAsync();
        if (state == "searched") await page.GetByLabel("Find a KPI").FillAsync("assistants");
        Assert.Empty(await AxeAsync(page));
    }

    [Fact]
    public async Task Axe_would_find_what_is_wrong()
    {
        var page = await OpenAsync(1200);
        await page.EvaluateAsync("document.documentElement.removeAttribute('lang'); document.querySelector('#main').append(document.createElement('img'))");
        Assert.Equal(["html-has-lang", "image-alt"], (await AxeAsync(page)).Order());
    }

    [Theory]
    [InlineData(320, "100%")]
    [InlineData(320, "200%")]
    [InlineData(390, "200%")]
    [InlineData(640, "200%")]
    [InlineData(1280, "200%")]
    public async Task Nothing_scrolls_sideways(int width, string text)
    {
        var page = await OpenAsync(width);
        await page.EvaluateAsync("size => { document.documentElement.style.fontSize = size; for (const details of document.querySelectorAll('details')) details.open = true }", text);
        Assert.Equal("", await page.EvaluateAsync<string>(
            "width => document.documentElement.scrollWidth <= width ? '' : [...document.querySelectorAll('main *')].filter(one => !one.closest('thead') && one.getBoundingClientRect().right > width + 0.5).slice(0, 5).map(one => one.outerHTML.slice(0, 120)).join('\\n')", width));
    }

    [Fact]
    public async Task Every_stop_of_the_keyboard_is_seen()
    {
        var page = await OpenAsync(1200);
        var stops = await page.Locator("a[href]:visible, button:visible, summary:visible, input:visible, select:visible").CountAsync();
        await page.Keyboard.PressAsync("Tab");
        await Expect(page.Locator(".skip")).ToBeFocusedAsync();
        await Expect(page.Locator(".skip")).ToBeInViewportAsync();
        for (var i = 0; i < stops; i++)
        {
            var outline = await page.EvaluateAsync<string>("(({ outlineStyle, outlineWidth, outlineColor }) => `${outlineStyle} ${outlineWidth} ${outlineColor}`)(getComputedStyle(document.activeElement))");
            Assert.Equal("solid 3px rgb(18, 67, 109)", outline);
            await Expect(page.Locator(":focus")).ToBeInViewportAsync();
            await page.Keyboard.PressAsync("Tab");
        }
        Assert.Equal("BODY", await page.EvaluateAsync<string>("document.activeElement.tagName"));
    }

    [Fact]
    public async Task The_skip_link_skips_and_a_summary_opens_by_the_keyboard()
    {
        var page = await OpenAsync(1200);
        await page.Keyboard.PressAsync("Tab");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#main")).ToBeFocusedAsync();
        await page.Locator("#K1 summary").First.FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#K1 details").First).ToHaveAttributeAsync("open", "");
    }

    [Fact]
    public async Task Tables_stay_tables_when_they_look_like_cards()
    {
        var page = await OpenAsync(320);
        var row = page.GetByRole(AriaRole.Table, new() { Name = "Figures: Leaders and SENCOs together, weighted as delivered" }).GetByRole(AriaRole.Row, new() { Name = "Engaged schools" }).First;
        await Expect(row.GetByRole(AriaRole.Rowheader)).ToHaveTextAsync("Engaged schools");
        await Expect(row.GetByRole(AriaRole.Cell).First).ToHaveTextAsync("76%");
        Assert.Equal("block", await row.EvaluateAsync<string>("row => getComputedStyle(row).display"));
    }

    [Theory]
    [InlineData(ReducedMotion.Reduce, "auto", "0s")]
    [InlineData(ReducedMotion.NoPreference, "smooth", "0.15s")]
    public async Task Nothing_moves_for_those_who_want_it_still(ReducedMotion wish, string scrolling, string transition)
    {
        var page = await OpenAsync(1200);
        await page.EmulateMediaAsync(new() { ReducedMotion = wish });
        Assert.Equal(scrolling, await page.EvaluateAsync<string>("getComputedStyle(document.documentElement).scrollBehavior"));
        Assert.Equal(transition, await page.EvaluateAsync<string>("getComputedStyle(document.querySelector('.skip')).transitionDuration"));
    }

    // WCAG 2.2, 1.4.3 for words and 1.4.11 for what has to be seen to understand a chart.
    [Theory]
    [InlineData("ink", "paper", 4.5)]
    [InlineData("ink", "wash", 4.5)]
    [InlineData("quiet", "paper", 4.5)]
    [InlineData("quiet", "wash", 4.5)]
    [InlineData("blue", "paper", 4.5)]
    [InlineData("blue", "wash", 4.5)]
    [InlineData("pink", "paper", 4.5)]
    [InlineData("orange", "paper", 3)]
    [InlineData("turquoise", "paper", 3)]
    [InlineData("blue", "orange", 3)]
    [InlineData("blue", "turquoise", 3)]
    public void Colours_differ_enough(string one, string other, double least)
    {
        var css = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "dashboard", "page.css"));
        var palette = Colour().Matches(css).ToDictionary(match => match.Groups[1].Value, match => match.Groups[2].Value);
        Assert.InRange(Contrast(palette[one], palette[other]), least, 21);
    }

    [Fact]
    public void The_measure_of_contrast_is_the_published_one()
    {
        Assert.Equal(21, Contrast("000", "fff"), 1e-9);
        Assert.Equal(4.48, Contrast("777777", "ffffff"), 0.005); // the well-known grey just short of 4.5
    }

    private async Task<IPage> OpenAsync(int width)
    {
        await _site.PublishAsync();
        var page = await chromium.PageAsync(new() { ViewportSize = new() { Width = width, Height = 800 } });
        await page.GotoAsync(_site.Page);
        await page.Locator(".kpi").First.WaitForAsync();
        return page;
    }

    /// <summary>The rules the page breaks, and with a question mark those that axe could not decide and nobody has reviewed.</summary>
    private async Task<IReadOnlyList<string>> AxeAsync(IPage page)
    {
        await page.EvaluateAsync(await chromium.AxeAsync());
        var result = await page.EvaluateAsync<JsonElement>("axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })");
        Assert.NotEmpty(result.GetProperty("passes").EnumerateArray());
        return [.. Rules("violations"), .. Rules("incomplete").Except(Reviewed).Select(rule => rule + "?")];

        IEnumerable<string> Rules(string kind) => result.GetProperty(kind).EnumerateArray().Select(rule => rule.GetProperty("id").GetString()!);
    }

    /// <summary>https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio</summary>
    private static double Contrast(string one, string other)
    {
        var (light, dark) = (Math.Max(Luminance(one), Luminance(other)), Math.Min(Luminance(one), Luminance(other)));
        return (light + 0.05) / (dark + 0.05);
    }

    private static double Luminance(string hex)
    {
        if (hex.Length == 3) hex = string.Concat(hex.Select(digit => $"{digit}{digit}"));
        double Part(int at)
        {
            var part = int.Parse(hex.AsSpan(at, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture) / 255.0;
            return part <= 0.04045 ? part / 12.92 : Math.Pow((part + 0.055) / 1.055, 2.4);
        }
        return 0.2126 * Part(0) + 0.7152 * Part(2) + 0.0722 * Part(4);
    }

    [GeneratedRegex(@"--(\w+): #([0-9a-f]{3,6});")]
    private static partial Regex Colour();
}
