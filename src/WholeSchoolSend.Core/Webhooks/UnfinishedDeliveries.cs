using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace WholeSchoolSend.Core.Webhooks;

/// <summary>
/// How far deliveries came that were told to come again. The same delivery goes on under its old receipt where it stopped: its sender is told of
/// every response once, the ledger has one row for each, and a large batch ends although no single try is long enough for it.
/// </summary>
/// <remarks>
/// Kept by one process and for the newest deliveries only. Where it is lost, what is settled is found in storage again, as a duplicate.
/// </remarks>
internal sealed class UnfinishedDeliveries
{
    private const int Most = 16;

    private readonly List<(string Key, UnfinishedDelivery Unfinished)> _known = [];

    /// <summary>Takes over what is known of this delivery, so that nobody else does meanwhile; null: it is a new one.</summary>
    /// <param name="sent">what it was decoded to: headers, which differ between tries, may name a form.</param>
    public UnfinishedDelivery? Take(string source, Delivery delivery, IReadOnlyList<SurveyResponse> sent)
    {
        lock (_known) if (_known.Count == 0) return null;
        var key = Key(source, delivery, sent);
        lock (_known)
        {
            if (_known.FindIndex(one => one.Key == key) is >= 0 and var at)
            {
                var found = _known[at].Unfinished;
                _known.RemoveAt(at);
                return found;
            }
            return null;
        }
    }

    public void Keep(string source, Delivery delivery, IReadOnlyList<SurveyResponse> sent, UnfinishedDelivery unfinished)
    {
        var key = Key(source, delivery, sent);
        lock (_known)
        {
            if (_known.Count == Most) _known.RemoveAt(0);
            _known.Add((key, unfinished));
        }
    }

    /// <summary>The day is part of it: what is told on a day is of that day in the ledger.</summary>
    private static string Key(string source, Delivery delivery, IReadOnlyList<SurveyResponse> sent)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{source}\n{delivery.Received.UtcDateTime:yyyy-MM-dd}\n")));
        hash.AppendData(delivery.Body.Span);
        foreach (var response in sent) hash.AppendData(Encoding.UTF8.GetBytes(Identity.OfResponse(source, response.Form, response.Id)));
        return Convert.ToHexString(hash.GetHashAndReset());
    }
}

/// <summary>One delivery, and what became of its responses so far.</summary>
internal sealed class UnfinishedDelivery(DateTimeOffset received, int responses)
{
    public string Id { get; } = Guid.NewGuid().ToString("N");

    public DateTimeOffset Received => received;

    /// <summary>Null: not settled yet.</summary>
    public Fate?[] Fates { get; } = new Fate?[responses];

    /// <summary>Codes of what was quarantined.</summary>
    public ConcurrentDictionary<string, bool> Reasons { get; } = new(StringComparer.Ordinal);
}
