using WholeSchoolSend.Core.Disclosure;

namespace WholeSchoolSend.Core.Tests.Disclosure.Attack;

/// <summary>A programme to which things happen by chance, the same for the same seed.</summary>
internal sealed class History(int seed, DisclosurePolicy policy)
{
    private static readonly string[] Phases = ["primary", "secondary", "special"];

    // A generator of our own choice of numbers; nothing here needs to be unforeseeable.
#pragma warning disable CA5394
    private readonly Random _random = new(seed);

    private int _people;

    public Programme Programme { get; } = new(policy);

    /// <summary>One or two waves; late answers, erasures, mended roles, schools that change groups; attempts to issue again after each.</summary>
    public async Task RunAsync()
    {
        for (var school = 0; school < 24; school++)
        {
            Programme.Phases.Add($"{100_000 + school}", Phases[_random.Next(10) switch { < 6 => 0, < 9 => 1, _ => 2 }]);
            if (school % 2 == 0) Programme.Engaged.Add($"{100_000 + school}");
        }
        var waves = 1 + _random.Next(2);
        var mix = (Sencos: 0.05 + (0.35 * _random.NextDouble()), Both: 0.15 * _random.NextDouble(), Yes: 0.3 + (0.65 * _random.NextDouble()), Unsure: 0.15 * _random.NextDouble());
        for (var wave = 1; wave <= waves; wave++)
        {
            Programme.Open($"w{wave}");
            Arrive($"w{wave}", 60 + _random.Next(110), mix);
            await Programme.CloseAsync($"w{wave}");
            for (var events = 1 + _random.Next(3); events > 0; events--)
            {
                Happen($"w{1 + _random.Next(wave)}", mix);
                await Programme.ReissueAsync($"w{1 + _random.Next(wave)}");
            }
        }
        await Programme.PublishAsync();
    }

    private void Happen(string wave, (double Sencos, double Both, double Yes, double Unsure) mix)
    {
        var there = Programme.People.Where(person => person.Wave == wave).ToList();
        switch (_random.Next(6))
        {
            case 0:
                Arrive(wave, 1 + _random.Next(5), mix);
                break;
            case 1:
                Arrive(wave, 20 + _random.Next(40), mix);
                break;
            case 2:
                foreach (var person in Some(there, 1 + _random.Next(3))) Programme.People.Remove(person);
                break;
            case 3:
                foreach (var person in Some(there, 1 + _random.Next(2)))
                {
                    Programme.People.Remove(person);
                    Programme.People.Add(person with { Role = person.Role == "leader" ? "senco" : "leader" });
                }
                break;
            case 4:
                var school = $"{100_000 + _random.Next(24)}";
                if (!Programme.Engaged.Remove(school)) Programme.Engaged.Add(school);
                break;
            default:
                // Late answers of one kind of people only.
                Arrive(wave, 10 + _random.Next(6), mix with { Sencos = 1, Both = 0, Unsure = 0 });
                break;
        }
    }

    private void Arrive(string wave, int people, (double Sencos, double Both, double Yes, double Unsure) mix)
    {
        for (; people > 0; people--)
        {
            var isYes = _random.NextDouble() < mix.Yes;
            var role = _random.NextDouble() is var chance && chance < mix.Sencos ? "senco" : chance < mix.Sencos + mix.Both ? "leader+senco" : "leader";
            Programme.People.Add(new Person(
                _people++, wave, $"{100_000 + _random.Next(24)}", role, _random.NextDouble() < mix.Unsure ? "dk" : isYes ? "fully" : _random.Next(2) == 0 ? "partly" : "not",
                $"{(isYes ? 4 : 1) + _random.Next(2)}"));
        }
    }

    private List<Person> Some(List<Person> people, int count) => Enumerable.Range(0, count).Select(_ => people[_random.Next(people.Count)]).Distinct().ToList();
#pragma warning restore CA5394
}
