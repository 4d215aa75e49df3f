using Azure.Storage.Blobs;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;
using WholeSchoolSend.Core.Polls;
using UseCase = WholeSchoolSend.Core.Polls.ImportPoll;

namespace WholeSchoolSend.Functions.Triggers;

/// <summary>Imports a poll file that a pollster dropped. A file with problems is a success of the import: its report says them.</summary>
public sealed partial class ImportPoll(UseCase imports, ILogger<ImportPoll> logger)
{
    [Function(nameof(ImportPoll))]
    public async Task Run(
        [BlobTrigger("poll-drop/{supplier}/{name}", Connection = "SurveyData", Source = BlobTriggerSource.EventGrid)] BlobClient blob,
        string supplier, string name, CancellationToken cancellation)
    {
        if (await imports.RunAsync(supplier, name, again: false, cancellation) is { } record)
            LogImported(supplier, record.ContentHash, record.State, record.Outcome, record.Rows?.Read, record.Problems);
    }

    [LoggerMessage(1, LogLevel.Information, "Poll file of {Supplier} with content {ContentHash}: {State}, {Outcome}, {Rows} rows, {Problems} problems")]
    private partial void LogImported(string supplier, string? contentHash, ImportState state, ImportOutcome? outcome, int? rows, int problems);
}
