using System.Buffers.Text;
using System.Globalization;
using System.Text;
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
/// Deliveries that were not understood, and what became of them. A day is a partition and both days and rows lie newest first, because that is how
/// an operator looks at them: the days of a range are one range of keys. A row is a receipt, so a write that is sent again finds itself, and every
/// delivery has one fate, whatever it has in common with another.
/// </summary>
/// <remarks>
/// An entry's id is its row key, which begins with the time of receipt and so names its partition. What is kept for replay is in the row, or in a blob
/// of the private container <c>quarantine</c> when it is large: <c>raw/{day}/{id}.json</c> a body, <c>answers/{day}/{id}.json</c> redacted
/// answers. It goes when the entry was replayed, a body after thirty days in any case, answers by the policy; the row with its codes stays.
/// </remarks>
public sealed partial class QuarantineTable(TableClient table, BlobContainerClient container, StorageResilience resilience) : IQuarantine, IQuarantined, IKnownQuarantined
{
    // A row could hold three times as much; an operator's page of rows should not.
    private const int MaxInRow = 256 * 1024;

    private const string RawBlobs = "raw/";
    private const string AnswerBlobs = "answers/";

    // A blob is written before its row: one this old without a row will have none.
    private static readonly TimeSpan Abandoned = TimeSpan.FromDays(1);

    /// <inheritdoc/>
    public async Task KeepAsync(QuarantinedResponse response, CancellationToken cancellation)
    {
        var row = EntryRow.From(response);
        if (!response.IsErased)
        {
            var content = JsonSerializer.SerializeToUtf8Bytes(Content.From(response), StorageJson.Default.Content);
            if (content.Length <= MaxInRow)
                Payload.Put(row, content);
            else
                row[EntryRow.Blob] = await UploadAsync(response, row.RowKey, content, cancellation);
        }
        try
        {
            await table.SubmitAsync([Add(row)], cancellation);
        }
        catch (RequestFailedException conflict) when (conflict.Status == 409 && StorageResilience.SomebodyElseWasFirst(conflict))
        {
            // Ourselves: a receipt is of one arrival.
        }
    }

    /// <inheritdoc/>
    public async Task<QuarantinePage?> ListAsync(QuarantineFilter filter, int most, string? after, CancellationToken cancellation)
    {
        if (after is not null && EntryId.FromToken(after) is null) return null;
        var entries = new List<QuarantineEntry>();
        await foreach (var row in RowsAsync(filter, after is null ? null : EntryId.FromToken(after), EntryRow.Shown, most + 1, cancellation))
        {
            if (entries.Count == most) return new QuarantinePage(entries, EntryId.Token(entries[^1].Id));
            entries.Add(EntryRow.Entry(row));
        }
        return new QuarantinePage(entries, null);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlySet<(string Identity, string Hash)>> HeldAsync(string source, CancellationToken cancellation)
    {
        var held = new HashSet<(string Identity, string Hash)>();
        await foreach (var row in table.PartitionsThatFit((EntryId.FirstPartition, EntryId.LastPartition), EntryRow.HeldOf(source), cancellation, [EntryRow.Identity, EntryRow.Hash]))
            held.Add((row.GetString(EntryRow.Identity), row.GetString(EntryRow.Hash)));
        return held;
    }

    /// <inheritdoc/>
    public async Task<QuarantineEntry?> FindAsync(string id, CancellationToken cancellation) =>
        await ShownAsync(id, cancellation) is { } row ? EntryRow.Entry(row) : null;

    /// <inheritdoc/>
    public async Task<QuarantinedContent?> OpenAsync(string id, CancellationToken cancellation)
    {
        if (EntryId.Partition(id) is not { } partition || await table.FindAsync(partition, id, cancellation) is not { } row || !EntryRow.Waits(row)) return null;
        byte[] bytes;
        if (row.GetString(EntryRow.Blob) is not { } blob)
            bytes = Payload.Get(row);
        else if (await DownloadAsync(blob, cancellation) is { } downloaded)
            bytes = downloaded;
        else
            // Replayed or expired since the row was read; else it is a fault.
            return await ShownAsync(id, cancellation) is { } now && EntryRow.Waits(now)
                ? throw new InvalidDataException("An entry waits in quarantine whose content is not there.")
                : null;
        var content = JsonSerializer.Deserialize(bytes, StorageJson.Default.Content)!;
        return new QuarantinedContent(EntryRow.Entry(row), content.Version, AnswersOf(content), RawOf(content));
    }

    /// <inheritdoc/>
    public Task<DateTimeOffset?> BeginAsync(string id, DateTimeOffset now, CancellationToken cancellation) => resilience.DecideAsync<DateTimeOffset?>(
        async token =>
        {
            if (await ShownAsync(id, token) is not { } row || !EntryRow.Waits(row)) return null;
            if (row.GetDateTimeOffset(EntryRow.Began) is { } began) return began;
            await table.SubmitAsync([Merge(row, (EntryRow.Began, now))], token);
            return now;
        },
        cancellation);

    /// <inheritdoc/>
    public async Task<bool> EndAsync(string id, QuarantineReplay replay, CancellationToken cancellation)
    {
        string? blob = null;
        var isOurs = await resilience.DecideAsync(
            async token =>
            {
                if (await ShownAsync(id, token, EntryRow.Hash) is not { } row) return false;
                if (EntryRow.Entry(row).Replay is { } before) return before.Run == replay.Run;
                blob = row.GetString(EntryRow.Blob);
                await table.SubmitAsync([Replace(EntryRow.Replayed(row, replay), row.ETag)], token);
                return true;
            },
            cancellation);
        // Should a crash come here, retention finds it.
        if (blob is not null) await container.GetBlobClient(blob).DeleteIfExistsAsync(cancellationToken: cancellation);
        return isOurs;
    }

    /// <inheritdoc/>
    public Task StillWaitsAsync(string id, IReadOnlyList<Core.Problem> problems, InstrumentVersion? instrument, CancellationToken cancellation) => resilience.DecideAsync(
        async token =>
        {
            if (await ShownAsync(id, token) is not { } row || !EntryRow.Waits(row)) return;
            var after = new TableEntity(row);
            EntryRow.PutReasons(after, problems, instrument);
            if (EntryRow.SaysTheSame(row, after)) return;
            await table.SubmitAsync([Merge(row, [.. EntryRow.Why.Select(column => (column, after[column]))])], token);
        },
        cancellation);

    /// <inheritdoc/>
    public async Task<int> CountAsync(QuarantineFilter filter, CancellationToken cancellation)
    {
        var count = 0;
        await foreach (var _ in RowsAsync(filter, null, [EntryRow.Codes], null, cancellation)) count++;
        return count;
    }

    /// <inheritdoc/>
    public async Task<int> ExpireAsync(DateTimeOffset before, CancellationToken cancellation)
    {
        var expired = (await ExpireAsync(isRaw: true, before, cancellation)).Count;
        // Of these rows, and of those that never came to be.
        await foreach (var blob in container.GetBlobsAsync(BlobTraits.None, BlobStates.None, RawBlobs, cancellation))
        {
            if (EntryId.Received(NameOf(blob)) is not { } received || received < before)
                await container.GetBlobClient(blob.Name).DeleteIfExistsAsync(cancellationToken: cancellation);
        }
        await foreach (var blob in container.GetBlobsAsync(BlobTraits.None, BlobStates.None, AnswerBlobs, cancellation))
        {
            var row = await ShownAsync(NameOf(blob), cancellation);
            var isLeft = row is null ? blob.Properties.LastModified < resilience.Time.GetUtcNow() - Abandoned : !EntryRow.Waits(row);
            if (isLeft) await container.GetBlobClient(blob.Name).DeleteIfExistsAsync(cancellationToken: cancellation);
        }
        return expired;
    }

    /// <inheritdoc/>
    public async Task<int> ExpireAnswersAsync(DateTimeOffset before, CancellationToken cancellation)
    {
        var expired = await ExpireAsync(isRaw: false, before, cancellation);
        // Should a crash come here, the sweep over blobs finds it.
        foreach (var row in expired)
            if (row.GetString(EntryRow.Blob) is { } blob) await container.GetBlobClient(blob).DeleteIfExistsAsync(cancellationToken: cancellation);
        return expired.Count;
    }

    /// <summary>Lets go of the content of what waits and was received earlier; gives back the rows as they were.</summary>
    private async Task<List<TableEntity>> ExpireAsync(bool isRaw, DateTimeOffset before, CancellationToken cancellation)
    {
        var expired = new List<TableEntity>();
        var fits = TableClient.CreateQueryFilter($"Raw eq {isRaw} and State eq {nameof(QuarantineState.Waiting)} and Received lt {before}");
        var days = (EntryId.PartitionOf(before), EntryId.LastPartition);
        await foreach (var row in table.PartitionsThatFit(days, fits, cancellation, [.. EntryRow.Shown, EntryRow.Hash]))
        {
            try
            {
                await table.SubmitAsync([Replace(EntryRow.Expired(row), row.ETag)], cancellation);
                expired.Add(row);
            }
            catch (RequestFailedException conflict) when (StorageResilience.SomebodyElseWasFirst(conflict))
            {
                // Being replayed, or expired by another: the next run looks again.
            }
        }
        return expired;
    }

    /// <summary>Counts the deliveries of these days that were quarantined, whatever became of them since.</summary>
    internal async Task CountFatesAsync(FateTally tally, CancellationToken cancellation)
    {
        await foreach (var row in table.PartitionsThatFit((EntryId.PartitionOf(tally.To), EntryId.PartitionOf(tally.From)), tally.Fits, cancellation, [.. FateTally.Columns, EntryRow.Fate]))
            tally.Count(row, row.GetString(EntryRow.Fate) is { } fate ? Enum.Parse<Fate>(fate) : Fate.Quarantined);
    }

    /// <summary>How many entries of each source wait, and by which reasons.</summary>
    internal async Task<IReadOnlyList<WaitingInQuarantine>> CountWaitingAsync(string? source, CancellationToken cancellation)
    {
        var waiting = new SortedDictionary<string, (int Entries, SortedDictionary<string, int> Reasons)>(StringComparer.Ordinal);
        var filter = new QuarantineFilter(source, State: QuarantineState.Waiting);
        await foreach (var row in RowsAsync(filter, null, [EntryRow.Source, EntryRow.Codes], null, cancellation))
        {
            var (entries, reasons) = waiting.GetValueOrDefault(row.GetString(EntryRow.Source), (0, new SortedDictionary<string, int>(StringComparer.Ordinal)));
            foreach (var code in EntryRow.CodesOf(row)) reasons[code] = reasons.GetValueOrDefault(code) + 1;
            waiting[row.GetString(EntryRow.Source)] = (entries + 1, reasons);
        }
        return [.. waiting.Select(of => new WaitingInQuarantine(of.Key, of.Value.Entries, of.Value.Reasons))];
    }

    /// <summary>The rows that fit, the newest first, from the one after <paramref name="after"/>.</summary>
    private async IAsyncEnumerable<TableEntity> RowsAsync(
        QuarantineFilter filter, string? after, string[] columns, int? most, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        var first = filter.To is { } to ? EntryId.PartitionOf(to) : EntryId.FirstPartition;
        var last = filter.From is { } from ? EntryId.PartitionOf(from) : EntryId.LastPartition;
        List<string> fits = [];
        if (filter.Source is { } source) fits.Add(TableClient.CreateQueryFilter($"Source eq {source}"));
        if (filter.State is { } state) fits.Add(TableClient.CreateQueryFilter($"State eq {state.ToString()}"));

        // What is left of the day that was read, then the days after it: either is one range, which "or" would not be.
        List<string> ranges = [];
        var partition = after is null ? null : EntryId.Partition(after)!;
        if (partition is null || string.CompareOrdinal(partition, first) < 0)
            ranges.Add(TableClient.CreateQueryFilter($"PartitionKey ge {first} and PartitionKey le {last}"));
        else
        {
            if (string.CompareOrdinal(partition, last) <= 0) ranges.Add(TableClient.CreateQueryFilter($"PartitionKey eq {partition} and RowKey gt {after}"));
            ranges.Add(TableClient.CreateQueryFilter($"PartitionKey gt {partition} and PartitionKey le {last}"));
        }
        foreach (var range in ranges)
        {
            // A reason is one of several in a column: it is looked for here, so pages are read whole.
            var rows = table.QueryAsync<TableEntity>(string.Join(" and ", [range, .. fits]), filter.Reason is null ? most : null, columns, cancellation);
            await foreach (var row in rows)
                if (filter.Reason is null || EntryRow.CodesOf(row).Contains(filter.Reason, StringComparer.Ordinal)) yield return row;
        }
    }

    private Task<TableEntity?> ShownAsync(string id, CancellationToken cancellation, params string[] more) =>
        EntryId.Partition(id) is { } partition ? table.FindAsync(partition, id, cancellation, [.. EntryRow.Shown, .. more]) : Task.FromResult<TableEntity?>(null);

    private static TableTransactionAction Merge(TableEntity row, params (string Column, object Value)[] changes)
    {
        var change = new TableEntity(row.PartitionKey, row.RowKey);
        foreach (var (column, value) in changes) change[column] = value;
        return new TableTransactionAction(TableTransactionActionType.UpdateMerge, change, row.ETag);
    }

    private async Task<string> UploadAsync(QuarantinedResponse response, string id, byte[] content, CancellationToken cancellation)
    {
        var name = $"{(response.Raw is null ? AnswerBlobs : RawBlobs)}{TableKey.Day(response.Receipt.Received)}/{id}.json";
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
            // Our own, of the same receipt.
        }
        return name;
    }

    private async Task<byte[]?> DownloadAsync(string blob, CancellationToken cancellation)
    {
        try
        {
            return (await container.GetBlobClient(blob).DownloadContentAsync(cancellation)).Value.Content.ToArray();
        }
        catch (RequestFailedException missing) when (missing.ErrorCode == BlobErrorCode.BlobNotFound)
        {
            return null;
        }
    }

    private static string NameOf(BlobItem blob) => blob.Name[(blob.Name.LastIndexOf('/') + 1)..^".json".Length];

    // The serializer writes bytes that are null as an empty text: what is raw has headers, and answers are never empty.
    private static RedactedAnswers? AnswersOf(Content content) => content.Answers is { Length: > 0 } answers ? RedactedAnswers.FromJson(answers) : null;

    private static RawDelivery? RawOf(Content content) => content.Headers is { } headers ? new RawDelivery(content.RawBody, headers) { Query = content.Query! } : null;

    /// <summary>What is kept for replay.</summary>
    internal sealed record Content(
        ResponseVersion? Version, byte[]? Answers, byte[]? RawBody, IReadOnlyDictionary<string, string>? Headers, IReadOnlyDictionary<string, string>? Query)
    {
        public static Content From(QuarantinedResponse response) =>
            new(response.Version, response.Answers?.ToJson(), response.Raw?.Body.ToArray(), response.Raw?.Headers, response.Raw?.Query);
    }

    /// <summary>An id is the row key; it begins with the time of receipt, newest first, of which the day is the partition.</summary>
    private static class EntryId
    {
        public const string FirstPartition = "0000000";
        public const string LastPartition = "9999999";
        private const int Ticks = 19;

        public static string From(Receipt receipt) => TableKey.From(TableKey.NewestFirst(receipt.Received), receipt.Id);

        public static string PartitionOf(DateTimeOffset received) => PartitionOf(DateOnly.FromDateTime(received.UtcDateTime));

        /// <summary>Days that sort the newest first.</summary>
        public static string PartitionOf(DateOnly day) => (DateOnly.MaxValue.DayNumber - day.DayNumber).ToString("D7", CultureInfo.InvariantCulture);

        public static DateTimeOffset? Received(string id) =>
            id.Length > Ticks + 1 && id[Ticks] == '~' && long.TryParse(id.AsSpan(0, Ticks), NumberStyles.None, CultureInfo.InvariantCulture, out var ticks)
            && ticks <= DateTimeOffset.MaxValue.UtcTicks
                ? new DateTimeOffset(DateTimeOffset.MaxValue.UtcTicks - ticks, TimeSpan.Zero)
                : null;

        /// <summary>Null when it is no id of ours, whoever made it up.</summary>
        public static string? Partition(string id) =>
            id.Length <= TableKey.MaxLength && id.All(c => c is > ' ' and <= '~' and not ('/' or '\\' or '#' or '?')) && Received(id) is { } received
                ? PartitionOf(received)
                : null;

        public static string Token(string id) => Base64Url.EncodeToString(Encoding.ASCII.GetBytes(id));

        public static string? FromToken(string token)
        {
            if (!Base64Url.IsValid(token)) return null;
            var id = Encoding.ASCII.GetString(Base64Url.DecodeFromChars(token));
            return Partition(id) is null ? null : id;
        }
    }

    private static class EntryRow
    {
        public const string Source = nameof(Source);
        public const string Codes = nameof(Codes);
        public const string Blob = nameof(Blob);
        public const string Began = nameof(Began);

        /// <summary>Of what came and is erased: its fate from the start. What is erased later came as quarantined.</summary>
        public const string Fate = nameof(Fate);
        private const string Received = nameof(Received);
        private const string Channel = nameof(Channel);
        private const string State = nameof(State);
        private const string Raw = nameof(Raw);
        public const string Identity = nameof(Identity);
        public const string Hash = nameof(Hash);
        private const string Form = nameof(Form);
        private const string Instrument = nameof(Instrument);
        private const string InstrumentVersion = nameof(InstrumentVersion);
        private const string Reasons = nameof(Reasons);
        private const string ReasonsInAll = nameof(ReasonsInAll);
        private const string ReplayedAt = nameof(ReplayedAt);
        private const string Fates = nameof(Fates);
        private const string Run = nameof(Run);

        // One property of a row holds 32,768 characters.
        private const int MostReasons = 30_000;

        /// <summary>Columns that a reason is told by.</summary>
        public static readonly string[] Why = [Codes, Reasons, ReasonsInAll, Instrument, InstrumentVersion];

        /// <summary>Every column but the content.</summary>
        public static readonly string[] Shown =
            [.. KeysOnly, .. Why, Source, "Day", Received, Channel, State, Raw, Identity, Form, Blob, Began, ReplayedAt, Fates, Run, Fate];

        public static TableEntity From(QuarantinedResponse response)
        {
            var row = new TableEntity(EntryId.PartitionOf(response.Receipt.Received), EntryId.From(response.Receipt))
            {
                [Source] = response.Source,
                ["Day"] = TableKey.Day(response.Receipt.Received),
                [Received] = response.Receipt.Received,
                [Channel] = response.Receipt.Channel.ToString(),
                [State] = response.IsErased ? nameof(QuarantineState.Erased) : nameof(QuarantineState.Waiting),
                [Raw] = response.Raw is not null,
            };
            if (response.IsErased) row[Fate] = nameof(Core.Webhooks.Fate.Erased);
            if (response.Identity is { } identity) row[Identity] = identity;
            if (response.Version is { } version) row[Hash] = version.Hash;
            if (response.Answers is { } answers) row[Form] = answers.Form;
            PutReasons(row, response.Problems, response.Instrument);
            return row;
        }

        /// <summary>The reasons, as many as fit; no instrument is an empty id, because a merge takes no column away.</summary>
        public static void PutReasons(TableEntity row, IReadOnlyList<Core.Problem> problems, InstrumentVersion? instrument)
        {
            row[Codes] = string.Join(' ', problems.Select(problem => problem.Code).Distinct(StringComparer.Ordinal));
            var size = 0;
            row[Reasons] = JsonSerializer.Serialize(
                [.. problems.TakeWhile(problem => (size += SizeOf(problem)) <= MostReasons).Select(QuarantineReason.From)],
                StorageJson.Default.IReadOnlyListQuarantineReason);
            row[ReasonsInAll] = problems.Count;
            row[Instrument] = instrument?.Id ?? "";
            row[InstrumentVersion] = instrument?.Number ?? 0;
        }

        /// <summary>At most, as JSON with everything escaped.</summary>
        private static int SizeOf(Core.Problem problem) => problem.Code.Length + (6 * (problem.Where.Length + problem.Message.Length)) + 40;

        public static bool SaysTheSame(TableEntity a, TableEntity b) => Why.All(column => Equals(a[column], b[column]));

        public static string[] CodesOf(TableEntity row) => row.GetString(Codes).Split(' ', StringSplitOptions.RemoveEmptyEntries);

        /// <summary>What waits or waited too long, and what was recovered even if it was replayed since: a vendor's list has it again every time.</summary>
        public static string HeldOf(string source)
        {
            var (waits, expired, recovered) = (nameof(QuarantineState.Waiting), nameof(QuarantineState.Expired), nameof(Core.Webhooks.Channel.Recovered));
            return TableClient.CreateQueryFilter(
                $"Source eq {source} and Hash gt {""} and (State eq {waits} or State eq {expired} or Channel eq {recovered})");
        }

        public static bool Waits(TableEntity row) => row.GetString(State) == nameof(QuarantineState.Waiting);

        /// <summary>The row without its content; the mark of it stays, or a vendor's list would bring it again.</summary>
        public static TableEntity Replayed(TableEntity shown, QuarantineReplay replay)
        {
            var row = new TableEntity(shown)
            {
                [State] = nameof(QuarantineState.Replayed),
                [ReplayedAt] = replay.At,
                [Fates] = JsonSerializer.Serialize(replay.Fates, StorageJson.Default.DeliveryReply),
                [Run] = replay.Run,
            };
            row.Remove(Blob);
            return row;
        }

        /// <summary>The row without its content, and without the mark of it.</summary>
        public static TableEntity Erased(TableEntity shown)
        {
            var row = new TableEntity(shown) { [State] = nameof(QuarantineState.Erased) };
            row.Remove(Blob);
            return row;
        }

        /// <summary>The row without its content; the mark of it stays, or a vendor's list would bring it again.</summary>
        public static TableEntity Expired(TableEntity shown)
        {
            var row = new TableEntity(shown) { [State] = nameof(QuarantineState.Expired) };
            row.Remove(Blob);
            return row;
        }

        public static QuarantineEntry Entry(TableEntity row) => new(
            row.RowKey, row.GetString(Source), row.GetDateTimeOffset(Received)!.Value,
            Enum.Parse<Channel>(row.GetString(Channel)), Enum.Parse<QuarantineState>(row.GetString(State)),
            JsonSerializer.Deserialize(row.GetString(Reasons), StorageJson.Default.IReadOnlyListQuarantineReason)!, row.GetInt32(ReasonsInAll)!.Value,
            row.GetBoolean(Raw)!.Value, row.GetString(Identity), row.GetString(Form),
            row.GetString(Instrument) is { Length: > 0 } instrument ? new InstrumentVersion(instrument, row.GetInt32(InstrumentVersion)!.Value) : null,
            row.GetString(Run) is { } run
                ? new QuarantineReplay(row.GetDateTimeOffset(ReplayedAt)!.Value, JsonSerializer.Deserialize(row.GetString(Fates), StorageJson.Default.DeliveryReply)!, run)
                : null);
    }
}
