using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace WholeSchoolSend.Testing.Simulation;

/// <summary>A row of a table; it never changes, another state is another row.</summary>
public sealed record SimulatedRow(string Partition, string Key, DateTimeOffset Timestamp, IReadOnlyList<KeyValuePair<string, object>> Properties)
{
    public string ETag => $"W/\"datetime'{Uri.EscapeDataString(Timestamp.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffffffZ", CultureInfo.InvariantCulture))}'\"";

    public object? Value(string name) => name switch
    {
        "PartitionKey" => Partition,
        "RowKey" => Key,
        "Timestamp" => Timestamp,
        _ => Properties.FirstOrDefault(property => property.Key == name).Value,
    };
}

/// <summary>Tables: rows by partition and row key, in ordinal order.</summary>
internal sealed partial class SimulatedTables
{
    private const int MaxPage = 1_000;
    private const int MaxActions = 100;
    private const int MaxRequest = 4 * 1024 * 1024;
    private const int MaxEntity = 1024 * 1024;
    private const int MaxValue = 64 * 1024;
    private const int MaxKey = 1024;
    private const int MaxProperties = 252;

    // In a tree that never changes: a million rows take a row as fast as ten do, and a copy costs nothing.
    private static readonly ImmutableSortedSet<SimulatedRow> Empty = ImmutableSortedSet.Create<SimulatedRow>(Comparer<SimulatedRow>.Create((one, other) =>
        string.CompareOrdinal(one.Partition, other.Partition) is not 0 and var partition ? partition : string.CompareOrdinal(one.Key, other.Key)));

    private readonly SortedDictionary<string, Table> _tables = new(StringComparer.OrdinalIgnoreCase);

    public SimulatedTables Clone()
    {
        var clone = new SimulatedTables();
        foreach (var (name, table) in _tables) clone._tables.Add(name, table with { Before = null });
        return clone;
    }

    public IReadOnlyList<SimulatedRow> Rows(string table) => _tables.TryGetValue(table, out var found) ? found.Rows : [];

    public IReadOnlyList<string> Names() => [.. _tables.Values.Select(table => table.Name)];

    public void Remove(string table, SimulatedRow row) => _tables[table].Rows = _tables[table].Rows.Remove(row);

    public static string Error(string code, string? message) =>
        $"{{\"odata.error\":{{\"code\":\"{code}\",\"message\":{{\"lang\":\"en-US\",\"value\":\"{message ?? code}\"}}}}}}";

    public ServiceResponse Handle(ServiceRequest request, SimulatedAccount account)
    {
        var resource = request.Resource;
        if (resource == "$batch") return Batch(request, account);
        if (resource == "Tables") return request.Method == "POST" ? Create(request) : List(request);
        if (resource.StartsWith("Tables('", StringComparison.Ordinal) && request.Method == "DELETE")
            return _tables.Remove(resource["Tables('".Length..^"')".Length]) ? ServiceResponse.Empty(204) : throw new ServiceErrorException(404, "ResourceNotFound");
        if (request.Method == "GET") return resource.Contains("(PartitionKey", StringComparison.Ordinal) ? Get(request) : Query(request, account);
        var response = Change(Action.From(request.Method, resource, request.Headers, request.Body), account, out _);
        return response;
    }

    private ServiceResponse Create(ServiceRequest request)
    {
        using var json = JsonDocument.Parse(request.Body);
        var name = json.RootElement.GetProperty("TableName").GetString()!;
        if (!_tables.TryAdd(name, new Table(name) { Rows = Empty })) throw new ServiceErrorException(409, "TableAlreadyExists");
        return ServiceResponse.Empty(204);
    }

    private ServiceResponse List(ServiceRequest request)
    {
        var fits = TableFilter.Parse(request.Parameter("$filter"));
        var names = _tables.Values.Where(table => fits(new SimulatedRow("", "", default, [KeyValuePair.Create("TableName", (object)table.Name)])))
            .Select(table => $"{{\"TableName\":\"{table.Name}\"}}");
        return ServiceResponse.Text(200, $"{{\"value\":[{string.Join(',', names)}]}}", ("Content-Type", "application/json"));
    }

    private ServiceResponse Get(ServiceRequest request)
    {
        var (name, partition, key) = Action.Address(request.Resource);
        if (!Find(name).Rows.TryGetValue(At(partition!, key!), out var row)) throw new ServiceErrorException(404, "ResourceNotFound");
        return Json(json => Write(json, row, Selected(request)), ("ETag", row.ETag));
    }

    private ServiceResponse Query(ServiceRequest request, SimulatedAccount account)
    {
        var resource = request.Resource;
        var table = Find(resource.EndsWith("()", StringComparison.Ordinal) ? resource[..^2] : resource);
        var fits = TableFilter.Parse(request.Parameter("$filter"));
        var most = request.Parameter("$top") is { Length: > 0 } top ? Math.Min(int.Parse(top, CultureInfo.InvariantCulture), MaxPage) : MaxPage;
        var page = Math.Clamp(account.PageSize(most), 0, most);
        var from = (request.Parameter("NextPartitionKey"), request.Parameter("NextRowKey"));
        var rows = account.Breaks(BrokenRules.ReadsStaleRanges) && table.Reads++ % 2 == 1 && table.Before is { } stale ? stale : table.Rows;

        var found = new List<SimulatedRow>();
        SimulatedRow? next = null;
        // A range of one partition is found by its keys, as the service does; whatever else is asked looks at every row.
        var range = TableFilter.Range(request.Parameter("$filter"));
        var first = from.Item1 is not null ? At(from.Item1, from.Item2 ?? "") : range is { } begins ? At(begins.Partition, begins.From) : null;
        var end = range is { } ends ? FirstAtLeast(rows, At(ends.Partition, ends.To)) : rows.Count;
        for (var at = first is null ? 0 : FirstAtLeast(rows, first); at < end; at++)
        {
            var row = rows[at];
            if (!fits(row)) continue;
            if (found.Count == page)
            {
                next = row;
                break;
            }
            found.Add(row);
        }
        var selected = Selected(request);
        var response = Json(json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("value");
            foreach (var row in found) Write(json, row, selected);
            json.WriteEndArray();
            json.WriteEndObject();
        });
        if (next is null) return response;
        response.Headers["x-ms-continuation-NextPartitionKey"] = next.Partition;
        response.Headers["x-ms-continuation-NextRowKey"] = next.Key;
        return response;
    }

    private ServiceResponse Batch(ServiceRequest request, SimulatedAccount account)
    {
        if (request.Body.Length > MaxRequest) throw new ServiceErrorException(413, "RequestBodyTooLarge");
        var actions = Action.Parts(Encoding.UTF8.GetString(request.Body)).ToList();
        var (status, code) = actions switch
        {
            _ when actions.Count > MaxActions => (400, "InvalidInput"),
            _ when actions.DistinctBy(action => action.Partition).Count() > 1 => (400, "CommandsInBatchActOnDifferentPartitions"),
            _ when actions.DistinctBy(action => action.Key).Count() < actions.Count => (400, "InvalidDuplicateRow"),
            _ => (0, ""),
        };
        if (status != 0) return Answers([(status, null, Error(code, $"0:{code}"))]);

        var undo = new Stack<System.Action>();
        var answers = new List<(int Status, string? ETag, string? Error)>();
        for (var index = 0; index < actions.Count; index++)
        {
            try
            {
                var answer = Change(actions[index], account, out var back);
                undo.Push(back);
                answers.Add((answer.Status, answer.Headers.GetValueOrDefault("ETag"), null));
            }
            catch (ServiceErrorException refused)
            {
                if (account.Breaks(BrokenRules.DoesWhatItCan)) DoTheRest(actions.Skip(index + 1), account);
                else while (undo.TryPop(out var one)) one();
                return Answers([(refused.Status, null, Error(refused.Code, $"{index}:{refused.Code}"))]);
            }
        }
        return Answers(answers);
    }

    private void DoTheRest(IEnumerable<Action> rest, SimulatedAccount account)
    {
        foreach (var action in rest)
            try
            {
                Change(action, account, out _);
            }
            catch (ServiceErrorException)
            {
                // Nor can this one.
            }
    }

    private static ServiceResponse Answers(IReadOnlyList<(int Status, string? ETag, string? Error)> answers)
    {
        const string batch = "batchresponse_1";
        const string changes = "changesetresponse_1";
        var body = new StringBuilder($"--{batch}\r\nContent-Type: multipart/mixed; boundary={changes}\r\n\r\n");
        foreach (var (status, etag, error) in answers)
        {
            body.Append(CultureInfo.InvariantCulture, $"--{changes}\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\nHTTP/1.1 {status} X\r\n");
            if (etag is not null) body.Append(CultureInfo.InvariantCulture, $"ETag: {etag}\r\n");
            if (error is not null) body.Append("Content-Type: application/json\r\n");
            body.Append("\r\n").Append(error).Append("\r\n");
        }
        body.Append(CultureInfo.InvariantCulture, $"--{changes}--\r\n--{batch}--\r\n");
        return ServiceResponse.Text(202, body.ToString(), ("Content-Type", $"multipart/mixed; boundary={batch}"));
    }

    private ServiceResponse Change(Action action, SimulatedAccount account, out System.Action undo)
    {
        var table = Find(action.Table);
        if (account.Breaks(BrokenRules.ReadsStaleRanges) && table.Writes++ % 4 == 0) table.Before = table.Rows;
        var before = table.Rows;
        var there = before.TryGetValue(At(action.Partition, action.Key), out var found) ? found : null;
        undo = () => table.Rows = before;
        if (action.Kind == Kind.Add)
        {
            if (there is not null && !account.Breaks(BrokenRules.InsertOverwrites)) throw new ServiceErrorException(409, "EntityAlreadyExists");
        }
        else if (action.IfMatch is not null)
        {
            if (there is null) throw new ServiceErrorException(404, "ResourceNotFound");
            if (action.IfMatch != "*" && action.IfMatch != there.ETag && !account.Breaks(BrokenRules.IgnoresIfMatch)) throw new ServiceErrorException(412, "UpdateConditionNotSatisfied");
        }
        else if (action.Kind == Kind.Delete)
        {
            throw new ServiceErrorException(400, "MissingRequiredHeader");
        }
        if (action.Kind == Kind.Delete)
        {
            table.Rows = table.Rows.Remove(there!);
            return ServiceResponse.Empty(204);
        }
        var properties = action.Kind == Kind.Merge && there is not null
            ? [.. there.Properties.Where(property => !action.Properties.Any(changed => changed.Key == property.Key)), .. action.Properties]
            : action.Properties;
        var row = Checked(new SimulatedRow(action.Partition, action.Key, account.Stamp(), properties));
        table.Rows = (there is null ? table.Rows : table.Rows.Remove(there)).Add(row);
        return ServiceResponse.Empty(204, ("ETag", row.ETag));
    }

    private static SimulatedRow Checked(SimulatedRow row)
    {
        foreach (var key in (string[])[row.Partition, row.Key])
        {
            if (2 * key.Length > MaxKey) throw new ServiceErrorException(400, "KeyValueTooLarge");
            if (key.Any(c => c is '/' or '\\' or '#' or '?' || char.IsControl(c))) throw new ServiceErrorException(400, "OutOfRangeInput");
        }
        if (row.Properties.Count > MaxProperties) throw new ServiceErrorException(400, "TooManyProperties");
        var size = 4L + 2 * (row.Partition.Length + row.Key.Length);
        foreach (var (name, value) in row.Properties)
        {
            if (name.Length > 255) throw new ServiceErrorException(400, "PropertyNameTooLong");
            var bytes = value switch
            {
                string text => 2 * text.Length,
                byte[] binary => binary.Length,
                _ => 8,
            };
            if (bytes > MaxValue) throw new ServiceErrorException(400, "PropertyValueTooLarge");
            if (value is DateTimeOffset { Year: < 1601 }) throw new ServiceErrorException(400, "OutOfRangeInput");
            size += 8 + (2 * name.Length) + 4 + bytes;
        }
        return size <= MaxEntity ? row : throw new ServiceErrorException(400, "EntityTooLarge");
    }

    private Table Find(string name) => _tables.TryGetValue(name, out var table) ? table : throw new ServiceErrorException(404, "TableNotFound");

    private static int FirstAtLeast(ImmutableSortedSet<SimulatedRow> rows, SimulatedRow key) => rows.IndexOf(key) is var at && at < 0 ? ~at : at;

    /// <summary>Stands where a row of this key is or would be.</summary>
    private static SimulatedRow At(string partition, string key) => new(partition, key, default, []);

    private static HashSet<string>? Selected(ServiceRequest request) =>
        request.Parameter("$select") is { Length: > 0 } select ? [.. select.Split(',').Select(name => name.Trim())] : null;

    private static ServiceResponse Json(Action<Utf8JsonWriter> write, params (string Name, string Value)[] headers)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer)) write(json);
        return ServiceResponse.Of(200, buffer.WrittenSpan.ToArray(), [("Content-Type", "application/json"), .. headers]);
    }

    private static void Write(Utf8JsonWriter json, SimulatedRow row, HashSet<string>? selected)
    {
        json.WriteStartObject();
        json.WriteString("odata.etag", row.ETag);
        foreach (var (name, value) in row.Properties.Append(new("PartitionKey", row.Partition)).Append(new("RowKey", row.Key)).Append(new("Timestamp", row.Timestamp)))
        {
            if (selected?.Contains(name) == false) continue;
            var type = value switch
            {
                long => "Edm.Int64",
                byte[] => "Edm.Binary",
                Guid => "Edm.Guid",
                DateTimeOffset => "Edm.DateTime",
                _ => null,
            };
            if (type is not null) json.WriteString($"{name}@odata.type", type);
            switch (value)
            {
                case string text: json.WriteString(name, text); break;
                case bool yes: json.WriteBoolean(name, yes); break;
                case int whole: json.WriteNumber(name, whole); break;
                case long large: json.WriteString(name, large.ToString(CultureInfo.InvariantCulture)); break;
                // As the service does: a number with a point is a double, and says so by it.
                case double number:
                    json.WritePropertyName(name);
                    json.WriteRawValue(number.ToString("R", CultureInfo.InvariantCulture) is var digits && digits.AsSpan().ContainsAny(".E") ? digits : digits + ".0");
                    break;
                case byte[] bytes: json.WriteBase64String(name, bytes); break;
                case Guid guid: json.WriteString(name, guid); break;
                case DateTimeOffset time: json.WriteString(name, time.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffffffZ", CultureInfo.InvariantCulture)); break;
            }
        }
        json.WriteEndObject();
    }

    private enum Kind
    {
        Add,
        Replace,
        Merge,
        Delete,
    }

    private sealed record Table(string Name)
    {
        public required ImmutableSortedSet<SimulatedRow> Rows { get; set; }

        public ImmutableSortedSet<SimulatedRow>? Before { get; set; }

        public int Writes { get; set; }

        public int Reads { get; set; }
    }

    /// <summary>One change to one row, alone or inside a transaction.</summary>
    private sealed partial record Action(Kind Kind, string Table, string Partition, string Key, string? IfMatch, IReadOnlyList<KeyValuePair<string, object>> Properties)
    {
        public static Action From(string method, string resource, IReadOnlyDictionary<string, string> headers, ReadOnlyMemory<byte> body)
        {
            var (table, partition, key) = Address(resource);
            var kind = method switch
            {
                "POST" => Kind.Add,
                "PUT" => Kind.Replace,
                "MERGE" or "PATCH" => Kind.Merge,
                "DELETE" => Kind.Delete,
                _ => throw new ServiceErrorException(501, "NotImplemented"),
            };
            var properties = kind == Kind.Delete ? [] : Read(body, ref partition, ref key);
            if (partition is null || key is null) throw new ServiceErrorException(400, "PropertiesNeedValue");
            return new Action(kind, table, partition, key, kind == Kind.Add ? null : headers.GetValueOrDefault("If-Match"), properties);
        }

        /// <summary>Reads the changes of a transaction, each a request of its own inside the body.</summary>
        public static IEnumerable<Action> Parts(string body)
        {
            var begins = RequestLine().Matches(body);
            foreach (Match begin in begins)
            {
                var headersEnd = body.IndexOf("\r\n\r\n", begin.Index, StringComparison.Ordinal);
                var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
                foreach (var line in body[(begin.Index + begin.Length)..headersEnd].Split("\r\n", StringSplitOptions.RemoveEmptyEntries))
                {
                    var colon = line.IndexOf(':', StringComparison.Ordinal);
                    headers[line[..colon]] = line[(colon + 1)..].Trim();
                }
                var end = body.IndexOf("\r\n--changeset", headersEnd, StringComparison.Ordinal);
                var content = body[Math.Min(headersEnd + 4, end)..end];
                var path = new Uri(begin.Groups[2].Value).AbsolutePath;
                yield return From(begin.Groups[1].Value, new ServiceRequest("", path, "", headers, []).Resource, headers, Encoding.UTF8.GetBytes(content));
            }
        }

        public static (string Table, string? Partition, string? Key) Address(string resource)
        {
            var bracket = resource.IndexOf('(', StringComparison.Ordinal);
            if (bracket < 0) return (resource, null, null);
            var keys = Keys().Match(resource[bracket..]);
            if (!keys.Success) return (resource[..bracket], null, null);
            return (resource[..bracket], Unquoted(keys.Groups[1].Value), Unquoted(keys.Groups[2].Value));
        }

        private static string Unquoted(string value) => value.Replace("''", "'", StringComparison.Ordinal);

        private static List<KeyValuePair<string, object>> Read(ReadOnlyMemory<byte> body, ref string? partition, ref string? key)
        {
            using var json = JsonDocument.Parse(body);
            var properties = new List<KeyValuePair<string, object>>();
            foreach (var property in json.RootElement.EnumerateObject())
            {
                if (property.Name.Contains("odata.", StringComparison.Ordinal) || property.Name == "Timestamp" || property.Value.ValueKind == JsonValueKind.Null) continue;
                if (property.Name == "PartitionKey") partition = property.Value.GetString();
                else if (property.Name == "RowKey") key = property.Value.GetString();
                else properties.Add(new(property.Name, Value(json.RootElement, property)));
            }
            return properties;
        }

        private static object Value(JsonElement entity, JsonProperty property)
        {
            var value = property.Value;
            if (!entity.TryGetProperty($"{property.Name}@odata.type", out var type))
                return value.ValueKind switch
                {
                    JsonValueKind.String => value.GetString()!,
                    JsonValueKind.True => true,
                    JsonValueKind.False => false,
                    _ => value.TryGetInt32(out var whole) ? (object)whole : value.GetDouble(),
                };
            return type.GetString() switch
            {
                "Edm.Int64" => long.Parse(value.GetString()!, CultureInfo.InvariantCulture),
                "Edm.Double" => value.ValueKind == JsonValueKind.Number ? value.GetDouble() : double.Parse(value.GetString()!, CultureInfo.InvariantCulture),
                "Edm.Binary" => value.GetBytesFromBase64(),
                "Edm.Guid" => value.GetGuid(),
                "Edm.DateTime" => value.GetDateTimeOffset(),
                "Edm.Int32" => value.GetInt32(),
                "Edm.Boolean" => value.GetBoolean(),
                _ => value.GetString()!,
            };
        }

        [GeneratedRegex("^(POST|PUT|PATCH|MERGE|DELETE) (\\S+) HTTP/1.1\r\n", RegexOptions.CultureInvariant | RegexOptions.Multiline)]
        private static partial Regex RequestLine();

        [GeneratedRegex("^\\(PartitionKey='((?:[^']|'')*)',\\s*RowKey='((?:[^']|'')*)'\\)$", RegexOptions.CultureInvariant)]
        private static partial Regex Keys();
    }
}
