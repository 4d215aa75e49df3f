using Azure;
using Azure.Data.Tables;

namespace WholeSchoolSend.Storage;

/// <summary>
/// The only way rows are written. Refuses in code what Azure refuses and Azurite lets pass, and every replace and delete that does not say
/// which state of the row it replaces: the SDK would send <c>If-Match: *</c> and overwrite whatever somebody else wrote meanwhile.
/// </summary>
internal static class TableTransaction
{
    public const int MaxActions = 100;

    private const int MaxPayload = 4 * 1024 * 1024;
    private const int MaxEntity = 1024 * 1024;
    private const int MaxProperties = 252;
    private const int MaxValue = 64 * 1024;
    private static readonly DateTimeOffset FirstTime = new(1601, 1, 1, 0, 0, 0, TimeSpan.Zero);

    // What the SDK writes around each row in the multipart body: boundaries, address, headers. Measured below 700 bytes.
    private const int Envelope = 1024;

    /// <summary>Writes all rows or none; returns their new ETags, in order.</summary>
    public static Task<IReadOnlyList<ETag>> SubmitAsync(
        this TableClient table, IReadOnlyList<TableTransactionAction> actions, CancellationToken cancellation) =>
        SubmitAsync(table, actions, unconditional: false, cancellation);

    /// <summary>
    /// Writes all rows or none, over whatever is there: only for rows that are the same whoever writes them, so that it does not matter who
    /// was first.
    /// </summary>
    public static Task<IReadOnlyList<ETag>> SubmitUnconditionallyAsync(
        this TableClient table, IReadOnlyList<TableTransactionAction> actions, CancellationToken cancellation) =>
        SubmitAsync(table, actions, unconditional: true, cancellation);

    /// <summary>Cuts a sequence of rows of one partition into as few transactions as Azure's limits allow.</summary>
    public static IEnumerable<IReadOnlyList<TableTransactionAction>> InBatches(IEnumerable<TableTransactionAction> actions)
    {
        var batch = new List<TableTransactionAction>(MaxActions);
        var payload = 0L;
        foreach (var action in actions)
        {
            var size = PayloadOf(action);
            if (batch.Count == MaxActions || (batch.Count > 0 && payload + size > MaxPayload))
            {
                yield return batch;
                batch = new List<TableTransactionAction>(MaxActions);
                payload = 0;
            }
            batch.Add(action);
            payload += size;
        }
        if (batch.Count > 0) yield return batch;
    }

    /// <summary>Throws when Azure would refuse these actions, or when one overwrites without saying what.</summary>
    public static void Check(IReadOnlyList<TableTransactionAction> actions, bool unconditional)
    {
        Require(actions.Count is > 0 and <= MaxActions, $"A transaction has 1 to {MaxActions} actions, not {actions.Count}.");
        var partition = actions[0].Entity.PartitionKey;
        var rows = new HashSet<string>(actions.Count, StringComparer.Ordinal);
        var payload = 0L;
        foreach (var action in actions)
        {
            Require(action.Entity.PartitionKey == partition, "A transaction covers one partition.");
            CheckKey(action.Entity.PartitionKey);
            CheckKey(action.Entity.RowKey);
            Require(rows.Add(action.Entity.RowKey), "A transaction names a row once.");
            CheckCondition(action, unconditional);
            if (action.ActionType != TableTransactionActionType.Delete) CheckEntity(action.Entity);
            payload += PayloadOf(action);
        }
        Require(payload <= MaxPayload, $"A transaction carries at most {MaxPayload} bytes, not {payload}.");
    }

    private static async Task<IReadOnlyList<ETag>> SubmitAsync(
        TableClient table, IReadOnlyList<TableTransactionAction> actions, bool unconditional, CancellationToken cancellation)
    {
        Check(actions, unconditional);
#pragma warning disable RS0030 // This is the one place that may: everything has just been checked.
        var written = await table.SubmitTransactionAsync(actions, cancellation);
#pragma warning restore RS0030
        return [.. written.Value.Select(row => row.Headers.ETag ?? default)];
    }

    private static void CheckCondition(TableTransactionAction action, bool unconditional)
    {
        switch (action.ActionType)
        {
            case TableTransactionActionType.Add:
                break;
            case TableTransactionActionType.UpsertReplace:
                Require(unconditional, "An upsert overwrites whatever is there: it must be declared.");
                break;
            case TableTransactionActionType.UpdateReplace or TableTransactionActionType.UpdateMerge or TableTransactionActionType.Delete:
                Require(action.ETag != default && action.ETag != ETag.All, "A replace, merge or delete states the ETag it read.");
                break;
            default:
                Require(false, $"{action.ActionType} leaves a mixture of two writes.");
                break;
        }
    }

    private static void CheckKey(string key)
    {
        Require(key.Length <= TableKey.MaxLength, $"A key has at most {TableKey.MaxLength} characters.");
        foreach (var c in key)
            Require(c is not ('/' or '\\' or '#' or '?') && !char.IsControl(c), "A key has none of / \\ # ? and no control character.");
    }

    private static void CheckEntity(ITableEntity entity)
    {
        Require(entity is TableEntity, "Rows are written as TableEntity: what it holds is what is sent.");
        // Azure's own formula: keys and names in UTF-16, eight bytes of overhead for each property.
        var size = 4L + 2 * (entity.PartitionKey.Length + entity.RowKey.Length);
        var properties = 0;
        foreach (var (name, value) in Properties(entity))
        {
            properties++;
            Require(name.Length is > 0 and <= 255, "A property's name has 1 to 255 characters.");
            size += 8 + 2L * name.Length + SizeOf(name, value);
        }
        Require(properties <= MaxProperties, $"A row has at most {MaxProperties} properties, not {properties}.");
        Require(size <= MaxEntity, $"A row has at most {MaxEntity} bytes, not {size}.");
    }

    private static long SizeOf(string name, object value)
    {
        switch (value)
        {
            case string text:
                Require(2 * text.Length <= MaxValue, $"{name}: a text has at most {MaxValue / 2} characters.");
                return 4 + 2L * text.Length;
            case byte[] bytes:
                Require(bytes.Length <= MaxValue, $"{name}: a binary has at most {MaxValue} bytes.");
                return 4 + bytes.Length;
            case double number:
                Require(double.IsFinite(number), $"{name}: not a finite number.");
                return 8;
            case DateTimeOffset time:
                Require(time >= FirstTime, $"{name}: Azure's time begins in 1601.");
                return 8;
            case bool:
                return 1;
            case int:
                return 4;
            case long:
                return 8;
            case Guid:
                return 16;
            default:
                Require(false, $"{name}: {value.GetType().Name} is no type of a table.");
                return 0;
        }
    }

    /// <summary>Bytes this action adds to the request, or a little more.</summary>
    private static long PayloadOf(TableTransactionAction action)
    {
        var size = Envelope + 4L * (action.Entity.PartitionKey.Length + action.Entity.RowKey.Length);
        if (action.ActionType == TableTransactionActionType.Delete) return size;
        foreach (var (name, value) in Properties(action.Entity))
        {
            size += 2 * name.Length + 40;   // name, its type annotation, quotes
            size += value switch
            {
                byte[] bytes => 4L * ((bytes.Length + 2) / 3),
                string text => Escaped(text),
                _ => 40,
            };
        }
        return size;
    }

    /// <summary>Length as JSON, where the SDK writes everything but plain ASCII as <c>\u0000</c>.</summary>
    private static long Escaped(string text)
    {
        var size = 0L;
        foreach (var rune in text.AsSpan()) size += char.IsAsciiLetterOrDigit(rune) || rune is ' ' or '-' or '_' or '.' or ':' or ',' or '~' or '!' ? 1 : 6;
        return size;
    }

    private static IEnumerable<KeyValuePair<string, object>> Properties(ITableEntity entity) =>
        ((TableEntity)entity).Where(property =>
            property.Value is not null && property.Key is not (nameof(ITableEntity.PartitionKey) or nameof(ITableEntity.RowKey) or nameof(ITableEntity.Timestamp) or "odata.etag"));

    private static void Require(bool holds, string rule)
    {
        if (!holds) throw new ArgumentException(rule);
    }
}
