using System.Globalization;
using System.Text.Json;
using WholeSchoolSend.Core.Disclosure;
using WholeSchoolSend.Core.Kpis;

namespace WholeSchoolSend.Core.Tests.Statistics.Reference;

/// <summary>
/// Our estimators against numbers worked by R's survey and stats packages: every case of every `expected_*.json` in our own folder, in REFERENCE_DIR and in the
/// shared corpus. Estimators are given school totals only.
/// </summary>
public sealed class ReferenceTests
{
    public static TheoryData<string, string> Cases => [.. ReferenceFolder.Cases.Select(c => (c.Id, c.File))];

    public static TheoryData<string> NotSupported => [.. Names(c => c.Unsupported)];

    public static TheoryData<string> WithoutReference => [.. Names(c => c.WithoutReference)];

    public static TheoryData<string, string> DisclosurePolicies =>
        [.. ReferenceFolder.DisclosurePolicies.SelectMany(file => DisclosureCases(file).Select(id => (id, file)))];

    [Theory]
    [MemberData(nameof(Cases))]
    public void School_totals_give_the_reference_values(string id, string file)
    {
        var reference = ReferenceFolder.Cases.Single(c => c.File == file && c.Id == id);
        var ours = ReferenceEvaluation.Of(reference);
        Assert.SkipWhen(ours is null, $"not yet supported: {reference.Kind}");
        var comparison = new ReferenceComparison(reference, ours);
        Assert.True(comparison.Differences.Count == 0, $"{id} ({reference.Kind}):\n{string.Join('\n', comparison.Differences)}");
        Assert.SkipWhen(comparison.Compared == 0, $"not yet supported: {reference.Kind}, none of its fields");
    }

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(NotSupported))]
    public void Field_is_not_supported(string name) => Assert.Skip($"not yet supported: {name}");

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(WithoutReference))]
    public void Field_has_no_reference_value(string name) => Assert.Skip($"the reference gives no value where we have one: {name}");

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(DisclosurePolicies))]
    public void Disclosure_policy_case(string id, string file)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(file));
        var one = json.RootElement.GetProperty("cases").EnumerateArray().Single(c => c.GetProperty("id").GetString() == id);
        var expected = one.GetProperty("expected");
        var kind = one.GetProperty("kind").GetString();
        if (kind == "role_family")
        {
            AssertFamily(one.GetProperty("input"), expected);
            return;
        }
        if (kind is not ("base_status" or "round_to_5" or "round_to_10_half_up" or "percent_half_up")) Assert.Skip($"not yet supported: {kind} ({id})");
        Assert.Equal(
            expected.EnumerateArray().Select(value => value.ToString()),
            one.GetProperty("input").EnumerateArray().Select(input => kind switch
            {
                "base_status" => Status(input.GetInt32()),
                "round_to_5" => Text(PublicFigures.RoundToNearest(input.GetInt32(), 5)),
                "round_to_10_half_up" => Text(PublicFigures.RoundToNearest(input.GetInt32(), 10)),
                _ => Text(PublicFigures.Round((double)(100 * decimal.Parse(input.GetString()!, CultureInfo.InvariantCulture)), 0)),
            }));

        static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);

        static string Status(int respondents) => new DisclosurePolicy().StatusOf(new Figure("engaged", "%", 50, 40, 60, respondents, respondents, DegreesOfFreedom: 50)) switch
        {
            CellStatus.NoData => "x",
            CellStatus.Confidential => "c",
            CellStatus.Unreliable => "u",
            CellStatus.SmallBase => "caution",
            _ => "ok",
        };
    }

    /// <summary>Parts and their sum, through the same rules as a wave's figures: everybody is put at a school, nobody at two.</summary>
    private static void AssertFamily(JsonElement input, JsonElement expected)
    {
        var cells = input.GetProperty("cells").EnumerateObject().ToDictionary(
            cell => cell.Name, cell => (N: cell.Value.GetProperty("n").GetInt32(), Schools: cell.Value.GetProperty("schools").GetInt32()), StringComparer.Ordinal);
        var roles = cells.Keys.Where(name => name != "all").ToList();
        Assert.Equal(cells["all"].N, roles.Sum(role => cells[role].N));

        // The first role fills the first schools, the last one the last: they overlap as far as the schools of all say.
        var answers = new Dictionary<int, List<AnswerCount>>();
        var first = 0;
        foreach (var role in roles)
        {
            if (role != roles[0]) first = Math.Max(0, Math.Min(first + cells[roles[0]].Schools, cells["all"].Schools) - cells[role].Schools);
            if (role == roles[^1]) first = cells["all"].Schools - cells[role].Schools;
            for (var index = 0; index < cells[role].Schools; index++)
            {
                var n = (cells[role].N / cells[role].Schools) + (index < cells[role].N % cells[role].Schools ? 1 : 0);
                if (!answers.TryGetValue(first + index, out var school)) answers.Add(first + index, school = []);
                var yes = (n + (index % 2)) / 2;
                school.AddRange([new AnswerCount("single", role, "asked", "yes", yes, yes), new AnswerCount("single", role, "asked", "no", n - yes, n - yes)]);
            }
        }
        Assert.Equal(cells["all"].Schools, answers.Count);

        var question = new Question("leaders", "single", "asked");
        var priority = input.GetProperty("priority_high_to_low").EnumerateArray().Select(name => name.GetString()!).ToList();
        var tellings = priority.Select(name => new Telling(name, "engaged", question, [new Group(true, name == "all" ? roles : [name], ["yes", "no"])], ["yes"])).ToList();
        var results = priority.Select(name => new ReadingResult(name, name, "w", null, null, [
            new Figure("engaged", "%", 50, 40, 60, cells[name].N, cells[name].Schools, DegreesOfFreedom: 50),
        ])).ToList();
        var policy = new DisclosurePolicy();
        var withheld = Withholding.Of(
            tellings, results, answers.Select(school => new SchoolAnswers("leaders", $"{100_000 + school.Key}", true, "primary", school.Value)).ToList(), policy);
        foreach (var result in results)
        {
            var shown = PublicFigures.Of(result, null, policy, withheld.Of(result.Reading)).Figures[0];
            Assert.Equal(
                (expected.GetProperty("status").GetProperty(result.Reading).GetString(), expected.GetProperty("base_published").GetProperty(result.Reading) is { ValueKind: JsonValueKind.Number } n ? n.GetInt32() : (int?)null),
                (shown.Symbol ?? (shown.Marks?.Contains("small_base") == true ? "caution" : "ok"), shown.Base));
        }
    }

    [Fact]
    public void Own_reference_folder_is_complete()
    {
        var own = ReferenceFolder.Cases.Where(c => c.Folder == ReferenceFolder.Own).ToList();
        Assert.Equal(76, own.Count);
        Assert.All(own, c => Assert.NotNull(ReferenceEvaluation.Of(c)));
        Assert.InRange(own.Sum(c => new ReferenceComparison(c, ReferenceEvaluation.Of(c)!).Compared), 2000, int.MaxValue);
    }

    [Fact]
    public void Shared_corpus_is_present() => Assert.SkipWhen(ReferenceFolder.Shared is null, "shared corpus not present");

    [Fact]
    public void Folder_named_in_the_environment_exists()
    {
        var given = Environment.GetEnvironmentVariable(ReferenceFolder.Variable);
        Assert.SkipWhen(string.IsNullOrEmpty(given), $"{ReferenceFolder.Variable} is not set");
        Assert.NotEmpty(Directory.EnumerateFiles(given, "*.json"));
        Assert.Contains(Path.GetFullPath(given).TrimEnd(Path.DirectorySeparatorChar), ReferenceFolder.All);
    }

    private static IEnumerable<string> Names(Func<ReferenceComparison, IReadOnlyList<string>> fields) => ReferenceFolder.Cases
        .Select(c => (Case: c, Ours: Try(c)))
        .Where(c => c.Ours is not null)
        .SelectMany(c => fields(new ReferenceComparison(c.Case, c.Ours!)).Distinct().Select(field => (c.Case.Kind, Field: field, c.Case.Id)))
        .GroupBy(f => (f.Kind, f.Field))
        .Select(g => $"{g.Key.Kind}/{g.Key.Field} ({string.Join(", ", g.Select(f => f.Id).Distinct().Order(StringComparer.Ordinal).Take(5))})");

    // Runs while tests are discovered. A case that throws is reported by its own test, so here it only must not hide the others.
    private static IReadOnlyDictionary<string, object?>? Try(ReferenceCase c)
    {
        try
        {
            return ReferenceEvaluation.Of(c);
        }
        catch (Exception)
        {
            return null;
        }
    }

    private static List<string> DisclosureCases(string file)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(file));
        return [.. document.RootElement.GetProperty("cases").EnumerateArray().Select(c => c.GetProperty("id").GetString()!)];
    }
}
