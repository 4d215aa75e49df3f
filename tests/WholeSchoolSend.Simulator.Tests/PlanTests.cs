using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace WholeSchoolSend.Simulator.Tests;

public sealed class PlanTests
{
    private const string Secret = "made-up-secret";
    private static readonly Plan Year = Plan.From(2049, Scale.Whole, Secret, Secret);

    [Fact]
    public void The_same_seed_gives_the_same_bytes() => Assert.Equal(Hash(Plan.From(7, Scale.Small, Secret, Secret)), Hash(Plan.From(7, Scale.Small, Secret, Secret)));

    [Fact]
    public void Another_seed_gives_another_year() => Assert.NotEqual(Hash(Plan.From(7, Scale.Small, Secret, Secret)), Hash(Plan.From(8, Scale.Small, Secret, Secret)));

    // Pinned so that a change of the generator, or of .NET, is seen: the sample year is in screenshots and guides.
    [Fact]
    public void The_small_year_of_seed_2049_is_the_one_everybody_has() => Assert.Equal("6ba6dc25c9c86b9f", Hash(Plan.From(2049, Scale.Small, Secret, Secret))[..16]);

    // Interviews, reviews, commissions and case studies are the same in a small year but for the schools of the case studies.
    [Fact]
    public void Its_organisations_are_those_everybody_has()
    {
        var small = Plan.From(2049, Scale.Small, Secret, Secret);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[][] files = [small.Organisations.StakeholdersFile(), small.Organisations.SystemsFile(), small.Organisations.CommissionedFile()];
        foreach (var bytes in files.Concat(small.Interviews.Select(delivery => delivery.Body))) hash.AppendData(bytes);
        Assert.Equal("1a04946043179762", Convert.ToHexStringLower(hash.GetHashAndReset())[..16]);
        Assert.Equal(small.Organisations.StakeholdersFile(), Year.Organisations.StakeholdersFile());
    }

    // What docs/kpis.md says that the sample year gives.
    [Fact]
    public void Organisations_come_out_as_the_guide_says()
    {
        var organisations = Year.Organisations;
        var last = organisations.Last.ToDictionary(one => one.Organisation);
        var both = organisations.First.Where(one => last.ContainsKey(one.Organisation)).ToList();
        Assert.Equal((16, 15), (organisations.First.Count, both.Count));
        Assert.Equal((11, 4, 10), (both.Count(one => last[one.Organisation].Awareness > one.Awareness), both.Count(one => last[one.Organisation].Awareness == one.Awareness), both.Count(one => last[one.Organisation].Likelihood > one.Likelihood)));
        Assert.Equal((10, 6, 4), (last.Values.Count(one => one.Recommends), last.Values.Count(one => one.Uses), last.Values.Count(one => one.Commissions == true)));

        var scores = organisations.Reviews.GroupBy(one => one.System).Select(system => system.Single(one => one.Point == "End").Score - system.Single(one => one.Point == "Start").Score).Order().ToList();
        Assert.Equal((16, 12, 0, 1), (scores.Count, scores.Count(change => change > 0), scores.Count(change => change < 0), (scores[7] + scores[8]) / 2));
        Assert.Equal((10, 21, 13), (organisations.Leaders.Count, organisations.Commissioned.Count(one => one.State != "Cancelled"), organisations.CaseStudies.Count(one => one.Improved)));
        Assert.All(organisations.CaseStudies, study => Assert.Contains(Year.Schools.Engagements, contact => contact.School == study.School));
    }

    [Fact]
    public void Milestones_are_in_every_state_there_is()
    {
        Assert.Equal(15, Programme.Milestones.Select(milestone => milestone.Id).Distinct().Count());
        var states = Programme.Milestones.Select(milestone => JsonDocument.Parse(milestone.Json).RootElement).ToList();
        Assert.Equal(["delivered", "draft", "in_progress", "in_use", "not_started"], states.Select(state => state.GetProperty("status").GetString()).Distinct().Order());
        Assert.All(states, state => Assert.Equal(state.GetProperty("status").GetString() is "delivered" or "in_use", state.TryGetProperty("evidence", out _)));
    }

    [Fact]
    public void Interviews_are_signed_and_hold_what_must_not_be_kept()
    {
        Assert.Equal(16 + 10 + 18, Year.Interviews.Count);
        Assert.All(Year.Interviews, delivery => Assert.Equal(("interviews_json", "X-Signature", 64), (delivery.Source, delivery.Header, delivery.Signature.Length)));
        Assert.All(Year.Interviews, delivery => Assert.Contains("Alex", Encoding.UTF8.GetString(delivery.Body), StringComparison.Ordinal));
    }

    [Fact]
    public void A_small_year_is_made_in_no_time()
    {
        var started = Stopwatch.GetTimestamp();
        Plan.From(1, Scale.Small, Secret, Secret);
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(2));
    }

    [Fact]
    public void The_register_is_read_as_windows_1252_and_has_one_row_a_school()
    {
        var text = CodePagesEncodingProvider.Instance.GetEncoding(1252)!.GetString(Year.Register);
        var rows = CsvReading.Rows(text);
        Assert.Equal(3001, rows.Count);
        Assert.Contains(rows, row => row[4].Contains("à Becket", StringComparison.Ordinal));
        Assert.Contains((byte)0xE0, Year.Register);
        Assert.All(rows, row => Assert.Equal(rows[0].Count, row.Count));
        Assert.All(rows.Skip(1), row => Assert.Matches("^9[0-9]{5}$", row[0]));
        Assert.All(rows.Skip(1).Where(row => row[10] == "Closed"), row => Assert.Matches(@"^\d\d-\d\d-20\d\d$", row[12]));
    }

    [Fact]
    public void More_than_512_open_schools_are_engaged_some_of_them_several_times()
    {
        var rows = CsvReading.Rows(Encoding.UTF8.GetString(Year.Engagements));
        Assert.Equal(["urn", "engaged_on", "strand"], rows[0]);
        var contacts = rows.Skip(1).ToList();
        Assert.InRange(contacts.Select(row => row[0]).Distinct().Count(), 512, 600);
        Assert.True(contacts.Count > 600);
        Assert.All(contacts, row => Assert.InRange(DateOnly.ParseExact(row[1], "yyyy-MM-dd", CultureInfo.InvariantCulture), new(2025, 1, 1), new(2026, 10, 31)));
        Assert.All(Year.Schools.Engagements, contact => Assert.True(contact.School.Open));
    }

    [Fact]
    public void Teachers_grow_more_confident_and_four_in_five_answer_twice()
    {
        var teachers = Teachers.From(new Chance(2049), Scale.Whole, Year.Schools);
        var before = teachers.Where(teacher => teacher.Before is not null).ToList();
        var after = teachers.Where(teacher => teacher.After is not null).ToList();
        Assert.Equal(1400, before.Count);
        Assert.InRange(after.Count, 1100, 1200);
        Assert.InRange(before.Count(teacher => teacher.After is not null) / 1400.0, 0.77, 0.83);
        Assert.InRange(before.Count(teacher => teacher.Before!.Confidence >= 4) / (double)before.Count, 0.35, 0.41);
        Assert.InRange(after.Count(teacher => teacher.After!.Confidence >= 4) / (double)after.Count, 0.52, 0.58);
        Assert.All(teachers, teacher => Assert.InRange(teacher.Before?.Confidence ?? teacher.After!.Confidence, 1, 5));
    }

    [Theory]
    [InlineData("Autumn 2025", 0.62, 0.48)]
    [InlineData("Autumn 2026", 0.74, 0.52)]
    public void Poll_answers_come_out_near_what_they_should(string label, double engaged, double wider)
    {
        var round = label == "Autumn 2025" ? Programme.Autumn2025 : Programme.Autumn2026;
        var leaders = Leaders.From(new Chance(2049), Scale.Whole, Year.Schools, round);
        Assert.InRange(leaders.Count, 840, 960);
        Assert.InRange(leaders.Select(leader => leader.School).Distinct().Count(), 515, 520);
        Assert.All(leaders.GroupBy(leader => leader.School), school => Assert.InRange(school.Count(), 1, 3));
        Assert.Equal(1, leaders.Average(leader => leader.Weight), 6);
        Assert.InRange(leaders.Count(leader => leader.Q1 == "Don't know") / (double)leaders.Count, 0.02, 0.06);
        Assert.InRange(Fully(leaders.Where(leader => leader.Engaged)), engaged - 0.03, engaged + 0.03);
        Assert.InRange(Fully(leaders.Where(leader => !leader.Engaged)), wider - 0.03, wider + 0.03);
        Assert.True(Fully(leaders.Where(leader => leader.Role == Leaders.Senco)) < Fully(leaders.Where(leader => leader.Role == Leaders.Head)) - 0.03);
    }

    [Fact]
    public void Over_many_years_the_poll_has_no_lean()
    {
        var years = Enumerable.Range(1, 12).Select(seed => new Chance((ulong)seed))
            .Select(chance => Leaders.From(chance, Scale.Whole, Schools.From(chance, Scale.Whole), Programme.Autumn2026)).ToList();
        Assert.InRange(years.Average(leaders => Fully(leaders.Where(leader => leader.Engaged))), 0.72, 0.76);
        Assert.InRange(years.Average(leaders => Fully(leaders.Where(leader => !leader.Engaged))), 0.50, 0.54);
    }

    [Fact]
    public void Wider_schools_were_never_worked_with_and_engaged_ones_before_fieldwork()
    {
        var first = Year.Schools.Engagements.GroupBy(contact => contact.School).ToDictionary(school => school.Key, school => school.Min(contact => contact.On));
        foreach (var round in new[] { Programme.Autumn2025, Programme.Autumn2026 })
            Assert.All(
                Leaders.From(new Chance(2049), Scale.Whole, Year.Schools, round),
                leader => Assert.Equal(leader.Engaged, first.TryGetValue(leader.School, out var on) && on < round.From));
    }

    [Fact]
    public void Poll_files_are_well_formed_and_use_labels_the_instrument_codes()
    {
        using var instrument = JsonDocument.Parse(Programme.Instruments.Single(one => one.Id == "leaders-poll").Json);
        var rows = CsvReading.Rows(Encoding.UTF8.GetString(Year.Poll2026));
        Assert.Equal("﻿RecordNo", rows[0][0]);
        Assert.Equal("weight", rows[0][^1]);
        Assert.All(rows, row => Assert.Equal(rows[0].Count, row.Count));
        Assert.Contains(rows, row => row[^2].Contains('\n', StringComparison.Ordinal));
        foreach (var item in instrument.RootElement.GetProperty("items").EnumerateArray())
        {
            var column = rows[0].IndexOf(item.GetProperty("field").GetString()!);
            Assert.All(rows.Skip(1), row => Assert.True(item.GetProperty("codes").TryGetProperty(row[column], out _), row[column]));
        }
    }

    [Fact]
    public void The_draft_differs_from_the_good_file_in_three_cells()
    {
        var draft = CsvReading.Rows(Encoding.UTF8.GetString(Year.Draft2026)).SelectMany(row => row);
        var good = CsvReading.Rows(Encoding.UTF8.GetString(Year.Poll2026)).SelectMany(row => row);
        Assert.Equal(3, draft.Zip(good).Count(pair => pair.First != pair.Second));
    }

    [Fact]
    public void Deliveries_hold_what_real_ones_hold()
    {
        var kinds = Year.Deliveries.CountBy(delivery => delivery.Kind).ToDictionary();
        Assert.Equal(5, kinds[DeliveryKind.Outside]);
        Assert.Equal(3, kinds[DeliveryKind.Forged]);
        Assert.InRange(kinds[DeliveryKind.Usual], 2500, 2600);
        Assert.InRange(kinds[DeliveryKind.Again] / (double)kinds[DeliveryKind.Usual], 0.01, 0.03);

        using var body = JsonDocument.Parse(Year.Deliveries[0].Body);
        var response = body.RootElement.GetProperty("form_response");
        Assert.Equal("form_response", body.RootElement.GetProperty("event_type").GetString());
        Assert.Equal("tPre2025", response.GetProperty("form_id").GetString());
        Assert.Matches("^9[0-9]{5}$", response.GetProperty("hidden").GetProperty("urn").GetString());
        Assert.Contains(response.GetProperty("answers").EnumerateArray(), answer => answer.GetProperty("type").GetString() == "email");
        Assert.All(
            response.GetProperty("definition").GetProperty("fields").EnumerateArray(),
            field => Assert.Equal(["id", "type", "ref", "title", "properties"], field.EnumerateObject().Select(property => property.Name)));
    }

    [Fact]
    public void Every_response_has_a_token_of_its_own() => Assert.Equal(
        Year.Deliveries.Count(delivery => delivery.Kind != DeliveryKind.Again),
        Year.Deliveries.Select(delivery => JsonDocument.Parse(delivery.Body).RootElement.GetProperty("form_response").GetProperty("token").GetString()).Distinct().Count());

    [Fact]
    public void Replies_come_mostly_but_not_wholly_in_order()
    {
        var times = Year.Deliveries.Select(delivery => JsonDocument.Parse(delivery.Body).RootElement.GetProperty("form_response").GetProperty("submitted_at").GetDateTime()).ToList();
        Assert.InRange(times.Zip(times.Skip(1)).Count(pair => pair.Second < pair.First), 5, 150);
    }

    // openssl: printf '%s' '{"event_type":"form_response"}' | openssl dgst -sha256 -hmac 'made-up-secret' -binary | base64
    [Fact]
    public void The_signature_is_what_openssl_computes() =>
        Assert.Equal("sha256=XHhG02U0GFn+09ev6Do/AtsTsX+pB7IseaJGeJzydQM=", Typeform.Sign("made-up-secret", """{"event_type":"form_response"}"""u8.ToArray()));

    [Fact]
    public void Only_the_forged_deliveries_have_a_wrong_signature() => Assert.All(
        Year.Deliveries, delivery => Assert.Equal(delivery.Kind != DeliveryKind.Forged, delivery.Signature == Typeform.Sign(Secret, delivery.Body)));

    private static double Fully(IEnumerable<Leader> leaders)
    {
        var substantive = leaders.Where(leader => leader.Q1 != "Don't know").ToList();
        return substantive.Where(leader => leader.Q1 == "Fully implemented").Sum(leader => leader.Weight) / substantive.Sum(leader => leader.Weight);
    }

    private static string Hash(Plan plan)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[][] files = [plan.Register, plan.Engagements, plan.Poll2025, plan.Draft2026, plan.Poll2026];
        foreach (var bytes in files.Concat(plan.Deliveries.Select(delivery => delivery.Body))) hash.AppendData(bytes);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
