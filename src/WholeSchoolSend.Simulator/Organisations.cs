using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace WholeSchoolSend.Simulator;

/// <summary>What a stakeholder was coded as at one interview; empty where it was not asked.</summary>
/// <param name="Awareness">0 to 3.</param>
/// <param name="Likelihood">of using the SEND Review, 1 to 5.</param>
/// <param name="Commissions">only commissioners are asked.</param>
internal sealed record Interview(string Organisation, int Awareness, int Likelihood, bool Recommends, bool Uses, bool? Commissions, DateTimeOffset On);

/// <summary>A system's score on the rubric at one review, 0 to 4.</summary>
internal sealed record Review(string System, string Kind, string Point, int Score, DateOnly On);

/// <summary>A case study that a school agreed to.</summary>
internal sealed record CaseStudy(School School, string Key, bool Improved, DateTimeOffset On);

/// <summary>
/// The organisations of the sample year: stakeholders interviewed at the beginning by a form and at the end in a file, systems reviewed twice, ten system
/// leaders, what commissioners commissioned; and schools' case studies.
/// </summary>
internal sealed record Organisations(
    IReadOnlyList<Interview> First, IReadOnlyList<Interview> Last, IReadOnlyList<Review> Reviews, IReadOnlyList<(string Leader, DateTimeOffset On)> Leaders,
    IReadOnlyList<(string Key, string Commissioner, string State)> Commissioned, IReadOnlyList<CaseStudy> CaseStudies)
{
    public static readonly string[] AwarenessLabels = ["Has not heard of it", "Has heard of it", "Knows what it does", "Knows it well"];

    private static readonly JsonSerializerOptions AsFormsWrite = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly string[] Commissioners = [.. Enumerable.Range(1, 8).Select(region => Id("rsc", region))];

    private static readonly string[] Stakeholders =
        [.. Commissioners, "inspectorate", "teaching-schools-body", "leaders-association", "governors-association", "authorities-association", "parents-forum", "send-charity", "trusts-network"];

    private static readonly (string Kind, int Count)[] Systems = [("teaching school alliance", 8), ("trust", 5), ("network", 3)];

    public static Organisations From(Chance chance, Schools schools)
    {
        var said = chance.Split("stakeholders");
        List<Interview> first = [.. Stakeholders.Select(one => new Interview(
            one, said.Pick<int>([(0, 0.35), (1, 0.4), (2, 0.2), (3, 0.05)]), 1 + said.Below(3), said.Happens(0.15), said.Happens(0.1), AsCommissioner(one, said.Happens(0.1)), At(said, new(2025, 6, 2), new(2025, 7, 11))))];
        List<Interview> last = [.. first.Select(before => new Interview(
            before.Organisation, Math.Clamp(before.Awareness + said.Pick<int>([(-1, 0.04), (0, 0.26), (1, 0.5), (2, 0.2)]), 0, 3), Math.Clamp(before.Likelihood + said.Pick<int>([(-1, 0.08), (0, 0.27), (1, 0.4), (2, 0.25)]), 1, 5),
            before.Recommends || said.Happens(0.5), before.Uses || said.Happens(0.4), AsCommissioner(before.Organisation, before.Commissions == true || said.Happens(0.6)), At(said, new(2026, 9, 14), new(2026, 10, 16))))];

        var scored = chance.Split("systems");
        List<Review> reviews = [];
        foreach (var (kind, count) in Systems)
            for (var number = 1; number <= count; number++)
            {
                var (system, score) = (Id(kind.Split(' ')[0], number), scored.Pick<int>([(0, 0.3), (1, 0.45), (2, 0.25)]));
                reviews.Add(new(system, kind, "Start", score, scored.Weekday(new(2025, 6, 2), new(2025, 7, 18))));
                reviews.Add(new(system, kind, "End", Math.Clamp(score + scored.Pick<int>([(-1, 0.03), (0, 0.22), (1, 0.5), (2, 0.25)]), 0, 4), scored.Weekday(new(2026, 9, 7), new(2026, 10, 23))));
            }

        var rest = chance.Split("cases");
        var commissioned = Enumerable.Range(1, 23).Select(number => (Id("review", number), rest.Pick(Commissioners[..6]), rest.Pick<string>([("Completed", 0.55), ("Commissioned", 0.35), ("Cancelled", 0.1)])));
        var studies = rest.Shuffled(schools.EngagedBefore(new(2026, 1, 1))).Take(18)
            .Select((school, number) => new CaseStudy(school, Id("case", number + 1), rest.Happens(0.85), At(rest, new(2026, 2, 2), new(2026, 10, 16))));
        return new(
            first, [.. last.Where(one => one.Organisation != "parents-forum")], reviews,
            [.. Enumerable.Range(1, 10).Select(leader => (Id("leader", leader), At(rest, new(2026, 3, 2), new(2026, 7, 10))))], [.. commissioned], [.. studies]);

        static bool? AsCommissioner(string organisation, bool commissions) => Commissioners.Contains(organisation) ? commissions : null;
    }

    /// <summary>The interviews of the beginning, the system leaders' and the case studies, as the evaluators' own form sends them.</summary>
    public IReadOnlyList<Delivery> Deliveries(string secret) =>
    [
        .. First.Select(one => Delivery(secret, Programme.StakeholdersForm, one.Organisation, one.On, new { organisation = one.Organisation }, new
        {
            awareness = AwarenessLabels[one.Awareness], likelihood = one.Likelihood, recommends = YesNo(one.Recommends), uses = YesNo(one.Uses), commissions = one.Commissions is { } does ? YesNo(does) : null,
        })),
        .. Leaders.Select(one => Delivery(secret, Programme.LeadersForm, one.Leader, one.On, new { organisation = one.Leader }, new { interview = "Done" })),
        .. CaseStudies.Select(one => Delivery(secret, Programme.CaseStudiesForm, one.Key, one.On, new { urn = Text(one.School.Urn), study = one.Key }, new { outcome = one.Improved ? "Improved" : "Not improved" })),
    ];

    /// <summary>The interviews of the end.</summary>
    public byte[] StakeholdersFile() => Encoding.UTF8.GetBytes(Csv.Of(Last
        .Select(one => new[]
        {
            one.Organisation, one.On.ToString("dd/MM/yyyy", CultureInfo.InvariantCulture), AwarenessLabels[one.Awareness], Text(one.Likelihood), YesNo(one.Recommends), YesNo(one.Uses),
            one.Commissions is { } does ? YesNo(does) : "",
        })
        .Prepend(["organisation", "interviewed", "awareness", "likelihood", "recommends", "uses", "commissions"])));

    /// <summary>Both reviews of each system, as the assessors keep them: a workbook.</summary>
    public byte[] SystemsFile() => Workbook.Of(
        "Reviews",
        Reviews.Select(one => new object[] { one.System, one.Kind, one.Point, one.Score, one.On.ToString("dd/MM/yyyy", CultureInfo.InvariantCulture) }).Prepend(["system", "kind", "point", "score", "reviewed"]));

    public byte[] CommissionedFile() => Encoding.UTF8.GetBytes(Csv.Of(Commissioned.Select(one => new[] { one.Key, one.Commissioner, one.State }).Prepend(["review", "commissioner", "state"])));

    private static Delivery Delivery(string secret, string form, string response, DateTimeOffset on, object hidden, object answers)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(
            new { form, response, submitted = on.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture), hidden, answers, text = new { notes = "Spoke to Alex, who asked for a call back." } },
            AsFormsWrite);
        return new(body, Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), body)), DeliveryKind.Usual) { Source = Programme.InterviewsSource, Header = "X-Signature" };
    }

    private static DateTimeOffset At(Chance chance, DateOnly from, DateOnly to) => new(chance.Weekday(from, to), new TimeOnly(9 + chance.Below(8), chance.Below(60)), TimeSpan.Zero);

    private static string Id(string kind, int number) => string.Create(CultureInfo.InvariantCulture, $"{kind}-{number:00}");

    private static string YesNo(bool yes) => yes ? "Yes" : "No";

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
