using WholeSchoolSend.Core.Disclosure;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Snapshots;
using WholeSchoolSend.Core.Tests.Disclosure.Attack;

namespace WholeSchoolSend.Core.Tests.Disclosure;

/// <summary>Closing, repeating and issuing again, through what an operator calls.</summary>
public sealed class ReissueTests
{
    private const string Wave = "w1";

    [Fact]
    public async Task Figures_are_repeated_word_for_word_until_enough_came_from_enough_schools()
    {
        var programme = await ClosedAsync();
        var first = Pooled(programme);
        programme.Come(Wave, "leader", 9, 0, 20);
        await programme.PublishAsync();
        Assert.Equal("reissue-too-few", await programme.ReissueAsync(Wave));
        Assert.Equal(first, Pooled(programme));
        Assert.Null(programme.Wave(Wave).Reissues);

        programme.Come(Wave, "leader", 1, 5, 30);
        Assert.Null(await programme.ReissueAsync(Wave));
        Assert.NotEqual(first, Pooled(programme));
        Assert.Equal("late answers", Assert.Single(programme.Wave(Wave).Reissues!).Reason);
    }

    /// <summary>Figures told for the first time are held against nothing: who deletes the pointer must not have a wave told anew with one more answer.</summary>
    [Fact]
    public async Task Nothing_is_issued_while_what_was_issued_last_is_not_known()
    {
        var programme = await ClosedAsync();
        var told = programme.Issues.Count;
        programme.Come(Wave, "leader", 1, 0, 20);
        programme.Lose("latest.json");
        await Assert.ThrowsAsync<InvalidOperationException>(programme.PublishAsync);
        Assert.Equal(told, programme.Issues.Count);
        Assert.Null(programme.Latest());
    }

    [Fact]
    public async Task Fifteen_of_two_schools_are_too_few_schools()
    {
        var programme = await ClosedAsync();
        for (var index = 0; index < 15; index++) programme.Come(Wave, "leader", 1, 0, index % 2);
        Assert.Equal("reissue-too-few", await programme.ReissueAsync(Wave));
    }

    [Fact]
    public async Task Who_came_and_who_went_are_counted_apart()
    {
        var programme = await ClosedAsync();
        programme.Come(Wave, "leader", 20, 0, 20);
        programme.People.RemoveRange(0, 3);
        Assert.Equal("reissue-too-few", await programme.ReissueAsync(Wave));
        programme.People.RemoveRange(0, 9);
        Assert.Null(await programme.ReissueAsync(Wave));
    }

    [Fact]
    public async Task A_register_that_moves_a_school_to_the_other_group_counts_as_its_people_going()
    {
        var programme = await ClosedAsync();
        programme.Come(Wave, "leader", 15, 15, 0);
        programme.Engaged.Remove("100000");
        Assert.Equal("reissue-too-few", await programme.ReissueAsync(Wave));
    }

    [Fact]
    public async Task A_new_issue_is_held_against_every_earlier_one_not_only_the_last()
    {
        var programme = await ClosedAsync();
        var before = programme.People.ToList();
        programme.Come(Wave, "leader", 8, 7, 10);
        Assert.Null(await programme.ReissueAsync(Wave));
        // All but one of them go again: many fewer than last time, one more than the first time.
        programme.People.RemoveRange(before.Count, 14);
        Assert.Equal("reissue-too-few", await programme.ReissueAsync(Wave));
        programme.People.RemoveRange(before.Count, 1);
        Assert.Null(await programme.ReissueAsync(Wave));
    }

    [Fact]
    public async Task Ten_more_who_all_said_the_same_would_be_known_to_have_said_it()
    {
        var programme = await ClosedAsync();
        programme.Come(Wave, "leader", 15, 0, 10);
        Assert.Equal("reissue-uncovers", await programme.ReissueAsync(Wave));
    }

    [Fact]
    public async Task What_stops_it_says_at_which_figure_of_which_reading()
    {
        var programme = await ClosedAsync();
        programme.Come(Wave, "leader", 9, 0, 20);
        await programme.ReissueAsync(Wave);
        Assert.Equal("K1.pooled/engaged", programme.Refused?.Where);
        Assert.Equal("the published figures stay as they are", programme.Refused?.Message);
    }

    [Fact]
    public async Task A_mean_of_people_who_all_said_the_same_is_withheld_however_many_they_are()
    {
        var programme = Stories.AProgramme(new DisclosurePolicy());
        programme.Open(Wave);
        programme.Come(Wave, "leader", 150, 0);
        await programme.CloseAsync(Wave);
        Assert.Equal((null, "c", ReasonCode.Protected), (Figure("A1.mean", "engaged-mean").Value, Figure("A1.mean", "engaged-mean").Symbol, Figure("A1.mean", "engaged-mean").ReasonCode));
        Assert.Equal(["over_95"], Figure("A1.top2", "engaged").Marks);

        Figure Figure(string reading, string name) => programme.Latest()!.Kpis.SelectMany(kpi => kpi.Readings).Single(one => one.Id == reading).Results.Single(result => result.Wave == Wave).Figures.Single(figure => figure.Name == name);
    }

    [Fact]
    public async Task Past_issues_are_read_once_for_a_reissue()
    {
        var programme = await ClosedAsync();
        programme.Come(Wave, "leader", 12, 8, 30);
        programme.Behind.Reads.Clear();
        Assert.Null(await programme.ReissueAsync(Wave));
        Assert.Single(programme.Behind.Reads, version => version.EndsWith($"~{Wave}", StringComparison.Ordinal));
    }

    // Any two of the three issues tell of ten or more people; all three together of six.
    [Fact]
    public void What_only_three_issues_together_tell_stops_the_third()
    {
        var asked = new Question("leaders", "single", "every-teacher-responsible");
        List<SchoolAnswers> answers = [.. Enumerable.Range(0, 40).Select(school => new SchoolAnswers("leaders", $"{100_000 + school}", true, "primary",
        [
            Answer("a", 2), Answer("b", 2), Answer("c", 2), Answer("d", school < 6 ? 1 : 0),
        ]))];
        // {a b d}, {a}, {b}: by two, {b d} or {a d} are large; by three, {d} is told.
        Issue abd = new([Shown("all", "a", "b", "d")], answers), a = new([Shown("one", "a")], answers), b = new([Shown("other", "b")], answers);
        Assert.Null(DifferencingGuard.Refusal([abd], b, new DisclosurePolicy()));
        Assert.Null(DifferencingGuard.Refusal([a], b, new DisclosurePolicy()));
        Assert.Null(DifferencingGuard.Refusal([abd], a, new DisclosurePolicy()));
        Assert.Equal(new Refused(Problems.ReissueUncovers, "K1.other", "engaged"), DifferencingGuard.Refusal([abd, a], b, new DisclosurePolicy()));
        Assert.Null(DifferencingGuard.Refusal([abd, a], b, new DisclosurePolicy { Off = DisclosureRule.Together }));

        IssuedFigure Shown(string reading, params string[] roles) => new($"K1.{reading}", "engaged", asked, [new Group(true, roles, [])]);

        static AnswerCount Answer(string role, int n) => new("single", role, "every-teacher-responsible", "fully", n, n);
    }

    [Fact]
    public async Task A_decision_that_died_before_its_document_is_published_by_the_timer_on_the_same_evidence_only()
    {
        var programme = await ClosedAsync();
        programme.Come(Wave, "leader", 8, 7, 10);
        await programme.DecideAsync(Wave);
        var before = Pooled(programme);
        programme.Come(Wave, "leader", 1, 0, 10);
        await programme.PublishAsync();
        Assert.Equal(before, Pooled(programme));
        programme.People.RemoveAt(programme.People.Count - 1);
        await programme.PublishAsync();
        Assert.NotEqual(before, Pooled(programme));

        // Asked again for what was done: nothing more happens.
        var (writes, text) = (programme.Writes, Pooled(programme));
        Assert.Null(await programme.ReissueAsync(Wave));
        Assert.Single(programme.Wave(Wave).Reissues!);
        Assert.Equal((writes, text), (programme.Writes, Pooled(programme)));
    }

    [Fact]
    public async Task An_issue_of_which_is_not_known_what_stood_behind_it_is_the_last()
    {
        var programme = await ClosedAsync();
        foreach (var version in programme.Behind.Versions) await programme.Behind.DeleteAsync(version, default);
        programme.Come(Wave, "leader", 15, 15, 10);
        Assert.Equal("reissue-unrecorded", await programme.ReissueAsync(Wave));
    }

    [Fact]
    public async Task What_cannot_be_issued_again_is_said()
    {
        var programme = Stories.AProgramme(new DisclosurePolicy());
        programme.Open(Wave);
        Assert.Equal("not-found", await programme.ReissueAsync("w7"));
        Assert.Equal("reason-missing", await programme.ReissueAsync(Wave, "{}"));
        Assert.Equal("wave-open", await programme.ReissueAsync(Wave));
    }

    [Fact]
    public async Task Publishing_what_has_not_changed_writes_nothing_and_publishing_writes_four_documents_and_the_page()
    {
        var programme = await ClosedAsync();
        var writes = programme.Writes;
        await programme.PublishAsync();
        await programme.PublishAsync();
        Assert.Equal(writes, programme.Writes);
        Assert.Equal(2, programme.Behind.Versions.Count);   // the wave, and what is told over all time

        programme.Come(Wave, "leader", 12, 8, 30);
        Assert.Null(await programme.ReissueAsync(Wave));
        Assert.InRange(programme.Writes - writes, 4, 5);
    }

    [Fact]
    public async Task What_moved_a_figure_is_told_with_it_and_no_longer_in_the_next_document()
    {
        var programme = await ClosedAsync();
        Assert.Null(Result(programme).Changes);
        programme.Come(Wave, "leader", 12, 8, 30);
        Assert.Null(await programme.ReissueAsync(Wave));
        Assert.Equal([new Mover(Cause.FileCorrected, 1)], Result(programme).Changes);
        programme.Open("w2");
        programme.Come("w2", "leader", 42, 18);
        await programme.CloseAsync("w2");
        Assert.Null(Result(programme).Changes);
    }

    private static SnapshotResult Result(Programme programme) =>
        programme.Latest()!.Kpis.SelectMany(kpi => kpi.Readings).Single(reading => reading.Id == "K1.pooled").Results.Single(result => result.Wave == Wave);

    [Fact]
    public void Every_reading_of_the_catalogue_tells_what_some_rule_knows()
    {
        var tellings = Relations.Of(Catalogue.Current);
        foreach (var (_, reading) in Catalogue.Current.Readings())
            Assert.Equal(reading.Measure is AllMet or Responses or EngagedSchools or MilestoneReached, tellings.All(telling => telling.Reading != reading.Id));
        Assert.Equal("K1.pooled", tellings[0].Reading);
    }

    // Pooled 64 % of 75 and leaders 75 % of 60: 3 of 15 SENCOs say yes, which u does not hide. A mix of both at half each would tell it to the person.
    [Fact]
    public async Task A_mix_of_which_a_part_is_unreliable_is_unreliable_in_every_issue()
    {
        var programme = Stories.AProgramme(new DisclosurePolicy());
        programme.Open(Wave);
        programme.Come(Wave, "leader", 45, 15);
        programme.Come(Wave, "senco", 3, 12);
        await programme.CloseAsync(Wave);
        AssertUnreliable();

        programme.Come(Wave, "senco", 6, 6, 15);
        Assert.Null(await programme.ReissueAsync(Wave));
        AssertUnreliable();

        programme.Come(Wave, "senco", 40, 33);
        Assert.Null(await programme.ReissueAsync(Wave));
        Assert.NotNull(Engaged(Audience.Public, "K1.sencos").Value);
        Assert.NotNull(Engaged(Audience.Public, "K1.fifty_fifty").Value);
        Assert.Null(Engaged(Audience.Public, "K1.fifty_fifty").Parts);

        void AssertUnreliable()
        {
            Assert.NotNull(Engaged(Audience.Public, "K1.pooled").Value);
            Assert.NotNull(Engaged(Audience.Public, "K1.leaders").Value);
            var (part, mix) = (Engaged(Audience.Public, "K1.sencos"), Engaged(Audience.Public, "K1.fifty_fifty"));
            Assert.Equal(("u", ReasonCode.TooFewRespondents), (part.Symbol, part.ReasonCode));
            Assert.Equal(("u", ReasonCode.TooFewRespondents, "a part of it has fewer than 30 respondents"), (mix.Symbol, mix.ReasonCode, mix.Reason));
            Assert.Equal((null, null, null), (mix.Value, mix.Base, mix.Parts));
            var inside = Of(Audience.Internal, "K1.fifty_fifty");
            Assert.Equal((Verdict.Insufficient, ReasonCode.TooFewRespondents), (inside.Verdict, inside.ReasonCode));
            Assert.Equal(["leader", "senco, leader+senco"], inside.Figures[0].Parts!.Select(one => one.Source));
        }

        Figure Engaged(Audience audience, string reading) => Of(audience, reading).Figures.Single(figure => figure.Name == "engaged");

        SnapshotResult Of(Audience audience, string reading) =>
            programme.Latest(audience)!.Kpis.SelectMany(kpi => kpi.Readings).Single(one => one.Id == reading).Results.Single(result => result.Wave == Wave);
    }

    private static async Task<Programme> ClosedAsync()
    {
        var programme = Stories.AProgramme(new DisclosurePolicy());
        programme.Open(Wave);
        programme.Come(Wave, "leader", 42, 18);
        await programme.CloseAsync(Wave);
        return programme;
    }

    private static string Pooled(Programme programme) => SnapshotResult.FiguresJson(
        programme.Latest()!.Kpis.SelectMany(kpi => kpi.Readings).Single(reading => reading.Id == "K1.pooled").Results.Single(result => result.Wave == Wave).Figures);
}
