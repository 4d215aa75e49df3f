using Azure;
using Azure.Data.Tables;
using WholeSchoolSend.Testing.Simulation;

namespace WholeSchoolSend.Simulation.Tests;

/// <summary>What Azure refuses and Azurite lets pass, and how few rows Azure may give: the simulated account is as strict as the real one.</summary>
public sealed class AzureRulesTests(SimulatedFixture simulated)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_transaction_of_two_partitions_is_refused() =>
        await RefusedAsync("CommandsInBatchActOnDifferentPartitions", [Add(new TableEntity("a", "1")), Add(new TableEntity("b", "2"))]);

    [Fact]
    public async Task A_transaction_of_more_than_a_hundred_changes_is_refused() =>
        await RefusedAsync("InvalidInput", [.. Enumerable.Range(0, 101).Select(row => Add(new TableEntity("a", $"{row}")))]);

    [Fact]
    public async Task A_transaction_that_names_a_row_twice_is_refused() =>
        await RefusedAsync("InvalidDuplicateRow", [Add(new TableEntity("a", "1")), new(TableTransactionActionType.UpsertReplace, new TableEntity("a", "1"))]);

    [Fact]
    public async Task A_row_of_more_than_a_mebibyte_is_refused() =>
        await RefusedAsync("EntityTooLarge", [Add(Wide(17, 64_000))]);

    [Fact]
    public async Task A_row_of_more_than_252_properties_is_refused() =>
        await RefusedAsync("TooManyProperties", [Add(Wide(253, 1))]);

    [Fact]
    public async Task A_value_of_more_than_64_kibibytes_is_refused() =>
        await RefusedAsync("PropertyValueTooLarge", [Add(Wide(1, (64 * 1024) + 1))]);

    [Fact]
    public async Task Of_a_transaction_that_is_refused_nothing_stays()
    {
        var table = await TableAsync();
        await table.AddEntityAsync(new TableEntity("a", "2"), Cancellation);

        var refused = await Assert.ThrowsAsync<TableTransactionFailedException>(() => SubmitAsync(table, [Add(new TableEntity("a", "1")), Add(new TableEntity("a", "2"))]));

        Assert.Equal((409, "EntityAlreadyExists", 1), (refused.Status, refused.ErrorCode, refused.FailedTransactionActionIndex));
        Assert.Equal(["2"], await KeysAsync(table));
    }

    [Fact]
    public async Task A_page_may_hold_fewer_rows_than_asked_for_or_none()
    {
        var pages = 0;
        await using var server = await SimulatedServer.StartAsync(new SimulatedAccount { PageSize = most => pages++ % 3 == 0 ? 0 : Math.Min(most, 2) });
        var table = new TableClient(server.ConnectionString, "Rows");
        await table.CreateAsync(Cancellation);
        for (var row = 0; row < 9; row++) await table.AddEntityAsync(new TableEntity("a", $"{row}"), Cancellation);

        Assert.Equal(Enumerable.Range(0, 9).Select(row => $"{row}"), await KeysAsync(table));
        Assert.True(pages > 6);
    }

    private async Task RefusedAsync(string code, IReadOnlyList<TableTransactionAction> actions)
    {
        var table = await TableAsync();
        var refused = await Assert.ThrowsAnyAsync<RequestFailedException>(() => SubmitAsync(table, actions));
        Assert.Equal(code, refused.ErrorCode);
        Assert.Empty(await KeysAsync(table));
    }

    private async Task<TableClient> TableAsync()
    {
        var table = new TableClient(simulated.ConnectionString, "T" + Guid.NewGuid().ToString("N"));
        await table.CreateAsync(Cancellation);
        return table;
    }

    private static Task<Response<IReadOnlyList<Response>>> SubmitAsync(TableClient table, IReadOnlyList<TableTransactionAction> actions) =>
#pragma warning disable RS0030 // What the guard would refuse is to be refused by the service.
        table.SubmitTransactionAsync(actions, Cancellation);
#pragma warning restore RS0030

    private static async Task<List<string>> KeysAsync(TableClient table)
    {
        var keys = new List<string>();
        await foreach (var row in table.QueryAsync<TableEntity>("PartitionKey eq 'a'", cancellationToken: Cancellation)) keys.Add(row.RowKey);
        return keys;
    }

    private static TableTransactionAction Add(TableEntity row) => new(TableTransactionActionType.Add, row);

    private static TableEntity Wide(int properties, int bytes)
    {
        var row = new TableEntity("a", "1");
        for (var index = 0; index < properties; index++) row[$"p{index}"] = new byte[bytes];
        return row;
    }
}
