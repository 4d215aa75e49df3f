using CsCheck;
using WholeSchoolSend.Core.Webhooks.Vendors;
using WholeSchoolSend.Vendors.Tests.StandIns;

namespace WholeSchoolSend.Vendors.Tests;

/// <summary>Vendors whose lists are not what they should be: none makes us go in circles, and what is not whole is said.</summary>
public sealed class ListingTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string> Paged => new("typeform", "formbricks", "kobotoolbox", "smartsurvey", "surveymonkey");

    [Theory]
    [MemberData(nameof(Paged))]
    public async Task Pages_of_any_number_give_everything_once(string tool)
    {
        await using var vendor = await AVendorAsync(tool, 450);
        var (ids, listing) = await ListAsync(vendor);
        Assert.Equal(450, ids.Count);
        Assert.Equal(450, ids.Distinct().Count());
        Assert.True(listing.IsWhole);
        Assert.InRange(vendor.Asked.Count, 3, 8);
    }

    [Theory]
    [MemberData(nameof(Paged))]
    public async Task Items_that_come_on_two_pages_come_once(string tool)
    {
        await using var vendor = await AVendorAsync(tool, 250);
        vendor.Lies = (number, page) => number <= 1 ? page : [.. vendor.Submissions.Take(7), .. page];
        var (ids, _) = await ListAsync(vendor);
        Assert.Equal(250, ids.Distinct().Count());
        Assert.Equal(ids.Count, ids.Distinct().Count());
    }

    [Theory]
    [MemberData(nameof(Paged))]
    public async Task One_page_for_ever_ends_and_is_not_whole(string tool)
    {
        await using var vendor = await AVendorAsync(tool, 250);
        IReadOnlyList<SeededSubmission>? first = null;
        vendor.Lies = (_, page) => first ??= page;
        var (ids, listing) = await ListAsync(vendor);
        Assert.InRange(ids.Count, 100, 200);
        Assert.False(listing.IsWhole);
        Assert.InRange(vendor.Asked.Count, 2, 6);
    }

    [Fact]
    public async Task A_page_given_twice_by_mistake_is_asked_for_again()
    {
        await using var vendor = await AVendorAsync("formbricks", 250);
        IReadOnlyList<SeededSubmission>? first = null;
        var mistakes = 1;
        vendor.Lies = (number, page) =>
        {
            first ??= page;
            return number > 1 && mistakes-- > 0 ? first : page;
        };
        var (ids, listing) = await ListAsync(vendor);
        Assert.Equal((250, true), (ids.Count, listing.IsWhole));
    }

    [Theory]
    [InlineData("typeform")]
    [InlineData("formbricks")]
    [InlineData("kobotoolbox")]
    [InlineData("surveymonkey")]
    public async Task A_vendor_that_counts_more_than_it_lists_has_not_listed_all(string tool)
    {
        await using var vendor = await AVendorAsync(tool, 30);
        vendor.SaysTotal = 31;
        Assert.False((await ListAsync(vendor)).Listing.IsWhole);
        vendor.SaysTotal = 12;   // less than it lists is no loss
        Assert.True((await ListAsync(vendor)).Listing.IsWhole);
    }

    [Fact]
    public async Task What_is_changed_while_pages_are_read_is_listed_as_it_is_now_too()
    {
        await using var vendor = await AVendorAsync("surveymonkey", 150);
        vendor.Lies = (number, page) =>
        {
            if (number <= 1) vendor.Submissions[0] = vendor.Submissions[0].Changed(60 * 24 * 100);
            return page;
        };
        var (ids, listing) = await ListAsync(vendor);
        // Moved to the end it comes again, as another version; the one that slipped over the edge of the page is missing, and that is seen.
        Assert.Equal(2, ids.Count(id => id == vendor.Id(vendor.Submissions[0])));
        Assert.Equal((149, 150, false), (listing.Listed, listing.Total, listing.IsWhole));
    }

    [Fact]
    public async Task Whatever_pages_a_vendor_invents_the_listing_ends()
    {
        var pages = Gen.Int[0, 12].Array[0, 5].Array[0, 12];
        await pages.SampleAsync(
            async invented =>
            {
                var api = new Inventing(invented);
                var listing = new VendorListing();
                var ids = new List<string>();
                await foreach (var page in api.ListAsync(null!, "f", default, listing, Cancellation)) ids.AddRange(page.Select(item => item.Id));
                Assert.True(api.Asked < 100, "It went on and on.");
                Assert.Equal(ids.Count, ids.Distinct().Count());
                if (listing.IsWhole && invented.All(page => page.Length > 0)) Assert.Equal(invented.SelectMany(page => page).Distinct().Count(), ids.Count);
            },
            iter: 300);
    }

    private static async Task<StandIn> AVendorAsync(string tool, int count)
    {
        var vendor = HealingTests.Vendor(tool);
        await vendor.StartAsync();
        vendor.Submissions.AddRange(SeededSubmission.Made(count, 1));
        return vendor;
    }

    private static async Task<(List<string> Ids, VendorListing Listing)> ListAsync(StandIn vendor)
    {
        vendor.Asked.Clear();
        using var http = new VendorHttp(new VendorHttpOptions(), TimeProvider.System);
        var (ids, listing) = (new List<string>(), new VendorListing());
        await foreach (var page in vendor.Source("a").Api.ListAsync(new VendorCall(vendor.Source("a"), http, TimeProvider.System), vendor.Form, SeededSubmission.First, listing, Cancellation))
            ids.AddRange(page.Select(item => item.Id));
        return (ids, listing);
    }

    /// <summary>A vendor of made-up pages, whose cursors go round for ever.</summary>
    private sealed class Inventing(int[][] pages) : VendorApi
    {
        public int Asked { get; private set; }

        public override string Tool => "typeform";

        public override Uri? UsualAddress => null;

        public override (int PerMinute, int PerDay) UsualLimits => (1, 1);

        public override (string Name, string Value) Authorise(string token) => ("", "");

        protected override Task<VendorPage> PageAsync(VendorCall call, string form, DateTimeOffset since, string? cursor, CancellationToken cancellation)
        {
            Asked++;
            var number = Whole(cursor, 0);
            var items = pages.Length == 0 ? [] : pages[number % pages.Length].Select(id => new ListedResponse($"{id}", null)).ToList();
            return Task.FromResult(new VendorPage(items, Whole(number + 1), null));
        }
    }
}
