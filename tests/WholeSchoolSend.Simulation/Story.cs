using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Azure.Functions.Worker;
using Triggers = WholeSchoolSend.Functions.Triggers;

namespace WholeSchoolSend.Simulation;

/// <summary>
/// Tells a script to several instances at once, as the world outside does: survey tools send again what was not taken, triggers run again what failed, operators
/// ask again when they got no answer. Keeps what each of them was told.
/// </summary>
internal sealed class Story
{
    private const string Wave = "2026-spring";
    private const string PollWave = "2026-autumn";
    private const int MostAtOnce = 6;
    private const int MostTries = 4;

    private readonly Vendor _vendor;
    private readonly Instance[] _instances;
    private readonly TimeSpan[] _skews;
    private readonly List<Asked> _asked = [];
    private int _made;

    /// <param name="vendorTrouble">as <see cref="Vendor.Trouble"/>.</param>
    public Story(World world, int instances, Func<int, TimeSpan> skew, Story? before = null, int vendorTrouble = 0)
    {
        World = world;
        _vendor = before?._vendor ?? new Vendor { Trouble = vendorTrouble };
        if (before is not null)
        {
            Happened.AddRange(before.Happened);
            foreach (var (key, count) in before.Told) Told.Add(key, count);
        }
        _skews = [.. Enumerable.Range(0, instances).Select(skew)];
        _instances = [.. _skews.Select(Make)];
    }

    public World World { get; }

    /// <summary>How many responses of each source met each fate, by day, as senders were told.</summary>
    public Dictionary<(string Day, string Source, string Fate), int> Told { get; } = [];

    /// <summary>Responses in deliveries whose sender was told nothing, or to try again.</summary>
    public int Untold { get; private set; }

    /// <summary>Crashes and faults so far made the story one where an answer was lost.</summary>
    public bool IsUndisturbed => World.Faults.Keys.All(fault => fault == Fault.None);

    public List<ScriptEvent> Happened { get; } = [];

    /// <summary>The first instance: whoever looks, looks through it.</summary>
    public Instance Anybody => Living(0);

    /// <summary>Tables, waves, instruments, the register of schools: what stands before anything happens.</summary>
    public void SetUp()
    {
        var one = Anybody;
        World.Run(one, "create", () => one.Storage.CreateMissingAsync(CancellationToken.None));
        Put("wave", $"{Wave}", """{"title":"Spring 2026","from":"2026-02-02","to":"2026-02-20","frame":812,"invited":1400}""");
        Put("wave", $"{PollWave}", """{"title":"Autumn 2026","from":"2026-02-23","to":"2026-02-27","frame":812,"invited":1400}""");
        Put("instrument", "leaders-form", Form(1));
        Put("instrument", "leaders-monkey", MonkeyForm);
        Put("instrument", "leaders-poll", PollForm);
        World.Account.Drop("register", "edubasealldata20260901.csv", Encoding.UTF8.GetBytes("URN,EstablishmentName,EstablishmentStatus (name),PhaseOfEducation (name),GOR (name)\n"
            + string.Concat(Script.Schools.Select((school, index) => $"{school},School {school},Open,{(index % 2 == 0 ? "Primary" : "Secondary")},London\n"))));
        World.Run(one, "register", () => one.Get<Triggers.ImportRegister>().Run(null!, "edubasealldata20260901.csv", CancellationToken.None));
        Begin(new DropEngagements(Script.Engaged, IsTold: true));
        Finish();

        void Put(string kind, string id, string body) => World.Run(one, $"put {id}", async () =>
        {
            var (status, said) = await one.CallAsync(
                request => kind == "wave" ? one.Get<Triggers.PutWave>().Run(request, id, CancellationToken.None) : one.Get<Triggers.PutInstrument>().Run(request, id, CancellationToken.None), body);
            if (status != 200) throw new InvalidOperationException(said);
        });
    }

    /// <summary>Tells the events; each begins when chance will have it, beside those that still run.</summary>
    public void Tell(IReadOnlyList<ScriptEvent> events)
    {
        var next = 0;
        while (true)
        {
            Revive();
            var again = _asked.Where(asked => asked.IsToBeTriedAgain).ToList();
            // An operator waits for the answer to one version of an instrument before they put the next, and of a withdrawal before another file comes.
            var canBegin = next < events.Count && World.Running.Count < MostAtOnce
                && !(events[next] is PutForm && _asked.Exists(asked => asked is { IsForm: true, IsAnswered: false }))
                && !(events[next] is Withdraw or DropPoll && _asked.Exists(asked => asked is { Name: "withdraw", IsAnswered: false })) ? 1 : 0;
            if (!World.Step(canBegin + Math.Min(again.Count, 1), out var other))
            {
                if (World.Running.Count == 0 && next >= events.Count) return;
                // Everybody gave up for now.
                if (World.Running.Count == 0)
                {
                    Finish();
                    continue;
                }
                throw new PromiseBrokenException("3", "operations wait for ever: " + string.Join(", ", World.Running.Select(one => one.Name)));
            }
            if (other is null) continue;
            if (other == 0 && canBegin == 1) Begin(events[next++]);
            else again[0].Try();
        }
    }

    /// <summary>Nothing goes wrong any more: everybody who is still waiting gets what they asked for, and every timer has run often enough.</summary>
    public void Recover()
    {
        World.Say("recovery");
        World.Fate = new GoodFate();
        _vendor.Trouble = 0;
        Finish();
        // Leases run out, imports count as stuck, backoffs end, abandoned blobs are old enough.
        foreach (var pass in (TimeSpan[])[TimeSpan.FromMinutes(20), TimeSpan.FromHours(7), TimeSpan.FromMinutes(2)])
        {
            World.Advance(pass);
            foreach (var function in (Function[])[Function.Sweep, Function.Fetch, Function.Replay, Function.Recompute, Function.Audit, Function.Recompute, Function.Publish])
            {
                Begin(new Due(function));
                Finish();
            }
        }
        if (Happened.OfType<Erase>().Any()) SweepAgain();
    }

    /// <summary>A day later the second sweep runs, and after it everything comes once more.</summary>
    private void SweepAgain()
    {
        // The first of the two may be what finishes the first sweep.
        for (var day = 0; day < 2; day++)
        {
            World.Advance(TimeSpan.FromHours(25));
            foreach (var function in (Function[])[Function.Sweep, Function.Erasures, Function.Recompute, Function.Audit, Function.Publish])
            {
                Begin(new Due(function));
                Finish();
            }
        }
        var erased = new Oracle(Happened).Erased.Select(said => said.Id).ToHashSet();
        foreach (var deliver in Happened.OfType<Deliver>().Where(deliver => deliver.Responses.Any(said => erased.Contains(said.Id))).ToList())
            World.Run(Anybody, "deliver again", async () =>
            {
                var before = ToldErased();
                if (!await DeliverAsync(Anybody, deliver.Responses[0].Source, Body(deliver.Responses), deliver.Responses)) throw new PromiseBrokenException("1", "not taken");
                var expected = deliver.Responses.Count(said => erased.Contains(said.Id));
                if (ToldErased() - before != expected) throw new PromiseBrokenException("7", $"{deliver} was told {ToldErased() - before} erased, should be {expected}");
            });
        foreach (var announce in Happened.OfType<Announce>().Where(announce => erased.Contains(announce.Response.Id)).ToList())
            World.Run(Anybody, "announce again", async () => await DeliverAsync(Anybody, announce.Response.Source, Vendor.Event(announce.Response), [announce.Response]));
        Begin(new Due(Function.Fetch));
        Finish();

        int ToldErased() => Told.Where(told => told.Key.Fate == "erased").Sum(told => told.Value);
    }

    /// <summary>Everything that was asked for and not answered is asked for until it is.</summary>
    public void Finish()
    {
        for (var round = 0; ; round++)
        {
            Revive();
            while (World.Step()) Revive();
            if (_asked.Where(asked => !asked.IsAnswered).ToList() is not { Count: > 0 } open) return;
            if (round > 20) throw new PromiseBrokenException("1", "never answered: " + string.Join(", ", open.Select(one => one.Name)), open[0].Fault);
            foreach (var one in open)
            {
                one.Try();
                while (World.Step())
                {
                }
            }
        }
    }

    public void Begin(ScriptEvent what)
    {
        Happened.Add(what);
        World.Say($"event {what}");
        switch (what)
        {
            case Deliver deliver:
                Ask($"deliver {deliver.Number}", instance => DeliverAsync(instance, deliver.Responses[0].Source, Body(deliver.Responses), deliver.Responses), deliver.Responses.Count);
                break;
            case Announce announce:
                _vendor.Has(announce.Response);
                Ask($"announce {announce.Number}", instance => DeliverAsync(instance, announce.Response.Source, Vendor.Event(announce.Response), [announce.Response]), 1);
                break;
            case DropPoll drop:
                DropFile("poll-drop", $"northern/{drop.File}", Csv(drop));
                if (drop.IsTold) Ask($"import {drop.File}", async instance => await Done(instance.Get<Triggers.ImportPoll>().Run(null!, "northern", drop.File, CancellationToken.None)));
                break;
            case DropEngagements drop:
                DropFile("register", "engagements.csv", "urn,engaged_on,strand\n" + string.Concat(drop.Urns.Select(urn => $"{urn},2026-01-05,SEND Review\n")));
                if (drop.IsTold) Ask("import engagements", async instance => await Done(instance.Get<Triggers.ImportRegister>().Run(null!, "engagements.csv", CancellationToken.None)));
                break;
            case PutForm put:
                Operator($"put form {put.Version}", instance => request => instance.Get<Triggers.PutInstrument>().Run(request, "leaders-form", CancellationToken.None), Form(put.Version));
                break;
            case Close:
                Operator("close", instance => request => instance.Get<Triggers.CloseWave>().Run(request, Wave, CancellationToken.None), """{"reason":"fieldwork complete"}""");
                break;
            case Reissue:
                Operator("reissue", instance => request => instance.Get<Triggers.ReissueWave>().Run(request, Wave, CancellationToken.None), """{"reason":"more came"}""");
                break;
            case Withdraw withdraw:
                Ask("withdraw", async instance =>
                {
                    var (status, said) = await instance.CallAsync(
                        request => instance.Get<Triggers.WithdrawImport>().Run(request, CancellationToken.None),
                        JsonSerializer.Serialize(new { supplier = "northern", file = withdraw.File, reason = "the wrong file" }));
                    World.Heard($"{status} {said}");
                    // It does not count, or not yet: the operator is told so, and it is as if they had not asked.
                    if (status is >= 400 and < 500) Happened.Remove(withdraw);
                    return status < 500;
                });
                break;
            case Erase erase:
                Ask($"erase {erase.Number}", async instance =>
                {
                    var (status, said) = await instance.CallAsync(request => instance.Get<Triggers.RequestErasure>().Run(request, CancellationToken.None), Request(erase));
                    World.Heard($"{status} {said}");
                    return status is 201 or 202 or >= 500 ? status < 500 : throw new PromiseBrokenException("7", $"an erasure was answered with {status} {said}");
                });
                break;
            case Due { Function: Function.Replay }:
                Operator("replay", instance => request => instance.Get<Triggers.ReplayQuarantine>().Run(request, CancellationToken.None), """{"reason":"answer-unknown"}""");
                break;
            case Due due:
                Ask(due.Function.ToString(), async instance => await Done(RunTimer(instance, due.Function)), 0, isOnce: true);
                break;
            case Pass pass:
                World.Advance(pass.By);
                break;
            case Later later:
                var fate = World.Fate;
                World.Fate = new GoodFate();
                Finish();
                World.Advance(later.By);
                World.Fate = fate;
                break;
            default:
                throw new InvalidOperationException($"Nobody knows how to begin {what}.");
        }
    }

    private static async Task<bool> Done(Task task)
    {
        await task;
        return true;
    }

    private static Task RunTimer(Instance instance, Function function) => function switch
    {
        Function.Recompute => instance.Get<Triggers.RecomputeKpis>().Run(new TimerInfo(), CancellationToken.None),
        Function.Publish => instance.Get<Triggers.PublishSnapshot>().Run(new TimerInfo(), CancellationToken.None),
        Function.Sweep => instance.Get<Triggers.SweepDrops>().Run(new TimerInfo(), CancellationToken.None),
        Function.Audit => instance.Get<Triggers.AuditTotals>().Run(new TimerInfo(), CancellationToken.None),
        Function.Fetch => instance.Get<Triggers.FetchPending>().Run(new TimerInfo(), CancellationToken.None),
        Function.Erasures => instance.Get<Triggers.SweepErasures>().Run(new TimerInfo(), CancellationToken.None),
        Function.Retention => instance.Get<Triggers.ApplyRetention>().Run(new TimerInfo(), CancellationToken.None),
        _ => throw new InvalidOperationException($"{function} is no timer."),
    };

    private async Task<bool> DeliverAsync(Instance instance, string source, string body, IReadOnlyList<Said> responses)
    {
        var day = instance.Clock.GetUtcNow().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        if (await instance.DeliverAsync(source, body) is not { } reply) return false;
        foreach (var fate in reply.EnumerateObject().Where(fate => fate.Name != "received" && fate.Value.GetInt32() > 0))
            Told[(day, source, fate.Name)] = Told.GetValueOrDefault((day, source, fate.Name)) + fate.Value.GetInt32();
        Promises.IsThere(World.Account, responses);
        return true;
    }

    private void Operator(string name, Func<Instance, Func<Microsoft.AspNetCore.Http.HttpRequest, Task<Microsoft.AspNetCore.Http.IResult>>> function, string body) => Ask(name, async instance =>
    {
        var (status, said) = await instance.CallAsync(function(instance), body);
        World.Heard($"{status} {said}");
        return status < 500;
    });

    private void DropFile(string container, string name, string content)
    {
        // Which of two drops is later is told by whole seconds.
        World.Advance(TimeSpan.FromSeconds(1.1));
        World.Account.Drop(container, name, Encoding.UTF8.GetBytes(content));
    }

    private void Ask(string name, Func<Instance, Task<bool>> action, int responses = 0, bool isOnce = false)
    {
        var asked = new Asked(this, name, action, responses, isOnce);
        _asked.Add(asked);
        asked.Try();
    }

    private Instance Living(int index)
    {
        if (_instances[index].IsDead) _instances[index] = Make(_skews[index]);
        return _instances[index];
    }

    private void Revive()
    {
        for (var index = 0; index < _instances.Length; index++) Living(index);
    }

    private Instance Make(TimeSpan skew) => new(World, $"i{++_made}", skew, _vendor);

    private static string Body(IReadOnlyList<Said> responses) => JsonSerializer.Serialize(responses.Select(one => new
    {
        form = "leaders",
        response = one.Id,
        submitted = one.Submitted,
        updated = one.Updated,
        hidden = new { urn = one.Urn, key = one.Key, weight = one.Weight.ToString(CultureInfo.InvariantCulture), email = "canary@school.example" },
        answers = new { role = one.Role, q_every_teacher = one.Answer, mark = long.Parse(one.Mark, CultureInfo.InvariantCulture) },
        text = new { why = "canary text" },
    }));

    private static string Csv(DropPoll drop) => "RecordNo,wave,urn,role,Q1,weight,person,ref\n"
        + string.Concat(drop.Rows.Select((row, index) => string.Create(CultureInfo.InvariantCulture, $"{index + 1},Autumn 2026,{row.Urn},{row.Role},{row.Answer},{row.Weight},{row.Key},{row.Mark}\n")))
        + (drop.IsGood ? "" : "9999,Autumn 2026,100024,leader,canary answer,1,q9999,0\n");

    private static string Request(Erase erase) => JsonSerializer.Serialize(erase.By switch
    {
        ErasedBy.Email => (object)new { email = erase.Whom, reason = "letter 17" },
        ErasedBy.Respondent => new { respondent = new { key = erase.Whom, instruments = (string[])["leaders-form", "leaders-poll"] }, reason = "letter 18" },
        ErasedBy.School => new { school = erase.Whom, reason = "letter 19" },
        _ => erase.Whom.StartsWith('9')
            ? new { response = new { source = "leaders_monkey", form = Vendor.Survey, id = erase.Whom }, reason = "letter 20" }
            : new { response = new { source = "leaders_json", form = "leaders", id = erase.Whom }, reason = "letter 20" },
    });

    private static string Form(int version) => $$$"""
        {"title":"Leaders and SENCOs, form","collection":"leaders","form":{"source":"leaders_json","id":"leaders"},"wave":{"value":"2026-spring"},
         "school":{"field":"hidden.urn"},"respondent":{"field":"hidden.key"},"role":{"field":"role","codes":{"leader":"leader","senco":"senco"}},"weight":{"field":"hidden.weight"},
         "items":[{"indicator":"every-teacher-responsible","field":"q_every_teacher","codes":{{{Codes(version)}}}}]}
        """;

    private static string Codes(int version) => JsonSerializer.Serialize(
        ((string[])["fully", "partly", "not", "dk", "mostly", "hardly"]).Where(answer => Script.Code(answer, version) is not null).ToDictionary(answer => answer, answer => Script.Code(answer, version)));

    private const string MonkeyForm = """
        {"title":"Leaders, SurveyMonkey","collection":"leaders","form":{"source":"leaders_monkey","id":"105"},"wave":{"value":"2026-spring"},
         "school":{"field":"hidden.urn"},"respondent":{"field":"hidden.key"},"role":{"value":"leader"},
         "items":[{"indicator":"every-teacher-responsible","field":"300","codes":{"fully":"fully","partly":"partly","not":"not"}}]}
        """;

    private const string PollForm = """
        {"title":"Leaders and SENCOs poll","collection":"leaders","poll":{"supplier":"northern","files":"leaders-*.csv"},"wave":{"field":"wave","codes":{"Autumn 2026":"2026-autumn"}},
         "school":{"field":"urn"},"respondent":{"field":"person"},"role":{"field":"role","codes":{"leader":"leader","senco":"senco"}},"weight":{"field":"weight"},
         "items":[{"indicator":"every-teacher-responsible","field":"Q1","codes":{"fully":"fully","partly":"partly","not":"not","dk":"dk"}}]}
        """;

    /// <summary>Something somebody wants done, and tries again until they are told that it is.</summary>
    private sealed class Asked(Story story, string name, Func<Instance, Task<bool>> action, int responses, bool isOnce)
    {
        private Operation? _running;
        private int _tries;

        public string Name => name;

        public bool IsForm => name.StartsWith("put form", StringComparison.Ordinal);

        public bool IsAnswered { get; private set; }

        /// <summary>What ended the last try.</summary>
        public Exception? Fault { get; private set; }

        public bool IsToBeTriedAgain => !IsAnswered && _running!.IsOver && _tries < MostTries;

        public void Try()
        {
            if (_running is { IsOver: false }) return;
            if (_tries++ > 0) story.Untold += responses;
            var instance = story.Living(story.World.Fate.Choose(story._instances.Length));
            _running = story.World.Begin(instance, name, async () =>
            {
                try
                {
                    IsAnswered = await action(instance);
                }
                // As the host does: told in the log, and whoever asked sees that it failed. A timer has its next turn.
                catch (Exception fault) when (fault is not PromiseBrokenException)
                {
                    Fault = fault;
                    story.World.Heard($"{name} failed: {fault}");
                    story.World.Say($"{instance.Name} failed {name}: {fault.GetType().Name} {fault.Message.Split('\n')[0]}");
                    IsAnswered = isOnce;
                }
            });
        }
    }
}
