using System.Globalization;
using WholeSchoolSend.Testing;

namespace WholeSchoolSend.Functions.Tests.Senders;

/// <summary>
/// Every sender's documented retry machine is played against us in every situation. Nothing is lost that its sender still had, nothing is doubled, and
/// no sender is driven to where it stops for good. What was seen is <c>docs/conformance.md</c>.
/// </summary>
[CollectionDefinition(nameof(ConformanceTests), DisableParallelization = true)]
[Collection(nameof(ConformanceTests))]
[Trait("Needs", "Azurite")]
public sealed class ConformanceTests(Receiver receiver) : IClassFixture<Receiver>
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan NoEnd = TimeSpan.MaxValue;

    public static TheoryData<string> Situations => [.. Situation.All.Select(situation => situation.Title)];

    [Theory]
    [MemberData(nameof(Situations))]
    public async Task Nothing_is_lost_or_doubled_and_no_sender_stops(string title)
    {
        var number = Situation.All.TakeWhile(one => one.Title != title).Count() + 1;
        var situation = Situation.All[number - 1];
        await receiver.StartAsync(situation.Kills);
        await WarmAsync(number);
        var isOn = true;
        var courses = Everybody.Senders.Select((sender, index) => new Course(
            sender,
            [
                new Errand(situation.First(Submission.A(Id(number, index, 1))), TimeSpan.Zero),
                new Errand(Submission.A(Id(number, index, 2)), Minute),
                new Errand(Submission.A(Id(number, index, 3)), situation.Lasts + 2 * Minute),
            ],
            AttemptAsync)).ToList();

        await situation.Begin(receiver);
        foreach (var sender in Everybody.Senders)
            if (!situation.Kills && situation.Source(sender) == sender.Source) Assert.True(await sender.ProbeAsync(receiver.Http, $"/api/webhooks/{situation.Source(sender)}"), $"{sender} is not content with the answer to its probe.");
        var playing = courses.Select(course => course.PlayAsync(situation.Lasts)).ToList();
        await situation.During(receiver, courses.Count);
        await Task.WhenAll(playing);
        isOn = false;
        await situation.End(receiver);
        if (situation.Kills) await WarmAsync(number);
        await Task.WhenAll(courses.Select(course => course.PlayAsync(NoEnd)));

        var stored = await Stored.ReadAsync(receiver.Undisturbed);
        Assert.All(courses, course => CheckOne(situation, course, stored));
        ConformanceDocument.Check(title, Section(situation, courses, stored));

        async Task<HttpResponseMessage> AttemptAsync(Sender sender, IReadOnlyList<Submission> submissions)
        {
            var isFirst = submissions is [var one, ..] && one.Id == Id(number, Index(sender), 1);
            var post = (isFirst ? situation.FirstPost?.Invoke(sender, submissions[0]) : null) ?? sender.Write(submissions);
            var disturbed = isOn;
            post = post.Proven(sender.Tool, sender.Verification, disturbed ? situation.Secret(sender) : sender.Secret, TimeProvider.System.GetUtcNow());
            var answer = await receiver.Http.SendAsync(post.To($"/api/webhooks/{(disturbed ? situation.Source(sender) : sender.Source)}"));
            if (!disturbed || !situation.AnswersGetLost) return answer;
            answer.Dispose();
            throw new HttpRequestException("The connection broke before the answer.");
        }
    }

    [Fact]
    public void The_document_says_how_each_sender_behaves_and_holds_no_more_than_was_played()
    {
        ConformanceDocument.Check(ConformanceDocument.Preface, $"""
            # What each survey tool does when something goes wrong

            Every sender's retry machine, as its vendor documents it or its source has it, was played against this pipeline in every situation below: real requests,
            validly signed, against the real app with a storage account that was disturbed; only the senders' clocks did not wait. This file is written by the
            tests and held against what they see:

                {ConformanceDocument.Command}

            In every situation: nothing is lost that its sender still had, nothing is stored twice, no webhook is ended, and every request after the situation is
            over is taken. What a sender itself gave up while it lasted is *given up*: the last column says what brings it here.

            {ConformanceDocument.Table(["sender", "source's tool", "its machine", "what it gave up comes by"], Everybody.Senders.Select(sender => new[] { sender.Name, $"`{sender.Tool}`, {sender.Verification}", sender.Machine, sender.Heals }))}
            Two things no answer can change: Typeform ends a webhook that has only failed for a day (300 tries) or for five minutes (100 tries), whatever the reason; and what a
            sender posts only once is here or is not. For the latter watch the counts, and see the last column.

            Each had three responses to send: at the beginning, a minute later, and when it was over. *Told* is what the first of them was told, in order, and when by the
            sender's clock it was taken.
            """);
        Assert.Empty(ConformanceDocument.Strangers());
    }

    /// <summary>What must hold for every sender in every situation.</summary>
    private static void CheckOne(Situation situation, Course course, Stored stored)
    {
        foreach (var (errand, number) in course.Errands.Select((errand, index) => (errand, index + 1)))
        {
            var places = stored.PlacesOf(course.Sender, errand.Submission);
            var what = $"{course.Sender}, response {number}: told {string.Join(' ', errand.Told)}, {errand.Standing}, {string.Join(" and ", places)}";
            var refused = number == 1 && situation.RefusesTheFirst;
            var isAfter = errand.Last >= situation.Lasts;
            Assert.True(places.Count <= 1, $"Doubled. {what}");
            Assert.True(errand.Standing is Standing.Taken or Standing.GivenUp || (refused && errand.Standing == Standing.Waiting), $"Stopped for good. {what}");
            Assert.True(errand.Standing == Standing.Taken || refused || !isAfter, $"Refused when all was well again. {what}");
            Assert.True(errand.Standing != Standing.Taken || places.Count == 1 || (situation.Drops && !isAfter), $"Told that it was taken, and not here. {what}");
            Assert.True(errand.Told.TrueForAll(told => told.Status is 200 or 401 or 413 or 503 or < 0), $"Told what senders punish. {what}");
        }
    }

    private static string Section(Situation situation, IReadOnlyList<Course> courses, Stored stored)
    {
        var rows = courses
            .Select(course => (course.Sender.Name, Told: Told(course.Errands[0]), End: End(course, stored)))
            .GroupBy(row => (row.Told, row.End))
            .Select(group => new[] { string.Join(", ", group.Select(row => row.Name)), group.Key.Told, group.Key.End });
        return $"{situation.Words}\n\n{ConformanceDocument.Table(["senders", "told", "the three responses"], rows)}";
    }

    private static string Told(Errand errand)
    {
        var runs = new List<(Told Told, int Times)>();
        foreach (var told in errand.Told)
        {
            if (runs.Count > 0 && runs[^1].Told == told) runs[^1] = (told, runs[^1].Times + 1);
            else runs.Add((told, 1));
        }
        var text = string.Join(", ", runs.Select(run => run.Times == 1 ? run.Told.ToString() : $"{run.Told} ×{run.Times.ToString(CultureInfo.InvariantCulture)}"));
        if (errand.Standing == Standing.Waiting) return $"{text} and on";
        return errand.Standing == Standing.Taken && errand.Last > TimeSpan.Zero ? $"{text} after {Words(errand.Last)}" : text;
    }

    private static string End(Course course, Stored stored)
    {
        var ends = course.Errands.Select(errand => (errand.Standing, Place: stored.PlacesOf(course.Sender, errand.Submission) is [var only] ? only : null) switch
        {
            (Standing.Taken, { } place) => place,
            (Standing.Taken, null) => "dropped",
            (_, { } place) => place + " though the sender was not told",
            (Standing.Waiting, _) => "still sent again",
            _ => "given up",
        }).ToList();
        return string.Join(", ", ends.GroupBy(end => end).Select(group => $"{group.Count().ToString(CultureInfo.InvariantCulture)} {group.Key}"));
    }

    private static string Words(TimeSpan time) => time switch
    {
        { TotalHours: >= 1 } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalHours:0.#} h"),
        { TotalMinutes: >= 1 } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalMinutes:0.#} min"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.#} s"),
    };

    /// <summary>
    /// One response of every sender first: on a machine that is busy with other tests, a process that has just started may need longer than we let a
    /// sender wait, and answers 503. That is not the situation.
    /// </summary>
    private Task<string[]> WarmAsync(int situation) => Task.WhenAll(Everybody.Senders.Select((sender, index) => Pipeline.EventuallyAsync(
        async () =>
        {
            var post = sender.Write(Submission.A(Id(situation, index, 9))).Proven(sender.Tool, sender.Verification, sender.Secret, TimeProvider.System.GetUtcNow());
            using var answer = await receiver.Http.SendAsync(post.To($"/api/webhooks/{sender.Source}"));
            return (int)answer.StatusCode == 200 ? "warm" : null;
        },
        $"{sender} to be taken")));

    /// <summary>Nine digits, because some tools number their responses.</summary>
    private static string Id(int situation, int sender, int response) => string.Create(CultureInfo.InvariantCulture, $"7{situation:00}{sender:00}000{response}");

    private static int Index(Sender sender) => Everybody.Senders.TakeWhile(one => one != sender).Count();
}
