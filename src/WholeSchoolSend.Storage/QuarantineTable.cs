using System.Security.Cryptography;
using System.Text.Json;
using Azure;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using WholeSchoolSend.Core.Webhooks;
using WholeSchoolSend.Core.Webhooks.Vendors;
using static WholeSchoolSend.Storage.TableRead;

namespace WholeSchoolSend.Storage;

/// <summary>
/// Deliveries that were not understood. A day of a source is a partition, newest first, because that is how an operator looks at them. The
/// first delivery of a content holds it; every later one of the same content has a row too, since every delivery has one fate, but holds
/// nothing more.
/// </summary>
/// <remarks>
/// The same content may come on another day, so what is kept once is decided by an insert-only row outside the days: partition <c>K</c>, row
/// <c>{source}~{id}</c>, where the id is a hash of the content. It says which row holds the content, and when a crash came between the two
/// the next delivery writes that row. Content too large for a row is a blob of the private container <c>quarantine</c>.
/// </remarks>
public sealed class QuarantineTable(TableClient table, BlobContainerClient container, StorageResilience resilience) : IQuarantine, IKnownQuarantined
{
    // A row could hold three times as much; an operator's page of rows should not.
    private const int MaxInRow = 256 * 1024;

    private const string Keys = "K";

    /// <inheritdoc/>
    public async Task KeepAsync(QuarantinedResponse response, CancellationToken cancellation)
    {
        var id = IdOf(response);
        var row = DeliveryRow.From(response, id);
        var whole = new TableEntity(row);
        var content = JsonSerializer.SerializeToUtf8Bytes(Content.From(response), StorageJson.Default.Content);
        if (content.Length <= MaxInRow)
            Payload.Put(whole, content);
        else
            whole[DeliveryRow.Blob] = await UploadAsync(response.Source, id, content, cancellation);

        var first = await FirstAsync(KeyRow.From(row, response, id), cancellation);
        if (KeyRow.Names(first, row))
        {
            await AddAsync(whole, cancellation);
            return;
        }
        await AddAsync(KeyRow.Moved(whole, first), cancellation);   // there already, but for a crash
        row[DeliveryRow.AgainOf] = $"{first[KeyRow.Partition]} {first[KeyRow.Row]}";
        await AddAsync(row, cancellation);
    }

    /// <inheritdoc/>
    public async Task<bool> HoldsAsync(string source, string identity, string hash, CancellationToken cancellation) =>
        await table.FindAsync(Keys, TableKey.From(source, IdOf(source, identity, hash, default)), cancellation, KeysOnly) is not null;

    /// <summary>Which delivery of this content is the first: this one, or one that came before.</summary>
    private Task<TableEntity> FirstAsync(TableEntity key, CancellationToken cancellation) => resilience.DecideAsync(
        async token => await AddAsync(key, token)
            ? key
            : await table.FindAsync(Keys, key.RowKey, token) ?? throw new ChangedSinceReadException("It left quarantine while it came again."),
        cancellation);

    private async Task<bool> AddAsync(TableEntity row, CancellationToken cancellation)
    {
        try
        {
            await table.SubmitAsync([Add(row)], cancellation);
            return true;
        }
        catch (RequestFailedException conflict) when (conflict.Status == 409 && StorageResilience.SomebodyElseWasFirst(conflict))
        {
            return false;
        }
    }

    private async Task<string> UploadAsync(string source, string id, byte[] content, CancellationToken cancellation)
    {
        var name = $"{source}/{id}.json";
        try
        {
            await container.GetBlobClient(name).UploadAsync(
                BinaryData.FromBytes(content),
                new BlobUploadOptions
                {
                    Conditions = new BlobRequestConditions { IfNoneMatch = ETag.All },
                    HttpHeaders = new BlobHttpHeaders { ContentType = "application/json" },
                },
                cancellation);
        }
        catch (RequestFailedException conflict) when (conflict.ErrorCode == BlobErrorCode.BlobAlreadyExists)
        {
            // The same content under the same name.
        }
        return name;
    }

    /// <summary>Equal for equal content of the same response, whenever it comes.</summary>
    private static string IdOf(QuarantinedResponse response) =>
        IdOf(response.Source, response.Identity ?? "", response.Version?.Hash ?? "", (response.Raw?.Body ?? default).Span);

    private static string IdOf(string source, string identity, string content, ReadOnlySpan<byte> raw)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var part in (string[])[source, identity, content])
            hash.AppendPart(part);
        hash.AppendData(raw);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>What is kept for replay; of a problem the code, because its title and status are the catalogue's.</summary>
    internal sealed record Content(IReadOnlyList<Content.Reason> Problems, ResponseVersion? Version, byte[]? Answers, byte[]? RawBody, IReadOnlyDictionary<string, string>? Headers)
    {
        public static Content From(QuarantinedResponse response) => new(
            [.. response.Problems.Select(problem => new Reason(problem.Code, problem.Where, problem.Message))],
            response.Version, response.Answers?.ToJson(), response.Raw?.Body.ToArray(), response.Raw?.Headers);

        /// <summary>A problem as it was found.</summary>
        internal sealed record Reason(string Code, string Where, string Message);
    }

    private static class KeyRow
    {
        public const string Partition = nameof(Partition);
        public const string Row = nameof(Row);
        private const string Received = nameof(Received);

        public static TableEntity From(TableEntity delivery, QuarantinedResponse response, string id) =>
            new(Keys, TableKey.From(response.Source, id)) { [Partition] = delivery.PartitionKey, [Row] = delivery.RowKey, [Received] = response.Receipt.Received };

        public static bool Names(TableEntity key, TableEntity delivery) =>
            key.GetString(Partition) == delivery.PartitionKey && key.GetString(Row) == delivery.RowKey;

        public static TableEntity Moved(TableEntity delivery, TableEntity key) =>
            new(delivery) { PartitionKey = key.GetString(Partition), RowKey = key.GetString(Row), [Received] = key[Received] };
    }

    private static class DeliveryRow
    {
        public const string Blob = nameof(Blob);
        public const string AgainOf = nameof(AgainOf);

        public static TableEntity From(QuarantinedResponse response, string id)
        {
            var row = new TableEntity(
                TableKey.From(response.Source, TableKey.Day(response.Receipt.Received)), TableKey.From(TableKey.NewestFirst(response.Receipt.Received), id))
            {
                ["Source"] = response.Source,
                ["Received"] = response.Receipt.Received,
                ["Channel"] = response.Receipt.Channel.ToString(),
                ["Codes"] = string.Join(' ', response.Problems.Select(problem => problem.Code).Distinct(StringComparer.Ordinal)),
            };
            if (response.Identity is { } identity) row["Identity"] = identity;
            return row;
        }
    }
}
