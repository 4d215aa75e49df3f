using System.Net.Sockets;
using WholeSchoolSend.Testing;

namespace WholeSchoolSend.Functions.Tests.Senders;

/// <summary>What a response has come to, as its sender sees it.</summary>
internal enum Standing
{
    Waiting,
    Taken,

    /// <summary>No further attempt of its own.</summary>
    GivenUp,

    /// <summary>The webhook was ended before or by it.</summary>
    Ended,
}

/// <summary>One response on its way.</summary>
internal sealed class Errand(Submission submission, TimeSpan due)
{
    public Submission Submission => submission;

    public TimeSpan Due { get; set; } = due;

    public List<Told> Told { get; } = [];

    /// <summary>When the last attempt was, by the sender's clock.</summary>
    public TimeSpan Last { get; set; }

    public Standing Standing { get; set; }
}

/// <summary>One sender's responses, played by its machine on a clock that does not wait.</summary>
/// <param name="attempt">makes one request with these submissions.</param>
internal sealed class Course(Sender sender, IReadOnlyList<Errand> errands, Func<Sender, IReadOnlyList<Submission>, Task<HttpResponseMessage>> attempt)
{
    /// <summary>More than any documented end of life; who has no end is still trying then.</summary>
    public const int MostTries = 100;

    public Sender Sender => sender;

    public IReadOnlyList<Errand> Errands => errands;

    /// <summary>Makes every attempt that is due before this time, one after the other.</summary>
    public async Task PlayAsync(TimeSpan until)
    {
        while (errands.Where(errand => errand.Standing == Standing.Waiting && errand.Due < until && errand.Told.Count < MostTries).MinBy(errand => errand.Due) is { } next)
        {
            var now = next.Due;
            var together = sender.Most == 1 ? [next] : errands.Where(errand => errand.Standing == Standing.Waiting && errand.Due <= now).Take(sender.Most).ToList();
            var told = await TellAsync([.. together.Select(errand => errand.Submission)]);
            foreach (var errand in together)
            {
                errand.Told.Add(told);
                errand.Last = now;
            }
            if (sender.IsSuccess(told)) together.ForEach(errand => errand.Standing = Standing.Taken);
            else if (sender.IsEndedBy(told)) foreach (var errand in errands.Where(errand => errand.Standing == Standing.Waiting)) errand.Standing = Standing.Ended;
            else Fail(together, told, now);
        }
    }

    private void Fail(List<Errand> together, Told told, TimeSpan now)
    {
        var again = sender.Again(told, together.Max(errand => errand.Told.Count));
        foreach (var errand in together)
        {
            if (again is { } wait) errand.Due = now + wait;
            else errand.Standing = Standing.GivenUp;
        }
        if (!sender.BlocksTheRest || again is not { } pause) return;
        // What is blocked comes one moment after what blocks it, in a request of its own.
        foreach (var errand in errands.Where(errand => errand.Standing == Standing.Waiting && !together.Contains(errand) && errand.Due <= now + pause))
            errand.Due = now + pause + TimeSpan.FromSeconds(1);
    }

    private async Task<Told> TellAsync(IReadOnlyList<Submission> submissions)
    {
        try
        {
            using var answer = await attempt(sender, submissions).WaitAsync(sender.Patience);
            return new Told((int)answer.StatusCode);
        }
        catch (TimeoutException)
        {
            return Told.TimedOut;
        }
        catch (HttpRequestException broken)
        {
            return broken.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionRefused } ? Told.Refused : Told.CutOff;
        }
    }
}
