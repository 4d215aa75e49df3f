using Azure;
using Azure.Data.Tables;
using WholeSchoolSend.Testing;

namespace WholeSchoolSend.Storage.Tests;

public sealed class TableTransactionTests(AzuriteFixture azurite)
{
    private static readonly ETag Seen = new("W/\"seen\"");

    [Fact]
    public void A_hundred_rows_of_one_partition_are_a_transaction() => TableTransaction.Check([.. Rows(100)], unconditional: false);

    [Fact]
    public void Nothing_is_no_transaction() => Refused("1 to 100", []);

    [Fact]
    public void More_than_a_hundred_rows_are_refused() => Refused("1 to 100", [.. Rows(101)]);

    [Fact]
    public void A_second_partition_is_refused() => Refused("one partition", [TableRead.Add(new("a", "1")), TableRead.Add(new("b", "2"))]);

    [Fact]
    public void A_row_named_twice_is_refused() => Refused("names a row once", [TableRead.Add(new("a", "1")), TableRead.Replace(new("a", "1"), Seen)]);

    [Fact]
    public void Four_mebibytes_are_the_most()
    {
        TableTransaction.Check([.. Rows(3, Whole(720 * 1024))], unconditional: false);
        Refused("4194304 bytes", [.. Rows(5, Whole(720 * 1024))]);
    }

    [Fact]
    public void A_row_of_more_than_a_mebibyte_is_refused() => Refused("A row has at most 1048576 bytes", [TableRead.Add(With(Whole(1024 * 1024)))]);

    [Fact]
    public void A_row_has_252_properties_at_most()
    {
        TableTransaction.Check([TableRead.Add(With(Enumerable.Range(0, 252).ToDictionary(i => $"P{i}", i => (object)i)))], unconditional: false);
        Refused("252 properties", [TableRead.Add(With(Enumerable.Range(0, 253).ToDictionary(i => $"P{i}", i => (object)i)))]);
    }

    [Fact]
    public void A_text_has_32_Ki_characters_at_most()
    {
        TableTransaction.Check([TableRead.Add(With(new() { ["T"] = new string('x', 32 * 1024) }))], unconditional: false);
        Refused("32768 characters", [TableRead.Add(With(new() { ["T"] = new string('x', 32 * 1024 + 1) }))]);
    }

    [Fact]
    public void A_binary_has_64_KiB_at_most() => Refused("65536 bytes", [TableRead.Add(With(new() { ["B"] = new byte[64 * 1024 + 1] }))]);

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    public void Numbers_are_finite(double number) => Refused("finite", [TableRead.Add(With(new() { ["N"] = number }))]);

    [Fact]
    public void Types_a_table_does_not_have_are_refused() => Refused("Decimal is no type", [TableRead.Add(With(new() { ["N"] = 1m }))]);

    [Fact]
    public void Times_before_1601_are_refused() => Refused("1601", [TableRead.Add(With(new() { ["N"] = DateTimeOffset.MinValue }))]);

    [Theory]
    [InlineData("a/b")]
    [InlineData("a\\b")]
    [InlineData("a#b")]
    [InlineData("a?b")]
    [InlineData("a\tb")]
    [InlineData("a\u0085b")]
    public void Keys_have_no_forbidden_character(string key)
    {
        Refused("A key has none of", [TableRead.Add(new("p", key))]);
        Refused("A key has none of", [TableRead.Add(new(key, "r"))]);
    }

    [Fact]
    public void Keys_have_512_characters_at_most() => Refused("512 characters", [TableRead.Add(new("p", new string('x', 513)))]);

    [Theory]
    [InlineData(TableTransactionActionType.UpdateReplace)]
    [InlineData(TableTransactionActionType.UpdateMerge)]
    [InlineData(TableTransactionActionType.Delete)]
    public void What_changes_a_row_says_which_state_of_it(TableTransactionActionType type)
    {
        var read = new TableEntity("p", "r") { ETag = Seen };
        Refused("states the ETag", [new(type, read)]);
        Refused("states the ETag", [new(type, read, ETag.All)]);
        TableTransaction.Check([new(type, read, Seen)], unconditional: false);
    }

    [Fact]
    public void An_upsert_must_be_declared()
    {
        TableTransactionAction[] upsert = [new(TableTransactionActionType.UpsertReplace, new TableEntity("p", "r"))];
        Refused("declared", upsert);
        TableTransaction.Check(upsert, unconditional: true);
    }

    [Fact]
    public void An_upsert_that_merges_is_refused_even_when_declared() =>
        Assert.Throws<ArgumentException>(() =>
            TableTransaction.Check([new(TableTransactionActionType.UpsertMerge, new TableEntity("p", "r"))], unconditional: true));

    [Fact]
    public void Batches_are_as_few_as_the_limits_allow()
    {
        Assert.Equal([100, 100, 50], TableTransaction.InBatches(Rows(250)).Select(batch => batch.Count));
        Assert.Empty(TableTransaction.InBatches([]));
        var large = TableTransaction.InBatches(Rows(10, Whole(720 * 1024))).ToList();
        Assert.Equal([4, 4, 2], large.Select(batch => batch.Count));
        Assert.All(large, batch => TableTransaction.Check(batch, unconditional: false));
    }

    // The SDK sends If-Match: * for an action that was given no ETag, even when its entity has one: see above for what refuses that.
    [Fact]
    public async Task A_stale_ETag_is_refused_by_storage_and_nothing_is_written()
    {
        var table = (await TestStorage.CreateAsync(azurite)).Table("Probe");
        var first = (await table.SubmitAsync([TableRead.Add(new("p", "r"))], default))[0];
        var second = (await table.SubmitAsync([TableRead.Replace(new("p", "r"), first)], default))[0];

        foreach (var type in (TableTransactionActionType[])[TableTransactionActionType.UpdateReplace, TableTransactionActionType.UpdateMerge, TableTransactionActionType.Delete])
        {
            var refused = await Assert.ThrowsAsync<TableTransactionFailedException>(() =>
                table.SubmitAsync([TableRead.Add(new("p", "other")), new(type, new TableEntity("p", "r"), first)], default));
            Assert.Equal(412, refused.Status);
        }

        Assert.Equal(second, (await table.FindAsync("p", "r", default))!.ETag);
        Assert.Null(await table.FindAsync("p", "other", default));
    }

    [Fact]
    public async Task The_largest_transaction_the_guard_lets_pass_is_taken()
    {
        var table = (await TestStorage.CreateAsync(azurite)).Table("Probe");
        var batch = TableTransaction.InBatches(Rows(10, Whole(720 * 1024))).First();

        Assert.Equal(4, (await table.SubmitAsync(batch, default)).Count);
    }

    private static void Refused(string rule, TableTransactionAction[] actions) =>
        Assert.Contains(rule, Assert.Throws<ArgumentException>(() => TableTransaction.Check(actions, unconditional: false)).Message, StringComparison.Ordinal);

    private static IEnumerable<TableTransactionAction> Rows(int count, Dictionary<string, object>? columns = null) =>
        Enumerable.Range(0, count).Select(i => TableRead.Add(new(columns ?? []) { PartitionKey = "p", RowKey = $"{i}" }));

    private static TableEntity With(Dictionary<string, object> columns) => new(columns) { PartitionKey = "p", RowKey = "r" };

    private static Dictionary<string, object> Whole(int bytes) =>
        new byte[bytes].Chunk(64 * 1024).Select((chunk, i) => (chunk, i)).ToDictionary(part => $"Json{part.i}", part => (object)part.chunk);
}
