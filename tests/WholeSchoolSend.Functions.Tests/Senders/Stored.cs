using System.Text;
using System.Text.Json;
using Azure.Data.Tables;
using WholeSchoolSend.Core.Webhooks;
using WholeSchoolSend.Testing;

namespace WholeSchoolSend.Functions.Tests.Senders;

/// <summary>Where responses are, read from the rows themselves and not through the app.</summary>
internal sealed class Stored
{
    private readonly List<string> _evidence = [];
    private readonly List<string> _quarantine = [];
    private readonly List<string> _pending = [];
    private readonly List<string> _raw = [];

    public static async Task<Stored> ReadAsync(string connection)
    {
        var stored = new Stored();
        var tables = new TableServiceClient(connection);
        await foreach (var row in Rows("Evidence"))
            if (row.RowKey.StartsWith("R~", StringComparison.Ordinal)) stored._evidence.Add(row.RowKey[(row.RowKey.LastIndexOf('~') + 1)..]);
        await foreach (var row in Rows("Pending"))
            if (row.RowKey.StartsWith("N~", StringComparison.Ordinal)) stored._pending.Add(row.RowKey["N~".Length..]);
        await foreach (var row in Rows("Quarantine"))
        {
            if (row.GetString("Identity") is { } identity) stored._quarantine.Add(identity);
            else stored._raw.Add($"{row.GetString("Source")} {RawBody(row)}");
        }
        return stored;

        IAsyncEnumerable<TableEntity> Rows(string name) => tables.GetTableClient(name).QueryAsync<TableEntity>();
    }

    /// <summary>In which places the response is: exactly one, where it is stored.</summary>
    public IReadOnlyList<string> PlacesOf(Sender sender, Submission submission)
    {
        var identity = Identity.OfResponse(sender.Source, submission.Form, submission.Id);
        return
        [
            .. _evidence.Where(one => one == identity).Select(_ => "in evidence"),
            .. _pending.Where(one => one == identity).Select(_ => "pending"),
            // There an entry is a receipt: what came twice has two, and is one response all the same.
            .. _quarantine.Where(one => one == identity).Take(1).Select(_ => "in quarantine"),
            .. _raw.Where(one => one.StartsWith(sender.Source + " ", StringComparison.Ordinal) && one.Contains(submission.Id, StringComparison.Ordinal)).Take(1).Select(_ => "in quarantine"),
        ];
    }

    private static string RawBody(TableEntity row)
    {
        using var content = JsonDocument.Parse(row.GetBinary("Json0"));
        return Encoding.UTF8.GetString(content.RootElement.EnumerateObject().Single(member => member.NameEquals("rawBody")).Value.GetBytesFromBase64());
    }
}
