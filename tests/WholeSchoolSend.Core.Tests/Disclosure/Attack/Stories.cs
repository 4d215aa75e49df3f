using System.Text;
using System.Text.Json.Nodes;
using WholeSchoolSend.Core.Disclosure;
using WholeSchoolSend.Core.Kpis;

namespace WholeSchoolSend.Core.Tests.Disclosure.Attack;

/// <summary>Small histories, each made so that one rule is what stands between an attacker and an answer.</summary>
internal static class Stories
{
    public static IReadOnlyDictionary<string, Func<DisclosurePolicy, Task<Programme>>> All { get; } = new Dictionary<string, Func<DisclosurePolicy, Task<Programme>>>
    {
        ["thresholds"] = FewSencosAsync,
        [nameof(DisclosureRule.Secondary)] = FewSencosAsync,
        [nameof(DisclosureRule.Masks)] = EverySchoolLeaderAgreesAsync,
        [nameof(DisclosureRule.Once)] = ReadingsAreAddedLaterAsync,
        [nameof(DisclosureRule.Changes)] = AnEarlierWaveChangesUnseenAsync,
        [nameof(DisclosureRule.Differences)] = OneGoesAndOneComesAsync,
        [nameof(DisclosureRule.Together)] = EnoughSencosComeAsync,
    };

    /// <summary>Engaged schools with so many leaders and SENCOs who say yes and no.</summary>
    public static Programme AProgramme(DisclosurePolicy policy, Catalogue? catalogue = null)
    {
        var programme = new Programme(policy, catalogue);
        for (var school = 0; school < 40; school++)
        {
            programme.Phases.Add($"{100_000 + school}", "primary");
            programme.Engaged.Add($"{100_000 + school}");
        }
        return programme;
    }

    /// <summary>Adds people, one after the other at one school after the other.</summary>
    public static void Come(this Programme programme, string wave, string role, int yes, int no, int firstSchool = 0)
    {
        for (var index = 0; index < yes + no; index++)
            programme.People.Add(new Person(
                programme.People.Count == 0 ? 0 : programme.People.Max(person => person.Id) + 1, wave, $"{100_000 + ((firstSchool + index) % 40)}", role, index < yes ? "fully" : "not", index < yes ? "4" : "2"));
    }

    // 72 % of 60 are 43, 73 % of 52 leaders are 38: 5 of 8 SENCOs.
    private static async Task<Programme> FewSencosAsync(DisclosurePolicy policy)
    {
        var programme = AProgramme(policy);
        programme.Open("w1");
        programme.Come("w1", "leader", 38, 14);
        programme.Come("w1", "senco", 5, 3);
        await programme.CloseAsync("w1");
        return programme;
    }

    // Leaders over 95 % are 38 to 40 of 40; 76 % of 100 are 76, 60 % of 60 SENCOs are 36: all 40.
    private static async Task<Programme> EverySchoolLeaderAgreesAsync(DisclosurePolicy policy)
    {
        var programme = AProgramme(policy);
        programme.Open("w1");
        programme.Come("w1", "leader", 40, 0);
        programme.Come("w1", "senco", 36, 24);
        await programme.CloseAsync("w1");
        return programme;
    }

    // What was safe alone is not beside what a later catalogue adds.
    private static async Task<Programme> ReadingsAreAddedLaterAsync(DisclosurePolicy policy)
    {
        string[] later = ["K1.leaders", "K1.sencos", "K1.both", "K1.fifty_fifty"];
        var json = JsonNode.Parse(JsonSchema.EmbeddedText("kpi-catalogue.json"))!;
        foreach (var kpi in json["kpis"]!.AsArray()) Remove(kpi!["readings"]!.AsArray(), "id");
        foreach (var family in json["families"]!.AsArray().ToList())
        {
            Remove(family!["tests"]!.AsArray(), "reading");
            if (family["tests"]!.AsArray().Count < 2) json["families"]!.AsArray().Remove(family);
        }
        var first = AProgramme(policy, Catalogue.Parse(Encoding.UTF8.GetBytes(json.ToJsonString())));
        first.Open("w1");
        first.Come("w1", "leader", 38, 14);
        first.Come("w1", "senco", 5, 3);
        await first.CloseAsync("w1");
        var then = new Programme(policy, Catalogue.Current, first);
        await then.PublishAsync();
        return then;

        void Remove(JsonArray list, string name)
        {
            foreach (var one in list.Where(one => later.Contains((string?)one![name])).ToList()) list.Remove(one);
        }
    }

    // 70 % of 60, and 75 % later: up 5 points from 43 of 61, up 6 from 42 of 61. The one who came late said yes.
    private static async Task<Programme> AnEarlierWaveChangesUnseenAsync(DisclosurePolicy policy)
    {
        var programme = AProgramme(policy);
        programme.Open("w1");
        programme.Come("w1", "leader", 42, 18);
        await programme.CloseAsync("w1");
        programme.Come("w1", "leader", 1, 0, 30);
        programme.Open("w2");
        programme.Come("w2", "leader", 45, 15);
        await programme.CloseAsync("w2");
        return programme;
    }

    // 70 % of 60 before, 68 % of 60 after: who went said yes, who came said no.
    private static async Task<Programme> OneGoesAndOneComesAsync(DisclosurePolicy policy)
    {
        var programme = AProgramme(policy);
        programme.Open("w1");
        programme.Come("w1", "leader", 42, 18);
        await programme.CloseAsync("w1");
        programme.People.RemoveAt(3);
        programme.Come("w1", "leader", 0, 1, 30);
        await programme.ReissueAsync("w1");
        return programme;
    }

    // Eight SENCOs are withheld, and the 52 leaders with them; of 18 SENCOs the leaders can be shown, and are the same as before.
    private static async Task<Programme> EnoughSencosComeAsync(DisclosurePolicy policy)
    {
        var programme = await FewSencosAsync(policy);
        programme.Come("w1", "senco", 6, 4, 20);
        await programme.ReissueAsync("w1");
        return programme;
    }
}
