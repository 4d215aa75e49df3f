using Microsoft.Extensions.Time.Testing;
using WholeSchoolSend.Core.Instruments;
using WholeSchoolSend.Core.Kpis;
using WholeSchoolSend.Core.Webhooks;
using static WholeSchoolSend.Storage.Tests.Given;

namespace WholeSchoolSend.Storage.Tests;

/// <summary>A store of evidence as mapping again sees it: three ports, one set of rows.</summary>
public sealed record EvidencePorts(IEvidence Evidence, ISchoolTotals Totals, IStoredResponses Responses);

/// <summary>What mapping stored responses again promises, whatever they are stored in: only the ports are used.</summary>
public abstract class RemapContract
{
    private readonly FakeTimeProvider _time = new(Monday);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    protected abstract Task<EvidencePorts> EmptyStoreAsync();

    [Fact]
    public async Task A_redelivery_brings_what_an_older_instrument_dropped()
    {
        var store = await StoreAsync(AnInstrument(), [ARespondent("a"), ARespondent("b")]);
        await RecomputedAsync(store);
        var redelivered = Mended(version: 2, answer: "disagree");

        Assert.Equal(Fate.Duplicate, await store.Evidence.TakeInAsync(redelivered, AReceipt(), Cancellation));

        Assert.Equal(["a: code hidden.branch hidden.urn q1 why", "b: code hidden.branch hidden.urn q1"], await StoredAsync(store));
        Assert.Equal([School], await store.Totals.ChangedSchoolsAsync(Collection, Cancellation));
        Assert.Equal([$"{Autumn} {School} agree=1 disagree=1"], await RecomputedAsync(store));
        // Once: the next redelivery by the same version, or by an older one, changes nothing.
        Assert.Equal(Fate.Duplicate, await store.Evidence.TakeInAsync(redelivered, AReceipt(), Cancellation));
        Assert.Equal(Fate.Duplicate, await store.Evidence.TakeInAsync(AnInstrument().Coding(ARespondent("a")), AReceipt(), Cancellation));
        Assert.Empty(await store.Totals.ChangedSchoolsAsync(Collection, Cancellation));
        Assert.Equal("a: code hidden.branch hidden.urn q1 why", (await StoredAsync(store))[0]);
    }

    [Fact]
    public async Task A_redelivery_brings_it_after_the_older_answers_were_mapped_again()
    {
        var store = await StoreAsync(AnInstrument(), [ARespondent("a")]);
        await RunAsync(store, AnInstrument(version: 2));

        Assert.Equal(Fate.Duplicate, await store.Evidence.TakeInAsync(Mended(version: 2), AReceipt(), Cancellation));
        Assert.Equal("a: code hidden.branch hidden.urn q1 why", Assert.Single(await StoredAsync(store)));
    }

    [Fact]
    public async Task A_redelivery_by_a_version_that_is_overtaken_changes_nothing()
    {
        var store = await StoreAsync(AnInstrument(), [ARespondent("a")]);
        await RunAsync(store, AnInstrument(version: 3));

        Assert.Equal(Fate.Duplicate, await store.Evidence.TakeInAsync(Mended(version: 2), AReceipt(), Cancellation));
        Assert.Equal("a: code hidden.branch hidden.urn q1", Assert.Single(await StoredAsync(store)));
        Assert.Equal(Fate.Duplicate, await store.Evidence.TakeInAsync(Mended(version: 3), AReceipt(), Cancellation));
        Assert.Equal("a: code hidden.branch hidden.urn q1 why", Assert.Single(await StoredAsync(store)));
    }

    [Fact]
    public async Task A_redelivery_that_names_another_school_now_marks_both()
    {
        var store = await StoreAsync(AnInstrument(), [ARespondent("a")]);
        await RecomputedAsync(store);

        Assert.Equal(Fate.Duplicate, await store.Evidence.TakeInAsync(Mended(version: 2).At("200001"), AReceipt(), Cancellation));

        Assert.Equal([School, "200001"], await store.Totals.ChangedSchoolsAsync(Collection, Cancellation));
        Assert.Equal([$"{Autumn} 200001 agree=1"], await RecomputedAsync(store));
    }

    [Fact]
    public async Task Of_redeliveries_at_once_all_are_duplicates_and_the_newest_redaction_stays()
    {
        var store = await StoreAsync(AnInstrument(), [ARespondent("a")]);
        var fates = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => store.Evidence.TakeInAsync(Mended(version: 2 + (i % 3), why: $"{2 + (i % 3)}"), AReceipt(), Cancellation)));
        Assert.All(fates, fate => Assert.Equal(Fate.Duplicate, fate));
        var why = "";
        await store.Responses.RemapAsync(Collection, new InstrumentVersion("leaders", 99), (_, answers) => Read(answers), Cancellation);
        Assert.Equal("4", why);

        Coding? Read(RedactedAnswers answers)
        {
            why = answers.Fields.Single(field => field.Field == "why").Values[0].Text;
            return null;
        }
    }

    /// <summary>The respondent "a" as a version takes them in that also asks for why: the same content as before.</summary>
    private static CodedResponse Mended(int version, string answer = "agree", string why = "canary")
    {
        var before = AnInstrument(version: version, agree: answer).Coding(ARespondent("a"));
        return before with { Answers = before.Answers with { Fields = [.. before.Answers.Fields, new Answer("why", null, AnswerKind.Text, [new AnswerValue(why)])] } };
    }

    /// <summary>Which fields of each response are stored.</summary>
    private static async Task<IReadOnlyList<string>> StoredAsync(EvidencePorts store)
    {
        var stored = new System.Collections.Concurrent.ConcurrentBag<string>();
        await store.Responses.RemapAsync(
            Collection, new InstrumentVersion("leaders", 99),
            (_, answers) =>
            {
                stored.Add($"{answers.Id}: {string.Join(' ', answers.Fields.Select(field => field.Field))}");
                return null;
            },
            Cancellation);
        return [.. stored.Order(StringComparer.Ordinal)];
    }

    [Fact]
    public async Task The_same_coding_moves_only_the_version_on()
    {
        var store = await StoreAsync(AnInstrument(), [ARespondent("a"), ARespondent("b")]);

        Assert.Equal(["leaders 2: 2 0 0"], await RunAsync(store, AnInstrument(version: 2)));

        Assert.Empty(await store.Totals.ChangedSchoolsAsync(Collection, Cancellation));
        Assert.Equal(["leaders 2: 0 0 0"], await AMinuteLaterAsync(store, AnInstrument(version: 2)));
    }

    [Fact]
    public async Task Another_coding_marks_the_school_and_changes_its_totals()
    {
        var store = await StoreAsync(AnInstrument(), [ARespondent("a", answer: "maybe"), ARespondent("b"), ARespondent("c", School, "maybe")]);
        Assert.Equal([$"{Autumn} {School} agree=3"], await RecomputedAsync(store));

        Assert.Equal(["leaders 2: 1 2 0"], await RunAsync(store, AnInstrument(version: 2, maybe: "disagree")));

        Assert.Equal([School], await store.Totals.ChangedSchoolsAsync(Collection, Cancellation));
        Assert.Equal([$"{Autumn} {School} agree=1 disagree=2"], await RecomputedAsync(store));
    }

    [Fact]
    public async Task Another_wave_leaves_nothing_in_the_old_one()
    {
        var store = await StoreAsync(AnInstrument(), [ARespondent("a")]);
        await RecomputedAsync(store);

        await RunAsync(store, AnInstrument(version: 2) with { Wave = new Term("2027-spring") });

        Assert.Equal([$"2027-spring {School} agree=1"], await RecomputedAsync(store));
    }

    [Fact]
    public async Task Another_school_marks_both()
    {
        var store = await StoreAsync(AnInstrument(), [ARespondent("a"), ARespondent("b")]);
        await RecomputedAsync(store);

        Assert.Equal(["leaders 2: 0 2 0"], await RunAsync(store, AnInstrument(version: 2, school: "hidden.branch")));

        Assert.Equal([School, "200001"], await store.Totals.ChangedSchoolsAsync(Collection, Cancellation));
        Assert.Equal([$"{Autumn} 200001 agree=2"], await RecomputedAsync(store));
        // Back again, and what was delivered is still known.
        Assert.Equal(["leaders 3: 0 2 0"], await RunAsync(store, AnInstrument(version: 3)));
        Assert.Equal([$"{Autumn} {School} agree=2"], await RecomputedAsync(store));
        Assert.Equal(Fate.Duplicate, await store.Evidence.TakeInAsync(AnInstrument(version: 3).Coding(ARespondent("a")), AReceipt(), Cancellation));
    }

    [Fact]
    public async Task What_cannot_be_mapped_counts_as_it_did_until_a_version_can()
    {
        var store = await StoreAsync(AnInstrument(), [ARespondent("a", answer: "maybe"), ARespondent("b")]);
        await RecomputedAsync(store);

        Assert.Equal(["leaders 2: 1 0 1"], await RunAsync(store, AnInstrument(version: 2, maybe: null)));
        Assert.Empty(await RunAsync(store, AnInstrument(version: 2, maybe: null)));
        Assert.Equal(["leaders 2: 0 0 1"], await AMinuteLaterAsync(store, AnInstrument(version: 2, maybe: null)));
        Assert.Empty(await AMinuteLaterAsync(store, AnInstrument(version: 2, maybe: null)));

        Assert.Empty(await store.Totals.ChangedSchoolsAsync(Collection, Cancellation));
        Assert.Equal(["leaders 3: 1 1 0"], await RunAsync(store, AnInstrument(version: 3, maybe: "disagree")));
        Assert.Equal([$"{Autumn} {School} agree=1 disagree=1"], await RecomputedAsync(store));
    }

    [Fact]
    public async Task A_coding_too_large_for_its_row_is_not_taken()
    {
        var store = await StoreAsync(AnInstrument(), [ARespondent("a")]);

        Assert.Equal(["leaders 2: 0 0 1"], await RunAsync(store, AnInstrument(version: 2, agree: new string('x', 300_000))));

        Assert.Equal([$"{Autumn} {School} agree=1"], await RecomputedAsync(store));
    }

    [Fact]
    public async Task A_first_version_and_other_instruments_have_nothing_to_do_with_it()
    {
        var store = await StoreAsync(AnInstrument(), [ARespondent("a")]);

        Assert.Empty(await RunAsync(store, AnInstrument()));
        Assert.Equal(["others 2: 0 0 0"], await RunAsync(store, AnInstrument(version: 2) with { Id = "others" }));
        // The form moved on: what the former form's respondents said stays as it was understood.
        Assert.Equal(["leaders 2: 0 0 1"], await RunAsync(store, AnInstrument(version: 2) with { Form = new FormBinding("leaders_typeform", "form-2") }));
        Assert.Equal([$"{Autumn} {School} agree=1"], await RecomputedAsync(store));
    }

    [Fact]
    public async Task An_arrival_that_did_not_know_of_the_new_version_is_mapped_by_the_second_pass_which_is_the_last()
    {
        var store = await StoreAsync(AnInstrument(), [ARespondent("a", answer: "maybe")]);
        var mended = AnInstrument(version: 2, maybe: "disagree");
        await RunAsync(store, mended);
        _time.Advance(TimeSpan.FromSeconds(13));
        await store.Evidence.TakeInAsync(AnInstrument().Coding(ARespondent("late", answer: "maybe")), AReceipt(), Cancellation);

        Assert.Empty(await RunAsync(store, mended));
        Assert.Equal(["leaders 2: 0 1 0"], await AMinuteLaterAsync(store, mended));
        Assert.Equal([$"{Autumn} {School} disagree=2"], await RecomputedAsync(store));
        Assert.Empty(await AMinuteLaterAsync(store, mended));
    }

    [Fact]
    public async Task Whoever_has_not_seen_the_newest_version_changes_nothing()
    {
        var store = await StoreAsync(AnInstrument(), [ARespondent("a", answer: "maybe")]);
        await RunAsync(store, AnInstrument(version: 3, maybe: "disagree"));

        Assert.Empty(await RunAsync(store, AnInstrument(version: 2)));
        Assert.Equal(0, (await store.Responses.RemapAsync(Collection, new InstrumentVersion("leaders", 2), (_, _) => null, Cancellation)).Kept);
        await store.Responses.KeepAsync(Collection, new RemapProgress(new InstrumentVersion("leaders", 2), Monday, true), Cancellation);

        Assert.Equal([new RemapProgress(new InstrumentVersion("leaders", 3), Monday, false)], await store.Responses.ProgressAsync(Collection, Cancellation));
        Assert.Equal([$"{Autumn} {School} disagree=1"], await RecomputedAsync(store));
    }

    [Fact]
    public async Task A_key_that_was_an_answer_before_becomes_a_pseudonym()
    {
        var store = await StoreAsync(AnInstrument(), [ARespondent("a")]);

        Assert.Equal(["leaders 2: 0 1 0"], await RunAsync(store, AnInstrument(version: 2) with { Respondent = new FieldName("code") }));

        Assert.Equal(APseudonymKey.Of("jo 1980"), Assert.Single(await EvidenceContract.CountedAsync(store.Totals, School)).Respondent);
    }

    [Fact]
    public async Task Versions_are_decided_as_if_nothing_had_been_mapped_again()
    {
        var store = await EmptyStoreAsync();
        var (first, second) = (AnInstrument(), AnInstrument(version: 2, maybe: "disagree", school: "hidden.branch"));
        await store.Evidence.TakeInAsync(first.Coding(ARespondent("a", answer: "maybe")).Updated(2), AReceipt("mine"), Cancellation);
        await store.Evidence.TakeInAsync(first.Coding(ARespondent("a", answer: "agree")).Updated(1), AReceipt("theirs"), Cancellation);

        await RunAsync(store, second);

        Assert.Equal(Fate.Accepted, await store.Evidence.TakeInAsync(second.Coding(ARespondent("a", answer: "maybe")).Updated(2), AReceipt("mine"), Cancellation));
        Assert.Equal(Fate.Revised, await store.Evidence.TakeInAsync(second.Coding(ARespondent("a", answer: "agree")).Updated(1), AReceipt("theirs"), Cancellation));
        Assert.Equal(Fate.Duplicate, await store.Evidence.TakeInAsync(second.Coding(ARespondent("a", answer: "maybe")).Updated(2), AReceipt(), Cancellation));
        Assert.Equal([$"{Autumn} 200001 disagree=1"], await RecomputedAsync(store));
        Assert.Equal(Fate.Revised, await store.Evidence.TakeInAsync(second.Coding(ARespondent("a", answer: "agree")).Updated(3), AReceipt(), Cancellation));
        Assert.Equal([$"{Autumn} 200001 agree=1"], await RecomputedAsync(store));
    }

    /// <summary>Stored as coded by this instrument.</summary>
    protected async Task<EvidencePorts> StoreAsync(Instrument instrument, IReadOnlyList<RedactedAnswers> answers)
    {
        var store = await EmptyStoreAsync();
        foreach (var one in answers) await store.Evidence.TakeInAsync(instrument.Coding(one), AReceipt(), Cancellation);
        await RecomputedAsync(store);
        return store;
    }

    /// <summary>What a run said: <c>instrument version: same recoded kept</c>.</summary>
    protected async Task<IEnumerable<string>> RunAsync(EvidencePorts store, Instrument newest, CancellationToken? cancellation = null)
    {
        var outcomes = await new RemapResponses(store.Responses, new Redaction(APseudonymKey), _time).RunAsync([newest], cancellation ?? Cancellation);
        return outcomes.Select(outcome => $"{outcome.Instrument.Id} {outcome.Instrument.Number}: {outcome.Same} {outcome.Recoded} {outcome.Kept}");
    }

    protected Task<IEnumerable<string>> AMinuteLaterAsync(EvidencePorts store, Instrument newest)
    {
        _time.Advance(RemapResponses.Settling);
        return RunAsync(store, newest);
    }

    protected static async Task<IEnumerable<string>> RecomputedAsync(EvidencePorts store, string collection = Collection)
    {
        await store.Totals.RecomputeAsync(collection, await store.Totals.ChangedSchoolsAsync(collection, Cancellation), Totals, Cancellation);
        Assert.Empty(await store.Totals.ChangedSchoolsAsync(collection, Cancellation));
        return (await store.Totals.TotalsAsync(collection, Cancellation)).Shown();
    }
}
