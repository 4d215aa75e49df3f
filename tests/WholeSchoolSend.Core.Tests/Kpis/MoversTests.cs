using WholeSchoolSend.Core.Kpis;

namespace WholeSchoolSend.Core.Tests.Kpis;

/// <summary>Why a number changed: everything its result depends on that differs, and nothing else.</summary>
public sealed class MoversTests
{
    private static readonly Provenance Before = new(
        "1 (aaaa)", "3", "pppp", new Dictionary<string, string> { ["schools"] = "s1", ["engagements"] = "e1" },
        new Dictionary<string, IReadOnlyDictionary<string, int>> { ["leaders"] = new Dictionary<string, int> { ["leaders-form"] = 1 }, ["teachers"] = new Dictionary<string, int> { ["teachers-pre"] = 4 } },
        new Dictionary<string, string> { ["2026-autumn"] = "a/b" }, new Dictionary<string, int> { ["O1.1"] = 2 },
        [
            new Supply("leaders", "2025-autumn", "webhooks", null, 80, new Movements(80, 2)),
            new Supply("leaders", "2026-autumn", "webhooks", null, 100, new Movements(100, 3, 1, 7)),
            new Supply("leaders", "2026-autumn", "a/poll", "v1", 900, null),
            new Supply("teachers", "2026-autumn", "webhooks", null, 50, new Movements(50)),
        ]);

    [Fact]
    public void Nothing_moved_nothing_said() => Assert.Equal("", Of("K1.pooled", Before));

    [Fact]
    public void Late_data_revisions_and_erasures_are_counted_apart_even_where_they_cancel_out() =>
        Assert.Equal("LateData 5, Revision 2, Erasure 3", Of("K1.pooled", Supplied(new Supply("leaders", "2026-autumn", "webhooks", null, 102, new Movements(105, 5, 4, 7)))));

    [Fact]
    public void Another_wave_of_the_same_collection_is_named() =>
        Assert.Equal("LateData 1 in 2025-autumn", Of("K1.pooled", Supplied(new Supply("leaders", "2025-autumn", "webhooks", null, 81, new Movements(81, 2)))));

    [Fact]
    public void Another_collection_moves_nothing() =>
        Assert.Equal("", Of("K1.pooled", Supplied(new Supply("teachers", "2026-autumn", "webhooks", null, 51, new Movements(51)))));

    [Theory]
    [InlineData("v2", "FileCorrected 1 (a/poll)")]
    [InlineData(null, "FileWithdrawn 1 (a/poll)")]
    public void A_file_is_corrected_or_withdrawn(string? version, string told) => Assert.Equal(
        told,
        Of("K1.pooled", Before with { Supplies = [.. Before.Supplies.Where(supply => supply.Version is null), .. version is null ? Array.Empty<Supply>() : [new Supply("leaders", "2026-autumn", "a/poll", version, 900, null)]] }));

    [Fact]
    public void A_file_that_came_is_added() =>
        Assert.Equal("FileAdded 1 (b/poll)", Of("K1.pooled", Before with { Supplies = [.. Before.Supplies, new Supply("leaders", "2026-autumn", "b/poll", "v1", 10, null)] }));

    [Fact]
    public void An_instrument_is_named_with_how_many_answers_it_maps_otherwise()
    {
        var after = Supplied(new Supply("leaders", "2026-autumn", "webhooks", null, 100, new Movements(100, 3, 1, 19)));
        Assert.Equal("Instrument 12", Of("K1.pooled", after));
        Assert.Equal("Instrument 12 (leaders-form)", Of("K1.pooled", after with { Instruments = new Dictionary<string, IReadOnlyDictionary<string, int>>(after.Instruments) { ["leaders"] = new Dictionary<string, int> { ["leaders-form"] = 2 } } }));
        Assert.Equal("", Of("R1.direct", after));
    }

    [Fact]
    public void The_register_moves_surveys_and_reach_but_no_milestone()
    {
        var after = Before with { Register = new Dictionary<string, string> { ["schools"] = "s2", ["engagements"] = "e1", ["links"] = "l1" } };
        Assert.Equal("Register (links, schools)", Of("K1.pooled", after));
        Assert.Equal("Register (links, schools)", Of("R1.direct", after));
        Assert.Equal("", Of("O1.1", after));
    }

    [Fact]
    public void A_milestone_wave_catalogue_method_and_policy_are_told()
    {
        Assert.Equal("Milestone 1", Of("O1.1", Before with { Milestones = new Dictionary<string, int> { ["O1.1"] = 3 } }));
        Assert.Equal("Wave (a/b to a/c), Catalogue (1 (aaaa) to 2 (bbbb)), Method (3 to 4), DisclosurePolicy", Of("K1.pooled", Before with { Waves = new Dictionary<string, string> { ["2026-autumn"] = "a/c" }, Catalogue = "2 (bbbb)", Method = "4", Policy = "qqqq" }));
    }

    [Fact]
    public void What_joins_readings_is_moved_by_what_moves_them() =>
        Assert.Equal("LateData 5", Of("K1.both", Supplied(new Supply("leaders", "2026-autumn", "webhooks", null, 105, new Movements(105, 3, 1, 7)))));

    private static Provenance Supplied(Supply supply) =>
        Before with { Supplies = [.. Before.Supplies.Select(one => (one.Collection, one.Wave, one.Source) == (supply.Collection, supply.Wave, supply.Source) ? supply : one)] };

    private static string Of(string id, Provenance after)
    {
        var (kpi, reading) = Catalogue.Current.Readings().First(entry => entry.Reading.Id == id || (entry.Kpi.Id == id && entry.Reading.Primary));
        var wave = reading.Measure is MilestoneReached or EngagedSchools ? null : "2026-autumn";
        return string.Join(", ", Movers.Between(Before, after, Catalogue.Current, kpi, reading, wave).Select(mover =>
            $"{mover.Cause}{(mover.Count is { } count ? $" {count}" : "")}{(mover.What is { } what ? $" ({what})" : "")}{(mover.Wave is { } elsewhere ? $" in {elsewhere}" : "")}"));
    }
}
